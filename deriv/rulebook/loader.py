"""Reads the rule files, strictly: an unknown or missing key is an error that names the file and the key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from deriv.errors import UsageError
from deriv.rulebook import laws
from deriv.rulebook.book import Rulebook
from deriv.rulebook.formula import parse_comparisons, parse_formula
from deriv.rulebook.laws import Table
from deriv.rulebook.model import CODES, KINDS, Condition, Example, Mistake, Requirements, Rule

FOLDERS: Final = ("structure", "functions", "activations", "vectors", "matrices", "losses", "layers", "algebra")
MISTAKES_FOLDER: Final = "mistakes"
_KEYS: Final = frozenset(("id", "title", "kind", "tags", "law", "explanation", "mistake", "example", "source"))


def locate(directory: str | Path | None = None) -> Traversable:
    """The folder of the rules: the one asked for, the installed copy, or the checkout's `rules/`."""
    if directory is not None:
        chosen = Path(directory)
        if not (chosen / "rulebook.toml").is_file():
            raise UsageError(f"{chosen}: no rulebook.toml there")
        return chosen
    installed = files("deriv") / "_rules"
    if (installed / "rulebook.toml").is_file():
        return installed
    checkout = Path(str(files("deriv"))).parent / "rules"
    if (checkout / "rulebook.toml").is_file():
        return checkout
    raise UsageError("the rule book is missing: neither deriv/_rules nor rules/ holds a rulebook.toml")


def load(directory: str | Path | None = None) -> Rulebook:
    """The rule book, every file read and checked."""
    root = locate(directory)
    settings = _toml(root / "rulebook.toml", "rulebook.toml")
    rules = [rule for folder in FOLDERS for rule in _folder(root / folder, folder)]
    extra = _shared_mistakes(root / MISTAKES_FOLDER, {rule.id: rule for rule in rules})
    merged = tuple(_with_mistakes(rule, extra.get(rule.id, ())) for rule in rules)
    return Rulebook(merged, version=str(settings.get("version", "1")))


def _with_mistakes(rule: Rule, extra: tuple[Mistake, ...]) -> Rule:
    if not extra:
        return rule
    values = {name: getattr(rule, name) for name in Rule.__slots__}
    return Rule(**{**values, "mistakes": (*rule.mistakes, *extra)})


def _folder(folder: Traversable, name: str) -> list[Rule]:
    if not folder.is_dir():
        return []
    entries = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda e: e.name)
    return [read_rule(_toml(entry, f"{name}/{entry.name}"), f"{name}/{entry.name}") for entry in entries]


def _toml(entry: Traversable, label: str) -> dict[str, Any]:
    try:
        return tomllib.loads(entry.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, FileNotFoundError) as error:
        raise UsageError(f"{label}: {error}") from error


def read_rule(data: Mapping[str, Any], label: str) -> Rule:
    """One rule from the contents of its file; `label` is the file's name in messages."""
    table = Table(data, label)
    table.only(_KEYS)
    kind = table.text("kind")
    if kind not in KINDS:
        raise UsageError(f"{label}: kind: {kind!r} is none of {', '.join(KINDS)}")
    law_table = table.table("law")
    law = laws.read_law(kind, law_table)
    name = table.text("id")
    explanation = table.table("explanation")
    explanation.only({"short", "why"})
    folder, _, file = label.rpartition("/")
    if file != f"{name}.toml":
        raise UsageError(f"{label}: id: {name!r} is not the name of the file")
    return Rule(
        id=name, title=table.text("title"), kind=kind, folder=folder, law=law,
        statement=law_table.text("statement"), requires=_requirements(law_table),
        short=explanation.text("short"), why=explanation.text("why"),
        mistakes=tuple(_mistake(part, name, kind) for part in table.tables("mistake")),
        examples=tuple(_example(part) for part in table.tables("example")),
        sources=tuple(_source(part) for part in table.tables("source")),
        tags=tuple(table.texts("tags", default=())),
    )  # fmt: skip


def _requirements(table: Table) -> Requirements:
    texts = table.texts("domain", default=())
    conditions: list[Condition] = []
    for text in texts:
        with table.located("domain"):
            name, _, where = text.partition(" in ")
            if where in ("Reals", "Integers"):
                symbol = parse_formula(name)
                conditions += [Condition(symbol, "int", symbol)] if where == "Integers" else []
            else:
                conditions += [Condition(*found) for found in parse_comparisons(text)]
    return Requirements(tuple(texts), tuple(conditions))


def _mistake(table: Table, rule: str, kind: str) -> Mistake:
    key = laws.WRONG_KEYS[kind]
    table.only({"id", "code", "says", *key})
    code = table.text("code")
    if code not in CODES:
        raise UsageError(f"{table.label}: code: {code!r} is no diagnosis code")
    return Mistake(table.text("id"), rule, code, table.text("says"), laws.read_wrong(kind, table))


def _example(table: Table) -> Example:
    table.only({"given", "answer", "wrt"})
    return Example(table.text("given"), table.text("answer"), table.text("wrt", default="x"))


def _source(table: Table) -> str:
    table.only({"cite"})
    return table.text("cite")


def _shared_mistakes(folder: Traversable, rules: Mapping[str, Rule]) -> dict[str, tuple[Mistake, ...]]:
    """Mistakes with a file of their own: `rule` names the rule that they break."""
    found: dict[str, tuple[Mistake, ...]] = {}
    if not folder.is_dir():
        return found
    for entry in sorted((e for e in folder.iterdir() if e.name.endswith(".toml")), key=lambda e: e.name):
        label = f"{MISTAKES_FOLDER}/{entry.name}"
        table = Table(_toml(entry, label), label)
        table.only({"mistake"})
        for part in table.tables("mistake"):
            rule = part.text("rule")
            if rule not in rules:
                raise UsageError(f"{part.label}: rule: there is no rule {rule!r}")
            mistake = _mistake(part.without("rule"), rule, rules[rule].kind)
            found[rule] = (*found.get(rule, ()), mistake)
    return found
