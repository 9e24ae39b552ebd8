"""Results made by hand, so that the reports can be tested without the judge."""

from __future__ import annotations

from dataclasses import replace

from deriv.checking.results import Code, Counterexample, Diagnosis, FileResult, Kind, Problem, Report, Step, Verdict
from deriv.source import SourceFile, Span

TEXT = r"""Some notes.

$$
\begin{aligned}
  f(x) &= \sin(x^2) \\
  f'(x)
  &= \frac{d}{dx}\sin(x^2) \\
  &= \cos(x^2)
\end{aligned}
$$

% deriv: assum x > 0
"""

NORMAL = {"method": "normal-form"}


def span(text: str, part: str, start: int = 0) -> Span:
    """The first place of a part in a text."""
    at = text.index(part, start)
    return Span(at, at + len(part))


def wrong_step(**changes: object) -> Step:
    """`\\cos(x^2)` for the derivative of `\\sin(x^2)`."""
    step = Step(
        index=2,
        chain=1,
        span=span(TEXT, r"\cos(x^2)"),
        previous=span(TEXT, r"\frac{d}{dx}\sin(x^2)"),
        verdict=Verdict.REFUTED,
        kind=Kind.DERIVATIVE,
        relation="=",
        lhs=r"\frac{d}{dx}\sin(x^2)",
        rhs=r"\cos(x^2)",
        reading_lhs=lambda: "2*x*cos(x**2)",
        reading_rhs="cos(x**2)",
        counterexample=Counterexample({"x": "1"}, "1.0806…", "0.5403…"),
        diagnosis=Diagnosis(
            Code.CHAIN_RULE, "the derivative of the inner function is missing", r"2x\cos(x^2)", Verdict.PROVED
        ),
    )
    return replace(step, **changes)


def good_steps() -> tuple[Step, ...]:
    """A definition, a proof, and an open step."""
    body = span(TEXT, r"\sin(x^2)")
    return (
        Step(
            index=0, chain=0, span=body, verdict=Verdict.GIVEN, kind=Kind.DEFINITION, relation="=", lhs="f(x)", rhs="x"
        ),
        Step(
            index=1,
            chain=1,
            span=span(TEXT, r"\frac{d}{dx}\sin(x^2)"),
            verdict=Verdict.PROVED,
            relation="=",
            lhs="f'(x)",
            rhs=r"\frac{d}{dx}\sin(x^2)",
            certificate=NORMAL,
            assumes=("x > 0",),
            notes=("read as an application",),
        ),
        Step(index=3, chain=2, span=body, verdict=Verdict.UNCHECKED, reason=r"cannot read `\foo`"),
    )


def notes(**changes: object) -> FileResult:
    """A document with one step of most verdicts."""
    given, proved, unread = good_steps()
    problem = Problem("unknown directive `assum`; did you mean `assume`?", span(TEXT, "% deriv: assum x > 0"))
    file = FileResult("notes.tex", (SourceFile("notes.tex", TEXT),), (given, proved, wrong_step(), unread), (problem,))
    return replace(file, **changes)


def one_line_file(text: str, left: str, right: str, focus: str | None = None, **changes: object) -> FileResult:
    """A document with one refuted step."""
    end = span(text, left).end
    rhs = span(text, right, end)
    step = Step(
        index=0,
        chain=0,
        span=rhs,
        previous=span(text, left),
        focus=span(text, focus, rhs.start) if focus else None,
        verdict=Verdict.REFUTED,
        relation="=",
        lhs=left,
        rhs=right,
        counterexample=Counterexample({"x": "1"}, "1", "2"),
        diagnosis=Diagnosis(Code.SIGN, "the sign is wrong"),
    )
    return FileResult("a.md", (SourceFile("a.md", text),), (replace(step, **changes),))


def notebook() -> FileResult:
    """Two Markdown cells, a wrong step in the second."""
    cells = (SourceFile("n.ipynb", "intro", cell=0), SourceFile("n.ipynb", TEXT, cell=3))
    return FileResult("n.ipynb", cells, (wrong_step(index=0, cell=3),))


def report(*files: FileResult) -> Report:
    """A report over the files, or over `notes()`."""
    return Report(files or (notes(),))
