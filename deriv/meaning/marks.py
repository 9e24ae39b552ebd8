"""Which sub- and superscripts of a name are indices, labels, powers or transposes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deriv.errors import MeaningError
from deriv.expr.nodes import Add, Entry, Expr, Num, Sym, neg
from deriv.latex.nodes import Additive, Group, Name, Node, Number, Script, Symbol, Text
from deriv.meaning.names import canonical, counts_nothing, is_index_letter, is_label, is_letter, label_text
from deriv.meaning.survey import is_transpose, parts_of, superscript_parts

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator


@dataclass
class Marks:
    """What stands on a name."""

    name: str
    subs: list[Expr] = field(default_factory=list)
    sups: list[Expr] = field(default_factory=list)
    transposed: bool = False
    inverse: bool = False
    power: Expr | None = None
    primes: int = 0


def is_inverse_transpose(node: Node) -> bool:
    """`-T` as a superscript."""
    return isinstance(node, Additive) and node.signs == ("-",) and is_transpose(node.terms[0])


def marks_of(el: Elaborator, base: Name, node: Script) -> Marks:
    """Sort the scripts of a name into label, indices, transpose and power."""
    marks = Marks(canonical(base), primes=node.primes)
    parts = _separated(el, marks.name, parts_of(node.sub))
    pair = _is_index_pair(el, marks.name, parts)
    for part in parts:
        index = Sym(part.text) if pair and isinstance(part, Name) and part.text not in el.env else index_expr(el, part)
        if index is None:
            marks.name += f"_{label_text(part)}"
        else:
            marks.subs.append(index)
    parts = superscript_parts(node.sup)
    if marks.name == "e" and len(parts) > 1 and node.sup is not None:
        parts = (node.sup,)  # a product in the exponent
    for part in parts:
        _superscript(el, marks, part)
    _numbered(el, marks)
    return marks


def _is_index_pair(el: Elaborator, name: str, parts: Sequence[Node]) -> bool:
    """Whether two small letters below a name are both indices: the a of `w_{ab}` where b is one, or all of a matrix."""
    if len(parts) != 2 or not all(is_letter(part) and isinstance(part, Name) and part.text.islower() for part in parts):
        return False
    return bool(el.scope.entries.get(name)) or any(index_expr(el, part) is not None for part in parts)


def _separated(el: Elaborator, name: str, parts: Sequence[Node]) -> Sequence[Node]:
    """The two digits of `a_{12}`, where a_{ij} are known to be the entries of a matrix."""
    only = parts[0] if len(parts) == 1 else None
    if not (isinstance(only, Number) and re.fullmatch("[1-9]{2}", only.text) and el.scope.entries.get(name)):
        return parts
    return tuple(Number(only.span, digit) for digit in only.text)


def _numbered(el: Elaborator, marks: Marks) -> None:
    """Numbers count nothing where no letter ever does: `a_1`, `a_2`, `W^{[1]}` are quantities of their own."""
    survey, stem = el.scope.survey, marks.name
    if marks.sups and all(isinstance(s, Num) for s in marks.sups) and not survey.sup_letters[stem]:
        marks.name += "__" + "_".join(str(s.value) for s in marks.sups if isinstance(s, Num))
        marks.sups = []
    elif marks.subs and all(isinstance(s, Num) for s in marks.subs) and _only_numbered(el, stem):
        marks.name += "_" + "_".join(str(s.value) for s in marks.subs if isinstance(s, Num))
        marks.subs = []


def _only_numbered(el: Elaborator, stem: str) -> bool:
    """Whether a name is never subscripted by letters, written bare or declared: then a number tells quantities apart.

    A transpose or bold type belongs to the numbered quantity: `a_1^T` is a vector of its own, no entry.
    """
    survey = el.scope.survey
    if survey.letter_subscripts[stem] or survey.bare[stem] or el.scope.lookup(stem) is not None:
        return False
    if stem[:1].isupper():
        return not survey.two_subscripts[stem]  # W_1 and W_2 are matrices of their own: an entry would have two numbers
    return not any((stem, bold) in survey.declared_rank for bold in (False, True))


def index_expr(el: Elaborator, part: Node) -> Expr | None:
    """A subscript as an index; None when it is a label."""
    match part:
        case Number(text=text) if text.isdigit():
            return Num(int(text))
        case Name(text=text) if text in el.env:
            return el.env[text]
        case Name() if is_index_letter(part):
            return Sym(part.text)
        case Name(text=text) if is_letter(part) and (
            text in el.scope.survey.bound_letters or text in el.scope.survey.sizes
        ):
            return Sym(text)
        case Additive(signs=signs, terms=terms):
            inner = [index_expr(el, term) for term in terms]
            if any(term is None for term in inner):
                return None
            signed = [t if s == "+" else neg(t) for s, t in zip(signs, inner, strict=True) if t is not None]
            return Add(tuple(signed))
        case Script(base=Name(), sub=sub) if sub is not None and part.sup is None:
            inner_index = index_expr(el, sub)
            return Entry(canonical(part.base), (inner_index,)) if inner_index is not None else None  # type: ignore[arg-type]
        case _:
            return None


def _superscript(el: Elaborator, marks: Marks, part: Node) -> None:
    if isinstance(part, Group) and part.open in ("(", "[") and not _is_exponent(el, marks, part.body):
        index = index_expr(el, part.body)
        if index is None:
            marks.name += f"__{label_text(part.body)}"
        else:
            marks.sups.append(index)
    elif is_transpose(part):
        marks.transposed = True
    elif is_inverse_transpose(part):
        marks.transposed = marks.inverse = True
    elif isinstance(part, Symbol | Text) or (is_label(part) and not _is_exponent(el, marks, part)):
        marks.name += f"_{label_text(part)}"
    elif _is_index_superscript(el, marks.name, part):
        index = index_expr(el, part)
        if index is None:
            raise MeaningError("a superscript that is neither an index nor a power")
        marks.sups.append(index)
    else:
        if marks.power is not None:
            raise MeaningError("two exponents on one name")
        marks.power = el.scalar(part)


def _is_exponent(el: Elaborator, marks: Marks, inside: Node) -> bool:
    """Whether brackets above a name hold a power: nobody numbers by a fraction, a root or a sum over an index."""
    return counts_nothing(inside) or (marks.name == "e" and not is_variable(el, "e"))


def _is_index_superscript(el: Elaborator, name: str, part: Node) -> bool:
    """Whether a bare superscript counts (data point, layer, step) instead of multiplying."""
    survey = el.scope.survey
    if isinstance(part, Number):
        likely = name in survey.numeral_labels and name not in ("e", "pi")
        return likely and el.reading.choose(("numeral", name)) == 0
    if not isinstance(part, Name | Additive) or index_expr(el, part) is None:
        return False
    letters = [term for term in (part.terms if isinstance(part, Additive) else (part,)) if isinstance(term, Name)]
    if not letters:
        return False
    if all(letter.text in survey.counting_above for letter in letters):
        return True  # nobody differentiates by a power
    likely = (
        survey.sup_indices[name] > 0
        or name in survey.numeral_labels
        or any(letter.text in el.env or letter.text in survey.counting_above for letter in letters)
    )
    return (el.reading.choose(("superscript", name)) == 0) == likely


def is_variable(el: Elaborator, name: str) -> bool:
    """Whether a letter that may be a constant (e, π) is used as a quantity."""
    survey = el.scope.survey
    used = survey.letter_subscripts[name] + survey.number_subscripts[name] + survey.denominators[name]
    return bool(used or survey.numerators[name] or name in survey.named or el.scope.lookup(name))
