"""Values that have a name are used again: σ(z) becomes ŷ, e^{z_k}/Σe^{z_m} becomes p_k, Σ y_k becomes 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from deriv.engine.monomial import Canon
from deriv.expr import nodes as n
from deriv.expr.functions import mul, power
from deriv.expr.nodes import Expr
from deriv.expr.substitute import free_symbols, post_order, substitute


@dataclass(slots=True)
class Naming:
    """Folding of defined values and known equations; candidates for indices are those that occur in the node."""

    given: Mapping[Expr, Expr]
    equations: Mapping[Expr, Expr]
    canon: Canon
    instances: dict[tuple[Expr, frozenset[Expr]], list[tuple[Expr, Expr]]] = field(default_factory=dict)

    def known(self, node: Expr) -> Expr:
        """An expression whose value is known (a row of labels that sums to one)."""
        for left, right in self.equations.items():
            if type(node) is type(left) and self.canon.key(node) == self.canon.key(left):
                return right
        return node

    def fold(self, node: Expr) -> Expr:
        """The name of a defined value in its place; a product may hold the value as some of its factors."""
        if not self.given or not node.children or isinstance(node, n.Derivative):
            return node
        for name, value in self._instances(node):
            if isinstance(value, n.Num | n.Sym | n.Entry | n.Const):
                continue  # a value that is no shorter than its name
            if self.canon.key(node) == self.canon.key(value):
                return name
            if isinstance(node, n.Mul) and isinstance(value, n.Mul) and len(value.children) <= len(node.children):
                node = self._fold_factors(node, name, value)
        return node

    def _fold_factors(self, node: Expr, name: Expr, value: Expr) -> Expr:
        whole, part = self.canon.split(node), self.canon.split(value)
        powers = {self.canon.key(base): exponent for base, exponent in whole.factors}
        for base, exponent in part.factors:
            found = powers.get(self.canon.key(base))
            if not isinstance(found, n.Num) or not isinstance(exponent, n.Num):
                return node
            if found.value * exponent.value <= 0 or abs(found.value) < abs(exponent.value):
                return node
        if part.coefficient != 1:
            return node
        taken = [power(base, mul(n.MINUS_ONE, exponent)) for base, exponent in part.factors]
        rest = self.canon.split(mul(node, *taken))
        factors = [base if exponent == n.ONE else n.Pow(base, exponent) for base, exponent in rest.factors]
        return mul(n.Num(rest.coefficient), name, *factors)

    def _instances(self, node: Expr) -> Iterator[tuple[Expr, Expr]]:
        """The definitions, with every choice of the indices that stand in the node."""
        for name, value in self.given.items():
            if isinstance(name, n.Sym):
                yield name, value
                continue
            candidates = frozenset(_indices(node))
            if (name, candidates) not in self.instances:
                self.instances[name, candidates] = list(_choices(name, value, candidates))
            yield from self.instances[name, candidates]


def _indices(node: Expr) -> set[Expr]:
    found: set[Expr] = set()
    free = free_symbols(node)
    for part in post_order(node):
        if isinstance(part, n.Entry):
            found |= {index for index in part.children if free_symbols(index) <= free}
    return found


def _choices(name: Expr, value: Expr, candidates: frozenset[Expr]) -> Iterator[tuple[Expr, Expr]]:
    options: list[dict[Expr, Expr]] = [{}]
    for parameter in name.children:
        if isinstance(parameter, n.Sym):
            ordered = sorted(candidates, key=repr)
            options = [{**chosen, parameter: index} for chosen in options for index in ordered]
    for chosen in options[:64]:
        yield substitute(name, chosen), substitute(value, chosen)
