"""Walking through a document's formulas in order: chains, definitions, updates, steps with verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from deriv.checking import define as definitions
from deriv.checking import equations, introduce, supposed
from deriv.checking.declare import declare
from deriv.checking.descent import is_about_a_loss, remember, uphill
from deriv.checking.diagnosis.search import Found
from deriv.checking.guard import Guard, loses_symbols
from deriv.checking.judge import Judge, Outcome
from deriv.checking.misfit import misfit
from deriv.checking.readings import with_readings
from deriv.checking.results import Code, Counterexample, Diagnosis, Kind, Step, Verdict
from deriv.checking.update import is_update
from deriv.checking.values import best_value
from deriv.checking.verdicts import entries_by_place, from_outcome, unchecked
from deriv.equal.decision import Different, Proved
from deriv.errors import ReadingError
from deriv.expr.tensor import Value
from deriv.latex.nodes import Chain, Name, Node, Number, Relation, Text
from deriv.meaning.arrays_by_use import arrays_of
from deriv.meaning.compositions import slope_by_subscript
from deriv.meaning.names import all_names, base_name
from deriv.meaning.scope import Scope, is_number, names_in
from deriv.meaning.scoping import settled
from deriv.source import SourceFile, Span

_BUGS = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError)
EQUALITIES = frozenset(("=", "equiv", "def", ":=", "=:"))
UPDATES = frozenset((":=", "<-"))
APPROXIMATIONS = frozenset(("approx",))
INEQUALITIES = frozenset(("<", "<=", ">", ">=", "!="))
DECLARATIONS = frozenset(("in", "to", "mapsto", "sim", "propto", "subset", "->", ":", "|->", "perp", "||", "=>", "<=>"))
_BY_HEAD = "compared with the beginning of the chain, not with the line before"


@dataclass
class ChainState:
    """A chain of relations as far as it has been read; `bad` tells which parts are known to be wrong."""

    number: int
    parts: list[Node]
    bad: list[bool] = field(default_factory=lambda: [False])
    pending: Relation | None = None
    is_condition: bool = False
    """Whether the formula ends in a number: `|u| = u^T u = 1`."""
    relation: str = ""
    """The last relation."""
    unsure: list[bool] = field(default_factory=list)
    """Which steps were not judged."""


@dataclass
class Walk:
    """The state of one pass over a document."""

    source: SourceFile
    scope: Scope
    seconds: float | None = None
    steps: list[Step] = field(default_factory=list)
    chains: int = 0
    silent: bool = False
    collecting: bool = False
    """Only definitions are wanted: nothing is judged."""
    diagnose: Callable[[Outcome, Node, Node, bool], Found | None] | None = None
    before: tuple[Node, Node] | None = None
    """The equation from which an arrow leads to the formula that comes next."""

    def __post_init__(self) -> None:
        self.judge = Judge(self.scope, self.seconds)
        self.guard = Guard(self.scope, self.source.text, self.judge)

    # --- chains ----------------------------------------------------------------------------------------------------

    def formula(self, node: Node, previous: ChainState | None) -> ChainState | None:
        """Take in a formula; returns the chain that a following row may continue."""
        node = settled(node)
        if not isinstance(node, Chain):
            if previous is not None and previous.pending is not None:
                self._extend(previous, previous.pending, node)
                return previous
            return None if isinstance(node, Text) else self._new(node)
        parts, relations = list(node.parts), list(node.relations)
        if parts[0] is None:
            if previous is None:
                return self._headless(parts, relations)
            chain = previous
        elif previous is not None and previous.pending is not None:
            chain = previous
            self._extend(chain, previous.pending, parts[0])
        else:
            chain = self._new(parts[0])
        chain.pending = None
        chain.is_condition = len(parts) > 2 and isinstance(parts[-1], Number)
        if self._all_set(parts, relations):
            return chain
        for relation, part in zip(relations, parts[1:], strict=True):
            if part is None:
                chain.pending = relation
            else:
                self._extend(chain, relation, part)
        return chain

    def _new(self, head: Node) -> ChainState:
        self.chains += 1
        return ChainState(self.chains, [head])

    def _all_set(self, parts: list[Node | None], relations: list[Relation]) -> bool:
        """`w_1 = w_2 = b = 0` puts the same number in for each symbol."""
        if len(parts) < 3 or any(relation.text != "=" for relation in relations) or parts[-1] is None:
            return False
        heads = [definitions.head_of(self.scope, part) for part in parts[:-1] if part is not None]
        value = self.value(parts[-1])
        if len(heads) != len(parts) - 1 or isinstance(value, str) or not is_number(value):
            return False
        if any(head is None or head.params is not None or definitions.known(self.scope, head) for head in heads):
            return False
        for head, relation, left, right in zip(heads, relations, parts, parts[1:], strict=False):
            assert head is not None
            assert left is not None
            assert right is not None
            definitions.define(self.scope, head, value, self.source.position(left.span.start)[0])
            base = self._base(left, right, relation, self.chains)
            self._add(replace(base, kind=Kind.DEFINITION, notes=("a number put in",)))
        return True

    def _headless(self, parts: list[Node | None], relations: list[Relation]) -> ChainState | None:
        """A chain that begins with a relation, and nothing before it: its first written part is the head."""
        first = parts[1]
        if first is None:
            return None
        chain = self._new(first)
        for relation, part in zip(relations[1:], parts[2:], strict=True):
            if part is not None:
                self._extend(chain, relation, part)
        return chain

    def _extend(self, chain: ChainState, relation: Relation, part: Node) -> None:
        chain.pending = None
        step = self._step(chain, relation, part)
        chain.parts.append(part)
        chain.relation = relation.text
        chain.unsure.append(step.verdict is Verdict.UNCHECKED)
        chain.bad.append(step.verdict is Verdict.REFUTED or step.carried)
        self._add(step)

    def _add(self, step: Step) -> None:
        if not self.silent:
            self.steps.append(step)

    # --- steps -----------------------------------------------------------------------------------------------------

    def unreadable(self, error: ReadingError) -> None:
        """A formula that could not be read is a step of its own."""
        span = Span(error.start, max(error.end, error.start))
        if not self.silent:
            self.steps.append(
                Step(
                    index=len(self.steps) + 1,
                    chain=self.chains,
                    span=span,
                    verdict=Verdict.UNCHECKED,
                    reason=f"the formula cannot be read: {error.message}",
                )
            )

    def _step(self, chain: ChainState, relation: Relation, part: Node) -> Step:
        base = self._base(chain.parts[-1], part, relation, chain.number)
        self.scope.arrays = arrays_of((*chain.parts, part))
        head = chain.parts[0]
        self.scope.here = self.source.position(head.span.start)[0], base_name(head)
        try:
            return self._judged(chain, relation.text, part, base)
        except RecursionError:
            return replace(base, verdict=Verdict.UNCHECKED, reason="the formula is nested too deeply")
        except _BUGS as bug:
            # a mistake of ours in one step must not cost the rest of the document, and is never a verdict
            reason = f"internal problem, please report it: {type(bug).__name__}: {bug}"
            return replace(base, verdict=Verdict.UNCHECKED, reason=reason)

    def _base(self, previous: Node, part: Node, relation: Relation, chain: int) -> Step:
        """A step with its places, not judged yet."""
        return Step(
            index=len(self.steps) + 1,
            chain=chain,
            span=part.span,
            verdict=Verdict.GIVEN,
            relation=relation.text,
            lhs=self.source.slice(previous.span),
            rhs=self.source.slice(part.span),
            previous=previous.span,
            cell=self.source.cell,
        )

    def _judged(self, chain: ChainState, relation: str, part: Node, base: Step) -> Step:
        previous = chain.parts[-1]
        if relation in DECLARATIONS:
            declare(self.scope, previous, relation, part)
            return replace(base, kind=Kind.DECLARATION)
        if relation in INEQUALITIES:
            return self._inequality(previous, relation, part, base)
        first = len(chain.parts) == 1
        if first and relation == "=" and (turned := self._turned_back(previous, part)) is not None:
            return self.held(base, turned)
        if first and (relation == "<-" or is_update(self.scope, previous, relation, part)):
            return self._update(previous, part, replace(base, kind=Kind.UPDATE))
        if relation in APPROXIMATIONS:
            return self._approximation(chain, part, replace(base, kind=Kind.APPROXIMATION))
        if relation not in EQUALITIES:
            return replace(base, verdict=Verdict.UNCHECKED, reason=f"the relation {relation} is not judged")
        if first:
            if relation == ":=" and self._is_initial_value(part):
                return replace(base, kind=Kind.UPDATE, notes=("an initial value",))
            given = introduce.definition(self, previous, part, base)
            given = given or introduce.by_derivative(self, previous, part, base)
            if given is not None:
                return given
        slope = equations.has_derivative(chain.parts[0]) or slope_by_subscript(self.scope, chain.parts[0])
        kind = Kind.DERIVATIVE if slope else Kind.EQUALITY
        return self._claim(chain, part, replace(base, kind=kind))

    def _turned_back(self, left: Node, right: Node) -> Outcome | None:
        """`I = e^x (cos x + sin x) - I` of a defined I is a claim where it holds, and no update."""
        head = definitions.head_of(self.scope, left)
        name = head.marks.name if head is not None else ""
        if self.collecting or name not in all_names(right) or self.scope.lookup(name) is None:
            return None
        outcome = self.judge.judge(left, right)
        return outcome if outcome.holds else None

    def _update(self, left: Node, right: Node, base: Step) -> Step:
        """An assignment is given, unless it walks uphill on a loss."""
        if self.collecting or not is_about_a_loss(self.source.text):
            return base
        old, new = self.value(left), self.value(right)
        found = None if isinstance(old, str) or isinstance(new, str) else uphill(self.scope, old, new)
        if found is None:
            return base
        point, why = found
        diagnosis = Diagnosis(Code.DESCENT, why)
        counterexample = Counterexample(entries_by_place(point.point), point.lhs, point.rhs, point.sizes)
        notes = ("the two values are the change of the loss along the step, to first order, and 0",)
        return replace(
            base,
            verdict=Verdict.REFUTED,
            counterexample=counterexample,
            diagnosis=diagnosis,
            focus=right.span,
            notes=notes,
        )

    def _approximation(self, chain: ChainState, part: Node, base: Step) -> Step:
        """Numbers are compared to their printed digits; how near two expressions are is not judged."""
        sides = self.value(chain.parts[-1]), self.value(part)
        if all(not isinstance(side, str) and is_number(side) for side in sides):
            return self._claim(chain, part, base)
        step = self._claim(chain, part, base)
        if step.verdict is not Verdict.REFUTED:
            return step
        return replace(base, verdict=Verdict.UNCHECKED, reason="how near two expressions are is not judged")

    def _inequality(self, left: Node, relation: str, right: Node, base: Step) -> Step:
        supposed.drop(self.scope, self.source.text, left, right)
        before = dict(self.scope.facts)
        if declare(self.scope, left, relation, right):
            supposed.take_in(self.scope, self.source.text, left, right, before)
            names = all_names(left) | all_names(right)
            if any(self.scope.lookup(name) is not None for name in names):
                self.scope.regions.append(self._reached(names))
            return replace(base, kind=Kind.DECLARATION)
        self.scope.regions.append(frozenset(all_names(left) | all_names(right)))
        reason = "inequalities are not judged"
        return replace(base, kind=Kind.INEQUALITY, verdict=Verdict.UNCHECKED, reason=reason)

    def _reached(self, names: set[str]) -> frozenset[str]:
        """Names, and those that their definitions hold."""
        return frozenset(names | {part for d in self.scope.history if d.name in names for part in names_in(d.body)})

    def _is_initial_value(self, node: Node) -> bool:
        """`w := 0` in an algorithm is where w starts, not what it is."""
        if isinstance(node, Name | Number) and node.text == "0":
            return True
        value = self.value(node)
        return not isinstance(value, str) and is_number(value)

    def value(self, node: Node) -> Value | str:
        """The value of a formula, or why it has none."""
        return best_value(self.scope, node)

    # --- claims ----------------------------------------------------------------------------------------------------

    def _claim(self, chain: ChainState, part: Node, base: Step) -> Step:
        if self.collecting:
            return base
        previous, head = chain.parts[-1], chain.parts[0]
        was_bad = chain.bad[-1]
        outcome = self.judge.judge(previous, part)
        if outcome.holds and not was_bad:
            if len(chain.parts) > 1:
                introduce.other_form(self, chain, part, equal=isinstance(outcome.decision, Proved))
            return self.held(base, outcome)
        by_head = outcome if len(chain.parts) == 1 else self.judge.judge(head, part)
        if by_head.holds and (was_bad or not equations.of_numbers(previous, part)):
            step = replace(self.held(base, by_head), recovers=was_bad)
            return step if was_bad or by_head is outcome else replace(step, notes=(*step.notes, _BY_HEAD))
        told = introduce.tells_what_it_is(self, previous, part, base) if chain.parts[1:] and not outcome.holds else None
        if told is not None:
            return told
        if outcome.holds:
            return replace(self.held(base, outcome), carried=True)
        if was_bad and (right := self._by_last_right(chain, part)) is not None:
            return replace(self.held(base, right), recovers=True)
        said = introduce.declares(self, outcome, previous, part, base, first=len(chain.parts) == 1)
        if said is not None:
            return said
        by_substitution = introduce.substituted(self, previous, part, base)
        if by_substitution is not None and not was_bad:
            return by_substitution
        step = self._differs(chain, outcome, by_head, part, base)
        if chain.parts[1:] and step.verdict is not Verdict.REFUTED:
            introduce.other_form(self, chain, part)
        return step

    def _by_last_right(self, chain: ChainState, part: Node) -> Outcome | None:
        """After a wrong line the last right one counts, where the head of the chain is not defined."""
        right = [one for one, bad in zip(chain.parts[1:], chain.bad[1:], strict=True) if not bad]
        outcomes = [self.judge.judge(one, part) for one in right[-1:]]
        return next((outcome for outcome in outcomes if outcome.holds), None)

    def _differs(self, chain: ChainState, outcome: Outcome, by_head: Outcome, part: Node, base: Step) -> Step:
        """A claim that does not hold: wrong, unless something may be misunderstood."""
        previous = chain.parts[-1]
        conditional = chain.is_condition and not chain.parts[1:] and not self.guard.is_slope_of_known(outcome)
        if conditional and equations.holds_symbols(outcome, previous, part):
            return unchecked(base, outcome, "the chain ends in a number: this may hold under that condition")
        reason = self.guard.objection(outcome, by_head, first=len(chain.parts) == 1, lhs=previous, rhs=part)
        if reason is not None:
            shaped = self._of_other_shape(chain, part, base)
            return shaped or introduce.left_open(self, chain, outcome, part, base, reason)
        step = self.refuted(base, outcome, by_head, previous, part)
        return step if step.verdict is Verdict.REFUTED else self._of_other_shape(chain, part, base) or step

    def _of_other_shape(self, chain: ChainState, part: Node, base: Step) -> Step | None:
        """A claim about a derivative whose sides cannot have one shape, or a line without any; the head counts too."""
        number = self.source.position(part.span.start)[0]
        said = misfit(self.judge, chain.parts[-1], part, number)
        if said is None:
            return None
        if said.has_value:
            by_head = len(chain.parts) == 1 or misfit(self.judge, chain.parts[0], part, number)
            if not by_head or not equations.has_derivative(chain.parts[0]):
                return None
        wrong = replace(base, verdict=Verdict.REFUTED, focus=part.span)
        return replace(wrong, counterexample=said.counterexample, diagnosis=said.diagnosis)

    def held(self, base: Step, outcome: Outcome) -> Step:
        """The step with the proof or test of its claim."""
        return from_outcome(base, supposed.with_suppositions(self.scope, self.source.text, outcome))

    def words(self, node: Node) -> str:
        """A formula as it is written, on one line."""
        return " ".join(self.source.slice(node.span).split())

    def refuted(self, base: Step, outcome: Outcome, by_head: Outcome, previous: Node, part: Node) -> Step:
        """The step with its counterexample and diagnosis; unchecked where something may be misunderstood."""
        decision = outcome.decision
        assert isinstance(decision, Different)
        base = with_readings(base, outcome)
        at = {
            **entries_by_place(decision.point),
            **{name: body.partition(" = ")[2] or body for name, body in decision.functions.items()},
        }
        counterexample = Counterexample(at, decision.lhs, decision.rhs, decision.sizes)
        step = replace(
            base,
            verdict=Verdict.REFUTED,
            counterexample=counterexample,
            notes=outcome.notes,
            focus=part.span,
        )
        found = self.diagnose(outcome, previous, part, base.kind is Kind.DERIVATIVE) if self.diagnose else None
        if outcome.meant is not None:
            remember(self.scope, outcome.meant.lhs, outcome.meant.rhs)
        if found is not None and found.is_double and loses_symbols(outcome) and not equations.has_derivative(previous):
            found = None
        if by_head is outcome and found is not None and not found.is_known:
            found = None if self.guard.may_be_solved(outcome, previous, part) else found
        if (
            found is not None
            and found.is_double
            and equations.may_be_another_curve(self.scope, outcome, previous, part)
        ):
            return unchecked(base, outcome, "this may be an equation for another curve than the one above")
        doubt = self.guard.unexplained(outcome, by_head) if found is None else None
        if doubt is None and (found is None or found.diagnosis.code is Code.TRANSPOSE):
            doubt = equations.of_marked_matrices(previous, part) or self.guard.symmetry_beside(outcome, part)
        if doubt is not None:
            if doubt is equations.UNSOLVED:
                introduce.state(self, outcome, previous, part)
            return unchecked(base, outcome, doubt)
        return replace(step, diagnosis=found.diagnosis, focus=found.focus) if found is not None else step
