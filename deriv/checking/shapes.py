"""Which letters of a claim are vectors, rows or matrices, where the likeliest shapes do not fit together.

Notes rarely say it, and use one letter for several things.  A claim whose sides do not fit is read again with other
shapes for the letters that the document leaves open, the least surprising first.  Work is bounded by a number of
trials.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, pairwise

from deriv.checking.compare import align
from deriv.errors import MeaningError, ShapeError
from deriv.latex.nodes import Chain, Name, Node
from deriv.meaning.arrays_by_use import least_rank
from deriv.meaning.atoms import AS_ROWS
from deriv.meaning.elaborate import Elaborator, Reading
from deriv.meaning.names import base_name
from deriv.meaning.scope import Scope
from deriv.meaning.scoping import settled
from deriv.meaning.slopes import WideDerivativeError
from deriv.meaning.survey import Kind, KindKey

_MAX_TRIALS = 120
_MAX_FOUND = 6
_MAX_CHANGES = 4
_CLEAR = 3
_DOUBT = 1.0
_EQUAL = frozenset(("=", "equiv", "def", ":=", "<-", "approx"))
KINDS = (Kind(0), Kind(1), Kind(1, row=True), Kind(2))

Kinds = dict[KindKey, Kind]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of reading a claim: whether its shapes fit, whether it can be read at all, and the letters met."""

    fits: bool
    conflict: bool
    met: Mapping[KindKey, Kind]
    unease: int


def attempt(elaborator: Elaborator, read: Callable[[], object]) -> Attempt:
    """Read something, for the sake of its shapes."""
    fits = conflict = False
    try:
        read()
        fits = True
    except (ShapeError, WideDerivativeError):
        conflict = True
    except MeaningError:
        pass
    return Attempt(fits, conflict, elaborator.kinds_met, elaborator.strains + elaborator.doubts)


def fitting(scope: Scope, try_with: Callable[[Kinds], Attempt]) -> list[Kinds]:
    """Changes of shapes under which a claim fits, least surprising first; [] where none was found."""
    order = count()
    heap: list[tuple[float, int, Kinds]] = [(0.0, next(order), {})]
    seen: set[frozenset[tuple[KindKey, Kind]]] = set()
    found: list[tuple[float, int, Kinds]] = []
    for _ in range(_MAX_TRIALS):
        if not heap or len(found) >= _MAX_FOUND:
            break
        surprise, number, changes = heapq.heappop(heap)
        result = try_with(changes)
        if result.fits:
            found.append((surprise + _DOUBT * result.unease, number, changes))
            if not result.unease:
                continue
        elif not result.conflict:
            continue
        if len(changes) >= _MAX_CHANGES:
            continue
        for key, kind in result.met.items():
            if key in changes or not is_open(scope, key):
                continue
            for other in KINDS:
                step = {**changes, key: other}
                mark = frozenset(step.items())
                turned = other.rank == 1 and other.row != scope.rows.get(key[0].split("^")[0], other.row)
                least = least_rank(scope.arrays, key[0], bold=key[1], subscripted=key[2] > 0)
                if other != kind and other.rank >= least and mark not in seen and not turned:
                    seen.add(mark)
                    heapq.heappush(heap, (surprise + surprise_of(scope, key, kind, other), next(order), step))
    return [changes for _, _, changes in sorted(found, key=lambda one: one[:2])]


def orientations(scope: Scope, nodes: Iterable[Node]) -> dict[str, bool]:
    """Which letters stand as rows (True) or columns, where a formula fits together in one way only."""
    votes: dict[str, Counter[bool]] = {}
    found = [(left, _both_ways(scope, left, right)) for left, right in equations(nodes)]
    unsure = _unsure(found)
    for _, (columns, rows) in found:
        if columns.fits == rows.fits or any(name in unsure for name, _, _ in columns.met):
            continue
        for name, _, _ in (key for key, kind in (columns if columns.fits else rows).met.items() if kind.rank == 1):
            votes.setdefault(name.split("^")[0], Counter())[rows.fits] += 1
    settled = {name: count.most_common() for name, count in votes.items()}
    return {name: ranked[0][0] for name, ranked in settled.items() if _is_clear(ranked)}


def _unsure(found: list[tuple[Node, list[Attempt]]]) -> set[str]:
    """Names whose own equation fits neither way, and what is made of them: z = X w, before z is known as a vector."""
    unsure: set[str] = set()
    for _ in found:
        before = len(unsure)
        for left, attempts in found:
            name = base_name(left) if isinstance(left, Name) else None
            doubtful = not any(one.fits for one in attempts) or any(key[0] in unsure for key in attempts[0].met)
            if name is not None and doubtful:
                unsure.add(name)
        if len(unsure) == before:
            break
    return unsure


def _is_clear(ranked: list[tuple[bool, int]]) -> bool:
    """Whether nearly all formulas agree (a few may be wrong)."""
    return len(ranked) == 1 or ranked[0][1] >= _CLEAR * ranked[1][1]


def equations(nodes: Iterable[Node]) -> Iterator[tuple[Node, Node | None]]:
    """The pairs of sides that should fit together, and single expressions."""
    for node in map(settled, nodes):
        if not isinstance(node, Chain):
            yield node, None
            continue
        for (left, right), relation in zip(pairwise(node.parts), node.relations, strict=True):
            if relation.text in _EQUAL and right is not None:
                yield (right, None) if left is None else (left, right)


def _both_ways(scope: Scope, left: Node, right: Node | None) -> list[Attempt]:
    """The formula with vectors as columns and as rows; those whose size is stated may stand either way."""
    columns = _fit(scope, left, right, Reading({AS_ROWS: 0}))
    told = scope.survey.declared_rows
    turned = {k: Kind(1, row=True) for k, kind in columns.met.items() if kind.rank == 1 and k[:2] not in told}
    return [columns, _fit(scope, left, right, Reading({AS_ROWS: 1}, kinds=turned))]


def _fit(scope: Scope, left: Node, right: Node | None, reading: Reading) -> Attempt:
    elaborator = Elaborator(scope, reading, scope.ranges.copy())

    def read() -> None:
        value = elaborator.value(left)
        if right is not None:
            align(value, elaborator.value(right), elaborator.same)

    return attempt(elaborator, read)


def is_open(scope: Scope, key: KindKey) -> bool:
    """Whether nothing in the text fixes the shape of a letter: sizes and counting indices are numbers."""
    name, bold, subs = key
    survey = scope.survey
    if key in scope.settled or name in survey.sizes or (subs == 0 and name in survey.bound_letters):
        return False
    if subs == 0 and scope.lookup(name, "scalar") is not None:
        return False
    return (name, bold) not in survey.declared_rank


def surprise_of(scope: Scope, key: KindKey, old: Kind, new: Kind) -> float:
    """How unlikely a shape is for a letter, by how it is set and what was learnt about it before."""
    if scope.learned.get(key) == new:
        return 0.02
    name, bold, _ = key
    capital = name[:1].isupper()
    likely = (2 if capital else 1) if bold else old.rank
    cost = 0.05 + 0.15 * abs(new.rank - likely) + (0.1 if new.row else 0.0)
    if new.rank == 2 and not capital:
        cost += 0.3
    if new.rank == 1 and capital:
        cost += 0.05
    if new.rank == 0 and bold:
        cost += 0.4
    return cost
