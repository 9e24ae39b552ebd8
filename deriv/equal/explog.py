"""Exponentials, logarithms and powers as kernels.

The exponential of each monomial of an exponent becomes a power of one positive kernel; a logarithm splits over the
factors known to be positive and comes back from the exponential.  Two such normal forms of the "exp-log field" differ
unless the claim is an identity (R. Risch, "Algebraic properties of the elementary functions of analysis", American
Journal of Mathematics 101, 1979: kernels that are not rationally dependent are algebraically independent).
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm

import flint

from deriv.equal.branch import by_branches
from deriv.equal.budget import TooLarge, Undefined, Unsupported
from deriv.equal.field import Field, Poly, Rat, Restart
from deriv.equal.signs import assumed_sign, known_sign, rat_factors, rat_sign, sign

_MAX_PRIME_BITS = 100


def terms(space: Field, rat: Rat) -> list[tuple[Fraction, Rat]]:
    """A rational function as a sum of coefficient times monomial; the polynomial part is split off first."""
    found: list[tuple[Fraction, Rat]] = []
    num, den = rat.num, rat.den
    if den != space.one and len(den) > 1:
        quotient, num = divmod(num, den)
        found.extend(_monomials(space, quotient, space.one))
    found.extend(_monomials(space, num, den))
    return found


def _monomials(space: Field, num: Poly, den: Poly) -> list[tuple[Fraction, Rat]]:
    found = []
    for monomial, coefficient in num.terms():
        part = Rat(space.ctx.from_dict({monomial: 1}), space.one)
        if den != space.one:
            part = space.make(part.num, den)
        scale = part.num.leading_coefficient() if part.num != space.zero else flint.fmpq(1)
        if scale != 1:
            part = Rat(part.num / scale, part.den)
            coefficient = coefficient * scale
        found.append((Fraction(int(coefficient.p), int(coefficient.q)), part))
    return found


def radix(space: Field, key: tuple[object, ...], needed: int) -> int:
    """The common denominator of a kernel's coefficients; asks for a new start when it must grow."""
    current = space.exp_radix.get(key, 1)
    if current % needed:
        space.exp_radix[key] = lcm(current, needed)
        if space.exp_radix[key] > 10_000:
            raise TooLarge("too large a denominator in an exponent")
        raise Restart
    return current


def exp(space: Field, rat: Rat) -> Rat:
    """The exponential."""
    branched = by_branches(space, rat, exp)
    if branched is not None:
        return branched
    result = space.rat_one
    for coefficient, monomial in terms(space, rat):
        result = space.mul(result, _exp_monomial(space, coefficient, monomial))
    return result


def _exp_monomial(space: Field, coefficient: Fraction, monomial: Rat) -> Rat:
    inner = _log_argument(space, monomial)
    if inner is not None:
        return power(space, inner, coefficient)
    q = radix(space, ("exp", monomial.key), coefficient.denominator)
    number = space.kernel("exp", (), (space.scale(Fraction(1, q), monomial),))
    whole = int(coefficient * q)
    if abs(whole) > space.budget.degree:
        raise TooLarge("too large an exponent")
    value = Rat(space.ctx.gen(number) ** abs(whole), space.one)
    return value if whole > 0 else space.inverse(value)


def _log_argument(space: Field, monomial: Rat) -> Rat | None:
    """f when the monomial is just log f."""
    if monomial.den != space.one or monomial.num.total_degree() != 1:
        return None
    kernel = space.kernels[space.used(monomial.num)[0]]
    return kernel.args[0] if kernel.kind == "log" else None


def log(space: Field, rat: Rat) -> Rat:
    """The natural logarithm, split over factors of known sign."""
    if rat.num == space.zero:
        raise Undefined("the logarithm of 0")
    branched = by_branches(space, rat, log)
    if branched is not None:
        return branched
    constant, found = rat_factors(space, rat)
    flip = constant < 0
    result = _log_number(space, abs(constant))
    unknown: list[tuple[Poly, int]] = []
    for poly, exponent in found:
        known = sign(space, poly)
        if not known and exponent % 2 and not space.mode.lenient:
            unknown.append((poly, exponent))
            continue
        if not known and exponent % 2:
            known = assumed_sign(space, poly)
        flip ^= known in ("-", "0-") and exponent % 2 == 1
        part = log_factor(space, poly, known)
        result = space.add(result, space.scale(exponent, part))
    if not unknown:
        if flip:
            raise Undefined("the logarithm of a negative number")
        return result
    return space.add(result, _log_opaque(space, unknown, flip=flip))


def _log_opaque(space: Field, unknown: list[tuple[Poly, int]], *, flip: bool) -> Rat:
    """The logarithm of a product whose factors have no known sign: positive as a whole where it is defined."""
    common = 0
    for _, exponent in unknown:
        common = gcd(common, exponent)
    product = space.number(-1 if flip else 1)
    for poly, exponent in unknown:
        product = space.mul(product, space.power(Rat(poly, space.one), exponent // common))
    if len(unknown) == 1 and unknown[0][1] < 0:
        product, common = Rat(-unknown[0][0] if flip else unknown[0][0], space.one), -common
    space.logs.append(product)
    return space.scale(common, space.gen(space.kernel("log", (), (product,))))


def log_factor(space: Field, poly: Poly, known: str) -> Rat:
    """log |f| of an irreducible factor."""
    used = space.used(poly)
    if len(used) == 1 and len(poly) == 1:
        number = used[0]
        kernel = space.kernels[number]
        if kernel.kind == "exp":
            return kernel.args[0]
        if kernel.kind == "root":
            return space.scale(Fraction(1, int(kernel.data[0])), log(space, kernel.args[0]))  # type: ignore[call-overload]
        base = space.radix.get(number, 1)
        if base > 1:
            return space.scale(Fraction(1, base), space.gen(space.kernel("log", (), (space.gen(number),))))
    argument = Rat(poly, space.one)
    if known in ("-", "0-"):
        argument = Rat(-poly, space.one)
    elif not known:
        from deriv.equal.kinks import absolute

        argument = absolute(space, argument)
    return space.gen(space.kernel("log", (), (argument,)))


def _log_number(space: Field, value: Fraction) -> Rat:
    """The logarithm of a positive number, by primes."""
    result = space.rat_zero
    for whole, direction in ((value.numerator, 1), (value.denominator, -1)):
        for prime, exponent in primes(whole):
            kernel = space.gen(space.kernel("log", (), (space.number(prime),)))
            result = space.add(result, space.scale(direction * exponent, kernel))
    return result


def primes(value: int) -> list[tuple[int, int]]:
    """Prime factors of a whole number; a large one stays as it is."""
    if value == 1:
        return []
    if value.bit_length() > _MAX_PRIME_BITS:
        return [(value, 1)]
    return [(int(prime), int(exponent)) for prime, exponent in flint.fmpz(value).factor()]


def power(space: Field, base: Rat, exponent: Fraction) -> Rat:
    """A rational power; (f²)^(1/2) is |f|."""
    if exponent.denominator == 1:
        return space.power(base, int(exponent))
    if base.num == space.zero:
        if exponent < 0:
            raise Undefined("division by zero")
        return space.rat_zero
    branched = by_branches(space, base, lambda inner, rat: power(inner, rat, exponent))
    if branched is not None:
        return branched
    constant, found = rat_factors(space, base)
    flip = constant < 0
    result = _number_power(space, abs(constant), exponent)
    unknown: list[tuple[Poly, int]] = []
    for poly, multiplicity in found:
        known = sign(space, poly)
        odd = multiplicity % 2 == 1
        if not known and odd and not space.mode.lenient:
            unknown.append((poly, multiplicity))
            continue
        if not known and odd:
            known = assumed_sign(space, poly)
        flip ^= known in ("-", "0-") and odd
        result = space.mul(result, _factor_power(space, poly, known, multiplicity * exponent))
    if unknown:
        return space.mul(result, _opaque_power(space, unknown, exponent, flip=flip))
    if flip:
        raise Undefined("a root of a negative number")
    return result


def _opaque_power(space: Field, unknown: list[tuple[Poly, int]], exponent: Fraction, *, flip: bool) -> Rat:
    """A power of a product that is not negative as a whole where it is defined."""
    common = 0
    for _, multiplicity in unknown:
        common = gcd(common, multiplicity)
    product = space.number(-1 if flip else 1)
    for poly, multiplicity in unknown:
        product = space.mul(product, space.power(Rat(poly, space.one), multiplicity // common))
    return _root_power(space, product, exponent * common)


def _factor_power(space: Field, poly: Poly, known: str, exponent: Fraction) -> Rat:
    """|f|**exponent of an irreducible factor."""
    used = space.used(poly)
    if len(used) == 1 and len(poly) == 1 and known in ("+", "0+"):
        number = used[0]
        kernel = space.kernels[number]
        if kernel.kind == "exp":
            return exp(space, space.scale(exponent, kernel.args[0]))
        if kernel.kind == "root":
            return power(space, kernel.args[0], exponent / int(kernel.data[0]))  # type: ignore[call-overload]
        if number not in space.relations:
            return _radix_power(space, number, exponent)
    argument = Rat(-poly if known in ("-", "0-") else poly, space.one)
    if not known:
        from deriv.equal.kinks import absolute

        argument = absolute(space, argument)
    return _root_power(space, argument, exponent)


def _radix_power(space: Field, number: int, exponent: Fraction) -> Rat:
    """A fractional power of a positive kernel: the kernel is re-read as a power of its own root."""
    if exponent.denominator > 1:
        space.radix[number] = space.radix.get(number, 1) * exponent.denominator
        if space.radix[number] > 1000:
            raise TooLarge("too fine a root")
        if space.mode.lenient and not known_sign(space, number):
            space.borrowed.add(number)
        raise Restart
    value = Rat(space.ctx.gen(number), space.one)
    return space.power(value, int(exponent))


def _root_power(space: Field, base: Rat, exponent: Fraction) -> Rat:
    """base**exponent through the q-th root of the base as an algebraic kernel."""
    whole = exponent.numerator // exponent.denominator
    rest = exponent - whole
    result = space.power(base, whole) if whole else space.rat_one
    if not rest:
        return result
    q = radix(space, ("root", base.key), rest.denominator)
    number = space.kernel("root", (q,), (base,))
    space.relate(number, q, (base, *[space.rat_zero] * (q - 1)), divisors=False)
    return space.mul(result, space.power(Rat(space.ctx.gen(number), space.one), int(rest * q)))


def _number_power(space: Field, value: Fraction, exponent: Fraction) -> Rat:
    result = space.rat_one
    for whole, direction in ((value.numerator, 1), (value.denominator, -1)):
        for prime, multiplicity in primes(whole):
            part = _root_power(space, space.number(prime), direction * multiplicity * exponent)
            result = space.mul(result, part)
    return result


def general_power(space: Field, base: Rat, exponent: Rat) -> Rat:
    """base**exponent with a symbolic exponent."""
    value = space.constant(exponent)
    if value is not None:
        return power(space, base, value)
    if base.num == space.zero:
        return space.gen(space.kernel("power", (), (base, exponent)))
    if rat_sign(space, base) in ("+", "0+") or space.mode.lenient:
        return exp(space, space.mul(exponent, log(space, base)))
    return _abstract_power(space, base, exponent)


def _abstract_power(space: Field, base: Rat, exponent: Rat) -> Rat:
    """Whole multiples of each monomial of the exponent become whole powers; valid wherever the powers are defined."""
    result = space.rat_one
    for coefficient, monomial in terms(space, exponent):
        if space.constant(monomial) is not None:
            result = space.mul(result, power(space, base, coefficient))
            continue
        q = radix(space, ("power", base.key, monomial.key), coefficient.denominator)
        if q > 1 and space.cautious:
            raise Unsupported("a root of a power within cases")
        number = space.kernel("power", (), (base, space.scale(Fraction(1, q), monomial)))
        result = space.mul(result, space.power(Rat(space.ctx.gen(number), space.one), int(coefficient * q)))
    return result
