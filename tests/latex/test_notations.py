"""Notation as people write it, with the reading it must have; each line of `notations.txt` is one case."""

from __future__ import annotations

from pathlib import Path

import pytest

from deriv.cli.parse import read

LINES = Path(__file__).with_name("notations.txt").read_text(encoding="utf-8").splitlines()
CASES = [tuple(line.split("  ==>  ")) for line in LINES if not line.startswith("# ")]
NAMED = [
    ("a/bc", "a/bc is read as a/(bc)"),
    (r"f \circ g", "elementwise product"),
    (r"\Gamma(n)", "gamma function"),
    ("f^{(3)}(x)", "order of a derivative or an index"),
    (r"\operatorname{arccot} x", "π/2 - arctan x"),
    (r"\text{out} |x|", "“out” are taken for a remark"),
    (r"\tanh'", "without its argument"),
    ("x^1", "may be a power or an index"),
    ("k[x]", "may be read as an application or as a product"),
]


@pytest.mark.parametrize(("latex", "expected"), CASES)
def test_notation(latex, expected):
    answer = read(latex)
    assert (f"! {answer.error}" if answer.error else answer.sympy) == expected


@pytest.mark.parametrize(("latex", "note"), NAMED)
def test_what_may_be_meant_otherwise_is_named(latex, note):
    assert any(note in found for found in read(latex).notes)


@pytest.mark.parametrize("latex", [latex for latex, expected in CASES if expected.startswith("!")])
def test_what_is_not_read_is_named_with_its_column(latex):
    assert (read(latex).error or "").startswith("column ")
