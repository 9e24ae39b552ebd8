"""A slice of the long run (`python -m tests.differential`)."""

from __future__ import annotations

import random

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Symbol

from tests.differential.claims import right_claim, tally_right, tally_wrong, wrong_claim
from tests.differential.expressions import STYLES, differ, from_text
from tests.differential.mistakes import KINDS, lost_inner, mistaken
from tests.differential.readings import own_round_trip, spelled_round_trip, sympy_round_trip, tally
from tests.differential.sums import right_sums, wrong_sums

X, Y = Symbol("x"), Symbol("y")


@pytest.mark.parametrize("trip", [sympy_round_trip, spelled_round_trip, own_round_trip])
def test_a_printed_expression_is_read_as_what_it_was(trip):
    _, offences = tally(trip, range(400))
    assert not offences, "\n".join(offences)


def test_right_derivatives_are_never_refuted_and_mostly_proved():
    found = tally_right(right_claim(seed) for seed in range(150))
    assert not found.offences, "\n".join(found.offences)
    assert found.verdicts["proved"] > 0.9 * sum(found.verdicts.values())


def test_wrong_derivatives_are_never_proved_and_mostly_refuted():
    found = tally_wrong(claim for claim in map(wrong_claim, range(150)) if claim)
    assert not found.offences, "\n".join(found.offences)
    assert found.verdicts["refuted"] > 0.8 * sum(found.verdicts.values())


def test_right_gradients_of_sums_are_never_refuted():
    found = tally_right(right_sums(2))
    assert not found.offences, "\n".join(found.offences)


def test_wrong_gradients_of_sums_are_never_proved():
    found = tally_wrong(wrong_sums(2))
    assert not found.offences, "\n".join(found.offences)


def trees():
    """Small SymPy expressions in x and y."""
    leaves = st.one_of(st.sampled_from([X, Y]), st.integers(-4, 9).map(sympy.Integer))

    def wider(parts):
        pairs = st.tuples(parts, parts)
        functions = st.sampled_from(["sin", "exp", "tanh"])
        return st.one_of(
            pairs.map(lambda pair: pair[0] + pair[1]),
            pairs.map(lambda pair: pair[0] * pair[1]),
            st.tuples(parts.filter(bool), st.sampled_from([2, 3, -1])).map(lambda pair: pair[0] ** pair[1]),
            st.tuples(functions, parts).map(lambda pair: getattr(sympy, pair[0])(pair[1])),
        )

    return st.recursive(leaves, wider, max_leaves=8)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(trees(), st.integers(0, len(STYLES) - 1))
def test_any_small_tree_survives_the_way_through_latex(expr, style):
    from deriv.meaning.reading import read_formula

    assert not differ(expr, from_text(read_formula(sympy.latex(expr, **STYLES[style])).sympy))


def test_mistakes_are_mistakes():
    dice = random.Random(1)
    source = sympy.exp(3 * X) * sympy.sin(Y * X**2)
    for _ in range(20):
        found = mistaken(sympy.diff(source, X), source, X, dice)
        assert found is not None
        assert differ(found.expr, sympy.diff(source, X))
    assert {code for code, _ in KINDS} >= {"sign", "chain-rule"}


def test_the_lost_inner_derivative_is_lost():
    assert lost_inner(2 * sympy.cos(2 * X), sympy.sin(2 * X), X, random.Random(0)) == sympy.cos(2 * X)
