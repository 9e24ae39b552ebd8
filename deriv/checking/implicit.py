"""Rates of quantities that equations tie together: `x^2 + y^2 = 25` tells dy/dx, and with dx/dt it tells dy/dt.

Source: implicit differentiation.  Along any curve on which F = G holds, dF = dG.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.checking.compare import decide_all
from deriv.equal.decide import decide
from deriv.equal.decision import Different, Proved
from deriv.errors import MeaningError
from deriv.expr.calculus import differentiate
from deriv.expr.functions import add, mul, sub
from deriv.expr.nodes import ZERO, Derivative, Entry, Expr, Sym, walk
from deriv.expr.substitute import free_symbols
from deriv.expr.tensor import Tensor
from deriv.meaning.scope import Scope

if TYPE_CHECKING:
    from deriv.checking.judge import Outcome
    from deriv.meaning.resolve import Resolver

Equation = tuple[Expr, Expr]
Links = Mapping[str, tuple[Expr, Expr]]


def rates(scope: Scope, links: Links) -> list[tuple[Equation, ...]]:
    """Equations that hold for the rates in a claim, one list for each way to choose them from what is stated.

    Each holds a stated equation, its derivative by each variable that rates are taken by, and rates given as numbers.
    Equations that are stated at different places of a document need not hold together.
    """
    given = [(lhs, rhs) for lhs, rhs, _, _ in scope.stated if isinstance(lhs, Sym) and lhs.name in links]
    ways: list[tuple[Equation, ...]] = []
    for pair in dict.fromkeys(_equations(scope)):
        slopes = [slope for name in _variables(links) if (slope := _slope(pair, links, name)) is not None]
        if slopes:
            ways.append((*given, pair, *((slope, ZERO) for slope in slopes)))
    return ways or ([tuple(given)] if given else [])


def _variables(links: Links) -> list[str]:
    return sorted({variable.name for _, variable in links.values() if isinstance(variable, Sym)})


def _slope(pair: Equation, links: Links, name: str) -> Expr | None:
    """The derivative of an equation by a variable, if it ties rates by it."""
    of = {link: leaf for link, (leaf, variable) in links.items() if variable == Sym(name)}
    varying = {leaf.name: Sym(link) for link, leaf in of.items() if isinstance(leaf, Sym)}
    if not _ties(*pair, varying, name):
        return None
    slope = _along(sub(*pair), varying, name)
    return None if slope == ZERO else slope


def _equations(scope: Scope) -> list[Equation]:
    """What is stated, and `x^2 + y^2 = c`, which gives a constant its name."""
    named = [(d.body.body, Sym(d.name)) for d in scope.history if d.named and isinstance(d.body, Tensor)]
    return [*named, *((lhs, rhs) for lhs, rhs, _, _ in scope.stated)]


def _ties(lhs: Expr, rhs: Expr, varying: Mapping[str, Sym], name: str) -> bool:
    """Whether an equation without derivatives ties a quantity whose rate is asked for to the variable or another."""
    symbols = free_symbols(lhs) | free_symbols(rhs)
    parts = [node for side in (lhs, rhs) for node in walk(side)]
    if any(isinstance(node, Derivative | Entry) for node in parts) or any("∂" in symbol for symbol in symbols):
        return False
    return bool(symbols & varying.keys()) and (len(symbols & varying.keys()) > 1 or name in symbols)


def _along(gap: Expr, varying: Mapping[str, Sym], name: str) -> Expr | None:
    """The derivative of a difference by a variable, with the rates of what varies with it."""
    try:
        terms = [differentiate(gap, Sym(name)) if name in free_symbols(gap) else ZERO]
        terms += [
            mul(differentiate(gap, Sym(leaf)), rate) for leaf, rate in varying.items() if leaf in free_symbols(gap)
        ]
    except MeaningError:
        return None
    return add(*terms)


def implied_by_rates(scope: Scope, outcome: Outcome, resolver: Resolver) -> Outcome | None:
    """A claim about rates of quantities that a stated equation ties together; wrong only if there is one such.

    What another section states need not hold here.
    """
    ways = rates(scope, resolver.links)
    for way in ways:
        along = replace(outcome.domain, equations=(*outcome.domain.equations, *way))
        decision = decide_all(outcome.pairs, lambda a, b, domain=along: decide(a, b, domain, conditions=False))  # type: ignore[misc]
        here = len(ways) == 1 and all(line >= scope.section for _, _, _, line in scope.stated)
        if isinstance(decision, Proved) or (here and isinstance(decision, Different)):
            return replace(outcome, decision=decision, domain=along)
    return None
