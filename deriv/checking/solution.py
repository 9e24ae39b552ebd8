"""`2(x - 1) + y = 0 ⟹ x = 1 - y/2`: a value that follows an equation with an arrow is put into it.

It is called wrong only where it holds the very letters of the equation: with others, more was used than is written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.checking import define as definitions
from deriv.checking.compare import decide_all
from deriv.checking.conditions import differentiates, under_a_condition
from deriv.checking.mentions import labels, names_in_definitions, names_of
from deriv.checking.results import Code, Counterexample, Diagnosis, Kind, Step, Verdict
from deriv.checking.verdicts import entries_by_place, from_outcome
from deriv.equal.decide import decide
from deriv.equal.decision import Different, Proved, Tested
from deriv.errors import MeaningError
from deriv.expr.domain import POSITIVE
from deriv.expr.functions import sqrt
from deriv.expr.nodes import Apply, Decimal, Expr, Sym, walk
from deriv.expr.substitute import substitute
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Name, Node, Script
from deriv.meaning.scope import Scope

if TYPE_CHECKING:
    from deriv.checking.judge import Outcome
    from deriv.checking.walk import Walk

Equation = tuple[Node, Node]
_MARKS = ("hat", "tilde", "_star", "_ast", "_MLE", "_ML", "_MAP", "_opt", "_max", "_min")


def solution(reader: Walk, equation: Equation, left: Node, right: Node, base: Step) -> Step | None:
    """The step `left = right` as a solution of the equation before it; None where it may be something else."""
    if isinstance(equation[0], Name | Script):
        return None  # x = 0 is no equation to solve
    value = reader.value(right)
    outcome = reader.judge.plainly(*equation) if isinstance(value, Tensor) and value.is_scalar else None
    if outcome is None or len(outcome.pairs) != 1 or outcome.interpretation is None or not isinstance(value, Tensor):
        return None
    known = frozenset(name for side in outcome.pairs[0] for name in labels(side))
    unknown, squared = _unknown(reader, left, known)
    if unknown is None:
        return None
    try:
        written = _unmarked(_beside(outcome, right), known)
        body = outcome.interpretation.resolver(reader.scope).resolve(written)
    except MeaningError:
        return None
    put: dict[Expr, Expr] = {unknown: sqrt(body) if squared else body}
    domain = (
        replace(outcome.domain, facts={**outcome.domain.facts, unknown.name: POSITIVE}) if squared else outcome.domain
    )
    canonical = outcome.meant.elaborator.ranges.canonical if outcome.meant is not None else _as_it_is
    pairs = tuple((substitute(canonical(a), put), substitute(canonical(b), put)) for a, b in outcome.pairs)
    decision = decide_all(pairs, lambda a, b: decide(a, b, domain, conditions=False))
    base = replace(base, kind=Kind.EQUALITY)
    if isinstance(decision, Proved | Tested):
        said = (*outcome.notes, "put into the equation before it, this solves it")
        return replace(from_outcome(base, replace(outcome, decision=decision)), notes=said)
    counted = under_a_condition(reader.scope, [replace(outcome, pairs=pairs, domain=domain, decision=decision)])
    if counted is not None:
        return from_outcome(base, counted)
    if isinstance(decision, Different) and body == written and _is_about_the_same(reader.scope, outcome, unknown, body):
        return _refuted(reader, equation, decision, base)
    return None


def _as_it_is(expr: Expr) -> Expr:
    return expr


def _beside(outcome: Outcome, right: Node) -> Expr:
    """The value of a solution, with sums without bounds over the same data as those of its equation."""
    assert outcome.meant is not None
    elaborator = outcome.meant.elaborator
    value = elaborator.value(right)
    if not isinstance(value, Tensor):
        raise MeaningError("a solution that is written out")
    elaborator.ranges.unify_letters(value.body, *(side for pair in outcome.pairs for side in pair))
    return elaborator.ranges.canonical(value.body)


def _unknown(reader: Walk, left: Node, known: frozenset[str]) -> tuple[Sym | None, bool]:
    """The letter of the equation that is solved for, and whether it stands squared."""
    square = definitions.squared_head(reader.scope, left)
    head = square or definitions.head_of(reader.scope, left)
    if head is None or head.params is not None or head.marks.subs or head.marks.sups:
        return None, False
    name = _stem(head.marks.name, known)
    return (Sym(name) if name in known else None), square is not None


def _stem(name: str, known: frozenset[str]) -> str:
    """`\\hat\\mu` and `x^*` solve equations for μ and x."""
    stems = (name.removesuffix(mark) for mark in _MARKS if name.endswith(mark) and name not in known)
    return next((stem for stem in stems if stem in known), name)


def _unmarked(body: Expr, known: frozenset[str]) -> Expr:
    """A solution with the letters of the equation for those that are marked in it."""
    marked = {node: _stem(node.name, known) for node in walk(body) if isinstance(node, Sym)}
    return substitute(body, {node: Sym(stem) for node, stem in marked.items() if stem != node.name})


def _is_about_the_same(scope: Scope, outcome: Outcome, unknown: Sym, body: Expr) -> bool:
    """Whether a solution holds just the letters of its equation, and all definitions in it are of this section."""
    if any(isinstance(node, Decimal) for node in walk(body)) or outcome.meant is None:
        return False  # rounded
    if any(isinstance(node, Apply) for part in (*outcome.pairs[0], body) for node in walk(part)):
        return False  # F^{-1} of a function that is not known
    names = {name for side in outcome.pairs[0] for name in labels(side)} - {unknown.name}
    plain = outcome.interpretation is not None and outcome.interpretation.is_plain
    if not plain or labels(body) != names or any(name.startswith("∂") for name in names):
        return False
    written = outcome.meant.aligned.pairs
    if not differentiates(written):
        return written == outcome.pairs  # no definition was put in
    used = names_in_definitions(scope, names_of(written))
    return all(definition.line >= scope.section for definition in scope.history if definition.name in used)


def _refuted(reader: Walk, equation: Equation, decision: Different, base: Step) -> Step:
    written = f"{reader.words(equation[0])} = 0"
    counterexample = Counterexample(entries_by_place(decision.point), decision.lhs, decision.rhs, decision.sizes)
    diagnosis = Diagnosis(Code.ALGEBRA, f"put in, this does not solve {written}")
    notes = ("the two values are those of the equation's sides with this put in",)
    base = replace(base, kind=Kind.DEFINITION)  # it also says what the letter is
    wrong = replace(base, verdict=Verdict.REFUTED, counterexample=counterexample, diagnosis=diagnosis, notes=notes)
    return replace(wrong, focus=base.span)
