"""What a free name stands for in a claim: a number, a size, or an index, and over which range.

A family's slot (`x`, position 0) has the ranges of the bound indices that stand there.  A free index letter runs over
the ranges of the slots it is used in; through a Kronecker delta it shares those of its partner.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deriv.equal.domain_names import is_size
from deriv.expr.domain import Domain
from deriv.expr.nodes import Add, Const, Delta, Det, Entry, Expr, Inverse, Num, Product, Sum, Sym
from deriv.expr.substitute import free_symbols, post_order, substitute

Range = tuple[Expr, Expr]
Slot = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Names:
    """The free names of a claim by what they stand for.

    `letters` maps each free index to its ranges (none where nothing says), `sizes` are bounds of sums, `least` is the
    largest numeral index used in the slots a size bounds, `numbers` are all other free symbols.  `slots` are the ranges
    that bound indices, shifts included, reach in each slot: outside of them there is no entry.  `square` are the
    families with two indices over one range inside a matrix that is inverted or has its determinant taken.
    """

    numbers: tuple[str, ...]
    sizes: tuple[str, ...]
    letters: dict[str, tuple[Range, ...]]
    least: dict[str, int]
    families: tuple[str, ...]
    slots: dict[Slot, tuple[Range, ...]]
    square: frozenset[str] = frozenset()


class _Reading:
    """One pass over the nodes with the ranges of the bound names."""

    def __init__(self) -> None:
        self.ranges: dict[str, list[Range]] = {}
        self.slots: dict[Slot, list[Range]] = {}
        self.spans: dict[Slot, list[Range]] = {}
        self.letter_slots: dict[str, list[Slot]] = {}
        self.numerals: dict[Slot, int] = {}
        self.from_zero: set[Slot] = set()
        self.deltas: list[tuple[Expr, Expr]] = []
        self.in_bounds: set[str] = set()
        self.in_indices: set[str] = set()
        self.families: set[str] = set()
        self.places: list[tuple[Slot, Expr]] = []
        self.inverted: list[Entry] = []

    def read(self, nodes: list[Expr]) -> None:
        for node in nodes:
            if isinstance(node, (Sum, Product)):
                _append(self.ranges.setdefault(node.index, []), (node.lo, node.hi))
                self.in_bounds |= free_symbols(node.hi) | free_symbols(node.lo)
            elif isinstance(node, (Inverse, Det)):
                self._matrix(node)
        for node in nodes:
            if isinstance(node, Entry):
                self.families.add(node.name)
                for position, index in enumerate(node.indices):
                    self._index((node.name, node.sups, position), index)
            elif isinstance(node, Delta):
                self.deltas.append((node.children[0], node.children[1]))
                self.in_indices |= free_symbols(node)
        for slot, place in self.places:
            self._index(slot, place)

    def _matrix(self, node: Inverse | Det) -> None:
        """Rows, columns and the place of the entry share a range."""
        pair = node.lo, node.hi
        for name in node.data:
            _append(self.ranges.setdefault(str(name), []), pair)
        self.in_bounds |= free_symbols(node.hi) | free_symbols(node.lo)
        slot = f"inverse {pair}", 0, 0
        _append(self.slots.setdefault(slot, []), pair)
        for place in node.children[3:]:
            self.places.append((slot, place))
        for part in post_order(node.body):
            if isinstance(part, Entry) and len(part.indices) >= 2:
                self.inverted.append(part)

    def square(self) -> frozenset[str]:
        """Families whose last two slots have a range in common, among those inside of matrix functions."""
        found = set()
        for node in self.inverted:
            last = len(node.indices) - 1
            one, two = (self.slots.get((node.name, node.sups, position), []) for position in (last - 1, last))
            if any(pair in two for pair in one):
                found.add(node.name)
        return frozenset(found)

    def _index(self, slot: Slot, index: Expr) -> None:
        self.in_indices |= free_symbols(index)
        if isinstance(index, Sym):
            if index.name in self.ranges:
                for pair in self.ranges[index.name]:
                    _append(self.slots.setdefault(slot, []), pair)
                    _append(self.spans.setdefault(slot, []), pair)
            else:
                self.letter_slots.setdefault(index.name, []).append(slot)
        elif isinstance(index, Add):
            self._shifted(slot, index)
        elif index.data and not index.children:
            value = index.data[0]
            if not isinstance(value, str):
                self.numerals[slot] = max(self.numerals.get(slot, 0), int(value))  # type: ignore[call-overload]
                if value == 0:
                    self.from_zero.add(slot)

    def _shifted(self, slot: Slot, index: Add) -> None:
        """x_{t+1} with t = 1 … n - 1 says that the slot reaches from 2 to n."""
        for part in index.children:
            if isinstance(part, Sym) and part.name in self.ranges:
                for pair in self.ranges[part.name]:
                    moved: list[Expr] = [substitute(index, {part: end}) for end in pair]
                    _append(self.spans.setdefault(slot, []), (moved[0], moved[1]))

    def letter_ranges(self, name: str) -> list[Range]:
        found: list[Range] = []
        for slot in self.letter_slots.get(name, ()):
            for pair in self.slots.get(slot, ()):
                _append(found, pair)
        for left, right in self.deltas:
            for one, other in ((left, right), (right, left)):
                if one == Sym(name) and isinstance(other, Sym):
                    for pair in self.ranges.get(other.name, ()):
                        _append(found, pair)
        if not found:  # beside x_1 and x_2 alone, an x_k is one of them
            for slot in self.letter_slots.get(name, ()):
                if slot in self.numerals:
                    _append(found, (Num(0 if slot in self.from_zero else 1), Num(max(self.numerals[slot], 1))))
        return [pair for pair in found if name not in free_symbols(pair[0]) | free_symbols(pair[1])]


def _append(found: list[Range], pair: Range) -> None:
    if pair not in found and pair[1] != Const("oo"):
        found.append(pair)


def read_names(sides: Iterable[Expr], domain: Domain) -> Names:
    """Sort the free names of a claim."""
    roots = list(sides)
    nodes = [node for root in roots for node in post_order(root)]
    reading = _Reading()
    reading.read(nodes)
    for pair in domain.equations:
        equation_nodes = [node for side in pair for node in post_order(side)]
        if any(isinstance(node, Entry) and node.name in reading.families for node in equation_nodes):
            reading.read(equation_nodes)
    free = sorted({name for root in roots for name in free_symbols(root)})
    letters = {
        name: tuple(reading.letter_ranges(name))
        for name in free
        if name in reading.in_indices and not is_size(domain, name) and not _only_bound(name, reading)
    }
    _share(letters, reading)
    hidden = _names_in_ranges(letters) | reading.in_bounds
    sizes = [name for name in sorted({*free, *hidden}) if name not in letters and "." not in name]
    sizes = [name for name in sizes if name in hidden or is_size(domain, name)]
    numbers = tuple(name for name in free if name not in letters and name not in sizes)
    spans = {slot: tuple(pairs) for slot, pairs in reading.spans.items()}
    return Names(
        numbers, tuple(sizes), letters, _least(reading), tuple(sorted(reading.families)), spans, reading.square()
    )


def _only_bound(name: str, reading: _Reading) -> bool:
    """Whether a name that stands in an index position bounds a range and is no index itself (x_n, x_{n-1})."""
    return name in reading.in_bounds and not reading.letter_ranges(name)


def _names_in_ranges(letters: dict[str, tuple[Range, ...]]) -> set[str]:
    names: set[str] = set()
    for pairs in letters.values():
        for lo, hi in pairs:
            names |= free_symbols(lo) | free_symbols(hi)
    return names - set(letters)


def _share(letters: dict[str, tuple[Range, ...]], reading: _Reading) -> None:
    """A letter without a range takes that of the letter it is compared with."""
    for left, right in reading.deltas:
        if isinstance(left, Sym) and isinstance(right, Sym) and left.name in letters and right.name in letters:
            both = letters[left.name] or letters[right.name]
            letters[left.name] = letters[left.name] or both
            letters[right.name] = letters[right.name] or both


def _least(reading: _Reading) -> dict[str, int]:
    least: dict[str, int] = {}
    for slot, numeral in reading.numerals.items():
        for _, hi in reading.slots.get(slot, ()):
            for name in free_symbols(hi):
                least[name] = max(least.get(name, 1), numeral + (not isinstance(hi, Sym)))
    return least
