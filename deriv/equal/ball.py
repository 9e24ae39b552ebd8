"""Certified values: an expression at a point as a ball of `flint.arb` that surely contains the value.

F. Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", IEEE Transactions on Computers
66 (2017).  Whatever may lie outside the domain of a function is `Undefined`, never a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from deriv.equal.ball_functions import DIRECT, Arb, binomial, numeric_power, rational, whole_power
from deriv.equal.ball_matrix import Matrix, determinant, inverse
from deriv.equal.budget import Budget, TooLarge, Undefined, Unsupported
from deriv.equal.sample import Point
from deriv.expr.functions import FUNCTIONS
from deriv.expr.nodes import (
    Add,
    Apply,
    Call,
    Cases,
    Const,
    Decimal,
    Delta,
    Det,
    Entry,
    Expr,
    Inverse,
    Mul,
    Num,
    Pow,
    Product,
    Sum,
    Sym,
)
from deriv.expr.substitute import bound_below, free_symbols, post_order

_MAX_INDEX_BITS = 2000
NO_RADII: Final[Mapping[Expr, Fraction]] = MappingProxyType({})


class Evaluator:
    """One expression, any number of points; `radii` says how far a `Decimal` may be from what is written."""

    def __init__(self, root: Expr, budget: Budget, radii: Mapping[Expr, Fraction] = NO_RADII) -> None:
        self.root = root
        self.budget = budget
        self.radii = radii
        self.known: dict[int, tuple[Callable[[_Run, Expr], Arb], tuple[str, ...]]] = {}
        self.plain_binders = {name for name in bound_below(root) if "." not in name}
        self.discrete: dict[int, bool] = {}
        self.reduced: dict[int, Expr] = {}

    def depends(self, node: Expr) -> tuple[str, ...]:
        """The bound names that a node depends on; what a value may be remembered by."""
        return self.learn(node)[1]

    def learn(self, node: Expr) -> tuple[Callable[[_Run, Expr], Arb], tuple[str, ...]]:
        """How a node is evaluated, and the bound names that it depends on."""
        known = self.known.get(id(node))
        if known is None:
            names = tuple(sorted(name for name in free_symbols(node) if "." in name))
            known = self.known[id(node)] = (_EVALUATE[type(node)], names)
        return known

    def value(self, point: Point) -> Arb:
        """The value at a point, in the working precision."""
        return _Run(self, point).value(self.root)


class _Run:
    """One evaluation: the environment of bound indices and what has been computed."""

    def __init__(self, plan: Evaluator, point: Point) -> None:
        self.plan = plan
        self.point = point
        self.env: dict[str, int] = {}
        self.memo: dict[tuple[object, ...], Arb] = {}
        self.matrices: dict[tuple[object, ...], Matrix] = {}
        self.steps = plan.budget.evaluations

    def value(self, node: Expr) -> Arb:
        evaluate, names = self.plan.known.get(id(node)) or self.plan.learn(node)
        key: tuple[object, ...] = (id(node), *map(self.env.get, names)) if names else (id(node),)
        if self.plan.plain_binders:
            key += tuple(sorted(self.env.items()))
        known = self.memo.get(key)
        if known is None:
            self.steps -= 1
            if self.steps < 0:
                raise TooLarge("too many terms to evaluate")
            known = evaluate(self, node)
            if not known.is_finite():
                raise Undefined("not a finite value")
            self.memo[key] = known
        return known

    def integer(self, node: Expr) -> int:
        value = self.exact(node)
        if value.denominator != 1:
            raise Undefined("an index is not a whole number")
        return value.numerator

    def exact(self, node: Expr) -> Fraction:
        """Exact value of an index or a bound."""
        match node:
            case Num():
                return node.value
            case Sym():
                if node.name in self.env:
                    return Fraction(self.env[node.name])
                return self.point.symbol(node.name)
            case Add():
                return sum((self.exact(child) for child in node.children), Fraction(0))
            case Mul():
                result = Fraction(1)
                for child in node.children:
                    result *= self.exact(child)
                return result
            case Pow():
                return _exact_power(self.exact(node.base), self.exact(node.exponent))
            case Entry():
                return self.point.entry(node.name, node.sups, tuple(self.integer(i) for i in node.indices))
            case Const() if node.name == "oo":
                raise Unsupported("an infinite range")
        raise Unsupported("an index that is not a plain expression")

    def is_discrete(self, node: Expr) -> bool:
        """Whether all it depends on takes only separate values, so that a boundary is hit on purpose."""
        known = self.plan.discrete.get(id(node))
        if known is None:
            known = all(_is_discrete_leaf(part, self.point) for part in post_order(node))
            self.plan.discrete[id(node)] = known
        return known


def _exact_power(base: Fraction, exponent: Fraction) -> Fraction:
    """A power in an index or a bound."""
    if exponent.denominator != 1 or (not base and exponent < 0):
        raise Undefined("an index is not a whole number")
    if abs(exponent) * max(base.numerator.bit_length(), base.denominator.bit_length()) > _MAX_INDEX_BITS:
        raise TooLarge("too large an index")
    return base ** int(exponent)


def _is_discrete_leaf(node: Expr, point: Point) -> bool:
    if isinstance(node, Sym):
        return "." in node.name or point.is_discrete(node.name)
    if isinstance(node, Entry):
        return point.is_discrete(node.name)
    return not isinstance(node, (Apply, Decimal))


def _num(run: _Run, node: Expr) -> Arb:
    assert isinstance(node, Num)
    if max(node.value.numerator.bit_length(), node.value.denominator.bit_length()) > run.plan.budget.bits:
        raise TooLarge("too large a number")
    return Arb(rational(node.value))


def _decimal(run: _Run, node: Expr) -> Arb:
    assert isinstance(node, Decimal)
    value = Arb(rational(node.value))
    radius = run.plan.radii.get(node)
    if not radius:
        return value
    reach = Arb(rational(radius))
    return (value - reach).union(value + reach)


def _const(run: _Run, node: Expr) -> Arb:
    name = node.data[0]
    if name == "pi":
        return Arb.pi()
    if name == "e":
        return Arb.const_e()
    raise Unsupported("infinity is not a value")


def _sym(run: _Run, node: Expr) -> Arb:
    name = str(node.data[0])
    if name in run.env:
        return Arb(run.env[name])
    return Arb(rational(run.point.symbol(name)))


def _entry(run: _Run, node: Expr) -> Arb:
    assert isinstance(node, Entry)
    indices = tuple(run.integer(index) for index in node.indices)
    return Arb(rational(run.point.entry(node.name, node.sups, indices)))


def _add(run: _Run, node: Expr) -> Arb:
    total = Arb(0)
    for child in node.children:
        total += run.value(child)
    return total


def _mul(run: _Run, node: Expr) -> Arb:
    """A factor that is exactly 0 does not hide that another one is undefined."""
    total = Arb(1)
    for child in node.children:
        total *= run.value(child)
    return total


def _pow(run: _Run, node: Expr) -> Arb:
    assert isinstance(node, Pow)
    base = run.value(node.base)
    if isinstance(node.exponent, Num):
        return numeric_power(base, node.exponent.value)
    exponent = run.value(node.exponent)
    whole = exponent.unique_fmpz() if exponent.is_exact() and exponent.is_integer() else None
    if whole is not None:
        return numeric_power(base, Fraction(int(whole)))
    if base.is_zero() and exponent > 0:
        return Arb(0)
    if not base > 0:
        raise Undefined("a power of a base that is not positive")
    return (exponent * base.log()).exp()


def _call(run: _Run, node: Expr) -> Arb:
    name = str(node.data[0])
    args = [run.value(child) for child in node.children]
    direct = DIRECT.get(name)
    if direct is not None and len(args) == 1:
        return direct(args[0])
    if name in ("max", "min") and args:
        result = args[0]
        for arg in args[1:]:
            result = result.max(arg) if name == "max" else result.min(arg)
        return result
    if name == "binomial" and len(args) == 2:
        return binomial(args[0], args[1])
    return _reduced(run, node)


def _reduced(run: _Run, node: Expr) -> Arb:
    """By the reduction to simpler functions; the reduced form is evaluated under the same indices."""
    rule = FUNCTIONS.get(str(node.data[0]))
    if rule is None or rule.reduce is None or rule.arity not in (None, len(node.children)):
        raise Unsupported(f"the function {node.data[0]}")
    simpler = run.plan.reduced.get(id(node))
    if simpler is None:
        simpler = run.plan.reduced[id(node)] = rule.reduce(node.children)
    return run.value(simpler)


def _apply(run: _Run, node: Expr) -> Arb:
    assert isinstance(node, Apply)
    args = [run.value(child) for child in node.children]
    total = Arb(0)
    for exponents, coefficient in run.point.model(node.function, len(args)):
        term = Arb(rational(coefficient))
        for x, exponent, order in zip(args, exponents, node.orders, strict=True):
            if order > exponent:
                break
            for step in range(order):
                term *= exponent - step
            term *= whole_power(x, exponent - order)
        else:
            total += term
    return total


def _range(run: _Run, node: Sum | Product | Inverse | Det) -> range:
    lo, hi = run.integer(node.lo), run.integer(node.hi)
    if hi < lo - 1:
        raise Undefined("a range that ends before it begins")
    if hi - lo >= run.plan.budget.evaluations:
        raise TooLarge("too many terms to evaluate")
    return range(lo, hi + 1)


def _quantified(run: _Run, node: Expr) -> Arb:
    assert isinstance(node, (Sum, Product))
    values = _range(run, node)
    total = Arb(0) if isinstance(node, Sum) else Arb(1)
    before = run.env.get(node.index)
    try:
        for value in values:
            run.env[node.index] = value
            part = run.value(node.body)
            total = total + part if isinstance(node, Sum) else total * part
    finally:
        if before is None:
            run.env.pop(node.index, None)
        else:
            run.env[node.index] = before
    return total


def _matrix(run: _Run, node: Inverse | Det) -> Matrix:
    """The entries as balls; those of equal matrices under the same indices are shared."""
    values = _range(run, node)
    if not values:
        raise Undefined("a matrix without rows")
    names = [name for name in run.plan.depends(node.body) if name not in node.data]
    key = (type(node), node.data, node.body, values, *[run.env.get(name) for name in names])
    if run.plan.plain_binders:
        key += tuple(sorted(run.env.items()))
    known = run.matrices.get(key)
    if known is None:
        entries = _entries(run, node, values)
        known = run.matrices[key] = inverse(entries) if isinstance(node, Inverse) else determinant(entries)
    return known


def _entries(run: _Run, node: Inverse | Det, values: range) -> list[list[Arb]]:
    before = {name: run.env.get(name) for name in (node.row, node.col)}
    rows = []
    try:
        for row in values:
            run.env[node.row] = row
            line = []
            for col in values:
                run.env[node.col] = col
                line.append(run.value(node.body))
            rows.append(line)
    finally:
        for name, value in before.items():
            if value is None:
                run.env.pop(name, None)
            else:
                run.env[name] = value
    return rows


def _inverse(run: _Run, node: Expr) -> Arb:
    assert isinstance(node, Inverse)
    lo = run.integer(node.lo)
    i, j = run.integer(node.i) - lo, run.integer(node.j) - lo
    matrix = _matrix(run, node)
    if not (0 <= i < len(matrix) and 0 <= j < len(matrix)):
        raise Undefined("an entry outside of the inverse")
    return matrix[i][j]


def _det(run: _Run, node: Expr) -> Arb:
    assert isinstance(node, Det)
    return _matrix(run, node)[0][0]


def _delta(run: _Run, node: Expr) -> Arb:
    left, right = node.children
    return Arb(int(run.exact(left) == run.exact(right)))


def _cases(run: _Run, node: Expr) -> Arb:
    assert isinstance(node, Cases)
    for comparison, lhs, rhs, value in node.rows:
        if comparison is True or _holds(run, comparison, lhs, rhs):
            return run.value(value)
    raise Undefined("no row of the cases applies")


def _holds(run: _Run, comparison: str, lhs: Expr, rhs: Expr) -> bool:
    gap = run.value(lhs) - run.value(rhs)
    if gap > 0:
        return comparison in (">", ">=", "!=")
    if gap < 0:
        return comparison in ("<", "<=", "!=")
    decided = gap.is_zero() and (comparison in ("==", "!=") or (run.is_discrete(lhs) and run.is_discrete(rhs)))
    if not decided:
        raise Undefined("on the boundary between two cases")
    return comparison in ("==", "<=", ">=")


def _unsupported(run: _Run, node: Expr) -> Arb:
    raise Unsupported(f"a {type(node).__name__.lower()} that was not carried out")


class _Table(dict[type[Expr], Callable[[_Run, Expr], Arb]]):
    def __missing__(self, key: type[Expr]) -> Callable[[_Run, Expr], Arb]:
        return _unsupported


_EVALUATE = _Table(
    {
        Num: _num,
        Decimal: _decimal,
        Const: _const,
        Sym: _sym,
        Entry: _entry,
        Add: _add,
        Mul: _mul,
        Pow: _pow,
        Call: _call,
        Apply: _apply,
        Sum: _quantified,
        Product: _quantified,
        Inverse: _inverse,
        Det: _det,
        Delta: _delta,
        Cases: _cases,
    }
)
