"""Σ_k (A^-1)_pk A_kq = δ_pq inside of sums of any number of indices.

For a matrix of several terms the largest is replaced: with A = L + R, Σ_k (A^-1)_pk L_kq = δ_pq - Σ_k (A^-1)_pk R_kq.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from deriv.equal.atoms import delta, rename, symbol
from deriv.equal.field import Field, Kernel, Poly, Rat
from deriv.equal.matrices import Matrix, factors_of, open_sum, opened, plain
from deriv.equal.sums import Index, grouped, sum_over

_MOST_ASSIGNMENTS = 60


@dataclass(frozen=True, slots=True)
class _Lead:
    """The term that is replaced: its scale, its factors over inner indices, and the terms that are left."""

    matrix: Matrix
    scale: Rat
    inner: tuple[Index, ...]
    factors: tuple[Rat, ...]
    rest: Rat


@dataclass(frozen=True, slots=True)
class _Meeting:
    """An inverse (a factor) one of whose places is a summed index k; `other` is its other place."""

    position: int
    kernel: Kernel
    k: Index
    other: Rat
    k_is_column: bool


def cancel(space: Field, indices: list[Index], factors: list[Rat]) -> tuple[list[Index], Rat] | None:
    """The sum with one inverse brought together with its matrix: the indices that are left and the body."""
    if "inverse" not in {kernel.kind for kernel in space.kernels}:
        return None
    for meeting in _meetings(space, indices, factors):
        found = _cancel_at(space, meeting, indices, factors)
        if found is not None:
            return found
    return None


def _meetings(space: Field, indices: list[Index], factors: list[Rat]) -> Iterator[_Meeting]:
    for position, factor in enumerate(factors):
        number = plain(space, factor)
        if number is None or space.kernels[number].kind != "inverse":
            continue
        kernel = space.kernels[number]
        lo, hi, body, *places = kernel.args
        for slot in (0, 1):
            name = _name(space, places[slot])
            index = next((index for index in indices if index[0] == name), None)
            if index is None or (index[1].key, index[2].key) != (lo.key, hi.key):
                continue
            if name not in space.names(places[1 - slot]) | space.names(body):
                yield _Meeting(position, kernel, index, places[1 - slot], slot == 1)
                if kernel.data[2]:
                    yield _Meeting(position, kernel, index, places[1 - slot], slot == 0)


def _name(space: Field, rat: Rat) -> str | None:
    number = plain(space, rat)
    return str(space.kernels[number].data[0]) if number is not None and space.kernels[number].kind == "sym" else None


def _cancel_at(
    space: Field, meeting: _Meeting, indices: list[Index], factors: list[Rat]
) -> tuple[list[Index], Rat] | None:
    others = [*factors[: meeting.position], *factors[meeting.position + 1 :]]
    k = meeting.k[0]
    near = [part for part in others if k in space.names(part)]
    if not near:
        return None
    lead = _lead(space, meeting.kernel)
    if lead is None:
        return None
    free = [index for index in indices if index[0] != k]
    for q in _candidates(space, near, others, k):
        for used, rest in _matches(space, lead, meeting, q, free, others):
            if any(k in space.names(part) or not used.isdisjoint(space.names(part)) for part in rest):
                continue
            if not used.isdisjoint(space.names(meeting.other) | space.names(q)):
                continue
            value = _value(space, lead, meeting, q)
            for part in rest:
                value = space.mul(value, part)
            return [index for index in free if index[0] not in used], value
    return None


def _value(space: Field, lead: _Lead, meeting: _Meeting, q: Rat) -> Rat:
    """(δ_pq - Σ_k (A^-1)_pk R_kq) / scale."""
    name, lo, hi = meeting.k
    result = delta(space, meeting.other, q)
    if lead.rest.num != space.zero:
        own = space.gen(space.ids[_key(meeting.kernel)])
        body = space.mul(own, _placed(space, lead.matrix, lead.rest, meeting, q))
        result = space.sub(result, sum_over(space, name, lo, hi, body))
    return space.div(result, lead.scale)


def _key(kernel: Kernel) -> tuple[object, ...]:
    return (kernel.kind, kernel.data, *(arg.key for arg in kernel.args))


def _placed(space: Field, matrix: Matrix, part: Rat, meeting: _Meeting, q: Rat) -> Rat:
    """A part of the matrix at (k, q), or at (q, k) where k stands in the row of the inverse."""
    k = symbol(space, meeting.k[0])
    row, col = (k, q) if meeting.k_is_column else (q, k)
    return rename(space, part, {matrix.row: row, matrix.col: col})


def _matches(
    space: Field, lead: _Lead, meeting: _Meeting, q: Rat, free: list[Index], others: list[Rat]
) -> Iterator[tuple[set[str], list[Rat]]]:
    """Ways to find the leading term among the factors: the summed indices it uses up, and the factors left."""
    wanted = [_placed(space, lead.matrix, part, meeting, q) for part in lead.factors]
    have = Counter(part.key for part in others)
    for count, chosen in enumerate(permutations(free, len(lead.inner))):
        if count >= _MOST_ASSIGNMENTS:
            return
        pairs = list(zip(lead.inner, chosen, strict=True))
        if any((a[1].key, a[2].key) != (b[1].key, b[2].key) for a, b in pairs):
            continue
        mapping = {a[0]: symbol(space, b[0]) for a, b in pairs}
        here = Counter((rename(space, part, mapping) if mapping else part).key for part in wanted)
        if here - have:
            continue
        rest = []
        for part in others:
            if here[part.key] > 0:
                here[part.key] -= 1
            else:
                rest.append(part)
        yield {index[0] for index in chosen}, rest


def _candidates(space: Field, near: list[Rat], others: list[Rat], k: str) -> list[Rat]:
    """What may stand in the other place of the matrix: index values beside k or one inner index away."""
    found: dict[tuple[str, str], Rat] = {}
    for part in (*near, *others):
        for number in space.kernels_of(part):
            kernel = space.kernels[number]
            args = kernel.args[3:] if kernel.kind == "inverse" else kernel.args if kernel.kind == "entry" else ()
            for arg in args:
                found.setdefault(arg.key, arg)
            if kernel.kind not in ("entry", "inverse"):
                for name in sorted(kernel.names):
                    if name in space.ranges or name in space.letters:
                        found.setdefault(symbol(space, name).key, symbol(space, name))
    return [arg for arg in found.values() if k not in space.names(arg)]


def _lead(space: Field, kernel: Kernel) -> _Lead | None:
    key = ("lead", kernel.args[0].key, kernel.args[1].key, kernel.args[2].key)
    if key not in space.memo:
        space.memo[key] = _find_lead(space, opened(space, kernel))
    found: _Lead | None = space.memo[key]
    return found


def _find_lead(space: Field, matrix: Matrix) -> _Lead | None:
    names = frozenset((matrix.row, matrix.col))
    terms = [(part, scale) for part, scale in grouped(space, matrix.body.num, names) if _couples(space, part, names)]
    if not terms:
        return None
    part, scale = max(terms, key=lambda term: _weight(space, term[0], names))
    den = matrix.body.den
    indices: list[Index] = []
    factors: list[Rat] = []
    for factor in factors_of(space, part, den):
        number = plain(space, factor)
        if number is not None and space.kernels[number].kind == "sum":
            inner, pieces = open_sum(space, space.kernels[number], f"l.{len(indices)}")
            indices.extend(inner)
            factors.extend(pieces)
        else:
            factors.append(factor)
    rest = space.sub(matrix.body, space.make(part * scale, den))
    return _Lead(matrix, Rat(scale, space.one), tuple(indices), tuple(factors), rest)


def _couples(space: Field, part: Poly, names: frozenset[str]) -> bool:
    """Whether a term depends on row and column, not by way of a delta."""
    kernels = [space.kernels[number] for number in space.used(part)]
    found = frozenset().union(*(kernel.names for kernel in kernels))
    return names <= found and not any(kernel.kind == "zero" for kernel in kernels)


def _weight(space: Field, part: Poly, names: frozenset[str]) -> tuple[bool, int, int, str]:
    kernels = [space.kernels[number] for number in space.used(part)]
    joined = any(names <= kernel.names for kernel in kernels)
    return joined, max(kernel.height for kernel in kernels), len(kernels), str(part)
