"""Certified comparison at points of the domain, and the conditions under which a difference may vanish."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from math import log10

import flint

from deriv.equal.ball import Evaluator
from deriv.equal.ball_functions import Arb
from deriv.equal.budget import Budget, TooLarge, Undefined, Unsupported
from deriv.equal.decision import Different, Undecided
from deriv.equal.prepare import Claim, make_claim
from deriv.equal.sample import OUT_OF_RANGE, Point, points
from deriv.expr.domain import POSITIVE, Domain, Fact
from deriv.expr.nodes import ONE, ZERO, Add, Call, Cases, Entry, Expr, Num, Pow, Sum, Sym, neg
from deriv.expr.substitute import post_order, substitute

_LOW, _HIGH = 64, 340
_CLOSE = Fraction(1, 10**30)
_POINTS_OF_BRANCHES = 32
_BRANCHING = frozenset({"asin", "acos", "atan", "abs", "sign", "max", "min", "relu", "heaviside", "floor", "ceil"})


@dataclass(frozen=True, slots=True)
class Agreement:
    """No difference at `agreed` points where both sides are defined, to `digits` digits."""

    agreed: int
    sizes: tuple[dict[str, int], ...]
    digits: int


def compare(claim: Claim, budget: Budget, wanted: int | None = None) -> Agreement | Different | Undecided:
    """Evaluate both sides at points of the domain until they differ or have agreed often enough."""
    left, right = Evaluator(claim.lhs, budget), Evaluator(claim.rhs, budget)
    wanted = wanted if wanted is not None else _wanted(claim)
    seen: list[dict[str, int]] = []
    digits, agreed, outside, reason = 90, 0, 0, ""
    try:
        for point in points(claim.seed, claim.names, claim.domain, max(budget.points * 2, wanted)):
            try:
                close = _close(left, right, point)
            except Undefined as error:
                reason = str(error)
                outside += reason == OUT_OF_RANGE
                continue
            if isinstance(close, tuple):
                return difference(point, claim, *close)
            if close:
                agreed += 1
                digits = min(digits, close)
                sizes = _sizes(point, claim)
                if sizes and sizes not in seen:
                    seen.append(sizes)
            if agreed >= wanted:
                break
    except Unsupported as error:
        return Undecided(f"cannot evaluate {error}")
    except TooLarge as error:
        return Undecided(f"too large: {error}")
    if not agreed:
        return Undecided("no point where both sides are defined" + (f" ({reason})" if reason else ""))
    if 2 * outside > agreed and _has_shifts(claim):  # what is left are the ends of the range, where much is equal
        return Undecided(OUT_OF_RANGE)
    return Agreement(agreed, tuple(seen), digits)


def _has_shifts(claim: Claim) -> bool:
    """Whether an index is made of two letters: `x_{i+k}`."""
    nodes = (node for side in (claim.lhs, claim.rhs) for node in post_order(side) if isinstance(node, Entry))
    sums = (index for node in nodes for index in node.indices if isinstance(index, Add))
    return any(sum(isinstance(part, Sym) for part in post_order(index)) > 1 for index in sums)


def _wanted(claim: Claim) -> int:
    """How many points must agree: enough that every branch of a side with several is met."""
    if any(_has_branches(node) for side in (claim.lhs, claim.rhs) for node in post_order(side)):
        return _POINTS_OF_BRANCHES
    return 7 if claim.names.sizes or claim.names.letters else 5


def _has_branches(node: Expr) -> bool:
    return isinstance(node, Cases) or (isinstance(node, Call) and node.function in _BRANCHING)


def agrees_somewhere(claim: Claim, budget: Budget) -> bool:
    """Whether both sides have one value, and not 0, at some point of the domain."""
    left, right = Evaluator(claim.lhs, budget), Evaluator(claim.rhs, budget)
    try:
        for point in points(claim.seed, claim.names, claim.domain, budget.points * 2):
            try:
                close = _close(left, right, point)
            except Undefined:
                continue
            if isinstance(close, int) and close and not left.value(point).contains(0):
                return True
    except (Unsupported, TooLarge):
        pass
    return False


def _close(left: Evaluator, right: Evaluator, point: Point) -> int | tuple[Arb, Arb]:
    """Both values when they certainly differ, else the number of digits to which they agree (0: too few to say)."""
    with flint.ctx.workprec(_LOW):
        one, two = left.value(point), right.value(point)
        if not one.overlaps(two):
            return one, two
    with flint.ctx.workprec(_HIGH):
        one, two = left.value(point), right.value(point)
        if not one.overlaps(two):
            return one, two
        gap = abs(one - two).abs_upper()
        scale = (1 + abs(one)).abs_upper()
        if not gap < scale * Arb(flint.fmpq(_CLOSE.numerator, _CLOSE.denominator)):
            return 0
        ratio = float((gap / scale).mid())
        return 90 if ratio <= 1e-90 else int(-log10(ratio))


def _sizes(point: Point, claim: Claim) -> dict[str, int]:
    return {name: int(point.symbol(name)) for name in claim.names.sizes}


def difference(point: Point, claim: Claim, one: Arb, two: Arb) -> Different:
    """The counterexample with values printed far enough to be told apart."""
    own = {*claim.names.numbers, *claim.names.letters}
    shown = {name: str(value) for name, value in sorted(point.symbols.items()) if name in own}
    for (name, sups, indices), value in sorted(point.entries.items()):
        shown[_entry_text(name, sups, indices)] = str(value)
    functions = {name: _model_text(name, arity, point) for name, arity in sorted(point.models)}
    lhs, rhs = value_texts(one, two)
    return Different(shown, _sizes(point, claim), lhs, rhs, functions)


def _entry_text(name: str, sups: int, indices: tuple[int, ...]) -> str:
    """`x_1`, `w_12`, `x__1_2` (superscripts first)."""
    between = "" if all(0 <= index <= 9 for index in indices) else ","
    upper = between.join(map(str, indices[:sups]))
    lower = between.join(map(str, indices[sups:]))
    return name + (f"__{upper}" if upper else "") + (f"_{lower}" if lower else "")


def value_texts(one: Arb, two: Arb) -> tuple[str, str]:
    """Two enclosures with as many digits as it takes to see that they differ."""
    with flint.ctx.workprec(_HIGH):
        for digits in (12, 24, 48, 90):
            texts = one.str(digits), two.str(digits)
            if not Arb(texts[0]).overlaps(Arb(texts[1])):
                return texts
    return interval_text(one), interval_text(two)


def interval_text(value: Arb) -> str:
    """A wide enclosure by its ends, rounded outwards."""
    if not abs(value) < 10**12:
        return str(value.str(12))
    ends = []
    for end, direction in ((value.lower(), -1), (value.upper(), 1)):
        exact = end.fmpq()
        scaled = Fraction(int(exact.p), int(exact.q)) * 10**6
        whole = scaled.numerator // scaled.denominator if direction < 0 else -(-scaled.numerator // scaled.denominator)
        ends.append(f"{whole / 10**6:.6f}")
    return f"{ends[0]} … {ends[1]}"


def _model_text(name: str, arity: int, point: Point) -> str:
    letters = ("t",) if arity == 1 else tuple(f"t{k + 1}" for k in range(arity))
    terms = []
    for exponents, coefficient in point.models[name, arity]:
        powers = [f"{t}^{e}" if e > 1 else t for t, e in zip(letters, exponents, strict=True) if e]
        terms.append("*".join([str(coefficient), *powers]))
    return f"{name}({', '.join(letters)}) = " + " + ".join(terms).replace("+ -", "- ")


@dataclass(frozen=True, slots=True)
class Suspect:
    """A condition that would explain a difference, and the claim under it."""

    condition: str
    claim: Claim


def suspects(claim: Claim) -> Iterator[Suspect]:
    """Conditions left unsaid: indices apart or the same, a positive argument, probabilities that add up to 1."""
    yield from _index_suspects(claim)
    yield from _sign_suspects(claim)
    yield from _total_suspects(claim)


def _index_suspects(claim: Claim) -> Iterator[Suspect]:
    letters = sorted(claim.names.letters)
    for one, two in combinations(letters, 2):
        ranges = claim.names.letters
        if ranges[one] and ranges[two] and not set(ranges[one]) & set(ranges[two]):
            continue
        apart = replace(claim.domain, excluded=(*claim.domain.excluded, Add((Sym(one), neg(Sym(two))))))
        yield Suspect(f"{one} ≠ {two}", _with_domain(claim, apart))
        same: dict[Expr, Expr] = {Sym(two): Sym(one)}
        sides = substitute(claim.lhs, same), substitute(claim.rhs, same)
        yield Suspect(f"{one} = {two}", make_claim(*sides, claim.domain))


def _with_domain(claim: Claim, domain: Domain) -> Claim:
    return replace(claim, domain=domain)


_SIGNED_CALLS = frozenset({"log", "ln", "abs", "sqrt", "logbase", "sign"})


def _sign_suspects(claim: Claim) -> Iterator[Suspect]:
    names: dict[str, str] = {}
    for side in (claim.lhs, claim.rhs):
        for node in post_order(side):
            signed = _bounds(node) if isinstance(node, Cases) else node.children[:1] if _needs_sign(node) else ()
            for part in (part for one in signed for part in post_order(one)):
                if isinstance(part, (Sym, Entry)) and "." not in part.name:
                    names[part.name] = part.name + ("_i" if isinstance(part, Entry) else "")
    names = {name: text for name, text in names.items() if _signless(claim, name)}
    for chosen in dict.fromkeys((*((name,) for name in sorted(names)), tuple(sorted(names)))):
        if not chosen:
            continue
        facts: dict[str, Fact] = {**claim.domain.facts, **dict.fromkeys(chosen, POSITIVE)}
        condition = ", ".join(f"{names[name]} > 0" for name in chosen)
        yield Suspect(condition, _with_domain(claim, replace(claim.domain, facts=facts)))


def _bounds(node: Cases) -> list[Expr]:
    """The δ of `|r| ≤ δ`: letters that bound a branch, and are not those that tell the branches apart."""
    compared = [node.children[k : k + 2] for k in range(0, len(node.children), 3)]
    told = {part for pair in compared if ZERO in pair for side in pair for part in post_order(side)}
    sides = [side for pair in compared if ZERO not in pair for side in pair]
    return [side for side in sides if isinstance(side, Sym) and side not in told]


def _needs_sign(node: Expr) -> bool:
    if isinstance(node, Call):
        return node.function in _SIGNED_CALLS
    if isinstance(node, Pow):
        exponent = node.exponent
        return not isinstance(exponent, Num) or exponent.value.denominator != 1
    return False


def _signless(claim: Claim, name: str) -> bool:
    """Whether nothing is said about a name: one that the text declares real is not silently taken as positive."""
    return name not in claim.domain.facts and name not in claim.names.letters and name not in claim.names.sizes


def _for_all(node: Entry, index: str) -> Entry:
    """The entry with its other bound indices free: the rows of a matrix sum to 1, all of them."""
    others = [part for part in node.indices if isinstance(part, Sym) and "." in part.name and part.name != index]
    free: dict[Expr, Expr] = {part: Sym(f"any{k}") for k, part in enumerate(others)}
    return Entry(node.name, tuple(free.get(part, part) for part in node.indices), node.sups)


def _total_suspects(claim: Claim) -> Iterator[Suspect]:
    """Σ_k y_k = 1 for a family that stands beside exponentials or logarithms (targets of a softmax)."""
    nodes = [node for side in (claim.lhs, claim.rhs) for node in post_order(side)]
    if not any(isinstance(node, Call) and node.function in ("exp", "log", "ln") for node in nodes):
        return
    ranges = {(node.index, node.lo, node.hi) for node in nodes if isinstance(node, Sum)}
    tried: set[Expr] = set()
    for node in nodes:
        if not isinstance(node, Entry):
            continue
        for index, lo, hi in sorted(ranges, key=repr):
            total = Sum(index, lo, hi, _for_all(node, index))
            if Sym(index) not in node.indices or total in tried:
                continue
            tried.add(total)
            equations = (*claim.domain.equations, (total, ONE))
            condition = f"sum of {node.name} = 1"
            yield Suspect(condition, _with_domain(claim, replace(claim.domain, equations=equations)))
