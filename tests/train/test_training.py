"""Training: the lectures' numbers, optima, resumption, emitted loops, bad input."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from deriv.cli.main import cli
from deriv.errors import UsageError
from deriv.training import Diverged, train

RNG = np.random.default_rng(0)
X = RNG.standard_normal((120, 3))
NOISY = (X @ [1.0, -2.0, 0.5] + 0.7 * RNG.standard_normal(120) > 0).astype(float)


def write_csv(path, features, target):
    names = [f"x{k}" for k in range(features.shape[1])]
    rows = [
        ",".join([*names, "y"]),
        *(",".join(map(repr, map(float, (*f, t)))) for f, t in zip(features, target, strict=True)),
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


def run(*arguments):
    return CliRunner().invoke(cli, ["train", *map(str, arguments)])


def test_one_step_of_the_lecture():
    history = train("logistic", (np.array([[3.0, 2.0]]), np.array([1.0])), mode="online", epochs=1, learning_rate=0.1)
    np.testing.assert_allclose(history.params["w"], [0.15, 0.1], atol=1e-15)
    assert float(history.params["b"]) == pytest.approx(0.05)


def test_linear_regression_reaches_least_squares():
    y = X @ [1.0, -2.0, 0.5] + 0.3 + 0.1 * np.random.default_rng(1).standard_normal(120)
    history = train("linear", (X, y), epochs=400, learning_rate=0.3)
    exact = np.linalg.lstsq(np.column_stack([X, np.ones(120)]), y, rcond=None)[0]
    np.testing.assert_allclose([*history.params["w"], history.params["b"]], exact, atol=1e-8)


def test_logistic_regression_reaches_the_optimum_of_another_solver():
    optimize = pytest.importorskip("scipy.optimize")

    def loss(t):
        z = X @ t[:3] + t[3]
        return np.mean(np.logaddexp(0, z) - NOISY * z) + 0.05 * t[:3] @ t[:3]

    best = optimize.minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9})
    history = train("logistic", (X, NOISY), epochs=3000, learning_rate=1.0, l2=0.1)
    assert abs(history.final_loss - best.fun) < 1e-9
    np.testing.assert_allclose([*history.params["w"], history.params["b"]], best.x, atol=1e-6)


def test_softmax_regression_reaches_the_optimum_of_another_solver():
    optimize = pytest.importorskip("scipy.optimize")
    labels = np.argmax(X @ np.random.default_rng(2).standard_normal((3, 3)) + RNG.gumbel(size=(120, 3)), axis=1)

    def loss(t):
        W, b = t[:9].reshape(3, 3), t[9:]
        z = X @ W + b
        top = z.max(1)
        return np.mean(top + np.log(np.exp(z - top[:, None]).sum(1)) - z[np.arange(120), labels]) + 0.05 * (W * W).sum()

    best = optimize.minimize(loss, np.zeros(12), method="BFGS", options={"gtol": 1e-9})
    history = train("softmax", (X, labels), epochs=3000, learning_rate=1.0, l2=0.1)
    assert abs(history.final_loss - best.fun) < 1e-6


def test_xor_is_learned():
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    history = train(
        "mlp:2-3-1:tanh", (inputs, [0.0, 1.0, 1.0, 0.0]), epochs=600, optimizer="adam", learning_rate=0.05, seed=1
    )
    assert history.final_loss < 0.01


def test_perceptron_separates_and_says_when_it_does_not():
    signs = np.where(X @ [1.0, -2.0, 0.5] > 0, 1.0, -1.0)
    apart = np.abs(X @ [1.0, -2.0, 0.5]) > 0.4
    history = train("perceptron", (X[apart], signs[apart]), mode="online", epochs=500, learning_rate=1.0)
    assert history.stopped == "every sample is on its side"
    history = train("perceptron", (X, 2 * NOISY - 1), mode="online", epochs=20, learning_rate=1.0)
    assert "no line may separate" in history.stopped


def test_a_formula_trains_like_the_model():
    formula = r"\frac1n\sum_{i=1}^n (y_i - \sum_{k=1}^d x_{ik} w_k - b)^2"
    one = train(formula, (X, NOISY), wrt=["w", "b"], epochs=20)
    other = train("linear", (X, NOISY), epochs=20)
    np.testing.assert_allclose(one.loss, other.loss, rtol=1e-12)


def test_validation_patience_and_sampling():
    history = train(
        "logistic", (X, NOISY), epochs=300, validation=0.25, patience=3, learning_rate=2.0, mode="minibatch"
    )
    assert len(history.validation) == history.epochs
    train("logistic", (X, NOISY), epochs=3, sampling="replacement", mode="minibatch")


def test_divergence_names_the_learning_rate():
    with pytest.raises(Diverged, match=r"the learning rate 50 is too large .* try 5"):
        train("linear", (10 * X, NOISY), epochs=1000, learning_rate=50.0)


@pytest.mark.parametrize(
    ("spec", "arrays", "options", "message"),
    [
        ("linear", (X, NOISY[:-1]), {}, "120 rows and the target 119"),
        ("linear", (np.where(X > 2, np.nan, X), NOISY), {}, "X has nan"),
        ("linear", (np.array([["a", "b"]]), [1.0]), {}, "not an array of numbers"),
        ("logistic", (X, NOISY + 1), {}, "must be 0 and 1, found 2"),
        ("perceptron", (X, NOISY), {}, "must be -1 and 1, found 0"),
        ("softmax", (X, NOISY - 1), {}, "from 0 on"),
        ("mlp:5-2-1", (X, NOISY), {}, "expects 5 features"),
        ("mlp:3-2-2", (X, NOISY + 1), {}, "does not fit 2 classes"),
        ("mlp:3", (X, NOISY), {}, "at least an input and an output"),
        ("mlp:3-x", (X, NOISY), {}, "whole numbers"),
        ("nothing", (X, NOISY), {}, "unknown model"),
        ("linear", (X, NOISY), {"optimizer": "lion"}, "unknown optimizer lion"),
        ("linear", (X, NOISY), {"learning_rate": -1.0}, "must be a positive number"),
        ("linear", (X, NOISY), {"schedule": "step:1"}, "unknown schedule"),
        ("linear", (X, NOISY), {"params": {"q": 1.0}}, "unknown parameter q"),
        ("linear", (X, NOISY), {"loss": "huber"}, "unknown loss"),
        ("linear", (np.zeros((0, 2)), np.zeros(0)), {}, "empty"),
        ("linear", {"A": X}, {}, "no array X"),
        ("linear", (X * 1j, NOISY), {}, "X holds complex numbers"),
    ],
)
def test_bad_input_is_one_clear_line(spec, arrays, options, message):
    with pytest.raises(UsageError, match=message) as caught:
        train(spec, arrays, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("a,b\n", "no row of data"),
        ("a,b\n1,2\n3\n", "row 3 has 1 cells"),
        ("a,b\n1,two\n", "'two' is not a number"),
        ("a,b\n1,\n", "column b, data row 1: the cell is empty"),
        ("a,b\n1,nan\n", "not a finite number"),
        ("a,a\n1,2\n", "two columns have one name"),
        ("a\n1\n", "no column beside the target"),
    ],
)
def test_bad_files_exit_with_two_and_write_nothing(tmp_path, text, message):
    file = tmp_path / "d.csv"
    file.write_text(text)
    answer = run("linear", "--data", file, "-o", tmp_path / "p.npz")
    assert answer.exit_code == 2 or isinstance(answer.exception, UsageError)
    assert message in (answer.output + str(answer.exception or ""))
    assert not (tmp_path / "p.npz").exists()


def test_diverged_runs_save_nothing(tmp_path):
    data = write_csv(tmp_path / "d.csv", 100 * X, NOISY)
    answer = run("linear", "--data", data, "--learning-rate", 10, "-o", tmp_path / "p.npz")
    assert answer.exit_code == 1
    assert list(tmp_path.iterdir()) == [data]


def test_class_names_may_be_words(tmp_path):
    file = tmp_path / "d.csv"
    file.write_text("a,b,kind\n1,2,cat\n3,1,dog\n0,1,cat\n2,2,dog\n")
    answer = run("softmax", "--data", file, "--epochs", 5, "--format", "json")
    assert json.loads(answer.stdout)["epochs"] == 5


def test_one_array_without_a_name_is_no_data(tmp_path):
    np.save(tmp_path / "x.npy", X)
    answer = run("linear", "--data", tmp_path / "x.npy")
    assert answer.exit_code == 2
    assert "save X and y together" in answer.output


POSITIVE = r"-\frac1n \sum_i (\log(w x_i) - w)"


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (POSITIVE, "the loss is inf where training starts"),
        (r"\frac1n \sum_i \frac{x_i}{w}", "the loss is inf where training starts"),
        (r"\frac1n \sum_i \sqrt{w} x_i", "the gradient by w is not finite where training starts"),
        (r"\frac1n \sum_i (\log(-x_i) - w)^2", "the loss is nan where training starts"),
    ],
)
def test_what_is_not_defined_at_the_start_is_not_blamed_on_the_rate(tmp_path, loss, message):
    file = tmp_path / "d.csv"
    file.write_text("x,y\n1,2\n2,4\n")
    answer = run(loss, "--wrt", "w", "--data", file)
    assert answer.exit_code == 2
    assert answer.stderr.startswith(f"error: {message}")
    assert answer.stderr.count("\n") == 1


def test_training_starts_where_it_is_told(tmp_path):
    file = tmp_path / "d.csv"
    file.write_text("x,y\n1,2\n2,4\n")
    answer = run(POSITIVE, "--wrt", "w", "--data", file, "--start", "w=0.1", "--epochs", 300, "--format", "json")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["final_loss"] == pytest.approx(1 - np.log(2) / 2, rel=1e-6)  # at w = 1
    assert "unknown parameter q" in run(POSITIVE, "--wrt", "w", "--data", file, "--start", "q=1").output


def test_a_resumed_run_that_adds_nothing_says_so(tmp_path):
    data = write_csv(tmp_path / "d.csv", X, NOISY)
    run("logistic", "--data", data, "--epochs", 4, "-o", tmp_path / "p.npz")
    answer = run("logistic", "--data", data, "--epochs", 3, "--resume", tmp_path / "p.npz")
    assert "no epoch was added: the saved run has 4" in answer.output
