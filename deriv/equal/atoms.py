"""Kernels made from arguments, and the replacement of names inside them.

Entries, Kronecker deltas, unknown functions and opaque calls have a canonical form each; `rename` rebuilds every kernel
in which a name occurs, so that x_i becomes x_j also inside exponentials, logarithms and sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from deriv.equal import explog, kinks, trig
from deriv.equal.field import Field, Poly, Rat

ODD = frozenset({"asin", "atan", "erf"})
_SHIFT = 8


def symbol(space: Field, name: str) -> Rat:
    """A scalar or an index."""
    return space.gen(space.kernel("sym", (name,)))


def entry(space: Field, name: str, sups: int, indices: tuple[Rat, ...]) -> Rat:
    """One entry of a family; of a symmetric one with its last two indices in order."""
    if space.domain.is_symmetric(name) and len(indices) >= 2:
        indices = (*indices[:-2], *sorted(indices[-2:], key=lambda index: index.key))
    number = space.kernel("entry", (name, sups), indices)
    values = space.domain.fact(name).values
    if values:
        relate_values(space, number, values)
    return space.gen(number)


def relate_values(space: Field, number: int, values: tuple[Fraction, ...]) -> None:
    """Π (g - v) = 0 for a name that takes only a few values: y² = y for labels 0 and 1."""
    if number in space.relations:
        return
    coefficients = [Fraction(1)]
    for value in values:
        shifted = [Fraction(0), *coefficients]
        for k, c in enumerate(coefficients):
            shifted[k] -= value * c
        coefficients = shifted
    low = tuple(space.number(-c) for c in coefficients[:-1])
    space.relate(number, len(values), low, divisors=True)


def delta(space: Field, left: Rat, right: Rat) -> Rat:
    """1 where both indices agree."""
    return kinks.zero(space, space.sub(left, right))


def apply(space: Field, name: str, orders: tuple[int, ...], args: tuple[Rat, ...]) -> Rat:
    """A partial derivative of an unknown function."""
    return space.gen(space.kernel("apply", (name, orders), args))


def opaque(space: Field, name: str, args: tuple[Rat, ...]) -> Rat:
    """A function without a reduction; odd ones with the sign pulled out."""
    name = {"arcsin": "asin", "arctan": "atan"}.get(name, name)
    if name in ODD and args[0].num == space.zero:
        return space.rat_zero
    if name in ODD and args[0].num.leading_coefficient() < 0:
        return space.neg(opaque(space, name, (space.neg(args[0]),)))
    if name == "gamma":
        return factorial(space, space.sub(args[0], space.rat_one))
    if name == "factorial":
        return factorial(space, args[0])
    if name == "binomial":
        n, k = args
        below = space.mul(factorial(space, k), factorial(space, space.sub(n, k)))
        return space.div(factorial(space, n), below)
    return space.gen(space.kernel("call", (name,), args))


def factorial(space: Field, arg: Rat) -> Rat:
    """(m + d)! = m! (m+1) … (m+d): the whole part of the argument is multiplied out."""
    origin = space.ctx.from_dict({(0,) * space.size: 1})
    shift = Fraction(0)
    if arg.den == space.one:
        for monomial, coefficient in arg.num.terms():
            if not any(monomial):
                shift = Fraction(int(coefficient.p), int(coefficient.q))
    whole = shift.numerator // shift.denominator
    constant = space.constant(arg)
    if abs(whole) > (200 if constant is not None else _SHIFT):
        return space.gen(space.kernel("factorial", (), (arg,)))
    base = Rat(arg.num - whole * origin, arg.den)
    result = space.rat_one
    if base.num != space.zero:
        result = space.gen(space.kernel("factorial", (), (base,)))
    for step in range(1, whole + 1):
        result = space.mul(result, space.add(base, space.number(step)))
    for step in range(whole + 1, 1):
        result = space.div(result, space.add(base, space.number(step)))
    return result


def rename(space: Field, rat: Rat, mapping: Mapping[str, Rat]) -> Rat:
    """An element with names replaced everywhere inside its kernels."""
    touched = [k for k in space.kernels_of(rat) if not space.kernels[k].names.isdisjoint(mapping)]
    if not touched:
        return rat
    key = tuple((name, value.key) for name, value in sorted(mapping.items()))
    values = {k: _variable(space, k, mapping, key) for k in touched}
    num = _replace(space, rat.num, values)
    return num if rat.den == space.one else space.div(num, _replace(space, rat.den, values))


def _variable(space: Field, number: int, mapping: Mapping[str, Rat], key: tuple[object, ...]) -> Rat:
    """What a polynomial variable becomes."""
    known = space.memo.get(("rename", number, key))
    if known is None:
        value = _rebuild(space, number, mapping)
        base = space.radix.get(number, 1)
        known = explog.power(space, value, Fraction(1, base)) if base > 1 else value
        space.memo["rename", number, key] = known
    return known


def _rebuild(space: Field, number: int, mapping: Mapping[str, Rat]) -> Rat:
    from deriv.equal import matrices, sums

    kernel = space.kernels[number]
    if kernel.kind == "sym":
        return mapping[str(kernel.data[0])]
    if kernel.kind in ("sum", "product"):
        return sums.rebuild(space, kernel, mapping)
    if kernel.kind in ("inverse", "det"):
        return matrices.rebuild(space, kernel, mapping)
    args = tuple(rename(space, arg, mapping) for arg in kernel.args)
    data = kernel.data
    match kernel.kind:
        case "entry":
            return entry(space, str(data[0]), int(data[1]), args)  # type: ignore[call-overload]
        case "apply":
            return apply(space, str(data[0]), data[1], args)  # type: ignore[arg-type]
        case "call":
            return opaque(space, str(data[0]), args)
        case "root":
            return explog.power(space, args[0], Fraction(1, int(data[0])))  # type: ignore[call-overload]
        case "power":
            return explog.general_power(space, args[0], args[1])
    return _UNARY[kernel.kind](space, args[0])


_UNARY: Mapping[str, Callable[[Field, Rat], Rat]] = {
    "exp": explog.exp,
    "log": explog.log,
    "abs": kinks.absolute,
    "above": kinks.above,
    "zero": kinks.zero,
    "sin": trig.sine,
    "cos": trig.cosine,
    "factorial": factorial,
}


def _replace(space: Field, poly: Poly, values: Mapping[int, Rat]) -> Rat:
    """A polynomial with some variables replaced by elements."""
    result = space.rat_zero
    for monomial, coefficient in poly.terms():
        rest = list(monomial)
        term: Rat | None = None
        for number, value in values.items():
            degree = int(rest[number])
            if degree:
                rest[number] = 0
                part = value if degree == 1 else space.power(value, degree)
                term = part if term is None else space.mul(term, part)
        kept = Rat(space.ctx.from_dict({tuple(rest): coefficient}), space.one)
        result = space.add(result, kept if term is None else space.mul(kept, term))
    return result


def replace_kernel(space: Field, rat: Rat, number: int, value: Rat) -> Rat:
    """An element with one kernel replaced at the top level."""
    num = _replace(space, rat.num, {number: value})
    return num if rat.den == space.one else space.div(num, _replace(space, rat.den, {number: value}))
