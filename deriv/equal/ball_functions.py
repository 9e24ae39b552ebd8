"""Elementary functions on balls: defined for certain, or `Undefined`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import flint

from deriv.equal.budget import TooLarge, Undefined

Arb = flint.arb
_MAX_EXPONENT = 100_000


def rational(value: Fraction) -> flint.fmpq:
    """A fraction for flint."""
    return flint.fmpq(value.numerator, value.denominator)


def numeric_power(base: Arb, exponent: Fraction) -> Arb:
    """A power with a known exponent; a fractional one needs a positive base."""
    if exponent == 0:
        return Arb(1)
    if exponent < 0 and not base != 0:
        raise Undefined("division by zero")
    if abs(exponent) > _MAX_EXPONENT:
        raise TooLarge("too large an exponent")
    if exponent.denominator == 1:
        return whole_power(base, int(exponent))
    if base.is_zero():
        return Arb(0)
    if not base > 0:
        raise Undefined("a root of a number that is not positive")
    if exponent == Fraction(1, 2):
        return base.sqrt()
    return (Arb(rational(exponent)) * base.log()).exp()


def whole_power(base: Arb, exponent: int) -> Arb:
    """By repeated squaring: flint's own power gives up on a ball around 0."""
    if exponent < 0:
        return 1 / whole_power(base, -exponent)
    result = Arb(1)
    while exponent:
        if exponent & 1:
            result *= base
        exponent >>= 1
        if exponent:
            base *= base
    return result


def _log(x: Arb) -> Arb:
    if not x > 0:
        raise Undefined("the logarithm of a number that is not positive")
    return x.log()


def _exp(x: Arb) -> Arb:
    if abs(x) > 1_000_000:
        raise TooLarge("too large an exponent")
    return x.exp()


def _sign(x: Arb) -> Arb:
    if x > 0:
        return Arb(1)
    if x < 0:
        return Arb(-1)
    raise Undefined("the sign of a number that may be 0")


def _unit_step(x: Arb) -> Arb:
    return (_sign(x) + 1) / 2


def _floor(x: Arb) -> Arb:
    value = x.floor()
    if not value.is_exact():
        raise Undefined("the floor at a jump")
    return value


def _inside(method: Callable[[Arb], Arb]) -> Callable[[Arb], Arb]:
    def checked(x: Arb) -> Arb:
        if not (x <= 1 and x >= -1):
            raise Undefined("outside -1 … 1")
        return method(x)

    return checked


def _gamma(x: Arb) -> Arb:
    if not x > 0:
        raise Undefined("gamma of a number that is not positive")
    if x > 10_000:
        raise TooLarge("too large a factorial")
    return x.gamma()


DIRECT: Mapping[str, Callable[[Arb], Arb]] = {
    "exp": _exp,
    "log": _log,
    "ln": _log,
    "sin": Arb.sin,
    "cos": Arb.cos,
    "asin": _inside(Arb.asin),
    "arcsin": _inside(Arb.asin),
    "atan": Arb.atan,
    "arctan": Arb.atan,
    "tanh": Arb.tanh,
    "sinh": lambda x: (_exp(x) - _exp(-x)) / 2,
    "cosh": lambda x: (_exp(x) + _exp(-x)) / 2,
    "asinh": Arb.asinh,
    "softplus": lambda x: _exp(x).log1p(),
    "abs": abs,
    "sign": _sign,
    "step": _unit_step,
    "heaviside": _unit_step,
    "floor": _floor,
    "erf": Arb.erf,
    "gamma": _gamma,
    "factorial": lambda x: _gamma(x + 1),
    "digamma": lambda x: Arb.digamma(x) if x > 0 else _gamma(x),
    "relu": lambda x: x.max(Arb(0)),
}


def binomial(n: Arb, k: Arb) -> Arb:
    """n! / (k! (n - k)!) for 0 <= k <= n."""
    if not (n >= 0 and k >= 0 and n >= k):
        raise Undefined("a binomial outside 0 <= k <= n")
    return _gamma(n + 1) / (_gamma(k + 1) * _gamma(n - k + 1))
