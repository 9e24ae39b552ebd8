from __future__ import annotations

import pytest

from deriv.latex.macros import MacroTable
from deriv.latex.parse import parse_block
from deriv.latex.scan import Document, DocumentKind, find_blocks
from tests.latex.sexp import sexp


def inner(text: str, kind: DocumentKind) -> list[str]:
    return [text[b.inner.start : b.inner.end].strip() for b in find_blocks(text, kind=kind).blocks if b.error is None]


def trees(document: Document) -> list[str]:
    return [
        sexp(f.node) if f.node is not None else "ERROR"
        for block in document.blocks
        for row in parse_block(block)
        for f in row.formulas
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $x$ b", ["x"]),
        ("costs $5 and $10 today", []),
        ("costs $5 but $x = 3$ holds", ["x = 3"]),
        (r"a $ y^2 $ b", ["y^2"]),
        (r"\$5 and $z$", ["z"]),
        ("`$a$` and $b$", ["b"]),
        ("```\n$a$\n```\n$b$", ["b"]),
        ("~~~tex\n$a$\n~~~\n$b$", ["b"]),
        ("<!-- $a$ --> $b$", ["b"]),
        ("<pre>$a$</pre> $b$", ["b"]),
        ("$$ a = b $$", ["a = b"]),
        ("$$\na = b\n\nc = d\n$$", ["a = b\n\nc = d"]),
        (r"\\(a\\) and \\[b = c\\] and \(d\) and \[e = f\]", ["a", "b = c", "d", "e = f"]),
        ("\\begin{align}\na &= b\n\\end{align}", ["a &= b"]),
        (r"$\text{if $a$ then} b$", [r"\text{if $a$ then} b"]),
        ("$`a + b`$", ["a + b"]),
        ("```math\na = b\n```", ["a = b"]),
        (":math:`x_1` and\n\n.. math::\n\n   a = b\n\nend", ["x_1", "a = b"]),
        ("$a$$b$", ["a", "b"]),
        ("$\n\\begin{aligned}\na\n\\end{aligned}\n$", ["\\begin{aligned}\na\n\\end{aligned}"]),
        ("[link](http://x.y/$a) and [$b$](c)", ["b"]),
    ],
)
def test_markdown(text: str, expected: list[str]) -> None:
    assert inner(text, "markdown") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $x$ b % $y$\n$z$", ["x", "z"]),
        (r"5\% of $x$", ["x"]),
        (r"\verb|$a$| $b$", ["b"]),
        ("\\begin{verbatim}$a$\\end{verbatim}$b$", ["b"]),
        ("\\begin{lstlisting}$a$\\end{lstlisting}$b$", ["b"]),
        (r"\[ a \] \( b \) $$c$$", ["a", "b", "c"]),
        (
            "\\begin{equation}\n\\begin{aligned} a \\end{aligned}\n\\end{equation}",
            ["\\begin{aligned} a \\end{aligned}"],
        ),
        ("\\begin{align*} a \\end{align*}", ["a"]),
        ("$a$ \\end{document} $b$", ["a"]),
        ("\\iffalse $a$ \\fi $b$", ["b"]),
        (r"\footnote{see $a$} \\[2ex] $b$", ["a", "b"]),
    ],
)
def test_tex(text: str, expected: list[str]) -> None:
    assert inner(text, "tex") == expected


@pytest.mark.parametrize(
    "text",
    [
        "before $$ a = b and then\n\nmore $x = 1$ text\n\n$$ y = 2 $$ after",
        "before \\[ a = b\n\nmore $x = 1$ text\n\n$$ y = 2 $$ after",
        "before \\begin{align} a = b\n\nmore $x = 1$ text\n\n$$ y = 2 $$ after",
    ],
)
def test_an_open_delimiter_costs_one_paragraph(text: str) -> None:
    for kind in ("tex", "markdown"):
        document = find_blocks(text, kind=kind)
        assert "[x = 1]" in trees(document)
        assert "[y = 2]" in trees(document)


def test_prose_and_places() -> None:
    text = "let $n > 0$ and\n$$x = 1$$\nwhere all is well"
    document = find_blocks(text, kind="markdown")
    first, second = document.blocks
    assert (first.before, second.before) == ("let ", " and\n")
    assert text[second.span.start : second.span.end] == "$$x = 1$$"
    assert second.display
    assert not first.display
    assert first.line_prefix == "let "
    assert document.prose_after(1) == "\nwhere all is well"


def test_directives() -> None:
    tex = find_blocks("% DERIV: assume n > 0\n$x$ % deriv : off\n\\[ a % deriv: ignore\n\\]", kind="tex")
    assert [text for _, text in tex.directives] == ["assume n > 0", "off", "ignore"]
    markdown = find_blocks("<!-- deriv: shape W (k, d) -->\n$$\n% deriv: on\nx = 1\n$$", kind="markdown")
    assert [text for _, text in markdown.directives] == ["shape W (k, d)", "on"]


@pytest.mark.parametrize(
    ("preamble", "use", "expected"),
    [
        (r"\newcommand{\alns}[1]{\begin{align*} #1 \end{align*}}", r"\alns{ a &= b \\ &= c }", ["[a = b]", "[_ = c]"]),
        (r"\newcommand{\be}{\begin{equation}}\newcommand{\ee}{\end{equation}}", r"\be a = b \ee", ["[a = b]"]),
        (r"\def\bea{\begin{eqnarray*}}\def\eea{\end{eqnarray*}}", r"\bea a &=& b \eea", ["[a = b]"]),
        (r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}", r"$\pd{L}{w}$", ["(D partial L / w)"]),
        (r"\newcommand{\eq}[1]{$#1$}", r"\eq{a = b}", ["[a = b]"]),
    ],
)
def test_macros(preamble: str, use: str, expected: list[str]) -> None:
    assert trees(find_blocks(f"{preamble}\ntext {use} text", kind="tex")) == expected


def test_macros_in_markdown_and_configuration() -> None:
    document = find_blocks("$$\\newcommand{\\R}{\\mathbb{R}}$$\n$x \\in \\R$", kind="markdown")
    assert trees(document) == ["[x in R.bb]"]
    table = MacroTable.from_mapping({"v": "\\mathbf{v}"})
    assert trees(find_blocks("$\\v$", kind="markdown", macros=table)) == ["v.bf"]
    assert table.get(r"\R") is None


def test_an_endless_macro_costs_its_formula_only() -> None:
    document = find_blocks(r"\def\a{\a\a} $\a$ and $x$", kind="tex")
    assert trees(document) == ["ERROR", "x"]
