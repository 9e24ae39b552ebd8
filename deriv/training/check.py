"""Compare any two gradients of a loss: generated, taped, numeric, or the user's own function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deriv.codegen.generate import Generated
from deriv.codegen.program import dim_values, size_sources
from deriv.errors import UsageError
from deriv.expr.nodes import Expr
from deriv.training.api import Task, task
from deriv.training.data import finite
from deriv.training.directions import check_directions
from deriv.training.foreign import Function, call, gradients_of, load, names_function, number, plain
from deriv.training.gradcheck import Arrays, Report, compare
from deriv.training.mistakes import lost_terms, mistakes
from deriv.training.numeric import complex_step, kinked, numeric_gradient
from deriv.training.tapes import bare_loss, tape_gradient

NUMERIC = ("forward", "central", "richardson")
METHODS = ("symbolic", "reverse", *NUMERIC, "complex", "torch", "jax", "autograd")
_MOST_ENTRIES = 2000
_EXPLAINED = 400


def gradcheck(
    loss: str | Expr | Task | Function,
    candidate: str | Function,
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

    `loss` is LaTeX, a file of definitions, a model by name, or a function of one's own (or `file.py:function`): then
    `params` and `data` are its arguments, and its slopes are what the gradient is held against.

    A function gives the gradient (by parameter name, or in their order), or the loss, which is then differentiated
    numerically.  What is not given of parameters and data is drawn at random: parameters from (-0.9, 0.9), data from
    (0.1, 0.9) or the labels of the model.  Raises UsageError for what does not fit.
    """
    if callable(loss) or names_function(loss):
        from deriv.training.own import check_own

        own = loss if callable(loss) else load(str(loss))
        return check_own(
            own, candidate, params or {}, data or {}, "central" if against == "symbolic" else against, seed
        )
    what = loss if isinstance(loss, Task) else task(loss, wrt=wrt, shapes=shapes, given=given)
    check = _Check(what, params or {}, data or {}, sizes or {}, seed)
    for method in (candidate, against):
        if isinstance(method, str) and method not in METHODS and not names_function(method):
            raise UsageError(f"unknown gradient {method} (known: {', '.join(METHODS)}, or FILE.py:FUNCTION)")
    function = load(candidate) if isinstance(candidate, str) and candidate not in METHODS else candidate
    if callable(function):
        result = call(function, check.params, check.data, check.counts)
        if (value := number(result)) is not None and check.means_loss(function):
            return check.own_loss(function, value, against)
        return check.own_gradient(function, result, against)
    if against == function:
        raise UsageError(f"{against} cannot be compared with itself")
    return check.methods(str(function), against)


def assert_gradient(loss: str | Expr | Task | Function, candidate: str | Function, **options: Any) -> Report:
    """`gradcheck` for test suites: an AssertionError with the whole report when the gradient is wrong.

    >>> def test_my_gradient():  # doctest: +SKIP
    ...     deriv.assert_gradient("logistic", my_gradient)
    """
    __tracebackhide__ = True  # pytest then shows the line of the test, not this one
    report = gradcheck(loss, candidate, **options)
    if not report.ok:
        name = candidate if isinstance(candidate, str) else getattr(candidate, "__name__", "the gradient")
        raise AssertionError("\n".join(report.lines(name)))
    return report


class _Check:
    """A loss with its code, parameters and data."""

    def __init__(
        self, what: Task, params: Mapping[str, Any], data: Mapping[str, Any], sizes: Mapping[str, int], seed: int
    ) -> None:
        self.what, self.seed = what, seed
        self.code = what.generate(fast=False)
        known = {**_given_sizes(self.code, params, data), **sizes}
        drawn_params, drawn_data, self.counts = draw(what, self.code, known, seed)
        self.params = _replaced(drawn_params, params, "parameter")
        self.data = _replaced(drawn_data, data, "data array")
        self.loss, self.loss_and_grad = self.code.functions()
        try:
            self.symbolic = self.loss_and_grad(self.params, self.data)[1]
        except ValueError as error:
            raise UsageError(str(error)) from None

    @property
    def entries(self) -> int:
        """How many numbers the parameters have."""
        return sum(int(np.size(v)) for v in self.params.values())

    def value(self, params: Arrays) -> float:
        """The loss on the data."""
        return self.loss(params, self.data)

    def means_loss(self, function: Function) -> bool:
        """Whether a function that returns one number gives the loss: the gradient by one number is one too."""
        return self.entries > 1 or "loss" in getattr(function, "__name__", "")

    def methods(self, first: str, second: str) -> Report:
        """Two methods against one another."""
        numeric = {first, second} & {*NUMERIC, "complex"}
        if numeric and self.entries > _MOST_ENTRIES:
            if numeric >= {first, second} or "complex" in numeric:
                raise UsageError(f"{self.entries:,} entries are too many for {first} against {second}: give --size")
            method = first if second in numeric else second
            grads = self.gradient(method)[0]
            return check_directions(self.value, lambda _: grads, self.params, self.seed, 3, self.counts)
        one, slack, kinks = self.gradient(first)
        other, more, again = self.gradient(second)
        both = {k: slack.get(k, 0.0) + more.get(k, 0.0) for k in {*slack, *more}}
        report = compare(one, other, self.counts, dict, 1e-9, both)
        return _with_kinks(report, kinks + again)

    def own_gradient(self, function: Function, result: object, against: str) -> Report:
        """The gradient that a user's function returned."""
        given = gradients_of(result, self.params)
        if against in NUMERIC and self.entries > _MOST_ENTRIES:
            return check_directions(self.value, lambda _: given, self.params, self.seed, 3, self.counts)
        true, slack, kinks = self.gradient(against)
        single = any(getattr(v, "dtype", None) == np.float32 for v in given.values())
        bound = 2e-4 if single else 1e-6
        report = compare(given, true, self.counts, dict, bound, slack)
        if report.ok:
            return _with_kinks(report, kinks)
        # only a gradient that seems wrong is worth a closer look: at its rounding, and at kinks
        rounding = self.rounding()
        slack = {k: slack.get(k, 0.0) + rounding[k] for k in true}
        given, met = self.forgiven(given, true, report)
        report = compare(given, true, self.counts, self.known_mistakes, bound, slack)
        return _with_kinks(report, kinks + met)

    def own_loss(self, function: Function, value: float, against: str) -> Report:
        """A user's own loss: slopes along random directions, and all of its gradient where they are others."""
        if not np.isfinite(value):
            raise UsageError(f"the function returned {value}")
        true = self.gradient(against)[0]

        def loss(params: Arrays) -> float:
            found = number(call(function, params, self.data, self.counts))
            return float("nan") if found is None else found

        single = plain(call(function, self.params, self.data, self.counts)).dtype == np.float32
        if single:
            raise UsageError("the function computes in 32 bits, too few for differences: compute in 64 bits")
        report = check_directions(loss, lambda _: true, self.params, self.seed, 3, self.counts)
        if report.ok or self.entries > _EXPLAINED:
            return _turned(report)
        given, errors, kinks = numeric_gradient(loss, self.params, "richardson")
        full = compare(given, true, self.counts, lambda: {**self.known_mistakes(), **self.unused()}, 1e-7, errors)
        return _turned(report) if full.ok else _with_kinks(full, kinks, report.losses)

    def known_mistakes(self) -> dict[str, Arrays]:
        """The gradients that known mistakes give."""
        return {**mistakes(self.what, self.params, self.data), **lost_terms(self.what, self.params, self.data)}

    def unused(self) -> dict[str, Arrays]:
        """The gradients of a loss that leaves a parameter out."""
        found = {}
        for name, value in self.params.items():
            without = self.loss_and_grad({**self.params, name: np.zeros_like(value)}, self.data)[1]
            found[f"missing-term: the loss leaves {name} out"] = {**without, name: np.zeros_like(value)}
        return found

    def forgiven(self, given: Arrays, true: Arrays, report: Report) -> tuple[Arrays, int]:
        """At a kink every slope between those of its sides is right: there the given one counts as true."""
        found, met = dict(given), 0
        for name in {f.parameter for f in report.findings}:
            if given[name].shape != true[name].shape:
                continue
            scale = float(np.abs(true[name]).max(initial=0)) + 1e-300
            entries = np.argwhere(np.abs(given[name] - true[name]) > report.bound * scale)
            if len(entries) > _EXPLAINED:
                continue
            values = given[name].copy()
            for place in map(tuple, entries):
                if kinked(self.value, self.params, name, place, float(values[place])):
                    values[place], met = true[name][place], met + 1
            found[name] = values
        return found, met

    def rounding(self) -> Arrays:
        """How far the gradient moves when its arguments move by a few units in their last place."""
        rng = np.random.default_rng([self.seed, 7])
        found = {k: np.zeros_like(v) for k, v in self.params.items()}
        for _ in range(3):
            noise = {k: v * (1 + 4e-16 * rng.choice([-1.0, 1.0], np.shape(v))) for k, v in self.params.items()}
            moved = self.loss_and_grad(noise, self.data)[1]
            found = {k: np.maximum(v, np.abs(np.asarray(moved[k]) - self.symbolic[k])) for k, v in found.items()}
        return found

    def gradient(self, method: str) -> tuple[Arrays, Arrays, int]:
        """The gradient by a method, absolute errors where it estimates them, and the kinks it met."""
        match method:
            case "symbolic":
                return self.symbolic, {}, 0
            case "reverse":
                plainly = self.what.generate(fast=False, stable=False)
                return plainly.functions()[1](self.params, self.data)[1], {}, 0
            case "complex":
                self.few(method)
                return complex_step(bare_loss(self.what, self.data), self.params), {}, 0
            case "torch":
                from deriv.training.torch_tape import torch_gradient

                return torch_gradient(self.what, self.params, self.data), {}, 0
            case "jax" | "autograd":
                return tape_gradient(method, self.what, self.params, self.data), {}, 0
            case _ if method in NUMERIC:
                self.few(method)
                return numeric_gradient(self.value, self.params, method)
        result = call(load(method), self.params, self.data, self.counts)
        return gradients_of(result, self.params), {}, 0

    def few(self, method: str) -> None:
        """Refuse to go entry by entry through a large model."""
        if self.entries > _MOST_ENTRIES:
            raise UsageError(f"{self.entries:,} entries are too many for {method} entry by entry: give --size values")


def _with_kinks(report: Report, kinks: int, losses: int = 0) -> Report:
    return Report(report.ok, report.relative, report.bound, report.findings, report.reasons, kinks, 0, losses)


def _turned(report: Report) -> Report:
    """A report about our gradient of the user's loss as one about the user's loss: given and expected change places."""
    findings = tuple(type(f)(f.parameter, f.entry, f.expected, f.given, f.relative) for f in report.findings)
    return Report(
        report.ok, report.relative, report.bound, findings, report.reasons, report.kinks, report.directions,
        report.losses,
    )  # fmt: skip


def _given_sizes(code: Generated, params: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, int]:
    """The sizes that given arrays have."""
    arrays = {**params, **data}
    known = {name: shape for name, shape in {**code.program.data, **code.program.params}.items() if name in arrays}
    found = {}
    for symbol, (name, axis, offset) in size_sources(known).items():
        shape = np.shape(arrays[name])
        if len(shape) > axis:
            found[symbol] = shape[axis] - offset
    return found


def _replaced(drawn: Arrays, given: Mapping[str, Any], kind: str) -> Arrays:
    """Drawn arrays with the given ones in their place."""
    found = dict(drawn)
    for name, value in given.items():
        if name not in drawn:
            raise UsageError(f"unknown {kind} {name} (there are {', '.join(drawn) or 'none'})")
        array = finite(name, value)
        if array.shape != np.shape(drawn[name]):
            raise UsageError(f"{name}: expected shape {np.shape(drawn[name])}, got {array.shape}")
        found[name] = array.astype(drawn[name].dtype)
    return found


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
