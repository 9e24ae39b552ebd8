"""Quantities that are defined by their own earlier members: `h_t = tanh(W h_{t-1} + U x_t)`, layers of any number.

Such a family is put in only as far as a claim reaches back: h_t beside h_{t-1} becomes tanh(W h_{t-1} + …), h_t alone
stays what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import lru_cache

from deriv.expr.nodes import Add, Entry, Expr, Num, Sym, walk
from deriv.expr.substitute import rebuild, same_or
from deriv.expr.tensor import Grid
from deriv.meaning.scope import Definition, names_in

Key = tuple[str, str, int, int]
Family = tuple[str, int, int]
"""The name of a family, its number of indices, how many of them are superscripts."""
_MAX_LEVELS = 4


def shift(index: Expr) -> tuple[str, Fraction] | None:
    """(letter, offset) of an index such as t, t-1 or l+1."""
    if isinstance(index, Sym):
        return index.name, Fraction(0)
    if not isinstance(index, Add):
        return None
    parts = [*index.children]
    for part in parts:
        parts.extend(part.children if isinstance(part, Add) else ())  # (t - 1) - 1
    letters = [part for part in parts if isinstance(part, Sym)]
    numbers = [part.value for part in parts if isinstance(part, Num)]
    if len(letters) != 1 or len(letters) + len(numbers) != sum(not isinstance(part, Add) for part in parts):
        return None
    return letters[0].name, sum(numbers, Fraction(0))


def steps_between(one: Entry, other: Entry) -> Fraction | None:
    """How many steps one member of a family is after another; None where the two are no such members."""
    if family_of(one) != family_of(other):
        return None
    for a, b in zip(map(shift, one.indices), map(shift, other.indices), strict=True):
        if a is not None and b is not None and _letter(a[0]) == _letter(b[0]) and a[1] != b[1]:
            return a[1] - b[1]
    return None


def _letter(name: str) -> str:
    """An index as it is written: the t of every sum over t is one letter, although each sum has its own."""
    return name.partition(".")[0]


def is_axis(step: tuple[str, object] | None) -> bool:
    """Whether an index runs over the entries of a vector, not over steps."""
    return step is not None and step[0].partition(".")[0] in ("a", "b") and "." in step[0]


def are_members(one: Expr, other: Expr) -> bool:
    """Whether two quantities are of one family at different steps: h_t and h_{t-1}."""
    return isinstance(one, Entry) and isinstance(other, Entry) and bool(steps_between(one, other))


@lru_cache(maxsize=512)
def _earlier(definition: Definition) -> frozenset[str]:
    """The families of which a definition uses a member before its own."""
    if definition.form != "family" or isinstance(definition.body, Grid):
        return frozenset()
    params = frozenset(definition.params)
    found: set[str] = set()
    for node in walk(definition.body.body):
        for index in node.indices if isinstance(node, Entry) else ():
            step = shift(index)
            if isinstance(node, Entry) and step is not None and step[0] in params and step[1] < 0:
                found.add(node.name)
    return frozenset(found)


@lru_cache(maxsize=512)
def _names(definition: Definition) -> frozenset[str]:
    return names_in(definition.body)


def recurrent(definitions: Mapping[Key, Definition]) -> frozenset[Family]:
    """The families that are defined by earlier members of their own, perhaps through others."""
    families = [one for one in definitions.values() if _earlier(one)]
    found = (one for one in families if one.name in _reached(definitions, _earlier(one)))
    return frozenset((one.name, len(one.params), one.sups) for one in found)


def family_of(node: Entry) -> Family:
    """The family that an entry belongs to."""
    return node.name, len(node.indices), node.sups


def _reached(definitions: Mapping[Key, Definition], names: Iterable[str]) -> set[str]:
    """Names, and all that their definitions hold."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(part for d in definitions.values() if d.name == name for part in _names(d))
    return found


def levelled(
    pairs: tuple[tuple[Expr, Expr], ...], put_in: Callable[[Entry], Expr], families: frozenset[Family]
) -> tuple[tuple[Expr, Expr], ...]:
    """The claim with every member of the families put in that is after another member of it."""
    for _ in range(_MAX_LEVELS if families else 0):
        members = {
            n
            for pair in pairs
            for side in pair
            for n in walk(side)
            if isinstance(n, Entry) and family_of(n) in families
        }
        late = {n for n in members if any((steps_between(n, other) or 0) > 0 for other in members)}
        if not late:
            break

        def visit(node: Expr, children: tuple[Expr, ...], late: set[Entry] = late) -> Expr:
            node = same_or(node, children)
            return put_in(node) if node in late and isinstance(node, Entry) else node

        pairs = tuple((rebuild(a, visit), rebuild(b, visit)) for a, b in pairs)
    return pairs
