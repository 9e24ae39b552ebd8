"""A whole training loop as a stand-alone script: the generated module, the update rule, and the loop around them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deriv.errors import UsageError
from deriv.training.api import Task, prepare
from deriv.training.data import read_arrays
from deriv.training.optimizers import OPTIMIZERS, UPDATES

_LOOP = '''
def read_data(path):
    """X and the targets of a CSV file with a header, or the arrays of an NPZ file."""
    if path.endswith(".npz"):
        with np.load(path) as stored:
            arrays = dict(stored)
    else:
        with open(path, encoding="utf-8-sig") as stream:
            header = stream.readline().strip().split(",")
        named = not any(cell.strip().lstrip("+-").replace(".", "", 1).isdigit() for cell in header)
        table = np.loadtxt(path, delimiter=",", skiprows=1 if named else 0, ndmin=2)
        target = header.index({target!r}) if {target!r} in header else table.shape[1] - 1
        arrays = {{"X": np.delete(table, target, axis=1), "y": table[:, target]}}
    return {targets}


def update(p, g, rate, count{memory}):
    """One step of {optimizer}."""
{rule}


def train(path, epochs={epochs}, rate={rate}, seed={seed}):
    """Train and return the parameters and the loss of each epoch."""
    data = read_data(path)
    params = start(seed)
    memory = {{kind: {{k: np.zeros_like(v) for k, v in params.items()}} for kind in {kinds!r}}}
    rows = {rows!r}
    n = len(data[rows[0]])
    history, count = [], 0
    for epoch in range(epochs):
        now = {schedule}
{steps}
    return params, history


def start(seed):
    """The parameters before training."""
    rng = np.random.default_rng([seed, 0])
    return {start}


if __name__ == "__main__":
    params, history = train({path!r})
    print(f"loss {{history[0]:.6g}} -> {{history[-1]:.6g}} in {{len(history)}} epochs")
'''

_BATCH = """\
        value, grads = loss_and_grad(params, data)
        count += 1
        for name, p in params.items():
            update(p, grads[name], now, count, *(kept[name] for kept in memory.values()))
        history.append(value)"""

_SAMPLES = """\
        rng = np.random.default_rng([seed, 2, epoch])
        order = {order}
        total = 0.0
        for first in range(0, n, {size}):
            index = order[first : first + {size}]
            few = {{k: (a[index] if k in rows else a) for k, a in data.items()}}
            value, grads = loss_and_grad(params, few)
            count += 1
            for name, p in params.items():
                update(p, grads[name], now, count, *(kept[name] for kept in memory.values()))
            total += value * len(index)
        history.append(total / n)"""


def loop_script(what: Task, path: str, options: Mapping[str, Any]) -> str:
    """The text of the script."""
    if options["validation"] or options["patience"]:
        raise UsageError("--emit writes plain loops: leave --validation and --patience out")
    code = what.generate(fast=False)
    problem, shapes = prepare(what, read_arrays(path, options["target"]), code)
    module = code.source[: code.source.index("\ndef self_test(")]
    kinds = OPTIMIZERS[options["optimizer"]]
    if options["mode"] == "batch":
        steps = _BATCH
    else:
        order = "rng.permutation(n)" if options["sampling"] == "shuffle" else "rng.integers(0, n, n)"
        steps = _SAMPLES.format(order=order, size=1 if options["mode"] == "online" else options["batch_size"])
    return module + _LOOP.format(
        target=options["target"] or "",
        targets=_targets(what),
        memory="".join(f", {kind}" for kind in kinds),
        optimizer=options["optimizer"],
        rule=textwrap.indent(UPDATES[options["optimizer"]], "    "),
        epochs=options["epochs"],
        rate=options["learning_rate"],
        seed=options["seed"],
        kinds=kinds,
        rows=problem.rows,
        schedule=_schedule(options["schedule"]),
        steps=steps,
        start=_start(what, shapes),
        path=str(Path(path)),
    )


def _targets(what: Task) -> str:
    """An expression for the data of the loss."""
    found = what.model
    if found is None:
        return "{k: np.asarray(arrays[k] if k in arrays else arrays[k.swapcase()], DTYPE) for k in DATA}"
    if found.labels == "classes":
        count = found.layers[-1] if found.layers else 'int(arrays["y"].max()) + 1'
        return f'{{"X": arrays["X"], "Y": np.eye({count})[arrays["y"].astype(int)]}}'
    if found.layers:
        return '{"X": arrays["X"], "Y": arrays["y"].reshape(len(arrays["X"]), -1).astype(float)}'
    return '{"X": arrays["X"], "y": arrays["y"].astype(float)}'


def _start(what: Task, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """An expression for the parameters that training starts from."""
    parts = []
    deep = what.model is not None and len(what.model.layers) > 2
    relu = what.model is not None and "elu" in what.model.activation
    for name, shape in shapes.items():
        if deep and len(shape) == 2:
            spread = f"np.sqrt(2 / {shape[0]})" if relu else f"np.sqrt(2.0 / ({shape[0]} + {shape[1]}))"
            parts.append(f'"{name}": rng.standard_normal({shape}) * {spread}')
        else:
            parts.append(f'"{name}": np.zeros({shape})')
    return "{" + ", ".join(parts) + "}"


def _schedule(text: str) -> str:
    kind, *numbers = text.split(":")
    match kind:
        case "step":
            return f"rate * {float(numbers[1])} ** (epoch // {max(1, int(float(numbers[0])))})"
        case "exp":
            return f"rate * {float(numbers[0])} ** epoch"
        case "inverse":
            return f"rate / (1 + {float(numbers[0])} * epoch)"
        case "cosine":
            return f"rate * 0.5 * (1 + np.cos(np.pi * min(1.0, epoch / {float(numbers[0])})))"
    return "rate"
