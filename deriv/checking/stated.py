"""Of which letters the text states the shape: by a declaration, or by definitions from letters of which it does."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from deriv.checking.define import marks_in
from deriv.expr.nodes import Apply, Entry, Num, Sym, walk
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Name, Node, Script
from deriv.meaning.names import all_names, canonical, children
from deriv.meaning.scope import Definition, Scope
from deriv.meaning.survey import Kind, KindKey

if TYPE_CHECKING:
    from deriv.checking.joint import Evidence

_ALWAYS_KNOWN = frozenset(("e", "pi", "I", "T", "1", "0", "sigma"))


def stated_names(scope: Scope, evidence: Evidence | None) -> set[str]:
    """Names that have one shape in the whole document, of sizes that the text gives; the sizes themselves too."""
    stated = {name for name, _ in scope.declared} - scope.resized | _sizes(scope) | _ALWAYS_KNOWN
    counts = Counter(definition.name for definition in scope.history)
    once = [d for d in scope.current().values() if counts[d.name] == 1 and d.name not in scope.resized]
    parts = {definition.name: _parts(scope, definition) for definition in once}
    while True:
        more = {name for name, inside in parts.items() if inside <= stated}
        lone = {min(left) for inside in parts.values() if len(left := inside - stated) == 1}
        more |= {name for name in lone if evidence is not None and _follows(scope, name, evidence, stated)}
        if more <= stated:
            return stated
        stated |= more


def has_stated_sizes(scope: Scope, evidence: Evidence | None, met: dict[KindKey, Kind]) -> bool:
    """Whether the text gives the sizes of all these vectors and matrices, so that a misfit is a step's fault."""
    stated = stated_names(scope, evidence)
    if evidence is not None and not evidence.suits(met):
        return False
    return all(key[0] in stated or key in scope.settled for key, kind in met.items() if kind.rank)


def _follows(scope: Scope, name: str, evidence: Evidence, stated: set[str]) -> bool:
    """Whether the definitions fit together for one shape of a letter only, and give its sizes."""
    keys = [key for key in evidence.letters if key[0] == name]
    if len(keys) != 1 or keys[0][2] or name in scope.resized:
        return False
    rank = evidence.only_rank(keys[0])
    return rank is not None and _has_sizes(scope, name, rank, stated)


def _sizes(scope: Scope) -> set[str]:
    """The sizes in the declarations of the text."""
    found = set(scope.survey.sizes)
    for name, _ in scope.declared:
        for position in range(2):
            hi = scope.ranges.canonical(scope.ranges.of_slot((name, 0, position))[1])
            if isinstance(hi, Sym) and not hi.name.startswith("N_"):
                found.add(hi.name)
    return found


def letters_of(scope: Scope, node: Node) -> set[str]:
    """The quantities in a formula by their full names: W_1 and W_2 are two."""
    found: set[str] = set()
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, Script) and isinstance(part.base, Name) and (marks := marks_in(scope, part)) is not None:
            found.add(marks.name)
            found |= all_names(part.sup) if marks.power is not None and part.sup is not None else set()
        elif isinstance(part, Name):
            found.add(canonical(part))
        else:
            stack.extend(children(part))
    return found


def _parts(scope: Scope, definition: Definition) -> set[str]:
    """The quantities and functions in the body of a definition."""
    body = definition.body.map(scope.ranges.canonical)
    bodies = [body.body] if isinstance(body, Tensor) else [entry for row in body.entries for entry in row]
    nodes = [node for part in bodies for node in walk(part)]
    names = {node.name for node in nodes if isinstance(node, Sym | Entry) and "." not in node.name}
    names |= {node.function for node in nodes if isinstance(node, Apply)}
    return names - set(definition.params) - {definition.name}


def _has_sizes(scope: Scope, name: str, rank: int, sizes: set[str]) -> bool:
    """Whether the axes of a letter have sizes that the text gives."""
    ends = [scope.ranges.canonical(scope.ranges.of_slot((name, 0, position))[1]) for position in range(rank)]
    return all(isinstance(end, Num) or (isinstance(end, Sym) and end.name in sizes) for end in ends)
