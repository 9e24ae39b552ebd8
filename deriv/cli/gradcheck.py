"""`deriv gradcheck`: compare two gradients and name the reason of a difference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from deriv.cli.formula_argument import FormulaCommand
from deriv.cli.output import write_lines
from deriv.errors import UsageError


@click.command("gradcheck", cls=FormulaCommand)
@click.argument("candidate", metavar="METHOD|FILE.py:FUNCTION")
@click.option("--loss", required=True, metavar="LATEX|FILE|MODEL|FILE.py:FUNCTION",
              help="The loss: a formula, a model by name, or your own function.")  # fmt: skip
@click.option("--model-loss", metavar="NAME", help="The loss of a model by name, as in deriv train --loss.")
@click.option("--l1", type=float, default=0.0, help="Strength of the sum of |w| of a model.")
@click.option("--l2", type=float, default=0.0, help="Strength of half the sum of squares of a model.")
@click.option("--against", default="symbolic", show_default=True, metavar="METHOD",
              help="symbolic, reverse, forward, central, richardson, complex, torch, jax, autograd.")  # fmt: skip
@click.option("--wrt", multiple=True, help="A parameter of a formula (repeatable).")
@click.option("--data", metavar="FILE", help="CSV, NPZ or Parquet (otherwise drawn at random).")
@click.option("--target", metavar="COLUMN", help="The column of targets.")
@click.option("--shape", "shapes", multiple=True, metavar="'X (n, d)'", help="The shape of a name (repeatable).")
@click.option("--size", "sizes", multiple=True, metavar="n=100", help="A size of the random data (repeatable).")
@click.option("--given", multiple=True, metavar="FILE", help="Definitions to assume first (repeatable).")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, /, candidate: str, loss: str, form: str, **options: Any) -> None:
    """Compare a gradient with that of a loss; exit code 1 when it is wrong."""
    from deriv.training.check import gradcheck
    from deriv.training.foreign import names_function
    from deriv.training.shapes import read_shapes, read_sizes

    if options["seed"] < 0:
        raise UsageError("the seed must not be negative")
    options |= {"shapes": read_shapes(options["shapes"]), "sizes": read_sizes(options["sizes"])}
    arguments = _own(loss, options) if names_function(loss) else _known(loss, options)
    report = gradcheck(candidate=candidate, against=options["against"], seed=options["seed"], **arguments)
    write_lines([json.dumps(report.as_dict())] if form == "json" else report.lines(candidate), None)
    ctx.exit(0 if report.ok else 1)


def _known(loss: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The loss of a formula or a model, with data where there is a file."""
    from deriv.training.api import prepare, task, wanted
    from deriv.training.data import read_arrays

    from_model = {"loss": options["model_loss"], "l1": options["l1"], "l2": options["l2"]}
    what = task(loss, wrt=options["wrt"], given=options["given"], shapes=options["shapes"], **from_model)
    found = {"loss": what, "sizes": options["sizes"]}
    if options["data"] is not None:
        code = what.generate(fast=False)
        words = what.model is not None and what.model.labels == "classes"
        arrays = read_arrays(options["data"], options["target"], text_labels=words, wanted=wanted(what, code))
        found["data"] = prepare(what, arrays, code)[0].data
    return found


def _own(loss: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """A loss in Python, whose parameters have declared shapes."""
    if options["model_loss"] or options["l1"] or options["l2"]:
        raise UsageError("--model-loss, --l1 and --l2 go with a model by name")
    from deriv.training.data import read_arrays
    from deriv.training.foreign import arguments, load
    from deriv.training.own import own_arrays

    function = load(loss)
    data = {}
    if options["data"] is not None:
        columns = {name: 1 for name in arguments(function) if name not in options["shapes"]}
        data = read_arrays(options["data"], options["target"], wanted=columns)
    params, arrays = own_arrays(function, options["shapes"], options["sizes"], options["wrt"], data, options["seed"])
    return {"loss": function, "params": params, "data": arrays}
