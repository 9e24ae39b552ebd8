"""Products of arrays with sums: the order of pairs, and the NumPy call for each pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from deriv.codegen.arrays import Arrays, Op
from deriv.engine.graph import Dim, Indices

_EXHAUSTIVE = 5


@dataclass(frozen=True, slots=True)
class Part:
    """An array with the indices along its axes; `inverse` marks a denominator."""

    op: Op
    indices: Indices
    inverse: bool = False


Free = Callable[[Op], bool]


def contract(arrays: Arrays, parts: Sequence[Part], out: Indices, free: Free) -> Part:
    """Multiply and sum; operations on operands that are all `free` (known before the loop) cost nothing."""
    lengths = {i: d for p in parts for i, d in zip(p.indices, p.op.shape, strict=True)}
    work = [_diagonal(arrays, p) for p in parts]
    work = [_sum_alone(arrays, p, [q for q in work if q is not p], out) for p in work]
    while len(work) > 1:
        a, b = _best_pair(arrays, work, out, lengths, free)
        rest = [p for k, p in enumerate(work) if k not in (a, b)]
        keep = {*out, *(i for p in rest for i in p.indices)}
        work = [*rest, _pair(arrays, work[a], work[b], keep, out)]
    result = work[0]
    return Part(arrays.div(arrays.number(1), result.op), result.indices) if result.inverse else result


def _diagonal(arrays: Arrays, part: Part) -> Part:
    distinct = tuple(dict.fromkeys(part.indices))
    if distinct == part.indices:
        return part
    dims = dict(zip(part.indices, part.op.shape, strict=True))
    op = arrays.make("einsum", (part.op,), (_spec([part.indices], distinct),), tuple(dims[i] for i in distinct))
    return Part(op, distinct, part.inverse)


def _sum_alone(arrays: Arrays, part: Part, others: Sequence[Part], out: Indices) -> Part:
    """Sum over the indices that no other operand and not the result has."""
    held = {*out, *(i for p in others for i in p.indices)}
    gone = tuple(k for k, i in enumerate(part.indices) if i not in held)
    if not gone:
        return part
    op = arrays.div(arrays.number(1), part.op) if part.inverse else part.op
    return Part(arrays.reduce("sum", op, gone), tuple(i for i in part.indices if i in held))


def _best_pair(
    arrays: Arrays, work: Sequence[Part], out: Indices, lengths: dict[int, Dim], free: Free
) -> tuple[int, int]:
    """The first pair of the cheapest order (all orders for few operands, else the cheapest next step)."""
    start = tuple((frozenset(p.indices), free(p.op)) for p in work)
    State = tuple[tuple[frozenset[int], bool], ...]
    known: dict[State, tuple[int, tuple[int, int]]] = {}

    def step(state: State, a: int, b: int) -> tuple[int, State]:
        rest = tuple(s for k, s in enumerate(state) if k not in (a, b))
        keep = frozenset(out).union(*(s[0] for s in rest))
        both = state[a][0] | state[b][0]
        is_free = state[a][1] and state[b][1]
        cost = 0 if is_free else arrays.weight(lengths[i] for i in both)
        made = both & keep
        if is_free and arrays.weight(lengths[i] for i in made) > sum(
            arrays.weight(lengths[i] for i in s[0]) for s in (state[a], state[b])
        ):
            cost = arrays.weight(lengths[i] for i in both)
        return cost, (*rest, (made, is_free))

    def solve(state: State) -> tuple[int, tuple[int, int]]:
        if len(state) < 2:
            return 0, (0, 0)
        if state not in known:
            best: tuple[int, tuple[int, int]] | None = None
            for a, b in combinations(range(len(state)), 2):
                cost, after = step(state, a, b)
                if len(start) <= _EXHAUSTIVE:
                    cost += solve(after)[0]
                if best is None or cost < best[0]:
                    best = cost, (a, b)
            assert best is not None
            known[state] = best
        return known[state]

    return solve(start)[1]


def _spec(operands: Sequence[Indices], out: Indices) -> str:
    letters: dict[int, str] = {}
    for indices in operands:
        for index in indices:
            letters.setdefault(index, "ijklmnopqrst"[len(letters)])
    return ",".join("".join(letters[i] for i in o) for o in operands) + "->" + "".join(letters[i] for i in out)


def align(arrays: Arrays, op: Op, indices: Indices, out: Indices) -> Op:
    """A view of an array whose axes stand in the order of `out`, ready to broadcast."""
    wanted = [i for i in out if i in indices]
    op = arrays.transpose(op, tuple(indices.index(i) for i in wanted))
    return arrays.expand(op, tuple(i in indices for i in out))


def _pair(arrays: Arrays, a: Part, b: Part, keep: set[int], out: Indices) -> Part:
    summed = [i for i in a.indices if i in b.indices and i not in keep]
    if not summed:
        return _times(arrays, a, b, out)
    ones = arrays.number(1)
    if a.inverse:
        a = Part(arrays.div(ones, a.op), a.indices)
    if b.inverse:
        b = Part(arrays.div(ones, b.op), b.indices)
    if any(i in b.indices and i in keep for i in a.indices):
        return _batched(arrays, a, b, keep, out)
    return _matmul(arrays, a, b, summed, out)


def _ordered(indices: set[int], out: Indices) -> Indices:
    """In the order of the result first, then by number."""
    return (*(i for i in out if i in indices), *sorted(indices - set(out)))


def _times(arrays: Arrays, a: Part, b: Part, out: Indices) -> Part:
    """The product entry by entry."""
    if a.inverse and not b.inverse:
        a, b = b, a
    indices = _ordered({*a.indices, *b.indices}, out)
    if set(a.indices) >= set(b.indices):
        indices = a.indices
    elif set(b.indices) >= set(a.indices):
        indices = b.indices
    left, right = align(arrays, a.op, a.indices, indices), align(arrays, b.op, b.indices, indices)
    if b.inverse and not a.inverse:
        return Part(arrays.div(left, right), indices)
    return Part(arrays.mul(left, right), indices, a.inverse)


def _batched(arrays: Arrays, a: Part, b: Part, keep: set[int], out: Indices) -> Part:
    indices = _ordered({i for i in (*a.indices, *b.indices) if i in keep}, out)
    dims = dict(zip((*a.indices, *b.indices), (*a.op.shape, *b.op.shape), strict=True))
    spec = _spec([a.indices, b.indices], indices)
    return Part(arrays.make("einsum", (a.op, b.op), (spec,), tuple(dims[i] for i in indices)), indices)


def _matmul(arrays: Arrays, a: Part, b: Part, summed: list[int], out: Indices) -> Part:
    left, right = [i for i in a.indices if i not in summed], [i for i in b.indices if i not in summed]
    if right and left and right[0] in out and left[0] in out and out.index(right[0]) < out.index(left[0]):
        a, b, left, right = b, a, right, left
    dims = dict(zip((*a.indices, *b.indices), (*a.op.shape, *b.op.shape), strict=True))
    indices = (*left, *right)
    shape = tuple(dims[i] for i in indices)
    if not indices and a.indices == b.indices and len(summed) > 1:
        return Part(arrays.make("vdot", (a.op, b.op)), ())
    if len(summed) > 1 or len(left) > 1 or len(right) > 1:
        axes = (tuple(a.indices.index(i) for i in summed), tuple(b.indices.index(i) for i in summed))
        return Part(arrays.make("tensordot", (a.op, b.op), (axes,), shape), indices)
    if not left and right:  # vector @ matrix reads better, and runs no slower, as matrix.T @ vector
        a, b, left, right = b, a, right, left
    inner = summed[0]
    first = align(arrays, a.op, a.indices, (*left, inner))
    second = align(arrays, b.op, b.indices, (inner, *right))
    return Part(arrays.make("matmul", (first, second), (), shape), indices)
