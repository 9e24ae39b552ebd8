"""The rule book as a value: rules by id, by kind, by function; mistakes by code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deriv.errors import UsageError
from deriv.rulebook.model import FunctionLaw, Mistake, Rule


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """All rules, in the order of their folders and file names."""

    rules: tuple[Rule, ...]
    version: str = "1"

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for name in [rule.id for rule in self.rules] + [mistake.id for mistake in self.mistakes]:
            if name in seen:
                raise UsageError(f"the rule book has two entries with the id {name!r}")
            seen.add(name)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def __contains__(self, name: object) -> bool:
        return any(rule.id == name for rule in self.rules)

    def __getitem__(self, name: str) -> Rule:
        try:
            return _by_id(self)[name]
        except KeyError:
            raise UsageError(f"there is no rule {name!r}") from None

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The mistakes of all rules."""
        return tuple(mistake for rule in self.rules for mistake in rule.mistakes)

    def kind(self, kind: str) -> tuple[Rule, ...]:
        """The rules of one kind."""
        return tuple(rule for rule in self.rules if rule.kind == kind)

    def folder(self, folder: str) -> tuple[Rule, ...]:
        """The rules of one chapter."""
        return tuple(rule for rule in self.rules if rule.folder == folder)

    def function(self, name: str) -> Rule | None:
        """The rule of a named function, if there is one."""
        return _by_function(self).get(name)

    def mistakes_by_code(self, code: str) -> tuple[Mistake, ...]:
        """The mistakes that a diagnosis code stands for."""
        return tuple(mistake for mistake in self.mistakes if mistake.code == code)

    def mistake(self, name: str) -> Mistake:
        """One mistake by its id."""
        for mistake in self.mistakes:
            if mistake.id == name:
                return mistake
        raise UsageError(f"there is no mistake {name!r}")


@cache
def _by_id(book: Rulebook) -> Mapping[str, Rule]:
    return {rule.id: rule for rule in book.rules}


@cache
def _by_function(book: Rulebook) -> Mapping[str, Rule]:
    return {
        name: rule
        for rule in book.rules
        if isinstance(rule.law, FunctionLaw)
        for name in (rule.law.function, *rule.law.aliases)
    }


@cache
def default_book(directory: str | Path | None = None) -> Rulebook:
    """The rule book that ships with deriv (or the one in `directory`), read once."""
    from deriv.rulebook.loader import load

    return load(directory)
