"""Inverses and determinants of matrices of any size as kernels.

A matrix is an element with two bound names.  Numbers and diagonal matrices are taken out in front, products of square
matrices fall apart, the inverse of an inverse is the matrix, and of a matrix and its transpose one is chosen; what
remains is a kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from deriv.equal import explog
from deriv.equal.atoms import delta, rename, symbol
from deriv.equal.budget import Undefined
from deriv.equal.field import Field, Kernel, Poly, Rat
from deriv.equal.sums import Index, grouped, kernel_indices, open_index, sum_over

_WRITTEN_OUT = 3


@dataclass(frozen=True, slots=True)
class Matrix:
    """`body` as a function of two names that run over lo … hi."""

    row: str
    col: str
    lo: Rat
    hi: Rat
    body: Rat

    @property
    def key(self) -> tuple[object, ...]:
        """What tells matrices apart."""
        return self.row, self.col, self.lo.key, self.hi.key, self.body.key

    def at(self, space: Field, i: Rat, j: Rat) -> Rat:
        """One entry."""
        return rename(space, self.body, {self.row: i, self.col: j})


def inverse(space: Field, matrix: Matrix, i: Rat, j: Rat) -> Rat:
    """Entry (i, j) of the inverse."""
    names = tuple(open_index(space, f"g.{space.height(matrix.body)}.{k}", matrix.lo, matrix.hi) for k in (0, 1))
    key = ("inverse", *matrix.key)
    known = space.memo.get(key)
    if known is None:
        known = space.memo[key] = _inverse(space, matrix, symbol(space, names[0]), symbol(space, names[1]))
    return rename(space, known, dict(zip(names, (i, j), strict=True)))


def det(space: Field, matrix: Matrix) -> Rat:
    """The determinant."""
    key = ("det", *matrix.key)
    known = space.memo.get(key)
    if known is None:
        known = space.memo[key] = _det(space, matrix)
    return known


def _inverse(space: Field, matrix: Matrix, i: Rat, j: Rat) -> Rat:
    if matrix.body.num == space.zero:
        raise Undefined("a matrix without an inverse")
    written = _written_out(space, matrix)
    if written is not None:
        return _written_inverse(space, matrix, written, i, j)
    scale, matrix = _without_scale(space, matrix)
    if scale is not None:
        return space.div(inverse(space, matrix, i, j), scale)
    diagonal = _diagonal(space, matrix)
    if diagonal is not None:
        return space.div(delta(space, i, j), rename(space, diagonal, {matrix.row: i}))
    rows, cols, inside = _without_sides(space, matrix)
    if inside is not matrix:
        below = space.mul(rename(space, cols, {matrix.col: i}), rename(space, rows, {matrix.row: j}))
        return space.div(inverse(space, inside, i, j), below)
    inner = _inverted(space, matrix)
    if inner is not None:
        return inner.at(space, i, j)
    parts = _factored(space, matrix)
    if parts is not None:
        left, right = parts
        middle = symbol(space, left.col)
        body = space.mul(inverse(space, right, i, middle), inverse(space, left, middle, j))
        return sum_over(space, left.col, matrix.lo, matrix.hi, body)
    return _kernel_at(space, _canonical(space, matrix), i, j)


def _det(space: Field, matrix: Matrix) -> Rat:
    count = space.add(space.sub(matrix.hi, matrix.lo), space.rat_one)
    written = _written_out(space, matrix)
    if written is not None:
        return _written_det(space, written)
    scale, matrix = _without_scale(space, matrix)
    if scale is not None:
        return space.mul(explog.general_power(space, scale, count), det(space, matrix))
    diagonal = _diagonal(space, matrix)
    if diagonal is not None:
        return _product(space, matrix, diagonal)
    rows, cols, inside = _without_sides(space, matrix)
    if inside is not matrix:
        sides = space.mul(rows, rename(space, cols, {matrix.col: symbol(space, matrix.row)}))
        return space.mul(_product(space, matrix, sides), det(space, inside))
    inner = _inverted(space, matrix)
    if inner is not None:
        return space.inverse(det(space, inner))
    parts = _factored(space, matrix)
    if parts is not None:
        return space.mul(det(space, parts[0]), det(space, parts[1]))
    names, lo, hi, body, _ = _canonical(space, matrix)
    return space.gen(space.kernel("det", (*names, False), (lo, hi, body), bound=frozenset(names)))


def _product(space: Field, matrix: Matrix, body: Rat) -> Rat:
    from deriv.equal.products import product_over

    return product_over(space, matrix.row, matrix.lo, matrix.hi, body)


# -------------------------------------------------------------------- what comes out in front


def _without_scale(space: Field, matrix: Matrix) -> tuple[Rat | None, Matrix]:
    """A common factor of all entries that does not depend on the place, and the matrix without it."""
    names = frozenset((matrix.row, matrix.col))
    commons = []
    for poly in (matrix.body.num, matrix.body.den):
        common: Poly | None = None
        for _, coefficient in grouped(space, poly, names):
            common = coefficient if common is None else common.gcd(coefficient)
        assert common is not None
        commons.append(common)
    lead = matrix.body.num.leading_coefficient() / commons[0].leading_coefficient()
    num = commons[0] * lead
    if num == space.one and commons[1] == space.one:
        return None, matrix
    scale = space.make(num, commons[1])
    return scale, replace(matrix, body=space.div(matrix.body, scale))


def _diagonal(space: Field, matrix: Matrix) -> Rat | None:
    """The diagonal as a function of the row when there is nothing else."""
    mark = delta(space, symbol(space, matrix.row), symbol(space, matrix.col))
    parts = space.split(matrix.body.num, space.used(mark.num)[0])
    if set(parts) != {1}:
        return None
    return rename(space, Rat(parts[1], matrix.body.den), {matrix.col: symbol(space, matrix.row)})


def _without_sides(space: Field, matrix: Matrix) -> tuple[Rat, Rat, Matrix]:
    """Factors of a single term that depend on the row alone or on the column alone, and the matrix without them."""
    body = matrix.body
    rows = cols = space.rat_one
    if len(body.num) != 1 or body.den != space.one:
        return rows, cols, matrix
    for number, degree in enumerate(body.num.degrees()):
        names = space.kernels[number].names if degree > 0 else frozenset()
        here = matrix.row in names, matrix.col in names
        part = Rat(space.ctx.gen(number) ** max(int(degree), 0), space.one)
        if here == (True, False):
            rows = space.mul(rows, part)
        elif here == (False, True):
            cols = space.mul(cols, part)
    sides = space.mul(rows, cols)
    if sides.num in (space.one, body.num):
        return space.rat_one, space.rat_one, matrix
    return rows, cols, replace(matrix, body=space.div(body, sides))


# -------------------------------------------------------------------- inverses and products


def plain(space: Field, rat: Rat) -> int | None:
    """The kernel when the element is just that kernel, not a power or a multiple of it."""
    if rat.den != space.one or len(rat.num) != 1:
        return None
    used = space.used(rat.num)
    return used[0] if len(used) == 1 and rat.num == space.gen(used[0]).num else None


def _inverted(space: Field, matrix: Matrix) -> Matrix | None:
    """A when the matrix is the inverse of A."""
    number = plain(space, matrix.body)
    if number is None or space.kernels[number].kind != "inverse":
        return None
    kernel = space.kernels[number]
    if (kernel.args[0].key, kernel.args[1].key) != (matrix.lo.key, matrix.hi.key):
        return None
    places = symbol(space, matrix.row), symbol(space, matrix.col)
    inner = opened(space, kernel)
    if not space.names(inner.body).isdisjoint((matrix.row, matrix.col)):
        return None
    if (kernel.args[3].key, kernel.args[4].key) == (places[0].key, places[1].key):
        return inner
    if (kernel.args[4].key, kernel.args[3].key) == (places[0].key, places[1].key):
        return replace(inner, row=inner.col, col=inner.row)
    return None


def _factored(space: Field, matrix: Matrix) -> tuple[Matrix, Matrix] | None:
    """Two square matrices whose product it is: a sum over an index of the same range that cuts row from column."""
    number = plain(space, matrix.body)
    if number is None or space.kernels[number].kind != "sum":
        return None
    indices, factors = open_sum(space, space.kernels[number], f"p.{space.height(matrix.body)}")
    for cut, lo, hi in indices:
        if (lo.key, hi.key) != (matrix.lo.key, matrix.hi.key):
            continue
        others = [index for index in indices if index[0] != cut]
        reached = _reachable(space, matrix.row, [index[0] for index in others] + [matrix.col], factors)
        if matrix.col in reached:
            continue
        left = [part for part in factors if not reached.isdisjoint(space.names(part))]
        right = [part for part in factors if reached.isdisjoint(space.names(part))]
        bodies = [_summed(space, others, parts) for parts in (left, right)]
        if all(cut in space.names(body) for body in bodies):
            return replace(matrix, col=cut, body=bodies[0]), replace(matrix, row=cut, body=bodies[1])
    return None


def _reachable(space: Field, start: str, names: list[str], factors: list[Rat]) -> set[str]:
    """The names connected to `start` by factors that share one of them."""
    reached = {start}
    waiting = list(factors)
    while True:
        near = [part for part in waiting if not reached.isdisjoint(space.names(part))]
        if not near:
            return reached
        waiting = [part for part in waiting if reached.isdisjoint(space.names(part))]
        for part in near:
            reached |= space.names(part) & set(names)


def _summed(space: Field, indices: list[Index], factors: list[Rat]) -> Rat:
    body = space.rat_one
    for part in factors:
        body = space.mul(body, part)
    for name, lo, hi in indices:
        if name in space.names(body):
            body = sum_over(space, name, lo, hi, body)
    return body


def open_sum(space: Field, kernel: Kernel, stem: str) -> tuple[list[Index], list[Rat]]:
    """The indices of a sum under open names and the factors of its body."""
    indices: list[Index] = []
    mapping: dict[str, Rat] = {}
    for k, (old, lo, hi) in enumerate(kernel_indices(kernel)):
        new = open_index(space, f"{stem}.{k}", lo, hi)
        mapping[old] = symbol(space, new)
        indices.append((new, lo, hi))
    body = rename(space, kernel.args[-1], mapping)
    return indices, factors_of(space, body.num, body.den)


def factors_of(space: Field, monomial: Poly, den: Poly) -> list[Rat]:
    """The kernels of a monomial, each as often as it occurs, and one over the denominator."""
    found: list[Rat] = []
    for number, degree in enumerate(monomial.degrees()):
        found.extend([Rat(space.ctx.gen(number), space.one)] * max(int(degree), 0))
    if den != space.one:
        found.append(space.inverse(Rat(den, space.one)))
    lead = monomial.leading_coefficient()
    return found if lead == 1 else [Rat(space.ctx.constant(lead), space.one), *found]


# -------------------------------------------------------------------- kernels

Canonical = tuple[tuple[str, str], Rat, Rat, Rat, tuple[bool, bool]]


def _canonical(space: Field, matrix: Matrix) -> Canonical:
    """Names that do not matter, and of a matrix and its transpose the smaller; whether it was turned, is symmetric."""
    height = 1 + space.height(matrix.body)
    names = (f"m.{height}.0", f"m.{height}.1")
    one, two = (symbol(space, name) for name in names)
    body, turned = matrix.at(space, one, two), matrix.at(space, two, one)
    symmetric, swap = body.key == turned.key, turned.key < body.key
    return names, matrix.lo, matrix.hi, turned if swap else body, (swap, symmetric)


def _kernel_at(space: Field, form: Canonical, i: Rat, j: Rat) -> Rat:
    names, lo, hi, body, (swap, symmetric) = form
    if swap or (symmetric and j.key < i.key):
        i, j = j, i
    number = space.kernel("inverse", (*names, symmetric), (lo, hi, body, i, j), bound=frozenset(names))
    return space.gen(number)


def opened(space: Field, kernel: Kernel) -> Matrix:
    """The matrix of a kernel under open names."""
    lo, hi, body = kernel.args[:3]
    names = [open_index(space, f"q.{kernel.height}.{k}", lo, hi) for k in (0, 1)]
    mapping = {str(old): symbol(space, new) for old, new in zip(kernel.data[:2], names, strict=True)}
    return Matrix(names[0], names[1], lo, hi, rename(space, body, mapping))


def rebuild(space: Field, kernel: Kernel, mapping: Mapping[str, Rat]) -> Rat:
    """An inverse or a determinant with names replaced."""
    lo, hi, body = kernel.args[:3]
    places = [rename(space, arg, mapping) for arg in kernel.args[3:]]
    own = (space.names(body) | space.names(lo) | space.names(hi)) - {str(name) for name in kernel.data[:2]}
    if kernel.kind == "inverse" and own.isdisjoint(mapping):
        names = (str(kernel.data[0]), str(kernel.data[1]))
        return _kernel_at(space, (names, lo, hi, body, (False, bool(kernel.data[2]))), places[0], places[1])
    matrix = opened(space, kernel)
    matrix = Matrix(
        matrix.row,
        matrix.col,
        rename(space, lo, mapping),
        rename(space, hi, mapping),
        rename(space, matrix.body, mapping),
    )
    return det(space, matrix) if kernel.kind == "det" else inverse(space, matrix, places[0], places[1])


# -------------------------------------------------------------------- up to three rows

Grid = list[list[Rat]]


def _written_out(space: Field, matrix: Matrix) -> Grid | None:
    """All entries of a matrix of one to three rows."""
    first, last = space.constant(matrix.lo), space.constant(matrix.hi)
    if first is None or last is None or last - first >= _WRITTEN_OUT:
        return None
    if last < first or first.denominator != 1 or last.denominator != 1:
        raise Undefined("a matrix without rows")
    places = [space.number(k) for k in range(int(first), int(last) + 1)]
    return [[matrix.at(space, row, col) for col in places] for row in places]


def _written_det(space: Field, grid: Grid) -> Rat:
    if not grid:
        return space.rat_one
    terms = (space.mul(entry, _cofactor(space, grid, 0, k)) for k, entry in enumerate(grid[0]))
    return space.total(terms)


def _cofactor(space: Field, grid: Grid, row: int, col: int) -> Rat:
    kept = [[*line[:col], *line[col + 1 :]] for k, line in enumerate(grid) if k != row]
    minor = _written_det(space, kept)
    return space.neg(minor) if (row + col) % 2 else minor


def _written_inverse(space: Field, matrix: Matrix, grid: Grid, i: Rat, j: Rat) -> Rat:
    first = space.constant(matrix.lo) or Fraction(0)
    result = space.rat_zero
    for row in range(len(grid)):
        for col in range(len(grid)):
            here = delta(space, i, space.number(first + row))
            there = delta(space, j, space.number(first + col))
            place = space.mul(here, there)
            if place.num != space.zero:
                result = space.add(result, space.mul(place, _cofactor(space, grid, col, row)))
    return space.div(result, _written_det(space, grid))
