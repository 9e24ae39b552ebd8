"""Formulas over whole matrices, as the matrix rules state them: checked by `ast`, evaluated with NumPy.

Allowed are numbers, names, `+ - * / ** @`, the transpose `X.T`, and the functions of `FUNCTIONS`; `*` and `/`
act entry by entry.  NumPy is imported only when a formula is evaluated.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from deriv.errors import UsageError

_MATRIX: Final = ("trace", "det", "inv", "norm", "total", "rowsums", "colsums", "outer", "eye", "ones", "kron")
_ENTRYWISE: Final = ("exp", "log", "sqrt", "tanh", "sigmoid", "relu", "step", "sign", "softmax")
FUNCTIONS: Final = frozenset((*_MATRIX, *_ENTRYWISE))
_OPERATORS: Final = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult)


@dataclass(frozen=True, slots=True)
class ArrayFormula:
    """A formula over arrays; `names` are the arrays it mentions."""

    text: str
    names: frozenset[str]

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The value for given arrays (a NumPy array or number)."""
        return _evaluate(ast.parse(self.text, mode="eval").body, values, _functions())


def parse_array_formula(text: str) -> ArrayFormula:
    """A checked formula; anything outside the language is an error that shows it."""
    text = " ".join(text.split())
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise UsageError(f"not a formula: {text!r} ({error.msg})") from error
    names: set[str] = set()
    _check(tree, text, names)
    return ArrayFormula(text, frozenset(names))


def _check(node: ast.expr, text: str, names: set[str]) -> None:
    match node:
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name):
            names.add(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, text, names)
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
            _check(left, text, names)
            _check(right, text, names)
        case ast.Attribute(value=value, attr="T"):
            _check(value, text, names)
        case ast.Call(func=ast.Name(id=function), args=args, keywords=[]) if function in FUNCTIONS:
            for arg in args:
                _check(arg, text, names)
        case _:
            part = ast.get_source_segment(text, node)
            raise UsageError(f"{part!r} is not part of the array formula language, in {text!r}")


def _evaluate(node: ast.expr, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(operand=operand):
            return -_evaluate(operand, values, functions)
        case ast.Attribute(value=value):
            return _evaluate(value, values, functions).T
        case ast.Call(func=ast.Name(id=name), args=args):
            return functions[name](*(_evaluate(arg, values, functions) for arg in args))
        case ast.BinOp(left=left, op=op, right=right):
            return _combine(op, _evaluate(left, values, functions), _evaluate(right, values, functions))
    raise UsageError(f"{ast.dump(node)} is not part of the array formula language")


def _combine(op: ast.operator, left: Any, right: Any) -> Any:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.MatMult():
            return left @ right
    return left**right


def _functions() -> Mapping[str, Callable[..., Any]]:
    import numpy as np

    def softmax(z: Any) -> Any:
        shifted = np.exp(z - np.max(z, axis=-1, keepdims=True))
        return shifted / shifted.sum(axis=-1, keepdims=True)

    def keep(axis: int) -> Callable[[Any], Any]:
        return lambda a: np.sum(a, axis=axis, keepdims=True)

    return {
        "trace": np.trace, "det": np.linalg.det, "inv": np.linalg.inv, "norm": np.linalg.norm, "total": np.sum,
        "rowsums": keep(-1), "colsums": lambda a: np.sum(a, axis=0), "outer": np.outer,
        "eye": lambda a: np.eye(np.shape(a)[0]), "ones": np.ones_like, "kron": np.kron,
        "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh,
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0),
        "step": lambda z: np.where(z > 0, 1.0, 0.0), "sign": np.sign, "softmax": softmax,
    }  # fmt: skip
