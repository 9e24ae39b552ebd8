"""Applications by bracket, sums and products, limits, integrals, derivatives and gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deriv.errors import MeaningError
from deriv.expr.nodes import (
    ONE,
    Add,
    Apply,
    Derivative,
    Entry,
    Expr,
    Integral,
    Limit,
    Mul,
    Product,
    Sum,
    Sym,
    neg,
    walk,
)
from deriv.expr.substitute import substitute
from deriv.expr.tensor import Axis, Grid, Tensor, Value, scalar
from deriv.latex.nodes import Additive, BigOp, Chain, Decorated, Deriv, Group, Items, Nabla, Name, Node, Script, Symbol
from deriv.meaning.arithmetic import Item
from deriv.meaning.atoms import Marks, indexed, marks_of, usual_argument
from deriv.meaning.functions import condition, indicator, indicator_of, is_indicator_name
from deriv.meaning.names import base_name, canonical
from deriv.meaning.survey import argument_key, function_head, parts_of, plain_arguments

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator

STAR = Sym("*")
"""The index of an argument that is a whole vector."""


def applied(el: Elaborator, factors: Sequence[Node], ops: Sequence[str]) -> list[Item]:
    """The factors of a product with every application by bracket put together."""
    items: list[Item] = []
    k = 0
    while k < len(factors):
        op = ops[k - 1] if k else ""
        node = factors[k]
        following = factors[k + 1] if k + 1 < len(factors) and ops[k] == "" else None
        group = bracket_of(following)
        value = _application(el, node, group) if group is not None else None
        if value is not None:
            if isinstance(following, Script):
                value = _marked_call(el, value, following)
            k += 1
        else:
            value = el.as_vector(node) if _in_inner_product(el, factors, ops, k) else el.value(node)
        items.append((op, value))
        k += 1
    return items


def _in_inner_product(el: Elaborator, factors: Sequence[Node], ops: Sequence[str], k: int) -> bool:
    """Whether a name stands at a dot between two names that have components elsewhere: `w \\cdot x`."""
    survey = el.scope.survey
    for left in (k - 1, k):
        if 0 <= left < len(ops) and ops[left] == "cdot":
            pair = factors[left], factors[left + 1]
            names = [base_name(node) for node in pair if isinstance(node, Name)]
            if len(names) == 2 and all(name and survey.letter_subscripts[name] for name in names):
                return True
    return False


def bracket_of(node: Node | None) -> Group | None:
    """The brackets of an argument list, also when the call carries a power: `f(x)^2`."""
    if isinstance(node, Script) and not node.primes:
        node = node.base
    return node if isinstance(node, Group) else None


def _marked_call(el: Elaborator, value: Value, marks: Script) -> Value:
    """A subscript or power on the value of a call."""
    from deriv.meaning.atoms import component, postfixed

    if marks.sub is not None:
        return component(el, value, marks)
    return postfixed(el, value, marks)


def _application(el: Elaborator, node: Node, group: Group) -> Value | None:
    """The value of `f(x)`; None when the two stand for a product."""
    while isinstance(node, Decorated):
        node = node.body
    base = node.base if isinstance(node, Script) else node
    if is_indicator_name(base) and isinstance(group.body, Chain) and not isinstance(node, Script):
        return indicator(el, group.body)
    if not isinstance(base, Name) or group.open not in "([{":
        return None
    if base.font == "bb" or (group.open == "[" and base.text in ("E", "Var", "Cov")):
        raise MeaningError("expectations and probabilities are not judged yet")
    marks = marks_of(el, base, node) if isinstance(node, Script) else Marks(canonical(base))
    if marks.transposed or not _is_application(el, marks, group):
        return None
    return _apply(el, marks, group)


def _is_application(el: Elaborator, marks: Marks, group: Group) -> bool:
    survey, scope, name = el.scope.survey, el.scope, marks.name
    if isinstance(group.body, Items):
        return True
    if group.open == "[" and not scope.is_function(name):
        return not isinstance(group.body, Additive)
    if marks.primes:
        return True
    if scope.lookup(name, "function") or survey.heads[name]:
        return name not in argument_names(group.body) or scope.lookup(name, "function") is not None
    if scope.lookup(name) is not None and not plain_arguments(group.body):
        return False
    if name in argument_names(group.body):
        return False
    likely = _looks_like_function(el, name, group)
    return (el.reading.choose(("apply", name, argument_key(group.body))) == 0) == likely


_FUNCTION_LETTERS = frozenset(
    ["f", "g", "h", "F", "G", "H", "sigma", "phi", "varphi", "psi", "rho", "ell", "L", "J", "calL", "u", "v"]
)


def _looks_like_function(el: Elaborator, name: str, group: Group) -> bool:
    survey = el.scope.survey
    plain = plain_arguments(group.body)
    if survey.primed[name] or (plain and survey.numerators[name]):
        return True
    if survey.denominators[name] or survey.letter_subscripts[name]:
        return False
    return name in _FUNCTION_LETTERS and (plain or name in ("f", "g", "h", "sigma", "phi"))


def argument_names(node: Node) -> set[str]:
    """All names inside a formula."""
    from deriv.meaning.names import children

    found: set[str] = set()
    stack = [node]
    while stack:
        part = stack.pop()
        name = base_name(part)
        if name:
            found.add(name)
        stack.extend(children(part))
    return found


def _apply(el: Elaborator, marks: Marks, group: Group) -> Value:
    body = group.body
    if isinstance(body, Chain):
        raise MeaningError(f"an event in the argument of {marks.name}")
    items = body.items if isinstance(body, Items) else (body,)
    if isinstance(body, Items) and "|" in body.separators:
        marks.name += "_given"
    args = [el.value(item) for item in items if not (isinstance(item, Symbol) and item.text == "dots")]
    if marks.subs or marks.sups:
        return _indexed_application(el, marks, args)
    value = apply_function(el, marks.name, args, marks.primes)
    if marks.power is None:
        return value
    from deriv.meaning.arithmetic import power

    return power(el, value, marks.power)


def _indexed_application(el: Elaborator, marks: Marks, args: list[Value]) -> Value:
    """`h_k(x)`, `L_i(\\theta)`: an entry whose argument is only mentioned; `f_i(x)` stays one entry."""
    if marks.primes:
        raise MeaningError(f"the derivative of the indexed function {marks.name}")
    el.note(f"{marks.name} with its argument is read as the quantity itself")
    value = indexed(el, marks, 0, bold=False)
    from deriv.meaning.arithmetic import power

    return value if marks.power is None else power(el, value, marks.power)


def apply_function(el: Elaborator, name: str, args: list[Value], primes: int) -> Value:
    """A user's function at arguments; a name defined without arguments is the value itself."""
    scope = el.scope
    definition = scope.lookup(name, "function")
    if definition is None and scope.lookup(name) is not None and not primes:
        el.note(f"{name}(…) is read as {name}, which is defined above")
        return _itself(el, name)
    orders = (primes,) if len(args) == 1 else ()
    if primes and len(args) != 1:
        raise MeaningError(f"a prime on {name}, which has several arguments")
    only = args[0] if len(args) == 1 else None
    if isinstance(only, Tensor) and not only.is_scalar and _elementwise_function(el, name, only):
        return only.map(lambda x: Apply(name, (x,), orders))
    return scalar(Apply(name, tuple(argument(el, arg) for arg in args), orders))


def _itself(el: Elaborator, name: str) -> Value:
    rank = el.scope.survey.declared_rank.get((name, False), 0)
    return indexed(el, Marks(name), rank, bold=False) if rank else scalar(Sym(name))


def _elementwise_function(el: Elaborator, name: str, value: Tensor) -> bool:
    """Activations act on each entry; a function of a vector symbol alone may be anything (a loss, a model)."""
    if name in ("sigma", "phi", "varphi", "psi", "rho"):
        return True
    definition = el.scope.lookup(name, "function")
    if definition is not None and len(definition.params) == 1:
        return not any(isinstance(n, Entry) and n.name == definition.params[0] for n in _nodes(definition.body))
    plain = isinstance(value.body, Entry)
    return not plain or el.scope.survey.primed[name] > 0


def _nodes(value: Value) -> list[Expr]:
    bodies = [value.body] if isinstance(value, Tensor) else [e for row in value.entries for e in row]
    return [node for body in bodies for node in walk(body)]


def argument(el: Elaborator, value: Value) -> Expr:
    """An argument as a scalar; a whole vector symbol is the family with `*` for its open index."""
    if isinstance(value, Tensor) and value.is_scalar:
        return value.body
    if isinstance(value, Tensor) and isinstance(value.body, Entry):
        mapping: dict[Expr, Expr] = {Sym(axis.index): STAR for axis in (value.rows, value.cols) if axis}
        return substitute(value.body, mapping)
    raise MeaningError("a vector expression as the argument of an unknown function")


# --- sums, products, limits, integrals -------------------------------------------------------------------------


def big_value(el: Elaborator, node: Node) -> Value:
    """Σ, Π, ∫ and lim."""
    assert isinstance(node, BigOp)
    if node.body is None:
        raise MeaningError(f"nothing stands after the {node.kind} sign")
    if node.kind == "lim":
        return _limit(el, node)
    if node.kind == "int":
        return _integral(el, node)
    return _quantified(el, node)


def _quantified(el: Elaborator, node: BigOp) -> Value:
    letters, exclusions, explicit = _bounds(el, node)
    if not letters:
        return _anonymous(el, node)
    saved = dict(el.env)
    bound = {letter: el.fresh(letter) for letter in letters}
    ranges = {letter: _explicit_range(el, explicit.get(letter), node.sup) for letter in letters}
    el.env |= {letter: Sym(name) for letter, name in bound.items()}
    try:
        assert node.body is not None
        body = el.value(node.body)
        factors = [_unequal(el, chain) for chain in exclusions]
    finally:
        el.env = saved
    if factors:
        body = body.map(lambda x: Mul((*factors, x)))
    for letter in reversed(letters):
        body = _close(el, node.kind, bound[letter], ranges[letter], letter, body)
    return body


def _bounds(el: Elaborator, node: BigOp) -> tuple[list[str], list[Chain], dict[str, Node]]:
    """(index letters, inequalities between indices, written lower bounds by letter)."""
    letters: list[str] = []
    exclusions: list[Chain] = []
    explicit: dict[str, Node] = {}
    items = node.sub.items if isinstance(node.sub, Items) else (node.sub,) if node.sub is not None else ()
    for part in items:
        if isinstance(part, Chain) and len(part.relations) == 1 and part.parts[0] is not None:
            left, relation, right = part.parts[0], part.relations[0].text, part.parts[1]
            names = [p.text for p in parts_of(left) if isinstance(p, Name)]
            if relation == "=" and right is not None and len(names) == 1:
                explicit[names[0]] = right
            elif relation == "!=":
                exclusions.append(part)
            elif relation != "in":
                raise MeaningError("the bounds of the sum are not understood")
            letters += [name for name in names if name not in letters]
        else:
            letters += _plain_letters(part, letters)
    return letters, exclusions, explicit


def _plain_letters(part: Node, letters: list[str]) -> list[str]:
    names = []
    for piece in parts_of(part):
        if not (isinstance(piece, Name) and not piece.accents):
            raise MeaningError("the bounds of the sum are not understood")
        if piece.text not in letters:
            names.append(piece.text)
    return names


def _explicit_range(el: Elaborator, lower: Node | None, upper: Node | None) -> tuple[Expr, Expr] | None:
    if lower is None or upper is None:
        return None
    return _bound(el, lower), _bound(el, upper)


def _bound(el: Elaborator, node: Node) -> Expr:
    from deriv.meaning.functions import index_or_scalar

    return index_or_scalar(el, node)


def _unequal(el: Elaborator, chain: Chain) -> Expr:
    left, right = chain.parts
    assert left is not None and right is not None
    found = condition(el, Chain(chain.span, (left, right), chain.relations))
    assert found is not None
    equal = indicator_of(("==", found[1], found[2]))
    return Add((ONE, neg(equal)))


def _close(el: Elaborator, kind: str, index: str, bounds: tuple[Expr, Expr] | None, letter: str, body: Value) -> Value:
    """Bind an index; its range is what is written, else that of the slots where it is used."""
    lo, hi = _range_of(el, index, bounds, letter, body)
    node = Sum if kind == "sum" else Product
    if kind == "prod" and not (isinstance(body, Tensor) and body.is_scalar):
        raise MeaningError("a product of matrices is not judged yet")
    return body.map(lambda x: node(index, lo, hi, x))


def _range_of(
    el: Elaborator, index: str, bounds: tuple[Expr, Expr] | None, letter: str, body: Value
) -> tuple[Expr, Expr]:
    used = slots_of(body, index)
    if not used:
        return bounds or el.ranges.of_set(letter)
    first = el.ranges.of_slot(used[0])
    for slot in used[1:]:
        el.ranges.unify(first, el.ranges.of_slot(slot))
    if bounds is None:
        return first
    el.ranges.unify(first, bounds)
    return bounds


def slots_of(body: Value, index: str) -> list[tuple[str, int, int]]:
    """The family positions in which a bound index stands alone, in a fixed order."""
    found = set()
    for node in _nodes(body):
        if isinstance(node, Entry):
            for position, part in enumerate(node.indices):
                if part == Sym(index):
                    found.add((node.name, node.sups, position))
    return sorted(found)


def _anonymous(el: Elaborator, node: BigOp) -> Value:
    """Σ without an index sums over the data; every symbol that is not a parameter may vary with it."""
    if node.kind != "sum" or node.sup is not None:
        raise MeaningError("the product has no index")
    assert node.body is not None
    body = el.value(node.body)
    if not (isinstance(body, Tensor) and body.is_scalar):
        raise MeaningError("a sum without an index over vectors")
    el.note("a sum without an index is read as a sum over the data")
    index = el.fresh("data")
    lo, hi = el.ranges.of_set("data")
    survey = el.scope.survey
    mapping: dict[Expr, Expr] = {}
    for part in walk(body.body):
        fixed = isinstance(part, Sym | Entry) and (
            survey.denominators[part.name]
            or part.name in survey.sizes
            or "." in part.name
            or el.scope.lookup(part.name)
        )
        if isinstance(part, Sym) and not fixed:
            mapping[part] = Entry(f"{part.name}_data", (Sym(index),))
        elif isinstance(part, Entry) and not fixed:
            mapping[part] = Entry(f"{part.name}_data", (Sym(index), *part.indices), part.sups)
    return scalar(Sum(index, lo, hi, substitute(body.body, mapping)))


def _limit(el: Elaborator, node: BigOp) -> Value:
    sub = node.sub
    if not isinstance(sub, Chain) or len(sub.relations) != 1 or sub.relations[0].text not in ("to", "=>"):
        raise MeaningError("the limit does not say where its variable goes")
    variable, point = sub.parts
    assert node.body is not None
    if variable is None or point is None:
        raise MeaningError("the limit does not say where its variable goes")
    side = ""
    if isinstance(point, Script) and isinstance(point.sup, Symbol):
        side, point = {"+": "+", "-": "-"}.get(point.sup.text, ""), point.base
    symbol = el.scalar(variable)
    target = el.scalar(point)
    body = el.scalar(node.body)
    if not isinstance(symbol, Sym):
        raise MeaningError("the limit's variable is not a symbol")
    return scalar(Limit(body, symbol.name, target, side))


def _integral(el: Elaborator, node: BigOp) -> Value:
    if node.sub is None or node.sup is None or node.differential is None or node.body is None:
        raise MeaningError("an integral without bounds is not judged")
    variable = el.scalar(node.differential)
    if not isinstance(variable, Sym):
        raise MeaningError("the variable of the integral is not a symbol")
    return scalar(Integral(el.scalar(node.body), variable.name, el.scalar(node.sub), el.scalar(node.sup)))


# --- derivatives -----------------------------------------------------------------------------------------------


def derivative_value(el: Elaborator, node: Node) -> Value:
    """A Leibniz derivative, as ratio or operator."""
    assert isinstance(node, Deriv)
    if node.body is None:
        raise MeaningError("nothing stands after the derivative")
    variables = [variable for by, order in node.by for variable in [by] * order]
    if len(variables) > 6:
        raise MeaningError("the order of the derivative is too high")
    body: Value | None = None
    if node.ratio and len(variables) >= 1:
        body = _function_ratio(el, node.body, node.by)
        if body is not None:
            return body
    body = el.value(node.body)
    values = [el.value(by) for by in variables]
    if len(values) == 2 and all(isinstance(v, Tensor) and v.is_vector for v in values):
        return hessian(el, body, values[0])
    for by in values:
        body = differentiate_value(el, body, by)
    return body


def _function_ratio(el: Elaborator, body: Node, by: tuple[tuple[Node, int], ...]) -> Value | None:
    """`dσ/dz` with the name of a function alone: its derivative at what it is differentiated by.

    The same signs may also stand for quantities (`dL/dw`): a name without a definition is tried both ways.
    """
    name = base_name(body)
    if name is None or not isinstance(body, Name) or len(by) != 1:
        return None
    scope = el.scope
    known = scope.lookup(name, "function")
    if known is None and (scope.lookup(name) is not None or not _pure_function(el, name)):
        return None
    if known is not None and len(known.params) != 1:
        return None
    variable = _function_variable(el, by[0][0])
    if variable is None or (known is None and el.reading.choose(("leibniz", name)) == 1):
        return None
    if (
        known is not None
        and variable != Sym(known.params[0])
        and (isinstance(variable, Entry) or _mentions(known.body, variable))
    ):
        return None
    return scalar(Apply(name, (variable,), (by[0][1],)))


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
        return any(isinstance(node, Entry) and node.name == wanted.name for node in _nodes(value))
    return any(node == wanted for node in _nodes(value))


def _pure_function(el: Elaborator, name: str) -> bool:
    """A name that is applied to arguments somewhere, such as the σ of `dσ/dz`."""
    survey = el.scope.survey
    return (survey.applied[name] > 0 and bool(survey.group_args[name] - {"?"})) or survey.primed[name] > 0


def differentiate_value(el: Elaborator, body: Value, variable: Value) -> Value:
    """Every entry of the body by every entry of the variable; at most two axes may come out."""
    if isinstance(variable, Grid):
        raise MeaningError("a derivative by a matrix that is written out")
    if variable.is_scalar:
        return body.map(lambda x: Derivative(x, variable.body))
    if not isinstance(body, Tensor):
        raise MeaningError("a derivative of a written-out matrix by a vector")
    if body.is_scalar:
        return Tensor(variable.rows, variable.cols, Derivative(body.body, variable.body))
    if body.is_vector and variable.is_vector:
        jacobian = Tensor(body.axis, variable.axis, Derivative(body.body, variable.body))
        return jacobian if el.reading.choose("layout") == 0 else jacobian.transposed()
    raise MeaningError("a derivative with more than two axes is not judged yet")


def nabla_value(el: Elaborator, node: Node) -> Value:
    """∇f, ∇_w f: the column of partial derivatives."""
    assert isinstance(node, Nabla)
    if node.body is None:
        raise MeaningError("nothing stands after ∇")
    body = el.value(node.body)
    by = el.value(node.by) if node.by is not None else _only_vector(el, node.body)
    if by is None:
        if node.order != 1:
            raise MeaningError("∇² does not say by which variables")
        return _gradient_of_function(el, node.body, body)
    return differentiate_value(el, body, by) if node.order == 1 else hessian(el, body, by)


def _only_vector(el: Elaborator, written: Node) -> Value | None:
    """The argument of a function of one vector, by which `∇f` differentiates."""
    name = base_name(function_head(written))
    definition = el.scope.lookup(name, "function") if name else None
    if definition is None or len(definition.params) != 1:
        return None
    param = definition.params[0]
    axes = {len(n.indices) for n in _nodes(definition.body) if isinstance(n, Entry) and n.name == param}
    return indexed(el, Marks(param), axes.pop(), bold=False) if len(axes) == 1 else None


def hessian(el: Elaborator, body: Value, by: Value) -> Value:
    """The matrix of second derivatives of a scalar by a vector."""
    if not (isinstance(body, Tensor) and body.is_scalar and isinstance(by, Tensor) and by.is_vector):
        raise MeaningError("a Hessian is of a scalar by a vector")
    row, axis = by.axis, by.axis
    col = Axis(el.fresh("h"), axis.lo, axis.hi)
    second = by.at(Sym(col.index), Sym(col.index))
    return Tensor(row, col, Derivative(Derivative(body.body, by.body), second))


def _gradient_of_function(el: Elaborator, written: Node, body: Value) -> Value:
    name = base_name(function_head(written))
    definition = el.scope.lookup(name, "function") if name else None
    if definition is None:
        raise MeaningError("∇ does not say by which variables")
    args = tuple(Sym(p) for p in definition.params)
    if any(isinstance(node, Entry) and node.name in definition.params for node in _nodes(definition.body)):
        raise MeaningError("∇ of a function of vectors does not say by which")
    if not isinstance(body, Tensor):
        raise MeaningError("∇ of a matrix")
    return Grid(tuple((Derivative(Apply(definition.name, args), arg),) for arg in args))
