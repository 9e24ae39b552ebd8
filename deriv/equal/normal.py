"""The normal form of an expression: a rational function over kernels."""

from __future__ import annotations

from collections.abc import Callable

from deriv.equal import atoms, explog, kinks, matrices, trig
from deriv.equal.budget import Unsupported
from deriv.equal.field import Field, Rat
from deriv.equal.products import product_over
from deriv.equal.sums import open_index, sum_over
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
from deriv.expr.substitute import post_order, substitute


class Normalizer:
    """Expressions to elements of one field, each distinct expression once."""

    def __init__(self, space: Field) -> None:
        self.space = space
        self.made: dict[Expr, Rat] = {}

    def element(self, node: Expr) -> Rat:
        """The normal form."""
        known = self.made.get(node)
        if known is None:
            known = _NORMAL.get(type(node), _unsupported)(self, node)
            self.made[node] = known
        return known

    def elements(self, nodes: tuple[Expr, ...]) -> tuple[Rat, ...]:
        """The normal forms of several."""
        return tuple(self.element(node) for node in nodes)


def _number(form: Normalizer, node: Expr) -> Rat:
    assert isinstance(node, (Num, Decimal))
    return form.space.number(node.value)


def _const(form: Normalizer, node: Expr) -> Rat:
    if node.data[0] == "e":
        return explog.exp(form.space, form.space.rat_one)
    if node.data[0] == "pi":
        return form.space.gen(form.space.kernel("pi", ()))
    raise Unsupported("infinity is not a value")


def _sym(form: Normalizer, node: Expr) -> Rat:
    space, name = form.space, str(node.data[0])
    values = space.domain.fact(name).values
    if values:
        number = space.kernel("sym", (name,))
        atoms.relate_values(space, number, values)
    return atoms.symbol(space, name)


def _entry(form: Normalizer, node: Expr) -> Rat:
    assert isinstance(node, Entry)
    return atoms.entry(form.space, node.name, node.sups, form.elements(node.indices))


def _add(form: Normalizer, node: Expr) -> Rat:
    return form.space.total(form.element(child) for child in node.children)


def _mul(form: Normalizer, node: Expr) -> Rat:
    result = form.space.rat_one
    for child in node.children:
        result = form.space.mul(result, form.element(child))
    return result


def _pow(form: Normalizer, node: Expr) -> Rat:
    assert isinstance(node, Pow)
    exponent = node.exponent
    if node.base == Const("e"):
        return explog.exp(form.space, form.element(exponent))
    if isinstance(exponent, Num):
        return explog.power(form.space, form.element(node.base), exponent.value)
    return explog.general_power(form.space, form.element(node.base), form.element(exponent))


def _call(form: Normalizer, node: Expr) -> Rat:
    assert isinstance(node, Call)
    name, space = node.function, form.space
    rule = FUNCTIONS.get(name)
    if rule is None or rule.arity not in (None, len(node.children)) or not node.children:
        raise Unsupported(f"the function {name}")
    unary = _UNARY.get(name)
    if unary is not None:
        return unary(space, form.element(node.children[0]))
    if name in ("max", "min"):
        return kinks.maximum(space, list(form.elements(node.children)), 1 if name == "max" else -1)
    if rule.reduce is not None:
        return form.element(rule.reduce(node.children))
    return atoms.opaque(space, name, form.elements(node.children))


_UNARY: dict[str, Callable[[Field, Rat], Rat]] = {
    "exp": explog.exp,
    "log": explog.log,
    "ln": explog.log,
    "sin": trig.sine,
    "cos": trig.cosine,
    "abs": kinks.absolute,
}


def _apply(form: Normalizer, node: Expr) -> Rat:
    assert isinstance(node, Apply)
    return atoms.apply(form.space, node.function, node.orders, form.elements(node.children))


def _delta(form: Normalizer, node: Expr) -> Rat:
    left, right = form.elements(node.children)
    return atoms.delta(form.space, left, right)


def _binder_height(node: Expr) -> int:
    """How deep sums and products are nested."""
    heights: dict[int, int] = {}
    for part in post_order(node):
        inner = max((heights[id(child)] for child in part.children), default=0)
        heights[id(part)] = inner + isinstance(part, (Sum, Product, Inverse, Det))
    return heights[id(node)]


def _quantified(form: Normalizer, node: Expr) -> Rat:
    """The bound name is replaced by one that tells its range and depth, so that equal bodies are equal objects."""
    assert isinstance(node, (Sum, Product))
    space = form.space
    lo, hi = form.element(node.lo), form.element(node.hi)
    name = open_index(space, f"b.{_binder_height(node)}", lo, hi)
    body = form.element(substitute(node.body, {Sym(node.index): Sym(name)}))
    return (sum_over if isinstance(node, Sum) else product_over)(space, name, lo, hi, body)


def _matrix(form: Normalizer, node: Expr) -> Rat:
    """As for sums, with a name for rows and one for columns."""
    assert isinstance(node, (Inverse, Det))
    space = form.space
    lo, hi = form.element(node.lo), form.element(node.hi)
    height = _binder_height(node)
    row, col = (open_index(space, f"b.{height}.{k}", lo, hi) for k in (0, 1))
    body = form.element(substitute(node.body, {Sym(node.row): Sym(row), Sym(node.col): Sym(col)}))
    matrix = matrices.Matrix(row, col, lo, hi, body)
    if isinstance(node, Det):
        return matrices.det(space, matrix)
    return matrices.inverse(space, matrix, form.element(node.i), form.element(node.j))


def _cases(form: Normalizer, node: Expr) -> Rat:
    assert isinstance(node, Cases)
    space = form.space
    rows: list[tuple[Rat, Rat]] = []
    gaps: list[tuple[str, Rat]] = []
    for comparison, lhs, rhs, value in node.rows:
        if comparison is True:
            rows.append((space.rat_one, form.element(value)))
            break
        gap = space.sub(form.element(lhs), form.element(rhs))
        gaps.append((comparison, gap))
        condition = kinks.holds(space, comparison, gap)
        if condition.num == space.zero:
            continue
        rows.append((condition, form.element(value)))
        if condition.key == space.rat_one.key:
            break
    two_sided = len(rows) == len(gaps) == 2 and {gaps[0][0], gaps[1][0]} == {"<", ">"}
    kink = gaps[0][1] if two_sided and gaps[0][1].key == gaps[1][1].key else None
    return kinks.cases(space, rows, kink=kink)


def _unsupported(form: Normalizer, node: Expr) -> Rat:
    raise Unsupported(f"a {type(node).__name__.lower()} that was not carried out")


_NORMAL: dict[type[Expr], Callable[[Normalizer, Expr], Rat]] = {
    Num: _number,
    Decimal: _number,
    Const: _const,
    Sym: _sym,
    Entry: _entry,
    Add: _add,
    Mul: _mul,
    Pow: _pow,
    Call: _call,
    Apply: _apply,
    Delta: _delta,
    Sum: _quantified,
    Inverse: _matrix,
    Det: _matrix,
    Product: _quantified,
    Cases: _cases,
}
