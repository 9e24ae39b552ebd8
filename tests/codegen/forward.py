"""Models written a second time, by hand, for libraries with a reverse mode of their own, and for complex numbers."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import numpy as np


def torch_library():
    import torch

    f = torch.nn.functional
    return SimpleNamespace(
        sigmoid=torch.sigmoid,
        tanh=torch.tanh,
        relu=torch.relu,
        leaky_relu=lambda z: f.leaky_relu(z, 0.01),
        elu=f.elu,
        softplus=f.softplus,
        softmax=lambda z: f.softmax(z, -1),
        log_softmax=lambda z: f.log_softmax(z, -1),
        maximum=torch.maximum,
        abs=torch.abs,
        log=torch.log,
        bce=lambda z, y: f.binary_cross_entropy_with_logits(z, y, reduction="none"),
        zero=torch.tensor(0.0, dtype=torch.float64),
    )


def jax_library():
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, nn = jax.numpy, jax.nn
    return SimpleNamespace(
        sigmoid=nn.sigmoid,
        tanh=jnp.tanh,
        relu=nn.relu,
        leaky_relu=lambda z: nn.leaky_relu(z, 0.01),
        elu=nn.elu,
        softplus=nn.softplus,
        softmax=lambda z: nn.softmax(z, -1),
        log_softmax=lambda z: nn.log_softmax(z, -1),
        maximum=jnp.maximum,
        abs=jnp.abs,
        log=jnp.log,
        bce=lambda z, y: -(y * nn.log_sigmoid(z) + (1 - y) * nn.log_sigmoid(-z)),
        zero=0.0,
    )


def complex_library():
    def softmax(z):
        return np.exp(z) / np.exp(z).sum(-1, keepdims=True)

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    return SimpleNamespace(
        sigmoid=sigmoid,
        tanh=np.tanh,
        softplus=lambda z: np.log(1 + np.exp(z)),
        softmax=softmax,
        log_softmax=lambda z: np.log(softmax(z)),
        log=np.log,
        bce=lambda z, y: -(y * np.log(sigmoid(z)) + (1 - y) * np.log(1 - sigmoid(z))),
    )


def output_loss(lib, loss, z, y, head):
    """The loss of all samples; `head` is the output function: None, "sigmoid" or "softmax"."""
    n = y.shape[0]
    yhat = z if head is None else getattr(lib, head)(z)
    match loss:
        case "mse":
            return ((yhat - y) ** 2).sum() / n
        case "sse":
            return ((yhat - y) ** 2).sum()
        case "half-sse":
            return ((yhat - y) ** 2).sum() / 2
        case "bce":
            return lib.bce(z, y).sum() / n if head == "sigmoid" else binary(lib, yhat, y).sum() / n
        case "ce" | "nll":
            return -(y * lib.log_softmax(z)).sum() / n
        case "kl":
            return (y * (lib.log(y) - lib.log_softmax(z))).sum() / n
        case "hinge":
            return lib.maximum(lib.zero, 1 - y * z).sum() / n
        case "perceptron":
            return lib.maximum(lib.zero, -y * z).sum() / n
    raise AssertionError(loss)


def binary(lib, p, y):
    return -(y * lib.log(p) + (1 - y) * lib.log(1 - p))


def head_of(name, loss):
    """The output function that goes with a model and a loss."""
    if loss in ("ce", "nll", "kl") or name == "softmax":
        return "softmax"
    return "sigmoid" if loss == "bce" or name == "logistic" else None


def penalty(lib, weights, l1, l2):
    total = 0.0
    for w in weights:
        total = total + l1 * lib.abs(w).sum() if l1 else total
        total = total + l2 / 2 * (w**2).sum() if l2 else total
    return total


def total(lib, spec, loss, params, data, l1=0.0, l2=0.0):
    """The loss of a model by name, as a person would write it for the library."""
    name, _, rest = spec.partition(":")
    y = data["Y"] if "Y" in data else data["y"]
    if name != "mlp":
        weight = params["W" if name == "softmax" else "w"]
        z = data["X"] @ weight + params["b"]
        return output_loss(lib, loss, z, y, head_of(name, loss)) + penalty(lib, [weight], l1, l2)
    sizes, _, activation = rest.partition(":")
    below, weights = data["X"], []
    for k in range(1, sizes.count("-") + 1):
        z = below @ params[f"W{k}"] + params[f"b{k}"]
        weights.append(params[f"W{k}"])
        if k == sizes.count("-"):
            break
        if activation == "maxout":
            below = lib.maximum(z, below @ params[f"V{k}"] + params[f"c{k}"])
            weights.append(params[f"V{k}"])
        else:
            below = z if activation == "identity" else getattr(lib, activation)(z)
    return output_loss(lib, loss, z, y, head_of(name, loss)) + penalty(lib, weights, l1, l2)
