"""Index sums with symbolic bounds, in a canonical form that does not depend on the size.

A sum of a rational function of kernels is split into monomials; what does not depend on the index comes out, deltas
are contracted, ranges are shifted to 1 … N and what is left over at the ends is written out.  Nested sums are one sum
over several indices; it falls apart into a product over its connected components.  What remains is a kernel with
canonically named indices (the Einstein terms of S. Laue, M. Mitterreiter, J. Giesen, AAAI 2020).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import comb

from deriv.equal.atoms import rename, symbol
from deriv.equal.budget import Undefined, Unsupported
from deriv.equal.canonical import orders
from deriv.equal.field import Field, Kernel, Poly, Rat
from deriv.equal.signs import rat_sign

Index = tuple[str, Rat, Rat]
_EDGE = 6
_MOST_INDICES = 9


def range_number(space: Field, lo: Rat, hi: Rat) -> int:
    """A number for a range, the same for equal ranges."""
    table: dict[object, int] = space.memo.setdefault("ranges", {})
    return table.setdefault((lo.key, hi.key), len(table))


def open_index(space: Field, stem: str, lo: Rat, hi: Rat) -> str:
    """A name for an index while its sum is worked on; equal names have equal ranges."""
    name = f"{stem}.{range_number(space, lo, hi)}"
    space.ranges[name] = (lo, hi)
    return name


def sum_over(space: Field, name: str, lo: Rat, hi: Rat, body: Rat) -> Rat:
    """Σ of `body` for name = lo … hi."""
    if name not in space.names(body):
        return space.mul(space.add(space.sub(hi, lo), space.rat_one), body)
    first, last = space.constant(lo), space.constant(hi)
    if first is not None and last is not None and last - first < space.budget.expand:
        if last < first - 1:
            raise Undefined("a range that ends before it begins")
        return space.total(rename(space, body, {name: space.number(k)}) for k in _whole(first, last))
    outside, inside = _separate(space, body.den, name)
    result = space.rat_zero
    for monomial, coefficient in grouped(space, body.num, frozenset((name,))):
        part = space.make(monomial, inside)
        value = _single(space, name, lo, hi, part)
        result = space.add(result, space.mul(space.make(coefficient, outside), value))
    return result


def _whole(first: Fraction, last: Fraction) -> range:
    if first.denominator != 1 or last.denominator != 1:
        raise Undefined("a bound that is not a whole number")
    return range(int(first), int(last) + 1)


def grouped(space: Field, poly: Poly, names: frozenset[str]) -> list[tuple[Poly, Poly]]:
    """(monomial in the kernels that depend on one of the names, its coefficient)."""
    depends = [not kernel.names.isdisjoint(names) for kernel in space.kernels]
    groups: dict[tuple[int, ...], dict[tuple[int, ...], object]] = {}
    for monomial, coefficient in poly.terms():
        inner = tuple(int(e) if k < len(depends) and depends[k] else 0 for k, e in enumerate(monomial))
        outer = tuple(int(e) - i for e, i in zip(monomial, inner, strict=True))
        groups.setdefault(inner, {})[outer] = coefficient
    make = space.ctx.from_dict
    return [(make({inner: 1}), make(outer)) for inner, outer in groups.items()]


def _separate(space: Field, den: Poly, name: str) -> tuple[Poly, Poly]:
    """A denominator as (part without the index) times (part with it)."""
    if den == space.one:
        return den, den
    common: Poly | None = None
    for _, coefficient in grouped(space, den, frozenset((name,))):
        common = coefficient if common is None else common.gcd(coefficient)
    assert common is not None
    return common, den / common


def _single(space: Field, name: str, lo: Rat, hi: Rat, part: Rat) -> Rat:
    """The sum of one monomial over one denominator."""
    if name not in space.names(part):
        return space.mul(space.add(space.sub(hi, lo), space.rat_one), part)
    contracted = _contract(space, name, lo, hi, part)
    if contracted is not None:
        return contracted
    degree = _plain_degree(space, name, part)
    if degree is not None:
        below = _power_sum(space, space.sub(lo, space.rat_one), degree)
        return space.sub(_power_sum(space, hi, degree), below)
    offset = min(_offsets(space, part, name), default=0)
    if offset and abs(offset) <= _EDGE:
        shift = space.number(offset)
        new_lo, new_hi = space.add(lo, shift), space.add(hi, shift)
        new = open_index(space, name.rpartition(".")[0], new_lo, new_hi)
        moved = rename(space, part, {name: space.sub(symbol(space, new), shift)})
        return sum_over(space, new, new_lo, new_hi, moved)
    trimmed = _trim(space, name, lo, hi, part)
    return trimmed if trimmed is not None else _atom(space, name, lo, hi, part)


def _contract(space: Field, name: str, lo: Rat, hi: Rat, part: Rat) -> Rat | None:
    """Σ_i f_i δ_ij = f_j where j is known to lie in the range."""
    for number in space.used(part.num):
        kernel = space.kernels[number]
        if kernel.kind != "zero" or name not in kernel.names:
            continue
        other = _solve(space, kernel.args[0], name)
        if other is None:
            continue
        inside = _in_range(space, other, lo, hi)
        if inside is None:
            continue
        if not inside:
            return space.rat_zero
        rest = Rat(part.num / space.ctx.gen(number), part.den)
        return rename(space, rest, {name: other})
    return None


def _solve(space: Field, equation: Rat, name: str) -> Rat | None:
    """The value of the index that makes an index expression 0."""
    number = space.kernel("sym", (name,))
    if equation.den != space.one or number in space.radix:
        return None
    parts = space.split(equation.num, number)
    if set(parts) - {0, 1} or 1 not in parts:
        return None
    slope = space.constant(Rat(parts[1], space.one))
    rest = Rat(parts.get(0, space.zero), space.one)
    if slope is None or name in space.names(rest):
        return None
    return space.scale(-1 / slope, rest)


def _in_range(space: Field, value: Rat, lo: Rat, hi: Rat) -> bool | None:
    """Whether an index value lies in lo … hi; numerals and free letters of the same range are taken to."""
    if value.key in (lo.key, hi.key) and rat_sign(space, space.sub(hi, lo)) in ("+", "0+"):
        return True
    constant, first = space.constant(value), space.constant(lo)
    if constant is not None and first is not None:
        last = space.constant(hi)
        return constant >= first and (last is None or constant <= last)
    if value.den != space.one or len(value.num) != 1 or value.num.total_degree() != 1:
        return None
    kernel = space.kernels[space.used(value.num)[0]]
    if kernel.kind != "sym" or value.num.leading_coefficient() != 1:
        return None
    name = str(kernel.data[0])
    pairs = [space.ranges[name]] if name in space.ranges else list(space.letters.get(name, ()))
    return True if any((a.key, b.key) == (lo.key, hi.key) for a, b in pairs) else None


def _plain_degree(space: Field, name: str, part: Rat) -> int | None:
    """k when the body is just the k-th power of the index."""
    used = space.kernels_of(part)
    if part.den != space.one or len(used) != 1 or used[0] in space.radix:
        return None
    kernel = space.kernels[used[0]]
    degree = int(part.num.total_degree())
    return degree if kernel.kind == "sym" and kernel.data[0] == name and degree <= 6 else None


def _power_sum(space: Field, top: Rat, degree: int) -> Rat:
    """1^k + … + top^k as a polynomial (Faulhaber): from the telescoping sum of (i+1)^(k+1) - i^(k+1)."""
    if degree == 0:
        return top
    upper = space.power(space.add(top, space.rat_one), degree + 1)
    result = space.sub(upper, space.rat_one)
    for lower in range(degree):
        result = space.sub(result, space.scale(comb(degree + 1, lower), _power_sum(space, top, lower)))
    return space.scale(Fraction(1, degree + 1), result)


def _offsets(space: Field, rat: Rat, name: str) -> list[int]:
    """The whole numbers c of all indices of the form name + c inside an element."""
    found: list[int] = []
    for number in space.kernels_of(rat):
        kernel = space.kernels[number]
        if name not in kernel.names or kernel.kind == "sym":
            continue
        for arg in kernel.args:
            if kernel.kind in ("entry", "zero"):
                found.extend(_offset(space, arg, name))
            found.extend(_offsets(space, arg, name))
    return found


def _offset(space: Field, index: Rat, name: str) -> list[int]:
    other = _solve(space, index, name)
    if other is None:
        return []
    constant = 0
    for monomial, coefficient in other.num.terms():
        if not any(monomial):
            if int(coefficient.q) != 1:
                return []
            constant = int(coefficient.p)
    return [-constant]


def _trim(space: Field, name: str, lo: Rat, hi: Rat, part: Rat) -> Rat | None:
    """A range written as 1 … N plus and minus single terms; None when it is 1 … N already."""
    first = space.constant(lo)
    if first is None or first.denominator != 1 or space.constant(hi) is not None or hi.den != space.one:
        return None
    extra = Fraction(0)
    for monomial, coefficient in hi.num.terms():
        if not any(monomial):
            extra = Fraction(int(coefficient.p), int(coefficient.q))
    start, end = int(first), int(extra)
    if extra.denominator != 1 or (start == 1 and end == 0) or max(abs(start), abs(end)) > _EDGE:
        return None
    top = space.sub(hi, space.number(end))
    try:
        edges = space.total(_edges(space, name, start, end, top, part))
    except Undefined:
        return None
    new = open_index(space, name.rpartition(".")[0], space.rat_one, top)
    moved = rename(space, part, {name: symbol(space, new)})
    return space.add(edges, sum_over(space, new, space.rat_one, top, moved))


def _edges(space: Field, name: str, start: int, end: int, top: Rat, part: Rat) -> Iterable[Rat]:
    for k in range(1, start):
        yield space.neg(rename(space, part, {name: space.number(k)}))
    for k in range(start, 1):
        yield rename(space, part, {name: space.number(k)})
    for k in range(1, end + 1):
        yield rename(space, part, {name: space.add(top, space.number(k))})
    for k in range(end + 1, 1):
        yield space.neg(rename(space, part, {name: space.add(top, space.number(k))}))


def _atom(space: Field, name: str, lo: Rat, hi: Rat, part: Rat) -> Rat:
    """One irreducible sum: nested sums are opened, connected components separated and named canonically."""
    indices: list[Index] = [(name, lo, hi)]
    factors: list[Rat] = []
    for number, degree in enumerate(part.num.degrees()):
        for _ in range(int(degree) if degree > 0 else 0):
            factors.extend(_opened(space, number, name, indices))
    if part.den != space.one:
        factors.append(space.inverse(Rat(part.den, space.one)))
    scale = Rat(space.ctx.constant(part.num.leading_coefficient()), space.one)
    return space.mul(scale, _cancelled(space, indices, factors))


def _cancelled(space: Field, indices: list[Index], factors: list[Rat]) -> Rat:
    """Inverses meet their matrices first."""
    from deriv.equal.cancel import cancel

    found = cancel(space, indices, factors)
    if found is None:
        return _components(space, indices, factors)
    left, body = found
    for name, lo, hi in left:
        body = sum_over(space, name, lo, hi, body)
    return body


def _opened(space: Field, number: int, name: str, indices: list[Index]) -> list[Rat]:
    """A factor; of a sum over other indices its body, with the indices added to the list."""
    kernel = space.kernels[number]
    variable = Rat(space.ctx.gen(number), space.one)
    if kernel.kind != "sum" or name not in kernel.names or number in space.radix:
        return [variable]
    inner = kernel_indices(kernel)
    body = kernel.args[-1]
    tied = any(name in space.names(bound) for _, lo, hi in inner for bound in (lo, hi))
    if tied or len(indices) + len(inner) > _MOST_INDICES:
        return [variable]
    mapping: dict[str, Rat] = {}
    added: list[Index] = []
    for old, lo, hi in inner:
        new = open_index(space, f"o.{kernel.height}.{len(indices) + len(added)}", lo, hi)
        mapping[old] = symbol(space, new)
        added.append((new, lo, hi))
    opened = rename(space, body, mapping)
    if len(opened.num) != 1:
        return [variable]
    indices.extend(added)
    parts = [Rat(space.ctx.constant(opened.num.leading_coefficient()), space.one)]
    for k, degree in enumerate(opened.num.degrees()):
        parts.extend([Rat(space.ctx.gen(k), space.one)] * max(int(degree), 0))
    if opened.den != space.one:
        parts.append(space.inverse(Rat(opened.den, space.one)))
    return parts


def kernel_indices(kernel: Kernel) -> list[Index]:
    """The bound indices of a sum kernel with their ranges."""
    names = [str(name) for name in kernel.data]
    return [(name, kernel.args[2 * k], kernel.args[2 * k + 1]) for k, name in enumerate(names)]


def _components(space: Field, indices: list[Index], factors: list[Rat]) -> Rat:
    """Σ_ij a_i b_j = Σ_i a_i Σ_j b_j: one kernel for each connected component of the factors."""
    groups: list[tuple[set[str], list[Rat]]] = []
    result = space.rat_one
    bound = {name for name, _, _ in indices}
    for factor in factors:
        touched = bound & space.names(factor)
        if not touched:
            result = space.mul(result, factor)
            continue
        joined, members = set(touched), [factor]
        rest = []
        for names, parts in groups:
            if names & touched:
                joined |= names
                members = parts + members
            else:
                rest.append((names, parts))
        groups = [*rest, (joined, members)]
    for name, lo, hi in indices:
        if not any(name in names for names, _ in groups):
            result = space.mul(result, space.add(space.sub(hi, lo), space.rat_one))
    for names, parts in groups:
        body = space.rat_one
        for part in parts:
            body = space.mul(body, part)
        own = [index for index in indices if index[0] in names]
        result = space.mul(result, _canonical(space, own, body))
    return result


def _canonical(space: Field, indices: list[Index], body: Rat) -> Rat:
    """The kernel of a connected sum, the same whatever the indices were called and in whatever order they stood."""
    known = _stated(space, indices, body)
    if known is not None:
        return known
    height = 1 + space.height(body)
    ranges = {name: range_number(space, lo, hi) for name, lo, hi in indices}
    bounds = {name: (lo, hi) for name, lo, hi in indices}
    if len(ranges) < len(indices):
        raise Unsupported("sums within sums over one index")
    names = tuple(f"c.{height}.{k}" for k in range(len(indices)))
    best: Rat | None = None
    for order in orders(space, ranges, body):
        ordered = order
        mapping = {old: symbol(space, new) for old, new in zip(order, names, strict=True)}
        candidate = rename(space, body, mapping)
        if best is None or candidate.key < best.key:
            best = candidate
    assert best is not None
    return sum_kernel(space, names, tuple(bound for name in ordered for bound in bounds[name]), best)


def sum_kernel(space: Field, names: tuple[str, ...], bounds: tuple[Rat, ...], body: Rat) -> Rat:
    """A sum kernel over named indices; a number in front of the body comes out."""
    if body.num == space.zero:
        return space.rat_zero
    lead = body.num.leading_coefficient()
    if lead != 1:
        body = Rat(body.num / lead, body.den)
    value = space.gen(space.kernel("sum", names, (*bounds, body), bound=frozenset(names)))
    return value if lead == 1 else space.mul(Rat(space.ctx.constant(lead), space.one), value)


def _stated(space: Field, indices: list[Index], body: Rat) -> Rat | None:
    """The value of a sum that the document states, such as Σ_k y_k = 1."""
    rules: list[tuple[Rat, Index, Rat]] = space.memo.get("stated", [])
    if not rules or len(indices) != 1 or len(body.num) != 1 or body.den != space.one:
        return None
    name, lo, hi = indices[0]
    for pattern, (bound, first, last), value in rules:
        if (first.key, last.key) != (lo.key, hi.key):
            continue
        letters = match_entry(space, pattern, body, {bound: symbol(space, name)})
        if letters is not None and not any(name in space.names(part) for part in letters.values()):
            return rename(space, value, letters)
    return None


def match_entry(space: Field, pattern: Rat, body: Rat, fixed: Mapping[str, Rat]) -> dict[str, Rat] | None:
    """The letters under which one entry is another: y_{ik} matches y_{3j} with i = 3, k = j."""
    numbers = [_plain_entry(space, rat) for rat in (pattern, body)]
    if None in numbers:
        return None
    one, two = (space.kernels[number] for number in numbers if number is not None)
    if (one.kind, one.data) != (two.kind, two.data) or one.kind != "entry":
        return None
    letters: dict[str, Rat] = {}
    if len(one.args) != len(two.args):
        return None
    for left, right in zip(one.args, two.args, strict=True):
        if left.key == right.key:
            continue
        kernel = space.kernels[space.used(left.num)[0]] if space.used(left.num) else None
        if kernel is None or kernel.kind != "sym":
            return None
        name = str(kernel.data[0])
        wanted = fixed.get(name, letters.get(name, right))
        given = name not in space.letters and name in space.domain.facts
        if wanted.key != right.key or (name not in fixed and given):
            return None
        if name not in fixed:
            letters[name] = right
    return letters


def _plain_entry(space: Field, rat: Rat) -> int | None:
    """The kernel when the element is just that kernel, not a power or a multiple of it."""
    used = space.used(rat.num)
    if len(used) != 1 or rat.num != space.gen(used[0]).num or rat.den != space.one:
        return None
    return used[0]


def rebuild(space: Field, kernel: Kernel, mapping: Mapping[str, Rat]) -> Rat:
    """A sum or product kernel with names replaced, brought to canonical form again."""
    from deriv.equal.products import product_over

    body = kernel.args[-1]
    opened: list[Index] = []
    inner: dict[str, Rat] = {}
    for k, (name, lo, hi) in enumerate(kernel_indices(kernel)):
        new_lo, new_hi = rename(space, lo, mapping), rename(space, hi, mapping)
        new = open_index(space, f"r.{kernel.height}.{k}", new_lo, new_hi)
        inner[name] = symbol(space, new)
        opened.append((new, new_lo, new_hi))
    body = rename(space, body, {**mapping, **inner})
    for new, lo, hi in opened:
        over = sum_over if kernel.kind == "sum" else product_over
        body = over(space, new, lo, hi, body)
    return body
