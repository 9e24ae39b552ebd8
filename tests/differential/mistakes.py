"""One wrong thing in a right derivative, as people do it, and the diagnosis that would be right."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import sympy
from sympy import Expr, Rational, Symbol

from tests.differential.expressions import differ


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong derivative and its diagnosis."""

    expr: Expr
    code: str


@dataclass
class _Slopes:
    """Differentiation by the textbook's rules that loses the inner derivative at one numbered place (from 1)."""

    x: Symbol
    lost: int
    met: int = 0

    def of(self, expr: Expr) -> Expr:
        if not expr.has(self.x):
            return sympy.Integer(0)
        if expr == self.x:
            return sympy.Integer(1)
        if expr.is_Add:
            return sympy.Add(*(self.of(term) for term in expr.args))
        if expr.is_Mul:
            return sympy.Add(*(self._one_factor(expr, k) for k in range(len(expr.args))))
        if expr.is_Pow and not expr.exp.has(self.x):
            return expr.exp * expr.base ** (expr.exp - 1) * self._inner(expr.base)
        if expr.is_Function:
            return expr.fdiff(1) * self._inner(expr.args[0])
        return sympy.diff(expr, self.x)

    def _one_factor(self, product: Expr, k: int) -> Expr:
        others = [factor for j, factor in enumerate(product.args) if j != k]
        return sympy.Mul(self.of(product.args[k]), *others)

    def _inner(self, expr: Expr) -> Expr:
        if expr == self.x or not expr.has(self.x):
            return self.of(expr)
        self.met += 1
        return sympy.Integer(1) if self.met == self.lost else self.of(expr)


def wrong_sign(right: Expr, source: Expr, x: Symbol, dice: random.Random) -> Expr:
    """One term, or all of it, with the other sign."""
    if not right.is_Add:
        return -right
    term = dice.choice(right.args)
    return right - 2 * term


def wrong_factor(right: Expr, source: Expr, x: Symbol, dice: random.Random) -> Expr:
    """Twice or half the right result."""
    return right * dice.choice((sympy.Integer(2), Rational(1, 2), sympy.Integer(3)))


def wrong_exponent(right: Expr, source: Expr, x: Symbol, dice: random.Random) -> Expr:
    """An exponent that is one too large or small."""
    powers = sorted(right.atoms(sympy.Pow), key=sympy.default_sort_key)
    powers = [power for power in powers if power.exp.is_Number and power.base.free_symbols]
    if not powers:
        return right
    power = dice.choice(powers)
    return right.xreplace({power: power.base ** (power.exp + dice.choice((1, -1)))})


def lost_inner(right: Expr, source: Expr, x: Symbol, dice: random.Random) -> Expr:
    """The chain rule without the inner derivative at one place."""
    count = _Slopes(x, 0)
    count.of(source)
    return _Slopes(x, dice.randint(1, count.met)).of(source) if count.met else right


def swapped_variable(right: Expr, source: Expr, x: Symbol, dice: random.Random) -> Expr:
    """One letter in the place of another, everywhere in one term."""
    letters = sorted(right.free_symbols, key=str)
    if len(letters) < 2:
        return right
    one, two = dice.sample(letters, 2)
    terms = list(sympy.Add.make_args(right))
    k = dice.randrange(len(terms))
    terms[k] = terms[k].xreplace({one: two})
    return sympy.Add(*terms)


KINDS: tuple[tuple[str, Callable[[Expr, Expr, Symbol, random.Random], Expr]], ...] = (
    ("sign", wrong_sign),
    ("constant-factor", wrong_factor),
    ("power-rule", wrong_exponent),
    ("chain-rule", lost_inner),
    ("wrong-variable", swapped_variable),
)


def mistaken(right: Expr, source: Expr, x: Symbol, dice: random.Random) -> Mistake | None:
    """A wrong derivative that numbers show to be wrong; None when this expression offers none."""
    for code, change in dice.sample(KINDS, len(KINDS)):
        wrong = change(right, source, x, dice)
        if not wrong.has(sympy.zoo, sympy.nan, sympy.I) and differ(right, wrong):
            return Mistake(wrong, code)
    return None
