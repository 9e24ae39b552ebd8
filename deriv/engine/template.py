"""Filling the result of a structural rule: metavariables become expressions, `d(…)` becomes a derivative."""

from __future__ import annotations

from collections.abc import Mapping

from deriv.expr import nodes as n
from deriv.expr.nodes import Expr
from deriv.expr.substitute import rebuild, same_or
from deriv.rulebook.formula import VARIABLE


def fill(template: Expr, binding: Mapping[str, Expr], variable: Expr) -> Expr:
    """The template with every bound name replaced, its derivatives taken by `variable`.

    Nothing is evaluated: a metavariable stands for a whole expression, so that no name can be captured (the rules
    that bind an index are built by their tactics).
    """

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        if isinstance(node, n.Sym):
            return binding.get(node.name, node)
        if isinstance(node, n.Derivative) and node.variable == VARIABLE:
            return n.Derivative(children[0], variable)
        return same_or(node, children)

    return rebuild(template, visit)
