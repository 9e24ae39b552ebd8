"""Pictures of training runs."""

from __future__ import annotations

import numpy as np
import pytest

from deriv.cli.main import run
from deriv.errors import UsageError
from deriv.training import train
from deriv.training.plots import side_by_side

pytest.importorskip("matplotlib")

RNG = np.random.default_rng(0)
X = RNG.standard_normal((30, 3))
Y = (X @ [1.0, -2.0, 0.5] > 0).astype(float)
LINE = {"x": X[:, 0], "y": 2 * X[:, 0] + 0.5}
FORMULA = r"\frac1n\sum_i (y_i - w x_i - b)^2"


@pytest.mark.parametrize(
    ("spec", "columns", "loss"),
    [
        ("logistic", 3, None),
        ("logistic", 2, None),
        ("linear", 1, None),
        ("mlp:2-3-1:tanh", 2, None),
        ("mlp:2-3-1:tanh", 2, "mse"),
        ("softmax", 2, None),
        ("mlp:3-2-1", 3, None),
    ],
)
def test_a_plot_is_drawn(tmp_path, spec, columns, loss):
    history = train(spec, (X[:, :columns], Y), epochs=3, loss=loss)
    history.plot(str(tmp_path / "p.svg"))
    assert "<svg" in (tmp_path / "p.svg").read_text()


def test_the_perceptron_has_a_boundary(tmp_path):
    history = train("perceptron", (X[:, :2], 2 * Y - 1), epochs=3, mode="online")
    history.plot(str(tmp_path / "p.png"))
    assert (tmp_path / "p.png").stat().st_size > 1000


def test_predictions_are_those_of_the_model():
    history = train("logistic", (X, Y), epochs=20)
    z = X @ history.params["w"] + history.params["b"]
    np.testing.assert_allclose(history.predict(history.params, X), 1 / (1 + np.exp(-z)), rtol=1e-12)
    history = train("mlp:3-4-2:relu", (X, Y), epochs=3)
    p = history.params
    z = np.maximum(X @ p["W1"] + p["b1"], 0) @ p["W2"] + p["b2"]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    np.testing.assert_allclose(history.predict(p, X), e / e.sum(axis=1, keepdims=True), rtol=1e-12)


def test_the_path_has_every_update_of_stochastic_descent():
    batch = train(FORMULA, LINE, wrt=["w", "b"], epochs=4)
    online = train(FORMULA, LINE, wrt=["w", "b"], epochs=4, mode="online")
    assert len(batch.path) == 1 + 4
    assert len(online.path) >= 1 + 4 * 30
    assert float(batch.path[0]["w"]) == 0.0
    assert float(online.path[-1]["w"]) == float(online.params["w"])


def test_batch_and_stochastic_side_by_side(tmp_path):
    runs = {mode: train(FORMULA, LINE, wrt=["w", "b"], epochs=4, mode=mode) for mode in ("batch", "online")}
    side_by_side(runs, str(tmp_path / "p.svg"))
    assert "<svg" in (tmp_path / "p.svg").read_text()


def test_compare_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{a},{b}" for a, b in zip(LINE["x"].tolist(), LINE["y"].tolist(), strict=True)]
    (tmp_path / "d.csv").write_text("\n".join(["x,y", *rows]))
    common = ["--data", "d.csv", "--epochs", "3", "--plot", "p.svg", "--compare", "online"]
    assert run(["train", FORMULA, "--wrt", "w", "--wrt", "b", *common]) == 0
    alone = (tmp_path / "p.svg").stat().st_size
    assert run(["train", FORMULA, "--wrt", "w", "--wrt", "b", *common[:-2]]) == 0
    assert (tmp_path / "p.svg").stat().st_size < alone


def test_a_plot_of_another_kind_is_refused(tmp_path):
    with pytest.raises(UsageError, match="a picture ends in"):
        train("linear", (X, Y), epochs=2).plot(str(tmp_path / "loss.txt"))
