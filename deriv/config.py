"""Configuration: `[tool.deriv]` in `pyproject.toml`, or `deriv.toml` with the same keys.

The nearest folder upwards that has one counts, as with ruff; the command line wins over it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

from deriv.checking.results import Code
from deriv.errors import UsageError
from deriv.suggest import did_you_mean

ALL_CODES = frozenset(Code)
LAYOUTS = ("auto", "numerator", "denominator")
LOGS = ("natural", "10", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings for the documents below one folder; paths in patterns are relative to `root`."""

    root: Path
    select: frozenset[Code] = ALL_CODES
    ignore: frozenset[Code] = frozenset()
    per_file_ignores: Mapping[str, frozenset[Code]] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    layout: str = "auto"
    log: str = "natural"
    assume: tuple[str, ...] = ()
    macros: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None

    def silent_codes(self, path: Path) -> frozenset[Code]:
        """The codes that are not reported for a document."""
        here = (codes for pattern, codes in self.per_file_ignores.items() if self._matches(path, pattern))
        return (ALL_CODES - self.select) | self.ignore | frozenset().union(*here)

    def excludes(self, path: Path) -> bool:
        """Is a file or folder left out when a folder is searched?"""
        return any(self._matches(path, pattern) for pattern in self.exclude)

    def _matches(self, path: Path, pattern: str) -> bool:
        full = path.absolute()
        inside = full.is_relative_to(self.root)
        relative = full.relative_to(self.root).as_posix() if inside else full.as_posix()
        pattern = pattern.rstrip("/")
        return fnmatchcase(relative, pattern) or fnmatchcase(path.name, pattern) or relative.startswith(pattern + "/")


def find_config(folder: Path) -> Config:
    """The configuration for documents in a folder; the defaults when no parent has one."""
    for parent in (folder.absolute(), *folder.absolute().parents):
        for name in ("deriv.toml", "pyproject.toml"):
            file = parent / name
            table = _read(file) if file.is_file() else None
            if table is not None:
                return parse_config(table, file)
    return Config(root=folder.absolute())


def _read(file: Path) -> Mapping[str, object] | None:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file}: {error}") from error
    if file.name == "deriv.toml":
        return table
    tool = table.get("tool", {})
    return tool.get("deriv") if isinstance(tool, dict) else None


def parse_config(table: Mapping[str, object], file: Path) -> Config:
    """Settings from a TOML table; `file` names it in messages."""
    if not isinstance(table, Mapping):
        raise UsageError(f"{file}: `tool.deriv` must be a table")
    values: dict[str, object] = {}
    for key, value in table.items():
        if key not in _KEYS:
            raise UsageError(f"{file}: unknown key `{key}`{did_you_mean(key, _KEYS)}")
        values[key.replace("-", "_")] = _KEYS[key](value, f"{file}: `{key}`")
    return Config(root=file.parent.absolute(), **values)  # type: ignore[arg-type]  # each value was read by its key


def parse_codes(slugs: Iterable[str], where: str) -> frozenset[Code]:
    """Diagnosis codes by their slugs; `ALL` is every code."""
    codes: set[Code] = set()
    for slug in slugs:
        if slug.upper() == "ALL":
            codes |= ALL_CODES
        elif slug.lower() in ALL_CODES:
            codes.add(Code(slug.lower()))
        else:
            raise UsageError(f"{where}: unknown code `{slug}`{did_you_mean(slug, [code.value for code in Code])}")
    return frozenset(codes)


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"{where} must be a list of texts")
    return tuple(value)


def _codes(value: object, where: str) -> frozenset[Code]:
    return parse_codes(_texts(value, where), where)


def _table(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise UsageError(f"{where} must be a table")
    return value


def _codes_by_pattern(value: object, where: str) -> Mapping[str, frozenset[Code]]:
    return {pattern: _codes(codes, where) for pattern, codes in _table(value, where).items()}


def _macros(value: object, where: str) -> Mapping[str, str]:
    table = _table(value, where)
    if not all(isinstance(text, str) for text in table.values()):
        raise UsageError(f"{where} must give a text for each macro")
    return {name if name.startswith("\\") else "\\" + name: str(text) for name, text in table.items()}


def _one_of(words: tuple[str, ...]) -> Callable[[object, str], str]:
    def read(value: object, where: str) -> str:
        # `log = 10` is the natural way to write it in TOML
        if isinstance(value, bool) or str(value) not in words:
            raise UsageError(f"{where} must be one of {', '.join(words)}, not {value!r}")
        return str(value)

    return read


def _seconds(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise UsageError(f"{where} must be a positive number of seconds")
    return float(value)


_KEYS: Mapping[str, Callable[[object, str], object]] = MappingProxyType(
    {
        "select": _codes,
        "ignore": _codes,
        "per-file-ignores": _codes_by_pattern,
        "exclude": _texts,
        "layout": _one_of(LAYOUTS),
        "log": _one_of(LOGS),
        "assume": _texts,
        "macros": _macros,
        "timeout": _seconds,
    }
)
