"""Reverse accumulation on the expression graph: one sweep gives the gradient by every parameter family.

Each node met on the way back adds a bounded number of new nodes for each of its arguments, so that the program of
primals and cotangents is linear in the graph (A. Griewank, A. Walther, *Evaluating Derivatives*, 2nd ed., 2008,
chapter 4); cotangents stay in Einstein form (Laue, Mitterreiter, Giesen, AAAI 2020).  Derivatives of elementary
functions come from `expr.functions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deriv.engine.graph import (
    Graph,
    Indices,
    Node,
    Ref,
    Shape,
    axes_of,
    coefficients,
    depends_on,
    einsum_out,
    function_of,
    number_of,
    reachable,
    refs,
)
from deriv.engine.graph_lift import MASKS, lift_local
from deriv.errors import MeaningError
from deriv.expr.functions import FUNCTIONS
from deriv.expr.nodes import HALF, MINUS_ONE, ONE, ZERO, Add, Call, Cases, Expr, Mul, Pow, Sym, neg, reciprocal

Pull = Iterator[tuple[Node, Node]]
_PIECEWISE_CONSTANT = MASKS | {"sign", "step", "floor"}


def gradients(graph: Graph, loss: Node, parameters: Sequence[Node], flat: frozenset[Node] = frozenset()) -> list[Node]:
    """The gradient of a scalar node by each parameter, shaped like the parameter.

    Nodes in `flat` are functions whose slope is taken for one: the wrong gradient of someone who forgot it.
    """
    cotangents = reverse(graph, loss, parameters, flat)
    zero = graph.const(0)
    return [cotangents.get(p) or graph.full(zero, p.shape) for p in parameters]


def reverse(graph: Graph, loss: Node, sources: Sequence[Node], flat: frozenset[Node] = frozenset()) -> dict[Node, Node]:
    """The cotangent of every node between the sources and the loss."""
    if loss.shape:
        raise MeaningError(
            f"a gradient is taken of a scalar, and this has the shape ({', '.join(map(str, loss.shape))})"
        )
    moving = depends_on([loss], sources)
    collected: dict[Node, list[Node]] = {loss: [graph.const(1)]}
    found: dict[Node, Node] = {}
    for node in reversed(reachable([loss])):
        if node not in moving or node not in collected:
            continue
        axes = axes_of(node.shape)
        bar = graph.add([(1, Ref(part, axes)) for part in collected.pop(node)], node.shape)
        found[node] = bar
        if node in graph.names and bar not in graph.names and bar.op not in ("const", "ones"):
            graph.name(bar, f"d{graph.names[node]}")
        pulled = [(node.args[0], bar)] if node in flat else pullback(graph, node, bar)
        for argument, part in pulled:
            if argument in moving:
                collected.setdefault(argument, []).append(part)
    return found


def pullback(graph: Graph, node: Node, bar: Node) -> Pull:
    """What a cotangent of `node` contributes to each of its arguments."""
    rule = _RULES.get(node.op)
    if rule is None:
        return iter(())
    return rule(graph, node, bar)


def project(graph: Graph, factors: Sequence[Ref], indices: Indices, shape: Shape) -> Node:
    """The product of the factors as an array with these axes: summed, stretched or set on a diagonal as needed."""
    held = {i for ref in factors for i in ref.indices}
    fresh = max([-1, *held, *indices]) + 1
    out: list[int] = []
    extra: list[Ref] = []
    for index, dim in zip(indices, shape, strict=True):
        if index in out:
            extra.append(Ref(graph.eye(dim), (index, fresh)))
            index, fresh = fresh, fresh + 1
        elif index not in held:
            extra.append(Ref(graph.ones(dim), (index,)))
        out.append(index)
    return graph.einsum([*factors, *extra], tuple(out))


def _pull_einsum(graph: Graph, node: Node, bar: Node) -> Pull:
    operands = refs(node)
    upstream = Ref(bar, einsum_out(node))
    for k, ref in enumerate(operands):
        others = operands[:k] + operands[k + 1 :]
        yield ref.node, project(graph, [upstream, *others], ref.indices, ref.node.shape)


def _pull_add(graph: Graph, node: Node, bar: Node) -> Pull:
    upstream = Ref(bar, axes_of(node.shape))
    for coefficient, ref in zip(coefficients(node), refs(node), strict=True):
        factors = [Ref(graph.const(coefficient)), upstream]
        yield ref.node, project(graph, factors, ref.indices, ref.node.shape)


def _pull_map(graph: Graph, node: Node, bar: Node) -> Pull:
    function, args = function_of(node), refs(node)
    if function in _PIECEWISE_CONSTANT:
        return
    upstream = Ref(bar, axes_of(node.shape))
    env = {f"x{k}": ref for k, ref in enumerate(args)}
    dims = dict(enumerate(node.shape))
    if function == "pow" and number_of(args[1].node) == -1:  # the slope of 1/x is minus its square: share it
        own = Ref(node, axes_of(node.shape))
        factors = [Ref(graph.const(-1)), upstream, own, own]
        yield args[0].node, project(graph, factors, args[0].indices, args[0].node.shape)
        return
    for k, ref in enumerate(args):
        if function == "where":
            if k > 0:
                part = _pull_where(graph, node, bar, k)
                yield ref.node, project(graph, [Ref(part, axes_of(node.shape))], ref.indices, ref.node.shape)
            continue
        slope = lift_local(graph, partial(function, k, len(args)), env, dims)
        yield ref.node, project(graph, [upstream, slope], ref.indices, ref.node.shape)


def _pull_where(graph: Graph, node: Node, bar: Node, k: int) -> Node:
    """The cotangent where the branch was taken, zero elsewhere."""
    upstream, zero = Ref(bar, axes_of(node.shape)), Ref(graph.const(0))
    branches = (upstream, zero) if k == 1 else (zero, upstream)
    return graph.map("where", [refs(node)[0], *branches], node.shape)


def partial(function: str, k: int, count: int) -> Expr:
    """The derivative of a function by its argument k, in the symbols x0, x1, …"""
    args = tuple(Sym(f"x{j}") for j in range(count))
    own = _own_partials(function, args)
    if own is not None:
        return own[k]
    entry = FUNCTIONS.get(function)
    if entry is None or entry.partial is None:
        raise MeaningError(f"the function {function} has no derivative here")
    return entry.partial(args, k)


def _own_partials(function: str, args: tuple[Sym, ...]) -> tuple[Expr, ...] | None:
    """Functions that only the graph has, and those where code prefers another form of the derivative."""
    x = args[0]
    y = args[-1]
    match function:
        case "pow":
            lowered = Mul((y, Pow(x, Add((y, MINUS_ONE)))))
            return lowered, Mul((Pow(x, y), Call("log", (x,))))
        case "sqrt":
            return (Mul((HALF, reciprocal(Pow(x, HALF)))),)
        case "abs":
            return (Call("sign", (x,)),)
        case "bce":  # softplus(z) - y z
            return Add((Call("sigmoid", (x,)), neg(y))), neg(x)
        case "logcosh":
            return (Call("tanh", (x,)),)
        case "xlogx":
            return (Add((Call("log", (x,)), ONE)),)
        case "max":
            return Cases(((">", x, y, ONE),)), Cases(((">=", y, x, ONE),))
        case "min":
            return Cases((("<", x, y, ONE),)), Cases((("<=", y, x, ONE),))
        case "relu":
            return (Cases(((">", x, ZERO, ONE),)),)
    return None


def _pull_logsumexp(graph: Graph, node: Node, bar: Node) -> Pull:
    (inner,) = node.args
    axis = _axis(node)
    axes = axes_of(inner.shape)
    upstream = Ref(bar, axes[:axis] + axes[axis + 1 :])
    yield inner, graph.einsum([upstream, Ref(graph.along("softmax", inner, axis), axes)], axes)


def _pull_softmax(graph: Graph, node: Node, bar: Node) -> Pull:
    axes, axis = axes_of(node.shape), _axis(node)
    rest = axes[:axis] + axes[axis + 1 :]
    inner = graph.einsum([Ref(node, axes), Ref(bar, axes)], rest)
    centred = graph.add([(1, Ref(bar, axes)), (-1, Ref(inner, rest))], node.shape)
    yield node.args[0], graph.einsum([Ref(node, axes), Ref(centred, axes)], axes)


def _pull_log_rest(graph: Graph, node: Node, bar: Node) -> Pull:
    (inner,) = node.args
    yield inner, graph.make("log_rest_pull", (inner, bar), node.data, node.shape)


def _pull_prod(graph: Graph, node: Node, bar: Node) -> Pull:
    (inner,) = node.args
    axis, axes = _axis(node), axes_of(inner.shape)
    others = graph.along("prod_others", inner, axis)
    yield inner, graph.einsum([Ref(bar, axes[:axis] + axes[axis + 1 :]), Ref(others, axes)], axes)


def _pull_slice(graph: Graph, node: Node, bar: Node) -> Pull:
    (inner,) = node.args
    yield inner, graph.pad(bar, _axis(node), _position(node), inner.shape[_axis(node)])


def _pull_pad(graph: Graph, node: Node, bar: Node) -> Pull:
    (inner,) = node.args
    yield inner, graph.slice(bar, _axis(node), _position(node), inner.shape[_axis(node)])


def _pull_pick(graph: Graph, node: Node, bar: Node) -> Pull:
    (inner,) = node.args
    yield inner, graph.place(bar, _axis(node), _position(node), inner.shape[_axis(node)])


def _pull_place(graph: Graph, node: Node, bar: Node) -> Pull:
    yield node.args[0], graph.pick(bar, _axis(node), _position(node))


def _axis(node: Node) -> int:
    return node.data[0]  # type: ignore[return-value]


def _position(node: Node) -> int:
    return node.data[1]  # type: ignore[return-value]


_RULES = {
    "einsum": _pull_einsum,
    "add": _pull_add,
    "map": _pull_map,
    "logsumexp": _pull_logsumexp,
    "softmax": _pull_softmax,
    "log_rest": _pull_log_rest,
    "prod": _pull_prod,
    "slice": _pull_slice,
    "pad": _pull_pad,
    "pick": _pull_pick,
    "place": _pull_place,
}

__all__ = ["gradients", "partial", "project", "pullback", "reverse"]
