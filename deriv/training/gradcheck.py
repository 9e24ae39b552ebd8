"""Gradient checks: directions first, then the guilty parameter and entry, then the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deriv.errors import UsageError
from deriv.training.numeric import Slope, moved, richardson
from deriv.training.suspects import Reason, explain

Arrays = dict[str, Any]
Gradient = Callable[[Arrays], Arrays]


@dataclass(frozen=True, slots=True)
class Finding:
    """The worst entry of a parameter whose gradient is wrong."""

    parameter: str
    entry: tuple[int, ...]
    given: float
    expected: float
    relative: float


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check: `relative` is the largest relative difference, `bound` what is taken for rounding."""

    ok: bool
    relative: float
    bound: float
    findings: tuple[Finding, ...] = ()
    reasons: tuple[Reason, ...] = ()
    kinks: int = 0
    directions: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "ok": self.ok,
            "relative": self.relative,
            "bound": self.bound,
            "kinks": self.kinks,
            "directions": self.directions,
            "findings": [
                {
                    "parameter": f.parameter,
                    "entry": list(f.entry),
                    "given": f.given,
                    "expected": f.expected,
                    "relative": f.relative,
                }
                for f in self.findings
            ],
            "reasons": [{"code": r.code, "parameters": list(r.parameters), "text": r.text} for r in self.reasons],
        }


@dataclass(slots=True)
class Tally:
    """Directional checks so far."""

    relative: float = 0.0
    bound: float = 0.0
    kinks: int = 0
    directions: int = 0
    failed: list[str] = field(default_factory=list)


def directional(
    loss: Callable[[Arrays], float], grads: Mapping[str, Any], params: Arrays, direction: Mapping[str, Any]
) -> tuple[float, Slope]:
    """The slope along a direction: by the gradient, and by the loss itself."""
    claimed = float(sum(np.vdot(grads[k], v) for k, v in direction.items()))
    return claimed, richardson(lambda s: loss(moved(params, direction, s)))


def check_directions(
    loss: Callable[[Arrays], float], gradient: Gradient, params: Arrays, seed: int = 0, count: int = 2
) -> Report:
    """Compare along random directions, then block by block where they disagree: a few losses per direction."""
    rng = np.random.default_rng([seed, 3])
    grads = gradient(params)
    shapes = _shape_faults(grads, params)
    if shapes:
        return Report(ok=False, relative=float("inf"), bound=0.0, reasons=tuple(shapes))
    tally = Tally()
    wrong = False
    for _ in range(count):
        direction = {k: _unit(rng, np.shape(v), len(params)) for k, v in params.items()}
        wrong |= not _agrees(loss, grads, params, direction, tally)
    if wrong:
        tally.failed = _guilty(loss, grads, params, list(params), rng, tally)
    reasons = [Reason("unknown", (name,), "the slope along random directions is another") for name in tally.failed]
    return Report(not wrong, tally.relative, tally.bound, (), tuple(reasons), tally.kinks, tally.directions)


def _unit(rng: np.random.Generator, shape: tuple[int, ...], blocks: int) -> Any:
    values = np.asarray(rng.standard_normal(shape))
    return values / max(1e-12, float(np.sqrt((values * values).sum() * blocks)))


def _agrees(
    loss: Callable[[Arrays], float], grads: Mapping[str, Any], params: Arrays, direction: Arrays, tally: Tally
) -> bool:
    claimed, slope = directional(loss, grads, params, direction)
    tally.directions += 1
    tally.kinks += slope.kink
    scale = max(abs(claimed), abs(slope.value), 1e-8)
    relative = abs(claimed - slope.value) / scale
    bound = max(10 * slope.error / scale, 1e-7)
    tally.relative, tally.bound = max(tally.relative, relative), max(tally.bound, bound)
    # an estimate that knows no digit accuses nobody
    return bool(np.isfinite(claimed)) and (relative <= bound or bound >= 1.0)


def _guilty(
    loss: Callable[[Arrays], float],
    grads: Mapping[str, Any],
    params: Arrays,
    names: list[str],
    rng: np.random.Generator,
    tally: Tally,
) -> list[str]:
    """Halve the set of parameters until the wrong ones are left."""
    direction = {k: _unit(rng, np.shape(params[k]), len(names)) for k in names}
    if _agrees(loss, grads, params, direction, tally):
        return []
    if len(names) == 1:
        return names
    half = len(names) // 2
    return [
        *_guilty(loss, grads, params, names[:half], rng, tally),
        *_guilty(loss, grads, params, names[half:], rng, tally),
    ]


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


def compare(
    given: Mapping[str, Any],
    true: Mapping[str, Any],
    counts: Mapping[str, int],
    alternatives: Mapping[str, Mapping[str, Any]],
    bound: float = 1e-6,
) -> Report:
    """Compare two gradients entry by entry and name the reason of a difference."""
    missing = [name for name in true if name not in given]
    if missing:
        raise UsageError(f"no gradient given for {', '.join(missing)}")
    findings = []
    worst = 0.0
    for name, expected in true.items():
        finding = _worst(name, np.asarray(given[name], float), np.asarray(expected, float))
        worst = max(worst, finding.relative)
        if finding.relative > bound:
            findings.append(finding)
    reasons = explain(given, true, counts, alternatives, bound) if findings else []
    return Report(not findings, worst, bound, tuple(findings), tuple(reasons))


def _worst(name: str, given: Any, true: Any) -> Finding:
    if given.shape != true.shape:
        return Finding(name, (), float("nan"), float("nan"), float("inf"))
    scale = max(float(np.abs(true).max(initial=0)), float(np.abs(given).max(initial=0)), 1e-300)
    difference = np.abs(given - true) / scale
    difference = np.where(np.isfinite(difference), difference, np.inf)
    entry = np.unravel_index(int(np.argmax(difference)), given.shape) if given.shape else ()
    place = tuple(int(i) for i in entry)
    return Finding(name, place, float(given[place]), float(true[place]), float(difference[place]))


def as_arrays(result: object, names: Sequence[str]) -> Arrays:
    """The gradients a user's function returned: by name, in order, or a single array."""
    if isinstance(result, Mapping):
        return {k: np.asarray(v, float) for k, v in result.items()}
    if isinstance(result, (tuple, list)) and len(result) == len(names) and len(names) > 1:
        return {k: np.asarray(v, float) for k, v in zip(names, result, strict=True)}
    if len(names) == 1:
        return {names[0]: np.asarray(result, float)}
    raise UsageError(f"the function must return the gradients by {', '.join(names)}: a dictionary or a tuple")
