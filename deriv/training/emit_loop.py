"""A whole training loop as a stand-alone script: the generated module, the update rule, and the loop around them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deriv.codegen.generate import Generated
from deriv.training.api import Task, backend_of, prepare, wanted
from deriv.training.compiled import epoch_text
from deriv.training.data import (
    PARQUET,
    assigned,
    class_names,
    existing,
    is_column,
    read_arrays,
    read_table,
    source_of,
)
from deriv.training.loop import Problem
from deriv.training.optimizers import OPTIMIZERS, UPDATES

_LOOP = '''
def read_data(path):
    """The arrays of the loss."""
{reader}
    return {arrays}


{update}def start(seed):
    """The parameters before training."""
    rng = np.random.default_rng([seed, 0])
    return {start}


def train(path, epochs={epochs}, rate={rate}, seed={seed}):
    """Train and return the parameters, the loss of each epoch, and the loss at the end."""
    data = read_data(path)
    params = start(seed)
{prepared}
    history, count = [], 0
    for epoch in range(epochs):
        now = {schedule}
{steps}
        if not np.isfinite(history[-1]):
            raise SystemExit(f"the loss is {{history[-1]}} in epoch {{epoch + 1}}: the rate {{now:g}} is too large")
{stop}    return params, history, loss(params, data)


if __name__ == "__main__":
    params, history, final = train({path!r})
    print(f"loss {{history[0] if history else final:.6g}} -> {{final:.6g}} in {{len(history)}} epochs")
'''

_UPDATE = '''\
def update(p, g, rate, count{memory}):
    """One step of {optimizer}."""
{rule}


'''

_BATCH = """\
value, grads = step(params)
count += 1
for name, p in params.items():
    update(p, grads[name], now, count, *(kept[name] for kept in memory.values()))
history.append(value)"""

_SAMPLES = """\
{ordered}
total = 0.0
for first in range(0, n, {size}):
    few = {{k: (a[first : first + {size}] if k in rows else a) for k, a in ordered.items()}}
    value, grads = loss_and_grad(params, few)
    count += 1
    for name, p in params.items():
        update(p, grads[name], now, count, *(kept[name] for kept in memory.values()))
    total += value * len(few[rows[0]])
history.append(total / n)"""

_SWEPT = """\
{ordered}
flat = [a.reshape(-1) for group in (params, *memory.values()) for a in (group[k] for k in PARAMS)]
arrays = [np.ascontiguousarray(ordered[k]) if ordered[k].ndim else ordered[k][()] for k in DATA]
value, count = _epoch({size}, now, count, np.empty((0, 2)), *flat, *arrays)
history.append(value)"""

_ORDERED = """\
rng = np.random.default_rng([seed, 2, epoch])
order = {order}
ordered = {{k: (a[order] if k in rows else a) for k, a in data.items()}}"""

_HOLD = """\
every = np.random.default_rng([seed, 1]).permutation(n)
count = max(1, round({share} * n))
held, left = np.sort(every[:count]), np.sort(every[count:])
held = {{k: (a[held] if k in rows else a) for k, a in data.items()}}
data = {{k: (a[left] if k in rows else a) for k, a in data.items()}}
n = len(left)"""

_PATIENCE = """\
watched = {watched}
if best is None or watched < best - 1e-12 * abs(best):
    best, waited, kept_params = watched, 0, {{k: p.copy() for k, p in params.items()}}
else:
    waited += 1
    if waited >= {patience}:
        params = kept_params
        break"""

_SEPARATED = """\
if np.all((data["X"] @ params["w"] + params["b"]) * data["y"] > 0):
    break"""


def loop_script(what: Task, path: str, options: Mapping[str, Any]) -> str:
    """The text of the script; its numbers are those of `train` with the same options."""
    code = what.generate(dtype=options["dtype"] or "float64")
    words = what.model is not None and what.model.labels == "classes"
    arrays = read_arrays(path, options["target"], text_labels=words, wanted=wanted(what, code))
    problem, shapes = prepare(what, arrays, code)
    compiled = backend_of(options, problem, shapes) == "numba"
    kinds = OPTIMIZERS[options["optimizer"]]
    return _module(what, code, problem, shapes, options, compiled=compiled) + _LOOP.format(
        reader=textwrap.indent(_reader(what, code, path, options["target"]), "    "),
        arrays=_arrays_text(what, code, arrays),
        update="" if compiled else _update(options["optimizer"]),
        epochs=options["epochs"],
        rate=options["learning_rate"],
        seed=options["seed"],
        prepared=textwrap.indent(_prepared(kinds, problem.rows, options, compiled=compiled), "    "),
        schedule=_schedule(options["schedule"]),
        steps=textwrap.indent(_steps(options, compiled=compiled), "        "),
        stop=textwrap.indent(_stop(what, options), "        "),
        start=_start(what, shapes, options["params"]),
        path=str(Path(path)),
    )


def _module(
    what: Task,
    code: Generated,
    problem: Problem,
    shapes: Mapping[str, tuple[int, ...]],
    options: Mapping[str, Any],
    *,
    compiled: bool,
) -> str:
    """The generated module without what the loop does not need."""
    if compiled:
        kernel = what.generate(target="numba", fast=False, dtype=code.dtype)
        epoch = epoch_text(kernel.program, options["optimizer"], problem.rows, shapes)
        return kernel.source[: kernel.source.index("\ndef self_test(")].rstrip() + epoch
    begin, end = code.source.index("\ndef self_test("), code.source.index("\ndef make(")
    if options["mode"] == "batch":
        return code.source[:begin]
    # make binds the data once, and only full batches want that
    return code.source[:end] + code.source[code.source.index("\ndef _arrays(") : begin]


def _update(optimizer: str) -> str:
    memory = "".join(f", {kind}" for kind in OPTIMIZERS[optimizer])
    return _UPDATE.format(memory=memory, optimizer=optimizer, rule=textwrap.indent(UPDATES[optimizer], "    "))


def _prepared(kinds: tuple[str, ...], rows: tuple[str, ...], options: Mapping[str, Any], *, compiled: bool) -> str:
    """Statements between the data and the loop."""
    lines = [f"memory = {{kind: {{k: np.zeros_like(v) for k, v in params.items()}} for kind in {kinds!r}}}"]
    if options["mode"] != "batch" or options["validation"] or compiled:
        lines += [f"rows = {rows!r}", "n = len(data[rows[0]])"]
    if options["validation"]:
        lines.append(_HOLD.format(share=options["validation"]))
    if options["mode"] == "batch" and not compiled:
        lines.append("step = make(params, data)")
    if options["patience"]:
        lines.append("best, waited, kept_params = None, 0, params")
    return "\n".join(lines)


def _steps(options: Mapping[str, Any], *, compiled: bool) -> str:
    if options["mode"] == "batch" and not compiled:
        return _BATCH
    order = "rng.permutation(n)" if options["sampling"] == "shuffle" else "rng.integers(0, n, n)"
    ordered = "ordered = data" if options["mode"] == "batch" else _ORDERED.format(order=order)
    size = {"online": 1, "minibatch": options["batch_size"]}.get(options["mode"], "n")
    return (_SWEPT if compiled else _SAMPLES).format(ordered=ordered, size=size)


def _stop(what: Task, options: Mapping[str, Any]) -> str:
    """Statements that end the loop early."""
    parts = []
    if what.model is not None and what.model.name == "perceptron":
        parts.append(_SEPARATED)
    if options["patience"]:
        watched = "loss(params, held)" if options["validation"] else "history[-1]"
        parts.append(_PATIENCE.format(watched=watched, patience=options["patience"]))
    return "".join(part + "\n" for part in parts)


def _reader(what: Task, code: Generated, path: str, target: str | None) -> str:
    """Statements that read the file into X and y, or into the arrays of a formula."""
    file = existing(path)
    if file.suffix == ".npz":
        lines = ["with np.load(path) as stored:", "    arrays = dict(stored)"]
        return "\n".join([*lines, *([f'arrays["y"] = arrays.pop({target!r})'] if target else [])])
    table = read_table(file)
    if file.suffix in PARQUET:
        lines = ["from pyarrow.parquet import read_table", "", "table = read_table(path)"]
        cells, number = "table[name].to_pylist()", "np.array(table[name].to_pylist(), float)"
    else:
        split = "names, *rows = rows" if table.header else 'names = [f"x{k + 1}" for k in range(len(rows[0]))]'
        lines = [
            "import csv",
            "",
            'with open(path, newline="", encoding="utf-8-sig") as stream:',
            f"    rows = [row for row in csv.reader(stream, delimiter={table.separator!r}) if row]",
            split,
            "table = {name.strip(): cells for name, cells in zip(names, zip(*rows))}",
        ]
        cells, number = "[cell.strip() for cell in table[name]]", "np.array([float(cell) for cell in table[name]])"
    lines += ["", "def column(name):", f"    return {number}", "", "arrays = {}"]
    words = what.model is not None and what.model.labels == "classes"
    for name, columns in assigned(table, target, wanted(what, code)).items():
        classes = class_names(table, columns) if words and isinstance(columns, str) else []
        if classes:
            listed = cells.replace("name", repr(columns))
            lines += [f"classes = {classes!r}", f'arrays["{name}"] = np.array(list(map(classes.index, {listed})))']
        elif isinstance(columns, str):
            lines.append(f'arrays["{name}"] = column({columns!r})')
        else:
            lines.append(f'arrays["{name}"] = np.column_stack([column(name) for name in {list(columns)!r}])')
    return "\n".join(lines)


def _arrays_text(what: Task, code: Generated, arrays: Mapping[str, Any]) -> str:
    """An expression for the data of the loss."""
    found = what.model
    if found is None:
        parts = []
        for name, shape in code.program.data.items():
            key = source_of(name, arrays)
            column = "[:, 0]" if is_column(arrays[key], len(shape)) else ""
            kind = "int" if name in code.program.labels else "DTYPE"
            parts.append(f'"{name}": arrays["{key}"]{column}.astype({kind})')
        return "{" + ", ".join(parts) + "}"
    X = 'arrays["X"].astype(DTYPE)' + ("[:, None]" if arrays["X"].ndim == 1 else "")
    name = "y" if "y" in arrays else "Y"
    y = f'arrays["{name}"]'
    if found.labels == "classes" and arrays[name].ndim == 1:
        count = found.layers[-1] if found.layers else f"int({y}.max()) + 1"
        return f'{{"X": {X}, "Y": np.eye({count}, dtype=DTYPE)[{y}.astype(int)]}}'
    if found.target == "Y":
        return f'{{"X": {X}, "Y": {y}.astype(DTYPE).reshape(len({y}), -1)}}'
    return f'{{"X": {X}, "y": {y}.astype(DTYPE)}}'


def _start(what: Task, shapes: Mapping[str, tuple[int, ...]], given: Mapping[str, Any]) -> str:
    """An expression for the parameters that training starts from."""
    parts = []
    deep = what.model is not None and len(what.model.layers) > 2
    relu = what.model is not None and "elu" in what.model.activation
    for name, shape in shapes.items():
        if name in given:
            parts.append(f'"{name}": np.array({given[name].tolist()}, DTYPE)')
        elif deep and len(shape) == 2:
            spread = f"np.sqrt(2 / {shape[0]})" if relu else f"np.sqrt(2.0 / ({shape[0]} + {shape[1]}))"
            parts.append(f'"{name}": (rng.standard_normal({shape}) * {spread}).astype(DTYPE)')
        else:
            parts.append(f'"{name}": np.zeros({shape}, DTYPE)')
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
            return f"rate * 0.5 * (1 + float(np.cos(np.pi * min(1.0, epoch / {float(numbers[0])}))))"
    return "rate"
