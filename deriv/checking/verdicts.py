"""From the outcome of a claim to the step of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deriv.checking.judge import Outcome
from deriv.checking.readings import with_readings
from deriv.checking.results import Step, Verdict
from deriv.equal.decision import Conditional, Proved, Tested


def unchecked(base: Step, outcome: Outcome, reason: str) -> Step:
    """The step as one that was not judged, with the reason."""
    return replace(with_readings(base, outcome), verdict=Verdict.UNCHECKED, reason=reason, notes=outcome.notes)


def from_outcome(base: Step, outcome: Outcome) -> Step:
    """The step as one that holds, with its certificate and what it takes for granted."""
    base = with_readings(base, outcome)
    decision = outcome.decision
    assumes = outcome.assumes
    if isinstance(decision, Conditional):
        assumes += (decision.assumption,)
        decision = decision.decision
    notes = outcome.notes
    if isinstance(decision, Proved):
        certificate = {"method": decision.method, **decision.certificate}
        said = tuple(dict.fromkeys((*assumes, *decision.assumes)))
        return replace(base, verdict=Verdict.PROVED, certificate=certificate, assumes=said, notes=notes)
    assert isinstance(decision, Tested)
    certificate = {
        "method": "sampling",
        "points": decision.points,
        "sizes": [dict(size) for size in decision.sizes],
        "digits": decision.digits,
    }
    return replace(base, verdict=Verdict.TESTED, certificate=certificate, assumes=assumes, notes=notes)


def entries_by_place(point: Mapping[str, str]) -> dict[str, str]:
    """A point with the indices of the entry that differs called by their place, and `∂L/∂z_1` as it is written."""
    places = dict(zip((name for name in point if "." in name), ("row", "column"), strict=False))
    return {places.get(name, name.replace("'", "")): value for name, value in point.items()}
