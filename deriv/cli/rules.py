"""`deriv rules`: the rule book as a list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from deriv.rulebook.model import Rule

_KINDS = ("function", "structure", "algebra", "gradient", "matrix")


@click.command("rules")
@click.option("--kind", type=click.Choice(_KINDS), help="Only rules of one kind.")
@click.option("--rules", "directory", type=click.Path(path_type=Path), help="Another folder of rules.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Kind of answer."
)
@click.option("--new", "new", metavar="FOLDER/ID", help="Write a rule file to fill in.")
def command(kind: str | None, directory: Path | None, form: str, new: str | None) -> None:
    """List the rule book."""
    if new is not None:
        from deriv.rulebook.new import write

        click.echo(write(new))
        return
    from deriv.rulebook.book import default_book

    book = default_book(directory)
    chosen = [rule for rule in book if kind is None or rule.kind == kind]
    click.echo(_as_json(chosen) if form == "json" else _as_text(chosen))


def _as_text(rules: list[Rule]) -> str:
    width = max((len(rule.id) for rule in rules), default=0)
    lines: list[str] = []
    folder = ""
    for rule in rules:
        if rule.folder != folder:
            folder = rule.folder
            lines += ["", folder] if lines else [folder]
        lines.append(f"  {rule.id.ljust(width)}  {rule.title}")
    mistakes = sum(len(rule.mistakes) for rule in rules)
    return "\n".join([*lines, "", f"{len(rules)} rules, {mistakes} mistakes"])


def _as_json(rules: list[Rule]) -> str:
    return json.dumps([_data(rule) for rule in rules], ensure_ascii=False, indent=2)


def _data(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "title": rule.title,
        "kind": rule.kind,
        "folder": rule.folder,
        "statement": rule.statement,
        "domain": list(rule.requires.text),
        "short": rule.short,
        "why": rule.why,
        "mistakes": [{"id": m.id, "code": m.code, "says": m.says} for m in rule.mistakes],
        "examples": [{"given": e.given, "answer": e.answer, "wrt": e.wrt} for e in rule.examples],
        "sources": list(rule.sources),
    }
