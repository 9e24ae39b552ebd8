"""Reasons not to call a step wrong, although its sides differ as they are read here.

A step is refuted only when nothing that the document leaves open could make it right: an equation to be solved is
no claim, a symbol that was never introduced may stand for anything, numbers may have been put in.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from deriv.checking import equations, otherwise
from deriv.checking.abstract import open_slope
from deriv.checking.antiderivatives import NOTE as INTEGRALS
from deriv.checking.certainty import differs_in_every_shape
from deriv.checking.doubts import (
    about_entries,
    argument_as_index,
    held_fixed,
    labelled_and_not,
    new_index,
    of_told_matrices,
    one_of_a_family,
    repeated_index,
    rows_of_a_matrix,
    several_shapes,
    symmetric_functions,
    turned_members,
    two_counts,
    with_turned,
    written_out,
)
from deriv.checking.equations import has_operator
from deriv.checking.judge import Judge, Outcome
from deriv.checking.mentions import labels, names_in_definitions, names_of, variables_of
from deriv.checking.words import RELATED, is_told_of_all, speaks_of_symmetry
from deriv.equal.decide import decide
from deriv.equal.decision import Different, Undecided
from deriv.expr.domain import Fact
from deriv.expr.nodes import Apply, Delta, Entry, Expr, Num, Sum, Sym, walk
from deriv.expr.substitute import free_symbols, substitute
from deriv.expr.tensor import Tensor, Value
from deriv.latex.nodes import Deriv, Node
from deriv.meaning.arithmetic import DIVIDED, STRETCHED
from deriv.meaning.names import base_name, standing_names
from deriv.meaning.quantities import quantities
from deriv.meaning.scope import Definition, Scope

_SIGN = Fact(values=(Fraction(-1), Fraction(1)))
_BESIDE = 40  # characters
_JUST_BEFORE = 4  # lines


class Guard:
    """Looks at a difference with the whole document in mind."""

    def __init__(self, scope: Scope, text: str, judge: Judge) -> None:
        self.scope, self.text, self.judge = scope, text, judge

    def objection(self, outcome: Outcome, by_head: Outcome, *, first: bool, lhs: Node, rhs: Node) -> str | None:
        """Why the step cannot be called wrong; None when it certainly is."""
        if isinstance(outcome.decision, Undecided):
            return outcome.decision.reason
        brings_names = bool(_labels(outcome, 1) - _labels(outcome, 0))
        if isinstance(by_head.decision, Undecided) and (brings_names or not _is_open_head(by_head)):
            return by_head.decision.reason
        if not isinstance(outcome.decision, Different) or not outcome.pairs:
            return "the step could not be decided"
        return (
            otherwise.asked_for(self.text, lhs)
            or otherwise.meant_otherwise(self.scope, self.text, outcome)
            or equations.same_functions(lhs, rhs)
            or equations.with_glued_numbers(lhs, rhs)
            or equations.with_units(self.scope, lhs, rhs)
            or otherwise.rounded_percentage(self.text, lhs, rhs)
            or self._other_section(outcome, standing_names(lhs) | standing_names(rhs))
            or self._two_ways(outcome)
            or equations.of_a_function(outcome)
            or equations.to_integrate(self.scope, first=first, lhs=lhs, rhs=rhs)
            or equations.for_functions(outcome, first=first, lhs=lhs, rhs=rhs)
            or equations.of_densities(outcome)
            or otherwise.of_special_matrices(self.text, outcome, lhs, rhs)
            or equations.after_a_condition(self.scope, outcome, lhs, rhs)
            or self._name_of_several(lhs, rhs)
            or equations.strained(outcome)
            or several_shapes(outcome)
            or two_counts(outcome)
            or one_of_a_family(outcome)
            or written_out(self.scope, outcome)
            or argument_as_index(self.scope, outcome)
            or repeated_index(outcome, by_head)
            or held_fixed(outcome, lhs, rhs)
            or new_index(outcome, by_head, lhs)
            or about_entries(self.scope, outcome)
            or self._by_columns(outcome)
            or of_told_matrices(self.scope, outcome)
            or symmetric_functions(outcome)
            or self._as_label(outcome)
            or self._particular_indices(outcome)
            or otherwise.particular_region(self.scope, self.text, outcome)
            or self._numbers_put_in(outcome, first=first, lhs=lhs)
            or self._new_symbols(outcome, by_head)
            or self._something_put_in(outcome, by_head, lhs, rhs)
            or self._equation(outcome, first=first, lhs=lhs, rhs=rhs)
        )

    def _name_of_several(self, lhs: Node, rhs: Node) -> str | None:
        """`∂f/∂a = λ, ∂f/∂b = λ`: a letter that ends several equations is an unknown of all of them."""
        for side in (lhs, rhs):
            definition = self.scope.lookup(base_name(side) or "")
            if definition is not None and definition.named:
                return f"{definition.name} stands for several values: a system of equations"
        return None

    def _other_section(self, outcome: Outcome, standing: set[str]) -> str | None:
        """`C(x) = 4x` of one example is not the C of the next section, nor what an exercise says that of another."""
        if outcome.meant is None:
            return None
        for name in sorted(names_of(outcome.meant.aligned.pairs)):
            definition = self.scope.lookup(name)
            if definition in self.scope.given:
                continue
            elsewhere = definition is not None and definition.line < self.scope.section
            if elsewhere and definition is not None and name in standing and _is_example(definition):
                return f"{name} was defined in another section, and may be another {name} here"
            if definition is not None and definition.line < self.scope.exercise:
                return f"{name} was defined in another exercise"
        return None

    def _something_put_in(self, outcome: Outcome, by_head: Outcome, lhs: Node, rhs: Node) -> str | None:
        """An equality without a derivative, with a symbol that the left side does not have."""
        if has_operator(lhs) or has_operator(rhs):
            return None
        new = _labels(outcome, 1) - _labels(outcome, 0) - _labels(by_head, 0) - _written(outcome) - _written(by_head)
        return f"{sorted(new)[0]} stands in the place of something on the left" if new else None

    def _two_ways(self, outcome: Outcome) -> str | None:
        """A definition that can be taken in two ways: a slash, or a bias that is added to a matrix."""
        if outcome.meant is None:
            return None
        reached = names_of(outcome.meant.aligned.pairs) | names_in_definitions(
            self.scope, names_of(outcome.meant.aligned.pairs)
        )
        if slashed := sorted(reached & self.scope.doubtful):
            return f"the definition of {slashed[0]} can be read in two ways (a slash, or brackets behind a letter)"
        told = sorted(reached & self.scope.stretched & variables_of(outcome.meant.aligned.pairs))
        return f"whether {told[0]} is added to rows or to columns is not stated" if told else None

    def _by_columns(self, outcome: Outcome) -> str | None:
        """`a_j^T a_k = Σ_i a_{ij} a_{ik}`: the vectors may be the columns of what the two indices belong to."""
        meant, interpretation = outcome.meant, outcome.interpretation
        if meant is None or interpretation is None:
            return None
        names = turned_members(meant.aligned.pairs)
        if not names:
            return None
        turned = replace(meant, aligned=replace(meant.aligned, pairs=with_turned(meant.aligned.pairs, names)))
        other = self.judge.as_meant(turned, interpretation)
        if other is not None and isinstance(other.decision, Different):
            return None
        return f"{min(names)}_ij may be entry i of {min(names)}_j"

    def _as_label(self, outcome: Outcome) -> str | None:
        """The text says in words that something is 1 or -1, and the claim holds if one of its letters is."""
        names = _labels(outcome, 0) | _labels(outcome, 1) if self.scope.labels_in_words else set()
        for name in sorted(names - outcome.domain.facts.keys()):
            labelled = replace(outcome.domain, facts={**outcome.domain.facts, name: _SIGN})
            if all(not isinstance(decide(a, b, labelled, conditions=False), Different) for a, b in outcome.pairs):
                return f"{name} may be a label, 1 or -1 as the text says"
        return None

    def _particular_indices(self, outcome: Outcome) -> str | None:
        """The text speaks of the case `i = k`, and the claim holds both letters: it may be about that case."""
        pair = self._case(outcome)
        if pair is None or _differs_there(outcome, pair):
            return None
        return f"the text speaks of the case {' = '.join(sorted(pair))}, and this may be meant"

    def _case(self, outcome: Outcome) -> frozenset[str] | None:
        """Two letters of the claim that the text makes one."""
        letters = {
            part.name
            for pair in outcome.pairs
            for side in pair
            for node in walk(side)
            if isinstance(node, Entry | Delta)
            for part in node.children
            if isinstance(part, Sym) and "." not in part.name
        }
        for pair in sorted(self.scope.coincidences, key=sorted):
            if len(pair) == 2 and pair <= letters:
                return pair
        return None

    def _numbers_put_in(self, outcome: Outcome, *, first: bool, lhs: Node) -> str | None:
        left, right = _symbols(outcome, 0), _symbols(outcome, 1)
        if (not left and not right and not first) or outcome.slope_by is not None:
            return None
        if equations.has_known_rates(outcome):
            return None
        if right or not left:
            return None
        if first and has_operator(lhs) and not _zero(outcome.pairs):
            written = outcome.meant.lhs if outcome.meant is not None else None
            if written is not None and _operator_on_expression(lhs):
                return None
        names = ", ".join(sorted(left)[:4])
        return f"the right side is a number, the left one depends on {names}: an equation, or numbers put in"

    def _new_symbols(self, outcome: Outcome, by_head: Outcome) -> str | None:
        left, right = _labels(outcome, 0), _labels(outcome, 1)
        if equations.has_known_rates(outcome):
            left, right = ({name for name in side if not name.startswith("∂")} for side in (left, right))
        new = right - left - _labels(by_head, 0) - _written(outcome) - _written(by_head)
        if right and not left and not _written(outcome):
            names = ", ".join(sorted(right)[:4])
            return f"the left side is a number, the right one holds {names}: units, or an equation"
        functions = sorted(
            {
                name
                for one in (outcome, *outcome.others)
                if _is_plain(one)
                for name in _functions(one, 0) - _functions(one, 1) - right
            }
        )
        if functions:
            return f"{', '.join(functions)} is not defined here, and something else stands in its place"
        means = sorted(name for name in left | right if name.endswith("bar") and self.scope.lookup(name) is None)
        if means:
            return f"{', '.join(means)} is not defined before this line"
        unknown = sorted(name for name in new if not self.grounded(name))
        if unknown:
            return f"{', '.join(unknown)} is not introduced in the document"
        gone = sorted(name for name in left - right if not self.grounded(name))
        if new and gone:
            return f"{', '.join(gone)} is not defined here, and something else stands in its place"
        return None

    def unexplained(self, outcome: Outcome, by_head: Outcome) -> str | None:
        """Why a difference that no known mistake explains may be a misunderstanding of ours; None when it is not.

        Sides that hold the same symbols, each defined once or not at all, read without any charity, leave little to
        misunderstand.
        """
        if outcome.meant is None:
            return "the step could not be decided"
        if isinstance(by_head.decision, Undecided):
            return by_head.decision.reason
        sides = outcome.meant.lhs_node, outcome.meant.rhs_node
        if by_head is outcome and not self._is_about_a_definition(outcome) and self._may_be_for_some(outcome, *sides):
            return equations.UNSOLVED
        if (pair := self._case(outcome)) is not None:
            return f"the text speaks of the case {' = '.join(sorted(pair))}, and this may be meant"
        if (apart := rows_of_a_matrix(self.scope, outcome)) is not None:
            return apart
        if (function := open_slope(outcome.pairs)) is not None:
            return f"which function {function} is, is not stated"
        left, right = _labels(outcome, 0), _labels(outcome, 1)
        if any(name.startswith("∂") for name in left | right):
            return "it depends on derivatives that the document does not give"
        accented = any(name.endswith(("bar", "hat", "tilde")) for name in left | right)
        told = set(outcome.notes) - {STRETCHED, DIVIDED, INTEGRALS}
        if (
            right - _anywhere(outcome.pairs) - _written(outcome)
            or told
            or accented
            or not self._has_sure_shapes(outcome, by_head)
        ):
            return "the two sides differ as they are read here, but no known mistake explains how"
        operator = any(map(has_operator, (outcome.meant.lhs_node, outcome.meant.rhs_node)))
        if not operator and any(self.scope.lookup(name, "scalar") for name in _written(outcome)):
            return equations.UNSOLVED
        if labelled_and_not(outcome):
            return "a letter is read with a superscript as label here, without one there"
        used = names_of(outcome.meant.aligned.pairs)
        line = self.text.count("\n", 0, outcome.meant.lhs_node.span.start) + 1
        if any(self._defined_twice(name, line) for name in used):
            return "it differs from what the definitions give, but no known mistake explains how"
        return None

    def _has_sure_shapes(self, outcome: Outcome, by_head: Outcome) -> bool:
        """Whether both sides are scalars, or vectors and matrices that differ whatever shapes the letters have.

        Equations between matrices without a derivative often use what is known of them (orthogonal, a projection).
        """
        if _is_scalar(outcome):
            return True
        heads = [one.meant.lhs_node for one in (outcome, by_head) if one.meant is not None]
        if not any(map(has_operator, heads)) or RELATED.search(self.text) or not is_told_of_all(self.scope, self.text):
            return False
        return differs_in_every_shape(self.judge, outcome)

    def symmetry_beside(self, outcome: Outcome, rhs: Node) -> str | None:
        """What follows on the line may say under which condition a transpose does not matter; or other sections."""
        names = {node.name for pair in outcome.pairs for side in pair for node in walk(side) if isinstance(node, Entry)}
        if elsewhere := sorted((names & self.scope.symmetric_from.keys()) - outcome.domain.symmetric):
            return f"the text calls {elsewhere[0]} symmetric elsewhere"
        after = self.text[rhs.span.end : rhs.span.end + _BESIDE].partition("\n")[0]
        return "the text speaks of symmetry here" if speaks_of_symmetry(after) else None

    def _defined_twice(self, name: str, line: int) -> bool:
        """Whether a name has several definitions, none of which stands right before the given line."""
        lines = [definition.line for definition in self.scope.history if definition.name == name]
        return len(lines) > 1 and not 0 <= line - max(lines) <= _JUST_BEFORE

    def grounded(self, name: str) -> bool:
        """Whether the document has given a symbol its place: in a definition, as a variable, as a number."""
        scope = self.scope
        if name in scope.facts or name in scope.survey.sizes:
            return True
        for definition in scope.history:
            body = definition.body
            if isinstance(body, Tensor) and name in labels(body.body) | frozenset(definition.params):
                return True
        if any(name in free_symbols(lhs) | free_symbols(rhs) for lhs, rhs, _, _ in scope.stated):
            return True
        return any(isinstance(key, Sym | Entry) and key.name == name for key in scope.instances)

    def _equation(self, outcome: Outcome, *, first: bool, lhs: Node, rhs: Node) -> str | None:
        """A single `A = B` between expressions may be an equation to be solved."""
        if not first or has_operator(lhs) or has_operator(rhs):
            return None
        if self._is_about_a_definition(outcome):
            return None
        return equations.UNSOLVED if _labels(outcome, 0) != _labels(outcome, 1) else None

    def _is_about_a_definition(self, outcome: Outcome) -> bool:
        """Whether the left side is a name that the document defines."""
        return self.scope.lookup(_name(outcome.meant.lhs if outcome.meant else None)) is not None

    def is_slope_of_known(self, outcome: Outcome) -> bool:
        """`A'(x) = 20 - 2x = 0`: what A' is holds for every x, and where it is 0 is asked for then."""
        left = outcome.meant.lhs if outcome.meant is not None else None
        body = left.body if isinstance(left, Tensor) else None
        if not isinstance(body, Apply) or not any(body.orders) or not all(isinstance(a, Sym) for a in body.children):
            return False
        definition = self.scope.lookup(body.function, "function")
        return definition is not None and definition.line >= self.scope.section

    def _may_be_for_some(self, outcome: Outcome, lhs: Node, rhs: Node) -> bool:
        """Whether an equality may be meant for some values only: nothing says that it is about all of a set."""
        return equations.is_plain(outcome, lhs, rhs, frozenset(name for name, _ in self.scope.declared))

    def may_be_solved(self, outcome: Outcome, lhs: Node, rhs: Node) -> bool:
        """Whether the first equality of a chain is rather an equation to solve than an identity."""
        return not self._is_about_a_definition(outcome) and equations.may_be_solved(outcome, lhs, rhs)

    def is_constraint(self, outcome: Outcome, *, lhs: Node) -> bool:
        """`Σ_k y_k = 1`: a sum of given quantities set to a number is a condition that holds from here on."""
        if has_operator(lhs) or not isinstance(outcome.decision, Different) or len(outcome.pairs) != 1:
            return False
        left, right = outcome.pairs[0]
        return isinstance(left, Sum) and isinstance(left.body, Entry) and isinstance(right, Num)

    @staticmethod
    def is_symmetry(outcome: Outcome) -> str | None:
        """The matrix that `A^T = A` speaks of."""
        left, right = outcome.pairs[0] if len(outcome.pairs) == 1 else (None, None)
        if not isinstance(left, Entry) or not isinstance(right, Entry) or (left.name, left.sups) != (right.name, 0):
            return None  # both `A^T = A` and `A = A^T`
        return left.name if len(left.indices) == 2 and left.indices == right.indices[::-1] else None


def loses_symbols(outcome: Outcome) -> bool:
    """Whether a symbol of the left side is gone on the right: a number may have been put in for it."""
    return bool(_labels(outcome, 0) - _labels(outcome, 1))


def _is_open_head(by_head: Outcome) -> bool:
    """Whether the head of a chain is undecided only because the document does not define it."""
    return isinstance(by_head.decision, Undecided) and by_head.decision.reason.startswith("how ")


def _differs_there(outcome: Outcome, pair: frozenset[str]) -> bool:
    """Whether the sides differ even where two indices are the same."""
    one, two = sorted(pair)
    put: dict[Expr, Expr] = {Sym(one): Sym(two)}
    decisions = (decide(substitute(a, put), substitute(b, put), outcome.domain) for a, b in outcome.pairs)
    return any(isinstance(decision, Different) for decision in decisions)


def _is_plain(outcome: Outcome) -> bool:
    return outcome.interpretation is None or outcome.interpretation.is_plain


def _is_example(definition: Definition) -> bool:
    """`f(x) = 3x^2`: a function of its argument alone, with nothing else in it."""
    if definition.form != "function" or not isinstance(definition.body, Tensor):
        return False
    return labels(definition.body.body) <= set(definition.params)


def _is_scalar(outcome: Outcome) -> bool:
    """Whether both sides are scalars (vectors leave more room for conventions)."""
    meant = outcome.meant
    return meant is not None and all(isinstance(v, Tensor) and v.is_scalar for v in (meant.lhs, meant.rhs))


def _name(value: Value | None) -> str:
    if isinstance(value, Tensor) and isinstance(value.body, Sym | Entry):
        return value.body.name
    if isinstance(value, Tensor) and isinstance(value.body, Apply):
        return value.body.function
    return ""


def _labels(outcome: Outcome, side: int) -> set[str]:
    found: set[str] = set()
    for pair in outcome.pairs:
        found |= labels(pair[side])
    return found


def _written(outcome: Outcome) -> set[str]:
    """Names on the left side as it is written, before definitions are put in."""
    if outcome.meant is None:
        return set()
    return {name for left, _ in outcome.meant.aligned.pairs for name in names_of(((left, left),))}


def _anywhere(pairs: tuple[tuple[Expr, Expr], ...]) -> set[str]:
    """All names on the left side, those of sizes too."""
    return {node.name for left, _ in pairs for node in walk(left) if isinstance(node, Sym)} | {
        name for left, _ in pairs for name in labels(left)
    }


def _functions(outcome: Outcome, side: int) -> set[str]:
    """Names of undefined functions whose values (not only derivatives) stand on a side."""
    return {n.function for pair in outcome.pairs for n in walk(pair[side]) if isinstance(n, Apply)}


def _symbols(outcome: Outcome, side: int) -> set[str]:
    """Names of quantities, without those of functions."""
    return {node.name for pair in outcome.pairs for node in quantities(pair[side]) if isinstance(node, Sym | Entry)}


def _zero(pairs: tuple[tuple[Expr, Expr], ...]) -> bool:
    return all(isinstance(right, Num) and right.value == 0 for _, right in pairs)


def _operator_on_expression(node: Node) -> bool:
    """`d/dx (x^2)` says what is differentiated; `∂L/∂w = 0` may be a condition."""
    return isinstance(node, Deriv) and not node.ratio
