"""Both sides of a claim with every scope that operators without brackets may have, likeliest first."""

from __future__ import annotations

from collections.abc import Iterator

from deriv.latex.nodes import Node
from deriv.meaning.scoping import narrowed, over_brackets, over_products, widened

WIDE_LEFT = "an operator without brackets on the left is read as applying to the whole sum"
WIDE_RIGHT = "an operator without brackets is read as applying to the whole sum"
NARROW = "an operator is read as ending before the brackets"
AT_BRACKETS = "an operator is read as ending at the brackets that follow it"
BRACKETS = "an operator is read as applying to the product that begins with brackets"
OVER = "a function without brackets is read as applying to the whole product"
SCOPES = frozenset((WIDE_LEFT, WIDE_RIGHT, BRACKETS, NARROW, OVER))


def scopings(lhs: Node, rhs: Node) -> Iterator[tuple[Node, Node, str]]:
    """Both sides with open operators ending at the term, or running to the end of the sum; both for functions too."""
    wide_left, wide_right = widened(lhs), widened(rhs)
    found = [(lhs, rhs, "")]
    if wide_right is not None:
        found.append((lhs, wide_right, WIDE_RIGHT))
    if wide_left is not None:
        found.append((wide_left, rhs, WIDE_LEFT))
    if wide_left is not None and wide_right is not None:
        found.append((wide_left, wide_right, WIDE_RIGHT))
    yield from found
    for other, note, ways in (
        (over_brackets, BRACKETS, found[:1]),
        (narrowed, NARROW, found[:1]),
        (over_products, OVER, found),
    ):
        for one, two, _ in ways:
            left, right = other(one), other(two)
            if left is not None or right is not None:
                yield left or one, right or two, note
