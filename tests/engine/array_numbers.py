"""Values of expressions over whole arrays, by NumPy: written apart from the engine, so that the two can disagree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deriv.engine.arrays.nodes import Op
from deriv.expr import nodes as n
from deriv.expr.nodes import Expr

Values = Mapping[str, Any]
_CALLS = {
    "exp": np.exp, "log": np.log, "tanh": np.tanh, "abs": np.abs, "sign": np.sign, "sin": np.sin, "cos": np.cos,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0), "step": lambda z: (z > 0) * 1.0,
}  # fmt: skip


def value(expr: Expr, values: Values) -> Any:
    """The value; vectors are one-column matrices, numbers have no axes."""
    match expr:
        case n.Num():
            return float(expr.value)
        case n.Sym() | n.Entry():
            return values[_name(expr)]
        case n.Add():
            return sum(value(child, values) for child in expr.children)
        case n.Mul():
            result = 1.0
            for child in expr.children:
                result = result * value(child, values)
            return result
        case n.Pow():
            return value(expr.base, values) ** value(expr.exponent, values)
        case n.Call():
            return _CALLS[expr.function](value(expr.children[0], values))
        case n.Derivative():
            return values[_name(expr)]
        case Op():
            return _op(expr, [value(child, values) for child in expr.children])
    raise TypeError(expr)


def _name(expr: Expr) -> str:
    if isinstance(expr, n.Derivative):
        return f"d{_name(expr.body)}/d{_name(expr.variable)}"
    return "_".join([str(expr.data[0]), *(str(child.data[0]) for child in expr.children)])


def _op(expr: Op, parts: list[Any]) -> Any:
    first = parts[0]
    match expr.op:
        case "dot":
            result = first
            for part in parts[1:]:
                result = result @ part
            return result.item() if result.shape == (1, 1) else result
        case "T":
            return first.T
        case "inv":
            return np.linalg.inv(first)
        case "det":
            return np.linalg.det(first)
        case "trace":
            return np.trace(first)
        case "sqnorm":
            return float(np.sum(first**2))
        case "total":
            return float(np.sum(first))
        case "diag":
            return np.diagflat(first)
        case "ones":
            return np.ones((int(first), 1))
        case "eye":
            return np.eye(int(first))
        case "softmax":
            return np.exp(first) / np.sum(np.exp(first))
    raise TypeError(expr)
