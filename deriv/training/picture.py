"""The computation graph of the lectures: forward values above, gradients below, on every edge."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np

from deriv.codegen.emit import module
from deriv.codegen.generate import run_source
from deriv.codegen.lift import Lifted, lift
from deriv.codegen.program import lowered
from deriv.codegen.sizes import Definition
from deriv.codegen.text import number_text
from deriv.engine.graph import (
    Graph,
    Node,
    Ref,
    axes_of,
    coefficients,
    einsum_out,
    function_of,
    number_of,
    reachable,
    refs,
)
from deriv.engine.reverse import pullback, reverse
from deriv.errors import UsageError
from deriv.expr.nodes import Add, Expr, Mul
from deriv.expr.substitute import rebuild, same_or

_WORDS = {"pow": "^", "where": "if", "max": "max", "min": "min"}
_HIDDEN = ("const", "size", "ones")


@dataclass(frozen=True, slots=True)
class Box:
    """A node of the picture: its operation, name, shape, value and gradient as text."""

    number: int
    label: str
    name: str
    shape: str
    value: str
    gradient: str
    source: bool = False

    @property
    def title(self) -> str:
        """A name for it: its own, the input, or n and a number."""
        return self.name or (self.label if self.source else f"n{self.number}")


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge from an argument to its user, with the argument's value and what flows back along it."""

    source: int
    target: int
    value: str
    gradient: str
    upstream: str
    local: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes in order of evaluation, and edges."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def pairwise(expr: Expr) -> Expr:
    """Sums and products of two at a time, from left to right, as they are drawn."""

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        if isinstance(node, (Add, Mul)) and len(node.children) > 2:
            kind = type(node)
            result = kind(node.children[:2])
            for child in node.children[2:]:
                result = kind((result, child))
            return result
        return node

    return rebuild(expr, visit)


def picture(
    loss: Expr,
    definitions: Sequence[Definition] = (),
    values: Mapping[str, Any] | None = None,
    shapes: Mapping[str, Sequence[str | int]] | None = None,
) -> Picture:
    """The graph of an expression, with numbers where the values of its inputs are given."""
    stepwise = [Definition(d.name, d.indices, pairwise(d.body)) for d in definitions]
    lifted = lift(pairwise(loss), stepwise, shapes=shapes, flatten=False)
    lifted.graph.collect = False
    inputs = list(lifted.inputs.values())
    if values is not None:
        lengths = {d.symbol for node in inputs for d in node.shape}
        missing = [name for name in lifted.inputs if name not in values]
        unknown = [name for name in values if name not in lifted.inputs and name not in lengths]
        if missing or unknown:
            what = f"no value for {missing[0]}" if missing else f"{unknown[0]} does not occur"
            raise UsageError(f"{what} (the inputs are {', '.join(lifted.inputs)})")
    bars = reverse(lifted.graph, lifted.loss, inputs)
    shown = [n for n in reachable([lifted.loss]) if n.op not in _HIDDEN]
    flows = [flow for node in shown if node in bars for flow in _flows(lifted.graph, node, bars[node])]
    numbers = {} if values is None else _evaluate(lifted, shown, bars, flows, values)
    boxes = tuple(_box(lifted.graph, n, numbers) for n in shown)
    return Picture(boxes, tuple(_edges(flows, numbers, {b.number: b.title for b in boxes})))


def _flows(graph: Graph, node: Node, bar: Node) -> list[tuple[Node, Node, Node]]:
    """What flows back from a node to each of its arguments; one that is used twice gets one flow, the sum."""
    parts: dict[Node, list[Node]] = {}
    for argument, part in pullback(graph, node, bar):
        if argument.op not in _HIDDEN:
            parts.setdefault(argument, []).append(part)
    return [
        (node, argument, graph.add([(1, Ref(p, axes_of(argument.shape))) for p in several], argument.shape))
        for argument, several in parts.items()
    ]


def _evaluate(
    lifted: Lifted,
    shown: Sequence[Node],
    bars: Mapping[Node, Node],
    flows: Sequence[tuple[Node, Node, Node]],
    values: Mapping[str, Any],
) -> dict[str, Any]:
    wanted = {f"v{n.number}": n for n in shown}
    wanted |= {f"g{n.number}": bars[n] for n in shown if n in bars}
    wanted |= {f"e{k}": part for k, (_, _, part) in enumerate(flows)}
    names = list(lifted.inputs)
    program = lowered(lifted, {"": lifted.loss, **wanted}, names, stable=False, hoist=False, sizes={})
    params = {name: np.asarray(values[name], float) for name in names}
    for name, node in lifted.inputs.items():
        if params[name].ndim != len(node.shape):
            raise UsageError(f"{name}: expected {len(node.shape)} axes, got an array of shape {params[name].shape}")
    try:
        found: dict[str, Any] = run_source(module(program))["loss_and_grad"](params, {})[1]
    except ValueError as error:
        raise UsageError(str(error)) from None
    return found


def number(value: Any) -> str:
    """A number or a small array as text."""
    array = np.asarray(value, float)
    if array.ndim == 0:
        return f"{float(array):.4g}"
    if array.size <= 6:
        return "[" + ", ".join(number(v) for v in array) + "]"
    return f"array {array.shape}"


def _shape(node: Node) -> str:
    return f"({', '.join(map(str, node.shape))})" if node.shape else ""


def _label(node: Node) -> str:
    """The operation in a box."""
    if node.op == "input":
        return str(node.data[0])
    if node.op == "pick" and node.args[0].op == "input":
        return f"{node.args[0].data[0]}[{node.data[1]}]"
    if node.op == "map":
        name = function_of(node)
        exponent = number_of(node.args[1]) if name == "pow" else None
        if exponent == -1:
            return f"1/{_size(node.args[0])}" if node.args[0].op == "size" else "1/x"
        return f"^{number_text(exponent)}" if exponent is not None else _WORDS.get(name, name)
    if node.op == "add":
        return _sum_label(node)
    if node.op == "einsum":
        return _product_label(node)
    return node.op


def _size(node: Node) -> str:
    return str(node.data[0])


def _sum_label(node: Node) -> str:
    """+ or -, with the number where one is added: +1, or 1- for one minus something."""
    terms = list(zip(coefficients(node), node.args, strict=True))
    constants = [c * k for c, a in terms if (k := number_of(a)) is not None]
    others = [c for c, a in terms if number_of(a) is None]
    if len(constants) != 1 or len(others) != 1:
        return "-" if min(coefficients(node)) < 0 else "+"
    if others[0] < 0:
        return f"{number_text(constants[0])}-"
    return f"{'+' if constants[0] > 0 else '-'}{number_text(abs(constants[0]))}"


def _product_label(node: Node) -> str:
    factor = number_of(node.args[0])
    arrays = [a for a in node.args if a.op not in _HIDDEN]
    summed = any(i not in einsum_out(node) for r in refs(node) for i in r.indices)
    if len(arrays) == 1 and summed:
        return "sum"
    if len(arrays) == 1:
        return f"*{number_text(factor)}" if factor is not None else "*"
    if len(set(arrays)) == 1 and len(arrays) > 1 and not summed:
        return f"^{len(arrays)}"
    return ("@" if summed else "*") + ("" if factor is None else number_text(factor))


def _box(graph: Graph, node: Node, numbers: Mapping[str, Any]) -> Box:
    value, gradient = (numbers.get(f"{kind}{node.number}") for kind in "vg")
    return Box(
        node.number,
        _label(node),
        graph.names.get(node, ""),
        _shape(node),
        "" if value is None else number(value),
        "" if gradient is None else number(gradient),
        source=not any(a.op not in _HIDDEN for a in node.args) or (node.op == "pick" and node.args[0].op == "input"),
    )


def _edges(
    flows: Sequence[tuple[Node, Node, Node]], numbers: Mapping[str, Any], titles: Mapping[int, str]
) -> list[Edge]:
    edges = []
    for k, (node, arg, _) in enumerate(flows):
        local, upstream = _local(node, arg, titles), f"d{titles.get(node.number, '')}"
        if not numbers:
            edges.append(Edge(arg.number, node.number, _shape(arg), "", upstream, local))
            continue
        part, up = np.asarray(numbers[f"e{k}"]), np.asarray(numbers[f"g{node.number}"])
        if part.ndim == up.ndim == 0 and up != 0:
            local = number(part / up)
        edges.append(Edge(arg.number, node.number, number(numbers[f"v{arg.number}"]), number(part), number(up), local))
    return edges


def _local(node: Node, arg: Node, titles: Mapping[int, str]) -> str:
    """The local gradient in words: the other factors of a product, the derivative of a function."""
    if node.op == "add":
        mine = [c for c, a in zip(coefficients(node), node.args, strict=True) if a is arg]
        coefficient = sum(mine, Fraction(0))
        return number_text(coefficient) if node.shape == arg.shape else f"{number_text(coefficient)}, summed"
    if node.op == "einsum":
        others, times = list(node.args), node.args.count(arg)
        others.remove(arg)
        words = [titles.get(o.number) or _factor(o) for o in others if o.op != "ones"]
        return " · ".join([*([str(times)] if times > 1 else []), *words]) or "1"
    name = function_of(node) if node.op == "map" else node.op
    return f"{_label(node) if name == 'pow' else name}'({titles.get(arg.number, '')})"


def _factor(node: Node) -> str:
    value = number_of(node)
    return number_text(value) if value is not None else _size(node) if node.op == "size" else node.op


# the ways to write it


def as_text(drawn: Picture, *, chain: bool = False) -> list[str]:
    """One line per node: what it is, from what, value and gradient."""
    title = {box.number: box.title for box in drawn.boxes}
    lines = []
    for box in drawn.boxes:
        sources = ", ".join(title[s] for s in _inputs(drawn, box.number))
        made = f" = {box.label}({sources})" if sources and not box.source else ""
        value = f" = {box.value}" if box.value else f" {box.shape}" if box.shape else ""
        gradient = f"   gradient {box.gradient}" if box.gradient else ""
        lines.append(f"{title[box.number]}{made}{value}{gradient}")
        if chain:
            known = [e for e in drawn.edges if e.target == box.number and e.local]
            lines += [f"    to {title[e.source]}: {_flow(e, chain=True)}" for e in known]
    return lines


def _flow(edge: Edge, *, chain: bool) -> str:
    """What flows back along an edge; with `chain` as [upstream] x [local]."""
    if not chain or not edge.local:
        return edge.gradient
    equals = f" = {edge.gradient}" if edge.gradient else ""
    return f"[{edge.upstream}] x [{edge.local}]{equals}"


def _inputs(drawn: Picture, target: int) -> list[int]:
    return [e.source for e in drawn.edges if e.target == target]


def as_dot(drawn: Picture, *, chain: bool = False) -> list[str]:
    """Graphviz."""
    lines = ["digraph computation {", "  rankdir=LR;", "  node [shape=circle];"]
    for box in drawn.boxes:
        label = f"{box.name}\\n{box.label}" if box.name else box.label
        extra = f"\\n{box.value}\\n{box.gradient}" if box.number == drawn.boxes[-1].number and box.value else ""
        shape = "" if _inputs(drawn, box.number) else ", shape=plaintext"
        lines.append(f'  n{box.number} [label="{label}{extra}"{shape}];')
    edges = [f'  n{e.source} -> n{e.target} [label="{e.value}\\n{_flow(e, chain=chain)}"];' for e in drawn.edges]
    return [*lines, *edges, "}"]


def as_mermaid(drawn: Picture, *, chain: bool = False) -> list[str]:
    """Mermaid, for Markdown pages."""
    lines = ["graph LR"]
    for box in drawn.boxes:
        label = html.escape(f"{box.name}: {box.label}" if box.name else box.label)
        lines.append(f'  n{box.number}(("{label}"))')
    for e in drawn.edges:
        flow = _flow(e, chain=chain)
        text = html.escape(f"{e.value} / {flow}" if flow else e.value, quote=False)
        lines.append(f'  n{e.source} -->|"{text}"| n{e.target}' if text else f"  n{e.source} --> n{e.target}")
    return lines


def draw(drawn: Picture, file: str, *, chain: bool = False) -> None:
    """A picture by matplotlib: inputs at the left, the result at the right, values above and gradients below."""
    try:
        figures = import_module("matplotlib.figure")
    except ImportError:
        raise UsageError("pictures need the library matplotlib (pip install matplotlib)") from None
    places = _places(drawn)
    columns = 1 + max(x for x, _ in places.values())
    rows = 1 + max(y for _, y in places.values())
    wide = 3.4 if chain else 2.2
    figure = figures.Figure(figsize=(wide * columns, 1.3 * rows + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(-0.6, columns - 0.1)
    axes.set_ylim(-rows + 0.4, 0.9)
    for edge in drawn.edges:
        _draw_edge(axes, edge, places, chain=chain)
    for box in drawn.boxes:
        x, y = places[box.number]
        ring = {"boxstyle": "round" if box.source else "circle", "facecolor": "white"}
        label = f"{box.name}\n{box.label}" if box.name and not box.source else box.label
        axes.text(x, -y, label, ha="center", va="center", bbox=ring, fontsize=9)
    last = drawn.boxes[-1]
    x, y = places[last.number]
    axes.text(x + 0.25, -y, last.value, color="green", ha="left", va="bottom", fontsize=8)
    axes.text(x + 0.25, -y, last.gradient, color="red", ha="left", va="top", fontsize=8)
    try:
        figure.savefig(file)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None


def _draw_edge(axes: Any, edge: Edge, places: Mapping[int, tuple[int, float]], *, chain: bool) -> None:
    """An arrow with value and gradient; one along a row that would run through other nodes makes a bow over them."""
    (x0, y0), (x1, y1) = places[edge.source], places[edge.target]
    bow = -0.25 if y0 == y1 and x1 - x0 > 1 else 0.0
    style = {"arrowstyle": "->", "connectionstyle": f"arc3,rad={bow}"}
    axes.annotate("", (x1 - 0.16, -y1), (x0 + 0.16, -y0), arrowprops=style)
    x, y = x0 + 0.45 * (x1 - x0), -(y0 + 0.45 * (y1 - y0)) - bow * 0.5 * (x1 - x0) * bool(bow)
    axes.text(x, y, edge.value, color="green", ha="center", va="bottom", fontsize=8)
    axes.text(x, y, _flow(edge, chain=chain), color="red", ha="center", va="top", fontsize=8)


def _places(drawn: Picture) -> dict[int, tuple[int, float]]:
    """Column by depth; within a column in order of evaluation."""
    depth: dict[int, int] = {}
    for box in drawn.boxes:
        depth[box.number] = 1 + max((depth[s] for s in _inputs(drawn, box.number)), default=-1)
    for box in reversed(drawn.boxes):
        if not _inputs(drawn, box.number):
            users = [depth[e.target] for e in drawn.edges if e.source == box.number]
            depth[box.number] = min(users, default=1) - 1
    count: dict[int, int] = {}
    places = {}
    for box in drawn.boxes:
        column = depth[box.number]
        places[box.number] = (column, float(count.get(column, 0)))
        count[column] = count.get(column, 0) + 1
    return places


__all__ = ["Picture", "as_dot", "as_mermaid", "as_text", "draw", "pairwise", "picture"]
