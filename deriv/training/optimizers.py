"""Update rules and learning-rate schedules, as in the lectures; parameters are changed in place.

Each rule's text is also what `--emit` writes into a stand-alone loop, so that both do the same arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deriv.errors import UsageError

Arrays = dict[str, Any]

OPTIMIZERS: Mapping[str, tuple[str, ...]] = {
    "gd": (),
    "sgd": (),
    "momentum": ("v",),
    "nesterov": ("v",),
    "adagrad": ("s",),
    "rmsprop": ("s",),
    "adam": ("m", "s"),
}
"""Names of the update rules, and the arrays each keeps per parameter."""

UPDATES: Mapping[str, str] = {
    "gd": "p -= rate * g",
    "sgd": "p -= rate * g",
    "momentum": "v *= 0.9\nv -= rate * g\np += v",
    "nesterov": "p -= 0.9 * v\nv *= 0.9\nv -= rate * g\np += 1.9 * v",
    "adagrad": "s += g * g\np -= rate * g / (np.sqrt(s) + 1e-8)",
    "rmsprop": "s *= 0.9\ns += 0.1 * g * g\np -= rate * g / (np.sqrt(s) + 1e-8)",
    "adam": (
        "m *= 0.9\nm += 0.1 * g\ns *= 0.999\ns += 0.001 * g * g\n"
        "p -= rate * (m / (1 - 0.9**count)) / (np.sqrt(s / (1 - 0.999**count)) + 1e-8)"
    ),
}
"""The statements of one update: parameter p, gradient g, the rate, the number of the update, the rule's own arrays."""


@dataclass(slots=True)
class Optimizer:
    """An update rule with its memory."""

    name: str
    memory: dict[str, Arrays] = field(default_factory=dict)
    count: int = 0

    def start(self, params: Arrays) -> None:
        """Zero memory for parameters that have none yet."""
        for kind in OPTIMIZERS[self.name]:
            kept = self.memory.setdefault(kind, {})
            for name, value in params.items():
                kept.setdefault(name, np.zeros_like(value))

    def update(self, params: Arrays, grads: Mapping[str, Any], rate: float) -> None:
        """One step downhill."""
        self.count += 1
        step = _STEPS[self.name]
        for name, p in params.items():
            step(p, grads[name], rate, self.count, *(self.memory[kind][name] for kind in OPTIMIZERS[self.name]))


def _gd(p: Any, g: Any, rate: float, _: int) -> None:
    p -= rate * g


def _momentum(p: Any, g: Any, rate: float, _: int, v: Any) -> None:
    v *= 0.9
    v -= rate * g
    p += v


def _nesterov(p: Any, g: Any, rate: float, _: int, v: Any) -> None:
    p -= 0.9 * v
    v *= 0.9
    v -= rate * g
    p += 1.9 * v


def _adagrad(p: Any, g: Any, rate: float, _: int, s: Any) -> None:
    s += g * g
    p -= rate * g / (np.sqrt(s) + 1e-8)


def _rmsprop(p: Any, g: Any, rate: float, _: int, s: Any) -> None:
    s *= 0.9
    s += 0.1 * g * g
    p -= rate * g / (np.sqrt(s) + 1e-8)


def _adam(p: Any, g: Any, rate: float, count: int, m: Any, s: Any) -> None:
    m *= 0.9
    m += 0.1 * g
    s *= 0.999
    s += 0.001 * g * g
    p -= rate * (m / (1 - 0.9**count)) / (np.sqrt(s / (1 - 0.999**count)) + 1e-8)


_STEPS: Mapping[str, Callable[..., None]] = {
    "gd": _gd,
    "sgd": _gd,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adam": _adam,
}


def optimizer(name: str) -> Optimizer:
    """An update rule by name."""
    if name not in OPTIMIZERS:
        raise UsageError(f"unknown optimizer {name} (known: {', '.join(OPTIMIZERS)})")
    return Optimizer(name)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The learning rate of each epoch: constant, step:EVERY:FACTOR, exp:FACTOR, inverse:DECAY or cosine:EPOCHS."""

    kind: str
    numbers: tuple[float, ...] = ()

    def rate(self, base: float, epoch: int) -> float:
        """The rate of an epoch (the first is 0)."""
        match self.kind:
            case "step":
                every, factor = self.numbers
                return base * factor ** (epoch // max(1, int(every)))
            case "exp":
                return float(base * self.numbers[0] ** epoch)
            case "inverse":
                return base / (1 + self.numbers[0] * epoch)
            case "cosine":
                return base * 0.5 * (1 + math.cos(math.pi * min(1.0, epoch / self.numbers[0])))
        return base


_COUNTS = {"constant": 0, "step": 2, "exp": 1, "inverse": 1, "cosine": 1}


def schedule(text: str) -> Schedule:
    """A schedule as written on the command line."""
    kind, *rest = text.split(":")
    if kind not in _COUNTS or len(rest) != _COUNTS[kind]:
        known = "constant, step:EVERY:FACTOR, exp:FACTOR, inverse:DECAY, cosine:EPOCHS"
        raise UsageError(f"unknown schedule {text} (known: {known})")
    try:
        numbers = tuple(float(x) for x in rest)
    except ValueError:
        raise UsageError(f"the schedule {text} needs numbers after its colons") from None
    if any(not math.isfinite(x) or x <= 0 for x in numbers):
        raise UsageError(f"the numbers of the schedule {text} must be positive")
    return Schedule(kind, numbers)
