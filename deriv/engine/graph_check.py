"""What a well-formed expression graph is."""

from __future__ import annotations

from collections.abc import Iterable

from deriv.engine.graph import Dim, Node, einsum_out, reachable, refs


def validate(roots: Iterable[Node]) -> None:
    """Check that every argument has as many indices as axes and that lengths agree; a bug if not."""
    for node in reachable(roots):
        if node.op not in ("einsum", "add", "map"):
            continue
        lengths: dict[int, Dim] = {} if node.op == "einsum" else dict(enumerate(node.shape))
        for ref in refs(node):
            assert len(ref.indices) == len(ref.node.shape), node
            for index, dim in zip(ref.indices, ref.node.shape, strict=True):
                assert lengths.setdefault(index, dim) == dim, (node, index, dim)
        if node.op == "einsum":
            assert node.shape == tuple(lengths[i] for i in einsum_out(node)), node
