"""Is an element of the field 0?  Directly, by cases of its indicators, or after unifying the denominators of sums."""

from __future__ import annotations

from itertools import combinations

from deriv.equal.atoms import rename, replace_kernel
from deriv.equal.branch import at, indicators
from deriv.equal.budget import TooLarge, Undefined
from deriv.equal.field import Field, Poly, Rat
from deriv.equal.signs import sign
from deriv.equal.sums import kernel_indices

_MOST_INDICATORS = 7
Fact = tuple[Poly, bool]  # a polynomial that is positive (True) or not negative (False)


def is_zero(space: Field, rat: Rat) -> bool:
    """Whether the element is 0 wherever it is defined: True is a proof."""
    rat = _with_equations(space, rat)
    if rat.num == space.zero:
        return True
    if indicators(space, Rat(rat.num, space.one)):
        return _zero_by_cases(space, Rat(rat.num, space.one), [], _MOST_INDICATORS)
    return _zero_by_denominators(space, rat.num)


def _with_equations(space: Field, rat: Rat) -> Rat:
    """Use what the document states: each equation solved for one kernel, or as a polynomial that is 0."""
    solved: list[tuple[int, Rat]] = space.memo.get("solved", [])
    for number, value in solved:
        if rat.num != space.zero and number in space.used(rat.num):
            rat = replace_kernel(space, Rat(rat.num, space.one), number, value)
    for gap in space.memo.get("gaps", []):
        if rat.num != space.zero and divmod(rat.num, gap)[1] == space.zero:
            return space.rat_zero
    return rat


def _zero_by_cases(space: Field, rat: Rat, facts: list[Fact], left: int) -> bool:
    """Branch on one indicator: δ = 1 makes its indices the same, `above(f)` gives a sign."""
    if rat.num == space.zero:
        return True
    found = indicators(space, rat)
    if not found:
        return _zero_by_denominators(space, rat.num) or _contradict(space, facts)
    if left == 0:
        raise TooLarge("too many cases")
    number = found[0]
    kernel = space.kernels[number]
    core = kernel.args[0]
    on, off = at(space, rat, number, 1), at(space, rat, number, 0)
    if kernel.kind == "above":
        above = _zero_by_cases(space, on, [*facts, (core.num, True)], left - 1)
        return above and _zero_by_cases(space, off, [*facts, (-core.num, space.mode.generic)], left - 1)
    return _zero_on(space, on, core) and _zero_by_cases(space, off, facts, left - 1)


def _zero_on(space: Field, rat: Rat, core: Rat) -> bool:
    """Whether the element is 0 where `core` is: one name is solved for and replaced."""
    if rat.num == space.zero or divmod(rat.num, core.num)[1] == space.zero:
        return True
    for name in sorted(space.names(core)):
        value = _solve_name(space, core, name)
        if value is not None:
            try:
                return is_zero(space, rename(space, rat, {name: value}))
            except Undefined:
                return False
    number = _linear_kernel(space, core)
    if number is None:
        return False
    parts = space.split(core.num, number)
    value = space.neg(space.make(parts.get(0, space.zero), parts[1]))
    try:
        return is_zero(space, replace_kernel(space, rat, number, value))
    except Undefined:
        return False


def _solve_name(space: Field, core: Rat, name: str) -> Rat | None:
    number = space.ids.get(("sym", (name,)))
    if number is None or number in space.radix or number in space.relations:
        return None
    parts = space.split(core.num, number)
    if set(parts) - {0, 1} or 1 not in parts or space.constant(Rat(parts[1], space.one)) is None:
        return None
    rest = Rat(parts.get(0, space.zero), space.one)
    if name in space.names(rest):
        return None
    return space.neg(space.div(rest, Rat(parts[1], space.one)))


def _linear_kernel(space: Field, core: Rat) -> int | None:
    degrees = core.num.degrees()
    for number in space.used(core.num):
        if degrees[number] == 1 and number not in space.relations and space.kernels[number].kind == "entry":
            parts = space.split(core.num, number)
            if space.constant(Rat(parts[1], space.one)) is not None:
                return number
    return None


def _contradict(space: Field, facts: list[Fact]) -> bool:
    """Whether the signs of a branch cannot all hold: a positive combination of up to three is negative (or 0 < 0)."""
    for count in (1, 2, 3):
        for chosen in combinations(facts, count):
            for scales in _SCALES[count]:
                total = space.zero
                for (poly, _), scale in zip(chosen, scales, strict=True):
                    total = total + poly * scale
                if total == space.zero and any(strict for _, strict in chosen):
                    return True
                if total != space.zero and sign(space, total) == "-":
                    return True
    return False


_SCALES = {1: ((1,),), 2: ((1, 1), (1, 2), (2, 1)), 3: ((1, 1, 1),)}


def _zero_by_denominators(space: Field, num: Poly) -> bool:
    """Sums over one range written over their common denominator are independent kernels; then a zero shows."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for number in space.used(num):
        kernel = space.kernels[number]
        if kernel.kind == "sum" and number not in space.radix:
            bounds = tuple(arg.key for arg in kernel.args[:-1])
            groups.setdefault(bounds, []).append(number)
    rat = Rat(num, space.one)
    changed = False
    for members in groups.values():
        if len({str(space.kernels[k].args[-1].den) for k in members}) < 2:
            continue
        changed = True
        for number, value in _unified(space, members):
            rat = replace_kernel(space, rat, number, value)
    return changed and rat.num == space.zero


def _unified(space: Field, members: list[int]) -> list[tuple[int, Rat]]:
    """Each sum over the least common denominator of all, as a combination of sums of monomials over it."""
    height = max(space.kernels[k].height for k in members)
    first = space.kernels[members[0]]
    names = tuple(f"u.{height}.{k}" for k in range(len(first.data)))
    bodies = []
    for number in members:
        kernel = space.kernels[number]
        mapping = {old: _symbol(space, new) for (old, _, _), new in zip(kernel_indices(kernel), names, strict=True)}
        bodies.append(rename(space, kernel.args[-1], mapping))
    common = space.one
    for body in bodies:
        common = common * (body.den / common.gcd(body.den))
    found = []
    bound = set(names)
    for number, body in zip(members, bodies, strict=True):
        top = body.num * (common / body.den)
        found.append((number, _spread(space, names, first.args[:-1], top, common, bound)))
    return found


def _spread(
    space: Field, names: tuple[str, ...], bounds: tuple[Rat, ...], top: Poly, common: Poly, bound: set[str]
) -> Rat:
    depends = [not kernel.names.isdisjoint(bound) for kernel in space.kernels]
    result = space.rat_zero
    for monomial, coefficient in top.terms():
        inner = tuple(e if k < len(depends) and depends[k] else 0 for k, e in enumerate(monomial))
        outer = tuple(e - i for e, i in zip(monomial, inner, strict=True))
        kernel = space.kernel(
            "over", names, (*bounds, Rat(space.ctx.from_dict({inner: 1}), common)), bound=frozenset(names)
        )
        factor = Rat(space.ctx.from_dict({outer: coefficient}), space.one)
        result = space.add(result, space.mul(factor, space.gen(kernel)))
    return result


def _symbol(space: Field, name: str) -> Rat:
    return space.gen(space.kernel("sym", (name,)))
