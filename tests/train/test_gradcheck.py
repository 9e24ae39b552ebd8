"""Gradient checks: a user's own gradient and loss, methods against one another, and large models at small cost."""

from __future__ import annotations

import json

import numpy as np
import pytest

import deriv
from deriv.cli.main import run
from deriv.errors import UsageError
from deriv.training import gradcheck
from deriv.training.api import task
from deriv.training.check import METHODS, draw
from deriv.training.directions import check_directions

MINE = """
import numpy as np

def loss(w, b, X, y):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

def grad(w, b, X, y):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    return X.T @ (p - y) / len(y), np.mean(p - y)

def loss_summed(w, b, X, y):
    return len(y) * loss(w, b, X, y)

def loss_turned(params, data):
    return -loss(params["w"], params["b"], data["X"], data["y"])

def loss_halved(w, b, X, y):
    return loss(w, b, X, y) / 2

def loss_without_bias(w, b, X, y):
    return loss(w, 0.0, X, y)

def grad_summed(w, b, X, y):
    g, h = grad(w, b, X, y)
    return {"w": g * len(y), "b": h * len(y)}

def flat(w, b, X, y):
    g, h = grad(w, b, X, y)
    return np.concatenate([g, [h]])

def column(params, data):
    g, h = grad(params["w"], params["b"], data["X"], data["y"])
    return {"w": g[:, None], "b": np.array([h])}

def both(w, b, X, y):
    return loss(w, b, X, y), dict(zip("wb", grad(w, b, X, y)))

def counted(w, b, x, y, n):
    g, h = grad(w, b, x, y)
    return g * len(y) / n, h

def single(w, b, X, y):
    return tuple(np.asarray(v, np.float32) for v in grad(w, b, X, y))

def greedy(params, data):
    found = dict(zip("wb", grad(params["w"], params["b"], data["X"], data["y"])))
    params["w"] *= 0
    return found

def nothing(w, b, X, y): pass
def words(w, b, X, y): return "a", "b"
def broken(w, b, X, y): return X.T @ p, 0.0
def stranger(theta, X, y): return theta
def own_data(w, b): return w, b
def extra(w, b, X, y): return {"w": w, "b": b, "q": w}
def part(w, b, X, y): return {"w": w}
def infinite(w, b, X, y): return np.inf
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)


def check(capsys, function, *more):
    code = run(["gradcheck", f"mine.py:{function}", "--loss", "logistic", *more])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(
    "function", ["loss", "grad", "flat", "column", "both", "counted", "single", "greedy"]
)  # fmt: skip
def test_right_functions_of_every_form(mine, capsys, function):
    code, out, _ = check(capsys, function)
    assert (code, out.startswith(f"mine.py:{function}: right")) == (0, True), out


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("loss_summed", "w, b: 39 times the true gradient (a sum over n = 39 in place of the mean?) [sum]"),
        ("loss_turned", "w, b: the negative of the true gradient: the sign is turned [sign]"),
        ("loss_halved", "w, b: 1/2 of the true gradient (a factor 2 lost?) [constant-factor]"),
        ("loss_without_bias", "w, b: the loss leaves b out [missing-term]"),
        ("grad_summed", "w, b: 39 times the true gradient (a sum over n = 39 in place of the mean?) [sum]"),
    ],
)
def test_a_wrong_function_gets_its_reason(mine, capsys, function, reason):
    code, out, _ = check(capsys, function)
    assert code == 1
    assert reason in out


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("nothing", "the function returned nothing"),
        ("words", "must return numbers, and it returned str"),
        ("broken", "the function failed with NameError: name 'p' is not defined"),
        ("stranger", "must take (params, data), or arguments among"),
        ("own_data", "takes none of the data (X, y)"),
        ("extra", "gave a gradient for q"),
        ("part", "gave no gradient for b"),
        ("infinite", "the function returned inf"),
        ("missing", "no function missing"),
    ],
)
def test_functions_that_cannot_be_judged(mine, capsys, function, message):
    code, out, err = check(capsys, function)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_files_that_are_not_there_and_unknown_methods(mine, capsys):
    for words, message in (
        (["nofile.py:f"], "nofile.py: no such file"),
        (["guess"], "unknown gradient guess"),
        (["symbolic"], "cannot be compared with itself"),
        (["central", "--against", "guess"], "unknown gradient guess"),
        (["central", "--seed", "-1"], "seed must not be negative"),
    ):
        assert run(["gradcheck", *words, "--loss", "logistic"]) == 2
        assert message in capsys.readouterr().err


def test_data_from_a_file_tells_the_sizes(mine, tmp_path, capsys):
    (tmp_path / "d.csv").write_text("a,b,y\n1,2,0\n2,0.5,1\n0,1,1\n")
    assert check(capsys, "grad", "--data", "d.csv")[0] == 0
    code, out, _ = check(capsys, "grad_summed", "--data", "d.csv")
    assert code == 1
    assert "a sum over n = 3 in place of the mean" in out


def test_json_is_json_even_for_shapes_that_differ(mine, tmp_path, capsys):
    (tmp_path / "mine.py").write_text(MINE + "\ndef long(w, b, X, y): return np.zeros(9), 0.0\n")
    assert run(["gradcheck", "mine.py:long", "--loss", "logistic", "--format", "json"]) == 1
    answer = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert answer["relative"] is None
    assert answer["reasons"][0]["code"] == "shape"


# a loss of one's own in the place of a formula


OWN = ["--loss", "mine.py:loss", "--shape", "w (2)", "--shape", "b ()"]


def test_own_gradient_against_own_loss(mine, tmp_path, capsys):
    (tmp_path / "d.csv").write_text("a,b,y\n1,2,0\n2,0.5,1\n0,1,1\n")
    assert run(["gradcheck", "mine.py:grad", *OWN, "--data", "d.csv"]) == 0
    assert run(["gradcheck", "complex", *OWN, "--data", "d.csv"]) == 0
    capsys.readouterr()
    assert run(["gradcheck", "mine.py:grad_summed", *OWN, "--data", "d.csv"]) == 1
    assert "w, b: 3 times the true gradient" in capsys.readouterr().out


def test_own_loss_with_drawn_data(mine, capsys):
    shapes = ["--shape", "X (n, 2)", "--shape", "y (n)", "--size", "n=7", "--wrt", "w", "--wrt", "b"]
    assert run(["gradcheck", "mine.py:grad", *OWN, *shapes]) == 0
    assert run(["gradcheck", "mine.py:grad_summed", *OWN, *shapes]) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--loss", "mine.py:loss", "--wrt", "w"], "what is w?"),
        ([*OWN, "--wrt", "w", "--wrt", "b"], "what is X?"),
        ([*OWN, "--shape", "X (n, 2)", "--shape", "y (3)"], "how large is n"),
        ([*OWN, "--shape", "X (3, 2)", "--shape", "y (3)"], "name the parameters"),
    ],
)
def test_what_an_own_loss_needs(mine, capsys, words, message):
    assert run(["gradcheck", "mine.py:grad", *words]) == 2
    assert message in capsys.readouterr().err


# from Python


def logistic_gradient(w, b, X, y):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    return X.T @ (p - y) / len(y), np.mean(p - y)


def test_the_helper_for_test_suites():
    assert deriv.assert_gradient("logistic", logistic_gradient).ok
    with pytest.raises(AssertionError, match="the sign is turned") as caught:
        deriv.assert_gradient("logistic", lambda w, b, X, y: [-g for g in logistic_gradient(w, b, X, y)])
    assert "wrong (relative difference 2.0e+00" in str(caught.value)


def test_arrays_of_ones_own():
    X, y = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([1, 0])
    report = gradcheck("logistic", logistic_gradient, params={"w": [0.1, 0.2], "b": 0.0}, data={"X": X, "y": y})
    assert report.ok
    for wrong, message in (
        ({"params": {"q": 1.0}}, "unknown parameter q"),
        ({"data": {"Z": X}}, "unknown data array Z"),
        ({"data": {"X": X * np.nan, "y": y}}, "X has nan"),
        ({"data": {"X": X, "y": [1.0]}}, "y: expected shape"),
        ({"params": {"w": [1.0]}, "data": {"X": X, "y": y}}, "shape"),
    ):
        with pytest.raises(UsageError, match=message):
            gradcheck("logistic", logistic_gradient, **wrong)


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_any_slope_between_those_of_a_kink_is_right(slope):
    """At w = 0 all units of ReLU sit on their kink, and every convention for its derivative there is a good one."""
    formula = r"\frac1n \sum_{i=1}^n \max(0, w x_i)"

    def gradient(w, x):
        return np.mean(np.where(w * x > 0, 1.0, np.where(w * x < 0, 0.0, slope)) * x)

    def too_steep(w, x):
        return 1.5 * np.mean(x) + 0 * w

    data = {"x": np.array([0.5, 1.5, 1.0])}
    report = gradcheck(formula, gradient, wrt=["w"], params={"w": 0.0}, data=data)
    assert report.ok
    beyond = gradcheck(formula, too_steep, wrt=["w"], params={"w": 0.0}, data=data)
    assert not beyond.ok


def test_rounding_at_the_optimum_accuses_nobody():
    """Where the gradient is nearly 0, nothing but rounding is left of it."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 3)) * [1, 1e3, 1e-3]
    y = X @ [1.0, 2.0, 3.0] + 0.1 * rng.standard_normal(50)
    best = np.linalg.lstsq(np.column_stack([X, np.ones(50)]), y, rcond=None)[0]

    def gradient(w, b, X, y):
        r = sum(X[:, k] * w[k] for k in (2, 1, 0)) + b - y
        return np.array([2 * np.mean(r * X[:, k]) for k in range(3)]), 2 * r.mean()

    assert gradcheck("linear", gradient, params={"w": best[:3], "b": best[3]}, data={"X": X, "y": y}).ok


@pytest.mark.parametrize(("spec", "loss"), [("mlp:3-4-2:tanh", "mse"), ("softmax", "bce"), ("logistic", "hinge")])
def test_a_model_with_another_loss_and_penalties(capsys, spec, loss):
    words = ["--model-loss", loss, "--l1", "0.1", "--l2", "0.2"]
    assert run(["gradcheck", "central", "--loss", spec, *words]) == 0
    assert "central: right" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--loss", "logistic", "--model-loss", "huber"], "unknown loss huber"),
        (["--loss", "x^2", "--wrt", "x", "--l2", "1"], "go with a model by name"),
    ],
)
def test_losses_that_no_model_has(capsys, words, message):
    assert run(["gradcheck", "central", *words]) == 2
    assert message in capsys.readouterr().err


def test_methods_are_those_of_the_help(capsys):
    run(["gradcheck", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert ", ".join(METHODS) in said


# large models


BIG = "mlp:784-128-64-10:relu"


@pytest.fixture(scope="module")
def big():
    what = task(BIG)
    code = what.generate(fast=False)
    params, data, _ = draw(what, code, {"n": 8}, 0)
    params = {k: v / 10 for k, v in params.items()}
    loss, loss_and_grad = code.functions()
    return params, loss_and_grad(params, data)[1], lambda p: loss(p, data)


def counting(loss):
    calls = []

    def counted(params):
        calls.append(1)
        return loss(params)

    return counted, calls


def test_a_right_gradient_of_109_386_entries_takes_a_few_losses(big):
    params, grads, loss = big
    counted, calls = counting(loss)
    report = check_directions(counted, lambda _: grads, params)
    assert report.ok
    assert (report.directions, report.losses) == (2, len(calls))
    assert len(calls) < 40


@pytest.mark.parametrize("name", ["W1", "W2", "b2", "W3"])
def test_a_wrong_parameter_is_found_by_halving(big, name):
    params, grads, loss = big
    counted, calls = counting(loss)
    report = check_directions(counted, lambda _: {**grads, name: -grads[name]}, params)
    assert [(r.code, r.parameters) for r in report.reasons] == [("sign", (name,))]
    assert len(calls) < 1000  # entry by entry it would be 218,772


def test_a_single_wrong_entry_is_found_by_halving(big):
    params, grads, loss = big
    spoilt = grads["W2"].copy()
    spoilt[17, 5] += np.abs(spoilt).max()
    counted, calls = counting(loss)
    report = check_directions(counted, lambda _: {**grads, "W2": spoilt}, params)
    assert [f.entry for f in report.findings] == [(17, 5)]
    assert report.reasons[0].text == "entry [17, 5] alone is wrong"
    assert len(calls) < 1500


def test_a_large_model_on_the_command_line(capsys):
    assert run(["gradcheck", "central", "--loss", BIG, "--size", "n=8", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["losses"] < 100
    assert run(["gradcheck", "central", "--against", "richardson", "--loss", BIG]) == 2
    assert "too many" in capsys.readouterr().err
