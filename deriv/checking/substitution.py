"""Steps that put something in for a symbol: `(y - ŷ)^2 = (y - f(x))^2` says ŷ = f(x) without saying so.

The two sides are matched part by part.  Where one side has an undefined symbol and the other an expression, the
symbol stands for it; the step then holds under that assumption, which is also kept as a definition.
"""

from __future__ import annotations

from deriv.latex.nodes import Decorated, Group, Items, Name, Node, Number, Script
from deriv.meaning.names import all_names, base_name, children
from deriv.meaning.scope import Scope

_MAX_PAIRS = 8


def put_in(scope: Scope, lhs: Node, rhs: Node) -> list[tuple[Node, Node]] | None:
    """The symbols of the left side with what stands in their place, or None when the sides do not match."""
    pairs: list[tuple[Node, Node]] = []
    if not _match(lhs, rhs, pairs) or not pairs:
        return None
    found: dict[object, tuple[Node, Node]] = {}
    for symbol, body in pairs:
        key = _text(symbol)
        if key in found and _text(found[key][1]) != _text(body):
            return None
        found[key] = (symbol, body)
    if len(found) > _MAX_PAIRS or not all(_may_stand_for(scope, a, b) for a, b in found.values()):
        return None
    return list(found.values())


def is_open(found: list[tuple[Node, Node]], rhs: Node) -> bool:
    """Whether numbers stand for some symbols while others stay: put in, or a slip, which the text alone can tell."""
    return any(isinstance(_strip(body), Number) for _, body in found) and _has_symbols(rhs)


def _has_symbols(node: Node) -> bool:
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, Name) and len(part.text) == 1:
            return True
        stack.extend(children(part))
    return False


def _strip(node: Node) -> Node:
    while isinstance(node, Decorated) or (
        isinstance(node, Group) and node.open in "([{" and not isinstance(node.body, Items)
    ):
        node = node.body
    return node


def _match(a: Node, b: Node, pairs: list[tuple[Node, Node]]) -> bool:
    a, b = _strip(a), _strip(b)
    if _text(a) == _text(b):
        return True
    if _is_symbol(a):
        pairs.append((a, b))
        return True
    if type(a) is not type(b) or _data(a) != _data(b):
        return False
    inner_a, inner_b = children(a), children(b)
    if len(inner_a) != len(inner_b) or not inner_a:
        return False
    return all(_match(x, y, pairs) for x, y in zip(inner_a, inner_b, strict=True))


def _is_symbol(node: Node) -> bool:
    if isinstance(node, Name):
        return True
    plain = isinstance(node, Script) and isinstance(node.base, Name) and not node.primes
    return plain and isinstance(node, Script) and (node.sup is None or isinstance(node.sup, Group))


def _data(node: Node) -> tuple[object, ...]:
    """Everything in a node that is neither a place nor a part."""
    plain = []
    for name in node.__slots__:
        value = getattr(node, name)
        if isinstance(value, str | int | bool) or (
            isinstance(value, tuple) and all(isinstance(part, str) for part in value)
        ):
            plain.append(value)
    return tuple(plain)


def _text(node: Node) -> tuple[object, ...]:
    """A node without places, brackets that only group, and marks that change nothing."""
    node = _strip(node)
    return (type(node).__name__, *_data(node), *map(_text, children(node)))


def _may_stand_for(scope: Scope, symbol: Node, body: Node) -> bool:
    name = base_name(symbol)
    if name is None or all_names(body) & {name}:
        return False
    if scope.survey.denominators[name] and any(name in d.params for d in scope.history):
        return False
    if scope.lookup(name) is not None:
        return False
    body = _strip(body)
    return not _is_symbol(body)
