"""Derivations over whole arrays: printed, read back and proved line by line, in the form of an author."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from deriv.checking.document import check_text
from deriv.cli.derive import command, derived
from deriv.cli.deriving_arrays import read_whole
from deriv.engine.arrays.derive import derive_arrays
from deriv.engine.arrays.latex import array_latex
from deriv.engine.arrays.laws import array_laws
from deriv.engine.arrays.raising import NotMatrix, Raiser
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.rulebook.arrays import parse_array_formula
from deriv.rulebook.book import Rulebook, default_book
from deriv.rulebook.formula import parse_formula as read
from tests.engine.array_cases import GRADIENTS, HESSIANS, LOGISTIC

HOLD = {"given", "proved", "tested"}


def printed(formula: str, by: str, detail: str, order: int = 1, given: tuple[str, ...] = ()) -> str:
    return derived(formula, (by,), given, detail, order, "latex")[0]


def verdicts(tex: str) -> Counter[str]:
    return Counter(step.verdict.value for step in check_text(tex, path="derivation.tex", kind="tex").steps)


def result(tex: str) -> str:
    return tex.splitlines()[-2].split("&= ")[-1].split(r" \tag")[0]


@pytest.mark.parametrize("detail", ["normal", "full"])
@pytest.mark.parametrize(("formula", "by", "answer"), GRADIENTS)
def test_every_printed_line_is_accepted(formula: str, by: str, answer: str, detail: str) -> None:
    tex = printed(formula, by, detail)
    found = verdicts(tex)
    assert set(found) <= HOLD, tex
    assert found["proved"] + found["tested"] >= 1
    if answer:
        assert result(tex) == answer


@pytest.mark.parametrize(("formula", "by", "answer"), HESSIANS)
def test_hessians(formula: str, by: str, answer: str) -> None:
    tex = printed(formula, by, "full", order=2)
    assert set(verdicts(tex)) <= HOLD, tex
    if answer:
        assert result(tex) == answer


def test_every_rule_that_is_named_is_in_the_book() -> None:
    book = default_book()
    for formula, by, _ in GRADIENTS:
        question = read_whole([formula], {})
        assert question is not None
        derivation = derive_arrays(question.expr, n.Sym(by), book, question.shapes)
        named = {rule for step in derivation.steps for rule in step.rules}
        assert {rule for rule in named if rule not in book} == set()


def test_names_of_the_document_are_used(tmp_path: Path) -> None:
    file = tmp_path / "loss.tex"
    lines = [
        r"z &= X w + b \\",
        r"\hat{y} &= \sigma(z) \\",
        r"L &= -y^\top \ln \hat{y} - (1 - y)^\top \ln(1 - \hat{y})",
    ]
    file.write_text(r"$X \in \mathbb{R}^{n \times d}$, $y \in \mathbb{R}^n$" + "\n" + "\n".join(lines), "utf-8")
    tex = printed(str(file), "w", "normal")
    assert result(tex) == r"X^\top (\hat{y} - y)"
    assert r"\frac{\partial L}{\partial w} &=" in tex
    assert set(verdicts(tex)) <= HOLD


def test_names_that_were_made_up_go_where_the_result_is_short() -> None:
    tex = printed(LOGISTIC, "w", "normal")
    assert r"z &= X w \\" in tex
    assert result(tex) == r"X^\top (\sigma(X w) - y)"


def with_law(book: Rulebook, rule: str, **changes: object) -> Rulebook:
    rules = tuple(replace(r, law=replace(r.law, **changes)) if r.id == rule else r for r in book.rules)  # type: ignore[arg-type]
    return Rulebook(rules)


@pytest.mark.parametrize(
    ("rule", "changes", "formula", "by", "answer"),
    [
        ("trace-linear", {"gradient": parse_array_formula("7 * A.T")}, r"\operatorname{tr}(A X)", "X", r"7 A^\top"),
        ("squared-norm", {"derivative": read("5*x[k]")}, r"\|w\|^2", "w", "5 w"),
        ("matrix-product", {"differential": parse_array_formula("3 * A @ dX")}, r"\|A x\|", "x", None),
        ("sigmoid", {"partials": (read("y"),)}, r"\|\sigma(X w)\|", "w", None),
    ],
)
def test_lines_come_from_the_rule_book(rule: str, changes: dict, formula: str, by: str, answer: str | None) -> None:
    question = read_whole([formula], {})
    assert question is not None
    right = derive_arrays(question.expr, n.Sym(by), default_book(), question.shapes).result
    wrong = derive_arrays(question.expr, n.Sym(by), with_law(default_book(), rule, **changes), question.shapes)
    assert wrong.result != right
    assert answer is None or array_latex(wrong.result, question.shapes) == answer


def test_most_laws_about_arrays_are_usable() -> None:
    rules = {law.rule for law in array_laws(default_book())}
    folder = {rule.id for rule in default_book() if rule.folder == "matrices"}
    assert folder - rules == {"kronecker-product"}


def test_command_prints_the_textbook_line() -> None:
    shapes = ["--shape", "X (n, d)", "--shape", "y (n)"]
    result = CliRunner().invoke(command, [r"\frac{1}{n}\|Xw-y\|^2", "--wrt", "w", *shapes])
    assert result.exit_code == 0, result.output
    assert "2*(X.T @ (X @ w - y))/n" in result.output
    data = CliRunner().invoke(command, [r"\|w\|^2", "--wrt", "w", "--shape", "w (d)", "--format", "json"]).output
    assert json.loads(data)[0]["result"] == {"latex": "2 w", "text": "2*w"}


def test_a_formula_may_begin_with_a_minus_sign() -> None:
    answer = CliRunner().invoke(command, [r"-y^\top \log x", "--wrt", "x", "--shape", "y (n)", "--shape", "x (n)"])
    assert answer.exit_code == 0, answer.output


def test_what_has_no_matrix_notation_is_refused() -> None:
    question = read_whole([r"\|A X\|_F^2"], {})
    assert question is not None
    with pytest.raises(MeaningError, match="four indices"):
        derive_arrays(question.expr, n.Sym("X"), default_book(), question.shapes, order=2)
    with pytest.raises(NotMatrix):
        Raiser().scalar(read("x[1] + x[2]"))


@pytest.mark.parametrize(
    ("formula", "by", "answer"),
    [
        (
            r"\frac{1}{2 n} \sum_i (\sigma(w^\top x_i + b) - y_i)^2",
            "w",
            r"\frac{1}{n} \sum_{i} (p_{i} - y_{i}) (1 - p_{i}) p_{i} x_{ij}",
        ),
        (
            r"-\frac{1}{n} \sum_i (y_i \log \sigma(w^\top x_i + b) + (1 - y_i) \log(1 - \sigma(w^\top x_i + b)))",
            "b",
            r"-\frac{1}{n} \sum_{i} (y_{i} - p_{i})",
        ),
        (r"(\tanh(v \sigma(w x + b)) - y)^2", "w", r"2 v a x (p - y) (1 - p^{2}) (1 - a)"),
    ],
)
def test_outputs_of_layers_get_a_name_in_index_form(formula: str, by: str, answer: str) -> None:
    tex = printed(formula, by, "normal")
    assert result(tex) == answer
    assert set(verdicts(tex)) <= HOLD
