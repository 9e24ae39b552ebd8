"""Named functions, absolute values, norms, cases and indicators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from deriv.errors import MeaningError, ShapeError
from deriv.expr.functions import ALIASES as FUNCTION_ALIASES
from deriv.expr.functions import FUNCTIONS
from deriv.expr.nodes import (
    HALF,
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Cases,
    Comparison,
    Const,
    Delta,
    Expr,
    Mul,
    Num,
    Pow,
    Sum,
    Sym,
    neg,
    reciprocal,
)
from deriv.expr.substitute import substitute
from deriv.expr.tensor import Grid, Tensor, Value, determinant, diagonal, scalar, total, trace
from deriv.latex.nodes import CasesOf, Chain, Deriv, Function, Group, Items, Name, Node, Number, Script, Symbol, Text
from deriv.meaning import expectations
from deriv.meaning.arithmetic import power, quotient
from deriv.meaning.scope import COLUMNS

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator

ALIASES = {
    **FUNCTION_ALIASES,
    **dict.fromkeys(("sigm", "sig", "logistic", "expit"), "sigmoid"),
    "arcctg": "acot", "arccotan": "acot", "arctg": "atan", "tg": "tan", "ctg": "cot", "cosec": "csc",
    **{f"arc{name}": f"a{name}" for name in ("sinh", "cosh", "tanh", "coth", "sech", "csch", "sec", "csc")},
    **{f"ar{name}": f"a{name}" for name in ("coth", "sech", "csch")},
    "rectifier": "relu", "sgn": "sign", "signum": "sign", "swish": "silu", "lse": "logsumexp", "trace": "tr",
    "step": "heaviside", "lb": "log2", "ld": "log2", "ceiling": "ceil",
}  # fmt: skip
_INVERSES = {name: f"a{name}" for name in ("sin", "cos", "tan", "cot", "sec", "csc")}
_INVERSES |= {f"{name}h": f"{inverse}h" for name, inverse in _INVERSES.items()}
_RECIPROCAL = {"asec": "acos", "acsc": "asin", "acoth": "atanh", "asech": "acosh", "acsch": "asinh"}


def _of_reciprocal(name: str) -> Callable[[Expr], Expr]:
    return lambda x: Call(name, (reciprocal(x),))


# Functions that are others of a simple term, with the textbook's definition.
_BY_OTHERS: dict[str, Callable[[Expr], Expr]] = {
    **{name: _of_reciprocal(of) for name, of in _RECIPROCAL.items()},
    "lg": lambda x: quotient(Call("log", (x,)), Call("log", (Num(10),))),
    "log2": lambda x: quotient(Call("log", (x,)), Call("log", (Num(2),))),
    "erfc": lambda x: Add((ONE, neg(Call("erf", (x,))))),
    "logit": lambda x: Call("log", (quotient(x, Add((ONE, neg(x)))),)),
}
_OTHERWISE_WRITTEN = frozenset(["sqrt", "factorial", "silu", "swish", "step"]) | frozenset(FUNCTION_ALIASES)
ELEMENTARY = frozenset(name for name, entry in FUNCTIONS.items() if entry.arity == 1) - _OTHERWISE_WRITTEN | {
    *_BY_OTHERS
}


def canonical_function(name: str) -> str:
    """The name in the table of functions for a word in a formula."""
    word = name.replace("-", "").replace(" ", "").lower()
    return ALIASES.get(word, word)


def function_value(el: Elaborator, node: Node) -> Value:
    """A named function and its argument."""
    assert isinstance(node, Function)
    name = canonical_function(node.name)
    operator = expectations.operator_of(node, None)
    if operator is not None and node.arg is not None and el.scope.lookup(node.name) is None:
        return expectations.expectation(el, operator, node.arg, node.sub)
    if el.scope.lookup(node.name, "function"):
        return _user_function(el, node.name, node)
    if name in ("max", "min"):
        return _extremum(el, name, node)
    if name in ("softmax", "logsoftmax", "logsumexp", "tr", "diag", "silu", "det"):
        return _structural(el, name, node)
    if name in ELEMENTARY:
        return _elementary(el, name, node)
    return _user_function(el, node.name, node)


def _argument(el: Elaborator, node: Function) -> Value:
    if node.arg is None:
        raise MeaningError(f"the function {node.name} stands without an argument")
    if isinstance(node.arg, Deriv) and not node.arg.ratio:
        raise MeaningError(f"{node.name} stands before a derivative: what its argument is, is not clear")
    return el.value(node.arg)


def _elementary(el: Elaborator, name: str, node: Function) -> Value:
    if node.primes and node.sup is not None:
        raise MeaningError(f"a prime and an exponent on {name}")
    if node.primes:
        return _derivative_of_elementary(el, name, node)
    if node.arg is None:
        argument: Value = scalar(Sym("_argument"))
    else:
        argument = _argument(el, node)
    inverse, exponent = _function_power(el, name, node.sup)
    if inverse:
        name = _INVERSES[name]
    result = argument.map(_caller(el, name, node.sub))
    return result if exponent is None else result.map(lambda x: Pow(x, exponent))


def _caller(el: Elaborator, name: str, sub: Node | None) -> Callable[[Expr], Expr]:
    if name == "log":
        base = _log_base(el, sub)
        if base is not None:
            return lambda x: quotient(Call("log", (x,)), Call("log", (base,)))
    elif sub is not None:
        raise MeaningError(f"a subscript on {name}")
    if name == "acot" and el.reading.choose("arccot") == 1:
        return lambda x: Add((Mul((HALF, Const("pi"))), neg(Call("atan", (x,)))))
    return _BY_OTHERS.get(name, lambda x: Call(name, (x,)))


def _log_base(el: Elaborator, sub: Node | None) -> Expr | None:
    if sub is not None:
        base = el.scalar(sub)
        return None if base in (Sym("e"), Const("e")) else base
    if el.scope.log == "10":
        return Num(10)
    return Num(2) if el.scope.log == "2" else None


def _function_power(el: Elaborator, name: str, sup: Node | None) -> tuple[bool, Expr | None]:
    """(is it the inverse function, the power of the value)."""
    if sup is None:
        return False, None
    exponent = el.scalar(sup)
    if exponent == MINUS_ONE:
        if name not in _INVERSES:
            raise MeaningError(f"{name} with the exponent -1 may be the inverse function or one over the value")
        return True, None
    return False, exponent


def _derivative_of_elementary(el: Elaborator, name: str, node: Function) -> Value:
    from deriv.expr.calculus import differentiate

    argument = _argument(el, node) if node.arg is not None else scalar(Sym("_argument"))
    slot = Sym("_t")
    body = _caller(el, name, None)(slot)
    for _ in range(node.primes):
        body = differentiate(body, slot)

    return argument.map(lambda x: substitute(body, {slot: x}))


def _extremum(el: Elaborator, name: str, node: Function) -> Value:
    if node.sub is not None or node.arg is None:
        raise MeaningError(f"{name} over an index is not judged yet")
    body = node.arg.body if isinstance(node.arg, Group) else node.arg
    if not isinstance(body, Items) or any(s != "," for s in body.separators):
        raise MeaningError(f"{name} of one argument is not judged yet")
    values = [el.value(item) for item in body.items]
    result = values[0]
    for value in values[1:]:
        result = el.elementwise(result, value, lambda x, y: Call(name, (x, y)))
    return result


def _structural(el: Elaborator, name: str, node: Function) -> Value:
    if node.sup is not None or node.primes:
        raise MeaningError(f"a mark on {name}")
    argument = _argument(el, node)
    if name == "silu":
        return argument.map(lambda x: Mul((x, Call("sigmoid", (x,)))))
    if name == "det":
        return determinant(argument, el.ranges.same)
    if not isinstance(argument, Tensor):
        raise MeaningError(f"{name} of a matrix written out")
    if name == "tr":
        if argument.is_scalar:
            el.doubt()
        return trace(argument, el.ranges.same)
    if name == "diag":
        return diagonal(argument, el.fresh("d"))
    result = softmax_like(el, name, argument)
    if node.sub is not None:
        from deriv.meaning.atoms import component

        return component(el, result, Script(node.span, node, node.sub))
    return result


def softmax_like(el: Elaborator, name: str, argument: Tensor) -> Tensor:
    """softmax, log-softmax and log-sum-exp of a vector, or of every row of a matrix, written out with sums."""
    if argument.is_scalar:
        raise ShapeError(f"{name} of something that is not known to be a vector")
    by_rows = argument.is_vector or el.scope.softmax_by != COLUMNS
    if not argument.is_vector:
        if el.scope.softmax_by is None:
            by_rows = el.reading.choose(("softmax", name)) == 0
        el.note(f"{name} is taken of each {'row' if by_rows else 'column'}")
    axis = argument.axis if argument.is_vector else argument.cols if by_rows else argument.rows
    assert axis is not None
    index = el.fresh("k")
    exps = Call("exp", (substitute(argument.body, {Sym(axis.index): Sym(index)}),))
    norm = Sum(index, axis.lo, axis.hi, exps)
    if name == "logsumexp":
        rest = None if argument.is_vector else argument.rows if by_rows else argument.cols
        return Tensor(rest, None, Call("log", (norm,)))
    share = argument.map(lambda x: Mul((Call("exp", (x,)), reciprocal(norm))))
    return share if name == "softmax" else share.map(lambda x: Call("log", (x,)))


def _user_function(el: Elaborator, name: str, node: Function) -> Value:
    if node.arg is None or node.sup is not None or node.sub is not None:
        raise MeaningError(f"the function {node.name} is not known")
    body = node.arg.body if isinstance(node.arg, Group) else node.arg
    items = body.items if isinstance(body, Items) else (body,)
    from deriv.meaning.applications import apply_function

    return apply_function(el, name, [el.value(item) for item in items], node.primes)


def bars(el: Elaborator, node: Group) -> Value:
    """|x|: the absolute value; of a vector its norm, of a matrix its determinant."""
    value = el.value(node.body)
    if isinstance(value, Tensor) and value.is_scalar:
        return scalar(Call("abs", (value.body,)))
    if isinstance(value, Tensor) and value.is_vector:
        return scalar(_two_norm(value))
    return determinant(value, el.ranges.same)


def _two_norm(value: Tensor) -> Expr:
    squares = value.map(lambda x: Pow(x, Num(2)))
    return Pow(total(squares).body, HALF)


def norm(el: Elaborator, node: Group) -> Value:
    """‖x‖: the 2-norm of a vector, the Frobenius norm of a matrix."""
    value = el.value(node.body)
    if isinstance(value, Grid):
        squares = tuple(Pow(entry, Num(2)) for row in value.entries for entry in row)
        return scalar(Pow(Add(squares), HALF))
    if value.is_scalar:
        el.doubt()
        return scalar(Call("abs", (value.body,)))
    return scalar(_two_norm(value))


def norm_script(el: Elaborator, base: Group, sub: Node | None, sup: Node | None) -> Value:
    """A norm with its name and power: ‖x‖_2^2, ‖W‖_F^2, ‖x‖_1."""
    value = el.value(base.body)
    label = sub.text if isinstance(sub, Number | Name | Symbol) else "2" if sub is None else "?"
    exponent = el.scalar(sup) if sup is not None else None
    if label == "1" and isinstance(value, Tensor):
        size: Expr = total(value.map(lambda x: Call("abs", (x,)))).body
        return power(el, scalar(size), exponent) if exponent is not None else scalar(size)
    if label not in ("2", "F"):
        raise MeaningError("this norm is not known")
    if exponent == Num(2) and isinstance(value, Tensor):
        return total(value.map(lambda x: Pow(x, Num(2))))
    plain = norm(el, base)
    return power(el, plain, exponent) if exponent is not None else plain


def angle(el: Elaborator, node: Group) -> Value:
    """⟨x, y⟩: the inner product."""
    if not isinstance(node.body, Items) or len(node.body.items) != 2:
        raise ShapeError("angle brackets hold two vectors")
    a, b = (el.value(item) for item in node.body.items)
    for side in (a, b):
        if isinstance(side, Tensor) and side.is_scalar:
            el.doubt()
    return el.inner(a, b)


_ORDERED = frozenset(("<", "<=", ">", ">="))
_COMPARE: dict[str, Comparison] = {"=": "==", "==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def condition(el: Elaborator, node: Node | None) -> tuple[Comparison, Expr, Expr] | None:
    """A comparison of two scalars; None for "otherwise"."""
    if node is None or isinstance(node, Text) or (isinstance(node, Name) and node.text in ("otherwise", "else")):
        words = "" if node is None else node.text.lower()
        if node is None or "otherwise" in words or "else" in words:
            return None
        raise MeaningError(f"the condition “{words.strip()[:30]}” is in words")
    if isinstance(node, Chain) and len(node.relations) == 1 and node.relations[0].text in _COMPARE:
        left, right = node.parts
        if left is not None and right is not None:
            return _COMPARE[node.relations[0].text], index_or_scalar(el, left), index_or_scalar(el, right)
    raise MeaningError("the condition is not a simple comparison")


def index_or_scalar(el: Elaborator, node: Node) -> Expr:
    """An index letter as an index, anything else as a scalar."""
    from deriv.meaning.marks import index_expr

    index = index_expr(el, node)
    return index if index is not None else el.scalar(node)


def indicator(el: Elaborator, chain: Chain) -> Value:
    """A condition in brackets counts 1 where it holds, entry by entry for one on a vector or matrix."""
    relation = chain.relations[0].text if len(chain.relations) == 1 else ""
    if relation in _ORDERED and None not in chain.parts:
        left, right = (_side(el, part) for part in chain.parts if part is not None)
        comparison = _COMPARE[relation]
        if not all(isinstance(side, Tensor) and side.is_scalar for side in (left, right)):
            return el.elementwise(left, right, lambda a, b: indicator_of((comparison, a, b)))
    found = condition(el, chain)
    assert found is not None
    return scalar(indicator_of(found))


def _side(el: Elaborator, node: Node) -> Value:
    """One side of a comparison: an index letter, or any value."""
    from deriv.meaning.marks import index_expr

    index = index_expr(el, node)
    return scalar(index) if index is not None else el.value(node)


def indicator_of(found: tuple[Comparison, Expr, Expr]) -> Expr:
    """1 where a comparison holds; of two indices a Kronecker delta."""
    comparison, left, right = found
    if comparison == "==" and _is_index(left) and _is_index(right):
        return Delta(left, right)
    return Cases(((comparison, left, right, ONE), (True, ZERO, ZERO, ZERO)))


def _is_index(x: Expr) -> bool:
    return isinstance(x, Sym | Num)


def cases_value(el: Elaborator, node: Node) -> Value:
    """`cases`, row by row."""
    assert isinstance(node, CasesOf)
    rows: list[tuple[Comparison | bool, Expr, Expr, Expr]] = []
    for value, where in node.rows:
        found = condition(el, where)
        left = (True, ZERO, ZERO) if found is None else found
        rows.append((*left, el.scalar(value)))
    return scalar(Cases(tuple(rows)))  # type: ignore[arg-type]


def is_indicator_name(node: Node) -> bool:
    """`\\mathbb{1}`, `\\mathbf{1}`, `\\mathbb{I}`, `\\mathbb 1` and a plain 1 with a condition."""
    if isinstance(node, Number):
        return node.text == "1"
    return isinstance(node, Name) and (node.text == "1" or (node.text == "I" and node.font in ("bb", "bf")))
