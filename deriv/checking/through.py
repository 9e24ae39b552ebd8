"""The chain rule through quantities that the document defines, for a loss that it does not.

`dx_s = Σ_t ∂l/∂o_t · ∂o_t/∂x_s` with o = softmax(x) holds for every loss l that depends on x through o alone.  The
derivative on one side is composed from those of the same quantity on the other: ∂l/∂x_s is the sum over the entries
of o of ∂l/∂o_t times the derivative of o_t that its definition gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from deriv.checking.paths import Links
from deriv.equal.decision import Decision, Different, Proved
from deriv.errors import MeaningError
from deriv.expr.functions import add, mul
from deriv.expr.nodes import ZERO, Entry, Expr, Sum, Sym, walk
from deriv.expr.substitute import substitute
from deriv.meaning.ranges import Ranges
from deriv.meaning.recurrence import shift
from deriv.meaning.resolve import Resolver

Pair = tuple[Expr, Expr]
Key = tuple[str, int, int]
"""A quantity: its name, its number of indices, how many of them are superscripts."""
_MAX_MIDDLES = 4


@dataclass(frozen=True, slots=True)
class Slope:
    """∂A/∂Z as it stands in an expression."""

    atom: Sym | Entry
    of: Expr
    by: Expr

    def middle(self, missing: Slope) -> Middle:
        """What is differentiated by, on the way to the variable of another derivative.

        A layer stays when the variable is of a layer too, and so does a step other than the variable's own.
        """
        by, variable = self.by, missing.by
        kept: list[tuple[int, Expr]] = []
        if isinstance(by, Entry):
            others = [step for index in variable.children if (step := shift(index)) is not None]
            for position, index in enumerate(by.indices):
                step = shift(index)
                moved = step is not None and any(step[0] == a and step[1] != n for a, n in others)
                layer = position < by.sups and isinstance(variable, Entry) and variable.sups > 0
                if moved or layer:
                    kept.append((position, index))
        return Middle(key_of(by), tuple(kept))


@dataclass(frozen=True, slots=True)
class Middle:
    """A quantity that the dependence runs through: all its entries, but for the indices that are `kept`."""

    key: Key
    kept: tuple[tuple[int, Expr], ...] = ()


def key_of(quantity: Expr) -> Key:
    """The quantity that a symbol or entry belongs to."""
    if isinstance(quantity, Entry):
        return quantity.name, len(quantity.indices), quantity.sups
    return (quantity.name if isinstance(quantity, Sym) else ""), 0, 0


def slopes(expr: Expr, links: Links) -> list[Slope]:
    """All derivatives of undefined quantities in an expression, with their own indices put in."""
    found: dict[Expr, Slope] = {}
    for node in walk(expr):
        if isinstance(node, Sym | Entry) and node.name in links:
            of, by = links[node.name]
            split = len(of.children)
            indices = node.indices if isinstance(node, Entry) else ()
            found[node] = Slope(node, _at(of, indices[:split]), _at(by, indices[split:]))
    return list(found.values())


def _at(quantity: Expr, indices: Sequence[Expr]) -> Expr:
    return Entry(quantity.name, tuple(indices), quantity.sups) if isinstance(quantity, Entry) else quantity


@dataclass(frozen=True, slots=True)
class Composed:
    """A claim with the derivatives of one side composed from those of the other, and what that takes for granted."""

    decision: Decision
    pairs: tuple[Pair, ...]
    said: str
    routes: tuple[tuple[Expr, Expr], ...] = ()
    """What depends on what."""
    middles: frozenset[str] = frozenset()
    """The names of the quantities that it does so through."""

    def is_borne_out(self, resolver: Resolver) -> bool:
        """Whether the definitions say that it depends on it through these quantities only."""
        for of, by in self.routes:
            body = resolver.expanded(of, self.middles)
            if body == of or any(isinstance(n, Sym | Entry) and n.name == key_of(by)[0] for n in walk(body)):
                return False
        return True


def through_definitions(
    pairs: tuple[Pair, ...], resolver: Resolver, ranges: Ranges, decide: Callable[[Expr, Expr], Decision]
) -> Composed | None:
    """Decide a single claim by composing the derivatives of one side from those of the other.

    One way that proves it is enough; a difference counts when it is there in every way.
    """
    found = list(_ways(pairs, resolver, ranges, decide)) if len(pairs) == 1 else []
    proved = [way for way in found if isinstance(way.decision, Proved)]
    if proved:
        return proved[0]
    return found[0] if found and all(isinstance(way.decision, Different) for way in found) else None


def _ways(
    pairs: tuple[Pair, ...], resolver: Resolver, ranges: Ranges, decide: Callable[[Expr, Expr], Decision]
) -> Iterator[Composed]:
    links = dict(resolver.links)
    for turned in (False, True):
        composed, given = pairs[0][::-1] if turned else pairs[0]
        theirs = slopes(given, links)
        missing = [slope for slope in slopes(composed, links) if slope.atom not in {one.atom for one in theirs}]
        if not missing:
            continue
        for middles in _choices(missing[0], theirs):
            mapping: dict[Expr, Expr] = {}
            try:
                for slope in missing:
                    mapping[slope.atom] = _composed(slope, theirs, middles, resolver, ranges)
            except MeaningError:
                continue
            whole = ranges.canonical(substitute(composed, mapping))
            pair = (given, whole) if turned else (whole, given)
            if {one.atom.name for one in slopes(whole, resolver.links)} - {one.atom.name for one in theirs}:
                continue  # it leads to derivatives of which nothing is said
            names = ", ".join(dict.fromkeys(_name_of(middle) for middle in middles))
            said = f"{_label(missing[0].of)} depends on {_label(missing[0].by)} only through {names}"
            routes = tuple((slope.of, slope.by) for slope in missing)
            yield Composed(decide(*pair), (pair,), said, routes, frozenset(middle.key[0] for middle in middles))


def _name_of(middle: Middle) -> str:
    """A quantity in words, with the step or layer that is meant: `h at t + 1`."""
    from deriv.expr.sympy_bridge import to_text

    at = [to_text(index) for _, index in middle.kept]
    return f"{middle.key[0]} at {', '.join(at)}" if at else middle.key[0]


def _choices(slope: Slope, theirs: Sequence[Slope]) -> Iterator[tuple[Middle, ...]]:
    """The quantities that the dependence may run through: each alone, or all of them side by side."""
    same = [one.middle(slope) for one in theirs if key_of(one.of) == key_of(slope.of)]
    own = slope.middle(slope)
    middles = tuple(middle for middle in dict.fromkeys(same) if middle != own)[:_MAX_MIDDLES]
    yield from ((middle,) for middle in middles)
    if len(middles) > 1:
        yield middles


def _composed(
    slope: Slope, theirs: Sequence[Slope], middles: tuple[Middle, ...], resolver: Resolver, ranges: Ranges
) -> Expr:
    """The sum over all entries of the middle quantities of ∂A/∂Z · ∂Z/∂X."""
    terms: list[Expr] = []
    held = frozenset(middle.key[0] for middle in middles)
    for number, middle in enumerate(middles):
        example = next((one for one in theirs if one.middle(slope) == middle), None)
        if example is None:
            raise MeaningError("another step is meant for another derivative")
        indices, bound = _indices(example, dict(middle.kept), number)
        by = _at(example.by, indices)
        local = resolver.slope_of(by, slope.by, held - {middle.key[0]})
        if local == ZERO:
            raise MeaningError("it does not depend on this")
        factor = mul(_with_indices(example, indices), local)
        for index, position in bound:
            lo, hi = ranges.of_slot((middle.key[0], middle.key[2], position))
            factor = Sum(index, lo, hi, factor)
        terms.append(factor)
    return add(*terms)


def _indices(example: Slope, kept: dict[int, Expr], number: int) -> tuple[tuple[Expr, ...], list[tuple[str, int]]]:
    """Indices for an entry of the middle quantity: those that are kept, and new ones that are summed over."""
    if not isinstance(example.by, Entry):
        return (), []
    indices: list[Expr] = []
    bound: list[tuple[str, int]] = []
    for position in range(len(example.by.indices)):
        if position in kept:
            indices.append(kept[position])
            continue
        name = f"through{number}.{position + 1}"
        indices.append(Sym(name))
        bound.append((name, position))
    return tuple(indices), bound


def _with_indices(slope: Slope, indices: tuple[Expr, ...]) -> Expr:
    before = slope.of.children
    both = (*before, *indices)
    return Entry(slope.atom.name, both) if both else slope.atom


def _label(quantity: Expr) -> str:
    return quantity.name if isinstance(quantity, Sym | Entry) else str(quantity)
