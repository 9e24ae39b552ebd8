"""Where a step stands, in the words and numbers of each report."""

from __future__ import annotations

from dataclasses import dataclass

from deriv.checking.results import FileResult, Problem, Step
from deriv.source import SourceFile, Span


@dataclass(frozen=True, slots=True)
class Range:
    """Lines and columns from 1; the end column is the first one after the range."""

    line: int
    column: int
    end_line: int
    end_column: int


def range_of(source: SourceFile, span: Span) -> Range:
    """The lines and columns of a span."""
    return Range(*source.position(span.start), *source.position(span.end))


def step_range(file: FileResult, step: Step) -> Range:
    """The place of the right-hand side of a step."""
    return range_of(file.source_of(step), step.span)


def place(file: FileResult, item: Step | Problem, span: Span | None) -> str:
    """`notes.tex:41:6`; in a notebook `notes.ipynb:cell 3:2:6`, with the cell's number in the JSON report."""
    cell = "" if item.cell is None else f"cell {item.cell}:"
    if span is None:
        return f"{file.path}:{cell}".rstrip(":")
    line, column = file.source_of(item).position(span.start)
    return f"{file.path}:{cell}{line}:{column}"


def lines(file: FileResult, steps: list[Step]) -> str:
    """`line 4`, `lines 4, 9 and 12`, `lines 2 (cell 3) and 4 (cell 5)`; each line once."""
    names = list(dict.fromkeys(_line(file, step) for step in steps))
    if len(names) == 1:
        return f"line {names[0]}"
    return f"lines {', '.join(names[:-1])} and {names[-1]}"


def _line(file: FileResult, step: Step) -> str:
    line = file.source_of(step).position(step.span.start)[0]
    return str(line) if step.cell is None else f"{line} (cell {step.cell})"
