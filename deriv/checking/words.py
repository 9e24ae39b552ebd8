"""What the words beside a symbol say about it: a symmetric matrix, a one-hot vector, probabilities."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deriv.expr.domain import BINARY
from deriv.expr.nodes import ONE, Entry, Expr, Sum, Sym
from deriv.latex.nodes import Chain, Items, Node, Number, Script
from deriv.meaning.names import base_name
from deriv.meaning.scope import Scope
from deriv.source import Span

_SYMMETRIC = re.compile(
    r"(?<!anti)(?<!skew-)(?<!skew )(?<!not )(?<!non-)(?<!non)symmetric(?!ally)"
    r"|\b(?:(?:auto)?covariance|gram|kernel|precision|hessian|laplacian|inertia|hermitian)\b[^.]*?\bmatri(?:x|ces)",
    re.IGNORECASE,
)
_NOT_SYMMETRIC = re.compile(
    r"\bnot\b[^.]{0,25}symmetric|\b(?:asymmetric|non-?symmetric|(?:general|arbitrary) matri)", re.IGNORECASE
)
_ALL_SYMMETRIC = re.compile(r"\bare (?:all |both |real |square )*symmetric", re.IGNORECASE)
_SPEAKS = re.compile(
    r"(?<!not )(?<!non-)(?<!non)(?<!a)(?:symmetri|symétri|simétric|simmetric|симметр|对称|對稱|対称|대칭)"
    r"|\b(?:covariance|gram|kernel|precision|hessian|laplacian|inertia|hermitian|positive[- ](?:semi-?)?definite)\b"
    r"|协方差|共分散",
    re.IGNORECASE,
)
_SUMS_TO_ONE = re.compile(
    r"\bone[- ]hot\b|\b1-of-[kcn]\b|\bprobability (?:vector|distribution)|\bsums? (?:up )?to (?:one|1|\$1\$)",
    re.IGNORECASE,
)
_ONE_HOT = re.compile(r"\b(?:one[- ]hot|1-of-[kcn])\b", re.IGNORECASE)
_ROWS = re.compile(r"\brows?\b", re.IGNORECASE)
_LAYOUT = re.compile(r"\b(numerator|denominator)[- ]layout", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[.;:]\s|\n\s*\n")
_REACH = 70  # characters


def beside_names(text: str, formulas: Sequence[tuple[Span, Node | None]]) -> Iterator[tuple[str, str]]:
    """Each symbol that a formula of the text begins with, and the words of its clause on both sides."""
    for number, (span, node) in enumerate(formulas):
        last = formulas[number - 1][0].end if number else 0
        following = formulas[number + 1][0].start if number + 1 < len(formulas) else len(text)
        before = _CLAUSE_END.split(text[max(last, span.start - _REACH) : span.start])[-1]
        after = _CLAUSE_END.split(text[span.end : min(following, span.end + _REACH)])[0]
        plural = _ALL_SYMMETRIC.search(_CLAUSE_END.split(text[span.end : span.end + 3 * _REACH])[0])
        for name in _names(node):
            yield name, f"{before} … {after} {plural.group() if plural else ''}"


def _names(node: Node | None) -> Iterator[str]:
    """The symbols that a formula begins with: one, or a list; a numbered one with its number too."""
    while isinstance(node, Chain) and node.parts[0] is not None:
        node = node.parts[0]
    for part in node.items if isinstance(node, Items) else (node,):
        name = base_name(part)
        if name is not None:
            yield name
            if isinstance(part, Script) and isinstance(part.sub, Number):
                yield f"{name}_{part.sub.text}"


def take_in(scope: Scope, found: Iterator[tuple[str, str]]) -> None:
    """Keep what the words say in the scope."""
    for name, words in found:
        if _NOT_SYMMETRIC.search(words):
            scope.not_symmetric.add(name)
        elif _SYMMETRIC.search(words):
            scope.symmetric.add(name)
        if _SUMS_TO_ONE.search(words):
            ranks = [rank for (declared, _), rank in scope.survey.declared_rank.items() if declared == name]
            by_rows = ranks == [2] and bool(_ROWS.search(words))
            scope.equations.append((_sum_of(scope, name, by_rows=by_rows), ONE))
            if _ONE_HOT.search(words) and name not in scope.facts and (by_rows or ranks == [1]):
                scope.facts[name] = BINARY
                scope.one_hot.add(name)


def is_told_of_all(scope: Scope, text: str) -> bool:
    """Whether every "one-hot" of a text is known to be said of some letter."""
    return len(_ONE_HOT.findall(text)) <= len(scope.one_hot)


def speaks_of_symmetry(text: str) -> bool:
    """Whether a text says of anything that it is symmetric, in words of several languages."""
    return bool(_SPEAKS.search(text))


def layout_of(text: str) -> str | None:
    """The layout that a text says it uses; None when it names none, or both."""
    named = {match.lower() for match in _LAYOUT.findall(text)}
    return named.pop() if len(named) == 1 else None


def _sum_of(scope: Scope, name: str, *, by_rows: bool) -> Expr:
    """The sum of the entries of a vector, or of each row of a matrix."""
    before = (Sym("i"),) if by_rows else ()
    lo, hi = scope.ranges.of_slot((name, 0, len(before)))
    return Sum(f"{name}.1", lo, hi, Entry(name, (*before, Sym(f"{name}.1"))))
