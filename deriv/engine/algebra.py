"""Tidying a result into the form an author would write: like terms, common factors, one denominator, cancelling.

A rewriting that makes a line longer is never done: brackets are multiplied out only where the collected result is
shorter to read (`Canon.cost`), so that `y(1 - p) - (1 - y)p` becomes `y - p` and `(p - y) x` stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from deriv.engine.monomial import Canon, Monomial, join, negated
from deriv.expr import nodes as n
from deriv.expr.functions import add, mul, power
from deriv.expr.nodes import Expr

MAX_TERMS = 60  # brackets are not multiplied out beyond this
MAX_POWER = 3


@dataclass(frozen=True, slots=True)
class Algebra:
    """The rewritings of single nodes; all of them share one numbering of expressions."""

    canon: Canon

    def powers(self, node: Expr) -> Expr:
        """Equal bases merge and cancel, numbers come to the front."""
        if not isinstance(node, n.Mul | n.Pow):
            return node
        merged = join(self.canon.split(node))
        return merged if self.canon.cost(merged) < self.canon.cost(node) or _numbers(node) > 1 else node

    def like_terms(self, node: Expr) -> Expr:
        """Equal terms are added."""
        if not isinstance(node, n.Add):
            return node
        merged = self._merged([self.canon.split(term) for term in node.children])
        return _sum([join(m) for m in merged]) if len(merged) < len(node.children) else node

    def _merged(self, terms: list[Monomial]) -> list[Monomial]:
        found: dict[object, Monomial] = {}
        for term in terms:
            key = self.canon.term_key(term.factors)
            old = found.get(key)
            found[key] = Monomial((old.coefficient if old else Fraction(0)) + term.coefficient, term.factors)
        return [term for term in found.values() if term.coefficient]

    def collect(self, node: Expr) -> Expr:
        """What all terms share moves in front of the bracket; the first term of the bracket is positive."""
        if not isinstance(node, n.Add):
            return node
        terms = [self.canon.split(term) for term in node.children]
        common = self._common(terms)
        content = _content([term.coefficient for term in terms])
        if not common and content == 1:
            return _positive_first(node)
        rest = []
        for term in terms:
            left = self.canon.split(mul(join(Monomial(Fraction(1), term.factors)), _inverse(common)))
            rest.append(join(Monomial(term.coefficient / content, left.factors)))
        bracket = _positive_first(_sum(rest))
        factored = join(Monomial(content, (*common, (bracket, n.ONE))))
        return factored if self.canon.cost(factored) <= self.canon.cost(node) else _positive_first(node)

    def _common(self, terms: list[Monomial]) -> tuple[tuple[Expr, Expr], ...]:
        """The powers that every term has, with the exponent of smallest size."""
        common: list[tuple[Expr, Expr]] = []
        for base, exponent in terms[0].factors:
            found = [self._exponent(term, base) for term in terms]
            if all(isinstance(e, n.Num) for e in found):
                values = [e.value for e in found if isinstance(e, n.Num)]
                if min(values) > 0 or max(values) < 0:
                    common.append((base, n.Num(min(values) if min(values) > 0 else max(values))))
            elif all(e == exponent for e in found):
                common.append((base, exponent))
        return tuple(common)

    def _exponent(self, term: Monomial, base: Expr) -> Expr | None:
        key = self.canon.key(base)
        return next((exponent for other, exponent in term.factors if self.canon.key(other) == key), None)

    def distribute(self, node: Expr) -> Expr:
        """Brackets are multiplied out where the collected result is shorter."""
        if not isinstance(node, n.Add) or not any(_expandable(term) for term in node.children):
            return node
        expanded = [part for term in node.children for part in self._expand(term)]
        if len(expanded) > MAX_TERMS:
            return node
        return _sum(expanded) if self._finished_cost(_sum(expanded)) < self._finished_cost(node) else node

    def _expand(self, term: Expr) -> list[Expr]:
        """The terms of a product of sums."""
        products: list[list[Expr]] = [[]]
        for factor in term.children if isinstance(term, n.Mul) else (term,):
            for choices in _copies(factor):
                if len(products) * len(choices) > MAX_TERMS:
                    return [term]
                products = [[*left, choice] for left in products for choice in choices]
        return [join(self.canon.split(mul(*parts))) for parts in products]

    def common_denominator(self, node: Expr) -> Expr:
        """Fractions are added where the result is shorter."""
        if not isinstance(node, n.Add):
            return node
        terms = [self.canon.split(term) for term in node.children]
        below = self._denominators(terms)
        if not below:
            return node
        whole = join(Monomial(Fraction(1), below))
        numerator = [part for term in node.children for part in self._expand(self._over(term, whole))]
        if len(numerator) > MAX_TERMS:
            return node
        fraction = mul(self.collect(self.like_terms(_sum(numerator))), _inverse(below))
        return fraction if self.canon.cost(fraction) < self.canon.cost(self.collect(node)) else node

    def _over(self, term: Expr, denominator: Expr) -> Expr:
        return join(self.canon.split(mul(term, denominator)))

    def _denominators(self, terms: list[Monomial]) -> tuple[tuple[Expr, Expr], ...]:
        found: dict[int, tuple[Expr, Fraction]] = {}
        for term in terms:
            for base, exponent in term.factors:
                if isinstance(exponent, n.Num) and exponent.value < 0 and exponent.value.denominator == 1:
                    key = self.canon.key(base)
                    found[key] = base, max(-exponent.value, found.get(key, (base, Fraction(0)))[1])
        return tuple((base, n.Num(exponent)) for base, exponent in found.values())

    def _finished_cost(self, node: Expr) -> int:
        return self.canon.cost(self.collect(self.like_terms(node)))

    def ordered(self, node: Expr) -> Expr:
        """Factors in the order of a textbook."""
        if isinstance(node, n.Mul) and not any(isinstance(part, n.Derivative) for part in node.children):
            return join(self.canon.split(node))
        return _positive_first(node) if isinstance(node, n.Add) else node


def _numbers(node: Expr) -> int:
    """How many numbers are multiplied in a product, those inside of its denominators included."""
    if isinstance(node, n.Num):
        return 1
    if isinstance(node, n.Mul):
        return sum(map(_numbers, node.children))
    if isinstance(node, n.Pow) and isinstance(node.base, n.Mul) and isinstance(node.exponent, n.Num):
        return _numbers(node.base) if node.exponent.value.denominator == 1 else 0
    return 0


def _sum(terms: list[Expr]) -> Expr:
    return add(*terms) if terms else n.ZERO


def _content(coefficients: list[Fraction]) -> Fraction:
    """The number to take out: common divisor of the numerators, over the denominators if all share them."""
    numerator = gcd(*(abs(c.numerator) for c in coefficients))
    denominators = {c.denominator for c in coefficients}
    denominator = lcm(*denominators) if len(denominators) == 1 else 1
    sign = -1 if all(c < 0 for c in coefficients) else 1
    return Fraction(sign * numerator, denominator)


def _inverse(factors: tuple[tuple[Expr, Expr], ...]) -> Expr:
    return mul(*(power(base, mul(n.MINUS_ONE, exponent)) for base, exponent in factors))


def _positive_first(node: Expr) -> Expr:
    """`y - x` for `-x + y`."""
    if not isinstance(node, n.Add) or not _negative(node.children[0]):
        return node
    first = [term for term in node.children if not _negative(term)]
    return n.Add((*first, *(term for term in node.children if _negative(term)))) if first else node


def _negative(term: Expr) -> bool:
    if isinstance(term, n.Num):
        return term.value < 0
    return isinstance(term, n.Mul) and isinstance(term.children[0], n.Num) and term.children[0].value < 0


def _expandable(term: Expr) -> bool:
    return any(len(c) > 1 for factor in (term.children if isinstance(term, n.Mul) else ()) for c in _copies(factor))


def _copies(factor: Expr) -> list[tuple[Expr, ...]]:
    """A sum gives its terms; a small power of a sum gives them that many times; anything else itself."""
    if isinstance(factor, n.Add):
        return [factor.children]
    if isinstance(factor, n.Pow) and isinstance(factor.base, n.Add) and isinstance(factor.exponent, n.Num):
        exponent = factor.exponent.value
        if exponent.denominator == 1 and 1 < exponent <= MAX_POWER:
            return [factor.base.children] * int(exponent)
    return [(factor,)]


def minus_bracket(node: Expr) -> Expr:
    """A minus sign in front of a bracket moves inside where that makes the bracket positive: `-(y - p)` is `p - y`."""
    if isinstance(node, n.Mul) and isinstance(node.children[0], n.Num) and node.children[0].value < 0:
        for k, part in enumerate(node.children):
            if isinstance(part, n.Add) and any(map(_negative, part.children)):
                flipped = _positive_first(n.Add(tuple(map(negated, part.children))))
                if not _negative(flipped.children[0]):
                    return mul(n.MINUS_ONE, *node.children[:k], flipped, *node.children[k + 1 :])
    return node
