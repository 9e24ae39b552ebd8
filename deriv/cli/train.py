"""`deriv train`: generate, run and report a training loop."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from deriv.cli.formula_argument import FormulaCommand
from deriv.cli.output import complain, write_lines
from deriv.errors import UsageError

MODES = ("online", "minibatch", "batch")


@click.command("train", cls=FormulaCommand)
@click.argument("spec", metavar="MODEL|LATEX|FILE")
@click.option("--data", required=True, metavar="FILE", help="CSV, NPZ or Parquet.")
@click.option("--target", metavar="COLUMN", help="The column of targets (otherwise the last one).")
@click.option("--loss", metavar="NAME", help="mse, sse, half-sse, bce, ce, nll, kl, hinge or perceptron.")
@click.option("--wrt", multiple=True, help="A parameter of a formula (repeatable).")
@click.option("--given", multiple=True, metavar="FILE", help="Definitions to assume first (repeatable).")
@click.option("--shape", "shapes", multiple=True, metavar="'X (n, d)'", help="The shape of a name (repeatable).")
@click.option("--start", "starts", multiple=True, metavar="w=1,b=0", help="Values that parameters start from.")
@click.option("--mode", type=click.Choice(MODES), default="batch", show_default=True)
@click.option("--batch-size", type=int, default=32, show_default=True)
@click.option("--epochs", type=int, default=100, show_default=True)
@click.option("--optimizer", default="gd", show_default=True, metavar="NAME")
@click.option("--learning-rate", type=float, default=0.1, show_default=True)
@click.option(
    "--schedule", default="constant", show_default=True, help="step:EVERY:FACTOR, exp:F, inverse:D, cosine:N."
)
@click.option("--sampling", default="shuffle", show_default=True, help="shuffle or replacement.")
@click.option("--validation", type=float, default=0.0, help="Share of samples set apart.")
@click.option("--patience", type=int, default=0, help="Stop after so many epochs without progress.")
@click.option("--l1", type=float, default=0.0, help="Strength of the sum of |w|.")
@click.option("--l2", type=float, default=0.0, help="Strength of half the sum of squares.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--dtype", type=click.Choice(["float64", "float32"]), help="Precision (otherwise float64, or as saved).")
@click.option(
    "--backend",
    type=click.Choice(["auto", "numpy", "numba"]),
    help="What runs the loop (otherwise auto, or as saved): auto compiles it with numba where that pays.",
)
@click.option("--no-check", is_flag=True, help="Skip the gradient check before the first step.")
@click.option("--resume", metavar="FILE", help="Go on from a saved run.")
@click.option("--plot", metavar="FILE", help="Draw the loss, boundary or path (PNG or SVG).")
@click.option("--compare", type=click.Choice(MODES), help="Train in this mode too and plot both runs side by side.")
@click.option("--emit", metavar="FILE", help="Write the loop as a stand-alone script.")
@click.option("-o", "--output", metavar="FILE", help="Save the parameters (NPZ).")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Train a model by name, or any loss in LaTeX, on data from a file."""
    from deriv.training.api import task, train
    from deriv.training.loop import Diverged
    from deriv.training.shapes import read_shapes, read_values

    form, plot, emit, compare = (options.pop(k) for k in ("form", "plot", "emit", "compare"))
    quiet, resume, check = options.pop("quiet"), options.pop("resume"), not options.pop("no_check")
    spec, data, shapes = options.pop("spec").strip(), options.pop("data"), read_shapes(options.pop("shapes"))
    options["params"] = read_values(options.pop("starts"))
    output = options["output"]
    _places(output, plot, emit, compare)
    script = None
    if emit is not None:
        from deriv.training.emit_loop import loop_script

        keys = ("loss", "wrt", "given", "l1", "l2")
        script = loop_script(task(spec, shapes=shapes, **{k: options[k] for k in keys}), data, options)
    try:
        beside = {}
        if compare is not None:
            other = {**options, "mode": compare, "output": None}
            beside[compare] = train(spec, data, shapes=shapes, check=check, **other)
        history = train(
            spec, data, shapes=shapes, resume_from=resume, check=check,
            report=None if quiet else _progress(options["epochs"]), **options,
        )  # fmt: skip
    except Diverged as error:
        complain(f"error: {error}")
        ctx.exit(1)
    if plot is not None:
        _plot({options["mode"]: history, **beside}, plot)
    if script is not None:
        write_lines(script.rstrip("\n").split("\n"), emit)
    write_lines(_json(history, output) if form == "json" else _text(history, output), None)


def _places(output: str | None, plot: str | None, emit: str | None, compare: str | None) -> None:
    """What cannot be written in the end is refused before anything is done."""
    if output is not None and not output.endswith(".npz"):
        raise UsageError(f"{output}: parameters are saved in a file that ends in .npz")
    for file in (output, plot, emit):
        if file is not None and not Path(file).parent.is_dir():
            raise UsageError(f"{file}: there is no such folder")
    if compare is not None and plot is None:
        raise UsageError("--compare draws two runs: say where with --plot")
    if plot is not None:
        from deriv.training.plots import checked

        checked(plot)


def _plot(runs: Mapping[str, Any], file: str) -> None:
    from deriv.training.plots import plot, side_by_side

    if len(runs) > 1:
        side_by_side(runs, file)
    else:
        plot(next(iter(runs.values())), file)


def _progress(epochs: int) -> Callable[[int, float], None] | None:
    """A line that is written over, on a terminal only."""
    if not sys.stderr.isatty():
        return None

    def report(epoch: int, loss: float) -> None:
        done = 30 * epoch // max(1, epochs)
        end = "\n" if epoch == epochs else ""
        sys.stderr.write(f"\r[{'#' * done}{'.' * (30 - done)}] epoch {epoch}/{epochs} loss {loss:.6g}{end}")
        sys.stderr.flush()

    return report


def _json(history: Any, output: str | None) -> list[str]:
    answer = {
        "loss": history.loss,
        "epochs": history.epochs,
        "final_loss": history.final_loss,
        "stopped": history.stopped,
        "params": output,
        "dtype": str(next(iter(history.params.values())).dtype),
        "backend": history.backend,
        "gradcheck": history.gradcheck,
    }
    if history.validation:
        answer["validation"] = history.validation
    return [json.dumps(answer)]


def _text(history: Any, output: str | None) -> list[str]:
    lines = []
    if history.gradcheck:
        lines.append(f"gradient checked: relative difference {history.gradcheck['relative']:.1e}")
    if history.loss:
        lines.append(f"loss {history.loss[0]:.6g} -> {history.final_loss:.6g} in {history.epochs} epochs")
    if history.backend != "numpy":
        lines.append(f"the loop was compiled with {history.backend}")
    if history.validation:
        lines.append(f"validation loss {history.validation[-1]:.6g}")
    if history.stopped != "epochs":
        lines.append(f"stopped: {history.stopped}")
    elif history.resumed and history.resumed == history.epochs:
        lines.append(f"no epoch was added: the saved run has {history.resumed}, and --epochs counts those too")
    for name, value in history.params.items():
        lines.append(f"{name} = {_rounded(value.tolist())}" if value.size <= 10 else f"{name}: shape {value.shape}")
    if output is not None:
        lines.append(f"parameters saved in {Path(output)}")
    return lines


def _rounded(value: Any) -> str:
    """Numbers with six digits, nested as they are."""
    return f"[{', '.join(map(_rounded, value))}]" if isinstance(value, list) else f"{value:.6g}"
