"""Derivatives with three or four axes, such as `∂z/∂W` of a vector by a matrix.

They have no place on a page of their own, and no product of matrices; what stands there is a product with a cotangent,
`\\frac{∂L}{∂z} \\frac{∂z}{∂W}`, which sums over all axes of z and leaves the shape of W.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from deriv.errors import MeaningError, ShapeError
from deriv.expr.nodes import Derivative, Mul, Sym
from deriv.expr.tensor import Tensor, Value, total
from deriv.meaning.arithmetic import fold

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator


DENOMINATOR, NUMERATOR = 1, 2


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative of every entry of `of` by every entry of `by`."""

    of: Tensor
    by: Tensor


class WideDerivativeError(MeaningError):
    """A derivative has more than two axes; a product can take it up."""

    def __init__(self, slope: Slope) -> None:
        super().__init__("a derivative with more than two axes is not judged alone")
        self.slope = slope


Factor = tuple[str, Value | Slope]


def layout(el: Elaborator) -> int:
    """How derivatives stand: 0 gradients as columns and Jacobians by rows, 1 all in denominator, 2 in numerator layout.

    Where the document has settled nothing all are tried; a gradient in numerator layout has the transposed shape.
    """
    declared = {"numerator": NUMERATOR, "denominator": DENOMINATOR}.get(el.scope.layout)
    if declared is not None:
        return declared
    found = el.reading.choose("layout", 2 if el.scope.layout == "settled" else 3)
    if found == NUMERATOR:
        el.note("derivatives are read in numerator layout")
    return found


def product(el: Elaborator, factors: list[Factor]) -> Value:
    """The product of factors; slopes are taken up one after the other, from the side where a cotangent stands."""
    slopes = [value for _, value in factors if isinstance(value, Slope)]
    if not slopes:
        return fold(el, [(op, value) for op, value in factors if not isinstance(value, Slope)])
    if not {op for op, _ in factors[1:]} <= {"", "cdot", "times", "*"}:
        raise WideDerivativeError(slopes[0])
    before, after = list(takewhile(_is_plain, factors)), list(takewhile(_is_plain, reversed(factors)))[::-1]
    if before and (cotangent := _cotangent(el, before)) is not None:
        pulled = _pulled_back(el, cotangent, slopes[0])
        return product(el, [("", pulled), *factors[len(before) + 1 :]])
    if after and (cotangent := _cotangent(el, after)) is not None:
        pulled = _pulled_back(el, cotangent, slopes[-1])
        return product(el, [*factors[: -len(after) - 1], ("", pulled)])
    raise WideDerivativeError(slopes[0])


def _is_plain(factor: Factor) -> bool:
    return not isinstance(factor[1], Slope)


def _cotangent(el: Elaborator, factors: list[Factor]) -> Tensor | None:
    """The product of what stands on one side of a slope, unless it is a mere number."""
    value = fold(el, [(op, value) for op, value in factors if not isinstance(value, Slope)])
    return value if isinstance(value, Tensor) and not value.is_scalar else None


def _pulled_back(el: Elaborator, cotangent: Tensor, slope: Slope) -> Tensor:
    """Σ over the axes of what is differentiated; a cotangent in numerator layout stands the other way."""
    of = slope.of
    if not _fits(el, cotangent, of):
        cotangent = cotangent.transposed()
    if (cotangent.rows is None, cotangent.cols is None) != (of.rows is None, of.cols is None):
        raise ShapeError("what stands beside a derivative has not the shape of what is differentiated")
    for mine, its in ((cotangent.rows, of.rows), (cotangent.cols, of.cols)):
        if mine is not None and its is not None and not el.same(mine, its):
            raise ShapeError("what stands beside a derivative has not the size of what is differentiated")
    row, col = (Sym(axis.index) if axis is not None else None for axis in (of.rows, of.cols))
    summand = Mul((cotangent.at(row, col), Derivative(of.body, slope.by.body)))
    pulled = Tensor(slope.by.rows, slope.by.cols, total(Tensor(of.rows, of.cols, summand)).body)
    return pulled.transposed() if layout(el) == NUMERATOR else pulled


def _fits(el: Elaborator, a: Tensor, b: Tensor) -> bool:
    """Whether two values stand the same way, with the same sizes."""
    if (a.rows is None, a.cols is None) != (b.rows is None, b.cols is None):
        return False
    ranges = el.ranges.copy()
    pairs = ((a.rows, b.rows), (a.cols, b.cols))
    return all(ranges.same(one, other) for one, other in pairs if one is not None and other is not None)
