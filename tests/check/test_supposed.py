"""What a sentence supposes of a letter is an assumption of the sentences after it."""

from __future__ import annotations

import pytest

from deriv.checking.document import check_text
from deriv.checking.results import Verdict

SAID_BEFORE = [
    "Let $f(x) = |x|$. For $x > 0$ we have $f(x) = x$. In general, $f(x) = x$.",
    "Let $f(x) = x^{1/2}$ for $x > 0$. Let $g(x) = |x|$. Then $g(x) = x$.",
    "Let $h(t) = |t|$. If $t > 0$, then $h(t) = t$.\n\n$$h'(t) = 1$$",
]
NOT_NEEDED = [
    "Let $f(x) = x^2$. For $x > 0$ it grows. In general, $f'(x) = 2x$.",
    "Let $x > 0$ and $f(x) = |x|$. In general, $f(x) = x$.",
    "Let $f(x) = |x|$. For $x > 0$ we have $f(x) = x$",
]


def last_step(text: str) -> tuple[Verdict, tuple[str, ...]]:
    step = check_text(text, path="note.md", kind="markdown").steps[-1]
    return step.verdict, step.assumes


@pytest.mark.parametrize("text", SAID_BEFORE)
def test_a_supposition_of_an_earlier_sentence_is_listed(text: str) -> None:
    verdict, assumes = last_step(text)
    assert verdict is Verdict.PROVED
    assert any(one.endswith("> 0") for one in assumes)


@pytest.mark.parametrize("text", NOT_NEEDED)
def test_what_is_not_needed_or_declared_is_not_listed(text: str) -> None:
    assert last_step(text) == (Verdict.PROVED, ())
