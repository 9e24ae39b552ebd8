"""Back through one expression: what a cotangent of it contributes to a part of it, law by law.

If a loss has the gradient G by u, then it has `pull(u, z, G)` by z as far as it depends on z through u (J. R. Magnus,
H. Neudecker, *Matrix Differential Calculus*, 3rd ed., 2019, chapters 9 and 10; the transposed map of a differential).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from deriv.engine.arrays.laws import array_laws
from deriv.engine.arrays.match import CHANGE, MARK, fill, first_law, replace
from deriv.engine.arrays.nodes import (
    SCALAR,
    Op,
    Shapes,
    diagonal_of,
    dot,
    inner,
    is_scalar,
    shape_of,
    total,
    transpose,
)
from deriv.engine.rewrite import Pass, arithmetic, unit_factor
from deriv.engine.tactics import is_negation
from deriv.engine.template import fill as fill_structure
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Expr
from deriv.expr.substitute import substitute
from deriv.rulebook.book import Rulebook
from deriv.rulebook.model import FunctionLaw, StructureLaw


@dataclass(slots=True)
class Puller:
    """Cotangents through expressions; `rules` notes what was used, in order."""

    book: Rulebook
    shapes: Shapes
    depends: Callable[[Expr], bool]
    rules: list[str] = field(default_factory=list)

    def pull(self, expr: Expr, target: Expr, cotangent: Expr, value: Expr | None = None) -> Expr:
        """The contribution of a cotangent of `expr` to `target`; `value` is a name that the expression has."""
        if expr == target:
            return cotangent
        if not self.depends(expr):
            return n.ZERO
        match expr:
            case n.Add():
                return self._add(expr, target, cotangent)
            case n.Mul():
                return self._mul(expr, target, cotangent)
            case n.Pow() | n.Call() | n.Apply():
                return self._entrywise(expr, target, cotangent, value or expr)
            case Op():
                return self._op(expr, target, cotangent, value or expr)
        raise MeaningError(f"no rule goes back through a {type(expr).__name__}")

    def note(self, *rules: str) -> None:
        """Remember the rules that were used."""
        self.rules += [rule for rule in rules if rule not in self.rules]

    def _add(self, expr: n.Add, target: Expr, cotangent: Expr) -> Expr:
        self.note("difference" if any(map(is_negation, expr.children)) else "sum")
        array = shape_of(expr, self.shapes) != SCALAR
        parts = []
        for term in expr.children:
            if self.depends(term):
                stretched = array and is_scalar(term, self.shapes)
                parts.append(self.pull(term, target, self._summed(cotangent) if stretched else cotangent))
        return add(*parts)

    def _summed(self, cotangent: Expr) -> Expr:
        """What a number that is added to every entry receives."""
        rows, cols = shape_of(cotangent, self.shapes)
        if rows is None or cols is not None:
            return total(cotangent, self.shapes)
        return dot([transpose(Op("ones", (rows,)), self.shapes), cotangent], self.shapes)

    def _mul(self, expr: n.Mul, target: Expr, cotangent: Expr) -> Expr:
        moving = [k for k, part in enumerate(expr.children) if self.depends(part)]
        if len(moving) > 1:
            self.note("product")
        parts = []
        for k in moving:
            part = expr.children[k]
            others = mul(*expr.children[:k], *expr.children[k + 1 :])
            if is_scalar(part, self.shapes) and not is_scalar(others, self.shapes):
                self.note("constant-multiple")
                upstream = inner(others, cotangent, self.shapes)
            else:
                self.note("constant-multiple" if is_scalar(others, self.shapes) else "hadamard")
                upstream = mul(cotangent, others)
            parts.append(self.pull(part, target, upstream))
        return add(*parts)

    def _entrywise(self, expr: Expr, target: Expr, cotangent: Expr, value: Expr) -> Expr:
        parts = []
        for k, arg in enumerate(expr.children):
            if self.depends(arg):
                slope = self.slope(expr, k, value)
                parts.append(self.pull(arg, target, mul(cotangent, slope)))
        return add(*parts)

    def slope(self, expr: Expr, k: int, value: Expr) -> Expr:
        """The derivative of an elementwise function by one argument, from the rule book."""
        if isinstance(expr, n.Pow):
            return self._power_slope(expr, k)
        if isinstance(expr, n.Apply):
            self.note("chain")
            return n.Apply(expr.function, expr.children, (expr.orders[0] + 1,))
        rule = self.book.function(str(expr.data[0]))
        if rule is None or not isinstance(rule.law, FunctionLaw):
            raise MeaningError(f"the rule book has no derivative of {expr.data[0]}")
        self.note(rule.id)
        binding: dict[Expr, Expr] = dict(zip(map(n.Sym, rule.law.inputs), expr.children, strict=True))
        return step_function(substitute(rule.law.partials[k], {**binding, n.Sym("y"): value}))

    def _power_slope(self, expr: n.Pow, k: int) -> Expr:
        base, exponent = expr.children
        if k == 1:
            raise MeaningError("a variable exponent of an array has no rule here")
        special: dict[Expr, str] = {n.MINUS_ONE: "reciprocal", n.HALF: "square-root"}
        rule = special.get(exponent, "power")
        self.note(rule)
        law = self.book[rule].law
        assert isinstance(law, StructureLaw)
        filled = fill_structure(law.result, {"f": base, "g": base, "r": exponent}, MARK)
        return Pass("", _numbers)(replace(filled, {n.Derivative(base, MARK): n.ONE}))

    def _op(self, expr: Op, target: Expr, cotangent: Expr, value: Expr) -> Expr:
        match expr.op:
            case "dot":
                return self._dot(expr, target, cotangent)
            case "T" if None in shape_of(expr, self.shapes):
                self.note("transpose")
                return self.pull(expr.children[0], target, transpose(cotangent, self.shapes))
            case "diag":
                self.note("hadamard")
                return self.pull(expr.children[0], target, diagonal_of(cotangent, self.shapes))
            case "diagonal":
                self.note("hadamard")
                return self.pull(expr.children[0], target, Op("diag", (cotangent,)))
            case "softmax":
                self.note("softmax")
                centred = add(cotangent, mul(n.MINUS_ONE, inner(value, cotangent, self.shapes)))
                return self.pull(expr.children[0], target, mul(value, centred))
        return self._by_law(expr, expr.children[0], target, cotangent)

    def _dot(self, expr: Op, target: Expr, cotangent: Expr) -> Expr:
        """Each moving factor in turn: what stands left of it, then what stands right of it, is held fixed."""
        moving = [k for k, part in enumerate(expr.children) if self.depends(part)]
        if len(moving) > 1:
            self.note("product")
        parts = []
        for k in moving:
            factors = expr.children
            upstream = self._sides(factors[:k], factors[k], factors[k + 1 :], cotangent)
            parts.append(self.pull(factors[k], target, upstream))
        return add(*parts)

    def _sides(self, left: tuple[Expr, ...], part: Expr, right: tuple[Expr, ...], cotangent: Expr) -> Expr:
        if right:
            before = dot([*left, part], self.shapes)
            cotangent = self._linear("matrix-product-right", before, dot(right, self.shapes), cotangent)
        if left:
            cotangent = self._linear("matrix-product", part, dot(left, self.shapes), cotangent)
        return cotangent

    def _linear(self, rule: str, part: Expr, fixed: Expr, cotangent: Expr) -> Expr:
        """The transposed map of the differential of A X or X A."""
        law = next(law for law in array_laws(self.book) if law.rule == rule)
        self.note(rule)
        shapes = {**self.shapes, CHANGE.name: shape_of(part, self.shapes)}
        return adjoint(fill(law.becomes, {"A": fixed, "dX": CHANGE}, shapes), CHANGE, cotangent, shapes)

    def _by_law(self, expr: Op, part: Expr, target: Expr, cotangent: Expr) -> Expr:
        """A law for the operation itself: transpose, inverse, trace, determinant, squared norm, sum of entries."""
        fitting = first_law(array_laws(self.book), expr, part, self.shapes)
        if fitting is None:
            raise MeaningError(f"no rule goes back through {expr.op}")
        law, found = fitting
        self.note(law.rule)
        if law.kind == "gradient":
            return self.pull(part, target, mul(cotangent, found))
        shapes = {**self.shapes, CHANGE.name: shape_of(part, self.shapes)}
        return self.pull(part, target, adjoint(found, CHANGE, cotangent, shapes))


def _numbers(node: Expr) -> Expr:
    """3 - 1 is written 2, and factors and exponents 1 are not written."""
    return arithmetic(unit_factor(node))


def adjoint(form: Expr, change: Expr, cotangent: Expr, shapes: Shapes) -> Expr:
    """The transposed map of a form that is linear in `change`, applied to a cotangent."""
    if form == change:
        return cotangent
    if not any(node == change for node in n.walk(form)):
        return n.ZERO
    if isinstance(form, n.Add):
        return add(*(adjoint(term, change, cotangent, shapes) for term in form.children))
    if isinstance(form, n.Mul):
        k = next(k for k, part in enumerate(form.children) if any(node == change for node in n.walk(part)))
        others = mul(*form.children[:k], *form.children[k + 1 :])
        return adjoint(form.children[k], change, mul(others, cotangent), shapes)
    assert isinstance(form, Op)
    if form.op == "T":
        return adjoint(form.children[0], change, transpose(cotangent, shapes), shapes)
    if form.op == "dot":
        k = next(k for k, part in enumerate(form.children) if any(node == change for node in n.walk(part)))
        left = [transpose(part, shapes) for part in reversed(form.children[:k])]
        right = [transpose(part, shapes) for part in reversed(form.children[k + 1 :])]
        return adjoint(form.children[k], change, dot([*left, cotangent, *right], shapes), shapes)
    raise MeaningError(f"a differential is not linear: {form.op}")


def step_function(slope: Expr) -> Expr:
    """1 where the argument is positive, else 0: written as a function of the whole array."""
    if not isinstance(slope, n.Cases):
        return slope
    rows = list(slope.rows)
    first = rows[0]
    last = rows[-1]
    if len(rows) == 2 and first[0] in (">", ">=") and first[2] == n.ZERO and first[3] == n.ONE and last[3] == n.ZERO:
        return n.Call("step", (first[1],))
    raise MeaningError("a derivative by cases has no form for whole arrays")


__all__ = ["Puller", "adjoint", "step_function"]
