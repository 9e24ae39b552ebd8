"""Deliberately wrong gradients, 200 of them from seeds: all are caught, nearly all with the right reason."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest

from deriv.training import gradcheck
from deriv.training.api import task
from deriv.training.check import draw
from deriv.training.mistakes import mistakes
from deriv.training.tapes import tape_gradient
from deriv.training.torch_tape import torch_gradient

MODELS = ("linear", "logistic", "softmax", "mlp:4-5-3:tanh", "mlp:4-4-1:sigmoid", "mlp:4-5-5-2:relu")
KINDS = (
    "sign", "one sign", "sum", "mean", "double", "factor", "transpose", "shift", "permuted rows", "slope",
    "bias lost", "bias doubled", "bias not summed", "one of n", "penalty lost",
)  # fmt: skip
SOURCES = [s for s in ("numpy", "torch", "jax", "autograd") if find_spec(s)]


def wrong(kind, grads, counts, what, params, data, rng):
    """A spoilt gradient, the reasons that would be right, and the guilty parameters; None where nothing is spoilt."""
    g = {k: np.array(v, float) for k, v in grads.items()}
    squares = [k for k, v in g.items() if v.ndim == 2]
    vectors = [k for k, v in g.items() if v.size > 2]
    bias = [k for k in g if k.startswith("b")][-1]
    some = vectors[int(rng.integers(len(vectors)))]
    match kind:
        case "sign":
            return {k: -v for k, v in g.items()}, {"sign"}, set(g)
        case "one sign":
            name = list(g)[int(rng.integers(len(g)))]
            return {**g, name: -g[name]}, {"sign"}, {name}
        case "sum":
            return {k: v * counts["n"] for k, v in g.items()}, {"sum"}, set(g)
        case "mean":
            return {k: v / counts["n"] for k, v in g.items()}, {"sum"}, set(g)
        case "double":
            return {k: v * float(rng.choice([2, 0.5])) for k, v in g.items()}, {"constant-factor"}, set(g)
        case "factor":
            return {**g, some: g[some] * float(rng.choice([3.0, 0.7, -1.9]))}, {"constant-factor"}, {some}
        case "transpose" if squares:
            name = squares[int(rng.integers(len(squares)))]
            return {**g, name: g[name].T}, {"transpose"}, {name}
        case "shift":
            axis = int(np.argmax(g[some].shape))
            by = int(rng.integers(1, g[some].shape[axis]))
            return {**g, some: np.roll(g[some], by, axis)}, {"index"}, {some}
        case "permuted rows" if squares:
            name = squares[0]
            order = np.roll(np.arange(len(g[name])), 1)
            order[:2] = order[1::-1]
            return {**g, name: g[name][order]}, {"index"}, {name}
        case "slope":
            found = [w for t, w in mistakes(what, params, data).items() if t.startswith("chain-rule")]
            found = [w for w in found if any(not np.allclose(w[k], g[k], rtol=1e-3) for k in g)]
            if not found:
                return None
            chosen = found[int(rng.integers(len(found)))]
            return chosen, {"chain-rule"}, {k for k in g if not np.allclose(chosen[k], g[k], rtol=1e-3)}
        case "bias lost":
            return {**g, bias: np.zeros_like(g[bias])}, {"missing-term"}, {bias}
        case "bias doubled":
            return {**g, bias: 2 * g[bias]}, {"constant-factor"}, {bias}
        case "bias not summed":
            rows = rng.standard_normal((counts["n"], *g[bias].shape))
            return {**g, bias: rows + (g[bias] - rows.sum(0)) / counts["n"]}, {"sum"}, {bias}
        case "one of n":
            spoilt = g[some].copy()
            spoilt[tuple(0 for _ in spoilt.shape)] += np.abs(spoilt).max()
            return {**g, some: spoilt}, {"unknown"}, {some}
        case "penalty lost":
            plain = task(what.spec).generate(fast=False).functions()[1](params, data)[1]
            return plain, {"missing-term"}, {k for k in g if not np.allclose(plain[k], g[k], rtol=1e-6)}
    return None


def taped(source, what, params, data):
    """The right gradient from one of the libraries."""
    if source == "numpy":
        return what.generate(fast=False).functions()[1](params, data)[1]
    return torch_gradient(what, params, data) if source == "torch" else tape_gradient(source, what, params, data)


def as_native(source, grads):
    """Arrays of the library that a user would return."""
    if source == "torch":
        return {k: import_module("torch").tensor(v, requires_grad=True) for k, v in grads.items()}
    return dict(grads)


def test_two_hundred_wrong_gradients():
    tasks = [task(name, l2=0.1) for name in MODELS]
    tried, seed, unseen, missed, misplaced = 0, 0, [], [], []
    while tried < 200:
        seed += 1
        rng = np.random.default_rng(seed)
        what, kind = tasks[seed % len(MODELS)], KINDS[(seed // len(MODELS)) % len(KINDS)]
        source = SOURCES[seed % len(SOURCES)]
        params, data, counts = draw(what, what.generate(fast=False), {}, seed)
        spoilt = wrong(kind, taped(source, what, params, data), counts, what, params, data, rng)
        if spoilt is None:
            continue
        tried += 1
        given, codes, guilty = spoilt
        native = as_native(source, given)

        def function(params, data, native=native):
            return native

        report = gradcheck(what, function, params=params, data=data, seed=seed)
        case = (what.spec, kind, source, [(r.code, r.parameters) for r in report.reasons])
        if report.ok:
            unseen.append(case)
        if not {r.code for r in report.reasons} & codes:
            missed.append(case)
        if {p for r in report.reasons for p in r.parameters} != guilty:
            misplaced.append(case)
    assert not unseen
    assert not misplaced
    assert len(missed) <= 0.1 * tried, missed


@pytest.mark.parametrize("name", [*MODELS, "adaline", "perceptron", "mlp:3-4-4-2:relu", "mlp:3-4-2:elu"])
@pytest.mark.parametrize("method", ["reverse", "forward", "central", "richardson"])
def test_right_gradients_are_not_accused(name, method):
    assert gradcheck(name, method).ok


@pytest.mark.parametrize("name", ["linear", "logistic", "softmax", "mlp:4-5-3:tanh", "mlp:3-4-1:sigmoid"])
def test_complex_step(name):
    assert gradcheck(name, "complex").relative < 1e-13


ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "maxout", "softmax", "identity")
LOSSES = ("mse", "sse", "half-sse", "bce", "ce", "nll", "kl", "hinge")


@pytest.mark.parametrize("tape", ["torch", "jax", "autograd"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_other_tapes_agree_on_every_network(activation, tape):
    pytest.importorskip(tape)
    for loss in LOSSES:
        what = task(f"mlp:3-4-2:{activation}", loss=loss, l1=0.01, l2=0.1)
        assert gradcheck(what, tape).relative < 1e-12, loss


@pytest.mark.parametrize("tape", ["torch", "jax", "autograd"])
@pytest.mark.parametrize("name", ["linear", "adaline", "perceptron", "logistic", "softmax"])
def test_other_tapes_agree_on_every_model(name, tape):
    pytest.importorskip(tape)
    for l1, l2 in ((0, 0), (0.01, 0), (0, 0.1)):
        assert gradcheck(task(name, l1=l1, l2=l2), tape).relative < 1e-12
