"""The examples on the pages of the codes are what the pages say they are."""

from __future__ import annotations

import re

import pytest

from deriv.checking.results import CheckOptions, Code, Verdict
from deriv.report.pages import page

document = pytest.importorskip("deriv.checking.document", exc_type=ImportError)


def codes_found(code: Code, heading: str) -> list[Code | None]:
    text = (page(code) or "").partition(f"## {heading}\n")[2]
    (example,) = re.findall(r"```latex\n(.*?)```", text.split("\n## ")[0], re.DOTALL)
    result = document.check_text(example, path="page.md", kind="markdown", options=CheckOptions())
    result.validate()
    return [step.code for step in result.steps if step.verdict is Verdict.REFUTED]


@pytest.mark.parametrize("code", list(Code))
def test_the_right_example_is_not_refuted(code):
    assert codes_found(code, "Right") == []


@pytest.mark.parametrize("code", list(Code))
def test_the_wrong_example_is_not_taken_for_another_mistake(code):
    # a mistake without its diagnosis is `unknown`; one that is not judged is open
    assert set(codes_found(code, "Wrong")) <= {code, Code.UNKNOWN}
