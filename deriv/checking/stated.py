"""Of which letters the text states the shape: by a declaration, or by a definition from letters of which it does."""

from __future__ import annotations

from collections import Counter

from deriv.expr.nodes import Apply, Entry, Sym, walk
from deriv.expr.tensor import Tensor
from deriv.meaning.scope import Definition, Scope

ALWAYS_KNOWN = frozenset(("e", "pi", "I", "T", "1", "0", "sigma"))


def stated_names(scope: Scope) -> set[str]:
    """Names that have one shape in the whole document, and the sizes that the text gives them."""
    sizes = _sizes(scope)
    stated = {name for name, _ in scope.declared} - scope.resized
    counts = Counter(definition.name for definition in scope.history)
    waiting = [d for d in scope.current().values() if counts[d.name] == 1 and d.name not in scope.resized]
    while True:
        more = {d.name for d in waiting if _parts(d) <= stated | sizes | ALWAYS_KNOWN | {d.name}}
        more |= {name for d in waiting if d.name in stated | more for name in _fitted(scope, d, sizes)}
        if more <= stated:
            return stated
        stated |= more


def _sizes(scope: Scope) -> set[str]:
    """The sizes in the declarations of the text."""
    found = set(scope.survey.sizes)
    for name, _ in scope.declared:
        for position in range(2):
            hi = scope.ranges.canonical(scope.ranges.of_slot((name, 0, position))[1])
            if isinstance(hi, Sym) and not hi.name.startswith("N_"):
                found.add(hi.name)
    return found


def _parts(definition: Definition) -> set[str]:
    """The quantities and functions in the body of a definition."""
    body = definition.body
    bodies = [body.body] if isinstance(body, Tensor) else [entry for row in body.entries for entry in row]
    nodes = [node for part in bodies for node in walk(part)]
    names = {node.name for node in nodes if isinstance(node, Sym | Entry) and "." not in node.name}
    names |= {node.function for node in nodes if isinstance(node, Apply)}
    return names - set(definition.params)


def _fitted(scope: Scope, definition: Definition, sizes: set[str]) -> set[str]:
    """Vectors and matrices in the body of a definition whose sizes follow from what stands beside them."""
    if not isinstance(definition.body, Tensor):
        return set()
    found = set()
    for node in walk(definition.body.body):
        if isinstance(node, Entry) and not node.sups and scope.survey.bare[node.name]:
            ends = [
                scope.ranges.canonical(scope.ranges.of_slot((node.name, 0, k))[1]) for k in range(len(node.indices))
            ]
            if all(isinstance(end, Sym) and end.name in sizes for end in ends):
                found.add(node.name)
    return found
