"""Colour and width of terminal text."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum

from rich.cells import cell_len

_TAB = "    "


class Style(Enum):
    """What a piece of text is; the value is its ANSI code."""

    ERROR = "1;31"
    WARNING = "1;33"
    GOOD = "32"
    STRONG = "1"
    GUTTER = "1;34"
    SECONDARY = "34"
    DIM = "2"


@dataclass(frozen=True, slots=True)
class Painter:
    """Puts colour on text, or leaves it alone."""

    colour: bool

    def __call__(self, style: Style, text: str) -> str:
        return f"\x1b[{style.value}m{text}\x1b[0m" if self.colour and text else text


def visible(text: str) -> str:
    """The text as it can stand on one terminal line: tabs as spaces, control characters as a mark.

    A document could otherwise send escape sequences to the reader's terminal.
    """
    return "".join(
        _TAB if char == "\t" else char if _is_printable(char) else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _is_printable(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") and char not in _DIRECTIONS


# characters that turn the direction of what follows would put the underline in the wrong place
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def width(text: str) -> int:
    """Columns on a terminal of an already visible text."""
    return cell_len(text)


def flat(text: str) -> str:
    """The visible text on one line."""
    return visible(" ".join(text.split()))


def clip(text: str, limit: int) -> str:
    """The text on one line, cut with `…` to fit."""
    text = flat(text)
    if width(text) <= limit:
        return text
    kept = text[: limit - 1]
    while width(kept) > limit - 1:
        kept = kept[:-1]
    return kept + "…"
