"""Points that satisfy what a document states: Σ_k y_k = 1 by rescaling, `x = expr` by substitution.

What cannot be solved is checked: a point is used only when no equation is certainly violated and, at 64 bits, both
sides agree.
"""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import product

import flint

from deriv.equal.budget import DEFAULT, TooLarge, Undefined, Unsupported
from deriv.equal.sample import Point, index_value
from deriv.equal.slots import Names
from deriv.expr.domain import Domain
from deriv.expr.nodes import Entry, Expr, Num, Sum, Sym
from deriv.expr.substitute import free_symbols, post_order

_FEW = 6


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
