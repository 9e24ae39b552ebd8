"""`deriv explain`: a page about a diagnosis or a rule."""

from __future__ import annotations

import click

from deriv.cli.output import write_lines
from deriv.errors import UsageError
from deriv.report.pages import codes, one_sentence, page
from deriv.suggest import did_you_mean


@click.command("explain")
@click.argument("name", metavar="[CODE|RULE]", required=False)
def command(name: str | None) -> None:
    """A page about a diagnosis or a rule, with a wrong and a right example.

    Without a name, the list of the diagnosis codes; `deriv rules` lists the rules.
    """
    if name is None:
        width = max(map(len, codes()))
        write_lines((f"{code:<{width}}  {one_sentence(code)}" for code in codes()), None)
        return
    text = page(name.lower()) or _rule(name.lower())
    write_lines([text.rstrip()], None)


def _rule(name: str) -> str:
    from deriv.report.rule_page import names, rule_page  # the rule book is loaded only when a rule is asked for
    from deriv.rulebook.book import default_book

    book = default_book()
    text = rule_page(book, name)
    if text is None:
        near = did_you_mean(name, [*codes(), *names(book)])
        hint = near if "did you mean" in near else "; `deriv explain` lists the codes, `deriv rules` the rules"
        raise UsageError(f"nothing is known as `{name}`{hint}")
    return text
