from __future__ import annotations

import pytest

book = pytest.importorskip("deriv.rulebook.book", exc_type=ImportError)


@pytest.fixture(scope="module")
def rules():
    return book.default_book()


def test_every_rule_and_mistake_has_a_page(rules):
    from deriv.report.rule_page import names, rule_page

    for name in names(rules):
        text = rule_page(rules, name) or ""
        assert text.startswith("# ")
        assert "```latex\n" in text


def test_a_rule_in_full(rules):
    from deriv.report.rule_page import rule_page

    text = rule_page(rules, "tanh") or ""
    assert text.startswith("# tanh: Hyperbolic tangent\n\nThe slope of tanh is one minus the square of its value.\n")
    assert "(`function-rule`)" in text
    assert "## Right" in text
    assert "## Why" in text
    assert rule_page(rules, "nothing-like-it") is None
