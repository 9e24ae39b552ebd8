"""`deriv.derive` on SymPy's matrix expressions: plain SymPy in, plain SymPy of the right shape out."""

from __future__ import annotations

import pytest
import sympy

import deriv
from deriv.errors import MeaningError

n, d = sympy.symbols("n d")
X, w, y = sympy.MatrixSymbol("X", n, d), sympy.MatrixSymbol("w", d, 1), sympy.MatrixSymbol("y", n, 1)
A, B = sympy.MatrixSymbol("A", d, d), sympy.MatrixSymbol("B", d, d)
residual = X * w - y


@pytest.mark.parametrize(
    ("expr", "by", "answer"),
    [
        ((residual.T * residual)[0, 0] / n, w, 2 * X.T * (X * w - y) / n),
        (sympy.Trace(A * B), A, B.T),
        (sympy.Trace(B.T * A * B), A, B * B.T),
        (sympy.Trace(A.T * A), A, 2 * A),
        (sympy.log(sympy.Determinant(A)), A, A.I.T),
        ((w.T * A * w)[0, 0], w, (A + A.T) * w),
        ((w.T * A.I * w)[0, 0], A, -A.T.I * w * w.T * A.T.I),
        (sympy.Trace(A) ** 2, A, 2 * sympy.Trace(A) * sympy.Identity(d)),
    ],
)
def test_gradients(expr: sympy.Expr, by: sympy.MatrixSymbol, answer: sympy.MatrixExpr) -> None:
    derived = deriv.derive(expr, by)
    assert derived.result.shape == by.shape
    assert derived.result.doit() == answer.doit()
    assert derived.steps


def test_against_explicit_matrices() -> None:
    """The symbolic gradient, with matrices of numbers put in, against derivatives entry by entry."""
    expr = (y.T * (X * w).applyfunc(sympy.tanh))[0, 0]
    found = deriv.derive(expr, w).result
    numbers = {X: sympy.Matrix([[1, 2], [3, -1], [0, 1]]) / 5, y: sympy.Matrix([1, -2, 3])}
    v = sympy.Matrix(sympy.symbols("v1 v2"))
    at = {v[0]: sympy.Rational(1, 3), v[1]: sympy.Rational(-1, 2)}
    value = (numbers[y].T * (numbers[X] * v).applyfunc(sympy.tanh))[0, 0]
    expected = [value.diff(entry).subs(at).evalf() for entry in v]
    sized = found.subs({n: 3, d: 2})
    put = {sympy.MatrixSymbol("X", 3, 2): numbers[X], sympy.MatrixSymbol("y", 3, 1): numbers[y]}
    put[sympy.MatrixSymbol("w", 2, 1)] = v.subs(at)
    got = sized.xreplace({name: sympy.ImmutableMatrix(matrix) for name, matrix in put.items()}).as_explicit()
    assert [complex(entry.doit().evalf()) for entry in got] == pytest.approx([complex(entry) for entry in expected])


def test_hessian_and_named_values() -> None:
    assert deriv.derive((w.T * A * w)[0, 0], w, order=2).result == A + A.T
    z = sympy.MatrixSymbol("z", n, 1)
    derived = deriv.derive((z.T * z)[0, 0], w, given={z: residual})
    assert derived.result == 2 * X.T * z
    assert r"X \in \mathbb{R}^{n \times d}" in derived._repr_latex_()
    assert "<ol" in derived._repr_html_()


def test_what_is_not_understood_is_an_error() -> None:
    with pytest.raises(MeaningError, match="row"):
        deriv.derive(sympy.Trace(sympy.MatrixSymbol("r", 1, d) * w), w)
    with pytest.raises(MeaningError):
        deriv.derive(A[0, 1], A)
