from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.usefixtures("reader")


def test_formats(run):
    assert run("parse", "a/b").stdout == "a/b\n  reads as: A/B\n  note: a note\n"
    assert run("parse", "x", "--format", "sympy").stdout == "X\n"
    assert run("parse", "x", "--format", "tree").stdout == "Name x\n"
    assert json.loads(run("parse", "x", "--format", "json").stdout) == {
        "latex": "x",
        "sympy": "X",
        "notes": [],
        "error": None,
    }


def test_a_formula_may_begin_with_minus(run):
    assert run("parse", "-x^2", "--format", "sympy").stdout == "-X^2\n"


def test_an_unreadable_formula(run):
    result = run("parse", "x+?")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "error: column 3: no operand\n")
    answer = run("parse", "x+?", "--format", "json")
    assert answer.exit_code == 2
    assert json.loads(answer.stdout)["error"] == "column 3: no operand"
    assert run("parse", "!").stderr == "error: two meanings\n"
    assert run("parse", " ").stderr == "error: column 1: there is no formula here\n"


def test_one_formula_a_line_in_order(run):
    result = run("parse", "-", "--format", "json", stdin="a\r\n?\n\nb/c")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["sympy"] for answer in answers] == ["A", None, None, "B/C"]
    assert [answer["latex"] for answer in answers] == ["a", "?", "", "b/c"]
    assert answers[3]["notes"] == ["a note"]
    assert result.exit_code == 2


def test_sympy_lines_stay_in_step_with_the_input(run):
    lines = run("parse", "-", "--format", "sympy", stdin="a\n?\nb\n").stdout.splitlines()
    assert lines == ["A", "error: column 1: no operand", "B"]


def test_input_that_is_not_utf8(run):
    result = run("parse", "-", stdin=b"x\n\xff\n")
    assert result.exit_code == 2
    assert "not UTF-8" in result.stderr
