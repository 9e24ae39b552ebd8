"""Definite integrals of sums of constants times powers, exponentials, sines and cosines of a linear argument."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from deriv.expr.functions import add, call, mul, over, power, sub
from deriv.expr.nodes import MINUS_ONE, ONE, ZERO, Add, Call, Const, Expr, Integral, Mul, Num, Pow, Sym
from deriv.expr.substitute import free_symbols, substitute

_MOST_DEGREE = 40


def integral(expr: Integral) -> Expr | None:
    """The integral, or None where no rule here gives it."""
    body, lo, hi = expr.children
    if Const("oo") in (lo, hi) or any(Const("oo") in side.children for side in (lo, hi)):
        return None
    variable = Sym(str(expr.data[0]))
    poles: list[tuple[Expr, Fraction]] = []
    primitive = antiderivative(body, variable, poles)
    if primitive is None:
        return None
    ends: list[dict[Expr, Expr]] = [{variable: end} for end in (lo, hi)]
    for base, exponent in poles:
        values = [substitute(base, end) for end in ends]
        if not _same_sign(values) and (exponent != -1 or all(number(value) is not None for value in values)):
            return None
    return sub(substitute(primitive, ends[1]), substitute(primitive, ends[0]))


def number(node: Expr) -> Fraction | None:
    """The value of an expression of numbers."""
    match node:
        case Num():
            return node.value
        case Add() | Mul():
            parts = [number(child) for child in node.children]
            values = [part for part in parts if part is not None]
            if len(values) < len(parts):
                return None
            return sum(values, Fraction(0)) if isinstance(node, Add) else prod(values, start=Fraction(1))
    return None


def _same_sign(values: list[Expr]) -> bool:
    """Whether a linear argument certainly does not pass through 0 between the bounds."""
    numbers = [number(value) for value in values]
    known = [value for value in numbers if value is not None]
    return len(known) == 2 and (min(known) > 0 or max(known) < 0)


def antiderivative(body: Expr, variable: Sym, poles: list[tuple[Expr, Fraction]]) -> Expr | None:
    """A primitive of `body`, term by term; `poles` collects the bases of negative powers.

    The primitive of 1/x is log x, so that the value is defined only where the bounds are on the positive side.
    """
    if variable.name not in free_symbols(body):
        return mul(body, variable)
    if isinstance(body, Add):
        parts = [antiderivative(term, variable, poles) for term in body.children]
        return None if None in parts else add(*(part for part in parts if part is not None))
    if isinstance(body, Mul):
        return _product(body, variable, poles)
    return _basic(body, variable, poles)


def _product(body: Mul, variable: Sym, poles: list[tuple[Expr, Fraction]]) -> Expr | None:
    """Constants come out; of what remains only products of sums and powers of the variable are multiplied out."""
    outside = [factor for factor in body.children if variable.name not in free_symbols(factor)]
    inside = [factor for factor in body.children if variable.name in free_symbols(factor)]
    if len(inside) == 1:
        found = antiderivative(inside[0], variable, poles)
        return None if found is None else mul(*outside, found)
    coefficients = polynomial(mul(*inside), variable)
    return None if coefficients is None else mul(*outside, _integrated(coefficients, variable))


def _basic(body: Expr, variable: Sym, poles: list[tuple[Expr, Fraction]]) -> Expr | None:
    coefficients = polynomial(body, variable)
    if coefficients is not None:
        return _integrated(coefficients, variable)
    body = _merged(body)
    if isinstance(body, Pow) and isinstance(body.exponent, Num):
        return _power(body, body.exponent.value, variable, poles)
    if isinstance(body, Pow) and body.base == Const("e"):
        return _by_slope(body, body.exponent, variable, body)
    if isinstance(body, Call) and len(body.children) == 1:
        argument = body.children[0]
        primitive = {
            "exp": body,
            "sin": mul(MINUS_ONE, call("cos", argument)),
            "cos": call("sin", argument),
        }.get(body.function)
        return None if primitive is None else _by_slope(body, argument, variable, primitive)
    return None


def _merged(body: Expr) -> Expr:
    """(u^a)^b as u^(ab) for whole exponents."""
    while isinstance(body, Pow) and isinstance(body.base, Pow):
        inner, outer = body.base.exponent, body.exponent
        if not (isinstance(inner, Num) and isinstance(outer, Num)):
            break
        if inner.value.denominator != 1 or outer.value.denominator != 1:
            break
        body = Pow(body.base.base, Num(inner.value * outer.value))
    return body


def _by_slope(body: Expr, argument: Expr, variable: Sym, primitive: Expr) -> Expr | None:
    """∫ g(a x + b) dx = G(a x + b)/a."""
    linear = polynomial(argument, variable)
    if linear is None or len(linear) != 2:
        return None
    return over(primitive, linear[1])


def _power(body: Pow, exponent: Fraction, variable: Sym, poles: list[tuple[Expr, Fraction]]) -> Expr | None:
    linear = polynomial(body.base, variable)
    if linear is None or len(linear) != 2:
        return None
    if exponent < 0:
        poles.append((body.base, exponent))
    if exponent == -1:
        return over(call("log", body.base), linear[1])
    return over(power(body.base, Num(exponent + 1)), mul(Num(exponent + 1), linear[1]))


def _integrated(coefficients: list[Expr], variable: Sym) -> Expr:
    terms = (mul(c, Num(Fraction(1, k + 1)), power(variable, Num(k + 1))) for k, c in enumerate(coefficients))
    return add(*terms)


def polynomial(body: Expr, variable: Sym) -> list[Expr] | None:
    """Coefficients by powers of the variable, lowest first."""
    if body == variable:
        return [ZERO, ONE]
    if variable.name not in free_symbols(body):
        return [body]
    if isinstance(body, Add):
        parts = [polynomial(term, variable) for term in body.children]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        top = max(len(part) for part in known)
        return [add(*(part[k] for part in known if k < len(part))) for k in range(top)]
    if isinstance(body, Mul):
        return _multiplied([polynomial(factor, variable) for factor in body.children])
    if isinstance(body, Pow) and isinstance(body.exponent, Num):
        exponent = body.exponent.value
        base = polynomial(body.base, variable)
        if base is not None and exponent.denominator == 1 and 0 <= exponent * len(base) <= _MOST_DEGREE:
            return _multiplied([base] * int(exponent)) if exponent else [ONE]
    return None


def _multiplied(parts: list[list[Expr] | None]) -> list[Expr] | None:
    result: list[Expr] = [ONE]
    for part in parts:
        if part is None or len(result) + len(part) > _MOST_DEGREE:
            return None
        product: list[list[Expr]] = [[] for _ in range(len(result) + len(part) - 1)]
        for j, a in enumerate(result):
            for k, b in enumerate(part):
                product[j + k].append(mul(a, b))
        result = [add(*terms) for terms in product]
    return result
