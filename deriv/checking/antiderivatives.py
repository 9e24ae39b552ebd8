"""Integrals without bounds: two sides are equal when they have the same derivative, up to a constant of integration.

Source: the fundamental theorem of calculus.  On an interval, functions with the same derivative differ by a constant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.checking.compare import decide_all
from deriv.equal.decide import decide
from deriv.equal.decision import Decision, Different, Undecided
from deriv.errors import MeaningError
from deriv.expr.calculus import differentiate
from deriv.expr.nodes import Antiderivative, Apply, Entry, Expr, Num, Sym, walk
from deriv.expr.substitute import rebuild, same_or

if TYPE_CHECKING:
    from deriv.checking.judge import Outcome
    from deriv.meaning.resolve import Resolver

Pair = tuple[Expr, Expr]
_ALONG = Sym("_along")
NOTE = "both sides are compared by their derivatives: they may differ by a constant"


def has_antiderivative(pairs: tuple[Pair, ...]) -> bool:
    """Whether an integral without bounds stands in a claim."""
    return any(isinstance(node, Antiderivative) for pair in pairs for side in pair for node in walk(side))


def slopes_of(pairs: tuple[Pair, ...]) -> tuple[tuple[Pair, ...], Sym]:
    """The derivatives of both sides by the variable of the integrals, along any curve if there are several; by what.

    Raises MeaningError where an integral is left over (`x ∫ f dx` on one side) or the claim is about vectors.
    """
    variables = _variables(pairs)
    if len(pairs) != 1:
        raise MeaningError("integrals of vectors without bounds are not judged")
    sides = pairs[0]
    variable = next(iter(variables)) if len(variables) == 1 else None
    if not isinstance(variable, Sym):
        names = {node.name for node in variables if isinstance(node, Sym)}
        sides, variable = (_along(sides[0], names), _along(sides[1], names)), _ALONG
    return ((differentiate(sides[0], variable), differentiate(sides[1], variable)),), variable


def _along(side: Expr, names: set[str]) -> Expr:
    """Every variable of integration as a function of one parameter: ∫ u dv = uv - ∫ v du along any curve."""

    def opened(node: Expr, children: tuple[Expr, ...]) -> Expr:
        if isinstance(node, Sym) and node.name in names:
            return Apply(node.name, (_ALONG,))
        return same_or(node, children)

    return rebuild(side, opened)


def certain(decision: Decision, written: tuple[Pair, ...], *, changes_variable: bool) -> Decision:
    """A difference counts where both sides are plainly functions of one variable, with the same other symbols.

    `∫ dy/y = kx + C` ties y to x, it is no identity; and a substitution may hold on a part of the line only.
    """
    if not isinstance(decision, Different):
        return decision
    if changes_variable:
        return Undecided("the substitution may hold on a part of the line only")
    variables = _variables(written)
    if len(variables) != 1 or not all(isinstance(variable, Sym) for variable in variables):
        return Undecided("the integrals are taken over several variables")
    left, right = (_quantities(((side, side),)) for side in written[0])
    if not variables <= left & right:
        names = sorted(node.name for node in variables if isinstance(node, Sym))
        return Undecided(f"only one side depends on {', '.join(names)}")
    functions = any(isinstance(node, Apply) or _is_family(node) for side in written[0] for node in walk(side))
    if functions or (left - right) or len(right - left) > 1:
        return Undecided("what the other symbols stand for is not stated")
    return decision


def _variables(pairs: tuple[Pair, ...]) -> set[Expr]:
    """What the integrals of a claim are taken over."""
    return {node.variable for pair in pairs for side in pair for node in walk(side) if isinstance(node, Antiderivative)}


def _is_family(node: Expr) -> bool:
    """Whether a node is an entry by a letter; v_0 is a constant as others are."""
    return isinstance(node, Entry) and not all(isinstance(index, Num) for index in node.indices)


def _quantities(pairs: tuple[Pair, ...]) -> set[Sym | Entry]:
    """The symbols and numbered entries of a claim."""
    found = {node for pair in pairs for side in pair for node in walk(side) if isinstance(node, Sym | Entry)}
    return {node for node in found if "." not in node.name}


def integrated(outcome: Outcome, resolver: Resolver) -> Outcome:
    """A claim with integrals without bounds, by the derivatives of its sides."""
    try:
        pairs, variable = slopes_of(outcome.pairs)
    except MeaningError as problem:
        return replace(outcome, decision=Undecided(str(problem)))
    letters = {node for node in _quantities(outcome.pairs) - _variables(outcome.pairs) if isinstance(node, Sym)}
    varying = sorted(letter.name for letter in letters if resolver.depends(letter.name))
    if varying:
        return replace(outcome, decision=Undecided(f"how {varying[0]} depends on {variable.name} is not stated"))
    decision = decide_all(pairs, lambda a, b: decide(a, b, outcome.domain, conditions=False))
    decision = certain(decision, outcome.pairs, changes_variable=resolver.changes_variable)
    return replace(outcome, decision=decision, pairs=pairs, notes=(*outcome.notes, NOTE), slope_by=variable)
