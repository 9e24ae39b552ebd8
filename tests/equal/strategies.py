"""Random expressions, valid rewritings of them and small mutations."""

from __future__ import annotations

import random
from fractions import Fraction

from deriv.expr import nodes as n
from deriv.expr.functions import add, call, mul, over, power, sub

SYMBOLS = ("x", "y", "a")
SMOOTH = ("exp", "sin", "cos", "tanh", "sigmoid", "softplus", "atan")
KINKED = ("abs", "relu")


class Maker:
    """A seeded source of expressions."""

    def __init__(self, seed: int, *, sums: bool = True, kinks: bool = True) -> None:
        self.dice = random.Random(seed)
        self.sums, self.kinks = sums, kinks
        self.count = 0

    def expr(self, depth: int = 3, indices: tuple[str, ...] = ()) -> n.Expr:
        """An expression; `indices` are names that may stand in entries."""
        if depth == 0:
            return self.leaf(indices)
        kind = self.dice.randrange(12)
        again = lambda: self.expr(depth - 1, indices)  # noqa: E731 - a short local name for the recursion
        if kind < 3:
            return n.Add((again(), again()))
        if kind < 6:
            return n.Mul((again(), again()))
        if kind == 6:
            return n.Pow(again(), n.Num(self.dice.choice((2, 3, -1, Fraction(1, 2)))))
        if kind == 7:
            return n.Add((again(), n.neg(again())))
        if kind == 8 and self.sums:
            return self.index_sum(depth, indices)
        if kind == 9 and self.kinks:
            return self.kink(depth, indices)
        if kind == 10:
            return n.Call("log", (again(),))
        return n.Call(self.dice.choice(SMOOTH), (again(),))

    def leaf(self, indices: tuple[str, ...]) -> n.Expr:
        """A number, a symbol or an entry."""
        kind = self.dice.randrange(4)
        if kind == 0:
            return n.Num(self.dice.choice((1, 2, 3, -1, Fraction(1, 2))))
        if kind == 1 and indices:
            return n.Entry(self.dice.choice("vw"), (n.Sym(self.dice.choice(indices)),))
        if kind == 2 and len(indices) > 1 and self.dice.random() < 0.3:
            return n.Delta(n.Sym(indices[-1]), n.Sym(self.dice.choice(indices[:-1])))
        return n.Sym(self.dice.choice(SYMBOLS))

    def index_sum(self, depth: int, indices: tuple[str, ...]) -> n.Expr:
        """A sum over 1 … m."""
        self.count += 1
        name = f"i.{self.count}"
        return n.Sum(name, n.ONE, n.Sym("m"), self.expr(depth - 1, (*indices, name)))

    def kink(self, depth: int, indices: tuple[str, ...]) -> n.Expr:
        """abs, relu, max or cases."""
        kind = self.dice.randrange(4)
        one, two = self.expr(depth - 1, indices), self.expr(depth - 1, indices)
        if kind == 0:
            return n.Call("max", (one, two))
        if kind == 1:
            gap = self.leaf(indices)
            return n.Cases(((self.dice.choice((">", "<", ">=", "<=")), gap, n.ZERO, one), (True, n.ZERO, n.ZERO, two)))
        return n.Call(self.dice.choice(KINKED), (one,))

    # ------------------------------------------------------------ rewriting

    def rewritten(self, node: n.Expr) -> n.Expr:
        """An expression that is equal wherever both are defined."""
        children = tuple(self.rewritten(child) for child in node.children)
        if isinstance(node, (n.Entry, n.Delta)):
            return node
        node = node.with_children(children)
        return self.one_rule(node) if self.dice.random() < 0.5 else node

    def one_rule(self, node: n.Expr) -> n.Expr:
        """One identity at the root."""
        match node:
            case n.Add():
                return n.Add(tuple(reversed(node.children)))
            case n.Mul(children=(left, n.Add(children=terms))):
                return n.Add(tuple(n.Mul((left, term)) for term in terms))
            case n.Mul():
                return n.Mul(tuple(reversed(node.children)))
            case n.Pow() if node.exponent == n.Num(2):
                return n.Mul((node.base, node.base))
            case n.Call(function="sigmoid", children=(x,)):
                return over(call("exp", x), add(n.ONE, call("exp", x)))
            case n.Call(function="tanh", children=(x,)):
                return sub(mul(n.Num(2), call("sigmoid", mul(n.Num(2), x))), n.ONE)
            case n.Call(function="softplus", children=(x,)):
                return add(x, call("softplus", n.neg(x)))
            case n.Call(function="relu", children=(x,)):
                return n.Call("max", (n.ZERO, x))
            case n.Call(function="abs", children=(x,)):
                return n.Call("max", (x, n.neg(x)))
            case n.Call(function="exp", children=(n.Add(children=terms),)):
                return n.Mul(tuple(call("exp", term) for term in terms))
            case n.Call(function="sin", children=(x,)):
                half = mul(n.HALF, x)
                return mul(n.Num(2), call("sin", half), call("cos", half))
            case n.Sum():
                return self.sum_rule(node)
        return n.Add((n.Add((node, n.Sym("a"))), n.neg(n.Sym("a"))))

    def sum_rule(self, node: n.Sum) -> n.Expr:
        """Linearity, or the last term split off."""
        match node.body:
            case n.Add(children=terms):
                return n.Add(tuple(n.Sum(node.index, node.lo, node.hi, term) for term in terms))
            case n.Mul(children=(n.Sym() as factor, other)) if "." not in factor.name:
                return n.Mul((factor, n.Sum(node.index, node.lo, node.hi, other)))
        return n.Sum(node.index, node.lo, node.hi, n.Mul((node.body, n.ONE)))

    # ------------------------------------------------------------ mutation

    def mutated(self, node: n.Expr) -> n.Expr:
        """A small slip somewhere: a sign, a number, a factor, a function."""
        inner = [k for k, child in enumerate(node.children) if not isinstance(node, (n.Entry, n.Delta))]
        if isinstance(node, (n.Sum, n.Product)):
            inner = [2]
        if inner and self.dice.random() < 0.7:
            where = self.dice.choice(inner)
            parts = [self.mutated(child) if k == where else child for k, child in enumerate(node.children)]
            return node.with_children(tuple(parts))
        if isinstance(node, n.Num):
            return n.Num(node.value + self.dice.choice((1, -1, Fraction(1, 10**9))))
        kind = self.dice.randrange(4)
        if kind == 0:
            return n.neg(node)
        if kind == 1:
            return n.Add((node, n.Num(self.dice.choice((1, Fraction(1, 10**6))))))
        if kind == 2:
            return n.Mul((n.Num(self.dice.choice((2, Fraction(1, 2)))), node))
        return power(node, n.Num(2))
