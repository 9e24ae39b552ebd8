from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deriv.errors import ReadingError
from deriv.latex import nodes as n
from deriv.latex.parse import parse_block, parse_formula
from deriv.latex.scan import find_blocks
from deriv.source import Span
from tests.latex.test_positions import walk

PIECES = [
    "x", "y", "d", "dx", "1", "2.5", "f", "ln", "exp", r"\sin", r"\log", r"\max", r"\arg", r"\alpha",
    r"\partial ", r"\nabla ", r"\sum", r"\int", r"\lim", r"\frac", r"\sqrt", r"\hat", r"\mathbf", r"\mathrm",
    r"\text", r"\operatorname", r"\over", r"\left", r"\right", r"\big|", "(", ")", "[", "]", "{", "}", r"\{",
    r"\}", "|", r"\|", "^", "_", "'", "!", "+", "-", "*", "/", r"\cdot", r"\times", "=", "<", ">", r"\le",
    r"\to", r"\Rightarrow", ",", ";", ":", ".", "...", "&", r"\\", r"\quad", " ", r"\begin{cases}",
    r"\end{cases}", r"\begin{matrix}", r"\end{matrix}", r"\begin{aligned}", r"\end{aligned}", "$", "%", "\n",
    r"\underbrace", r"\underset", r"\substack", r"\boxed", r"\not", r"\infty", r"\dots", r"\prime", "²", "ŷ",
    "½", "∂", "√", r"\text{if}", r"\text{loss}", r"\mathrm{d}", r"\mid", r"\dv", "if", "loss", "\x00", "é", "字",
    r"\foo", r"\newcommand", r"\def", "#1",
]  # fmt: skip


def check(node: n.Node, size: int) -> None:
    """What nodes.py promises about every tree."""
    for part in walk(node):
        assert 0 <= part.span.start <= part.span.end <= size
        match part:
            case n.Product():
                assert len(part.factors) == len(part.ops) + 1 >= 2
            case n.Additive():
                assert len(part.terms) == len(part.signs) >= 1
            case n.Chain():
                assert len(part.parts) == len(part.relations) + 1 >= 2
                assert all(p is not None for p in part.parts[1:-1])
            case n.Items():
                assert len(part.items) == len(part.separators) + 1 >= 2
            case n.Deriv():
                assert part.by
                assert part.body is not None or not part.ratio
            case n.Script():
                assert part.primes or part.sub is not None or part.sup is not None


def read(text: str) -> Span:
    """The place of the tree, or of the error."""
    try:
        node = parse_formula(text)
        check(node, len(text))
        return node.span
    except ReadingError as error:
        return Span(error.start, error.end)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_token_soup_gives_a_tree_or_a_reading_error(text: str) -> None:
    place = read(text)
    assert 0 <= place.start <= place.end <= len(text)


@settings(max_examples=250, deadline=None)
@given(
    st.lists(
        st.sampled_from([*PIECES, "$$", r"\[", r"\]", r"\(", "`", "```\n", "<!--", "-->", "\n\n"]), max_size=60
    ).map("".join)
)
def test_document_soup(text: str) -> None:
    for kind in ("tex", "markdown"):
        for block in find_blocks(text, kind=kind).blocks:
            assert 0 <= block.span.start <= block.span.end <= len(text)
            for row in parse_block(block):
                for formula in row.formulas:
                    assert (formula.node is None) != (formula.error is None)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "x" + ")" * 10_000,
        "{" * 10_000,
        "x" * 100_000,
        "x" * 1_000_000,
        r"\left(" * 3_000,
        r"\frac{" * 3_000,
        "x^{" * 3_000,
        "|" * 5_000,
        "|x" * 4_000,
        r"\partial " * 5_000,
        r"\partial x/" * 3_000,
        "dx/" * 3_000,
        r"\sum " * 5_000,
        r"\nabla\hat{" * 2_000,
        "-" * 5_000,
        "x=" * 4_000,
        "x," * 4_000,
        r"\begin{bmatrix}" * 2_000,
        r"\mathrm{" * 5_000,
        r"\boxed{a=" * 2_000,
        r"\left(x\right. \\ \left." * 500,
        r"\hat" * 5_000,
        "<x," * 3_000,
        "\x00" * 1_000,
        "9" * 50_000,
        "{a \\over " * 2_000,
    ],
)
def test_hostile_formulas_end_soon(text: str) -> None:
    start = time.perf_counter()
    read(text)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "unit",
    [
        "$", "$x ", "$$x\n", r"\begin{align}", r"\[", "`", "`a", "```\n", r"$\text{", r"$$\text{", "<!--", r"\verb|",
        r"\newcommand{\a}{", r"\def\a#1", "<pre>", "{", "\n\n", "> $x\n", "%", r"\begin{verbatim}", r"\iffalse ",
    ],
)  # fmt: skip
def test_hostile_documents_end_soon(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    start = time.perf_counter()
    for kind in ("tex", "markdown"):
        for block in find_blocks(text, kind=kind).blocks:
            parse_block(block)
    assert time.perf_counter() - start < 20


def test_deep_but_honest_nesting_is_read() -> None:
    parse_formula("(" * 25 + "x" + ")" * 25)
    parse_formula(r"\frac{1}{1+" * 20 + "x" + "}" * 20)
