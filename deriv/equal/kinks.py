"""Absolute values, comparisons and cases as kernels.

|f| is a kernel with |f|² = f² for every factor without a known sign.  A comparison is an indicator, 0 or 1: `above(f)`
for f > 0 and `zero(f)` for f = 0.
"""

from __future__ import annotations

from fractions import Fraction

from deriv.equal.branch import at, by_branches, indicator, indicators
from deriv.equal.field import Field, Poly, Rat
from deriv.equal.signs import assumed_sign, rat_factors, rat_sign, sign


def absolute(space: Field, rat: Rat) -> Rat:
    """|rat|."""
    if rat.num == space.zero:
        return rat
    branched = by_branches(space, rat, absolute)
    if branched is not None:
        return branched
    constant, found = rat_factors(space, rat)
    result = space.number(abs(constant))
    for poly, exponent in found:
        known = sign(space, poly)
        if not known and exponent % 2 and space.mode.lenient:
            known = assumed_sign(space, poly)
        base = Rat(poly, space.one)
        if known in ("-", "0-"):
            base = space.neg(base)
        elif not known and exponent % 2:
            base = _absolute_kernel(space, poly)
        result = space.mul(result, space.power(base, exponent))
    return result


def _absolute_kernel(space: Field, poly: Poly) -> Rat:
    if poly.leading_coefficient() < 0:
        poly = -poly
    inside = Rat(poly, space.one)
    if space.mode.split:
        return space.mul(inside, space.sub(space.scale(2, above(space, inside)), space.rat_one))
    used = space.used(poly)
    if len(used) == 1 and len(poly) == 1 and space.kernels[used[0]].kind == "abs":
        return inside
    number = space.kernel("abs", (), (inside,))
    space.relate(number, 2, (space.mul(inside, inside), space.rat_zero), divisors=True)
    return space.gen(number)


def maximum(space: Field, args: list[Rat], direction: int) -> Rat:
    """max (direction 1) or min (-1): (a + b ± |a - b|)/2, one after the other."""
    result = args[0]
    for arg in args[1:]:
        gap = space.scale(direction, absolute(space, space.sub(result, arg)))
        result = space.scale(Fraction(1, 2), space.total((result, arg, gap)))
    return result


def above(space: Field, rat: Rat) -> Rat:
    """The indicator of rat > 0."""
    known = rat_sign(space, rat) if rat.num != space.zero else "-"
    if known == "+":
        return space.rat_one
    if known in ("-", "0-"):
        return space.rat_zero
    branched = by_branches(space, rat, above)
    if branched is not None:
        return branched
    listed = _over_values(space, rat, strict=True)
    if listed is not None:
        return listed
    core, flipped = _odd_part(space, rat)
    switch = indicator(space, "above", core)
    if not flipped:
        return switch
    return space.sub(space.sub(space.rat_one, switch), boundary(space, core))


def boundary(space: Field, rat: Rat) -> Rat:
    """The indicator of rat = 0 where > and < are told apart: 0 when boundaries are left out."""
    space.boundaries[rat.key[0]] = rat
    if space.mode.generic:
        return space.rat_zero
    switch = indicator(space, "above", rat) if rat.den == space.one else above(space, rat)
    return space.mul(space.sub(space.rat_one, switch), indicator(space, "zero", rat))


def zero(space: Field, rat: Rat) -> Rat:
    """The indicator of rat = 0."""
    value = space.constant(rat)
    if value is not None:
        return space.rat_zero if value else space.rat_one
    if rat_sign(space, rat) in ("+", "-") or _excluded(space, rat):
        return space.rat_zero
    branched = by_branches(space, rat, zero)
    if branched is not None:
        return branched
    listed = _over_values(space, rat, strict=False)
    if listed is not None:
        return listed
    lead = rat.num.leading_coefficient()
    return indicator(space, "zero", Rat(rat.num / lead, space.one))


def _excluded(space: Field, rat: Rat) -> bool:
    """Whether the document states that this is not 0."""
    stated: list[Rat] = space.memo.get("excluded", [])
    return any(other.num in (rat.num, -rat.num) for other in stated)


def _odd_part(space: Field, rat: Rat) -> tuple[Rat, bool]:
    """What decides the sign: factors of odd exponent without a known sign; and whether the sign is turned."""
    constant, found = rat_factors(space, rat)
    flip = constant < 0
    core = space.one
    for poly, exponent in found:
        known = sign(space, poly)
        if exponent % 2 == 0 or known == "+":
            continue
        if known == "-":
            flip = not flip
            continue
        core = core * poly
    return Rat(core, space.one), flip


def _over_values(space: Field, rat: Rat, *, strict: bool) -> Rat | None:
    """For a name with a few listed values: the polynomial through 0 and 1 at them (Lagrange)."""
    used = space.kernels_of(rat)
    if len(used) != 1 or used[0] in space.radix or space.kernels[used[0]].kind not in ("sym", "entry"):
        return None
    values = space.domain.fact(str(space.kernels[used[0]].data[0])).values
    if not values or rat.den != space.one:
        return None
    gen = space.gen(used[0])
    result = space.rat_zero
    for value in values:
        here = _evaluate(space, rat, value)
        if (here > 0) if strict else (here == 0):
            result = space.add(result, _lagrange(space, gen, value, values))
    return result


def _evaluate(space: Field, rat: Rat, value: Fraction) -> Fraction:
    total = Fraction(0)
    for monomial, coefficient in rat.num.terms():
        total += Fraction(int(coefficient.p), int(coefficient.q)) * value ** int(sum(monomial))
    return total


def _lagrange(space: Field, gen: Rat, value: Fraction, values: tuple[Fraction, ...]) -> Rat:
    result = space.rat_one
    for other in values:
        if other != value:
            factor = space.sub(gen, space.number(other))
            result = space.mul(result, space.scale(1 / (value - other), factor))
    return result


def holds(space: Field, comparison: str, gap: Rat) -> Rat:
    """The indicator of `gap` compared with 0."""
    if comparison == "==":
        return zero(space, gap)
    if comparison == "!=":
        return space.sub(space.rat_one, zero(space, gap))
    if comparison in ("<", "<="):
        comparison, gap = {"<": ">", "<=": ">="}[comparison], space.neg(gap)
    if comparison == ">":
        return above(space, gap)
    return space.sub(space.rat_one, above(space, space.neg(gap)))


def cases(space: Field, rows: list[tuple[Rat, Rat]], *, kink: Rat | None) -> Rat:
    """First row that holds; `kink` is the gap of a two-sided strict comparison, undefined at 0.

    Where no row holds there is no value, and so any value will do: 0.
    """
    if kink is not None:
        return _two_sided(space, rows, kink)
    result, left = space.rat_zero, space.rat_one
    for condition, value in rows:
        result = space.add(result, space.mul(space.mul(left, condition), value))
        left = space.mul(left, space.sub(space.rat_one, condition))
    return result


def _two_sided(space: Field, rows: list[tuple[Rat, Rat]], kink: Rat) -> Rat:
    """(">", f: a), ("<", f: b): b may stand for the value at f = 0, where there is none."""
    if kink.num != space.zero:
        core, _ = _odd_part(space, kink)
        space.memo.setdefault("kinks", set()).add(core.key[0])
    (condition, first), (_, second) = rows
    return space.add(second, space.mul(condition, space.sub(first, second)))


__all__ = ["above", "absolute", "at", "boundary", "cases", "holds", "indicators", "maximum", "zero"]
