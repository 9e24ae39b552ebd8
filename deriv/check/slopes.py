"""Derivatives of the inner functions of what is differentiated: the factors that the chain rule adds."""

from __future__ import annotations

from deriv.check.judge import Outcome
from deriv.errors import MeaningError
from deriv.expr.calculus import differentiate
from deriv.expr.nodes import Apply, Call, Derivative, Entry, Expr, Num, Pow, Sym, walk
from deriv.expr.tensor import Tensor


def inner_slopes(outcome: Outcome) -> list[str]:
    """LaTeX of the derivative of each argument inside the left side's derivatives."""
    try:
        from deriv.expr.printing import to_latex
    except ImportError:
        return []

    meant, interpretation = outcome.meant, outcome.interpretation
    if meant is None or interpretation is None or not isinstance(meant.lhs, Tensor):
        return []
    found: list[str] = []
    for node in walk(meant.lhs.body):
        if isinstance(node, Derivative) and isinstance(node.variable, Sym | Entry):
            for inner in _arguments(node.body):
                try:
                    slope = differentiate(inner, node.variable)
                except MeaningError:
                    continue
                if not isinstance(slope, Num):
                    found.append(to_latex(slope))
                elif slope.value not in (0, 1):
                    found.append(str(slope.value))
    return [text if text.isalnum() else f"({text})" for text in dict.fromkeys(found)]


def _arguments(body: Expr) -> list[Expr]:
    return [node.children[0] for node in walk(body) if isinstance(node, Call | Apply | Pow) and node.children]
