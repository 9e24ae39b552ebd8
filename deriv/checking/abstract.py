"""Statements of the chain rule alone: `dL/dw = dL/dl · dl/dw`, whatever the letters were defined as before."""

from __future__ import annotations

from collections.abc import Callable

from deriv.checking.paths import follow_paths
from deriv.equal.decide import decide
from deriv.equal.decision import Decision
from deriv.expr.domain import Domain
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Expr, Sym
from deriv.latex.nodes import Additive, Decorated, Deriv, Group, Name, Node, Product, Script
from deriv.meaning.names import canonical, label_text

Links = dict[str, tuple[Expr, Expr]]


def chain_rule(lhs: Node, rhs: Node) -> tuple[Decision, tuple[str, ...]] | None:
    """The proof of a claim that consists of derivatives between named quantities only, with its assumptions."""
    links: Links = {}
    left, right = _value(lhs, links), _value(rhs, links)
    if left is None or right is None or len(links) < 2:
        return None
    return follow_paths(((left, right),), links, lambda a, b: decide(a, b, Domain()))


def _value(node: Node, links: Links) -> Expr | None:
    while isinstance(node, Decorated) or (isinstance(node, Group) and node.open in "(["):
        node = node.body
    if isinstance(node, Additive):
        if any(sign != "+" for sign in node.signs):
            return None
        return _all(node.terms, links, add)
    if isinstance(node, Product):
        if any(op not in ("", "cdot", "times", "*") for op in node.ops):
            return None
        return _all(node.factors, links, mul)
    if isinstance(node, Deriv) and len(node.by) == 1 and node.by[0][1] == 1 and node.body is not None:
        return _link(node, links) if node.ratio else None
    return None


def _all(nodes: tuple[Node, ...], links: Links, combine: Callable[..., Expr]) -> Expr | None:
    values = [_value(node, links) for node in nodes]
    if any(value is None for value in values):
        return None
    return combine(*values)


def _link(node: Deriv, links: Links) -> Expr | None:
    ends = [_quantity(end) for end in (node.body, node.by[0][0])]
    if ends[0] is None or ends[1] is None:
        return None
    name = f"∂{ends[0]}/∂{ends[1]}"
    links[name] = (Sym(ends[0]), Sym(ends[1]))
    return Sym(name)


def _quantity(node: Node | None) -> str | None:
    """The spelling of a plain quantity; an argument list is only a reminder of what it depends on."""
    if isinstance(node, Product) and len(node.factors) == 2 and isinstance(node.factors[1], Group):
        node = node.factors[0]
    if isinstance(node, Name):
        return canonical(node)
    if isinstance(node, Script) and isinstance(node.base, Name) and not node.primes:
        marks = [label_text(mark) for mark in (node.sub, node.sup) if mark is not None]
        return "_".join([canonical(node.base), *marks])
    return None
