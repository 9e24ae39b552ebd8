"""Is one written expression equal to another?  All plausible readings are tried before a step is called wrong."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, tee

from deriv.checking.abstract import chain_rule, for_any_functions
from deriv.checking.antiderivatives import has_antiderivative, integrated
from deriv.checking.compare import Aligned, align, decide_all
from deriv.checking.conditions import under_a_condition
from deriv.checking.implicit import implied_by_rates
from deriv.checking.interpret import Interpretation, interpretations
from deriv.checking.joint import Evidence
from deriv.checking.mentions import left_general, losses_of, names_in_definitions, names_of, variables_of
from deriv.checking.paths import follow_paths
from deriv.checking.scopings import AT_BRACKETS, SCOPES, WIDE_RIGHT, scopings
from deriv.checking.shapes import Attempt, Kinds, attempt, fitting, is_open
from deriv.checking.through import Composed, through_definitions
from deriv.equal.decide import decide
from deriv.equal.decision import Conditional, Decision, Different, Proved, Tested, Undecided
from deriv.errors import MeaningError
from deriv.expr.domain import Domain
from deriv.expr.nodes import Entry, Expr, Sym, walk
from deriv.expr.tensor import Tensor, Value
from deriv.latex.nodes import Node, Product
from deriv.meaning.atoms import AS_ROWS
from deriv.meaning.derivatives import HELD
from deriv.meaning.differentials import varying
from deriv.meaning.elaborate import ENTRYWISE, Elaborator, Reading
from deriv.meaning.names import all_names, children
from deriv.meaning.recurrence import levelled
from deriv.meaning.resolve import Resolver
from deriv.meaning.scope import Scope
from deriv.meaning.scoping import over_brackets
from deriv.meaning.survey import ENTRYWISE_SIGNS, Kind

_MAX_TRIES = 140
_MAX_FLIPS = 6


@dataclass(frozen=True, slots=True)
class Meant:
    """One reading of a claim: both nodes (with the scope of operators settled), their values, and notes."""

    lhs_node: Node
    rhs_node: Node
    lhs: Value
    rhs: Value
    aligned: Aligned
    elaborator: Elaborator
    notes: tuple[str, ...]
    rank: int
    rhs_wide: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a claim, with what the report and the diagnosis need."""

    decision: Decision
    meant: Meant | None = None
    interpretation: Interpretation | None = None
    pairs: tuple[tuple[Expr, Expr], ...] = ()
    domain: Domain = field(default_factory=Domain)
    notes: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()
    others: tuple[Outcome, ...] = ()
    slope_by: Sym | None = None
    """The variable by which both sides were differentiated, for integrals without bounds."""

    @property
    def holds(self) -> bool:
        """Whether the claim was proved or tested, perhaps under a condition."""
        return isinstance(self.decision, Proved | Tested | Conditional)


Ways = dict[tuple[frozenset[str], frozenset[str], frozenset[str]], Iterator[Interpretation]]


class Judge:
    """Judges claims in a scope; `deadline` is a last resort against hanging, in seconds per claim."""

    def __init__(self, scope: Scope, seconds: float | None = None) -> None:
        self.scope = scope
        self.seconds = seconds
        self.evidence: Evidence | None = None
        """What the definitions of the document say about shapes."""

    def judge(self, lhs: Node, rhs: Node) -> Outcome:
        """Whether the two sides are equal, for every reading and interpretation that may be meant."""
        outcome = self._judge(lhs, rhs)
        if isinstance(outcome.decision, Proved) and (name := self._only_for_numbers(outcome)) is not None:
            return replace(outcome, decision=Undecided(f"whether {name} is a number or a matrix is not stated"))
        if isinstance(outcome.decision, Proved) and outcome.meant is not None and not outcome.assumes:
            self.scope.ranges = outcome.meant.elaborator.ranges
            if self.scope.layout == "auto" and self._only_in_this_layout(outcome.meant, outcome.interpretation):
                self.scope.layout = "settled"
        return outcome

    def plainly(self, lhs: Node, rhs: Node) -> Outcome | None:
        """The claim in its likeliest reading, with the definitions as they stand, whatever comes of it."""
        meant = next((one for one in self._readings(lhs, rhs) if isinstance(one, Meant)), None)
        return next(self._interpret(meant, {}), None) if meant is not None else None

    def _only_for_numbers(self, outcome: Outcome) -> str | None:
        """A capital that stands beside vectors and is read as a number, where the claim is wrong for a matrix."""
        kinds = outcome.meant.elaborator.kinds_met if outcome.meant is not None else {}
        if outcome.meant is None:
            return None
        entrywise = any(map(_multiplies_entrywise, (outcome.meant.lhs_node, outcome.meant.rhs_node)))
        if not entrywise and not outcome.meant.elaborator.doubts and not any(kind.rank for kind in kinds.values()):
            return None
        for key, kind in kinds.items():
            if kind.rank == 0 and key[0][:1].isupper() and not key[2] and is_open(self.scope, key):
                survey = self.scope.survey
                if entrywise and not (survey.transposed[key[0]] or survey.numerators[key[0]]):  # no loss, no vector
                    return key[0]
                other = self.with_shapes(outcome, {key: Kind(2)})
                if other is not None and isinstance(other.decision, Different):
                    return key[0]
        return None

    def _only_in_this_layout(self, meant: Meant, interpretation: Interpretation | None) -> bool:
        """Whether a claim that holds would be wrong in numerator layout: the document does not use it then."""
        reading = meant.elaborator.reading
        if "layout" not in reading.met or reading.answers.get("layout", 0) == 2 or interpretation is None:
            return False
        if meant.aligned.transposed or not (isinstance(meant.lhs, Tensor) and meant.lhs.rows and meant.lhs.cols):
            return False  # vectors may stand either way
        other, _ = self._meant(meant.lhs_node, meant.rhs_node, {**reading.answers, "layout": 2}, "", 0)
        one = self.as_meant(other, interpretation) if isinstance(other, Meant) else None
        return one is None or isinstance(one.decision, Different)

    def _judge(self, lhs: Node, rhs: Node) -> Outcome:
        began = time.monotonic()
        first_problem: str | None = None
        differences: list[Outcome] = []
        blocked: Outcome | None = None
        weaker: Outcome | None = None
        tries = 0
        first: Meant | None = None
        ways: Ways = {}
        for meant in self._readings(lhs, rhs):
            if isinstance(meant, str):
                first_problem = first_problem or meant
                continue
            first = first or meant
            for outcome in self._interpret(meant, ways):
                tries += 1
                answers = meant.elaborator.reading.answers
                if answers.get("sizes") if outcome.holds else _may_only_help(answers):
                    continue  # sizes that do not fit prove nothing
                if isinstance(outcome.decision, Proved):
                    return outcome
                if outcome.holds:
                    weaker = _better(weaker, outcome)
                elif isinstance(outcome.decision, Different):
                    differences.append(outcome)
                elif self._blocks(meant, outcome):
                    blocked = blocked or outcome
                if tries >= _MAX_TRIES or (self.seconds and time.monotonic() - began > self.seconds):
                    return weaker or Outcome(Undecided("too many readings to try within the limit"))
            if weaker is not None and meant.rank == 0:
                return weaker
        if weaker is None:
            weaker = by_chain_rule(lhs, rhs) or by_rule(first)
        if weaker is None and blocked is None:
            weaker = under_a_condition(self.scope, differences)
        if differences:
            different = replace(differences[0], others=tuple(differences[1:]))
        return (
            weaker
            or blocked
            or (different if differences else None)
            or Outcome(Undecided(first_problem or "the step could not be read"))
        )

    @staticmethod
    def _blocks(meant: Meant, outcome: Outcome) -> bool:
        """Whether an open question keeps a step from being called wrong.

        Charitable interpretations may only help; a less likely reading in which nothing is defined is not meant.
        """
        plain = outcome.interpretation is None or outcome.interpretation.is_plain
        nowhere = isinstance(outcome.decision, Undecided) and outcome.decision.reason.startswith("no point")
        return plain and not (nowhere and meant.rank > 0)

    # --- readings ------------------------------------------------------------------------------------------------

    def _readings(self, lhs: Node, rhs: Node) -> Iterator[Meant | str]:
        """Values of both sides, likeliest reading first; a text where a reading makes no sense.

        Where the likeliest shapes do not fit together, or make little sense (the trace of a scalar), others are found.
        """
        plain = doubtful = False
        shapes: list[Kinds] | None = None
        for meant in self._by_choices(lhs, rhs):
            if isinstance(meant, Meant):
                if meant.elaborator.doubts:
                    shapes = self._shapes(lhs, rhs) if shapes is None else shapes
                    if any(shapes):
                        doubtful = True
                        continue
                plain = plain or not meant.notes or meant.notes[0] not in SCOPES
            yield meant
        if doubtful or not plain:
            for rank, kinds in enumerate(shapes if shapes is not None else self._shapes(lhs, rhs)):
                if kinds and not (self.evidence is not None and self.evidence.rules_out(kinds)):
                    yield self._meant(lhs, rhs, {}, "", rank, kinds)[0]

    def _by_choices(self, lhs: Node, rhs: Node) -> Iterator[Meant | str]:
        """The likeliest reading for every scope of the operators, then those that differ from it by one choice."""
        flips: list[tuple[Node, Node, str, list[dict[object, int]]]] = []
        rank = 0
        for left, right, note in scopings(lhs, rhs):
            meant, reading = self._meant(left, right, {}, note, rank)
            open_choices = (one for one in reading.met.items() if one[0] != AS_ROWS or self._may_turn(lhs, rhs))
            choices = list(islice(open_choices, _MAX_FLIPS))
            flips.append((left, right, note, [{key: option} for key, n in choices for option in range(1, n)]))
            yield meant
            rank += 1
        for left, right, note, answers in flips:
            for answer in answers:
                yield self._meant(left, right, answer, note, rank)[0]
                rank += 1

    def _may_turn(self, lhs: Node, rhs: Node) -> bool:
        """Whether vectors may stand as rows, by the definitions of what is in the claim."""
        return self.evidence is None or self.evidence.may_turn(all_names(lhs) | all_names(rhs))

    def _shapes(self, lhs: Node, rhs: Node) -> list[Kinds]:
        """Shapes of letters under which the two sides fit, where the likeliest ones do not."""

        def try_with(kinds: Kinds) -> Attempt:
            elaborator = Elaborator(
                self.scope, Reading(kinds=kinds), self.scope.ranges.copy(), varying=varying(self.scope, lhs, rhs)
            )
            return attempt(elaborator, lambda: align(elaborator.value(lhs), elaborator.value(rhs), elaborator.same))

        return fitting(self.scope, try_with)

    def _meant(
        self, lhs: Node, rhs: Node, answers: dict[object, int], note: str, rank: int, kinds: Kinds | None = None
    ) -> tuple[Meant | str, Reading]:
        reading = Reading(dict(answers), kinds=kinds or {})
        ranges = self.scope.ranges.copy()  # what a claim takes for granted about sizes counts only if it holds
        elaborator = Elaborator(self.scope, reading, ranges, varying=varying(self.scope, lhs, rhs))
        try:
            left, right = elaborator.value(lhs), elaborator.value(rhs)
            aligned = align(left, right, elaborator.same)
            ranges.unify_letters(*(side for pair in aligned.pairs for side in pair))
        except MeaningError as problem:
            return str(problem), reading
        notes = [*([note] if note else []), *elaborator.notes]
        if not note and (over_brackets(lhs) is not None or over_brackets(rhs) is not None):
            notes.append(AT_BRACKETS)
        if aligned.transposed:
            notes.append("one side is the transpose of the other: right in the other layout")
        return Meant(lhs, rhs, left, right, aligned, elaborator, tuple(notes), rank, note == WIDE_RIGHT), reading

    def with_shapes(self, outcome: Outcome, kinds: Kinds) -> Outcome | None:
        """The same claim in the same interpretation with other shapes of letters; None where it does not fit."""
        meant, interpretation = outcome.meant, outcome.interpretation
        if meant is None or interpretation is None:
            return None
        reading = meant.elaborator.reading
        other, _ = self._meant(meant.lhs_node, meant.rhs_node, reading.answers, "", 0, {**reading.kinds, **kinds})
        return self.as_meant(other, interpretation) if isinstance(other, Meant) else None

    def again(self, outcome: Outcome, rhs: Node) -> Decision:
        """The same claim with another right side, in the same reading and interpretation."""
        meant, interpretation = outcome.meant, outcome.interpretation
        if meant is None or interpretation is None:
            return Undecided("there is nothing to compare with")
        answers = meant.elaborator.reading.answers
        kinds = dict(meant.elaborator.reading.kinds)
        other, _ = self._meant(meant.lhs_node, rhs, dict(answers), "", meant.rank, kinds)
        if isinstance(other, str):
            return Undecided(other)
        one = self.as_meant(other, interpretation)
        return one.decision if one is not None else Undecided("there is nothing to compare with")

    # --- interpretations -----------------------------------------------------------------------------------------

    def _interpret(self, meant: Meant, ways: Ways) -> Iterator[Outcome]:
        """The claim of a reading in every interpretation; `ways` keeps those of the readings before."""
        names = names_of(meant.aligned.pairs) | names_in_definitions(self.scope, names_of(meant.aligned.pairs))
        seen: set[tuple[tuple[Expr, Expr], ...]] = set()
        key = names, variables_of(meant.aligned.pairs), losses_of(meant.aligned.pairs)
        found, ways[key] = tee(ways.get(key) or interpretations(self.scope, *key))
        general = left_general(meant.aligned.pairs) | meant.elaborator.general
        sloped = True
        for one in found:
            if one.hold_others and not sloped:
                continue
            interpretation = one.without(general) if general else one
            resolver = interpretation.resolver(self.scope)
            outcome = self._by(meant, interpretation, resolver, seen)
            sloped = resolver.sloped
            if outcome is not None:
                yield outcome

    def as_meant(self, meant: Meant, interpretation: Interpretation) -> Outcome | None:
        """A claim in one reading and interpretation."""
        return self._by(meant, interpretation, interpretation.resolver(self.scope), set())

    def _by(
        self,
        meant: Meant,
        interpretation: Interpretation,
        resolver: Resolver,
        seen: set[tuple[tuple[Expr, Expr], ...]],
    ) -> Outcome | None:
        ranges, canonical = meant.elaborator.ranges, meant.elaborator.ranges.canonical
        misfits = [name for name, matrix in interpretation.entries.items() if not ranges.merge_names(name, matrix)]
        if misfits and not self.scope.placed.issuperset(misfits):
            undecided = Undecided(f"{misfits[0]}_ij does not have the sizes of {interpretation.entries[misfits[0]]}")
            return None if interpretation.optional else Outcome(undecided, meant, interpretation)
        try:
            pairs = tuple(
                (canonical(resolver.resolve(canonical(a))), canonical(resolver.resolve(canonical(b))))
                for a, b in meant.aligned.pairs
            )
            families = resolver.recurrent | resolver.recurrent_slopes
            pairs = levelled(pairs, lambda member: canonical(resolver.put_in_any(member)), families)
        except MeaningError as problem:
            return Outcome(Undecided(str(problem)), meant, interpretation)
        if pairs in seen or (interpretation.whole and not resolver.links):
            return None
        seen.add(pairs)
        domain = self.scope.domain(*(side for pair in pairs for side in pair), ranges=meant.elaborator.ranges)
        notes = meant.notes + ((interpretation.note,) if interpretation.note else ())
        if has_antiderivative(pairs):
            return integrated(Outcome(Undecided(""), meant, interpretation, pairs, domain, notes), resolver)
        decision = decide_all(pairs, lambda a, b: decide(a, b, domain, conditions=False))
        assumes = interpretation.assumes + tuple(
            f"{name} of other steps is held fixed" for name in sorted(resolver.held_steps)
        )
        assumes += taken_for_granted(self.scope, meant)
        if resolver.links and not isinstance(decision, Proved):
            by_paths = follow_paths(pairs, resolver.links, lambda a, b: decide(a, b, domain))
            if by_paths is not None and not interpretation.whole:
                decision, said = by_paths
                return Outcome(decision, meant, interpretation, pairs, domain, notes, assumes + said)
            implied = implied_by_rates(
                self.scope, Outcome(decision, meant, interpretation, pairs, domain, notes, assumes), resolver
            )
            if implied is not None:
                return implied
            composed = through_definitions(
                pairs, resolver, meant.elaborator.ranges, lambda a, b: decide(a, b, domain, conditions=False)
            )
            if interpretation.whole and not (composed and self._is_borne_out(composed, interpretation)):
                return None
            if composed is not None:
                decision, pairs = composed.decision, composed.pairs
                assumes = assumes if interpretation.whole else (*assumes, composed.said)
            elif isinstance(decision, Different):
                decision = open_links(pairs) or decision
        return Outcome(decision, meant, interpretation, pairs, domain, notes, assumes)

    def _is_borne_out(self, composed: Composed, interpretation: Interpretation) -> bool:
        """Whether what a proof takes for granted of a loss follows from how the document defines it."""
        whole = replace(interpretation, definitions=interpretation.whole)
        try:
            return isinstance(composed.decision, Proved) and composed.is_borne_out(whole.resolver(self.scope))
        except MeaningError:
            return False


def _multiplies_entrywise(node: Node) -> bool:
    """Whether an entrywise product is written: its factors are no numbers."""
    here = isinstance(node, Product) and not ENTRYWISE_SIGNS.isdisjoint(node.ops)
    return here or any(map(_multiplies_entrywise, children(node)))


def _may_only_help(answers: Mapping[Hashable, int]) -> bool:
    """Whether a reading is so unlikely that only what holds in it counts: products of columns, nothing held fixed."""
    return any(
        option and (key == ENTRYWISE or (isinstance(key, tuple) and key[0] == HELD)) for key, option in answers.items()
    )


def taken_for_granted(scope: Scope, meant: Meant) -> tuple[str, ...]:
    """What the reading of differentials and expectations takes for granted."""
    elaborator = meant.elaborator
    variables = variables_of(meant.aligned.pairs)
    said = [f"{name} does not vary" for name in sorted(elaborator.held)]
    known = variables | scope.facts.keys() | scope.survey.sizes
    said += [f"{name} is not random" for name in sorted(elaborator.fixed - known)]
    if elaborator.distributions and variables:
        said.append("expectation and derivative may be interchanged")
    return tuple(said)


def by_chain_rule(lhs: Node, rhs: Node) -> Outcome | None:
    """The claim as a statement of the chain rule between quantities, if it is one and right."""
    found = chain_rule(lhs, rhs)
    return Outcome(found[0], assumes=found[1]) if found is not None else None


def by_rule(meant: Meant | None) -> Outcome | None:
    """The claim as a rule of differentiation for any functions, if it is one and right."""
    decision = for_any_functions(meant.aligned.pairs) if meant is not None else None
    return Outcome(decision, meant) if decision is not None else None


def open_links(pairs: tuple[tuple[Expr, Expr], ...]) -> Undecided | None:
    """Sides that speak of different derivatives of undefined quantities cannot be compared."""
    left, right = ({name for pair in pairs for name in _links(pair[k])} for k in (0, 1))
    if left == right:
        return None
    of, *by = sorted(left ^ right)[0].replace("'", "").replace("∂", "").split("/")
    return Undecided(f"how {of} depends on {' and '.join(dict.fromkeys(by))} is not stated")


def _links(expr: Expr) -> set[str]:
    return {node.name for node in walk(expr) if isinstance(node, Sym | Entry) and node.name.startswith("∂")}


def _better(old: Outcome | None, new: Outcome) -> Outcome:
    order = (Conditional, Tested)
    if old is None:
        return new
    ranks = [next((k for k, kind in enumerate(order) if isinstance(o.decision, kind)), 9) for o in (old, new)]
    return new if ranks[1] < ranks[0] else old
