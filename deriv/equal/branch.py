"""Functions of indicators: f(g) = g f(1) + (1 - g) f(0) for every kernel g that is only ever 0 or 1."""

from __future__ import annotations

from collections.abc import Callable

from deriv.equal.budget import TooLarge, Undefined
from deriv.equal.field import Field, Rat

INDICATORS = ("zero", "above")
_MOST = 8


def indicators(space: Field, rat: Rat) -> list[int]:
    """The kernels of an element that take only the values 0 and 1."""
    if not any(kind in INDICATORS for kind in space.memo.get("kinds", ())):
        return []
    return [k for k in space.kernels_of(rat) if space.kernels[k].kind in INDICATORS]


def indicator(space: Field, kind: str, argument: Rat) -> Rat:
    """The indicator kernel of `argument` = 0 or > 0."""
    number = space.kernel(kind, (), (argument,))
    space.memo.setdefault("kinds", set()).add(kind)
    space.relate(number, 2, (space.rat_zero, space.rat_one), divisors=True)
    return space.gen(number)


def at(space: Field, rat: Rat, number: int, value: int) -> Rat:
    """An element with one indicator set to 0 or 1."""
    parts = []
    for poly in (rat.num, rat.den):
        pieces = space.split(poly, number)
        if value:
            total = space.zero
            for piece in pieces.values():
                total = total + piece
            parts.append(total)
        else:
            parts.append(pieces.get(0, space.zero))
    return space.make(parts[0], parts[1])


def by_branches(space: Field, rat: Rat, function: Callable[[Field, Rat], Rat]) -> Rat | None:
    """`function` of an element with indicators, branch by branch; None when it has none (or a branch is undefined)."""
    found = indicators(space, rat)
    if not found:
        return None
    if len(found) > _MOST:
        raise TooLarge("too many cases")
    switch = space.gen(found[0])
    try:
        on = function(space, at(space, rat, found[0], 1))
        off = function(space, at(space, rat, found[0], 0))
    except Undefined:
        return None
    return space.add(off, space.mul(switch, space.sub(on, off)))
