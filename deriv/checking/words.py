"""What the words beside a symbol say about it: a symmetric matrix, a one-hot vector, probabilities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from deriv.expr.domain import BINARY
from deriv.expr.nodes import ONE, Entry, Expr, Sum, Sym
from deriv.latex.nodes import Chain, Items, Node, Number, Script
from deriv.meaning.entries import name_entries
from deriv.meaning.names import base_name
from deriv.meaning.scope import COLUMNS, HESSIAN, LAPLACIAN, ROWS, Scope
from deriv.source import SourceFile, Span

_SYMMETRIC = re.compile(
    r"(?<!anti)(?<!skew-)(?<!skew )(?<!not )(?<!non-)(?<!non)symmetric(?!ally|\W{0,3}\?)"
    r"|(?<!anti)(?<!schief)symmetrisch|(?<!anti)symétrique|(?<!anti)simétric[ao]|(?<!anti)simmetric[ao]"
    r"|(?<!не)симметричн|(?<!反)(?:对称|對稱|対称)|대칭"
    r"|\b(?:(?:auto)?covariance|gram|kernel|precision|hessian|laplacian|inertia|hermitian)\b[^.]*?\bmatri(?:x|ces)",
    re.IGNORECASE,
)
"""A question ("is A symmetric?") says nothing."""
_NOT_SYMMETRIC = re.compile(
    r"(?:\bnot\b|n't\b|\bfails?\b|\bunless\b|\bnever\b|\bno longer\b|\bneither\b)[^.]{0,25}symmetric"
    r"|\b(?:asymmetric|non-?symmetric|anti-?symmetric|skew[- ]?symmetric|(?:general|arbitrary|any)(?: \w+){0,2} matri)"
    r"|^\W*(?:be |is |are )?(?:arbitrary|not)\b"
    r"|\b(?:nicht|pas|ni|no|non|не)(?:\s+\w+)?\s+(?:symmetrisch|symétrique|simétric|simmetric|симметричн)"
    r"|(?:不(?:是|一定是?|必)?|并?非)(?:对称|對稱|対称)",
    re.IGNORECASE,
)
_NOT_ASSUMED = re.compile(
    r"\b(?:not|never|without)\b[^.]{0,12}\b(?:assum|suppos|requir)\w+(?: that)?[\s$]*$"
    r"|(?<!in )\b(?:general|arbitrary)[ $]*$",
    re.IGNORECASE,
)
"""In front of a letter of which something is denied, or which is a general one."""
_DENIED = re.compile(r"(?:\bnot\b|n't\b|\bnever\b|\bunless\b|\brather than\b|\binstead of\b)[^.]{0,25}$", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"\b(?:and|or|but|of|from|into|to|by|with|without|for|in|on|over|if|when|while|unless|whose|which|that|where"
    r"|because|since|so|even|function|turns?|is|are|be)\b|[,;:()]",
    re.IGNORECASE,
)
"""Words between a symbol and what is said that show that it is said of something else; some may follow a symbol."""
_ADJECTIVES = re.compile(
    r"(?:,|\band\b)\s*(?:and )?(?:strictly )?(?:positive|negative|real|square|invertible|non-?singular|regular|psd|spd)"
    r"(?:[- ](?:semi-?)?definite)?",
    re.IGNORECASE,
)
_AFTER_A_SYMBOL = frozenset(("is", "are", "be", "and", "to", "that", "which", "of", ",", "("))
_ALL_SYMMETRIC = re.compile(r"\bare (?:all |both |real |square )*symmetric", re.IGNORECASE)
_SPEAKS = re.compile(
    r"(?<!not )(?<!non-)(?<!non)(?<!a)(?:symmetri|symétri|simétric|simmetric|симметр|对称|對稱|対称|대칭)"
    r"|\b(?:covariance|gram|kernel|precision|hessian|laplacian|inertia|hermitian|positive[- ](?:semi-?)?definite)\b"
    r"|协方差|共分散",
    re.IGNORECASE,
)
RELATED = re.compile(
    r"orthogonal|orthonormal|unitary|idempotent|project(?:ion|or)|singular value|eigen(?:vector|value|decomp)|rotation"
    r"|reflection|permutation|unit[- ](?:vector|norm|length)|isometr|householder|involut|nilpotent|circulant"
    r"|commut(?:e|ing)|(?<!off-)\bdiagonal\b|triangular|skew|anti-?symmetric|doubly stochastic",
    re.IGNORECASE,
)
"""Words for what makes matrix equations hold that hold for no other matrices."""
_SUMS_TO_ONE = re.compile(
    r"\bone[- ]hot\b|\b1-of-[kcn]\b|\bprobability (?:vector|distribution)|\bsums? (?:up )?to (?:one|1|\$1\$)",
    re.IGNORECASE,
)
_ONE_HOT = re.compile(r"\b(?:one[- ]hot|1-of-[kcn])\b", re.IGNORECASE)
_ROWS = re.compile(r"\brows?\b", re.IGNORECASE)
_ENTRIES = re.compile(
    r"\b(?:entr(?:y|ies)|elements?|components?|Eintr(?:ag|äge|ägen)|Elementen?|éléments?|coefficients?)\s*$",
    re.IGNORECASE,
)
_LAYOUT = re.compile(r"\b(numerator|denominator)[- ]layout", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[.;:]\s|\n\s*\n")
_LIST = re.compile(r"\$[^$]*\$|\\\(.*?\\\)|\band\b|\bboth\b|,")
_REACH = 70  # characters
_FEW_WORDS = 8
_CLOSE = 12  # characters


@dataclass(frozen=True, slots=True)
class Beside:
    """A symbol that a formula of the text begins with, the words of its clause on both sides, and the place."""

    name: str
    before: str
    after: str
    place: int
    plural: bool = False
    """Whether a list of symbols is called symmetric, of which this is one."""

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether a phrase is said of the symbol: right before it ("the symmetric matrix A") or right after it."""
        return self.word(pattern) is not None

    def word(self, pattern: re.Pattern[str]) -> str | None:
        """The phrase that is said of the symbol."""
        for found in pattern.finditer(self.before):
            between = _ADJECTIVES.sub("", self.before[found.end() :])
            if not _ELSEWHERE.search(between) and not _DENIED.search(self.before[: found.start()]):
                return found.group()
        for found in pattern.finditer(self.after):
            between = self.after[: found.start()]
            strange = {word.lower() for word in _ELSEWHERE.findall(between)} - _AFTER_A_SYMBOL
            if not strange and not _DENIED.search(between) and len(between.split()) <= _FEW_WORDS:
                return found.group()
        return None


def beside_names(text: str, formulas: Sequence[tuple[Span, Node | None]]) -> Iterator[Beside]:
    """What stands beside each symbol that a formula of the text begins with."""
    for number, (span, node) in enumerate(formulas):
        last = formulas[number - 1][0].end if number else 0
        following = formulas[number + 1][0].start if number + 1 < len(formulas) else len(text)
        before = _CLAUSE_END.split(text[max(last, span.start - _REACH) : span.start])[-1]
        after = _CLAUSE_END.split(text[span.end : min(following, span.end + _REACH)])[0]
        clause = _CLAUSE_END.split(text[span.end : span.end + 3 * _REACH])[0]
        plural = _ALL_SYMMETRIC.search(clause)
        listed = plural is not None and not _LIST.sub("", clause[: plural.start()]).strip()
        for name in _names(node):
            yield Beside(name, before, after, span.start, listed)


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


def take_in(scope: Scope, found: Iterable[Beside], source: SourceFile) -> None:
    """Keep what the words say in the scope."""
    for one in found:
        if _is_not_symmetric(one):
            scope.not_symmetric.add(one.name)
        elif one.says(_SYMMETRIC) or one.plural:
            line = source.position(one.place)[0]
            scope.symmetric_from[one.name] = min(line, scope.symmetric_from.get(one.name, line))
            scope.symmetric.add(one.name)
        if (special := one.word(RELATED)) is not None:
            scope.special[one.name] = special
        if one.says(_SUMS_TO_ONE):
            _sums_to_one(scope, one)
        if _ENTRIES.search(one.before.rstrip("$\\( ")) and scope.survey.two_subscripts[one.name]:
            name_entries(scope, one.name)
    twice = scope.symmetric & scope.not_symmetric  # said of two matrices with one name
    scope.symmetric -= twice
    scope.not_symmetric -= twice


def _is_not_symmetric(one: Beside) -> bool:
    """Whether a matrix is said not to be symmetric, or not to be taken for it: `do not assume that A is symmetric`."""
    if one.says(_NOT_SYMMETRIC) or _NOT_SYMMETRIC.search(f"{one.before[-_CLOSE:]} A {one.after}"):
        return True
    denied = _NOT_ASSUMED.search(one.before)
    return denied is not None and one.says(_SYMMETRIC) != denied.group().strip("$ ").endswith(("general", "arbitrary"))


def _sums_to_one(scope: Scope, one: Beside) -> None:
    ranks = [rank for (declared, _), rank in scope.survey.declared_rank.items() if declared == one.name]
    by_rows = ranks == [2] and (scope.softmax_by == ROWS or bool(_ROWS.search(one.before + one.after)))
    if 2 in ranks and not by_rows:
        return  # whether rows or columns are meant is not said
    scope.equations.append((_sum_of(scope, one.name, by_rows=by_rows), ONE))
    if one.says(_ONE_HOT) and one.name not in scope.facts and (by_rows or ranks == [1]):
        scope.facts[one.name] = BINARY
        scope.one_hot.add(one.name)


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


_NABLA_SQUARED = {
    HESSIAN: re.compile(r"hess(?:ian|esche|ienne|iana)|гессиан|гессе|海森|黑塞|海塞|ヘッセ|헤세", re.IGNORECASE),
    LAPLACIAN: re.compile(r"laplac|лаплас|拉普拉斯|ラプラ|라플라", re.IGNORECASE),
}


def nabla_squared(text: str) -> tuple[str, ...]:
    """What ∇² means in a text: what it names, or either."""
    named = tuple(meaning for meaning, words in _NABLA_SQUARED.items() if words.search(text))
    return named or (HESSIAN, LAPLACIAN)


_BY = {
    ROWS: re.compile(
        r"row[- ]?wise|\b(?:each|every|per|across|along|over) (?:the |its )?rows?\b|逐行|按行", re.IGNORECASE
    ),
    COLUMNS: re.compile(
        r"column[- ]?wise|\b(?:each|every|per|across|along|over) (?:the |its )?columns?\b|逐列|按列", re.IGNORECASE
    ),
}


def softmax_by(text: str) -> str | None:
    """Whether a text takes functions of the rows or of the columns of its matrices; None where it says neither."""
    named = [way for way, words in _BY.items() if words.search(text)]
    return named[0] if len(named) == 1 else None


_TWO_LABELS = re.compile(
    r"(?:label|value|target|class|either|outcome|response)\w*\b[^.\n]{0,60}?"
    r"(?:[-−]\s*1\b[^.\n]{1,20}?(?<![\d.])1\b|(?<![\d.-])1\b[^.\n]{1,20}?[-−]\s*1\b|±|\\pm)",
    re.IGNORECASE,
)


def names_two_labels(text: str) -> bool:
    """Whether a text says in words that something is 1 or -1."""
    return bool(_TWO_LABELS.search(text))
