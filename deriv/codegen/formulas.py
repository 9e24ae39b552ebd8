"""Graph nodes as scalar expressions with indices: what a cotangent is in the language of the author."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from deriv.codegen.lift import Lifted
from deriv.engine.graph import Dim, Node, coefficients, einsum_out, function_of, number_of, refs
from deriv.engine.graph_lift import COMPARISONS
from deriv.errors import MeaningError
from deriv.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Cases,
    Const,
    Delta,
    Entry,
    Expr,
    Mul,
    Num,
    Pow,
    Product,
    Sum,
    Sym,
    neg,
    reciprocal,
)

_BY_MASK = {mask: sign for sign, mask in COMPARISONS.items()}
_LETTERS = "ijklmpqrstuv"
Indices = tuple[Expr, ...]
Names = Mapping[Node, Callable[[Indices], Expr]]


def moved(index: Expr, by: int) -> Expr:
    """An index plus a whole number."""
    if isinstance(index, Num):
        return Num(index.value + by)
    if isinstance(index, Add) and isinstance(index.children[-1], Num):
        return moved(index.children[0], int(index.children[-1].value) + by)
    return index if not by else Add((index, Num(by)))


@dataclass(slots=True)
class Formulas:
    """Writes nodes with an index along each axis, counted from one.

    `letters` says how the author calls the index along each axis of a name, `running` that of a sum up to a size;
    letters in `taken` are not used for indices.
    """

    lifted: Lifted
    taken: frozenset[str] = frozenset()
    letters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    running: Mapping[str, str] = field(default_factory=dict)
    count: int = 0

    def axes(self, name: str, rank: int) -> Indices:
        """A letter of its own for each axis of a name, as places counted from one."""
        letters = self.letters.get(name, ())
        if len(set(letters)) != rank:
            letters = tuple(self._free())[:rank]
        return tuple(moved(Sym(x), 1 - lo) for x, lo in zip(letters, self.origins(name, rank), strict=True))

    def origins(self, name: str, rank: int) -> tuple[int, ...]:
        """From where the author counts along each axis."""
        return self.lifted.origins.get(name, (1,) * rank)

    def entry(self, name: str, indices: Indices) -> Expr:
        """An entry of a family or definition, in the author's counting."""
        if not indices:
            return Sym(name)
        origins = self.origins(name, len(indices))
        return Entry(name, tuple(moved(i, lo - 1) for i, lo in zip(indices, origins, strict=True)))

    def length(self, dim: Dim) -> Expr:
        """A length as a formula."""
        if not dim.symbol:
            return Num(dim.offset)
        return moved(Sym(dim.symbol), dim.offset)

    def at(self, node: Node, indices: Indices, names: Names) -> Expr:
        """The entry of a node at some indices; nodes in `names` are written by name."""
        if node in names:
            return names[node](indices)
        match node.op:
            case "input":
                return self.entry(str(node.data[0]), indices)
            case "const":
                value = number_of(node)
                return Num(value) if value is not None else Const(str(node.data[0]))
            case "size":
                return self.length(_dim(node.data[0]))
            case "ones":
                return ONE
            case "eye":
                return Delta(*indices)
            case "iota":
                start = _dim(node.data[0])
                return moved(indices[0], start.offset - 1)
            case "einsum":
                return self._einsum(node, indices, names)
            case "add":
                return self._add(node, indices, names)
            case "map":
                args = [self.at(r.node, tuple(indices[k] for k in r.indices), names) for r in refs(node)]
                return self._map(node, args)
        return self._along(node, indices, names)

    def _fresh(self, dim: Dim) -> Sym:
        self.count += 1
        free = self._free()
        wanted = self.running.get(dim.symbol, free[self.count % min(4, len(free))])
        return Sym(f"{wanted}.f{self.count}")

    def _free(self) -> list[str]:
        return [x for x in _LETTERS if x not in self.taken] or list(_LETTERS)

    def _summed(self, over: list[tuple[Sym, Dim, int]], body: Expr) -> Expr:
        for index, dim, lo in reversed(over):
            body = Sum(index.name, Num(lo), moved(self.length(dim), lo - 1), body)
        return body

    def _origin(self, node: Node, axis: int) -> int:
        """From where the author counts along an axis of a node, if it has a name."""
        name = str(node.data[0]) if node.op == "input" else self.lifted.graph.names.get(node, "")
        return self.lifted.origins[name][axis] if name in self.lifted.origins else 1

    def _einsum(self, node: Node, indices: Indices, names: Names) -> Expr:
        place: dict[int, Expr] = dict(zip(einsum_out(node), indices, strict=True))
        over: list[tuple[Sym, Dim, int]] = []
        outside: list[Expr] = []
        inside: list[Expr] = []
        for ref in refs(node):
            for axis, (index, dim) in enumerate(zip(ref.indices, ref.node.shape, strict=True)):
                if index not in place:
                    fresh, lo = self._fresh(dim), self._origin(ref.node, axis)
                    place[index] = moved(fresh, 1 - lo)
                    over.append((fresh, dim, lo))
        for ref in refs(node):
            factor = self.at(ref.node, tuple(place[i] for i in ref.indices), names)
            if factor == ONE:
                continue
            summed = any(i not in einsum_out(node) for i in ref.indices)
            (inside if summed else outside).append(factor)
        if over:
            outside.append(self._summed(over, _product(inside)))
        else:
            outside += inside
        return _product(outside)

    def _add(self, node: Node, indices: Indices, names: Names) -> Expr:
        terms = []
        for coefficient, ref in zip(coefficients(node), refs(node), strict=True):
            term = self.at(ref.node, tuple(indices[k] for k in ref.indices), names)
            if coefficient == -1:
                term = neg(term)
            elif coefficient != 1:
                term = Mul((Num(coefficient), term))
            terms.append(term)
        return Add(tuple(terms))

    def _map(self, node: Node, args: list[Expr]) -> Expr:
        name = function_of(node)
        if name in _BY_MASK:
            return Cases(((_BY_MASK[name], args[0], args[1], ONE), (True, ZERO, ZERO, ZERO)))  # type: ignore[arg-type]
        match name:
            case "where":
                mask = refs(node)[0].node
                if mask.op != "map" or function_of(mask) not in _BY_MASK:
                    return Cases(((">", args[0], ZERO, args[1]), (True, ZERO, ZERO, args[2])))
                (_, left, right, _), _ = args[0].rows  # type: ignore[attr-defined]
                sign = _BY_MASK[function_of(mask)]
                return Cases(((sign, left, right, args[1]), (True, ZERO, ZERO, args[2])))  # type: ignore[arg-type]
            case "pow":
                return Pow(args[0], args[1])
            case "sqrt":
                return Pow(args[0], Num(Fraction(1, 2)))
            case "softplus":
                return _softplus(args[0])
            case "bce":
                return Add((_softplus(args[0]), neg(Mul((args[1], args[0])))))
            case "xlogx":
                return Mul((args[0], Call("log", (args[0],))))
            case "logcosh":
                return Call("log", (Call("cosh", (args[0],)),))
            case "step":
                return Cases(((">", args[0], ZERO, ONE), (True, ZERO, ZERO, ZERO)))
        return Call(name, tuple(args))

    def _along(self, node: Node, indices: Indices, names: Names) -> Expr:
        """Operations along one axis."""
        axis, inner = int(str(node.data[0])), node.args[0]
        if node.op == "onehot":
            label = self.at(inner, indices[:-1], names)
            return Delta(label, moved(indices[-1], axis - 1))
        dim = inner.shape[axis] if axis < len(inner.shape) else Dim("", 1)
        match node.op:
            case "softmax":
                running = self._fresh(dim)
                total = self._summed(
                    [(running, dim, 1)], Call("exp", (self._along_at(inner, axis, running, indices, names),))
                )
                return Mul((Call("exp", (self.at(inner, indices, names),)), reciprocal(total)))
            case "log_rest":
                return Call("log", (self._rest(node, indices, names),))
            case "log_rest_pull":
                return self._log_rest_pull(node, indices, names)
            case "logsumexp":
                running = self._fresh(dim)
                wide = (*indices[:axis], running, *indices[axis:])
                return Call("log", (self._summed([(running, dim, 1)], Call("exp", (self.at(inner, wide, names),))),))
            case "prod":
                running = self._fresh(dim)
                wide = (*indices[:axis], running, *indices[axis:])
                return Product(running.name, ONE, self.length(dim), self.at(inner, wide, names))
            case "prod_others":
                running = self._fresh(dim)
                body = self._along_at(inner, axis, running, indices, names)
                total = Product(running.name, ONE, self.length(dim), body)
                return Mul((total, reciprocal(self.at(inner, indices, names))))
            case "slice":
                return self.at(inner, _set(indices, axis, moved(indices[axis], int(str(node.data[1])))), names)
            case "pick":
                chosen = Num(int(str(node.data[1])) + 1)
                return self.at(inner, (*indices[:axis], chosen, *indices[axis:]), names)
        return self._zeros_around(node, axis, indices, names)

    def _probability(self, node: Node, indices: Indices, names: Names) -> Expr:
        """An entry of the softmax that a node is made of, by its name if it has one."""
        graph = self.lifted.graph
        return self.at(graph.along("softmax", node.args[0], int(str(node.data[0]))), indices, names)

    def _rest(self, node: Node, indices: Indices, names: Names) -> Expr:
        return Add((ONE, neg(self._probability(node, indices, names))))

    def _log_rest_pull(self, node: Node, indices: Indices, names: Names) -> Expr:
        """p_j (sum_k c_k p_k/(1 - p_k) - c_j/(1 - p_j)) for the cotangents c of log(1 - p)."""
        axis = int(str(node.data[0]))
        running = self._fresh(node.shape[axis])
        wide = _set(indices, axis, running)
        p, bar, rest = self._probability(node, wide, names), self.at(node.args[1], wide, names), self._rest
        total = self._summed([(running, node.shape[axis], 1)], Mul((bar, p, reciprocal(rest(node, wide, names)))))
        own = Mul((self.at(node.args[1], indices, names), reciprocal(rest(node, indices, names))))
        return Mul((self._probability(node, indices, names), Add((total, neg(own)))))

    def _zeros_around(self, node: Node, axis: int, indices: Indices, names: Names) -> Expr:
        position, inner, index = int(str(node.data[1])), node.args[0], indices[axis]
        if node.op == "place":
            value = self.at(inner, (*indices[:axis], *indices[axis + 1 :]), names)
            return Cases((("==", index, Num(position + 1), value), (True, ZERO, ZERO, ZERO)))
        if node.op == "pad":
            value = self.at(inner, _set(indices, axis, moved(index, -position)), names)
            last = moved(self.length(inner.shape[axis]), position)
            rows = [] if not position else [("<=", index, Num(position), ZERO)]
            return Cases((*rows, ("<=", index, last, value), (True, ZERO, ZERO, ZERO)))  # type: ignore[arg-type]
        raise MeaningError(f"{node.op} cannot be written as a formula")

    def _along_at(self, inner: Node, axis: int, running: Expr, indices: Indices, names: Names) -> Expr:
        return self.at(inner, _set(indices, axis, running), names)


def _set(indices: Indices, axis: int, index: Expr) -> Indices:
    return (*indices[:axis], index, *indices[axis + 1 :])


def _dim(data: object) -> Dim:
    assert isinstance(data, Dim)
    return data


def _softplus(z: Expr) -> Expr:
    return Call("log", (Add((ONE, Call("exp", (z,)))),))


def _product(factors: list[Expr]) -> Expr:
    if len(factors) == 2 and factors[0] == MINUS_ONE:
        return neg(factors[1])
    powers = Counter(factors)
    factors = [x if count == 1 else Pow(x, Num(count)) for x, count in powers.items()]
    return Mul(tuple(factors)) if len(factors) > 1 else factors[0] if factors else ONE
