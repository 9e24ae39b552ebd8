"""From the paths of a command line to documents: folders searched, files read, kinds told apart."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deriv.checking.results import DocumentKind
from deriv.config import Config
from deriv.errors import UsageError

SUFFIXES = (".tex", ".md", ".ipynb", ".txt")
"""What a folder is searched for."""

STDIN = "-"

_TEX = (".tex", ".ltx", ".latex")
_SKIPPED = frozenset({"__pycache__", "node_modules", "venv", "site-packages"})


@dataclass(frozen=True, slots=True)
class Target:
    """A document to be checked: the name it is reported under, and where it is configured."""

    name: str
    path: Path
    is_stdin: bool = False

    def read(self) -> str:
        """The text; UsageError says why there is none."""
        return decode(sys.stdin.buffer.read() if self.is_stdin else _bytes(self.path, self.name), self.name)


def targets(
    paths: Iterable[str], stdin_name: str | None, config: Callable[[Path], Config], failed: Callable[[str], None]
) -> Iterator[Target]:
    """The documents behind the paths, each once, in the order given; folders are searched in order of names."""
    seen: set[Path | str] = set()
    for path in paths:
        for target in _targets(path, stdin_name, config, failed):
            key = STDIN if target.is_stdin else target.path.resolve()
            if key not in seen:
                seen.add(key)
                yield target


def _targets(
    path: str, stdin_name: str | None, config: Callable[[Path], Config], failed: Callable[[str], None]
) -> Iterator[Target]:
    if path == STDIN:
        yield Target(stdin_name or STDIN, Path(stdin_name or "stdin"), is_stdin=True)
    elif Path(path).is_dir():
        found = list(_search(Path(path), config, failed))
        if not found:
            failed(f"warning: {path}: no {', '.join(SUFFIXES)} files here")
        yield from (Target(str(file), file) for file in found)
    else:
        yield Target(path, Path(path))


def _search(folder: Path, config: Callable[[Path], Config], failed: Callable[[str], None]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        failed(f"error: {error.filename}: {error.strerror}")

    for here, folders, names in os.walk(folder, onerror=unreadable):
        settings = config(Path(here))
        folders[:] = sorted(name for name in folders if _is_searched(name) and not settings.excludes(Path(here, name)))
        files = (Path(here, name) for name in sorted(names) if name.lower().endswith(SUFFIXES))
        yield from (file for file in files if not settings.excludes(file))


def _is_searched(folder: str) -> bool:
    return not folder.startswith(".") and folder not in _SKIPPED


def _bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        # ValueError: a NUL byte in the name
        raise UsageError(f"{name}: {getattr(error, 'strerror', None) or error}") from error


def decode(data: bytes, name: str) -> str:
    """UTF-8 text, without a byte order mark: it would shift the columns of the first line."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{name}: UTF-16 text, UTF-8 is expected")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{name}: not UTF-8 text (byte 0x{data[error.start]:02x} on line {line})") from error


def kind_of(path: Path, text: str) -> DocumentKind:
    """What a document is written in: by its name, else by its look."""
    match path.suffix.lower():
        case suffix if suffix in _TEX:
            return "tex"
        case ".ipynb":
            return "notebook"
        case ".md" | ".markdown":
            return "markdown"
    return "tex" if "\\documentclass" in text or "\\begin{document}" in text else "markdown"


def read_given(paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The files of definitions to assume first."""
    return tuple((path, Target(path, Path(path), is_stdin=path == STDIN).read()) for path in paths)
