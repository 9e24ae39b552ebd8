"""Losses of saturated probabilities against arithmetic with thousands of digits."""

from __future__ import annotations

import itertools
import warnings

import mpmath
import numpy as np
import pytest

from deriv.codegen import generate
from tests.codegen.cases import CASES
from tests.codegen.test_loops import interpreted, run_c

LOGITS = np.array(
    [
        [1000.0, -1000.0, 0.0],
        [-1000.0, 1000.0, 1000.0],
        [1000.0, 999.5, 990.0],
        [-1000.0, -1000.0, -1000.0],
        [0.1, -0.2, 0.75],
        [1000.0, 1000.0, -1000.0],
        [700.0, 0.0, -700.0],
        [36.5, 0.0, 1.0],
    ]
)
TARGETS = [*itertools.product((0.0, 1.0), repeat=3), (0.25, 0.5, 0.25)]


def exact(logits, targets):
    """The binary entropy of a softmax and its gradient, digit by digit from the definition."""
    n = len(logits)
    loss, slopes = mpmath.mpf(0), np.zeros(logits.shape)
    for i, (row, wanted) in enumerate(zip(logits, targets, strict=True)):
        powers = [mpmath.exp(mpmath.mpf(z)) for z in row]
        p = [x / sum(powers) for x in powers]
        rest = [(sum(powers) - x) / sum(powers) for x in powers]
        loss -= sum(y * mpmath.log(a) + (1 - y) * mpmath.log(b) for y, a, b in zip(wanted, p, rest, strict=True)) / n
        for j in range(len(row)):
            # the derivative of p_k by z_j is p_k ((k = j) - p_j)
            terms = enumerate(zip(wanted, p, rest, strict=True))
            slopes[i, j] = -sum((y / a - (1 - y) / b) * a * ((k == j) - p[j]) for k, (y, a, b) in terms) / n
    return float(loss), slopes


@pytest.fixture(scope="module")
def rows():
    """Every row of logits with every target, and what is right."""
    logits = np.repeat(LOGITS, len(TARGETS), axis=0)
    targets = np.tile(np.array(TARGETS), (len(LOGITS), 1))
    with mpmath.workdps(2000):
        return logits, targets, *exact(logits, targets)


def holds(found, rows, tolerance=1e-13):
    value, grads = found
    _, _, loss, slopes = rows
    assert float(value) == pytest.approx(loss, rel=tolerance)
    np.testing.assert_allclose(np.asarray(grads["Z"]), slopes, rtol=100 * tolerance, atol=tolerance)


@pytest.mark.parametrize("target", ["numpy", "fast", "loops", "numba", "c", "torch", "jax"])
def test_the_binary_entropy_of_a_softmax_is_right_however_large_the_logits(target, rows, tmp_path):
    if target in ("torch", "jax", "numba"):
        pytest.importorskip(target)
    params, data = {"Z": rows[0]}, {"Y": rows[1]}
    loss, wrt = CASES["binary entropy of a softmax"]
    kind = {"loops": "numba", "fast": "numpy"}.get(target, target)
    code = generate(loss, wrt, target=kind, fast=target == "fast")
    with warnings.catch_warnings():
        if kind == "numpy":
            warnings.simplefilter("error")
        if target == "c":
            found = run_c(code, tmp_path, params, data, "float64")
        elif target == "fast":
            found = code.compile()["make"](params, data)(params)
        else:
            names = interpreted(code) if target == "loops" else code.compile()
            found = names["loss_and_grad"](params, data)
    holds(found, rows)


def test_single_precision_is_finite_and_right(rows):
    logits, targets = (a.astype(np.float32) for a in rows[:2])
    loss, wrt = CASES["binary entropy of a softmax"]
    names = generate(loss, wrt, dtype="float32").compile()
    value, grads = names["loss_and_grad"]({"Z": logits}, {"Y": targets})
    assert grads["Z"].dtype == np.float32
    holds((value, grads), rows, 2e-6)


def test_what_is_not_chosen_is_right_however_large_the_logits():
    labels = np.arange(len(LOGITS)) % 3
    names = generate(*CASES["what is not chosen"]).compile()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, grads = names["loss_and_grad"]({"Z": LOGITS}, {"c": labels + 1})
    with mpmath.workdps(2000):
        total = 0
        for row, label in zip(LOGITS, labels, strict=True):
            powers = [mpmath.exp(mpmath.mpf(z)) for z in row]
            total -= mpmath.log((sum(powers) - powers[label]) / sum(powers)) / len(LOGITS)
    assert value == pytest.approx(float(total), rel=1e-13)
    assert np.isfinite(grads["Z"]).all()
