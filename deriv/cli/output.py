"""Standard output, standard error and colour."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TextIO, TypeAlias

import click

from deriv.errors import UsageError

Colour: TypeAlias = Literal["auto", "always", "never"]

_WIDTH = 100
"""Columns where there is no terminal to ask: the same report for everyone."""


def use_colour(choice: Colour, stream: TextIO, environment: dict[str, str] | None = None) -> bool:
    """Shall the stream have colour?  An explicit choice wins over NO_COLOR, NO_COLOR over the terminal."""
    env = os.environ if environment is None else environment
    if choice != "auto":
        return choice == "always"
    return not env.get("NO_COLOR") and env.get("TERM") != "dumb" and stream.isatty()


def screen_width(stream: TextIO) -> int:
    """The columns of the terminal, within reason."""
    if not stream.isatty():
        return _WIDTH
    return max(60, min(160, shutil.get_terminal_size((_WIDTH, 24)).columns))


def write_lines(lines: Iterable[str], file: str | None) -> None:
    """Write results to standard output, or to a file."""
    if file is None or file == "-":
        _to_stdout(lines)
        return
    try:
        with Path(file).open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            stream.writelines(line + "\n" for line in lines)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error


def _to_stdout(lines: Iterable[str]) -> None:
    stream = sys.stdout
    if hasattr(stream, "reconfigure"):
        # a notebook may hold half a surrogate pair, and a terminal may not know every character
        stream.reconfigure(errors="backslashreplace")
    try:
        for line in lines:
            stream.write(line + "\n")
        stream.flush()
    except BrokenPipeError:
        # the reader (`| head`) has seen enough; Python would complain again when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(message: str) -> None:
    """A message for people, on standard error."""
    click.echo(message, err=True)


@dataclass(slots=True)
class Progress:
    """A line on standard error that says how far the work is: only on a terminal, and only when it takes long."""

    files: int
    shown: bool = field(default_factory=lambda: bool(sys.stderr and sys.stderr.isatty()))
    name: str = ""
    done: int = 0
    began: float = field(default_factory=time.monotonic)
    drawn: float = 0.0

    def start(self, name: str) -> None:
        """A new document begins."""
        self.name = name
        self.done += 1

    def __call__(self, step: int, steps: int) -> None:
        """So many steps of the document are done."""
        now = time.monotonic()
        if not self.shown or now - self.began < 1.0 or now - self.drawn < 0.1:
            return
        self.drawn = now
        which = f" ({self.done} of {self.files})" if self.files > 1 else ""
        sys.stderr.write(f"\r\x1b[Kchecking {self.name}{which}: step {step} of {steps}")
        sys.stderr.flush()

    def finish(self) -> None:
        """Take the line away."""
        if self.drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
