"""Between expressions over whole arrays and SymPy's matrix expressions (`MatrixSymbol`, `Transpose`, `Trace` …)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.matexpr import MatrixElement

from deriv.engine.arrays.match import normal, replace
from deriv.engine.arrays.nodes import SCALAR, Op, Shape, Shapes, dot, is_op, shape_of, square_norm, trace, transpose
from deriv.engine.arrays.raising import Raiser
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.display import fold
from deriv.expr.functions import FUNCTIONS, add, mul
from deriv.expr.nodes import Expr
from deriv.expr.sympy_bridge import from_sympy, to_sympy


def has_arrays(*exprs: Any) -> bool:
    """Whether SymPy expressions speak of whole matrices."""
    return any(isinstance(expr, sympy.Basic) and expr.has(sympy.MatrixSymbol) for expr in exprs)


def from_matrices(expr: Any, shapes: dict[str, Shape]) -> Expr:
    """Our expression for a SymPy one over matrices; the shapes of its symbols are added to `shapes`."""
    for symbol in sorted(expr.atoms(sympy.MatrixSymbol), key=str):
        rows, cols = (from_sympy(size) for size in symbol.shape)
        if rows == n.ONE and cols != n.ONE:
            raise MeaningError(f"{symbol} is a row: vectors are columns here")
        shapes[symbol.name] = rows, None if cols == n.ONE else cols
    return _read(expr, shapes)


def _read(expr: Any, shapes: dict[str, Shape]) -> Expr:
    if isinstance(expr, sympy.MatrixSymbol):
        return n.Sym(str(expr.name))
    if not has_arrays(expr) and not isinstance(expr, sympy.MatrixExpr):
        return from_sympy(expr)
    if isinstance(expr, ElementwiseApplyFunction):
        return _applied(expr, shapes)
    if isinstance(expr, sympy.Sum):  # SymPy writes (r.T*r)[0, 0] as a sum over entries
        raiser = Raiser(shapes)
        return raiser.scalar(_indexed(expr, {}))
    parts = [_read(arg, shapes) for arg in expr.args] if not isinstance(expr, MatrixElement) else []
    return _built(expr, parts, shapes)


def _built(expr: Any, parts: list[Expr], shapes: dict[str, Shape]) -> Expr:
    match expr:
        case sympy.MatMul():
            return _product(parts, shapes)
        case sympy.MatAdd() | sympy.Add():
            return add(*parts)
        case sympy.HadamardProduct() | sympy.Mul():
            return mul(*parts)
        case sympy.Transpose():
            return transpose(parts[0], shapes)
        case sympy.Inverse():
            return Op("inv", (parts[0],))
        case sympy.MatPow():
            return _power(parts[0], int(expr.exp), shapes)
        case sympy.HadamardPower() | sympy.Pow():
            return n.Pow(parts[0], parts[1])
        case sympy.Trace():
            return _norm(trace(parts[0], shapes), shapes)
        case sympy.Determinant():
            return Op("det", (parts[0],))
        case sympy.Identity():
            return Op("eye", (parts[0],))
        case MatrixElement():
            return _element(expr, shapes)
    name = {"Abs": "abs"}.get(type(expr).__name__, type(expr).__name__)
    if isinstance(expr, sympy.Function) and name in FUNCTIONS:
        return n.Call(name, tuple(parts))
    raise MeaningError(f"{type(expr).__name__} of a matrix is not understood")


def _product(parts: list[Expr], shapes: Shapes) -> Expr:
    return _norm(dot(parts, shapes), shapes)


def _norm(expr: Expr, shapes: Shapes) -> Expr:
    """a^T a and tr(A^T A) are squared norms."""
    inside = expr.children[0] if is_op(expr, "trace") else expr
    if is_op(inside, "dot") and len(inside.children) == 2 and shape_of(expr, shapes) == SCALAR:
        left, right = inside.children
        if transpose(left, shapes) == right:
            return square_norm(right, shapes)
    return expr


def _power(base: Expr, exponent: int, shapes: Shapes) -> Expr:
    if exponent < 0:
        base = Op("inv", (base,))
    return dot([base] * abs(exponent), shapes)


def _applied(expr: Any, shapes: dict[str, Shape]) -> Expr:
    (symbol,) = expr.function.variables
    inner = _read(expr.expr, shapes)
    return replace(from_sympy(expr.function.expr), {from_sympy(symbol): inner})


def _indexed(expr: Any, bound: Mapping[Any, Expr]) -> Expr:
    """A sum over entries of matrices in index form; SymPy counts from 0, we from 1."""
    if expr in bound:
        return bound[expr]
    if isinstance(expr, sympy.Sum):
        return _summed(expr, bound)
    if isinstance(expr, MatrixElement):
        return _entry(expr, bound)
    if not has_arrays(expr):
        return from_sympy(expr)
    parts = tuple(_indexed(arg, bound) for arg in expr.args)
    if isinstance(expr, sympy.Add | sympy.Mul):
        return n.Add(parts) if isinstance(expr, sympy.Add) else n.Mul(parts)
    if isinstance(expr, sympy.Pow):
        return n.Pow(*parts)
    name = {"Abs": "abs"}.get(type(expr).__name__, type(expr).__name__)
    if isinstance(expr, sympy.Function) and name in FUNCTIONS:
        return n.Call(name, parts)
    raise MeaningError(f"{type(expr).__name__} of entries of a matrix is not understood")


def _summed(expr: Any, bound: Mapping[Any, Expr]) -> Expr:
    inner = dict(bound)
    ranges = []
    for index, lo, hi in expr.limits:
        if lo != 0:
            raise MeaningError("a sum over entries of a matrix that does not begin at the first one")
        inner[index] = n.Sym(f"{str(index).strip('_')}.{len(inner) + 1}")
        ranges.append((inner[index], from_sympy(hi + 1)))
    body = _indexed(expr.function, inner)
    for index, size in ranges:
        body = n.Sum(str(index.data[0]), n.ONE, size, body)
    return body


def _entry(expr: Any, bound: Mapping[Any, Expr]) -> Expr:
    column = expr.parent.shape[1] == 1
    if column and expr.j != 0:
        raise MeaningError("a column has one column only")
    indices = tuple(_indexed(at, bound) for at in ((expr.i,) if column else (expr.i, expr.j)))
    if isinstance(expr.parent, sympy.MatrixSymbol):
        return n.Entry(str(expr.parent.name), indices)
    if isinstance(expr.parent, sympy.Inverse) and isinstance(expr.parent.arg, sympy.MatrixSymbol):
        inside = n.Entry(str(expr.parent.arg.name), (n.Sym("r.0"), n.Sym("c.0")))
        return n.Inverse("r.0", "c.0", n.ONE, from_sympy(expr.parent.shape[0]), inside, *indices)
    raise MeaningError(f"an entry of a {type(expr.parent).__name__} is not understood")


def _element(expr: Any, shapes: dict[str, Shape]) -> Expr:
    """The only entry of a 1 × 1 product."""
    whole = _read(expr.parent, shapes)
    if shape_of(whole, shapes) != SCALAR:
        raise MeaningError("a single entry of a matrix has no derivative in matrix notation here")
    return whole


def to_matrices(expr: Expr, shapes: Shapes) -> Any:
    """A SymPy expression with the same meaning, over `MatrixSymbol`s."""
    return fold(expr, lambda node, parts: _write(node, parts, shapes))


def _write(node: Expr, parts: tuple[Any, ...], shapes: Shapes) -> Any:
    array = shape_of(node, shapes) != SCALAR
    match node:
        case n.Sym():
            return sympy.MatrixSymbol(node.name, *_sizes(shapes[node.name])) if array else to_sympy(node)
        case n.Add():
            return _total(parts, _sizes(shape_of(node, shapes))) if array else sympy.Add(*parts)
        case n.Mul():
            scalars = [part for part in parts if not isinstance(part, sympy.MatrixExpr)]
            arrays = [part for part in parts if isinstance(part, sympy.MatrixExpr)]
            whole = arrays[0] if len(arrays) == 1 else sympy.HadamardProduct(*arrays) if arrays else sympy.S.One
            return sympy.Mul(*scalars) * whole
        case n.Pow():
            return sympy.HadamardPower(*parts) if array else sympy.Pow(*parts)
        case n.Call() if array:
            x = sympy.Dummy("x")
            named = to_sympy(n.Call(node.function, (n.Sym("x"),))).subs(sympy.Symbol("x"), x)
            return ElementwiseApplyFunction(sympy.Lambda(x, named), parts[0])
        case n.Derivative():
            return sympy.Derivative(*parts, evaluate=False)
        case Op():
            return _write_op(node, parts, array=array)
    plain = replace(node, {child: n.Sym(f"@{k}") for k, child in enumerate(node.children)})
    return to_sympy(plain).subs({sympy.Symbol(f"@{k}"): part for k, part in enumerate(parts)})


def _sizes(shape: Shape) -> tuple[Any, Any]:
    rows, cols = (sympy.S.One if size is None else to_sympy(size) for size in shape)
    return rows, cols


def _total(parts: tuple[Any, ...], sizes: tuple[Any, Any]) -> Any:
    """A sum in which numbers are added to every entry."""
    return sympy.MatAdd(
        *(part if isinstance(part, sympy.MatrixExpr) else part * sympy.OneMatrix(*sizes) for part in parts)
    ).doit(deep=False)


def _write_op(node: Op, parts: tuple[Any, ...], *, array: bool) -> Any:
    first = parts[0]
    match node.op:
        case "dot":
            product = sympy.MatMul(*parts)
            return product if array else product[0, 0]
        case "T":
            return sympy.Transpose(first)
        case "inv":
            return sympy.Inverse(first)
        case "det":
            return sympy.Determinant(first)
        case "trace":
            return sympy.Trace(first)
        case "sqnorm":
            return (first.T * first)[0, 0] if first.shape[1] == 1 else sympy.Trace(first.T * first)
        case "total":
            left, right = sympy.OneMatrix(1, first.shape[0]), sympy.OneMatrix(first.shape[1], 1)
            return (left * first)[0, 0] if first.shape[1] == 1 else (left * first * right)[0, 0]
        case "ones":
            return sympy.OneMatrix(first, 1)
        case "eye":
            return sympy.Identity(first)
        case "diag":
            return sympy.DiagMatrix(first)
        case "diagonal":
            return sympy.DiagonalOf(first)
    exponentials = ElementwiseApplyFunction(sympy.exp, first)
    return exponentials / (sympy.OneMatrix(1, first.shape[0]) * exponentials)[0, 0]


def given_matrices(given: Mapping[Any, Any], shapes: dict[str, Shape]) -> dict[Expr, Expr]:
    """Named values, matrices and numbers."""
    found: dict[Expr, Expr] = {}
    for name, value in given.items():
        body = from_matrices(value, shapes)
        key = from_matrices(name, shapes) if isinstance(name, sympy.MatrixSymbol) else from_sympy(name)
        found[key] = normal(body, shapes)
    return found
