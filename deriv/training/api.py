"""The doors of training: `train` and `gradcheck` from Python, used by the command line too."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from deriv.codegen.generate import Generated, generate
from deriv.codegen.program import dim_values, size_sources
from deriv.codegen.sizes import Definition
from deriv.errors import UsageError
from deriv.expr.nodes import Expr
from deriv.training.compiled import chosen, sweep_of
from deriv.training.counts import counted
from deriv.training.data import finite, for_formula, for_model, read_arrays
from deriv.training.directions import check_directions
from deriv.training.gradcheck import Report
from deriv.training.loop import Diverged, History, Plan, Problem, run
from deriv.training.models import Model, model
from deriv.training.optimizers import schedule as read_schedule
from deriv.training.predict import predictor
from deriv.training.saving import Saved, read_saved, resume, save

Arrays = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """A loss to be minimised: its expression, parameters, and the model it came from, if any."""

    spec: str
    loss: Expr
    definitions: tuple[Definition, ...]
    params: tuple[str, ...]
    model: Model | None = None
    formula: str = ""
    shapes: Mapping[str, Sequence[str | int]] = field(default_factory=dict)

    def generate(
        self, *, target: str = "numpy", fast: bool = True, stable: bool = True, dtype: str = "float64"
    ) -> Generated:
        """The code of the loss."""
        onehot = self.model.onehot if self.model else ()
        return generate(
            self.loss,
            self.params,
            target=target,
            definitions=self.definitions,
            fast=fast,
            stable=stable,
            onehot=onehot,
            shapes=self.shapes,
            dtype=dtype,
            formula=self.formula or self.spec,
        )


def task(
    spec: str | Model | Expr,
    *,
    loss: str | None = None,
    wrt: Sequence[str] = (),
    given: Sequence[str] = (),
    definitions: Sequence[Definition] = (),
    shapes: Mapping[str, Sequence[str | int]] | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
) -> Task:
    """A task from a model by name, a LaTeX loss, a file of definitions, or an expression."""
    for name, strength in (("l1", l1), ("l2", l2)):
        if not (math.isfinite(strength) and strength >= 0):
            raise UsageError(f"the strength {name} must be a number from 0 on, not {strength}")
    if isinstance(spec, Expr):
        return Task("expression", spec, tuple(definitions), tuple(wrt), shapes=shapes or {})
    if isinstance(spec, Model):
        return Task(spec.name, spec.loss, spec.definitions, spec.params, spec, shapes=spec.shapes)
    if is_model(spec):
        found = model(spec, loss, l1=l1, l2=l2)
        unknown = [name for name in wrt if name not in found.params]
        if unknown:
            raise UsageError(f"unknown parameter {unknown[0]} (those of {spec} are {', '.join(found.params)})")
        if set(wrt) not in (set(), set(found.params)):
            raise UsageError(f"{spec} takes all its parameters: leave --wrt out")
        return Task(spec, found.loss, found.definitions, found.params, found, shapes=found.shapes)
    if loss is not None or l1 or l2:
        raise UsageError("--loss, --l1 and --l2 go with a model by name; a formula says its loss itself")
    if not ("\\" in spec or spec.endswith((".tex", ".md", ".txt")) or any(c in spec for c in "()^_+*= ")):
        raise UsageError(
            f"unknown model {spec} (known: linear, adaline, perceptron, logistic, softmax, mlp:SIZES:ACTIVATION)"
        )
    from deriv.training.formula import read_loss

    read = read_loss(spec, given, shapes)
    if not wrt:
        raise UsageError("name the parameters of the formula (--wrt)")
    declared = {**read.shapes, **(shapes or {})}
    body, stated = counted(read.loss, read.definitions, {*wrt, *declared})
    return Task(spec, body, stated, tuple(wrt), formula=read.formula, shapes=declared)


def is_model(spec: str) -> bool:
    """Whether a text names a model."""
    return spec.partition(":")[0] in ("linear", "adaline", "perceptron", "logistic", "softmax", "mlp")


def prepare(what: Task, arrays: Mapping[str, Any], code: Generated) -> tuple[Problem, dict[str, tuple[int, ...]]]:
    """The problem for the data, and the shapes of the parameters."""
    data = for_model(what.model, arrays) if what.model else for_formula(code.program, arrays)
    names = code.compile()
    values = _sizes(what, code, data)
    shapes = dim_values(code.program.params, values)
    sample = next(iter(code.program.data.values()))[:1] if code.program.data else ()
    symbols = [s[0].symbol for s in code.program.data.values() if s and s[0].symbol]
    chosen = max(symbols, key=symbols.count) if symbols else ""
    rows = tuple(name for name, s in code.program.data.items() if s and s[0].symbol == chosen and sample)
    used = {name: _as(code.dtype, name, data[name]) for name in code.program.data}
    return Problem(names["loss"], names["loss_and_grad"], used, rows, names.get("make")), shapes


def _as(dtype: str, name: str, array: Any) -> Any:
    """An array in the precision of the code; whole numbers stay what they are."""
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):
        return finite(name, array.astype(dtype), dtype)


def _sizes(what: Task, code: Generated, data: Arrays) -> dict[str, int]:
    """The value of every size symbol: from the data, then from the model's layers."""
    values: dict[str, int] = {}
    if what.model and what.model.layers:
        names = ["d", *(f"h{k}" for k in range(1, len(what.model.layers) - 1)), "K"]
        values = dict(zip(names, what.model.layers, strict=True))
    for symbol, (name, axis, offset) in size_sources(code.program.data).items():
        values[symbol] = np.shape(data[name])[axis] - offset
    for name, shape in code.program.data.items():
        wanted = tuple(d.value(values) for d in shape)
        if np.shape(data[name]) != wanted:
            raise UsageError(f"{name}: expected shape {wanted}, got {np.shape(data[name])}")
    unknown = [d.symbol for s in code.program.params.values() for d in s if d.symbol and d.symbol not in values]
    if unknown:
        raise UsageError(
            f"the data does not tell the size {unknown[0]}: give the shapes of the parameters with --shape"
        )
    return values


def start_params(
    what: Task, shapes: Mapping[str, tuple[int, ...]], seed: int, dtype: str = "float64", given: Container[str] = ()
) -> Arrays:
    """Zeros, as in the lectures; for networks with hidden layers random weights (Glorot, He) where none are given."""
    rng = np.random.default_rng([seed, 0])
    found: Arrays = {}
    deep = what.model is not None and len(what.model.layers) > 2
    gain = 2.0 if what.model is not None and "elu" in what.model.activation else 1.0
    for name, shape in shapes.items():
        if deep and len(shape) == 2 and name not in given:
            spread = np.sqrt(gain * 2 / (shape[0] + shape[1])) if gain == 1 else np.sqrt(2 / shape[0])
            found[name] = (rng.standard_normal(shape) * spread).astype(dtype)
        else:
            found[name] = np.zeros(shape, dtype)
    return found


def check_first(problem: Problem, params: Arrays, seed: int, rows: int = 32) -> Report:
    """The gradient check before the first step, near the start and on a few samples."""
    rng = np.random.default_rng([seed, 4])
    few = problem.at(np.arange(min(rows, problem.count))) if problem.rows else problem.data
    away = {k: rng.standard_normal(v.shape) for k, v in params.items()}
    # a little away from the start: zeros sit on the kinks of hinge, ReLU and |w|; nearer where the loss has an end
    for spread in (0.3, 0.03, 0.003, 0.0):
        near = {k: np.asarray(v + spread * away[k], float) for k, v in params.items()}
        if np.isfinite(problem.loss(near, few)):
            break
    return check_directions(lambda p: problem.loss(p, few), lambda p: problem.loss_and_grad(p, few)[1], near, seed)


def train(
    spec: str | Model | Expr,
    data: str | Path | Mapping[str, Any] | tuple[Any, Any],
    *,
    loss: str | None = None,
    wrt: Sequence[str] = (),
    given: Sequence[str] = (),
    definitions: Sequence[Definition] = (),
    shapes: Mapping[str, Sequence[str | int]] | None = None,
    target: str | None = None,
    mode: str = "batch",
    batch_size: int = 32,
    epochs: int = 100,
    learning_rate: float = 0.1,
    optimizer: str = "gd",
    schedule: str = "constant",
    seed: int = 0,
    sampling: str = "shuffle",
    validation: float = 0.0,
    patience: int = 0,
    l1: float = 0.0,
    l2: float = 0.0,
    check: bool = True,
    params: Mapping[str, Any] | None = None,
    resume_from: str | Path | None = None,
    output: str | Path | None = None,
    report: Callable[[int, float], None] | None = None,
    dtype: str | None = None,
    backend: str | None = None,
) -> History:
    """Generate gradient code for a loss, check it, train, and give the history (with `params`).

    `data` is a file (CSV, NPZ, Parquet), a mapping of arrays, or the pair (X, y). `dtype` is float64 or float32 (the
    gradient is checked in float64 all the same). `backend` is numpy, numba (the whole epoch compiled), or auto: numba
    where it is installed and epochs have thousands of small updates. A resumed run keeps both.
    """
    saved = read_saved(resume_from) if resume_from is not None else None
    plan = Plan(
        mode, batch_size, epochs, learning_rate, optimizer, read_schedule(schedule), seed, sampling, validation,
        patience, dtype or _kept(saved, "dtype", "float64"),
    ).checked()  # fmt: skip
    what = task(spec, loss=loss, wrt=wrt, given=given, definitions=definitions, shapes=shapes, l1=l1, l2=l2)
    code = what.generate(dtype=plan.dtype)
    arrays = _arrays(what, data, target, code)
    problem, history = _ready(what, plan, code, arrays, saved, params or {}, backend)
    _refuse_undefined(problem, history)
    if check:
        _refuse_wrong(problem if plan.dtype == "float64" else history.problem or problem, history, seed)
    run(problem, plan, history, report=report, done=_perceptron_done(what, problem))
    if output is not None:
        save(history, plan, what.spec, output)
    if what.spec == "perceptron" and history.stopped == "epochs" and epochs:
        history.stopped = f"not separated after {history.epochs} epochs: no line may separate the classes"
    return history


def _ready(
    what: Task,
    plan: Plan,
    code: Generated,
    arrays: Mapping[str, Any],
    saved: Saved | None,
    params: Mapping[str, Any],
    backend: str | None,
) -> tuple[Problem, History]:
    """The problem as the loop runs it, and the history from which it goes on."""
    problem, shapes = prepare(what, arrays, code)
    start = _given_params(params, start_params(what, shapes, plan.seed, plan.dtype, params))
    history = resume(saved, plan, what.spec, start) if saved is not None else History(start)
    # checked and drawn in double precision, whatever the loop computes with
    history.problem = problem if plan.dtype == "float64" else prepare(what, arrays, what.generate())[0]
    history.predict = predictor(what)
    asked = {"backend": backend or _kept(saved, "backend", "auto"), "mode": plan.mode, "batch_size": plan.batch_size}
    history.backend = backend_of(asked, problem, shapes)
    if history.backend == "numba":
        problem = _compiled(what, problem, plan, shapes)
    return problem, history


def _kept(saved: Saved | None, key: str, default: str) -> str:
    """What a saved run was made with, or the default."""
    return str(saved.state.get(key, default)) if saved is not None else default


def backend_of(options: Mapping[str, Any], problem: Problem, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """What runs the loop: NumPy, or a function for the whole epoch that numba compiles.

    `options` has `backend`, `mode` and `batch_size`.
    """
    samples = {"online": 1, "minibatch": int(options["batch_size"])}.get(options["mode"], problem.count)
    updates = -(-problem.count // samples) if options["mode"] != "batch" and problem.rows else 1
    entries = samples * sum(math.prod(s) for s in shapes.values())
    return chosen(options["backend"] or "auto", updates=updates, entries=entries)


def _compiled(what: Task, problem: Problem, plan: Plan, shapes: Mapping[str, tuple[int, ...]]) -> Problem:
    """The problem with an epoch in one compiled function, and the gradient that this function uses."""
    if not problem.rows:
        raise UsageError("the backend numba needs data with a row for each sample")
    code = what.generate(target="numba", fast=False, dtype=plan.dtype)
    sweep, loss_and_grad = sweep_of(code, plan.optimizer, problem.rows, shapes)
    return replace(problem, sweep=sweep, loss_and_grad=loss_and_grad)


def _refuse_undefined(problem: Problem, history: History) -> None:
    """A loss without a value or slope where training starts is no matter of the learning rate."""
    with np.errstate(all="ignore"):
        value, grads = problem.loss_and_grad(history.params, problem.data)
    endless = [name for name, grad in grads.items() if not np.all(np.isfinite(grad))]
    if np.isfinite(value) and not endless:
        return
    what = f"the gradient by {endless[0]} is not finite" if np.isfinite(value) else f"the loss is {value}"
    raise UsageError(
        f"{what} where training starts: a logarithm, root or division in the loss is not defined for these parameters"
        " and data (other parameters to start from: --start, or params= in Python)"
    )


def _refuse_wrong(problem: Problem, history: History, seed: int) -> None:
    """Check the gradient before the first step."""
    with np.errstate(all="ignore"):
        outcome = check_first(problem, history.params, seed)
    history.gradcheck = outcome.as_dict()
    if not outcome.ok:
        reasons = "; ".join(f"{', '.join(r.parameters)}: {r.text}" for r in outcome.reasons)
        raise Diverged(f"the gradient is wrong and nothing was trained: {reasons}")


def wanted(what: Task, code: Generated) -> dict[str, int]:
    """The arrays of a formula with their numbers of axes; a model takes X and y."""
    return {} if what.model else {name: len(shape) for name, shape in code.program.data.items()}


def _arrays(what: Task, data: object, target: str | None, code: Generated) -> Mapping[str, Any]:
    if isinstance(data, (str, Path)):
        words = what.model is not None and what.model.labels == "classes"
        return read_arrays(data, target, text_labels=words, wanted=wanted(what, code))
    if isinstance(data, tuple):
        return {"X": data[0], "y": data[1]}
    if isinstance(data, Mapping):
        return data
    raise UsageError("data must be a file, a mapping of arrays, or a pair (X, y)")


def _given_params(params: Mapping[str, Any], start: Arrays) -> Arrays:
    unknown = [name for name in params if name not in start]
    if unknown:
        raise UsageError(f"unknown parameter {unknown[0]} (there are {', '.join(start)})")
    found = dict(start)
    for name, value in params.items():
        array = finite(name, value).astype(start[name].dtype)
        if array.shape != start[name].shape:
            raise UsageError(f"{name}: expected shape {start[name].shape}, got {array.shape}")
        found[name] = array.copy()
    return found


def _perceptron_done(what: Task, problem: Problem) -> Callable[[Arrays], str | None] | None:
    """The perceptron stops when no sample is on the wrong side."""
    if what.model is None or what.model.name != "perceptron":
        return None

    def done(params: Arrays) -> str | None:
        z = problem.data["X"] @ params["w"] + params["b"]
        return "every sample is on its side" if np.all(z * problem.data["y"] > 0) else None

    return done
