"""Expressions as LaTeX, compact and as a textbook sets them, so that our own reader reads them back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from deriv.expr import nodes as n
from deriv.expr.display import display_names, fold, letter
from deriv.expr.nodes import Expr
from deriv.expr.substitute import free_symbols

# the length of a range without written bounds, as reading calls it
_UNWRITTEN: Final = re.compile(r"\.|^N_[A-Za-z]+[12]$")

# How tightly the printed text holds together: a sum, a product, a big operator (Σ, ∂: reaches to the right), a power
# or a function without brackets, and a single symbol or bracket.
SUM, PRODUCT, BIG, POWER, ATOM = range(5)
Printed = tuple[str, int]

_GREEK: Final = frozenset(
    {
        *("alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota"),
        *("kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "varphi", "chi", "psi"),
        *("omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega", "ell"),
    }
)
_ACCENTS: Final = ("hat", "bar", "tilde", "dot", "ddot", "vec", "check", "breve")
_FUNCTIONS: Final[Mapping[str, str]] = {
    **{name: rf"\{name}" for name in
       ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "max", "min")},
    "log": r"\ln", "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "acot": r"\operatorname{arccot}",
    "asinh": r"\operatorname{arsinh}", "acosh": r"\operatorname{arcosh}", "atanh": r"\operatorname{artanh}",
    "sech": r"\operatorname{sech}", "csch": r"\operatorname{csch}", "sigmoid": r"\sigma", "gamma": r"\Gamma",
    "digamma": r"\psi", "loggamma": r"\ln\Gamma", "relu": r"\operatorname{ReLU}",
}  # fmt: skip
_POWERED: Final = ("\\sin", "\\cos", "\\tan", "\\cot", "\\sec", "\\csc", "\\sinh", "\\cosh", "\\tanh", "\\coth", "\\ln")
_RELATIONS: Final[Mapping[object, str]] = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne"}


def to_latex(expr: Expr) -> str:
    """The LaTeX of an expression."""
    display = display_names(expr)
    return fold(expr, lambda node, parts: print_node(node, parts, display))[0]


def name_latex(name: str) -> str:
    r"""A name by contract: `yhat` is `\hat{y}`, `theta` `\theta`, `net` `\mathrm{net}`, `x_max` `x_{\mathrm{max}}`."""
    base, _, sub = name.partition("_")
    if sub:
        return f"{name_latex(base)}_{{{_label(sub)}}}"
    for accent in sorted(_ACCENTS, key=len, reverse=True):
        inner = name.removesuffix(accent)
        if inner != name and (len(inner) == 1 or inner in _GREEK):
            return rf"\{accent}{{{name_latex(inner)}}}"
    if name.startswith("cal") and len(name) == 4:
        return rf"\mathcal{{{name[3]}}}"
    if name in _GREEK:
        return rf"\{name}"
    return name if len(name) == 1 else rf"\mathrm{{{name}}}"


def _label(text: str) -> str:
    return text if len(text) == 1 or text.isdigit() else rf"\mathrm{{{text}}}"


def print_node(node: Expr, parts: tuple[Printed, ...], display: Mapping[str, str]) -> Printed:
    """One node, given its printed children and the names of bound indices."""
    match node:
        case n.Num():
            return _number(node)
        case n.Decimal():
            return _decimal(node), ATOM if node.value >= 0 else SUM
        case n.Const():
            return {"oo": r"\infty", "pi": r"\pi"}.get(node.name, node.name), ATOM
        case n.Sym():
            return name_latex(display.get(node.name, letter(node.name))), ATOM
        case n.Entry():
            return _entry(node, parts), ATOM
        case n.Add():
            return _sum(_terms(node, parts, display)), SUM
        case n.Mul():
            return _product(node, parts)
        case n.Pow():
            return _power(node, parts)
        case n.Call() | n.Apply():
            return _call(node, [part[0] for part in parts])
    return _operator(node, parts, display)


def _terms(node: Expr, parts: tuple[Printed, ...], display: Mapping[str, str]) -> list[str]:
    """The terms of a sum; a big operator is bracketed where it would swallow a later term with its index letter."""
    terms = []
    for k, (child, (text, level)) in enumerate(zip(node.children, parts, strict=True)):
        signed = isinstance(child, n.Num | n.Mul | n.Decimal) and text.startswith("-")
        later = {display.get(name, name) for other in node.children[k + 1 :] for name in _symbols(other)}
        swallows = later & {display[b] for b in _binders(child) if b in display}
        if swallows or (level == SUM and not signed):
            text = "-" + bracket(text[1:]) if signed else bracket(text)
        terms.append(text)
    return terms


def _symbols(expr: Expr) -> set[str]:
    return {node.name for node in n.walk(expr) if isinstance(node, n.Sym)}


def _binders(expr: Expr) -> set[str]:
    return {str(node.data[0]) for node in n.walk(expr) if isinstance(node, n.Sum | n.Product)}


def _sum(terms: list[str]) -> str:
    text = terms[0]
    for term in terms[1:]:
        text += f" - {term[1:]}" if term.startswith("-") else f" + {term}"
    return text


def _number(node: n.Num) -> Printed:
    sign, value = "-" if node.value < 0 else "", abs(node.value)
    if value.denominator == 1:
        return f"{sign}{value.numerator}", SUM if sign else ATOM
    return rf"{sign}\frac{{{value.numerator}}}{{{value.denominator}}}", SUM if sign else PRODUCT


def _decimal(node: n.Decimal) -> str:
    places, unit = 0, node.unit
    while unit < 1:
        places, unit = places + 1, unit * 10
    digits = str(abs(int(node.value * 10**places))).rjust(places + 1, "0")
    whole = digits[: len(digits) - places]
    return ("-" if node.value < 0 else "") + (f"{whole}.{digits[-places:]}" if places else whole)


def _entry(node: n.Entry, parts: tuple[Printed, ...]) -> str:
    texts = [text for text, _ in parts]
    above, below = texts[: node.sups], texts[node.sups :]
    name = name_latex(node.name)
    return name + (f"^{{({_indices(above)})}}" if above else "") + (f"_{{{_indices(below)}}}" if below else "")


def _indices(texts: list[str]) -> str:
    """`ij`, with commas as soon as one index is more than a letter or digit."""
    return ("" if all(len(text) == 1 for text in texts) else ", ").join(texts)


def bracket(text: str) -> str:
    """Brackets, tall ones around what is tall."""
    tall = any(mark in text for mark in (r"\frac", r"\sum", r"\prod", r"\int", r"\begin"))
    return rf"\left({text}\right)" if tall else f"({text})"


def _product(node: Expr, parts: tuple[Printed, ...]) -> Printed:
    """Numbers and powers with negative exponents make a fraction; Σ and ∂ stand after it."""
    sign, above, below, tail = "", list[Printed](), list[Printed](), list[Printed]()
    for child, part in zip(node.children, parts, strict=True):
        if isinstance(child, n.Num):
            value = child.value
            sign = ("" if sign else "-") if value < 0 else sign
            if abs(value.numerator) != 1:
                above.append((str(abs(value.numerator)), ATOM))
            if value.denominator != 1:
                below.append((str(value.denominator), ATOM))
        elif isinstance(child, n.Pow) and isinstance(child.exponent, n.Num) and child.exponent.value < 0:
            below.append(_inverted(child, part))
        elif isinstance(child, n.Sum | n.Product | n.Integral | n.Derivative | n.Limit | n.Cases):
            tail.append(part)
        else:
            above.append(part)
    text = _juxtaposed(above) if above else "1"
    if len(above) == 1 and above[0][1] == SUM and sign and not below and not tail:
        text = bracket(text)
    if below:
        text = rf"\frac{{{text}}}{{{_juxtaposed(below)}}}"
        above = [(text, ATOM)]
    if tail:
        text = _juxtaposed([*above, *tail]) if above else _juxtaposed(tail)
    return sign + text, SUM if sign else BIG if tail else PRODUCT


def _inverted(power: n.Pow, part: Printed) -> Printed:
    """The denominator that a power with a negative exponent stands for (kept in the text behind a marker)."""
    inner = part[0].removeprefix(r"\frac{1}{").removesuffix("}")
    plain = power.exponent == n.MINUS_ONE and (isinstance(power.base, n.Add) or inner.startswith("-"))
    return inner, SUM if plain else PRODUCT if power.exponent == n.MINUS_ONE else POWER


def _juxtaposed(parts: list[Printed]) -> str:
    if len(parts) == 1:
        return parts[0][0]
    text = ""
    for k, (part, level) in enumerate(parts):
        last = k + 1 == len(parts)
        shown = bracket(part) if level == SUM or (level == BIG and not last) else part
        dot = bool(text) and (shown[0].isdigit() or (re.search(r"\d$", text) is not None and shown[0].isdigit()))
        text = shown if not text else rf"{text} \cdot {shown}" if dot else f"{text} {shown}"
    return text


def _power(node: n.Pow, parts: tuple[Printed, ...]) -> Printed:
    (base, level), (exponent, _) = parts
    if isinstance(node.exponent, n.Num):
        value = node.exponent.value
        if value < 0:
            inverse = base if value == -1 else _raised(node.base, base, level, n.Num(-value))
            return rf"\frac{{1}}{{{inverse}}}", ATOM
        return _raised(node.base, base, level, node.exponent), POWER
    # x_i^k could be an entry with an index above: (x_i)^k is a power
    shown = bracket(base) if isinstance(node.base, n.Entry) and level == ATOM else _base(base, level)
    return f"{shown}^{{{exponent}}}", POWER


def _raised(base: Expr, text: str, level: int, exponent: n.Num) -> str:
    if exponent.value == n.HALF.value:
        return rf"\sqrt{{{text}}}"
    shown = _number(exponent)[0]
    if exponent.value.denominator != 1:
        shown = f"{exponent.value.numerator}/{exponent.value.denominator}"
    for name in _POWERED:
        if isinstance(base, n.Call) and text.startswith(name + "("):
            return f"{name}^{{{shown}}}{text[len(name) :]}"
    return f"{_base(text, level)}^{{{shown}}}"


def _base(text: str, level: int) -> str:
    """A base in brackets, unless it is one symbol without a superscript of its own."""
    plain = level == ATOM and "^" not in text and not text.startswith((r"\frac", r"\sqrt"))
    return text if plain else bracket(text)


def _call(node: n.Call | n.Apply, args: list[str]) -> Printed:
    inside = ", ".join(args)
    if isinstance(node, n.Apply):
        return _unknown(node, inside)
    match node.function:
        case "exp":
            return f"e^{{{inside}}}", POWER
        case "abs":
            return rf"\left|{inside}\right|", ATOM
        case "floor":
            return rf"\lfloor {inside} \rfloor", ATOM
        case "ceil":
            return rf"\lceil {inside} \rceil", ATOM
        case "factorial":
            return f"({inside})!", ATOM
    name = _FUNCTIONS.get(node.function, rf"\operatorname{{{node.function}}}")
    return f"{name}{bracket(inside)}", ATOM


def _unknown(node: n.Apply, inside: str) -> Printed:
    name = name_latex(node.function)
    if len(node.orders) == 1:
        primes = "'" * node.orders[0] if node.orders[0] <= 3 else f"^{{({node.orders[0]})}}"
        return f"{name}{primes}{bracket(inside)}", ATOM
    marks = "".join(rf"\partial_{{{k + 1}}} " * order for k, order in enumerate(node.orders))
    return f"{marks}{name}{bracket(inside)}", ATOM if not marks else BIG


def _operator(node: Expr, parts: tuple[Printed, ...], display: Mapping[str, str]) -> Printed:
    match node:
        case n.Delta():
            return rf"\delta_{{{_indices([text for text, _ in parts])}}}", ATOM
        case n.Sum() | n.Product():
            (lo, _), (hi, _), body = parts
            sign = r"\sum" if isinstance(node, n.Sum) else r"\prod"
            index = display[node.index]
            size = isinstance(node.hi, n.Sym) and _UNWRITTEN.search(node.hi.name) is not None
            bounds = f"_{{{index}}}" if size else f"_{{{index}={lo}}}^{{{hi}}}"
            return f"{sign}{bounds} {bracket(body[0]) if body[1] == SUM else body[0]}", BIG
        case n.Derivative():
            return _derivative(node, parts)
        case n.Integral():
            (body_text, level), (lo, _), (hi, _) = parts
            inner = bracket(body_text) if level == SUM else body_text
            return rf"\int_{{{lo}}}^{{{hi}}} {inner} \, d{display[str(node.data[0])]}", BIG
        case n.Antiderivative():
            (body_text, level), (variable, _) = parts
            return rf"\int {bracket(body_text) if level == SUM else body_text} \, d{variable}", BIG
        case n.Limit():
            point = parts[1][0] + (f"^{{{node.data[1]}}}" if node.data[1] else "")
            inner = bracket(parts[0][0]) if parts[0][1] == SUM else parts[0][0]
            return rf"\lim_{{{display[str(node.data[0])]} \to {point}}} {inner}", BIG
        case n.Cases():
            return _cases(node, parts), ATOM
    raise TypeError(f"no LaTeX for {type(node).__name__}")


def _derivative(node: n.Derivative, parts: tuple[Printed, ...]) -> Printed:
    (body, level), (variable, _) = parts
    others = free_symbols(node.body) - free_symbols(node.variable)
    entries = isinstance(node.variable, n.Entry) or any(isinstance(part, n.Entry) for part in n.walk(node.body))
    d = r"\partial" if others or entries or (isinstance(node.body, n.Sym) and node.body != node.variable) else "d"
    space = " " if d == r"\partial" else ""
    if isinstance(node.body, n.Sym | n.Entry):
        return rf"\frac{{{d}{space}{body}}}{{{d}{space}{variable}}}", ATOM
    inner = body if level >= POWER else bracket(body)
    return rf"\frac{{{d}}}{{{d}{space}{variable}}} {inner}", BIG


def _cases(node: n.Cases, parts: tuple[Printed, ...]) -> str:
    rows = []
    for k, comparison in enumerate(row[0] for row in node.rows):
        (lhs, _), (rhs, _), (value, _) = parts[3 * k : 3 * k + 3]
        condition = r"\text{otherwise}" if comparison is True else f"{lhs} {_RELATIONS[comparison]} {rhs}"
        rows.append(f"{value} & {condition}")
    return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"
