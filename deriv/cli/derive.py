"""`deriv derive`: differentiate step by step, each step with the name of its rule."""

from __future__ import annotations

import sys

import click

from deriv.cli.deriving import read_question, read_variable
from deriv.cli.formula_argument import FormulaCommand
from deriv.cli.output import write_lines
from deriv.errors import UsageError

_FORMATS = ("text", "latex", "markdown", "json", "html")


@click.command("derive", cls=FormulaCommand)
@click.argument("source", metavar="LATEX|FILE|-")
@click.option("--wrt", "variables", multiple=True, required=True, help="Differentiate by this name (repeatable).")
@click.option("--given", multiple=True, metavar="FILE", help="Definitions to assume first, one formula a line.")
@click.option("--detail", type=click.Choice(["brief", "normal", "full"]), default="normal", show_default=True)
@click.option("--mode", type=click.Choice(["forward", "reverse"]), default="forward", show_default=True)
@click.option("--order", type=click.IntRange(1, 2), default=1, show_default=True)
@click.option("--shape", "shapes", multiple=True, metavar='"X (n, d)"', help="Shape of an array (repeatable).")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("-o", "output", metavar="FILE", help="Write to a file.")
def command(
    source: str, variables: tuple[str, ...], given: tuple[str, ...], detail: str, mode: str, order: int,
    shapes: tuple[str, ...], form: str, output: str | None,
) -> None:  # fmt: skip
    """Differentiate step by step, each step with the name of its rule."""
    text = sys.stdin.read() if source == "-" else source
    if mode == "reverse":
        if order == 2:
            raise UsageError("--mode reverse gives first derivatives; --mode forward takes --order 2")
        write_lines(reversed_lines(text, variables, given, form, shapes), output)
        return
    write_lines(derived(text, variables, given, detail, order, form, shapes), output)


def derived(
    source: str,
    variables: tuple[str, ...],
    given: tuple[str, ...],
    detail: str,
    order: int,
    form: str,
    shapes: tuple[str, ...] = (),
) -> list[str]:
    """The derivations by every variable, as lines."""
    from deriv.cli.naming import with_named_layers
    from deriv.engine.arrays.derive import derive_arrays
    from deriv.engine.forward import derive
    from deriv.engine.present import View, as_data, present
    from deriv.expr.nodes import Sym
    from deriv.rulebook.book import default_book
    from deriv.training.shapes import read_shapes

    question, book = with_named_layers(read_question(source, given, read_shapes(shapes))), default_book()
    views = []
    for text in variables:
        variable, known = read_variable(text, question), question.definitions
        if question.shapes and isinstance(variable, Sym):
            derivation = derive_arrays(question.expr, variable, book, question.shapes, definitions=known, order=order)
        else:
            derivation = derive(question.expr, variable, book, definitions=known, order=order)
        views.append(View(derivation, book, detail, question.name))  # type: ignore[arg-type]
    if form == "json":
        import json

        return [json.dumps([as_data(view) for view in views], ensure_ascii=False, indent=2)]
    return [present(view, form).rstrip("\n") for view in views]  # type: ignore[arg-type]


def reversed_lines(
    source: str, variables: tuple[str, ...], given: tuple[str, ...], form: str, shapes: tuple[str, ...] = ()
) -> list[str]:
    """One table for all variables, as lines."""
    from deriv.cli.deriving_arrays import as_whole
    from deriv.engine.arrays.tape import reverse_tape
    from deriv.engine.present_tape import TapeView, present_tape
    from deriv.rulebook.book import default_book
    from deriv.training.shapes import read_shapes

    question = as_whole(read_question(source, given, read_shapes(shapes)))
    book = default_book()
    names = [read_variable(text, question) for text in variables]
    loss = question.name if question.name.isalpha() else "L"
    tape = reverse_tape(question.expr, names, book, question.shapes, definitions=question.definitions, loss=loss)
    return [present_tape(TapeView(tape, book), form).rstrip("\n")]  # type: ignore[arg-type]
