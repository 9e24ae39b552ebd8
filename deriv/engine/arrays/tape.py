"""Reverse accumulation as a table: a value per row on the way forward, a cotangent per row on the way back.

Each value is a small expression over the names of earlier rows, each cotangent one over values and later cotangents
(A. Griewank, A. Walther, *Evaluating Derivatives*, 2nd ed., 2008, chapter 3).  So the whole table, with the gradients
by every variable, is linear in the expression graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from deriv.engine.arrays.match import replace
from deriv.engine.arrays.nodes import SCALAR, Shape, Shapes, is_op, shape_of
from deriv.engine.arrays.pull import Puller
from deriv.engine.arrays.tidy import Tidy
from deriv.engine.arrays.units import is_layer
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.functions import add
from deriv.expr.nodes import Expr
from deriv.expr.substitute import post_order, same_or
from deriv.rulebook.book import Rulebook

_LETTERS: Final = ("zuvsrqtghpa", "ZUVSRQTGHPA")
_SIMPLIFIED: Final = 16  # longer tables are left as they come: nobody reads them
_MOST_TIDIED: Final = 30
_SHORT: Final = 14  # a closed form is shown beside a cotangent if it costs no more than this to read


@dataclass(frozen=True, slots=True)
class Row:
    """`name` is `value`; `rules` made it (none on the way forward), `closed` is the same without other cotangents."""

    name: Expr
    value: Expr
    rules: tuple[str, ...] = ()
    closed: Expr | None = None


@dataclass(frozen=True, slots=True)
class Tape:
    """The rows forward (inputs left out, the loss last) and back (the loss left out, variables last)."""

    loss: n.Sym
    forward: tuple[Row, ...]
    backward: tuple[Row, ...]
    variables: tuple[Expr, ...]
    shapes: Mapping[str, Shape] = field(default_factory=dict)

    def gradient(self, variable: Expr) -> Expr:
        """The cotangent of a variable, over the names of the table."""
        return next(row.value for row in self.backward if row.name == n.Derivative(self.loss, variable))


def reverse_tape(
    expr: Expr,
    variables: Sequence[Expr],
    book: Rulebook,
    shapes: Shapes | None = None,
    *,
    definitions: Mapping[Expr, Expr] | None = None,
    loss: str = "L",
) -> Tape:
    """The table of a scalar and its gradients by all variables (names, or entries of scalar families)."""
    if shape_of(expr, shapes or {}) != SCALAR:
        raise MeaningError("a gradient is taken of a scalar")
    maker = _Forward(dict(shapes or {}), set(variables), dict(definitions or {}))
    return _with_cotangents(maker.rows(expr, loss), variables, book, maker.shapes)


@dataclass(slots=True)
class _Forward:
    """Splitting an expression into rows; `moving` are the names that change with a variable."""

    shapes: dict[str, Shape]
    moving: set[Expr]
    definitions: dict[Expr, Expr]
    found: list[Row] = field(default_factory=list)
    names: dict[Expr, Expr] = field(default_factory=dict)
    inside: dict[Expr, frozenset[Expr]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def rows(self, expr: Expr, loss: str) -> tuple[Row, ...]:
        """All rows, the loss last."""
        everything = [expr, *self.definitions, *self.definitions.values()]
        self.taken = {
            str(node.data[0]) for e in everything for node in post_order(e) if isinstance(node, n.Sym | n.Entry)
        }
        self.taken |= {loss, *self.shapes}
        for name, value in self.definitions.items():
            if any(part in self.moving for part in post_order(value)):
                self._row(name, self._split(value))
        value = self._split(expr)
        self.found.append(Row(n.Sym(loss), value))
        return tuple(self.found)

    def _row(self, name: Expr, value: Expr) -> Expr:
        self.found.append(Row(name, value))
        self.names[value] = name
        self.moving.add(name)
        self.inside[name] = frozenset((name,))
        return name

    def _split(self, root: Expr) -> Expr:
        """The expression over names, with a row for what deserves one; each shared part once."""
        done: dict[int, Expr] = {}
        for node in post_order(root):
            parts = tuple(done[id(child)] for child in node.children)
            moving = sum(bool(self._inside(part)) for part in parts)
            kept = tuple(self._named(node, part, moving) for part in parts)
            done[id(node)] = same_or(node, kept)
        return done[id(root)]

    def _inside(self, expr: Expr) -> frozenset[Expr]:
        """The moving names in an expression."""
        if expr not in self.inside:
            own = frozenset((expr,)) if expr in self.moving else frozenset()
            self.inside[expr] = own.union(*(self._inside(child) for child in expr.children))
        return self.inside[expr]

    def _named(self, parent: Expr, part: Expr, moving: int) -> Expr:
        """A part inside of its parent: as it is, or by the name of a row of its own."""
        if not self._inside(part) or part in self.moving:
            return part
        if part in self.names:
            return self.names[part]
        return self._fresh(part) if self._deserves(parent, part, moving) else part

    def _deserves(self, parent: Expr, part: Expr, moving: int) -> bool:
        if is_layer(part):
            return True
        linear = isinstance(part, n.Add | n.Mul) or is_op(part, "dot", "T")
        if isinstance(parent, n.Add) or is_op(parent, "T"):
            return not linear and shape_of(part, self.shapes) != SCALAR and len(self._inside(part)) > 1
        if isinstance(parent, n.Mul) or is_op(parent, "dot"):
            return moving > 1 and len(self._inside(part)) > 1
        return (linear and (len(self._inside(part)) > 1 or not _affine(part))) or is_layer(parent)

    def _fresh(self, value: Expr) -> Expr:
        shape = shape_of(value, self.shapes)
        letters = _LETTERS[None not in shape]
        marks = ("", "tilde", "hat", "bar")
        array = shape != SCALAR
        letter = (
            next((one + mark for mark in marks for one in letters if one + mark not in self.taken), "") if array else ""
        )
        name: Expr = n.Sym(letter) if letter else self._numbered()
        self.taken.add(str(name.data[0]) if array else "")
        self.shapes[str(name.data[0])] = shape
        return self._row(name, value)

    def _numbered(self) -> Expr:
        stem = next(one for one in ("v", "u", "q", "h") if one not in self.taken)
        return n.Sym(f"{stem}_{len(self.found) + 1}")


def _affine(expr: Expr) -> bool:
    return not any(isinstance(node, n.Pow | n.Call | n.Apply) for node in post_order(expr))


def _with_cotangents(
    rows: tuple[Row, ...], variables: Sequence[Expr], book: Rulebook, shapes: Mapping[str, Shape]
) -> Tape:
    """The sweep back: each row hands its cotangent on to the names in it."""
    head = rows[-1].name
    assert isinstance(head, n.Sym)
    order = [row.name for row in rows[:-1]]
    position = {name: k for k, name in enumerate([*variables, *order])}
    sent: dict[Expr, list[tuple[Expr, tuple[str, ...]]]] = {}
    simplify = len(rows) <= _SIMPLIFIED
    closed: dict[Expr, Expr] = {}
    backward: list[Row] = []
    for row in reversed(rows):
        bar: Expr = n.ONE if row.name == head else n.Derivative(head, row.name)
        if row.name != head:
            if row.name not in sent:
                continue
            backward.append(_collected(bar, sent[row.name], shapes, closed, simplify=simplify))
        for name in sorted(_names(row.value, position), key=lambda one: position[one]):
            puller = Puller(book, shapes, lambda expr, one=name: any(node == one for node in n.walk(expr)))  # type: ignore[misc]
            own = None if row.name == head else row.name
            part = Tidy(shapes).light(puller.pull(row.value, name, bar, own))
            sent.setdefault(name, []).append((part, tuple(puller.rules) or ("variable",)))
    for variable in variables:
        bar = n.Derivative(head, variable)
        backward.append(
            _collected(bar, sent.get(variable, [(n.ZERO, ("constant",))]), shapes, closed, simplify=simplify)
        )
    return Tape(head, rows, tuple(backward), tuple(variables), dict(shapes))


def _names(expr: Expr, position: Mapping[Expr, int]) -> Iterator[Expr]:
    return (node for node in n.walk(expr) if node in position)


def _collected(
    bar: Expr, parts: list[tuple[Expr, tuple[str, ...]]], shapes: Shapes, closed: dict[Expr, Expr], *, simplify: bool
) -> Row:
    """The sum of what the users of a value send back."""
    rules = tuple(dict.fromkeys(rule for _, used in parts for rule in used))
    value = add(*(part for part, _ in parts))
    if len(parts) > 1:
        rules = ("multivariable-chain", *rules)
    if not simplify:
        return Row(bar, value, rules)
    short = _closed(value, shapes, closed)
    closed[bar] = short
    shown = short if short != value and Tidy(shapes).cost(short) <= _SHORT else None
    return Row(bar, value, rules, shown)


def _closed(value: Expr, shapes: Shapes, closed: Mapping[Expr, Expr]) -> Expr:
    """The value with the closed forms of other cotangents put in, and tidied."""
    tidy = Tidy(shapes)
    line = tidy.light(replace(value, closed))
    if tidy.cost(line) > _MOST_TIDIED:
        return value
    found = [line, *(after for _, after in tidy.passes(line, {}))]
    return found[-1]
