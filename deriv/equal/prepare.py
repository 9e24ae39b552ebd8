"""A claim made ready for judging: derivatives, limits and integrals carried out, definitions put in, names sorted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from zlib import crc32

from deriv.equal.budget import Budget
from deriv.equal.decision import Undecided
from deriv.equal.proof import with_sizes
from deriv.equal.slots import Names, read_names
from deriv.errors import MeaningError
from deriv.expr.calculus import evaluate_derivatives, integral, limit
from deriv.expr.domain import Domain
from deriv.expr.nodes import Antiderivative, Decimal, Derivative, Entry, Expr, Integral, Limit, Sym
from deriv.expr.substitute import depth, families, free_symbols, post_order, rebuild, same_or, substitute

_PASSES = 4
_PENDING = (Derivative, Limit, Integral, Antiderivative)


@dataclass(frozen=True, slots=True)
class Claim:
    """Both sides without pending operations, the domain with its sizes, and the names by kind."""

    lhs: Expr
    rhs: Expr
    domain: Domain
    names: Names
    seed: str
    has_decimals: bool


def prepare(lhs: Expr, rhs: Expr, domain: Domain, budget: Budget) -> Claim | Undecided:
    """The claim, or why it cannot be judged."""
    if max(depth(lhs), depth(rhs)) > budget.depth:
        return Undecided("too large: nested too deep")
    if _size(lhs, rhs) > budget.nodes:
        return Undecided("too large: too many terms")
    if any(_bits(node) > budget.bits for side in (lhs, rhs) for node in post_order(side)):
        return Undecided("too large a number")
    try:
        sides = _carried_out(lhs), _carried_out(rhs)
    except MeaningError as error:
        return Undecided(str(error))
    except _Pending as error:
        return Undecided(f"no exact value of this {error} is known")
    if max(depth(side) for side in sides) > budget.depth or _size(*sides) > budget.nodes:
        return Undecided("too large: the derivative grows too much")
    return make_claim(sides[0], sides[1], domain)


def make_claim(lhs: Expr, rhs: Expr, domain: Domain) -> Claim:
    """A claim from sides without pending operations."""
    lhs, rhs, domain = _with_definitions(lhs, rhs, domain)
    names = read_names((lhs, rhs), domain)
    decimals = any(isinstance(node, Decimal) for side in (lhs, rhs) for node in post_order(side))
    return Claim(lhs, rhs, with_sizes(domain, names), names, fingerprint((lhs, rhs)), decimals)


def _size(*sides: Expr) -> int:
    return sum(1 for side in sides for _ in post_order(side))


def _bits(node: Expr) -> int:
    parts = [value for value in node.data if isinstance(value, Fraction)]
    return max((max(p.numerator.bit_length(), p.denominator.bit_length()) for p in parts), default=0)


class _Pending(Exception):
    """A limit or an integral without a known value."""


def _carried_out(expr: Expr) -> Expr:
    """Innermost first; an integral without a known value may still go away under a derivative (Leibniz)."""
    for _ in range(_PASSES):
        pending = [node for node in post_order(expr) if isinstance(node, _PENDING)]
        if not pending:
            return expr
        changed = rebuild(expr, _carry_out)
        if changed is expr:
            raise _Pending(type(pending[-1]).__name__.lower())
        expr = changed
    raise _Pending("expression")


def _carry_out(node: Expr, children: tuple[Expr, ...]) -> Expr:
    node = same_or(node, children)
    if isinstance(node, Derivative):
        return evaluate_derivatives(node)
    if isinstance(node, Limit):
        return limit(node) or node
    if isinstance(node, Integral):
        return integral(node) or node
    return node


def _with_definitions(lhs: Expr, rhs: Expr, domain: Domain) -> tuple[Expr, Expr, Domain]:
    """`x = expr` is put in where x occurs; equations about other names are dropped."""
    pairs = list(domain.equations)
    for _ in range(len(pairs)):
        found = next((pair for pair in map(_definition, pairs) if pair is not None), None)
        if found is None:
            break
        left, value, used = found
        lhs, rhs = _put_in(lhs, left, value), _put_in(rhs, left, value)
        pairs = [(_put_in(a, left, value), _put_in(b, left, value)) for a, b in pairs if (a, b) != used]
    return lhs, rhs, replace(domain, equations=_relevant(pairs, (lhs, rhs)))


def _definition(pair: tuple[Expr, Expr]) -> tuple[Sym | Entry, Expr, tuple[Expr, Expr]] | None:
    """`x = …` for a symbol, or `x_k = …` for every k."""
    for one, other in (pair, pair[::-1]):
        if isinstance(one, Sym) and one.name not in free_symbols(other):
            return one, other, pair
        if isinstance(one, Entry) and one.name not in families(other):
            letters = [index.name for index in one.indices if isinstance(index, Sym)]
            if len(set(letters)) == len(one.indices):
                return one, other, pair
    return None


def _put_in(expr: Expr, left: Sym | Entry, value: Expr) -> Expr:
    """A definition put in where its left side stands, for each index of an entry."""
    if isinstance(left, Sym):
        return substitute(expr, {left: value})

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        if isinstance(node, Entry) and node.data == left.data and len(node.indices) == len(left.children):
            return substitute(value, dict(zip(left.children, node.indices, strict=True)))
        return node

    return rebuild(expr, visit)


def _names(sides: Iterable[Expr]) -> set[str]:
    names: set[str] = set()
    for side in sides:
        names |= free_symbols(side)
        names |= {f"{node.name}[]" for node in post_order(side) if isinstance(node, Entry)}
    return names


def _relevant(pairs: list[tuple[Expr, Expr]], sides: tuple[Expr, Expr]) -> tuple[tuple[Expr, Expr], ...]:
    """Equations that share a name with the claim, directly or through other equations."""
    if not pairs:
        return ()
    known = _names(sides)
    kept: list[tuple[Expr, Expr]] = []
    waiting = list(pairs)
    while True:
        near = [pair for pair in waiting if _names(pair) & known]
        if not near:
            return tuple(kept)
        kept.extend(near)
        waiting = [pair for pair in waiting if pair not in near]
        for pair in near:
            known |= _names(pair)


def fingerprint(sides: tuple[Expr, ...]) -> str:
    """A number for the claim's text that does not depend on the run."""
    marks: dict[int, int] = {}
    for side in sides:
        for node in post_order(side):
            text = (type(node).__name__, *map(str, node.data), *(marks[id(child)] for child in node.children))
            marks[id(node)] = crc32(repr(text).encode())
    return ".".join(str(marks[id(side)]) for side in sides)
