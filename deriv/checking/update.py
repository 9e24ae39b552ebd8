"""Update rules: `w := w - η ∂L/∂w`, `w_{new} = w_{old} - …`, `θ_{t+1} = θ_t - …` are assignments, not equations."""

from __future__ import annotations

from deriv.latex.nodes import Additive, Name, Node, Number, Script
from deriv.meaning.names import all_names, base_name, children
from deriv.meaning.scope import Scope


def is_update(scope: Scope, left: Node, relation: str, right: Node) -> bool:
    """Whether a formula gives a new value to a name that stands on its right side too."""
    name = base_name(left)
    if name is None or not isinstance(left, Name | Script):
        return False
    if name not in all_names(right):
        return False
    if relation == ":=":
        return True
    if _marks_step(left) or (isinstance(left, Script) and left.primes):
        return True
    return _same_symbol(left, right) and isinstance(right, Additive)


def _marks_step(left: Node) -> bool:
    """`w_{new}`, `θ_{t+1}`, `w^{(t+1)}`: a word or a count-up as a mark."""
    if not isinstance(left, Script):
        return False
    marks = [mark for mark in (left.sub, left.sup) if mark is not None]
    stack = list(marks)
    while stack:
        part = stack.pop()
        if isinstance(part, Additive) and len(part.terms) == 2 and isinstance(part.terms[1], Number):
            return isinstance(part.terms[0], Name)
        if isinstance(part, Name) and len(part.text) > 1 and part.font == "rm":
            return True
        if isinstance(part, Name) and part.text in ("new", "next"):
            return True
        stack.extend(children(part))
    return False


def _same_symbol(left: Node, right: Node) -> bool:
    """Whether the left side stands, mark for mark, as a term on the right: `W = W - …`."""
    terms = right.terms if isinstance(right, Additive) else ()
    return any(_shape(term) == _shape(left) for term in _first_factors(terms))


def _first_factors(terms: tuple[Node, ...]) -> list[Node]:
    found: list[Node] = []
    for term in terms:
        found.extend([term, *children(term)])
    return found


def _shape(node: Node) -> object:
    """A node without its places."""
    if isinstance(node, Name):
        return ("name", node.text, node.accents, node.font)
    return (type(node).__name__, tuple(map(_shape, children(node))), getattr(node, "text", ""))
