"""What a careful person writes by hand: plain NumPy, and NumPy with every result in a buffer (`out=`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = dict[str, Any]
Step = Callable[[], object]


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


def network_products(p: Arrays, x: Arrays) -> Step:
    """The products of matrices of one step and nothing else."""
    left = [x["X"], *(np.ones((len(x["X"]), p[f"W{k}"].shape[1])) for k in (1, 2))]
    weights = [p["W1"], p["W2"], p["W3"]]
    out = [np.ones((len(x["X"]), w.shape[1])) for w in weights]
    back = [np.empty_like(a) for a in left]
    grads = [np.empty_like(w) for w in weights]

    def step() -> None:
        for a, w, z in zip(left, weights, out, strict=True):
            np.dot(a, w, out=z)
        for a, w, z, d, g in zip(left, weights, out, back, grads, strict=True):
            if a is not left[0]:
                np.dot(z, w.T, out=d)
            np.dot(a.T, z, out=g)

    return step


def xor_plain(p: Arrays, x: Arrays) -> tuple[float, Arrays]:
    """Two inputs, three hidden units with tanh, one output; binary cross-entropy from the logit."""
    X, Y = x["X"], x["Y"]
    n = len(X)
    a = np.tanh(X @ p["W1"] + p["b1"])
    z = a @ p["W2"] + p["b2"]
    e = np.exp(-np.abs(z))
    loss = (np.maximum(z, 0) - Y * z + np.log1p(e)).sum() / n
    d2 = (np.where(z >= 0, 1, e) / (1 + e) - Y) / n
    d1 = (d2 @ p["W2"].T) * (1 - a * a)
    return float(loss), {"W1": X.T @ d1, "b1": d1.sum(0), "W2": a.T @ d2, "b2": d2.sum(0)}


def xor_out(p: Arrays, x: Arrays) -> Callable[[], tuple[float, Arrays]]:
    """The same with buffers."""
    X, Y = x["X"], x["Y"]
    n, h = len(X), p["W1"].shape[1]
    a, d1, t = np.empty((n, h)), np.empty((n, h)), np.empty((n, h))
    z, e, s, d2 = (np.empty((n, 1)) for _ in range(4))
    positive = np.empty((n, 1), bool)
    g = {k: np.empty_like(v) for k, v in p.items()}

    def step() -> tuple[float, Arrays]:
        np.dot(X, p["W1"], out=a)
        np.add(a, p["b1"], out=a)
        np.tanh(a, out=a)
        np.dot(a, p["W2"], out=z)
        np.add(z, p["b2"], out=z)
        np.abs(z, out=e)
        np.negative(e, out=e)
        np.exp(e, out=e)
        np.greater_equal(z, 0, out=positive)
        np.maximum(e, positive, out=d2)
        np.add(e, 1, out=s)
        np.divide(d2, s, out=d2)
        np.log1p(e, out=e)
        np.maximum(z, 0, out=s)
        np.add(e, s, out=e)
        loss = (e.sum() - np.vdot(Y, z)) / n
        np.subtract(d2, Y, out=d2)
        np.divide(d2, n, out=d2)
        np.dot(d2, p["W2"].T, out=d1)
        np.multiply(a, a, out=t)
        np.subtract(1, t, out=t)
        np.multiply(d1, t, out=d1)
        np.dot(X.T, d1, out=g["W1"])
        d1.sum(axis=0, out=g["b1"])
        np.dot(a.T, d2, out=g["W2"])
        d2.sum(axis=0, out=g["b2"])
        return float(loss), g

    return step


PLAIN = {"logistic": logistic_plain, "linear": linear_plain, "network": network_plain, "xor": xor_plain}
OUT = {"logistic": logistic_out, "linear": linear_out, "network": network_out, "xor": xor_out}


def online_plain(X: Any, y: Any, rate: float) -> float:
    """One epoch of logistic regression, an update after each sample."""
    w, b, total = np.zeros(X.shape[1]), 0.0, 0.0
    for i in range(len(X)):
        z = X[i] @ w + b
        e = np.exp(-np.abs(z))
        dz = np.where(z >= 0, 1, e) / (1 + e) - y[i]
        total += np.maximum(z, 0) - y[i] * z + np.log1p(e)
        w = w - rate * dz * X[i]
        b = b - rate * dz
    return float(total) / len(X)


def online_out(X: Any, y: Any, rate: float) -> float:
    """The same with plain numbers where there is one, and the update in a buffer."""
    from math import exp, log1p

    w, b, total, step = np.zeros(X.shape[1]), 0.0, 0.0, np.empty(X.shape[1])
    for row, label in zip(X, y.tolist(), strict=True):
        z = float(row.dot(w)) + b
        e = exp(-abs(z))
        dz = (1.0 if z >= 0 else e) / (1 + e) - label
        total += max(z, 0.0) - label * z + log1p(e)
        np.multiply(row, rate * dz, out=step)
        np.subtract(w, step, out=w)
        b -= rate * dz
    return total / len(X)
