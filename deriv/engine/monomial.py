"""Terms as a coefficient and powers of factors: the form in which terms are compared, cancelled and put in order.

Two factors count as the same when they differ only in the order of terms and factors and in the names of bound
indices; `Canon` numbers such classes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from deriv.expr import nodes as n
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Expr
from deriv.expr.substitute import post_order, substitute

Factors = tuple[tuple[Expr, Expr], ...]


@dataclass(frozen=True, slots=True)
class Monomial:
    """A coefficient times powers, in the order in which the bases were first met."""

    coefficient: Fraction
    factors: Factors


@dataclass(slots=True)
class Canon:
    """Numbers for expressions that are the same up to order and the names of bound indices."""

    numbers: dict[object, int] = field(default_factory=dict)
    known: dict[Expr, int] = field(default_factory=dict)
    costs: dict[Expr, int] = field(default_factory=dict)

    def key(self, expr: Expr) -> int:
        """The number of the expression's class."""
        if expr not in self.known:
            for node in post_order(expr):
                if node not in self.known:
                    self.known[node] = self.numbers.setdefault(self._shape(node), len(self.numbers))
        return self.known[expr]

    def _shape(self, node: Expr) -> object:
        parts = [self.known[child] for child in node.children]
        if isinstance(node, n.Add | n.Mul):
            return type(node).__name__, frozenset(Counter(parts).items())
        if isinstance(node, n.Delta):
            return "Delta", frozenset(parts)
        if isinstance(node, n.Sum | n.Product):
            marker = n.Sym(f"@{_binders(node.body)}")
            return type(node).__name__, parts[0], parts[1], self.key(substitute(node.body, {n.Sym(node.index): marker}))
        return type(node).__name__, node.data, tuple(parts)

    def term_key(self, factors: Factors) -> frozenset[tuple[int, int]]:
        """What two like terms share."""
        return frozenset((self.key(base), self.key(exponent)) for base, exponent in factors)

    def cost(self, expr: Expr) -> int:
        """How much there is to read: symbols and operations, a quotient no dearer than a product."""
        for node in post_order(expr):
            if node not in self.costs:
                own = sum(self.costs[child] for child in node.children)
                self.costs[node] = own + _own_cost(node)
        return self.costs[expr]

    def split(self, expr: Expr) -> Monomial:
        """A product as a monomial, equal bases merged."""
        coefficient, found = Fraction(1), dict[int, tuple[Expr, Expr]]()
        for base, exponent in _flat(expr):
            number = _number(base, exponent)
            if number is not None:
                coefficient *= number
                continue
            key = self.key(base)
            if key not in found and isinstance(base, n.Add):
                flipped = negated_sum(base)
                other = self.key(flipped)
                if other in found and isinstance(exponent, n.Num) and exponent.value.denominator == 1:
                    coefficient *= (-1) ** int(exponent.value)
                    key, base = other, flipped
            first, power = found.get(key, (base, n.ZERO))
            found[key] = first, add(power, exponent)
        kept = tuple((base, exponent) for base, exponent in found.values() if exponent != n.ZERO)
        return Monomial(coefficient, kept)


def _number(base: Expr, exponent: Expr) -> Fraction | None:
    """The value of a whole power of a number, if it has one."""
    if isinstance(base, n.Num) and isinstance(exponent, n.Num) and exponent.value.denominator == 1:
        return base.value ** int(exponent.value) if base.value or exponent.value > 0 else None
    return None


def _binders(body: Expr) -> int:
    return sum(isinstance(node, n.Sum | n.Product | n.Integral | n.Limit) for node in post_order(body))


def _own_cost(node: Expr) -> int:
    if isinstance(node, n.Num):
        return 0 if abs(node.value) == 1 else 1 + (node.value.denominator != 1)
    if isinstance(node, n.Pow) and node.exponent == n.MINUS_ONE:
        return 1
    return len(node.children) - 1 if isinstance(node, n.Add | n.Mul) else 2 if isinstance(node, n.Sum) else 1


def _flat(expr: Expr, scale: Fraction = Fraction(1)) -> list[tuple[Expr, Expr]]:
    """Bases and exponents of a product; whole powers of products and of powers are multiplied out."""
    if isinstance(expr, n.Mul):
        return [pair for part in expr.children for pair in _flat(part, scale)]
    if isinstance(expr, n.Pow) and isinstance(expr.exponent, n.Num):
        exponent = expr.exponent.value
        if exponent.denominator == 1 or scale == 1:
            if isinstance(expr.base, n.Mul | n.Pow | n.Num) and exponent.denominator == 1:
                return _flat(expr.base, scale * exponent)
            return [(expr.base, n.Num(exponent * scale))]
    if isinstance(expr, n.Pow) and scale.denominator == 1:
        return [(expr.base, mul(n.Num(scale), expr.exponent))]
    return [(expr, n.Num(scale))]


def negated_sum(node: Expr) -> Expr:
    """Minus a sum, the sign inside every term."""
    return n.Add(tuple(negated(term) for term in node.children))


def negated(term: Expr) -> Expr:
    """Minus a term, without a double minus."""
    return mul(n.MINUS_ONE, term)


def join(monomial: Monomial) -> Expr:
    """The product, in the order of a textbook: number, variables, functions, sums, entries, sums over an index."""
    if not monomial.coefficient:
        return n.ZERO
    ordered = sorted(monomial.factors, key=lambda pair: _rank(pair[0], pair[1]))
    parts = [base if exponent == n.ONE else n.Pow(base, exponent) for base, exponent in ordered]
    if monomial.coefficient != 1:
        parts.insert(0, n.Num(monomial.coefficient))
    return n.ONE if not parts else parts[0] if len(parts) == 1 else n.Mul(tuple(parts))


def _rank(base: Expr, exponent: Expr) -> int:
    below = isinstance(exponent, n.Num) and exponent.value < 0
    ranks: dict[type[Expr], int] = {
        n.Num: 0, n.Const: 1, n.Sym: 1, n.Call: 2, n.Apply: 2, n.Add: 3, n.Delta: 4, n.Entry: 5, n.Cases: 6,
        n.Sum: 7, n.Product: 7, n.Integral: 7, n.Derivative: 8,
    }  # fmt: skip
    return 1 if below else ranks.get(type(base), 3)
