"""Numerical derivatives with an estimate of their own error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Slope:
    """A derivative, a bound for its error, and whether a kink seems to lie within the step."""

    value: float
    error: float
    kink: bool = False


def forward(f: Callable[[float], float], step: float = 1e-7) -> Slope:
    """Forward difference; its error is estimated from twice the step."""
    here = f(0.0)
    coarse, fine = (f(2 * step) - here) / (2 * step), (f(step) - here) / step
    rounding = 4 * np.finfo(float).eps * max(abs(here), 1e-300) / step
    return Slope(fine, 2 * abs(coarse - fine) + rounding)


def central(f: Callable[[float], float], step: float = 6e-6) -> Slope:
    """Central difference; its error is estimated from half the step."""
    coarse = (f(step) - f(-step)) / (2 * step)
    fine = (f(step / 2) - f(-step / 2)) / step
    rounding = 4 * np.finfo(float).eps * max(abs(f(0.0)), 1e-300) / step
    return Slope(fine, abs(coarse - fine) + rounding)


def richardson(f: Callable[[float], float], start: float = 1e-2, levels: int = 7) -> Slope:
    """Extrapolated central differences (C. Ridders, Advances in Engineering Software 4, 1982).

    Where a kink lies within the larger steps the tableau does not settle: then a small plain step decides.
    """
    size = abs(f(0.0))
    table: list[list[float]] = []
    best, error, step = 0.0, float("inf"), start
    for k in range(levels):
        row = [(f(step) - f(-step)) / (2 * step)]
        factor = 1.0
        for j in range(k):
            factor *= 4.0
            row.append((factor * row[j] - table[-1][j]) / (factor - 1.0))
            change = max(abs(row[-1] - row[-2]), abs(row[-1] - table[-1][j]))
            if change < error:
                best, error = row[-1], change
        table.append(row)
        step /= 2.0
    error += 8 * np.finfo(float).eps * size / step
    if error <= 1e-7 * max(abs(best), 1e-3):
        return Slope(best, error)
    small = central(f)
    return Slope(small.value, small.error, kink=True) if small.error < error else Slope(best, error, kink=True)


def moved(params: Mapping[str, Any], direction: Mapping[str, Any], by: float) -> Arrays:
    """The parameters a little further along a direction."""
    return {k: (v + by * direction[k] if k in direction else v) for k, v in params.items()}


def numeric_gradient(loss: Callable[[Arrays], float], params: Arrays, method: str) -> tuple[Arrays, Arrays, int]:
    """Every entry by itself: values, error bounds, and the number of kinks met."""
    rule = {"forward": forward, "central": central}.get(method, richardson)
    grads = {k: np.zeros_like(v, dtype=float) for k, v in params.items()}
    errors = {k: np.zeros_like(v, dtype=float) for k, v in params.items()}
    kinks = 0
    for name, value in params.items():
        for entry in np.ndindex(value.shape):
            unit = np.zeros_like(value, dtype=float)
            unit[entry] = 1.0
            slope = rule(lambda s, n=name, u=unit: loss(moved(params, {n: u}, s)))  # type: ignore[misc]
            grads[name][entry], errors[name][entry] = slope.value, slope.error
            kinks += slope.kink
    return grads, errors, kinks


def complex_step(loss: Callable[[Arrays], complex], params: Arrays) -> Arrays:
    """Exact to rounding for analytic losses: the imaginary part at an imaginary step (Squire and Trapp, 1998)."""
    grads = {k: np.zeros_like(v, dtype=float) for k, v in params.items()}
    for name, value in params.items():
        for entry in np.ndindex(value.shape):
            shifted = {k: v.astype(complex) for k, v in params.items()}
            shifted[name][entry] += 1e-200j
            grads[name][entry] = complex(loss(shifted)).imag / 1e-200
    return grads


def kinked(loss: Callable[[Arrays], float], params: Arrays, name: str, entry: tuple[int, ...], slope: float) -> bool:
    """Whether the loss has a kink at an entry, and a slope lies between those of the two sides."""
    unit = np.zeros_like(params[name], dtype=float)
    unit[entry] = 1.0
    sides = [forward(lambda s, d=d: loss(moved(params, {name: unit}, d * s))) for d in (1.0, -1.0)]  # type: ignore[misc]
    right, left = sides[0].value, -sides[1].value
    error = 10 * (sides[0].error + sides[1].error)
    if abs(right - left) <= error + 1e-4 * max(abs(right), abs(left)):
        return False
    return min(left, right) - error <= slope <= max(left, right) + error
