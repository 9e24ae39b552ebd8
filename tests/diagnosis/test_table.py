"""The wrong steps of the table get the code that a teacher would give, and a repair that is proved or tested."""

from __future__ import annotations

import pytest

from deriv.checking.document import check_text
from deriv.checking.results import Step, Verdict
from tests.diagnosis.table import CASES, OPEN


def step_of(given: str, claim: str) -> Step:
    result = check_text(f"{given}\n\n$$ {claim} $$\n", path="case.md", kind="markdown")
    result.validate()
    return result.steps[-1]


@pytest.mark.parametrize(("codes", "given", "claim"), CASES, ids=[case[2][:60] for case in CASES])
def test_the_code_is_what_a_teacher_would_say(codes: str, given: str, claim: str) -> None:
    step = step_of(given, claim)
    if claim in OPEN:
        assert step.verdict is not Verdict.REFUTED or step.code in codes.split("|")
        pytest.skip("not refuted yet: " + OPEN[claim])
    assert step.verdict is Verdict.REFUTED, step.reason
    assert step.code is not None
    assert step.code.value in codes.split("|"), step.diagnosis
    assert step.diagnosis is not None
    assert step.diagnosis.repair
    message = step.diagnosis.message
    assert "\n" not in message
    assert not message.endswith(".")


@pytest.mark.parametrize(
    ("given", "claim", "focus", "repair"),
    [
        ("", r"\frac{d}{dx} e^{-x} = -e^{x}", "x", "-e^{-x}"),
        ("", r"(x - 3)^2 = x^2 + 6x + 9", "6x", "x^2 - 6x + 9"),
        ("", r"\frac{d}{dx}(x^3 + 5x) = 3x^2 + 6", "6", "3x^2 + 5"),
        (r"Let $L = (y - w x)^2$.", r"\frac{dL}{dw} = 2(y - w x) x", "y - w x", "2(w x - y) x"),
        ("", r"\frac{d}{dx}(3x + 1)^2 = 6(3x)", "3x", "6(3x + 1)"),
    ],
)
def test_the_focus_is_the_smallest_part(given: str, claim: str, focus: str, repair: str) -> None:
    text = f"{given}\n\n$$ {claim} $$\n"
    step = check_text(text, path="case.md", kind="markdown").steps[-1]
    assert step.diagnosis is not None
    assert step.focus is not None
    assert text[step.focus.start : step.focus.end] == focus
    assert step.diagnosis.repair == repair
