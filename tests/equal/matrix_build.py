"""Vectors and matrices in index form for tests, and their values in floating point, computed independently."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np

from deriv.expr import nodes as n
from deriv.expr.functions import FUNCTIONS

At = Callable[[n.Expr, n.Expr], n.Expr]
_NUMBERS = count(1)
NONE = n.ZERO  # stands in the place of an axis that is missing


def fresh(stem: str = "k") -> str:
    """A bound name that nothing else has."""
    return f"{stem}.{next(_NUMBERS)}"


@dataclass(frozen=True)
class T:
    """An entry as a function of row and column; sizes are names, None for an axis that is missing."""

    rows: str | None
    cols: str | None
    at: At

    @property
    def T(self) -> T:
        """The transpose."""
        return T(self.cols, self.rows, lambda i, j: self.at(j, i))

    def __matmul__(self, other: T) -> T:
        if self.cols is None and other.rows is None:
            return T(self.rows, other.cols, lambda i, j: n.Mul((self.at(i, NONE), other.at(NONE, j))))
        assert self.cols == other.rows is not None, (self.cols, other.rows)
        return T(self.rows, other.cols, lambda i, j: total(self.cols, lambda k: n.Mul((self.at(i, k), other.at(k, j)))))

    def _with(self, other: T | float, combine: Callable[[n.Expr, n.Expr], n.Expr]) -> T:
        if not isinstance(other, T):
            other = num(other)
        for mine, theirs in ((self.rows, other.rows), (self.cols, other.cols)):
            assert mine is None or theirs is None or mine == theirs, (mine, theirs)
        rows, cols = self.rows or other.rows, self.cols or other.cols
        return T(rows, cols, lambda i, j: combine(self.at(i, j), other.at(i, j)))

    def __add__(self, other: T | float) -> T:
        return self._with(other, lambda a, b: n.Add((a, b)))

    def __sub__(self, other: T | float) -> T:
        return self._with(other, lambda a, b: n.Add((a, n.neg(b))))

    def __mul__(self, other: T | float) -> T:
        return self._with(other, lambda a, b: n.Mul((a, b)))

    def __truediv__(self, other: T | float) -> T:
        return self._with(other, lambda a, b: n.Mul((a, n.reciprocal(b))))

    def __rmul__(self, other: float) -> T:
        return num(other) * self

    def __rsub__(self, other: float) -> T:
        return num(other) - self

    def __rtruediv__(self, other: float) -> T:
        return num(other) / self

    def __neg__(self) -> T:
        return T(self.rows, self.cols, lambda i, j: n.neg(self.at(i, j)))

    def __pow__(self, power: int) -> T:
        """Of each entry."""
        return T(self.rows, self.cols, lambda i, j: n.Pow(self.at(i, j), n.Num(power)))

    def call(self, name: str) -> T:
        """A function of each entry."""
        return T(self.rows, self.cols, lambda i, j: n.Call(name, (self.at(i, j),)))

    def body(self) -> tuple[str, str, n.Expr, n.Expr, n.Expr]:
        """Row, column, range and entry for a matrix function."""
        assert self.rows == self.cols is not None
        row, col = fresh("r"), fresh("c")
        return row, col, n.ONE, n.Sym(self.rows), self.at(n.Sym(row), n.Sym(col))

    @property
    def inv(self) -> T:
        """The inverse."""
        return T(self.rows, self.cols, lambda i, j: n.Inverse(*self.body(), i, j))

    @property
    def det(self) -> T:
        """The determinant."""
        return scalar(n.Det(*self.body()))


def total(size: str | None, body: Callable[[n.Expr], n.Expr]) -> n.Expr:
    """Σ over 1 … size."""
    assert size is not None
    name = fresh()
    return n.Sum(name, n.ONE, n.Sym(size), body(n.Sym(name)))


def scalar(expr: n.Expr) -> T:
    """A scalar."""
    return T(None, None, lambda _i, _j: expr)


def num(value: float) -> T:
    """A number."""
    assert isinstance(value, int)
    return scalar(n.Num(value))


def sym(name: str) -> T:
    """A scalar variable."""
    return scalar(n.Sym(name))


def vec(name: str, size: str) -> T:
    """A column vector."""
    return T(size, None, lambda i, _j: n.Entry(name, (i,)))


def mat(name: str, rows: str, cols: str) -> T:
    """A matrix."""
    return T(rows, cols, lambda i, j: n.Entry(name, (i, j)))


def eye(size: str) -> T:
    """The identity matrix."""
    return T(size, size, n.Delta)


def diag(vector: T) -> T:
    """A diagonal matrix."""
    return T(vector.rows, vector.rows, lambda i, j: n.Mul((vector.at(i, NONE), n.Delta(i, j))))


def size(name: str) -> T:
    """The size as a number."""
    return scalar(n.Sym(name))


def tr(a: T) -> T:
    """The trace."""
    assert a.rows == a.cols
    return scalar(total(a.rows, lambda k: a.at(k, k)))


def add_up(a: T) -> T:
    """The sum of all entries."""
    inner = a.at
    if a.cols is not None:
        inner = lambda i, _j: total(a.cols, lambda k: a.at(i, k))
    return scalar(inner(NONE, NONE) if a.rows is None else total(a.rows, lambda i: inner(i, NONE)))


def over_rows(a: T) -> T:
    """Sums down the columns, as a row."""
    return T(None, a.cols, lambda _i, j: total(a.rows, lambda i: a.at(i, j)))


def over_cols(a: T) -> T:
    """Sums along the rows, as a column."""
    return T(a.rows, None, lambda i, _j: total(a.cols, lambda j: a.at(i, j)))


def softmax(a: T) -> T:
    """Of a column, or of each row of a matrix."""
    powers = a.call("exp")
    return powers / (add_up(powers) if a.cols is None else over_cols(powers))


def norm2(a: T) -> T:
    """The sum of squares."""
    return add_up(a**2)


def norm(a: T) -> T:
    """Its root."""
    return scalar(n.Pow(norm2(a).at(NONE, NONE), n.HALF))


def grad(f: T, x: T) -> T:
    """∂f/∂x, laid out like x."""
    return T(x.rows, x.cols, lambda i, j: n.Derivative(f.at(NONE, NONE), x.at(i, j)))


def jacobian(f: T, x: T) -> T:
    """∂f_i/∂x_j."""
    return T(f.rows, x.rows, lambda i, j: n.Derivative(f.at(i, NONE), x.at(j, NONE)))


# -------------------------------------------------------------------- values


class Values:
    """Entries drawn when they are asked for, and expressions at them; derivatives by central differences."""

    def __init__(self, sizes: Mapping[str, int], seed: int, symmetric: frozenset[str], square: frozenset[str]) -> None:
        self.sizes, self.symmetric, self.square = sizes, symmetric, square
        self.dice = np.random.default_rng(seed)
        self.entries: dict[tuple[object, ...], float] = {}
        self.positive: frozenset[str] = frozenset()

    def value(self, node: n.Expr, env: Mapping[str, int]) -> float:
        """The value of an expression."""
        match node:
            case n.Num():
                return float(node.value)
            case n.Sym(data=(name,)):
                return float(env.get(name, self.sizes.get(name, 0)) or self._entry(name, ()))
            case n.Entry():
                return self._entry(node.name, tuple(int(self.value(i, env)) for i in node.indices))
            case n.Add():
                return sum(self.value(child, env) for child in node.children)
            case n.Mul():
                return math.prod(self.value(child, env) for child in node.children)
            case n.Pow():
                return self.value(node.base, env) ** self.value(node.exponent, env)
            case n.Call():
                return self._call(node, env)
            case n.Sum():
                return sum(self.value(node.body, {**env, node.index: k}) for k in self._range(node.hi, env))
            case n.Delta():
                return float(self.value(node.children[0], env) == self.value(node.children[1], env))
            case n.Inverse():
                place = [int(self.value(part, env)) - 1 for part in (node.i, node.j)]
                return float(np.linalg.inv(self._matrix(node, env))[place[0], place[1]])
            case n.Det():
                return float(np.linalg.det(self._matrix(node, env)))
            case n.Derivative():
                return self._slope(node, env)
        raise ValueError(type(node))

    def _range(self, hi: n.Expr, env: Mapping[str, int]) -> range:
        return range(1, int(self.value(hi, env)) + 1)

    def _matrix(self, node: n.Inverse | n.Det, env: Mapping[str, int]) -> np.ndarray:
        span = self._range(node.hi, env)
        return np.array([[self.value(node.body, {**env, node.row: i, node.col: j}) for j in span] for i in span])

    def _call(self, node: n.Call, env: Mapping[str, int]) -> float:
        if node.function in ("exp", "log", "tanh", "sin", "cos"):
            return float(getattr(math, node.function)(self.value(node.children[0], env)))
        reduce = FUNCTIONS[node.function].reduce
        assert reduce is not None
        return self.value(reduce(node.children), env)

    def _entry(self, name: str, indices: tuple[int, ...]) -> float:
        key = (name, *indices)
        if key not in self.entries:
            turned = (name, *reversed(indices))
            if name in self.symmetric and turned in self.entries:
                return self.entries.setdefault(key, self.entries[turned])
            draw = float(self.dice.uniform(-1, 1))
            if name in self.positive:
                draw = abs(draw) + 0.3
            self.entries[key] = draw + 3 if name in self.square and len(set(indices)) == 1 else draw
        return self.entries[key]

    def _slope(self, node: n.Derivative, env: Mapping[str, int]) -> float:
        """(f(x + h) - f(x - h)) / 2h."""
        variable = node.variable
        assert isinstance(variable, (n.Entry, n.Sym))
        places = tuple(int(self.value(i, env)) for i in variable.children)
        name, step = str(variable.data[0]), 1e-4
        middle = self._entry(name, places)
        if name in self.symmetric:
            self._entry(name, places[::-1])
        key = (name, *places)
        ends = []
        for x in (middle + step, middle - step):
            self.entries[key] = x
            ends.append(self.value(node.body, env))
        self.entries[key] = middle
        return (ends[0] - ends[1]) / (2 * step)
