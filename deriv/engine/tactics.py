"""Matching: which structural rule applies to a derivative, and what its metavariables stand for.

A tactic finds the binding; the result is the rule's own, filled in.  The few rules whose result cannot be said with
metavariables (any number of terms, a new index, rows of cases) are built here, as their statement says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from deriv.engine.definitions import Definitions
from deriv.engine.rewrite import arithmetic, flatten
from deriv.engine.template import fill
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.functions import mul, power
from deriv.expr.nodes import Comparison, Expr
from deriv.expr.substitute import free_symbols, fresh_name, rebuild, rename_bound, same_or, substitute
from deriv.rulebook.book import Rulebook
from deriv.rulebook.model import StructureLaw


@dataclass(frozen=True, slots=True)
class Matcher:
    """What the tactics need to know: the rule book, the variable and the definitions."""

    book: Rulebook
    variable: Expr
    definitions: Definitions

    def depends(self, expr: Expr) -> bool:
        """Whether the expression changes with the variable."""
        return self.definitions.depends(expr, self.variable)

    def d(self, expr: Expr) -> Expr:
        """The derivative of an expression, not yet carried out."""
        return n.Derivative(expr, self.variable)

    def result(self, rule: str, binding: Mapping[str, Expr]) -> tuple[str, Expr]:
        """The named rule, and its result for a binding."""
        law = self.book[rule].law
        if not isinstance(law, StructureLaw):
            raise MeaningError(f"the rule {rule} has no pattern")
        return rule, fill(law.result, binding, self.variable)


Applied = tuple[str, Expr]
Tactic = Callable[[Expr, Matcher], Applied]


def product_of(factors: tuple[Expr, ...]) -> Expr:
    """A product of factors, without a node for a single one."""
    return n.ONE if not factors else factors[0] if len(factors) == 1 else n.Mul(factors)


def is_negation(expr: Expr) -> bool:
    """Whether an expression is written with a minus sign in front."""
    return isinstance(expr, n.Mul) and isinstance(expr.children[0], n.Num) and expr.children[0].value == -1


def sums(body: Expr, m: Matcher) -> Applied:
    """A sum or difference of any number of terms, by repeating the rule on the rest."""
    first, *rest = body.children
    if len(rest) == 1 and is_negation(rest[0]):
        return m.result("difference", {"f": first, "g": product_of(rest[0].children[1:])})
    tail = n.Add(tuple(rest)) if len(rest) > 1 else rest[0]
    rule, both = m.result("sum", {"f": first, "g": tail})
    if len(rest) == 1:
        return rule, both
    _, further = sums(tail, m) if len(rest) > 2 else m.result("sum", {"f": rest[0], "g": rest[1]})
    return rule, flatten(rebuild(both, lambda node, parts: further if node == m.d(tail) else same_or(node, parts)))


def products(body: Expr, m: Matcher) -> Applied:
    """Constant factors first, then a quotient if something stands in the denominator, then a product."""
    constant = tuple(part for part in body.children if not m.depends(part))
    varying = tuple(part for part in body.children if m.depends(part))
    if constant:
        return _constant_multiple(constant, product_of(varying), m)
    below = tuple(part for part in varying if _in_denominator(part))
    above = tuple(part for part in varying if not _in_denominator(part))
    if below and above:
        denominator = product_of(tuple(power(part.children[0], _negated(part.children[1])) for part in below))
        return m.result("quotient", {"f": product_of(above), "g": denominator})
    return m.result("product", {"f": varying[0], "g": product_of(varying[1:])})


def _constant_multiple(constant: tuple[Expr, ...], rest: Expr, m: Matcher) -> Applied:
    if constant == (n.MINUS_ONE,):
        return m.result("negation", {"f": rest})
    if all(_in_denominator(part) for part in constant):
        divisor = product_of(tuple(power(part.children[0], _negated(part.children[1])) for part in constant))
        return m.result("constant-divisor", {"c": divisor, "f": rest})
    return m.result("constant-multiple", {"c": product_of(constant), "f": rest})


def _in_denominator(part: Expr) -> bool:
    return isinstance(part, n.Pow) and isinstance(part.exponent, n.Num) and part.exponent.value < 0


def _negated(exponent: Expr) -> Expr:
    return n.Num(-exponent.value) if isinstance(exponent, n.Num) else n.neg(exponent)


def powers(body: Expr, m: Matcher) -> Applied:
    """Power, reciprocal, square root, exponential, or both base and exponent varying."""
    base, exponent = body.children
    if m.depends(base) and m.depends(exponent):
        return m.result("power-of-functions", {"f": base, "g": exponent})
    if m.depends(exponent):
        if base == n.Const("e"):
            return "exp", mul(body, m.d(exponent))
        return m.result("exponential", {"a": base, "f": exponent})
    if exponent == n.MINUS_ONE:
        return m.result("reciprocal", {"g": base})
    if exponent == n.HALF:
        return m.result("square-root", {"f": base})
    rule, result = m.result("power", {"f": base, "r": exponent})
    return rule, rebuild(result, _lowered)


def _lowered(node: Expr, children: tuple[Expr, ...]) -> Expr:
    """3 - 1 is written 2, and an exponent 1 is not written at all."""
    node = arithmetic(same_or(node, children))
    return node.children[0] if isinstance(node, n.Pow) and node.exponent == n.ONE else node


def unknown_functions(body: Expr, m: Matcher) -> Applied:
    """The chain rule for a function that is only named: one term per argument that varies."""
    assert isinstance(body, n.Apply)
    terms = []
    for k, arg in enumerate(body.children):
        if m.depends(arg):
            orders = tuple(order + (place == k) for place, order in enumerate(body.orders))
            outer = n.Apply(body.function, body.children, orders)
            terms.append(outer if arg == m.variable else n.Mul((outer, m.d(arg))))
    rule = "chain" if len(body.children) == 1 else "multivariable-chain"
    return rule, terms[0] if len(terms) == 1 else n.Add(tuple(terms))


def index_sums(body: Expr, m: Matcher) -> Applied:
    """Under the sum sign, after renaming an index that the variable uses."""
    body = _apart(body, m)
    assert isinstance(body, n.Sum)
    return "sum-over-index", n.Sum(body.index, body.lo, body.hi, m.d(body.body))


def index_products(body: Expr, m: Matcher) -> Applied:
    """The product times the sum of the logarithmic derivatives, under a second index."""
    body = _apart(body, m)
    assert isinstance(body, n.Product)
    other = rename_bound(body, fresh_name(body.index, free_symbols(body.body) | {body.index}))
    assert isinstance(other, n.Product)
    inner = n.Mul((m.d(other.body), n.reciprocal(other.body)))
    return "product-over-index", n.Mul((body, n.Sum(other.index, other.lo, other.hi, inner)))


def _apart(body: Expr, m: Matcher) -> Expr:
    lo, hi, _ = body.children
    if m.depends(lo) or m.depends(hi):
        raise MeaningError("a sum or product whose range depends on the variable has no derivative by it")
    used = free_symbols(m.variable)
    name = str(body.data[0])
    return rename_bound(body, fresh_name(name, used | free_symbols(body) | {name})) if name in used else body


def integrals(body: Expr, m: Matcher) -> Applied:
    """Under the integral sign, or by a limit (fundamental theorem); not both at once."""
    assert isinstance(body, n.Integral)
    inside, lo, hi = body.children
    name = str(body.data[0])
    if not m.depends(lo) and not m.depends(hi):
        return "under-integral", n.Integral(m.d(inside), name, lo, hi)
    if m.depends(lo) or m.depends(inside):
        raise MeaningError("only the upper limit of an integral may depend on the variable here")
    return "fundamental-theorem", n.Mul((substitute(inside, {n.Sym(name): hi}), m.d(hi)))


_OPEN: Final[Mapping[object, Comparison]] = {">=": ">", "<=": "<", ">": ">", "<": "<"}
_OPPOSITE: Final[Mapping[object, Comparison]] = {">": "<", "<": ">", ">=": "<", "<=": ">"}


def open_cases(cases: Expr) -> Expr:
    """The same cases without their borders, where a derivative need not exist."""
    assert isinstance(cases, n.Cases)
    rows = list(cases.rows)
    if len(rows) == 2 and rows[1][0] is True and rows[0][0] in _OPPOSITE:
        comparison, lhs, rhs, _ = rows[0]
        rows[1] = (_OPPOSITE[comparison], lhs, rhs, rows[1][3])
    return n.Cases(tuple((_OPEN.get(row[0], row[0]), *row[1:]) for row in rows))


def cases(body: Expr, m: Matcher) -> Applied:
    """Row by row."""
    assert isinstance(body, n.Cases)
    rows = tuple((comparison, lhs, rhs, m.d(value)) for comparison, lhs, rhs, value in body.rows)
    return "piecewise", open_cases(n.Cases(rows))


def constants(body: Expr, m: Matcher) -> Applied:
    """A number, or something that is held fixed."""
    return m.result("other-variable" if free_symbols(body) else "constant", {})


def variables(body: Expr, m: Matcher) -> Applied:
    """The variable itself, or another entry of its family."""
    if body == m.variable:
        return m.result("variable", {})
    pairs = zip(body.children, m.variable.children, strict=True)
    return "kronecker-delta", product_of(tuple(n.Delta(left, right) for left, right in pairs))


def named_values(body: Expr, m: Matcher) -> Applied:
    """A defined name, replaced by its value."""
    value = m.definitions.value(body)
    if value is None:
        raise MeaningError(f"no definition of {body!r} is known with these indices")
    return "definition", m.d(value)


TACTICS: Final[Mapping[str, Tactic]] = {
    "constant": constants, "other-variable": constants, "variable": variables, "definition": named_values,
    "sum": sums, "constant-multiple": products, "product": products, "quotient": products,
    "reciprocal": powers, "power": powers, "exponential": powers, "power-of-functions": powers,
    "square-root": powers, "chain": unknown_functions, "multivariable-chain": unknown_functions,
    "sum-over-index": index_sums, "product-over-index": index_products, "under-integral": integrals,
    "piecewise": cases,
}  # fmt: skip
