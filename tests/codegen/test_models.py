"""Every model, loss and regulariser of the lectures: the generated gradient against independent reverse modes."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from deriv.codegen import generate
from deriv.codegen.program import dim_values
from deriv.training.models import ACTIVATIONS, LOSSES, model
from tests.codegen import forward

SINGLE = ("linear", "adaline", "perceptron", "logistic")
ONE_OUTPUT = ("mse", "sse", "half-sse", "bce", "hinge", "perceptron")
EXACT = ("sigmoid", "tanh", "softplus", "softmax", "identity")  # analytic: a complex step has no error
SMOOTH = ("mse", "sse", "half-sse", "bce", "ce", "nll", "kl")
PENALTIES = ((0.0, 0.0), (0.25, 0.0), (0.0, 0.5), (0.25, 0.5))
CASES = [
    *((name, loss) for name in SINGLE for loss in ONE_OUTPUT),
    *(("softmax", loss) for loss in LOSSES),
    *((f"mlp:4-3-3-2:{activation}", loss) for activation in ACTIVATIONS for loss in LOSSES),
    ("mlp:2-3-1:tanh", "bce"),
    ("mlp:3-2:relu", "ce"),
    ("mlp:4-3-3-3-3-2:tanh", "ce"),
]
SIZES = {"n": 5, "d": 4, "K": 2, **{f"h{k}": 3 for k in range(1, 9)}}


def problem(spec, loss, seed=0, **penalty):
    """The generated code of a model, and parameters and data for it."""
    m = model(spec, loss, **penalty)
    generated = generate(m.loss, m.params, definitions=m.definitions, shapes=m.shapes, onehot=m.onehot)
    rng = np.random.default_rng(seed)
    sizes = dict(SIZES)
    if m.layers:
        sizes.update(zip(["d", *(f"h{k}" for k in range(1, len(m.layers) - 1)), "K"], m.layers, strict=True))
    shapes = dim_values({**generated.program.params, **generated.program.data}, sizes)
    params = {name: np.asarray(rng.standard_normal(shapes[name])) for name in generated.program.params}
    data = {name: np.asarray(rng.standard_normal(shapes[name])) for name in generated.program.data}
    target = "Y" if "Y" in data else "y"
    if m.labels == "classes" or (m.name == "softmax"):
        data[target] = rng.dirichlet(np.ones(shapes[target][-1]), shapes[target][0])
    elif m.labels == "signs":
        data[target] = np.where(data[target] > 0, 1.0, -1.0)
    elif m.labels == "binary":
        data[target] = (data[target] > 0).astype(float)
    return generated, params, data


def close(found, right):
    """Largest difference relative to the largest entry, over all parameters."""
    for name, grad in found.items():
        want = np.asarray(right[name])
        assert np.abs(grad - want).max() <= 1e-12 * max(np.abs(want).max(), 1e-3), name


@pytest.mark.parametrize(("spec", "loss"), CASES)
def test_pytorch_gives_the_same_gradient(spec, loss):
    torch = pytest.importorskip("torch")
    lib = forward.torch_library()
    for l1, l2 in PENALTIES:
        generated, params, data = problem(spec, loss, l1=l1, l2=l2)
        value, grads = generated.functions()[1](params, data)
        leaves = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
        theirs = forward.total(lib, spec, loss, leaves, {k: torch.tensor(v) for k, v in data.items()}, l1, l2)
        assert value == pytest.approx(float(theirs.detach()), rel=1e-12)
        slopes = torch.autograd.grad(theirs, list(leaves.values()))
        close(grads, {k: g.numpy() for k, g in zip(leaves, slopes, strict=True)})


@pytest.mark.parametrize(("spec", "loss"), CASES)
def test_jax_gives_the_same_gradient(spec, loss):
    jax = pytest.importorskip("jax")
    lib = forward.jax_library()
    generated, params, data = problem(spec, loss, l1=0.25, l2=0.5)
    value, grads = generated.functions()[1](params, data)
    theirs, slopes = jax.value_and_grad(lambda p: forward.total(lib, spec, loss, p, data, 0.25, 0.5))(params)
    assert value == pytest.approx(float(theirs), rel=1e-12)
    close(grads, slopes)


@pytest.mark.parametrize(
    ("spec", "loss"),
    [(s, loss) for s, loss in CASES if loss in SMOOTH and (":" not in s or s.rpartition(":")[2] in EXACT)],
)
def test_a_complex_step_gives_the_same_gradient(spec, loss):
    lib = forward.complex_library()
    generated, params, data = problem(spec, loss, l2=0.5)
    grads = generated.functions()[1](params, data)[1]
    right = {}
    for name, value in params.items():
        right[name] = np.empty(value.shape)
        for entry in np.ndindex(value.shape):
            moved = value.astype(complex)
            moved[entry] += 1e-200j
            right[name][entry] = forward.total(lib, spec, loss, {**params, name: moved}, data, l2=0.5).imag / 1e-200
    close(grads, right)


SATURATED = [c for c in CASES if c[0] in ("logistic", "softmax") or c[0].startswith("mlp:4-3-3-2")]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(("spec", "loss"), SATURATED)
def test_large_values_neither_warn_nor_overflow(spec, loss, fast):
    """Logits of 1,000 and targets that are certain."""
    m = model(spec, loss)
    generated, params, data = problem(spec, loss)
    rng = np.random.default_rng(1)
    target = "Y" if "Y" in data else "y"
    data["X"] = np.where(data["X"] > 0, 1.0, -1.0)
    if m.labels == "classes" or spec == "softmax":
        data[target] = np.eye(data[target].shape[1])[rng.integers(0, data[target].shape[1], len(data[target]))]
    params = {k: np.where(v > 0, 1000.0, -1000.0) for k, v in params.items()}
    if fast:
        generated = generate(m.loss, m.params, definitions=m.definitions, shapes=m.shapes, onehot=m.onehot, fast=True)
    names = generated.compile()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, grads = names["make"](params, data)(params) if fast else names["loss_and_grad"](params, data)
    assert np.isfinite(value)
    assert all(np.isfinite(g).all() for g in grads.values())
