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

    Without a name, the list of the diagnosis codes.
    """
    if name is None:
        width = max(map(len, codes()))
        write_lines((f"{code:<{width}}  {one_sentence(code)}" for code in codes()), None)
        return
    text = page(name.lower())
    if text is None:
        raise UsageError(f"nothing is known as `{name}`{did_you_mean(name.lower(), codes())}")
    write_lines([text.rstrip()], None)
