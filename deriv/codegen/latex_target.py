"""The target LaTeX: definitions, the loss, and the cotangents of the program as formulas, from the loss backwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deriv.codegen.formulas import Formulas, Indices, Names
from deriv.codegen.lift import lift
from deriv.codegen.program import Program
from deriv.codegen.sizes import Definition
from deriv.codegen.stable import rebuild, stabilise
from deriv.engine.graph import Node, Shape, reachable
from deriv.engine.reverse import gradients
from deriv.expr.nodes import ONE, Call, Derivative, Entry, Expr, Num, Product, Sum, Sym, walk
from deriv.expr.printing import to_latex
from deriv.expr.substitute import rebuild as rebuild_expr
from deriv.expr.substitute import same_or, substitute

_SIGMOID = r"\sigma(u) &= \frac{1}{1 + e^{-u}}"


def latex_document(program: Program, loss: Expr, definitions: Sequence[Definition]) -> str:
    """An `align*` that gives the definitions, the loss, and its derivative by each value on the way and parameter."""
    return _Document(program, loss, [d for d in definitions if d.name not in program.params]).text()


class _Document:
    def __init__(self, program: Program, loss: Expr, definitions: Sequence[Definition]) -> None:
        self.program, self.loss = program, loss
        self.definitions = {d.name: d for d in _ordered(loss, definitions)}
        names = {n.name for e in self._expressions() for n in walk(e) if isinstance(n, Sym | Entry)}
        self.head = Sym(next(name for name in ("L", "J", "E", "L_total") if name not in names))
        self.sups = {n.name: n.sups for e in self._expressions() for n in walk(e) if isinstance(n, Entry)}
        self.formulas = self._formulas(names)
        self.sizes = self._sizes(names)

    def _formulas(self, names: set[str]) -> Formulas:
        """The author's letters for indices: along the axes of each name, and for sums up to each size."""
        every = [n for e in self._expressions() for n in walk(e)]
        indices = {d.name: d.indices for d in self.definitions.values()}
        running: dict[str, str] = {}
        for node in every:
            if isinstance(node, Entry) and all(isinstance(i, Sym) for i in node.indices):
                indices.setdefault(node.name, tuple(_letter(i.name) for i in node.indices))  # type: ignore[attr-defined]
            if isinstance(node, Sum | Product) and isinstance(node.hi, Sym):
                size = self.program.lifted.lengths.get(node.hi.name)
                running.setdefault(size.symbol if size else node.hi.name, _letter(node.index))
        bound = {n.index for n in every if isinstance(n, Sum | Product)}
        bound |= {i for d in self.definitions.values() for i in d.indices}
        letters = {name: tuple(map(_letter, found)) for name, found in indices.items()}
        return Formulas(self.program.lifted, frozenset(names - bound), letters, running)

    def _sizes(self, names: set[str]) -> dict[str, str]:
        """A single letter for each size whose name has more, so that it is not taken for an entry or a product."""
        shapes = {**self.program.params, **self.program.data}.values()
        symbols = dict.fromkeys(d.symbol for shape in shapes for d in shape if d.symbol)
        taken = {*names, *symbols, *self.formulas.running.values(), *"Le"}
        found = {}
        for symbol in symbols:
            if len(symbol) > 1:
                letters = (c for c in symbol[0] + "hrqstgmuvGHMNPQRST" if c not in taken)
                found[symbol] = next(letters, symbol)
                taken.add(found[symbol])
        return found

    def _expressions(self) -> list[Expr]:
        return [self.loss, *(d.body for d in self.definitions.values())]

    def text(self) -> str:
        """The document."""
        rows = [*self._stated(), *self._derived()]
        every = "\n".join(rows)
        if r"\sigma" in every and any(_has_sigmoid(e) for e in self._shown):
            rows.insert(0, _SIGMOID)
        body = " \\\\\n".join(f"  {row}" for row in rows)
        shapes = {**self.program.params, **self.program.data}
        about = "".join(f"% {self._shape(name, shape)}\n" for name, shape in shapes.items())
        return f"{about}\\begin{{align*}}\n{body}\n\\end{{align*}}"

    def _shape(self, name: str, shape: Shape) -> str:
        lengths = [to_latex(self._written(self.formulas.length(dim))) for dim in shape]
        return f"{to_latex(self._written(Sym(name)))}: ({', '.join(lengths)})"

    def _row(self, left: Expr, right: Expr) -> str:
        return f"{to_latex(self._written(left))} &= {to_latex(self._written(right))}"

    def _stated(self) -> Iterator[str]:
        """What the author said, with lengths by their readable names."""
        lengths: dict[Expr, Expr] = {
            Sym(symbol): self.formulas.length(dim) for symbol, dim in self.program.lifted.lengths.items()
        }
        self._shown = [substitute(e, lengths) for e in self._expressions()]
        for definition, body in zip(self.definitions.values(), self._shown[1:], strict=True):
            names = tuple(map(Sym, definition.indices))
            yield self._row(Entry(definition.name, names) if names else Sym(definition.name), body)
        yield self._row(self.head, self._shown[0])
        for name in self.program.graph.unit_rows & set(self.program.data):
            indices = self.formulas.axes(name, len(self.program.data[name]))
            last = self.program.data[name][-1]
            assert isinstance(indices[-1], Sym)
            total = Sum(indices[-1].name, ONE, self.formulas.length(last), Entry(name, indices))
            yield self._row(total, ONE)

    def _derived(self) -> Iterator[str]:
        """The cotangent of each named value that the program goes through, then the gradients."""
        names = self._names()
        grads = {name: self.program.nodes[name] for name in self.program.grads}
        cotangents = self._cotangents(list(grads.values()), names)
        shown: dict[Node, str] = {}
        for node, name in cotangents.items():
            names = {**names, **{n: self._derivative(v) for n, v in shown.items()}}
            yield self._gradient(name, node, names)
            shown[node] = name
        names = {**names, **{n: self._derivative(v) for n, v in shown.items()}}
        for name, node in grads.items():
            yield self._gradient(name, node, names)

    def _gradient(self, name: str, node: Node, names: Names) -> str:
        indices = self.formulas.axes(name, len(node.shape))
        value = self.formulas.at(node, indices, {n: write for n, write in names.items() if n is not node})
        self._shown.append(value)
        return self._row(self._derivative(name)(indices), value)

    def _derivative(self, name: str) -> _Writing:
        return _Writing(self.formulas, name, self.head)

    def _names(self) -> Names:
        """The nodes that are values of the author's definitions."""
        return {
            node: _Writing(self.formulas, name)
            for node, name in self.program.graph.names.items()
            if name in self.definitions and len(node.shape) == len(self.definitions[name].indices)
        }

    def _cotangents(self, grads: Sequence[Node], names: Names) -> dict[Node, str]:
        """Cotangents that are the derivative by a definition, from the loss backwards."""
        graph = self.program.graph
        known = {node: name for node, name in graph.names.items() if name.startswith("d")}
        found = {}
        for node in reachable(grads):
            name = known.get(node, "d")[1:]
            definition = self.definitions.get(name)
            if definition and len(definition.indices) == len(node.shape) and self._faithful(node, name):
                found[node] = name
        return found

    def _faithful(self, node: Node, name: str) -> bool:
        """Whether a cotangent is the derivative of the loss with this value held free.

        A stable form may go past the value (the logistic loss is taken from the logit, not from the probability):
        then the cotangent is only a part of the derivative, and it must not be called by its name.
        """
        graph = self.program.graph
        others = [d for d in self.definitions.values() if d.name != name]
        cut = lift(self.loss, others, graph=graph, shapes={name: [str(d) for d in node.shape]})
        if name not in cut.inputs or cut.inputs[name].shape != node.shape:
            return False
        held = cut.inputs[name]
        (right,) = gradients(graph, stabilise(graph, cut.loss), [held])
        made: dict[Node, Node] = {}
        for inner in reachable([node]):
            new = held if graph.names.get(inner) == name else rebuild(graph, inner, [made[a] for a in inner.args])
            if inner in graph.names and new is not inner:
                graph.name(new, graph.names[inner])
            made[inner] = new
        return made[node] is right

    def _written(self, expr: Expr) -> Expr:
        """Names with labels as the author writes them: `W__1` with indices j, k is `W^{(1)}_{jk}`."""

        def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
            node = same_or(node, children)
            if not isinstance(node, Sym | Entry):
                return node
            base, above, below = _labels(node.name)
            if isinstance(node, Sym):
                if node.name in self.sizes:
                    return Sym(self.sizes[node.name])
                return Entry(base, (Num(above),), 1) if above is not None else node
            sups = self.sups.get(node.name, node.sups)
            extra = [Num(k) for k in (above, below) if k is not None]
            return Entry(base, (*extra, *node.indices), sups + (above is not None))

        return rebuild_expr(rebuild_expr(expr, _plain_index), visit)


class _Writing:
    """A name with indices, or the derivative of the loss by it."""

    def __init__(self, formulas: Formulas, name: str, of: Sym | None = None) -> None:
        self.formulas, self.name, self.of = formulas, name, of

    def __call__(self, indices: Indices) -> Expr:
        value = self.formulas.entry(self.name, indices)
        return value if self.of is None else Derivative(self.of, value)


def _plain_index(node: Expr, children: tuple[Expr, ...]) -> Expr:
    """A sum over p1 becomes one over p."""
    node = same_or(node, children)
    if not isinstance(node, Sum | Product) or _letter(node.index) == node.index.split(".", maxsplit=1)[0]:
        return node
    plain = f"{_letter(node.index)}.{node.index}"
    return type(node)(plain, node.lo, node.hi, substitute(node.body, {Sym(node.index): Sym(plain)}))


def _letter(index: str) -> str:
    """The letter of an index: p1 and p.3 are both p."""
    return index.split(".", maxsplit=1)[0].rstrip("0123456789")


def _labels(name: str) -> tuple[str, int | None, int | None]:
    """The stem of a name, and its numbers above and below."""
    stem, _, above = name.partition("__")
    if not above and len(name) > 1 and name[1:].isdigit():
        stem, above = name[0], name[1:]  # layers of a model by name: W1, b1, …
    if above.isdigit():
        return stem, int(above), None
    stem, _, below = name.partition("_")
    return (stem, None, int(below)) if below.isdigit() else (name, None, None)


def _has_sigmoid(expr: Expr) -> bool:
    return any(isinstance(node, Call) and node.function == "sigmoid" for node in walk(expr))


def _ordered(loss: Expr, definitions: Sequence[Definition]) -> list[Definition]:
    """The definitions that the loss needs, each after those that it uses."""
    known: Mapping[str, Definition] = {d.name: d for d in definitions}
    done: dict[str, Definition] = {}

    def visit(expr: Expr) -> None:
        for name in sorted({n.name for n in walk(expr) if isinstance(n, Sym | Entry)} & set(known)):
            if name not in done:
                visit(known[name].body)
                done[name] = known[name]

    visit(loss)
    return list(done.values())
