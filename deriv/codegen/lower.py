"""From graph nodes to array operations: contractions to `@` and sums, functions to stable elementwise forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from deriv.codegen.arrays import Arrays, Op, broadcast, constant
from deriv.codegen.contract import Free, Part, align, contract
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
from deriv.engine.graph_lift import MASKS

PLAIN = (
    frozenset(
        "exp log sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sqrt abs sign floor max min where".split()
    )
    | MASKS
)


@dataclass(slots=True)
class Lowering:
    """Lowers nodes one by one; `stable` picks forms that do not overflow, `free` tells what costs nothing."""

    graph: Graph
    arrays: Arrays
    stable: bool = True
    moving: set[Node] = field(default_factory=set)
    hoist: bool = False
    made: dict[Node, Op] = field(default_factory=dict)
    fixed: set[Op] = field(default_factory=set)

    def run(self, roots: Mapping[str, Node]) -> dict[str, Op]:
        """The operation of each output."""
        for node in reachable(roots.values()):
            self.made[node] = op = self._lower(node)
            if node in self.graph.names and op.name not in ("number", "input"):
                self.arrays.labels.setdefault(op, self.graph.names[node])
            if node not in self.moving:
                self.fixed |= {op, *op.args}
        return {name: self._whole(node) for name, node in roots.items()}

    def _whole(self, node: Node) -> Op:
        op = self.made[node]
        return op if op.shape == node.shape else self.arrays.make("stretch", (op,), (), node.shape)

    @property
    def _free(self) -> Free:
        if not self.hoist:
            return lambda _: False
        return lambda op: op in self.fixed

    def _lower(self, node: Node) -> Op:
        arrays = self.arrays
        match node.op:
            case "input":
                return arrays.make("input", (), node.data, node.shape)
            case "const":
                value = number_of(node)
                return arrays.number(value) if value is not None else arrays.make("constant", (), node.data)
            case "size":
                return arrays.make("size", (), node.data)
            case "ones":
                return arrays.make("ones", (), (), node.shape)
            case "eye":
                return arrays.make("eye", (), (), node.shape)
            case "iota":
                return arrays.make("iota", (), node.data, node.shape)
            case "einsum":
                return self._einsum(node)
            case "add":
                return self._add(node)
            case "map":
                return self._map(node)
            case "softmax" | "logsumexp":
                return self._softmax(node)
            case "log_rest" | "log_rest_pull":
                return self._log_rest(node)
            case "prod":
                return arrays.reduce("prod", self.made[node.args[0]], (int(str(node.data[0])),))
            case "onehot" | "prod_others" | "place" | "pad":
                return arrays.make(node.op, [self.made[a] for a in node.args], node.data, node.shape)
            case "pick":
                return arrays.make("take", [self.made[node.args[0]]], node.data, node.shape)
            case "slice":
                return arrays.make("slice", [self.made[node.args[0]]], node.data, node.shape)
        raise AssertionError(node)

    # products

    def _einsum(self, node: Node) -> Op:
        op = self._contraction(node)
        return op if op.shape == node.shape else self.arrays.make("stretch", (op,), (), node.shape)

    def _contraction(self, node: Node) -> Op:
        out = einsum_out(node)
        number = Fraction(1)
        scalars: list[Part] = []
        parts: list[Part] = []
        for ref in refs(node):
            value = number_of(ref.node)
            if value is not None:
                number *= value
                continue
            part = self._part(ref)
            (parts if part.indices else scalars).append(part)
        ones = [p for p in parts if p.op.name == "ones"]
        parts = [p for p in parts if p.op.name != "ones"]
        if self.hoist and parts:
            moving = [p for p in scalars if p.op not in self.fixed]
            if moving:
                known = self._product(number, [p for p in scalars if p not in moving], parts, ones, out)
                return self._times(self._factor(Fraction(1), moving), known)
        return self._product(number, scalars, parts, ones, out)

    def _product(
        self, number: Fraction, scalars: list[Part], parts: list[Part], ones: list[Part], out: tuple[int, ...]
    ) -> Op:
        factor = self._factor(number, scalars)
        if all(p.op in self.fixed for p in scalars):
            self.fixed.add(factor)
        if not parts:
            return factor
        if constant(factor) == 1:
            op = self._finish(contract(self.arrays, parts, out, self._free), out)
        else:
            op = self._scaled(parts, ones, factor, out)
        if factor in self.fixed and all(p.op in self.fixed for p in parts):
            self.fixed.add(op)
        return op

    def _part(self, ref: Ref) -> Part:
        """An operand; a reciprocal is a denominator."""
        if ref.node.op == "map" and function_of(ref.node) == "pow" and number_of(ref.node.args[1]) == -1:
            base = ref.node.args[0]
            if refs(ref.node)[0].indices == axes_of(ref.node.shape) and ref.node not in self.graph.names:
                return Part(self.made[base], ref.indices, inverse=True)
        return Part(self.made[ref.node], ref.indices)

    def _factor(self, number: Fraction, scalars: list[Part]) -> Op:
        """All scalar factors as one number of the program."""
        arrays = self.arrays
        above, below = arrays.number(number), arrays.number(1)
        for part in scalars:
            if part.inverse:
                below = arrays.mul(below, part.op)
            else:
                above = arrays.mul(above, part.op)
        return arrays.div(above, below)

    def _scaled(self, parts: list[Part], ones: list[Part], factor: Op, out: tuple[int, ...]) -> Op:
        """Put the scalar where it costs least: on the smallest operand or on the result."""
        arrays = self.arrays
        lengths = {i: d for p in (*parts, *ones) for i, d in zip(p.indices, p.op.shape, strict=True)}
        if self.hoist and factor in self.fixed:
            prepared = self._prepared(parts, factor, out)
            if prepared is not None:
                return self._finish(contract(arrays, prepared, out, self._free), out)
        at_end = arrays.weight(lengths[i] for i in out)
        small = min(parts, key=lambda p: arrays.weight(p.op.shape))
        scaled_before = len(parts) > 1 and not small.inverse and arrays.weight(small.op.shape) < at_end
        if scaled_before and not (self.hoist and small.op in self.fixed):
            parts = [Part(self._times(factor, p.op), p.indices) if p is small else p for p in parts]
            return self._finish(contract(arrays, parts, out, self._free), out)
        return self._times(factor, self._finish(contract(arrays, parts, out, self._free), out))

    def _prepared(self, parts: list[Part], factor: Op, out: tuple[int, ...]) -> list[Part] | None:
        """What does not depend on the parameters, contracted and scaled beforehand, where that is no larger."""
        arrays = self.arrays
        known = [p for p in parts if p.op in self.fixed and not p.inverse]
        rest = [p for p in parts if p not in known]
        if not known or not rest:
            return None
        needed = {*out, *(i for p in rest for i in p.indices)}
        kept = tuple(dict.fromkeys(i for p in known for i in p.indices if i in needed))
        lengths = {i: d for p in known for i, d in zip(p.indices, p.op.shape, strict=True)}
        size = arrays.weight(lengths[i] for i in kept)
        if size > min(arrays.weight(p.op.shape) for p in known) or size * 4 > arrays.weight(lengths.values()):
            return None
        part = contract(arrays, known, kept, self._free)
        op = self._times(factor, part.op)
        self.fixed |= {part.op, op}
        return [*rest, Part(op, part.indices)]

    def _times(self, factor: Op, op: Op) -> Op:
        """factor * op, written as a division where the factor is one over something."""
        arrays = self.arrays
        if factor.name == "div" and not op.shape and constant(factor.args[0]) in (1, -1):
            return arrays.div(arrays.mul(factor.args[0], op), factor.args[1])
        if factor.name == "div" and constant(factor.args[0]) == 1:
            return arrays.div(op, factor.args[1])
        return arrays.mul(factor, op)

    def _finish(self, part: Part, out: tuple[int, ...]) -> Op:
        return align(self.arrays, part.op, part.indices, out)

    # sums and functions

    def _add(self, node: Node) -> Op:
        arrays, axes = self.arrays, axes_of(node.shape)
        total: Op | None = None
        for coefficient, ref in zip(coefficients(node), refs(node), strict=True):
            term = self._term(ref, axes)
            size = abs(coefficient)
            if total is None:
                total = arrays.mul(arrays.number(coefficient), term)
                continue
            scaled = arrays.mul(arrays.number(size), term)
            total = arrays.elementwise("sub" if coefficient < 0 else "add", total, scaled)
        assert total is not None
        return total

    def _term(self, ref: Ref, axes: tuple[int, ...]) -> Op:
        distinct = tuple(dict.fromkeys(ref.indices))
        op = self.made[ref.node]
        if op.name == "stretch" and ref.indices == axes:
            return op.args[0]
        if distinct != ref.indices:
            op = contract(self.arrays, [Part(op, ref.indices)], distinct, self._free).op
        if op.name in MASKS or op.name == "mask":
            op = self.arrays.elementwise("mul", self.arrays.number(1), op)
        return align(self.arrays, op, distinct, axes)

    def _map(self, node: Node) -> Op:
        arrays, axes, name = self.arrays, axes_of(node.shape), function_of(node)
        args = []
        for ref in refs(node):
            op = self.made[ref.node]
            bare = op.name == "stretch" and ref.indices == axes
            args.append(op.args[0] if bare else align(arrays, op, ref.indices, axes))
        if name in PLAIN:
            return arrays.elementwise(name, *args)
        match name:
            case "pow":
                return self._power(args[0], args[1])
            case "relu":
                return arrays.elementwise("max", args[0], arrays.number(0))
            case "sigmoid":
                return self._sigmoid(args[0])
            case "softplus":
                return self._softplus(args[0])
            case "bce":
                return arrays.elementwise("sub", self._softplus(args[0]), arrays.mul(args[1], args[0]))
            case "step":
                return arrays.elementwise("gt", args[0], arrays.number(0))
            case "logcosh":
                return self._logcosh(args[0])
        return arrays.make(name, args, (), broadcast([a.shape for a in args]))

    def _power(self, base: Op, exponent: Op) -> Op:
        value = constant(exponent)
        if value is not None and value < 0 and value.denominator == 1 and value >= -4:
            power = base
            for _ in range(-int(value) - 1):
                power = self.arrays.mul(power, base)
            return self.arrays.div(self.arrays.number(1), power)
        return self.arrays.elementwise("pow", base, exponent)

    def _decay(self, z: Op) -> Op:
        """exp(-|z|), which never overflows; sigmoid and softplus of one z share it.

        Where calls count, -|z| is the smaller of z and 0 less the larger one: sigmoid and softplus need them anyway.
        """
        arrays, zero = self.arrays, self.arrays.number(0)
        if self.hoist:
            size = arrays.elementwise("sub", arrays.elementwise("min", z, zero), arrays.elementwise("max", z, zero))
        else:
            size = arrays.elementwise("neg", arrays.elementwise("abs", z))
        op = arrays.elementwise("exp", size)
        arrays.labels.setdefault(op, f"e_{arrays.labels[z]}" if z in arrays.labels else "e")
        return op

    def _sigmoid(self, z: Op) -> Op:
        arrays, one = self.arrays, self.arrays.number(1)
        if not self.stable:
            return arrays.div(
                one, arrays.elementwise("add", one, arrays.elementwise("exp", arrays.mul(arrays.number(-1), z)))
            )
        e, zero = self._decay(z), arrays.number(0)
        if self.hoist:  # a comparison with the choice after it costs as much as four calls
            above = arrays.elementwise("exp", arrays.elementwise("min", z, zero))
        else:
            above = arrays.elementwise("where", arrays.elementwise("ge", z, zero), one, e)
        return arrays.div(above, arrays.elementwise("add", one, e))

    def _softplus(self, z: Op) -> Op:
        arrays = self.arrays
        if not self.stable:
            return arrays.elementwise("log1p", arrays.elementwise("exp", z))
        peak = arrays.elementwise("max", z, arrays.number(0))
        return arrays.elementwise("add", peak, arrays.elementwise("log1p", self._decay(z)))

    def _logcosh(self, z: Op) -> Op:
        """|z| + log(1 + exp(-2|z|)) - log 2, which never overflows."""
        arrays = self.arrays
        size = arrays.elementwise("abs", z)
        decay = arrays.elementwise("exp", arrays.mul(arrays.number(-2), size))
        rest = arrays.elementwise(
            "sub", arrays.elementwise("log1p", decay), arrays.elementwise("log", arrays.number(2))
        )
        return arrays.elementwise("add", size, rest)

    def _exponentials(self, z: Op, axis: int) -> tuple[Op, Op, Op | None]:
        """exp(z - max z), its sum and the maximum, which serve softmax and log-sum-exp alike."""
        arrays = self.arrays
        e = arrays.elementwise("exp", z)
        top: Op | None = None
        if self.stable:
            top = arrays.reduce("amax", z, (axis,), keep=True)
            e = arrays.elementwise("exp", arrays.elementwise("sub", z, top))
        arrays.labels.setdefault(e, f"e_{arrays.labels[z]}" if z in arrays.labels else "e")
        return e, arrays.reduce("sum", e, (axis,), keep=True), top

    def _softmax(self, node: Node) -> Op:
        arrays, z, axis = self.arrays, self.made[node.args[0]], int(str(node.data[0]))
        e, total, top = self._exponentials(z, axis)
        if node.op == "softmax":
            return arrays.div(e, total)
        logs = arrays.elementwise("log", total)
        return arrays.squeeze(logs if top is None else arrays.elementwise("add", top, logs), axis)

    def _log_rest(self, node: Node) -> Op:
        """log(1 - p) for p = softmax(z), and what a cotangent of it contributes to z.

        A p up to a half is no danger. Where it is larger, and there is at most one such entry in a row, 1 - p is the
        sum of the others: their log-sum-exp with a shift of its own, minus that of all, is finite for every z.
        """
        arrays, axis, zero = self.arrays, int(str(node.data[0])), self.arrays.number(0)
        e, total, top = self._exponentials(self.made[node.args[0]], axis)
        assert top is not None
        p = arrays.div(e, total)
        large = arrays.elementwise("gt", p, arrays.number(Fraction(1, 2)))
        small = arrays.elementwise("where", large, zero, p)
        lowest = arrays.elementwise("neg", arrays.make("constant", (), ("inf",)))
        others = arrays.elementwise("where", large, lowest, e.args[0])
        e, rest, top = self._exponentials(others, axis)
        assert top is not None
        if node.op == "log_rest":
            logs = [arrays.elementwise("log", x) for x in (rest, total)]
            apart = arrays.elementwise("sub", arrays.elementwise("add", top, logs[0]), logs[1])
            near = arrays.elementwise("log1p", arrays.elementwise("neg", small))
            return arrays.elementwise("where", large, apart, near)
        bar = self.made[node.args[1]]
        odds = arrays.mul(bar, arrays.div(small, arrays.elementwise("sub", arrays.number(1), small)))
        of_large = arrays.reduce("sum", arrays.elementwise("where", large, bar, zero), (axis,), keep=True)
        apart = arrays.mul(of_large, arrays.elementwise("sub", arrays.div(e, rest), p))
        near = arrays.elementwise("sub", arrays.mul(p, arrays.reduce("sum", odds, (axis,), keep=True)), odds)
        return arrays.elementwise("add", apart, near)
