from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from deriv.errors import ReadingError
from deriv.latex.nodes import Deriv, Name, Node, Number, Script
from deriv.latex.parse import parse_formula

FORMULAS = [
    r"\frac{\partial L}{\partial w_j} = -\frac{1}{n} \sum_i (y_i - \hat{y}_i) x_{ij}",
    r"\mathbf{w}^\top \mathbf{x}^{(i)} + b",
    r"\log \sigma(z) + \left[ a \right]^2",
    r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}",
    r"f''(x) + \text{net}_k \, e^{-z}",
]


def walk(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
        for f in fields(value):
            yield from walk(getattr(value, f.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from walk(item)


@pytest.mark.parametrize("text", FORMULAS)
def test_spans_nest_and_show_the_written_text(text: str) -> None:
    root = parse_formula(text)
    assert text[root.span.start : root.span.end] == text
    for node in walk(root):
        written = text[node.span.start : node.span.end]
        assert written
        assert root.span.start <= node.span.start < node.span.end <= root.span.end
        if isinstance(node, Number):
            assert written == node.text
        if isinstance(node, Name):
            assert node.text in written


def test_spans_of_parts() -> None:
    text = r"\frac{d\sigma}{dz} \cdot \hat{y}_i"
    nodes = list(walk(parse_formula(text)))
    (derivative,) = [n for n in nodes if isinstance(n, Deriv)]
    assert text[derivative.span.start : derivative.span.end] == r"\frac{d\sigma}{dz}"
    (script,) = [n for n in nodes if isinstance(n, Script)]
    assert text[script.span.start : script.span.end] == r"\hat{y}_i"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (r"a + \foo{b}", r"\foo"),
        ("f(x))", ")"),
        ("x^", ""),
        ("a + + )", ")"),
        ("x^10", "10"),
        ("{a+b}^2", "{"),
        (r"\frac{\partial^2 f}{\partial x}", "{"),
        (r"a = = \le b", "a"),
    ],
)
def test_errors_point_at_the_token(text: str, place: str) -> None:
    with pytest.raises(ReadingError) as caught:
        parse_formula(text)
    assert text[caught.value.start : caught.value.end] == place


@pytest.mark.parametrize("text", ["", "  ", "$$", r"\[ \]", r"\text{only words here}"])
def test_nothing_to_read(text: str) -> None:
    with pytest.raises(ReadingError, match="no formula"):
        parse_formula(text)


@pytest.mark.parametrize("text", ["$x$", "$$x$$", r"\[x\]", r"\(x\)", r"\begin{align}x\end{align}", "  x. "])
def test_delimiters_are_dropped(text: str) -> None:
    node = parse_formula(text)
    assert isinstance(node, Name)
    assert text[node.span.start : node.span.end] == "x"
