"""Seeded random SymPy expressions, their LaTeX in the settings people use, and numbers for both."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import sympy
from sympy import Expr, Rational, Symbol

LETTERS = "x y a b w z t u theta alpha beta lambda mu x_1 w_2".split()
UNARY = (sympy.sin, sympy.cos, sympy.exp, sympy.log, sympy.sqrt, sympy.tanh, sympy.atan, sympy.sinh, sympy.cosh)
EXPONENTS = (2, 3, 4, -1, -2, Rational(1, 2), Rational(3, 2), Rational(-1, 2))
STYLES: tuple[Mapping[str, object], ...] = (
    {},
    {"ln_notation": True},
    {"mul_symbol": "dot"},
    {"mul_symbol": "times"},
    {"inv_trig_style": "full"},
    {"inv_trig_style": "power"},
    {"fold_frac_powers": True},
    {"root_notation": False},
    {"long_frac_ratio": 2},
)
POINTS = (
    (Rational(1, 3), Rational(5, 7), Rational(11, 13)),
    (Rational(9, 5), Rational(4, 3), Rational(17, 12)),
    (Rational(-3, 4), Rational(2, 5), Rational(-7, 6)),
)
DIGITS = 25
TINY = sympy.Float("1e-15")


class Maker:
    """A seeded source of expressions in a few letters."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.letters = [Symbol(name) for name in self.dice.sample(LETTERS, 3)]

    def expr(self, depth: int = 3) -> Expr:
        """An expression that depends on at least one letter."""
        while True:
            found = self._expr(depth)
            if found.free_symbols and not found.has(sympy.zoo, sympy.nan, sympy.I, sympy.oo) and found.count_ops() < 40:
                return found

    def _expr(self, depth: int) -> Expr:
        if depth == 0 or self.dice.random() < 0.1:
            return self._leaf()
        kind = self.dice.randrange(10)
        if kind < 3:
            return self._expr(depth - 1) + self._expr(depth - 1)
        if kind < 6:
            return self._expr(depth - 1) * self._expr(depth - 1)
        if kind == 6:
            return self._expr(depth - 1) / self._leaf()
        if kind == 7:
            return self._expr(depth - 1) ** self.dice.choice(EXPONENTS)
        return self.dice.choice(UNARY)(self._expr(depth - 1))

    def _leaf(self) -> Expr:
        if self.dice.random() < 0.25:
            return Rational(self.dice.choice((1, 2, 3, 5, -1, -2)), self.dice.choice((1, 1, 1, 2, 3)))
        return self.dice.choice(self.letters)

    def latex(self, expr: Expr) -> str:
        """The expression as SymPy prints it in one of its styles."""
        return sympy.latex(expr, **self.dice.choice(STYLES))


def places(names: Iterable[str]) -> list[dict[str, Rational]]:
    """Points for all letters; different letters get different numbers."""
    ordered = sorted(names)
    return [
        {name: point[k % 3] + Rational(k // 3, 9) for k, name in enumerate(ordered)} for point in POINTS
    ]  # fmt: skip


def value(expr: Expr, point: Mapping[str, Rational]) -> sympy.Float | None:
    """The real value at a point, None where there is none."""
    found = expr.xreplace({symbol: point[symbol.name] for symbol in expr.free_symbols}).evalf(DIGITS)
    return found if found.is_Float or found.is_Integer or found.is_Rational else None


def differ(one: Expr, two: Expr) -> bool | None:
    """Whether two expressions differ at some point where both have real values; None if there is no such point."""
    names = {symbol.name for symbol in one.free_symbols | two.free_symbols}
    pairs = [(value(one, point), value(two, point)) for point in places(names)]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not known:
        return None
    return any(abs(a - b) > TINY * (1 + abs(a) + abs(b)) for a, b in known)


def from_text(text: str) -> Expr:
    """SymPy text, all names as plain symbols except functions."""
    names = {name: Symbol(name) for name in [*LETTERS, "E"] if name != "E"}
    return sympy.sympify(text.replace("lambda", "lambda_"), locals={**names, "lambda_": Symbol("lambda")})
