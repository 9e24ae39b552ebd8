"""Expressions over whole arrays: the nodes of `expr` act entry by entry, `Op` adds what only matrices have.

`Sym` names a scalar or an array (the `Shapes` say which), `Add`, `Mul`, `Pow` and `Call` work entry by entry and
stretch scalars; so the algebra of scalar lines holds for whole arrays too.  A vector is a column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.functions import mul
from deriv.expr.nodes import Expr

Shape = tuple[Expr | None, Expr | None]
"""Number of rows and of columns; None for a missing axis (a column vector has rows only)."""
Shapes = Mapping[str, Shape]

SCALAR: Final[Shape] = (None, None)
Kind = Literal["dot", "T", "inv", "det", "trace", "sqnorm", "total", "diag", "diagonal", "ones", "eye", "softmax"]
_TO_SCALAR: Final = ("det", "trace", "sqnorm", "total")


class Op(Expr):
    """A matrix product (`dot`), transpose, inverse, determinant, trace, squared norm, sum of all entries, diag …

    `diag` makes a matrix of a vector, `diagonal` a vector of a matrix; `ones` and `eye` have their length as a child.
    """

    __slots__ = ()

    def __init__(self, op: Kind, args: tuple[Expr, ...]) -> None:
        super().__init__(args, (op,))

    @property
    def op(self) -> str:
        return str(self.data[0])


def is_op(expr: Expr, *ops: Kind) -> bool:
    """Whether an expression is one of these matrix operations."""
    return isinstance(expr, Op) and expr.op in ops


def shape_of(expr: Expr, shapes: Shapes) -> Shape:
    """The shape of an expression; a `MeaningError` where the parts do not fit."""
    match expr:
        case n.Sym():
            return shapes.get(expr.name, SCALAR)
        case n.Derivative():
            return shape_of(expr.variable, shapes) if shape_of(expr.body, shapes) == SCALAR else _jacobian(expr, shapes)
        case Op():
            return _op_shape(expr, shapes)
        case n.Entry() | n.Sum() | n.Product():
            return SCALAR
    return _stretched([shape_of(child, shapes) for child in expr.children])


def _jacobian(expr: n.Derivative, shapes: Shapes) -> Shape:
    return shape_of(expr.body, shapes)[0], shape_of(expr.variable, shapes)[0]


def _stretched(found: Sequence[Shape]) -> Shape:
    arrays = [shape for shape in found if shape != SCALAR]
    if any(shape != arrays[0] for shape in arrays[1:]):
        raise MeaningError("arrays of different shapes are combined entry by entry")
    return arrays[0] if arrays else SCALAR


def _op_shape(expr: Op, shapes: Shapes) -> Shape:
    if expr.op in _TO_SCALAR:
        return SCALAR
    if expr.op == "ones":
        return expr.children[0], None
    if expr.op == "eye":
        return expr.children[0], expr.children[0]
    if expr.op == "dot":
        return _dot_shape([shape_of(child, shapes) for child in expr.children])
    rows, cols = shape_of(expr.children[0], shapes)
    if expr.op == "T":
        return cols, rows
    if expr.op == "diag":
        return rows, rows
    return (rows, None) if expr.op == "diagonal" else (rows, cols)


def _dot_shape(found: Sequence[Shape]) -> Shape:
    rows, inner = found[0]
    for first, last in found[1:]:
        if first != inner:
            raise MeaningError("the inner sizes of a matrix product do not fit")
        inner = last
    return rows, inner


def is_scalar(expr: Expr, shapes: Shapes) -> bool:
    """Whether an expression is a single number."""
    return shape_of(expr, shapes) == SCALAR


def product_parts(expr: Expr) -> tuple[Expr, ...]:
    """The factors of a matrix product, or the expression alone."""
    return expr.children if is_op(expr, "dot") else (expr,)


def transpose(expr: Expr, shapes: Shapes) -> Expr:
    """The transpose, moved into products and to the factors of scalars; symmetric things stay."""
    if is_scalar(expr, shapes) or is_op(expr, "eye", "diag"):
        return expr
    if is_op(expr, "T"):
        return expr.children[0]
    if is_op(expr, "dot"):
        return dot([transpose(part, shapes) for part in reversed(expr.children)], shapes)
    if is_op(expr, "inv") and transpose(expr.children[0], shapes) == expr.children[0]:
        return expr
    if isinstance(expr, n.Add):
        turned = [transpose(term, shapes) for term in expr.children]
        return expr if set(turned) == set(expr.children) else Op("T", (expr,))
    if isinstance(expr, n.Mul):
        scalars = [part for part in expr.children if is_scalar(part, shapes)]
        arrays = [part for part in expr.children if not is_scalar(part, shapes)]
        if scalars or all(is_op(part, "T") for part in arrays):
            inner = mul(*arrays) if scalars else None
            array = transpose(inner, shapes) if inner else mul(*(part.children[0] for part in arrays))
            return mul(*scalars, array)
    return Op("T", (expr,))


def dot(parts: Sequence[Expr], shapes: Shapes) -> Expr:
    """The matrix product, flat, scalar factors in front, identities dropped; a scalar part just multiplies."""
    scalars: list[Expr] = []
    arrays: list[Expr] = []
    for part in parts:
        own, rest = split_scalars(part, shapes)
        scalars += own
        if rest is not None:
            arrays += product_parts(rest)
    if n.ZERO in scalars:
        return n.ZERO
    kept = [part for part in arrays if not is_op(part, "eye")]
    arrays = kept or arrays[:1]
    if not arrays:
        return mul(*scalars)
    return mul(*scalars, arrays[0] if len(arrays) == 1 else Op("dot", tuple(arrays)))


def split_scalars(expr: Expr, shapes: Shapes) -> tuple[list[Expr], Expr | None]:
    """The scalar factors of an expression and the array that they multiply (None for a scalar)."""
    if is_scalar(expr, shapes):
        return [expr], None
    if not isinstance(expr, n.Mul):
        return [], expr
    scalars = [part for part in expr.children if is_scalar(part, shapes)]
    arrays = [part for part in expr.children if not is_scalar(part, shapes)]
    return scalars, mul(*arrays)


def hadamard(parts: Sequence[Expr]) -> Expr:
    """The product entry by entry, two equal factors as a square."""
    if len(parts) == 2 and parts[0] == parts[1]:
        return n.Pow(parts[0], n.Num(2))
    return mul(*parts)


def square_norm(expr: Expr, shapes: Shapes) -> Expr:
    """The sum of the squares of all entries."""
    if is_op(expr, "T"):
        return square_norm(expr.children[0], shapes)
    return n.Pow(expr, n.Num(2)) if is_scalar(expr, shapes) else Op("sqnorm", (expr,))


def total(expr: Expr, shapes: Shapes) -> Expr:
    """The sum of all entries; of a square it is a squared norm, of a product of two vectors an inner product."""
    scalars, array = split_scalars(expr, shapes)
    if array is None:
        return mul(*scalars)
    if isinstance(array, n.Pow) and array.exponent == n.Num(2):
        return mul(*scalars, square_norm(array.base, shapes))
    if isinstance(array, n.Mul):
        first, rest = array.children[0], mul(*array.children[1:])
        return mul(*scalars, inner(first, rest, shapes))
    if is_op(array, "T"):
        array = array.children[0]
    if is_op(array, "dot") and shape_of(array, shapes)[1] is None:
        rows = shape_of(array, shapes)[0]
        assert rows is not None
        if is_op(array.children[-1], "ones") and len(array.children) == 2:
            whole = array.children[0]
            return mul(*scalars, total(whole.children[0] if is_op(whole, "T") else whole, shapes))
        return mul(*scalars, dot([transpose(Op("ones", (rows,)), shapes), array], shapes))
    return mul(*scalars, Op("total", (array,)))


def inner(left: Expr, right: Expr, shapes: Shapes) -> Expr:
    """The inner product of two arrays of one shape: a^T b, or tr(A^T B)."""
    shape = shape_of(left, shapes)
    if shape == SCALAR:
        return mul(left, right)
    if shape[1] is None or shape[0] is None:
        if shape[0] is None:
            left, right = transpose(left, shapes), transpose(right, shapes)
        return dot([transpose(left, shapes), right], shapes)
    return trace(dot([transpose(left, shapes), right], shapes), shapes)


def trace(expr: Expr, shapes: Shapes) -> Expr:
    """The trace; of an outer product it is an inner product."""
    scalars, array = split_scalars(expr, shapes)
    if array is None:
        return mul(*scalars)
    if is_op(array, "eye"):
        return mul(*scalars, array.children[0])
    parts = product_parts(array)
    for k in range(1, len(parts)):
        if shape_of(parts[k], shapes)[0] is None:  # … v · u^T …: cut between them
            return mul(*scalars, dot([*parts[k:], *parts[:k]], shapes))
    return mul(*scalars, Op("trace", (array,)))


def diagonal_of(expr: Expr, shapes: Shapes) -> Expr:
    """The diagonal of a matrix as a column."""
    if is_op(expr, "diag"):
        return expr.children[0]
    if is_op(expr, "eye"):
        return Op("ones", expr.children)
    return Op("diagonal", (expr,))
