"""Points of a rule's domain: values for its names and families, the same ones in every run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import mpmath

from deriv.expr import nodes as n
from deriv.rulebook.model import Requirements, Rule
from tests.rulebook.numeric import COMPARE, Point, value

SIZES = {"n": 3, "p": 2, "m": 2}


def indices(expr: n.Expr) -> set[str]:
    """Free names that stand as an index somewhere."""
    found = set()
    for node in n.walk(expr):
        if isinstance(node, n.Entry | n.Delta):
            parts = node.children
            found |= {part.name for part in parts if isinstance(part, n.Sym) and "." not in part.name}
    return found


def sizes(expr: n.Expr) -> set[str]:
    """Names that are the upper end of a sum."""
    return {node.hi.name for node in n.walk(expr) if isinstance(node, n.Sum | n.Product) and isinstance(node.hi, n.Sym)}


def points(rule: Rule, *exprs: n.Expr, count: int = 5) -> Iterator[Point]:
    """Points at which the requirements of the rule hold."""
    rng = random.Random(rule.id)
    everything = n.Add(tuple(exprs))
    names = {node.name for node in n.walk(everything) if isinstance(node, n.Sym) and "." not in node.name}
    families = {node.name for node in n.walk(everything) if isinstance(node, n.Entry)}
    numbers, whole, tops = names - indices(everything) - sizes(everything), indices(everything), sizes(everything)
    found = 0
    for _ in range(4000):
        values: dict[str, Any] = {name: _number(rng) for name in sorted(numbers)}
        values |= {name: mpmath.mpf(rng.randint(1, 2)) for name in sorted(whole)}
        values |= {name: mpmath.mpf(SIZES.get(name, 3)) for name in sorted(tops)}
        at = Point(values, {name: _family(rng, rule.requires, name) for name in sorted(families)})
        if holds(rule.requires, at):
            found += 1
            yield at
        if found == count:
            return
    raise AssertionError(f"{rule.id}: no points of the domain were found")


def _number(rng: random.Random) -> Any:
    return mpmath.mpf(rng.choice([rng.uniform(-2, 2), rng.uniform(0, 1), rng.uniform(0.5, 3)]))


def _family(rng: random.Random, requires: Requirements, name: str) -> Callable[[tuple[int, ...]], Any]:
    positive = any(
        isinstance(c.lhs, n.Entry) and c.lhs.name == name and c.comparison == ">" for c in requires.conditions
    )
    seed = rng.random()

    def entry(index: tuple[int, ...]) -> Any:
        drawn = random.Random(f"{seed}{name}{index}").uniform(0.2, 1.5)
        flip = random.Random(f"{seed}{index}{name}").random() < 0.5
        return mpmath.mpf(drawn if positive or not flip else -drawn)

    if any(isinstance(c.lhs, n.Sum) and c.comparison == "==" for c in requires.conditions) and name == "y":
        return lambda _: mpmath.mpf(1) / SIZES["n"]
    return entry


def holds(requires: Requirements, at: Point) -> bool:
    """Whether the point satisfies the requirements (those on families are built into the points)."""
    for condition in requires.conditions:
        if isinstance(condition.lhs, n.Entry) or condition.comparison == "int":
            continue
        try:
            if not COMPARE[condition.comparison](value(condition.lhs, at), value(condition.rhs, at)):
                return False
        except (KeyError, ZeroDivisionError):
            return False
    return True
