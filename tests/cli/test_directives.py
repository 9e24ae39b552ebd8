from __future__ import annotations

import pytest

from deriv.checking.directives import (
    Assume,
    DirectiveError,
    Ignore,
    Layout,
    Let,
    Loss,
    Shape,
    SkipFile,
    Switch,
    find_directives,
    parse_directive,
    split_top,
)
from deriv.checking.results import Code


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("assume n > 0, x real", Assume(("n > 0", "x real"))),
        (r" ASSUME y \in \{0, 1\}", Assume((r"y \in \{0, 1\}",))),
        ("shape W (k, d)", Shape("W", ("k", "d"))),
        (r"shape \mathbf{b} (k,)", Shape(r"\mathbf{b}", ("k",))),
        ("shape c ()", Shape("c", ())),
        (r"let p = \sigma(z)", Let(r"p = \sigma(z)")),
        (r"loss \mathcal{L}", Loss(r"\mathcal{L}")),
        ("layout Numerator", Layout("numerator")),
        ("ignore[sign]", Ignore(frozenset({Code.SIGN}))),
        ("ignore[sign, chain-rule]", Ignore(frozenset({Code.SIGN, Code.CHAIN_RULE}))),
        ("ignore", Ignore(frozenset())),
        ("off", Switch(on=False)),
        ("on", Switch(on=True)),
        ("skip-file", SkipFile()),
    ],
)
def test_directives(text, wanted):
    assert parse_directive(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("assum x > 0", "unknown directive `assum`; did you mean `assume`?"),
        ("", "a directive without a word"),
        ("assume", "`assume` needs facts"),
        ("assume x > 0,", "`assume` needs facts"),
        ("shape W", "`shape` needs a symbol and its sizes"),
        ("shape W (k,,d)", "`shape` needs a symbol and its sizes"),
        ("let p", "`let` needs a definition"),
        ("loss", "`loss` needs the symbol"),
        ("layout sideways", "not `sideways`"),
        ("ignore[]", "`ignore` names its codes"),
        ("ignore sign", "`ignore` names its codes"),
        ("ignore[sing]", "unknown code `sing`; did you mean `sign`?"),
        ("off now", "`off` stands alone"),
    ],
)
def test_errors_say_what_was_expected(text, message):
    with pytest.raises(DirectiveError) as caught:
        parse_directive(text)
    assert message in str(caught.value)


def test_found_in_latex():
    text = "a % deriv: off\n50\\% deriv: on\n%%  Deriv: assume n > 0\n"
    text += "\\begin{verbatim}\n% deriv: on\n\\end{verbatim}\n% deriv: nope"
    found = list(find_directives(text, "tex"))
    assert [item.meaning for item in found[:2]] == [Switch(on=False), Assume(("n > 0",))]
    assert isinstance(found[2].meaning, DirectiveError)
    assert len(found) == 3
    assert text[found[0].span.start : found[0].span.end] == "% deriv: off"
    assert text[found[0].body.start : found[0].body.end] == " off"


def test_found_in_markdown():
    text = "<!-- deriv: off -->\n`<!-- deriv: on -->`\n```\n<!-- deriv: on -->\n```\n"
    text += "$$x % deriv: ignore[sign]\n$$\n<!-- note -->"
    meanings = [item.meaning for item in find_directives(text, "markdown")]
    assert meanings == [Switch(on=False), Ignore(frozenset({Code.SIGN}))]


def test_split_top():
    assert split_top(r"y \in \{0, 1\}, f(a, b) > 0") == (r"y \in \{0, 1\}", "f(a, b) > 0")
