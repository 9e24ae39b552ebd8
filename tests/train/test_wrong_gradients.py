"""Deliberately wrong gradients, 200 of them from seeds: all are caught, nearly all with the right reason."""

from __future__ import annotations

import numpy as np
import pytest

from deriv.training import gradcheck
from deriv.training.api import task
from deriv.training.check import draw, mistakes

MODELS = ("linear", "logistic", "softmax", "mlp:4-5-3:tanh", "mlp:4-4-1:sigmoid")
KINDS = ("sign", "one sign", "sum", "mean", "double", "transpose", "shift", "slope", "bias lost", "bias doubled")


def wrong(kind, grads, counts, what, params, data, rng):
    """A spoilt gradient and the reasons that would be right; None where the mistake does not apply."""
    g = {k: np.array(v, float) for k, v in grads.items()}
    matrices = [k for k, v in g.items() if v.ndim == 2]
    vectors = [k for k, v in g.items() if v.size > 2]
    bias = [k for k in g if k.startswith("b")][-1]
    match kind:
        case "sign":
            return {k: -v for k, v in g.items()}, {"sign"}
        case "one sign":
            name = list(g)[int(rng.integers(len(g)))]
            return {**g, name: -g[name]}, {"sign"}
        case "sum":
            return {k: v * counts["n"] for k, v in g.items()}, {"sum"}
        case "mean":
            return {k: v / counts["n"] for k, v in g.items()}, {"sum"}
        case "double":
            return {k: v * float(rng.choice([2, 0.5])) for k, v in g.items()}, {"constant-factor"}
        case "transpose" if matrices:
            name = matrices[int(rng.integers(len(matrices)))]
            return {**g, name: g[name].T}, {"transpose"}
        case "shift":
            name = vectors[int(rng.integers(len(vectors)))]
            axis = int(np.argmax(g[name].shape))
            return {**g, name: np.roll(g[name], int(rng.integers(1, g[name].shape[axis])), axis)}, {"index"}
        case "slope":
            found = [w for t, w in mistakes(what, params, data).items() if t.startswith("chain-rule")]
            found = [w for w in found if any(not np.allclose(w[k], g[k], rtol=1e-3) for k in g)]
            return (found[int(rng.integers(len(found)))], {"chain-rule"}) if found else None
        case "bias lost":
            return {**g, bias: np.zeros_like(g[bias])}, {"missing-term"}
        case "bias doubled":
            return {**g, bias: 2 * g[bias]}, {"constant-factor"}
    return None


def test_two_hundred_wrong_gradients():
    tasks = [task(name) for name in MODELS]
    tried = caught = named = 0
    missed = []
    seed = 0
    while tried < 200:
        seed += 1
        rng = np.random.default_rng(seed)
        what, kind = tasks[seed % len(MODELS)], KINDS[(seed // len(MODELS)) % len(KINDS)]
        code = what.generate(fast=False)
        params, data, counts = draw(what, code, {}, seed)
        grads = code.functions()[1](params, data)[1]
        spoilt = wrong(kind, grads, counts, what, params, data, rng)
        if spoilt is None:
            continue
        tried += 1
        given, codes = spoilt

        def function(params, data, given=given):
            return given

        report = gradcheck(what, function, params=params, data=data, seed=seed)
        caught += not report.ok
        right = bool({r.code for r in report.reasons} & codes)
        named += right
        if not right:
            missed.append((what.spec, kind, [r.code for r in report.reasons]))
    assert caught == tried
    assert named >= 0.9 * tried, missed


@pytest.mark.parametrize("name", [*MODELS, "adaline", "perceptron", "mlp:3-4-4-2:relu", "mlp:3-4-2:elu"])
@pytest.mark.parametrize("method", ["reverse", "central", "richardson"])
def test_right_gradients_are_not_accused(name, method):
    assert gradcheck(name, method).ok


@pytest.mark.parametrize("name", ["linear", "logistic", "softmax", "mlp:4-5-3:tanh", "mlp:3-4-1:sigmoid"])
def test_complex_step(name):
    assert gradcheck(name, "complex").relative < 1e-13


@pytest.mark.parametrize("loss", ["mse", "sse", "half-sse", "bce", "ce", "nll", "kl"])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus"])
def test_pytorch_agrees_on_every_network(loss, activation):
    pytest.importorskip("torch")
    from deriv.training.models import model

    what = task(model(f"mlp:3-4-2:{activation}", loss, l1=0.01, l2=0.1))
    assert gradcheck(what, "torch").relative < 1e-12
