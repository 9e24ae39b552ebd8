"""Wrong derivations out of right ones: variants of a document with one labelled mistake each.

The mistakes are those of the rule book and the edits that the diagnosis knows, run backwards.  A variant is kept only
when the changed step is really refuted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from deriv.checking.annotations import Annotations
from deriv.checking.diagnosis.backwards import Mutation, mutations
from deriv.checking.diagnosis.problem import Problem, problem_of
from deriv.checking.document import check_text, kind_of
from deriv.checking.judge import Outcome
from deriv.checking.passes import prepare, survey, walk_through
from deriv.checking.results import CheckOptions, Code, DocumentKind, Step, Verdict
from deriv.checking.walk import ChainState, Walk
from deriv.errors import DerivError, UsageError
from deriv.latex.macros import MacroTable
from deriv.latex.nodes import Node
from deriv.meaning.scope import Scope
from deriv.source import SourceFile, Span


@dataclass(frozen=True, slots=True)
class Variant:
    """A document with one mistake: its text, the line of the mistake, what it is and what was written before."""

    text: str
    line: int
    code: Code
    says: str
    right: str
    wrong: str
    also: frozenset[Code] = frozenset()
    step: Step | None = None


@dataclass
class _Recording(Walk):
    """Keeps the problem that each right step would pose, were it wrong."""

    right: list[tuple[Span, Problem]] = field(default_factory=list)
    macros: MacroTable | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    def held(self, base: Step, outcome: Outcome) -> Step:
        self.outcomes.append(outcome)
        return super().held(base, outcome)

    def _claim(self, chain: ChainState, part: Node, base: Step) -> Step:
        self.outcomes.clear()
        previous = chain.parts[-1]
        step = super()._claim(chain, part, base)
        if step.verdict in (Verdict.PROVED, Verdict.TESTED) and self.outcomes and not step.assumes:
            problem = problem_of(self.source, self.judge, self.outcomes[-1], previous, part, self.macros)
            if problem is not None and problem.is_sampled:
                problem.differentiates |= step.kind.value == "derivative"
                self.right.append((part.span, problem))
        return step


def right_steps(text: str, path: str, kind: DocumentKind) -> list[tuple[Span, Problem]]:
    """The steps of a document that hold, each with what is needed to spoil it."""
    if kind == "notebook":
        raise UsageError(f"{path}: notebooks cannot be varied; save the cell as Markdown")
    macros = MacroTable.from_mapping({})
    part = prepare(SourceFile(path, text), kind, macros)
    scope = Scope(survey([part]))
    walk = _Recording(part.source, scope, macros=macros)
    walk_through(walk, part, Annotations.of(part.source, kind), CheckOptions())
    return walk.right


def candidates(text: str, path: str, kind: DocumentKind) -> Iterator[tuple[Span, Mutation]]:
    """Every mutation of every right step, not judged yet."""
    for span, problem in right_steps(text, path, kind):
        written = text[span.start : span.end]
        seen: set[str] = {written}
        for mutation in mutations(problem):
            if mutation.rhs not in seen:
                seen.add(mutation.rhs)
                yield span, mutation


def judged(text: str, path: str, kind: DocumentKind, span: Span, mutation: Mutation) -> Variant | None:
    """The variant with its step as it is judged; None when the step cannot be found again."""
    changed = text[: span.start] + mutation.rhs + text[span.end :]
    try:
        result = check_text(changed, path=path, kind=kind)
    except DerivError:
        return None
    source = result.sources[0]
    for step in result.steps:
        if step.span.start == span.start and step.kind.value != "definition":
            line = source.position(span.start)[0]
            right = text[span.start : span.end]
            return Variant(changed, line, mutation.code, mutation.says, right, mutation.rhs, mutation.also, step)
    return None


def variants(
    text: str,
    *,
    path: str,
    kind: DocumentKind | None = None,
    count: int = 10,
    seed: int = 0,
    codes: Sequence[Code] = (),
    progress: Callable[[int], None] | None = None,
) -> list[Variant]:
    """Up to `count` variants of a document, as many kinds of mistakes as possible; the same for the same seed."""
    kind = kind or kind_of(path)
    wanted = frozenset(codes)
    found: dict[Code, list[tuple[Span, Mutation]]] = {}
    for span, mutation in candidates(text, path, kind):
        if not wanted or mutation.code in wanted:
            found.setdefault(mutation.code, []).append((span, mutation))
    dice = random.Random(seed)  # noqa: S311
    for group in found.values():
        dice.shuffle(group)
    order = sorted(found)
    dice.shuffle(order)
    kept: list[Variant] = []
    while order and len(kept) < count:
        for code in list(order):
            if not found[code]:
                order.remove(code)
                continue
            variant = judged(text, path, kind, *found[code].pop())
            if variant is not None and variant.step is not None and variant.step.verdict is Verdict.REFUTED:
                kept.append(variant)
                if progress is not None:
                    progress(len(kept))
            if len(kept) >= count:
                break
    return kept


def labelled(variant: Variant, kind: DocumentKind) -> str:
    """The variant's text with a comment at its top that names the mistake."""
    words = f"mistake: line {variant.line + 1}: {variant.code}: {' '.join(variant.says.split())}"
    head = f"% {words}" if kind == "tex" else f"<!-- {words} -->"
    return f"{head}\n{variant.text}"
