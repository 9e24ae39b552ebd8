"""Gradient checks along random directions: a few losses for any number of parameters.

One direction through all parameters tells whether anything is wrong at all; halving finds the guilty parameter, and
within it the guilty block of entries.  Every slope of the loss comes with an estimate of its own error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deriv.training.gradcheck import Finding, Report
from deriv.training.numeric import Slope, moved, richardson
from deriv.training.suspects import Reason, explain

Arrays = dict[str, Any]
Gradient = Callable[[Arrays], Arrays]
_SAMPLED = 24


@dataclass(slots=True)
class Check:
    """A gradient held against the slopes of a loss, and what was counted on the way."""

    loss: Callable[[Arrays], float]
    grads: Mapping[str, Any]
    params: Arrays
    rng: np.random.Generator
    relative: float = 0.0
    bound: float = 0.0
    kinks: int = 0
    directions: int = 0
    losses: int = 0
    failed: list[tuple[str, int, int]] = field(default_factory=list)

    def slope(self, direction: Mapping[str, Any]) -> Slope:
        """The slope of the loss along a direction."""

        def along(step: float) -> float:
            self.losses += 1
            return self.loss(moved(self.params, direction, step))

        return richardson(along)

    def agrees(self, direction: Mapping[str, Any]) -> bool:
        """Whether the gradient gives the slope along a direction."""
        claimed = float(sum(np.vdot(self.grads[k], v) for k, v in direction.items()))
        slope = self.slope(direction)
        self.directions += 1
        self.kinks += slope.kink
        scale = max(abs(claimed), abs(slope.value), 1e-8)
        relative = abs(claimed - slope.value) / scale
        bound = max(10 * slope.error / scale, 1e-7)
        self.relative, self.bound = max(self.relative, relative), max(self.bound, bound)
        # an estimate that knows no digit accuses nobody
        return bool(np.isfinite(claimed)) and (relative <= bound or bound >= 1.0)

    def random(self, names: list[str]) -> Arrays:
        """A random direction of length one through some parameters."""
        return {k: _unit(self.rng, np.shape(self.params[k]), len(names)) for k in names}

    def guilty(self, names: list[str]) -> None:
        """Halve the set of parameters until the wrong ones are left, then their entries."""
        if self.agrees(self.random(names)):
            return
        if len(names) == 1:
            self.block(names[0], 0, int(np.size(self.params[names[0]])))
            return
        half = len(names) // 2
        self.guilty(names[:half])
        self.guilty(names[half:])

    def block(self, name: str, low: int, high: int) -> None:
        """Halve a range of entries as long as one half is right."""
        while high - low > 1:
            middle = (low + high) // 2
            left, right = self._wrong_within(name, low, middle), self._wrong_within(name, middle, high)
            if left == right:
                break
            low, high = (low, middle) if left else (middle, high)
        self.failed.append((name, low, high))

    def _wrong_within(self, name: str, low: int, high: int) -> bool:
        direction = np.zeros(int(np.size(self.params[name])))
        direction[low:high] = _unit(self.rng, (high - low,), 1)
        return not self.agrees({name: direction.reshape(np.shape(self.params[name]))})

    def entries(self, name: str, low: int, high: int) -> tuple[Any, Any, Any]:
        """Some entries of a block: where they are, what was given, and what the loss says."""
        count = min(high - low, _SAMPLED)
        places = np.unique(np.linspace(low, high - 1, count).astype(int))
        true = []
        for place in places:
            direction = np.zeros(int(np.size(self.params[name])))
            direction[place] = 1.0
            true.append(self.slope({name: direction.reshape(np.shape(self.params[name]))}).value)
        return places, np.ravel(self.grads[name])[places], np.array(true)


def _unit(rng: np.random.Generator, shape: tuple[int, ...], blocks: int) -> Any:
    values = np.asarray(rng.standard_normal(shape))
    return values / max(1e-12, float(np.sqrt((values * values).sum() * blocks)))


def check_directions(
    loss: Callable[[Arrays], float],
    gradient: Gradient,
    params: Arrays,
    seed: int = 0,
    count: int = 2,
    counts: Mapping[str, int] | None = None,
) -> Report:
    """Compare along random directions, then block by block where they disagree; `counts` are sizes for the reasons."""
    grads = gradient(params)
    shapes = _shape_faults(grads, params)
    if shapes:
        return Report(ok=False, relative=float("inf"), bound=0.0, reasons=tuple(shapes))
    check = Check(loss, grads, params, np.random.default_rng([seed, 3]))
    # each direction is asked, not only the first that fails: one alone may miss by chance
    right = [check.agrees(check.random(list(params))) for _ in range(count)]
    if all(right):
        return _report(check, [], [])
    check.guilty(list(params))
    findings, reasons = _explained(check, counts or {})
    return _report(check, findings, reasons, wrong=bool(check.failed))


def _report(check: Check, findings: list[Finding], reasons: list[Reason], *, wrong: bool = False) -> Report:
    return Report(
        not wrong,
        check.relative,
        check.bound,
        tuple(findings),
        tuple(reasons),
        check.kinks,
        check.directions,
        check.losses,
    )


def _explained(check: Check, counts: Mapping[str, int]) -> tuple[list[Finding], list[Reason]]:
    """The worst of some entries of each guilty block, and the reasons that fit them."""
    findings, given, true = [], {}, {}
    for name, low, high in check.failed:
        places, mine, slopes = check.entries(name, low, high)
        scale = max(float(np.abs(slopes).max()), float(np.abs(mine).max()), 1e-300)
        worst = int(np.argmax(np.abs(mine - slopes)))
        relative = float(abs(mine[worst] - slopes[worst])) / scale
        entry = (
            np.unravel_index(int(places[worst]), np.shape(check.params[name])) if np.ndim(check.params[name]) else ()
        )
        where = tuple(int(i) for i in entry)
        findings.append(Finding(name, where, float(mine[worst]), float(slopes[worst]), relative))
        whole = len(places) == np.size(check.params[name])
        shape = np.shape(check.params[name]) if whole else (len(places),)
        given[name], true[name] = mine.reshape(shape), slopes.reshape(shape)
    reasons = [
        Reason("unknown", (r.parameters[0],), _place(check, r.parameters[0])) if r.code == "unknown" else r
        for r in explain(given, true, counts, dict, 1e-5)
    ]
    return findings, reasons


def _place(check: Check, name: str) -> str:
    """Where a difference is that no known mistake explains."""
    low, high = next((low, high) for other, low, high in check.failed if other == name)
    size = int(np.size(check.params[name]))
    if high - low == size:
        return "the slope along random directions is another"
    if high - low == 1:
        entry = ", ".join(map(str, (int(i) for i in np.unravel_index(low, np.shape(check.params[name])))))
        return f"entry [{entry}] alone is wrong"
    return f"the wrong entries are among those from {low} to {high - 1} of {size}, counted row by row"


def _shape_faults(grads: Mapping[str, Any], params: Arrays) -> list[Reason]:
    faults = []
    for name, value in params.items():
        if name not in grads:
            faults.append(Reason("missing-term", (name,), "no gradient for this parameter"))
        elif np.shape(grads[name]) != np.shape(value):
            code = "transpose" if np.shape(grads[name])[::-1] == np.shape(value) else "shape"
            text = f"shape {np.shape(grads[name])} where the parameter has {np.shape(value)}"
            faults.append(Reason(code, (name,), text))
    return faults
