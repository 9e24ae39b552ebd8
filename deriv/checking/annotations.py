"""Directives at work: facts and shapes from their place on, silence for a line or a stretch of the text."""

from __future__ import annotations

from dataclasses import dataclass, field

from deriv.checking.declare import declare
from deriv.checking.directives import (
    Assume,
    DirectiveError,
    Found,
    Ignore,
    Layout,
    Let,
    Loss,
    Shape,
    SkipFile,
    Switch,
    find_directives,
)
from deriv.checking.results import DocumentKind, Problem, Step, Verdict
from deriv.checking.walk import Walk
from deriv.errors import DerivError
from deriv.expr.domain import POSITIVE, REAL, SIZE
from deriv.latex.nodes import Chain
from deriv.latex.parse import parse_formula
from deriv.meaning.names import base_name
from deriv.meaning.scope import Scope
from deriv.source import SourceFile, Span

_WORDS = {"real": REAL, "positive": POSITIVE, "integer": SIZE}


@dataclass
class Annotations:
    """The directives of one text, and which of them did something."""

    source: SourceFile
    found: tuple[Found, ...]
    done: int = 0
    used: set[Span] = field(default_factory=set)
    failed: dict[Span, str] = field(default_factory=dict)

    @classmethod
    def of(cls, source: SourceFile, kind: DocumentKind) -> Annotations:
        """All directives of a text."""
        return cls(source, tuple(find_directives(source.text, kind)))

    def advance(self, walk: Walk, offset: int) -> None:
        """Apply everything that stands before an offset."""
        while self.done < len(self.found) and self.found[self.done].span.start < offset:
            directive = self.found[self.done]
            self.done += 1
            try:
                self._apply(walk, directive)
            except DerivError as problem:
                self.failed[directive.span] = str(problem)

    def _apply(self, walk: Walk, directive: Found) -> None:
        match directive.meaning:
            case Assume(facts=facts):
                for fact in facts:
                    self.assume(walk.scope, fact)
            case Shape(name=name, sizes=sizes):
                known = base_name(parse_formula(name))
                if known is None:
                    raise DirectiveError("`shape` needs a symbol")
                for bold in (False, True):
                    walk.scope.survey.declared_rank[known, bold] = len(sizes)
            case Let(formula=formula):
                silent = Walk(SourceFile("directive", formula), walk.scope, silent=True)
                silent.formula(parse_formula(formula), None)
            case Loss(formula=formula):
                walk.scope.loss = base_name(parse_formula(formula))
            case Layout(name=layout):
                walk.scope.layout = layout
            case _:
                return
        self.used.add(directive.span)

    def assume(self, scope: Scope, fact: str) -> None:
        """`n > 0`, `x real`, `A symmetric`, `y \\in \\{0, 1\\}`."""
        name, _, word = fact.rpartition(" ")
        if word in _WORDS or word == "symmetric":
            known = base_name(parse_formula(name))
            if known is None:
                raise DirectiveError(f"`{fact}` needs a symbol")
            if word == "symmetric":
                scope.symmetric.add(known)
            else:
                scope.facts[known] = _WORDS[word]
            return
        node = parse_formula(fact.replace(" in ", " \\in "))
        left, right = (node.parts[0], node.parts[1]) if isinstance(node, Chain) else (None, None)
        if not isinstance(node, Chain) or left is None or right is None:
            raise DirectiveError(f"`{fact}` is no fact that is understood, such as `n > 0` or `x real`")
        if not declare(scope, left, node.relations[0].text, right):
            raise DirectiveError(f"`{fact}` is no fact that is understood, such as `n > 0` or `x real`")

    # --- silence -----------------------------------------------------------------------------------------------------

    def is_off(self, span: Span) -> bool:
        """Whether a block lies in a stretch that is not to be checked."""
        off = False
        for directive in self.found:
            if isinstance(directive.meaning, SkipFile):
                self.used.add(directive.span)
                return True
            if directive.span.start < span.start and isinstance(directive.meaning, Switch):
                off = not directive.meaning.on
                self.used.add(directive.span)
        return off

    def applied(self, step: Step) -> Step:
        """The step, silenced if a directive on its line asks for it."""
        if step.verdict is not Verdict.REFUTED or step.cell != self.source.cell:
            return step
        first, last = self.source.position(step.span.start)[0], self.source.position(step.span.end)[0]
        for directive in self.found:
            meaning = directive.meaning
            line = self.source.position(directive.span.start)[0]
            if not isinstance(meaning, Ignore) or not first <= line <= last:
                continue
            if not meaning.codes or step.code in meaning.codes:
                self.used.add(directive.span)
                return step.silenced()
        return step

    def problems(self) -> list[Problem]:
        """Directives that cannot be read, or that changed nothing."""
        found = []
        for directive in self.found:
            if isinstance(directive.meaning, DirectiveError):
                found.append(Problem(str(directive.meaning), directive.span, self.source.cell))
            elif directive.span in self.failed:
                found.append(Problem(self.failed[directive.span], directive.span, self.source.cell))
            elif directive.span not in self.used:
                found.append(Problem("this directive changes nothing here", directive.span, self.source.cell))
        return found
