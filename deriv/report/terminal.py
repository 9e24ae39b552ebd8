"""The report people read: each wrong step in the manner of rustc, then one screen of summary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from deriv.checking.results import FileResult, Problem, Report, Step, Verdict
from deriv.report import words
from deriv.report.pages import one_sentence
from deriv.report.paint import Painter, Style, clip, flat
from deriv.report.places import lines, place
from deriv.report.snippet import Label, snippet

_MOST_GROUPS = 8
"""Reasons, notes and the like shown in a summary that is to fit on a screen."""

_VERDICT_STYLES = {
    Verdict.GIVEN: Style.DIM,
    Verdict.PROVED: Style.GOOD,
    Verdict.TESTED: Style.GOOD,
    Verdict.REFUTED: Style.ERROR,
    Verdict.UNCHECKED: Style.WARNING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """How much is said, and for what kind of screen."""

    colour: bool = False
    verbose: bool = False
    quiet: bool = False
    width: int = 100
    hint: int = 3
    """How much is given away about a wrong step: 1 where it is, 2 also what kind of mistake, 3 also the repair."""

    @property
    def paint(self) -> Painter:
        return Painter(self.colour)


def render_text(report: Report, style: TextStyle) -> Iterator[str]:
    """The lines of the report, without their ends."""
    if not style.quiet:
        for file in report.files:
            yield from _problems(file, style)
            yield from _steps(file, style)
        yield from _overview(report, style)
    yield _verdict_line(report, style)


def _problems(file: FileResult, style: TextStyle) -> Iterator[str]:
    for problem in file.problems:
        yield f"{style.paint(Style.WARNING, 'warning')}: {flat(problem.message)}"
        yield from _where(file, problem, style)
        yield ""


def _where(file: FileResult, problem: Problem, style: TextStyle) -> Iterator[str]:
    yield f"{style.paint(Style.GUTTER, '  -->')} {place(file, problem, problem.span)}"
    if problem.span is not None:
        labels = [Label(problem.span, "", primary=True)]
        yield from snippet(file.source_of(problem), labels, paint=style.paint, limit=style.width)


def _steps(file: FileResult, style: TextStyle) -> Iterator[str]:
    for step in file.steps:
        if step.verdict is Verdict.REFUTED and step.duplicate_of is None:
            yield from _refutation(file, step, style)
            yield ""
        elif style.verbose:
            yield _brief(file, step, style)


def _refutation(file: FileResult, step: Step, style: TextStyle) -> Iterator[str]:
    paint, source = style.paint, file.source_of(step)
    focus = step.focus or step.span
    head = paint(Style.ERROR, f"refuted[{step.code}]" if style.hint > 1 else "refuted")
    yield f"{head}{paint(Style.STRONG, ': ' + words.title(file, step))}"
    labels = [Label(focus, flat(_said(step, style.hint)), primary=True)]
    if step.previous is not None:
        text = "the line before" if words.follows_line(file, step) else "the left side"
        labels.append(Label(step.previous, text, primary=False))
    body = list(snippet(source, labels, paint=paint, limit=style.width))
    gutter = " " * _gutter_width(file, step)
    yield f"{gutter}{paint(Style.GUTTER, '-->')} {place(file, step, focus)}"
    yield from body
    for name, text in _remarks(file, step, style.hint):
        yield f"{gutter} {paint(Style.GUTTER, '=')} {paint(Style.STRONG, name)}: {flat(text)}"


def _said(step: Step, hint: int) -> str:
    """What stands beside the underlined part: nothing, the kind of mistake, or the mistake itself."""
    if hint < 2:
        return ""
    if hint > 2 or step.diagnosis is None:
        return words.explanation(step)
    kind = one_sentence(str(step.code)).rstrip(".")
    return kind[:1].lower() + kind[1:]


def _gutter_width(file: FileResult, step: Step) -> int:
    source = file.source_of(step)
    return len(str(source.position((step.focus or step.span).end)[0]))


def _remarks(file: FileResult, step: Step, hint: int) -> Iterator[tuple[str, str]]:
    if step.counterexample is not None and (hint > 2 or step.counterexample.at):
        yield "evidence", words.evidence(file, step, step.counterexample)
    if step.assumes:
        yield "assumes", ", ".join(step.assumes)
    if hint > 2 and (repair := words.help_for(step)) is not None:
        yield "help", repair
    for note in step.notes:
        yield "note", note
    repeats = [other for other in file.steps if other.duplicate_of == step.index]
    if repeats:
        yield "also", f"the same at {lines(file, repeats)}"
    if hint > 1:
        yield "more", f"deriv explain {step.code}"


def _brief(file: FileResult, step: Step, style: TextStyle) -> str:
    verdict = style.paint(_VERDICT_STYLES[step.verdict], str(step.verdict))
    how = "the same as before" if step.duplicate_of is not None else words.method(step)
    claim = f"{step.lhs} {step.relation} {step.rhs}".strip()
    start = f"{place(file, step, step.span)}: "
    room = max(20, style.width - len(start) - len(step.verdict) - len(how) - 5)
    end = f": {clip(claim, room)}" if claim else ""
    return f"{start}{verdict}{f' ({flat(how)})' if how else ''}{end}"


def _overview(report: Report, style: TextStyle) -> Iterator[str]:
    groups: list[tuple[str, Callable[[Step], Iterable[str]]]] = [
        ("not checked", lambda step: [step.reason or ""] if step.verdict is Verdict.UNCHECKED else []),
        ("holds only if", lambda step: step.assumes if step.verdict is not Verdict.REFUTED else []),
        ("note", lambda step: step.notes if step.verdict is not Verdict.REFUTED else []),
        ("carried forward", lambda step: ["follows from the wrong step before it"] if step.carried else []),
        ("right again", lambda step: ["holds in spite of the wrong step before it"] if step.recovers else []),
    ]
    for name, texts in groups:
        yield from _grouped(report, name, texts, style)
    first = next(_wrong(report), None)
    if first is not None:
        file, step = first
        where = place(file, step, step.focus or step.span)
        code = f" ({step.code})" if style.hint > 1 else ""
        yield f"{style.paint(Style.STRONG, 'first wrong step')}: {where}{code}"


def _wrong(report: Report) -> Iterator[tuple[FileResult, Step]]:
    return ((file, step) for file in report.files for step in file.steps if step.verdict is Verdict.REFUTED)


def _grouped(report: Report, name: str, texts: Callable[[Step], Iterable[str]], style: TextStyle) -> Iterator[str]:
    found: dict[tuple[str, str], tuple[FileResult, list[Step]]] = {}
    for file in report.files:
        for step in file.steps:
            for text in texts(step):
                found.setdefault((text, file.path), (file, []))[1].append(step)
    # the most frequent first; equal counts stay in the order of the documents
    ordered = sorted(found.items(), key=lambda item: -len(item[1][1]))
    shown = ordered if style.verbose else ordered[:_MOST_GROUPS]
    for (text, path), (file, steps) in shown:
        where = lines(file, steps) if len(report.files) == 1 else f"{path}, {lines(file, steps)}"
        yield f"{style.paint(Style.STRONG, name)}: {clip(text, max(40, style.width - len(name) - 24))} ({where})"
    if len(ordered) > len(shown):
        yield f"{style.paint(Style.STRONG, name)}: … and {len(ordered) - len(shown)} more (shown with -v)"


def _verdict_line(report: Report, style: TextStyle) -> str:
    summary = report.summary
    if not summary.steps:
        return "no steps found"
    counts = [
        style.paint(_VERDICT_STYLES[Verdict(name)], f"{count} {name}") if count else f"{count} {name}"
        for name, count in words.counts(summary)
    ]
    return f"{summary.steps} step{'s' if summary.steps > 1 else ''}: {', '.join(counts)}"
