"""The formula language of the rule book: a small part of Python's expression syntax, read into `Expr`.

Allowed are numbers, names, `+ - * / **`, calls of known functions, and

    x[i]  w[i, j]           entries            sum(i, n, body)  prod(i, n, body)   i = 1 … n
    d(f)  d(f, u)           derivatives        integral(t, a, b, body)
    f(u)  f.d(u)  f.d2(u, v)  f.dd(u)   an unknown function, its partial and second derivatives
    where(x > 0, a, b)      cases              delta(i, j)
    pi, e                   constants

Nothing is evaluated; whatever is not listed here is an error that shows the place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from fractions import Fraction
from typing import Final

from deriv.errors import UsageError
from deriv.expr import nodes as n
from deriv.expr.nodes import Comparison, Expr

VARIABLE: Final = n.Sym("x")  # what `d(f)` differentiates by
UNKNOWN_FUNCTIONS: Final = frozenset("fghF")
KNOWN_FUNCTIONS: Final = frozenset(
    {
        *("exp", "log", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "acot", "atan2"),
        *("sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh", "acosh", "atanh"),
        *("abs", "sign", "max", "min", "floor", "ceil", "erf", "gamma", "loggamma", "digamma"),
        *("sigmoid", "softplus", "relu", "swish", "step"),
    }
)
_COMPARISONS: Final[dict[type[ast.cmpop], Comparison]] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


class FormulaError(UsageError):
    """A formula of the rule book that is not in the language."""


def parse_formula(text: str) -> Expr:
    """The expression that a formula of the rule book stands for."""
    return _Reader(text).read(_tree(text).body)


def parse_comparisons(text: str) -> list[tuple[Expr, Comparison, Expr]]:
    """The comparisons of a chain such as `0 < x < 1`."""
    body = _tree(text).body
    reader = _Reader(text)
    if not isinstance(body, ast.Compare):
        raise reader.error(body, "a comparison is expected")
    return reader.comparisons(body)


def _tree(text: str) -> ast.Expression:
    try:
        return ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise FormulaError(f"not a formula: {text!r} ({error.msg})") from error


class _Reader:
    """One reading; it numbers the bound indices so that no two binders share a name."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.bound: dict[str, str] = {}
        self.count = 0

    def error(self, node: ast.AST, message: str) -> FormulaError:
        column = getattr(node, "col_offset", 0) + 1
        return FormulaError(f"{message}, column {column} of {self.text!r}")

    def read(self, node: ast.expr) -> Expr:
        match node:
            case ast.Constant(value=int() as value) if not isinstance(value, bool):
                return n.Num(value)
            case ast.Constant(value=float()):
                return n.Num(Fraction(ast.get_source_segment(self.text, node) or "0"))
            case ast.Name(id=name):
                return n.Const(name) if name in ("pi", "e") else n.Sym(self.bound.get(name, name))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return n.neg(self.read(operand))
            case ast.BinOp():
                return self.binary(node)
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                parts = index.elts if isinstance(index, ast.Tuple) else [index]
                return n.Entry(name, tuple(map(self.read, parts)))
            case ast.Call(keywords=[]):
                return self.call(node)
        raise self.error(node, f"{type(node).__name__} is not part of the formula language")

    def binary(self, node: ast.BinOp) -> Expr:
        left, right = self.read(node.left), self.read(node.right)
        match node.op:
            case ast.Add():
                return n.Add((*_terms(left, node.left), right))
            case ast.Sub():
                return n.Add((*_terms(left, node.left), n.neg(right)))
            case ast.Mult():
                return n.Mul((*_factors(left, node.left), right))
            case ast.Div():
                if isinstance(left, n.Num) and isinstance(right, n.Num) and right.value:
                    return n.Num(left.value / right.value)
                return n.Mul((*_factors(left, node.left), n.reciprocal(right)))
            case ast.Pow():
                return n.Pow(left, right)
        raise self.error(node, f"the operator {type(node.op).__name__} is not part of the formula language")

    def call(self, node: ast.Call) -> Expr:
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            return self.partial(node, node.func.value.id, node.func.attr)
        if not isinstance(node.func, ast.Name):
            raise self.error(node, "a function name is expected")
        name = node.func.id
        special: dict[str, Callable[[ast.Call], Expr]] = {
            "sum": self.quantified, "prod": self.quantified, "integral": self.integral, "d": self.derivative,
            "where": self.where, "delta": self.delta,
        }  # fmt: skip
        if name in special:
            return special[name](node)
        args = tuple(map(self.read, node.args))
        if name == "sqrt":
            return n.Pow(args[0], n.HALF)
        if name in KNOWN_FUNCTIONS:
            return n.Call(name, args)
        if name in UNKNOWN_FUNCTIONS:
            return n.Apply(name, args)
        raise self.error(node, f"the function {name} is unknown")

    def partial(self, node: ast.Call, function: str, which: str) -> Expr:
        digits = which.lstrip("d")
        if function not in UNKNOWN_FUNCTIONS or not which.startswith("d") or not (digits.isdigit() or not digits):
            raise self.error(node, "a partial derivative is written f.d(u), f.d2(u, v) or f.dd(u)")
        orders = [0] * len(node.args)
        orders[int(digits or "1") - 1] = len(which) - len(digits)
        return n.Apply(function, tuple(map(self.read, node.args)), tuple(orders))

    def quantified(self, node: ast.Call) -> Expr:
        if len(node.args) != 3 or not isinstance(node.args[0], ast.Name) or not isinstance(node.func, ast.Name):
            raise self.error(node, "sum(index, size, body) is expected")
        hi = self.read(node.args[1])
        bound, body = self.bind(node.args[0].id, node.args[2])
        return (n.Sum if node.func.id == "sum" else n.Product)(bound, n.ONE, hi, body)

    def integral(self, node: ast.Call) -> Expr:
        if len(node.args) != 4 or not isinstance(node.args[0], ast.Name):
            raise self.error(node, "integral(variable, from, to, body) is expected")
        lo, hi = self.read(node.args[1]), self.read(node.args[2])
        bound, body = self.bind(node.args[0].id, node.args[3])
        return n.Integral(body, bound, lo, hi)

    def bind(self, name: str, body: ast.expr) -> tuple[str, Expr]:
        self.count += 1
        outer = self.bound
        self.bound = {**outer, name: f"{name}.{self.count}"}
        try:
            return self.bound[name], self.read(body)
        finally:
            self.bound = outer

    def derivative(self, node: ast.Call) -> Expr:
        parts = [self.read(arg) for arg in node.args]
        if not 1 <= len(parts) <= 2:
            raise self.error(node, "d(f) or d(f, variable) is expected")
        return n.Derivative(parts[0], parts[1] if len(parts) == 2 else VARIABLE)

    def delta(self, node: ast.Call) -> Expr:
        if len(node.args) != 2:
            raise self.error(node, "delta(i, j) is expected")
        return n.Delta(self.read(node.args[0]), self.read(node.args[1]))

    def where(self, node: ast.Call) -> Expr:
        if len(node.args) != 3 or not isinstance(node.args[0], ast.Compare):
            raise self.error(node, "where(comparison, then, else) is expected")
        ((lhs, comparison, rhs),) = self.comparisons(node.args[0])
        then, other = self.read(node.args[1]), self.read(node.args[2])
        rows = tuple(other.rows) if isinstance(other, n.Cases) else ((True, n.ZERO, n.ZERO, other),)
        return n.Cases(((comparison, lhs, rhs, then), *rows))

    def comparisons(self, node: ast.Compare) -> list[tuple[Expr, Comparison, Expr]]:
        sides = [self.read(side) for side in (node.left, *node.comparators)]
        found = []
        for k, op in enumerate(node.ops):
            if type(op) not in _COMPARISONS:
                raise self.error(node, f"{type(op).__name__} is not a comparison of the formula language")
            found.append((sides[k], _COMPARISONS[type(op)], sides[k + 1]))
        return found


def _terms(left: Expr, source: ast.expr) -> tuple[Expr, ...]:
    """`a + b + c` is one sum; a bracketed sum reads the same, and means the same."""
    return left.children if isinstance(left, n.Add) and isinstance(source, ast.BinOp) else (left,)


def _factors(left: Expr, source: ast.expr) -> tuple[Expr, ...]:
    return left.children if isinstance(left, n.Mul) and isinstance(source, ast.BinOp) else (left,)
