"""Gradients in matrix notation by the rules of a textbook: an oracle that knows nothing of index forms."""

from __future__ import annotations

from tests.tensors.maker import (
    SCALAR,
    Node,
    by_entries,
    each,
    inverse,
    number,
    plus,
    product,
    scaled,
    trace,
    turned,
)


def gradient(root: Node, name: str) -> Node | None:
    """∂root/∂name, laid out like the variable; None where root does not depend on it."""
    return _back(root, number(1), name)


def _back(node: Node, seed: Node, name: str) -> Node | None:
    """What `seed`, the gradient of the loss by this node, adds to the gradient by a variable."""
    if node.op == "leaf":
        return seed if node.what == name else None
    found: Node | None = None
    for part, adjoint in zip(node.parts, _adjoints(node, seed), strict=True):
        if name in part.names():
            term = _back(part, adjoint, name)
            found = term if found is None or term is None else plus(found, term)
    return found


def _adjoints(node: Node, seed: Node) -> tuple[Node, ...]:
    parts = node.parts
    match node.op:
        case "turned":
            return (turned(seed),)
        case "product":
            return _times(seed, turned(parts[1])), _times(turned(parts[0]), seed)
        case "plus":
            return seed, seed
        case "minus":
            return seed, scaled(number(-1), seed)
        case "entries":
            return by_entries(seed, parts[1]), by_entries(seed, parts[0])
        case "scaled":
            inner = _times(seed, parts[1]) if node.shape == SCALAR else trace(product(turned(seed), parts[1]))
            return inner, scaled(parts[0], seed)
        case "each":
            slope = _slope(str(node.what), parts[0])
            return (scaled(seed, slope) if node.shape == SCALAR else by_entries(seed, slope),)
        case "trace":
            return (scaled(seed, Node("eye", parts[0].shape)),)
        case "squares":
            return (scaled(seed, scaled(number(2), parts[0])),)
        case "inverse":
            return (scaled(number(-1), product(product(turned(node), seed), turned(node))),)
        case "logdet":
            return (scaled(seed, turned(inverse(parts[0]))),)
    return ()


def _times(a: Node, b: Node) -> Node:
    """A product in which a scalar is a factor and not a matrix."""
    if SCALAR in (a.shape, b.shape):
        return scaled(a, b) if a.shape == SCALAR else scaled(b, a)
    return product(a, b)


def _slope(function: str, at: Node) -> Node:
    match function:
        case "tanh":
            return Node("minus", at.shape, (number(1), by_entries(each("tanh", at), each("tanh", at))))
        case "sin":
            return each("cos", at)
        case "cos":
            return scaled(number(-1), each("sin", at))
    return each("exp", at)
