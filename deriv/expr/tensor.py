"""Vectors and matrices: axes around a scalar body (entry (i, j) of a product is a sum over the shared index).

A `Tensor` has at most a row and a column axis; an axis that is missing has length one, so that a column vector has
rows only, a row vector columns only and a scalar neither.  A `Grid` is a matrix written out entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deriv.errors import MeaningError, ShapeError
from deriv.expr.nodes import ONE, Add, Delta, Det, Expr, Inverse, Mul, Num, Sum, Sym, neg, reciprocal
from deriv.expr.substitute import substitute


@dataclass(frozen=True, slots=True)
class Axis:
    """A bound index of a tensor and its range lo … hi."""

    index: str
    lo: Expr
    hi: Expr

    def same_range(self, other: Axis) -> bool:
        """Whether both run over the same values."""
        return self.lo == other.lo and self.hi == other.hi


@dataclass(frozen=True, slots=True)
class Tensor:
    """`body` as a function of the indices of `rows` and `cols`."""

    rows: Axis | None
    cols: Axis | None
    body: Expr

    @property
    def is_scalar(self) -> bool:
        """Whether it has no axes."""
        return self.rows is None and self.cols is None

    @property
    def is_vector(self) -> bool:
        """Whether it has exactly one axis."""
        return (self.rows is None) != (self.cols is None)

    @property
    def axis(self) -> Axis:
        """The only axis of a vector."""
        axis = self.rows or self.cols
        if axis is None:
            raise ShapeError("a vector was expected where a scalar stands")
        return axis

    def transposed(self) -> Tensor:
        """Rows become columns."""
        return Tensor(self.cols, self.rows, self.body)

    def at(self, row: Expr | None, col: Expr | None) -> Expr:
        """The entry at given indices (None along a missing axis)."""
        mapping: dict[Expr, Expr] = {}
        if self.rows is not None and row is not None:
            mapping[Sym(self.rows.index)] = row
        if self.cols is not None and col is not None:
            mapping[Sym(self.cols.index)] = col
        return substitute(self.body, mapping) if mapping else self.body

    def renamed(self, row: str, col: str) -> Tensor:
        """The same value over axes of other names (a product needs operands that share none)."""
        body = self.at(Sym(row), Sym(col))
        rows = self.rows and Axis(row, self.rows.lo, self.rows.hi)
        return Tensor(rows, self.cols and Axis(col, self.cols.lo, self.cols.hi), body)

    def map(self, function: Callable[[Expr], Expr]) -> Tensor:
        """An elementwise function of the entries."""
        return Tensor(self.rows, self.cols, function(self.body))


@dataclass(frozen=True, slots=True)
class Grid:
    """A matrix written out: rows of scalar entries, all of one length."""

    entries: tuple[tuple[Expr, ...], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return len(self.entries), len(self.entries[0])

    def transposed(self) -> Grid:
        """Rows become columns."""
        return Grid(tuple(zip(*self.entries, strict=True)))

    def map(self, function: Callable[[Expr], Expr]) -> Grid:
        """An elementwise function of the entries."""
        return Grid(tuple(tuple(function(e) for e in row) for row in self.entries))


Value = Tensor | Grid

Matcher = Callable[[Axis, Axis], bool]
"""Decides whether two axes have the same range (and may learn that they do)."""


def written(a: Tensor, shape: tuple[int, int], same: Matcher = Axis.same_range) -> Grid:
    """A vector or matrix entry by entry, over axes that have the given lengths (and may learn that they do)."""
    rows, cols = (_places(axis, length, same) for axis, length in zip((a.rows, a.cols), shape, strict=True))
    return Grid(tuple(tuple(a.at(row, col) for col in cols) for row in rows))


def _places(axis: Axis | None, length: int, same: Matcher) -> tuple[Expr | None, ...]:
    if axis is None:
        if length != 1:
            raise ShapeError("a vector stands where a matrix written out has rows and columns")
        return (None,)
    start = 0 if axis.lo == Num(0) else 1
    if not same(axis, Axis(axis.index, Num(start), Num(start + length - 1))):
        raise ShapeError(f"a vector or matrix has not the size {length} of what is written out beside it")
    return tuple(Num(start + k) for k in range(length))


def scalar(body: Expr) -> Tensor:
    """A scalar as a tensor without axes."""
    return Tensor(None, None, body)


def merge_axes(a: Axis | None, b: Axis | None, same: Matcher) -> Axis | None:
    """The common axis of two operands of an elementwise operation (a missing one is stretched)."""
    if a is None or b is None:
        return a or b
    if not same(a, b):
        raise ShapeError("the sizes of the two sides differ or are not known to be the same")
    return a


def elementwise(a: Value, b: Value, combine: Callable[[Expr, Expr], Expr], same: Matcher = Axis.same_range) -> Value:
    """Combine two values entry by entry, stretching scalars and missing axes as NumPy does."""
    if isinstance(a, Grid) or isinstance(b, Grid):
        return _grid_elementwise(a, b, combine, same)
    if a.is_vector and b.is_vector and (a.rows is None) != (b.rows is None):
        raise ShapeError("a row vector and a column vector cannot be combined entry by entry")
    rows, cols = merge_axes(a.rows, b.rows, same), merge_axes(a.cols, b.cols, same)
    row = Sym(rows.index) if rows else None
    col = Sym(cols.index) if cols else None
    return Tensor(rows, cols, combine(a.at(row, col), b.at(row, col)))


def _grid_elementwise(
    a: Value, b: Value, combine: Callable[[Expr, Expr], Expr], same: Matcher = Axis.same_range
) -> Value:
    if isinstance(a, Grid) and isinstance(b, Tensor) and not b.is_scalar:
        b = written(b, a.shape, same)
    elif isinstance(b, Grid) and isinstance(a, Tensor) and not a.is_scalar:
        a = written(a, b.shape, same)
    if isinstance(a, Grid) and isinstance(b, Grid):
        if a.shape != b.shape:
            raise ShapeError(f"shapes {a.shape} and {b.shape} do not fit")
        pairs = zip(a.entries, b.entries, strict=True)
        return Grid(tuple(tuple(map(combine, ra, rb)) for ra, rb in pairs))
    if isinstance(a, Grid) and isinstance(b, Tensor) and b.is_scalar:
        return a.map(lambda e: combine(e, b.body))
    if isinstance(b, Grid) and isinstance(a, Tensor) and a.is_scalar:
        return b.map(lambda e: combine(a.body, e))
    raise ShapeError("a matrix written out and one of symbolic size cannot be combined")


def matmul(a: Value, b: Value, same: Matcher = Axis.same_range) -> Value:
    """The matrix product; a scalar multiplies every entry; column times row is the outer product."""
    if (isinstance(a, Tensor) and a.is_scalar) or (isinstance(b, Tensor) and b.is_scalar):
        return elementwise(a, b, lambda x, y: Mul((x, y)))
    if isinstance(a, Grid) and isinstance(b, Tensor):
        b = written(b, (a.shape[1] if b.rows else 1, _length(b.cols)), same)
    elif isinstance(b, Grid) and isinstance(a, Tensor):
        a = written(a, (_length(a.rows), b.shape[0] if a.cols else 1), same)
    if isinstance(a, Grid) or isinstance(b, Grid):
        assert isinstance(a, Grid)
        assert isinstance(b, Grid)
        return _grid_matmul(a, b)
    if a.cols is None and b.rows is None:
        row = Sym(a.rows.index) if a.rows else None
        body = Mul((a.at(row, None), b.at(None, Sym(b.cols.index) if b.cols else None)))
        return Tensor(a.rows, b.cols, body)
    if a.cols is None or b.rows is None:
        raise ShapeError("the inner sizes of a product do not fit")
    return contract(a, b, same)


def _length(axis: Axis | None) -> int:
    """The number of entries along an axis that is known to have one."""
    if axis is None:
        return 1
    if isinstance(axis.lo, Num) and isinstance(axis.hi, Num):
        return int(axis.hi.value - axis.lo.value) + 1
    raise ShapeError("a matrix written out and one of symbolic size cannot be multiplied")


def contract(a: Tensor, b: Tensor, same: Matcher = Axis.same_range) -> Tensor:
    """The sum over a's columns and b's rows, which must have the same range."""
    if a.cols is None or b.rows is None or not same(a.cols, b.rows):
        raise ShapeError("the inner sizes of a product do not fit or are not known to be the same")
    inner = Sym(a.cols.index)
    row = Sym(a.rows.index) if a.rows else None
    col = Sym(b.cols.index) if b.cols else None
    body = Mul((a.at(row, inner), b.at(inner, col)))
    return Tensor(a.rows, b.cols, Sum(a.cols.index, a.cols.lo, a.cols.hi, body))


def _grid_matmul(a: Grid, b: Grid) -> Value:
    if a.shape[1] != b.shape[0]:
        raise ShapeError(f"shapes {a.shape} and {b.shape} do not fit in a product")
    columns = b.transposed().entries
    rows = tuple(
        tuple(Add(tuple(Mul(pair) for pair in zip(row, col, strict=True))) for col in columns) for row in a.entries
    )
    return scalar(rows[0][0]) if len(rows) == len(columns) == 1 else Grid(rows)


def inner(a: Value, b: Value, same: Matcher = Axis.same_range) -> Tensor:
    """The inner product of two vectors or matrices of one shape, whichever way they stand."""
    if isinstance(a, Grid) and isinstance(b, Grid):
        if a.shape != b.shape and a.shape == b.transposed().shape:
            b = b.transposed()
        product = _grid_elementwise(a, b, lambda x, y: Mul((x, y)))
        assert isinstance(product, Grid)
        return scalar(Add(tuple(e for row in product.entries for e in row)))
    if isinstance(a, Grid) or isinstance(b, Grid):
        return _inner_written(a, b, same)
    if a.is_vector and b.is_vector:
        a, b = Tensor(None, a.axis, a.body), Tensor(b.axis, None, b.body)
        return contract(a, b, same)
    product = elementwise(a, b, lambda x, y: Mul((x, y)), same)
    assert isinstance(product, Tensor)
    return total(product)


def _inner_written(a: Value, b: Value, same: Matcher) -> Tensor:
    """The inner product of something written out and a symbolic vector, whichever way they stand."""
    grid, other = (a, b) if isinstance(a, Grid) else (b, a)
    assert isinstance(grid, Grid)
    assert isinstance(other, Tensor)
    if other.is_vector and 1 in grid.shape and (other.rows is None) != (grid.shape[0] == 1):
        other = other.transposed()
    return inner(grid, written(other, grid.shape, same), same)


def total(a: Tensor) -> Tensor:
    """The sum of all entries."""
    body = a.body
    for axis in (a.rows, a.cols):
        if axis is not None:
            body = Sum(axis.index, axis.lo, axis.hi, body)
    return scalar(body)


def trace(a: Tensor, same: Matcher = Axis.same_range) -> Tensor:
    """The sum of the diagonal of a square matrix; a scalar is its own trace."""
    if a.is_scalar:
        return a
    if a.rows is None or a.cols is None or not same(a.rows, a.cols):
        raise ShapeError("the trace needs a square matrix")
    index = Sym(a.rows.index)
    return scalar(Sum(a.rows.index, a.rows.lo, a.rows.hi, a.at(index, index)))


def diagonal(a: Tensor, fresh: str) -> Tensor:
    """diag: a vector becomes a diagonal matrix, a matrix its diagonal as a column."""
    if a.is_vector:
        axis = a.axis
        other = Axis(fresh, axis.lo, axis.hi)
        return Tensor(axis, other, Mul((a.body, Delta(Sym(axis.index), Sym(fresh)))))
    if a.rows is None or a.cols is None:
        raise ShapeError("diag needs a vector or a matrix")
    index = Sym(a.rows.index)
    return Tensor(a.rows, None, a.at(index, index))


def identity(axis: Axis, fresh: str) -> Tensor:
    """The identity matrix over the range of an axis."""
    return Tensor(axis, Axis(fresh, axis.lo, axis.hi), Mul((ONE, Delta(Sym(axis.index), Sym(fresh)))))


def _square(a: Tensor, same: Matcher, what: str) -> tuple[Axis, Axis]:
    if a.rows is None or a.cols is None or not same(a.rows, a.cols):
        raise ShapeError(f"{what} needs a square matrix")
    return a.rows, a.cols


def inverse(a: Value, fresh_row: str, fresh_col: str, same: Matcher = Axis.same_range) -> Value:
    """The inverse matrix, over axes of the given names; a scalar becomes its reciprocal."""
    if isinstance(a, Grid):
        return _grid_inverse(a)
    if a.is_scalar:
        return a.map(reciprocal)
    rows, cols = _square(a, same, "an inverse")
    at = Sym(fresh_row), Sym(fresh_col)
    body = Inverse(rows.index, cols.index, rows.lo, rows.hi, a.body, *at)
    return Tensor(Axis(fresh_row, rows.lo, rows.hi), Axis(fresh_col, rows.lo, rows.hi), body)


def determinant(a: Value, same: Matcher = Axis.same_range) -> Tensor:
    """The determinant; a scalar is its own."""
    if isinstance(a, Grid):
        return scalar(_grid_determinant(a))
    if a.is_scalar:
        return a
    rows, cols = _square(a, same, "a determinant")
    return scalar(Det(rows.index, cols.index, rows.lo, rows.hi, a.body))


def outer(a: Tensor, b: Tensor) -> Tensor:
    """The matrix a_i b_j of two vectors, whichever way they stand (their axes must have different names)."""
    rows, cols = a.axis, b.axis
    return Tensor(rows, cols, Mul((a.body, b.body)))


_LARGEST_GRID = 3


def _grid_determinant(a: Grid) -> Expr:
    """By cofactors along the first row."""
    if a.shape[0] != a.shape[1]:
        raise MeaningError("a determinant needs a square matrix")
    if a.shape[0] > _LARGEST_GRID:
        raise MeaningError("determinants of matrices written out are known up to three rows")
    if a.shape[0] == 1:
        return a.entries[0][0]
    return Add(tuple(Mul((entry, _cofactor(a, 0, k))) for k, entry in enumerate(a.entries[0])))


def _cofactor(a: Grid, row: int, col: int) -> Expr:
    """The determinant without a row and a column, with the sign of their place."""
    if a.shape == (1, 1):
        return ONE
    kept = (line for k, line in enumerate(a.entries) if k != row)
    minor = _grid_determinant(Grid(tuple((*line[:col], *line[col + 1 :]) for line in kept)))
    return neg(minor) if (row + col) % 2 else minor


def _grid_inverse(a: Grid) -> Grid:
    """The transposed matrix of cofactors over the determinant."""
    below = reciprocal(_grid_determinant(a))
    size = range(a.shape[0])
    return Grid(tuple(tuple(Mul((below, _cofactor(a, col, row))) for col in size) for row in size))
