"""A whole epoch of updates as one function that numba compiles: for updates after each sample and for small models.

The kernel is the code target numba, the update rule the text that `--emit` writes too, here for one entry at a time.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from math import prod
from typing import Any

from deriv.codegen import emit
from deriv.codegen.generate import Generated, run_source
from deriv.codegen.program import Program
from deriv.errors import UsageError
from deriv.training.optimizers import OPTIMIZERS, UPDATES

BACKENDS = ("auto", "numpy", "numba")
_MANY_UPDATES = 2000
_SMALL_STEP = 4096

# size, rate, number of updates so far, where two parameters stood; then flat parameters, memory, and the data
Sweep = Callable[..., tuple[float, int]]

_EPOCH = '''

@numba.njit(error_model="numpy")
def _epoch(size, rate, count, path, {arguments}):
    """The updates of one epoch, made in place on flat arrays: the mean loss, and the number of updates so far."""
    n, total{step} = len({first}), 0.0{zero}
    for begin in range(0, n, size):
        end = min(begin + size, n)
        value, grads = _loss_and_grad({given})
        count += 1
{updates}
{walked}
        total += value * (end - begin)
        if not np.isfinite(value):
            return float(value), count
    return total / n, count

'''
_ENTRIES = """\
{flat} = {gradient}.reshape(-1)
for k in range(len(p_{name})):
    {head} = {fetched}, {flat}[k]
{rule}
    {kept} = {stored}"""
_NUMBER = """\
{head} = {fetched}, {gradient}
{rule}
{kept} = {stored}"""


def chosen(backend: str, *, updates: int, entries: int) -> str:
    """What runs the loop: "auto" takes numba where it is installed and its compiling pays.

    `updates` is their number in an epoch, `entries` the product of a batch's size and the number of parameters. The
    number of epochs plays no part, so that a run in two pieces is the same run.
    """
    if backend not in BACKENDS:
        raise UsageError(f"unknown backend {backend} (known: {', '.join(BACKENDS)})")
    there = find_spec("numba") is not None
    if backend == "numba" and not there:
        raise UsageError("the backend numba needs the library numba (pip install numba)")
    if backend == "auto":
        return "numba" if there and updates >= _MANY_UPDATES and entries <= _SMALL_STEP else "numpy"
    return backend


def epoch_text(
    program: Program, optimizer: str, rows: Sequence[str], shapes: Mapping[str, tuple[int, ...]], *, walk: bool = False
) -> str:
    """The function `_epoch` for a module of the target numba; `walk` keeps the path of two parameters."""
    kinds = OPTIMIZERS[optimizer]
    names = emit.variables(program)
    given = [_whole(names[name], shapes[name]) for name in program.params]
    given += [f"x_{names[name]}[begin:end]" if name in rows else f"x_{names[name]}" for name in program.data]
    updates = [
        _update(names[name], f"grads[{k}]", shapes[name], kinds, UPDATES[optimizer])
        for k, name in enumerate(program.params)
    ]
    arguments = [f"p_{names[name]}" for name in program.params]
    arguments += [f"{kind}_{names[name]}" for kind in kinds for name in program.params]
    arguments += [f"x_{names[name]}" for name in program.data]
    return _EPOCH.format(
        arguments=", ".join(arguments),
        first=f"x_{names[rows[0]]}",
        given=", ".join(given),
        updates=textwrap.indent("\n".join(updates), " " * 8),
        step=", step" if walk else "",
        zero=", 0" if walk else "",
        walked=textwrap.indent(_walked([names[name] for name in program.params], shapes), " " * 8) if walk else "",
    ).replace("\n\n        total", "\n        total")


def _whole(name: str, shape: tuple[int, ...]) -> str:
    """A flat parameter in the shape that the kernel expects."""
    if not shape:
        return f"p_{name}[0]"
    return f"p_{name}" if len(shape) == 1 else f"p_{name}.reshape({shape})"


def _update(name: str, gradient: str, shape: tuple[int, ...], kinds: Sequence[str], rule: str) -> str:
    """One step of the rule for every entry of a parameter."""
    at = "k" if shape else "0"
    own = ("p", *kinds)
    return (_ENTRIES if shape else _NUMBER).format(
        name=name,
        flat=f"g_{name}",
        gradient=gradient,
        head=", ".join((*own, "g")),
        fetched=", ".join(f"{x}_{name}[{at}]" for x in own),
        rule=textwrap.indent(rule, "    ") if shape else rule,
        kept=", ".join(f"{x}_{name}[{at}]" for x in own),
        stored=", ".join(own),
    )


def _walked(names: Sequence[str], shapes: Mapping[str, tuple[int, ...]]) -> str:
    entries = [f"p_{name}[{k}]" for name, s in zip(names, shapes.values(), strict=True) for k in range(prod(s))]
    lines = ["if step < len(path):", *(f"    path[step, {k}] = {text}" for k, text in enumerate(entries)), "step += 1"]
    return "\n".join(lines)


def sweep_of(
    code: Generated, optimizer: str, rows: Sequence[str], shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Sweep, Callable[..., Any]]:
    """The function `_epoch`, compiled when it is first called, and the `loss_and_grad` whose kernel it runs."""
    walk = sum(prod(s) for s in shapes.values()) == 2
    try:
        names = run_source(code.source + epoch_text(code.program, optimizer, rows, shapes, walk=walk))
    except ImportError as error:  # installed, but not for this NumPy
        raise UsageError(f"numba cannot be used here ({error}); --backend numpy does without it") from None
    return names["_epoch"], names["loss_and_grad"]
