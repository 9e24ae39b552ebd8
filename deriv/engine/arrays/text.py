"""Whole arrays as plain text, in the notation of NumPy: `2*X.T @ (X @ w - y)/n`."""

from __future__ import annotations

from typing import Final

from deriv.engine.arrays.nodes import SCALAR, Op, Shapes, shape_of
from deriv.expr import nodes as n
from deriv.expr.display import fold
from deriv.expr.nodes import Expr
from deriv.expr.sympy_bridge import entry_name

SUM, PRODUCT, MATMUL, UNARY, ATOM = range(5)
Text = tuple[str, int]
_CALLS: Final = {"trace": "trace", "det": "det", "inv": "inv", "diag": "diag", "diagonal": "diag", "softmax": "softmax"}


def array_text(expr: Expr, shapes: Shapes) -> str:
    """The text of an expression over whole arrays."""
    return fold(expr, lambda node, parts: _print(node, parts, shapes))[0]


def _wrap(part: Text, least: int) -> str:
    return part[0] if part[1] >= least else f"({part[0]})"


def _print(node: Expr, parts: tuple[Text, ...], shapes: Shapes) -> Text:
    match node:
        case n.Num():
            return str(node.value), ATOM if node.value >= 0 and node.value.denominator == 1 else PRODUCT
        case n.Sym() | n.Const():
            return str(node.data[0]), ATOM
        case n.Add():
            text = parts[0][0] if parts[0][1] > SUM or parts[0][0].startswith("-") else f"({parts[0][0]})"
            for part in parts[1:]:
                minus = part[0].startswith("-")
                text += f" - {part[0][1:]}" if minus else f" + {part[0]}"
            return text, SUM
        case n.Mul():
            return _product(node, parts, shapes)
        case n.Pow():
            return _power(node, parts)
        case n.Call() | n.Apply():
            return f"{node.function}({', '.join(part[0] for part in parts)})", ATOM
        case n.Derivative() if isinstance(node.body, n.Sym) and isinstance(node.variable, n.Sym | n.Entry):
            return f"d{parts[0][0]}/d{parts[1][0]}", ATOM
        case n.Entry():
            return entry_name(node.name, [part[0] for part in parts], node.sups), ATOM
        case n.Derivative():
            return f"Derivative({parts[0][0]}, {parts[1][0]})", ATOM
        case Op():
            return _op(node, parts)
    return repr(node), ATOM


def _power(node: n.Pow, parts: tuple[Text, ...]) -> Text:
    if isinstance(node.base, Op) and node.base.op == "sqnorm" and node.exponent == n.HALF:
        return parts[0][0].removesuffix("**2"), ATOM
    if node.exponent == n.HALF:
        return f"sqrt({parts[0][0]})", ATOM
    return f"{_wrap(parts[0], ATOM)}**{_wrap(parts[1], ATOM)}", UNARY


def _product(node: n.Mul, parts: tuple[Text, ...], shapes: Shapes) -> Text:
    """Numbers and scalars first, a denominator last."""
    sign, above, below = "", list[Text](), list[Text]()
    pairs = sorted(zip(node.children, parts, strict=True), key=lambda pair: shape_of(pair[0], shapes) != SCALAR)
    for child, part in pairs:
        if isinstance(child, n.Num):
            sign = "-" if child.value < 0 else sign
            if abs(child.value.numerator) != 1:
                above.append((str(abs(child.value.numerator)), ATOM))
            if child.value.denominator != 1:
                below.append((str(child.value.denominator), ATOM))
        elif isinstance(child, n.Pow) and isinstance(child.exponent, n.Num) and child.exponent.value < 0:
            below.append(_inverted(child, part))
        else:
            above.append(part)
    text = (
        "*".join(_wrap(part, PRODUCT if k == 0 and len(above) == 1 else UNARY) for k, part in enumerate(above)) or "1"
    )
    if len(above) > 1 and above[-1][1] == MATMUL and not below:
        text = "*".join([*(_wrap(part, UNARY) for part in above[:-1]), above[-1][0]])
    if below:
        divisor = "*".join(_wrap(part, UNARY) for part in below)
        text += f"/{divisor}" if len(below) == 1 else f"/({divisor})"
    return sign + text, SUM if sign else PRODUCT


def _inverted(power: n.Pow, part: Text) -> Text:
    base, exponent = part[0].rsplit("**", maxsplit=1)
    return (base, ATOM) if power.exponent == n.MINUS_ONE else (f"{base}**{exponent.strip('(-)')}", UNARY)


def _op(node: Op, parts: tuple[Text, ...]) -> Text:
    match node.op:
        case "dot":
            return " @ ".join(_wrap(part, UNARY) for part in parts), MATMUL
        case "T":
            return f"{_wrap(parts[0], ATOM)}.T", ATOM
        case "sqnorm":
            return f"norm({parts[0][0]})**2", UNARY
        case "total":
            return f"sum({parts[0][0]})", ATOM
        case "ones":
            return f"ones({parts[0][0]})", ATOM
        case "eye":
            return f"eye({parts[0][0]})", ATOM
    return f"{_CALLS[node.op]}({parts[0][0]})", ATOM
