"""Named values of a document: what depends on what, and putting a name back where its value stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deriv.expr import nodes as n
from deriv.expr.nodes import Expr
from deriv.expr.substitute import post_order, substitute

Leaf = n.Sym | n.Entry


def family(leaf: Expr) -> tuple[str, bool]:
    """What two entries of one family share; a plain variable is a family of its own."""
    return str(leaf.data[0]), isinstance(leaf, n.Entry)


@dataclass(slots=True)
class Definitions:
    """`given` maps a name (`Sym`), or an entry with free indices as parameters, to its value."""

    given: Mapping[Expr, Expr]
    _by_family: dict[tuple[str, bool], tuple[Expr, Expr]] = field(default_factory=dict)
    _reach: dict[tuple[str, bool], frozenset[tuple[str, bool]]] = field(default_factory=dict)
    _leaves: dict[Expr, frozenset[tuple[str, bool]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_family = {family(name): (name, value) for name, value in self.given.items()}

    def value(self, leaf: Expr) -> Expr | None:
        """The value of a defined name, with the indices that it has here."""
        if not isinstance(leaf, n.Sym | n.Entry):
            return None
        found = self._by_family.get(family(leaf))
        if found is None:
            return None
        name, value = found
        return _with_indices(name, value, leaf)

    def depends(self, expr: Expr, variable: Expr) -> bool:
        """Whether the expression changes with the variable, through its definitions or directly."""
        target = family(variable)
        return any(target in self._reached(leaf, target) for leaf in self._below(expr))

    def _below(self, expr: Expr) -> frozenset[tuple[str, bool]]:
        """Families and variables below a node; asked once per node, whatever shares it."""
        if expr not in self._leaves:
            for node in post_order(expr):
                if node not in self._leaves:
                    own = {family(node)} if isinstance(node, n.Sym | n.Entry) else set()
                    self._leaves[node] = frozenset(own).union(*(self._leaves[child] for child in node.children))
        return self._leaves[expr]

    def _reached(self, leaf: tuple[str, bool], target: tuple[str, bool]) -> frozenset[tuple[str, bool]]:
        if leaf == target:
            return frozenset((leaf,))
        if leaf not in self._reach:
            self._reach[leaf] = frozenset((leaf,))  # a definition in terms of itself ends here
            if leaf in self._by_family:
                parts = self._below(self._by_family[leaf][1])
                self._reach[leaf] = self._reach[leaf].union(*(self._reached(part, target) for part in parts))
        return self._reach[leaf]


def _with_indices(name: Expr, value: Expr, leaf: Expr) -> Expr | None:
    if isinstance(name, n.Sym):
        return value
    if len(name.children) != len(leaf.children) or name.data != leaf.data:
        return None
    mapping: dict[Expr, Expr] = {
        parameter: index
        for parameter, index in zip(name.children, leaf.children, strict=True)
        if isinstance(parameter, n.Sym)
    }
    fixed = [
        parameter == index
        for parameter, index in zip(name.children, leaf.children, strict=True)
        if not isinstance(parameter, n.Sym)
    ]
    return substitute(value, mapping) if all(fixed) else None
