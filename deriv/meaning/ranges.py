"""Which index positions run over the same range.

A position is a slot of a family: the second subscript of W, the superscript of x.  Positions are joined when one bound
index is used in both, or when a product sums over both.  A joined class has the bounds that the document writes
for it (`\\sum_{i=1}^{n}`), or a size of its own when it writes none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from deriv.expr.nodes import ONE, Entry, Expr, Sym, walk
from deriv.expr.substitute import free_symbols, substitute
from deriv.expr.tensor import Axis

Slot = tuple[str, int, int]
"""Name of the family, number of its superscripts, position of the index."""

LOW, HIGH = "lo#", "hi#"


@dataclass
class Ranges:
    """A union-find over slots; bounds in expressions are placeholders until `canonical` fills them in."""

    _numbers: dict[object, int] = field(default_factory=dict)
    _parents: list[int] = field(default_factory=list)
    _labels: list[str] = field(default_factory=list)
    _bounds: dict[int, tuple[Expr, Expr]] = field(default_factory=dict)

    def copy(self) -> Ranges:
        """An independent copy, for trying a reading that may turn out wrong."""
        return Ranges(dict(self._numbers), list(self._parents), list(self._labels), dict(self._bounds))

    def _number(self, key: object, label: str) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self._parents)
            self._parents.append(len(self._parents))
            self._labels.append(label)
        return self._find(self._numbers[key])

    def _find(self, number: int) -> int:
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]
            number = self._parents[number]
        return number

    def of_slot(self, slot: Slot) -> tuple[Expr, Expr]:
        """Placeholder bounds of a slot's range."""
        name, _, position = slot
        return self._placeholders(self._number(slot, f"N_{name}{position + 1}"))

    def renew(self, slot: Slot) -> None:
        """Let a slot have another range from here on."""
        self._numbers.pop(slot, None)

    def of_set(self, name: str) -> tuple[Expr, Expr]:
        """Placeholder bounds of a named index set (`i \\in S`) or of an index letter without bounds."""
        label = "N" if " " in name else f"N_{name}"
        return self._placeholders(self._number(name, label))

    def _placeholders(self, number: int) -> tuple[Expr, Expr]:
        return Sym(f"{LOW}{number}"), Sym(f"{HIGH}{number}")

    def _class_of(self, lo: Expr, hi: Expr) -> int | None:
        if isinstance(hi, Sym) and hi.name.startswith(HIGH) and isinstance(lo, Sym) and lo.name.startswith(LOW):
            return self._find(int(hi.name[len(HIGH) :]))
        return None

    def unify(self, a: tuple[Expr, Expr], b: tuple[Expr, Expr]) -> bool:
        """Make two ranges one; False when both are written out and differ."""
        one, two = self._class_of(*a), self._class_of(*b)
        if one is None and two is None:
            return a == b
        if one is None:
            a, b, one, two = b, a, two, one
        assert one is not None
        if two is None:
            return self._bounds.setdefault(one, b) == b
        return self._join(one, two)

    def _join(self, one: int, two: int) -> bool:
        if one == two:
            return True
        first, second = self._bounds.get(one), self._bounds.get(two)
        if first is not None and second is not None and first != second:
            return False
        self._parents[two] = one
        bounds = first or second
        if bounds is not None:
            self._bounds[one] = bounds
        return True

    def joined(self, one: Slot, two: Slot) -> bool:
        """Whether two positions run over one range, as far as the document tells."""
        a, b = self._class_of(*self.of_slot(one)), self._class_of(*self.of_slot(two))
        return a == b or (a in self._bounds and b in self._bounds and self._bounds[a] == self._bounds[b])

    def unify_letters(self, *sides: Expr) -> None:
        """Positions with the same free index letter in one formula run over one range."""
        slots: dict[str, Slot] = {}
        for side in sides:
            for node in walk(side):
                if not isinstance(node, Entry):
                    continue
                for position, part in enumerate(node.indices):
                    if isinstance(part, Sym) and "." not in part.name and part.name != "*":
                        slot = (node.name, node.sups, position)
                        first = slots.setdefault(part.name, slot)
                        self.unify(self.of_slot(first), self.of_slot(slot))

    def merge_names(self, one: str, other: str) -> bool:
        """Let every position of a family run over the range that it has under another name; False where it cannot."""
        slots = [key for key in self._numbers if isinstance(key, tuple) and key[0] == one]
        return all(self.unify(self.of_slot(slot), self.of_slot((other, *slot[1:]))) for slot in slots)

    def same(self, a: Axis, b: Axis) -> bool:
        """Whether two axes have one range; unknown ranges become one."""
        return self.unify((a.lo, a.hi), (b.lo, b.hi))

    def canonical(self, expr: Expr) -> Expr:
        """The expression with every placeholder replaced by written bounds or by 1 … N."""
        mapping: dict[Expr, Expr] = {}
        for name in free_symbols(expr):
            if name.startswith((LOW, HIGH)):
                number = self._find(int(name[len(LOW) :]))
                lo, hi = self._bounds.get(number, (ONE, Sym(self._labels[number])))
                mapping[Sym(name)] = lo if name.startswith(LOW) else hi
        return substitute(expr, mapping) if mapping else expr
