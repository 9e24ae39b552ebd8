"""Statements of the chain rule alone: `dL/dw = dL/dl · dl/dw`, whatever the letters were defined as before."""

from __future__ import annotations

from collections.abc import Callable

from deriv.checking.compare import Pair, decide_all
from deriv.checking.paths import follow_paths
from deriv.equal.decide import decide
from deriv.equal.decision import Decision, Proved
from deriv.errors import MeaningError
from deriv.expr.domain import Domain
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Apply, Derivative, Entry, Expr, Sym, walk
from deriv.expr.substitute import rebuild, same_or
from deriv.latex.nodes import Additive, Decorated, Deriv, Group, Name, Node, Product, Script
from deriv.meaning.names import canonical, label_text
from deriv.meaning.resolve import Resolver

Links = dict[str, tuple[Expr, Expr]]


def chain_rule(lhs: Node, rhs: Node) -> tuple[Decision, tuple[str, ...]] | None:
    """The proof of a claim that consists of derivatives between named quantities only, with its assumptions."""
    links: Links = {}
    left, right = _value(lhs, links), _value(rhs, links)
    if left is None or right is None or len(links) < 2:
        return None
    return follow_paths(((left, right),), links, lambda a, b: decide(a, b, Domain()))


def for_any_functions(pairs: tuple[Pair, ...]) -> Decision | None:
    """The proof of a claim with every quantity that it differentiates taken as any function of the variable.

    The sum, product and chain rules hold whatever `f` and `g` were defined as above.
    """
    derivatives = [n for pair in pairs for side in pair for n in walk(side) if isinstance(n, Derivative)]
    variables = {node.variable for node in derivatives}
    variable = variables.pop() if len(variables) == 1 else None
    parts = {part for node in derivatives for part in walk(node.body)}
    if not isinstance(variable, Sym) or any(isinstance(part, Entry) for part in parts):
        return None  # entries of a matrix vary too, each in its own way
    varying = {part for part in parts if isinstance(part, Sym) and part != variable}

    def opened(node: Expr, children: tuple[Expr, ...]) -> Expr:
        if isinstance(node, Sym) and node in varying and "." not in node.name:
            return Apply(node.name, (variable,))
        return same_or(node, children)

    resolver = Resolver({}, depends=lambda _: False, independent=lambda _, __: True)
    try:
        resolved = [(resolver.resolve(rebuild(a, opened)), resolver.resolve(rebuild(b, opened))) for a, b in pairs]
    except MeaningError:
        return None
    decision = decide_all(resolved, lambda a, b: decide(a, b, Domain(), conditions=False))
    return decision if isinstance(decision, Proved) else None


def open_slope(pairs: tuple[Pair, ...]) -> str | None:
    """A function that is not defined and whose derivative is taken: which function it is may settle the claim."""
    sides = [
        {n.function for pair in pairs for n in walk(pair[k]) if isinstance(n, Apply) and any(n.orders)} for k in (0, 1)
    ]
    return min(sides[0] | sides[1], default=None)


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
