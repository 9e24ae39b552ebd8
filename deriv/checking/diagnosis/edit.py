"""An edit of a written line, the undoing of one known kind of mistake."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deriv.checking.results import Code
from deriv.latex.nodes import Additive, BigOp, CasesOf, Deriv, Nabla, Node, Product, Script
from deriv.meaning.names import children
from deriv.source import SourceFile, Span


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of each span; what mistake that undoes."""

    changes: tuple[tuple[Span, str], ...]
    code: Code
    message: str
    focus: Span | None = None
    composes: bool = False
    """Whether another derivative comes in, so that the left side has to be composed from it anew."""

    def apply(self, text: str, start: int) -> str:
        """The edited text of a side that begins at offset `start` of its source."""
        for span, new in sorted(self.changes, key=lambda change: change[0].start, reverse=True):
            left, right = text[: span.start - start], text[span.end - start :]
            text = left + _spaced(left, new) + right
        return text


def _spaced(left: str, new: str) -> str:
    """A macro name before a letter needs a space."""
    word = left.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return f" {new}" if word.endswith("\\") and word != left and new[:1].isalpha() else new


@dataclass(frozen=True, slots=True)
class Part:
    """A node of a side with the nodes above it, outermost first."""

    node: Node
    above: tuple[Node, ...]

    @property
    def in_script(self) -> bool:
        """Whether it stands in a sub- or superscript."""
        chain = (*self.above, self.node)
        return any(isinstance(up, Script) and down is not up.base for up, down in itertools.pairwise(chain))

    @property
    def in_bounds(self) -> bool:
        """Whether it stands below or above a big operator."""
        chain = (*self.above, self.node)
        return any(isinstance(up, BigOp) and down is not up.body for up, down in itertools.pairwise(chain))


def parts_below(root: Node) -> list[Part]:
    """All nodes of a formula in reading order."""
    found: list[Part] = []
    stack = [Part(root, ())]
    while stack:
        part = stack.pop()
        found.append(part)
        inner = [Part(child, (*part.above, part.node)) for child in _inside(part.node)]
        stack.extend(reversed(inner))
    return found


def _inside(node: Node) -> Iterable[Node]:
    """What a formula is made of; conditions say where a value holds, and are not edited."""
    return (value for value, _ in node.rows) if isinstance(node, CasesOf) else children(node)


def negated(source: SourceFile, node: Node) -> str:
    """The text of minus a node."""
    text = source.slice(node.span)
    if isinstance(node, Additive) and len(node.terms) == 1:
        return source.slice(node.terms[0].span) if node.signs == ("-",) else f"-{text}"
    if isinstance(node, Additive) and len(node.terms) == 2 and node.signs == ("+", "-"):
        first, second = (source.slice(term.span) for term in node.terms)
        return f"{second} - {first}"
    if isinstance(node, Additive) and len(node.terms) == 2 and node.signs == ("-", "+"):
        first, second = (source.slice(term.span) for term in node.terms)
        return f"{first} - {second}"
    return bracketed_minus(text, node)


def bracketed_minus(text: str, node: Node) -> str:
    """A minus sign before a node, with brackets where it is a sum."""
    return f"-({text})" if isinstance(node, Additive) else f"-{text}"


def grouped(text: str, node: Node) -> str:
    """The text in brackets, if a factor beside it would not reach all of it."""
    return f"\\left({text}\\right)" if isinstance(node, Additive) else text


def has_deriv(node: Node) -> bool:
    """Whether a derivative is written in the formula."""
    return any(isinstance(part.node, Deriv | Nabla) for part in parts_below(node))


def terms_of(node: Node) -> Iterator[tuple[str, Node]]:
    """The signed terms of a side."""
    if isinstance(node, Additive):
        yield from zip(node.signs, node.terms, strict=True)
    else:
        yield "+", node


def factors_of(node: Node) -> tuple[Node, ...]:
    """The factors of a term."""
    if isinstance(node, Product):
        return node.factors
    return (node,)
