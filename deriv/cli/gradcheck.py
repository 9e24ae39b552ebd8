"""`deriv gradcheck`: compare two gradients and name the reason of a difference."""

from __future__ import annotations

import json
from typing import Any

import click

from deriv.cli.output import write_lines
from deriv.errors import UsageError


@click.command("gradcheck", context_settings={"ignore_unknown_options": True})
@click.argument("candidate", metavar="METHOD|FILE.py:FUNCTION")
@click.option("--loss", required=True, metavar="LATEX|FILE|MODEL", help="The loss, or a model by name.")
@click.option("--against", default="symbolic", show_default=True, metavar="METHOD",
              help="symbolic, reverse, central, richardson, complex, torch.")  # fmt: skip
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
    from deriv.training.api import prepare, task
    from deriv.training.check import gradcheck
    from deriv.training.data import read_arrays
    from deriv.training.shapes import read_shapes, read_sizes

    if options["seed"] < 0:
        raise UsageError("the seed must not be negative")
    what = task(loss, wrt=options["wrt"], given=options["given"], shapes=read_shapes(options["shapes"]))
    data = None
    if options["data"] is not None:
        code = what.generate(fast=False)
        problem, _ = prepare(what, read_arrays(options["data"], options["target"]), code)
        data = problem.data
    report = gradcheck(
        what, candidate, against=options["against"], data=data, sizes=read_sizes(options["sizes"]), seed=options["seed"]
    )
    write_lines([json.dumps(report.as_dict())] if form == "json" else _text(report, candidate), None)
    ctx.exit(0 if report.ok else 1)


def _text(report: Any, candidate: str) -> list[str]:
    if report.ok:
        kinks = f", {report.kinks} kinks met" if report.kinks else ""
        return [f"{candidate}: right (relative difference {report.relative:.1e}, bound {report.bound:.1e}{kinks})"]
    lines = [f"{candidate}: wrong (relative difference {report.relative:.1e}, bound {report.bound:.1e})"]
    for finding in report.findings:
        place = f"[{', '.join(map(str, finding.entry))}]" if finding.entry else ""
        values = f"{finding.given:.6g} where {finding.expected:.6g} is expected"
        lines.append(f"  {finding.parameter}{place}: {values} (relative {finding.relative:.1e})")
    return lines + [f"  {', '.join(r.parameters)}: {r.text} [{r.code}]" for r in report.reasons]
