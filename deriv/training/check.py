"""Compare any two gradients of a loss: generated, tape, numeric, or the user's own function."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deriv.codegen.emit import module
from deriv.codegen.generate import Generated
from deriv.codegen.lift import lift
from deriv.codegen.program import dim_values, lowered
from deriv.engine.graph import function_of, reachable
from deriv.engine.graph_lift import MASKS
from deriv.engine.reverse import gradients
from deriv.errors import UsageError
from deriv.expr.nodes import Expr
from deriv.training.api import Task, task
from deriv.training.gradcheck import Arrays, Report, as_arrays, check_directions, compare
from deriv.training.numeric import complex_step, numeric_gradient

METHODS = ("symbolic", "reverse", "central", "richardson", "complex", "torch")
_MOST_ENTRIES = 2000
FOREIGN = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, OSError, RuntimeError,
    SyntaxError, TypeError, ValueError,
)  # fmt: skip
"""What a user's own code may raise."""


def gradcheck(
    loss: str | Expr | Task,
    candidate: str | Callable[..., object],
    *,
    wrt: Sequence[str] = (),
    against: str = "symbolic",
    params: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    sizes: Mapping[str, int] | None = None,
    shapes: Mapping[str, Sequence[str | int]] | None = None,
    given: Sequence[str] = (),
    seed: int = 0,
) -> Report:
    """Compare a gradient with that of the loss; `candidate` is a method, a function, or `file.py:function`.

    What is not given of parameters and data is drawn at random from (0.1, 0.9).
    """
    what = loss if isinstance(loss, Task) else task(loss, wrt=wrt, shapes=shapes, given=given)
    code = what.generate(fast=False)
    drawn_params, drawn_data, counts = draw(what, code, sizes or {}, seed)
    p = {**drawn_params, **{k: np.asarray(v, float) for k, v in (params or {}).items()}}
    x = {**drawn_data, **{k: np.asarray(v) for k, v in (data or {}).items()}}
    function = load(candidate) if isinstance(candidate, str) and candidate not in METHODS else candidate
    if callable(function) and _is_loss(function, p, x):
        return _against_loss(code, function, p, x, seed)
    if not callable(function) and against == function:
        raise UsageError(f"{against} cannot be compared with itself")
    first, kinks = _gradient(function, what, code, p, x)
    second, more = _gradient(against, what, code, p, x)
    bound = 1e-6 if {str(function), against} & {"central", "richardson"} or callable(function) else 1e-9
    faults = {k: v for k, v in first.items() if k in second}
    report = compare(faults, second, counts, mistakes(what, p, x) if callable(function) else {}, bound)
    return Report(report.ok, report.relative, report.bound, report.findings, report.reasons, kinks + more)


def draw(what: Task, code: Generated, sizes: Mapping[str, int], seed: int) -> tuple[Arrays, Arrays, dict[str, int]]:
    """Parameters and data on the domain, and the sizes they have."""
    rng = np.random.default_rng([seed, 5])
    program = code.program
    shapes = {**program.params, **program.data}
    symbols = list(dict.fromkeys(d.symbol for s in shapes.values() for d in s if d.symbol))
    values = {symbol: (39, 5, 7, 4, 6, 3)[k % 6] for k, symbol in enumerate(sorted(symbols, key=lambda s: s != "n"))}
    if what.model and what.model.layers:
        names = ["d", *(f"h{k}" for k in range(1, len(what.model.layers) - 1)), "K"]
        values |= dict(zip(names, what.model.layers, strict=True))
    values |= {k: v for k, v in sizes.items() if k in values}
    params = {k: np.asarray(rng.uniform(-0.9, 0.9, s)) for k, s in dim_values(program.params, values).items()}
    data: Arrays = {k: np.asarray(rng.uniform(0.1, 0.9, s)) for k, s in dim_values(program.data, values).items()}
    for op in program.arrays.ops:
        if op.name == "onehot" and op.args[0].name == "input":
            name, low = str(op.args[0].data[0]), int(str(op.data[0]))
            data[name] = rng.integers(low, low + op.shape[-1].value(values), np.shape(data[name]))
    if what.model and what.model.labels in ("classes", "binary", "signs"):
        data[what.model.target] = _labels(what, rng, np.shape(data[what.model.target]))
    return params, data, values


def _labels(what: Task, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    assert what.model is not None
    if what.model.labels == "classes":
        return np.eye(shape[1])[rng.integers(0, shape[1], shape[0])]
    values = rng.integers(0, 2, shape).astype(float)
    return values if what.model.labels == "binary" else 2 * values - 1


def load(place: str) -> Callable[..., object]:
    """The function of `file.py:name`."""
    file, _, name = place.rpartition(":")
    if not file.endswith(".py") or not name:
        raise UsageError(f"unknown gradient {place} (known: {', '.join(METHODS)}, or FILE.py:FUNCTION)")
    if not Path(file).is_file():
        raise UsageError(f"{file}: no such file")
    spec = importlib.util.spec_from_file_location("user_gradient", file)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(found)
    except FOREIGN as error:
        raise UsageError(f"{file}: {type(error).__name__}: {error}") from None
    function = getattr(found, name, None)
    if not callable(function):
        raise UsageError(f"{file}: no function {name}")
    return function  # type: ignore[no-any-return]


def call(function: Callable[..., object], params: Arrays, data: Arrays) -> object:
    """Call a user's function with (params, data), or with arrays by the names of its arguments."""
    known = {**params, **data}
    try:
        arguments = inspect.signature(function).parameters.values()
        names = [a.name for a in arguments if a.default is a.empty]
    except (TypeError, ValueError):
        names = ["params", "data"]
    by_name = all(name in known for name in names)
    if not by_name and len(names) != 2:
        raise UsageError(f"the function must take (params, data), or arguments among {', '.join(known)}")
    try:
        return function(**{name: known[name] for name in names}) if by_name else function(params, data)
    except FOREIGN as error:
        raise UsageError(f"the function failed with {type(error).__name__}: {error}") from None


def _is_loss(function: Callable[..., object], params: Arrays, data: Arrays) -> bool:
    result: Any = call(function, params, data)
    if isinstance(result, (Mapping, tuple, list)) or np.ndim(result):
        return False
    several = len(params) > 1 or np.ndim(next(iter(params.values()))) > 0
    return bool(several or "loss" in getattr(function, "__name__", ""))


def _against_loss(code: Generated, function: Callable[..., object], p: Arrays, x: Arrays, seed: int) -> Report:
    """Our gradient against directional slopes of the user's own loss."""
    _, loss_and_grad = code.functions()
    return check_directions(
        lambda q: float(call(function, q, x)),  # type: ignore[arg-type]
        lambda q: loss_and_grad(q, x)[1],
        p,
        seed,
        count=3,
    )


def _gradient(
    method: str | Callable[..., object], what: Task, code: Generated, p: Arrays, x: Arrays
) -> tuple[Arrays, int]:
    """The gradient by a method, and the kinks it met."""
    if callable(method):
        result = call(method, p, x)
        if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping):
            result = result[1]
        return as_arrays(result, what.params), 0
    loss, loss_and_grad = code.functions()
    match method:
        case "symbolic":
            return loss_and_grad(p, x)[1], 0
        case "reverse":
            plain = what.generate(fast=False, stable=False)
            return plain.functions()[1](p, x)[1], 0
        case "central" | "richardson":
            _few(p, method)
            grads, _, kinks = numeric_gradient(lambda q: loss(q, x), p, method)
            return grads, kinks
        case "complex":
            _few(p, method)
            return complex_step(_unchecked_loss(what, x), p), 0
        case "torch":
            from deriv.training.torch_tape import torch_gradient

            return torch_gradient(what, p, x), 0
    raise UsageError(f"unknown gradient {method} (known: {', '.join(METHODS)}, or FILE.py:FUNCTION)")


def _few(params: Arrays, method: str) -> None:
    count = sum(int(v.size) for v in params.values())
    if count > _MOST_ENTRIES:
        raise UsageError(f"{count:,} entries are too many for {method} entry by entry: give smaller --size values")


def _unchecked_loss(what: Task, data: Arrays) -> Callable[[Arrays], complex]:
    """The loss as written, without the check of dtypes, for complex arguments."""
    plain = what.generate(fast=False, stable=False)
    text = plain.source.replace("float(", "complex(").replace("_arrays(params, data)", "_bare(params, data)", 2)
    order = [*plain.program.params, *plain.program.data]
    bare = f"\ndef _bare(params, data):\n    every = {{**params, **data}}\n    return [every[k] for k in {order!r}]\n"
    loss: Callable[[Arrays, Arrays], complex] = Generated(text + bare, plain.program, "numpy", "float64").compile()[
        "loss"
    ]
    return lambda q: loss(q, data)


def mistakes(what: Task, params: Arrays, data: Arrays) -> dict[str, Arrays]:
    """Gradients that known mistakes give: a forgotten slope of an activation, a forgotten term."""
    lifted = lift(what.loss, what.definitions, shapes=what.shapes)
    graph, wanted = lifted.graph, [lifted.inputs[n] for n in what.params]
    slopes = [
        node
        for node in reachable([lifted.loss])
        if node.op in ("map", "softmax") and len(node.args) == 1 and node.args[0].shape == node.shape
        if node.op == "softmax" or function_of(node) not in MASKS | {"log", "sqrt"}
    ]
    found: dict[str, Arrays] = {}
    every = frozenset(slopes)
    choices = [*(frozenset([n]) for n in slopes), *([every] if len(slopes) > 1 else [])]
    for flat in choices:
        names = sorted({function_of(n) if n.op == "map" else n.op for n in flat})
        grads = gradients(graph, lifted.loss, wanted, flat)
        nodes = {"": lifted.loss, **dict(zip(what.params, grads, strict=True))}
        program = lowered(lifted, nodes, what.params, stable=True, hoist=False, sizes={})
        text = f"chain-rule: the derivative of {' and '.join(names)} is missing"
        found.setdefault(text, _evaluate(module(program), params, data))
    return found


def _evaluate(source: str, params: Arrays, data: Arrays) -> Arrays:
    from deriv.codegen.generate import run_source

    result: Arrays = run_source(source)["loss_and_grad"](params, data)[1]
    return result
