"""Steps that introduce a name but look like claims: `σ^2 = …`, `… = z`, `ŷ = a = g(z)`, `dL/dl = d(…)/dl`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.checking import define as definitions
from deriv.checking.results import Kind, Step
from deriv.equal.decision import Different
from deriv.expr.domain import NONNEGATIVE
from deriv.expr.functions import sqrt
from deriv.expr.nodes import Derivative
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Deriv, Node
from deriv.meaning.names import all_names
from deriv.meaning.scope import is_number

if TYPE_CHECKING:
    from deriv.checking.judge import Outcome
    from deriv.checking.walk import ChainState, Walk
    from deriv.expr.tensor import Value


def square(walk: Walk, left: Node, right: Node, base: Step) -> Step | None:
    """`σ^2 = …` says what σ is, up to its sign."""
    head = definitions.squared_head(walk.scope, left)
    value = walk.value(right) if head is not None else ""
    if head is None or isinstance(value, str) or is_number(value) or head.marks.name in all_names(right):
        return None
    if not isinstance(value, Tensor) or not value.is_scalar or walk.judge.judge(left, right).holds:
        return None
    walk.scope.facts.setdefault(head.marks.name, NONNEGATIVE)
    definitions.define(walk.scope, head, value.map(sqrt), walk.source.position(left.span.start)[0])
    return replace(base, kind=Kind.DEFINITION)


def by_derivative(walk: Walk, left: Node, right: Node, base: Step) -> Step | None:
    """`dL/dl = d(y - l)^2/dl` says what L is, when L was not known as something that depends on l."""
    if not (isinstance(left, Deriv) and isinstance(right, Deriv) and left.ratio and right.body and left.body):
        return None
    if [walk.words(by) for by, _ in left.by] != [walk.words(by) for by, _ in right.by]:
        return None
    head, value = definitions.head_of(walk.scope, left.body), walk.value(right.body)
    if head is None or isinstance(value, str) or walk.judge.judge(left, right).holds:
        return None
    if definitions.head_of(walk.scope, right.body) is not None:
        return None
    definitions.define(walk.scope, head, value, walk.source.position(left.span.start)[0])
    said = f"read as the definition {walk.words(left.body)} = {walk.words(right.body)}"
    return replace(base, kind=Kind.DEFINITION, notes=(said,))


def tells_what_it_is(walk: Walk, previous: Node, part: Node, base: Step) -> Step | None:
    """`\\hat y = a = g(z)` says what a is, of which nothing was said before."""
    head = definitions.head_of(walk.scope, previous)
    value = walk.value(part)
    if head is None or isinstance(value, str) or is_number(value) or definitions.known(walk.scope, head):
        return None
    if head.marks.name in all_names(part):
        return None
    definitions.define(walk.scope, head, value, walk.source.position(part.span.start)[0])
    return replace(base, kind=Kind.DEFINITION)


def names_value(walk: Walk, previous: Node, part: Node, base: Step) -> Step | None:
    """`f(g(x)) = z` with a new symbol at the end gives the value its name."""
    head = definitions.head_of(walk.scope, part)
    if head is None or head.params is not None or definitions.known(walk.scope, head):
        return None
    name, value = head.marks.name, walk.value(previous)
    if isinstance(value, str) or walk.guard.grounded(name) or name in all_names(previous):
        return None
    definitions.define(walk.scope, head, value, walk.source.position(part.span.start)[0])
    return replace(base, kind=Kind.DEFINITION, notes=(f"{name} is a name for the value on the left",))


def equal_form(walk: Walk, head: definitions.Head, value: Value, line: int) -> None:
    """Keep another form of a definition, for derivatives by what only it holds."""
    history = walk.scope.history
    kept, old = len(history), walk.scope.lookup(head.marks.name)
    definitions.define(walk.scope, head, value, line)
    added = history[kept:]
    del history[kept:]
    walk.scope.forms.extend((old, new) for new in added if old is not None and old.key == new.key)


def other_form(walk: Walk, chain: ChainState, part: Node, *, equal: bool = False) -> None:
    """A later form of a definition (`L = A = B`): one that could not be compared may be the one that is used."""
    head, value = definitions.head_of(walk.scope, chain.parts[0]), walk.value(part)
    if head is None or isinstance(value, str) or is_number(value) or not definitions.known(walk.scope, head):
        return
    line = walk.source.position(part.span.start)[0]
    if equal:
        equal_form(walk, head, value, line)
        return
    kept = walk.scope.history[:]
    definitions.define(walk.scope, head, value, line)
    added = walk.scope.history[len(kept) :]
    walk.scope.history[:] = [*added, *kept]


def is_slip(walk: Walk, head: definitions.Head, outcome: Outcome, left: Node, right: Node) -> bool:
    """`δ = W δ'` where δ is ∂L/∂z is no new definition when a known mistake explains it."""
    old = walk.scope.lookup(head.marks.name)
    named = old is not None and isinstance(old.body, Tensor) and isinstance(old.body.body, Derivative)
    if not named or not isinstance(outcome.decision, Different) or walk.diagnose is None:
        return False
    if walk.guard.objection(outcome, outcome, first=True, lhs=left, rhs=right) is not None:
        return False
    return walk.diagnose(outcome, left, right, True) is not None  # noqa: FBT003
