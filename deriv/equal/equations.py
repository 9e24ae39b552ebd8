"""Points that satisfy what a document states: Σ_k y_k = 1 by rescaling, `x = expr` by substitution.

What cannot be solved is checked: a point is used only when no equation is certainly violated and, at 64 bits, both
sides agree.
"""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import pairwise, product
from math import prod

import flint

from deriv.equal.budget import DEFAULT, TooLarge, Undefined, Unsupported
from deriv.equal.sample import Point, index_value
from deriv.equal.slots import Names
from deriv.expr.domain import Domain
from deriv.expr.functions import sub
from deriv.expr.nodes import Add, Entry, Expr, Mul, Num, Pow, Sum, Sym
from deriv.expr.substitute import free_symbols, post_order

_FEW = 6
_MOST = 12  # for exponents
_SMALL = tuple(map(Fraction, (3, 4, 1, 2, 5, -3, -4, -1, -2, -5, 6, 8, 12, 0)))
"""Numbers to try in an equation, beginning with those of a right triangle."""


def satisfy(point: Point, names: Names, domain: Domain) -> bool:
    """Change the point so that the equations hold; False when one does not."""
    point.universal = _universal(names, domain)
    try:
        for lhs, rhs in domain.equations:
            _solve(point, lhs, rhs)
        return all(_agree(point, lhs, rhs) for lhs, rhs in domain.equations) and _allowed(point, domain)
    except (Undefined, Unsupported, TooLarge):
        return False


def _universal(names: Names, domain: Domain) -> frozenset[str]:
    """Index letters of the equations: Σ_k y_{ik} = 1 is meant for every i."""
    found = {
        index.name
        for pair in domain.equations
        for side in pair
        for node in post_order(side)
        if isinstance(node, Entry)
        for index in node.indices
        if isinstance(index, Sym) and "." not in index.name
    }
    return frozenset(found - set(names.sizes) - set(names.numbers))


def _solve(point: Point, lhs: Expr, rhs: Expr) -> None:
    for one, other in ((lhs, rhs), (rhs, lhs)):
        if isinstance(one, Sym) and one.name not in free_symbols(other):
            value = _rational(point, other)
            if value is not None:
                point.symbols[one.name] = value
                return
        if isinstance(one, Sum) and isinstance(other, Num):
            _rescale(point, one, other.value)
            return
    if not any(isinstance(node, Entry) for side in (lhs, rhs) for node in post_order(side)):
        _solve_for_one(point, sub(lhs, rhs))


def _solve_for_one(point: Point, gap: Expr) -> None:
    """Give a symbol in which an equation is linear the exact value that fulfils it, or find small numbers that do."""
    names = sorted(name for name in free_symbols(gap) if "." not in name)
    # the rate that an equation was differentiated to find depends on the others
    names.sort(key=lambda name: not name.startswith("∂"))
    for name in names:
        value = _root_if_linear(point, gap, name)
        if value is not None:
            point.symbols[name] = value
            return
    before = dict(point.symbols)
    for values in product(_SMALL, repeat=min(len(names), 2)):
        turned = values[point.number % len(values) :] + values[: point.number % len(values)] if values else values
        point.symbols.update(zip(names, turned, strict=False))
        with suppress(Undefined):
            if _fraction(point, gap) == 0:
                return
    point.symbols.update(before)


def _root_if_linear(point: Point, gap: Expr, name: str) -> Fraction | None:
    old = point.symbols.get(name)
    values: list[Fraction] = []
    try:
        for at in range(4):
            point.symbols[name] = Fraction(at)
            value = _fraction(point, gap)
            if value is None:
                return None
            values.append(value)
        steps = {b - a for a, b in pairwise(values)}
        step = steps.pop()
        if steps or not step:
            return None
        root = -values[0] / step
        point.symbols[name] = root
        return root if _fraction(point, gap) == 0 else None
    except Undefined:
        return None
    finally:
        if old is None:
            point.symbols.pop(name, None)
        else:
            point.symbols[name] = old


def _fraction(point: Point, node: Expr) -> Fraction | None:
    """The exact value of a rational expression; None for another one, and where it is not defined."""
    match node:
        case Num():
            return node.value
        case Sym():
            return point.symbol(node.name)
        case Add() | Mul():
            parts = [_fraction(point, child) for child in node.children]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            return sum(known, Fraction(0)) if isinstance(node, Add) else prod(known, start=Fraction(1))
        case Pow() if isinstance(node.exponent, Num) and node.exponent.value.denominator == 1:
            base = _fraction(point, node.base)
            if base is None or abs(node.exponent.value) > _MOST or (base == 0 and node.exponent.value < 0):
                return None
            return Fraction(base ** int(node.exponent.value))
    return None


def _rational(point: Point, node: Expr) -> Fraction | None:
    """The exact value of a side when its ball is exact."""
    from deriv.equal.ball import Evaluator

    with flint.ctx.workprec(256):
        value = Evaluator(node, DEFAULT).value(point)
        if not value.is_exact():
            return None
        exact = value.fmpq()
        return Fraction(int(exact.p), int(exact.q))


def _rescale(point: Point, node: Sum, total: Fraction) -> None:
    """Σ_k y_k = c: divide by the sum.  Families of labels (0 or 1) become one-hot instead."""
    body = node.body
    if not isinstance(body, Entry) or Sym(node.index) not in body.indices:
        return
    names = [index.name for index in body.indices if isinstance(index, Sym) and index.name != node.index]
    letters = [name for name in names if name in point.universal]
    before = {name: point.symbols.get(name, Fraction(1 + point.number % 2)) for name in letters}
    for values in product(range(_FEW), repeat=min(len(letters), 2)):
        point.symbols.update(zip(letters, map(Fraction, values), strict=False))
        with suppress(Undefined):  # a row that is not there
            _rescale_row(point, node, body, total)
    point.symbols.update(before)


def _rescale_row(point: Point, node: Sum, body: Entry, total: Fraction) -> None:
    keys = []
    for k in range(index_value(point, node.lo), index_value(point, node.hi) + 1):
        indices = tuple(k if index == Sym(node.index) else index_value(point, index) for index in body.indices)
        keys.append((body.name, body.sups, indices))
    if not keys:
        return
    values = point.domain.fact(body.name).values
    if values:
        chosen = (point.number + sum(keys[0][2])) % len(keys)
        low, high = min(values), max(values)
        for position, key in enumerate(keys):
            point.entries[key] = high if position == chosen else low
        return
    for key in keys:
        point.entry(*key)
    current = sum((abs(point.entries[key]) for key in keys), Fraction(0))
    if not current:
        return  # the equation then fails here, and the point is left out
    for key in keys:
        point.entries[key] = abs(point.entries[key]) / current * total


def _agree(point: Point, lhs: Expr, rhs: Expr) -> bool:
    """Whether both sides agree; free indices of an equation mean: for each of their values (only seen ones hold)."""
    from deriv.equal.ball import Evaluator

    with flint.ctx.workprec(128):
        left, right = Evaluator(lhs, DEFAULT).value(point), Evaluator(rhs, DEFAULT).value(point)
        return bool((left - right).contains(0)) and bool(abs(left - right) < flint.arb("1e-20"))


def _allowed(point: Point, domain: Domain) -> bool:
    from deriv.equal.ball import Evaluator

    with flint.ctx.workprec(64):
        return all(bool(Evaluator(node, DEFAULT).value(point) != 0) for node in domain.excluded)
