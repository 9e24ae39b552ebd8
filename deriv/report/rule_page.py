"""The page of a rule, written from its entry in the rule book."""

from __future__ import annotations

from collections.abc import Iterator

from deriv.rulebook.book import Rulebook
from deriv.rulebook.model import Mistake, Rule


def rule_page(book: Rulebook, name: str) -> str | None:
    """The page of a rule, or of the rule that a mistake belongs to; None when the book knows neither."""
    for rule in book:
        if rule.id == name or any(mistake.id == name for mistake in rule.mistakes):
            return "\n".join(_lines(rule))
    return None


def names(book: Rulebook) -> list[str]:
    """Everything in the book that has a page."""
    return [rule.id for rule in book] + [mistake.id for mistake in book.mistakes]


def _lines(rule: Rule) -> Iterator[str]:
    yield from (f"# {rule.id}: {rule.title}", "", rule.short.strip(), "")
    yield from ("```latex", rule.statement.strip(), "```")
    if rule.mistakes:
        yield from ("", "## Wrong", "")
        yield from (_mistake(mistake) for mistake in rule.mistakes)
    if rule.examples:
        yield from ("", "## Right", "", "```latex")
        for example in rule.examples:
            yield from (example.given, f"  = {example.answer}")
        yield "```"
    if rule.why.strip():
        yield from ("", "## Why", "", rule.why.strip())
    if rule.sources:
        yield from ("", "## Sources", "", *(f"- {source}" for source in rule.sources))


def _mistake(mistake: Mistake) -> str:
    return f"- {' '.join(mistake.says.split())} (`{mistake.code}`)"
