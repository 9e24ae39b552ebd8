"""Directives in documents: `% deriv: …` in LaTeX, `<!-- deriv: … -->` in Markdown.

This module finds them and reads their words; the checker applies them.  What a fact or a formula means is the
reader's business: here it stays text, with its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from deriv.checking.results import Code, DocumentKind
from deriv.errors import DerivError
from deriv.source import Span
from deriv.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Assume:
    """`assume n > 0, x real`: facts, each as written."""

    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """`shape W (k, d)`: the sizes of a symbol, each as written; `()` is a scalar."""

    name: str
    sizes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Let:
    r"""`let p = \sigma(z)`: a definition the text leaves out."""

    formula: str


@dataclass(frozen=True, slots=True)
class Loss:
    r"""`loss \mathcal{L}`: which symbol updates are to make smaller."""

    formula: str


@dataclass(frozen=True, slots=True)
class Layout:
    """`layout numerator`: how gradients are written from here on."""

    name: Literal["numerator", "denominator", "auto"]


@dataclass(frozen=True, slots=True)
class Ignore:
    """`ignore[sign]`: keep silent about these mistakes on this line; no codes means all of them."""

    codes: frozenset[Code]


@dataclass(frozen=True, slots=True)
class Switch:
    """`off` and `on`: what lies between is not checked."""

    on: bool


@dataclass(frozen=True, slots=True)
class SkipFile:
    """`skip-file`: nothing in this document is checked."""


Directive: TypeAlias = Assume | Shape | Let | Loss | Layout | Ignore | Switch | SkipFile


class DirectiveError(DerivError):
    """A directive that cannot be read; the text says why.  Reported as a problem of the document."""


@dataclass(frozen=True, slots=True)
class Found:
    """A directive comment in a document: its place, and what it says or why it cannot be read."""

    span: Span
    """The whole comment."""
    body: Span
    """What follows `deriv:`, so that a formula in it can be located."""
    meaning: Directive | DirectiveError


def parse_directive(text: str) -> Directive:
    """Read what follows `deriv:` in a comment."""
    match = re.match(r"\s*([A-Za-z][A-Za-z-]*)\s*(.*?)\s*$", text, re.DOTALL)
    if match is None:
        raise DirectiveError("a directive without a word; known are " + ", ".join(_READERS))
    word, rest = match.group(1).lower(), match.group(2)
    if word not in _READERS:
        raise DirectiveError(f"unknown directive `{match.group(1)}`{did_you_mean(word, _READERS)}")
    return _READERS[word](rest)


def find_directives(text: str, kind: DocumentKind) -> Iterator[Found]:
    """All directive comments of a text, in order; those inside code blocks and verbatim are examples, not orders.

    A Markdown text may hold `% deriv:` comments too, inside its displays.
    """
    shown = [Span(*match.span()) for match in _SHOWN[kind].finditer(text)]
    for match in _COMMENT[kind].finditer(text):
        if any(span.start <= match.start() < span.end for span in shown):
            continue
        group = match.lastgroup or ""
        yield Found(Span(*match.span()), Span(*match.span(group)), _meaning(match.group(group)))


def _meaning(text: str) -> Directive | DirectiveError:
    try:
        return parse_directive(text)
    except DirectiveError as error:
        return error


_TEX = r"(?<!\\)%+[ \t]*deriv:(?P<tex>[^\n\r]*)"
_HTML = r"<!--\s*deriv:(?P<html>.*?)-->"
_TEX_COMMENT = re.compile(_TEX, re.IGNORECASE)
_ANY_COMMENT = re.compile(f"{_HTML}|{_TEX}", re.IGNORECASE | re.DOTALL)
_VERBATIM = re.compile(r"\\begin\{(verbatim|lstlisting|minted)\*?\}.*?\\end\{\1\*?\}", re.DOTALL)
_FENCE = re.compile(
    r"^[ ]{0,3}(```+|~~~+).*?(?:^[ ]{0,3}\1[`~]*[ \t]*$|\Z)|(`+)(?!`)[^\n]*?(?<!`)\2(?!`)", re.DOTALL | re.M
)

_COMMENT = {"tex": _TEX_COMMENT, "markdown": _ANY_COMMENT, "notebook": _ANY_COMMENT}
_SHOWN = {"tex": _VERBATIM, "markdown": _FENCE, "notebook": _FENCE}


def split_top(text: str, separator: str = ",") -> tuple[str, ...]:
    """Split at separators outside all brackets; `y in {0, 1}, x > 0` has two parts."""
    parts, depth, start = [], 0, 0
    for place, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == separator and depth <= 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return tuple(part.strip() for part in parts)


def _assume(rest: str) -> Assume:
    facts = split_top(rest)
    if not all(facts):
        raise DirectiveError("`assume` needs facts separated by commas, as in `assume n > 0, x real`")
    return Assume(facts)


def _shape(rest: str) -> Shape:
    match = re.fullmatch(r"(?P<name>.*\S)\s*\((?P<sizes>[^()]*)\)", rest, re.DOTALL)
    sizes = split_top(match["sizes"].strip().removesuffix(",")) if match else ()
    if match is None or (len(sizes) > 1 and not all(sizes)):
        raise DirectiveError("`shape` needs a symbol and its sizes, as in `shape W (k, d)`")
    return Shape(match["name"], tuple(size for size in sizes if size))


def _let(rest: str) -> Let:
    name, equals, value = rest.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise DirectiveError(r"`let` needs a definition, as in `let p = \sigma(z)`")
    return Let(rest)


def _loss(rest: str) -> Loss:
    if not rest:
        raise DirectiveError(r"`loss` needs the symbol of the loss, as in `loss \mathcal{L}`")
    return Loss(rest)


def _layout(rest: str) -> Layout:
    match rest.lower():
        case "numerator" | "denominator" | "auto" as name:
            return Layout(name)
    raise DirectiveError(f"`layout` is numerator, denominator or auto, not `{rest}`")


def _ignore(rest: str) -> Ignore:
    if not rest:
        return Ignore(frozenset())
    match = re.fullmatch(r"\[([^\[\]]*)\]", rest)
    slugs = split_top(match.group(1).lower()) if match else ()
    if match is None or not all(slugs):
        raise DirectiveError("`ignore` names its codes in brackets, as in `ignore[sign]`")
    return Ignore(frozenset(read_code(slug) for slug in slugs))


def read_code(slug: str) -> Code:
    """The code of that name; DirectiveError suggests the nearest one otherwise."""
    known = [code.value for code in Code]
    if slug not in known:
        raise DirectiveError(f"unknown code `{slug}`{did_you_mean(slug, known)}")
    return Code(slug)


def _bare(directive: Directive, word: str) -> Callable[[str], Directive]:
    def read(rest: str) -> Directive:
        if rest:
            raise DirectiveError(f"`{word}` stands alone, without `{rest}`")
        return directive

    return read


_READERS: Mapping[str, Callable[[str], Directive]] = MappingProxyType(
    {
        "assume": _assume,
        "shape": _shape,
        "let": _let,
        "loss": _loss,
        "layout": _layout,
        "ignore": _ignore,
        "off": _bare(Switch(on=False), "off"),
        "on": _bare(Switch(on=True), "on"),
        "skip-file": _bare(SkipFile(), "skip-file"),
    }
)
