"""Definitions and declarations: what a formula adds to the scope instead of claiming it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deriv.errors import MeaningError
from deriv.expr.nodes import ONE, Entry, Expr, Num, Sym, walk
from deriv.expr.substitute import substitute
from deriv.expr.tensor import Grid, Tensor, Value, scalar
from deriv.latex.nodes import Decorated, Function, Group, Items, Name, Node, Product, Script, Symbol
from deriv.meaning.compositions import slope_by_subscript
from deriv.meaning.elaborate import Elaborator, Reading
from deriv.meaning.expectations import operator_of
from deriv.meaning.functions import ELEMENTARY, canonical_function
from deriv.meaning.marks import Marks, marks_of
from deriv.meaning.names import base_name, canonical, is_index_letter
from deriv.meaning.scope import Definition, Scope, is_number
from deriv.meaning.survey import Kind, is_bold, plain_arguments


@dataclass(frozen=True, slots=True)
class Head:
    """The left side of a possible definition: a name with marks, and the parameters of a function."""

    marks: Marks
    params: tuple[str, ...] | None
    node: Node


def head_of(scope: Scope, node: Node) -> Head | None:
    """The head of a definition, or None when the node cannot be one."""
    while isinstance(node, Decorated) or (isinstance(node, Group) and node.open == "(" and not _is_list(node)):
        node = node.body
    if isinstance(node, Function):
        group = node.arg
        if canonical_function(node.name) in ELEMENTARY | {"max", "min", "lg", "det", "tr", "diag"}:
            return None
        if operator_of(node, None):
            return None
        if isinstance(group, Group) and node.sub is None and node.sup is None and plain_arguments(group.body):
            return Head(Marks(node.name), _params(group), node)
        return None
    if isinstance(node, Product):
        return _function_head(scope, node)
    if isinstance(node, Script) and not isinstance(node.base, Name):
        return None
    if isinstance(node, Name | Script) and slope_by_subscript(scope, node) is None:
        return _name_head(scope, node)
    return None


def squared_head(scope: Scope, node: Node) -> Head | None:
    """The head σ of `σ^2 = …`, when nothing else says what σ is; the body is then the square of what is defined."""
    if not isinstance(node, Script) or not isinstance(node.base, Name) or node.primes:
        return None
    marks = marks_in(scope, node)
    if marks is None or marks.power != Num(2) or marks.transposed or marks.inverse or marks.subs or marks.sups:
        return None
    marks.power = None
    head = Head(marks, None, node)
    return None if known(scope, head) or scope.grids.get(marks.name) else head


def _is_list(node: Group) -> bool:
    return isinstance(node.body, Items)


def marks_in(scope: Scope, node: Node) -> Marks | None:
    """The marks of a name, or None where they make no sense."""
    if isinstance(node, Name):
        return Marks(canonical(node))
    assert isinstance(node, Script)
    assert isinstance(node.base, Name)
    try:
        return marks_of(Elaborator(scope, Reading(), scope.ranges), node.base, node)
    except MeaningError:
        return None


def _name_head(scope: Scope, node: Name | Script) -> Head | None:
    marks = marks_in(scope, node)
    if marks is None or marks.transposed or marks.inverse or marks.power is not None or marks.primes:
        return None
    if isinstance(node, Name) and node.text == "pi" and known_constant(scope, node.text):
        return None
    if isinstance(node, Name) and (is_index_letter(node) and node.text in scope.survey.bound_letters):
        return None
    return Head(marks, None, node)


def known_constant(scope: Scope, name: str) -> bool:
    """Whether π is the number, not a quantity with that name."""
    survey = scope.survey
    named = survey.group_args.get(name, set()) - {"?"}  # π(25)^2 is a product, π(s) no number
    return not (survey.letter_subscripts[name] or survey.denominators[name] or named)


def _function_head(scope: Scope, node: Product) -> Head | None:
    if len(node.factors) != 2 or node.ops != ("",):
        return None
    name, group = node.factors
    if (
        operator_of(name, group)
        or not isinstance(name, Name | Script)
        or not isinstance(group, Group)
        or group.open not in ("(", "[")
    ):
        return None
    if not plain_arguments(group.body) or (isinstance(name, Script) and not isinstance(name.base, Name)):
        return None
    head = _name_head(scope, name)
    if head is None:
        return None
    if isinstance(group.body, Items) and "|" in group.body.separators:
        head.marks.name += "_given"
    if head.marks.subs or head.marks.sups:
        return Head(head.marks, None, name)
    return Head(head.marks, _params(group), node)


def _params(group: Group) -> tuple[str, ...]:
    items = group.body.items if isinstance(group.body, Items) else (group.body,)
    return tuple(base_name(item) or "" for item in items if not isinstance(item, Symbol))


def _bare_params(group_owner: Node) -> bool:
    group = group_owner.arg if isinstance(group_owner, Function) else None
    if isinstance(group_owner, Product):
        last = group_owner.factors[1]
        group = last if isinstance(last, Group) else None
    if not isinstance(group, Group):
        return False
    items = group.body.items if isinstance(group.body, Items) else (group.body,)
    return all(isinstance(item, Name) for item in items)


def names_component(node: Node) -> bool:
    """`σ(z)_i`: an entry of a function's value, which can be introduced but not kept."""
    if not isinstance(node, Product) or len(node.factors) != 2 or node.ops != ("",):
        return False
    name, call = node.factors
    if not isinstance(name, Name) or not isinstance(call, Script) or call.sub is None or call.sup is not None:
        return False
    return isinstance(call.base, Group) and plain_arguments(call.base.body)


def known(scope: Scope, head: Head) -> bool:
    """Whether the head has a definition already."""
    return any(d.name == head.marks.name and _fits(d, head) for d in scope.history)


def _fits(definition: Definition, head: Head) -> bool:
    indices = len(head.marks.subs) + len(head.marks.sups)
    if definition.form == "family":
        return indices > 0 or head.params is None
    return indices == 0


def define(
    scope: Scope, head: Head, body: Value, line: int, *, aside: bool = False, put_in: bool = False
) -> str | None:
    """Take `head = body` into the scope; a text says what is special about it.

    What is `put_in` for a name in a step holds to the end of the section.
    What is only supposed ("if g(z) = z") is kept `aside`: it may show that a step holds, never that one is wrong.
    """
    kept = len(scope.history)
    note = _define(scope, head, body, line)
    scope.history[kept:] = [replace(d, aside=d.aside or aside, put_in=put_in) for d in scope.history[kept:]]
    return note


def _define(scope: Scope, head: Head, body: Value, line: int) -> str | None:
    name = head.marks.name
    if head.params is not None:
        return _define_function(scope, head, body, line)
    indices = (*head.marks.sups, *head.marks.subs)
    if is_number(body) and isinstance(body, Tensor) and body.is_scalar:
        key: Expr = Entry(name, indices, len(head.marks.sups)) if indices else Sym(name)
        scope.instances[key] = (body.body, line)
        return "a number put in"
    if isinstance(body, Grid):
        return _define_grid(scope, head, body)
    scope.grids.pop(name, None)
    return _define_value(scope, head, body, line, indices)


def _define_grid(scope: Scope, head: Head, body: Grid) -> str | None:
    """`a = (2, 3)^T` is put in; `x = (x_1, …, x_n)^T` only tells how long x is."""
    name = head.marks.name
    if head.marks.subs or head.marks.sups:
        return "written out entry by entry: kept for reading only"
    entries = [entry for row in body.entries for entry in row]
    if not any(isinstance(node, Entry) and node.name == name for entry in entries for node in walk(entry)):
        scope.grids[name] = body
        scope.symmetric.discard(name)
        if body == body.transposed():
            scope.symmetric.add(name)
        return None
    own = [Entry(name, (Num(k + 1),)) for k in range(len(entries))]
    if 1 in body.shape and entries == own:
        scope.ranges.unify(scope.ranges.of_slot((name, 0, 0)), (ONE, Num(len(own))))
        scope.survey.declared_rank.setdefault((name, is_bold(head.node)), 1)
        return None
    return "written out entry by entry: kept for reading only"


def _define_function(scope: Scope, head: Head, body: Value, line: int) -> str | None:
    assert head.params is not None
    if not (isinstance(body, Tensor) and body.is_scalar):
        return _define_vector_function(scope, head, body, line)
    scope.vector_functions.pop(head.marks.name, None)
    if not _bare_params(head.node) or len(set(head.params)) != len(head.params):
        scope.define(Definition(head.marks.name, "scalar", (), body, line))
        return None
    scope.define(Definition(head.marks.name, "function", head.params, body, line))
    return None


def _define_vector_function(scope: Scope, head: Head, body: Value, line: int) -> str | None:
    """`f(x) = A x`: the vector f, which `f(x)` means too, but at no other argument."""
    name = head.marks.name
    assert head.params is not None
    if isinstance(body, Grid) or not _bare_params(head.node) or scope.lookup(name, "function") is not None:
        return "a function with vector values: kept for reading only"
    owner = head.node.factors[0] if isinstance(head.node, Product) else None
    if not isinstance(owner, Name):
        return "a function with vector values: kept for reading only"
    scope.vector_functions[name] = head.params
    return _define_value(scope, Head(head.marks, None, owner), body, line, ())


def _define_value(scope: Scope, head: Head, body: Tensor, line: int, indices: tuple[Expr, ...]) -> str | None:
    axes = [axis for axis in (body.rows, body.cols) if axis is not None]
    params = [index.name for index in indices if isinstance(index, Sym) and "." not in index.name]
    if len(params) != len(indices) or len(set(params)) != len(params):
        scope.partial.add(head.marks.name)
        return "only for these indices: kept for reading only"
    name, sups = head.marks.name, len(head.marks.sups)
    scope.ranges.unify_letters(Entry(name, indices, sups), body.body)
    for position, axis in enumerate(axes):
        slot = (name, sups, len(indices) + position)
        if not scope.ranges.unify(scope.ranges.of_slot(slot), (axis.lo, axis.hi)):
            scope.ranges.renew(slot)  # defined anew with another size
            scope.ranges.unify(scope.ranges.of_slot(slot), (axis.lo, axis.hi))
    names = (*params, *(f"_{name}{k}" for k in range(len(axes))))
    mapping: dict[Expr, Expr] = {
        Sym(axis.index): Sym(new) for axis, new in zip(axes, names[len(params) :], strict=True)
    }
    entry = scalar(substitute(body.body, mapping) if mapping else body.body)
    if not indices and axes:
        scope.survey.declared_rank[name, is_bold(head.node)] = len(axes)
        if len(axes) == 1:
            scope.rows[name] = body.cols is not None
    if indices and axes and not scope.survey.bare[name]:
        numbered = "".join(f"^{part.value}" for part in head.marks.sups if isinstance(part, Num))
        member = name + numbered, is_bold(head.node), len(head.marks.subs)
        scope.learned[member] = Kind(len(axes), row=len(axes) == 1 and body.cols is not None)
    form = "family" if names else "scalar"
    aside = scope.is_free_variable(name, entry.body)
    scope.define(Definition(name, form, names, entry, line, sups, aside))
    return f"{name} is a variable above: this is taken as a value of it" if aside else None


# --- declarations ------------------------------------------------------------------------------------------------


def is_range(left: Node, right: Node) -> bool:
    """`i = 1, \\dots, n`: which values a letter takes."""
    return isinstance(right, Items) and isinstance(left, Name | Script | Items)


def is_case(left: Node, right: Node) -> bool:
    """`i = j`: two indices that are the same in what follows."""
    return all(isinstance(side, Name) and is_index_letter(side) for side in (left, right))


def is_placeholder(node: Node) -> bool:
    """A question mark or an empty box to be filled in."""
    return getattr(node, "text", "") == "placeholder"
