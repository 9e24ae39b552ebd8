"""A slice of the long run (`python -m tests.fuzz`), and single inputs of extreme size."""

from __future__ import annotations

import contextlib

import pytest

from deriv.checking.document import check_text
from deriv.errors import ReadingError
from deriv.latex.parse import parse_formula
from tests.fuzz.mutate import mutated
from tests.fuzz.run import run

DEEP = 10_000
BRACKETS = [
    ("(", ")"),
    ("{", "}"),
    (r"\left(", r"\right)"),
    (r"\frac{", "}{2}"),
    ("x^{", "}"),
    (r"\sqrt{", "}"),
    ("|", "|"),
]
MACROS = [
    r"\newcommand{\a}{\a} $\a$",
    r"\newcommand{\a}{\b}\newcommand{\b}{\a} $\a = \b$",
    r"\def\a{\a\a} $$\a$$",
    r"\newcommand{\a}[1]{#1#1#1#1#1#1#1#1} $\a{\a{\a{\a{\a{\a{\a{\a{\a{x}}}}}}}}}$",
    r"\let\a\b \let\b\a $\a$",
]


def test_damaged_formulas_raise_nothing_undocumented():
    outcome = run(range(1500), every=30)
    assert not outcome.offences, "\n".join(outcome.offences)


def test_damage_is_the_same_for_the_same_seed():
    assert [mutated(seed) for seed in range(50)] == [mutated(seed) for seed in range(50)]
    assert len({mutated(seed) for seed in range(500)}) > 450


@pytest.mark.parametrize(("opening", "closing"), BRACKETS)
@pytest.mark.parametrize("missing", [0, 1, DEEP])
def test_deep_brackets_are_read_or_refused(opening, closing, missing):
    text = opening * DEEP + "x" + closing * (DEEP - missing)
    with contextlib.suppress(ReadingError):
        parse_formula(text)
    check_text(f"$$ {text} = 1 $$", path="deep.md", kind="markdown").validate()


@pytest.mark.parametrize(("opening", "closing"), BRACKETS)
def test_deep_brackets_cost_only_their_own_display(opening, closing):
    text = opening * DEEP + "x" + closing * DEEP
    result = check_text(f"$$ {text} = 1 $$\n\n$$\\frac{{d}}{{dx}} x^2 = 2x$$", path="deep.md", kind="markdown")
    assert result.steps[-1].verdict.value == "proved"


@pytest.mark.parametrize("text", MACROS)
def test_macros_without_end_come_to_an_end(text):
    check_text(text, path="macros.tex", kind="tex").validate()


def test_five_megabytes_of_prose_are_no_burden():
    line = "Nothing to see here, it costs \\$5 and *nothing* else; a_b, x^2 and 100% of it.\n"
    text = line * (5_000_000 // len(line)) + "\n$$\\frac{d}{dx} x^2 = 2x$$\n"
    steps = check_text(text, path="long.md", kind="markdown").steps
    assert [step.verdict.value for step in steps] == ["proved"]


@pytest.mark.parametrize("text", ["$" * 200_000, "$$" + "\\" * 200_000, "\\begin{align}" * 5_000, "% \n" * 300_000])
def test_long_runs_of_one_thing_end(text):
    check_text(text, path="long.tex", kind="tex")


@pytest.mark.parametrize(
    "text", ["$x\0 = 1$", "\ufeff$x = 1$", "$x = 1$\r\n$y = 2$\r", "$\ud800$", "𝑥² ≤ $𝑥² = x^2$", "$$", "$", ""]
)
def test_odd_characters_are_no_trouble(text):
    for kind in ("tex", "markdown"):
        check_text(text, path="odd", kind=kind).validate()


REGRESSIONS = [
    r"$f_x = 2xy$, $\frac{\partial^2 f}{\partial x \partial y} = 2x$",
    "$$\\begin{cases",
    r"$$L = p_k = \frac{z_k}{\sum\sum_{j} z_j}, k = 1,\dots,K$$",
]


@pytest.mark.parametrize("text", REGRESSIONS)
def test_what_once_broke_the_run(text):
    check_text(text, path="once.md", kind="markdown").validate()
