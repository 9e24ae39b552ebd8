"""The examples about code and training do what their pages say."""

from __future__ import annotations

from pathlib import Path

import pytest

from deriv.cli.main import run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def inside(monkeypatch):
    return lambda name: monkeypatch.chdir(EXAMPLES / name)


def test_gradient_code(inside, capsys):
    inside("10-gradient-code")
    assert run(["code", "loss.tex", "--wrt", "w", "--wrt", "b", "--check"]) == 0
    assert capsys.readouterr().out.strip() == Path("grad.py").read_text(encoding="utf-8").strip()


def test_training(inside, capsys):
    inside("11-train-a-model")
    assert run(["train", "logistic", "--data", "exam.csv", "--epochs", "300", "--learning-rate", "0.1"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("gradient checked")
    assert printed[1:] == Path("output.txt").read_text(encoding="utf-8").splitlines()


def test_somebody_elses_gradient(inside, capsys):
    inside("11-train-a-model")
    assert run(["gradcheck", "mine.py:grad", "--loss", "logistic"]) == 1
    printed = capsys.readouterr().out
    for line in Path("check.txt").read_text(encoding="utf-8").splitlines():
        assert line in printed


def test_a_loss_in_python(inside, capsys):
    inside("11-train-a-model")
    assert run(["gradcheck", "mine.py:loss", "--loss", "logistic"]) == 0
    own = ["--loss", "mine.py:loss", "--data", "exam.csv", "--shape", "w (2)", "--shape", "b ()"]
    assert run(["gradcheck", "mine.py:grad", *own]) == 1
    printed = capsys.readouterr().out
    assert "w: 12 times the true gradient" in printed
    assert "b: the negative of the true gradient" in printed
