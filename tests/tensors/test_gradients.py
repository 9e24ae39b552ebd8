"""The derivative of an index form, entry by entry, is the gradient that reverse mode gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deriv.expr.calculus import differentiate
from deriv.expr.nodes import Entry, Num
from tests.tensors.maker import LEAVES, Maker, Node
from tests.tensors.oracle import reverse_mode
from tests.tensors.reverse import gradient
from tests.tensors.spell import arrays, index_form, place, value

SHAPES = ({"m": 2, "n": 3, "d": 1}, {"m": 1, "n": 2, "d": 2}, {"m": 3, "n": 1, "d": 2})
seeds = st.integers(0, 10**9)


def one_entry(
    node: Node, name: str, at: tuple[int, ...], sizes: dict[str, int], values: dict[str, np.ndarray]
) -> float:
    """∂node/∂name_at by the tensor calculus."""
    slope = differentiate(index_form(node).at(Num(0), Num(0)), Entry(name, tuple(Num(k + 1) for k in at)))
    return place(slope, sizes, values)


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(seeds)
def test_a_gradient_is_that_of_reverse_mode(seed: int) -> None:
    maker = Maker(seed)
    node = maker.scalar(2)
    name, sizes = maker.dice.choice(node.names()), maker.dice.choice(SHAPES)
    values = arrays(sizes, seed)
    expected = reverse_mode(node, values, name)
    full = tuple(maker.dice.randrange(length) for length in expected.shape)
    index = full[:1] if LEAVES[name][1] is None else full
    ours = one_entry(node, name, index, sizes, values)
    assert np.isclose(ours, expected[full], rtol=1e-6, atol=1e-6 * (1 + np.abs(expected).max()))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seeds)
def test_the_rules_of_the_textbook_are_reverse_mode(seed: int) -> None:
    """The oracle of the generated documents is itself right."""
    maker = Maker(seed)
    node = maker.scalar(3)
    name, sizes = maker.dice.choice(node.names()), maker.dice.choice(SHAPES)
    values = arrays(sizes, seed)
    slope = gradient(node, name)
    assert slope is not None
    expected = reverse_mode(node, values, name)
    ours = np.broadcast_to(value(slope, values), expected.shape)
    assert np.allclose(ours, expected, rtol=1e-6, atol=1e-6 * (1 + np.abs(expected).max()))
