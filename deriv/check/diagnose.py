"""Which mistake explains a wrong step: the smallest edit of the written line that makes it provable.

An edit is a change of the author's own text, read again by the same reader; it is named only when the edited line
is itself proved (or tested) against the line before.  Edits are tried from the most to the least specific.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deriv.check.edits import Edit, edits_of
from deriv.check.judge import Judge, Outcome
from deriv.check.results import Diagnosis, Verdict
from deriv.equal.decision import Conditional, Proved, Tested
from deriv.errors import DerivError
from deriv.latex.macros import MacroTable
from deriv.latex.nodes import Node
from deriv.latex.parse import parse_formula
from deriv.meaning.scoping import settled, widened
from deriv.source import SourceFile, Span

_MAX_EDITS = 160
_MAX_READINGS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A diagnosis and the part of the line that it is about."""

    diagnosis: Diagnosis
    focus: Span


class Diagnostician:
    """Searches edits of wrong lines in one source text."""

    def __init__(self, source: SourceFile, judge: Judge, macros: MacroTable | None = None) -> None:
        self.source, self.judge, self.macros = source, judge, macros

    def explain(self, outcome: Outcome, lhs: Node, rhs: Node) -> Found | None:
        """The first edit that repairs the step under the likeliest reading that allows a repair."""
        for one in (outcome, *outcome.others[:_MAX_READINGS]):
            found = self._explain(one, lhs, rhs)
            if found is not None:
                return found
        return None

    def _explain(self, outcome: Outcome, lhs: Node, rhs: Node) -> Found | None:
        if outcome.meant is None or outcome.interpretation is None:
            return None
        text = self.source.slice(rhs.span)
        sizes = sorted(self.judge.scope.survey.sizes)
        for edit in _first(edits_of(self.source, lhs, rhs, outcome, sizes), _MAX_EDITS):
            repaired = edit.apply(text, rhs.span.start)
            verdict = self._verdict(outcome, repaired)
            if verdict is not None:
                return Found(Diagnosis(edit.code, edit.message, tidy(repaired), verdict), edit.focus or rhs.span)
        return None

    def _verdict(self, outcome: Outcome, repaired: str) -> Verdict | None:
        assert outcome.meant is not None
        try:
            node = settled(parse_formula(repaired, self.macros))
        except DerivError:
            return None
        if outcome.meant.rhs_wide:
            node = widened(node) or node
        decision = self.judge.again(outcome, node)
        if isinstance(decision, Conditional):
            return None
        if isinstance(decision, Proved):
            return Verdict.PROVED
        return Verdict.TESTED if isinstance(decision, Tested) else None


def _first(edits: Iterable[Edit], limit: int) -> Iterator[Edit]:
    for count, edit in enumerate(edits):
        if count >= limit:
            return
        yield edit


def tidy(text: str) -> str:
    """The repaired line on one line, without the row's end."""
    return " ".join(text.split()).rstrip(".,;\\ ")
