"""The value of one formula in the reading that needs the least charity."""

from __future__ import annotations

from dataclasses import dataclass

from deriv.checking.shapes import Attempt, Kinds, attempt, fitting
from deriv.errors import MeaningError
from deriv.expr.tensor import Value
from deriv.latex.nodes import Node
from deriv.meaning.elaborate import Elaborator, Reading
from deriv.meaning.ranges import Ranges
from deriv.meaning.scope import Scope


@dataclass(frozen=True, slots=True)
class Valued:
    """One reading of a formula: its value, how much charity it needed, or what is wrong with it."""

    value: Value | None
    strains: int
    kinds: Kinds
    problem: str = ""
    stretched: frozenset[str] = frozenset()
    two_ways: bool = False


def best_value(scope: Scope, node: Node) -> Value | str:
    """The value of a formula, or why it has none; the scope remembers the shapes under which it fits."""
    first = _valued(scope, node, {}, scope.ranges)
    if first.value is not None and first.strains == 0:
        return _taken(scope, first)

    def try_with(kinds: Kinds) -> Attempt:
        elaborator = Elaborator(scope, Reading(kinds=kinds), scope.ranges.copy())
        return attempt(elaborator, lambda: elaborator.value(node))

    tried = [_valued(scope, node, kinds, scope.ranges.copy()) for kinds in fitting(scope, try_with)]
    good = [one for one in (first, *tried) if one.value is not None]
    if not good:
        return first.problem
    best = min(good, key=lambda one: one.strains)
    scope.learned.update(best.kinds)
    if best.kinds:  # once more, learning sizes for good
        best = _valued(scope, node, best.kinds, scope.ranges)
    return _taken(scope, best)


def _taken(scope: Scope, best: Valued) -> Value | str:
    """The value of the reading that is taken; the scope remembers what is open about it."""
    if best.value is None:
        return best.problem
    scope.stretched |= best.stretched - {name for name, _ in scope.survey.declared_rows} - scope.rows.keys()
    scope.two_ways = best.two_ways
    return best.value


def _valued(scope: Scope, node: Node, kinds: Kinds, ranges: Ranges) -> Valued:
    elaborator = Elaborator(scope, Reading(kinds=kinds), ranges)
    try:
        value = elaborator.value(node)
    except MeaningError as problem:
        return Valued(None, 0, kinds, str(problem))
    two_ways = any(isinstance(key, tuple) and key[0] == "slash" for key in elaborator.reading.met)
    charity = elaborator.strains + elaborator.doubts
    return Valued(value, charity, kinds, stretched=frozenset(elaborator.stretched), two_ways=two_ways)
