"""Which mistake explains a wrong step.

First the mistakes of the rule book: does one of them lead to exactly what is written?  Then edits of the author's own
text, from the most to the least specific.  A mistake is named only when the repaired line is itself proved (or
tested), in the same reading, against the line before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from deriv.checking.diagnosis import factors, forms, layers, names, signs, terms
from deriv.checking.diagnosis.derivatives import Match, code_of, is_weak, known_mistakes, right_lines
from deriv.checking.diagnosis.edit import Edit, has_deriv
from deriv.checking.diagnosis.problem import Problem, problem_of
from deriv.checking.diagnosis.rewriting import Rewrite, known_rewrites, right_rewrites
from deriv.checking.judge import Judge, Outcome
from deriv.checking.results import Code, Diagnosis, Verdict
from deriv.latex.macros import MacroTable
from deriv.latex.nodes import Node
from deriv.source import SourceFile, Span

_MAX_TRIES, _MAX_MORE = 120, 30
"""Edits tried in the likeliest reading, and in each of the others."""
_MAX_READINGS = 3

_PLAIN = frozenset((Code.CHAIN_RULE, Code.SIGN, Code.CONSTANT_FACTOR, Code.EXPONENT_SIGN))
_SPECIFIC = frozenset((Code.CONSTANT_FACTOR, Code.SUM, Code.WRONG_VARIABLE, Code.INDEX, Code.MISSING_TERM))
"""Mistakes that the edit names more exactly than the rule book does."""
Source = Callable[[Problem], Iterator[Edit]]
_FIRST: tuple[Source, ...] = (signs.numbers, names.derivative_variables, signs.exponent_signs, signs.whole_sign)
_SECOND: tuple[Source, ...] = (
    signs.term_signs,
    terms.extra_sums,
    factors.constant_factors,
    forms.pulled_out,
    terms.extra_terms,
    terms.term_factors,
    forms.transposes,
    layers.primes_lost,
    layers.squares_lost,
    layers.slopes_lost,
    forms.exponents,
    names.shifted_indices,
    layers.other_steps,
    forms.fractions,
    terms.inner_terms,
    factors.lost_factors,
    names.symbols,
    layers.other_layers,
    terms.lost_terms,
    terms.sums,
    terms.brackets,
    terms.inner_numbers,
    factors.inside_factors,
    signs.digits,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A diagnosis and the part of the line that it is about."""

    diagnosis: Diagnosis
    focus: Span
    is_known: bool = False
    """Whether it is a mistake of the rule book, and not an edit that happens to repair the line."""

    @property
    def is_double(self) -> bool:
        """Whether two mistakes had to be assumed."""
        return ", and " in self.diagnosis.message


class Diagnostician:
    """Explains wrong lines in one source text."""

    def __init__(
        self, source: SourceFile, judge: Judge, macros: MacroTable | None = None, formulas: Sequence[Node] = ()
    ) -> None:
        self.source, self.judge, self.macros, self.formulas = source, judge, macros, formulas

    @cached_property
    def spellings(self) -> dict[str, str]:
        """How the document writes its quantities."""
        return layers.spellings(self.source, self.judge.scope, self.formulas)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """What the document differentiates by."""
        return layers.variables(self.source, self.formulas)

    def explain(self, outcome: Outcome, lhs: Node, rhs: Node, differentiates: bool = False) -> Found | None:  # noqa: FBT001, FBT002
        """The most specific mistake under the likeliest reading that has one.

        `differentiates` says that the chain began with a derivative, whatever the line before is.
        """
        others = [one for one in outcome.others if _reads_alike(one, outcome)]
        for number, one in enumerate((outcome, *others[:_MAX_READINGS])):
            problem = problem_of(self.source, self.judge, one, lhs, rhs, self.macros)
            if problem is not None:
                problem.differentiates |= differentiates
                problem.spellings, problem.variables = self.spellings, self.variables
            tries = _MAX_MORE if number else _MAX_TRIES
            found = explanation(problem, tries) if problem is not None else None
            if found is not None:
                return found
        return None


def _reads_alike(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes differ only in how the definitions are taken: a less likely reading explains nothing."""
    if one.meant is None or other.meant is None:
        return False
    return one.meant.lhs_node is other.meant.lhs_node and (
        one.meant.elaborator.reading.answers == other.meant.elaborator.reading.answers
    )


def explanation(problem: Problem, tries: int = _MAX_TRIES) -> Found | None:
    """The mistake in one reading of a step, with so many edits tried."""
    matches = known_mistakes(problem)
    repair = _repair(problem, tries)
    if matches and is_weak(matches[0].slip) and repair is not None and repair[0].code in _PLAIN:
        matches = []
    if matches and (found := _by_mistake(problem, matches, repair)) is not None:
        return replace(found, is_known=True)
    if not has_deriv(problem.lhs):
        for rewrite in known_rewrites(problem):
            found = _by_rewrite(problem, rewrite, repair)
            if found is not None:
                return replace(found, is_known=True)
    if repair is None:
        return None
    edit, text, verdict = repair
    return Found(Diagnosis(edit.code, edit.message, tidy(text), verdict), edit.focus or problem.rhs.span)


Repair = tuple[Edit, str, Verdict]


def _repair(problem: Problem, tries: int) -> Repair | None:
    """The first edit that repairs the step."""
    for source in (*_FIRST, *_SECOND):
        for edit in source(problem):
            if problem.tried >= tries:
                return None
            found = problem.verdict(edit)
            if found is not None:
                return edit, *found
    return None


def _by_mistake(problem: Problem, matches: list[Match], repair: Repair | None) -> Found | None:
    slip = matches[0].slip
    code, message = Code(code_of(slip)), sentence(slip.says)
    if repair is not None:
        edit, text, verdict = repair
        if edit.code is code and code in _SPECIFIC:
            message = edit.message
        return Found(Diagnosis(code, message, tidy(text), verdict), edit.focus or problem.rhs.span)
    for text in right_lines(problem, matches[0].site):
        verdict_of = problem.verdict_of(text)
        if verdict_of is not None:
            return Found(Diagnosis(code, message, tidy(text), verdict_of), problem.rhs.span)
    return None


def _by_rewrite(problem: Problem, rewrite: Rewrite, repair: Repair | None) -> Found | None:
    """The misapplied law; the repair is the shorter of the edited line and the law applied rightly."""
    code, message = Code(rewrite.code), sentence(rewrite.says)
    edited = tidy(repair[1]) if repair is not None else ""
    for text in right_rewrites(problem, rewrite):
        if repair is not None and len(edited) <= len(text) + 4:
            break
        found = problem.verdict_of(text)
        if found is not None:
            return Found(Diagnosis(code, message, tidy(text), found), problem.rhs.span)
    if repair is None:
        return None
    return Found(Diagnosis(code, message, edited, repair[2]), repair[0].focus or problem.rhs.span)


def sentence(text: str) -> str:
    """A sentence of the rule book as a message: lower case, no full stop."""
    text = text.strip().rstrip(".")
    first = text.split(" ", 1)[0]
    return text if first.isupper() and len(first) > 1 else text[:1].lower() + text[1:]


def tidy(text: str) -> str:
    """The repaired line on one line, without the row's end."""
    return " ".join(text.split()).rstrip(".,;\\ ")
