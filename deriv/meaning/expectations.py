r"""Expectations: `\mathbb{E}[aX + b] = a\,\mathbb{E}[X] + b`, variances and covariances.

An expectation is a sum over finitely many outcomes with positive probabilities that add up to 1, the same for all
random variables of a claim.  What holds for all of these holds by linearity, and so wherever the expectations exist;
and one such distribution is enough to show that a claim is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deriv.errors import MeaningError
from deriv.expr.domain import POSITIVE
from deriv.expr.nodes import ONE, Derivative, Entry, Expr, Mul, Sum, Sym, neg, walk
from deriv.expr.substitute import rebuild, same_or
from deriv.expr.tensor import Tensor, Value
from deriv.latex.nodes import Chain, Function, Group, Items, Name, Node, Product, Script
from deriv.meaning.arithmetic import plus
from deriv.meaning.names import base_name

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator

OPERATORS = frozenset(("E", "Var", "Cov"))
PROBABILITY = "Pr"
OUTCOMES = Sym("N_outcomes")


def operator_of(node: Node, group: Node | None) -> str | None:
    """E, Var or Cov, where a node is one in front of its argument."""
    if isinstance(node, Function):
        return node.name if node.name in OPERATORS and node.arg is not None and not node.sup else None
    base = node.base if isinstance(node, Script) else node
    if isinstance(node, Script) and (node.sup is not None or node.primes):
        return None
    if not isinstance(base, Name) or base.text not in OPERATORS or base.accents or not isinstance(group, Group):
        return None
    return base.text if base.font == "bb" or group.open == "[" or base.text != "E" else None


def random_names(node: Node) -> list[str]:
    """Names that a node shows to be random: `E[X]`, `X \\sim p`."""
    if isinstance(node, Chain) and node.relations[0].text == "sim" and node.parts[0] is not None:
        return _bare_names(node.parts[0])
    if isinstance(node, Function) and operator_of(node, None) and node.arg is not None:
        return _bare_names(node.arg.body if isinstance(node.arg, Group) else node.arg)
    if isinstance(node, Product):
        pairs = zip(node.factors, node.factors[1:], strict=False)
        groups = [(a, b.base if isinstance(b, Script) else b) for a, b in pairs]
        return [name for a, b in groups if isinstance(b, Group) and operator_of(a, b) for name in _bare_names(b.body)]
    return []


def _bare_names(node: Node) -> list[str]:
    items = node.items if isinstance(node, Items) else (node,)
    return [base_name(item) or "" for item in items if isinstance(item, Name)]


def expectation(el: Elaborator, operator: str, body: Node, sub: Node | None) -> Value:
    """The value of E, Var or Cov of what stands in the brackets."""
    body = body.body if isinstance(body, Group) else body
    items = body.items if isinstance(body, Items) else (body,)
    if len(items) != (2 if operator == "Cov" else 1) or (isinstance(body, Items) and set(body.separators) != {","}):
        raise MeaningError(f"{operator} of something that is not understood here")
    random = _random(el, sub)
    values = [el.value(item) for item in items]
    if operator == "E":
        return _mean(el, values[0], random)
    off = [_off_mean(el, value, random) for value in (*values, *values)[:2]]
    return _mean(el, off[0].map(lambda x: Mul((x, off[1].body))), random)


def _off_mean(el: Elaborator, value: Value, random: frozenset[str]) -> Tensor:
    if not isinstance(value, Tensor) or not value.is_scalar:
        raise MeaningError("the variance of a vector is not judged yet")
    mean = _mean(el, value, random)
    assert isinstance(mean, Tensor)
    return value.map(lambda x: plus(x, neg(mean.body)))


def _random(el: Elaborator, sub: Node | None) -> frozenset[str]:
    """What is random: the names below the E, else all that the document shows to be so."""
    if sub is None:
        names = frozenset(el.scope.survey.random)
    else:
        first = sub.parts[0] if isinstance(sub, Chain) else sub
        names = frozenset(_bare_names(first)) if first is not None else frozenset()
    el.distributions.add(names)
    if not names or len(el.distributions) > 1:
        raise MeaningError("what is random in an expectation is not clear")
    return names


def _mean(el: Elaborator, value: Value, random: frozenset[str]) -> Value:
    """The sum over all outcomes."""
    index = el.fresh("s")
    lo, hi, outcome = ONE, OUTCOMES, Sym(index)
    el.outcomes.add(outcome)
    el.scope.facts.setdefault(PROBABILITY, POSITIVE)
    total = Sum("s.0", lo, hi, Entry(PROBABILITY, (Sym("s.0"),)))
    if (total, ONE) not in el.scope.equations:
        el.scope.equations.append((total, ONE))

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        if not isinstance(node, Sym | Entry):
            return node
        if el.scope.lookup(node.name) is not None:
            raise MeaningError(f"{node.name} in an expectation has a definition")
        if isinstance(node, Entry) and node.sups and node.indices[0] in el.outcomes:
            return node  # inside of another expectation
        if node.name not in random:
            if not {".", "#"} & set(node.name) and node.name not in (PROBABILITY, OUTCOMES.name):
                el.fixed.add(node.name)
            return node
        if isinstance(node, Entry) and node.sups:
            raise MeaningError(f"{node.name} is random, and numbered here")
        return Entry(node.name, (outcome, *(node.indices if isinstance(node, Entry) else ())), 1)

    def mean(body: Expr) -> Expr:
        by = [node.variable for node in walk(body) if isinstance(node, Derivative)]
        if any(isinstance(variable, Sym | Entry) and variable.name in random for variable in by):
            raise MeaningError("a derivative by something random")
        return Sum(index, lo, hi, Mul((Entry(PROBABILITY, (outcome,)), rebuild(body, visit))))

    return value.map(mean)
