"""One slip in an expression, of the kinds that people make with matrices."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.tensors.maker import LEAVES, Node, by_entries, leaf, number, product, scaled, turned


def slips(root: Node, dice: random.Random) -> list[Node]:
    """Variants of `root` with one slip each, well-typed ones only, in random order."""
    found = [new for new in _everywhere(root) if new.shape == root.shape and new != root]
    dice.shuffle(found)
    return found


def _everywhere(node: Node) -> Iterator[Node]:
    yield from _here(node)
    for k, part in enumerate(node.parts):
        for new in _everywhere(part):
            if new.shape == part.shape:
                yield Node(node.op, node.shape, (*node.parts[:k], new, *node.parts[k + 1 :]), node.what)


def _here(node: Node) -> Iterator[Node]:
    parts = node.parts
    square = node.shape[0] == node.shape[1] is not None
    match node.op:
        case "leaf":
            yield from (leaf(name) for name, shape in LEAVES.items() if shape == node.shape and name != node.what)
            if square:
                yield turned(node)
        case "turned" if square:
            yield parts[0]
        case "product" if parts[0].shape == parts[1].shape == node.shape:
            yield product(parts[1], parts[0])
            yield by_entries(*parts)
        case "entries" if square:
            yield product(*parts)
        case "plus":
            yield Node("minus", node.shape, parts)
            yield from parts
        case "minus":
            yield Node("plus", node.shape, parts)
            if parts[0].shape == parts[1].shape:
                yield Node("minus", node.shape, (parts[1], parts[0]))
        case "scaled":
            yield parts[1]
        case "each" if node.what != "exp":
            yield Node("each", node.shape, parts, {"tanh": "sin", "sin": "cos", "cos": "sin"}[str(node.what)])
    yield scaled(number(2), node)
