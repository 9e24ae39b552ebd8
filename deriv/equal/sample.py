"""Points of the domain, the same for the same claim: every value is derived from a hash of the claim's text.

Sizes start at 2, 3, 1; free index letters take different values at one point and the same value at another, so that
a claim that holds only for i = j (or only for i ≠ j) is seen to be such.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

from deriv.equal.budget import Undefined
from deriv.equal.domain_names import is_discrete
from deriv.equal.slots import Names
from deriv.expr.domain import Domain, Fact
from deriv.expr.nodes import Add, Expr, Mul, Num, Pow, Sym

OUT_OF_RANGE = "an entry outside the range of its index"
Model = tuple[tuple[tuple[int, ...], Fraction], ...]
_LATE, _LARGE = 6, 11  # the point that comes at a large size, where that costs little
_DIAGONAL = 3  # more than the other entries of a row, each less than 3/4, add up to
_DEGREE = {1: 5, 2: 3}  # of the polynomial that stands for an unknown function, by its number of arguments


class Dice:
    """A stream of numbers derived from a text (SHA-256 in counter mode)."""

    def __init__(self, *seed: object) -> None:
        self.seed = "\x1f".join(map(str, seed)).encode()
        self.bytes = b""
        self.count = 0

    def below(self, bound: int) -> int:
        """A number in 0 … bound - 1."""
        if len(self.bytes) < 4:
            self.bytes += hashlib.sha256(self.seed + self.count.to_bytes(4, "big")).digest()
            self.count += 1
        word, self.bytes = int.from_bytes(self.bytes[:4], "big"), self.bytes[4:]
        return word % bound


@dataclass(slots=True)
class Point:
    """Values for every name; entries of families appear when they are asked for."""

    seed: str
    number: int
    domain: Domain
    symbols: dict[str, Fraction]
    entries: dict[tuple[str, int, tuple[int, ...]], Fraction] = field(default_factory=dict)
    models: dict[tuple[str, int], Model] = field(default_factory=dict)
    universal: frozenset[str] = frozenset()
    reach: dict[tuple[str, int, int], list[tuple[int, int]]] = field(default_factory=dict)
    square: frozenset[str] = frozenset()

    def symbol(self, name: str) -> Fraction:
        """The value of a symbol."""
        known = self.symbols.get(name)
        if known is None:
            dice = Dice(self.seed, self.number, "symbol", name)
            known = self.symbols[name] = draw(self.domain.fact(name), dice, self.number)
        return known

    def entry(self, name: str, sups: int, indices: tuple[int, ...]) -> Fraction:
        """The value of one entry of a family."""
        if self.domain.is_symmetric(name) and len(indices) >= 2:
            indices = (*indices[:-2], *sorted(indices[-2:]))
        if self.reach:
            for position, index in enumerate(indices):
                spans = self.reach.get((name, sups, position))
                if spans and not any(low <= index <= high for low, high in spans):
                    raise Undefined(OUT_OF_RANGE)
        key = (name, sups, indices)
        known = self.entries.get(key)
        if known is None:
            dice = Dice(self.seed, self.number, "entry", name, sups, indices)
            known = draw(self.domain.fact(name), dice, self.number)
            if len(indices) >= 2 and (name in self.square or name in self.domain.positive_definite):
                known = _dominant(self.domain.fact(name), known, diagonal=indices[-1] == indices[-2])
            self.entries[key] = known
        return known

    def model(self, name: str, arity: int) -> Model:
        """The polynomial that stands for an unknown function: (exponents, coefficient) of each term."""
        known = self.models.get((name, arity))
        if known is None:
            dice = Dice(self.seed, self.number, "function", name, arity)
            positive = self.domain.fact(name).positive
            known = self.models[name, arity] = tuple(_model_terms(arity, dice, positive=positive))
        return known

    def is_discrete(self, name: str) -> bool:
        """Whether a name takes only separate values."""
        return is_discrete(self.domain, name)


def _model_terms(arity: int, dice: Dice, *, positive: bool) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    top = _DEGREE.get(arity, 2)
    for exponents in product(range(top + 1), repeat=min(arity, 4)):
        full = exponents + (0,) * (arity - len(exponents))
        if sum(exponents) > top + 1 or (positive and any(e % 2 for e in exponents)):
            continue
        value = Fraction(1 + dice.below(9), 1 + dice.below(4))
        yield full, value if positive or dice.below(2) else -value


def draw(fact: Fact, dice: Dice, number: int) -> Fraction:
    """A value that a fact allows: simple at the first points, less so later."""
    if fact.values:
        return fact.values[dice.below(len(fact.values))]
    if fact.integer:
        return _whole(fact, dice)
    grain = 12 if number < 2 else 97 if number % 2 else 60
    part = Fraction(1 + dice.below(grain - 1), grain)
    if fact.lower is not None and fact.upper is not None:
        return fact.lower + (fact.upper - fact.lower) * part
    size = 3 * part if number % 3 < 2 else 2 * part + Fraction(1, 7)
    if fact.lower is not None:
        return fact.lower + size
    if fact.upper is not None:
        return fact.upper - size
    return size if dice.below(2) else -size


def _dominant(fact: Fact, value: Fraction, *, diagonal: bool) -> Fraction:
    """A large positive diagonal makes a matrix regular (Gershgorin), and a symmetric one positive definite."""
    if fact.values or fact.integer or fact.upper is not None or fact.lower not in (None, 0):
        return value
    return abs(value) + _DIAGONAL if diagonal else value / 4


def _whole(fact: Fact, dice: Dice) -> Fraction:
    low = fact.lower if fact.lower is not None else min(Fraction(-3), (fact.upper or Fraction(0)) - 5)
    first = -(-low.numerator // low.denominator)
    if fact.open_lower and fact.lower is not None and first == low:
        first += 1
    last = first + 4
    if fact.upper is not None:
        last = min(last, fact.upper.numerator // fact.upper.denominator)
        if fact.open_upper and last == fact.upper:
            last -= 1
    return Fraction(first + dice.below(max(last - first + 1, 1)))


# (size, how free letters are chosen): 'apart', 'same' or 'mixed'
_PATTERNS = (
    (2, "apart"), (3, "apart"), (2, "same"), (3, "mixed"), (1, "same"), (3, "same"),
    (4, "apart"), (2, "mixed"), (3, "apart"), (4, "mixed"), (2, "apart"), (3, "mixed"),
)  # fmt: skip


def points(seed: str, names: Names, domain: Domain, count: int) -> Iterator[Point]:
    """Deterministic points; those that violate a known equation are left out."""
    from deriv.equal.equations import satisfy

    varied = bool(names.sizes or names.letters)
    for number in range(count):
        size, pattern = _PATTERNS[number % len(_PATTERNS)] if varied else (2, "apart")
        if number == _LATE and _is_cheap(names):
            size = _LARGE  # what agrees at small sizes only is told apart here
        dice = Dice(seed, number, "sizes")
        symbols = {name: Fraction(_size(domain, names, name, size, k)) for k, name in enumerate(names.sizes)}
        point = Point(seed, number, domain, symbols, square=names.square)
        try:
            _place_letters(point, names, pattern, dice)
            point.reach = _reach(point, names)
        except Undefined:
            continue
        if satisfy(point, names, domain):
            yield point


def _is_cheap(names: Names) -> bool:
    """Whether sums run over one range, with no matrices in them."""
    return len(names.sizes) == 1 and all(position == 0 for _, _, position in names.slots)


def _size(domain: Domain, names: Names, name: str, base: int, k: int) -> int:
    """Sizes of one point differ, so that a wrong size is seen; size 1 comes for all at once."""
    fact = domain.fact(name)
    value = base if base == 1 else base + k % 2 if base == 2 else max(base - k % 2, 2)
    value = max(value, names.least.get(name, 1))
    if fact.lower is not None:
        value = max(value, int(fact.lower))
    if fact.upper is not None and fact.upper >= 1:
        value = min(value, int(fact.upper))
    if fact.values:
        whole = [int(v) for v in fact.values if v.denominator == 1 and v > 0]
        return whole[base % len(whole)] if whole else value
    return value


def _place_letters(point: Point, names: Names, pattern: str, dice: Dice) -> None:
    """Give each free index a value in all of its ranges."""
    used: list[int] = []
    for position, (name, ranges) in enumerate(names.letters.items()):
        low, high = _limits(point, ranges)
        choices = list(range(low, high + 1))
        if not choices:
            raise Undefined("an index with an empty range")
        apart = [c for c in choices if c not in used] or choices
        same = [c for c in used if c in choices] or choices
        together = pattern == "same" or (pattern == "mixed" and position % 2 == 1)
        pool = same if together else apart
        value = pool[dice.below(len(pool))]
        used.append(value)
        point.symbols[name] = Fraction(value)


def _limits(point: Point, ranges: tuple[tuple[Expr, Expr], ...]) -> tuple[int, int]:
    low, high = None, None
    for lo, hi in ranges:
        first, last = index_value(point, lo), index_value(point, hi)
        low = first if low is None else max(low, first)
        high = last if high is None else min(high, last)
    if low is None or high is None:
        return 1, 3
    return low, high


def _reach(point: Point, names: Names) -> dict[tuple[str, int, int], list[tuple[int, int]]]:
    """Which entries there are; slots whose ranges depend on other indices are left open."""
    found: dict[tuple[str, int, int], list[tuple[int, int]]] = {}
    for slot, pairs in names.slots.items():
        spans = []
        for lo, hi in pairs:
            try:
                spans.append((index_value(point, lo), index_value(point, hi)))
            except Undefined:
                break
        else:
            found[slot] = spans
    return found


def index_value(point: Point, node: Expr) -> int:
    """The whole number that a bound stands for at a point."""
    value = _exact(point, node)
    if value is None or value.denominator != 1:
        raise Undefined("a bound that is not a whole number")
    return value.numerator


def _exact(point: Point, node: Expr) -> Fraction | None:
    if isinstance(node, Num):
        return node.value
    if isinstance(node, Sym):
        return point.symbol(node.name) if "." not in node.name else None
    parts = [_exact(point, child) for child in node.children]
    if None in parts or not isinstance(node, (Add, Mul, Pow)):
        return None
    values = [part for part in parts if part is not None]
    if isinstance(node, Add):
        return sum(values, Fraction(0))
    if isinstance(node, Mul):
        result = Fraction(1)
        for value in values:
            result *= value
        return result
    base, exponent = values
    if exponent.denominator != 1 or abs(exponent) > 8 or (not base and exponent < 0):
        return None
    return base ** int(exponent)
