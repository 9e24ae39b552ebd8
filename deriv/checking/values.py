"""The value of one formula in the reading that needs the least charity."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from deriv.errors import MeaningError
from deriv.expr.tensor import Value
from deriv.latex.nodes import Node
from deriv.meaning.elaborate import Elaborator, Reading
from deriv.meaning.scope import Scope


@dataclass(frozen=True, slots=True)
class Valued:
    """One reading of a formula: its value, how much charity it needed, and what else could be tried."""

    value: Value | None
    strains: int
    answers: dict[Hashable, int]
    flips: tuple[Hashable, ...]
    problem: str


def _flips(reading: Reading) -> list[Hashable]:
    return [key for key in reading.met if isinstance(key, tuple) and key[0] == "vector"]


def best_value(scope: Scope, node: Node) -> Value | str:
    """The value of a formula, or why it has none; the scope remembers which letters had to be scalars."""
    first = _valued(scope, node, {})
    if first.value is not None and first.strains == 0:
        return first.value
    tried = [_valued(scope, node, {key: 1}) for key in first.flips]
    good = [one for one in (first, *tried) if one.value is not None]
    if not good:
        return first.problem
    best = min(good, key=lambda one: one.strains)
    for key in best.answers:
        if isinstance(key, tuple) and key[0] == "vector":
            scope.scalars.symmetric_difference_update({key[1]})
    assert best.value is not None
    return best.value


def _valued(scope: Scope, node: Node, answers: dict[Hashable, int]) -> Valued:
    reading = Reading(dict(answers))
    ranges = scope.ranges if not answers else scope.ranges.copy()
    elaborator = Elaborator(scope, reading, ranges)
    try:
        value = elaborator.value(node)
    except MeaningError as problem:
        return Valued(None, 0, answers, tuple(_flips(reading)), str(problem))
    return Valued(value, elaborator.strains, answers, tuple(_flips(reading)), "")
