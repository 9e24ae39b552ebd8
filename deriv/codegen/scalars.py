"""One entry of an array operation as a scalar expression of loop variables: what targets with loops are made of.

Views cost nothing here (they move indices), and what is read once needs no array of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction

from deriv.codegen.arrays import UNIT, Op
from deriv.engine.graph import Dim, Shape

_NOTHING = Dim()


@dataclass(frozen=True, slots=True)
class At:
    """A place along an axis: a loop variable plus a whole number (no variable: the number alone)."""

    var: int | None
    offset: int = 0

    def moved(self, by: int) -> At:
        """The place further along."""
        return At(self.var, self.offset + by)


Place = tuple[At, ...]
FIRST = At(None)


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of an input or of a stored result."""

    op: Op
    at: Place


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the role of a number: `at` plus the length `start`."""

    at: At
    start: Dim = _NOTHING


@dataclass(frozen=True, slots=True)
class Value:
    """A number, a size, a constant, or a function of scalars."""

    name: str
    args: tuple[Scalar, ...] = ()
    data: object = None


Scalar = Cell | Position | Value
ZERO, ONE = Value("number", (), Fraction(0)), Value("number", (), Fraction(1))


def cells(scalar: Scalar) -> Iterator[Cell]:
    """Every entry that a scalar reads."""
    if isinstance(scalar, Cell):
        yield scalar
    elif isinstance(scalar, Value):
        for arg in scalar.args:
            yield from cells(arg)


def spread(shape: Shape, at: Place) -> Place:
    """Where NumPy's broadcasting reads an argument of this shape."""
    inner = at[len(at) - len(shape) :]
    return tuple(FIRST if dim == UNIT else place for dim, place in zip(shape, inner, strict=True))


def element(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    """The entry of `op` at a place; what is `stored` is read, the rest is written out."""
    if op in stored or op.name == "input":
        return Cell(op, at)
    if op.name in ("number", "constant", "size"):
        return Value(op.name, (), op.data[0])
    special = _SPECIAL.get(op.name)
    if special is not None:
        return special(op, at, stored)
    return Value(op.name, tuple(element(a, spread(a.shape, at), stored) for a in op.args))


def _axis(op: Op) -> int:
    return int(str(op.data[0]))


def _number(value: int) -> Value:
    return Value("number", (), Fraction(value))


def _transpose(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    order = op.data[0]
    assert isinstance(order, tuple)
    return element(op.args[0], tuple(at[order.index(k)] for k in range(len(order))), stored)


def _expand(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    pattern = op.data[0]
    assert isinstance(pattern, tuple)
    return element(op.args[0], tuple(p for p, held in zip(at, pattern, strict=True) if held), stored)


def _squeeze(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    return element(op.args[0], (*at[: _axis(op)], FIRST, *at[_axis(op) :]), stored)


def _take(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    chosen = At(None, int(str(op.data[1])))
    return element(op.args[0], (*at[: _axis(op)], chosen, *at[_axis(op) :]), stored)


def _slice(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    axis, start = _axis(op), int(str(op.data[1]))
    return element(op.args[0], (*at[:axis], at[axis].moved(start), *at[axis + 1 :]), stored)


def _stretch(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    return element(op.args[0], spread(op.args[0].shape, at), stored)


def _place(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    axis, position = _axis(op), int(str(op.data[1]))
    here = Value("eq", (Position(at[axis]), _number(position)))
    return Value("where", (here, element(op.args[0], (*at[:axis], *at[axis + 1 :]), stored), ZERO))


def _pad(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    axis, start = _axis(op), int(str(op.data[1]))
    inner = element(op.args[0], (*at[:axis], at[axis].moved(-start), *at[axis + 1 :]), stored)
    below = Value("lt", (Position(at[axis].moved(-start)), Value("size", (), op.args[0].shape[axis])))
    if start:
        inner = Value("where", (Value("ge", (Position(at[axis]), _number(start))), inner, ZERO))
    return Value("where", (below, inner, ZERO))


def _onehot(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    label = element(op.args[0], at[:-1], stored)
    return Value("eq", (label, Position(at[-1].moved(int(str(op.data[0]))))))


def _eye(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    return Value("eq", (Position(at[0]), Position(at[1])))


def _iota(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    start = op.data[0]
    assert isinstance(start, Dim)
    return Position(at[0], start)


def _ones(op: Op, at: Place, stored: AbstractSet[Op]) -> Scalar:
    return ONE


_SPECIAL: dict[str, Callable[[Op, Place, AbstractSet[Op]], Scalar]] = {
    "transpose": _transpose,
    "expand": _expand,
    "squeeze": _squeeze,
    "take": _take,
    "slice": _slice,
    "stretch": _stretch,
    "place": _place,
    "pad": _pad,
    "onehot": _onehot,
    "eye": _eye,
    "iota": _iota,
    "ones": _ones,
}
