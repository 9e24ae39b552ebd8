"""Gradients as LaTeX: our own checker accepts them, and never refutes one."""

from __future__ import annotations

import pytest

import deriv
from deriv.codegen import Definition, generate
from deriv.expr.nodes import Add, Pow
from deriv.training.models import model
from tests.codegen.cases import CASES, HALF, Num, Y, Z, e, entropy, mean, minus, sigmoid, square

LEFT_OPEN = (
    "differences",
    "labels",
    "what is not chosen",
)  # cases on an index, and an entry chosen by a label, are beyond the checker
MODELS = (
    "linear",
    "adaline",
    "perceptron",
    "logistic",
    "softmax",
    "mlp:4-3-2:tanh",
    "mlp:4-3-1:relu",
    "mlp:4-3-2-2:elu",
)


def verdicts(source):
    steps = deriv.check(source, kind="tex").steps
    return [(step.verdict.value, f"{step.lhs} = {step.rhs}") for step in steps]


@pytest.mark.parametrize("name", CASES)
def test_every_derivative_is_accepted(name):
    found = verdicts(generate(*CASES[name], target="latex").source)
    derived = [verdict for verdict, text in found if r"\partial L}" in text]
    assert len(derived) == len(CASES[name][1])
    assert set(derived) <= ({"proved", "tested"} if name not in LEFT_OPEN else {"proved", "tested", "unchecked"})


@pytest.mark.parametrize("spec", MODELS)
def test_models_with_all_their_layers(spec):
    m = model(spec)
    source = generate(m.loss, m.params, definitions=m.definitions, target="latex", onehot=m.onehot).source
    found = verdicts(source)
    assert {verdict for verdict, _ in found} <= {"given", "proved", "tested"}
    assert sum(r"\partial L}" in text for _, text in found) >= len(m.params)
    if spec.startswith("mlp"):  # one row for each layer: backpropagation as it is taught
        assert r"\frac{\partial L}{\partial z^{(1)}_{ij}}" in source


def test_logistic_regression_reads_like_a_book():
    definitions = (Definition("z", ("i",), Z), Definition("yhat", ("i",), sigmoid(e("z", "i"))))
    source = generate(entropy(e("yhat", "i")), ["w", "b"], definitions=definitions, target="latex").source
    assert r"\frac{\partial L}{\partial z_{i}} &= \frac{\hat{y}_{i} - y_{i}}{n}" in source
    assert r"\frac{\partial L}{\partial w_{k}} &= \sum_{i=1}^{n} X_{ik} \frac{\partial L}{\partial z_{i}}" in source


def test_a_part_of_a_derivative_is_not_called_by_its_name():
    """The logistic loss goes past yhat to the logit, the square does not: 2 yhat is not the whole derivative."""
    definitions = (Definition("z", ("i",), Z), Definition("yhat", ("i",), sigmoid(e("z", "i"))))
    loss = Add((entropy(e("yhat", "i")), mean(square(e("yhat", "i")))))
    source = generate(loss, ["w", "b"], definitions=definitions, target="latex").source
    assert r"\partial \hat{y}_{i}}" not in source
    assert {verdict for verdict, _ in verdicts(source)} <= {"given", "proved", "tested"}


def test_a_loss_that_is_not_called_l():
    loss = mean(Pow(minus(Add((Z, e("L", "i"))), Y), Num(2)))
    source = generate(loss, ["w"], target="latex").source
    assert r"\frac{\partial J}{\partial w_{k}}" in source
    assert {verdict for verdict, _ in verdicts(source)} <= {"given", "proved", "tested"}


def test_roots_and_powers_are_read_back():
    loss = mean(Pow(Add((square(minus(Z, Y)), Num(1))), HALF))
    assert {verdict for verdict, _ in verdicts(generate(loss, ["w"], target="latex").source)} <= {
        "given",
        "proved",
        "tested",
    }
