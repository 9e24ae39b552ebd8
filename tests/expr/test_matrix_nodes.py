"""Inverse and determinant as binders of two names, as tensors and written out."""

from __future__ import annotations

import pytest

from deriv.errors import MeaningError
from deriv.expr.calculus import differentiate
from deriv.expr.nodes import ONE, ZERO, Add, Det, Entry, Expr, Inverse, Mul, Num, Sum, Sym, walk
from deriv.expr.substitute import bound_names, families, free_symbols, rename_bound, substitute
from deriv.expr.tensor import Axis, Grid, Tensor, determinant, inverse, outer, scalar

N = Sym("n")
ROW, COL = Sym("r.1"), Sym("c.2")


def _inverse(i: Expr, j: Expr, extra: Expr = ZERO) -> Inverse:
    return Inverse("r.1", "c.2", ONE, N, Add((Entry("A", (ROW, COL)), extra)), i, j)


def test_row_and_column_are_bound() -> None:
    node = _inverse(Sym("i"), Sym("j"), Sym("t"))
    assert free_symbols(node) == {"i", "j", "n", "t"}
    assert free_symbols(Det("r.1", "c.2", ONE, N, node.body)) == {"n", "t"}
    assert families(node) == {"A"}
    assert bound_names(node) == ("r.1", "c.2")
    assert {Sym("i"), Sym("j"), N} <= set(walk(node))
    assert node == _inverse(Sym("i"), Sym("j"), Sym("t")) != _inverse(Sym("j"), Sym("i"), Sym("t"))


def test_names_of_rows_and_columns_must_differ() -> None:
    with pytest.raises(MeaningError):
        Det("i.1", "i.1", ONE, N, ONE)


def test_indices_are_replaced_outside_the_matrix_only() -> None:
    assert substitute(_inverse(Sym("i"), Sym("j")), {Sym("i"): ROW}) == _inverse(ROW, Sym("j"))
    assert substitute(_inverse(Sym("i"), Sym("j")), {ROW: Num(3)}) == _inverse(Sym("i"), Sym("j"))


def test_a_replacement_is_not_captured() -> None:
    made = substitute(_inverse(Sym("i"), Sym("j"), Sym("t")), {Sym("t"): Mul((ROW, COL))})
    assert isinstance(made, Inverse)
    assert {"r.1", "c.2"} <= free_symbols(made)
    assert not {made.row, made.col} & {"r.1", "c.2"}
    assert made.row != made.col
    assert rename_bound(made, "r.1", "c.2").data == ("r.1", "c.2")


def test_derivatives_are_sums_over_both_indices() -> None:
    node = _inverse(Sym("i"), Sym("j"))
    slope = differentiate(node, Entry("A", (Sym("p"), Sym("q"))))
    assert isinstance(slope, Sum)
    assert free_symbols(slope) == {"i", "j", "p", "q", "n"}
    assert differentiate(node, Sym("t")) == ZERO
    again = differentiate(slope, Entry("A", (Sym("u"), Sym("v"))))
    assert free_symbols(again) == {"i", "j", "p", "q", "u", "v", "n"}


def test_tensors() -> None:
    rows, cols = Axis("r.1", ONE, N), Axis("c.2", ONE, N)
    a = Tensor(rows, cols, Entry("A", (ROW, COL)))
    made = inverse(a, "r.3", "c.4")
    assert isinstance(made, Tensor)
    assert made.body == Inverse("r.1", "c.2", ONE, N, a.body, Sym("r.3"), Sym("c.4"))
    assert determinant(a).body == Det("r.1", "c.2", ONE, N, a.body)
    assert determinant(scalar(N)).body == N
    with pytest.raises(MeaningError):
        determinant(Tensor(rows, Axis("c.2", ONE, Sym("m")), ONE))
    with pytest.raises(MeaningError):
        inverse(Tensor(rows, None, ONE), "r.3", "c.4")
    assert outer(Tensor(rows, None, ROW), Tensor(None, cols, COL)).body == Mul((ROW, COL))


def test_larger_matrices_written_out_are_refused() -> None:
    with pytest.raises(MeaningError):
        determinant(Grid(((ONE,) * 4,) * 4))
    with pytest.raises(MeaningError):
        determinant(Grid(((ONE,) * 2,)))
