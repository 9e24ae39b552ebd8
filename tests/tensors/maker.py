"""Random well-typed expressions of scalars, vectors and matrices, as trees that know their shapes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Shape = tuple[str | None, str | None]
"""Names of the sizes of rows and columns; None stands for an axis that is missing (of length one)."""

SCALAR: Shape = (None, None)
SIZES = ("m", "n", "d")
LEAVES: dict[str, Shape] = {
    "A": ("m", "n"),
    "X": ("m", "n"),
    "B": ("n", "d"),
    "C": ("m", "m"),
    "W": ("n", "n"),
    "u": ("m", None),
    "v": ("m", None),
    "x": ("n", None),
    "w": ("n", None),
    "z": ("d", None),
}
ELEMENTWISE = ("tanh", "exp", "sin", "cos")


@dataclass(frozen=True, slots=True)
class Node:
    """An operation on parts.  `what` is a leaf's name, a function's name or a number's value."""

    op: str
    shape: Shape
    parts: tuple[Node, ...] = ()
    what: str | int = ""

    def walk(self) -> Iterator[Node]:
        """This node and everything below it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def names(self) -> list[str]:
        """The leaves that stand in it."""
        return sorted({str(node.what) for node in self.walk() if node.op == "leaf"})


def leaf(name: str) -> Node:
    """A variable."""
    return Node("leaf", LEAVES[name], (), name)


def eye(size: str) -> Node:
    """The identity matrix."""
    return Node("eye", (size, size))


def turned(a: Node) -> Node:
    """The transpose."""
    if a.op == "turned":
        return a.parts[0]
    return a if a.shape == SCALAR or a.op == "eye" else Node("turned", (a.shape[1], a.shape[0]), (a,))


def product(a: Node, b: Node) -> Node:
    """The matrix product; a product by a number or a scalar is `scaled`."""
    assert a.shape[1] == b.shape[0], (a, b)
    if a.op == "eye" or b.op == "eye":
        return b if a.op == "eye" else a
    return Node("product", (a.shape[0], b.shape[1]), (a, b))


def scaled(factor: Node, a: Node) -> Node:
    """A scalar times anything."""
    if factor.op == "number" and factor.what == 1:
        return a
    return Node("scaled", a.shape, (factor, a))


def number(value: int) -> Node:
    """An integer."""
    return Node("number", SCALAR, (), value)


def plus(a: Node, b: Node) -> Node:
    """The sum."""
    return Node("plus", a.shape, (a, b))


def minus(a: Node, b: Node) -> Node:
    """The difference."""
    return Node("minus", a.shape, (a, b))


def by_entries(a: Node, b: Node) -> Node:
    """The elementwise product."""
    return Node("entries", a.shape, (a, b))


def each(function: str, a: Node) -> Node:
    """A function of each entry."""
    return Node("each", a.shape, (a,), function)


def trace(a: Node) -> Node:
    """The trace of a square matrix."""
    return Node("trace", SCALAR, (a,))


def squares(a: Node) -> Node:
    """The sum of the squares of all entries."""
    return Node("squares", SCALAR, (a,))


def inverse(a: Node) -> Node:
    """The inverse of a square matrix."""
    return Node("inverse", a.shape, (a,))


def logdet(a: Node) -> Node:
    """The logarithm of the determinant of a positive definite matrix."""
    return Node("logdet", SCALAR, (a,))


def det(a: Node) -> Node:
    """The determinant."""
    return Node("det", SCALAR, (a,))


class Maker:
    """A seeded source of expressions."""

    def __init__(self, seed: int, *, inverses: bool = True) -> None:
        self.dice = random.Random(seed)
        self.inverses = inverses

    def scalar(self, depth: int = 3) -> Node:
        """A scalar that depends on at least one leaf."""
        again = lambda: self.scalar(depth - 1)  # noqa: E731 - a short local name for the recursion
        kinds: list[Callable[[], Node]] = [
            self._inner(depth),
            self._inner(depth),
            lambda: squares(self.tensor(self._shape(), depth - 1)),
            lambda: trace(self.tensor(self._square(), depth - 1)),
            lambda: trace(self._chain(depth)),
        ]
        if depth > 1:
            kinds += [
                lambda: plus(again(), again()),
                lambda: scaled(again(), again()),
                lambda: each(self.dice.choice(("tanh", "sin")), again()),
            ]
        if self.inverses:
            kinds.append(lambda: logdet(self._definite()))
        return self.dice.choice(kinds)()

    def tensor(self, shape: Shape, depth: int = 2) -> Node:
        """An expression of a shape."""
        if depth <= 0:
            return self._leaves(shape)
        kind = self.dice.randrange(9)
        again = lambda of=shape: self.tensor(of, depth - 1)  # noqa: E731
        if kind == 0:
            return (plus if self.dice.random() < 0.5 else minus)(again(), again())
        if kind == 1:
            return by_entries(again(), again())
        if kind == 2:
            return each(self.dice.choice(ELEMENTWISE), again())
        if kind == 3:
            return scaled(number(self.dice.choice((2, 3, -1))), again())
        if kind == 4:
            return turned(self.tensor((shape[1], shape[0]), depth - 1))
        if kind == 5 and self.inverses and shape[0] == shape[1]:
            return inverse(self._definite(shape[0]))
        return self._product(shape, depth)

    def _product(self, shape: Shape, depth: int) -> Node:
        between = self.dice.choice(SIZES)
        return product(self.tensor((shape[0], between), depth - 1), self.tensor((between, shape[1]), depth - 1))

    def _leaves(self, shape: Shape) -> Node:
        """A leaf, or a product of two where no leaf has the shape."""
        known = [name for name, of in LEAVES.items() if shape in (of, of[::-1])]
        if not known:
            return product(self._leaves((shape[0], "n")), self._leaves(("n", shape[1])))
        name = self.dice.choice(known)
        return leaf(name) if LEAVES[name] == shape else turned(leaf(name))

    def _inner(self, depth: int) -> Callable[[], Node]:
        size = self.dice.choice(SIZES)
        return lambda: product(self.tensor((None, size), depth - 1), self.tensor((size, None), depth - 1))

    def _chain(self, depth: int) -> Node:
        rows, cols = self.dice.sample(SIZES, 2)
        return product(self.tensor((rows, cols), depth - 1), self.tensor((cols, rows), depth - 1))

    def _definite(self, size: str | None = None) -> Node:
        """I + A'A with a leaf A."""
        known = [leaf(name) for name in ("A", "B", "W")]
        a = self.dice.choice([one for one in (*known, *map(turned, known)) if size in (None, one.shape[1])])
        return plus(eye(str(a.shape[1])), product(turned(a), a))

    def _shape(self) -> Shape:
        return self.dice.choice([("m", "n"), ("n", "d"), ("m", None), ("n", None), (None, "m")])

    def _square(self) -> Shape:
        size = self.dice.choice(("m", "n"))
        return size, size
