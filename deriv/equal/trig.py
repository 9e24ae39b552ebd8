"""Sine and cosine: addition theorems down to base arguments, then sin² + cos² = 1; exact values at simple angles."""

from __future__ import annotations

from fractions import Fraction

from deriv.equal.branch import by_branches
from deriv.equal.explog import power, radix, terms
from deriv.equal.field import Field, Rat

_MOST_TERMS = 4
_MOST_TURNS = 12
Pair = tuple[Rat, Rat]


def sine(space: Field, rat: Rat) -> Rat:
    """sin."""
    branched = by_branches(space, rat, sine)
    return branched if branched is not None else _pair(space, rat)[0]


def cosine(space: Field, rat: Rat) -> Rat:
    """cos."""
    branched = by_branches(space, rat, cosine)
    return branched if branched is not None else _pair(space, rat)[1]


def _pair(space: Field, rat: Rat) -> Pair:
    parts = terms(space, rat)
    if len(parts) > _MOST_TERMS:
        return _whole(space, rat)
    result = (space.rat_zero, space.rat_one)
    for coefficient, monomial in parts:
        result = _plus(space, result, _multiple(space, coefficient, monomial))
    return result


def _plus(space: Field, left: Pair, right: Pair) -> Pair:
    """sin(a + b), cos(a + b)."""
    sin = space.add(space.mul(left[0], right[1]), space.mul(left[1], right[0]))
    cos = space.sub(space.mul(left[1], right[1]), space.mul(left[0], right[0]))
    return sin, cos


def _multiple(space: Field, coefficient: Fraction, monomial: Rat) -> Pair:
    exact = _exact_angle(space, coefficient, monomial)
    if exact is not None:
        return exact
    q = radix(space, ("trig", monomial.key), coefficient.denominator)
    turns = int(coefficient * q)
    if abs(turns) > _MOST_TURNS:
        return _base(space, space.scale(coefficient, monomial))
    base = _base(space, space.scale(Fraction(1, q), monomial))
    result = (space.rat_zero, space.rat_one)
    for _ in range(abs(turns)):
        result = _plus(space, result, base)
    return (space.neg(result[0]), result[1]) if turns < 0 else result


def _whole(space: Field, rat: Rat) -> Pair:
    if rat.num.leading_coefficient() < 0:
        sin, cos = _base(space, space.neg(rat))
        return space.neg(sin), cos
    return _base(space, rat)


def _base(space: Field, rat: Rat) -> Pair:
    sine_number = space.kernel("sin", (), (rat,))
    cosine_number = space.kernel("cos", (), (rat,))
    sin = space.gen(sine_number)
    square = space.sub(space.rat_one, space.mul(sin, sin))
    space.relate(cosine_number, 2, (square, space.rat_zero), divisors=False)
    return sin, space.gen(cosine_number)


def _exact_angle(space: Field, coefficient: Fraction, monomial: Rat) -> Pair | None:
    """Multiples of π/12 of the kind whose values are square roots of small numbers."""
    used = space.kernels_of(monomial)
    if len(used) != 1 or space.kernels[used[0]].kind != "pi" or monomial.num.total_degree() != 1:
        return None
    if monomial.den != space.one or 12 % coefficient.denominator or coefficient.denominator == 12:
        return None
    steps = int(coefficient * 12) % 24
    table = {0: (0, 0), 2: (1, 1), 3: (2, 1), 4: (3, 1), 6: (4, 1)}  # 4 sin² at multiples of π/12
    return _signed(space, steps, table), _signed(space, (6 - steps) % 24, table)


def _signed(space: Field, steps: int, table: dict[int, tuple[int, int]]) -> Rat:
    """sin(steps π/12)."""
    negative = steps > 12
    steps = steps - 12 if negative else steps
    steps = 12 - steps if steps > 6 else steps
    value = power(space, space.number(Fraction(table[steps][0], 4)), Fraction(1, 2))
    return space.neg(value) if negative else value
