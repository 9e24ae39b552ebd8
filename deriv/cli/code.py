"""`deriv code`: generate gradient code."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deriv.cli.formula_argument import FormulaCommand
from deriv.cli.output import complain, write_lines
from deriv.errors import DerivError, UsageError

if TYPE_CHECKING:
    from deriv.codegen import Generated

TARGETS = ("numpy", "numba", "torch", "jax", "c", "latex")


@click.command("code", cls=FormulaCommand)
@click.argument("source", metavar="LATEX|FILE|MODEL|-")
@click.option("--wrt", multiple=True, help="A parameter to differentiate by (repeatable; a model by name has its own).")
@click.option("--target", type=click.Choice(TARGETS), default="numpy", show_default=True, help="What to write.")
@click.option("--fast", is_flag=True, help="Add make(params, data): buffers, hoisted work.")
@click.option("--check", "checked", is_flag=True, help="Compare with central differences before writing.")
@click.option("--loss", help="The loss of a model by name.")
@click.option("--shape", "shapes", multiple=True, metavar="'X (n, d)'", help="The shape of a name (repeatable).")
@click.option("--given", multiple=True, metavar="FILE", help="Definitions to assume first (repeatable).")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float64", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write to a file.")
@click.pass_context
def command(
    ctx: click.Context,
    source: str,
    wrt: tuple[str, ...],
    target: str,
    fast: bool,
    checked: bool,
    loss: str | None,
    shapes: tuple[str, ...],
    given: tuple[str, ...],
    dtype: str,
    output: str | None,
) -> None:
    """Generate `loss` and `loss_and_grad` for a loss in LaTeX, a file of definitions, or a model (mlp:4-3-2:tanh)."""
    from deriv.codegen.generate import generate
    from deriv.training.api import is_model, task
    from deriv.training.shapes import read_shapes

    text = sys.stdin.read().strip() if source == "-" else source.strip()
    if not text:
        raise UsageError("there is no formula here")
    declared = read_shapes(shapes)
    with _as_file(text) if source == "-" else nullcontext(text) as spec:
        what = task(spec, loss=loss, wrt=() if is_model(text) else wrt, given=given, shapes=declared)
    options: dict[str, Any] = {
        "definitions": what.definitions,
        "shapes": what.shapes,
        "dtype": dtype,
        "formula": what.formula or text,
        "onehot": what.model.onehot if what.model else (),
    }
    names = list(wrt) or what.params
    generated = generate(what.loss, names, target=target, fast=fast, **options)
    known = {**generated.program.params, **generated.program.data, **{d.name: () for d in what.definitions}}
    for name in declared:
        if name not in known:
            raise UsageError(f"{name} of --shape does not occur in the loss (there are {', '.join(known)})")
    if checked:
        # what cannot be run here (C, LaTeX) or needs a library is checked as the NumPy code of the same program
        difference = _difference(generated if target == "numpy" else generate(what.loss, names, **options))
        complain(f"largest relative difference from central differences: {difference:.1e}")
        if not difference <= (2e-2 if dtype == "float32" else 1e-6):
            complain("error: the gradient does not agree with central differences")
            ctx.exit(1)
    write_lines(generated.source.rstrip("\n").split("\n"), output)


@contextmanager
def _as_file(text: str) -> Iterator[str]:
    """A document of definitions that came in on standard input as the file it would be; a formula as it is."""
    if not any(mark in text for mark in ("$", r"\[", r"\(", r"\begin{align", r"\begin{equation", r"\begin{gather")):
        yield text
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "standard-input.md"
        file.write_text(text, encoding="utf-8")
        yield str(file)


def _difference(generated: Generated) -> float:
    try:
        return float(generated.compile()["self_test"]())
    except (ArithmeticError, ValueError) as error:
        raise DerivError(f"the check could not be run: {error}") from None
