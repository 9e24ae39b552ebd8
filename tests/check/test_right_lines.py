"""Short right documents in many notations, each by itself: none may hold a refuted step.

`right_lines.txt` separates them by `---`; those in `accused.txt` are wrongly accused today and must fail their test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deriv.checking.document import check_text

HERE = Path(__file__).parent


def texts(name: str) -> list[str]:
    return [text.strip() for text in (HERE / name).read_text(encoding="utf-8").split("\n---\n") if text.strip()]


def cases() -> Iterator[object]:
    accused = texts("accused.txt")
    for text in texts("right_lines.txt"):
        marks = [pytest.mark.xfail(strict=True, reason="wrongly accused today")] if text in accused else []
        yield pytest.param(text, marks=marks)


def test_the_accused_are_right_lines():
    assert set(texts("accused.txt")) <= set(texts("right_lines.txt"))


@pytest.mark.parametrize("text", cases())
def test_a_right_line_is_not_refuted(text):
    steps = check_text(text, path="line.md", kind="markdown").steps
    refuted = [f"{step.lhs} {step.relation} {step.rhs}" for step in steps if step.verdict.value == "refuted"]
    assert steps
    assert not refuted
