"""`deriv parse`: show how a formula is read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from deriv.cli.documents import STDIN, decode
from deriv.cli.fence import Fence
from deriv.cli.output import complain, write_lines
from deriv.errors import MeaningError, ReadingError

if TYPE_CHECKING:
    from deriv.crosscheck.second import SecondReader

_FORMATS = ("text", "sympy", "json", "tree")
_UNREADABLE = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What one formula came to: a reading, or the error that prevented it."""

    latex: str
    sympy: str | None = None
    tree: str = ""
    notes: tuple[str, ...] = ()
    error: str | None = None


@click.command("parse", context_settings={"ignore_unknown_options": True})
@click.argument("latex", metavar="LATEX|-")
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="Kind of answer."
)
@click.option("--crosscheck", is_flag=True, help="Ask a second reader (latex2sympy2) too and name the differences.")
@click.pass_context
def command(ctx: click.Context, latex: str, form: str, crosscheck: bool) -> None:
    """Show how a formula is read.

    With - one formula a line is read from standard input and answered in order.
    """
    formulas = _stdin_lines() if latex == STDIN else iter([latex])
    failures: list[Answer] = []
    with _second_reader() if crosscheck else nullcontext() as second:
        write_lines(_answered(formulas, form, failures, batch=latex == STDIN, second=second), None)
    if failures and latex != STDIN and form != "json":
        complain(f"error: {failures[0].error}")
    ctx.exit(_UNREADABLE if failures else 0)


def _stdin_lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield decode(line, "standard input").rstrip("\r\n")


def _second_reader() -> SecondReader:
    from deriv.crosscheck.second import SecondReader  # SymPy comes with it

    return SecondReader()


def _answered(
    formulas: Iterator[str], form: str, failures: list[Answer], *, batch: bool, second: SecondReader | None
) -> Iterator[str]:
    for formula in formulas:
        answer = read(formula, second)
        if answer.error is not None:
            failures.append(answer)
            if not batch and form != "json":
                return
        yield _shown(answer, form)


def read(latex: str, second: SecondReader | None = None) -> Answer:
    """Read one formula; an error is an answer too, even one of our own making."""
    with Fence() as fence:
        return _read(latex, second)
    return Answer(latex, error=fence.failure.message if fence.failure else None)


def _read(latex: str, second: SecondReader | None) -> Answer:
    from deriv.meaning.reading import read_formula  # SymPy comes with it

    if not latex.strip():
        return Answer(latex, error="column 1: there is no formula here")
    try:
        reading = read_formula(latex)
        notes = (*reading.notes, *(second.notes(reading) if second is not None else ()))
        return Answer(latex, reading.sympy, reading.tree, notes)
    except ReadingError as error:
        return Answer(latex, error=f"column {error.start + 1}: {error.message}")
    except MeaningError as error:
        column = f"column {error.place[0] + 1}: " if error.place else ""
        return Answer(latex, error=column + str(error))


def _shown(answer: Answer, form: str) -> str:
    match form:
        case "json":
            fields = {"latex": answer.latex, "sympy": answer.sympy, "notes": answer.notes, "error": answer.error}
            return json.dumps(fields, ensure_ascii=False)
        case "sympy":
            return f"error: {answer.error}" if answer.error else answer.sympy or ""
        case "tree":
            return f"error: {answer.error}" if answer.error else answer.tree
    rows = [("error", answer.error)] if answer.error else [("reads as", answer.sympy)]
    rows += [("note", note) for note in answer.notes]
    return "\n".join([answer.latex, *(f"  {name}: {text}" for name, text in rows)])
