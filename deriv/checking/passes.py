"""What a pass over a document is made of: its formulas parsed, what they say together, and one walk through them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from deriv.checking import words
from deriv.checking.annotations import Annotations
from deriv.checking.declare import declare, is_label_set, label_sets
from deriv.checking.joint import Evidence, learn_shapes
from deriv.checking.results import CheckOptions, DocumentKind
from deriv.checking.solution import ARROWS, Equation, solved_in_words, to_be_solved
from deriv.checking.walk import ChainState, Walk
from deriv.errors import ReadingError
from deriv.latex.macros import MacroTable
from deriv.latex.nodes import Chain, Node, Script
from deriv.latex.parse import Row, parse_block
from deriv.latex.scan import MathBlock, find_blocks
from deriv.meaning.entries import is_statement, take_in
from deriv.meaning.scope import Definition, Scope
from deriv.meaning.survey import Survey
from deriv.meaning.words import with_words, word_names
from deriv.source import SourceFile, Span

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BOUNDS = frozenset(("<", "<=", ">", ">="))
_WORDS_BETWEEN = 80  # characters of prose that may stand inside a chain
_COINCIDENCE = re.compile(r"(?<![\w\\])([a-z])\s*={1,2}\s*([a-z])(?![\w\\^_])")  # `i = j` somewhere in the text
_HEADING = re.compile(
    r"^[ \t]*(?:#{1,6} .*|\\(?:sub)*(?:section|paragraph|chapter)\b.*|.*\n[=\-~^]{4,}[ \t]*$"
    r"|(?:\\begin\{|\\noindent|\\textbf\{|\*\*)?\s*(?:exercise|problem|question|task|example)\b.*)",
    re.IGNORECASE | re.MULTILINE,
)
_EXERCISE = re.compile(r"\b(?:exercise|problem|question|task)\b", re.IGNORECASE)
_IDENTITY = re.compile(r"activation[^.\n]{0,80}identity|identity[^.\n]{0,40}activation", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text with its formulas parsed."""

    source: SourceFile
    blocks: tuple[tuple[MathBlock, tuple[Row, ...]], ...]
    kind: DocumentKind

    def firsts(self) -> list[tuple[Span, Node | None]]:
        """The place of every block and its first formula."""
        return [(block.span, row.formulas[0].node) for block, rows in self.blocks for row in rows[:1] if row.formulas]


def prepare(source: SourceFile, kind: DocumentKind, macros: MacroTable) -> Prepared:
    """Find and parse all formulas of a text; its macros are added to the table."""
    document = find_blocks(source.text, kind="tex" if kind == "tex" else "markdown", macros=macros)
    return Prepared(source, tuple((block, parse_block(block)) for block in document.blocks), kind)


def named_by_words(before: list[Prepared], parts: list[Prepared]) -> tuple[list[Prepared], list[Prepared]]:
    """The texts with runs of capitals such as LL or MSE as names, where the document introduces them so."""
    found = word_names(formulas_of([*before, *parts]))
    if not found:
        return before, parts
    return [_with_words(part, found) for part in before], [_with_words(part, found) for part in parts]


def _with_words(part: Prepared, found: frozenset[str]) -> Prepared:
    def renamed(row: Row) -> Row:
        return replace(
            row,
            formulas=tuple(f if f.node is None else replace(f, node=with_words(f.node, found)) for f in row.formulas),
        )

    return replace(part, blocks=tuple((block, tuple(map(renamed, rows))) for block, rows in part.blocks))


def read_first(
    before: Sequence[Prepared], parts: Sequence[Prepared], annotations: Sequence[Annotations], options: CheckOptions
) -> tuple[Scope, Evidence]:
    """What all formulas and words say together, with what was given beside the document walked through."""
    scope = Scope(survey([*before, *parts]), log=options.log, layout=options.layout)
    scope.identity_activation = any(_IDENTITY.search(part.source.text) for part in (*before, *parts))
    for part in (*before, *parts):
        scope.coincidences |= {frozenset(pair) for pair in _COINCIDENCE.findall(part.source.text)}
    for fact in options.assume:
        annotations[0].assume(scope, fact) if annotations else None
    declare_all(scope, [*before, *parts])
    whole = "\n".join(part.source.text for part in (*before, *parts))
    scope.labels_in_words = words.names_two_labels(whole)
    scope.nabla_squared, scope.softmax_by = words.nabla_squared(whole), words.softmax_by(whole)
    for part in (*before, *parts):
        words.take_in(scope, words.beside_names(part.source.text, part.firsts()), part.source)
    scope.speaks_of_symmetry = any(words.speaks_of_symmetry(part.source.text) for part in (*before, *parts))
    if scope.layout == "auto":
        scope.layout = words.layout_of(whole) or "auto"
    equations = [node for node in formulas_of([*before, *parts]) if not is_statement(node)]
    learn_shapes(scope, equations)
    evidence = Evidence(scope, equations)
    scope.later = definitions_of(scope, parts)
    for part in before:
        walk_through(Walk(part.source, scope, options.timeout, silent=True), part, None)
    scope.given = list(scope.history)
    scope.begin_section(0, 0)
    scope.exercise = 0
    return scope, evidence


def declare_all(scope: Scope, parts: Sequence[Prepared]) -> None:
    """Take in what the text says about shapes anywhere: `with $b \\in \\mathbb{R}^m$` often comes after its use."""
    for node in formulas_of(parts):
        if not isinstance(node, Chain) or (left := node.parts[0]) is None or (listed := node.parts[1]) is None:
            continue
        right, signs = node.parts[-1], [relation.text for relation in node.relations]
        named = signs[0] in ("=", ":=") and take_in(scope, left, listed)
        if signs[named:] == ["in"] and isinstance(right, Script) and right.sup is not None:
            declare(scope, left, "in", right)


def take_in_labels(scope: Scope, part: Prepared, start: int, end: int) -> None:
    """`y \\in \\{-1, 1\\}` is often said after the formulas of its section; what is said first holds."""
    for node in formulas_of([part]):
        scope.labels_in_words = scope.labels_in_words or is_label_set(node)
        if isinstance(node, Chain) and len(node.relations) == 1 and start <= node.span.start < end:
            for name, fact in label_sets(node.parts[0], node.relations[0].text, node.parts[1]):
                scope.facts.setdefault(name, fact)


def declare_bounds(scope: Scope, node: Node) -> None:
    """`f = …, \\quad 0 < a < 1`: the bounds hold for the formula that they stand beside."""
    if isinstance(node, Chain) and all(relation.text in _BOUNDS for relation in node.relations):
        for (left, right), relation in zip(pairwise(node.parts), node.relations, strict=True):
            if left is not None and right is not None:
                declare(scope, left, relation.text, right)


def definitions_of(scope: Scope, parts: Sequence[Prepared]) -> list[Definition]:
    """All definitions of the document in order, for lines that use one before it is written ("where L = …")."""
    # ranges are shared, being numbered; everything else that a walk learns is put back
    ranks = dict(scope.survey.declared_rank)
    trial = Scope(scope.survey, ranges=scope.ranges, log=scope.log, layout=scope.layout, rows=scope.rows)
    trial.learned |= scope.learned
    for part in parts:
        walk_through(Walk(part.source, trial, silent=True, collecting=True), part, None)
    scope.survey.declared_rank = ranks
    return trial.history


def formulas_of(parts: Sequence[Prepared]) -> Iterator[Node]:
    """Every formula that could be read."""
    for part in parts:
        for _, rows in part.blocks:
            for row in rows:
                yield from (formula.node for formula in row.formulas if formula.node is not None)


def survey(parts: Sequence[Prepared]) -> Survey:
    """What all formulas together show about each name."""
    found = Survey()
    for node in formulas_of(parts):
        found.add(node)
    return found


def walk_through(
    walk: Walk, prepared: Prepared, notes: Annotations | None, options: CheckOptions | None = None
) -> None:
    """Feed every formula to the walk, keeping track of the chain that each row continues."""
    last: ChainState | None = None
    recent: ChainState | None = None
    end = recent_end = 0
    headings = [(m.start(), m) for m in _HEADING.finditer(prepared.source.text)]
    take_in_labels(walk.scope, prepared, 0, headings[0][0] if headings else len(prepared.source.text))
    for number, (block, rows) in enumerate(prepared.blocks):
        while headings and headings[0][0] < block.span.start:
            place, heading = headings.pop(0)
            walk.scope.begin_section(*(prepared.source.position(at)[0] if at else 0 for at in (place, _next(headings))))
            take_in_labels(walk.scope, prepared, place, _next(headings) or len(prepared.source.text))
            if _EXERCISE.search(heading.group()):
                walk.scope.exercise = walk.scope.section
        if notes is not None:
            notes.advance(walk, block.span.start)
            if notes.is_off(block.span):
                continue
        text = prepared.source.text
        before = solved_in_words(recent, text[recent_end : block.span.start], text[block.span.end :])
        if is_display(block):
            if not _near(prepared.source.text[end : block.span.start]):
                last = None
            end = block.span.end
            columns: dict[int, ChainState | None] = {0: last}
            for k, row in enumerate(rows):
                last = _row(walk, row, columns, last, None if k else before)
            recent = last
        else:
            for row in rows:
                recent = _row(walk, row, {}, None, before)
        recent_end = block.span.end
        if options is not None and options.progress is not None:
            options.progress(number + 1, len(prepared.blocks))


def _next(headings: list[tuple[int, re.Match[str]]]) -> int:
    return headings[0][0] if headings else 0


def is_display(block: MathBlock) -> bool:
    """Whether a formula stands apart from the text; `$$…$$` does, wherever it is written."""
    return block.display or block.env == "$$"


def _near(between: str) -> bool:
    """Whether so little stands between two displays that a chain may go on from one to the other."""
    words = " ".join(_COMMENT.sub("", between).split())
    return len(words) <= _WORDS_BETWEEN and "=" not in words


def _row(
    walk: Walk,
    row: Row,
    columns: dict[int, ChainState | None],
    last: ChainState | None,
    before: Equation | None = None,
) -> ChainState | None:
    """One row of a display; returns the chain that the next row may continue (None after something unreadable).

    `before` is the equation that the words in front of the row say is solved by it.
    """
    latest = last
    for formula in row.formulas[1:]:
        if formula.node is not None:
            declare_bounds(walk.scope, formula.node)
    for position, formula in enumerate(row.formulas):
        if formula.error is not None:
            walk.unreadable(formula.error)
            columns[position] = latest = None
            continue
        if formula.node is None:
            continue
        previous = columns.get(position, latest)
        arrow = formula.separator in ARROWS
        walk.before = to_be_solved(latest) if arrow else None if position else before
        try:
            chain = walk.formula(formula.node, previous)
        except RecursionError:
            span = formula.node.span
            walk.unreadable(ReadingError("it is nested too deeply", span.start, span.end))
            columns[position] = latest = None
            continue
        if chain is not None:
            columns[position] = latest = chain
    return latest
