"""Whole arrays as LaTeX, as a textbook sets them, so that our own reader reads them back."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from deriv.engine.arrays.nodes import SCALAR, Op, Shapes, is_op, shape_of
from deriv.expr import nodes as n
from deriv.expr.display import display_names, fold
from deriv.expr.nodes import Expr
from deriv.expr.printing import ATOM, BIG, POWER, PRODUCT, SUM, Printed, bracket, name_latex, print_node

# functions whose usual short form (e^z, |z|) is read as one of a number
_ENTRYWISE: Final = {"exp": r"\exp", "abs": r"\operatorname{abs}"}


def array_latex(expr: Expr, shapes: Shapes) -> str:
    """The LaTeX of an expression over whole arrays."""
    display = display_names(expr)

    def build(node: Expr, parts: tuple[Printed, ...]) -> Printed:
        if isinstance(node, Op):
            return _op(node, parts, shapes)
        array = shape_of(node, shapes) != SCALAR
        if isinstance(node, n.Derivative):
            return _derivative(node, parts, shapes)
        if isinstance(node, n.Mul) and (array or any(isinstance(one, Op) for one in n.walk(node))):
            return _product(node, parts, shapes)
        if isinstance(node, n.Pow) and array:
            return _power(node, parts)
        if isinstance(node, n.Pow) and is_op(node.base, "sqnorm") and isinstance(node.exponent, n.Num):
            return _norm(node.exponent.value * 2, parts[0][0].removesuffix("^2"))
        if isinstance(node, n.Call) and array and node.function in _ENTRYWISE:
            return f"{_ENTRYWISE[node.function]}{bracket(parts[0][0])}", ATOM
        return print_node(node, parts, display)

    return fold(expr, build)[0]


def _norm(exponent: Fraction, norm: str) -> Printed:
    """A power of a norm; a negative one as a fraction."""
    size = abs(exponent)
    shown = norm if size == 1 else f"{norm}^{{{size}}}"
    return (shown, POWER) if exponent > 0 else (rf"\frac{{1}}{{{shown}}}", ATOM)


def _op(node: Op, parts: tuple[Printed, ...], shapes: Shapes) -> Printed:
    text, level = parts[0]
    match node.op:
        case "dot":
            return _chain([_factor(part, last=k + 1 == len(parts)) for k, part in enumerate(parts)]), PRODUCT
        case "T":
            return _raised(node.children[0], text, level, r"\top"), POWER
        case "inv":
            return f"{_base(text, level)}^{{-1}}", POWER
        case "det":
            return rf"\det{bracket(text)}", ATOM
        case "trace":
            return rf"\operatorname{{tr}}{bracket(text)}", ATOM
        case "sqnorm":
            matrix = None not in shape_of(node.children[0], shapes)
            return rf"\|{text}\|{'_F' if matrix else ''}^2", POWER
        case "total":
            after = r" \mathbf{1}" if None not in shape_of(node.children[0], shapes) else ""
            return rf"\mathbf{{1}}^\top {_factor(parts[0], last=not after)}{after}", PRODUCT
        case "diag" | "diagonal":
            return rf"\operatorname{{diag}}{bracket(text)}", ATOM
        case "softmax":
            return rf"\operatorname{{softmax}}{bracket(text)}", ATOM
        case "ones":
            return r"\mathbf{1}", ATOM
    return "I", ATOM


def _raised(base: Expr, text: str, level: int, mark: str) -> str:
    if isinstance(base, Op) and base.op == "inv" and text.endswith("^{-1}"):
        return text.removesuffix("^{-1}") + rf"^{{-{mark}}}"
    return f"{_base(text, level)}^{mark}"


def _base(text: str, level: int) -> str:
    plain = (
        level == ATOM and "^" not in text and not text.startswith((r"\frac", r"\sqrt", "\\operatorname", "\\sigma("))
    )
    return text if plain else bracket(text)


def _factor(part: Printed, *, last: bool) -> str:
    """A factor of a matrix product: sums, products entry by entry and operators in brackets."""
    text, level = part
    return bracket(text) if level == SUM or (level == BIG and not last) or r" \odot " in _outside(text) else text


def _outside(text: str) -> str:
    """The text without what stands inside of its brackets."""
    depth, kept = 0, []
    for char in text:
        depth -= char in ")}]"
        if not depth:
            kept.append(char)
        depth += char in "({["
    return "".join(kept)


def _chain(texts: list[str]) -> str:
    shown = texts[0]
    for text in texts[1:]:
        shown += rf" \cdot {text}" if shown[-1:].isdigit() and text[:1].isdigit() else f" {text}"
    return shown


def _product(node: Expr, parts: tuple[Printed, ...], shapes: Shapes) -> Printed:
    """Numbers and symbols in front (as a fraction), then scalars made of arrays, then the arrays."""
    plain, made = list[tuple[Expr, Printed]](), list[tuple[Expr, Printed]]()
    arrays, below = list[Printed](), list[Printed]()
    for child, part in zip(node.children, parts, strict=True):
        if shape_of(child, shapes) == SCALAR:
            simple = not any(isinstance(one, Op) for one in n.walk(child))
            (plain if simple else made).append((child, part))
        elif isinstance(child, n.Pow) and child.exponent == n.MINUS_ONE:
            below.append(_below_line(child, part))
        else:
            arrays.append(part)
    if any(isinstance(child, n.Pow) and child.exponent == n.MINUS_ONE for child, _ in made):
        plain, made = [*plain, *made], []  # one fraction for all
    factors = [_scalars(plain, more=bool(arrays or below))] if plain else []
    if made:
        factors.append(_scalars(made, more=bool(arrays or below)))
    if arrays or below:
        array = _hadamard(arrays) if arrays else (r"\mathbf{1}", ATOM)
        factors.append((rf"\frac{{{array[0]}}}{{{_hadamard(below)[0]}}}", ATOM) if below else array)
    return _together(factors)


def _scalars(pairs: list[tuple[Expr, Printed]], *, more: bool = False) -> Printed:
    """Scalar factors; those that are products of arrays keep to themselves by brackets when others follow."""
    above = [child for child, _ in pairs if not (isinstance(child, n.Pow) and child.exponent == n.MINUS_ONE)]
    several = more or len(above) > 1
    shown = [
        (bracket(text), ATOM) if several and is_op(child, "dot", "total") else (text, level)
        for child, (text, level) in pairs
    ]
    return shown[0] if len(pairs) == 1 else print_node(n.Mul(tuple(child for child, _ in pairs)), tuple(shown), {})


def _together(factors: list[Printed]) -> Printed:
    """Factors side by side, the sign of the first one in front of all."""
    (front, level), *rest = factors
    if not rest:
        return factors[0]
    negative = front.startswith("-")
    inside = [_factor(part, last=k + 1 == len(rest)) for k, part in enumerate(rest)]
    front = front if level not in (SUM, BIG) or negative else bracket(front)
    if front == "-1" and len(rest) == 1 and rest[0][1] in (PRODUCT, BIG):
        text = "-" + rest[0][0]
    else:
        text = "-" + _chain(inside) if front == "-1" else _chain([front, *inside])
    return text, SUM if negative else BIG if rest[-1][1] == BIG else PRODUCT


def _below_line(power: n.Pow, part: Printed) -> Printed:
    """The denominator that a reciprocal stands for."""
    match = re.fullmatch(r"\\frac\{1\}\{(.*)\}", part[0], re.DOTALL)
    assert match is not None
    return match.group(1), SUM if isinstance(power.base, n.Add) else PRODUCT


def _hadamard(parts: list[Printed]) -> Printed:
    if len(parts) == 1:
        return parts[0]
    return r" \odot ".join(bracket(text) if level in (SUM, BIG) else text for text, level in parts), PRODUCT


def _power(node: n.Pow, parts: tuple[Printed, ...]) -> Printed:
    """A power entry by entry."""
    (base, level), (exponent, _) = parts
    if node.exponent == n.MINUS_ONE:
        return rf"\frac{{1}}{{{base}}}", ATOM
    if node.exponent == n.HALF:
        return rf"\sqrt{{{base}}}", POWER
    value = node.exponent.value if isinstance(node.exponent, n.Num) else None
    if value is not None and value.denominator == 1 and 2 <= value <= 4:
        return r" \odot ".join([bracket(base) if level in (SUM, BIG) else base] * int(value)), PRODUCT
    return rf"{_base(base, level)}^{{{exponent}}}", POWER


def _derivative(node: n.Derivative, parts: tuple[Printed, ...], shapes: Shapes) -> Printed:
    (body, level), (variable, _) = parts
    below = variable if shape_of(node.body, shapes) == SCALAR else rf"{variable}^\top"
    if isinstance(node.body, n.Sym):  # a name by a name
        return rf"\frac{{\partial {body}}}{{\partial {below}}}", ATOM
    if isinstance(node.body, n.Derivative) and node.body.variable == node.variable:
        inner = body.removeprefix(rf"\frac{{\partial}}{{\partial {variable}}} ")
        return rf"\frac{{\partial^2}}{{\partial {variable} \partial {below}}} {inner}", BIG
    inner = body if level >= POWER else bracket(body)
    return rf"\frac{{\partial}}{{\partial {below}}} {inner}", BIG


def declaration(shapes: Shapes) -> str:
    r"""`X \in \mathbb{R}^{n \times d},\ w \in \mathbb{R}^{d}` for every name."""
    found = []
    for name, (rows, cols) in shapes.items():
        sizes = r" \times ".join(array_latex(size, {}) for size in (rows, cols) if size is not None)
        found.append(rf"{name_latex(name)} \in \mathbb{{R}}" + (rf"^{{{sizes}}}" if sizes else ""))
    return r",\ ".join(found)
