"""Annotations in the log of a GitHub workflow."""

from __future__ import annotations

from collections.abc import Iterator

from deriv.checking.results import FileResult, Report, Step
from deriv.report import words
from deriv.report.places import step_range
from deriv.report.sarif import findings


def render_github(report: Report, *, strict: bool = False) -> Iterator[str]:
    """One `::error …` line for each wrong step; with `strict` a warning for each one not judged."""
    for file, step in findings(report, strict=strict):
        yield _annotation(file, step)


def _annotation(file: FileResult, step: Step) -> str:
    where = step_range(file, step)
    message = words.one_line(step)
    fields = {"title": f"deriv ({step.code or 'unchecked'})", "file": file.path}
    if step.cell is None:
        fields |= {"line": str(where.line), "endLine": str(where.end_line), "col": str(where.column)}
        if where.line == where.end_line:
            # the end column is inclusive here, and only allowed on a single line
            fields["endColumn"] = str(max(where.column, where.end_column - 1))
    else:
        # a line of a cell is not a line of the notebook's file
        fields |= {"line": "1"}
        message = f"cell {step.cell}, line {where.line}: {message}"
    level = "error" if step.code else "warning"
    properties = ",".join(f"{name}={_escape_property(value)}" for name, value in fields.items())
    return f"::{level} {properties}::{_escape(message)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
