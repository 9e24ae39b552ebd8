"""Algebra of index sums: contracting Kronecker deltas, moving factors out of a sum, summing constants."""

from __future__ import annotations

from collections.abc import Iterator

from deriv.expr import nodes as n
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Expr
from deriv.expr.substitute import free_symbols, post_order, substitute


def contract(node: Expr) -> Expr:
    """A sum against a Kronecker delta picks one term; equal indices give 1, different numbers 0."""
    if isinstance(node, n.Delta):
        left, right = node.children
        if left == right:
            return n.ONE
        return n.ZERO if isinstance(left, n.Num) and isinstance(right, n.Num) else node
    if not isinstance(node, n.Sum):
        return node
    terms = list(_delta_terms(node.body, node.index))
    if len(terms) == 1 and _find_delta(terms[0], node.index) is None:
        return node
    if not any(_find_delta(term, node.index) for term in terms):
        return node
    rest = [term for term in terms if _find_delta(term, node.index) is None]
    picked = [_pick(term, node.index) for term in terms if _find_delta(term, node.index) is not None]
    kept = [n.Sum(node.index, node.lo, node.hi, add(*rest))] if rest else []
    return add(*picked, *kept)


def _delta_terms(body: Expr, index: str) -> Iterator[Expr]:
    """The terms of a body, multiplied out as far as a delta with this index is inside a bracket."""
    if isinstance(body, n.Add):
        for term in body.children:
            yield from _delta_terms(term, index)
        return
    if isinstance(body, n.Mul):
        for k, factor in enumerate(body.children):
            if isinstance(factor, n.Add) and _has_delta(factor, index):
                for term in factor.children:
                    yield from _delta_terms(mul(*body.children[:k], term, *body.children[k + 1 :]), index)
                return
    yield body


def _has_delta(expr: Expr, index: str) -> bool:
    return any(isinstance(node, n.Delta) and n.Sym(index) in node.children for node in post_order(expr))


def _find_delta(term: Expr, index: str) -> Expr | None:
    """A delta of the bound index that is a factor of the term."""
    for factor in term.children if isinstance(term, n.Mul) else (term,):
        if isinstance(factor, n.Delta) and n.Sym(index) in factor.children and _other(factor, index) is not None:
            return factor
    return None


def _other(delta: Expr, index: str) -> Expr | None:
    """What the bound index is equal to; None where the index itself is part of it."""
    left, right = delta.children
    other = right if left == n.Sym(index) else left
    return None if index in free_symbols(other) else other


def _pick(term: Expr, index: str) -> Expr:
    delta = _find_delta(term, index)
    assert delta is not None
    other = _other(delta, index)
    assert other is not None
    parts = list(term.children) if isinstance(term, n.Mul) else [term]
    parts.remove(delta)
    return substitute(mul(*parts), {n.Sym(index): other})


def take_out(node: Expr) -> Expr:
    """Factors without the index stand in front of the sum (a number in front of a derivative stays with it)."""
    if not isinstance(node, n.Sum):
        return node
    body = node.body
    if not isinstance(body, n.Mul):
        return node
    outside = [part for part in body.children if node.index not in free_symbols(part)]
    inside = [part for part in body.children if node.index in free_symbols(part)]
    if not outside or not inside:
        return node
    return mul(*outside, n.Sum(node.index, node.lo, node.hi, mul(*inside)))


def sum_constant(node: Expr) -> Expr:
    """Adding the same value once per index."""
    if isinstance(node, n.Sum) and node.index not in free_symbols(node.body):
        count = node.hi if node.lo == n.ONE else add(node.hi, mul(n.MINUS_ONE, node.lo), n.ONE)
        return mul(count, node.body)
    return node
