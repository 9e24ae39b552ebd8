"""Does an update walk uphill?  Its step is held against the gradient of the loss.

With the step Δ of `w := w + Δ` and the gradient D of the loss by w, the loss changes by Δ·D to first order.  Where
Δ·D is positive at every point tried and certainly not zero, the update climbs what it should descend.
"""

from __future__ import annotations

import re

from deriv.checking.compare import align
from deriv.equal.decide import decide
from deriv.equal.decision import Different, Proved, Tested
from deriv.errors import MeaningError
from deriv.expr.domain import POSITIVE, Domain
from deriv.expr.nodes import ZERO, Add, Apply, Call, Derivative, Entry, Expr, Mul, Sym, neg, walk
from deriv.expr.substitute import substitute
from deriv.expr.tensor import Tensor, Value
from deriv.meaning.resolve import Resolver
from deriv.meaning.scope import Definition, Scope, names_in

_MINIMISED = re.compile(r"\b(loss|cost|error|objective|risk)\b", re.IGNORECASE)
_MAXIMISED = re.compile(r"likelihood|ascent|maximi[sz]|reward", re.IGNORECASE)


def is_about_a_loss(text: str) -> bool:
    """Whether a document minimises something, by its own words."""
    return bool(_MINIMISED.search(text)) and not _MAXIMISED.search(text)


def uphill(scope: Scope, old: Value, new: Value) -> tuple[Different, str] | None:
    """A point where the step from `old` to `new` certainly climbs, if it climbs wherever it was tried; and why."""
    if not isinstance(old, Tensor) or not isinstance(new, Tensor) or not isinstance(old.body, Sym | Entry):
        return None
    try:
        (pair,) = align(old, new, scope.ranges.same).pairs
    except MeaningError:
        return None
    step = Add((pair[1], neg(pair[0])))
    why = "with the gradient written above, which is wrong, this update climbs"
    change = _as_written(scope, step, old.body)
    if change is None and old.is_scalar:
        why, change = "the step goes along the gradient, not against it", _change(scope, step, old.body)
    if change is None:
        return None
    rates = {n.name for n in walk(change) if isinstance(n, Sym)} & _rates(step, old.body)
    domain = Domain({**scope.facts, **dict.fromkeys(rates, POSITIVE)}, tuple(scope.equations))
    if not isinstance(decide(Call("abs", (change,)), change, domain, conditions=False), Proved | Tested):
        return None
    found = decide(change, ZERO, domain, conditions=False)
    return (found, why) if isinstance(found, Different) else None


def _only_ends(scope: Scope) -> list[Definition]:
    """Definitions that no other definition uses, when there is just one such name."""
    used = {name for d in scope.history for name in names_in(d.body) if name != d.name}
    return [d for d in scope.history if d.name not in used]


def remember(scope: Scope, lhs: Value, rhs: Value) -> None:
    """Keep what a refuted line says a gradient is: an update that uses it goes where the line says."""
    if isinstance(lhs, Tensor) and isinstance(rhs, Tensor) and isinstance(lhs.body, Derivative):
        variable = lhs.body.variable
        if isinstance(variable, Sym | Entry):
            scope.wrong_gradients[lhs.body.body, variable.name] = (variable, rhs)


def _as_written(scope: Scope, step: Expr, variable: Sym | Entry) -> Expr | None:
    """Δ·D with the wrong gradient of the line above in the step, and the true one for D."""
    written = {n for n in walk(step) if isinstance(n, Derivative) and n.variable == variable}
    if len(written) != 1:
        return None
    slope = written.pop()
    known = scope.wrong_gradients.get((slope.body, variable.name))
    if known is None:
        return None
    index = variable.indices[-1] if isinstance(variable, Entry) else None
    claimed = known[1].at(index, index)
    resolver = Resolver(scope.current(), scope.depends, scope.independent)
    try:
        true = resolver.resolve(slope)
        change = Mul((resolver.resolve(substitute(step, {slope: claimed})), true))
    except MeaningError:
        return None
    return None if resolver.links else scope.ranges.canonical(change)


def _rates(step: Expr, variable: Expr) -> set[str]:
    """Symbols that may be learning rates: factors of the step that stand in no argument and are not differentiated."""
    inside = {n.name for d in walk(step) if isinstance(d, Derivative) for n in walk(d) if isinstance(n, Sym)}
    greek = {"eta", "alpha", "gamma", "epsilon", "mu", "rho", "lr"}
    return {n.name for n in walk(step) if isinstance(n, Sym) and n != variable and n.name not in inside} & greek


def _change(scope: Scope, step: Expr, variable: Sym | Entry) -> Expr | None:
    """Δ·D, with D as it is written in the step, or as the definitions give it."""
    written = {n for n in walk(step) if isinstance(n, Derivative) and n.variable == variable}
    if len(written) == 1:
        slope = Sym("slope")
        return Mul((substitute(step, {written.pop(): slope}), slope))
    # what is differentiated but by nothing is differentiated itself stands at the end of the chain: the loss
    survey = scope.survey
    top = [d for d in scope.history if survey.numerators[d.name] and not survey.denominators[d.name]]
    losses = [d for d in scope.history if d.name == scope.loss] or top or _only_ends(scope)
    if written or len({d.name for d in losses}) != 1 or losses[-1].form == "family":
        return None
    last = losses[-1]
    loss = Sym(last.name) if last.form == "scalar" else Apply(last.name, tuple(map(Sym, last.params)))
    resolver = Resolver(scope.current(), scope.depends, scope.independent)
    try:
        slope_now = resolver.resolve(Derivative(loss, variable))
        return Mul((resolver.resolve(step), slope_now)) if not resolver.links else None
    except MeaningError:
        return None
