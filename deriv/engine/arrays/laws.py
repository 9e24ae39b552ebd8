"""The rules about whole arrays as patterns over trees: what a law differentiates, and what becomes of it.

Matrix laws are written with whole matrices, gradient laws in index form (and raised from it); both give the same kind
of value.  Laws whose formulas have no such form are left out: the engine does without them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from deriv.engine.arrays.nodes import (
    SCALAR,
    Op,
    Shape,
    diagonal_of,
    dot,
    hadamard,
    shape_of,
    total,
    trace,
    transpose,
)
from deriv.engine.arrays.raising import NotMatrix, Raiser
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Expr
from deriv.rulebook.arrays import ArrayFormula
from deriv.rulebook.book import Rulebook
from deriv.rulebook.model import GradientLaw, MatrixLaw, Rule


@dataclass(frozen=True, slots=True)
class ArrayLaw:
    """`value` by `variable` is `becomes`: the gradient, or a form linear in the change `d` + variable."""

    rule: str
    value: Expr
    variable: str
    becomes: Expr
    kind: Literal["gradient", "differential"]
    shapes: Mapping[str, Shape] = field(default_factory=dict)


@cache
def array_laws(book: Rulebook) -> tuple[ArrayLaw, ...]:
    """The laws of a rule book that are about whole arrays, the most specific first."""
    found = [law for rule in book.rules for law in _read(rule)]
    return tuple(sorted(found, key=lambda law: -sum(1 for _ in n.walk(law.value))))


def _read(rule: Rule) -> Iterator[ArrayLaw]:
    try:
        if isinstance(rule.law, MatrixLaw):
            yield _from_matrix(rule.id, rule.law)
        elif isinstance(rule.law, GradientLaw) and isinstance(rule.law.variable, n.Entry):
            yield _from_gradient(rule.id, rule.law)
    except MeaningError:
        return


def _from_matrix(rule: str, law: MatrixLaw) -> ArrayLaw:
    shapes = {name: _shape(sizes) for name, sizes in law.shapes.items()}
    change = f"d{law.variable}"
    shapes[change] = shapes[law.variable]
    reader = _Reader(shapes)
    becomes = law.gradient or law.differential
    assert becomes is not None
    kind: Literal["gradient", "differential"] = "gradient" if law.gradient else "differential"
    return ArrayLaw(rule, reader.formula(law.value), law.variable, reader.formula(becomes), kind, shapes)


def _shape(sizes: tuple[str, ...]) -> Shape:
    named = [n.Sym(size) for size in sizes]
    return (named[0] if named else None, named[1] if len(named) == 2 else None)


def _from_gradient(rule: str, law: GradientLaw) -> ArrayLaw:
    """The index form raised; the indices of the variable are the axes of the gradient."""
    raiser = Raiser()
    value = raiser.scalar(law.value)
    if shape_of(value, raiser.shapes) != SCALAR:
        raise NotMatrix("a law about entries")
    variable = law.variable
    indices = [index.name for index in variable.children if isinstance(index, n.Sym)]
    rows, cols = raiser.shapes.get(str(variable.data[0]), SCALAR)
    for index, size in zip(indices, (rows, cols), strict=False):
        assert size is not None
        raiser.sizes[index] = size
    becomes = raiser.along(raiser.lift(law.derivative), tuple(indices))
    return ArrayLaw(rule, value, str(variable.data[0]), becomes, "gradient", dict(raiser.shapes))


class _Reader:
    """Array formulas as trees; vectors are columns, and `a @ b` of two vectors is their inner product."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.shapes = shapes

    def formula(self, formula: ArrayFormula) -> Expr:
        """The tree of a formula."""
        return self.read(ast.parse(formula.text, mode="eval").body)

    def read(self, node: ast.expr) -> Expr:
        match node:
            case ast.Constant(value=int() as value):
                return n.Num(value)
            case ast.Name(id=name):
                return n.Sym(name)
            case ast.UnaryOp(operand=operand):
                return mul(n.MINUS_ONE, self.read(operand))
            case ast.Attribute(value=value):
                return transpose(self.read(value), self.shapes)
            case ast.BinOp(left=left, op=op, right=right):
                return self.combine(op, self.read(left), self.read(right))
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, [self.read(arg) for arg in args])
        raise NotMatrix(f"{ast.dump(node)} is no pattern")

    def combine(self, op: ast.operator, left: Expr, right: Expr) -> Expr:
        match op:
            case ast.Add():
                return add(left, right)
            case ast.Sub():
                return add(left, mul(n.MINUS_ONE, right))
            case ast.Mult():
                return hadamard((left, right)) if left == right else mul(left, right)
            case ast.Div():
                return mul(left, n.reciprocal(right))
            case ast.MatMult():
                if shape_of(left, self.shapes)[1] is None:
                    left = transpose(left, self.shapes)
                product = dot([left, right], self.shapes)
                column = shape_of(product, self.shapes)[0] is None
                return transpose(product, self.shapes) if column else product
        raise NotMatrix(f"{type(op).__name__} is no part of a pattern")

    def call(self, name: str, args: list[Expr]) -> Expr:
        match name:
            case "trace":
                return trace(args[0], self.shapes)
            case "total":
                return total(args[0], self.shapes)
            case "det" | "inv" | "softmax":
                return Op(name, tuple(args))
            case "outer":
                return dot([args[0], transpose(args[1], self.shapes)], self.shapes)
            case "eye":
                return Op("eye", (self._length(args[0]),))
            case "ones":
                return self._ones(args[0])
            case "diag":
                return diagonal_of(args[0], self.shapes)
            case "norm":
                return n.Pow(Op("sqnorm", (args[0],)), n.HALF)
            case "exp" | "log" | "sqrt" | "tanh" | "sigmoid" | "relu" | "step" | "sign":
                return n.Pow(args[0], n.HALF) if name == "sqrt" else n.Call(name, tuple(args))
        raise NotMatrix(f"{name} is no part of a pattern")

    def _length(self, expr: Expr) -> Expr:
        rows, _ = shape_of(expr, self.shapes)
        if rows is None:
            raise NotMatrix("the length of a scalar")
        return rows

    def _ones(self, expr: Expr) -> Expr:
        rows, cols = shape_of(expr, self.shapes)
        if rows is None:
            return n.ONE
        column = Op("ones", (rows,))
        return column if cols is None else dot([column, transpose(Op("ones", (cols,)), self.shapes)], self.shapes)
