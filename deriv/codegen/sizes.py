"""Which axes have which length: sizes read off the ranges over which the indices of each family run.

Ranges that the author left out come with a size symbol of their own (with a dot in its name); a family whose axis is
run over by two indices ties their sizes together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deriv.engine.graph import Dim
from deriv.errors import MeaningError
from deriv.expr.nodes import Add, Call, Const, Entry, Expr, Mul, Num, Product, Sum, Sym

_LETTERS = {"i": "n", "j": "d", "k": "d", "c": "C", "t": "T", "h": "h", "l": "h", "m": "m"}


def unnamed(symbol: str) -> bool:
    """Whether a size symbol was made up by the reader for a range that the author left out."""
    return "." in symbol or symbol.startswith("N_")


@dataclass(frozen=True, slots=True)
class Definition:
    """`name[indices] = body`: a named intermediate value."""

    name: str
    indices: tuple[str, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class Range:
    """lo … hi of an index."""

    lo: int
    hi: Dim

    @property
    def length(self) -> Dim:
        """How many values it takes."""
        return Dim(self.hi.symbol, self.hi.offset - self.lo + 1)


def affine(expr: Expr) -> tuple[str, int] | None:
    """A symbol plus a whole number (an empty symbol: the number alone), else None."""
    match expr:
        case Num() if expr.value.denominator == 1:
            return "", int(expr.value)
        case Sym():
            return expr.name, 0
        case Mul():
            parts = [affine(c) for c in expr.children]
            value = 1
            for part in parts:
                if part is None or part[0]:
                    return None
                value *= part[1]
            return "", value
        case Add():
            return _affine_sum(expr)
    return None


def _affine_sum(expr: Add) -> tuple[str, int] | None:
    symbol, offset = "", 0
    for part in map(affine, expr.children):
        if part is None or (part[0] and symbol):
            return None
        symbol, offset = symbol or part[0], offset + part[1]
    return symbol, offset


@dataclass(slots=True)
class Sizes:
    """Size symbols tied together, and the span of every axis of every family."""

    tied: dict[str, Dim] = field(default_factory=dict)
    spans: dict[str, list[Range | None]] = field(default_factory=dict)
    positions: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)

    def resolve(self, dim: Dim) -> Dim:
        """A length in terms of the symbols that stand for all those tied to them."""
        while dim.symbol in self.tied:
            root = self.tied[dim.symbol]
            dim = Dim(root.symbol, root.offset + dim.offset)
        return dim

    def tie(self, a: Dim, b: Dim, where: str) -> None:
        """Make two lengths the same."""
        a, b = self.resolve(a), self.resolve(b)
        if a == b:
            return
        if not a.symbol or (b.symbol and unnamed(b.symbol)):
            a, b = b, a
        if not a.symbol or a.symbol == b.symbol:
            raise MeaningError(f"{where} cannot have the lengths {a} and {b} at once")
        self.tied[a.symbol] = Dim(b.symbol, b.offset - a.offset)

    def span(self, name: str, axis: int, count: int, found: Range) -> None:
        """Note that an index runs over an axis of a family."""
        axes = self.spans.setdefault(name, [None] * count)
        if len(axes) != count:
            raise MeaningError(f"{name} has {len(axes)} indices in one place and {count} in another")
        known = axes[axis]
        if known is None:
            axes[axis] = found
            return
        a, b = self.resolve(known.hi), self.resolve(found.hi)
        if a.symbol != b.symbol:
            if (a.symbol and b.symbol) or unnamed(a.symbol) or unnamed(b.symbol):
                self.tie(a, b, f"axis {axis + 1} of {name}")
            elif not a.symbol:
                a = b
            b = a
        hi = max(self.resolve(a), self.resolve(b), key=lambda d: d.offset)
        axes[axis] = Range(min(known.lo, found.lo), hi)

    def position(self, name: str, axis: int, count: int, value: int) -> None:
        """Note that one entry of a family is named by its number."""
        self.spans.setdefault(name, [None] * count)
        if value < 0:
            raise MeaningError(f"{name} has a negative index")
        low, high = self.positions.get((name, axis), (value, value))
        self.positions[name, axis] = min(low, value), max(high, value)

    def axis(self, name: str, axis: int) -> Range:
        """The range of an axis of a family."""
        known = self.spans[name][axis]
        low, high = self.positions.get((name, axis), (1, 0))
        if known is not None:
            hi = self.resolve(known.hi)
            return Range(min(low, known.lo), hi if hi.symbol or hi.offset >= high else Dim("", high))
        if high or low == 0:
            return Range(min(low, 1), Dim("", high))
        raise MeaningError(f"nothing says how long axis {axis + 1} of {name} is: declare the shape of {name}")

    def rank(self, name: str) -> int:
        """The number of indices of a family."""
        return len(self.spans[name])


def read_range(lo: Expr, hi: Expr) -> Range:
    """The range of a sum."""
    low, high = affine(lo), affine(hi)
    if low is None or low[0]:
        raise MeaningError("code can only be generated for sums that start at a number")
    if high is None or (isinstance(hi, Const)):
        raise MeaningError("code can only be generated for sums that end at a size or a number")
    return Range(low[1], Dim(*high))


@dataclass(slots=True)
class Survey:
    """The first walk: collect the spans of all families of a loss and its definitions."""

    definitions: Mapping[str, Definition]
    sizes: Sizes = field(default_factory=Sizes)
    symbols: list[str] = field(default_factory=list)
    families: list[str] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)

    def run(self, loss: Expr, order: Sequence[str]) -> None:
        """Walk the loss, then each definition after everything that uses it (`order`)."""
        self.walk(loss, {})
        for name in order:
            definition = self.definitions[name]
            if definition.indices and name not in self.sizes.spans:
                continue
            if not definition.indices and name not in self.used:
                continue
            if definition.indices and self.sizes.rank(name) != len(definition.indices):
                raise MeaningError(
                    f"{name} is defined with {len(definition.indices)} indices and used with another number"
                )
            bound = {index: self.sizes.axis(name, k) for k, index in enumerate(definition.indices)}
            self.walk(definition.body, bound)

    def walk(self, expr: Expr, bound: Mapping[str, Range]) -> None:
        """Note the families, symbols and ranges below `expr`."""
        match expr:
            case Sum() | Product():
                found = read_range(expr.lo, expr.hi)
                if found.hi.symbol:
                    letter = expr.index.split(".")[0]
                    self.letters.setdefault(found.hi.symbol, _LETTERS.get(letter, "m"))
                self.walk(expr.body, {**bound, expr.index: found})
                return
            case Sym() if expr.name not in bound:
                if expr.name in self.definitions:
                    self.used.append(expr.name)
                elif expr.name not in self.symbols:
                    self.symbols.append(expr.name)
            case Entry():
                self._entry(expr, bound)
                return
            case Call() if expr.function in ("argmax",):
                raise MeaningError("argmax has no derivative")
        for child in expr.children:
            self.walk(child, bound)

    def _entry(self, expr: Entry, bound: Mapping[str, Range]) -> None:
        count = len(expr.indices)
        if expr.name not in self.definitions and expr.name not in self.families:
            self.families.append(expr.name)
        for axis, index in enumerate(expr.indices):
            form = affine(index)
            if form is not None and form[0] in bound:
                base = bound[form[0]]
                found = Range(base.lo + form[1], Dim(base.hi.symbol, base.hi.offset + form[1]))
                self.sizes.span(expr.name, axis, count, found)
            elif form is not None and not form[0]:
                self.sizes.position(expr.name, axis, count, form[1])
            else:
                self.sizes.spans.setdefault(expr.name, [None] * count)
                self.walk(index, bound)


def readable_sizes(sizes: Sizes, letters: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    """A short name for each size symbol that the author did not name."""
    chosen: dict[str, str] = {}
    for symbol, letter in letters.items():
        root = sizes.resolve(Dim(symbol)).symbol
        if not unnamed(root) or root in chosen:
            continue
        name, k = letter, 1
        while name in taken:
            k, name = k + 1, f"{letter}{k + 1}"
        taken.add(name)
        chosen[root] = name
    return chosen
