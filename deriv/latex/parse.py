r"""The reader's front door: one formula (`parse_formula`) or one block of a document (`parse_block`) to surface trees.

Nothing is guessed: what cannot be read is a `ReadingError` with its place; in a block it costs only its own formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deriv.errors import ReadingError
from deriv.latex.formulas import Draft
from deriv.latex.lex import Token, lex
from deriv.latex.macros import MacroTable
from deriv.latex.nodes import Items, Name, Node, Number, Text
from deriv.latex.parse_expression import Expression
from deriv.latex.pieces import Piece
from deriv.latex.prepare import prepare
from deriv.latex.rows import split_rows
from deriv.source import Span

if TYPE_CHECKING:
    from deriv.latex.scan import MathBlock

MAX_TOKENS = 60_000

_DELIMITERS = ((r"\[", r"\]"), (r"\(", r"\)"), ("$$", "$$"), ("$", "$"))


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula of a row: its tree, or the error that stopped the reader.

    `separator` is what stands before it on its row (`","`, `"=>"`, `"where"`, `"&"` …; empty for the first);
    `column` counts the columns of equations in an aligned display, so that `= …` under `= …` can be followed.
    """

    node: Node | None
    error: ReadingError | None
    span: Span
    separator: str = ""
    column: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a display (or a whole inline formula); `comments` are the remarks written beside the formulas."""

    formulas: tuple[Formula, ...]
    comments: tuple[Text, ...]
    span: Span


def parse_block(block: MathBlock) -> tuple[Row, ...]:
    """The rows of a block of mathematics.  Never raises."""
    if block.error is not None:
        return (Row((Formula(None, block.error, block.span),), (), block.span),)
    return parse_tokens(block.tokens, block.span)


def parse_tokens(tokens: Sequence[Token], span: Span) -> tuple[Row, ...]:
    """The rows of expanded tokens; `span` is the place to blame when there are too many."""
    if len(tokens) == 1 and (node := _single(tokens[0])) is not None:
        return (Row((Formula(node, None, node.span),), (), node.span),)
    if len(tokens) > MAX_TOKENS:
        error = ReadingError("this display is too long", span.start, span.end)
        return (Row((Formula(None, error, span),), (), span),)
    rows = []
    for draft in split_rows(prepare(tokens)):
        place = draft.pieces[0].span.to(draft.pieces[-1].span)
        formulas = tuple(_formula(d) for d in draft.drafts)
        rows.append(Row(formulas, tuple(Text(c.span, c.text) for c in draft.comments), place))
    return tuple(rows)


def _single(token: Token) -> Node | None:
    """Most formulas in prose are one letter: they need no grammar."""
    if token.kind == "letter" and token.text.isascii():
        return Name(token.span, token.text)
    return Number(token.span, token.text) if token.kind == "number" else None


def _formula(draft: Draft) -> Formula:
    span = _extent(draft.pieces)
    try:
        node = Expression(draft.pieces).formula()
    except ReadingError as error:
        return Formula(None, error, span, draft.separator, draft.column)
    except RecursionError:
        deep = ReadingError("nested too deeply", span.start, span.end)
        return Formula(None, deep, span, draft.separator, draft.column)
    return Formula(node, None, span, draft.separator, draft.column)


def _extent(pieces: Sequence[Piece]) -> Span:
    return Span(min(p.span.start for p in pieces), max(p.span.end for p in pieces))


def parse_formula(text: str, macros: MacroTable | None = None) -> Node:
    """The tree of one bare formula (delimiters around it are dropped); several formulas become `Items`.

    Raises `ReadingError` with offsets into `text` when any part of it cannot be read.
    """
    return parse_with_remarks(text, macros)[0]


def parse_with_remarks(text: str, macros: MacroTable | None = None) -> tuple[Node, tuple[str, ...]]:
    """The tree of one bare formula, as `parse_formula` gives it, and the words beside it that are no part of it."""
    start, end = _inside(text)
    if end - start > 100_000:
        raise ReadingError("this formula is too long", start, end)
    tokens = (macros.copy() if macros is not None else MacroTable()).expand(lex(text, start, end))
    rows = parse_tokens(tokens, Span(start, end))
    formulas = [formula for row in rows for formula in row.formulas]
    for formula in formulas:
        if formula.error is not None:
            raise formula.error
    nodes = [formula.node for formula in formulas if formula.node is not None]
    if not nodes:
        raise ReadingError("there is no formula here", start, max(start, end))
    remarks = tuple(comment.text for row in rows for comment in row.comments)
    if len(nodes) == 1:
        return nodes[0], remarks
    separators = tuple(formula.separator or r"\\" for formula in formulas[1:])
    return Items(nodes[0].span.to(nodes[-1].span), tuple(nodes), separators), remarks


def _inside(text: str) -> tuple[int, int]:
    """The range of a text without space and math delimiters around it."""
    start, end = 0, len(text)
    for _ in range(3):
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        for left, right in _DELIMITERS:
            if (
                end - start > len(left) + len(right) - 1
                and text.startswith(left, start)
                and text.endswith(right, 0, end)
            ):
                start, end = start + len(left), end - len(right)
                break
        else:
            break
    return start, end
