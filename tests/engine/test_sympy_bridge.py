"""The bridge writes ordinary SymPy with the names of the contract and reads it back."""

from fractions import Fraction

import pytest
import sympy

from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.sympy_bridge import from_sympy, to_sympy, to_text

x, y, i, j = n.Sym("x"), n.Sym("y"), n.Sym("i"), n.Sym("j")


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (n.Sym("yhat"), "yhat"),
        (n.Entry("x", (j,)), "x_j"),
        (n.Entry("w", (i, j)), "w_ij"),
        (n.Entry("w", (n.Num(1), n.Num(10))), "w_1,10"),
        (n.Entry("y", (i,), sups=1), "y__i"),
        (n.Entry("x", (i, j), sups=1), "x__i_j"),
        (n.Entry("x", (n.Add((i, n.ONE)),)), "x_i+1"),
        (n.Sum("i.3", n.ONE, n.Sym("n"), n.Entry("x", (n.Sym("i.3"),))), "Sum(x_i, (i, 1, n))"),
        (n.Decimal(Fraction(7, 10), Fraction(1, 100)), "0.70"),
        (n.Decimal(Fraction(-5, 2), Fraction(1, 10)), "-2.5"),
        (n.Call("abs", (x,)), "Abs(x)"),
        (n.Call("sigmoid", (x,)), "sigmoid(x)"),
        (n.Delta(i, j), "KroneckerDelta(i, j)"),
        (n.Derivative(n.Apply("f", (x,)), x), "Derivative(f(x), x)"),
        (n.Apply("f", (n.Pow(x, n.Num(2)),), (1,)), "Subs(Derivative(f(xi_1), xi_1), xi_1, x**2)"),
        (n.Limit(x, "x", n.ZERO, "+"), "Limit(x, x, 0, dir='+')"),
        (n.Pow(n.Num(10), n.Pow(n.Num(10), n.Num(9))), "10**1000000000"),
        (n.Call("factorial", (n.Num(10**9),)), "factorial(1000000000)"),
        (n.Cases(((">", x, n.ZERO, x), (True, n.ZERO, n.ZERO, n.ZERO))), "Piecewise((x, x > 0), (0, True))"),
    ],
)
def test_written_form(expr: n.Expr, text: str) -> None:
    assert to_text(expr) == text


def test_bound_index_never_captures_a_free_name() -> None:
    expr = n.Sum("i.1", n.ONE, n.Sym("n"), n.Mul((n.Entry("x", (n.Sym("i.1"),)), i)))
    result = to_sympy(expr)
    assert sympy.Symbol("i") in result.free_symbols


def test_nested_sums_get_different_letters() -> None:
    inner = n.Sum("i.2", n.ONE, n.Sym("n"), n.Entry("a", (n.Sym("i.1"), n.Sym("i.2"))))
    assert to_text(n.Sum("i.1", n.ONE, n.Sym("n"), inner)) == "Sum(a_ij, (j, 1, n), (i, 1, n))"


@pytest.mark.parametrize(
    "text",
    [
        "x**2 + y/2", "exp(-x)", "log(x)", "sqrt(x)", "Abs(x)", "Max(x, y)", "sigmoid(w*x + b)",
        "Sum(w_j*x_j, (j, 1, n))", "Product(x_i, (i, 1, n))", "Piecewise((x, x > 0), (0, True))", "f(x, y)",
        "Derivative(f(x), x)", "Integral(x**2, (x, 0, 1))", "KroneckerDelta(i, j)", "Sum(y__i*log(p__i_k), (i, 1, n))",
        "x_max", "erf(x)", "atan(x)", "pi*x", "1.5*x", "Heaviside(x)", "Limit(sin(x)/x, x, 0)",
    ],
)  # fmt: skip
def test_round_trip(text: str) -> None:
    names = {name: sympy.Symbol(name) for name in "w_j x_j x_i y__i p__i_k".split()}
    expr = sympy.sympify(text, locals=names)
    assert str(to_sympy(from_sympy(expr))) == str(expr)


def test_indexed_is_an_entry() -> None:
    xs, k = sympy.IndexedBase("x"), sympy.Symbol("k")
    assert from_sympy(sympy.Sum(xs[k], (k, 1, 3))) == n.Sum("k.1", n.ONE, n.Num(3), n.Entry("x", (n.Sym("k.1"),)))


def test_deep_network_is_read() -> None:
    expr = sympy.Symbol("x")
    for k in range(128):
        expr = sympy.Function("sigmoid")(sympy.Symbol(f"w_{k}") * expr)
    assert to_sympy(from_sympy(expr)) == expr


def test_unreadable_is_an_error_not_a_guess() -> None:
    with pytest.raises(MeaningError):
        from_sympy(sympy.MatrixSymbol("A", 2, 2))
