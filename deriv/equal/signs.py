"""Signs of polynomials from facts, by interval arithmetic over the kernels, and factorisation."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import flint

from deriv.equal.field import Field, Kernel, Poly, Rat, polynomial_ring
from deriv.expr.domain import Fact

Sign = Literal["+", "-", "0+", "0-", ""]


@dataclass(frozen=True, slots=True)
class Interval:
    """lo … hi, None for unbounded; `lo_open` and `hi_open` exclude the ends."""

    lo: Fraction | None = None
    hi: Fraction | None = None
    lo_open: bool = True
    hi_open: bool = True


REAL = Interval()
POSITIVE = Interval(lo=Fraction(0))
NONNEGATIVE = Interval(lo=Fraction(0), lo_open=False)
FROM_ONE = Interval(lo=Fraction(1), lo_open=False)
WITHIN_ONE = Interval(Fraction(-1), Fraction(1), lo_open=False, hi_open=False)
UNIT = Interval(Fraction(0), Fraction(1), lo_open=False, hi_open=False)


def _point(value: Fraction) -> Interval:
    return Interval(value, value, lo_open=False, hi_open=False)


def _fact_interval(fact: Fact) -> Interval:
    if fact.values:
        return Interval(min(fact.values), max(fact.values), lo_open=False, hi_open=False)
    return Interval(fact.lower, fact.upper, fact.open_lower, fact.open_upper)


def kernel_interval(space: Field, number: int) -> Interval:
    """Bounds of one kernel, known from facts or from what it is."""
    known = space.memo.get(("interval", number))
    if known is None:
        known = _base_interval(space, space.kernels[number])
        if space.radix.get(number, 1) > 1:
            known = _root_interval(known)
        space.memo["interval", number] = known
    return known


def known_sign(space: Field, number: int) -> bool:
    """Whether facts alone make a kernel positive or zero."""
    lo = _base_interval(space, space.kernels[number]).lo
    return lo is not None and lo >= 0


def _root_interval(base: Interval) -> Interval:
    below_one = base.hi is not None and base.hi <= 1
    lowest = Fraction(1) if base.lo is not None and base.lo >= 1 else Fraction(0)
    lo_open = base.lo_open if base.lo == lowest else base.lo is not None and base.lo > 0
    return Interval(lowest, Fraction(1) if below_one else None, lo_open, base.hi_open if base.hi == 1 else True)


def _base_interval(space: Field, kernel: Kernel) -> Interval:
    match kernel.kind:
        case "sym":
            name = str(kernel.data[0])
            if name in space.ranges or name in space.letters:
                return FROM_ONE if _starts_at_one(space, name) else REAL
            return _fact_interval(space.domain.fact(name)) if name in space.domain.facts else REAL
        case "entry" if _on_diagonal(space, kernel):
            return POSITIVE
        case "det" if _definite(space, kernel):
            return POSITIVE
        case "entry":
            return _fact_interval(space.domain.fact(str(kernel.data[0])))
        case "apply":
            positive = space.domain.fact(str(kernel.data[0])).positive and not any(kernel.data[1])  # type: ignore[arg-type]
            return POSITIVE if positive else REAL
        case "exp" | "factorial":
            return POSITIVE
        case "pi":
            return Interval(Fraction(3), Fraction(4))
        case "zero" | "above":
            return UNIT
        case "sin" | "cos":
            return WITHIN_ONE
        case "abs" | "root":
            return POSITIVE if rat_sign(space, kernel.args[0]) in ("+", "-") else NONNEGATIVE
        case "log":
            value = space.constant(kernel.args[0])
            return POSITIVE if value is not None and value > 1 else REAL
        case "sum" | "product":
            sign = rat_sign(space, kernel.args[-1])
            return POSITIVE if sign == "+" else NONNEGATIVE if sign == "0+" else REAL
    return REAL


def _on_diagonal(space: Field, kernel: Kernel) -> bool:
    """Whether it is a diagonal entry of a positive definite matrix."""
    definite = kernel.data[0] in space.domain.positive_definite and len(kernel.args) >= 2
    return definite and kernel.args[-1].key == kernel.args[-2].key


def _definite(space: Field, kernel: Kernel) -> bool:
    """Whether the matrix of a determinant is a family known to be positive definite."""
    body = kernel.args[2]
    used = space.kernels_of(body)
    if len(used) != 1 or body.num != space.gen(used[0]).num:
        return False
    inner = space.kernels[used[0]]
    if inner.kind != "entry" or inner.data[0] not in space.domain.positive_definite:
        return False
    places = {name for arg in inner.args[-2:] for name in space.names(arg)}
    return set(kernel.data[:2]) <= places


def _starts_at_one(space: Field, name: str) -> bool:
    pairs = [space.ranges[name]] if name in space.ranges else list(space.letters.get(name, ()))
    lows = [space.constant(lo) for lo, _ in pairs]
    return all(low is not None and low >= 1 for low in lows)


def sign(space: Field, poly: Poly) -> Sign:
    """What is known about the sign of a polynomial: '+' positive, '0+' not negative, '' nothing."""
    if poly == space.zero:
        return "0+"
    text = str(poly)
    if text in space.positive:
        return "+"
    if str(-poly) in space.positive:
        return "-"
    known: Sign | None = space.memo.get(("sign", text))
    if known is None:
        known = space.memo["sign", text] = _interval_sign(_bounds(space, poly))
    return known


def rat_sign(space: Field, rat: Rat) -> Sign:
    """The sign of a rational function whose denominator is not 0 where it is defined."""
    top = sign(space, rat.num)
    if rat.den == space.one or not top:
        return top
    bottom = sign(space, rat.den)
    if not bottom:
        return ""
    zero = "0" if top[0] == "0" else ""
    return ("0" if zero else "") + ("+" if top[-1] == bottom[-1] else "-")  # type: ignore[return-value]


def _interval_sign(value: Interval) -> Sign:
    if value.lo is not None and value.lo >= 0:
        return "+" if value.lo > 0 or value.lo_open else "0+"
    if value.hi is not None and value.hi <= 0:
        return "-" if value.hi < 0 or value.hi_open else "0-"
    return ""


def _bounds(space: Field, poly: Poly) -> Interval:
    lo: Fraction | None = Fraction(0)
    hi: Fraction | None = Fraction(0)
    lo_open = hi_open = False
    for monomial, coefficient in poly.terms():
        term = _point(Fraction(1))
        for number, degree in enumerate(monomial):
            if degree:
                term = _times(term, _power(kernel_interval(space, number), int(degree)))
        c = Fraction(int(coefficient.p), int(coefficient.q))
        term = _times(term, _point(c))
        lo = None if lo is None or term.lo is None else lo + term.lo
        hi = None if hi is None or term.hi is None else hi + term.hi
        lo_open, hi_open = lo_open or term.lo_open, hi_open or term.hi_open
        if lo is None and hi is None:
            return REAL
    return Interval(lo, hi, lo_open, hi_open)


def _power(base: Interval, degree: int) -> Interval:
    if base.lo is not None and base.lo >= 0:
        hi = None if base.hi is None else base.hi**degree
        return Interval(base.lo**degree, hi, base.lo_open, base.hi_open)
    if degree % 2:
        return base if degree == 1 else WITHIN_ONE if base == WITHIN_ONE else REAL
    if base.hi is not None and base.hi <= 0:
        lo = None if base.lo is None else base.lo**degree
        return Interval(base.hi**degree, lo, base.hi_open, base.lo_open)
    if base.lo is None or base.hi is None:
        return NONNEGATIVE
    return Interval(Fraction(0), max(base.lo**degree, base.hi**degree), lo_open=False, hi_open=False)


def _times(left: Interval, right: Interval) -> Interval:
    """Product; exact for constants and signed intervals, all reals otherwise."""
    if left.lo is not None and left.lo == left.hi:
        return _scaled(right, left.lo)
    if right.lo is not None and right.lo == right.hi:
        return _scaled(left, right.lo)
    if left.lo is None or right.lo is None or left.lo < 0 or right.lo < 0:
        return REAL
    hi = None if left.hi is None or right.hi is None else left.hi * right.hi
    lo = left.lo * right.lo
    lo_open = (left.lo_open and right.lo_open) if lo == 0 else (left.lo_open or right.lo_open)
    if lo == 0 and (left.lo > 0 or right.lo > 0):
        lo_open = left.lo_open if left.lo == 0 else right.lo_open
    return Interval(lo, hi, lo_open, left.hi_open or right.hi_open)


def _scaled(base: Interval, c: Fraction) -> Interval:
    if c == 0:
        return _point(Fraction(0))
    lo = None if base.lo is None else base.lo * c
    hi = None if base.hi is None else base.hi * c
    return Interval(lo, hi, base.lo_open, base.hi_open) if c > 0 else Interval(hi, lo, base.hi_open, base.lo_open)


def factors(space: Field, poly: Poly) -> tuple[Fraction, list[tuple[Poly, int]]]:
    """Constant and irreducible factors over the rationals, each with leading coefficient 1."""
    key = ("factors", str(poly))
    known = space.memo.get(key)
    if known is None:
        known = space.memo[key] = _factors(space, poly)
    return known


def _factors(space: Field, poly: Poly) -> tuple[Fraction, list[tuple[Poly, int]]]:
    lead = poly.leading_coefficient()
    constant = Fraction(int(lead.p), int(lead.q))
    poly = poly / lead
    content = [int(e) for e in poly.term_content().monoms()[0]]
    found = [(space.ctx.gen(k), e) for k, e in enumerate(content) if e]
    if found:
        poly = poly / poly.term_content()
    if poly == space.one:
        return constant, found
    degrees = poly.degrees()
    if len(poly) == 2 and 1 in degrees:
        return constant, [*found, (poly, 1)]
    used = [k for k, degree in enumerate(degrees) if degree > 0]
    ring = polynomial_ring(len(used))
    small = ring.from_dict({tuple(m[k] for k in used): c for m, c in poly.terms()})
    scale, parts = small.factor()
    constant *= Fraction(int(flint.fmpq(scale).p), int(flint.fmpq(scale).q))
    for part, exponent in parts:
        terms = {}
        for monomial, coefficient in part.terms():
            full = [0] * space.size
            for k, e in zip(used, monomial, strict=True):
                full[k] = int(e)
            terms[tuple(full)] = coefficient
        big = space.ctx.from_dict(terms)
        lead = big.leading_coefficient()
        constant *= Fraction(int(lead.p), int(lead.q)) ** int(exponent)
        found.append((big / lead, int(exponent)))
    return constant, found


def rat_factors(space: Field, rat: Rat) -> tuple[Fraction, list[tuple[Poly, int]]]:
    """Constant and irreducible factors of a rational function; exponents of the denominator are negative."""
    constant, found = factors(space, rat.num)
    if rat.den == space.one:
        return constant, list(found)
    below, bottom = factors(space, rat.den)
    return constant / below, [*found, *((poly, -e) for poly, e in bottom)]


def assumed_sign(space: Field, poly: Poly) -> Literal["+", "-"]:
    """In a lenient proof: take the sign that the term of lowest degree suggests, and note the assumption."""
    last = poly.coeffs()[-1]
    positive = poly if last > 0 else -poly
    space.positive.add(str(positive))
    space.assumed[str(positive)] = Rat(positive, space.one)
    return "+" if last > 0 else "-"
