"""Sums, products, limits and integrals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deriv.errors import MeaningError
from deriv.expr.nodes import (
    ONE,
    ZERO,
    Add,
    Antiderivative,
    Apply,
    Const,
    Delta,
    Derivative,
    Entry,
    Expr,
    Integral,
    Limit,
    Mul,
    Num,
    Product,
    Sum,
    Sym,
    neg,
    walk,
)
from deriv.expr.substitute import free_symbols, substitute
from deriv.expr.tensor import Tensor, Value, scalar
from deriv.latex.nodes import (
    BigOp,
    Chain,
    Group,
    Items,
    Name,
    Node,
    Script,
    Symbol,
)
from deriv.meaning.applications import nodes_of
from deriv.meaning.functions import condition, indicator_of
from deriv.meaning.names import canonical, children, is_index_letter
from deriv.meaning.survey import parts_of, superscript_parts

if TYPE_CHECKING:
    from deriv.meaning.elaborate import Elaborator


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
    if not letters and (letter := _only_index(el, node)) is not None:
        letters = [letter]
    if not letters:
        return _anonymous(el, node)
    saved = dict(el.env)
    bound = {letter: el.fresh(letter) for letter in letters}
    if isinstance(node.sup, Name) and node.sup.text in letters and not node.sup.accents:
        raise MeaningError(f"the index {node.sup.text} is its own bound")
    ranges = {letter: _explicit_range(el, explicit.get(letter), node.sup) for letter in letters}
    el.env |= {letter: Sym(name) for letter, name in bound.items()}
    el.written_ranges |= {bound[letter]: pair for letter, pair in ranges.items() if pair is not None}
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


def _only_index(el: Elaborator, node: BigOp) -> str | None:
    """The i of `\\sum X_i`, where it is the only index of the body that is bound nowhere and other sums bind it."""
    if node.sub is not None or node.sup is not None or node.body is None:
        return None
    letters: set[str] = set()
    waiting = [node.body]
    while waiting:
        part = waiting.pop()
        if isinstance(part, BigOp):
            return None
        if isinstance(part, Script):
            marks = [*parts_of(part.sub), *(m.body for m in superscript_parts(part.sup) if isinstance(m, Group))]
            letters |= {m.text for m in marks if isinstance(m, Name) and is_index_letter(m) and m.text not in el.env}
        waiting.extend(children(part))
    if len(letters) != 1 or not letters <= el.scope.survey.bound_letters:
        return None
    letter = letters.pop()
    if el.reading.choose(("sum over", letter)) == 1:
        return None
    el.note(f"a sum without an index is read as a sum over {letter}")
    return letter


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
    assert left is not None
    assert right is not None
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
        return bounds or _range_of_other(el, index, body) or el.ranges.of_set(letter)
    first = el.ranges.of_slot(used[0])
    for slot in used[1:]:
        el.ranges.unify(first, el.ranges.of_slot(slot))
    if bounds is None:
        return first
    if _are_whole(bounds, body):
        el.ranges.unify(first, bounds)
    return bounds


def _are_whole(bounds: tuple[Expr, Expr], body: Value) -> bool:
    """Whether a sum runs over all there is, as far as its bounds tell: not from 2, nor up to another index."""
    lo, hi = bounds
    indices = {part for node in nodes_of(body) if isinstance(node, Entry) for part in node.indices}
    letters = {part.name for part in indices if isinstance(part, Sym)}
    plain = lo == ZERO or (lo == ONE and isinstance(hi, Sym | Num | Const))
    return plain and letters.isdisjoint(free_symbols(hi))


def _range_of_other(el: Elaborator, index: str, body: Value) -> tuple[Expr, Expr] | None:
    """The written range of the index that another is compared with: the j of `\\sum_{j \\neq n}` is an n."""
    for node in nodes_of(body):
        if isinstance(node, Delta) and Sym(index) in node.children:
            for part in node.children:
                if isinstance(part, Sym) and part.name in el.written_ranges:
                    return el.written_ranges[part.name]
    return None


def slots_of(body: Value, index: str) -> list[tuple[str, int, int]]:
    """The family positions in which a bound index stands alone, in a fixed order."""
    found = set()
    for node in nodes_of(body):
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
            or "#" in part.name
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
        sides = {"plus": "+", "minus": "-"}
        if point.sup.text not in sides:
            raise MeaningError("the limit does not say where its variable goes")
        side, point = sides[point.sup.text], point.base
    saved = dict(el.env)
    if isinstance(variable, Name):
        el.env[variable.text] = Sym(canonical(variable))  # a number here, whatever else the letter stands for
    try:
        symbol, target, body = el.scalar(variable), el.scalar(point), el.scalar(node.body)
    finally:
        el.env = saved
    if not isinstance(symbol, Sym):
        raise MeaningError("the limit's variable is not a symbol")
    return scalar(Limit(body, symbol.name, target, side))


def at_point(el: Elaborator, node: Script) -> Value | None:
    """`f'(x)|_{x=1}` and `[F(x)]_a^b`; None when the script is another one."""
    base = node.base
    difference = node.sub is not None and node.sup is not None
    if not isinstance(base, Group) or node.primes or not (base.open == "|at" or (base.open == "[" and difference)):
        return None
    value = el.value(base.body)
    if not isinstance(value, Tensor) or not value.is_scalar:
        raise MeaningError("a vector or matrix at a point is not judged yet")
    parts = list(walk(value.body))
    if any(isinstance(part, Derivative) for part in parts):
        raise MeaningError("a derivative at a point is not judged yet")
    names = {part for part in parts if isinstance(part, Sym | Entry) and "." not in part.name}
    if any(el.scope.lookup(part.name) is not None for part in names):
        raise MeaningError("a quantity with a definition at a point is not judged yet")
    ends = [substitute(value.body, _point(el, end, names)) for end in (node.sub, node.sup) if end is not None]
    return scalar(ends[0] if len(ends) == 1 else Add((ends[1], neg(ends[0]))))


def _point(el: Elaborator, node: Node, names: set[Sym | Entry]) -> dict[Expr, Expr]:
    """What is put in: `x = 1`, `x = 0, y = 2`, or a number for the only symbol there is."""
    found: dict[Expr, Expr] = {}
    for part in node.items if isinstance(node, Items) else (node,):
        if not isinstance(part, Chain):
            if len(names) != 1:
                raise MeaningError("what is put in at a point is not written")
            found |= dict.fromkeys(names, el.scalar(part))
            continue
        left, *rest = part.parts
        if len(rest) != 1 or part.relations[0].text != "=" or left is None or rest[0] is None:
            raise MeaningError("what is put in at a point is not understood")
        found[el.scalar(left)] = el.scalar(rest[0])
    return found


def _integral(el: Elaborator, node: BigOp) -> Value:
    if node.differential is None or node.body is None or (node.sub is None) != (node.sup is None):
        raise MeaningError("the integral does not say over what it is taken")
    variable = el.scalar(node.differential)
    if node.sub is None or node.sup is None:
        if not isinstance(variable, Sym | Apply):
            raise MeaningError("the variable of the integral is not a symbol")
        return scalar(Antiderivative(el.scalar(node.body), variable))
    if not isinstance(variable, Sym):
        raise MeaningError("the variable of the integral is not a symbol")
    return scalar(Integral(el.scalar(node.body), variable.name, el.scalar(node.sub), el.scalar(node.sup)))
