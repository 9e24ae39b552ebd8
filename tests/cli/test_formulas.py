"""Formulas on the command line: what begins with a minus is no option."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from deriv.cli.main import cli

LOSS = r"-\frac{1}{n} \sum_{i=1}^{n} \log \frac{1}{1 + e^{-w x_i}}"


@pytest.mark.parametrize(
    "order", [[LOSS, "--wrt", "w"], ["--wrt", "w", LOSS], ["--wrt", "w", "--", LOSS], ["--wrt=w", LOSS]]
)
def test_a_minus_in_front_of_a_formula(order, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["code", *order])
    assert result.exit_code == 0, result.output
    assert LOSS in result.output
    assert not list(tmp_path.iterdir())


def test_a_wrong_option_is_still_one():
    result = CliRunner().invoke(cli, ["code", "w^2", "--wrt", "w", "--nonsense"])
    assert result.exit_code == 2
    assert "nonsense" in result.output


def test_short_options_keep_their_values(tmp_path):
    file = tmp_path / "grad.py"
    result = CliRunner().invoke(cli, ["code", "-o", str(file), "-w^2", "--wrt", "w"])
    assert result.exit_code == 0, result.output
    assert "-w^2" in file.read_text()


@pytest.mark.parametrize("command", ["parse", "derive"])
def test_other_commands_with_formulas(command):
    extra = ["--wrt", "x"] if command == "derive" else []
    result = CliRunner().invoke(cli, [command, r"-\log x", *extra])
    assert result.exit_code == 0, result.output


def test_a_formula_as_the_value_of_an_option():
    result = CliRunner().invoke(cli, ["train", "linear", "--loss", "-x", "--data", "nothing.csv"])
    assert result.exit_code == 2
    assert "-x" in result.output or "nothing.csv" in result.output
