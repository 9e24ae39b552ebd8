"""Does a law fit an expression?  Its variable stands for one marked part, its other names for what is held fixed.

A name may stand for several neighbours in a matrix product or for what is left of a sum; inner products are also read
from the other side, traces in every rotation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from deriv.engine.arrays.laws import ArrayLaw
from deriv.engine.arrays.nodes import (
    SCALAR,
    Op,
    Shape,
    Shapes,
    diagonal_of,
    dot,
    is_op,
    is_scalar,
    shape_of,
    square_norm,
    total,
    trace,
    transpose,
)
from deriv.expr import nodes as n
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Expr
from deriv.expr.substitute import rebuild, same_or

MARK: Final = n.Sym("@")
CHANGE: Final = n.Sym("@d")
Binding = dict[str, Expr]


def first_law(laws: Iterable[ArrayLaw], expr: Expr, part: Expr, shapes: Shapes) -> tuple[ArrayLaw, Expr] | None:
    """The first law that fits as it is written, or else read from the other side, and what it makes of `expr`."""
    laws = list(laws)
    for turned in (False, True):
        for law in laws:
            found = apply_law(law, expr, part, shapes, turned=turned)
            if found is not None:
                return law, found
    return None


def apply_law(law: ArrayLaw, expr: Expr, part: Expr, shapes: Shapes, *, turned: bool = True) -> Expr | None:
    """What the law makes of `expr` by its part: a gradient, or a form that is linear in `CHANGE`."""
    marked = replace(expr, {part: MARK})
    inside = {**shapes, MARK.name: shape_of(part, shapes)}
    if _rank(law.shapes.get(law.variable, SCALAR)) != _rank(inside[MARK.name]):
        return None
    for binding in Match(law, inside, turned).match(law.value, marked, {}):
        values = {**binding, law.variable: part, f"d{law.variable}": CHANGE}
        return fill(law.becomes, values, {**shapes, CHANGE.name: inside[MARK.name]}, law.shapes)
    return None


def _rank(shape: Shape) -> int:
    return sum(size is not None for size in shape)


def replace(expr: Expr, mapping: Mapping[Expr, Expr]) -> Expr:
    """Every occurrence of some parts replaced."""

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        return mapping.get(node, node)

    return rebuild(expr, visit)


def fill(template: Expr, values: Mapping[str, Expr], shapes: Shapes, law_shapes: Shapes | None = None) -> Expr:
    """A formula of a law with its names replaced, matrix products and transposes in order.

    `law_shapes` are the shapes of the names of the law: what they call a size becomes the actual one.
    """
    names: dict[Expr, Expr] = {n.Sym(name): value for name, value in values.items()}
    lengths: dict[Expr, Expr] = {}

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        if isinstance(node, n.Sym):
            return names.get(node, node)
        if is_op(node, "ones", "eye"):
            return same_or(node, tuple(lengths.get(size, size) for size in node.children))
        return normal(same_or(node, children), shapes)

    for name, value in values.items():
        for size, actual in zip((law_shapes or {}).get(name, SCALAR), shape_of(value, shapes), strict=True):
            if size is not None and actual is not None:
                lengths.setdefault(size, actual)
    return rebuild(template, visit)


def normal(node: Expr, shapes: Shapes) -> Expr:
    """One node in its usual form, given children that are."""
    match node:
        case n.Add():
            return add(*node.children)
        case n.Mul():
            return mul(*node.children)
        case Op():
            return _normal_op(node, shapes)
    return node


def _normal_op(node: Op, shapes: Shapes) -> Expr:
    child = node.children[0]
    if n.ZERO in node.children:
        return n.ZERO
    match node.op:
        case "dot":
            return _diagonals(dot(node.children, shapes), shapes)
        case "T":
            return transpose(child, shapes)
        case "trace":
            return trace(child, shapes)
        case "total":
            return total(child, shapes)
        case "sqnorm":
            return square_norm(child, shapes)
        case "diagonal":
            return diagonal_of(child, shapes)
    return node


def _diagonals(expr: Expr, shapes: Shapes) -> Expr:
    """Diagonal matrices side by side are one; a diagonal matrix times a vector is a product entry by entry."""
    if not is_op(expr, "dot"):
        return expr
    parts: list[Expr] = []
    for part in reversed(expr.children):
        after = parts[0] if parts else None
        if after is not None and is_op(part, "diag") and is_op(after, "diag"):
            parts[0] = Op("diag", (mul(part.children[0], after.children[0]),))
        elif after is not None and is_op(part, "diag") and shape_of(after, shapes)[1] is None:
            parts[0] = part.children[0] if is_op(after, "ones") else mul(part.children[0], after)
        else:
            parts.insert(0, part)
    return expr if len(parts) == len(expr.children) else dot(parts, shapes)


@dataclass(frozen=True, slots=True)
class Match:
    """Matching of one law against an expression with the mark in the place of its variable."""

    law: ArrayLaw
    shapes: Shapes
    turned: bool = True
    """Whether products may be read from the other side."""

    def match(self, pattern: Expr, expr: Expr, binding: Binding) -> Iterator[Binding]:
        """Every way to fit the expression."""
        match pattern:
            case n.Sym():
                yield from self._name(pattern.name, expr, binding)
            case n.Add():
                yield from self._sum(pattern, expr, binding)
            case n.Mul():
                yield from self._product(pattern, expr, binding)
            case Op():
                yield from self._op(pattern, expr, binding)
            case _:
                yield from self._same(pattern, expr, binding)

    def _same(self, pattern: Expr, expr: Expr, binding: Binding) -> Iterator[Binding]:
        alike = type(pattern) is type(expr) and pattern.data == expr.data
        if alike and len(pattern.children) == len(expr.children):
            yield from self._all(pattern.children, expr.children, binding)

    def _all(self, patterns: Sequence[Expr], exprs: Sequence[Expr], binding: Binding) -> Iterator[Binding]:
        if not patterns:
            yield binding
            return
        for found in self.match(patterns[0], exprs[0], binding):
            yield from self._all(patterns[1:], exprs[1:], found)

    def _fixed(self, pattern: Expr) -> bool:
        return isinstance(pattern, n.Sym) and pattern.name != self.law.variable

    def _name(self, name: str, expr: Expr, binding: Binding) -> Iterator[Binding]:
        if name == self.law.variable:
            if expr == MARK:
                yield binding
            return
        if MARK in n.walk(expr) or _rank(shape_of(expr, self.shapes)) != _rank(self.law.shapes.get(name, SCALAR)):
            return
        if binding.get(name, expr) == expr:
            yield {**binding, name: expr}

    def _sum(self, pattern: Expr, expr: Expr, binding: Binding) -> Iterator[Binding]:
        """Term by term; the last name (or minus a name) takes what is left."""
        if not isinstance(expr, n.Add):
            return
        bare = [p for p in pattern.children if self._fixed(p) or self._negated(p) is not None]
        firm = [p for p in pattern.children if p not in bare]
        if len(bare) > 1:
            yield from self._same(pattern, expr, binding)
            return
        for found, rest in self._assign(firm, list(expr.children), binding):
            if bare and rest:
                inverse = self._negated(bare[0])
                left = add(*rest) if inverse is None else add(*(mul(n.MINUS_ONE, term) for term in rest))
                yield from self.match(bare[0] if inverse is None else inverse, left, found)
            elif not bare and not rest:
                yield found

    def _negated(self, pattern: Expr) -> Expr | None:
        if isinstance(pattern, n.Mul) and len(pattern.children) == 2 and pattern.children[0] == n.MINUS_ONE:
            return pattern.children[1] if self._fixed(pattern.children[1]) else None
        return None

    def _product(self, pattern: Expr, expr: Expr, binding: Binding) -> Iterator[Binding]:
        parts = list(expr.children) if isinstance(expr, n.Mul) else [expr]
        bare = [p for p in pattern.children if self._fixed(p)]
        firm = [p for p in pattern.children if not self._fixed(p)]
        if len(bare) > 1:
            yield from self._same(pattern, expr, binding)
            return
        for found, rest in self._assign(firm, parts, binding):
            if bare and rest:
                yield from self.match(bare[0], mul(*rest), found)
            elif not bare and not rest:
                yield found

    def _assign(
        self, patterns: list[Expr], parts: list[Expr], binding: Binding
    ) -> Iterator[tuple[Binding, list[Expr]]]:
        """Each pattern to a part of its own, in any order; the rest is handed back."""
        if not patterns:
            yield binding, parts
            return
        for k, part in enumerate(parts):
            for found in self.match(patterns[0], part, binding):
                yield from self._assign(patterns[1:], parts[:k] + parts[k + 1 :], found)

    def _op(self, pattern: Op, expr: Expr, binding: Binding) -> Iterator[Binding]:
        if pattern.op == "T":
            if is_op(expr, "T"):
                yield from self.match(pattern.children[0], expr.children[0], binding)
            elif self._fixed(pattern.children[0]):
                yield from self.match(pattern.children[0], transpose(expr, self.shapes), binding)
        elif not is_op(expr, pattern.op):  # type: ignore[arg-type]
            return
        elif pattern.op == "dot":
            for view in self._views(expr):
                yield from self._sequence(pattern.children, view, binding)
        elif pattern.op == "trace":
            for rotated in self._rotations(expr.children[0]):
                yield from self.match(pattern.children[0], rotated, binding)
        elif pattern.op == "ones":
            yield binding
        else:
            yield from self._same(pattern, expr, binding)

    def _views(self, expr: Expr) -> Iterator[Sequence[Expr]]:
        yield expr.children
        if self.turned and is_scalar(expr, self.shapes):
            yield transposed_parts(expr.children, self.shapes)

    def _rotations(self, expr: Expr) -> Iterator[Expr]:
        if not is_op(expr, "dot"):
            yield expr
            return
        views = [expr.children, transposed_parts(expr.children, self.shapes)]
        for parts in views if self.turned else views[:1]:
            for k in range(len(parts)):
                yield Op("dot", (*parts[k:], *parts[:k]))

    def _sequence(self, patterns: Sequence[Expr], parts: Sequence[Expr], binding: Binding) -> Iterator[Binding]:
        """Patterns in order; a name that is held fixed may take several neighbours."""
        if not patterns or not parts:
            if not patterns and not parts:
                yield binding
            return
        first = patterns[0]
        loose = self._fixed(first) or (is_op(first, "T") and self._fixed(first.children[0]))
        most = len(parts) - len(patterns) + 1 if loose else 1
        for count in range(1, most + 1):
            taken = parts[0] if count == 1 else dot(parts[:count], self.shapes)
            for found in self.match(first, taken, binding):
                yield from self._sequence(patterns[1:], parts[count:], found)


def transposed_parts(parts: Sequence[Expr], shapes: Shapes) -> tuple[Expr, ...]:
    """The factors of a product read from the other side."""
    return tuple(transpose(part, shapes) for part in reversed(parts))
