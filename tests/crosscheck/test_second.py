"""The second reader: what it is asked, what is said of its answers, and (where it is installed) what it answers."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from deriv.cli.main import cli
from deriv.crosscheck.plain import why_not_plain
from deriv.crosscheck.second import INTERPRETER, SecondReader
from deriv.errors import MeaningError, ReadingError, UsageError
from deriv.latex.parse import parse_formula
from deriv.meaning.reading import read_formula
from tests.differential.expressions import Maker

PRETENDER = """#!{python}
import json, sys, time
print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if "z" in asked["latex"]:
        time.sleep(60)
    if "q" in asked["latex"]:
        sys.exit()
    print(json.dumps({answer!r}), flush=True)
"""


@pytest.fixture
def pretend(tmp_path, monkeypatch):
    """An interpreter that runs no script and always gives the same answer (late for a z, none for a q)."""

    def answering(answer):
        script = tmp_path / "pretender"
        script.write_text(PRETENDER.format(python=sys.executable, answer=answer))
        script.chmod(0o755)
        monkeypatch.setenv(INTERPRETER, str(script))

    return answering


def real_reader() -> SecondReader:
    try:
        return SecondReader()
    except (UsageError, OSError):
        pytest.skip("latex2sympy2 is not installed")


def parsed(*arguments, stdin=None):
    return CliRunner().invoke(cli, ["parse", *arguments, "--crosscheck"], input=stdin)


@pytest.mark.parametrize(
    "latex",
    [r"2x e^{6x}", r"\frac{a}{b} - \sqrt{x}", r"\sin(2x)", "x_{12} + y", r"\frac{d}{dx}(x^2)", r"\theta^2", "3.25 x"],
)
def test_plain_formulas_are_asked_about(latex):
    assert why_not_plain(parse_formula(latex)) == ""


@pytest.mark.parametrize(
    "latex",
    [
        r"\sigma(z)", "f'(x)", r"\hat y", "y^{(i)}", r"\sum_i x_i", "i x", "x(x-1)", r"\mathrm{net}", r"|x|",
        r"\sin^{-1} x", r"\sin(x) y",
        "12345", r"\log_2 x", "x^{x^{x^x}}", "10^{999999999}", r"\exp(\exp(\exp(\exp(x))))", r"W^\top x", "x_j",
    ],
)  # fmt: skip
def test_others_are_not(latex):
    assert why_not_plain(parse_formula(latex)) != ""


def test_agreement_adds_no_note(pretend):
    pretend({"text": "7/3 at first", "values": [[7 / 3, 0], [5 / 11, 0], [13 / 9, 0]]})
    assert parsed("x", "--format", "json").exit_code == 0
    assert json.loads(parsed("x", "--format", "json").stdout)["notes"] == []


def test_a_difference_is_a_note_and_no_failure(pretend):
    pretend({"text": "x + 1", "values": [[10 / 3, 0], [16 / 11, 0], [22 / 9, 0]]})
    result = parsed("x", "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["notes"] == ["the second reader reads x differently: x + 1"]


def test_each_side_of_an_equation_is_asked_about(pretend):
    pretend({"text": "x", "values": [[7 / 3, 0], [5 / 11, 0], [13 / 9, 0]]})
    notes = json.loads(parsed("x = x + 1", "--format", "json").stdout)["notes"]
    assert notes == ["the second reader reads x + 1 differently: x"]


def test_what_it_cannot_read_is_said(pretend):
    pretend({"error": "I don't understand this"})
    assert "cannot read x: I don't understand this" in parsed("x").stdout


def test_one_that_hangs_or_dies_is_started_again(pretend):
    pretend({"text": "x", "values": [None, None, None]})
    with SecondReader(seconds=0) as second:
        assert "did not come to an end" in second.notes(read_formula("z"))[0]
        assert "did not come to an end" in second.notes(read_formula("q"))[0]
        assert "no value at the points" in second.notes(read_formula("x"))[0]


def test_where_it_is_missing_the_user_is_told(monkeypatch):
    monkeypatch.delenv(INTERPRETER, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    result = parsed("x")
    assert result.exit_code == 2
    assert "deriv[crosscheck]" in result.stderr


def test_an_interpreter_without_it_is_named(monkeypatch):
    monkeypatch.setenv(INTERPRETER, sys.executable + "-missing")
    assert parsed("x").exit_code == 2


def test_the_real_one_agrees_about_plain_formulas():
    """SymPy's LaTeX of random expressions, as far as the second reader is trusted with them."""
    asked, different = 0, []
    with real_reader() as second:
        for seed in range(150):
            maker = Maker(seed)
            try:
                reading = read_formula(maker.latex(maker.expr()))
            except (ReadingError, MeaningError):
                continue
            notes = second.notes(reading)
            asked += not any("not asked" in note for note in notes)
            different += [note for note in notes if "differently" in note]
    assert asked > 20
    assert not different, "\n".join(different)


def test_the_real_one_survives_what_spoils_it():
    with real_reader() as second:
        second.ask(r"\frac{d^2}{dx^2}(x^3)", [])
        assert second.notes(read_formula(r"\frac{d}{dx}(x^3 \sin x) = x \cdot y")) == []
        assert "did not come to an end" in second.notes(read_formula("9^{9^9}"))[0]
        assert second.notes(read_formula("x + y")) == []
