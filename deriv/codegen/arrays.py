"""Array operations as NumPy has them: the last form before text.

An `Op` is one call or operator on whole arrays with NumPy's broadcasting; equal operations are one object, so that
value and gradients share everything.  `weight` says how often the smallest loop over its result runs, for the choice
of cheaper orders; sizes that are not known are guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from deriv.engine.graph import Dim, Shape

UNIT = Dim("", 1)
VIEWS = frozenset({"transpose", "expand", "squeeze", "take", "slice", "stretch"})


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One array operation: its name, arguments, further data, shape and number in order of evaluation."""

    name: str
    args: tuple[Op, ...]
    data: tuple[object, ...]
    shape: Shape
    number: int


@dataclass(slots=True)
class Arrays:
    """All operations of a program; `labels` are readable names, `guess` the assumed sizes."""

    labels: dict[Op, str] = field(default_factory=dict)
    guess: Mapping[str, int] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)
    _known: dict[tuple[object, ...], Op] = field(default_factory=dict)

    def make(self, name: str, args: Sequence[Op] = (), data: tuple[object, ...] = (), shape: Shape = ()) -> Op:
        """The operation with this content, made at most once."""
        key = (name, tuple(a.number for a in args), data, shape)
        op = self._known.get(key)
        if op is None:
            op = self._known[key] = Op(name, tuple(args), data, shape, len(self.ops))
            self.ops.append(op)
        return op

    def weight(self, shape: Iterable[Dim]) -> int:
        """The guessed number of entries."""
        total = 1
        for dim in shape:
            known = self.guess.get(dim.symbol, 1000 if dim.symbol == "n" else 50) if dim.symbol else 0
            total *= max(1, known + dim.offset)
        return total

    def number(self, value: Fraction | int) -> Op:
        """A rational constant."""
        return self.make("number", (), (Fraction(value),))

    def elementwise(self, name: str, *args: Op) -> Op:
        """A function or operator applied entry by entry."""
        return self.make(name, args, (), broadcast([a.shape for a in args]))

    def mul(self, a: Op, b: Op) -> Op:
        """a * b; a factor of one disappears, minus one is a sign."""
        for x, y in ((a, b), (b, a)):
            value = constant(x)
            if value == 1:
                return y
            if value == -1:
                return self.elementwise("neg", y)
        if constant(a) is not None and constant(b) is not None:
            return self.number((constant(a) or Fraction(0)) * (constant(b) or Fraction(0)))
        if not a.shape and b.shape and b.name == "mul" and not b.args[0].shape and b not in self.labels:
            return self.elementwise("mul", self.mul(a, b.args[0]), b.args[1])
        return self.elementwise("mul", a, b)

    def div(self, a: Op, b: Op) -> Op:
        """a / b."""
        return a if constant(b) == 1 else self.elementwise("div", a, b)

    def transpose(self, op: Op, order: tuple[int, ...]) -> Op:
        """The axes in another order, as a view."""
        if order == tuple(range(len(order))):
            return op
        if op.name == "transpose":
            inner: tuple[int, ...] = op.data[0]  # type: ignore[assignment]
            return self.transpose(op.args[0], tuple(inner[k] for k in order))
        if (
            op.name == "matmul"
            and len(op.args[1].shape) == 2
            and order == (1, 0)
            and op.args[0] is self.transpose(op.args[1], order)
        ):
            return op  # A'A is its own transpose
        return self.make("transpose", (op,), (order,), tuple(op.shape[k] for k in order))

    def expand(self, op: Op, pattern: tuple[bool, ...]) -> Op:
        """New axes of length one where the pattern is False (those in front are left to broadcasting)."""
        while pattern and not pattern[0]:
            pattern = pattern[1:]
        if all(pattern):
            return op
        axes = iter(op.shape)
        shape = tuple(next(axes) if held else UNIT for held in pattern)
        if op.name == "squeeze" and op.args[0].shape == shape:
            return op.args[0]
        return self.make("expand", (op,), (pattern,), shape)

    def squeeze(self, op: Op, axis: int) -> Op:
        """Drop an axis of length one."""
        return self.make("squeeze", (op,), (axis,), (*op.shape[:axis], *op.shape[axis + 1 :]))

    def reduce(self, name: str, op: Op, axes: tuple[int, ...], *, keep: bool = False) -> Op:
        """Sum, product or maximum along axes."""
        kept = [(UNIT if k in axes else d) for k, d in enumerate(op.shape) if keep or k not in axes]
        return self.make(name, (op,), (axes, keep), tuple(kept))


def constant(op: Op) -> Fraction | None:
    """The value of a rational constant, else None."""
    return op.data[0] if op.name == "number" else None  # type: ignore[return-value]


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """NumPy's rule: aligned at the last axis, length one is stretched."""
    rank = max((len(s) for s in shapes), default=0)
    result = [UNIT] * rank
    for shape in shapes:
        for k, dim in enumerate(shape, rank - len(shape)):
            if dim != UNIT:
                assert result[k] in (UNIT, dim), shapes
                result[k] = dim
    return tuple(result)


def needed(roots: Iterable[Op]) -> list[Op]:
    """Every operation the roots need, in order of evaluation."""
    seen: dict[int, Op] = {}
    stack = list(roots)
    while stack:
        op = stack.pop()
        if op.number not in seen:
            seen[op.number] = op
            stack.extend(op.args)
    return [seen[k] for k in sorted(seen)]
