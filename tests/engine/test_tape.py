"""Reverse accumulation as a table: accepted by the checker, linear in the expression, right in numbers."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from deriv.checking.document import check_text
from deriv.cli.derive import command, reversed_lines
from deriv.engine.arrays.tape import Tape, reverse_tape
from deriv.expr import nodes as n
from deriv.expr.nodes import Expr
from deriv.rulebook.book import default_book
from deriv.rulebook.formula import parse_formula as read
from tests.engine.array_numbers import value

TABLES = [
    (r"\frac{1}{n} \|X w - y\|^2", "w"),
    (r"-y^\top \log \sigma(X w + b) - (1 - y)^\top \log(1 - \sigma(X w + b))", "wb"),
    (r"\|\sigma(X W) V - Y\|_F^2 + \lambda \|W\|_F^2", "WV"),
    (r"\|A \tanh(B \tanh(U x)) - y\|^2", "ABUx"),
    (r"-y^\top \ln \operatorname{softmax}(W x)", "Wx"),
    (r"\log\det(X^\top X)", "X"),
    (r"\frac{1}{2 n} \sum_i (\tanh(w^\top x_i + b) - y_i)^2", "wb"),
    (r"\sin(x y) + x^2 e^y", "xy"),
]


def test_a_table_is_accepted_row_by_row() -> None:
    for formula, variables in TABLES:
        (text,) = reversed_lines(formula, tuple(variables), (), "latex")
        steps = check_text(text, path="table.tex", kind="tex").steps
        assert {step.verdict.value for step in steps} <= {"given", "proved", "tested"}, text


def network(depth: int) -> tuple[Expr, list[Expr]]:
    expr: Expr = n.Sym("x")
    variables: list[Expr] = []
    for k in range(1, depth + 1):
        weight, bias = (n.Entry(name, (n.Num(k),)) for name in "wb")
        variables += [weight, bias]
        expr = n.Call("sigmoid", (n.Add((n.Mul((weight, expr)), bias)),))
    return expr, variables


def size(tape: Tape) -> int:
    return sum(1 for row in (*tape.forward, *tape.backward) for _ in n.walk(row.value))


def test_the_table_is_linear_in_the_depth_of_a_network() -> None:
    sizes = {depth: size(reverse_tape(*network(depth), default_book())) for depth in (32, 64, 128)}
    assert sizes[128] - sizes[64] == 2 * (sizes[64] - sizes[32])
    assert sizes[128] < 60 * 128


def test_every_gradient_of_a_deep_network_is_right() -> None:
    expr, variables = network(6)
    tape = reverse_tape(expr, variables, default_book())
    at = {str(v.data[0]) + f"_{v.children[0].data[0]}": 0.1 + 0.05 * k for k, v in enumerate(variables)} | {"x": 0.3}
    known = dict(at)
    for row in tape.forward:
        known[str(row.name.data[0])] = value(row.value, known)
    for row in tape.backward:
        variable = row.name.children[1]
        name = "_".join([str(variable.data[0]), *(str(child.data[0]) for child in variable.children)])
        known[f"dL/d{name}"] = value(row.value, known)
    for name in list(at):
        if name != "x":
            up, down = (value(expr, {**at, name: at[name] + h}) for h in (1e-5, -1e-5))
            assert known[f"dL/d{name}"] == pytest.approx((up - down) / 2e-5, rel=1e-3)


def test_a_shared_value_is_one_row_and_collects_its_users() -> None:
    tape = reverse_tape(read("tanh(x*y)**2 + 3*tanh(x*y)"), [n.Sym("x")], default_book())
    assert sum(isinstance(row.value, n.Call) for row in tape.forward) == 1
    assert tape.variables == (n.Sym("x"),)


def test_command() -> None:
    run = CliRunner().invoke
    arguments = [r"\|\tanh(X w) - y\|^2", "--wrt", "w", "--mode", "reverse"]
    text = run(command, arguments).output
    assert "forward" in text
    assert "dL/dw = X.T @ dL/dz" in text
    data = json.loads(run(command, [*arguments, "--format", "json"]).output)
    assert data["mode"] == "reverse"
    assert data["backward"][-1]["rules"] == ["matrix-product"]
    for form, mark in (("markdown", "$$"), ("html", "<table"), ("latex", r"\tag{")):
        assert mark in run(command, [*arguments, "--format", form]).output
    assert "first derivatives" in str(run(command, [*arguments, "--order", "2"]).exception)
