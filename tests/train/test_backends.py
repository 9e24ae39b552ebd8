"""What runs the loop and in which precision: the same numbers to rounding, kept by a saved run."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from deriv.cli.main import cli
from deriv.errors import UsageError
from deriv.training import Diverged, compiled, train
from deriv.training.optimizers import OPTIMIZERS

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 3))
y = (X @ [1.0, -2.0, 0.5] + 0.7 * RNG.standard_normal(60) > 0).astype(float)
MODES = ("online", "minibatch", "batch")


def run(*arguments):
    return CliRunner().invoke(cli, ["train", *map(str, arguments)])


def table(path):
    rows = [["a", "b", "c", "y"], *([*f, t] for f, t in zip(X.tolist(), y.tolist(), strict=True))]
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return path


def same(one, other, tolerance):
    np.testing.assert_allclose(one.loss, other.loss, rtol=tolerance)
    assert one.final_loss == pytest.approx(other.final_loss, rel=tolerance)
    for name, value in other.params.items():
        assert one.params[name].shape == value.shape
        np.testing.assert_allclose(one.params[name], value, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("optimizer", "spec"),
    [*((name, "logistic") for name in ("gd", "nesterov", "adagrad", "rmsprop")), ("adam", "mlp:3-4-1:tanh")],
)
def test_a_compiled_loop_gives_the_same_numbers(optimizer, spec):
    pytest.importorskip("numba")
    options = {"mode": "minibatch", "batch_size": 7, "epochs": 3, "optimizer": optimizer, "schedule": "exp:0.9"}
    options |= {"learning_rate": 0.05, "validation": 0.2}
    compiled_run = train(spec, (X, y), backend="numba", **options)
    assert compiled_run.backend == "numba"
    plain = train(spec, (X, y), backend="numpy", **options)
    same(compiled_run, plain, 1e-9)
    np.testing.assert_allclose(compiled_run.validation, plain.validation, rtol=1e-9)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_may_be_compiled(mode):
    pytest.importorskip("numba")
    options = {"mode": mode, "epochs": 4, "sampling": "replacement", "l2": 0.1, "l1": 0.01}
    same(train("logistic", (X, y), backend="numba", **options), train("logistic", (X, y), **options), 1e-10)


def test_formulas_are_compiled_too():
    pytest.importorskip("numba")
    formula = r"\frac1n \sum_i (y_i - w x_i - b)^2 + \lambda w^2"
    data = {"x": X[:, 0], "y": y, "lambda": np.asarray(0.1)}
    runs = [train(formula, data, wrt=["w", "b"], mode="online", epochs=3, backend=b) for b in ("numba", "numpy")]
    same(*runs, 1e-10)
    assert len(runs[0].path) == len(runs[1].path)  # two parameters: their way is drawn
    for one, other in zip(runs[0].path, runs[1].path, strict=True):
        assert float(one["w"]) == pytest.approx(float(other["w"]), rel=1e-9, abs=1e-12)


def test_a_compiled_run_resumes_bit_by_bit(tmp_path):
    pytest.importorskip("numba")
    options = {"mode": "online", "optimizer": "adam", "learning_rate": 0.01}
    whole = train("logistic", (X, y), epochs=5, backend="numba", **options)
    train("logistic", (X, y), epochs=2, backend="numba", output=tmp_path / "p.npz", **options)
    resumed = train("logistic", (X, y), epochs=5, resume_from=tmp_path / "p.npz", **options)
    assert (resumed.backend, resumed.loss) == ("numba", whole.loss)
    np.testing.assert_array_equal(resumed.params["w"], whole.params["w"])


def test_a_compiled_loop_that_diverges_is_stopped():
    pytest.importorskip("numba")
    with pytest.raises(Diverged, match="the learning rate 50 is too large"):
        train("linear", (10 * X, y), mode="online", epochs=100, learning_rate=50.0, backend="numba")


def test_numba_runs_the_loop_where_its_compiling_pays(monkeypatch):
    monkeypatch.setattr(compiled, "find_spec", lambda name: name)
    assert compiled.chosen("auto", updates=10_000, entries=101) == "numba"
    assert compiled.chosen("auto", updates=12, entries=101) == "numpy"
    assert compiled.chosen("auto", updates=10_000, entries=100_000) == "numpy"
    assert compiled.chosen("numpy", updates=10_000, entries=101) == "numpy"
    monkeypatch.setattr(compiled, "find_spec", lambda _: None)
    assert compiled.chosen("auto", updates=10_000, entries=101) == "numpy"
    with pytest.raises(UsageError, match="needs the library numba"):
        compiled.chosen("numba", updates=1, entries=1)


def test_a_missing_library_is_one_line_and_nothing_is_written(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "find_spec", lambda _: None)
    script = tmp_path / "loop.py"
    answer = run("logistic", "--data", table(tmp_path / "d.csv"), "--backend", "numba", "--emit", script)
    assert answer.exit_code == 2
    assert answer.stderr == "error: the backend numba needs the library numba (pip install numba)\n"
    assert not script.exists()


# single precision


@pytest.mark.parametrize(("optimizer", "backend"), [*((name, "numpy") for name in OPTIMIZERS), ("adam", "numba")])
def test_single_precision_is_kept_and_near_double(optimizer, backend):
    pytest.importorskip(backend)
    options = {"mode": "minibatch", "epochs": 3, "optimizer": optimizer, "schedule": "cosine:9", "learning_rate": 0.05}
    single = train("mlp:3-4-1:tanh", (X, y), dtype="float32", backend=backend, **options)
    assert {p.dtype for p in single.params.values()} == {np.dtype("float32")}
    assert all(a.dtype == np.float32 for kept in single.memory.values() for a in kept.values())
    assert single.gradcheck["relative"] < 1e-7  # the check is made in double precision
    same(single, train("mlp:3-4-1:tanh", (X, y), **options), 1e-3)


def test_single_precision_is_saved_and_resumed(tmp_path):
    options = {"mode": "minibatch", "optimizer": "adam", "learning_rate": 0.05}
    whole = train("logistic", (X, y), epochs=6, dtype="float32", **options)
    train("logistic", (X, y), epochs=2, dtype="float32", output=tmp_path / "p.npz", **options)
    resumed = train("logistic", (X, y), epochs=6, resume_from=tmp_path / "p.npz", **options)
    assert resumed.params["w"].dtype == np.float32
    assert resumed.loss == whole.loss
    with pytest.raises(UsageError, match="saved with dtype float32, and now it is float64"):
        train("logistic", (X, y), epochs=6, resume_from=tmp_path / "p.npz", dtype="float64", **options)


def test_what_single_precision_cannot_hold_is_refused():
    with pytest.raises(UsageError, match="X has inf"):
        train("linear", (X * 1e300, y), dtype="float32")


def test_pictures_of_a_run_in_single_precision(tmp_path):
    pytest.importorskip("matplotlib")
    for columns in (1, 2):
        history = train("logistic", (X[:, :columns], y), epochs=3, dtype="float32")
        history.plot(str(tmp_path / f"{columns}.svg"))


@pytest.mark.parametrize(
    ("mode", "backend", "dtype"),
    [*((mode, "numpy", "float32") for mode in MODES), ("online", "numba", "float64"), ("batch", "numba", "float32")],
)
def test_scripts_give_the_same_numbers(tmp_path, mode, backend, dtype):
    pytest.importorskip(backend)
    script = tmp_path / "loop.py"
    options = ["--mode", mode, "--backend", backend, "--epochs", 4, "--optimizer", "momentum", "--schedule", "cosine:6"]
    arguments = ["mlp:3-2-1:tanh", "--data", table(tmp_path / "d.csv"), *options, "--dtype", dtype, "--validation", 0.2]
    answer = run(*arguments, "--emit", script, "--format", "json", "-q")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert (found["backend"], found["dtype"]) == (backend, dtype)
    said = subprocess.run([sys.executable, "-I", script], capture_output=True, text=True, check=True).stdout.split()
    digits = 1e-5 if dtype == "float32" else 1e-12
    assert [float(said[1]), float(said[3])] == pytest.approx(
        [float(f"{found['loss'][0]:.6g}"), float(f"{found['final_loss']:.6g}")], rel=digits
    )
