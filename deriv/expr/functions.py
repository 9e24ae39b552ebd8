"""The elementary functions a `Call` may name: derivative by argument, reduction to simpler functions, domain.

Derivatives are those of Abramowitz and Stegun, *Handbook of Mathematical Functions*, chapters 4, 6 and 7.  Where a
function has a kink (abs, max, relu, step) its derivative is written as `Cases` without a row for the kink itself, so
that the derivative is undefined there rather than conventional.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from deriv.expr.nodes import HALF, MINUS_ONE, ONE, ZERO, Add, Call, Cases, Comparison, Const, Expr, Mul, Num, Pow

Args = tuple[Expr, ...]
Condition = tuple[Comparison, Expr, Expr]
_TWO: Final = Num(2)


def add(*terms: Expr) -> Expr:
    """A sum with zeros dropped and numbers folded; what the rules below build with."""
    flat = [part for term in terms for part in (term.children if isinstance(term, Add) else (term,))]
    total = sum((term.value for term in flat if isinstance(term, Num)), Fraction(0))
    rest = [term for term in flat if not isinstance(term, Num)]
    if total:
        rest.append(Num(total))
    return Add(tuple(rest)) if len(rest) > 1 else rest[0] if rest else ZERO


def mul(*factors: Expr) -> Expr:
    """A product with ones dropped, numbers folded to the front, and 0 as soon as one factor is 0."""
    flat = [part for factor in factors for part in (factor.children if isinstance(factor, Mul) else (factor,))]
    scale = Fraction(1)
    for factor in flat:
        if isinstance(factor, Num):
            scale *= factor.value
    if not scale:
        return ZERO
    rest = [factor for factor in flat if not isinstance(factor, Num)]
    if scale != 1:
        rest.insert(0, Num(scale))
    return Mul(tuple(rest)) if len(rest) > 1 else rest[0] if rest else ONE


def power(base: Expr, exponent: Expr) -> Expr:
    """A power; exponents 0 and 1 and powers of 1 disappear."""
    if ONE in (exponent, base):
        return base
    if exponent == ZERO:
        return ONE
    return Pow(base, exponent)


def sub(left: Expr, right: Expr) -> Expr:
    """left - right."""
    return add(left, mul(MINUS_ONE, right))


def over(left: Expr, right: Expr) -> Expr:
    """left / right."""
    return mul(left, power(right, MINUS_ONE))


def call(name: str, *args: Expr) -> Expr:
    """A call by name."""
    return Call(name, args)


def sqrt(x: Expr) -> Expr:
    """The square root."""
    return Pow(x, HALF)


def _square(x: Expr) -> Expr:
    return power(x, _TWO)


@dataclass(frozen=True, slots=True)
class Function:
    """One elementary function.

    `arity` is None for any number of arguments.  `partial(args, k)` is the derivative by argument k, None where the
    function is not differentiable in this table.  `reduce(args)` rewrites the call with simpler functions, None where
    it is a kernel of its own.  `domain(args)` are the conditions for a real value.
    """

    name: str
    arity: int | None
    partial: Callable[[Args, int], Expr] | None
    reduce: Callable[[Args], Expr] | None = None
    domain: Callable[[Args], tuple[Condition, ...]] | None = None


def _steps(x: Expr, above: Expr, below: Expr) -> Expr:
    return Cases(((">", x, ZERO, above), ("<", x, ZERO, below)))


def _max_partial(args: Args, k: int) -> Expr:
    rest = args[:k] + args[k + 1 :]
    if not rest:
        return ONE
    other = rest[0] if len(rest) == 1 else Call("max", rest)
    return Cases(((">", args[k], other, ONE), ("<", args[k], other, ZERO)))


def _min_partial(args: Args, k: int) -> Expr:
    rest = args[:k] + args[k + 1 :]
    if not rest:
        return ONE
    other = rest[0] if len(rest) == 1 else Call("min", rest)
    return Cases((("<", args[k], other, ONE), (">", args[k], other, ZERO)))


def _exp(x: Expr) -> Expr:
    return Call("exp", (x,))


def _minus(x: Expr) -> Expr:
    return mul(MINUS_ONE, x)


def _half_exp(x: Expr, sign: Expr) -> Expr:
    """(e^x ± e^-x)/2."""
    return mul(HALF, add(_exp(x), mul(sign, _exp(_minus(x)))))


def _tanh(x: Expr) -> Expr:
    twice = _exp(mul(_TWO, x))
    return over(add(twice, MINUS_ONE), add(twice, ONE))


def _sigmoid_slope(x: Expr) -> Expr:
    value = call("sigmoid", x)
    return mul(value, sub(ONE, value))


def _silu_slope(x: Expr) -> Expr:
    return add(call("sigmoid", x), mul(x, _sigmoid_slope(x)))


def _gauss(x: Expr) -> Expr:
    return mul(_TWO, Pow(Const("pi"), Num(Fraction(-1, 2))), _exp(_minus(_square(x))))


def _logbase_partial(args: Args, k: int) -> Expr:
    x, base = args
    if k == 0:
        return over(ONE, mul(x, call("log", base)))
    return mul(MINUS_ONE, call("log", x), power(mul(base, _square(call("log", base))), MINUS_ONE))


def _gamma_slope(x: Expr) -> Expr:
    return mul(call("gamma", x), call("digamma", x))


def _one(
    name: str,
    slope: Callable[[Expr], Expr] | None,
    reduce: Callable[[Expr], Expr] | None = None,
    domain: Callable[[Expr], tuple[Condition, ...]] | None = None,
) -> Function:
    """A function of one argument."""
    return Function(
        name,
        1,
        None if slope is None else lambda args, _: slope(args[0]),
        None if reduce is None else lambda args: reduce(args[0]),
        None if domain is None else lambda args: domain(args[0]),
    )


def _positive(x: Expr) -> tuple[Condition, ...]:
    return ((">", x, ZERO),)


def _nonzero(name: str) -> Callable[[Expr], tuple[Condition, ...]]:
    return lambda x: (("!=", call(name, x), ZERO),)


def _inside(x: Expr) -> tuple[Condition, ...]:
    return ((">=", x, MINUS_ONE), ("<=", x, ONE))


def _strictly_inside(x: Expr) -> tuple[Condition, ...]:
    return ((">", x, MINUS_ONE), ("<", x, ONE))


def _recip(name: str) -> Callable[[Expr], Expr]:
    return lambda x: power(call(name, x), MINUS_ONE)


def _ratio(top: str, bottom: str) -> Callable[[Expr], Expr]:
    return lambda x: over(call(top, x), call(bottom, x))


_SMOOTH: Final = (
    _one("exp", _exp),
    _one("log", lambda x: power(x, MINUS_ONE), None, _positive),
    _one("sin", lambda x: call("cos", x)),
    _one("cos", lambda x: _minus(call("sin", x))),
    _one("tan", lambda x: add(ONE, _square(call("tan", x))), _ratio("sin", "cos"), _nonzero("cos")),
    _one("cot", lambda x: _minus(add(ONE, _square(call("cot", x)))), _ratio("cos", "sin"), _nonzero("sin")),
    _one("sec", lambda x: mul(call("sec", x), call("tan", x)), _recip("cos"), _nonzero("cos")),
    _one("csc", lambda x: mul(MINUS_ONE, call("csc", x), call("cot", x)), _recip("sin"), _nonzero("sin")),
    _one("asin", lambda x: Pow(sub(ONE, _square(x)), Num(Fraction(-1, 2))), None, _inside),
    _one(
        "acos",
        lambda x: _minus(Pow(sub(ONE, _square(x)), Num(Fraction(-1, 2)))),
        lambda x: sub(mul(HALF, Const("pi")), call("asin", x)),
        _inside,
    ),
    _one("atan", lambda x: power(add(ONE, _square(x)), MINUS_ONE)),
    _one("sinh", lambda x: call("cosh", x), lambda x: _half_exp(x, MINUS_ONE)),
    _one("cosh", lambda x: call("sinh", x), lambda x: _half_exp(x, ONE)),
    _one("tanh", lambda x: sub(ONE, _square(call("tanh", x))), _tanh),
    _one("coth", lambda x: sub(ONE, _square(call("coth", x))), _ratio("cosh", "sinh"), _nonzero("sinh")),
    _one("sech", lambda x: mul(MINUS_ONE, call("sech", x), call("tanh", x)), _recip("cosh")),
    _one("csch", lambda x: mul(MINUS_ONE, call("csch", x), call("coth", x)), _recip("sinh"), _nonzero("sinh")),
    _one(
        "asinh",
        lambda x: Pow(add(_square(x), ONE), Num(Fraction(-1, 2))),
        lambda x: call("log", add(x, sqrt(add(_square(x), ONE)))),
    ),
    _one(
        "acosh",
        lambda x: Pow(add(_square(x), MINUS_ONE), Num(Fraction(-1, 2))),
        lambda x: call("log", add(x, sqrt(add(_square(x), MINUS_ONE)))),
        lambda x: ((">=", x, ONE),),
    ),
    _one(
        "atanh",
        lambda x: power(sub(ONE, _square(x)), MINUS_ONE),
        lambda x: mul(HALF, sub(call("log", add(ONE, x)), call("log", sub(ONE, x)))),
        _strictly_inside,
    ),
    _one("sigmoid", _sigmoid_slope, lambda x: power(add(ONE, _exp(_minus(x))), MINUS_ONE)),
    _one("softplus", lambda x: call("sigmoid", x), lambda x: call("log", add(ONE, _exp(x)))),
    _one("silu", _silu_slope, lambda x: mul(x, call("sigmoid", x))),
    _one("swish", _silu_slope, lambda x: mul(x, call("sigmoid", x))),
    _one("erf", _gauss),
    _one("gamma", _gamma_slope, None, _positive),
    _one("digamma", None, None, _positive),
    _one("factorial", lambda x: _gamma_slope(add(x, ONE)), None, lambda x: ((">=", x, ZERO),)),
    _one("sqrt", lambda x: mul(HALF, Pow(x, Num(Fraction(-1, 2)))), sqrt, lambda x: ((">=", x, ZERO),)),
    _one("acot", lambda x: _minus(power(add(ONE, _square(x)), MINUS_ONE)), lambda x: call("atan", over(ONE, x))),
    _one("loggamma", lambda x: call("digamma", x), lambda x: call("log", call("gamma", x)), _positive),
    Function("binomial", 2, None),
    Function(
        "logbase",
        2,
        _logbase_partial,
        lambda args: over(call("log", args[0]), call("log", args[1])),
        lambda args: ((">", args[0], ZERO), (">", args[1], ZERO), ("!=", args[1], ONE)),
    ),
)

_KINKED: Final = (
    _one("abs", lambda x: _steps(x, ONE, MINUS_ONE)),
    _one("sign", lambda x: _steps(x, ZERO, ZERO), lambda x: over(x, call("abs", x))),
    _one("relu", lambda x: _steps(x, ONE, ZERO), lambda x: call("max", x, ZERO)),
    _one("step", lambda x: _steps(x, ZERO, ZERO), lambda x: _steps(x, ONE, ZERO)),
    _one("heaviside", lambda x: _steps(x, ZERO, ZERO), lambda x: _steps(x, ONE, ZERO)),
    _one("floor", lambda _: ZERO),
    _one("ceil", lambda _: ZERO, lambda x: _minus(call("floor", _minus(x)))),
    Function("max", None, _max_partial),
    Function("min", None, _min_partial),
)

ALIASES: Final = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arccot": "acot",
    "arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh", "ln": "log",
}  # fmt: skip

_NAMED: Final = {f.name: f for f in (*_SMOOTH, *_KINKED)}

FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    _NAMED | {alias: _NAMED[name] for alias, name in ALIASES.items()}
)
