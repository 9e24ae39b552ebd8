r"""Free differentials: `d(X^{-1}) = -X^{-1}\, dX\, X^{-1}`, `dL = \operatorname{tr}(G^\top dX)`.

A differential is the derivative along any direction: each quantity that varies, X, has a direction dX of its shape.
What varies are the quantities without a definition that a claim writes a d in front of; all else is held fixed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from deriv.errors import MeaningError
from deriv.expr.nodes import Add, Derivative, Entry, Expr, Mul, Sum, Sym, walk
from deriv.expr.substitute import substitute
from deriv.expr.tensor import Axis, Tensor, Value
from deriv.latex.nodes import Differential, Function, Group, Name, Node, Product, Script
from deriv.meaning.names import base_name, children
from deriv.meaning.scope import Scope
from deriv.meaning.survey import is_bold

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator

_MARK = "d"


def varying(scope: Scope, lhs: Node, rhs: Node) -> Mapping[str, Node]:
    """The quantities that vary in a claim, by name; none where its left side is the direction of a variable."""
    left = lhs.body if isinstance(lhs, Differential) else None
    if isinstance(left, Name) and scope.lookup(base_name(left) or "") is None:
        return {}  # dW is a name for a gradient there, as in programs
    found: dict[str, Node] = {}
    for side in (lhs, rhs):
        for node in _bare(side):
            name = base_name(node)
            if name is not None and scope.lookup(name) is None:
                found.setdefault(name, node)
    inside = {key for side in (lhs, rhs) for key in _named(side)}
    for (name, bold), node in scope.survey.directions.items():
        if (name, bold) in inside and scope.lookup(name) is None:
            found.setdefault(name, node)
    return found if any(True for _ in _bare(rhs)) else {}


def _bare(root: Node) -> Iterator[Node]:
    """The names right behind a d."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Differential) and is_variable(node.body):
            yield node.body
        stack.extend(children(node))


def _named(root: Node) -> Iterator[tuple[str, bool]]:
    """The names in a formula, and whether they are set in bold."""
    stack = [root]
    while stack:
        node = stack.pop()
        name = base_name(node)
        if name is not None:
            yield name, is_bold(node)
        stack.extend(children(node))


def is_variable(node: Node) -> bool:
    """A name, perhaps with a subscript: what may have a direction."""
    return isinstance(node, Name) or (
        isinstance(node, Script) and isinstance(node.base, Name) and node.sup is None and not node.primes
    )


def is_composite(node: Node) -> bool:
    """Whether a d stands in front of more than a name: the document uses differentials as such."""
    if isinstance(node, Differential):
        return not is_variable(node.body)
    return isinstance(node, Product) and len(node.factors) > 1 and is_operator(node.factors[0], node.factors[1])


def is_operator(node: Node, following: Node | None) -> bool:
    """The d of `d(X^{-1})` and `d \\log \\det X`."""
    named = isinstance(node, Name) and node.text == _MARK and not node.accents
    return named and isinstance(following, Group | Function)


def differential_value(el: Elaborator, body: Node) -> Value:
    """The change of a value along the directions of all that varies."""
    if not el.varying:
        raise MeaningError("free differentials are not judged here")
    if is_variable(body) and (name := base_name(body)) in el.varying:
        return _direction(el, str(name))
    value = el.value(body)
    if not isinstance(value, Tensor):
        raise MeaningError("the differential of a matrix that is written out")
    if any(isinstance(node, Entry | Sym) and node.name.startswith("d ") for node in walk(value.body)):
        raise MeaningError("a second differential")
    terms = [_along(el, value.body, name) for name in sorted(el.varying)]
    found = [term for term in terms if term is not None]
    if not found:
        raise MeaningError("nothing in this differential varies")
    el.held |= _held(el, value.body)
    return Tensor(value.rows, value.cols, found[0] if len(found) == 1 else Add(tuple(found)))


def _direction(el: Elaborator, name: str) -> Tensor:
    """dX: a quantity of the shape of X."""
    value = el.value(el.varying[name])
    assert isinstance(value, Tensor)
    body = value.body
    if isinstance(body, Entry):
        for position, axis in enumerate(axis for axis in (value.rows, value.cols) if axis is not None):
            place = len(body.indices) - (value.rows is not None) - (value.cols is not None) + position
            el.ranges.unify(el.ranges.of_slot((f"d {name}", body.sups, place)), (axis.lo, axis.hi))
    return Tensor(value.rows, value.cols, _turned(body))


def _turned(body: Expr) -> Expr:
    if isinstance(body, Entry):
        return Entry(f"d {body.name}", body.indices, body.sups)
    if isinstance(body, Sym):
        return Sym(f"d {body.name}")
    raise MeaningError("the differential of something that is no variable")


def _along(el: Elaborator, body: Expr, name: str) -> Expr | None:
    """The derivative by every entry of a variable, times that of its direction; None where it does not occur."""
    if not _reaches(el.scope, body, name):
        return None
    variable = el.value(el.varying[name])
    assert isinstance(variable, Tensor)
    axes: list[Axis] = []
    mapping: dict[Expr, Expr] = {}
    for axis in (variable.rows, variable.cols):
        if axis is not None:
            own = Axis(el.fresh("v"), axis.lo, axis.hi)
            mapping[Sym(axis.index)] = Sym(own.index)
            axes.append(own)
    at = substitute(variable.body, mapping) if mapping else variable.body
    term: Expr = Mul((Derivative(body, at), _turned(at)))
    for axis in axes:
        term = Sum(axis.index, axis.lo, axis.hi, term)
    return term


def _reaches(scope: Scope, body: Expr, name: str) -> bool:
    """Whether a variable stands in an expression, or in a definition that it uses."""
    waiting, seen = [body], set()
    while waiting:
        for node in walk(waiting.pop()):
            own = getattr(node, "name", None) or getattr(node, "function", None)
            if own == name:
                return True
            if isinstance(own, str) and own not in seen:
                seen.add(own)
                definition = scope.lookup(own)
                if definition is not None and isinstance(definition.body, Tensor):
                    waiting.append(definition.body.body)
    return False


def _held(el: Elaborator, body: Expr) -> set[str]:
    """Quantities in a differentiated expression that are taken not to vary."""
    names = {node.name for node in walk(body) if isinstance(node, Sym | Entry)}
    return {
        name
        for name in names - el.varying.keys()
        if "." not in name and "#" not in name and name not in el.scope.survey.sizes and el.scope.lookup(name) is None
    }
