"""Products over an index: of positive factors the exponential of a sum of logarithms, of others a kernel each."""

from __future__ import annotations

from fractions import Fraction

from deriv.equal import explog
from deriv.equal.atoms import rename, symbol
from deriv.equal.budget import Undefined
from deriv.equal.field import Field, Rat
from deriv.equal.signs import rat_factors, sign
from deriv.equal.sums import sum_over


def product_over(space: Field, name: str, lo: Rat, hi: Rat, body: Rat) -> Rat:
    """Π of `body` for name = lo … hi."""
    count = space.add(space.sub(hi, lo), space.rat_one)
    if name not in space.names(body):
        return explog.general_power(space, body, count)
    first, last = space.constant(lo), space.constant(hi)
    if first is not None and last is not None and last - first < space.budget.expand:
        return _written_out(space, name, first, last, body)
    constant, found = rat_factors(space, body)
    result = space.rat_one
    for poly, exponent in found:
        if sign(space, poly) == "-":
            poly, constant = -poly, constant * (-1) ** exponent
        factor = Rat(poly, space.one)
        if name not in space.names(factor):
            part = explog.general_power(space, space.power(factor, exponent), count)
        elif sign(space, poly) == "+":
            logs = sum_over(space, name, lo, hi, explog.log(space, factor))
            part = explog.exp(space, space.scale(exponent, logs))
        else:
            part = space.power(_kernel(space, name, lo, hi, factor), exponent)
        result = space.mul(result, part)
    if constant != 1:
        result = space.mul(result, explog.general_power(space, space.number(constant), count))
    return result


def _written_out(space: Field, name: str, first: Fraction, last: Fraction, body: Rat) -> Rat:
    if last < first - 1 or first.denominator != 1 or last.denominator != 1:
        raise Undefined("a range that ends before it begins")
    result = space.rat_one
    for k in range(int(first), int(last) + 1):
        result = space.mul(result, rename(space, body, {name: space.number(k)}))
    return result


def _kernel(space: Field, name: str, lo: Rat, hi: Rat, factor: Rat) -> Rat:
    canonical = f"c.{1 + space.height(factor)}.0"
    body = rename(space, factor, {name: symbol(space, canonical)})
    return space.gen(space.kernel("product", (canonical,), (lo, hi, body), bound=frozenset((canonical,))))
