"""Loss and gradient: generated code against code by hand and other libraries, ratios within one run (lower is better).

Run with `OMP_NUM_THREADS=1 python -m benchmarks.code.bench`; 1 is hand-written NumPy with `out=`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import timeit
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.code import hand, peers
from deriv.codegen import generate
from deriv.errors import DerivError
from deriv.training.compiled import sweep_of
from deriv.training.models import model

Arrays = dict[str, Any]
COLUMNS = (
    "by hand, out=", "by hand, plain", "generated", "generated, fast", "generated, numba",
    "PyTorch eager", "JAX jit per step", "JAX scan", "HIPS autograd", "PyTensor", "products alone",
)  # fmt: skip
SPECS = {"network": "mlp:4-3-3-2:relu", "xor": "mlp:2-3-1:tanh", "linear": "linear", "logistic": "logistic"}
ROUNDS = 30


def best(contenders: Mapping[str, Callable[[], object]], budget: float = 0.3) -> dict[str, float]:
    """The minimum processor time of each contender, all measured in turn: other work on the machine counts less."""
    timers = {name: timeit.Timer(call, timer=time.process_time) for name, call in contenders.items()}
    counts = {}
    for name, timer in timers.items():
        once = min(timer.repeat(number=1, repeat=3))
        counts[name] = max(1, int(budget / ROUNDS / max(once, 1e-7)))
    times = dict.fromkeys(contenders, float("inf"))
    for _ in range(ROUNDS):
        for name, timer in timers.items():
            times[name] = min(times[name], timer.timeit(number=counts[name]) / counts[name])
    return times


def regression(rng: np.random.Generator, n: int, d: int) -> tuple[Arrays, Arrays]:
    """Parameters and data with labels 0 and 1."""
    data = {"X": rng.standard_normal((n, d)), "y": rng.integers(0, 2, n).astype(float)}
    return {"w": rng.standard_normal(d) / d, "b": np.asarray(0.1)}, data


def network(rng: np.random.Generator, n: int) -> tuple[Arrays, Arrays]:
    """A network 784-128-64-10 and a batch."""
    layers = (784, 128, 64, 10)
    p: Arrays = {}
    for k in range(3):
        p[f"W{k + 1}"] = rng.standard_normal((layers[k], layers[k + 1])) / layers[k] ** 0.5
        p[f"b{k + 1}"] = np.zeros(layers[k + 1])
    return p, {"X": rng.standard_normal((n, 784)), "Y": np.eye(10)[rng.integers(0, 10, n)]}


def xor(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """Exclusive or for a network 2-3-1."""
    p = {"W1": rng.standard_normal((2, 3)), "b1": np.zeros(3), "W2": rng.standard_normal((3, 1)), "b2": np.zeros(1)}
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return p, {"X": X, "Y": np.array([[0.0], [1.0], [1.0], [0.0]])}


def generated(kind: str, x: Arrays, **options: Any) -> dict[str, Any]:
    """The names of a generated module."""
    m = model(SPECS[kind])
    sizes = {"n": len(x["X"]), "d": x["X"].shape[1]}
    return generate(m.loss, m.params, definitions=m.definitions, onehot=m.onehot, sizes=sizes, **options).compile()


def numba_step(kind: str, p: Arrays, x: Arrays) -> Callable[[], object] | None:
    """The target numba, where it and the library are there."""
    try:
        names = generated(kind, x, target="numba")
    except (DerivError, ImportError):
        return None
    return lambda: names["loss_and_grad"](p, x)


def compare(kind: str, p: Arrays, x: Arrays) -> dict[str, float]:
    """One row of the table: times by contender, after each has shown that it gives the same numbers."""
    names = generated(kind, x, fast=True)
    fast, out = names["make"](p, x), hand.OUT[kind](p, x)
    contenders: dict[str, Callable[[], object] | None] = {
        "by hand, out=": out,
        "by hand, plain": lambda: hand.PLAIN[kind](p, x),
        "generated": lambda: names["loss_and_grad"](p, x),
        "generated, fast": lambda: fast(p),
        "generated, numba": numba_step(kind, p, x),
        **{name: make(kind, p, x) for name, make in peers.STEPS.items()},
    }
    there = {name: call for name, call in contenders.items() if call is not None}
    want = hand.PLAIN[kind](p, x)
    for name, call in there.items():
        agrees(name, call(), want)
    if kind == "network":  # the limit of every program that calls the same BLAS
        there["products alone"] = hand.network_products(p, x)
    return best(there)


def one_core() -> None:
    """Stay on one core: a library that starts threads all the same gains nothing, and its time is counted in full."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def agrees(name: str, result: Any, want: tuple[float, Arrays]) -> None:
    """Refuse to time what computes something else."""
    value, grads = result if len(result) == 2 else (result[0], result[1:])
    value = getattr(value, "detach", lambda: value)()
    listed = grads if isinstance(grads, dict) else dict(zip(want[1], grads, strict=True))
    assert np.isclose(float(value), want[0], rtol=1e-9), name
    for key, true in want[1].items():
        assert np.allclose(np.asarray(listed[key]), true, rtol=1e-8, atol=1e-11), (name, key)


def online(rng: np.random.Generator, n: int = 2000, d: int = 100) -> dict[str, float]:
    """Seconds for an epoch of updates after each sample, logistic regression."""
    X = rng.standard_normal((n, d))
    y = rng.integers(0, 2, n).astype(float)
    rate = 0.01
    step = generated("logistic", {"X": X, "y": y})["loss_and_grad"]

    def loop() -> float:
        p, total = {"w": np.zeros(d), "b": np.zeros(())}, 0.0
        for i in range(n):
            value, grads = step(p, {"X": X[i : i + 1], "y": y[i : i + 1]})
            p["w"] -= rate * grads["w"]
            p["b"] -= rate * grads["b"]
            total += value
        return total / n

    contenders: dict[str, Callable[[], float] | None] = {
        "by hand, out=": lambda: hand.online_out(X, y, rate),
        "by hand, plain": lambda: hand.online_plain(X, y, rate),
        "generated": loop,
        "generated, numba": numba_online(X, y, rate),
        "PyTorch eager": peers.torch_online(X, y, rate),
        "JAX jit per step": peers.jax_online(X, y, rate, scan=False),
        "JAX scan": peers.jax_online(X, y, rate, scan=True),
        "HIPS autograd": peers.autograd_online(X, y, rate),
        "PyTensor": peers.pytensor_online(X, y, rate),
    }
    there = {name: call for name, call in contenders.items() if call is not None}
    want = hand.online_plain(X, y, rate)
    for name, call in there.items():
        assert np.isclose(call(), want, rtol=1e-9), name
    return best(there)


def numba_online(X: Any, y: Any, rate: float) -> Callable[[], float] | None:
    """The epoch that `deriv train` compiles with numba."""
    m = model("logistic")
    try:
        code = generate(m.loss, m.params, definitions=m.definitions, target="numba")
        epoch, _ = sweep_of(code, "gd", ("X", "y"), {"w": X.shape[1:], "b": ()})
    except (DerivError, ImportError):
        return None
    assert (list(code.program.params), list(code.program.data)) == (["w", "b"], ["X", "y"])
    return lambda: epoch(1, rate, 0, np.empty((0, 2)), np.zeros(X.shape[1]), np.zeros(1), X, y)[0]


def rows() -> Mapping[str, Callable[[np.random.Generator], dict[str, float]]]:
    """The problems."""
    return {
        "logistic, n = 10,000, d = 100": lambda r: compare("logistic", *regression(r, 10_000, 100)),
        "linear, n = 10,000, d = 100": lambda r: compare("linear", *regression(r, 10_000, 100)),
        "logistic, n = 100, d = 2": lambda r: compare("logistic", *regression(r, 100, 2)),
        "linear, n = 100, d = 2": lambda r: compare("linear", *regression(r, 100, 2)),
        "online SGD, logistic, d = 100": online,
        "network 784-128-64-10, batch 64": lambda r: compare("network", *network(r, 64)),
        "network 784-128-64-10, batch 1,024": lambda r: compare("network", *network(r, 1024)),
        "network 2-3-1, exclusive or": lambda r: compare("xor", *xor(r)),
    }


def deriving() -> dict[str, float]:
    """Seconds to derive and compile the network 784-128-64-10, and the length of its code for two sizes."""
    began = time.perf_counter()
    m = model("mlp:784-128-64-10:relu")
    code = generate(m.loss, m.params, definitions=m.definitions, onehot=m.onehot, shapes=m.shapes, fast=True)
    code.compile()
    seconds = time.perf_counter() - began
    small = model("mlp:4-3-3-2:relu")
    other = generate(small.loss, small.params, definitions=small.definitions, onehot=small.onehot, fast=True)
    return {"seconds": round(seconds, 3), "characters": len(code.source), "characters, 4-3-3-2": len(other.source)}


def show(ratios: Mapping[str, float], title: str) -> str:
    """A row of the table."""
    return f"| {title} | " + " | ".join(f"{ratios[c]:.3g}" if c in ratios else "-" for c in COLUMNS) + " |"


def main() -> int:
    """Measure and print, a row at a time."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", metavar="FILE", help="save the ratios as well")
    options.add_argument("--only", metavar="WORD", default="", help="rows whose title has this word")
    asked = options.parse_args()
    one_core()
    print("| problem | " + " | ".join(COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|", flush=True)
    saved: dict[str, Any] = {}
    for title, measure in rows().items():
        if asked.only not in title:
            continue
        times = measure(np.random.default_rng(0))
        saved[title] = {name: round(t / times[COLUMNS[0]], 3) for name, t in times.items()}
        print(show(saved[title], title), flush=True)
    saved["deriving"] = deriving()
    print(f"\nnetwork 784-128-64-10 derived and compiled: {saved['deriving']}")
    if asked.json:
        with open(asked.json, "w", encoding="utf-8") as stream:  # noqa: PTH123
            json.dump(saved, stream, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
