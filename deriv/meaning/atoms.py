"""Names with their sub- and superscripts: which marks are indices, labels, powers or transposes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.errors import MeaningError, ShapeError
from deriv.expr.nodes import (
    MINUS_ONE,
    Apply,
    Call,
    Const,
    Delta,
    Derivative,
    Entry,
    Expr,
    Num,
    Pow,
    Sym,
    walk,
)
from deriv.expr.tensor import Axis, Grid, Tensor, Value, scalar
from deriv.latex.nodes import Chain, Decorated, Function, Group, Name, Node, Number, Script
from deriv.meaning.arithmetic import power
from deriv.meaning.arrays_by_use import least_rank
from deriv.meaning.compositions import slope_by_subscript
from deriv.meaning.functions import indicator, is_indicator_name, norm_script
from deriv.meaning.marks import Marks, index_expr, is_inverse_transpose, is_variable, marks_of
from deriv.meaning.names import base_name, canonical
from deriv.meaning.rates import TIME
from deriv.meaning.survey import Kind, is_bold, is_transpose, parts_of, superscript_parts

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator


AS_ROWS = "as rows"
"""The choice whether vectors stand as rows."""


def name_value(el: Elaborator, node: Node) -> Value:
    """A bare name."""
    assert isinstance(node, Name)
    return _rate(el, node) or marked_value(el, node, Marks(canonical(node)))


def _rate(el: Elaborator, node: Name) -> Value | None:
    """`\\dot x` of a function x(t), where nothing else is known by that name."""
    if node.accents not in (("dot",), ("ddot",)) or el.scope.lookup(canonical(node)) is not None:
        return None
    name = canonical(replace(node, accents=()))
    known = el.scope.lookup(name, "function")
    if known is None or known.params != (TIME.name,) or name in el.scope.vector_functions:
        return None
    return scalar(Apply(name, (TIME,), (len(node.accents[0]) - len("dot") + 1,)))


def script_value(el: Elaborator, node: Node) -> Value:
    """A name, or something in brackets, with scripts and primes."""
    assert isinstance(node, Script)
    base = node.base
    while isinstance(base, Decorated):
        base = base.body
    if is_indicator_name(base) and isinstance(node.sub, Chain):
        return indicator(el, node.sub)
    if (slope := slope_by_subscript(el.scope, node)) is not None:
        return scalar(slope)
    if isinstance(base, Name):
        return _exponential(el, base, node) or marked_value(el, base, marks_of(el, base, node))
    if isinstance(base, Script) and isinstance(base.base, Name) and node.sub is None and not node.primes:
        return postfixed(el, el.value(base), node)
    if isinstance(base, Function) and base.arg is None:
        raise MeaningError(f"the function {base.name} stands without an argument")
    return _bracketed(el, base, node)


def _exponential(el: Elaborator, base: Name, node: Script) -> Value | None:
    """`e^{x}` of a vector, entry by entry (the exponential of a matrix is another thing)."""
    if base.text != "e" or base.font not in ("", "rm") or base.accents or base.text in el.env:
        return None
    if node.sub is not None or node.primes or node.sup is None or any(map(is_transpose, superscript_parts(node.sup))):
        return None
    if is_variable(el, "e"):
        return None
    exponent = el.value(node.sup)
    if not isinstance(exponent, Tensor) or (exponent.rows and exponent.cols):
        raise ShapeError("a scalar was expected, a vector or matrix found")
    return exponent.map(lambda x: Call("exp", (x,)))


def _bracketed(el: Elaborator, base: Node, node: Script) -> Value:
    if isinstance(base, Group) and base.open == "‖":
        return norm_script(el, base, node.sub, node.sup)
    if node.primes:
        return _primed_brackets(el, base, node)
    if node.sub is not None:
        return component(el, el.value(base), node)
    return postfixed(el, el.value(base), node)


def _primed_brackets(el: Elaborator, base: Node, node: Script) -> Value:
    """`(e^{2x})'` is a derivative by the only symbol in the brackets."""
    value = el.value(base)
    if isinstance(value, Tensor) and not value.is_scalar and node.primes == 1 and node.sub is None:
        value = value.transposed()
        return postfixed(el, value, node) if node.sup is not None else value
    if not isinstance(value, Tensor) or not value.is_scalar or node.sub is not None:
        raise MeaningError("a prime on brackets: the variable of the derivative is not written")
    symbols = {part for part in walk(value.body) if isinstance(part, Sym | Entry)}
    if len(symbols) != 1:
        raise MeaningError("a prime on brackets: the variable of the derivative is not written")
    variable = symbols.pop()
    body = value.body
    for _ in range(node.primes):
        body = Derivative(body, variable)
    result: Value = scalar(body)
    return postfixed(el, result, node) if node.sup is not None else result


def component(el: Elaborator, value: Value, node: Script) -> Value:
    """An entry of a vector or matrix in brackets: `(Ax)_i`."""
    indices = [index_expr(el, part) for part in parts_of(node.sub)]
    if not isinstance(value, Tensor) or any(index is None for index in indices):
        raise MeaningError("a subscript on brackets is not understood here")
    if value.is_vector and len(indices) == 1:
        entry = scalar(value.at(indices[0], indices[0]))
    elif value.rows and value.cols and len(indices) == 2:
        entry = scalar(value.at(indices[0], indices[1]))
    else:
        raise ShapeError("the number of subscripts does not fit the shape")
    return postfixed(el, entry, node)


def postfixed(el: Elaborator, value: Value, node: Script) -> Value:
    """Transposes and powers on something that has a value already."""
    for part in superscript_parts(node.sup):
        if is_transpose(part):
            if isinstance(value, Tensor) and value.is_scalar:
                el.doubt()
            value = value.transposed()
        elif is_inverse_transpose(part):
            value = power(el, value, MINUS_ONE).transposed()
        elif isinstance(part, Group) and part.open in "([" and not isinstance(part.body, Number):
            raise MeaningError("an index stands on brackets")
        else:
            value = power(el, value, el.scalar(part))
    return value


def marked_value(el: Elaborator, base: Name, marks: Marks) -> Value:
    """The value of a name with its marks."""
    constant = _constant(el, base, marks)
    if constant is not None:
        return scalar(constant)
    special = special_value(el, base, marks)
    if special is not None:
        return special
    if _is_delta(el, marks):
        return scalar(Delta(marks.subs[0], marks.subs[1]))
    if marks.primes == 1 and is_turned(el, base, marks):
        marks.primes, marks.transposed = 0, not marks.transposed
    if marks.primes:
        return _primed(el, base, marks)
    value = plain_value(el, base, marks)
    if marks.inverse:
        value = power(el, value, MINUS_ONE)
    if marks.transposed:
        value = value.transposed()
    return value if marks.power is None else power(el, value, marks.power)


def is_turned(el: Elaborator, base: Name, marks: Marks) -> bool:
    """Whether a prime is a transpose: on a vector or matrix whose space the text states, and which is no function."""
    key = marks.name, is_bold(base)
    if key not in el.scope.declared or not el.scope.survey.declared_rank.get(key):
        return False
    return el.scope.lookup(marks.name, "function") is None and not el.scope.survey.heads[marks.name]


def _constant(el: Elaborator, base: Name, marks: Marks) -> Expr | None:
    if marks.subs or marks.sups or marks.primes or base.accents or marks.transposed:
        return None
    if base.text in el.env:
        bound = el.env[base.text]
        return bound if marks.power is None else Pow(bound, marks.power)
    known = {"e": Const("e"), "pi": Const("pi")}.get(base.text)
    if known is None or base.font not in ("", "rm") or marks.name != base.text:
        return None
    if el.scope.lookup(base.text) is not None or (marks.power is None and is_variable(el, base.text)):
        return None
    if known == Const("e") and marks.power is not None:
        return Call("exp", (marks.power,))
    value = power(el, scalar(known), marks.power) if marks.power is not None else scalar(known)
    return value.body if isinstance(value, Tensor) else None


def special_value(el: Elaborator, base: Name, marks: Marks) -> Value | None:
    """The vectors of ones and zeros and the identity matrix, whose size is what their surroundings need."""
    if marks.power is not None or marks.primes or marks.sups or base.accents:
        return None
    if base.text in ("0", "1"):
        entry = Num(int(base.text))
        if marks.subs:
            return scalar(entry)
        row = unsized_axis(el)
        return Tensor(None, row, entry) if marks.transposed else Tensor(row, None, entry)
    if base.text == "I" and not marks.subs and _is_identity(el, base):
        row = unsized_axis(el)
        col = Axis(el.fresh("b"), row.lo, row.hi)
        return Tensor(row, col, Delta(Sym(row.index), Sym(col.index)))
    return None


def unsized_axis(el: Elaborator) -> Axis:
    """An axis whose range is learnt from what it meets."""
    index = el.fresh("a")
    lo, hi = el.ranges.of_set(f"size of {index} {id(el)}")
    return Axis(index, lo, hi)


def _is_identity(el: Elaborator, base: Name) -> bool:
    survey, name = el.scope.survey, canonical(base)
    if el.scope.lookup(name) is not None or name in survey.sizes or survey.denominators[name]:
        return False
    return not (survey.letter_subscripts[name] or survey.applied[name] or survey.sup_indices[name])


def _is_delta(el: Elaborator, marks: Marks) -> bool:
    """`\\delta_{ij}` is Kronecker's, unless the document uses δ for something else."""
    if marks.name != "delta" or len(marks.subs) != 2 or marks.sups or marks.primes:
        return False
    survey = el.scope.survey
    other = survey.letter_subscripts["delta"] - survey.two_subscripts["delta"] + survey.sup_indices["delta"]
    return not other and el.scope.lookup("delta") is None


def _primed(el: Elaborator, base: Name, marks: Marks) -> Value:
    """`f'` of a function is its derivative at its own argument; other primed names are just other names."""
    if el.scope.is_function(marks.name) and not marks.subs and el.scope.lookup(marks.name, "function"):
        return derivative_of_function(el, marks.name, marks.primes)
    scalar_definition = el.scope.lookup(marks.name, "scalar")
    if scalar_definition is not None and not marks.subs and isinstance(scalar_definition.body, Tensor):
        symbols = {n for n in walk(scalar_definition.body.body) if isinstance(n, Sym | Entry)}
        if len(symbols) == 1:
            body: Expr = Sym(marks.name)
            variable = symbols.pop()
            for _ in range(marks.primes):
                body = Derivative(body, variable)
            return scalar(body)
    marks.name += "prime" * marks.primes
    return indexed(el, marks, kind_of(el, base, marks))


def derivative_of_function(el: Elaborator, name: str, order: int) -> Value:
    """The derivative of a function of one argument at that argument."""
    argument = usual_argument(el, name)
    return scalar(Apply(name, (argument,), (order,)))


def usual_argument(el: Elaborator, name: str) -> Expr:
    """The argument a function of one variable is written with, or a placeholder."""
    definition = el.scope.lookup(name, "function")
    if definition is not None and len(definition.params) == 1:
        return Sym(definition.params[0])
    keys = sorted(key for key in el.scope.survey.group_args.get(name, ()) if key != "?" and "," not in key)
    return Sym(keys[0]) if len(keys) == 1 else Sym("_argument")


def _may_be_imaginary(el: Elaborator, base: Name) -> bool:
    """A bare i that counts nothing anywhere may be the imaginary unit."""
    survey = el.scope.survey
    if base.text != "i" or base.font not in ("", "rm") or el.scope.lookup("i") is not None:
        return False
    return "i" not in survey.bound_letters and not survey.index_letters["i"] and not survey.denominators["i"]


def plain_value(el: Elaborator, base: Name, marks: Marks) -> Value:
    """A symbol with its indices: scalar, member of a family, vector or matrix."""
    scope = el.scope
    if _may_be_imaginary(el, base) and not (marks.subs or marks.sups):
        raise MeaningError("i may be the imaginary unit")
    if base.font == "bb" and base.text == "E":
        raise MeaningError("an expectation without brackets")
    definition = scope.lookup(marks.name, "function")
    if definition is not None and not (marks.subs or marks.sups) and not scope.lookup(marks.name, "scalar"):
        return scalar(Apply(marks.name, tuple(Sym(p) for p in definition.params)))
    grid = scope.grids.get(marks.name) if not marks.sups else None
    if grid is not None:
        # what is written out may be one example of what is said in general before and after
        entry = _entry_of(grid, marks.subs) if el.reading.choose(("written", marks.name)) == 1 else None
        if entry is not None:
            return entry
    return indexed(el, marks, kind_of(el, base, marks))


def _entry_of(grid: Grid, subs: list[Expr]) -> Value | None:
    """What is written out, or one entry of it; None for an entry by a letter."""
    if not subs:
        return grid
    if not all(isinstance(part, Num) for part in subs):
        return None
    places = [int(part.value) - 1 for part in subs if isinstance(part, Num)]
    if len(places) == 1 and 1 in grid.shape:
        places = [places[0], 0] if grid.shape[1] == 1 else [0, places[0]]
    if len(places) != 2 or not all(0 <= place < size for place, size in zip(places, grid.shape, strict=True)):
        return None
    return scalar(grid.entries[places[0]][places[1]])


def kind_of(el: Elaborator, base: Name, marks: Marks) -> Kind:
    """The shape that a name has with its marks: as this reading has it, declared, learnt, or likely."""
    numbered = "".join(f"^{part.value}" for part in marks.sups if isinstance(part, Num))
    key = (marks.name + numbered, is_bold(base), len(marks.subs))
    kind = el.reading.kinds.get(key) or el.scope.learned.get(key)
    declared = (marks.name, is_bold(base)) in el.scope.survey.declared_rank and key not in el.scope.settled
    if kind is None or declared:
        row = el.scope.survey.declared_rows.get((marks.name, is_bold(base)), False)
        stated = Kind(max(rank_of(el, base, marks) - len(marks.subs), 0), row)
        turned = el.reading.kinds.get(key)
        kind = turned if turned is not None and turned.rank == stated.rank == 1 else stated
    el.kinds_met.setdefault(key, kind)
    if marks.transposed and kind.rank == 0:
        el.doubt()
    return kind


def rank_of(el: Elaborator, base: Name, marks: Marks) -> int:
    """How many axes the name has before its subscripts are taken off, by its typography and use."""
    survey, bold = el.scope.survey, is_bold(base)
    rank = survey.declared_rank.get((marks.name, bold), survey.rank(canonical(base), bold=bold))
    if rank is None and marks.name in el.inner_names:
        rank = 1
    least = least_rank(el.scope.arrays, marks.name, bold=bold, subscripted=bool(marks.subs))
    rank = max(rank or 0, 2 if least and marks.name[:1].isupper() and not marks.subs else least)
    if rank == 0:
        return 0
    if rank == 1 and marks.subs:
        kind = "number" if isinstance(marks.subs[0], Num) else "letter"
        member = marks.transposed or (canonical(base), kind) in survey.vector_members
        member = member or (bold and canonical(base) in survey.bold_subscripted)
        return rank + len(marks.subs) if member else rank
    if (marks.name, bold) in survey.declared_rank or marks.transposed or least:
        return rank
    return rank if el.reading.choose(("vector", marks.name)) == 0 else 0


def indexed(el: Elaborator, marks: Marks, kind: Kind) -> Value:
    """The family entry, with axes for what the subscripts leave open."""
    given = len(marks.sups) + len(marks.subs)
    if not given and not kind.rank:
        return scalar(Sym(marks.name))
    if kind.rank > 2:
        raise MeaningError(f"{marks.name} has more than two axes")
    axes = []
    for k in range(kind.rank):
        lo, hi = el.ranges.of_slot((marks.name, len(marks.sups), given + k))
        axes.append(Axis(el.fresh("ab"[k]), lo, hi))
    indices = (*marks.sups, *marks.subs, *(Sym(axis.index) for axis in axes))
    body = Entry(marks.name, indices, len(marks.sups))
    rows = axes[0] if axes else None
    cols = axes[1] if kind.rank == 2 else None
    if kind.rank == 1 and (kind.row or _as_row(el, marks.name)):
        rows, cols = None, rows
    return Tensor(rows, cols, body)


def _as_row(el: Elaborator, name: str) -> bool:
    """Whether a vector stands as a row: as the document has it, or tried both ways."""
    for bold in (False, True):
        if (name, bold) in el.scope.survey.declared_rows:
            return el.scope.survey.declared_rows[name, bold]
    settled = el.scope.rows.get(name)
    if settled is None and ((name, False) in el.scope.declared or (name, True) in el.scope.declared):
        settled = False
    return settled if settled is not None else el.reading.choose(AS_ROWS) == 1


def variable_name(node: Node) -> str | None:
    """The canonical name of a variable of differentiation."""
    return base_name(node)
