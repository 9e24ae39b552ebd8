"""Sums, products, quotients and powers of values, with the conventions of notes about shapes."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from deriv.errors import MeaningError, ShapeError
from deriv.expr.nodes import MINUS_ONE, ONE, Add, Decimal, Entry, Expr, Mul, Num, Pow, Sym, neg, reciprocal, walk
from deriv.expr.tensor import Grid, Tensor, Value, inverse, scalar

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator

Item = tuple[str, Value]
"""A factor with the sign in front of it: "" (side by side), "cdot", "times", "*", "/" …"""

STRETCHED = "a scalar beside a vector is added to every entry"
HADAMARD = frozenset(("odot", "circ"))
DIVIDED = "the division of vectors is taken entry by entry"
CROSSWISE = "a row and a column vector are taken to stand the same way"


def number(text: str) -> Expr:
    """The value of a numeral: whole numbers are exact, a decimal stands for what rounds to it."""
    digits = text.replace(",", "").replace("{", "").replace("}", "")
    truncated = digits.rstrip(".")
    dots = len(digits) - len(truncated) >= 2
    mantissa, _, exponent = truncated.lower().partition("e")
    if len(mantissa) > 400 or len(exponent) > 5:
        raise MeaningError("the number is too long")
    scale = Fraction(10) ** int(exponent) if exponent else Fraction(1)
    if "." not in mantissa and not dots:
        return Num(Fraction(mantissa) * scale)
    places = len(mantissa.partition(".")[2])
    value = Fraction(mantissa if mantissa not in ("", ".") else "0") * scale
    return Decimal(value, Fraction(1, 10**places) * scale)


def minus(x: Expr) -> Expr:
    """-x as an expression."""
    if isinstance(x, Decimal):
        return Decimal(-x.value, x.unit)
    return neg(x)


def plus(x: Expr, y: Expr) -> Expr:
    """x + y as an expression."""
    left = x.children if isinstance(x, Add) else (x,)
    return Add((*left, y))


def add_values(el: Elaborator, a: Value, b: Value) -> Value:
    """A sum; a bare number may stand beside a vector (it is stretched), a symbol may not unless it is a bias."""
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Tensor) and one.is_scalar and not (isinstance(other, Tensor) and other.is_scalar):
            if not isinstance(one.body, Num | Decimal | Mul) and el.reading.choose(("stretch", one.body)) == 1:
                raise ShapeError("a scalar is added to a vector")
            tell = el.note if isinstance(one.body, Num | Decimal) else el.strain
            tell(STRETCHED)
    if _is_for_rows(el, a, b) or _is_for_rows(el, b, a):
        el.strain("the vector is added to every row")
        a, b = (side.transposed() if isinstance(side, Tensor) and side.is_vector else side for side in (a, b))
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Tensor) and isinstance(other, Tensor) and one.is_vector and other.rows and other.cols:
            el.stretched |= {node.name for node in walk(one.body) if isinstance(node, Entry)}
    if isinstance(a, Tensor) and isinstance(b, Tensor) and _stand_crosswise(a, b):
        if el.reading.choose("orientation") == 1:
            raise ShapeError("a row vector and a column vector are added")
        el.strain(CROSSWISE)
        b = b.transposed()
    return el.elementwise(a, b, plus)


def _is_for_rows(el: Elaborator, bias: Value, matrix: Value) -> bool:
    """Whether a column has the length of the rows of a matrix: `X W + b` with one row for each example."""
    if not (isinstance(bias, Tensor) and isinstance(matrix, Tensor) and matrix.rows and matrix.cols):
        return False
    if bias.rows is None or bias.cols is not None or el.ranges.copy().same(bias.rows, matrix.rows):
        return False
    return el.ranges.copy().same(bias.rows, matrix.cols)


def _stand_crosswise(a: Tensor, b: Tensor) -> bool:
    """Whether one is a row and the other a column."""
    return a.is_vector and b.is_vector and (a.rows is None) != (b.rows is None)


def fold(el: Elaborator, items: list[Item]) -> Value:
    """Multiply the items of a product; the elementwise product binds less tightly than the others."""
    groups: list[tuple[str, list[Item]]] = [("", [])]
    for op, value in items:
        if op in HADAMARD and groups[-1][1]:
            groups.append((op, [("", value)]))
        else:
            groups[-1][1].append((op, value))
    result = fold_tight(el, groups[0][1])
    for op, group in groups[1:]:
        right = fold_tight(el, group)
        if op == "circ" and isinstance(result, Tensor) and isinstance(right, Tensor) and result.is_scalar:
            el.note("∘ is read as the elementwise product, not as the composition of functions")
        result = hadamard(el, result, right)
    return result


def fold_tight(el: Elaborator, items: list[Item]) -> Value:
    """Multiply and divide from left to right; `a/bc` may also mean a/(bc)."""
    result = items[0][1]
    k = 1
    while k < len(items):
        op, value = items[k]
        if op in ("/", "div"):
            k, value = _denominator(el, items, k)
            result = divide(el, result, value)
        else:
            result = multiply(el, op, result, value)
        k += 1
    return result


def _denominator(el: Elaborator, items: list[Item], k: int) -> tuple[int, Value]:
    """What a slash divides by: the next item, or everything side by side after it."""
    end = k
    while end + 1 < len(items) and items[end + 1][0] == "":
        end += 1
    if end == k:
        return k, items[k][1]
    numeric = all(is_plain_number(items[j][1]) for j in (k - 1, k))
    narrow_first = numeric
    wide = (el.reading.choose(("slash", k)) == 1) == narrow_first
    el.note("a/bc is read as " + ("a/(bc)" if wide else "(a/b)c"))
    if not wide:
        return k, items[k][1]
    value = items[k][1]
    for j in range(k + 1, end + 1):
        value = multiply(el, "", value, items[j][1])
    return end, value


def is_plain_number(value: Value) -> bool:
    """A numeral."""
    return isinstance(value, Tensor) and isinstance(value.body, Num | Decimal)


def divide(el: Elaborator, a: Value, b: Value) -> Value:
    """Division by a scalar, or entry by entry."""
    if isinstance(b, Tensor) and b.is_scalar:
        return a.map(lambda x: quotient(x, b.body))
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        el.strain(DIVIDED)
        return el.elementwise(a, b, quotient)
    raise ShapeError("a division by a vector or matrix")


def quotient(a: Expr, b: Expr) -> Expr:
    """a / b as an expression."""
    if isinstance(a, Num) and isinstance(b, Num) and b.value != 0:
        return Num(a.value / b.value)
    return reciprocal(b) if a == ONE else Mul((a, reciprocal(b)))


def times(x: Expr, y: Expr) -> Expr:
    """x · y as an expression."""
    left = x.children if isinstance(x, Mul) else (x,)
    return Mul((*left, y))


def multiply(el: Elaborator, op: str, a: Value, b: Value) -> Value:
    """A product written side by side or with a sign."""
    if op in ("otimes", "oplus", "wedge", "mod"):
        raise MeaningError(f"the operation {op} is not understood here")
    a_scalar = isinstance(a, Tensor) and a.is_scalar
    b_scalar = isinstance(b, Tensor) and b.is_scalar
    if a_scalar or b_scalar:
        if b_scalar and op == "" and isinstance(a, Tensor) and a.rows and a.cols and _may_be_vector(el, b):
            el.doubt()
        return el.elementwise(a, b, times)
    vectors = isinstance(a, Tensor) and isinstance(b, Tensor) and a.is_vector and b.is_vector
    grids = isinstance(a, Grid) and isinstance(b, Grid) and 1 in a.shape and a.shape == b.shape
    if op == "cdot" and (vectors or grids):
        return el.inner(a, b)
    if op in ("*", "times") and (vectors or grids) and a == b:
        return hadamard(el, a, b)
    return el.matmul(a, b)


def _may_be_vector(el: Elaborator, value: Value) -> bool:
    """A letter to the right of a matrix (`W x`): a scalar would stand on its left."""
    return isinstance(value, Tensor) and isinstance(value.body, Sym) and value.body.name not in el.scope.survey.sizes


def hadamard(el: Elaborator, a: Value, b: Value) -> Value:
    """The elementwise product, which nobody writes with numbers."""
    if any(isinstance(side, Tensor) and side.is_scalar for side in (a, b)):
        el.doubt()
    return el.elementwise(a, b, times)


def power(el: Elaborator, base: Value, exponent: Expr) -> Value:
    """A power of a scalar, of a square matrix (whole exponents), or of the entries of a vector."""
    if isinstance(base, Tensor) and base.is_scalar:
        return scalar(Pow(base.body, exponent))
    if isinstance(base, Tensor) and base.is_vector and exponent != MINUS_ONE:
        el.strain("a power of a vector is taken entry by entry")
        return base.map(lambda x: Pow(x, exponent))
    if isinstance(exponent, Num) and exponent.value.denominator == 1 and 1 <= abs(exponent.value) <= 8:
        if exponent.value < 0:
            base = inverse(base, el.fresh("r"), el.fresh("c"), el.ranges.same)
        result = base
        for _ in range(abs(int(exponent.value)) - 1):
            result = el.matmul(result, _apart(el, base))
        return result
    raise ShapeError("this power of a matrix is not judged yet")


def _apart(el: Elaborator, value: Value) -> Value:
    """A value over axes of its own."""
    return value.renamed(el.fresh("r"), el.fresh("c")) if isinstance(value, Tensor) else value
