"""The factors of a product in the graph: which cancel, in which order they stand, how their indices are numbered."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import groupby, permutations, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deriv.engine.graph import Indices, Ref

_MOST_FACTORS = 6


def cancelled(factors: list[Ref]) -> list[Ref]:
    """Without the pairs of a length and its reciprocal: lengths are never zero."""
    for ref in factors:
        node = ref.node
        if node.op == "map" and node.data[1] == "pow" and node.args[0].op == "size":
            lengths = [other for other in factors if other.node is node.args[0]]
            if lengths and node.args[1].op == "const" and node.args[1].data == (Fraction(-1),):
                rest = list(factors)
                rest.remove(ref)
                rest.remove(lengths[0])
                return cancelled(rest)
    return factors


def orders(factors: list[Ref]) -> Iterable[list[Ref]]:
    """The orders of factors that differ only among uses of one node (few: otherwise as given)."""
    groups = [list(group) for _, group in groupby(factors, key=lambda r: r.node.number)]
    if all(len(g) == 1 for g in groups) or len(factors) > _MOST_FACTORS:
        return [factors]
    return [[ref for part in parts for ref in part] for parts in product(*map(permutations, groups))]


def numbered(factors: list[Ref], out: Indices) -> tuple[tuple[Indices, ...], Indices]:
    """Indices renumbered by first appearance, so that products that differ in names only are one node."""
    order: dict[int, int] = {}
    for ref in factors:
        for index in ref.indices:
            order.setdefault(index, len(order))
    return tuple(tuple(order[i] for i in r.indices) for r in factors), tuple(order[i] for i in out)
