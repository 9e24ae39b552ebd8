"""Decimals: exact data on one reading, a rounded value on the other."""

from __future__ import annotations

from deriv.equal.budget import Budget
from deriv.equal.decision import Decision
from deriv.equal.prepare import Claim


def decide_decimals(claim: Claim, budget: Budget) -> Decision:
    """Exact reading first."""
    from deriv.equal.decide import decide_exact

    return decide_exact(claim, budget)
