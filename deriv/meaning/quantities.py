"""Symbols and entries as quantities: their names and families, and which of them an expression depends on."""

from __future__ import annotations

from deriv.expr.nodes import Apply, Delta, Det, Entry, Expr, Inverse, Product, Sum, Sym, walk
from deriv.expr.substitute import free_symbols


def label(node: Expr) -> str:
    """The name of a quantity."""
    if isinstance(node, Sym | Entry):
        return node.name
    return node.function if isinstance(node, Apply) else ""


def is_other_reading(leaf: Expr, variable: Sym | Entry) -> bool:
    """b with an index and b without one, where a derivative is taken by b."""
    counts = [len(node.children) - sups(node) for node in (leaf, variable)]
    return label(leaf) == variable.name and sups(leaf) == sups(variable) and counts[0] != counts[1]


def sups(node: Expr) -> int:
    """The number of superscripts: W^{(k)} beside W."""
    return node.sups if isinstance(node, Entry) else 0


def same_family(one: Expr, other: Expr) -> bool:
    """Whether two quantities have one name and the same number of indices."""
    if isinstance(one, Entry) and isinstance(other, Entry):
        return (one.name, one.sups, len(one.indices)) == (other.name, other.sups, len(other.indices))
    return one == other or (label(one) == label(other) and type(one) is type(other))


def occurs(body: Expr, variable: Sym | Entry) -> bool:
    """Whether a variable, or a member of its family, stands in a body."""
    if isinstance(variable, Sym):
        return variable.name in free_symbols(body)
    return any(isinstance(node, Entry) and node.name == variable.name for node in walk(body))


def quantities(body: Expr) -> set[Expr]:
    """The symbols and entries of a body that stand for numbers (no indices, bounds or step sizes)."""
    positions: set[str] = set()
    for node in walk(body):
        if isinstance(node, Entry | Delta):
            positions |= {name for part in node.children for name in free_symbols(part)}
    bounds = {
        name
        for node in walk(body)
        if isinstance(node, Sum | Product | Det | Inverse)
        for part in node.children[:2]
        for name in free_symbols(part)
    }
    skip = positions | bounds | {"_epsilon"}
    found: set[Expr] = set()
    for node in walk(body):
        if isinstance(node, Sym) and ("." in node.name or node.name in skip or "#" in node.name):
            continue
        if isinstance(node, Sym | Entry):
            found.add(node)
    return found
