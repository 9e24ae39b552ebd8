"""Limits by power series: the leading term decides (the bounded form of l'Hôpital's rule).

The variable is written as point + t (or 1/t at infinity) and both sides of every quotient are expanded in t; unknown
functions are expanded with their Taylor series, so that difference quotients come out as derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import factorial

from deriv.errors import MeaningError
from deriv.expr.functions import FUNCTIONS, call, mul, power
from deriv.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Apply,
    Call,
    Cases,
    Const,
    Decimal,
    Expr,
    Limit,
    Mul,
    Num,
    Pow,
    Sum,
    Sym,
)
from deriv.expr.series import (
    Coefficient,
    NoSeries,
    Series,
    add_series,
    atom,
    compose,
    constant,
    fixed,
    inverse_series,
    invert,
    mul_series,
    plus,
    times,
    to_expr,
)
from deriv.expr.substitute import depth, free_symbols, fresh_name, post_order, rename_bound, substitute

_ORDERS = (4, 8)
_SMALL = "limit.t"


def limit(expr: Limit) -> Expr | None:
    """The limit, or None where no rule here gives it."""
    body, point = expr.children
    name, side = str(expr.data[0]), str(expr.data[1])
    if depth(body) > 100:
        return None
    whole = _carried_out(body)
    if whole is None or name not in free_symbols(whole):
        return whole
    small = fresh_name(_SMALL, {_SMALL})
    infinite = _infinity(point)
    replacement = mul(Num(infinite), power(Sym(small), MINUS_ONE)) if infinite else Add((point, Sym(small)))
    if not infinite and name in free_symbols(point):
        return None
    shifted = substitute(whole, {Sym(name): replacement})
    sign = 1 if infinite or side == "+" else -1 if side == "-" else 0
    for order in _ORDERS:
        try:
            return _leading(_Expansion(small, order, sign).series(shifted))
        except NoSeries:
            continue
        except MeaningError:
            return None
    return None


def _carried_out(body: Expr) -> Expr | None:
    """Inner derivatives first."""
    from deriv.expr.calculus import NotDifferentiable, evaluate_derivatives

    try:
        return evaluate_derivatives(body)
    except NotDifferentiable:
        return None


def _infinity(point: Expr) -> int:
    if point == Const("oo"):
        return 1
    if isinstance(point, Mul) and point.children == (MINUS_ONE, Const("oo")):
        return -1
    return 0


def _leading(series: Series) -> Expr:
    """The value at t = 0 of a series without negative powers."""
    if any(series.at(k) for k in range(series.start, min(0, series.known_to))):
        raise NoSeries("infinite")
    if series.known_to <= 0:
        raise NoSeries("too little is known")
    return to_expr(series.at(0))


class _Expansion:
    """Expansion in one small variable to a fixed number of terms."""

    def __init__(self, small: str, order: int, sign: int) -> None:
        self.small = small
        self.order = order
        self.sign = sign
        self.made: dict[Expr, Series] = {}

    def series(self, node: Expr) -> Series:
        known = self.made.get(node)
        if known is None:
            known = self.made[node] = self._expand(node)
        return known

    def _expand(self, node: Expr) -> Series:
        if self.small not in free_symbols(node):
            return fixed(_coefficient(node), self.order)
        match node:
            case Sym():
                return Series(1, (constant(1), *({} for _ in range(self.order - 1))))
            case Add():
                return self._sum(node)
            case Mul():
                result = fixed(constant(1), self.order)
                for child in node.children:
                    result = mul_series(result, self.series(child))
                return result
            case Pow():
                return self._power(node)
            case Call():
                return self._call(node)
            case Apply():
                return self._apply(node)
            case Sum():
                return self._index_sum(node)
        raise NoSeries(type(node).__name__)

    def _sum(self, node: Expr) -> Series:
        result = self.series(node.children[0])
        for child in node.children[1:]:
            result = add_series(result, self.series(child))
        return result

    def _index_sum(self, node: Sum) -> Series:
        if self.small in free_symbols(node.lo) | free_symbols(node.hi):
            raise NoSeries("a bound that varies")
        body = self.series(node.body)
        return Series(body.start, tuple(_summed(node, value) for value in body.coefficients))

    def _power(self, node: Pow) -> Series:
        exponent = node.exponent
        if isinstance(exponent, Num) and exponent.value.denominator == 1 and abs(exponent.value) <= 40:
            base = self.series(node.base)
            base = inverse_series(base) if exponent.value < 0 else base
            result = fixed(constant(1), self.order)
            for _ in range(abs(int(exponent.value))):
                result = mul_series(result, base)
            return result
        if self.small in free_symbols(exponent) or not isinstance(exponent, Num):
            growth = ONE if node.base == Const("e") else call("log", node.base)
            return self.series(call("exp", mul(exponent, growth)))
        inner = self.series(node.base).trimmed()
        power_of_t = exponent.value * inner.start
        if not inner.coefficients[0] or power_of_t.denominator != 1:
            raise NoSeries("a root at 0")
        unit = self._scaled(inner)
        binomials = _binomials(exponent.value, self.order)
        root = compose(lambda k: constant(binomials[k]), unit, self.order)
        head = _coefficient(power(to_expr(inner.coefficients[0]), exponent))
        found = mul_series(root, fixed(head, self.order))
        if inner.start and self.sign != 1:
            raise NoSeries("a root of a small number of unknown sign")
        return Series(found.start + int(power_of_t), found.coefficients)

    def _scaled(self, inner: Series) -> Series:
        """u with inner = c t^m (1 + u)."""
        first = fixed(invert(inner.coefficients[0]), len(inner.coefficients))
        unit = mul_series(Series(0, inner.coefficients), first)
        return Series(0, ({}, *unit.coefficients[1:]))

    def _call(self, node: Call) -> Series:
        name = node.function
        rule = FUNCTIONS.get(name)
        if rule is None or not node.children or name in _JUMPS:
            raise NoSeries(name)
        if name in ("exp", "log", "sin", "cos", "atan", "asin", "erf") or (rule.reduce is None and rule.arity == 1):
            return self._known(name, node.children[0])
        if rule.reduce is None:
            raise NoSeries(name)
        return self.series(rule.reduce(node.children))

    def _known(self, name: str, argument: Expr) -> Series:
        inner = self.series(argument).trimmed()
        if inner.start < 0 and inner.coefficients[0]:
            return self._at_infinity(name, inner)
        start = to_expr(inner.at(0))
        if name == "log" and start == ZERO:
            raise NoSeries("the logarithm at 0")
        moving = Series(0, ({}, *(inner.at(k) for k in range(1, inner.known_to))))
        return compose(lambda k: self._taylor(name, start, k), moving, self.order)

    def _taylor(self, name: str, point: Expr, k: int) -> Coefficient:
        if point == ZERO:
            listed = _AT_ZERO.get(name)
            if listed is not None:
                return constant(listed(k))
        if name == "exp":
            return times(_coefficient(call("exp", point)), constant(Fraction(1, factorial(k))))
        from deriv.expr.calculus import differentiate

        variable = Sym("limit.s")
        value: Expr = call(name, variable)
        for _ in range(k):
            value = differentiate(value, variable)
        if any(isinstance(part, Cases) for part in (value, *value.children)):
            raise NoSeries("a kink")
        return times(_coefficient(substitute(value, {variable: point})), constant(Fraction(1, factorial(k))))

    def _at_infinity(self, name: str, inner: Series) -> Series:
        """exp(-1/t) is smaller than every power of t."""
        head = inner.coefficients[0]
        number = head.get((), None) if len(head) == 1 else None
        direction = 0 if number is None else (1 if number > 0 else -1)
        if self.sign == 0 or direction == 0:
            raise NoSeries("infinite")
        direction *= self.sign ** (inner.start % 2)
        if name == "exp" and direction < 0:
            return fixed({}, self.order)
        raise NoSeries("infinite")

    def _apply(self, node: Apply) -> Series:
        """The Taylor series of an unknown function in each argument that varies (one at a time)."""
        moving = [k for k, arg in enumerate(node.children) if self.small in free_symbols(arg)]
        if len(moving) != 1:
            raise NoSeries("several arguments vary")
        where = moving[0]
        inner = self.series(node.children[where]).trimmed()
        if inner.start < 0:
            raise NoSeries("infinite")
        start = to_expr(inner.at(0))
        args = tuple(start if k == where else arg for k, arg in enumerate(node.children))

        def taylor(k: int) -> Coefficient:
            orders = tuple(order + (k if j == where else 0) for j, order in enumerate(node.orders))
            return times(atom(Apply(node.function, args, orders)), constant(Fraction(1, factorial(k))))

        known = Series(0, ({}, *(inner.at(k) for k in range(1, inner.known_to))))
        return compose(taylor, known, self.order)


def _binomials(exponent: Fraction, count: int) -> list[Fraction]:
    values = [Fraction(1)]
    for k in range(1, count + 1):
        values.append(values[-1] * (exponent - k + 1) / k)
    return values


_JUMPS = frozenset({"floor", "ceil", "sign", "step", "heaviside"})

_AT_ZERO: dict[str, Callable[[int], Fraction]] = {
    "exp": lambda k: Fraction(1, factorial(k)),
    "sin": lambda k: Fraction((0, 1, 0, -1)[k % 4], factorial(k)),
    "cos": lambda k: Fraction((1, 0, -1, 0)[k % 4], factorial(k)),
    "atan": lambda k: Fraction((0, 1, 0, -1)[k % 4], max(k, 1)),
}


def _coefficient(node: Expr) -> Coefficient:
    """An expression without the small variable as a polynomial over its parts."""
    match node:
        case Num() | Decimal():
            return constant(node.value)
        case Add():
            total: Coefficient = {}
            for child in node.children:
                total = plus(total, _coefficient(child))
            return total
        case Mul():
            product = constant(1)
            for child in node.children:
                product = times(product, _coefficient(child))
            return product
        case Pow() if isinstance(node.exponent, Num) and node.exponent.value.denominator == 1:
            whole = int(node.exponent.value)
            base = _coefficient(node.base)
            if whole < 0 and not base:
                raise NoSeries("division by zero")
            if abs(whole) <= 6:
                base = invert(base) if whole < 0 else base
                result = constant(1)
                for _ in range(abs(whole)):
                    result = times(result, base)
                return result
        case Call(function="exp") if node.children[0] == ZERO:
            return constant(1)
        case Call(function="log") if node.children[0] == ONE:
            return {}
        case Pow() if node.base == ONE:
            return constant(1)
        case Sum():
            return _summed(node, _coefficient(node.body))
        case Call() if _reduced(node) is not None:
            return _coefficient(_reduced(node) or node)
        case Call() | Apply():
            return atom(node.with_children(tuple(to_expr(_coefficient(child)) for child in node.children)))
    return atom(node)


def _reduced(node: Call) -> Expr | None:
    """By simpler functions, where the table has them."""
    rule = FUNCTIONS.get(node.function)
    return None if rule is None or rule.reduce is None else rule.reduce(node.children)


def _summed(node: Sum, body: Coefficient) -> Coefficient:
    """The sum of a coefficient, monomial by monomial, under a bound name that depends on the depth alone."""
    total: Coefficient = {}
    for monomial, number in body.items():
        part = to_expr({monomial: Fraction(1)})
        level = sum(1 for inner in post_order(part) if isinstance(inner, Sum))
        made = rename_bound(Sum(node.index, node.lo, node.hi, part), f"limit.{level}")
        total = plus(total, times(atom(made), constant(number)))
    return total
