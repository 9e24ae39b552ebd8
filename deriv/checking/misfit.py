"""Steps whose sides cannot have one shape: `\\nabla_X\\, a^\\top X b = a^\\top b` with a and b of different sizes.

Called wrong only where the text states the shape of every letter, and where no reading (rows for columns included)
makes the sides fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from deriv.checking.equations import parts_of
from deriv.checking.judge import Judge
from deriv.checking.results import Code, Counterexample, Diagnosis
from deriv.checking.scopings import scopings
from deriv.checking.shapes import Kinds
from deriv.checking.stated import letters_of, stated_names
from deriv.errors import MeaningError, ShapeError
from deriv.expr.nodes import Expr, Num, Sym
from deriv.expr.tensor import Axis, Grid, Tensor, Value
from deriv.latex.nodes import CasesOf, Items, Matrix, Node
from deriv.meaning.elaborate import ENTRYWISE, Elaborator, Reading
from deriv.meaning.ranges import Ranges
from deriv.meaning.scope import Scope, is_number
from deriv.meaning.survey import Kind, KindKey

_MOST_VECTORS = 4
_JUST_BEFORE = 6  # lines


@dataclass(frozen=True, slots=True)
class Misfit:
    """Sizes at which the sides have different shapes, and what is the matter in words."""

    counterexample: Counterexample
    diagnosis: Diagnosis
    has_value: bool
    """Whether the right side makes sense alone; where it does not, no equation is meant either."""


@dataclass(frozen=True, slots=True)
class _Sides:
    """What came of both sides in one reading: their values, or None for a right side without one."""

    left: Value
    right: Value | None
    ranges: Ranges


def misfit(judge: Judge, lhs: Node, rhs: Node, line: int) -> Misfit | None:
    """Why the two sides cannot be equal by their shapes alone; None where they may be, or too little is stated."""
    if not _is_all_stated(judge, letters_of(judge.scope, lhs) | letters_of(judge.scope, rhs), line):
        return None
    if any(isinstance(part, Items | Matrix | CasesOf) for part in parts_of(rhs)):
        return None  # lists are often written with dots
    plain: _Sides | None = None
    for left, right, _ in scopings(lhs, rhs):
        for sides in _readings(judge, left, right):
            if isinstance(sides, _Sides):
                plain = plain or sides
            elif sides or plain is None:
                return None
    return _told(plain) if plain is not None else None


def _is_all_stated(judge: Judge, names: set[str], line: int) -> bool:
    """Whether each name has a stated shape, or is a function that is defined right before the given line."""
    scope = judge.scope
    for name in names - stated_names(scope, judge.evidence):
        definition = scope.lookup(name)
        of_vector = name in scope.vector_functions
        if definition is None or not (definition.form == "function" or of_vector):
            return False
        if not 0 <= line - definition.line <= _JUST_BEFORE:
            return False
    return True


def _readings(judge: Judge, lhs: Node, rhs: Node) -> Iterator[_Sides | bool]:
    """Both sides with vectors standing as columns, and with any of them as rows that fit into the definitions so."""
    scope, evidence = judge.scope, judge.evidence
    met: dict[KindKey, Kind] = {}
    yield _read(scope, lhs, rhs, {}, met)
    if evidence is not None and not evidence.suits(met):
        yield True
    told = {name for name, _ in scope.survey.declared_rows} | (scope.rows.keys() & {name for name, _ in scope.declared})
    turnable = [key for key, kind in met.items() if kind.rank == 1 and key[0] not in told]
    for count in range(1, min(len(turnable), _MOST_VECTORS) + 1):
        for chosen in combinations(turnable, count):
            turned = dict.fromkeys(chosen, Kind(1, row=True))
            if evidence is None or not evidence.rules_out(turned):
                yield _read(scope, lhs, rhs, turned, {})


def _read(scope: Scope, lhs: Node, rhs: Node, kinds: Kinds, met: dict[KindKey, Kind]) -> _Sides | bool:
    """The sides in one reading; True where they may be equal, False where the left side makes no sense."""
    elaborator = Elaborator(scope, Reading(kinds=kinds), scope.ranges.copy())
    try:
        left = elaborator.value(lhs)
    except MeaningError:
        return False
    try:
        right = elaborator.value(rhs)
    except ShapeError:
        if ENTRYWISE in elaborator.reading.met:
            return True
        met.update(elaborator.kinds_met)
        return _Sides(left, None, elaborator.ranges)
    except MeaningError:
        return True
    met.update(elaborator.kinds_met)
    if elaborator.strains:
        return not kinds
    if any(subs for _, _, subs in met) or is_number(right):
        return True
    if _may_be_equal(left, right, elaborator):
        return True
    return _Sides(left, right, elaborator.ranges)


def _may_be_equal(left: Value, right: Value, elaborator: Elaborator) -> bool:
    if isinstance(left, Grid) or isinstance(right, Grid):
        return True
    if left.is_vector and right.is_vector:
        return elaborator.ranges.same(left.axis, right.axis)
    if _has(left) == _has(right):
        ways = (right, right.transposed())
        return any(_fits(left, way, elaborator) for way in ways)
    return False


def _fits(left: Tensor, right: Tensor, elaborator: Elaborator) -> bool:
    ranges = elaborator.ranges.copy()
    pairs = ((left.rows, right.rows), (left.cols, right.cols))
    return all(ranges.same(a, b) for a, b in pairs if a is not None and b is not None)


def _has(value: Tensor) -> tuple[bool, bool]:
    return value.rows is not None, value.cols is not None


# --- in words ------------------------------------------------------------------------------------------------------


def _told(sides: _Sides) -> Misfit | None:
    if isinstance(sides.left, Grid) or isinstance(sides.right, Grid):
        return None
    both = (sides.left,) if sides.right is None else (sides.left, sides.right)
    sizes: dict[str, int] = {}
    shapes = [[_length(sides.ranges, axis, sizes) for axis in _axes(value)] for value in both]
    words = [_words(shape) for shape in shapes]
    if len(words) == 1:
        words.append("no value: its sizes do not fit")
        message = "the sizes inside this line do not fit"
    elif words[0] == words[1]:
        return None
    else:
        message = f"this is {words[1]} where {words[0]} is due"
    counterexample = Counterexample({}, words[0], words[1], sizes)
    return Misfit(counterexample, Diagnosis(Code.SHAPE, message), sides.right is not None)


def _axes(value: Tensor) -> list[Axis]:
    return [axis for axis in (value.rows, value.cols) if axis is not None]


def _length(ranges: Ranges, axis: Axis, sizes: dict[str, int]) -> int | str:
    """The length of an axis at sizes that differ: 2, 3, 4 …"""
    last: Expr = ranges.canonical(axis.hi)
    if isinstance(last, Num):
        return int(last.value)
    if isinstance(last, Sym):
        return sizes.setdefault(last.name, len(sizes) + 2)
    return "?"


def _words(shape: list[int | str]) -> str:
    if not shape:
        return "a scalar"
    return f"a vector of {shape[0]} entries" if len(shape) == 1 else f"a {shape[0]} × {shape[1]} matrix"
