"""Applications by bracket: `f(x)`, `\\sigma(z)`, `L(\\theta)` against products such as `x(x-1)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.errors import MeaningError
from deriv.expr.nodes import (
    Apply,
    Call,
    Derivative,
    Entry,
    Expr,
    Sym,
    walk,
)
from deriv.expr.substitute import substitute
from deriv.expr.tensor import Grid, Tensor, Value, scalar
from deriv.latex.nodes import (
    Additive,
    Chain,
    Decorated,
    Deriv,
    Group,
    Items,
    Name,
    Node,
    Number,
    Product,
    Script,
    Symbol,
)
from deriv.meaning.atoms import indexed, is_turned
from deriv.meaning.differentials import differential_value, is_operator
from deriv.meaning.expectations import expectation, operator_of
from deriv.meaning.functions import indicator, is_indicator_name
from deriv.meaning.marks import Marks, marks_of
from deriv.meaning.names import all_names, base_name, canonical, spelling, standing_names
from deriv.meaning.scope import names_in
from deriv.meaning.slopes import Factor, Slope, WideDerivativeError
from deriv.meaning.survey import Kind, argument_key, plain_arguments

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator

_HIGHEST_ORDER = 6
STAR = Sym("*")
"""The index of an argument that is a whole vector."""


def applied(el: Elaborator, factors: Sequence[Node], ops: Sequence[str]) -> list[Factor]:
    """The factors of a product with every application by bracket put together."""
    items: list[Factor] = []
    k = 0
    while k < len(factors):
        op = ops[k - 1] if k else ""
        node = factors[k]
        if _is_evaluated(factors, ops, k):
            items.append((op, el.value(node)))
            k += 2
            continue
        following = factors[k + 1] if k + 1 < len(factors) and ops[k] == "" else None
        if el.varying and following is not None and is_operator(node, following):
            items.append((op, differential_value(el, following)))
            k += 2
            continue
        if _is_spelled_out(el, node, following):
            assert isinstance(node, Deriv)
            items.append((op, _factor(el, replace(node, body=following, ratio=False))))
            k += 2
            continue
        group = bracket_of(following)
        value: Value | Slope | None = _application(el, node, group) if group is not None else None
        if isinstance(value, Tensor | Grid):
            if isinstance(following, Script):
                value = _marked_call(el, value, following)
            k += 1
        else:
            value = el.as_vector(node) if _in_inner_product(el, factors, ops, k) else _factor(el, node)
        items.append((op, value))
        k += 1
    return items


def _factor(el: Elaborator, node: Node) -> Value | Slope:
    """The value of a factor, which may be a derivative that has a meaning in a product only."""
    try:
        return el.value(node)
    except WideDerivativeError as wide:
        return wide.slope


def _is_evaluated(factors: Sequence[Node], ops: Sequence[str], k: int) -> bool:
    """`\\frac{∂f}{∂x}(x, y)`: the point at which a derivative is taken, when it is where it always is."""
    node = factors[k]
    if not (isinstance(node, Deriv) and node.ratio and isinstance(node.body, Name)) or k + 1 >= len(factors):
        return False
    group = factors[k + 1]
    return ops[k] == "" and isinstance(group, Group) and group.open == "(" and plain_arguments(group.body)


def _is_spelled_out(el: Elaborator, node: Node, following: Node | None) -> bool:
    """`\\frac{∂z}{∂W}(W a + b)`: the derivative of z, with what z is in brackets; or a product."""
    if not (isinstance(node, Deriv) and node.ratio and node.body is not None and isinstance(following, Group)):
        return False
    name = base_name(node.body)
    definition = el.scope.lookup(name) if name is not None else None
    if definition is None or not isinstance(following.body, Additive | Product):
        return False
    likely = names_in(definition.body) == all_names(following.body)  # the very same quantities
    return (el.reading.choose(("spelled out", name)) == 0) == likely


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
    composed = _composed_names(el, node)
    if composed:
        return _compose(el, composed, group)
    base = node.base if isinstance(node, Script) else node
    if isinstance(node, Script) and isinstance(base, Group) and node.primes:
        return _primed_call(el, node, group)
    if is_indicator_name(base) and isinstance(group.body, Chain) and not isinstance(node, Script):
        return indicator(el, group.body)
    if not isinstance(base, Name) or group.open not in "([{":
        return None
    operator = operator_of(node, group)
    if operator is not None:
        return expectation(el, operator, group, node.sub if isinstance(node, Script) else None)
    if base.font == "bb" or (group.open == "[" and base.text in ("E", "Var", "Cov")):
        raise MeaningError("expectations and probabilities are not judged yet")
    if isinstance(group.body, Chain) and group.open == "(":
        raise MeaningError(f"an event in the argument of {canonical(base)}")
    order = _written_order(el, node)
    marks = marks_of(el, base, node) if isinstance(node, Script) and not order else Marks(canonical(base), primes=order)
    if marks.name in ("O", "calO") and group.open == "(" and _is_growth(el, marks.name):
        raise MeaningError("an order of growth")
    _undot(el, base, marks)
    turned = marks.primes == 1 and is_turned(el, base, marks)
    if turned or marks.transposed or _is_number_pi(el, marks) or not _is_application(el, marks, group):
        return None
    return _apply(el, marks, group)


def _is_number_pi(el: Elaborator, marks: Marks) -> bool:
    """`4π(25)^2`: where π never stands before a letter in brackets it is the number."""
    return marks.name == "pi" and not el.scope.survey.group_args["pi"] - {"?"}


def _is_growth(el: Elaborator, name: str) -> bool:
    """`O(n^2)` in a document that has no quantity O."""
    survey = el.scope.survey
    quantity = el.scope.lookup(name) or survey.denominators[name] or survey.letter_subscripts[name]
    return not quantity and survey.applied[name] > 0


def _composed_names(el: Elaborator, node: Node) -> tuple[Name, ...]:
    """The functions of `(f \\circ g)` in front of an argument; nothing when it is no composition."""
    body = node.body if isinstance(node, Group) else None
    if not isinstance(body, Product) or set(body.ops) != {"circ"}:
        return ()
    names = tuple(factor for factor in body.factors if isinstance(factor, Name))
    return names if len(names) == len(body.factors) else ()


def _compose(el: Elaborator, names: tuple[Name, ...], group: Group) -> Value:
    """`(f ∘ g)(x)` is f(g(x))."""
    if isinstance(group.body, Items | Chain):
        raise MeaningError("a composition of functions of several arguments")
    value = el.value(group.body)
    for name in reversed(names):
        value = apply_function(el, canonical(name), [value], 0)
    return value


def _written_order(el: Elaborator, node: Node) -> int:
    """n of `f^{(n)}(x)`, the n-th derivative; 0 where the brackets number something (data, layers)."""
    if not (isinstance(node, Script) and isinstance(node.base, Name)) or node.sub is not None or node.primes:
        return 0
    sup, name = node.sup, canonical(node.base)
    if not (isinstance(sup, Group) and sup.open == "(" and isinstance(sup.body, Number) and sup.body.text.isdigit()):
        return 0
    survey = el.scope.survey
    function = el.scope.is_function(name) or survey.primed[name] or name in ("f", "g", "h", "F", "G")
    likely = bool(function) and not survey.sup_letters[name] and not survey.letter_subscripts[name]
    order = int(sup.body.text)
    if not 0 < order <= _HIGHEST_ORDER or (el.reading.choose(("order", name)) == 0) != likely:
        return 0
    return order


def _primed_call(el: Elaborator, node: Script, group: Group) -> Value:
    """`(f g)'(x)`: the derivative at the variable itself."""
    value, at = el.value(node), el.value(group.body)
    if not (isinstance(value, Tensor) and isinstance(value.body, Derivative) and isinstance(at, Tensor)):
        raise MeaningError("a derivative of brackets at an argument")
    if at.body != value.body.variable:
        raise MeaningError("a derivative of brackets at an argument other than its variable")
    return value


def _undot(el: Elaborator, base: Name, marks: Marks) -> None:
    """`\\dot v(t)` of a function v is its derivative."""
    plain = base.text
    if base.accents in (("dot",), ("ddot",)) and el.scope.lookup(plain, "function") is not None:
        marks.name = plain
        marks.primes = len(base.accents[0]) - 2


def _is_application(el: Elaborator, marks: Marks, group: Group) -> bool:
    survey, scope, name = el.scope.survey, el.scope, marks.name
    if isinstance(group.body, Items):
        return True
    if (marks.subs or marks.sups) and not (plain_arguments(group.body) or scope.is_function(name)):
        return False
    if group.open == "[" and not scope.is_function(name):
        likely = not isinstance(group.body, Additive) and name not in el.env
        return (el.reading.choose(("apply", name, argument_key(group.body))) == 0) == likely
    if marks.primes:
        return True
    if scope.lookup(name, "function") or survey.heads[name]:
        return name not in standing_names(group.body)
    if scope.lookup(name) is not None and not plain_arguments(group.body):
        return False
    if name in standing_names(group.body):
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
    if name == "Gamma" and not survey.bare[name] > survey.applied[name]:
        return True
    if survey.denominators[name] or survey.letter_subscripts[name]:
        return False
    return name in _FUNCTION_LETTERS and (plain or name in ("f", "g", "h", "sigma", "phi"))


def _apply(el: Elaborator, marks: Marks, group: Group) -> Value:
    body = group.body
    if isinstance(body, Chain):
        raise MeaningError(f"an event in the argument of {marks.name}")
    items = body.items if isinstance(body, Items) else (body,)
    if isinstance(body, Items) and "|" in body.separators:
        marks.name += "_given"
    if any(isinstance(item, Symbol) and item.text == "dots" for item in items):
        raise MeaningError(f"dots in the arguments of {marks.name}")
    if marks.primes and any(_is_function_name(el, item) for item in items):
        raise MeaningError(f"the derivative of {marks.name} at a function")
    args = [el.value(item) for item in items]
    if marks.subs or marks.sups:
        return _indexed_application(el, marks, body)
    value = _gamma(el, marks, args) or apply_function(el, marks.name, args, marks.primes)
    if marks.power is None:
        return value
    from deriv.meaning.arithmetic import power

    return power(el, value, marks.power)


def _is_function_name(el: Elaborator, node: Node) -> bool:
    """The A of `f'(A)` where A(x) is a function: at which argument is not written."""
    name = base_name(node) if isinstance(node, Name) else None
    return name is not None and (el.scope.survey.heads[name] > 0 or bool(el.scope.survey.primed[name]))


def _gamma(el: Elaborator, marks: Marks, args: list[Value]) -> Value | None:
    """Γ(x) is the gamma function wherever the document does not say what Γ is."""
    if marks.name != "Gamma" or marks.primes or len(args) != 1 or el.scope.lookup("Gamma", "function"):
        return None
    el.note("Γ(…) is read as the gamma function")
    return args[0].map(lambda x: Call("gamma", (x,)))


def _indexed_application(el: Elaborator, marks: Marks, arguments: Node) -> Value:
    """`h_k(x)`, `L_i(\\theta)`: an entry whose argument is only mentioned; `f_i(x)` stays one entry.

    An argument that says more than names is no mere mention, and with two different ones in a claim neither is.
    """
    if marks.primes:
        raise MeaningError(f"the derivative of the indexed function {marks.name}")
    if not plain_arguments(arguments):
        raise MeaningError(f"what {marks.name} does with its argument is not stated")
    if el.mentioned.setdefault(marks.name, spelling(arguments)) != spelling(arguments):
        raise MeaningError(f"{marks.name} has different arguments here")
    el.note(f"{marks.name} with its argument is read as the quantity itself")
    value = indexed(el, marks, Kind(0))
    from deriv.meaning.arithmetic import power

    return value if marks.power is None else power(el, value, marks.power)


def apply_function(el: Elaborator, name: str, args: list[Value], primes: int) -> Value:
    """A user's function at arguments; a name defined without arguments is the value itself."""
    scope = el.scope
    definition = scope.lookup(name, "function")
    if definition is None and scope.lookup(name) is not None and not primes:
        if name in scope.vector_functions:
            return _vector_function(el, name, args)
        _must_be_general(el, name)
        el.note(f"{name}(…) is read as {name}, which is defined above")
        return _itself(el, name)
    orders = (primes,) if len(args) == 1 else ()
    if primes and len(args) != 1:
        raise MeaningError(f"a prime on {name}, which has several arguments")
    only = args[0] if len(args) == 1 else None
    if isinstance(only, Tensor) and not only.is_scalar and _elementwise_function(el, name, only):
        return only.map(lambda x: Apply(name, (x,), orders))
    arguments = tuple(argument(el, arg) for arg in args)
    if any(isinstance(arg, Apply) for arg in arguments):
        el.composed.setdefault(name, []).append(arguments)
    return scalar(Apply(name, arguments, orders))


def _vector_function(el: Elaborator, name: str, args: list[Value]) -> Value:
    """`f(x)` of a function with vector values at the arguments of its definition: the vector f."""
    bodies = [arg.body if isinstance(arg, Tensor) else None for arg in args]
    if tuple(body.name if isinstance(body, Entry | Sym) else "" for body in bodies) != el.scope.vector_functions[name]:
        raise MeaningError(f"{name} has vector values and stands at another argument")
    ranks = el.scope.survey.declared_rank
    return indexed(el, Marks(name), Kind(max(ranks.get((name, bold), 0) for bold in (False, True))))


def _must_be_general(el: Elaborator, name: str) -> None:
    """`p(y^{(i)}) = …` was said for one i: it is no value for every argument."""
    definition = el.scope.lookup(name, "scalar")
    for node in nodes_of(definition.body) if definition is not None else []:
        if isinstance(node, Entry) and el.env and any(_is_free(part) for part in node.indices):
            raise MeaningError(f"{name} is defined above for one index only")


def _is_free(index: Expr) -> bool:
    return isinstance(index, Sym) and "." not in index.name and index != STAR


def _itself(el: Elaborator, name: str) -> Value:
    rank = el.scope.survey.declared_rank.get((name, False), 0)
    return indexed(el, Marks(name), Kind(rank)) if rank else scalar(Sym(name))


def _elementwise_function(el: Elaborator, name: str, value: Tensor) -> bool:
    """Activations act on each entry; a function of a vector symbol alone may be anything (a loss, a model)."""
    definition = el.scope.lookup(name, "function")
    if definition is not None and len(definition.params) == 1:
        return Sym(definition.params[0]) in nodes_of(definition.body)
    if name in ("sigma", "phi", "varphi", "psi", "rho"):
        return True
    plain = isinstance(value.body, Entry)
    return not plain or (el.scope.survey.primed[name] > 0 and not el.scope.survey.numerators[name])


def nodes_of(value: Value) -> list[Expr]:
    """All nodes of all entries of a value."""
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
