"""The training loop: online, mini-batch or batch, reproducible from its seed and able to continue."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from deriv.codegen.generate import DTYPES
from deriv.errors import DerivError, UsageError
from deriv.training.compiled import Sweep
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
    dtype: str = "float64"

    def samples(self, count: int) -> int:
        """How many samples an update takes."""
        return {"online": 1, "minibatch": self.batch_size}.get(self.mode, count)

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
        if self.dtype not in DTYPES:
            raise UsageError(f"unknown dtype {self.dtype} (known: {', '.join(DTYPES)})")
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
    backend: str = "numpy"
    resumed: int = 0

    @property
    def epochs(self) -> int:
        """Epochs run so far, those before a resumption included."""
        return len(self.loss)

    @property
    def walks(self) -> bool:
        """Whether there are two parameters, whose way can be drawn."""
        return sum(int(v.size) for v in self.params.values()) == 2

    def walk(self, *, always: bool = False) -> None:
        """Remember where two parameters stand, for a picture: every update at first, later every epoch."""
        if self.walks and (always or len(self.path) < _LONG_PATH):
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
    sweep: Sweep | None = None

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
    batch = plan.mode == "batch" and training.sweep is None
    full = training.make(history.params, training.data) if batch and training.make else None
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
    if problem.sweep is not None:
        return _swept(problem, problem.sweep, plan, optimizer, history, epoch, rate)
    if plan.mode == "batch":
        value, grads = full(params) if full is not None else problem.loss_and_grad(params, problem.data)
        optimizer.update(params, grads, rate)
        return value
    order, size, n, total = _order(plan, epoch, problem.count), plan.samples(problem.count), problem.count, 0.0
    # put in order once: then each step takes a view
    ordered, walks = problem.at(order), history.walks
    for start in range(0, n, size):
        few = {k: (a[start : start + size] if k in problem.rows else a) for k, a in ordered.items()}
        value, grads = problem.loss_and_grad(params, few)
        optimizer.update(params, grads, rate)
        if walks:
            history.walk()
        total += value * min(size, n - start)
        if not math.isfinite(value):
            return value
    return total / n


def _order(plan: Plan, epoch: int, count: int) -> Any:
    """The order of an epoch depends on the seed and its number alone: a resumed run sees the same."""
    rng = np.random.default_rng([plan.seed, 2, epoch])
    return rng.permutation(count) if plan.sampling == "shuffle" else rng.integers(0, count, count)


def _swept(
    problem: Problem, sweep: Sweep, plan: Plan, optimizer: Optimizer, history: History, epoch: int, rate: float
) -> float:
    """One pass by the compiled function."""
    size = plan.samples(problem.count)
    data = problem.data if plan.mode == "batch" else problem.at(_order(plan, epoch, problem.count))
    arrays = [np.ascontiguousarray(a) if np.ndim(a) else a[()] for a in data.values()]
    kept = [history.params, *(optimizer.memory[kind] for kind in OPTIMIZERS[plan.optimizer])]
    flat = [a.reshape(-1) for group in kept for a in (group[name] for name in history.params)]
    room = min(_LONG_PATH - len(history.path), -(-problem.count // size)) if history.walks else 0
    path = np.full((max(0, room), 2), np.nan)
    value, optimizer.count = sweep(size, rate, optimizer.count, path, *flat, *arrays)
    for point in path[~np.isnan(path[:, 0])]:
        parts = np.split(point, np.cumsum([p.size for p in history.params.values()])[:-1])
        history.path.append({k: x.reshape(p.shape) for x, (k, p) in zip(parts, history.params.items(), strict=True)})
    return value


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
