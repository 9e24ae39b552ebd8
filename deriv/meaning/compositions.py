"""Functions of functions: in `f(g(x), h(x))` the name g stands for a place of f, and `∂f/∂g` is the slope by it.

Source: any calculus text on the chain rule in several variables, where `∂f/∂g` is written for `(∂_1 f)(g(x), h(x))`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deriv.errors import MeaningError
from deriv.expr.nodes import Apply, Expr, Sym
from deriv.expr.tensor import Tensor, Value, scalar
from deriv.latex.nodes import Name, Node, Script
from deriv.meaning.names import base_name, canonical
from deriv.meaning.scope import Scope
from deriv.meaning.survey import parts_of

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator

Variables = tuple[tuple[Node, int], ...]


def slope_by_place(el: Elaborator, name: str, by: Variables) -> Value | None:
    """`∂f/∂g` and higher, for a function f that is applied to g(x) and others; None where it is no such case.

    What f is applied to in the same claim counts before what it is applied to elsewhere in the document.  Where that
    leaves several things that g may be, the derivative does not say where it is taken: None.
    """
    names = [base_name(variable) if isinstance(variable, Name) else None for variable, _ in by]
    orders = [order for _, order in by]
    for lists in (el.composed.get(name, []), _elsewhere(el, name)):
        found = {slope for args in lists if (slope := _slope(name, args, names, orders)) is not None}
        if found:
            return scalar(found.pop()) if len(found) == 1 else None
    return None


def _slope(name: str, args: tuple[Expr, ...], names: list[str | None], orders: list[int]) -> Expr | None:
    heads = [arg.function if isinstance(arg, Apply) and not any(arg.orders) else "" for arg in args]
    if any(variable is None or heads.count(variable) != 1 for variable in names):
        return None
    total = [0] * len(args)
    for variable, order in zip(names, orders, strict=True):
        total[heads.index(variable or "")] += order
    return Apply(name, args, tuple(total))


def _elsewhere(el: Elaborator, name: str) -> list[tuple[Expr, ...]]:
    """What f is applied to in the document, as far as it fits the definition of f."""
    definition = el.scope.lookup(name, "function")
    found: list[tuple[Expr, ...]] = []
    for items in el.scope.survey.compositions.get(name, {}).values():
        if definition is not None and len(items) != len(definition.params):
            continue
        try:
            values = [el.value(item) for item in items]
        except MeaningError:
            continue
        args = tuple(value.body for value in values if isinstance(value, Tensor) and value.is_scalar)
        if len(args) == len(items):
            found.append(args)
    return found


def is_inner_function(el: Elaborator, name: str) -> bool:
    """Whether a function is applied to this one in the claim: the g of `f(g(x))` is no quantity in it."""
    lists = (args for found in el.composed.values() for args in found)
    return any(isinstance(arg, Apply) and arg.function == name for args in lists for arg in args)


def slope_by_subscript(scope: Scope, node: Node) -> Apply | None:
    """`f_{xy}` or `f'_x` of a function f(x, y): a derivative, where nothing else is known by that name."""
    if not isinstance(node, Script) or not isinstance(node.base, Name) or node.sub is None or node.sup is not None:
        return None
    name = canonical(node.base)
    known = scope.lookup(name, "function")
    letters = [canonical(part) if isinstance(part, Name) else "" for part in parts_of(node.sub)]
    if known is None or name in scope.vector_functions or node.primes not in (0, len(letters)):
        return None
    if not all(letter in known.params for letter in letters) or scope.lookup(f"{name}_{''.join(letters)}") is not None:
        return None
    return Apply(name, tuple(map(Sym, known.params)), tuple(letters.count(param) for param in known.params))
