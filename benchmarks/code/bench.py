"""Loss and gradient: generated code against code written by hand, ratios within one run (lower is better).

Run with `OMP_NUM_THREADS=1 python benchmarks/code/bench.py`; 1 is the best hand-written NumPy with `out=`.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from deriv.codegen import generate
from deriv.training.models import model

Arrays = dict[str, Any]


def best(contenders: Mapping[str, Callable[[], object]], budget: float = 0.25) -> dict[str, float]:
    """The minimum time of each contender, all measured in turn."""
    counts = {}
    for name, call in contenders.items():
        once = min(timeit.repeat(call, number=1, repeat=5))
        counts[name] = max(1, int(budget / 20 / max(once, 1e-7)))
    times = dict.fromkeys(contenders, float("inf"))
    for _ in range(20):
        for name, call in contenders.items():
            times[name] = min(times[name], timeit.timeit(call, number=counts[name]) / counts[name])
    return times


def regression(rng: np.random.Generator, n: int, d: int) -> tuple[Arrays, Arrays]:
    """Parameters and data with labels 0 and 1."""
    data = {"X": rng.standard_normal((n, d)), "y": rng.integers(0, 2, n).astype(float)}
    return {"w": rng.standard_normal(d) / d, "b": np.asarray(0.1)}, data


def logistic_plain(p: Arrays, x: Arrays) -> tuple[float, Arrays]:
    """As a careful person writes it."""
    X, y = x["X"], x["y"]
    n = len(y)
    z = X @ p["w"] + p["b"]
    e = np.exp(-np.abs(z))
    yhat = np.where(z >= 0, 1, e) / (1 + e)
    dz = (yhat - y) / n
    loss = (np.maximum(z, 0) - y * z + np.log1p(e)).mean()
    return float(loss), {"w": X.T @ dz, "b": dz.sum()}


def logistic_out(p: Arrays, x: Arrays) -> Callable[[], tuple[float, Arrays]]:
    """The same with every result in a buffer."""
    X, y = x["X"], x["y"]
    n, d = X.shape
    z, e, s, t, g, XT = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(d), X.T
    positive = np.empty(n, bool)

    def step() -> tuple[float, Arrays]:
        np.dot(X, p["w"], out=z)
        np.add(z, p["b"], out=z)
        np.abs(z, out=e)
        np.negative(e, out=e)
        np.exp(e, out=e)
        np.greater_equal(z, 0, out=positive)
        np.maximum(e, positive, out=s)
        np.add(e, 1, out=t)
        np.divide(s, t, out=s)
        np.log1p(e, out=e)
        np.maximum(z, 0, out=t)
        np.add(e, t, out=e)
        loss = (e.sum() - y.dot(z)) / n
        np.subtract(s, y, out=s)
        np.divide(s, n, out=s)
        np.dot(XT, s, out=g)
        return float(loss), {"w": g, "b": s.sum()}

    return step


def linear_plain(p: Arrays, x: Arrays) -> tuple[float, Arrays]:
    """Mean squared error."""
    X, y = x["X"], x["y"]
    r = X @ p["w"] + p["b"] - y
    n = len(y)
    dz = r * (2 / n)
    return float(r @ r) / n, {"w": X.T @ dz, "b": dz.sum()}


def linear_out(p: Arrays, x: Arrays) -> Callable[[], tuple[float, Arrays]]:
    """The same with buffers."""
    X, y = x["X"], x["y"]
    n, d = X.shape
    r, g, XT = np.empty(n), np.empty(d), X.T

    def step() -> tuple[float, Arrays]:
        np.dot(X, p["w"], out=r)
        np.add(r, p["b"], out=r)
        np.subtract(r, y, out=r)
        loss = r.dot(r) / n
        np.multiply(r, 2 / n, out=r)
        np.dot(XT, r, out=g)
        return float(loss), {"w": g, "b": r.sum()}

    return step


def network_plain(p: Arrays, x: Arrays) -> tuple[float, Arrays]:
    """Three layers, ReLU, softmax and cross-entropy."""
    X, Y = x["X"], x["Y"]
    n = len(X)
    z1 = X @ p["W1"] + p["b1"]
    a1 = np.maximum(z1, 0)
    z2 = a1 @ p["W2"] + p["b2"]
    a2 = np.maximum(z2, 0)
    z3 = a2 @ p["W3"] + p["b3"]
    top = z3.max(axis=1, keepdims=True)
    e = np.exp(z3 - top)
    total = e.sum(axis=1, keepdims=True)
    loss = -(Y * (z3 - top - np.log(total))).sum() / n
    d3 = (e / total - Y) / n
    d2 = (d3 @ p["W3"].T) * (z2 > 0)
    d1 = (d2 @ p["W2"].T) * (z1 > 0)
    grads = {"W1": X.T @ d1, "b1": d1.sum(0), "W2": a1.T @ d2, "b2": d2.sum(0), "W3": a2.T @ d3, "b3": d3.sum(0)}
    return float(loss), grads


def network_out(p: Arrays, x: Arrays) -> Callable[[], tuple[float, Arrays]]:
    """The same with buffers."""
    X, Y = x["X"], x["Y"]
    n = len(X)
    layers = [p["W1"].shape[1], p["W2"].shape[1], p["W3"].shape[1]]
    z1, z2, z3 = (np.empty((n, k)) for k in layers)
    d1, d2, d3 = (np.empty((n, k)) for k in layers)
    a1, a2 = np.empty_like(z1), np.empty_like(z2)
    m1, m2 = np.empty(z1.shape, bool), np.empty(z2.shape, bool)
    top, total = np.empty((n, 1)), np.empty((n, 1))
    g = {k: np.empty_like(v) for k, v in p.items()}

    def step() -> tuple[float, Arrays]:
        np.dot(X, p["W1"], out=z1)
        np.add(z1, p["b1"], out=z1)
        np.maximum(z1, 0, out=a1)
        np.dot(a1, p["W2"], out=z2)
        np.add(z2, p["b2"], out=z2)
        np.maximum(z2, 0, out=a2)
        np.dot(a2, p["W3"], out=z3)
        np.add(z3, p["b3"], out=z3)
        z3.max(axis=1, keepdims=True, out=top)
        np.subtract(z3, top, out=z3)
        np.exp(z3, out=d3)
        d3.sum(axis=1, keepdims=True, out=total)
        np.divide(d3, total, out=d3)
        np.log(total, out=total)
        np.subtract(z3, total, out=z3)
        loss = -np.vdot(Y, z3) / n
        np.subtract(d3, Y, out=d3)
        np.divide(d3, n, out=d3)
        np.dot(d3, p["W3"].T, out=d2)
        np.greater(z2, 0, out=m2)
        np.multiply(d2, m2, out=d2)
        np.dot(d2, p["W2"].T, out=d1)
        np.greater(z1, 0, out=m1)
        np.multiply(d1, m1, out=d1)
        for name, left, right in (("1", X, d1), ("2", a1, d2), ("3", a2, d3)):
            np.dot(left.T, right, out=g[f"W{name}"])
            right.sum(axis=0, out=g[f"b{name}"])
        return float(loss), g

    return step


def torch_eager(kind: str, p: Arrays, x: Arrays) -> Callable[[], object] | None:
    """PyTorch with autograd, where it is installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    params = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in p.items()}
    data = {k: torch.tensor(v) for k, v in x.items()}

    def step() -> object:
        if kind == "network":
            h = torch.relu(data["X"] @ params["W1"] + params["b1"])
            h = torch.relu(h @ params["W2"] + params["b2"])
            loss = torch.nn.functional.cross_entropy(h @ params["W3"] + params["b3"], data["Y"])
        else:
            z = data["X"] @ params["w"] + params["b"]
            if kind == "logistic":
                loss = torch.nn.functional.binary_cross_entropy_with_logits(z, data["y"])
            else:
                loss = ((z - data["y"]) ** 2).mean()
        return torch.autograd.grad(loss, list(params.values()))

    return step


def compare(title: str, kind: str, p: Arrays, x: Arrays) -> None:
    """One row of the table."""
    spec = {"network": "mlp:4-3-3-2:relu", "linear": "linear", "logistic": "logistic"}[kind]
    m = model(spec)
    sizes = {"n": len(x["X"]), "d": x["X"].shape[1]}
    generated = generate(m.loss, m.params, definitions=m.definitions, fast=True, onehot=m.onehot, sizes=sizes)
    names = generated.compile()
    plain = {"network": network_plain, "linear": linear_plain, "logistic": logistic_plain}[kind]
    out = {"network": network_out, "linear": linear_out, "logistic": logistic_out}[kind](p, x)
    fast = names["make"](p, x)
    want = plain(p, x)
    for value, grads in (names["loss_and_grad"](p, x), fast(p), out()):
        assert np.isclose(value, want[0])
        assert all(np.allclose(grads[k], want[1][k], rtol=1e-9, atol=1e-12) for k in grads)
    contenders: dict[str, Callable[[], object]] = {
        "by hand, out=": out,
        "by hand, plain": lambda: plain(p, x),
        "generated": lambda: names["loss_and_grad"](p, x),
        "generated, fast": lambda: fast(p),
    }
    torch_step = torch_eager(kind, p, x)
    if torch_step is not None:
        contenders["PyTorch eager"] = torch_step
    times = best(contenders)
    base = times["by hand, out="]
    print(f"| {title} | " + " | ".join(f"{times[c] / base:.2f}" if c in times else "-" for c in COLUMNS) + " |")


COLUMNS = ("by hand, out=", "by hand, plain", "generated", "generated, fast", "PyTorch eager")


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    print("| problem | " + " | ".join(COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for kind in ("logistic", "linear"):
        compare(f"{kind}, n = 10,000, d = 100", kind, *regression(rng, 10_000, 100))
        compare(f"{kind}, n = 100, d = 2", kind, *regression(rng, 100, 2))
    for n in (64, 1024):
        layers = (784, 128, 64, 10)
        p: Arrays = {}
        for k in range(3):
            p[f"W{k + 1}"] = rng.standard_normal((layers[k], layers[k + 1])) / layers[k] ** 0.5
            p[f"b{k + 1}"] = np.zeros(layers[k + 1])
        x = {"X": rng.standard_normal((n, 784)), "Y": np.eye(10)[rng.integers(0, 10, n)]}
        compare(f"network 784-128-64-10, batch {n:,}", "network", p, x)


if __name__ == "__main__":
    main()
