"""Deciding whether two expressions are the same; see docs/architecture.md for what this package may import."""

from deriv.equal.budget import DEFAULT, Budget
from deriv.equal.decide import decide
from deriv.equal.decision import Conditional, Decision, Different, Proved, Tested, Undecided
from deriv.equal.recheck import recheck

__all__ = [
    "DEFAULT",
    "Budget",
    "Conditional",
    "Decision",
    "Different",
    "Proved",
    "Tested",
    "Undecided",
    "decide",
    "recheck",
]
