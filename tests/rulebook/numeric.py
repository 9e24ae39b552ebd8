"""An evaluator for the tests alone: expressions at points, in 60 digits, derivatives by central differences.

Independent of the judge and of the engine, so that a mistake of theirs cannot hide a mistake of a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import mpmath

from deriv.expr import nodes as n

mpmath.mp.dps = 60
STEP = mpmath.mpf(10) ** -12

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(mpmath, name) for name in
       ("exp", "log", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "acot", "atan2", "sinh",
        "cosh", "tanh", "coth", "sech", "csch", "asinh", "acosh", "atanh", "sign", "floor", "ceil", "erf", "gamma",
        "loggamma", "digamma")},
    "abs": abs, "max": max, "min": min, "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)), "relu": lambda x: max(x, mpmath.mpf(0)),
    "step": lambda x: mpmath.mpf(x > 0), "swish": lambda x: x / (1 + mpmath.exp(-x)),
    "ln": mpmath.log, "sqrt": mpmath.sqrt,
}  # fmt: skip
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: abs(a - b) < mpmath.mpf(10) ** -25, "!=": lambda a, b: abs(a - b) > mpmath.mpf(10) ** -8,
}  # fmt: skip


@dataclass(frozen=True)
class Point:
    """Values of names, of families (by index tuple) and of unknown functions (callables with a list of orders)."""

    names: Mapping[str, Any] = field(default_factory=dict)
    families: Mapping[str, Callable[[tuple[int, ...]], Any]] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def moved(self, variable: n.Expr, by: Any) -> Point:
        """The same point with one variable moved."""
        if isinstance(variable, n.Sym):
            return Point({**self.names, variable.name: self.names[variable.name] + by}, self.families, self.functions)
        assert isinstance(variable, n.Entry)
        at = tuple(int(value(index, self)) for index in variable.indices)
        old = self.families[variable.name]
        new = {**self.families, variable.name: lambda k: old(k) + (by if k == at else 0)}
        return Point(self.names, new, self.functions)

    def bound(self, name: str, to: Any) -> Point:
        """The same point with an index set."""
        return Point({**self.names, name: to}, self.families, self.functions)


def slope(body: n.Expr, variable: n.Expr, at: Point) -> Any:
    """The derivative by a central difference."""
    return (value(body, at.moved(variable, STEP)) - value(body, at.moved(variable, -STEP))) / (2 * STEP)


def value(expr: n.Expr, at: Point) -> Any:
    """The value of an expression at a point."""
    match expr:
        case n.Num():
            return mpmath.mpf(expr.value.numerator) / expr.value.denominator
        case n.Const():
            return {"pi": mpmath.pi, "e": mpmath.e}[expr.name] * mpmath.mpf(1)
        case n.Sym():
            found = at.names[expr.name]
            return found(at) if callable(found) else found
        case n.Entry():
            return at.families[expr.name](tuple(int(value(index, at)) for index in expr.indices))
        case n.Add():
            return mpmath.fsum(value(part, at) for part in expr.children)
        case n.Mul():
            return mpmath.fprod(value(part, at) for part in expr.children)
        case n.Pow():
            return mpmath.power(value(expr.base, at), value(expr.exponent, at))
        case n.Call():
            return FUNCTIONS[expr.function](*(value(part, at) for part in expr.children))
        case n.Apply():
            return at.functions[expr.function](expr.orders, *(value(part, at) for part in expr.children))
        case n.Delta():
            return mpmath.mpf(value(expr.children[0], at) == value(expr.children[1], at))
        case n.Derivative():
            return slope(expr.body, expr.variable, at)
    return _binder(expr, at)


def _binder(expr: n.Expr, at: Point) -> Any:
    match expr:
        case n.Sum() | n.Product():
            span = range(int(value(expr.lo, at)), int(value(expr.hi, at)) + 1)
            parts = [value(expr.body, at.bound(expr.index, mpmath.mpf(k))) for k in span]
            return mpmath.fsum(parts) if isinstance(expr, n.Sum) else mpmath.fprod(parts)
        case n.Cases():
            for comparison, lhs, rhs, result in expr.rows:
                if comparison is True or COMPARE[comparison](value(lhs, at), value(rhs, at)):
                    return value(result, at)
            raise ZeroDivisionError("no case applies")
        case n.Integral():
            body, lo, hi = expr.children
            name = str(expr.data[0])
            return mpmath.quad(lambda t: value(body, at.bound(name, t)), [value(lo, at), value(hi, at)])
    raise NotImplementedError(type(expr).__name__)


def close(left: Any, right: Any) -> bool:
    """Equal up to the error of a central difference."""
    return abs(left - right) <= mpmath.mpf(10) ** -15 * (1 + abs(left) + abs(right))
