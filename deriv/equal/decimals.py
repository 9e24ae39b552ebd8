"""Decimals: exact data on one reading, a rounded value on the other.

A step with decimals holds when it holds exactly, or when what its inputs give rounds, or is cut off, to the written
result; it is wrong when the result is off by a unit in its last digit or more.  What lies between stays undecided.
That the inputs may be rounded themselves (0.70 in -log(0.70) = 0.361, carried on with all its digits) neither proves
nor refutes: a difference that such roundings could explain stays undecided, unless the input is coarser than the result
and has a single digit, and so is data.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import flint

from deriv.equal.ball import Evaluator
from deriv.equal.ball_functions import Arb
from deriv.equal.budget import Budget, TooLarge, Undefined, Unsupported
from deriv.equal.decision import Conditional, Decision, Proved, Tested, Undecided
from deriv.equal.prepare import Claim
from deriv.equal.refute import difference, interval_text
from deriv.equal.sample import Point, points
from deriv.expr.nodes import MINUS_ONE, Decimal, Expr, Mul
from deriv.expr.substitute import post_order

_PRECISION = 128
# below 1 by more than the radius of an enclosure is rounded up
_NOT_QUITE = 1 - Fraction(1, 10**6)
_ROUNDED = 3
"""Significant digits from which on a coefficient is likely to be a rounded value: 0.333, not 0.1 or 0.25."""
Radii = dict[Expr, Fraction]


def decide_decimals(claim: Claim, budget: Budget) -> Decision:
    """Exact reading first, then as rounded numbers."""
    from deriv.equal.decide import decide_exact

    exact = decide_exact(claim, budget)
    if isinstance(exact, (Proved, Conditional, Tested)):
        return exact
    return _rounded(claim, budget, exact)


def _outermost(side: Expr) -> Decimal | None:
    """The decimal a side consists of, its sign aside."""
    if isinstance(side, Mul) and len(side.children) == 2 and side.children[0] == MINUS_ONE:
        side = side.children[1]
    return side if isinstance(side, Decimal) else None


def _decimals(*sides: Expr) -> list[Decimal]:
    return [node for side in sides for node in post_order(side) if isinstance(node, Decimal)]


def _digits(number: Decimal) -> int:
    """Significant digits as written."""
    return len(str(abs(number.value / number.unit)))


def _radii(claim: Claim, unit: Fraction | None) -> tuple[Radii, Radii]:
    """How far each input may be off: certainly allowed, and at the very most."""
    sure: Radii = {}
    most: Radii = {}
    for number in _decimals(claim.lhs, claim.rhs):
        half = number.unit / 2
        fine = unit is not None and number.unit <= unit
        sure[number] = Fraction(0)
        most[number] = half if fine or unit is None or _digits(number) > 1 else Fraction(0)
    return sure, most


def _rounded(claim: Claim, budget: Budget, exact: Decision) -> Decision:
    results = [found for side in (claim.lhs, claim.rhs) if (found := _outermost(side)) is not None]
    unit = max((result.unit for result in results), default=None)
    sure, most = _radii(claim, unit)
    names = claim.names
    free = bool(names.numbers or names.letters or names.sizes or names.families)
    result_only = not (_decimals(claim.lhs) and _decimals(claim.rhs))
    rounded = {one for one in _decimals(claim.lhs, claim.rhs) if result_only or _digits(one) >= _ROUNDED}
    likely = {one: half if one in rounded else Fraction(0) for one, half in most.items()}
    checked = 0
    grey = far = False
    texts = "", ""
    for point in points(claim.seed, names, claim.domain, budget.points if free else 1):
        try:
            values = _sides(claim, point, most, budget, certain=False)
            if not values[0].overlaps(values[1]):
                return difference(point, claim, *values)
            narrow = _sides(claim, point, sure, budget, certain=True)
            close = _sides(claim, point, likely, budget, certain=True) if free else narrow
        except Undefined:
            continue
        except (Unsupported, TooLarge) as error:
            return Undecided(str(error))
        texts = interval_text(values[0]), interval_text(values[1])
        grey |= not narrow[0].overlaps(narrow[1])
        far |= not close[0].overlaps(close[1])
        checked += 1
    return _verdict(checked, exact, texts, free=free, grey=far or (grey and unit is not None))


def _verdict(checked: int, exact: Decision, texts: tuple[str, str], *, free: bool, grey: bool) -> Decision:
    if not checked:
        return exact if isinstance(exact, Undecided) else Undecided("no point where both sides are defined")
    if grey:
        return Undecided("holds only within the rounding of the numbers it is computed from")
    if free:
        return Tested(checked, (), 2)
    return Proved("ball", {"method": "ball", "reading": "rounded", "lhs": texts[0], "rhs": texts[1]})


def _sides(claim: Claim, point: Point, radii: Radii, budget: Budget, *, certain: bool) -> tuple[Arb, Arb]:
    """Both sides; a side that is a decimal stands for the values that may be printed so."""
    point = replace(point, entries=dict(point.entries), symbols=dict(point.symbols))
    values = []
    with flint.ctx.workprec(_PRECISION):
        for side in (claim.lhs, claim.rhs):
            number = _outermost(side)
            if number is None:
                values.append(Evaluator(side, budget, radii).value(point))
            else:
                printed = _printed(number, certain=certain)
                values.append(printed if side is number else -printed)
    return values[0], values[1]


def _printed(number: Decimal, *, certain: bool) -> Arb:
    """What is printed so: a value that rounds to it or is cut off to it; else anything less than a unit away."""
    away, near = number.unit * _NOT_QUITE, number.unit / 2  # what is a whole unit away is not cut off to it
    if not certain:
        near = away
    ends = (away, near) if number.value > 0 else (near, away) if number.value < 0 else (away, away)
    above, below = (Arb(flint.fmpq(end.numerator, end.denominator)) for end in ends)
    value = Arb(flint.fmpq(number.value.numerator, number.value.denominator))
    return (value - below).union(value + above)
