"""A loss and its gradients as one program: from expressions to array operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deriv.codegen.arrays import Arrays, Op, needed
from deriv.codegen.lift import Lifted, lift
from deriv.codegen.lower import Lowering
from deriv.codegen.roles import roles
from deriv.codegen.sizes import Definition
from deriv.codegen.stable import stabilise
from deriv.codegen.text import used_sizes
from deriv.engine.graph import Dim, Graph, Node, Shape, depends_on, reachable
from deriv.engine.graph_check import validate
from deriv.engine.reverse import gradients
from deriv.errors import MeaningError, UsageError
from deriv.expr.nodes import Expr


@dataclass(frozen=True, slots=True)
class Program:
    """Inputs with shapes, and the operations of the loss and of each gradient."""

    params: Mapping[str, Shape]
    data: Mapping[str, Shape]
    arrays: Arrays
    loss: Op
    grads: Mapping[str, Op]
    fixed: frozenset[Op]
    labels: frozenset[str]
    lifted: Lifted
    nodes: Mapping[str, Node]
    roles: Mapping[Op, str] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        """The expression graph that the operations come from."""
        return self.lifted.graph

    @property
    def outputs(self) -> tuple[Op, ...]:
        """The loss first, then the gradients."""
        return (self.loss, *self.grads.values())


def build(
    loss: Expr,
    wrt: Sequence[str],
    definitions: Sequence[Definition] = (),
    *,
    shapes: Mapping[str, Sequence[str | int]] | None = None,
    stable: bool = True,
    hoist: bool = False,
    sizes: Mapping[str, int] | None = None,
    onehot: Sequence[str] = (),
) -> Program:
    """Differentiate a loss by whole parameter families and lower everything to array operations."""
    held = [d for d in definitions if d.name not in wrt]
    lifted = lift(loss, held, shapes=shapes, onehot=onehot)
    params = _parameters(lifted, wrt)
    root = stabilise(lifted.graph, lifted.loss) if stable else lifted.loss
    if hoist:
        from deriv.codegen.hoist import expand_squares

        lifted.graph.collect = False
        root = expand_squares(lifted.graph, root, params)
    parts = roles(lifted.graph, root, params)
    grads = gradients(lifted.graph, root, params)
    nodes = {"": root, **dict(zip(wrt, grads, strict=True))}
    validate(nodes.values())
    return lowered(lifted, nodes, wrt, stable=stable, hoist=hoist, sizes=sizes or {}, parts=parts)


def lowered(
    lifted: Lifted,
    nodes: Mapping[str, Node],
    wrt: Sequence[str],
    *,
    stable: bool,
    hoist: bool,
    sizes: Mapping[str, int],
    parts: Mapping[Node, str] | None = None,
) -> Program:
    """Array operations for some nodes; `parts` are names for those that the author did not name."""
    graph = lifted.graph
    params = [lifted.inputs[name] for name in wrt]
    lowering = Lowering(
        graph, Arrays(guess=sizes), stable=stable, moving=depends_on(nodes.values(), params), hoist=hoist
    )
    outputs = lowering.run(nodes)
    labels = {
        str(node.args[0].data[0])
        for node in reachable(nodes.values())
        if node.op == "onehot" and node.args[0].op == "input"
    }
    rest = sorted((name for name in lifted.inputs if name not in wrt), key=lambda n: -len(lifted.inputs[n].shape))
    data = {name: lifted.inputs[name].shape for name in rest}
    shapes = {name: node.shape for name, node in lifted.inputs.items()}
    unknown = [s for s in used_sizes(needed(outputs.values())) if s not in size_sources(shapes)]
    if unknown:
        raise MeaningError(f"no input tells the size {unknown[0]}: an index of the loss runs over no array")
    return Program(
        {name: lifted.inputs[name].shape for name in wrt},
        data,
        lowering.arrays,
        outputs[""],
        {name: op for name, op in outputs.items() if name},
        _unmoved(lowering.arrays, wrt),
        frozenset(labels),
        lifted,
        nodes,
        {lowering.made[node]: name for node, name in (parts or {}).items() if node in lowering.made},
    )


def _unmoved(arrays: Arrays, wrt: Sequence[str]) -> frozenset[Op]:
    """The operations below which no parameter stands."""
    moved: set[Op] = set()
    for op in arrays.ops:
        if (op.name == "input" and op.data[0] in wrt) or any(a in moved for a in op.args):
            moved.add(op)
    return frozenset(op for op in arrays.ops if op not in moved)


def _parameters(lifted: Lifted, wrt: Sequence[str]) -> list[Node]:
    if not wrt:
        raise UsageError("name at least one parameter to differentiate by (--wrt)")
    for name in wrt:
        if name not in lifted.inputs:
            known = ", ".join(lifted.inputs) or "none"
            raise UsageError(f"{name} does not occur in the loss (its inputs are {known})")
    return [lifted.inputs[name] for name in wrt]


def size_sources(inputs: Mapping[str, Shape]) -> dict[str, tuple[str, int, int]]:
    """For each size symbol the input, axis and offset from which its value is read."""
    found: dict[str, tuple[str, int, int]] = {}
    for exact in (True, False):
        for name, shape in inputs.items():
            for axis, dim in enumerate(shape):
                if dim.symbol and (dim.offset == 0) == exact:
                    found.setdefault(dim.symbol, (name, axis, dim.offset))
    return found


def dim_values(inputs: Mapping[str, Shape], values: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Concrete shapes for given sizes."""
    return {name: tuple(dim.value(values) for dim in shape) for name, shape in inputs.items()}


__all__ = ["Definition", "Dim", "Program", "build", "dim_values", "lowered", "size_sources"]
