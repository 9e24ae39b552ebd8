"""Declarations: `x \\in \\mathbb{R}^n`, `y \\in \\{-1, 1\\}`, `\\sigma > 0`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from deriv.checking.define import marks_in
from deriv.expr.domain import NONNEGATIVE, REAL, UNIT_INTERVAL, Fact
from deriv.expr.nodes import ONE, Decimal, Expr, Num, Sym
from deriv.latex.nodes import Additive, Group, Items, Name, Node, Number, Product, Script
from deriv.meaning.arithmetic import number
from deriv.meaning.marks import Marks
from deriv.meaning.names import base_name
from deriv.meaning.scope import Scope
from deriv.meaning.survey import Kind, is_bold

_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def declare(scope: Scope, left: Node, relation: str, right: Node) -> bool:
    """Facts about names, such as `x > 0` or `y \\in \\{0, 1\\}`; False when they are not understood."""
    if relation in _TURNED and _numeral(left) is not None and _numeral(right) is None:
        left, relation, right = right, _TURNED[relation], left
    parts = left.items if isinstance(left, Items) else (left,)
    names = [base_name(part) for part in parts]
    if any(name is None for name in names):
        return False
    for name, part in zip(names, parts, strict=True):
        assert name is not None
        if relation == "in":
            _member(scope, name, right, part)
        else:
            bound = _numeral(right)
            if bound is None:
                return relation == "!="
            _compare(scope, name, relation, bound)
    return True


def _numeral(node: Node) -> Fraction | None:
    """The value of `1`, `-1`, `+1`."""
    if isinstance(node, Additive) and len(node.terms) == 1 and node.signs[0] in "+-":
        size = _numeral(node.terms[0])
        return -size if size is not None and node.signs[0] == "-" else size
    if not isinstance(node, Number):
        return None
    value = number(node.text)
    return value.value if isinstance(value, Num | Decimal) else None


def _compare(scope: Scope, name: str, relation: str, bound: Fraction) -> None:
    fact = scope.facts.get(name, Fact())
    if relation in (">", ">="):
        fact = replace(fact, lower=bound, open_lower=relation == ">")
    elif relation in ("<", "<="):
        fact = replace(fact, upper=bound, open_upper=relation == "<")
    else:
        scope.excluded.append(Sym(name))
        return
    scope.facts[name] = fact


def _member(scope: Scope, name: str, target: Node, left: Node) -> None:
    fact = listed(target)
    if fact is not None:
        scope.facts[name] = fact
    elif not isinstance(target, Group):
        _space(scope, name, target, left)


def listed(target: Node) -> Fact | None:
    """What `\\{-1, 1\\}`, `\\pm 1` or `[0, 1]` says of a name that is one of these numbers."""
    if isinstance(target, Additive):
        target = Group(target.span, "{", "}", target) if target.signs == ("±",) else target
    if not isinstance(target, Group) or target.body is None:
        return None
    items = target.body.items if isinstance(target.body, Items) else (target.body,)
    found = [end for item in items for end in _labels(item)]
    ends = tuple(sorted(end for end in found if end is not None))
    if len(ends) < len(found):
        return None
    if target.open == "{":
        return Fact(values=ends)
    return UNIT_INTERVAL if ends == (Fraction(0), Fraction(1)) and isinstance(target.body, Items) else None


def _labels(item: Node) -> list[Fraction | None]:
    """The value of an item of a set; `±1` is two."""
    if isinstance(item, Additive) and item.signs == ("±",):
        size = _numeral(item.terms[0])
        return [None] if size is None else [-size, size]
    return [_numeral(item)]


def _is_one(node: Node) -> bool:
    return isinstance(node, Number) and node.text == "1"


def _sizes(sup: Node | None) -> list[Expr]:
    """The sizes in `\\mathbb{R}^{n \\times d}`, when they are single letters or numbers."""
    parts = sup.factors if isinstance(sup, Product) and set(sup.ops) == {"times"} else (sup,)
    found: list[Expr] = []
    for part in parts:
        if isinstance(part, Name) and not part.accents:
            found.append(Sym(part.text))
        elif isinstance(part, Number) and part.text.isdigit() and part.text != "1":
            found.append(Num(int(part.text)))
        else:
            return []
    return found


def _space(scope: Scope, name: str, target: Node, left: Node) -> None:
    base, sup, sub = target, None, None
    if isinstance(target, Script):
        base, sup, sub = target.base, target.sup, target.sub
    labels = listed(base) if isinstance(base, Group) else None  # {0, 1}^n
    if labels is not None:
        scope.facts[name] = labels
    elif not (isinstance(base, Name) and base.text == "R"):
        return
    if sub is not None:
        scope.facts[name] = NONNEGATIVE
    if sup is None:
        rank = 0
        scope.facts.setdefault(name, REAL)
    elif isinstance(sup, Product) and "times" in sup.ops:
        rank = sum(not _is_one(factor) for factor in sup.factors)
    else:
        rank = 1
    sizes = _sizes(sup)
    marks = marks_in(scope, left) if isinstance(left, Script) else Marks(name)
    if marks is None or rank > 2:
        return
    row = rank == 1 and isinstance(sup, Product) and _is_one(sup.factors[0])
    if marks.subs or marks.sups:
        numbered = "".join(f"^{part.value}" for part in marks.sups if isinstance(part, Num))
        member = marks.name + numbered, is_bold(left), len(marks.subs)
        scope.learned[member] = Kind(rank, row)
        scope.settled.add(member)
        return
    name = marks.name
    if rank == len(sizes):
        for position, size in enumerate(sizes):
            if not scope.ranges.unify(scope.ranges.of_slot((name, 0, position)), (ONE, size)):
                scope.resized.add(name)
    key = name, is_bold(left)
    scope.survey.declared_rank[key] = rank
    scope.declared.add(key)
    if rank == 1 and isinstance(sup, Product):
        scope.survey.declared_rows[key] = row


def label_sets(left: Node | None, relation: str, right: Node | None) -> Iterator[tuple[str, Fact]]:
    """What is said of names that take a few numbers only: `y_i \\in \\{0, 1\\}`, `y = \\pm 1`."""
    fact = listed(right) if right is not None and relation in ("in", "=") else None
    if left is None or fact is None or not fact.values or (relation == "=" and not isinstance(right, Additive)):
        return
    for part in left.items if isinstance(left, Items) else (left,):
        name = base_name(part)
        if name is not None and isinstance(part, Name | Script):
            yield name, fact


def is_label_set(node: Node) -> bool:
    """`the labels are $\\pm 1$`: numbers, with the letter that takes them in words."""
    fact = listed(node)
    return fact is not None and len(fact.values) > 1
