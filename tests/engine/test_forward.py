"""Derivations: every line equals the one before, the result is the derivative and has the form of an author."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deriv.engine.forward import derive
from deriv.engine.monomial import Canon, join
from deriv.engine.step import Derivation
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.calculus import differentiate
from deriv.expr.nodes import Expr
from deriv.expr.substitute import substitute
from deriv.expr.sympy_bridge import to_text
from deriv.rulebook.book import Rulebook, default_book
from deriv.rulebook.formula import parse_formula as read
from deriv.rulebook.model import FunctionLaw, StructureLaw
from tests.rulebook.numeric import Point, close, value
from tests.rulebook.points import indices, sizes

BOOK = default_book()
Z = "sum(m, p, w[m]*x[m]) + b"
ZI = "sum(m, p, w[m]*x[i, m]) + b"
SOFTMAX = "exp(z[k])/sum(m, n, exp(z[m]))"


def run(text: str, by: str, names: dict[str, str] | None = None, order: int = 1) -> Derivation:
    definitions = {read(name): read(meaning) for name, meaning in (names or {}).items()}
    return derive(read(text), read(by), BOOK, definitions=definitions, order=order)


def expand(expr: Expr, names: dict[Expr, Expr]) -> Expr:
    """Definitions without parameters, replaced everywhere (the entries with indices are not used in these tests)."""
    for _ in names:
        expr = substitute(expr, names)
    return expr


def sample(exprs: list[Expr], seed: int) -> Point:
    rng = random.Random(seed)
    everything = n.Add(tuple(exprs))
    names = {node.name for node in n.walk(everything) if isinstance(node, n.Sym) and "." not in node.name}
    families = sorted({node.name for node in n.walk(everything) if isinstance(node, n.Entry)})
    values: dict[str, Any] = {name: mpmath.mpf(rng.uniform(0.2, 0.9)) for name in sorted(names)}
    values |= {name: mpmath.mpf(rng.randint(1, 2)) for name in sorted(indices(everything))}
    values |= {name: mpmath.mpf(2) for name in sizes(everything)}

    def entries(name: str) -> Any:
        return lambda at: mpmath.mpf(random.Random(f"{seed}{name}{at}").uniform(0.1, 0.9))

    return Point(values, {name: entries(name) for name in families})


def steps_are_equal(derivation: Derivation) -> None:
    names = {key: val for key, val in derivation.definitions.items() if isinstance(key, n.Sym)}
    lines = [derivation.start] + [step.after for step in derivation.steps]
    lines = [in_full(line, names) for line in lines]
    for seed in range(2):
        at = sample([*lines, derivation.variable], seed)
        truth = value(lines[0], at)
        for step, line in zip(derivation.steps, lines[1:], strict=True):
            assert close(truth, value(line, at)), f"{step.rule}: {to_text(step.before)} -> {to_text(step.after)}"


def in_full(line: Expr, names: dict[Expr, Expr]) -> Expr:
    """Names expanded below the derivatives too (substitution would carry those out)."""
    for _ in names:
        line = rebuild_names(line, names)
    return line


def rebuild_names(root: Expr, names: dict[Expr, Expr]) -> Expr:
    if root in names:
        return names[root]
    parts = tuple(rebuild_names(child, names) for child in root.children)
    return root.with_children(parts) if parts != root.children else root


CASES = [
    ("x**5", "x"), ("7*x - 3", "x"), ("sin(x**2)", "x"), ("sin(x)/x", "x"), ("x**2*sin(x)*exp(x)", "x"), ("x**x", "x"),
    ("2**(3*x)", "x"), ("sqrt(1 + x**2)", "x"), ("1/(1 + exp(-x))", "x"), ("log(log(1 + x))", "x"),
    ("atan(x/(1 + x))", "x"),
    ("(x + y)**3/(x - 2*y)", "x"), ("exp(-x**2/2)/sqrt(2*pi)", "x"), ("tanh(3*x)", "x"), ("log(1 + exp(x))", "x"),
    ("max(x, x**2)", "x"), ("abs(x - 2)", "x"), ("where(x > 0, x**2, -x)", "x"), ("relu(2*x - 1)", "x"),
    ("swish(x)", "x"),
    ("sum(i, n, (a[i] - x)**2)", "x"), ("prod(i, n, x + a[i])", "x"), ("integral(t, 0, 1, x*t**2)", "x"),
    ("integral(t, 0, x**2, exp(t))", "x"), ("sum(m, n, x[m]**2)", "x[k]"), ("sqrt(sum(m, n, x[m]**2))", "x[k]"),
    (SOFTMAX, "z[j]"), ("log(sum(m, n, exp(z[m])))", "z[k]"), ("sum(i, n, sum(j, n, x[i]*a[i, j]*x[j]))", "x[k]"),
    ("sum(i, n, (sum(m, p, w[m]*x[i, m]) - y[i])**2)/(2*n)", "w[j]"), (f"sigmoid({Z})", "w[j]"), (f"sigmoid({Z})", "b"),
    (f"-sum(i, n, y[i]*log(sigmoid({ZI})) + (1 - y[i])*log(1 - sigmoid({ZI})))/n", "w[j]"),
    (f"sum(i, n, max(0, 1 - y[i]*({ZI})))/n", "w[j]"),
    ("sum(i, n, (sum(h, p, v[h]*tanh(sum(m, p, u[h, m]*x[i, m]))) - y[i])**2)/n", "u[k, l]"),
    ("sum(i, n, (sum(h, p, v[h]*tanh(sum(m, p, u[h, m]*x[i, m]))) - y[i])**2)/n", "v[k]"),
    ("-sum(k, n, y[k]*log(exp(sum(m, p, w[k, m]*x[m]))/sum(l, n, exp(sum(m, p, w[l, m]*x[m])))))", "w[i, j]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "by"), CASES)
def test_every_line_equals_the_one_before(text: str, by: str) -> None:
    steps_are_equal(run(text, by))


@pytest.mark.parametrize(("text", "by"), CASES)
def test_result_is_the_derivative_of_the_judge(text: str, by: str) -> None:
    found, oracle = run(text, by).result, differentiate(read(text), read(by))  # type: ignore[arg-type]
    for seed in range(3):
        at = sample([found, oracle], seed)
        assert close(value(found, at), value(oracle, at))


@pytest.mark.parametrize(("text", "by"), CASES[:12])
def test_second_order(text: str, by: str) -> None:
    derivation = run(text, by, order=2)
    once = differentiate(read(text), read(by))  # type: ignore[arg-type]
    twice = differentiate(once, read(by))  # type: ignore[arg-type]
    at = sample([derivation.result, twice], 1)
    assert close(value(derivation.result, at), value(twice, at))
    steps_are_equal(run(text, by))


NAMED = {"yhat": "sigmoid(z)", "z": Z}
AUTHORED = [
    ("sin(x**2)", "x", {}, "2*x*cos(x**2)"),
    ("sigmoid(z)", "z", {}, "sigmoid(z)*(1 - sigmoid(z))"),
    ("(yhat - y)**2/2", "w[j]", {"yhat": Z}, "(yhat - y)*x[j]"),
    ("-(y*log(yhat) + (1 - y)*log(1 - yhat))", "w[j]", NAMED, "(yhat - y)*x[j]"),
    ("-(y*log(yhat) + (1 - y)*log(1 - yhat))", "b", NAMED, "yhat - y"),
    ("-(y*log(yhat) + (1 - y)*log(1 - yhat))", "yhat", NAMED, "(yhat - y)/(yhat*(1 - yhat))"),
    ("-(y*log(sigmoid(z)) + (1 - y)*log(1 - sigmoid(z)))", "z", {}, "sigmoid(z) - y"),
    ("a*sum(m, n, w[m]**2)", "w[k]", {}, "2*a*w[k]"),
    ("sum(m, n, (yhat[m] - y[m])**2)/(2*n)", "yhat[k]", {}, "(yhat[k] - y[k])/n"),
]


@pytest.mark.parametrize(("text", "by", "names", "answer"), AUTHORED)
def test_result_has_the_form_of_an_author(text: str, by: str, names: dict[str, str], answer: str) -> None:
    assert same_form(run(text, by, names).result, read(answer))


def same_form(left: Expr, right: Expr) -> bool:
    """Equal up to the order of factors and terms."""
    canon = Canon()
    return canon.key(join(canon.split(left))) == canon.key(join(canon.split(right)))


def test_softmax_cross_entropy_with_labels_that_sum_to_one() -> None:
    q = {read("q[k]"): read(SOFTMAX)}
    one = {read("sum(k, n, y[k])"): n.ONE}
    found = derive(read("-sum(k, n, y[k]*log(q[k]))"), read("z[j]"), BOOK, definitions=q, equations=one)
    assert found.result == read("q[j] - y[j]")


def test_named_values_are_kept() -> None:
    lines = run("-(y*log(yhat) + (1 - y)*log(1 - yhat))", "w[j]", NAMED).lines("normal")
    assert any("Derivative(yhat" in to_text(line.expr) for line in lines)
    assert "sigmoid" not in to_text(lines[-1].expr)


def test_details() -> None:
    derivation = run("sin(x**2)", "x")
    assert [len(derivation.lines(detail)) for detail in ("brief", "normal", "full")] == [1, 2, len(derivation.steps)]
    assert {line.expr for line in derivation.lines("normal")} >= {derivation.result}


def test_unknown_functions_use_the_chain_rule() -> None:
    assert run("f(x**2)", "x").result == n.Mul((n.Num(2), n.Sym("x"), n.Apply("f", (read("x**2"),), (1,))))
    assert {step.rule for step in run("f(x, x**2)", "x").steps} >= {"multivariable-chain", "power"}


def test_what_has_no_rule_is_an_error() -> None:
    with pytest.raises(MeaningError, match="no derivative of factorial"):
        derive(n.Call("factorial", (n.Sym("x"),)), n.Sym("x"), BOOK)
    with pytest.raises(MeaningError, match="range depends"):
        run("sum(i, x, a[i])", "x")


def with_law(book: Rulebook, rule: str, **changes: object) -> Rulebook:
    rules = tuple(replace(r, law=replace(r.law, **changes)) if r.id == rule else r for r in book.rules)  # type: ignore[arg-type]
    return Rulebook(rules)


def test_steps_come_from_the_rule_book() -> None:
    """With another law in the book the derivation is another one: nothing is computed behind the rules' backs."""
    assert isinstance(BOOK["sin"].law, FunctionLaw)
    assert isinstance(BOOK["product"].law, StructureLaw)
    wrong = with_law(BOOK, "sin", partials=(read("-cos(x)"),))
    assert derive(read("sin(x)"), n.Sym("x"), wrong).result == read("-cos(x)")
    wrong = with_law(BOOK, "product", result=read("d(f)*d(g)"))
    assert derive(read("x*sin(x)"), n.Sym("x"), wrong).result == read("cos(x)")


def nested(depth: int) -> Expr:
    expr: Expr = n.Sym("x")
    for k in range(depth):
        expr = n.Call("sigmoid", (n.Mul((n.Entry("w", (n.Num(k),)), expr)),))
    return expr


def test_work_grows_with_the_graph_and_not_with_the_tree() -> None:
    start = time.perf_counter()
    derivation = derive(nested(128), n.Sym("x"), BOOK)
    assert time.perf_counter() - start < 15
    assert len(derivation.result.children) == 3 * 128


atoms = st.sampled_from([n.Sym("x"), n.Sym("y"), n.Num(2), n.Num(3), n.HALF])


NAMES = ["sin", "exp", "tanh", "sigmoid", "atan"]


def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map(n.Add), pairs.map(n.Mul),
        st.tuples(st.sampled_from(NAMES), inner).map(lambda t: n.Call(t[0], (t[1],))),
        st.tuples(inner, st.sampled_from([n.Num(2), n.Num(3)])).map(lambda t: n.Pow(*t)),
        pairs.map(lambda t: n.Mul((t[0], n.Pow(n.Add((n.Num(2), n.Pow(t[1], n.Num(2)))), n.MINUS_ONE)))),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.recursive(atoms, grow, max_leaves=7))
def test_any_expression_is_derived_soundly(expr: Expr) -> None:
    derivation = derive(expr, n.Sym("x"), BOOK)
    oracle = differentiate(expr, n.Sym("x"))
    at = Point({"x": mpmath.mpf("0.37"), "y": mpmath.mpf("0.61")})
    assert close(value(derivation.result, at), value(oracle, at))
