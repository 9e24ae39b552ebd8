"""A run that was saved and resumed, and a loop written as a script, give the numbers of one uninterrupted run."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from deriv.cli.main import cli
from deriv.training import train
from deriv.training.optimizers import OPTIMIZERS

RNG = np.random.default_rng(0)
X = RNG.standard_normal((120, 3))
NOISY = (X @ [1.0, -2.0, 0.5] + 0.7 * RNG.standard_normal(120) > 0).astype(float)
SCHEDULES = ("constant", "step:2:0.5", "exp:0.9", "inverse:0.3", "cosine:6")


def run(*arguments):
    answer = CliRunner().invoke(cli, ["train", *map(str, arguments), "--format", "json", "-q"])
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("mode", ["batch", "minibatch"])
def test_a_resumed_run_gives_the_same_numbers(tmp_path, optimizer, schedule, mode):
    options = {"optimizer": optimizer, "mode": mode, "batch_size": 16, "learning_rate": 0.05, "seed": 3}
    options |= {"schedule": schedule, "check": False}
    data = (X[:40], NOISY[:40])
    whole = train("mlp:3-2-1:relu", data, epochs=8, **options)
    train("mlp:3-2-1:relu", data, epochs=3, output=tmp_path / "p.npz", **options)
    resumed = train("mlp:3-2-1:relu", data, epochs=8, resume_from=tmp_path / "p.npz", **options)
    assert resumed.loss == whole.loss
    for name, value in whole.params.items():
        np.testing.assert_array_equal(resumed.params[name], value)


@pytest.mark.parametrize("sampling", ["shuffle", "replacement"])
def test_online_runs_resume_too(tmp_path, sampling):
    options = {"mode": "online", "sampling": sampling, "learning_rate": 0.05}
    whole = train("logistic", (X, NOISY), epochs=5, **options)
    train("logistic", (X, NOISY), epochs=2, output=tmp_path / "p.npz", **options)
    resumed = train("logistic", (X, NOISY), epochs=5, resume_from=tmp_path / "p.npz", **options)
    assert resumed.loss == whole.loss


def test_a_resumed_run_stops_early_at_the_same_place(tmp_path):
    options = {"mode": "minibatch", "learning_rate": 2.0, "validation": 0.25, "patience": 4}
    whole = train("logistic", (X, NOISY), epochs=60, **options)
    assert whole.epochs < 60
    half = whole.epochs - 2
    train("logistic", (X, NOISY), epochs=half, output=tmp_path / "p.npz", **options)
    resumed = train("logistic", (X, NOISY), epochs=60, resume_from=tmp_path / "p.npz", **options)
    assert (resumed.loss, resumed.stopped) == (whole.loss, whole.stopped)
    np.testing.assert_array_equal(resumed.params["w"], whole.params["w"])


def test_a_run_that_ended_early_stays_ended(tmp_path):
    apart = np.abs(X @ [1.0, -2.0, 0.5]) > 0.4
    data = (X[apart], np.where(X[apart] @ [1.0, -2.0, 0.5] > 0, 1.0, -1.0))
    options = {"mode": "online", "epochs": 500, "learning_rate": 1.0}
    whole = train("perceptron", data, output=tmp_path / "p.npz", **options)
    resumed = train("perceptron", data, resume_from=tmp_path / "p.npz", **options)
    assert (resumed.loss, resumed.stopped) == (whole.loss, "every sample is on its side")


def test_a_perceptron_that_did_not_separate_goes_on(tmp_path):
    options = {"mode": "online", "learning_rate": 1.0}
    train("perceptron", (X, 2 * NOISY - 1), epochs=4, output=tmp_path / "p.npz", **options)
    resumed = train("perceptron", (X, 2 * NOISY - 1), epochs=9, resume_from=tmp_path / "p.npz", **options)
    assert resumed.loss == train("perceptron", (X, 2 * NOISY - 1), epochs=9, **options).loss


# scripts


def write_table(path, features, target, separator=","):
    names = [f"x{k}" for k in range(features.shape[1])]
    rows = [[*names, "y"], *([*f, t] for f, t in zip(features.tolist(), target.tolist(), strict=True))]
    path.write_text("\n".join(separator.join(map(str, row)) for row in rows) + "\n")
    return path


def same_as_script(tmp_path, *arguments):
    """Train, run the emitted script with nothing of deriv in reach, and compare what both say."""
    script = tmp_path / "loop.py"
    answer = run(*arguments, "--emit", script)
    assert "import deriv" not in script.read_text()
    said = subprocess.run([sys.executable, "-I", script], capture_output=True, text=True, check=True).stdout.strip()
    assert said == f"loss {answer['loss'][0]:.6g} -> {answer['final_loss']:.6g} in {answer['epochs']} epochs"
    return answer


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_script_for_each_optimizer(tmp_path, optimizer):
    data = write_table(tmp_path / "d.csv", X[:20], NOISY[:20])
    common = ["--data", data, "--optimizer", optimizer, "--mode", "minibatch", "--batch-size", 8, "--epochs", 5]
    same_as_script(tmp_path, "mlp:3-4-1:tanh", *common, "--learning-rate", 0.05, "--schedule", "step:2:0.5")


@pytest.mark.parametrize("mode", ["online", "minibatch", "batch"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_script_for_each_mode_and_schedule(tmp_path, mode, schedule):
    data = write_table(tmp_path / "d.csv", X[:20], NOISY[:20])
    same_as_script(tmp_path, "logistic", "--data", data, "--mode", mode, "--epochs", 4, "--schedule", schedule)


def test_a_script_that_starts_where_it_is_told(tmp_path):
    data = write_table(tmp_path / "d.csv", X[:20], NOISY[:20])
    start = ["--start", "W2=[[1],[2],[-1]]", "--start", "b1=[0.5,0,0.5]"]
    same_as_script(tmp_path, "mlp:3-3-1:tanh", "--data", data, "--epochs", 3, *start)


def test_a_script_with_validation_and_patience(tmp_path):
    data = write_table(tmp_path / "d.csv", X, NOISY)
    stopping = ["--validation", 0.25, "--patience", 3, "--learning-rate", 2, "--mode", "minibatch", "--epochs", 200]
    assert same_as_script(tmp_path, "logistic", "--data", data, *stopping)["epochs"] < 200


def test_a_script_of_the_perceptron_stops_as_well(tmp_path):
    apart = np.abs(X @ [1.0, -2.0, 0.5]) > 0.4
    data = write_table(tmp_path / "d.csv", X[apart], np.where(X[apart] @ [1.0, -2.0, 0.5] > 0, 1.0, -1.0))
    answer = same_as_script(tmp_path, "perceptron", "--data", data, "--mode", "online", "--epochs", 500)
    assert answer["epochs"] < 500


@pytest.mark.parametrize("kind", ["tab", "semicolon", "no header", "words", "npz", "parquet"])
def test_a_script_reads_what_train_reads(tmp_path, kind):
    features, target, spec, more = X[:12, :2], NOISY[:12], "logistic", []
    match kind:
        case "tab" | "semicolon":
            file = write_table(tmp_path / "d.csv", features, target, {"tab": "\t", "semicolon": ";"}[kind])
        case "no header":
            file = write_table(tmp_path / "d.csv", features, target)
            file.write_text(file.read_text().partition("\n")[2])
        case "words":
            file, spec = tmp_path / "d.csv", "softmax"
            kinds = [("owl", "cat", "dog")[k % 3] for k in range(12)]
            rows = [f"{a},{k},{b}" for (a, b), k in zip(features.tolist(), kinds, strict=True)]
            file.write_text("\n".join(["a,kind,b", *rows]) + "\n")
            more = ["--target", "kind"]
        case "npz":
            file, more = tmp_path / "d.npz", ["--target", "label"]
            np.savez(file, X=features, label=target.astype(int))
        case "parquet":
            arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
            file = tmp_path / "d.parquet"
            table = {"a": features[:, 0], "y": target.astype(int), "b": features[:, 1]}
            parquet.write_table(arrow.table(table), file)
            more = ["--target", "y"]
    same_as_script(tmp_path, spec, "--data", file, "--epochs", 4, *more)


def test_a_script_for_a_formula_and_columns_by_name(tmp_path):
    file = tmp_path / "d.csv"
    rows = [f"word,{a},{b},{a - 2 * b}" for a, b in X[:12, :2].tolist()]
    file.write_text("\n".join(["note,u,v,t", *rows]) + "\n")
    formula = r"\frac1n \sum_i (t_i - a u_i - b v_i)^2"
    answer = same_as_script(tmp_path, formula, "--wrt", "a", "--wrt", "b", "--data", file, "--epochs", 300)
    assert answer["final_loss"] < 1e-6
