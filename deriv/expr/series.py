"""Truncated power series whose coefficients are polynomials over opaque atoms; what limits are computed with.

A coefficient is a dictionary from monomials (atom, exponent) to fractions, so that f(x) - f(x) is recognised as 0.
Division needs a leading coefficient that is a single monomial or is taken as an atom of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from deriv.expr.functions import add, mul, power
from deriv.expr.nodes import Expr, Num

Monomial = tuple[tuple[Expr, int], ...]
Coefficient = dict[Monomial, Fraction]
MOST_TERMS = 400


class NoSeries(Exception):
    """The expression has no power series here (or it is too large)."""


def constant(value: Fraction | int) -> Coefficient:
    """A number as a coefficient."""
    return {(): Fraction(value)} if value else {}


def atom(expr: Expr) -> Coefficient:
    """An expression taken as an indeterminate."""
    return {((expr, 1),): Fraction(1)}


def plus(left: Coefficient, right: Coefficient) -> Coefficient:
    """Sum."""
    result = dict(left)
    for monomial, value in right.items():
        total = result.get(monomial, Fraction(0)) + value
        if total:
            result[monomial] = total
        else:
            result.pop(monomial, None)
    return result


def times(left: Coefficient, right: Coefficient) -> Coefficient:
    """Product."""
    if len(left) * len(right) > MOST_TERMS:
        raise NoSeries("too many terms")
    result: Coefficient = {}
    for one, a in left.items():
        for two, b in right.items():
            result = plus(result, {_join(one, two): a * b})
    return result


def _join(one: Monomial, two: Monomial) -> Monomial:
    exponents = dict(one)
    for expr, exponent in two:
        exponents[expr] = exponents.get(expr, 0) + exponent
    return tuple(sorted(((x, e) for x, e in exponents.items() if e), key=lambda part: repr(part[0])))


def invert(value: Coefficient) -> Coefficient:
    """One over a coefficient."""
    if not value:
        raise NoSeries("division by zero")
    if len(value) > 1:
        return {((to_expr(value), -1),): Fraction(1)}
    ((monomial, number),) = value.items()
    return {tuple((expr, -exponent) for expr, exponent in monomial): 1 / number}


def to_expr(value: Coefficient) -> Expr:
    """A coefficient as an expression."""
    terms = []
    for monomial, number in sorted(value.items(), key=lambda item: repr(item[0])):
        terms.append(mul(Num(number), *(power(expr, Num(exponent)) for expr, exponent in monomial)))
    return add(*terms)


@dataclass(frozen=True, slots=True)
class Series:
    """t**start * (c_0 + c_1 t + … ), known to `len(coefficients)` terms."""

    start: int
    coefficients: tuple[Coefficient, ...]

    def trimmed(self) -> Series:
        """Without leading zeros."""
        for k, value in enumerate(self.coefficients):
            if value:
                return Series(self.start + k, self.coefficients[k:])
        return self

    @property
    def known_to(self) -> int:
        """The first exponent about which nothing is known."""
        return self.start + len(self.coefficients)

    def at(self, exponent: int) -> Coefficient:
        """The coefficient of t**exponent."""
        k = exponent - self.start
        return self.coefficients[k] if 0 <= k < len(self.coefficients) else {}


def fixed(value: Coefficient, order: int) -> Series:
    """A constant to a number of terms."""
    return Series(0, (value, *({} for _ in range(order - 1))))


def add_series(left: Series, right: Series) -> Series:
    """Sum, as far as both are known."""
    start, end = min(left.start, right.start), min(left.known_to, right.known_to)
    if end <= start:
        raise NoSeries("too little is known")
    return Series(start, tuple(plus(left.at(k), right.at(k)) for k in range(start, end)))


def mul_series(left: Series, right: Series) -> Series:
    """Product (Cauchy), as far as both are known."""
    length = min(len(left.coefficients), len(right.coefficients))
    result = []
    for k in range(length):
        total: Coefficient = {}
        for j in range(k + 1):
            if left.coefficients[j] and right.coefficients[k - j]:
                total = plus(total, times(left.coefficients[j], right.coefficients[k - j]))
        result.append(total)
    return Series(left.start + right.start, tuple(result))


def inverse_series(value: Series) -> Series:
    """One over a series."""
    value = value.trimmed()
    first = invert(value.coefficients[0])
    result = [first]
    for k in range(1, len(value.coefficients)):
        total: Coefficient = {}
        for j in range(1, k + 1):
            if value.coefficients[j]:
                total = plus(total, times(value.coefficients[j], result[k - j]))
        result.append(times(times(total, first), constant(-1)))
    return Series(-value.start, tuple(result))


def compose(taylor: Callable[[int], Coefficient], inner: Series, order: int) -> Series:
    """Σ taylor(k) u**k for a series u without constant term."""
    if inner.start < 0 or inner.at(0):
        raise NoSeries("the inner series does not go to 0")
    length = min(order, inner.known_to)
    shifted = Series(0, tuple(inner.at(k) for k in range(length)))
    result = fixed(taylor(0), length)
    term = fixed(constant(1), length)
    for k in range(1, length):
        term = mul_series(term, shifted)
        factor = taylor(k)
        if factor:
            result = add_series(result, mul_series(fixed(factor, length), term))
    return result
