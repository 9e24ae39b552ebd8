"""What a gradient check found, and two gradients compared entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from deriv.training.suspects import Alternatives, Reason, explain

Arrays = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """The worst entry of a parameter whose gradient is wrong."""

    parameter: str
    entry: tuple[int, ...]
    given: float
    expected: float
    relative: float

    def line(self) -> str:
        """What a person reads."""
        place = f"[{', '.join(map(str, self.entry))}]" if self.entry else ""
        if not isfinite(self.expected):
            return f"{self.parameter}: the shapes differ"
        values = f"{self.given:.6g} where {self.expected:.6g} is expected"
        return f"{self.parameter}{place}: {values} (relative {self.relative:.1e})"


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check: `relative` is the largest relative difference, `bound` what is taken for rounding.

    `directions` and `losses` count the slopes along directions and the values of the loss that were needed.
    """

    ok: bool
    relative: float
    bound: float
    findings: tuple[Finding, ...] = ()
    reasons: tuple[Reason, ...] = ()
    kinks: int = 0
    directions: int = 0
    losses: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what is not finite is None."""
        return {
            "ok": self.ok,
            "relative": _finite(self.relative),
            "bound": _finite(self.bound),
            "kinks": self.kinks,
            "directions": self.directions,
            "losses": self.losses,
            "findings": [
                {
                    "parameter": f.parameter,
                    "entry": list(f.entry),
                    "given": _finite(f.given),
                    "expected": _finite(f.expected),
                    "relative": _finite(f.relative),
                }
                for f in self.findings
            ],
            "reasons": [{"code": r.code, "parameters": list(r.parameters), "text": r.text} for r in self.reasons],
        }

    def lines(self, title: str) -> list[str]:
        """The report for people: a verdict, then each wrong parameter with its worst entry, then the reasons."""
        numbers = f"relative difference {self.relative:.1e}, bound {self.bound:.1e}"
        if self.ok:
            kinks = f", {self.kinks} kinks met" if self.kinks else ""
            return [f"{title}: right ({numbers}{kinks})"]
        found = [f"  {finding.line()}" for finding in self.findings]
        return [f"{title}: wrong ({numbers})", *found, *(f"  {r.line()}" for r in self.reasons)]


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def compare(
    given: Mapping[str, Any],
    true: Mapping[str, Any],
    counts: Mapping[str, int],
    alternatives: Alternatives,
    bound: float = 1e-6,
    slack: Mapping[str, Any] | None = None,
) -> Report:
    """Compare two gradients entry by entry and name the reason of a difference.

    `slack` are absolute errors that the two may have, entry by entry; a difference within ten times as much is none.
    """
    findings = []
    worst, widest = 0.0, bound
    for name, expected in true.items():
        finding, own = _worst(
            name, np.asarray(given[name], float), np.asarray(expected, float), (slack or {}).get(name)
        )
        widest = max(widest, own)
        worst = max(worst, finding.relative)
        if finding.relative > max(bound, own):
            findings.append(finding)
    names = {f.parameter for f in findings}
    # entries within the bound are the true ones, whatever a stricter look would say
    cleaned = {name: value if name in names else true[name] for name, value in given.items()}
    reasons = explain(cleaned, true, counts, alternatives, max(widest, 1e-9)) if findings else []
    return Report(not findings, worst, widest, tuple(findings), tuple(reasons))


def _worst(name: str, given: Any, true: Any, slack: Any) -> tuple[Finding, float]:
    if given.shape != true.shape:
        return Finding(name, (), float("nan"), float("nan"), float("inf")), 0.0
    scale = max(float(np.abs(true).max(initial=0)), float(np.abs(given).max(initial=0)), 1e-300)
    with np.errstate(invalid="ignore"):
        difference = np.abs(given - true) / scale
    difference = np.where(np.isfinite(difference), difference, np.inf)
    entry = np.unravel_index(int(np.argmax(difference)), given.shape) if given.shape else ()
    place = tuple(int(i) for i in entry)
    own = 0.0 if slack is None or not np.isfinite(scale) else 10 * float(np.max(slack, initial=0)) / scale
    return Finding(name, place, float(given[place]), float(true[place]), float(difference[place])), own
