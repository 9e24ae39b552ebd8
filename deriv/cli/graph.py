"""`deriv graph`: draw the computation graph with values and gradients."""

from __future__ import annotations

from pathlib import Path

import click

from deriv.cli.formula_argument import FormulaCommand
from deriv.cli.output import write_lines
from deriv.errors import UsageError

_DRAWN = (".svg", ".png", ".pdf")
_WRITTEN = {".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".md": "mermaid", ".txt": "text", "": "text"}


@click.command("graph", cls=FormulaCommand)
@click.argument("source", metavar="LATEX|FILE|MODEL")
@click.option("--at", "values", multiple=True, metavar="x=-2,y=5", help="Values of the inputs (repeatable).")
@click.option("--chain", is_flag=True, help="Show [upstream] x [local] on every edge.")
@click.option("--shape", "shapes", multiple=True, metavar="'X (n, d)'", help="The shape of a name (repeatable).")
@click.option("--given", multiple=True, metavar="FILE", help="Definitions to assume first (repeatable).")
@click.option("--format", "form", type=click.Choice(["text", "dot", "mermaid"]), default=None, help="Kind of text.")
@click.option("-o", "--output", metavar="FILE", help="Write to a file; .svg, .png and .pdf are drawn.")
def command(
    source: str,
    values: tuple[str, ...],
    chain: bool,
    shapes: tuple[str, ...],
    given: tuple[str, ...],
    form: str | None,
    output: str | None,
) -> None:
    """Draw the computation graph of a formula, with forward values and gradients."""
    from deriv.training.api import is_model, task
    from deriv.training.picture import as_dot, as_mermaid, as_text, draw, picture
    from deriv.training.shapes import read_shapes, read_values

    if not source.strip():
        raise UsageError("there is no formula here")
    suffix = Path(output).suffix if output is not None and form is None else ""
    if suffix not in (*_DRAWN, *_WRITTEN):
        raise UsageError(f"{output}: a graph ends in {', '.join((*_DRAWN, *filter(None, _WRITTEN)))}")
    # a single letter is a formula here: the space keeps it from being taken for a model
    formula = source if "\\" in source or source.endswith((".tex", ".md", ".txt")) else f"{source} "
    shown = read_shapes(shapes)
    what = task(source, shapes=shown) if is_model(source) else task(formula, wrt=("*",), given=given, shapes=shown)
    drawn = picture(what.loss, what.definitions, read_values(values) if values else None, what.shapes)
    if suffix in _DRAWN and output is not None:
        draw(drawn, output, chain=chain)
        return
    write = {"text": as_text, "dot": as_dot, "mermaid": as_mermaid}[form or _WRITTEN[suffix]]
    write_lines(write(drawn, chain=chain), output)
