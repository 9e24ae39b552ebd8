"""Random claims: a valid rewriting is never refuted, a slip never proved, and a proof never contradicts the values."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from deriv.equal import DEFAULT, Different, Proved, decide
from deriv.equal.prepare import Claim, prepare
from deriv.equal.proof import STRICT, Proof, prove
from deriv.equal.refute import compare
from deriv.expr.domain import BINARY, POSITIVE, UNIT_INTERVAL, Domain
from tests.equal.strategies import Maker

FACTS = {"x": POSITIVE, "y": UNIT_INTERVAL, "v": POSITIVE, "a": BINARY}
domains = st.sampled_from([Domain(), Domain(FACTS)])
seeds = st.integers(0, 10**9)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seeds, domains)
def test_a_valid_rewriting_is_never_refuted(seed: int, facts: Domain) -> None:
    maker = Maker(seed)
    node = maker.expr()
    assert not isinstance(decide(node, maker.rewritten(node), facts), Different)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seeds, domains)
def test_a_slip_is_proved_only_if_it_changes_nothing(seed: int, facts: Domain) -> None:
    maker = Maker(seed)
    node = maker.expr()
    other = maker.mutated(node)
    if isinstance(decide(node, other, facts), Proved):
        claim = prepare(node, other, facts, DEFAULT)
        assert isinstance(claim, Claim)
        assert not isinstance(compare(claim, DEFAULT, 12), Different)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seeds, domains)
def test_the_proof_alone_never_proves_what_values_refute(seed: int, facts: Domain) -> None:
    """The prover must be sound without the refuter before it."""
    maker = Maker(seed)
    node = maker.expr()
    claim = prepare(node, maker.mutated(node), facts, DEFAULT)
    assert isinstance(claim, Claim)
    if isinstance(compare(claim, DEFAULT), Different):
        found = prove(claim.lhs, claim.rhs, claim.domain, claim.names, DEFAULT, STRICT)
        assert not isinstance(found, Proof) or found.conditions
