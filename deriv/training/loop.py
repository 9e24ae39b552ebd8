"""The training loop: online, mini-batch or batch, reproducible from its seed and able to continue."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from deriv.errors import DerivError, UsageError
from deriv.training.optimizers import OPTIMIZERS, Optimizer, Schedule

Arrays = dict[str, Any]
LossAndGrad = Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[float, Arrays]]
Loss = Callable[[Mapping[str, Any], Mapping[str, Any]], float]
_LONG_PATH = 5000
MODES = ("online", "minibatch", "batch")


class Diverged(DerivError):
    """Training went away from the minimum; the message names the learning rate."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train."""

    mode: str = "batch"
    batch_size: int = 32
    epochs: int = 100
    learning_rate: float = 0.1
    optimizer: str = "gd"
    schedule: Schedule = field(default_factory=lambda: Schedule("constant"))
    seed: int = 0
    sampling: str = "shuffle"
    validation: float = 0.0
    patience: int = 0

    def checked(self) -> Plan:
        """The plan, or a `UsageError` for what makes no sense."""
        if self.mode not in MODES:
            raise UsageError(f"unknown mode {self.mode} (known: {', '.join(MODES)})")
        if self.optimizer not in OPTIMIZERS:
            raise UsageError(f"unknown optimizer {self.optimizer} (known: {', '.join(OPTIMIZERS)})")
        if self.batch_size < 1:
            raise UsageError(f"the batch size must be 1 or more, not {self.batch_size}")
        for name, count in (("epochs", self.epochs), ("patience", self.patience), ("seed", self.seed)):
            if count < 0:
                raise UsageError(f"{name} must not be negative: {count}")
        if not (np.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise UsageError(f"the learning rate must be a positive number, not {self.learning_rate}")
        if not 0 <= self.validation < 1:
            raise UsageError(f"the validation share must lie in [0, 1), not {self.validation}")
        if self.sampling not in ("shuffle", "replacement"):
            raise UsageError(f"unknown sampling {self.sampling} (known: shuffle, replacement)")
        return self


@dataclass(slots=True)
class History:
    """What happened: the loss of each epoch (`validation` likewise), the parameters, and why training ended."""

    params: Arrays
    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    final_loss: float = float("nan")
    stopped: str = "epochs"
    gradcheck: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, Arrays] = field(default_factory=dict)
    updates: int = 0
    path: list[Arrays] = field(default_factory=list)
    problem: Problem | None = None
    best: float | None = None
    best_params: Arrays = field(default_factory=dict)
    waited: int = 0
    predict: Callable[[Arrays, Any], Any] | None = None

    @property
    def epochs(self) -> int:
        """Epochs run so far, those before a resumption included."""
        return len(self.loss)

    def walk(self, *, always: bool = False) -> None:
        """Remember where two parameters stand, for a picture: every update at first, later every epoch."""
        if sum(int(v.size) for v in self.params.values()) == 2 and (always or len(self.path) < _LONG_PATH):
            self.path.append({k: v.copy() for k, v in self.params.items()})

    def plot(self, file: str) -> None:
        """Draw the run (PNG, SVG or PDF; needs matplotlib).

        The loss by epoch; for two features the decision boundary too; for two parameters the surface of the loss and
        its contours with the path of descent.  `deriv.training.plots.side_by_side` draws several runs.
        """
        from deriv.training.plots import plot

        plot(self, file)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is trained: functions of parameters and data, and which data arrays have a row per sample."""

    loss: Loss
    loss_and_grad: LossAndGrad
    data: Arrays
    rows: tuple[str, ...]
    make: Callable[[Mapping[str, Any], Mapping[str, Any]], Callable[[Arrays], tuple[float, Arrays]]] | None = None

    @property
    def count(self) -> int:
        """The number of samples."""
        return len(self.data[self.rows[0]]) if self.rows else 1

    def at(self, index: Any) -> Arrays:
        """The data of some samples."""
        return {name: (a[index] if name in self.rows else a) for name, a in self.data.items()}


def split(problem: Problem, share: float, seed: int) -> tuple[Problem, Arrays | None]:
    """Set a share of the samples apart for validation."""
    if not share:
        return problem, None
    order = np.random.default_rng([seed, 1]).permutation(problem.count)
    held = max(1, round(share * problem.count))
    if held >= problem.count:
        raise UsageError(f"a validation share of {share} leaves no sample to train on")
    return replace(problem, data=problem.at(np.sort(order[held:]))), problem.at(np.sort(order[:held]))


def run(
    problem: Problem,
    plan: Plan,
    history: History,
    *,
    report: Callable[[int, float], None] | None = None,
    done: Callable[[Arrays], str | None] | None = None,
) -> History:
    """Train from where `history` stands up to `plan.epochs` epochs in all."""
    training, held = split(problem, plan.validation, plan.seed)
    optimizer = Optimizer(plan.optimizer, history.memory, history.updates)
    optimizer.start(history.params)
    full = training.make(history.params, training.data) if plan.mode == "batch" and training.make else None
    history.walk(always=True)
    # the loop judges what overflows itself, in words
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        ended = history.stopped != "epochs"
        for epoch in range(history.epochs, history.epochs if ended else plan.epochs):
            rate = plan.schedule.rate(plan.learning_rate, epoch)
            value = _epoch(training, plan, optimizer, history, epoch, rate, full)
            _alive(value, history, plan, rate)
            history.loss.append(value)
            history.walk(always=True)
            watched = value
            if held is not None:
                watched = training.loss(history.params, held)
                history.validation.append(watched)
            if report is not None:
                report(epoch + 1, value)
            reason = done(history.params) if done is not None else None
            if reason:
                history.stopped = reason
                break
            if _settled(history, watched, plan.patience):
                history.stopped = f"no better for {plan.patience} epochs"
                history.params.update(history.best_params)
                break
        history.final_loss = float(training.loss(history.params, training.data))
    _alive(history.final_loss, history, plan, plan.learning_rate)
    history.memory, history.updates = optimizer.memory, optimizer.count
    return history


def _settled(history: History, watched: float, patience: int) -> bool:
    """Whether the loss has not become better for `patience` epochs; the best parameters are kept."""
    if not patience:
        return False
    if history.best is None or watched < history.best - 1e-12 * abs(history.best):
        history.best, history.waited = watched, 0
        history.best_params = {k: v.copy() for k, v in history.params.items()}
        return False
    history.waited += 1
    return history.waited >= patience


def _epoch(
    problem: Problem,
    plan: Plan,
    optimizer: Optimizer,
    history: History,
    epoch: int,
    rate: float,
    full: Callable[[Arrays], tuple[float, Arrays]] | None,
) -> float:
    """One pass over the samples; the mean of the losses met on the way."""
    params = history.params
    if plan.mode == "batch":
        value, grads = full(params) if full is not None else problem.loss_and_grad(params, problem.data)
        optimizer.update(params, grads, rate)
        return value
    # the order of an epoch depends on the seed and its number alone: a resumed run sees the same
    rng = np.random.default_rng([plan.seed, 2, epoch])
    n = problem.count
    order = rng.permutation(n) if plan.sampling == "shuffle" else rng.integers(0, n, n)
    size = 1 if plan.mode == "online" else plan.batch_size
    total = 0.0
    # put in order once: then each step takes a view
    ordered = problem.at(order)
    for start in range(0, n, size):
        index = order[start : start + size]
        few = {k: (a[start : start + size] if k in problem.rows else a) for k, a in ordered.items()}
        value, grads = problem.loss_and_grad(params, few)
        optimizer.update(params, grads, rate)
        history.walk()
        total += value * len(index)
        if not np.isfinite(value):
            return value
    return total / n


def _alive(value: float, history: History, plan: Plan, rate: float) -> None:
    first = history.loss[0] if history.loss else value
    finite = np.isfinite(value) and all(np.all(np.isfinite(v)) for v in history.params.values())
    if finite and value <= 1e8 * max(1.0, abs(first)):
        return
    before = f"from {first:.3g} " if history.loss and np.isfinite(first) else ""
    what = f"the loss went {before}to {value:.3g}" if not np.isfinite(value) or before else "a parameter overflowed"
    raise Diverged(
        f"{what} in epoch {len(history.loss) + 1}: the learning rate {rate:g} is too large for this problem"
        f" (optimizer {plan.optimizer}); try {rate / 10:g}"
    )


# saving


def save(history: History, plan: Plan, spec: str, file: str | Path) -> None:
    """Parameters under their names, and what a resumption needs under names with a leading underscore."""
    arrays: Arrays = dict(history.params)
    for kind, kept in history.memory.items():
        for name, value in kept.items():
            arrays[f"_{kind}_{name}"] = value
    for name, value in history.best_params.items():
        arrays[f"_best_{name}"] = value
    state = {
        "spec": spec,
        "optimizer": plan.optimizer,
        "seed": plan.seed,
        "updates": history.updates,
        "loss": history.loss,
        "validation": history.validation,
        "stopped": history.stopped,
        "best": history.best,
        "waited": history.waited,
    }
    arrays["_state"] = np.asarray(json.dumps(state))
    path = Path(file)
    # written beside and then moved: a file is there whole or not at all
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent or ".", suffix=".npz")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    os.close(handle)
    try:
        np.savez(temporary, **arrays)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def resume(file: str | Path, plan: Plan, spec: str, params: Arrays) -> History:
    """The history of a saved run, ready to go on."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise UsageError(f"{file}: no such file") from None
    except (OSError, ValueError, zipfile.BadZipFile):
        raise UsageError(f"{file}: not a saved run") from None
    if "_state" not in arrays:
        raise UsageError(f"{file}: not a saved run (it lacks the state of the loop)")
    state = json.loads(str(arrays["_state"]))
    for key, now in (("spec", spec), ("optimizer", plan.optimizer), ("seed", plan.seed)):
        if state[key] != now:
            raise UsageError(f"{file}: saved with {key} {state[key]}, and now it is {now}")
    for name, value in params.items():
        if name not in arrays or arrays[name].shape != value.shape:
            raise UsageError(f"{file}: the parameter {name} is missing or has another shape")
    memory = {kind: {name: arrays[f"_{kind}_{name}"].copy() for name in params} for kind in OPTIMIZERS[plan.optimizer]}
    restored = {name: np.array(arrays[name], dtype=value.dtype) for name, value in params.items()}
    history = History(restored, list(state["loss"]), list(state["validation"]), memory=memory, updates=state["updates"])
    history.stopped = state["stopped"]
    history.best, history.waited = state["best"], state["waited"]
    history.best_params = {name: arrays[f"_best_{name}"].copy() for name in params if f"_best_{name}" in arrays}
    return history
