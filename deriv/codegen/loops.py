"""A program as nested loops over scalars, for targets that are compiled (numba, C).

Every stored operation is a nest of loops; nests over the same axis are joined where no iteration reads what a later
one writes, and an array that only one iteration of a loop ever sees loses that axis.  So logistic regression becomes
one pass over the samples with a handful of scalars, whatever the number of array operations was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from deriv.codegen.arrays import UNIT, VIEWS, Op, needed
from deriv.codegen.scalars import FIRST, ONE, ZERO, At, Cell, Place, Position, Scalar, Value, cells, element, spread
from deriv.engine.graph import Dim

_REDUCTIONS = frozenset({"sum", "prod", "amax", "vdot", "matmul", "tensordot", "einsum", "prod_others"})
_CHEAP = VIEWS | {"input", "number", "constant", "size", "ones", "eye", "iota", "onehot"}
_START: dict[str, Scalar] = {"sum": ZERO, "prod": ONE, "max": Value("lowest")}
_HOW = {"prod": "prod", "prod_others": "prod", "amax": "max"}


@dataclass(slots=True)
class Put:
    """Set an entry (`how` is empty), or add to it, multiply it, or raise it to a maximum (`sum`, `prod`, `max`)."""

    op: Op
    at: Place
    value: Scalar
    how: str = ""


@dataclass(slots=True)
class Loop:
    """Statements for every value of a variable, from 0 up to a length."""

    var: int
    dim: Dim
    body: list[Statement]


Statement = Put | Loop


@dataclass(frozen=True, slots=True)
class Access:
    """A read or write of a stored result, below which loops."""

    cell: Cell
    inside: tuple[int, ...]
    write: bool


@dataclass(slots=True)
class Nests:
    """All statements of a program for some outputs, and the axes that each stored result does without."""

    stored: set[Op] = field(default_factory=set)
    body: list[Statement] = field(default_factory=list)
    dropped: dict[Op, set[int]] = field(default_factory=dict)
    same: dict[int, int] = field(default_factory=dict)
    count: int = 0

    def fresh(self, rank: int) -> tuple[int, ...]:
        """New loop variables."""
        self.count += rank
        return tuple(range(self.count - rank, self.count))

    def var(self, var: int | None) -> int | None:
        """The variable of the loop that a joined loop became part of."""
        while var in self.same:
            var = self.same[var]
        return var

    def place(self, at: Place) -> Place:
        """A place in the variables of the joined loops."""
        return tuple(At(self.var(p.var), p.offset) for p in at)

    def axes(self, op: Op) -> list[int]:
        """The axes that a stored result keeps."""
        return [k for k in range(len(op.shape)) if k not in self.dropped.get(op, ())]


def nests(outputs: Sequence[Op], names: set[Op]) -> Nests:
    """Loops for the outputs; `names` are results that the reader of the code knows by name."""
    order = needed(outputs)
    made = Nests(_stored(order, outputs, names))
    for op in order:
        if op in made.stored:
            made.body += _nest(made, op)
    made.body = _joined(made, made.body)
    _drop_axes(made, {op for op in outputs if op.shape})
    return made


def _stored(order: Sequence[Op], outputs: Sequence[Op], names: set[Op]) -> set[Op]:
    """Sums, what is read more than once or known by name, and what a loop would otherwise work out again."""
    uses = Counter(arg for op in order if op.name not in VIEWS for arg in _behind_views(op))
    found = {op for op in order if op.name in _REDUCTIONS}
    found |= {op for op in outputs if op.name not in _CHEAP}
    for op in order:
        for arg in _behind_views(op):
            if arg.name not in _CHEAP and (_repeats(op, arg) or uses[arg] > 1 or arg in names):
                found.add(arg)
    return found


def _behind_views(op: Op) -> Iterator[Op]:
    for arg in op.args:
        while arg.name in VIEWS:
            arg = arg.args[0]
        yield arg


def _repeats(user: Op, arg: Op) -> bool:
    """Whether the loops of the user go over an entry of the argument more than once."""
    if user.name in ("matmul", "tensordot", "einsum", "prod_others"):
        return True
    if user.name in ("sum", "prod", "amax", "vdot"):
        user = user.args[0]
    return sum(d != UNIT for d in arg.shape) < sum(d != UNIT for d in user.shape)


# one nest


def _nest(made: Nests, op: Op) -> list[Statement]:
    if op.name in _REDUCTIONS:
        return _reduction(made, op)
    at = _free_place(made, op)
    value = element(op, at, made.stored - {op})
    return _around([(p.var, d) for p, d in zip(at, op.shape, strict=True) if p != FIRST], [Put(op, at, value)])


def _free_place(made: Nests, op: Op) -> Place:
    """A loop variable for each axis that is longer than one."""
    return tuple(FIRST if d == UNIT else At(v) for d, v in zip(op.shape, made.fresh(len(op.shape)), strict=True))


def _around(loops: Sequence[tuple[int | None, Dim]], body: list[Statement]) -> list[Statement]:
    for var, dim in reversed(loops):
        assert var is not None
        body = [Loop(var, dim, body)]
    return body


def _operands(made: Nests, op: Op) -> tuple[list[Place], Place]:
    """Where a reduction reads its arguments and writes its result."""
    first = _free_place(made, op.args[0])
    if op.name in ("sum", "prod", "amax"):
        axes, keep = op.data
        assert isinstance(axes, tuple)
        return [first], tuple(FIRST if k in axes else p for k, p in enumerate(first) if keep or k not in axes)
    if op.name == "prod_others":
        axis = int(str(op.data[0]))
        return [first], (*first[:axis], At(made.fresh(1)[0]), *first[axis + 1 :])
    if op.name == "vdot":
        return [first, first], ()
    if op.name == "einsum":
        return _by_letters(made, str(op.data[0]))
    rank = len(op.args[1].shape)
    axes = ((len(first) - 1,), (0,)) if op.name == "matmul" else op.data[0]
    assert isinstance(axes, tuple)
    second = [At(v) for v in made.fresh(rank)]
    for a, b in zip(*axes, strict=True):
        second[b] = first[a]
    out = [p for k, p in enumerate(first) if k not in axes[0]] + [p for k, p in enumerate(second) if k not in axes[1]]
    return [first, tuple(second)], tuple(out)


def _by_letters(made: Nests, spec: str) -> tuple[list[Place], Place]:
    letters = {c: At(made.fresh(1)[0]) for c in dict.fromkeys(spec) if c.isalpha()}
    given, _, out = spec.partition("->")
    return [tuple(letters[c] for c in part) for part in given.split(",")], tuple(letters[c] for c in out)


def _reduction(made: Nests, op: Op) -> list[Statement]:
    places, out = _operands(made, op)
    lengths: dict[int, Dim] = {}
    for arg, place in (*zip(op.args, places, strict=True), (op, out)):
        lengths.update({p.var: d for p, d in zip(place, arg.shape, strict=True) if p.var is not None})
    parts = [element(a, spread(a.shape, p), made.stored) for a, p in zip(op.args, places, strict=True)]
    value = parts[0] if len(parts) == 1 else Value("mul", tuple(parts))
    if op.name == "prod_others":
        axis = int(str(op.data[0]))
        value = Value("where", (Value("ne", (Position(places[0][axis]), Position(out[axis]))), value, ONE))
    how = _HOW.get(op.name, "sum")
    order = _loop_order([out, *(cell.at for cell in cells(value))], lengths)
    return _accumulated(made, op, out, order, lengths, Put(op, out, value, how), _START[how])


def _loop_order(places: Sequence[Place], variables: Iterable[int]) -> list[int]:
    """Variables that run along last axes go innermost, so that memory is read in order."""
    depths: dict[int, list[int]] = {v: [] for v in variables}
    for place in places:
        for k, p in enumerate(place):
            if p.var is not None:
                depths[p.var].append(len(place) - 1 - k)
    return sorted(depths, key=lambda v: -sum(depths[v]) / max(1, len(depths[v])))


def _accumulated(
    made: Nests, op: Op, out: Place, order: list[int], lengths: dict[int, Dim], put: Put, start: Scalar
) -> list[Statement]:
    """Set to the start, then accumulate; loops over axes of the result that come first surround both."""
    own = {p.var for p in out}
    shared = 0
    while shared < len(order) and order[shared] in own:
        shared += 1
    rest = [v for v in order[shared:] if v in own]
    again = dict(zip(rest, made.fresh(len(rest)), strict=True))
    at = tuple(p if p.var not in again else At(again[p.var]) for p in out)
    begin = _around([(again[v], lengths[v]) for v in rest], [Put(op, at, start)])
    body = begin + _around([(v, lengths[v]) for v in order[shared:]], [put])
    return _around([(v, lengths[v]) for v in order[:shared]], body)


# joining


def accesses(made: Nests, statement: Statement, inside: tuple[int, ...] = ()) -> Iterator[Access]:
    """Every read and write of stored results below a statement."""
    if isinstance(statement, Loop):
        for inner in statement.body:
            yield from accesses(made, inner, (*inside, statement.var))
        return
    yield Access(Cell(statement.op, made.place(statement.at)), inside, write=True)
    for cell in cells(statement.value):
        if cell.op in made.stored:
            yield Access(Cell(cell.op, made.place(cell.at)), inside, write=False)


def _reads(made: Nests, statement: Statement) -> Iterator[Cell]:
    """Inputs and stored results that a statement reads; sums read what they add to."""
    if isinstance(statement, Loop):
        for inner in statement.body:
            yield from _reads(made, inner)
        return
    yield from cells(statement.value)
    if statement.how:
        yield Cell(statement.op, statement.at)


def _touched(made: Nests, statement: Statement, *, write: bool | None = None) -> dict[Op, list[Place]]:
    found: dict[Op, list[Place]] = {}
    for access in accesses(made, statement):
        if write is None or access.write == write:
            found.setdefault(access.cell.op, []).append(access.cell.at)
    return found


def _joined(made: Nests, body: Sequence[Statement]) -> list[Statement]:
    """Join each loop with the nearest earlier one over the same axis that it may run along with."""
    result: list[Statement] = []
    # what sums start from depends on nothing and shall not stand between two loops
    for statement in sorted(body, key=lambda s: any(True for _ in _reads(made, s))):
        if not (isinstance(statement, Loop) and _join(made, result, statement)):
            result.append(statement)
    for statement in result:
        if isinstance(statement, Loop):
            statement.body = _joined(made, statement.body)
    return result


def _join(made: Nests, earlier: Sequence[Statement], loop: Loop) -> bool:
    reads = _touched(made, loop)
    for other in reversed(earlier):
        written = _touched(made, other, write=True)
        if isinstance(other, Loop) and other.dim == loop.dim and _may_join(other, loop, written, reads):
            made.same[loop.var] = other.var
            other.body += loop.body
            return True
        if any(op in written for op in reads):
            return False
    return False


def _may_join(first: Loop, second: Loop, written: dict[Op, list[Place]], reads: dict[Op, list[Place]]) -> bool:
    """Whether every entry that the second loop takes from the first comes from the same iteration."""
    for op, places in written.items():
        if op not in reads:
            continue
        axes = range(len(op.shape))
        if not any(
            all(p[k] == At(first.var) for p in places) and all(p[k] == At(second.var) for p in reads[op]) for k in axes
        ):
            return False
    return True


def _drop_axes(made: Nests, kept: set[Op]) -> None:
    """An axis along which every access stands at the variable of one common loop needs no memory."""
    found: dict[Op, list[Access]] = {}
    for statement in made.body:
        for access in accesses(made, statement):
            found.setdefault(access.cell.op, []).append(access)
    for op, uses in found.items():
        if op in kept:
            continue
        for k in range(len(op.shape)):
            at = uses[0].cell.at[k]
            loops = all(a.cell.at[k] == at and at.var in a.inside for a in uses)
            alone = all(a.cell.at[k] == FIRST for a in uses)
            if alone or (loops and not at.offset):
                made.dropped.setdefault(op, set()).add(k)
