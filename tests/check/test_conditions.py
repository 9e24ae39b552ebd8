"""What holds only under a condition is proved only with that condition named."""

from __future__ import annotations

import pytest

from deriv.checking.document import check_text

NEEDS_A_CONDITION = [
    r"\sqrt{x^2} = x",
    r"\log x^2 = 2 \log x",
    r"(x^2)^{1/2} = x",
    r"\log(ab) = \log a + \log b",
    r"\sqrt{ab} = \sqrt{a} \sqrt{b}",
    r"|x| = x",
    r"|x|^3 = x^3",
    r"(e^x)^{\log a} = a^x",
    r"\max(0, x) = x",
    r"\log \frac{a}{b} = \log a - \log b",
]
UNCONDITIONAL = [
    r"\log x^2 = 2 \log |x|",
    r"\sqrt{x^2} = |x|",
    r"|x|^2 = x^2",
    r"\max(0, x) - \max(0, -x) = x",
    r"\frac{1}{1+e^{-x}} = \frac{e^x}{1+e^x}",
    r"\cos^2 x + \sin^2 x = 1",
]


def last(text: str):
    return check_text(text, path="one.md", kind="markdown").steps[-1]


@pytest.mark.parametrize("claim", NEEDS_A_CONDITION)
def test_a_condition_is_named_or_nothing_is_proved(claim):
    step = last(f"$${claim}$$")
    assert step.verdict.value != "proved" or step.assumes


@pytest.mark.parametrize("claim", UNCONDITIONAL)
def test_no_condition_is_invented(claim):
    step = last(f"$${claim}$$")
    assert step.verdict.value == "proved"
    assert not step.assumes


@pytest.mark.parametrize(
    ("condition", "claim"),
    [
        ("x > 0", r"\sqrt{x^2} = x"),
        ("x < 0", r"\sqrt{x^2} = -x"),
        ("x > 0", r"\log x^2 = 2 \log x"),
        ("x < 0", r"|x| = -x"),
        (r"\sum_{k=1}^K y_k = 1", r"\sum_{k=1}^K a y_k = a"),
    ],
)
def test_a_stated_condition_is_used(condition, claim):
    step = last(f"Let ${condition}$.\n\n$${claim}$$")
    assert step.verdict.value == "proved"
    assert not step.assumes


def test_a_stated_condition_refutes_the_other_case():
    assert last("Let $x < 0$.\n\n$$|x| = x$$").verdict.value == "refuted"
