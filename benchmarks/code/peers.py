"""The same losses in other libraries; a library that is not installed gives None."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

Arrays = dict[str, Any]
Step = Callable[[], object]


def loss_of(kind: str, m: Any, p: Arrays, x: Arrays, softplus: Callable[[Any], Any], pick: Callable[..., Any]) -> Any:
    """The loss in the words of a library with the functions of NumPy (`m`)."""
    if kind == "network":
        h = m.maximum(x["X"] @ p["W1"] + p["b1"], 0)
        h = m.maximum(h @ p["W2"] + p["b2"], 0)
        return pick(h @ p["W3"] + p["b3"], x["Y"])
    if kind == "xor":
        z = m.tanh(x["X"] @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
        return (softplus(z) - x["Y"] * z).sum() / len(x["X"])
    z = x["X"] @ p["w"] + p["b"]
    return ((z - x["y"]) ** 2).mean() if kind == "linear" else (softplus(z) - x["y"] * z).mean()


def torch_eager(kind: str, p: Arrays, x: Arrays) -> Step | None:
    """PyTorch with autograd."""
    if not find_spec("torch"):
        return None
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
    params = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in p.items()}
    data = {k: torch.tensor(v) for k, v in x.items()}
    cross_entropy = torch.nn.functional.cross_entropy
    bce = torch.nn.functional.binary_cross_entropy_with_logits

    def step() -> object:
        if kind == "network":
            h = torch.relu(data["X"] @ params["W1"] + params["b1"])
            h = torch.relu(h @ params["W2"] + params["b2"])
            loss = cross_entropy(h @ params["W3"] + params["b3"], data["Y"])
        elif kind == "xor":
            h = torch.tanh(data["X"] @ params["W1"] + params["b1"])
            loss = bce(h @ params["W2"] + params["b2"], data["Y"])
        else:
            z = data["X"] @ params["w"] + params["b"]
            loss = bce(z, data["y"]) if kind == "logistic" else ((z - data["y"]) ** 2).mean()
        return loss, torch.autograd.grad(loss, list(params.values()))

    return step


def _jax() -> Any:
    """JAX with 64 bits and, like all others, one thread."""
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", val=True)
    return jax


def _jax_loss(kind: str) -> Callable[[Arrays, Arrays], Any]:
    jax = _jax()
    numbers: Any = import_module("jax.numpy")

    def pick(z: Any, labels: Any) -> Any:
        return -(labels * jax.nn.log_softmax(z)).sum() / len(labels)

    return lambda p, x: loss_of(kind, numbers, p, x, jax.nn.softplus, pick)


def jax_step(kind: str, p: Arrays, x: Arrays) -> Step | None:
    """JAX, the step compiled."""
    if not find_spec("jax"):
        return None
    jax = _jax()
    step = jax.jit(jax.value_and_grad(_jax_loss(kind)))
    params, data = ({k: jax.numpy.asarray(v) for k, v in a.items()} for a in (p, x))
    return lambda: jax.block_until_ready(step(params, data))


def autograd_step(kind: str, p: Arrays, x: Arrays) -> Step | None:
    """HIPS autograd."""
    if not find_spec("autograd"):
        return None
    module: Any = import_module("autograd")
    numbers: Any = import_module("autograd.numpy")

    def softplus(z: Any) -> Any:
        return numbers.logaddexp(z, 0)

    def pick(z: Any, labels: Any) -> Any:
        top = z - numbers.max(z, axis=1, keepdims=True)
        return -(labels * (top - numbers.log(numbers.exp(top).sum(axis=1, keepdims=True)))).sum() / len(labels)

    step = module.value_and_grad(lambda q: loss_of(kind, numbers, q, x, softplus, pick))
    return lambda: step(p)


def pytensor_step(kind: str, p: Arrays, x: Arrays) -> Step | None:
    """PyTensor, compiled."""
    if not find_spec("pytensor"):
        return None
    pytensor: Any = import_module("pytensor")
    tensor: Any = import_module("pytensor.tensor")
    params = {k: tensor.TensorType("float64", np.shape(v))(k) for k, v in p.items()}
    data = {k: pytensor.shared(v, k) for k, v in x.items()}

    def pick(z: Any, labels: Any) -> Any:
        return -(labels * tensor.special.log_softmax(z, axis=1)).sum() / labels.shape[0]

    loss = _pytensor_loss(kind, tensor, params, data, pick)
    step = pytensor.function(list(params.values()), [loss, *pytensor.grad(loss, list(params.values()))])
    values = list(p.values())
    return lambda: step(*values)


def _pytensor_loss(kind: str, tensor: Any, p: Arrays, x: Arrays, pick: Callable[..., Any]) -> Any:
    if kind == "network":
        h = tensor.maximum(x["X"] @ p["W1"] + p["b1"], 0)
        h = tensor.maximum(h @ p["W2"] + p["b2"], 0)
        return pick(h @ p["W3"] + p["b3"], x["Y"])
    if kind == "xor":
        z = tensor.tanh(x["X"] @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
        return (tensor.softplus(z) - x["Y"] * z).sum() / x["X"].shape[0]
    z = x["X"] @ p["w"] + p["b"]
    return ((z - x["y"]) ** 2).mean() if kind == "linear" else (tensor.softplus(z) - x["y"] * z).mean()


STEPS = {
    "PyTorch eager": torch_eager,
    "JAX jit per step": jax_step,
    "HIPS autograd": autograd_step,
    "PyTensor": pytensor_step,
}


# an epoch of updates, one sample at a time


def torch_online(X: Any, y: Any, rate: float) -> Callable[[], float] | None:
    """PyTorch's autograd for every sample."""
    if not find_spec("torch"):
        return None
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
    rows, labels = torch.tensor(X), torch.tensor(y)
    bce = torch.nn.functional.binary_cross_entropy_with_logits

    def epoch() -> float:
        w = torch.zeros(X.shape[1], dtype=torch.float64, requires_grad=True)
        b = torch.zeros((), dtype=torch.float64, requires_grad=True)
        total = 0.0
        for i in range(len(rows)):
            loss = bce(rows[i] @ w + b, labels[i])
            dw, db = torch.autograd.grad(loss, (w, b))
            with torch.no_grad():
                w -= rate * dw
                b -= rate * db
            total += float(loss)
        return total / len(rows)

    return epoch


def jax_online(X: Any, y: Any, rate: float, *, scan: bool) -> Callable[[], float] | None:
    """JAX: a compiled step for every sample, or the whole epoch as one `jax.lax.scan`."""
    if not find_spec("jax"):
        return None
    jax = _jax()
    rows, labels = jax.numpy.asarray(X), jax.numpy.asarray(y)
    slope = jax.value_and_grad(lambda p, row, label: jax.nn.softplus(row @ p[0] + p[1]) - label * (row @ p[0] + p[1]))

    def update(p: Any, sample: Any) -> Any:
        loss, (dw, db) = slope(p, *sample)
        return (p[0] - rate * dw, p[1] - rate * db), loss

    start = (jax.numpy.zeros(X.shape[1]), jax.numpy.zeros(()))
    step = jax.jit(update)

    @jax.jit  # type: ignore[untyped-decorator]
    def whole() -> Any:
        return jax.lax.scan(update, start, (rows, labels))[1].mean()

    def loop() -> float:
        p, total = start, 0.0
        for i in range(len(X)):
            p, loss = step(p, (X[i], y[i]))
            total += float(loss)
        return total / len(X)

    return (lambda: float(whole())) if scan else loop


def autograd_online(X: Any, y: Any, rate: float) -> Callable[[], float] | None:
    """HIPS autograd for every sample."""
    if not find_spec("autograd"):
        return None
    module: Any = import_module("autograd")
    numbers: Any = import_module("autograd.numpy")

    def loss(p: Any, row: Any, label: float) -> Any:
        z = numbers.dot(row, p[0]) + p[1]
        return numbers.logaddexp(z, 0) - label * z

    slope = module.value_and_grad(loss)

    def epoch() -> float:
        w, b, total = np.zeros(X.shape[1]), 0.0, 0.0
        for row, label in zip(X, y, strict=True):
            value, (dw, db) = slope((w, b), row, label)
            w, b, total = w - rate * dw, b - rate * db, total + value
        return total / len(X)

    return epoch


def pytensor_online(X: Any, y: Any, rate: float) -> Callable[[], float] | None:
    """PyTensor, a compiled update for every sample."""
    if not find_spec("pytensor"):
        return None
    pytensor: Any = import_module("pytensor")
    tensor: Any = import_module("pytensor.tensor")
    row, label = tensor.dvector("row"), tensor.dscalar("label")
    w, b = pytensor.shared(np.zeros(X.shape[1]), "w"), pytensor.shared(np.float64(0), "b")
    z = row @ w + b
    loss = tensor.softplus(z) - label * z
    dw, db = pytensor.grad(loss, [w, b])
    step = pytensor.function([row, label], loss, updates=[(w, w - rate * dw), (b, b - rate * db)])

    def epoch() -> float:
        w.set_value(np.zeros(X.shape[1]))
        b.set_value(np.float64(0))
        return sum(float(step(one, its)) for one, its in zip(X, y, strict=True)) / len(X)

    return epoch
