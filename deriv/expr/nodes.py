"""The meaning of a formula: immutable scalar expressions with explicit indices.

One small language serves scalars, index sums and matrices (Einstein form; S. Laue, M. Mitterreiter, J. Giesen,
"A Simple and Efficient Tensor Calculus", AAAI 2020).  A matrix product is not a node: it is a `Sum` over the
shared index.  A vector or matrix is a `Tensor` (see `expr.tensor`): axes around a scalar body.

Nothing is evaluated or reordered on construction: `Add((x, x))` stays what was written.  Every node carries its
hash from birth, so that comparison and memoisation cost no more than the new part of an expression.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, Literal

from deriv.errors import MeaningError

Comparison = Literal["<", "<=", ">", ">=", "==", "!="]


class Expr:
    """Base of all nodes: `children` are expressions, `data` is whatever else tells two nodes apart."""

    __slots__ = ("_hash", "bound", "children", "data", "derives", "free")
    children: tuple[Expr, ...]
    data: tuple[object, ...]
    free: frozenset[str] | None
    """Names of free symbols, once `substitute.free_symbols` has found them; then the next two are known too."""
    bound: frozenset[str]
    """Names that are bound here or anywhere below."""
    derives: bool
    """Whether a derivative that is not carried out stands here or below."""

    def __init__(self, children: tuple[Expr, ...] = (), data: tuple[object, ...] = ()) -> None:
        _set_children(self, children)
        _set_data(self, data)
        _set_hash(self, hash((type(self).__name__, data, children)))
        _set_free(self, None)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __hash__(self) -> int:
        return self._hash  # type: ignore[no-any-return,attr-defined]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return False
        assert isinstance(other, Expr)
        return hash(self) == hash(other) and self.data == other.data and self.children == other.children

    def with_children(self, children: tuple[Expr, ...]) -> Expr:
        """The same node over other children."""
        node = object.__new__(type(self))
        Expr.__init__(node, children, self.data)
        return node

    def __repr__(self) -> str:
        inside = ", ".join([*map(repr, self.data), *map(repr, self.children)])
        return f"{type(self).__name__}({inside})"


# nodes are made by the million: the slots are written without looking their names up
_SLOTS = vars(Expr)
_set_children, _set_data, _set_hash, _set_free = (
    _SLOTS[name].__set__ for name in ("children", "data", "_hash", "free")
)


class Num(Expr):
    """An exact rational number."""

    __slots__ = ()

    def __init__(self, value: int | Fraction) -> None:
        super().__init__((), (Fraction(value),))

    @property
    def value(self) -> Fraction:
        return self.data[0]  # type: ignore[return-value]


class Decimal(Expr):
    """A decimal as printed: any real number that rounds (or truncates) to it; `unit` is one in its last digit."""

    __slots__ = ()

    def __init__(self, value: Fraction, unit: Fraction) -> None:
        super().__init__((), (value, unit))

    @property
    def value(self) -> Fraction:
        return self.data[0]  # type: ignore[return-value]

    @property
    def unit(self) -> Fraction:
        return self.data[1]  # type: ignore[return-value]


class Const(Expr):
    """A named real constant: `pi`, `e`, or `oo` (as a bound only)."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__((), (name,))

    @property
    def name(self) -> str:
        return self.data[0]  # type: ignore[return-value]


class Sym(Expr):
    """A real scalar variable, or an index.  Bound indices have a dot in their name (`i.3`), free names never have."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__((), (name,))

    @property
    def name(self) -> str:
        return self.data[0]  # type: ignore[return-value]


class Entry(Expr):
    r"""One entry of an indexed family: `x_j`, `w_{ij}`, `x^{(i)}_j`; the first `sups` indices are superscripts."""

    __slots__ = ()

    def __init__(self, name: str, indices: tuple[Expr, ...], sups: int = 0) -> None:
        super().__init__(indices, (name, sups))

    @property
    def name(self) -> str:
        return self.data[0]  # type: ignore[return-value]

    @property
    def sups(self) -> int:
        return self.data[1]  # type: ignore[return-value]

    @property
    def indices(self) -> tuple[Expr, ...]:
        return self.children


class Add(Expr):
    """A sum of written terms (a difference is `Add((a, neg(b)))`)."""

    __slots__ = ()

    def __init__(self, terms: tuple[Expr, ...]) -> None:
        super().__init__(terms)


class Mul(Expr):
    """A product of written factors (a quotient is `Mul((a, Pow(b, Num(-1))))`)."""

    __slots__ = ()

    def __init__(self, factors: tuple[Expr, ...]) -> None:
        super().__init__(factors)


class Pow(Expr):
    """`base ** exponent`; square roots are `Pow(x, Num(1/2))`."""

    __slots__ = ()

    def __init__(self, base: Expr, exponent: Expr) -> None:
        super().__init__((base, exponent))

    @property
    def base(self) -> Expr:
        return self.children[0]

    @property
    def exponent(self) -> Expr:
        return self.children[1]


class Call(Expr):
    """A function of `expr.functions` (exp, log, sin, sigmoid, relu, abs, max …) applied to arguments."""

    __slots__ = ()

    def __init__(self, function: str, args: tuple[Expr, ...]) -> None:
        super().__init__(args, (function,))

    @property
    def function(self) -> str:
        return self.data[0]  # type: ignore[return-value]


class Apply(Expr):
    """A partial derivative of an unknown function at arguments: `orders[k]` times by argument k (all 0: its value)."""

    __slots__ = ()

    def __init__(self, function: str, args: tuple[Expr, ...], orders: tuple[int, ...] = ()) -> None:
        super().__init__(args, (function, orders or (0,) * len(args)))

    @property
    def function(self) -> str:
        return self.data[0]  # type: ignore[return-value]

    @property
    def orders(self) -> tuple[int, ...]:
        return self.data[1]  # type: ignore[return-value]


class _Quantified(Expr):
    __slots__ = ()

    def __init__(self, index: str, lo: Expr, hi: Expr, body: Expr) -> None:
        super().__init__((lo, hi, body), (index,))

    @property
    def index(self) -> str:
        return self.data[0]  # type: ignore[return-value]

    @property
    def lo(self) -> Expr:
        return self.children[0]

    @property
    def hi(self) -> Expr:
        return self.children[1]

    @property
    def body(self) -> Expr:
        return self.children[2]


class Sum(_Quantified):
    """Sum of `body` for index = lo … hi.  An unwritten range is 1 … N with a size symbol of its own."""

    __slots__ = ()


class Product(_Quantified):
    """Product of `body` for index = lo … hi."""

    __slots__ = ()


class _MatrixForm(Expr):
    """A function of the square matrix with entries `body` for row, col = lo … hi; both names are bound in `body`."""

    __slots__ = ()

    def __init__(self, row: str, col: str, lo: Expr, hi: Expr, body: Expr, at: tuple[Expr, ...] = ()) -> None:
        if row == col:
            raise MeaningError("a matrix needs two different index names")
        super().__init__((lo, hi, body, *at), (row, col))

    @property
    def row(self) -> str:
        return self.data[0]  # type: ignore[return-value]

    @property
    def col(self) -> str:
        return self.data[1]  # type: ignore[return-value]

    @property
    def lo(self) -> Expr:
        return self.children[0]

    @property
    def hi(self) -> Expr:
        return self.children[1]

    @property
    def body(self) -> Expr:
        return self.children[2]


class Inverse(_MatrixForm):
    """Entry (i, j) of the inverse of the square matrix with entries `body` for row, col = lo … hi."""

    __slots__ = ()

    def __init__(self, row: str, col: str, lo: Expr, hi: Expr, body: Expr, i: Expr, j: Expr) -> None:
        super().__init__(row, col, lo, hi, body, (i, j))

    @property
    def i(self) -> Expr:
        return self.children[3]

    @property
    def j(self) -> Expr:
        return self.children[4]


class Det(_MatrixForm):
    """The determinant of the square matrix with entries `body` for row, col = lo … hi."""

    __slots__ = ()

    def __init__(self, row: str, col: str, lo: Expr, hi: Expr, body: Expr) -> None:
        super().__init__(row, col, lo, hi, body)


class Delta(Expr):
    """Kronecker delta: 1 where both indices agree, else 0."""

    __slots__ = ()

    def __init__(self, left: Expr, right: Expr) -> None:
        super().__init__((left, right))


class Cases(Expr):
    """Values by condition, tried in order; `children` are (lhs, rhs, value) per row, `data` their comparisons.

    A row whose comparison is `True` is the "otherwise" row (its lhs and rhs are `ZERO`).
    """

    __slots__ = ()

    def __init__(self, rows: tuple[tuple[Comparison | Literal[True], Expr, Expr, Expr], ...]) -> None:
        flat = tuple(part for _, lhs, rhs, value in rows for part in (lhs, rhs, value))
        super().__init__(flat, (tuple(row[0] for row in rows),))

    @property
    def rows(self) -> Iterator[tuple[Comparison | Literal[True], Expr, Expr, Expr]]:
        """(comparison, lhs, rhs, value) of each row."""
        parts = self.children
        for k, comparison in enumerate(self.data[0]):  # type: ignore[arg-type,var-annotated]
            yield comparison, parts[3 * k], parts[3 * k + 1], parts[3 * k + 2]


class Derivative(Expr):
    """The derivative of `body` by `variable` (a `Sym` or `Entry`), not yet carried out."""

    __slots__ = ()

    def __init__(self, body: Expr, variable: Expr) -> None:
        super().__init__((body, variable))

    @property
    def body(self) -> Expr:
        return self.children[0]

    @property
    def variable(self) -> Expr:
        return self.children[1]


class Limit(Expr):
    """Limit of `body` as the symbol `variable` goes to `point`; `side` is '+', '-' or '' for both."""

    __slots__ = ()

    def __init__(self, body: Expr, variable: str, point: Expr, side: str = "") -> None:
        super().__init__((body, point), (variable, side))


class Integral(Expr):
    """Definite integral of `body` over the symbol `variable` from lo to hi."""

    __slots__ = ()

    def __init__(self, body: Expr, variable: str, lo: Expr, hi: Expr) -> None:
        super().__init__((body, lo, hi), (variable,))


class Antiderivative(Expr):
    """An integral without bounds: some function with the slope `body` by `variable`, the same wherever it stands."""

    __slots__ = ()

    def __init__(self, body: Expr, variable: Expr) -> None:
        super().__init__((body, variable))

    @property
    def body(self) -> Expr:
        return self.children[0]

    @property
    def variable(self) -> Expr:
        return self.children[1]


ZERO: Final = Num(0)
ONE: Final = Num(1)
MINUS_ONE: Final = Num(-1)
HALF: Final = Num(Fraction(1, 2))


def neg(x: Expr) -> Expr:
    """Minus x."""
    return Num(-x.value) if isinstance(x, Num) else Mul((MINUS_ONE, x))


def reciprocal(x: Expr) -> Expr:
    """One over x."""
    return Pow(x, MINUS_ONE)


def walk(root: Expr) -> Iterator[Expr]:
    """Every distinct node below and including `root`, parents first; each shared node once."""
    seen: set[Expr] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node
        stack.extend(node.children)
