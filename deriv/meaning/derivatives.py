"""Derivatives, gradients, Jacobians and Hessians as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deriv.errors import MeaningError, ShapeError
from deriv.expr.nodes import (
    Add,
    Apply,
    Derivative,
    Entry,
    Expr,
    Mul,
    Sym,
    reciprocal,
)
from deriv.expr.tensor import Axis, Grid, Tensor, Value, scalar, trace
from deriv.latex.nodes import (
    Deriv,
    Nabla,
    Name,
    Node,
)
from deriv.meaning.applications import nodes_of
from deriv.meaning.atoms import indexed, usual_argument
from deriv.meaning.compositions import is_inner_function, slope_by_place
from deriv.meaning.marks import Marks
from deriv.meaning.names import base_name, is_index_letter
from deriv.meaning.rates import TIME
from deriv.meaning.scope import LAPLACIAN, Definition, Scope
from deriv.meaning.slopes import DENOMINATOR, NUMERATOR, Slope, WideDerivativeError, layout
from deriv.meaning.survey import Kind, function_head

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator

_ANGLES = frozenset(("theta", "phi", "varphi", "vartheta"))
"""Arguments of functions in polar, cylindrical and spherical coordinates, where ∇ is no list of derivatives."""
HELD = "held"
"""The choice whether a partial derivative holds the other arguments of a function."""


def derivative_value(el: Elaborator, node: Node) -> Value:
    """A Leibniz derivative, as ratio or operator."""
    assert isinstance(node, Deriv)
    if node.body is None:
        raise MeaningError("nothing stands after the derivative")
    variables = [variable for by, order in node.by for variable in [by] * order]
    if len(variables) > 6:
        raise MeaningError("the order of the derivative is too high")
    body: Value | None = _partial_by_argument(el, node)
    if body is not None:
        return body
    if node.ratio and len(variables) >= 1:
        body = _function_ratio(el, node.body, node.by)
        if body is not None:
            return body
    body = el.value(node.body)
    for letter in variables:
        _must_not_count(el, letter, body)
    values = [el.value(by) for by in variables]
    if len(values) == 2 and all(isinstance(v, Tensor) and v.is_vector for v in values):
        return hessian(el, body, values[0])
    for by in values:
        body = differentiate_value(el, body, by)
    return body


def _must_not_count(el: Elaborator, by: Node, body: Value) -> None:
    """`∂_i u_j` is by the i-th coordinate, which is written nowhere, and not by the index i."""
    entry = body.body if isinstance(body, Tensor) else None
    if not isinstance(by, Name) or not isinstance(entry, Entry) or Sym(by.text) in entry.indices:
        return
    if is_index_letter(by) and el.scope.survey.index_letters[by.text]:
        raise MeaningError(f"what a derivative by the index {by.text} means is not stated")


def _partial_by_argument(el: Elaborator, node: Deriv) -> Value | None:
    """`∂f/∂x` of f(x, y) holds y fixed, also where the text says what y is in terms of x.

    By a vector, or an entry of one, no slope by place is known: what the others are is left out of the claim then.
    """
    head = function_head(node.body) if node.kind == "partial" and node.body is not None else None
    name = base_name(head) if isinstance(head, Name) else None
    known = el.scope.lookup(name, "function") if name is not None else None
    if name is None or known is None or len(known.params) == 1 or name in el.scope.vector_functions:
        return None
    by = [(base_name(variable) or "", order) for variable, order in node.by]
    if any(variable not in known.params for variable, _ in by):
        return None
    held = set(known.params) if len(by) > 1 else set(known.params) - {variable for variable, _ in by}
    if not any(el.scope.lookup(param, "scalar") for param in held):
        return None  # nothing to be held
    if el.reading.choose((HELD, name)) == 1:
        el.note(f"the other arguments of {name} are put in before it is differentiated")
        return None
    arrays = {part.name for part in nodes_of(known.body) if isinstance(part, Entry)}
    if arrays & set(known.params) or not all(isinstance(variable, Name) for variable, _ in node.by):
        el.general |= held
        return None
    orders = tuple(sum(order for variable, order in by if variable == param) for param in known.params)
    return scalar(Apply(name, tuple(map(Sym, known.params)), orders))


def _function_ratio(el: Elaborator, body: Node, by: tuple[tuple[Node, int], ...]) -> Value | None:
    """`dσ/dz` with the name of a function alone: its derivative at what it is differentiated by.

    The same signs may also stand for quantities (`dL/dw`): a name without a definition is tried both ways.
    """
    name = base_name(body)
    if name is None or not isinstance(body, Name):
        return None
    by_place = slope_by_place(el, name, by)
    if by_place is not None or len(by) != 1:
        return by_place
    scope = el.scope
    known = scope.lookup(name, "function")
    if known is None and (scope.lookup(name) is not None or not _pure_function(el, name)):
        return None
    if known is not None and len(known.params) != 1:
        return None
    variable = _function_variable(el, by[0][0])
    if variable is None:
        return None
    if known is None and not is_inner_function(el, name) and el.reading.choose(("leibniz", name)) == 1:
        return None
    if known is not None and _is_given_by(scope, variable, known):
        return _by_parameter(name, known.params[0], variable, by[0][1])
    if known is not None and variable != Sym(known.params[0]):
        inner = scope.lookup(known.params[0])  # L(a) with a = σ(z), by z
        if inner is not None or isinstance(variable, Entry) or _mentions(known.body, variable):
            return None
    return scalar(Apply(name, (variable,), (by[0][1],)))


def _is_given_by(scope: Scope, variable: Expr, known: Definition) -> bool:
    """Whether a variable is given in terms of the argument of a function: `df/du` of f(x) with u = x^2."""
    param = known.params[0]
    if any(isinstance(node, Entry) and node.name == param for node in nodes_of(known.body)):
        return False  # a vector
    if isinstance(variable, Apply):
        return variable.children == (Sym(param),)
    return isinstance(variable, Sym) and scope.rests_on(variable.name, param)


def _by_parameter(name: str, param: str, variable: Expr, order: int) -> Value:
    """dy/dx of a curve x(t), y(t)."""
    if order != 1:
        raise MeaningError("a higher derivative by something that depends on the argument")
    slope = Derivative(variable, Sym(param))
    return scalar(Mul((Apply(name, (Sym(param),), (1,)), reciprocal(slope))))


def _function_variable(el: Elaborator, node: Node) -> Expr | None:
    """What a function is differentiated by: a symbol, or the value of another function (`df/dg`)."""
    name = base_name(node)
    if isinstance(node, Name) and name and el.scope.lookup(name) is None and _pure_function(el, name):
        return Apply(name, (usual_argument(el, name),))
    value = el.value(node)
    return value.body if isinstance(value, Tensor) and value.is_scalar else None


def _mentions(value: Value, wanted: Expr) -> bool:
    """Whether a body holds a symbol, or entries of the family of an entry."""
    if isinstance(wanted, Entry):
        return any(isinstance(node, Entry) and node.name == wanted.name for node in nodes_of(value))
    return any(node == wanted for node in nodes_of(value))


def _pure_function(el: Elaborator, name: str) -> bool:
    """A name that is applied to arguments somewhere, such as the σ of `dσ/dz`."""
    survey = el.scope.survey
    if (name, False) in el.scope.declared or (name, True) in el.scope.declared:
        return False
    return (survey.applied[name] > 0 and bool(survey.group_args[name] - {"?"})) or survey.primed[name] > 0


def differentiate_value(el: Elaborator, body: Value, variable: Value, *, gradient: bool = False) -> Value:
    """Every entry of the body by every entry of the variable; at most two axes may come out.

    A `gradient` (∇) has the shape of its variable, whatever the layout.
    """
    if isinstance(variable, Grid):
        raise MeaningError("a derivative by a matrix that is written out")
    if variable.is_scalar:
        return body.map(lambda x: Derivative(x, variable.body))
    if not isinstance(body, Tensor):
        raise MeaningError("a derivative of a written-out matrix by a vector")
    if body.is_scalar:
        slope = Tensor(variable.rows, variable.cols, Derivative(body.body, variable.body))
        return slope.transposed() if not gradient and layout(el) == NUMERATOR else slope
    if body.is_vector and variable.is_vector:
        jacobian = Tensor(body.axis, variable.axis, Derivative(body.body, variable.body))
        return jacobian.transposed() if layout(el) == DENOMINATOR else jacobian
    raise WideDerivativeError(Slope(body, variable))


def nabla_value(el: Elaborator, node: Node) -> Value:
    """∇f, ∇_w f: the column of partial derivatives."""
    assert isinstance(node, Nabla)
    if node.body is None:
        raise MeaningError("nothing stands after ∇")
    body = el.value(node.body)
    by = el.value(node.by) if node.by is not None else _only_vector(el, node.body)
    if by is None:
        return _by_arguments(el, node.body, body, node.order)
    if node.order == 1:
        return differentiate_value(el, body, by, gradient=True)
    second = hessian(el, body, by)
    return trace(second, el.ranges.same) if _is_laplacian(el) else second


def _is_laplacian(el: Elaborator) -> bool:
    """Whether ∇² is the sum of the second derivatives, and not their matrix: what the words say, or else both."""
    meanings = el.scope.nabla_squared
    chosen = meanings[el.reading.choose("∇²", len(meanings)) if len(meanings) > 1 else 0]
    if chosen == LAPLACIAN:
        el.note("∇² is read as the Laplacian")
    return chosen == LAPLACIAN


def _only_vector(el: Elaborator, written: Node) -> Value | None:
    """The argument of a function of one vector, by which `∇f` differentiates."""
    name = base_name(function_head(written))
    definition = el.scope.lookup(name, "function") if name else None
    if definition is None or len(definition.params) != 1:
        return None
    param = definition.params[0]
    axes = {len(n.indices) for n in nodes_of(definition.body) if isinstance(n, Entry) and n.name == param}
    return indexed(el, Marks(param), Kind(axes.pop())) if len(axes) == 1 else None


def hessian(el: Elaborator, body: Value, by: Value) -> Tensor:
    """The matrix of second derivatives of a scalar by a vector."""
    if not (isinstance(body, Tensor) and body.is_scalar and isinstance(by, Tensor) and by.is_vector):
        raise ShapeError("a Hessian is of a scalar by a vector")
    row, axis = by.axis, by.axis
    col = Axis(el.fresh("h"), axis.lo, axis.hi)
    second = by.at(Sym(col.index), Sym(col.index))
    return Tensor(row, col, Derivative(Derivative(body.body, by.body), second))


def _by_arguments(el: Elaborator, written: Node, body: Value, order: int) -> Value:
    """∇f and ∇²f of a function of numbers: the column of its derivatives, their matrix or its trace."""
    name = base_name(function_head(written))
    definition = el.scope.lookup(name, "function") if name else None
    if definition is None:
        raise MeaningError(f"{'∇' if order == 1 else '∇²'} does not say by which variables")
    args = tuple(Sym(p) for p in definition.params if p != TIME.name)  # fields change in time, ∇ is about space
    radial = len(args) == 1 and order > 1
    if radial or _ANGLES & set(definition.params):
        raise MeaningError("∇ in these coordinates is not known")
    if any(el.scope.lookup(param, "scalar") for param in definition.params):
        raise MeaningError("∇ does not say by which variables")  # φ(r) with r = ‖x‖
    if any(isinstance(node, Entry) and node.name in definition.params for node in nodes_of(definition.body)):
        raise MeaningError("∇ of a function of vectors does not say by which")
    if not isinstance(body, Tensor):
        raise MeaningError("∇ of a matrix")
    whole = Apply(definition.name, tuple(map(Sym, definition.params)))
    slopes = [Derivative(whole, arg) for arg in args]
    if order == 1:
        return Grid(tuple((slope,) for slope in slopes))
    if _is_laplacian(el):
        return scalar(Add(tuple(Derivative(slope, arg) for slope, arg in zip(slopes, args, strict=True))))
    return Grid(tuple(tuple(Derivative(slope, arg) for arg in args) for slope in slopes))
