"""Shapes, sizes and values as written on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from deriv.errors import UsageError


def read_shapes(texts: Iterable[str]) -> dict[str, tuple[str | int, ...]]:
    """`X (n, d)` to the name and its sizes."""
    found: dict[str, tuple[str | int, ...]] = {}
    for text in texts:
        match = re.fullmatch(r"\s*([A-Za-z]\w*)\s*\(\s*([\w\s,]*)\)\s*", text)
        if match is None:
            raise UsageError(f"cannot read the shape {text!r}: write it like 'X (n, d)'")
        sizes = [s.strip() for s in match.group(2).split(",") if s.strip()]
        found[match.group(1)] = tuple(int(s) if s.isdigit() else s for s in sizes)
    return found


def read_sizes(texts: Iterable[str]) -> dict[str, int]:
    """`n=100` to the size and its value."""
    found: dict[str, int] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if not value.strip().isdigit() or int(value) < 1:
            raise UsageError(f"cannot read the size {text!r}: write it like n=100")
        found[name.strip()] = int(value)
    return found


def read_values(texts: Iterable[str]) -> dict[str, Any]:
    """`x=-2,y=5` or `w=[1, 2]` to names and arrays."""
    found: dict[str, Any] = {}
    for text in texts:
        for name, value in re.findall(r"([A-Za-z]\w*)\s*=\s*(\[.*?\](?=\s*(?:,\s*[A-Za-z]|$))|[^,\[]+)", text):
            found[name] = _array(name, value)
        if not found:
            raise UsageError(f"cannot read the values {text!r}: write them like x=-2,y=5")
    return found


def _array(name: str, text: str) -> Any:
    import json

    try:
        return np.asarray(json.loads(text), float)
    except (ValueError, TypeError):
        raise UsageError(f"the value of {name} is not a number or a list of numbers: {text}") from None
