"""Algebra before code: squares of residuals that are linear in the parameters become quadratic forms.

The sum over the samples of (X w + b - y)^2 is w' (X'X) w - 2 w' (X'y) + …: what is summed over samples does not
depend on the parameters and is worked out once.  Only a symbolic tool can see this.  The value of the loss then
comes from a difference of large terms: near a perfect fit its relative accuracy is that of y'y, not of the residual.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from deriv.codegen.stable import rebuild
from deriv.engine.graph import (
    Graph,
    Node,
    Ref,
    axes_of,
    coefficients,
    depends_on,
    einsum_out,
    reachable,
    refs,
)

Term = tuple[Fraction, tuple[Ref, ...]]


def expand_squares(graph: Graph, root: Node, params: Sequence[Node]) -> Node:
    """The same value with every square of a linear residual, summed over data, multiplied out."""
    moving = depends_on([root], params)
    made: dict[Node, Node] = {}
    for node in reachable([root]):
        new = rebuild(graph, node, [made[a] for a in node.args])
        expanded = _expanded(graph, node, moving) if new is node and node.op == "einsum" else None
        made[node] = expanded or _distributed(graph, new, moving) or new
    return made[root]


def _distributed(graph: Graph, node: Node, moving: set[Node]) -> Node | None:
    """A data scalar times what was multiplied out: each term takes it, so that it is worked out beforehand."""
    operands = refs(node) if node.op == "einsum" and not node.shape else ()
    sums = [r for r in operands if r.node.op == "add" and not r.node.shape and r.node not in graph.names]
    rest = [r for r in operands if r not in sums]
    if len(sums) != 1 or any(r.node in moving or r.node.shape for r in rest):
        return None
    terms = zip(coefficients(sums[0].node), refs(sums[0].node), strict=True)
    return graph.add([(c, Ref(_times(graph, rest, r))) for c, r in terms], ())


def _times(graph: Graph, scalars: Sequence[Ref], term: Ref) -> Node:
    """A product that takes scalars into the sum that it multiplies a parameter with."""
    factors = _factors(term, 1)
    for factor in factors:
        inner = factor.node
        if inner.op == "add" and inner.shape and inner not in graph.names and len(factors) == 2:
            parts = zip(coefficients(inner), refs(inner), strict=True)
            scaled = graph.add([(c, Ref(_scaled(graph, scalars, r), r.indices)) for c, r in parts], inner.shape)
            rest = [f for f in factors if f is not factor]
            return graph.einsum([*rest, Ref(scaled, factor.indices)], ())
    return graph.einsum([*scalars, *factors], ())


def _scaled(graph: Graph, scalars: Sequence[Ref], ref: Ref) -> Node:
    """An array times scalars, axes as they are."""
    rank = len(ref.node.shape)
    own = Ref(ref.node, tuple(range(rank)))
    return graph.einsum([*scalars, *_factors(own, rank + 1)], tuple(range(rank)))


def _expanded(graph: Graph, node: Node, moving: set[Node]) -> Node | None:
    """sum_i r_i r_i c with r linear in the parameters and i an axis of data only."""
    operands = refs(node)
    squared = [r for r in operands if operands.count(r) == 2]
    if node.shape or len(squared) != 2 or squared[0].node not in moving:
        return None
    residual = squared[0]
    others = [r for r in operands if r != residual]
    if any(r.node in moving for r in others):
        return None
    terms = _linear(graph, residual.node, moving)
    if terms is None or len(residual.indices) > 2:
        return None
    return _multiplied(graph, residual, others, terms, moving)


def _linear(graph: Graph, node: Node, moving: set[Node]) -> list[Term] | None:
    """The terms of a node that is linear in the inputs that move; indices of its own axes come first."""
    parts = _spread(Fraction(1), Ref(node, axes_of(node.shape)))
    terms: list[Term] = []
    for coefficient, ref in parts:
        factors = _factors(ref, len(node.shape) + 1)
        held = [f for f in factors if f.node in moving]
        if len(held) > 1 or any(f.node.op != "input" for f in held):
            return None
        terms.append((coefficient, factors))
    sample_axes = {i for _, factors in terms for f in factors if f.node in moving for i in f.indices}
    summed = set(axes_of(node.shape)) - sample_axes
    return terms if summed else None


def _spread(coefficient: Fraction, ref: Ref) -> list[tuple[Fraction, Ref]]:
    """The terms of nested linear combinations."""
    if ref.node.op != "add":
        return [(coefficient, ref)]
    found: list[tuple[Fraction, Ref]] = []
    for factor, part in zip(coefficients(ref.node), refs(ref.node), strict=True):
        found += _spread(coefficient * factor, Ref(part.node, tuple(ref.indices[i] for i in part.indices)))
    return found


def _factors(ref: Ref, fresh: int) -> tuple[Ref, ...]:
    """The factors of a product, with the indices of its use; inner indices are renamed from `fresh` on."""
    node = ref.node
    if node.op != "einsum":
        return (ref,)
    rename = dict(zip(einsum_out(node), ref.indices, strict=True))
    for part in refs(node):
        for index in part.indices:
            rename.setdefault(index, fresh + len(rename))
    return tuple(Ref(p.node, tuple(rename[i] for i in p.indices)) for p in refs(node))


def _multiplied(graph: Graph, residual: Ref, others: Sequence[Ref], terms: Sequence[Term], moving: set[Node]) -> Node:
    """All pairs of terms, each summed over the samples at once.

    What a parameter with axes is multiplied with is collected: w'Gw + 2b w'm - 2 w'c is w'(Gw + 2b m - 2c), and the
    same vector serves the gradient.
    """
    rank = len(residual.indices)
    own = {i: k for k, i in enumerate(residual.indices)}
    outer = [Ref(r.node, tuple(own.get(i, 200 + i) for i in r.indices)) for r in others]
    stretched = [Ref(graph.ones(d), (k,)) for k, d in enumerate(residual.node.shape)]
    parts: list[tuple[Fraction, Ref]] = []
    collected: dict[Ref, list[tuple[Fraction, Ref]]] = {}
    for a, (c, first) in enumerate(terms):
        for b, (f, second) in enumerate(terms):
            if b < a:
                continue
            # the indices of the second factor are its own, except those of the residual
            moved = [Ref(r.node, tuple(i if i < rank else i + 100 for i in r.indices)) for r in second]
            product = [*outer, *first, *moved, *stretched]
            coefficient = c * f * (1 if a == b else 2)
            held = next((r for r in (*first, *moved) if r.node in moving and r.node.shape), None)
            if held is None:
                parts.append((coefficient, Ref(graph.einsum(product, ()))))
                continue
            product.remove(held)
            vector = graph.einsum([*product, *_needed_ones(graph, held, product)], held.indices)
            collected.setdefault(Ref(held.node), []).append((coefficient, Ref(vector, axes_of(vector.shape))))
    for param, vectors in collected.items():
        axes = axes_of(param.node.shape)
        total = graph.add(vectors, param.node.shape)
        parts.append((Fraction(1), Ref(graph.einsum([Ref(param.node, axes), Ref(total, axes)], ()))))
    return graph.add(parts, ())


def _needed_ones(graph: Graph, held: Ref, product: Sequence[Ref]) -> list[Ref]:
    """Axes of a parameter along which nothing else runs."""
    there = {i for r in product for i in r.indices}
    return [Ref(graph.ones(d), (i,)) for i, d in zip(held.indices, held.node.shape, strict=True) if i not in there]
