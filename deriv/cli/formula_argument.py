"""Commands whose argument is a formula: one that begins with a minus sign is no option."""

from __future__ import annotations

import re

import click

_OPTION = re.compile(r"-[A-Za-z]$|--[a-z]")


class FormulaCommand(click.Command):
    """A command that reads `-y^\\top x` as a formula, where click would find the options -y, -^, -t, -o."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Formulas get a space in front, so that nothing mistakes them for options."""
        return super().parse_args(ctx, [self._shielded(arg) for arg in args])

    def _shielded(self, arg: str) -> str:
        formula = arg.startswith("-") and arg not in ("-", "--") and _OPTION.match(arg) is None
        return f" {arg}" if formula else arg
