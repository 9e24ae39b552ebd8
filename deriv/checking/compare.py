"""Two values, entry by entry: align their axes, ask the judge, put the answers together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from deriv.equal.decision import Conditional, Decision, Different, Proved, Tested, Undecided
from deriv.errors import MeaningError, ShapeError
from deriv.expr.nodes import ZERO, Expr, Sym
from deriv.expr.tensor import Axis, Grid, Matcher, Tensor, Value, written

Pair = tuple[Expr, Expr]


@dataclass(frozen=True, slots=True)
class Aligned:
    """Pairs of entries that must all be equal, and whether one side had to be transposed."""

    pairs: tuple[Pair, ...]
    transposed: bool = False


def align(lhs: Value, rhs: Value, same: Matcher) -> Aligned:
    """Pair the entries of two values; a vector standing the other way is a matter of layout, and 0 has any shape."""
    if is_zero(rhs):
        return Aligned(tuple((entry, ZERO) for entry in _entries(lhs)))
    if is_zero(lhs):
        return Aligned(tuple((ZERO, entry) for entry in _entries(rhs)))
    if isinstance(lhs, Grid) or isinstance(rhs, Grid):
        return _align_grids(lhs, rhs, same)
    if lhs.is_vector and rhs.is_vector:
        if not same(lhs.axis, rhs.axis):
            raise ShapeError("the two sides have different sizes")
        index = Sym(lhs.axis.index)
        turned = (lhs.rows is None) != (rhs.rows is None)
        return Aligned(((lhs.body, rhs.at(index, index)),), turned)
    if _missing(lhs) != _missing(rhs):
        raise ShapeError(
            f"the left side is {shape_words(lhs)}, the right side {shape_words(rhs)}, as they are read here"
        )
    for a, b in ((lhs.rows, rhs.rows), (lhs.cols, rhs.cols)):
        if a is not None and b is not None and not same(a, b):
            raise ShapeError("the two sides have different sizes")
    row, col = _index(lhs.rows), _index(lhs.cols)
    return Aligned(((lhs.body, rhs.at(row, col)),))


def is_zero(value: Value) -> bool:
    """The number 0 as it is written, whatever shape it is meant to have."""
    return isinstance(value, Tensor) and value.is_scalar and value.body == ZERO


def _entries(value: Value) -> list[Expr]:
    return [value.body] if isinstance(value, Tensor) else [entry for row in value.entries for entry in row]


def _index(axis: Axis | None) -> Expr | None:
    return Sym(axis.index) if axis is not None else None


def _missing(value: Tensor) -> tuple[bool, bool]:
    return value.rows is None, value.cols is None


def shape_words(value: Value) -> str:
    """A shape in words."""
    if isinstance(value, Grid):
        return f"a {value.shape[0]} × {value.shape[1]} matrix"
    if value.is_scalar:
        return "a scalar"
    if value.is_vector:
        return "a vector"
    return "a matrix"


def _align_grids(lhs: Value, rhs: Value, same: Matcher) -> Aligned:
    if isinstance(lhs, Tensor):
        lhs = _written_beside(lhs, rhs, same)
    elif isinstance(rhs, Tensor):
        rhs = _written_beside(rhs, lhs, same)
    assert isinstance(lhs, Grid)
    assert isinstance(rhs, Grid)
    turned = lhs.shape != rhs.shape
    if turned:
        rhs = rhs.transposed()
    if lhs.shape != rhs.shape:
        raise MeaningError("the two sides have different shapes")
    rows = zip(lhs.entries, rhs.entries, strict=True)
    return Aligned(tuple(pair for a, b in rows for pair in zip(a, b, strict=True)), turned)


def _written_beside(value: Tensor, other: Value, same: Matcher) -> Grid:
    """A symbolic vector or matrix entry by entry, beside one that is written out."""
    assert isinstance(other, Grid)
    if value.is_scalar and other.shape != (1, 1):
        raise ShapeError(f"one side is a scalar, the other {shape_words(other)}, as they are read here")
    across = value.is_vector and (value.rows is None) != (other.shape[0] == 1)
    return written(value, other.shape[::-1] if across else other.shape, same)


def decide_all(pairs: Iterable[Pair], decide: Callable[[Expr, Expr], Decision]) -> Decision:
    """All pairs must be equal: the first difference decides, the weakest evidence counts."""
    decisions: list[Decision] = []
    for lhs, rhs in pairs:
        decision = decide(lhs, rhs)
        if isinstance(decision, Different):
            return decision
        decisions.append(decision)
    return combine(decisions)


def combine(decisions: list[Decision]) -> Decision:
    """The conjunction of decisions none of which is a difference."""
    if len(decisions) == 1:
        return decisions[0]
    for kind in (Undecided, Tested):
        for decision in decisions:
            if isinstance(decision, kind):
                return decision
    conditional = [d for d in decisions if isinstance(d, Conditional)]
    if conditional:
        words = " and ".join(dict.fromkeys(d.assumption for d in conditional))
        return replace(conditional[0], assumption=words)
    proved = [d for d in decisions if isinstance(d, Proved)]
    assumes = tuple(dict.fromkeys(a for d in proved for a in d.assumes))
    certificate = {"entries": [d.certificate for d in proved]}
    return Proved(proved[0].method if proved else "normal-form", certificate, assumes)
