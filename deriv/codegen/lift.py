"""From a loss with its definitions to the expression graph: families become arrays, sums contractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from deriv.codegen.sizes import Definition, Range, Sizes, Survey, affine, read_range, readable_sizes, unnamed
from deriv.engine.graph import Dim, Graph, Node, Ref, einsum_out, refs
from deriv.engine.graph_lift import Lifter
from deriv.errors import MeaningError
from deriv.expr.calculus import evaluate_derivatives
from deriv.expr.nodes import Delta, Entry, Expr, Product, Sum, Sym, walk


@dataclass(slots=True)
class Lifted:
    """A loss as a graph: its inputs in order of appearance, and what each axis and length was called.

    `origins` gives the first value of the index along each axis of a family or definition, `lengths` the readable
    length for each size symbol.
    """

    graph: Graph
    loss: Node
    inputs: dict[str, Node]
    origins: dict[str, tuple[int, ...]]
    lengths: dict[str, Dim]


def lift(
    loss: Expr,
    definitions: Sequence[Definition] = (),
    *,
    shapes: Mapping[str, Sequence[str | int]] | None = None,
    named: bool = True,
    onehot: Sequence[str] = (),
    flatten: bool = True,
    graph: Graph | None = None,
) -> Lifted:
    """Build the graph of a scalar loss, in a given graph if there is one."""
    loss = evaluate_derivatives(loss)
    known = {d.name: Definition(d.name, d.indices, evaluate_derivatives(d.body)) for d in definitions}
    order = _users_first(loss, known)
    survey = Survey(known)
    for name, shape in (shapes or {}).items():
        for axis, length in enumerate(shape):
            dim = Dim("", length) if isinstance(length, int) else Dim(length)
            survey.sizes.span(name, axis, len(shape), Range(1, dim))
    survey.run(loss, order)
    graph = graph or Graph(unit_rows=frozenset(onehot), unfold=flatten)
    families = _Families(graph, known, survey, named=named)
    families.flatten = flatten
    return families.program(loss)


def _users_first(loss: Expr, known: Mapping[str, Definition]) -> list[str]:
    """Names of definitions, each after all definitions that use it."""
    done: list[str] = []
    open_names: set[str] = set()

    def visit(name: str) -> None:
        if name in open_names:
            raise MeaningError(f"{name} is defined by itself")
        if name in done:
            return
        open_names.add(name)
        for other in _mentioned(known[name].body, known):
            visit(other)
        open_names.discard(name)
        done.append(name)

    for name in _mentioned(loss, known):
        visit(name)
    return done[::-1]


def _mentioned(expr: Expr, known: Mapping[str, Definition]) -> list[str]:
    names = {node.name for node in walk(expr) if isinstance(node, (Sym, Entry))}
    return [name for name in known if name in names]


@dataclass(slots=True)
class _Families(Lifter):
    """The lifter with families, sums and definitions; `ranges` gives the id and range of each bound index."""

    definitions: Mapping[str, Definition] = field(default_factory=dict)
    survey: Survey = field(default_factory=lambda: Survey({}))
    named: bool = True
    ranges: dict[str, tuple[int, Range]] = field(default_factory=dict)
    defined: dict[str, tuple[Ref, tuple[int, ...]]] = field(default_factory=dict)
    inputs: dict[str, Node] = field(default_factory=dict)
    size_names: dict[str, str] = field(default_factory=dict)
    size_symbols: set[str] = field(default_factory=set)

    def __init__(self, graph: Graph, definitions: Mapping[str, Definition], survey: Survey, *, named: bool) -> None:
        Lifter.__init__(self, graph)
        self.definitions, self.survey, self.named = definitions, survey, named
        self.ranges, self.defined, self.inputs = {}, {}, {}
        sizes = survey.sizes
        taken = {*survey.symbols, *survey.families, *definitions}
        self.size_names = readable_sizes(sizes, survey.letters, taken)
        self.size_symbols = {s for s in survey.letters if not unnamed(s)}
        for axes in sizes.spans.values():
            self.size_symbols |= {r.hi.symbol for r in axes if r is not None and r.hi.symbol}

    @property
    def sizes(self) -> Sizes:
        """The lengths that the survey found."""
        return self.survey.sizes

    def program(self, loss: Expr) -> Lifted:
        """Lift the loss and collect its inputs."""
        for name in [*self.survey.families, *self.survey.symbols]:
            if name in self.survey.families or not self._is_size(name):
                self._input(name)
        root = self.lift(loss)
        if root.indices:
            raise MeaningError("the loss must be a single number, and this one has a free index")
        spans = self.sizes.spans
        origins = {name: tuple(self.sizes.axis(name, k).lo for k in range(len(spans[name]))) for name in spans}
        lengths = {symbol: self.dim(Dim(symbol)) for symbol in self.survey.letters}
        return Lifted(self.graph, root.node, self.inputs, origins, lengths)

    def _is_size(self, name: str) -> bool:
        return name in self.size_symbols

    def dim(self, dim: Dim) -> Dim:
        """A length with readable, tied symbols."""
        dim = self.sizes.resolve(dim)
        return Dim(self.size_names.get(dim.symbol, dim.symbol), dim.offset)

    def _input(self, name: str) -> Node:
        if name not in self.inputs:
            rank = self.sizes.rank(name) if name in self.sizes.spans else 0
            shape = tuple(self.dim(self.sizes.axis(name, k).length) for k in range(rank))
            self.inputs[name] = self.graph.input(name, shape)
        return self.inputs[name]

    def _bind(self, found: Range) -> tuple[int, Range]:
        index = len(self.dims)
        self.dims[index] = self.dim(found.length)
        return index, found

    # nodes

    def symbol(self, expr: Sym) -> Ref:
        """A bound index as a number, a length, a definition or an input."""
        name = expr.name
        if name in self.ranges:
            index, found = self.ranges[name]
            return Ref(self.graph.iota(Dim("", found.lo), self.dims[index]), (index,))
        if name in self.definitions:
            return self._definition(name)[0]
        if self._is_size(name):
            dim = self.dim(Dim(name))
            return (
                self.combine([(Fraction(1), Ref(self.graph.size(Dim(dim.symbol)))), (Fraction(dim.offset), self._one)])
                if dim.symbol and dim.offset
                else Ref(self.graph.size(dim))
            )
        return Ref(self._input(name))

    @property
    def _one(self) -> Ref:
        return Ref(self.graph.const(1))

    def special(self, expr: Expr) -> Ref:
        """Families, sums, products over an index, deltas."""
        match expr:
            case Entry():
                return self._entry(expr)
            case Sum():
                return self._sum(expr)
            case Product():
                return self._product(expr)
            case Delta():
                return self._delta(expr)
        return Lifter.special(self, expr)

    def _within(self, index: str, bound: tuple[int, Range], body: Expr) -> Ref:
        """Lift a body under a bound index; memoised results of outside do not apply inside."""
        memo, outer = self.memo, self.ranges
        self.memo, self.ranges = {}, {**outer, index: bound}
        try:
            return self.lift(body)
        finally:
            self.memo, self.ranges = memo, outer

    def _sum(self, expr: Sum) -> Ref:
        bound = self._bind(read_range(expr.lo, expr.hi))
        body = self._within(expr.index, bound, expr.body)
        factors, inner = self._factors(body, nested=isinstance(expr.body, Sum))
        return self.product(factors, without=(bound[0], *inner))

    def _factors(self, body: Ref, *, nested: bool) -> tuple[list[Ref], list[int]]:
        """The factors of an unnamed product (of a sum too, directly below another), so that it is summed at once."""
        node = body.node
        if node.op != "einsum" or node in self.graph.names:
            return [body], []
        rename = dict(zip(einsum_out(node), body.indices, strict=True))
        parts = refs(node)
        inner = {i: dim for r in parts for i, dim in zip(r.indices, r.node.shape, strict=True) if i not in rename}
        if inner and not nested:
            return [body], []
        for index, dim in inner.items():
            rename[index] = len(self.dims)
            self.dims[rename[index]] = dim
        return [Ref(r.node, tuple(rename[i] for i in r.indices)) for r in parts], [rename[i] for i in inner]

    def _product(self, expr: Product) -> Ref:
        bound = self._bind(read_range(expr.lo, expr.hi))
        body = self._within(expr.index, bound, expr.body)
        if bound[0] not in body.indices:
            return self.function("pow", [body, Ref(self.graph.size(self.dims[bound[0]]))])
        axis = body.indices.index(bound[0])
        rest = tuple(i for i in body.indices if i != bound[0])
        return Ref(self.graph.along("prod", body.node, axis), rest)

    def _delta(self, expr: Delta) -> Ref:
        left, right = expr.children
        if isinstance(left, Sym) and isinstance(right, Sym) and left.name in self.ranges and right.name in self.ranges:
            (a, first), (b, second) = self.ranges[left.name], self.ranges[right.name]
            if first.lo == second.lo and self.dims[a] == self.dims[b]:
                return self._one if a == b else Ref(self.graph.eye(self.dims[a]), (a, b))
        return self.function("eq", [self.lift(left), self.lift(right)])

    def _definition(self, name: str) -> tuple[Ref, tuple[int, ...]]:
        if name not in self.defined:
            definition = self.definitions[name]
            bounds = {i: self._bind(self.sizes.axis(name, k)) for k, i in enumerate(definition.indices)}
            memo, outer = self.memo, self.ranges
            self.memo, self.ranges = {}, bounds
            ref = self.lift(definition.body)
            self.memo, self.ranges = memo, outer
            if self.named:
                self.graph.name(ref.node, name)
            self.defined[name] = ref, tuple(bound[0] for bound in bounds.values())
        return self.defined[name]

    def _entry(self, expr: Entry) -> Ref:
        if expr.name in self.definitions:
            base, formal = self._definition(expr.name)
        else:
            node = self._input(expr.name)
            formal = tuple(range(-len(node.shape), 0))
            base = Ref(node, formal)
        node, indices = base.node, list(base.indices)
        factors: list[Ref] = []
        for k, index in enumerate(expr.indices):
            if formal[k] not in indices:
                continue
            axis = indices.index(formal[k])
            node, placed, extra = self._place(node, axis, index, self.sizes.axis(expr.name, k))
            indices[axis : axis + 1] = placed
            factors += extra
        result = Ref(node, tuple(indices))
        if not factors:
            return result
        summed = tuple(f.indices[-1] for f in factors)
        return self.product([result, *factors], without=summed)

    def _place(self, node: Node, axis: int, index: Expr, span: Range) -> tuple[Node, list[int], list[Ref]]:
        """Put one written index on an axis: along a bound index, at a position, or at a label."""
        form = affine(index)
        if form is not None and form[0] in self.ranges:
            bound, found = self.ranges[form[0]]
            node = self.graph.slice(node, axis, found.lo + form[1] - span.lo, self.dims[bound])
            return node, [bound], []
        if form is not None and not form[0]:
            return self.graph.pick(node, axis, form[1] - span.lo), [], []
        labels = self.lift(index)
        fresh, _ = self._bind(span)
        chosen = Ref(self.graph.onehot(labels.node, span.lo, self.dims[fresh]), (*labels.indices, fresh))
        return node, [fresh], [chosen]


__all__ = ["Definition", "Lifted", "lift"]
