import pytest

from deriv.latex.lex import lex, lex_markdown


def kinds(text: str) -> list[tuple[str, str]]:
    return [(t.kind, t.text) for t in lex(text)]


def test_tokens_join_to_the_source() -> None:
    source = "\\frac{a_1}{2.5}\\\\[2ex] % note\n  x'' & 0.62.. … \\, ŷ\n"
    assert "".join(t.text for t in lex(source)) == source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\frac", [("cs", r"\frac")]),
        (r"\\[2ex]x", [("newline", r"\\[2ex]"), ("letter", "x")]),
        (r"\\[x]", [("newline", r"\\"), ("char", "["), ("letter", "x"), ("char", "]")]),
        ("0.62..", [("number", "0.62..")]),
        (".833", [("number", ".833")]),
        ("2.", [("number", "2"), ("char", ".")]),
        ("1...n", [("number", "1"), ("dots", "..."), ("letter", "n")]),
        (r"5\%", [("number", "5"), ("cs", r"\%")]),
        ("a%b", [("letter", "a"), ("comment", "%b")]),
        ("#1", [("param", "#1")]),
    ],
)
def test_kinds(text: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(text) == expected


def test_spans_point_into_the_text() -> None:
    text = "xx $a_{12}$"
    for token in lex(text, 4, 10):
        assert text[token.span.start : token.span.end] == token.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"w\_1", "w _ 1"),
        (r"a \\ b", r"a   \\   b"),
        (r"\left\\{ x \right\\}", r"\left \{   x   \right \}"),
        (r"\\frac{1}{2}", r"\frac { 1 } { 2 }"),
        ("a &amp; b &lt; c", "a   &   b   <   c"),
        (r"a \\{b}", r"a   \\ { b }"),
    ],
)
def test_markdown_escapes(text: str, expected: str) -> None:
    assert " ".join(t.text for t in lex_markdown(text, 0, len(text))) == expected


def test_quotation_marks_are_no_relation() -> None:
    text = "a\n> = b"
    assert ">" not in [t.text for t in lex_markdown(text, 0, len(text), quoted=True)]
    assert ">" in [t.text for t in lex_markdown(text, 0, len(text))]
