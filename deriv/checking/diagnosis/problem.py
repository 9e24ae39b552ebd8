"""A wrong step to be explained: its values at a few points, and what a changed line would give there.

Candidates are first compared in floating point at the points where the two sides are known to differ; only what
agrees there is given to the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

import flint

from deriv.checking.compare import align
from deriv.checking.diagnosis.edit import Edit, Part, has_deriv, parts_below
from deriv.checking.interpret import Interpretation
from deriv.checking.judge import Judge, Meant, Outcome
from deriv.checking.results import Verdict
from deriv.equal.ball import Evaluator
from deriv.equal.budget import DEFAULT, TooLarge, Undefined, Unsupported
from deriv.equal.decide import decide
from deriv.equal.decision import Conditional, Proved, Tested, Undecided
from deriv.equal.prepare import prepare
from deriv.equal.sample import Point, points
from deriv.errors import DerivError, MeaningError
from deriv.expr.calculus import differentiate
from deriv.expr.nodes import Decimal, Expr, walk
from deriv.expr.tensor import Tensor
from deriv.latex.macros import MacroTable
from deriv.latex.nodes import Frac, Node
from deriv.latex.parse import parse_formula
from deriv.meaning.elaborate import Elaborator, Reading
from deriv.meaning.names import base_name, children
from deriv.meaning.recurrence import levelled
from deriv.meaning.scoping import settled, widened
from deriv.source import SourceFile

Values = tuple[float | None, ...]
_POINTS = 4
_PAIRS = 6
_PRECISION = 80
_CLOSE = 1e-10
_FRESH = 1000  # bound names of changed lines never meet those of the written ones


def close(a: float | None, b: float | None) -> bool:
    """Whether two values are the same but for rounding."""
    return a is not None and b is not None and abs(a - b) <= _CLOSE * max(abs(a), abs(b), 1e-30)


@dataclass
class Problem:
    """One reading of a wrong step; `seen` remembers the verdicts of changed lines."""

    source: SourceFile
    judge: Judge
    outcome: Outcome
    lhs: Node
    rhs: Node
    macros: MacroTable | None
    meant: Meant
    interpretation: Interpretation
    places: list[tuple[int, Point]] = field(default_factory=list)
    left: Values = ()
    right: Values = ()
    seen: dict[str, Verdict | None] = field(default_factory=dict)
    tried: int = 0
    spellings: Mapping[str, str] = field(default_factory=dict)
    """How the document writes its quantities."""
    variables: Sequence[str] = ()
    """What the document differentiates by."""
    differentiates: bool = False

    def __post_init__(self) -> None:
        self.parts: list[Part] = [
            part for part in parts_below(self.rhs)
            if self.rhs.span.start <= part.node.span.start < part.node.span.end <= self.rhs.span.end
        ]  # fmt: skip
        self.left_parts = parts_below(self.lhs)
        self.differentiates |= has_deriv(self.lhs)
        self.exact = not any(isinstance(n, Decimal) for pair in self.outcome.pairs for e in pair for n in walk(e))
        self._sample()

    @property
    def text(self) -> str:
        """The right side as written."""
        return self.source.slice(self.rhs.span)

    def slice(self, node: Node) -> str:
        """The text of a node."""
        return self.source.slice(node.span)

    # --- values ----------------------------------------------------------------------------------------------------

    def _sample(self) -> None:
        left: list[float | None] = []
        right: list[float | None] = []
        for number, (one, two) in enumerate(self.outcome.pairs[:_PAIRS]):
            claim = prepare(one, two, self.outcome.domain, DEFAULT)
            if isinstance(claim, Undecided):
                continue
            sides = Evaluator(claim.lhs, DEFAULT), Evaluator(claim.rhs, DEFAULT)
            found = 0
            for point in points(claim.seed, claim.names, claim.domain, 5 * _POINTS):
                values = _value(sides[0], point), _value(sides[1], point)
                if values[0] is None or values[1] is None:
                    continue
                self.places.append((number, point))
                left.append(values[0])
                right.append(values[1])
                found += 1
                if found >= _POINTS:
                    break
        self.left, self.right = tuple(left), tuple(right)

    @property
    def is_sampled(self) -> bool:
        """Whether there are points at which candidates can be compared."""
        return len(self.places) >= 2 and self.exact

    def resolve(
        self,
        expr: Expr,
        interpretation: Interpretation | None = None,
        canonical: Callable[[Expr], Expr] | None = None,
    ) -> Expr:
        """The expression with the definitions of this interpretation put in, as the judge compares it."""
        canonical = canonical or self.meant.elaborator.ranges.canonical
        resolver = (interpretation or self.interpretation).resolver(self.judge.scope)
        value = canonical(resolver.resolve(canonical(expr)))
        by = self.outcome.slope_by
        return differentiate(value, by) if by is not None else value

    def values(self, sides: Sequence[Expr]) -> Values:
        """Values of resolved expressions, one per pair (or one for all), at the points."""
        plans = [Evaluator(side, DEFAULT) for side in sides]
        return tuple(_value(plans[min(number, len(plans) - 1)], point) for number, point in self.places)

    def agrees(self, sides: Sequence[Expr], wanted: Values) -> bool:
        """Whether the expressions have the wanted values at the points, as far as they are defined."""
        plans = [Evaluator(side, DEFAULT) for side in sides]
        met = 0
        for (number, point), value in zip(self.places, wanted, strict=True):
            own = _value(plans[min(number, len(plans) - 1)], point)
            if own is None:
                continue
            if not close(own, value):
                return False
            met += 1
        return met >= min(2, len(self.places))

    def sides(self, node: Node) -> list[Expr] | None:
        """The right sides of all pairs with another node in the place of the right side."""
        elaborator = self._elaborator()
        try:
            value = elaborator.value(node)
            pairs = align(self.meant.lhs, value, elaborator.same).pairs
            left = [a for a, _ in self.outcome.pairs]
            canonical, resolver = elaborator.ranges.canonical, self.interpretation.resolver(self.judge.scope)
            resolved = tuple((a, self.resolve(b, canonical=canonical)) for a, (_, b) in zip(left, pairs, strict=True))
            levels = levelled(resolved, lambda member: canonical(resolver.put_in(member)), resolver.recurrent)
            return [b for _, b in levels]
        except (DerivError, RecursionError, ValueError):
            return None

    def number(self, node: Node) -> Values | None:
        """The values of a scalar part of the formula at the points."""
        elaborator = self._elaborator()
        try:
            value = elaborator.value(node)
            if not isinstance(value, Tensor) or not value.is_scalar:
                return None
            return self.values([self.resolve(elaborator.ranges.canonical(value.body))])
        except (DerivError, RecursionError):
            return None

    def term(self, node: Node) -> Values | None:
        """The values of a term that has the shape of the whole side."""
        sides = self.sides(node)
        return self.values(sides) if sides is not None else None

    def _elaborator(self) -> Elaborator:
        old = self.meant.elaborator
        reading = Reading(dict(old.reading.answers), kinds=old.reading.kinds)
        return Elaborator(self.judge.scope, reading, old.ranges.copy(), varying=old.varying, _fresh=_FRESH)

    def is_proved_equal(self, value: Expr) -> bool:
        """Whether the written right side is, for certain or after many tests, the given expression."""
        if len(self.outcome.pairs) != 1:
            return False
        decision = decide(self.outcome.pairs[0][1], value, self.outcome.domain)
        return isinstance(decision, Proved | Tested | Conditional)

    # --- changed lines ---------------------------------------------------------------------------------------------

    def verdict(self, edit: Edit) -> tuple[str, Verdict] | None:
        """The repaired text and its verdict, when the edit repairs the step."""
        repaired = edit.apply(self.text, self.rhs.span.start)
        verdict = self.verdict_of(repaired, composes=edit.composes)
        return None if verdict is None else (repaired, verdict)

    def verdict_of(self, repaired: str, *, composes: bool = False) -> Verdict | None:
        """The verdict of the step with another right side; None unless it is proved or tested."""
        if repaired not in self.seen:
            self.tried += 1
            self.seen[repaired] = self._verdict(repaired, composes=composes)
        return self.seen[repaired]

    def _verdict(self, repaired: str, *, composes: bool) -> Verdict | None:
        try:
            node = settled(parse_formula(repaired, self.macros))
        except DerivError:
            return None
        if _divides_by_delta(node):
            return None
        if self.meant.rhs_wide:
            node = widened(node) or node
        if self.is_sampled and not composes:
            sides = self.sides(node)
            if sides is None or not self.agrees(sides, self.left):
                return None
        decision = self.judge.again(self.outcome, node)
        if isinstance(decision, Conditional) and _is_harmless(decision.assumption):
            decision = decision.decision
        if isinstance(decision, Proved):
            return Verdict.PROVED
        return Verdict.TESTED if isinstance(decision, Tested) else None


def _is_harmless(assumption: str) -> bool:
    """Whether a condition only says where both sides are defined."""
    return all(part.endswith(("> 0", "≠ 0")) for part in assumption.replace(" and ", ", ").split(", "))


def problem_of(
    source: SourceFile, judge: Judge, outcome: Outcome, lhs: Node, rhs: Node, macros: MacroTable | None
) -> Problem | None:
    """The problem that a difference in one reading poses."""
    if outcome.meant is None or outcome.interpretation is None or not outcome.pairs:
        return None
    meant, interpretation = outcome.meant, outcome.interpretation
    return Problem(source, judge, outcome, lhs, rhs, macros, meant, interpretation)


def _value(plan: Evaluator, point: Point) -> float | None:
    try:
        with flint.ctx.workprec(_PRECISION):
            value = plan.value(point)
            number = float(value.mid())
            if not isfinite(number) or float(value.rad()) > _CLOSE * 0.1 * max(abs(number), 1e-30):
                return None if number else (0.0 if float(value.rad()) < 1e-18 else None)
            return number
    except (Undefined, Unsupported, TooLarge, MeaningError, ArithmeticError, ValueError, KeyError, RecursionError):
        return None


def _divides_by_delta(node: Node) -> bool:
    """Whether a quotient has a Kronecker delta below: nobody means that."""
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, Frac) and any(base_name(below) == "delta" for below in (part.den, *children(part.den))):
            return True
        stack.extend(children(part))
    return False
