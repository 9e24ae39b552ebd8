"""Rational functions over algebraically independent kernels, exact, on `flint` polynomials.

An element is numerator / denominator in lowest terms with a monic denominator.  A kernel is whatever the polynomials
treat as a variable: a symbol, an entry, an exponential, a logarithm, an index sum.  Some kernels satisfy a relation
g^q = (lower powers of g), such as √2² = 2, cos² = 1 - sin² or δ² = δ; polynomials are kept reduced by these.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import Any

import flint

from deriv.equal.budget import Budget, TooLarge, Undefined
from deriv.expr.domain import Domain

Poly = flint.fmpq_mpoly
BINDERS = ("sum", "product", "inverse", "det")  # kinds of kernels with bound names
_CLEAR = 40  # longest denominator that is rationalised


@lru_cache(maxsize=8)
def polynomial_ring(size: int) -> Any:
    """The polynomial ring in `size` variables."""
    return flint.fmpq_mpoly_ctx.get([f"k{k}" for k in range(size)], flint.Ordering.lex)


class Rat:
    """A rational function in lowest terms; equal elements of one field have equal keys."""

    __slots__ = ("_key", "den", "num")

    def __init__(self, num: Poly, den: Poly) -> None:
        self.num = num
        self.den = den
        self._key: tuple[str, str] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells elements apart (within one field)."""
        if self._key is None:
            self._key = (str(self.num), str(self.den))
        return self._key


@dataclass(frozen=True, slots=True)
class Kernel:
    """What one variable of the polynomials stands for.

    `names` are all free names (symbols, indices, families) inside; `height` is how deep sums are nested in it.
    """

    kind: str
    data: tuple[Hashable, ...]
    args: tuple[Rat, ...]
    names: frozenset[str]
    height: int


@dataclass(frozen=True, slots=True)
class Relation:
    """g**degree = Σ coefficients[k] g**k; `divisors` says that g may make zero divisors (δ, |f|, indicators)."""

    degree: int
    coefficients: tuple[Rat, ...]
    divisors: bool


@dataclass(frozen=True, slots=True)
class Mode:
    """How a proof reads what is not settled by facts.

    `lenient` assumes the signs it needs and notes them; `generic` leaves out the boundaries between cases;
    `split` writes |f| with the indicator of f > 0.
    """

    lenient: bool = False
    generic: bool = False
    split: bool = False


class Restart(Exception):
    """A kernel needs a finer root than it was made with; normalise again from the start."""


@dataclass(slots=True)
class Field:
    """The kernels of one decision and the arithmetic over them."""

    domain: Domain
    budget: Budget
    size: int = 32
    kernels: list[Kernel] = field(default_factory=list)
    ids: dict[tuple[Hashable, ...], int] = field(default_factory=dict)
    relations: dict[int, Relation] = field(default_factory=dict)
    radix: dict[int, int] = field(default_factory=dict)
    borrowed: set[int] = field(default_factory=set)  # kernels with a radix whose sign was only assumed
    exp_radix: dict[Hashable, int] = field(default_factory=dict)
    positive: set[str] = field(default_factory=set)
    assumed: dict[str, Rat] = field(default_factory=dict)
    logs: list[Rat] = field(default_factory=list)
    ranges: dict[str, tuple[Rat, Rat]] = field(default_factory=dict)
    letters: dict[str, tuple[tuple[Rat, Rat], ...]] = field(default_factory=dict)
    boundaries: dict[str, Rat] = field(default_factory=dict)
    mode: Mode = Mode()
    cautious: bool = False  # within cases an expression may go unused, so that it says nothing about its arguments
    memo: dict[Hashable, Any] = field(default_factory=dict)
    steps: int = 0
    ctx: Any = None
    one: Any = None
    zero: Any = None
    rat_one: Rat = None  # type: ignore[assignment]
    rat_zero: Rat = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.ctx = polynomial_ring(self.size)
        self.one, self.zero = self.ctx.constant(1), self.ctx.constant(0)
        self.rat_one, self.rat_zero = Rat(self.one, self.one), Rat(self.zero, self.one)

    # ------------------------------------------------------------ kernels

    def kernel(
        self, kind: str, data: tuple[Hashable, ...], args: tuple[Rat, ...] = (), *, bound: frozenset[str] = frozenset()
    ) -> int:
        """The number of a kernel, made when it is new; `bound` are names bound inside."""
        key = (kind, data, *(arg.key for arg in args))
        known = self.ids.get(key)
        if known is not None:
            return known
        if len(self.kernels) >= self.size:
            raise TooLarge("too many kernels")
        names = frozenset().union(*(self.names(arg) for arg in args)) - bound
        if kind in ("sym", "entry"):
            names |= {str(data[0]) if kind == "sym" else f"{data[0]}[]"}
        height = max((self.height(arg) for arg in args), default=0) + (kind in BINDERS)
        self.kernels.append(Kernel(kind, data, args, names, height))
        self.ids[key] = len(self.kernels) - 1
        return self.ids[key]

    def gen(self, number: int) -> Rat:
        """A kernel as an element (its own power where it stands for a root)."""
        variable = self.ctx.gen(number)
        return Rat(variable ** self.radix.get(number, 1), self.one)

    def used(self, poly: Poly) -> list[int]:
        """The kernels in a polynomial."""
        return [k for k, degree in enumerate(poly.degrees()) if degree > 0]

    def kernels_of(self, rat: Rat) -> list[int]:
        """The kernels in an element."""
        found = self.used(rat.num)
        if rat.den != self.one:
            found = sorted({*found, *self.used(rat.den)})
        return found

    def names(self, rat: Rat) -> frozenset[str]:
        """All free names in an element."""
        return frozenset().union(*(self.kernels[k].names for k in self.kernels_of(rat)))

    def height(self, rat: Rat) -> int:
        """How deep sums are nested in an element."""
        return max((self.kernels[k].height for k in self.kernels_of(rat)), default=0)

    # ------------------------------------------------------------ arithmetic

    def number(self, value: int | Fraction) -> Rat:
        """A constant."""
        value = Fraction(value)
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > self.budget.bits:
            raise TooLarge("too large a number")
        return Rat(self.ctx.constant(flint.fmpq(value.numerator, value.denominator)), self.one)

    def constant(self, rat: Rat) -> Fraction | None:
        """The value of a constant element."""
        if rat.den != self.one or not rat.num.is_constant():
            return None
        if rat.num == self.zero:
            return Fraction(0)
        value = rat.num.leading_coefficient()
        return Fraction(int(value.p), int(value.q))

    def _spend(self, *polys: Poly) -> None:
        self.steps += 1 + sum(map(len, polys)) // 10
        if self.steps > self.budget.steps:
            raise TooLarge("too many steps")
        cost = 1
        for poly in polys:
            cost *= max(len(poly), 1)
        if cost > self.budget.terms * 4:
            raise TooLarge("too large a polynomial")

    def make(self, num: Poly, den: Poly) -> Rat:
        """num / den in lowest terms, reduced by the relations."""
        self._spend(num)
        if den == self.one:
            return self._reduced(Rat(num, den)) if self.relations else Rat(num, den)
        if den == self.zero:
            raise Undefined("division by zero")
        if self.relations:
            return self._reduced(self._lowest(num, den))
        return self._lowest(num, den)

    def _lowest(self, num: Poly, den: Poly) -> Rat:
        if num == self.zero:
            return self.rat_zero
        common = num.gcd(den)
        if common != self.one:
            num, den = num / common, den / common
        lead = den.leading_coefficient()
        return Rat(num, den) if lead == 1 else Rat(num / lead, den / lead)

    def add(self, left: Rat, right: Rat) -> Rat:
        if left.den == right.den:
            return self.make(left.num + right.num, left.den)
        self._spend(left.num, right.den)
        self._spend(left.den, right.num)
        return self.make(left.num * right.den + right.num * left.den, left.den * right.den)

    def mul(self, left: Rat, right: Rat) -> Rat:
        self._spend(left.num, right.num)
        if left.den == self.one and right.den == self.one:
            return self.make(left.num * right.num, self.one)
        self._spend(left.den, right.den)
        return self.make(left.num * right.num, left.den * right.den)

    def scale(self, value: Fraction | int, rat: Rat) -> Rat:
        return self.mul(self.number(value), rat)

    def neg(self, rat: Rat) -> Rat:
        return Rat(-rat.num, rat.den)

    def sub(self, left: Rat, right: Rat) -> Rat:
        return self.add(left, self.neg(right))

    def inverse(self, rat: Rat) -> Rat:
        if rat.num == self.zero:
            raise Undefined("division by zero")
        return self.make(rat.den, rat.num)

    def div(self, left: Rat, right: Rat) -> Rat:
        return self.mul(left, self.inverse(right))

    def total(self, parts: Iterable[Rat]) -> Rat:
        result = self.rat_zero
        for part in parts:
            result = self.add(result, part)
        return result

    def power(self, rat: Rat, exponent: int) -> Rat:
        """A whole power."""
        if exponent < 0:
            return self.power(self.inverse(rat), -exponent)
        for poly in (rat.num, rat.den):
            self._check_power(poly, exponent)
        if not self.relations:
            return Rat(rat.num**exponent, rat.den**exponent)
        result, square = self.rat_one, rat
        while exponent:
            if exponent & 1:
                result = self.mul(result, square)
            exponent >>= 1
            if exponent:
                square = self.mul(square, square)
        return result

    def _check_power(self, poly: Poly, exponent: int) -> None:
        count = len(poly)
        if count == 0 or poly == self.one:
            return
        bits = max(int(c.p).bit_length() + int(c.q).bit_length() for c in poly.coeffs())
        degree = max(max(poly.degrees(), default=0), 0)
        if degree * exponent > self.budget.degree or bits * exponent > self.budget.bits * 2:
            raise TooLarge("too large an exponent")
        if count > 1 and (exponent > 400 or comb(exponent + count - 1, count - 1) > self.budget.terms):
            raise TooLarge("too large a power of a sum")

    # ------------------------------------------------------------ relations

    def relate(self, number: int, degree: int, coefficients: tuple[Rat, ...], *, divisors: bool) -> None:
        """State g**degree = Σ coefficients[k] g**k."""
        if number not in self.relations:
            self.relations[number] = Relation(degree, coefficients, divisors)

    def split(self, poly: Poly, number: int) -> dict[int, Poly]:
        """The coefficients of a polynomial by powers of one kernel."""
        parts: dict[int, dict[tuple[int, ...], Any]] = {}
        for monomial, coefficient in poly.terms():
            rest = (*monomial[:number], 0, *monomial[number + 1 :])
            parts.setdefault(int(monomial[number]), {})[rest] = coefficient
        return {degree: self.ctx.from_dict(part) for degree, part in parts.items()}

    def _reduced(self, rat: Rat) -> Rat:
        for _ in range(60):
            number = self._reducible(rat.num)
            if number is not None:
                top = self._lower(rat.num, number)
                rat = self._lowest(top.num, top.den * rat.den)
                continue
            number = self._reducible(rat.den) if rat.den != self.one else None
            if number is not None:
                bottom = self._lower(rat.den, number)
                if bottom.num == self.zero:
                    raise Undefined("division by zero")
                rat = self._lowest(rat.num * bottom.den, bottom.num)
                continue
            cleared = self._clear(rat) if rat.den != self.one else None
            if cleared is None:
                return rat
            rat = cleared
        raise TooLarge("too many relations between kernels")

    def _reducible(self, poly: Poly) -> int | None:
        degrees = poly.degrees()
        for number, relation in self.relations.items():
            if degrees[number] >= relation.degree:
                return number
        return None

    def _lower(self, poly: Poly, number: int) -> Rat:
        """One kernel's powers brought below the degree of its relation."""
        self._spend(poly)
        relation = self.relations[number]
        variable = self.ctx.gen(number)
        result, base = self.zero, self.one
        for degree, part in self.split(poly, number).items():
            table = _powers(self, number, degree, relation)
            for k, coefficient in enumerate(table):
                if coefficient.num == self.zero:
                    continue
                term = part * coefficient.num * variable**k
                if coefficient.den == base:
                    result = result + term
                else:
                    result = result * coefficient.den + term * base
                    base = base * coefficient.den
        return Rat(result, base)

    def _clear(self, rat: Rat) -> Rat | None:
        """Rationalise: multiply by the conjugate of a denominator that is linear in a related kernel."""
        if len(rat.den) > _CLEAR:
            return None
        degrees = rat.den.degrees()
        for number, relation in self.relations.items():
            if relation.degree != 2 or degrees[number] != 1:
                continue
            parts = self.split(rat.den, number)
            a, b = parts.get(0, self.zero), parts[1]
            beta, alpha = relation.coefficients
            self._spend(a, b)
            norm = self.make(a * a, self.one)
            norm = self.add(norm, self.mul(Rat(a * b, self.one), alpha))
            norm = self.sub(norm, self.mul(Rat(b * b, self.one), beta))
            if norm.num == self.zero or self._may_divide_zero(norm.num):
                continue
            conjugate = self.add(Rat(a, self.one), self.mul(Rat(b, self.one), alpha))
            conjugate = self.sub(conjugate, Rat(b * self.ctx.gen(number), self.one))
            self._spend(rat.num, conjugate.num)
            return self._lowest(rat.num * conjugate.num * norm.den, conjugate.den * norm.num)
        return None

    def _may_divide_zero(self, poly: Poly) -> bool:
        return any(k in self.relations and self.relations[k].divisors for k in self.used(poly))


def _powers(space: Field, number: int, degree: int, relation: Relation) -> list[Rat]:
    """g**degree as coefficients of 1, g, …, g**(q-1)."""
    q = relation.degree
    table = [space.rat_one if k == degree else space.rat_zero for k in range(q)]
    if degree < q:
        return table
    start = q
    table = list(relation.coefficients)
    for known_degree in range(degree, q, -1):
        known = space.memo.get(("power", number, known_degree))
        if known is not None:
            start, table = known_degree, known
            break
    for step in range(start + 1, degree + 1):
        top = table[-1]
        shifted = [space.rat_zero, *table[:-1]]
        table = [space.add(low, space.mul(top, c)) for low, c in zip(shifted, relation.coefficients, strict=True)]
        space.memo["power", number, step] = table
    return table
