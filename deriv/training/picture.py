"""The computation graph of the lectures: forward values above, gradients below, on every edge."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from deriv.codegen.emit import module
from deriv.codegen.generate import run_source
from deriv.codegen.lift import Lifted, lift
from deriv.codegen.program import lowered
from deriv.codegen.sizes import Definition
from deriv.codegen.text import number_text
from deriv.engine.graph import Graph, Node, coefficients, einsum_out, function_of, number_of, reachable, refs
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
        missing = [name for name in lifted.inputs if name not in values]
        unknown = [name for name in values if name not in lifted.inputs]
        if missing or unknown:
            what = f"no value for {missing[0]}" if missing else f"{unknown[0]} does not occur"
            raise UsageError(f"{what} (the inputs are {', '.join(lifted.inputs)})")
    bars = reverse(lifted.graph, lifted.loss, inputs)
    shown = [n for n in reachable([lifted.loss]) if n.op not in _HIDDEN]
    flows = [
        (node, arg, part) for node in shown if node in bars for arg, part in pullback(lifted.graph, node, bars[node])
    ]
    flows = [flow for flow in flows if flow[1].op not in _HIDDEN]
    numbers = {} if values is None else _evaluate(lifted, shown, bars, flows, values)
    return Picture(tuple(_box(lifted.graph, n, numbers) for n in shown), tuple(_edges(flows, numbers)))


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
            return "1/x"
        return f"^{number_text(exponent)}" if exponent is not None else _WORDS.get(name, name)
    if node.op == "add":
        constants = [
            c * k for c, a in zip(coefficients(node), node.args, strict=True) if (k := number_of(a)) is not None
        ]
        if len(node.args) == 2 and len(constants) == 1:
            return f"{'+' if constants[0] > 0 else '-'}{number_text(abs(constants[0]))}"
        return "-" if min(coefficients(node)) < 0 else "+"
    if node.op == "einsum":
        return _product_label(node)
    return node.op


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
    return "@" if summed else "*"


def _box(graph: Graph, node: Node, numbers: Mapping[str, Any]) -> Box:
    value, gradient = (numbers.get(f"{kind}{node.number}") for kind in "vg")
    return Box(
        node.number,
        _label(node),
        graph.names.get(node, ""),
        _shape(node),
        "" if value is None else number(value),
        "" if gradient is None else number(gradient),
    )


def _edges(flows: Sequence[tuple[Node, Node, Node]], numbers: Mapping[str, Any]) -> list[Edge]:
    edges = []
    for k, (node, arg, _) in enumerate(flows):
        if not numbers:
            edges.append(Edge(arg.number, node.number, _shape(arg), "", "", ""))
            continue
        part, up = np.asarray(numbers[f"e{k}"]), np.asarray(numbers[f"g{node.number}"])
        scalar = part.ndim == up.ndim == 0 and up != 0
        local = number(part / up) if scalar else ""
        edges.append(Edge(arg.number, node.number, number(numbers[f"v{arg.number}"]), number(part), number(up), local))
    return edges


# the ways to write it


def as_text(drawn: Picture, *, chain: bool = False) -> list[str]:
    """One line per node: what it is, from what, value and gradient."""
    plain = {b.number for b in drawn.boxes if not _inputs(drawn, b.number) or "[" in b.label}
    title = {b.number: b.name or (b.label if b.number in plain else f"n{b.number}") for b in drawn.boxes}
    lines = []
    for box in drawn.boxes:
        sources = ", ".join(title[s] for s in _inputs(drawn, box.number))
        made = f" = {box.label}({sources})" if sources and box.number not in plain else ""
        value = f" = {box.value}" if box.value else f" {box.shape}" if box.shape else ""
        gradient = f"   gradient {box.gradient}" if box.gradient else ""
        lines.append(f"{title[box.number]}{made}{value}{gradient}")
        if chain:
            known = [e for e in drawn.edges if e.target == box.number and e.local]
            lines += [f"    to {title[e.source]}: [{e.upstream}] x [{e.local}] = {e.gradient}" for e in known]
    return lines


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
    for e in drawn.edges:
        flow = f"[{e.upstream}] x [{e.local}] = {e.gradient}" if chain and e.local else e.gradient
        lines.append(f'  n{e.source} -> n{e.target} [label="{e.value}\\n{flow}"];')
    return [*lines, "}"]


def as_mermaid(drawn: Picture, *, chain: bool = False) -> list[str]:
    """Mermaid, for Markdown pages."""
    lines = ["graph LR"]
    for box in drawn.boxes:
        label = html.escape(f"{box.name}: {box.label}" if box.name else box.label)
        lines.append(f'  n{box.number}(("{label}"))')
    for e in drawn.edges:
        flow = f"[{e.upstream}] x [{e.local}] = {e.gradient}" if chain and e.local else e.gradient
        lines.append(f'  n{e.source} -->|"{e.value} / {flow}"| n{e.target}')
    return lines


def draw(drawn: Picture, file: str) -> None:
    """A picture by matplotlib: inputs at the left, the result at the right."""
    try:
        figures = import_module("matplotlib.figure")
    except ImportError:
        raise UsageError("pictures need the library matplotlib (pip install matplotlib)") from None
    places = _places(drawn)
    columns = 1 + max(x for x, _ in places.values())
    rows = 1 + max(y for _, y in places.values())
    figure = figures.Figure(figsize=(2.2 * columns, 1.3 * rows + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(-0.6, columns - 0.1)
    axes.set_ylim(-rows + 0.4, 0.7)
    for e in drawn.edges:
        (x0, y0), (x1, y1) = places[e.source], places[e.target]
        axes.annotate("", (x1 - 0.16, -y1), (x0 + 0.16, -y0), arrowprops={"arrowstyle": "->"})
        middle = x0 + 0.45 * (x1 - x0), -(y0 + 0.45 * (y1 - y0))
        axes.text(*middle, e.value, color="green", ha="center", va="bottom", fontsize=8)
        axes.text(*middle, e.gradient, color="red", ha="center", va="top", fontsize=8)
    for box in drawn.boxes:
        x, y = places[box.number]
        ring = {"boxstyle": "circle" if _inputs(drawn, box.number) else "round", "facecolor": "white"}
        axes.text(x, -y, box.name or box.label, ha="center", va="center", bbox=ring, fontsize=9)
    last = drawn.boxes[-1]
    x, y = places[last.number]
    axes.text(x + 0.25, -y, last.value, color="green", ha="left", va="bottom", fontsize=8)
    axes.text(x + 0.25, -y, last.gradient, color="red", ha="left", va="top", fontsize=8)
    try:
        figure.savefig(file)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None


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
