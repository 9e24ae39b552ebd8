"""Names for values that the author did not name, after the part they play: `z`, `residual`."""

from __future__ import annotations

from collections.abc import Sequence

from deriv.engine.graph import Graph, Node, coefficients, depends_on, number_of, reachable


def roles(graph: Graph, root: Node, params: Sequence[Node]) -> dict[Node, str]:
    """A name for each array from which data is taken away, and for each other one that is affine in the parameters.

    The first is a residual; the second is called z where it enters something that is not affine.
    """
    nodes = reachable([root])
    moving = depends_on([root], params)
    affine = _affine(nodes, moving)
    bent = {arg for node in nodes if node not in affine for arg in node.args}
    found: dict[str, list[Node]] = {}
    for node in nodes:
        if node not in moving or not node.shape or node.op == "input" or node not in bent or node in graph.names:
            continue
        if _is_residual(node, moving):
            found.setdefault("residual", []).append(node)
        elif node in affine:
            found.setdefault("z", []).append(node)
    return {
        node: name if len(same) == 1 else f"{name}{k}"
        for name, same in found.items()
        for k, node in enumerate(same, start=1)
    }


def _affine(nodes: Sequence[Node], moving: set[Node]) -> set[Node]:
    """The nodes of degree at most one in the parameters."""
    found: set[Node] = set()
    for node in nodes:
        held = [a for a in node.args if a in moving]
        linear = node.op in ("add", "slice", "pick") or (node.op == "einsum" and len(held) == 1)
        if node not in moving or node.op == "input" or (linear and all(a in found for a in held)):
            found.add(node)
    return found


def _is_residual(node: Node, moving: set[Node]) -> bool:
    """Whether an array of data and one of parameters stand on opposite sides of a minus."""
    if node.op != "add":
        return False
    terms = list(zip(coefficients(node), node.args, strict=True))
    data = [c for c, arg in terms if arg not in moving and arg.shape and number_of(arg) is None]
    return any(c * f < 0 for c in data for f, arg in terms if arg in moving)
