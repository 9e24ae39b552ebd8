"""Newton's notation: a dot on a letter is its rate by time."""

from __future__ import annotations

from collections.abc import Callable

from deriv.expr.nodes import Entry, Expr, Sym

TIME = Sym("t")
"""What a dot on a letter is a rate by, wherever the notation is used."""


def rate_of(quantity: Expr, is_written: Callable[[str], bool]) -> Expr | None:
    """The rate of x is the ẋ of the document, and that of ẋ is ẍ; None for what has no dot anywhere."""
    if not isinstance(quantity, Sym | Entry):
        return None
    name = quantity.name
    if name.endswith("ddot"):
        return None
    if name.endswith("dot"):
        rate = f"{name.removesuffix('dot')}ddot"
    elif is_written(f"{name}dot"):
        rate = f"{name}dot"
    else:
        return None
    return Entry(rate, quantity.indices, quantity.sups) if isinstance(quantity, Entry) else Sym(rate)
