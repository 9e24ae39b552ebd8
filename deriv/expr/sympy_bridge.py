"""Between our expressions and SymPy's: the only module below the engine that imports SymPy.

`to_sympy` writes ordinary SymPy (names as in the contract: `yhat`, `x_j`, `w_ij`, `y__i`, `x__i_j`), `from_sympy`
reads what a user of SymPy passes.  SymPy evaluates while it builds; the few places where that could take for ever
(huge powers, factorials) are built unevaluated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import sympy
from sympy.core.function import AppliedUndef
from sympy.printing.str import StrPrinter

from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.display import display_names, fold, letter
from deriv.expr.nodes import Expr, walk

_MAX_DIGITS: Final = 200  # a power of numbers with more digits than this stays written as a power

_SAME_NAME: Final = (
    *("exp", "log", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "acot", "sqrt", "sign"),
    *("sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh", "acosh", "atanh", "atan2"),
    *("floor", "gamma", "erf", "loggamma", "digamma", "binomial", "LambertW"),
)
_FUNCTIONS: Final[Mapping[str, Any]] = {
    **{name: getattr(sympy, name) for name in _SAME_NAME},
    "abs": sympy.Abs, "max": sympy.Max, "min": sympy.Min, "ceil": sympy.ceiling, "heaviside": sympy.Heaviside,
    "arcsin": sympy.asin, "arccos": sympy.acos, "arctan": sympy.atan,
    "arsinh": sympy.asinh, "arcosh": sympy.acosh, "artanh": sympy.atanh, "dirac": sympy.DiracDelta,
}  # fmt: skip
_NAMES: Final[Mapping[Any, str]] = {
    cls: name for name, cls in reversed(list(_FUNCTIONS.items())) if name not in ("sqrt", "arcsin", "arccos", "arctan")
}
_RELATIONS: Final[Mapping[str, Any]] = {
    "<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge, "==": sympy.Eq, "!=": sympy.Ne,
}  # fmt: skip
_COMPARISONS: Final[Mapping[Any, str]] = {
    sympy.StrictLessThan: "<", sympy.LessThan: "<=", sympy.StrictGreaterThan: ">", sympy.GreaterThan: ">=",
    sympy.Equality: "==", sympy.Unequality: "!=",
}  # fmt: skip
_CONSTANTS: Final[Mapping[str, Any]] = {"pi": sympy.pi, "e": sympy.E, "oo": sympy.oo}


def to_text(expr: Expr) -> str:
    """The SymPy text of an expression, as `deriv parse --format sympy` prints it; decimals as they were written."""
    written = {_float(node): _digits(node) for node in walk(expr) if isinstance(node, n.Decimal)}
    text: str = _Printer(written).doprint(to_sympy(expr))
    return text


class _Printer(StrPrinter):  # type: ignore[misc]
    """SymPy's own text, but with the digits that stand in the formula."""

    def __init__(self, written: Mapping[Any, str]) -> None:
        super().__init__({"full_prec": False})
        self.written = written

    def _print_Float(self, expr: Any) -> str:
        for sign, value in (("", expr), ("-", -expr)):
            if value in self.written:
                return sign + self.written[value]
        return str(super()._print_Float(expr))


def to_sympy(expr: Expr) -> sympy.Expr:
    """An ordinary SymPy expression with the same meaning."""
    display = display_names(expr)
    return fold(expr, lambda node, parts: _to_node(node, parts, display))


# ---------------------------------------------------------------- to SymPy


def _to_node(node: Expr, parts: tuple[Any, ...], display: Mapping[str, str]) -> Any:
    match node:
        case n.Num():
            return sympy.Rational(node.value.numerator, node.value.denominator)
        case n.Decimal():
            return _float(node)
        case n.Const():
            return _CONSTANTS.get(node.name) or sympy.Symbol(node.name)
        case n.Sym():
            return sympy.Symbol(display.get(node.name, letter(node.name)))
        case n.Entry():
            return sympy.Symbol(entry_name(node.name, [str(part).replace(" ", "") for part in parts], node.sups))
        case n.Add():
            return sympy.Add(*parts)
        case n.Mul():
            return sympy.Mul(*parts)
        case n.Pow():
            return _power(*parts)
        case n.Call():
            return _call(node.function, parts)
        case n.Apply():
            return _apply(node, parts)
        case n.Delta():
            return sympy.KroneckerDelta(*parts)
        case n.Cases():
            return _piecewise(node, parts)
    return _to_operator(node, parts, display)


def _to_operator(node: Expr, parts: tuple[Any, ...], display: Mapping[str, str]) -> Any:
    match node:
        case n.Sum() | n.Product():
            lo, hi, body = parts
            symbol = sympy.Symbol(display[node.index])
            return (sympy.Sum if isinstance(node, n.Sum) else sympy.Product)(body, (symbol, lo, hi))
        case n.Derivative():
            return _derivative(*parts)
        case n.Limit():
            name, side = str(node.data[0]), str(node.data[1])
            return sympy.Limit(parts[0], sympy.Symbol(display[name]), parts[1], side or "+-")
        case n.Integral():
            return sympy.Integral(parts[0], (sympy.Symbol(display[str(node.data[0])]), parts[1], parts[2]))
        case n.Antiderivative():
            return (sympy.Integral if parts[1].is_Symbol else sympy.Function("Integral"))(*parts)
        case n.Det() | n.Inverse():  # SymPy's own need matrices of known size
            return sympy.Function("det" if isinstance(node, n.Det) else "inverse")(*parts[2:])
    raise MeaningError(f"no SymPy form for {type(node).__name__}")


def entry_name(name: str, indices: list[str], sups: int) -> str:
    """The name of an entry by contract: `x_j`, `w_ij`, `w_i,10`, `y__i`, `x__i_j`."""

    def join(parts: list[str]) -> str:
        return ("" if all(len(part) == 1 for part in parts) else ",").join(parts)

    above, below = indices[:sups], indices[sups:]
    return name + (f"__{join(above)}" if above else "") + (f"_{join(below)}" if below else "")


def _digits(node: n.Decimal) -> str:
    places, unit = 0, node.unit
    while unit < 1:
        places, unit = places + 1, unit * 10
    digits = str(abs(int(node.value * 10**places))).rjust(places + 1, "0")
    text = f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}"
    return ("-" if node.value < 0 else "") + text


def _float(node: n.Decimal) -> sympy.Float:
    """SymPy computes at once: with the precision of the written digits, 0.1 + 0.26 would be 0.4."""
    text = _digits(node)
    return sympy.Float(text, max(15, len(text)))


def _power(base: Any, exponent: Any) -> Any:
    if base.is_Rational and exponent.is_Rational and abs(exponent) > 1 and abs(base) != 1 and base != 0:
        size = max(len(str(abs(base.p))), len(str(base.q)))
        if size * abs(int(exponent)) > _MAX_DIGITS:
            return sympy.Pow(base, exponent, evaluate=False)
    return sympy.Pow(base, exponent)


def _call(function: str, parts: tuple[Any, ...]) -> Any:
    if function == "factorial":
        small = parts[0].is_Integer and 0 <= parts[0] <= 50
        return sympy.factorial(parts[0], evaluate=bool(small))
    if function == "exp" and parts[0].is_Number:
        return sympy.exp(parts[0], evaluate=parts[0].is_zero or parts[0] == 1)
    if function == "log" and len(parts) == 2:
        return sympy.log(parts[0]) / sympy.log(parts[1])
    known = _FUNCTIONS.get(function)
    return known(*parts) if known else sympy.Function(function)(*parts)


def _apply(node: n.Apply, parts: tuple[Any, ...]) -> Any:
    function = sympy.Function(node.function)
    if not any(node.orders):
        return function(*parts)
    plain = all(part.is_Symbol for part in parts) and len(set(parts)) == len(parts)
    slots = parts if plain else tuple(sympy.Symbol(f"xi_{k + 1}") for k in range(len(parts)))
    by = [(slot, order) for slot, order in zip(slots, node.orders, strict=True) if order]
    value = sympy.Derivative(function(*slots), *by)
    return value if plain else sympy.Subs(value, slots, parts)


def _piecewise(node: n.Cases, parts: tuple[Any, ...]) -> Any:
    rows = []
    for k, comparison in enumerate(node.data[0]):  # type: ignore[arg-type,var-annotated]
        lhs, rhs, value = parts[3 * k : 3 * k + 3]
        rows.append((value, True if comparison is True else _RELATIONS[comparison](lhs, rhs)))
    return sympy.Piecewise(*rows)


def _derivative(body: Any, variable: Any) -> Any:
    if not variable.is_Symbol and not isinstance(variable, AppliedUndef):
        return sympy.Function("Derivative")(body, variable)  # SymPy has no derivative by an expression
    return sympy.Derivative(body, variable, evaluate=False)


# ---------------------------------------------------------------- from SymPy


def from_sympy(expr: Any) -> Expr:
    """Our expression for what a user of SymPy passes; a `MeaningError` names what cannot be read."""
    counter: dict[str, int] = {}
    if isinstance(expr, str):
        raise MeaningError("a SymPy expression was expected, not a text")  # SymPy would evaluate it
    return _read(expr if isinstance(expr, sympy.Basic) else sympy.Rational(expr), counter)


def _read(root: Any, counter: dict[str, int]) -> Expr:
    """Post-order with an explicit stack: networks of 128 layers are deeper than Python's recursion allows."""
    done: dict[Any, Expr] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        todo = [child for child in _parts(node) if child not in done]
        if todo:
            stack.extend(todo)
            continue
        stack.pop()
        if node not in done:
            done[node] = _from_node(node, tuple(done[child] for child in _parts(node)), counter)
    return done[root]


def _parts(node: Any) -> tuple[Any, ...]:
    if isinstance(node, sympy.Sum | sympy.Product | sympy.Integral):
        limits = [part for limit in node.limits for part in limit[1:]]
        return (node.function, *limits)
    if isinstance(node, sympy.Piecewise):
        return tuple(
            part for value, condition in node.args for part in (value, *(condition.args if condition.args else ()))
        )
    if isinstance(node, sympy.Derivative):
        return (node.expr, *node.variables)
    if isinstance(node, sympy.Limit):
        return (node.args[0], node.args[2])
    if isinstance(node, sympy.Indexed):
        return tuple(node.indices)
    if isinstance(node, sympy.Subs):
        return tuple(node.point)
    return () if node.is_Atom else tuple(node.args)


def _from_node(node: Any, parts: tuple[Expr, ...], counter: dict[str, int]) -> Expr:
    if node.is_Symbol:
        return symbol(node.name)
    if isinstance(node, sympy.Indexed):  # an "atom" to SymPy, although it has indices
        return n.Entry(str(node.base.label), parts)
    if node.is_Atom:
        return _atom(node)
    if isinstance(node, sympy.Add | sympy.Mul):
        return n.Add(parts) if isinstance(node, sympy.Add) else n.Mul(parts)
    if isinstance(node, sympy.Pow):
        return n.Pow(*parts)
    if isinstance(node, sympy.exp):
        return n.Call("exp", parts)
    if isinstance(node, sympy.Piecewise):
        return _cases(node, parts)
    if isinstance(node, sympy.KroneckerDelta):
        return n.Delta(*parts[:2])
    if isinstance(node, sympy.factorial):
        return n.Call("factorial", parts)
    return _from_operator(node, parts, counter)


def _from_operator(node: Any, parts: tuple[Expr, ...], counter: dict[str, int]) -> Expr:
    if isinstance(node, sympy.Sum | sympy.Product | sympy.Integral):
        return _quantified(node, parts, counter)
    if isinstance(node, sympy.Derivative):
        body = parts[0]
        for variable in parts[1:]:
            body = n.Derivative(body, variable)
        return body
    if isinstance(node, sympy.Limit):
        side = str(node.args[3])
        bound = _fresh(str(node.args[1]), counter)
        body = _rename(parts[0], str(node.args[1]), bound)
        return n.Limit(body, bound, parts[1], "" if side == "+-" else side)
    if isinstance(node, sympy.Subs):
        return _subs(node, parts)
    if isinstance(node, AppliedUndef):
        known = node.func.__name__ in _OUR_FUNCTIONS
        return n.Call(node.func.__name__, parts) if known else n.Apply(node.func.__name__, parts)
    if type(node) in _NAMES:
        return n.Call(_NAMES[type(node)], parts[:1] if isinstance(node, sympy.Heaviside) else parts)
    raise MeaningError(f"a SymPy {type(node).__name__} cannot be read: {node}")


_OUR_FUNCTIONS: Final = frozenset(
    {
        *("sigmoid", "softplus", "relu", "softmax", "logsumexp", "leaky_relu", "elu", "swish", "gelu", "hardstep"),
        *("selu", "mish", "hardtanh", "softsign", "logit", "sinc", "step", "silu"),
    }
)


def symbol(name: str) -> Expr:
    """The entry or plain variable that a name by contract stands for: `x_j` is an entry, `x_max` a variable."""
    found = re.fullmatch(r"([A-Za-z][A-Za-z0-9]*)(?:__([^_]+))?(?:_([^_]+))?", name)
    if not found or not (found[2] or found[3]):
        return n.Sym(name)
    above, below = _indices(found[2]), _indices(found[3])
    if above is None or below is None:
        return n.Sym(name)
    return n.Entry(found[1], (*above, *below), sups=len(above))


def _indices(text: str | None) -> list[Expr] | None:
    if not text:
        return []
    parts = text.split(",") if "," in text else [text] if text.isdigit() else list(text)
    if len(parts) > 2 and "," not in text:
        return None  # `x_max` is one name, not an entry with three indices
    return [index for index in map(_index, parts) if index is not None] if all(map(_index, parts)) else None


def _index(text: str) -> Expr | None:
    if text.isdigit():
        return n.Num(int(text))
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", text):
        return n.Sym(text)
    shifted = re.fullmatch(r"([A-Za-z])([+-]\d+)", text)
    return n.Add((n.Sym(shifted[1]), n.Num(int(shifted[2])))) if shifted else None


def _atom(node: Any) -> Expr:
    if node.is_Rational:
        return n.Num(Fraction(int(node.p), int(node.q)))
    if node.is_Float:
        return _decimal(node)
    for name, constant in _CONSTANTS.items():
        if node == constant:
            return n.Const(name)
    if node == -sympy.oo:
        return n.neg(n.Const("oo"))
    raise MeaningError(f"{node} is not a real number or a name")


def _decimal(node: Any) -> Expr:
    text = str(node)
    exact = Fraction(text)
    exponent = int(text.split("e")[1]) if "e" in text else 0
    places = len(text.split("e", maxsplit=1)[0].partition(".")[2]) - exponent
    return n.Decimal(exact, Fraction(10) ** -places)


def _cases(node: Any, parts: tuple[Expr, ...]) -> Expr:
    rows: list[tuple[Any, Expr, Expr, Expr]] = []
    at = 0
    for _, condition in node.args:
        value, at = parts[at], at + 1
        if condition == sympy.true:
            rows.append((True, n.ZERO, n.ZERO, value))
            continue
        comparison = _COMPARISONS.get(type(condition))
        if comparison is None:
            raise MeaningError(f"the condition {condition} is not one comparison")
        rows.append((comparison, parts[at], parts[at + 1], value))
        at += 2
    return n.Cases(tuple(rows))


def _subs(node: Any, parts: tuple[Expr, ...]) -> Expr:
    inner = node.expr
    if isinstance(inner, sympy.Derivative) and isinstance(inner.expr, AppliedUndef):
        slots = dict(zip(node.variables, parts, strict=True))
        args = tuple(slots[arg] if arg in slots else from_sympy(arg) for arg in inner.expr.args)
        orders = tuple(inner.variables.count(arg) for arg in inner.expr.args)
        return n.Apply(inner.expr.func.__name__, args, orders)
    raise MeaningError(f"a SymPy substitution that is no derivative of a function: {node}")


def _quantified(node: Any, parts: tuple[Expr, ...], counter: dict[str, int]) -> Expr:
    body, bounds = parts[0], list(parts[1:])
    for limit in node.limits:
        if len(limit) != 3:
            raise MeaningError(f"{node} has no lower and upper bound")
        name = str(limit[0])
        bound = _fresh(name, counter)
        body = _rename(body, name, bound)
        lo, hi, bounds = bounds[0], bounds[1], bounds[2:]
        if isinstance(node, sympy.Integral):
            body = n.Integral(body, bound, lo, hi)
        else:
            body = (n.Sum if isinstance(node, sympy.Sum) else n.Product)(bound, lo, hi, body)
    return body


def _fresh(name: str, counter: dict[str, int]) -> str:
    counter[name] = counter.get(name, 0) + 1
    return f"{name}.{counter[name]}"


def _rename(root: Expr, old: str, new: str) -> Expr:
    """Free occurrences only, which is all there are: bound names already carry a dot."""

    def build(node: Expr, parts: tuple[Expr, ...]) -> Expr:
        if isinstance(node, n.Sym):
            return n.Sym(new) if node.name == old else node
        return node if parts == node.children else node.with_children(parts)

    return fold(root, build)
