"""The result in the form of an author: the algebra of scalars entry by entry, and what only matrix products know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from deriv.engine.algebra import Algebra, minus_bracket
from deriv.engine.arrays.match import normal
from deriv.engine.arrays.nodes import (
    Op,
    Shapes,
    dot,
    is_op,
    is_scalar,
    product_parts,
    shape_of,
    split_scalars,
    total,
    transpose,
)
from deriv.engine.monomial import Canon
from deriv.engine.names import Naming
from deriv.engine.rewrite import Pass, flatten, light_passes
from deriv.expr import nodes as n
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Expr

MAX_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Tidy:
    """Rewritings of lines over arrays of known shapes."""

    shapes: Shapes
    canon: Canon = field(default_factory=Canon)

    def cost(self, expr: Expr) -> int:
        """How much there is to read."""
        return self.canon.cost(expr)

    def sum_of(self, parts: Sequence[Expr]) -> Expr:
        """The sum of some parts."""
        return add(*parts)

    def light(self, line: Expr) -> Expr:
        """Zeros, ones, numbers, and scalars in front of products."""
        passes = [Pass("", flatten), Pass("", self._usual), *light_passes({})]
        while True:
            before = line
            for one in passes:
                line = one(line)
            if line == before:
                return line

    def _usual(self, node: Expr) -> Expr:
        if isinstance(node, n.Mul):
            return self._without_ones(node)
        return normal(node, self.shapes) if isinstance(node, Op) else node

    def _without_ones(self, node: n.Mul) -> Expr:
        """An array of ones changes nothing beside another array."""
        arrays = [part for part in node.children if not is_scalar(part, self.shapes)]
        ones = [part for part in arrays if all(is_op(one, "ones", "T") for one in product_parts(part)) and _ones(part)]
        if not ones or len(arrays) == 1:
            return node
        kept = [part for part in node.children if part not in ones]
        return mul(*kept, *(ones[:1] if len(ones) == len(arrays) else []))

    def passes(self, line: Expr, given: Mapping[Expr, Expr]) -> Iterator[tuple[str, Expr]]:
        """Rule by rule, the lines towards the final form."""
        algebra, naming = Algebra(self.canon), Naming(given, {}, self.canon)
        visits = (
            ("cancel", algebra.powers),
            ("cancel", self._inner_products),
            ("distribute", self._open),
            ("definition", naming.fold),
            ("like-terms", algebra.like_terms),
            ("common-denominator", algebra.common_denominator),
            ("distribute", algebra.distribute),
            ("collect", self._collect),
            ("collect", lambda node: self._worth(node, algebra.collect(node))),
            ("minus-bracket", self._minus_bracket),
        )
        for _ in range(MAX_ROUNDS):
            before = line
            for rule, visit in visits:
                new = self.light(Pass(rule, visit)(line))
                if new != line:
                    line = new
                    yield rule, line
            if line == before:
                break
        final = self.light(Pass("reordering", self._ordered)(line))
        if final != line:
            yield "reordering", final

    def _open(self, node: Expr) -> Expr:
        """A bracket is multiplied out where its terms cancel: p * (y/p - 1) is y - p."""
        sums = [part for part in node.children if isinstance(part, n.Add)] if isinstance(node, n.Mul) else []
        for bracket in sums:
            others = [part for part in node.children if part is not bracket]
            expanded = add(*(Algebra(self.canon).powers(mul(*others, term)) for term in bracket.children))
            if self.cost(expanded) < self.cost(node):
                return expanded
        return node

    def _worth(self, node: Expr, new: Expr) -> Expr:
        """A number in front of the bracket of two different penalties is not worth a line."""
        if isinstance(new, n.Add) and set(new.children) == set(node.children):
            return node  # another order is no common factor
        if not isinstance(new, n.Mul) or len(new.children) != 2 or not isinstance(new.children[0], n.Num):
            return new
        fronts = {
            tuple(part for part in split_scalars(term, self.shapes)[0] if not isinstance(part, n.Num))
            for term in node.children
        }
        return new if len(fronts) == 1 or is_scalar(node, self.shapes) else node

    def _minus_bracket(self, node: Expr) -> Expr:
        """A minus sign in front moves into a bracket, that of a matrix product too: `-X^T (y - p)` is `X^T (p - y)`."""
        new = minus_bracket(node)
        if new != node or not (isinstance(node, n.Mul) and isinstance(node.children[0], n.Num)):
            return new
        products = [part for part in node.children if is_op(part, "dot")]
        if node.children[0].value > 0 or len(products) != 1:
            return node
        parts = list(products[0].children)
        for k, part in enumerate(parts):
            bracket = part.children[0] if is_op(part, "T") else part
            flipped = minus_bracket(mul(n.MINUS_ONE, bracket)) if isinstance(bracket, n.Add) else None
            if isinstance(flipped, n.Add):
                parts[k] = transpose(flipped, self.shapes) if is_op(part, "T") else flipped
                rest = [one for one in node.children if one is not products[0]]
                return mul(n.MINUS_ONE, *rest, dot(parts, self.shapes))
        return node

    def _ordered(self, node: Expr) -> Expr:
        """Scalars in the order of a textbook; arrays as they came."""
        if isinstance(node, n.Mul) and not is_scalar(node, self.shapes):
            scalars, array = split_scalars(node, self.shapes)
            assert array is not None
            return mul(Algebra(self.canon).ordered(mul(*scalars)), array) if scalars else node
        return Algebra(self.canon).ordered(node)

    def _inner_products(self, node: Expr) -> Expr:
        """p^T (y / p) is the sum of the entries of y."""
        if not is_op(node, "dot") or len(node.children) != 2 or not is_scalar(node, self.shapes):
            return node
        left = transpose(node.children[0], self.shapes)
        product = Algebra(self.canon).powers(mul(left, node.children[1]))
        if self.cost(product) + 1 < self.cost(left) + self.cost(node.children[1]):
            return total(product, self.shapes)
        return node

    def _collect(self, node: Expr) -> Expr:
        """A factor that stands at the same end of every matrix product of a sum moves out of it."""
        if not isinstance(node, n.Add):
            return node
        pairs = []
        for term in node.children:
            scalars, array = split_scalars(term, self.shapes)
            if array is None or not is_op(array, "dot"):
                return node
            pairs.append((mul(*scalars), array.children))
        for side in (0, -1):
            ends = {parts[side] for _, parts in pairs}
            if len(ends) == 1:
                rest = [mul(scale, dot(parts[1:] if side == 0 else parts[:-1], self.shapes)) for scale, parts in pairs]
                inside = add(*rest)
                factors = [ends.pop(), inside] if side == 0 else [inside, ends.pop()]
                found = dot(factors, self.shapes)
                if shape_of(found, self.shapes) == shape_of(node, self.shapes):
                    return found
        return node


def _ones(part: Expr) -> bool:
    return all(node.op in ("ones", "T", "dot") for node in n.walk(part) if isinstance(node, Op)) and not any(
        is_op(node, "T") and not is_op(node.children[0], "ones") for node in n.walk(part)
    )
