"""The command `deriv`: a group whose commands are imported when they are called.

`deriv --help` and `deriv --version` must answer at once, so this module imports click and nothing else that is slow,
and the help lines stand here rather than in the modules of the commands.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import IO, Any

import click

from deriv import __version__
from deriv.cli.fence import Fence
from deriv.errors import DerivError

_COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "check": "Judge every step of the derivations in documents.",
        "parse": "Show how a formula is read.",
        "derive": "Differentiate step by step, each step with its rule.",
        "explain": "A page about a diagnosis or a rule.",
        "rules": "List the rule book.",
        "code": "Generate vectorised gradient code.",
        "train": "Generate, run and report a training loop.",
        "gradcheck": "Compare gradients: symbolic, reverse mode, numeric, your own.",
        "graph": "Draw the computation graph with values and gradients.",
        "grade": "Check a folder of submissions.",
        "mutate": "Make wrong derivations out of right ones.",
    }
)
"""What each command is for.  A command exists when `deriv/cli/<name>.py` does; that module holds `command`."""

_INTERRUPTED = 130


class _Failure(click.ClickException):
    """What deriv says about input it cannot use."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message like all others of deriv: in lower case."""
        click.echo(f"error: {self.format_message()}", file=file, err=file is None)


class LazyGroup(click.Group):
    """A group that knows the names of its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands that exist, in the order of the table."""
        return [name for name in _COMMANDS if find_spec(f"deriv.cli.{name}") is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = import_module(f"deriv.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"deriv.cli.{cmd_name}.command is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, so that --help imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; what deriv raises on purpose is a message and exit code 2."""
        try:
            return super().invoke(ctx)
        except DerivError as error:
            raise _Failure(str(error)) from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="deriv", message="%(prog)s %(version)s")
def cli() -> None:
    """Verify calculus derivations step by step."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and give its exit code."""
    with Fence() as fence:
        return _run(arguments)
    if fence.failure is not None:
        click.echo(f"error: {fence.failure.message}", err=True)
        if os.environ.get("DERIV_TRACEBACK"):
            click.echo(fence.failure.details, err=True)
    return _Failure.exit_code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code: object = cli.main(arguments, prog_name="deriv", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return _INTERRUPTED
    return code if isinstance(code, int) else 0


def main() -> None:
    """The console script."""
    sys.exit(run())
