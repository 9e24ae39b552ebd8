"""`deriv check`: judge every step of the derivations in documents."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import click

from deriv.checking.results import CheckOptions, Code, FileResult, Report, Verdict
from deriv.cli.documents import Target, kind_of, read_given, targets
from deriv.cli.fence import Failure
from deriv.cli.judging import Job, judge_apart, judge_here
from deriv.cli.output import Colour, Progress, complain, screen_width, use_colour, write_lines
from deriv.config import LAYOUTS, LOGS, Config, find_config, parse_codes
from deriv.errors import UsageError

_FORMATS = ("text", "json", "sarif", "github")
_EPILOG = "Exit code: 0 nothing is wrong, 1 a step is refuted, 2 bad usage or unreadable input."


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The command line of `deriv check`; None is "not said", so that the configuration decides."""

    paths: tuple[str, ...]
    format: str
    strict: bool
    exit_zero: bool
    given: tuple[str, ...]
    timeout: float | None
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    quiet: bool
    verbose: bool
    output: str | None
    jobs: int
    seed: int
    color: Colour
    stdin_filename: str | None
    log: str | None
    layout: str | None
    hint: str

    def over(self, config: Config) -> Config:
        """The configuration with what the command line says in its place."""
        said: dict[str, object] = {
            "timeout": self.timeout,
            "log": self.log,
            "layout": self.layout,
            "select": parse_codes(_listed(self.select), "--select") if self.select else None,
            "ignore": parse_codes(_listed(self.ignore), "--ignore") if self.ignore else None,
        }
        return replace(config, **{key: value for key, value in said.items() if value is not None})  # type: ignore[arg-type]  # the keys name their types


def _listed(values: tuple[str, ...]) -> list[str]:
    """`--ignore sign,index --ignore sum` as one list."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


@dataclass(slots=True)
class _Troubles:
    """Messages about files, and whether one of them was an error."""

    tell: Callable[[str], None]
    failed: bool = field(default=False)

    def __call__(self, message: str) -> None:
        self.failed |= not message.startswith("warning")
        self.tell(message)


@click.command("check", epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...|-")
@click.option(
    "--format", "format", type=click.Choice(_FORMATS), default="text", show_default=True, help="Kind of report."
)
@click.option("--strict", is_flag=True, help="Exit with 1 also when a step is unchecked.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even when steps are refuted.")
@click.option("--given", multiple=True, metavar="FILE", help="Definitions to assume first (repeatable).")
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="At most so long for a step."
)
@click.option("--select", multiple=True, metavar="CODES", help="Report only these mistakes.")
@click.option("--ignore", multiple=True, metavar="CODES", help="Leave these mistakes out.")
@click.option("--quiet", "-q", is_flag=True, help="Only the line that counts.")
@click.option("--verbose", "-v", is_flag=True, help="Also one line for each step that holds, and how.")
@click.option("--output", "-o", metavar="FILE", help="Write the report to a file.")
@click.option("--jobs", "-j", type=click.IntRange(1), default=1, metavar="N", help="Check N files at the same time.")
@click.option("--seed", type=int, default=0, metavar="N", help="Another choice of sample points.")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", help="Colours in the report.")
@click.option("--stdin-filename", metavar="NAME", help="The name of standard input, for its kind and its place.")
@click.option("--log", type=click.Choice(LOGS), help="What log means.")
@click.option("--layout", type=click.Choice(LAYOUTS), help="How gradients are written.")
@click.option("--hint", type=click.Choice(("1", "2", "3")), default="3", help="1 where, 2 what kind, 3 the repair.")
@click.pass_context
def command(ctx: click.Context, /, **options: object) -> None:
    """Judge every step of the derivations in documents.

    Reads .tex, .md, .ipynb and .txt files, folders of them, or standard input (-).
    """
    ctx.exit(check(Settings(**options)))  # type: ignore[arg-type]  # click made each value by its option's type


def check(settings: Settings) -> int:
    """Check, report and give the exit code."""
    config = cache(lambda folder: settings.over(find_config(folder)))
    settings.over(Config(root=Path()))  # a bad code is an error even when no file is found
    given = read_given(settings.given)
    troubles = _Troubles(complain)
    report = Report(tuple(_results(settings, config, given, troubles)))
    if report.files or not troubles.failed or settings.format != "text":
        write_lines(_rendered(report, settings), settings.output)
    return _exit_code(report, settings, failed=troubles.failed)


def _results(
    settings: Settings, config: Callable[[Path], Config], given: tuple[tuple[str, str], ...], troubles: _Troubles
) -> Iterator[FileResult]:
    jobs, configs = [], []
    for target in targets(settings.paths, settings.stdin_filename, config, troubles):
        here = config(target.path.absolute().parent)
        job = _job(target, here, given, settings.seed, troubles)
        if job is not None:
            jobs.append(job)
            configs.append((target, here))
    for (target, here), result in zip(configs, _judged(jobs, settings), strict=True):
        if isinstance(result, Failure):
            named = result.message.startswith(f"{target.name}:")
            troubles(f"error: {result.message}" if named else f"error: {target.name}: {result.message}")
            if settings.verbose and result.details:
                complain(result.details)
        else:
            yield _silenced(result, here.silent_codes(target.path))


def _job(
    target: Target, config: Config, given: tuple[tuple[str, str], ...], seed: int, troubles: _Troubles
) -> Job | None:
    try:
        text = target.read()
    except UsageError as error:
        troubles(f"error: {error}")
        return None
    options = CheckOptions(
        timeout=config.timeout,
        log=config.log,
        layout=config.layout,
        seed=seed,
        assume=config.assume,
        macros=config.macros,
    )
    return Job(target.name, text, kind_of(target.path, text), given, options)


def _judged(jobs: list[Job], settings: Settings) -> Iterator[FileResult | Failure]:
    if settings.jobs > 1 and len(jobs) > 1:
        yield from judge_apart(jobs, settings.jobs, readings=settings.format == "json")
        return
    progress = Progress(len(jobs))
    for job in jobs:
        progress.start(job.name)
        yield from judge_here([replace(job, options=replace(job.options, progress=progress))])
    progress.finish()


def _silenced(file: FileResult, codes: frozenset[Code]) -> FileResult:
    steps = tuple(step.silenced() if step.code in codes else step for step in file.steps)
    return replace(file, steps=steps)


def _rendered(report: Report, settings: Settings) -> Iterator[str]:
    match settings.format:
        case "json":
            from deriv.report.json import render_json

            yield render_json(report)
        case "sarif":
            from deriv.report.sarif import render_sarif

            yield render_sarif(report, strict=settings.strict)
        case "github":
            from deriv.report.github import render_github

            yield from render_github(report, strict=settings.strict)
        case _:
            yield from _text(report, settings)


def _text(report: Report, settings: Settings) -> Iterator[str]:
    from deriv.report.terminal import TextStyle, render_text

    stdout = sys.stdout
    plain = settings.output not in (None, "-") and settings.color == "auto"
    style = TextStyle(
        colour=not plain and use_colour(settings.color, stdout),
        verbose=settings.verbose,
        quiet=settings.quiet,
        width=screen_width(stdout),
        hint=int(settings.hint),
    )
    yield from render_text(report, style)


def _exit_code(report: Report, settings: Settings, *, failed: bool) -> int:
    if failed:
        return 2
    steps = [step for file in report.files for step in file.steps]
    wrong = any(step.verdict is Verdict.REFUTED for step in steps)
    open_ = any(step.verdict is Verdict.UNCHECKED and not step.ignored for step in steps)
    return int((wrong or (settings.strict and open_)) and not settings.exit_zero)
