"""Generated documents: the three spellings are one thing, right gradients are never refuted, slips never proved."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deriv.checking.results import Verdict
from tests.tensors.documents import gradient_claim, last_step, two_sides
from tests.tensors.maker import Maker, Node
from tests.tensors.reverse import gradient
from tests.tensors.slips import slips
from tests.tensors.spell import arrays, latex, value, with_indices

seeds = st.integers(0, 10**9)
LONGEST = 120
HOLDS = (Verdict.PROVED, Verdict.TESTED)
SHAPES = ({"m": 2, "n": 3, "d": 4}, {"m": 3, "n": 2, "d": 2})


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seeds)
def test_matrix_form_and_index_form_are_one(seed: int) -> None:
    """Read in matrix notation and read with sums written out, an expression is the same, for every size."""
    node = Maker(seed, inverses=False).scalar(2)
    assume(len(latex(node)) <= LONGEST)
    text = two_sides(node, latex(node), with_indices(node))
    assert last_step(text).verdict in HOLDS, text


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seeds)
def test_there_and_back_again(seed: int) -> None:
    """Matrix form, index form and matrix form again, in one chain."""
    node = Maker(seed, inverses=False).scalar(2)
    assume(len(latex(node)) <= LONGEST)
    text = two_sides(node, f"{latex(node)} = {with_indices(node)}", latex(node))
    assert last_step(text).verdict in HOLDS, text


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seeds, st.booleans())
def test_a_right_gradient_is_never_refuted(seed: int, bold: bool) -> None:
    maker = Maker(seed)
    node = maker.scalar(2)
    assume(len(latex(node)) <= LONGEST)
    name = maker.dice.choice(node.names())
    slope = gradient(node, name)
    assert slope is not None
    text = gradient_claim(node, name, slope, bold=bold)
    assert last_step(text).verdict in HOLDS, text


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seeds, st.booleans())
def test_a_slip_in_a_gradient_is_never_proved(seed: int, bold: bool) -> None:
    maker = Maker(seed)
    node = maker.scalar(2)
    assume(len(latex(node)) <= LONGEST)
    name = maker.dice.choice(node.names())
    slope = gradient(node, name)
    assert slope is not None
    wrong = next((new for new in slips(slope, maker.dice) if differs(slope, new, seed)), None)
    assume(wrong is not None)
    assert wrong is not None
    text = gradient_claim(node, name, wrong, bold=bold)
    assert last_step(text).verdict not in HOLDS, text


def differs(right: Node, other: Node, seed: int) -> bool:
    """Whether it has other values, and is not the transpose either (a gradient may be laid out so), at all sizes."""
    for sizes in SHAPES:
        at = arrays(sizes, seed)
        one, two = value(right, at), value(other, at)
        if np.allclose(one, two) or (one.T.shape == two.shape and np.allclose(one.T, two)):
            return False
    return True
