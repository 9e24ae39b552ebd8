"""Proof by normal form: the difference of both sides is the zero element.

Tried in turn: strictly; with the signs that both sides need to be defined at all; with boundaries between cases left
out; and with signs assumed.  Only the first two are unconditional.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from deriv.equal.budget import Budget, TooLarge, Undefined, Unsupported
from deriv.equal.domain_names import is_size
from deriv.equal.field import Field, Mode, Rat, Restart
from deriv.equal.normal import Normalizer
from deriv.equal.show import show
from deriv.equal.slots import Names
from deriv.equal.zero import is_zero
from deriv.expr.domain import SIZE, Domain, Fact
from deriv.expr.nodes import Cases, Entry, Expr, Num, Sum
from deriv.expr.substitute import post_order

_SIZES = (32, 96)
_RESTARTS = 8
STRICT = (Mode(), Mode(split=True), Mode(generic=True, split=True))
LENIENT = tuple(Mode(lenient=True, generic=mode.generic, split=mode.split) for mode in STRICT)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof used: the mode, the kernels, and the conditions that are not stated."""

    method: str
    kernels: tuple[str, ...]
    digest: str
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no proof."""

    reason: str


def with_sizes(domain: Domain, names: Names) -> Domain:
    """A bound of a sum is a positive whole number wherever it occurs."""
    facts: dict[str, Fact] = dict(domain.facts)
    for name in names.sizes:
        if not is_size(domain, name):
            facts[name] = SIZE
    return replace(domain, facts=facts)


def prove(
    lhs: Expr, rhs: Expr, domain: Domain, names: Names, budget: Budget, modes: tuple[Mode, ...]
) -> Proof | Failure:
    """Try the modes in turn with growing rings."""
    reason = "no proof found"
    cautious = any(isinstance(node, Cases) for side in (lhs, rhs) for node in post_order(side))
    for size in _SIZES:
        try:
            space = Field(domain, budget, size, cautious=cautious)
            return _prove_in(space, lhs, rhs, names, modes)
        except TooLarge as error:
            reason = str(error)
            if reason != "too many kernels":
                break
        except Unsupported as error:
            return Failure(f"{error} is beyond the exact methods")
        except Undefined as error:
            return Failure(str(error))
    return Failure(f"too large: {reason}" if not reason.startswith("too") else reason)


def _prove_in(space: Field, lhs: Expr, rhs: Expr, names: Names, modes: tuple[Mode, ...]) -> Proof | Failure:
    found: Proof | Failure = Failure("no proof found")
    for _ in range(_RESTARTS):
        try:
            for mode in modes:
                if mode.split and not any(kernel.kind in ("abs", "above") for kernel in space.kernels):
                    break
                found = _attempt(space, lhs, rhs, names, mode)
                if isinstance(found, Proof):
                    return found
            return found
        except Restart:
            space = _again(space)
    return Failure("too many different roots")


def _again(space: Field) -> Field:
    """The same kernels with finer roots; whatever was computed with the coarser ones is forgotten."""
    fresh = Field(space.domain, space.budget, space.size, cautious=space.cautious)
    fresh.kernels, fresh.ids, fresh.relations = space.kernels, space.ids, space.relations
    fresh.radix, fresh.exp_radix, fresh.steps = space.radix, space.exp_radix, space.steps
    fresh.borrowed = space.borrowed
    fresh.memo["kinds"] = space.memo.get("kinds", set())
    return fresh


def _attempt(space: Field, lhs: Expr, rhs: Expr, names: Names, mode: Mode) -> Proof | Failure:
    _prepare(space, names, mode)
    logs: list[dict[str, Rat]] = []
    form = Normalizer(space)
    sides = []
    for side in (lhs, rhs):
        space.logs = []
        sides.append(form.element(side))
        logs.append({str(rat.num): rat for rat in space.logs if rat.den == space.one})
    proof = _conclude(space, sides, mode)
    if proof is not None:
        return proof
    both = sorted(set(logs[0]) & set(logs[1]))
    if both and not mode.lenient and not space.cautious:
        _prepare(space, names, mode)
        space.positive.update(both)
        again = Normalizer(space)
        proof = _conclude(space, [again.element(lhs), again.element(rhs)], mode)
        if proof is not None:
            return proof
    return Failure("no proof found")


def _prepare(space: Field, names: Names, mode: Mode) -> None:
    kinds = space.memo.get("kinds", set())
    space.memo = {"kinds": kinds}
    space.mode, space.positive, space.assumed, space.boundaries = mode, set(), {}, {}
    for number in space.borrowed:
        space.assumed[str(space.ctx.gen(number))] = space.gen(number)
    form = Normalizer(space)
    space.letters = {
        name: tuple((form.element(lo), form.element(hi)) for lo, hi in pairs) for name, pairs in names.letters.items()
    }
    _equations(space, form)


def _equations(space: Field, form: Normalizer) -> None:
    """Stated equations: sums of entries as rules for sums, the rest solved for one kernel or kept as what is 0."""
    stated, solved, gaps = [], [], []
    for lhs, rhs in space.domain.equations:
        try:
            for one, other in ((lhs, rhs), (rhs, lhs)):
                if isinstance(one, Sum) and isinstance(one.body, Entry) and not isinstance(one.hi, Num):
                    bound = (form.element(one.lo), form.element(one.hi))
                    stated.append((form.element(one.body), (one.index, *bound), form.element(other)))
                    break
            else:
                gap = space.sub(form.element(lhs), form.element(rhs))
                solution = _solved(space, gap)
                if solution is not None:
                    solved.append(solution)
                elif space.constant(gap) is None:
                    gaps.append(gap.num)
        except (Unsupported, Undefined):
            continue
    space.memo["stated"], space.memo["solved"], space.memo["gaps"] = stated, solved, gaps
    space.memo["excluded"] = [form.element(node) for node in space.domain.excluded]


def _solved(space: Field, gap: Rat) -> tuple[int, Rat] | None:
    degrees = gap.num.degrees()
    for number in sorted(space.used(gap.num), reverse=True):
        if degrees[number] != 1 or number in space.relations:
            continue
        parts = space.split(gap.num, number)
        if space.constant(Rat(parts[1], space.one)) is not None:
            return number, space.neg(space.make(parts.get(0, space.zero), parts[1]))
    return None


def _conclude(space: Field, sides: list[Rat], mode: Mode) -> Proof | None:
    if not is_zero(space, space.sub(sides[0], sides[1])):
        return None
    conditions = [f"{show(space, rat)} > 0" for _, rat in sorted(space.assumed.items())]
    conditions += _boundary_conditions(space, mode)
    kernels = tuple(_kernel_text(space, k) for k in sorted({*space.kernels_of(sides[0]), *space.kernels_of(sides[1])}))
    digest = sha256("|".join((*kernels, *sides[0].key)).encode()).hexdigest()[:16]
    return Proof("normal-form", kernels, digest, tuple(dict.fromkeys(conditions)))


def _kernel_text(space: Field, number: int) -> str:
    kernel = space.kernels[number]
    return show(space, Rat(space.ctx.gen(number), space.one)) if kernel.kind in ("sym", "entry") else kernel.kind


def _boundary_conditions(space: Field, mode: Mode) -> list[str]:
    """With boundaries left out: those that are not kinks, where a side has no value anyway."""
    if not mode.generic:
        return []
    kinks: set[str] = space.memo.get("kinks", set())
    return [f"{show(space, rat)} ≠ 0" for key, rat in sorted(space.boundaries.items()) if key not in kinks]
