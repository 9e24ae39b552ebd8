"""Expressions for tests from short texts: `sum(i, 1, n, x[i]**2)`, `D(f(x), x)`, `delta(i, j)`, `cases(x > 0, x, 0)`.

Names f, g, h (and F, G, H) applied to arguments are unknown functions; `f1(x)` is a first derivative.
"""

from __future__ import annotations

import ast
from fractions import Fraction

from deriv.expr import nodes as n
from deriv.expr.domain import BINARY, NONNEGATIVE, POSITIVE, SIZE, UNIT_INTERVAL, Domain, Fact

FACTS = {
    "positive": POSITIVE,
    "nonnegative": NONNEGATIVE,
    "unit": UNIT_INTERVAL,
    "size": SIZE,
    "binary": BINARY,
    "signs": Fact(values=(Fraction(-1), Fraction(1))),
    "negative": Fact(upper=Fraction(0)),
}
COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
UNKNOWN = frozenset("fghFGHuv")


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.bound: dict[str, str] = {}
        self.count = 0

    def read(self, tree: ast.expr) -> n.Expr:
        match tree:
            case ast.Constant():
                return self._number(tree)
            case ast.Name(id=name):
                return n.Const(name) if name in ("pi", "e", "oo") else n.Sym(self.bound.get(name, name))
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                parts = index.elts if isinstance(index, ast.Tuple) else [index]
                return n.Entry(name, tuple(self.read(part) for part in parts))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return n.neg(self.read(operand))
            case ast.BinOp():
                return self._binary(tree)
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(name, args)
        raise ValueError(ast.dump(tree))

    def _number(self, tree: ast.Constant) -> n.Expr:
        if isinstance(tree.value, int):
            return n.Num(tree.value)
        digits = ast.get_source_segment(self.text, tree) or ""
        return n.Decimal(Fraction(digits), Fraction(1, 10 ** len(digits.partition(".")[2])))

    def _binary(self, tree: ast.BinOp) -> n.Expr:
        left, right = self.read(tree.left), self.read(tree.right)
        match tree.op:
            case ast.Add():
                return n.Add((left, right))
            case ast.Sub():
                return n.Add((left, n.neg(right)))
            case ast.Mult():
                return n.Mul((left, right))
            case ast.Div():
                if isinstance(left, n.Num) and isinstance(right, n.Num) and right.value:
                    return n.Num(left.value / right.value)
                return n.Mul((left, n.Pow(right, n.MINUS_ONE)))
            case ast.Pow():
                return n.Pow(left, right)
        raise ValueError(ast.dump(tree))

    def _call(self, name: str, args: list[ast.expr]) -> n.Expr:
        if name in ("sum", "prod"):
            return self._quantified(n.Sum if name == "sum" else n.Product, args)
        if name == "cases":
            return self._cases(args)
        if name in ("lim", "integral"):
            return self._bound_form(name, args)
        parts = tuple(self.read(arg) for arg in args)
        if name == "sqrt":
            return n.Pow(parts[0], n.HALF)
        if name == "delta":
            return n.Delta(*parts)
        if name == "D":
            result = parts[0]
            for variable in parts[1:]:
                result = n.Derivative(result, variable)
            return result
        if name[0] in UNKNOWN and (len(name) == 1 or name[1:].isdigit()):
            orders = tuple(map(int, name[1:])) if len(name) > 1 else ()
            return n.Apply(name[0], parts, orders)
        return n.Call(name, parts)

    def _quantified(self, kind: type[n.Sum | n.Product], args: list[ast.expr]) -> n.Expr:
        index, lo, hi, body = args
        assert isinstance(index, ast.Name)
        low, high = self.read(lo), self.read(hi)
        self.count += 1
        before = dict(self.bound)
        self.bound[index.id] = name = f"{index.id}.{self.count}"
        made = kind(name, low, high, self.read(body))
        self.bound = before
        return made

    def _bound_form(self, name: str, args: list[ast.expr]) -> n.Expr:
        variable, first, last = args[0], self.read(args[1]), self.read(args[2])
        assert isinstance(variable, ast.Name)
        body = self.read(args[3]) if name == "integral" else last
        return n.Limit(body, variable.id, first) if name == "lim" else n.Integral(body, variable.id, first, last)

    def _cases(self, args: list[ast.expr]) -> n.Expr:
        rows: list[tuple[object, n.Expr, n.Expr, n.Expr]] = []
        while len(args) >= 2:
            condition, value, *args = args
            assert isinstance(condition, ast.Compare)
            lhs, rhs = self.read(condition.left), self.read(condition.comparators[0])
            rows.append((COMPARISONS[type(condition.ops[0])], lhs, rhs, self.read(value)))
        if args:
            rows.append((True, n.ZERO, n.ZERO, self.read(args[0])))
        return n.Cases(tuple(rows))  # type: ignore[arg-type]


def expr(text: str) -> n.Expr:
    """The expression a text stands for."""
    text = " ".join(text.split())
    return _Reader(text).read(ast.parse(text, mode="eval").body)


def domain(text: str = "") -> Domain:
    """`x:positive; y:binary; A:symmetric; sum(k,1,K,y[k]) = 1; i != j`."""
    facts: dict[str, Fact] = {}
    symmetric: set[str] = set()
    equations: list[tuple[n.Expr, n.Expr]] = []
    excluded: list[n.Expr] = []
    for part in filter(None, map(str.strip, text.split(";"))):
        if "!=" in part:
            left, right = part.split("!=")
            excluded.append(n.Add((expr(left.strip()), n.neg(expr(right.strip())))))
        elif "=" in part:
            left, right = part.split("=")
            equations.append((expr(left.strip()), expr(right.strip())))
        else:
            names, fact = part.split(":")
            for name in map(str.strip, names.split(",")):
                if fact.strip() == "symmetric":
                    symmetric.add(name)
                else:
                    facts[name] = FACTS[fact.strip()]
    return Domain(facts, tuple(equations), tuple(excluded), frozenset(symmetric))
