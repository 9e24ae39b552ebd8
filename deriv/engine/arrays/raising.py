"""From index form to whole arrays: a sum over a shared index becomes a matrix product, Σ r_i² a squared norm.

The reverse of what reading does (`expr.tensor`).  What has no form in matrix notation (a single entry, an index used
as a number, a family with three indices) is a `NotMatrix`, and the derivation stays in index form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deriv.engine.arrays.nodes import (
    SCALAR,
    Op,
    Shape,
    diagonal_of,
    dot,
    hadamard,
    inner,
    is_op,
    product_parts,
    shape_of,
    square_norm,
    total,
    trace,
    transpose,
)
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.functions import mul
from deriv.expr.nodes import Expr
from deriv.expr.tensor import Tensor

Indices = tuple[str, ...]


class NotMatrix(MeaningError):
    """The expression has no form in matrix notation."""


@dataclass(frozen=True, slots=True)
class Part:
    """An array and the indices along its axes: none, one (a column) or two (rows, columns)."""

    expr: Expr
    indices: Indices = ()


@dataclass(slots=True)
class Raiser:
    """Raises expressions; `shapes` collects the arrays that are met, `sizes` the length of each bound index."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    sizes: dict[str, Expr] = field(default_factory=dict)

    def tensor(self, value: Tensor) -> Expr:
        """A vector or matrix (a row vector as the transpose of a column)."""
        axes = [axis for axis in (value.rows, value.cols) if axis is not None]
        for axis in axes:
            self._bind(axis.index, axis.lo, axis.hi)
        raised = self.along(self.lift(value.body), tuple(axis.index for axis in axes))
        return raised if value.rows is not None or not axes else transpose(raised, self.shapes)

    def scalar(self, expr: Expr) -> Expr:
        """An expression without free indices."""
        return self.along(self.lift(expr), ())

    def _bind(self, index: str, lo: Expr, hi: Expr) -> None:
        if lo != n.ONE:
            raise NotMatrix("an index that does not begin at 1")
        self.sizes[index] = hi

    def lift(self, expr: Expr) -> Part:
        """The array of an expression."""
        match expr:
            case n.Num() | n.Const() | n.Decimal():
                return Part(expr)
            case n.Sym():
                if expr.name in self.sizes:
                    raise NotMatrix("an index in the role of a number")
                return Part(expr)
            case n.Entry():
                return self._entry(expr)
            case n.Add() | n.Pow():
                return self._together(expr)
            case n.Call():
                return self._call(expr)
            case n.Apply() if len(expr.children) == 1:
                return self._together(expr)
            case n.Mul():
                return self.network([self.lift(child) for child in expr.children], ())
            case n.Sum():
                return self._sum(expr)
            case n.Delta():
                return self._delta(expr)
            case n.Det():
                return Part(Op("det", (self._matrix(expr),)))
            case n.Inverse():
                inside = Op("inv", (self._matrix(expr),))
                return self._diagonal(Part(inside, tuple(self._index(at) for at in expr.children[3:])))
        raise NotMatrix(f"{type(expr).__name__} has no matrix form")

    def _index(self, expr: Expr) -> str:
        if not isinstance(expr, n.Sym) or expr.name not in self.sizes:
            raise NotMatrix("a single entry")
        return expr.name

    def _entry(self, expr: n.Entry) -> Part:
        indices = tuple(self._index(index) for index in expr.indices)
        if len(indices) > 2 or expr.sups:
            raise NotMatrix("a family with superscripts or more than two indices")
        sizes = [self.sizes[index] for index in indices]
        shape: Shape = (sizes[0], sizes[1] if len(sizes) == 2 else None)
        if self.shapes.setdefault(expr.name, shape) != shape:
            raise NotMatrix(f"{expr.name} with ranges of different lengths")
        return self._diagonal(Part(n.Sym(expr.name), indices))

    def _diagonal(self, part: Part) -> Part:
        if len(part.indices) == 2 and part.indices[0] == part.indices[1]:
            return Part(diagonal_of(part.expr, self.shapes), part.indices[:1])
        return part

    def _matrix(self, expr: n.Det | n.Inverse) -> Expr:
        lo, hi, body = expr.children[:3]
        for name in (expr.row, expr.col):
            self._bind(name, lo, hi)
        return self.along(self.lift(body), (expr.row, expr.col))

    def _delta(self, expr: n.Delta) -> Part:
        left, right = map(self._index, expr.children)
        return Part(Op("eye", (self.sizes[left],)), (left, right))

    def _together(self, expr: Expr) -> Part:
        """Entry by entry: all parts along the indices of any of them."""
        parts = [self.lift(child) for child in expr.children]
        indices = self._union(parts)
        children = tuple(part.expr if not part.indices else self.along(part, indices) for part in parts)
        return Part(expr.with_children(children), indices)

    def _union(self, parts: Sequence[Part]) -> Indices:
        widest = max(parts, key=lambda part: len(part.indices)).indices
        found = tuple(dict.fromkeys([*widest, *(index for part in parts for index in part.indices)]))
        if len(found) > 2:
            raise NotMatrix("three indices at once")
        return found

    def _call(self, expr: n.Call) -> Part:
        if expr.function == "max" and n.ZERO in expr.children and len(expr.children) == 2:
            first, second = expr.children
            return self._together(n.Call("relu", (second if first == n.ZERO else first,)))
        return self._together(expr)

    def along(self, part: Part, indices: Indices) -> Expr:
        """The array with these axes, stretched along those it lacks."""
        if part.indices == indices:
            return part.expr
        if part.indices == indices[::-1]:
            return transpose(part.expr, self.shapes)
        if not set(part.indices) <= set(indices):
            raise NotMatrix("a free index")
        ones = [Op("ones", (self.sizes[index],)) for index in indices]
        if not part.indices:
            full = ones[0] if len(ones) == 1 else dot([ones[0], transpose(ones[1], self.shapes)], self.shapes)
            return mul(part.expr, full)
        if part.indices[0] == indices[0]:
            return dot([part.expr, transpose(ones[1], self.shapes)], self.shapes)
        return dot([ones[0], transpose(part.expr, self.shapes)], self.shapes)

    # sums of products

    def _sum(self, expr: n.Sum) -> Part:
        summed: list[str] = []
        body: Expr = expr
        while isinstance(body, n.Sum):
            self._bind(body.index, body.lo, body.hi)
            summed.append(body.index)
            body = body.body
        if isinstance(body, n.Add):
            terms = [self.network(self._factors(term), summed) for term in body.children]
            indices = self._union(terms)
            return Part(n.Add(tuple(self.along(term, indices) for term in terms)), indices)
        return self.network(self._factors(body), summed)

    def _factors(self, body: Expr) -> list[Part]:
        return [self.lift(part) for part in (body.children if isinstance(body, n.Mul) else (body,))]

    def network(self, parts: list[Part], summed: Sequence[str]) -> Part:
        """A product of parts, summed over some of their indices."""
        scalars = [part.expr for part in parts if not part.indices]
        arrays = self._softmax([part for part in parts if part.indices], scalars)
        rest = list(summed)
        while rest:
            pair = self._closed_pair(arrays, rest)
            if pair is not None:
                scalars.append(self._double_sum([part for part in arrays if set(part.indices) == set(pair)], rest))
                arrays = [part for part in arrays if set(part.indices) != set(pair)]
                rest = [index for index in rest if index not in pair]
                continue
            index = rest.pop(0)
            inside = [part for part in arrays if index in part.indices]
            arrays = [part for part in arrays if index not in part.indices]
            found = self._single_sum(inside, index)
            if found.indices:
                arrays.append(found)
            else:
                scalars.append(found.expr)
        return self._joined(scalars, arrays)

    def _softmax(self, arrays: list[Part], scalars: list[Expr]) -> list[Part]:
        """e^{z_i} over the sum of all e^{z_m} is the softmax of z."""
        for part in arrays:
            if not (len(part.indices) == 1 and isinstance(part.expr, n.Call) and part.expr.function == "exp"):
                continue
            below = n.reciprocal(Op("total", (part.expr,)))
            other = n.reciprocal(total(part.expr, self.shapes))
            for form in (below, other):
                if form in scalars:
                    scalars.remove(form)
                    soft = Part(Op("softmax", (part.expr.children[0],)), part.indices)
                    return [soft if one is part else one for one in arrays]
        return arrays

    def _closed_pair(self, arrays: list[Part], rest: Sequence[str]) -> Indices | None:
        """Two summed indices that occur together only: a double sum over whole matrices."""
        for part in arrays:
            if len(part.indices) == 2 and set(part.indices) <= set(rest):
                touching = [one for one in arrays if set(one.indices) & set(part.indices)]
                if all(set(one.indices) == set(part.indices) for one in touching):
                    return part.indices
        return None

    def _double_sum(self, parts: list[Part], rest: Sequence[str]) -> Expr:
        pair = parts[0].indices
        if len(parts) == 2 and parts[0].indices == parts[1].indices[::-1]:
            return trace(dot([parts[0].expr, parts[1].expr], self.shapes), self.shapes)
        matrices = [self.along(part, pair) for part in parts]
        if len(matrices) == 1:
            return total(matrices[0], self.shapes)
        if len(matrices) == 2 and matrices[0] == matrices[1]:
            return square_norm(matrices[0], self.shapes)
        other = hadamard(matrices[1:])
        if next(index for index in rest if index in pair) == pair[0]:  # written as tr(A B^T)
            return trace(dot([matrices[0], transpose(other, self.shapes)], self.shapes), self.shapes)
        return inner(matrices[0], other, self.shapes)

    def _single_sum(self, parts: list[Part], index: str) -> Part:
        vectors = [part.expr for part in parts if part.indices == (index,)]
        matrices = [part for part in parts if len(part.indices) == 2]
        if not parts:
            return Part(self.sizes[index])
        if not matrices:
            if len(vectors) == 1:
                return Part(self._vector_total(vectors[0]))
            if len(vectors) == 2 and vectors[0] == vectors[1]:
                return Part(square_norm(vectors[0], self.shapes))
            return Part(inner(vectors[0], hadamard(vectors[1:]), self.shapes))
        if len(matrices) > 2:
            raise NotMatrix("an index of three matrices")
        weight = hadamard(vectors) if vectors else None
        others = [next(i for i in part.indices if i != index) for part in matrices]
        last = self.along(matrices[-1], (index, others[-1]))
        if len(matrices) == 1:
            vector = Op("ones", (self.sizes[index],)) if weight is None else weight
            return Part(dot([transpose(last, self.shapes), vector], self.shapes), (others[0],))
        first = self.along(matrices[0], (others[0], index))
        middle = [] if weight is None else [Op("diag", (weight,))]
        return self._diagonal(Part(dot([first, *middle, last], self.shapes), (others[0], others[1])))

    def _vector_total(self, vector: Expr) -> Expr:
        if is_op(vector, "diagonal"):
            return trace(vector.children[0], self.shapes)
        return total(vector, self.shapes)

    def _joined(self, scalars: list[Expr], arrays: list[Part]) -> Part:
        """What is left: arrays along the free indices."""
        if not arrays:
            return Part(mul(*scalars))
        indices = self._union(arrays)
        whole = [self.along(part, indices) for part in arrays if len(part.indices) == len(indices)]
        if len(indices) == 2:
            rows = [part.expr for part in arrays if part.indices == indices[:1]]
            cols = [part.expr for part in arrays if part.indices == indices[1:]]
            if not whole:
                body = dot([hadamard(rows), transpose(hadamard(cols), self.shapes)], self.shapes)
            else:
                left = [Op("diag", (hadamard(rows),))] if rows else []
                right = [Op("diag", (hadamard(cols),))] if cols else []
                body = dot([*left, hadamard(whole), *right], self.shapes)
        else:
            body = hadamard(whole)
        return Part(mul(*scalars, body), indices)


def raise_scalar(expr: Expr, shapes: Mapping[str, Shape] | None = None) -> tuple[Expr, dict[str, Shape]]:
    """A scalar in index form as an expression over whole arrays, and the shapes of those."""
    raiser = Raiser(dict(shapes or {}))
    raised = raiser.scalar(expr)
    if shape_of(raised, raiser.shapes) != SCALAR:
        raise NotMatrix("a vector where a scalar was expected")
    return raised, raiser.shapes


__all__ = ["NotMatrix", "Raiser", "product_parts", "raise_scalar"]
