"""What a claim speaks of: its names, what it differentiates and by what, and what its definitions bring in."""

from __future__ import annotations

from deriv.expr.nodes import Apply, Derivative, Entry, Expr, Sym, walk
from deriv.expr.tensor import Tensor
from deriv.meaning.quantities import quantities
from deriv.meaning.scope import Scope


def names_of(pairs: tuple[tuple[Expr, Expr], ...]) -> frozenset[str]:
    """Every name in a claim."""
    found: set[str] = set()
    for pair in pairs:
        for side in pair:
            for node in walk(side):
                if isinstance(node, Sym | Entry):
                    found.add(node.name)
                elif isinstance(node, Apply):
                    found.add(node.function)
    return frozenset(found)


def losses_of(pairs: tuple[tuple[Expr, Expr], ...]) -> frozenset[str]:
    """What both sides of a claim differentiate: the chain rule may be all that it says of it."""
    sides = (
        {
            part.body.name
            for pair in pairs
            for part in walk(pair[k])
            if isinstance(part, Derivative) and isinstance(part.body, Sym | Entry)
        }
        for k in (0, 1)
    )
    return frozenset(set.intersection(*sides))


def variables_of(pairs: tuple[tuple[Expr, Expr], ...]) -> frozenset[str]:
    """Names by which a claim differentiates; the x of `f'(x)` too."""
    found: set[str] = set()
    for node in (part for pair in pairs for side in pair for part in walk(side)):
        if isinstance(node, Derivative) and isinstance(node.variable, Sym | Entry):
            found.add(node.variable.name)
        elif isinstance(node, Apply) and any(node.orders):
            found |= {arg.name for arg in node.children if isinstance(arg, Sym)}
    return frozenset(found)


def left_general(pairs: tuple[tuple[Expr, Expr], ...]) -> frozenset[str]:
    """The x of `f'(x) = 2x`: what the right side says of it is said for all x, whatever x is elsewhere."""
    primed = {
        arg.name
        for left, _ in pairs
        for node in walk(left)
        if isinstance(node, Apply) and any(node.orders)
        for arg in node.children
        if isinstance(arg, Sym)
    }
    return frozenset(primed & {node.name for _, right in pairs for node in walk(right) if isinstance(node, Sym)})


def names_in_definitions(scope: Scope, names: frozenset[str]) -> frozenset[str]:
    """Names that are reached through definitions."""
    found = set(names)
    definitions = scope.current()
    while True:
        more: set[str] = set()
        for definition in definitions.values():
            if definition.name in found:
                body = definition.body
                bodies = [body.body] if isinstance(body, Tensor) else [e for row in body.entries for e in row]
                more |= set(names_of(tuple((e, e) for e in bodies)))
        if more <= found:
            return frozenset(found)
        found |= more


def labels(expr: Expr) -> frozenset[str]:
    """Names of the quantities in a resolved expression."""
    return frozenset(node.name for node in quantities(expr) if isinstance(node, Sym | Entry)) | frozenset(
        node.function for node in walk(expr) if isinstance(node, Apply)
    )
