"""Rewriting whole lines: one function per node, bottom up, each shared node once and never again in later lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from deriv.expr import nodes as n
from deriv.expr.nodes import Expr
from deriv.expr.substitute import same_or

MAX_POWER = 64  # 2**1000 stays a power


@dataclass(slots=True)
class Pass:
    """A rewriting of single nodes; `rule` names it, `done` remembers the results for nodes seen before.

    `pool` holds one object for equal expressions and is shared by the passes of a derivation: comparing two lines
    then costs no more than the part in which they differ.
    """

    rule: str
    visit: Callable[[Expr], Expr]
    pool: dict[Expr, Expr] = field(default_factory=dict)
    done: dict[Expr, Expr] = field(default_factory=dict)

    def __call__(self, root: Expr) -> Expr:
        stack = [root]
        done = self.done
        while stack:
            node = stack[-1]
            if node in done:
                stack.pop()
                continue
            todo = [child for child in node.children if child not in done]
            if todo:
                stack.extend(todo)
                continue
            stack.pop()
            node = self.pool.setdefault(node, node)
            new = self.visit(same_or(node, tuple(done[child] for child in node.children)))
            new = self.pool.setdefault(new, new)
            done[node] = new
            done.setdefault(new, new)
        return done[root]


def flatten(node: Expr) -> Expr:
    """A sum inside a sum, a product inside a product: written the same, so one node."""
    if isinstance(node, n.Add | n.Mul) and any(type(child) is type(node) for child in node.children):
        parts = [p for child in node.children for p in (child.children if type(child) is type(node) else (child,))]
        return type(node)(tuple(parts))
    if isinstance(node, n.Add | n.Mul) and len(node.children) == 1:
        return node.children[0]
    return node


def zero_product(node: Expr) -> Expr:
    """A factor 0 makes a product 0; so does a sum of zeros, and every case being 0."""
    if isinstance(node, n.Mul) and n.ZERO in node.children:
        return n.ZERO
    if isinstance(node, n.Sum | n.Integral) and node.children[2 if isinstance(node, n.Sum) else 0] == n.ZERO:
        return n.ZERO
    if isinstance(node, n.Pow) and node.base == n.ZERO and isinstance(node.exponent, n.Num) and node.exponent.value > 0:
        return n.ZERO
    return node


def unit_factor(node: Expr) -> Expr:
    """A factor 1, an exponent 1, a base 1 change nothing."""
    if isinstance(node, n.Mul) and n.ONE in node.children:
        return _product([part for part in node.children if part != n.ONE])
    if isinstance(node, n.Pow) and n.ONE in node.children:
        return node.base
    return n.ONE if isinstance(node, n.Pow) and node.exponent == n.ZERO else node


def zero_term(node: Expr) -> Expr:
    """A term 0 changes nothing."""
    if isinstance(node, n.Add) and n.ZERO in node.children:
        rest = tuple(part for part in node.children if part != n.ZERO)
        return n.ZERO if not rest else rest[0] if len(rest) == 1 else n.Add(rest)
    return node


def arithmetic(node: Expr) -> Expr:
    """Numbers are multiplied (in front), added (where the first stood) and raised to whole powers."""
    if isinstance(node, n.Mul):
        return _multiply(node)
    if isinstance(node, n.Add):
        return _add(node)
    if isinstance(node, n.Pow) and isinstance(node.base, n.Num) and isinstance(node.exponent, n.Num):
        exponent = node.exponent.value
        if exponent.denominator == 1 and abs(exponent) <= MAX_POWER and (node.base.value or exponent > 0):
            return n.Num(node.base.value ** int(exponent))
    return node


def _multiply(node: Expr) -> Expr:
    numbers = [part.value for part in node.children if isinstance(part, n.Num)]
    if not numbers or (len(numbers) == 1 and isinstance(node.children[0], n.Num) and numbers != [1]):
        return node
    value = Fraction(1)
    for number in numbers:
        value *= number
    rest = [part for part in node.children if not isinstance(part, n.Num)]
    return n.ZERO if not value else _product(([] if value == 1 else [n.Num(value)]) + rest)


def _add(node: Expr) -> Expr:
    numbers = [part.value for part in node.children if isinstance(part, n.Num)]
    if len(numbers) < 2:
        return node
    total, placed = sum(numbers, Fraction(0)), False
    terms: list[Expr] = []
    for part in node.children:
        if not isinstance(part, n.Num):
            terms.append(part)
        elif not placed and total:
            terms.append(n.Num(total))
            placed = True
    return n.ZERO if not terms else terms[0] if len(terms) == 1 else n.Add(tuple(terms))


def _product(parts: list[Expr]) -> Expr:
    return n.ONE if not parts else parts[0] if len(parts) == 1 else n.Mul(tuple(parts))


def light_passes(pool: dict[Expr, Expr]) -> tuple[Pass, ...]:
    """What is done after every step."""
    return (
        Pass("zero-product", zero_product, pool),
        Pass("unit-factor", unit_factor, pool),
        Pass("zero-term", zero_term, pool),
        Pass("arithmetic", arithmetic, pool),
    )
