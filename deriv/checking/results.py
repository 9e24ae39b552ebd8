"""What the checker hands to the reports: steps with verdicts and evidence, files, options.

These are plain values.  They know nothing of how a verdict was reached and import neither SymPy nor NumPy, so a
report can be written, sent to another process or tested without the judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, TypeAlias

from deriv.source import SourceFile, Span

Lazy: TypeAlias = str | Callable[[], str]
"""A text, or how to make it: readings are costly to print and only JSON wants them."""

DocumentKind: TypeAlias = Literal["tex", "markdown", "notebook"]


class Verdict(StrEnum):
    """What is known about a step."""

    GIVEN = "given"
    PROVED = "proved"
    TESTED = "tested"
    REFUTED = "refuted"
    UNCHECKED = "unchecked"


class Kind(StrEnum):
    """What a step claims."""

    DEFINITION = "definition"
    EQUALITY = "equality"
    DERIVATIVE = "derivative"
    UPDATE = "update"
    INEQUALITY = "inequality"
    APPROXIMATION = "approximation"
    DECLARATION = "declaration"


class Code(StrEnum):
    """The name of a mistake; slugs are promises to users and never reused."""

    SIGN = "sign"
    CONSTANT_FACTOR = "constant-factor"
    CHAIN_RULE = "chain-rule"
    PRODUCT_RULE = "product-rule"
    QUOTIENT_RULE = "quotient-rule"
    POWER_RULE = "power-rule"
    FUNCTION_RULE = "function-rule"
    EXPONENT_SIGN = "exponent-sign"
    TRANSPOSE = "transpose"
    SHAPE = "shape"
    INDEX = "index"
    SUM = "sum"
    MISSING_TERM = "missing-term"
    EXTRA_TERM = "extra-term"
    WRONG_VARIABLE = "wrong-variable"
    ALGEBRA = "algebra"
    NUMERIC = "numeric"
    DESCENT = "descent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point of the declared domain where the two sides certainly differ, values as decimal or exact text."""

    at: Mapping[str, str]
    lhs: str
    rhs: str
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The mistake that explains a refutation.

    `message` is one short line about the text ("the derivative of the inner function is missing"); `repair` is the
    LaTeX of the corrected right-hand side and needs a verdict of its own.
    """

    code: Code
    message: str
    repair: str | None = None
    repair_verdict: Verdict | None = None

    def validate(self) -> None:
        """Raise ValueError unless a repair comes with its proof or test."""
        if (self.repair is None) != (self.repair_verdict is None):
            raise ValueError("a repair and its verdict come together")
        if self.repair is not None and self.repair_verdict not in (Verdict.PROVED, Verdict.TESTED):
            raise ValueError("a repair must itself be proved or tested")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One relation sign between two written expressions, judged.

    `span` is the right-hand side as written, `focus` the smallest part of it that differs, `previous` the left-hand
    side as written: all three in the source that `cell` names (see `FileResult.source_of`).
    A formula that cannot be read is a step too: `unchecked`, `span` the token that stopped the reader, no sides.
    """

    index: int
    chain: int
    span: Span
    verdict: Verdict
    kind: Kind = Kind.EQUALITY
    relation: str = ""
    lhs: str = ""
    rhs: str = ""
    reading_lhs: Lazy | None = None
    reading_rhs: Lazy | None = None
    carried: bool = False
    recovers: bool = False
    assumes: tuple[str, ...] = ()
    certificate: Mapping[str, object] | None = None
    counterexample: Counterexample | None = None
    diagnosis: Diagnosis | None = None
    reason: str | None = None
    notes: tuple[str, ...] = ()
    focus: Span | None = None
    previous: Span | None = None
    cell: int | None = None
    duplicate_of: int | None = None
    """Index of the step that this one repeats word for word (a slide shown again); reported once."""
    ignored: bool = False
    """Refuted, but a directive or an option asked for silence; see `silenced`."""

    @property
    def code(self) -> Code | None:
        """The diagnosis code of a refuted step, `unknown` when nothing explains it."""
        if self.verdict is not Verdict.REFUTED:
            return None
        return self.diagnosis.code if self.diagnosis else Code.UNKNOWN

    def silenced(self) -> Step:
        """The same step as it is reported when its code is ignored: not judged, and why."""
        reason = f"ignored: {self.code}"
        return replace(
            self,
            verdict=Verdict.UNCHECKED,
            reason=reason,
            diagnosis=None,
            counterexample=None,
            focus=None,
            ignored=True,
        )

    def detached(self, *, readings: bool) -> Step:
        """A copy without callables, which can be sent to another process."""
        if not readings:
            return replace(self, reading_lhs=None, reading_rhs=None)
        return replace(self, reading_lhs=text_of(self.reading_lhs), reading_rhs=text_of(self.reading_rhs))

    def validate(self) -> None:
        """Raise ValueError when verdict and evidence do not belong together."""
        for wrong, message in self._rules():
            if wrong:
                raise ValueError(f"step {self.index} ({self.verdict}): {message}")
        if self.diagnosis is not None:
            self.diagnosis.validate()

    def _rules(self) -> Sequence[tuple[bool, str]]:
        refuted, proved = self.verdict is Verdict.REFUTED, self.verdict is Verdict.PROVED
        unchecked, tested = self.verdict is Verdict.UNCHECKED, self.verdict is Verdict.TESTED
        return (
            (refuted and self.counterexample is None, "refuted needs a counterexample"),
            (not refuted and self.counterexample is not None, "only refuted has a counterexample"),
            (not refuted and self.diagnosis is not None, "only refuted has a diagnosis"),
            ((proved or tested) and not self.certificate, f"{self.verdict} needs a certificate"),
            ((proved or tested) and "method" not in (self.certificate or {}), "a certificate names its method"),
            (not (proved or tested) and self.certificate is not None, "only proved and tested have a certificate"),
            (unchecked and not self.reason, "unchecked needs a reason"),
            (not unchecked and self.reason is not None, "only unchecked has a reason"),
            (self.carried and not (proved or tested), "carried is about a step that holds"),
            (self.recovers and not (proved or tested), "recovers is about a step that holds"),
            (self.carried and self.recovers, "a step cannot carry an error and recover from it"),
            (self.span.start > self.span.end, "the span ends before it starts"),
        )


def text_of(lazy: Lazy | None) -> str | None:
    """The text of a reading, made now if it was not made yet."""
    return lazy() if callable(lazy) else lazy


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about the document itself: an unknown or unused directive, a damaged cell.  Never a verdict."""

    message: str
    span: Span | None = None
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class FileResult:
    """All steps of a document, in its order.

    `sources` holds one text, or one for each Markdown cell of a notebook (`SourceFile.cell`).
    """

    path: str
    sources: tuple[SourceFile, ...]
    steps: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()

    def source_of(self, item: Step | Problem) -> SourceFile:
        """The text that the spans of a step or problem point into."""
        for source in self.sources:
            if source.cell == item.cell:
                return source
        raise ValueError(f"{self.path}: no source for cell {item.cell}")

    def detached(self, *, readings: bool) -> FileResult:
        """A copy that can be sent to another process."""
        return replace(self, steps=tuple(step.detached(readings=readings) for step in self.steps))

    def validate(self) -> None:
        """Raise ValueError unless every step is well formed and lies inside its source."""
        for step in self.steps:
            step.validate()
            size = len(self.source_of(step).text)
            for span in (step.span, step.focus, step.previous):
                if span is not None and not 0 <= span.start <= span.end <= size:
                    raise ValueError(f"{self.path}: step {step.index} points outside the text")
        indices = [step.index for step in self.steps]
        if len(set(indices)) != len(indices):
            raise ValueError(f"{self.path}: two steps have the same index")
        for step in self.steps:
            if step.duplicate_of is not None and (step.duplicate_of not in indices or step.duplicate_of == step.index):
                raise ValueError(f"{self.path}: step {step.index} repeats a step that is not there")


@dataclass(frozen=True, slots=True)
class Summary:
    """How many steps of each verdict."""

    steps: int
    given: int
    proved: int
    tested: int
    refuted: int
    unchecked: int


@dataclass(frozen=True, slots=True)
class Report:
    """All files of one run."""

    files: tuple[FileResult, ...]

    @property
    def summary(self) -> Summary:
        """The counts over all files; every step counts, a repeated one too."""
        count = Counter(step.verdict for file in self.files for step in file.steps)
        return Summary(steps=count.total(), **{verdict.value: count[verdict] for verdict in Verdict})

    def validate(self) -> None:
        """Raise ValueError unless every file is well formed."""
        for file in self.files:
            file.validate()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """What the user may decide about a check; the defaults suit ordinary notes."""

    timeout: float | None = None
    """Seconds per step: a last resort, since work is bounded in steps first."""
    log: str = "natural"
    layout: str = "auto"
    seed: int = 0
    assume: tuple[str, ...] = ()
    macros: Mapping[str, str] = field(default_factory=dict)
    progress: Callable[[int, int], None] | None = None
    """Called with the number of steps done and their total."""
