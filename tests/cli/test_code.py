"""`deriv code` on the command line: targets, files, and what is refused."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from deriv.cli.main import cli

RESIDUAL = r"\sum_{i=1}^{n} (w x_i - y_i)^2"
MATRIX = ["--shape", "X (n, d)", "--shape", "y (n)"]


def code(*arguments, **options):
    return CliRunner().invoke(cli, ["code", *arguments], **options)


@pytest.mark.parametrize(
    ("target", "mark"),
    [
        ("numpy", "import numpy"),
        ("numba", "@numba.njit"),
        ("torch", "import torch"),
        ("jax", "@jax.jit"),
        ("c", "#include <math.h>"),
        ("latex", r"\begin{align*}"),
    ],
)
def test_targets(target, mark):
    result = code(RESIDUAL, "--wrt", "w", "--target", target, "--check")
    assert result.exit_code == 0, result.output
    assert mark in result.output
    assert "largest relative difference" in result.output


def test_standard_input_and_models():
    assert "loss_and_grad" in code("-", "--wrt", "w", input=RESIDUAL).output
    assert '"W1": ("d", "h1")' in code("mlp:4-3-2:tanh", "--check").output


@pytest.mark.parametrize(
    "document",
    [
        "$$z_i = w x_i + b$$\n\nso that $$L = \\sum_{i=1}^{n} (z_i - y_i)^2$$",
        "\\begin{align} z_i &= w x_i + b \\\\ L &= \\sum_{i=1}^{n} (z_i - y_i)^2 \\end{align}",
    ],
)
def test_a_document_on_standard_input(document):
    result = code("-", "--wrt", "w", "--wrt", "b", "--check", input=document)
    assert result.exit_code == 0, result.output
    assert "z = w * x + b" in result.output
    assert document.split("\n")[0] in result.output


BAD = [
    ([""], "no formula"),
    ([r"\frac{1}{n} \sum_i (w x_i - y_i", "--wrt", "w"], "unclosed"),
    ([RESIDUAL], "--wrt"),
    ([RESIDUAL, "--wrt", "v"], "v does not occur in the loss (its inputs are "),
    (["w_i^2", "--wrt", "w"], "declare the shape of w"),
    (["nothing.tex", "--wrt", "w"], "nothing.tex: No such file"),
    ([RESIDUAL, "--wrt", "w", "--target", "fortran"], "fortran"),
    ([RESIDUAL, "--wrt", "w", "--target", "c", "--fast"], "--fast goes with"),
    ([RESIDUAL, "--wrt", "w", "--dtype", "int"], "int"),
    (["X w", "--wrt", "w", *MATRIX, "--shape", "w (d)"], "must be a single number"),
    ([RESIDUAL, "--wrt", "w", "--shape", "x (n"], "cannot read the shape"),
    ([RESIDUAL, "--wrt", "w", "--shape", "q (n)"], "q of --shape does not occur"),
    ([r"\| X w - y \|^2", "--wrt", "w", *MATRIX, "--shape", "w (k)"], "do not fit"),
    ([r"\sum_i f(w x_i)", "--wrt", "w"], "the function f"),
    ([RESIDUAL, "--wrt", "w", "--given", "nothing.md"], "nothing.md: No such file"),
    ([RESIDUAL, "--wrt", "w", "--loss", "mse"], "--loss"),
    (["mlp:3-2:cubic"], "unknown activation cubic"),
    (["mlp:3"], "at least an input and an output"),
    (["logistic", "--wrt", "q"], "q does not occur"),
    (["logistic", "--loss", "ce"], "one-hot"),
    (["nonsense"], "unknown model nonsense"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_one_clear_line_and_writes_nothing(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grad.py").write_text("before")
    result = code(*arguments, "-o", "grad.py")
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
    assert (tmp_path / "grad.py").read_text() == "before"
    said = [line for line in result.stderr.splitlines() if line.lower().startswith("error")]
    assert len(said) == 1


def test_an_output_that_cannot_be_written(tmp_path):
    result = code(RESIDUAL, "--wrt", "w", "-o", str(tmp_path / "no" / "grad.py"))
    assert result.exit_code == 2
    assert "No such file" in result.output
