"""The expression graph: shared nodes over positional axes, in Einstein form.

A node is an array of known symbolic shape: its axes have no names, so that `sum_k X[i,k] w[k]` and
`sum_j X[m,j] w[j]` are one and the same node.  Whoever uses a node says which of its own indices run along its axes
(`Ref`).  Three constructors carry everything: `einsum` (products, sums, transposes, broadcasts), `add` (linear
combinations) and `map` (elementwise functions); few others reduce or move entries along an axis.

Nodes are numbered as they are made, arguments first: the order of numbers is an order of evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from deriv.engine.graph_factors import cancelled, numbered, orders
from deriv.errors import MeaningError

Indices = tuple[int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Dim:
    """The length of an axis: a size symbol plus a whole number (no symbol: the number alone)."""

    symbol: str = ""
    offset: int = 0

    def __str__(self) -> str:
        if not self.symbol:
            return str(self.offset)
        return self.symbol if not self.offset else f"{self.symbol} {'+' if self.offset > 0 else '-'} {abs(self.offset)}"

    def value(self, sizes: Mapping[str, int]) -> int:
        """The length for given sizes."""
        return self.offset + (sizes[self.symbol] if self.symbol else 0)


Shape = tuple[Dim, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One array of the program: what makes it, from what, its shape, and its number."""

    op: str
    args: tuple[Node, ...]
    data: tuple[object, ...]
    shape: Shape
    number: int

    def __repr__(self) -> str:
        inside = ", ".join(f"#{a.number}" for a in self.args)
        return f"#{self.number} {self.op}{self.data}({inside})[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True)
class Ref:
    """A use of a node: the indices that run along its axes."""

    node: Node
    indices: Indices = ()


def indices_of(node: Node) -> tuple[Indices, ...]:
    """The indices of each argument of an einsum, add or map."""
    return node.data[0]  # type: ignore[return-value]


def einsum_out(node: Node) -> Indices:
    """The indices of an einsum's own axes."""
    return node.data[1]  # type: ignore[return-value]


def coefficients(node: Node) -> tuple[Fraction, ...]:
    """The coefficients of an add's terms."""
    return node.data[1]  # type: ignore[return-value]


def function_of(node: Node) -> str:
    """The function of a map."""
    return str(node.data[1])


def refs(node: Node) -> tuple[Ref, ...]:
    """The arguments of an einsum, add or map with their indices."""
    return tuple(map(Ref, node.args, indices_of(node)))


def number_of(node: Node) -> Fraction | None:
    """The value of a rational constant, else None."""
    return node.data[0] if node.op == "const" and isinstance(node.data[0], Fraction) else None


@dataclass(slots=True)
class Graph:
    """The nodes of one program, each distinct one once, and the readable names of some.

    `unit_rows` are inputs whose entries sum to one along the last axis (one-hot targets, probabilities).
    `collect` takes common scalar factors out of sums (not wanted where they belong to what is worked out beforehand);
    `unfold` joins products of scalars, and sums with the numbers that multiply their terms (not wanted in a picture of
    the steps).
    """

    nodes: list[Node] = field(default_factory=list)
    names: dict[Node, str] = field(default_factory=dict)
    unit_rows: frozenset[str] = frozenset()
    collect: bool = True
    unfold: bool = True
    _known: dict[tuple[object, ...], Node] = field(default_factory=dict)

    def make(self, op: str, args: Sequence[Node], data: tuple[object, ...], shape: Shape) -> Node:
        """The node with this content, made at most once."""
        key = (op, tuple(a.number for a in args), data, shape)
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = Node(op, tuple(args), data, shape, len(self.nodes))
            self.nodes.append(node)
        return node

    # leaves

    def input(self, name: str, shape: Shape = ()) -> Node:
        """A parameter or a data array."""
        return self.make("input", (), (name,), shape)

    def const(self, value: Fraction | int | str) -> Node:
        """A rational number, or `pi` or `e` by name."""
        return self.make("const", (), (value if isinstance(value, str) else Fraction(value),), ())

    def size(self, dim: Dim) -> Node:
        """The length of an axis as a number of the program."""
        return self.make("size", (), (dim,), ()) if dim.symbol else self.const(dim.offset)

    def ones(self, dim: Dim) -> Node:
        """A vector of ones: an axis along which nothing changes."""
        return self.make("ones", (), (), (dim,))

    def eye(self, dim: Dim) -> Node:
        """The identity matrix (Kronecker's delta)."""
        return self.make("eye", (), (), (dim, dim))

    def iota(self, start: Dim, dim: Dim) -> Node:
        """start, start + 1, …: an index in the role of a number."""
        return self.make("iota", (), (start,), (dim,))

    # the three constructors

    def einsum(self, operands: Iterable[Ref], out: Indices) -> Node:
        """The product of the operands, summed over every index that is not in `out`."""
        return _einsum(self, list(operands), out)

    def add(self, terms: Iterable[tuple[Fraction | int, Ref]], shape: Shape) -> Node:
        """A linear combination; a term may lack axes of the result (it is stretched along them)."""
        return _add(self, [(Fraction(c), ref) for c, ref in terms], shape)

    def map(self, function: str, args: Sequence[Ref], shape: Shape) -> Node:
        """An elementwise function; arguments are stretched along the axes they lack."""
        return _map(self, function, args, shape)

    # conveniences

    def scale(self, factor: Fraction | int, node: Node) -> Node:
        """A number times an array."""
        axes = tuple(range(len(node.shape)))
        return self.einsum((Ref(self.const(factor)), Ref(node, axes)), axes)

    def full(self, node: Node, shape: Shape) -> Node:
        """A scalar stretched to a shape."""
        return self.einsum((Ref(node), *(Ref(self.ones(d), (k,)) for k, d in enumerate(shape))), axes_of(shape))

    def along(self, op: str, node: Node, axis: int, *data: object) -> Node:
        """Softmax, log-sum-exp, product …: an operation along one axis (`logsumexp` and `prod` remove it).

        `log_rest` is log(1 - softmax).
        """
        shape = node.shape
        if op in ("logsumexp", "prod"):
            shape = (*shape[:axis], *shape[axis + 1 :])
        return self.make(op, (node,), (axis, *data), shape)

    def slice(self, node: Node, axis: int, start: int, dim: Dim) -> Node:
        """`dim` entries along an axis from position `start` on."""
        if start == 0 and node.shape[axis] == dim:
            return node
        return self.make("slice", (node,), (axis, start), (*node.shape[:axis], dim, *node.shape[axis + 1 :]))

    def pad(self, node: Node, axis: int, start: int, dim: Dim) -> Node:
        """The reverse of `slice`: zeros around, up to length `dim`."""
        return self.make("pad", (node,), (axis, start), (*node.shape[:axis], dim, *node.shape[axis + 1 :]))

    def pick(self, node: Node, axis: int, position: int) -> Node:
        """The entry at one position of an axis; the axis is gone."""
        return self.make("pick", (node,), (axis, position), (*node.shape[:axis], *node.shape[axis + 1 :]))

    def place(self, node: Node, axis: int, position: int, dim: Dim) -> Node:
        """The reverse of `pick`: a new axis, zero everywhere else."""
        return self.make("place", (node,), (axis, position), (*node.shape[:axis], dim, *node.shape[axis:]))

    def onehot(self, labels: Node, origin: int, dim: Dim) -> Node:
        """A new last axis: 1 where its value (counted from `origin`) is the label, else 0."""
        return self.make("onehot", (labels,), (origin,), (*labels.shape, dim))

    def name(self, node: Node, name: str) -> None:
        """Give a node its readable name (the first one stays)."""
        if node.op not in ("input", "const", "size"):
            self.names.setdefault(node, name)


def axes_of(shape: Shape) -> Indices:
    """0, 1, … for each axis."""
    return tuple(range(len(shape)))


def reachable(roots: Iterable[Node]) -> list[Node]:
    """Every node that the roots need, in order of evaluation."""
    seen: set[int] = set()
    found: list[Node] = []
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.number not in seen:
            seen.add(node.number)
            found.append(node)
            stack.extend(node.args)
    return sorted(found, key=lambda n: n.number)


def depends_on(roots: Iterable[Node], sources: Iterable[Node]) -> set[Node]:
    """The nodes below `roots` whose value changes with one of the sources."""
    moving = set(sources)
    for node in reachable(roots):
        if any(a in moving for a in node.args):
            moving.add(node)
    return moving


# Einstein sums


def _lengths(operands: Iterable[Ref]) -> dict[int, Dim]:
    lengths: dict[int, Dim] = {}
    for ref in operands:
        for index, dim in zip(ref.indices, ref.node.shape, strict=True):
            if lengths.setdefault(index, dim) != dim:
                raise MeaningError(f"an index runs over axes of different lengths, {lengths[index]} and {dim}")
    return lengths


def split_number(graph: Graph, ref: Ref) -> tuple[Fraction, Ref]:
    """Take the rational factor out of an unnamed product."""
    value = number_of(ref.node)
    if value is not None:
        return value, Ref(graph.const(1))
    if ref.node.op == "einsum" and ref.node not in graph.names and ref.node.args:
        factor = number_of(ref.node.args[0])
        if factor is not None and factor != 1:
            rest = graph.einsum(refs(ref.node)[1:], einsum_out(ref.node))
            return factor, Ref(rest, ref.indices)
    return Fraction(1), ref


def _drop_deltas(operands: list[Ref], out: Indices) -> list[Ref]:
    """Replace one index by the other where a delta ties a summed index to another."""
    for k, ref in enumerate(operands):
        if ref.node.op != "eye" or ref.indices[0] == ref.indices[1]:
            continue
        a, b = ref.indices
        if a in out and b in out:
            continue
        gone, stays = (a, b) if a not in out else (b, a)
        rest = operands[:k] + operands[k + 1 :]
        if not any(stays in r.indices for r in rest) and not any(gone in r.indices for r in rest):
            continue
        renamed = [Ref(r.node, tuple(stays if i == gone else i for i in r.indices)) for r in rest]
        return _drop_deltas(renamed, out)
    return operands


def _drop_ones(graph: Graph, operands: list[Ref], out: Indices) -> list[Ref]:
    """Leave out ones where another operand has the index; a sum over ones alone is the length of the axis."""
    kept = [r for r in operands if r.node.op != "ones"]
    held = {i for r in kept for i in r.indices}
    for ref in operands:
        if ref.node.op != "ones" or ref.indices[0] in held:
            continue
        held.add(ref.indices[0])
        kept.append(ref if ref.indices[0] in out else Ref(graph.size(ref.node.shape[0])))
    return kept


def _drop_unit_rows(graph: Graph, operands: list[Ref], out: Indices) -> list[Ref]:
    """The sum of a row that is known to sum to one."""
    for k, ref in enumerate(operands):
        node = ref.node
        if node.op != "input" or node.data[0] not in graph.unit_rows or ref.indices.count(ref.indices[-1]) > 1:
            continue
        others = operands[:k] + operands[k + 1 :]
        if ref.indices[-1] in out or any(ref.indices[-1] in r.indices for r in others if r.node.op != "ones"):
            continue
        others = [r for r in others if r.indices != (ref.indices[-1],)]
        ones = [Ref(graph.ones(d), (i,)) for i, d in zip(ref.indices[:-1], node.shape, strict=False)]
        return _drop_unit_rows(graph, others + ones, out)
    return operands


def _is_full(node: Node) -> bool:
    return not any(a.shape and a.op != "ones" for a in node.args)


def _is_scaled(node: Node) -> bool:
    arrays = [r for r in refs(node) if r.node.shape]
    return len(arrays) == 1 and set(arrays[0].indices) == set(einsum_out(node))


def _open_full(graph: Graph, operands: list[Ref], fresh: int) -> list[Ref]:
    """Replace a stretched scalar by its factors: nothing is gained by making an array of equal entries.

    A scaled array that is only scaled once more is opened too, so that the scalars are multiplied first.
    """
    alone = sum(1 for r in operands if r.node.shape) == 1
    opened: list[Ref] = []
    for ref in operands:
        node = ref.node
        if (
            not graph.unfold
            or node.op != "einsum"
            or node in graph.names
            or not (_is_full(node) or (alone and _is_scaled(node)))
        ):
            opened.append(ref)
            continue
        rename = dict(zip(einsum_out(node), ref.indices, strict=True))
        opened += [Ref(p.node, tuple(rename.setdefault(i, fresh + i) for i in p.indices)) for p in refs(node)]
        fresh = max([fresh, *rename.values()]) + 1
    return opened


def _einsum(graph: Graph, operands: list[Ref], out: Indices) -> Node:
    lengths = _lengths(operands)
    operands = _open_full(graph, operands, max([-1, *lengths, *out]) + 1)
    operands = _drop_ones(graph, _drop_unit_rows(graph, _drop_deltas(operands, out), out), out)
    number = Fraction(1)
    factors: list[Ref] = []
    for ref in operands:
        factor, rest = split_number(graph, ref)
        number *= factor
        if number_of(rest.node) != 1:
            factors.append(rest)
    if number == 0:
        factors = [Ref(graph.ones(lengths[i]), (i,)) for i in out]
    if number != 1 or not factors:
        factors.insert(0, Ref(graph.const(number)))
    if len(factors) == 1 and factors[0].indices == out and len(set(out)) == len(out):
        return factors[0].node
    factors = cancelled(factors)
    if not factors:
        return graph.const(1)
    factors.sort(key=lambda r: (number_of(r.node) is None, r.node.number))
    data = min(numbered(order, out) for order in orders(factors))
    return graph.make("einsum", [r.node for r in factors], data, tuple(lengths[i] for i in out))


# sums and functions


def _add(graph: Graph, terms: list[tuple[Fraction, Ref]], shape: Shape) -> Node:
    total: dict[tuple[Node, Indices], Fraction] = {}
    for coefficient, ref in terms:
        factor, rest = split_number(graph, ref)
        if not graph.unfold and abs(factor) != 1 and number_of(rest.node) is None:
            factor, rest = Fraction(1), ref
        key = (rest.node, rest.indices)
        total[key] = total.get(key, Fraction(0)) + coefficient * factor
    kept = [(c, node, idx) for (node, idx), c in total.items() if c]
    axes = axes_of(shape)
    if not kept:
        return graph.full(graph.const(0), shape)
    if len(kept) == 1:
        coefficient, node, idx = kept[0]
        held = [Ref(graph.ones(d), (k,)) for k, d in enumerate(shape) if k not in idx]
        return graph.einsum((Ref(graph.const(coefficient)), Ref(node, idx), *held), axes)
    common = _common_scalar(kept) if graph.collect else None
    if common is not None:
        inner = graph.add([(c, _divided(graph, node, idx, common)) for c, node, idx in kept], shape)
        return graph.einsum((Ref(common), Ref(inner, axes)), axes)
    kept.sort(key=lambda t: (t[0] < 0, number_of(t[1]) is not None))
    data = (tuple(idx for _, _, idx in kept), tuple(c for c, _, _ in kept))
    return graph.make("add", [node for _, node, _ in kept], data, shape)


def _common_scalar(terms: Sequence[tuple[Fraction, Node, Indices]]) -> Node | None:
    """A scalar such as 1/n that is a factor of every term: it is multiplied once, after the sum."""
    found: list[Node] | None = None
    for _, node, _ in terms:
        scalars = [a for a in node.args if not a.shape and number_of(a) is None] if node.op == "einsum" else []
        found = scalars if found is None else [a for a in found if a in scalars]
        if not found:
            return None
    return found[0] if found else None


def _divided(graph: Graph, node: Node, indices: Indices, factor: Node) -> Ref:
    """A product without one of its scalar factors."""
    rest = list(refs(node))
    rest.remove(Ref(factor))
    return Ref(graph.einsum(rest or [Ref(graph.const(1))], einsum_out(node)), indices)


def _map(graph: Graph, function: str, args: Sequence[Ref], shape: Shape) -> Node:
    if function == "pow":
        simple = _power(graph, args[0], args[1], shape)
        if simple is not None:
            return simple
    return graph.make("map", [r.node for r in args], (tuple(r.indices for r in args), function), shape)


def _power(graph: Graph, base: Ref, exponent: Ref, shape: Shape) -> Node | None:
    """Small whole powers become products (they contract well); powers of numbers are worked out."""
    value, number = number_of(exponent.node), number_of(base.node)
    if value is None:
        return None
    if value == -1 and number is None:
        factor, rest = split_number(graph, base)
        if factor not in (0, 1):  # 1/(2x) is 1/2 times 1/x
            inverse = graph.map("pow", [rest, exponent], shape)
            return graph.scale(1 / factor, inverse)
    if value == 0:
        return graph.full(graph.const(1), shape)
    if number is not None and value.denominator == 1 and abs(value) <= 64 and (number or value > 0):
        return graph.full(graph.const(number ** int(value)), shape)
    if value.denominator == 1 and 1 <= value <= 4:
        held = [Ref(graph.ones(d), (k,)) for k, d in enumerate(shape) if k not in base.indices]
        return graph.einsum([base] * int(value) + held, axes_of(shape))
    return None
