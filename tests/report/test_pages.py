from __future__ import annotations

import re

import pytest

from deriv.checking.results import Code
from deriv.report.pages import HEADINGS, codes, one_sentence, page


def test_every_code_has_a_page_and_no_page_is_left_over():
    assert codes() == sorted(Code)


@pytest.mark.parametrize("code", list(Code))
def test_a_page_has_its_sections_and_examples(code):
    text = page(code) or ""
    assert text.startswith(f"# {code}\n")
    assert tuple(re.findall(r"^## (.*)$", text, re.MULTILINE)) == HEADINGS
    assert text.count("```latex\n") == 2
    assert one_sentence(code).endswith(".")
    assert max(map(len, text.splitlines())) <= 130


def test_an_unknown_code_has_no_page():
    assert page("../codes/sign") is None
    assert page("nothing") is None
