import time

import pytest

from deriv.errors import ReadingError
from deriv.latex.lex import lex
from deriv.latex.macros import MacroTable
from deriv.latex.parse import parse_formula
from tests.latex.sexp import sexp


def expanded(text: str, table: MacroTable | None = None) -> str:
    return "".join(t.text for t in (table or MacroTable()).expand(lex(text))).strip()


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (r"\newcommand{\R}{\mathbb{R}}\R^n", r"\mathbb{R}^n"),
        (r"\newcommand\R{\mathbb{R}}\R", r"\mathbb{R}"),
        (r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}\pd{f}{x}", r"\frac{\partial f}{\partial x}"),
        (r"\newcommand{\n}[2][p]{\|#2\|_#1}\n{x}\n[2]{y}", r"\|x\|_p\|y\|_2"),
        (r"\newcommand*{\a}{b}\a", "b"),
        (r"\def\v#1{\mathbf{#1}}\v x\v{yz}", r"\mathbf{x}\mathbf{yz}"),
        (r"\DeclareMathOperator{\relu}{ReLU}\relu(x)", r"\operatorname{ReLU}(x)"),
        (r"\DeclareMathOperator*{\am}{arg\,max}\am_x", r"\operatorname{arg\,max}_x"),
        (r"\let\eps\varepsilon\eps", r"\varepsilon"),
        (r"\let\old\vec\renewcommand{\vec}[1]{\old{\mathbf{#1}}}\vec w", r"\vec{\mathbf{w}}"),
        (r"\newcommand{\a}{x}\providecommand{\a}{y}\a", "x"),
        (r"\newcommand{\a}{x}\newcommand{\b}{\a\a}\b", "xx"),
        (r"\a\newcommand{\a}{x}\a", r"\ax"),
        (r"\DeclarePairedDelimiter{\norm}{\lVert}{\rVert}\norm*{x}", r"\left\lVertx\right\rVert"),
        (r"\def\odd#1,#2.{x}\odd", r"\odd"),
    ],
)
def test_expansion(text: str, result: str) -> None:
    assert expanded(text) == result


def test_places() -> None:
    text = r"\newcommand{\sq}[1]{(#1)^2}a + \sq{bc} + d"
    tokens = MacroTable().expand(lex(text))
    call = text.index(r"\sq{bc}")
    for token in tokens:
        where = text[token.span.start : token.span.end]
        assert where == token.text or (token.span.start, token.span.end) == (call, call + len(r"\sq{bc}"))


def test_configuration() -> None:
    table = MacroTable.from_mapping({"R": "\\mathbb{R}", "pd": ["\\frac{\\partial #1}{\\partial #2}", 2]})
    assert sexp(parse_formula(r"\pd{L}{w} \in \R", table)) == "[(D partial L / w) in R.bb]"


@pytest.mark.parametrize(
    "text",
    [
        r"\def\a{\a}\a",
        r"\def\a{\a\a}\a",
        r"\def\a{\b}\def\b{\a x}\b",
        r"\def\a#1{\a{#1#1}}\a{xxxxxxxxxx}",
    ],
)
def test_endless_macros_end(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ReadingError, match=r"without end|lacks an argument"):
        parse_formula(text)
    assert time.perf_counter() - start < 3


def test_missing_argument() -> None:
    with pytest.raises(ReadingError, match="lacks an argument"):
        parse_formula(r"\newcommand{\sq}[1]{#1^2}\sq")
