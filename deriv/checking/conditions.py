"""Conditions that authors leave unsaid: i ≠ j, x > 0, Σ y = 1, a sum of as many terms as are written, symmetry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.checking.compare import decide_all
from deriv.equal.decide import decide
from deriv.equal.decision import Conditional, Proved, Tested
from deriv.expr.domain import Domain
from deriv.expr.nodes import Delta, Entry, Expr, Num, Sum, Sym, walk
from deriv.expr.substitute import free_symbols, substitute
from deriv.meaning.elaborate import Elaborator
from deriv.meaning.scope import Scope

if TYPE_CHECKING:
    from deriv.checking.judge import Meant, Outcome

_MAX_CONDITIONAL = 4


def under_a_condition(scope: Scope, differences: list[Outcome]) -> Outcome | None:
    """A difference that vanishes under a natural condition (i ≠ j, x > 0, Σ_k y_k = 1) is no mistake.

    That two indices are the same is not natural: it counts only when the text speaks of that case.
    """
    for outcome in differences[:_MAX_CONDITIONAL]:
        domain = outcome.domain
        decision = decide_all(outcome.pairs, lambda a, b, domain=domain: decide(a, b, domain))  # type: ignore[misc]
        if not isinstance(decision, Conditional):
            decision = at_some_size(outcome.pairs, domain) or if_symmetric(scope, outcome) or decision
        if isinstance(decision, Conditional) and not _unsaid_coincidence(scope, outcome.pairs, decision.assumption):
            return replace(outcome, decision=decision)
    return None


def if_symmetric(scope: Scope, outcome: Outcome) -> Conditional | None:
    """Equal if a matrix is symmetric of which the document says nothing: neither its sizes nor its transpose.

    A text that lets A be any n by n matrix speaks of those that are not symmetric too.
    """
    pairs, domain = outcome.pairs, outcome.domain
    names = {n.name for pair in pairs for side in pair for n in walk(side) if isinstance(n, Entry) and _is_matrix(n)}
    declared = {name for name, _ in scope.survey.declared_rank}
    told = domain.symmetric | scope.grids.keys() | declared | scope.not_symmetric
    silent = [name for name in names - told if not scope.survey.transposed[name] and not name.startswith("d ")]
    for name in sorted(silent)[:_MAX_CONDITIONAL]:
        if outcome.meant is None or not _is_square(scope, name, outcome.meant):
            continue
        wider = replace(domain, symmetric=domain.symmetric | {name, f"d {name}"})
        decision = decide_all(pairs, lambda a, b, domain=wider: decide(a, b, domain, conditions=False))  # type: ignore[misc]
        if isinstance(decision, Proved | Tested):
            return Conditional(f"{name} is symmetric", decision)
    return None


def _is_square(scope: Scope, name: str, meant: Meant) -> bool:
    """Whether the two indices of a matrix run over one range, as the document and the left side have it."""
    elaborator = Elaborator(scope, meant.elaborator.reading, scope.ranges.copy(), varying=meant.elaborator.varying)
    elaborator.value(meant.lhs_node)
    return elaborator.ranges.joined((name, 0, 0), (name, 0, 1))


def _is_matrix(node: Entry) -> bool:
    return len(node.indices) - node.sups == 2


def _is_letter(text: str) -> bool:
    return len(text) == 1 and text.isalpha()


def at_some_size(pairs: tuple[tuple[Expr, Expr], ...], domain: Domain) -> Conditional | None:
    """A written-out example beside a general sum: equal when the sum has as many terms as the example."""
    if len(pairs) != 1:
        return None
    left, right = (_sizes(side) for side in pairs[0])
    if not any(_is_example(side) for side in pairs[0]):
        return None
    for size in sorted(left ^ right):
        for count in (2, 3, 4):
            one, two = (substitute(side, {Sym(size): Num(count)}) for side in pairs[0])
            decision = decide(one, two, domain, conditions=False)
            if isinstance(decision, Proved | Tested):
                return Conditional(f"{size} = {count}", decision)
    return None


def _is_example(side: Expr) -> bool:
    """Whether a side is written out with numbered entries and no sum: `θ_0 + θ_1 x_1 + θ_2 x_2`."""
    numbered = any(isinstance(n, Entry) and any(isinstance(i, Num) for i in n.indices) for n in walk(side))
    return numbered and not _sizes(side)


def _sizes(expr: Expr) -> set[str]:
    return {n.hi.name for n in walk(expr) if isinstance(n, Sum) and isinstance(n.hi, Sym)}


def _unsaid_coincidence(scope: Scope, pairs: tuple[tuple[Expr, Expr], ...], assumption: str) -> bool:
    """Whether a condition is that two indices are the same, and nothing says that this case is meant.

    The text must speak of it, the left side must hold both, and no Kronecker delta may tell the cases apart.
    """
    if "." in assumption:
        return True  # an index of a vector or matrix entry: the claim is about all entries
    for condition in assumption.split(", "):
        left, equals, right = condition.partition(" = ")
        if not (equals and _is_letter(left) and _is_letter(right)):
            continue
        both = {left, right}
        held = all(both <= free_symbols(one) for one, _ in pairs)
        told = any(isinstance(n, Delta) and both == free_symbols(n) for _, two in pairs for n in walk(two))
        if frozenset(both) not in scope.coincidences or not held or told:
            return True
    return False
