"""Gradients that SymPy 1.14 answers with 0, with a part of the result or not at all (`expr.diff(MatrixSymbol)`).

Ours are compared with reverse mode at two sets of sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from deriv.expr.calculus import differentiate
from deriv.expr.nodes import Entry, Num, Sym
from tests.tensors.maker import (
    LEAVES,
    Node,
    det,
    each,
    eye,
    leaf,
    logdet,
    minus,
    number,
    plus,
    product,
    scaled,
    squares,
    trace,
    turned,
)
from tests.tensors.oracle import reverse_mode
from tests.tensors.spell import arrays, index_form, place

A, X, C, W, U, V, x, w = (leaf(name) for name in "AXCWuvxw")
SHAPES = ({"m": 2, "n": 3, "d": 4}, {"m": 4, "n": 2, "d": 1})


def quadratic(a: Node, matrix: Node) -> Node:
    """a'Ma."""
    return product(turned(a), product(matrix, a))


def gram(a: Node) -> Node:
    """I + aa'."""
    return plus(eye(str(a.shape[0])), product(a, turned(a)))


def softplus(a: Node) -> Node:
    """log(1 + exp(a)), entry by entry."""
    return each("log", plus(each("exp", a), number(1)))


def sigmoid(a: Node) -> Node:
    """1 / (1 + exp(-a)), entry by entry."""
    return each("reciprocal", plus(each("exp", scaled(number(-1), a)), number(1)))


def quotient(a: Node, b: Node) -> Node:
    """Of two scalars."""
    return scaled(a, each("reciprocal", b))


@dataclass(frozen=True)
class Case:
    """What is differentiated by what, and what SymPy answers."""

    name: str
    root: Node
    by: str
    sympy: str


CASES = (
    Case("a sum of two traces", plus(trace(product(A, turned(X))), trace(product(C, product(A, turned(X))))), "A", "0"),
    Case("log det", logdet(plus(eye("m"), scaled(number(2), gram(C)))), "C", "0"),
    Case("log det of a Gram matrix and more", logdet(plus(gram(A), product(X, turned(X)))), "A", "0"),
    Case("the square of a determinant", scaled(det(C), det(C)), "C", "0"),
    Case("the determinant of a product", det(product(C, gram(X))), "C", "not evaluated"),
    Case("a determinant times a trace", scaled(det(C), trace(C)), "C", "the second term only"),
    Case("log(1 + exp(v'v))", softplus(product(turned(V), V)), "v", "0"),
    Case("exp(-x'Wx)", each("exp", scaled(number(-1), quadratic(x, W))), "x", "0"),
    Case("the Rayleigh quotient", quotient(quadratic(x, W), squares(x)), "x", "the first term only"),
    Case("a quadratic form over a trace", quotient(quadratic(x, W), trace(gram(W))), "W", "the first term only"),
    Case("log-sum-exp", each("log", product(turned(sigmoid(U)), each("exp", V))), "v", "0"),
    Case("sigmoid inside a sum", product(turned(U), sigmoid(product(A, x))), "x", "an array of another shape"),
    Case("softplus inside a sum", product(turned(U), softplus(product(A, x))), "A", "an array of another shape"),
    Case("the root of a sum of squares", each("sqrt", squares(minus(x, w))), "x", "an error"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("sizes", SHAPES, ids=str)
def test_ours_is_reverse_mode(case: Case, sizes: dict[str, int]) -> None:
    at = arrays(sizes, 7)
    expected = reverse_mode(case.root, at, case.by)
    open_indices = tuple(Sym(f"at.{k}") for k in range(2 if LEAVES[case.by][1] else 1))
    slope = differentiate(index_form(case.root).at(Num(0), Num(0)), Entry(case.by, open_indices))
    ours = np.zeros_like(expected)
    for index in np.ndindex(*expected.shape):
        ours[index] = place(slope, sizes, at, **{f"at.{k}": i + 1 for k, i in enumerate(index)})
    assert np.abs(expected).max() > 0
    assert np.allclose(ours, expected, rtol=1e-6, atol=1e-8)
