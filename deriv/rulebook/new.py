"""Starts a rule file: `deriv rules --new functions/sinc` writes `rules/functions/sinc.toml` to fill in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deriv.errors import UsageError
from deriv.rulebook.loader import FOLDERS

_KINDS: Final[Mapping[str, str]] = {
    "structure": "structure", "functions": "function", "activations": "function", "vectors": "gradient",
    "matrices": "matrix", "losses": "gradient", "layers": "gradient", "algebra": "algebra",
}  # fmt: skip
_LAWS: Final[Mapping[str, str]] = {
    "function": 'call      = "{name}(x)"\npartials  = ["…"]',
    "structure": 'pattern   = "d(…)"\nresult    = "…"\ntactic    = "…"',
    "algebra": 'before    = "…"\nafter     = "…"',
    "gradient": 'value      = "…"\nwrt        = "x"\nderivative = "…"',
    "matrix": 'value     = "…"\nwrt       = "X"\ngradient  = "…"',
}
_WRONG: Final[Mapping[str, str]] = {
    "function": 'partials = ["…"]', "structure": 'result = "…"', "algebra": 'after = "…"',
    "gradient": 'derivative = "…"', "matrix": 'gradient = "…"',
}  # fmt: skip


def skeleton(path: str) -> str:
    """The text of a new rule file for `folder/name`."""
    folder, _, name = path.partition("/")
    if folder not in FOLDERS or not name:
        raise UsageError(f"folder/name is expected, with a folder of: {', '.join(FOLDERS)}")
    kind = _KINDS[folder]
    return f"""id    = "{name}"
title = "…"
kind  = "{kind}"

[law]
{_LAWS[kind].format(name=name)}
statement = '…'

[explanation]
short = "….."
why   = "….."

[[mistake]]
id   = "{name}-…"
code = "…"
{_WRONG[kind]}
says = "….."

[[example]]
given  = '…'
answer = '…'

[[source]]
cite = "…"
"""


def write(path: str) -> str:
    """Write the file into the checkout's rules, unless there is one; its path."""
    text = skeleton(path)
    file = Path(__file__).parents[2] / "rules" / f"{path}.toml"
    if not file.parent.is_dir():
        raise UsageError("new rules are written in a checkout, and this is an installed deriv")
    if file.exists():
        raise UsageError(f"{file} is there already")
    file.write_text(text, encoding="utf-8")
    return str(file)
