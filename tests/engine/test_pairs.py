"""Every loss with every model: printed, accepted line by line, equal to reverse mode in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deriv.checking.document import check_text
from deriv.cli.derive import derived, reversed_lines
from deriv.cli.deriving import read_question, read_variable
from deriv.codegen.generate import generate
from deriv.engine.arrays.derive import derive_arrays
from deriv.engine.arrays.tape import reverse_tape
from deriv.expr import nodes as n
from deriv.rulebook.book import default_book
from deriv.training.formula import read_loss
from tests.engine.array_numbers import value

LOSSES = {
    "mse": r"\frac{1}{n} \|\hat{y} - y\|^2",
    "sse": r"\|\hat{y} - y\|^2",
    "bce": r"-\frac{1}{n} (y^\top \ln \hat{y} + (1 - y)^\top \ln(1 - \hat{y}))",
    "ce": r"-y^\top \ln \hat{y}",
    "hinge": r"\mathbf{1}^\top \max(0, 1 - y \odot \hat{y})",
}
X = r"X \in \mathbb{R}^{n \times d}"
MODELS = {
    "linear": ([X, r"w \in \mathbb{R}^d", r"b \in \mathbb{R}"], [r"\hat{y} = X w + b"], ["w", "b"]),
    "logistic": (
        [X, r"w \in \mathbb{R}^d", r"b \in \mathbb{R}"],
        [r"z = X w + b", r"\hat{y} = \sigma(z)"],
        ["w", "b"],
    ),
    "softmax": (
        [r"W \in \mathbb{R}^{n \times d}", r"x \in \mathbb{R}^d", r"b \in \mathbb{R}^n"],
        [r"z = W x + b", r"\hat{y} = \operatorname{softmax}(z)"],
        ["W", "b"],
    ),
    "two-layer": (
        [X, r"U \in \mathbb{R}^{d \times k}", r"v \in \mathbb{R}^k", r"b \in \mathbb{R}"],
        [r"Z = X U", r"H = \tanh(Z)", r"z = H v + b", r"\hat{y} = \sigma(z)"],
        ["U", "v", "b"],
    ),
}
PAIRS = [(loss, model) for loss in LOSSES for model in MODELS]
SIZES = {"n": 4, "d": 3, "k": 2}


def document(loss: str, model: str, folder: Path) -> Path:
    shapes, definitions, _ = MODELS[model]
    file = folder / "loss.tex"
    lines = [f"${line}$" for line in [*shapes, r"y \in \mathbb{R}^n"]]
    file.write_text("\n".join([*lines, *(f"$${line}$$" for line in [*definitions, f"L = {LOSSES[loss]}"])]), "utf-8")
    return file


@pytest.mark.parametrize(("loss", "model"), PAIRS)
def test_printed_derivations_are_accepted(loss: str, model: str, tmp_path: Path) -> None:
    file = str(document(loss, model, tmp_path))
    for text in derived(file, tuple(MODELS[model][2]), (), "full", 1, "latex"):
        steps = check_text(text, path="derivation.tex", kind="tex").steps
        assert {step.verdict.value for step in steps} <= {"given", "proved", "tested"}, text
        assert any(step.verdict.value == "proved" for step in steps)


@pytest.mark.parametrize(("loss", "model"), PAIRS)
def test_printed_tables_are_not_accused(loss: str, model: str, tmp_path: Path) -> None:
    (text,) = reversed_lines(str(document(loss, model, tmp_path)), tuple(MODELS[model][2]), (), "latex")
    verdicts = [step.verdict.value for step in check_text(text, path="table.tex", kind="tex").steps]
    assert "refuted" not in verdicts, text
    assert verdicts.count("proved") + verdicts.count("tested") >= len(MODELS[model][2])


@pytest.mark.parametrize(("loss", "model"), PAIRS)
def test_forward_and_table_agree_with_generated_reverse_mode(loss: str, model: str, tmp_path: Path) -> None:
    file = str(document(loss, model, tmp_path))
    names = MODELS[model][2]
    question = read_question(file, ())
    values = numbers({**question.shapes}, set(question.definitions))
    for name, meaning in question.definitions.items():
        values[name.data[0]] = value(meaning, values)
    expected = generated(file, names, values)
    variables = [read_variable(name, question) for name in names]
    known = question.definitions
    tape = reverse_tape(question.expr, variables, default_book(), question.shapes, definitions=known)
    table = run(tape, values)
    for variable in variables:
        assert isinstance(variable, n.Sym)
        found = derive_arrays(question.expr, variable, default_book(), question.shapes, definitions=known)
        more = dict(values)
        for name, meaning in found.definitions.items():
            more[name.data[0]] = value(meaning, more)
        for gradient in (value(found.result, more), table[f"dL/d{variable.name}"]):
            np.testing.assert_allclose(np.squeeze(gradient), expected[variable.name], rtol=1e-9)


def numbers(shapes: dict[str, Any], skip: set[Any]) -> dict[str, Any]:
    """Small values, so that the predictions of every model are probabilities."""
    rng = np.random.default_rng(7)
    found: dict[str, Any] = {name: float(size) for name, size in SIZES.items()}
    for name, shape in shapes.items():
        axes = [SIZES[size.name] for size in shape if size is not None]
        if n.Sym(name) not in skip and name not in SIZES:
            found[name] = rng.uniform(0.1, 0.3, [axes[0], *(axes[1:] or [1])]) if axes else 0.2
    return found


def run(tape: Any, values: dict[str, Any]) -> dict[str, Any]:
    at = dict(values)
    for row in tape.forward:
        at[row.name.name] = value(row.value, at)
    for row in tape.backward:
        at[f"dL/d{row.name.variable.name}"] = value(row.value, at)
    return at


def generated(file: str, names: list[str], values: dict[str, Any]) -> dict[str, Any]:
    what = read_loss(file)
    module = generate(what.loss, names, definitions=what.definitions, shapes=what.shapes).compile()
    flat = {name: np.squeeze(number) for name, number in values.items()}
    params = {name: flat[name] for name in names}
    data = {name: flat[name] for name in module["DATA"]}
    return module["loss_and_grad"](params, data)[1]
