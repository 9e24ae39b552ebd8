"""Which parts of an expression a derivation goes through, one at a time: affine maps, elementwise functions, others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from deriv.engine.arrays.nodes import Op, Shapes, is_op, is_scalar
from deriv.expr import nodes as n
from deriv.expr.nodes import Expr

# outputs of layers: they are given a name, so that their slope can be written with their value
_LAYERS: Final = frozenset(("sigmoid", "tanh", "relu", "softplus", "elu", "gelu", "swish", "selu", "erf"))


@dataclass(frozen=True, slots=True)
class Units:
    """The units of expressions that lie directly above a variable."""

    target: Expr
    shapes: Shapes
    depends: Callable[[Expr], bool]

    def of(self, body: Expr) -> tuple[Expr, ...]:
        """The widest units that hold every occurrence of the target, each once, from left to right."""
        return tuple(dict.fromkeys(self._visit(body)))

    def _visit(self, node: Expr) -> Iterator[Expr]:
        if not self.depends(node):
            return
        if node == self.target:
            yield node
        elif not is_scalar(node, self.shapes) and (self.affine(node) or self.elementwise(node)):
            yield self._layer(node)
        else:
            for child in node.children:
                yield from self._visit(child)

    def simple(self, node: Expr) -> bool:
        """Whether a whole array is affine in the target, a product such as X^T X, or an elementwise function of it."""
        return self.polynomial(node) or self.elementwise(node)

    def polynomial(self, node: Expr) -> bool:
        """Whether the target enters through sums, products and transposes only."""
        if node == self.target or not self.depends(node):
            return True
        return (isinstance(node, n.Add | n.Mul) or is_op(node, "T", "dot")) and all(map(self.polynomial, node.children))

    def affine(self, node: Expr) -> bool:
        """Whether the target enters linearly."""
        if node == self.target or not self.depends(node):
            return True
        moving = [child for child in node.children if self.depends(child)]
        if isinstance(node, n.Add) or is_op(node, "T"):
            return all(map(self.affine, moving))
        if isinstance(node, n.Mul) or is_op(node, "dot"):
            return len(moving) == 1 and self.affine(moving[0])
        return False

    def elementwise(self, node: Expr) -> bool:
        """Whether entries of the target enter one by one, or one operation is done on the target alone."""
        if node == self.target or not self.depends(node):
            return True
        if isinstance(node, Op):
            return node.op in ("softmax", "inv", "T") and node.children[0] == self.target
        if isinstance(node, n.Add | n.Mul | n.Pow | n.Call | n.Apply):
            return all(map(self.elementwise, node.children))
        return False

    def _layer(self, node: Expr) -> Expr:
        """The output of a layer inside of an elementwise unit, if everything goes through it."""
        if node == Op("T", (self.target,)):
            return self.target
        if self.affine(node):
            return node
        for part in _below(node):
            if is_layer(part) and self.depends(part) and self._through(node, part):
                return part
        return node

    def _through(self, node: Expr, part: Expr) -> bool:
        """Whether the node depends on the target through the part only."""
        if node == part or not self.depends(node):
            return True
        return node != self.target and all(self._through(child, part) for child in node.children)


def is_layer(node: Expr) -> bool:
    """Whether an expression is the output of an activation."""
    return (isinstance(node, n.Call) and node.function in _LAYERS) or is_op(node, "softmax")


def _below(node: Expr) -> Iterator[Expr]:
    yield node
    for child in node.children:
        yield from _below(child)
