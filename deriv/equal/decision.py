"""What the judge of equality can say, and the evidence that comes with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Proved:
    """Both sides are equal wherever both are defined; `certificate` can be replayed by `equal.recheck`.

    `assumes` lists conditions used that the domain does not state.
    """

    method: str
    certificate: dict[str, Any] = field(default_factory=dict)
    assumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tested:
    """No difference at `points` points over the given sizes, to `digits` digits; no proof."""

    points: int
    sizes: tuple[dict[str, int], ...]
    digits: int


@dataclass(frozen=True, slots=True)
class Different:
    """A point of the domain where the enclosures of the two sides cannot meet."""

    point: dict[str, str]
    sizes: dict[str, int]
    lhs: str
    rhs: str
    functions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Undecided:
    """Not judged, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Conditional:
    """`decision` (a `Proved` or `Tested`) holds under `assumption`, which the domain does not state."""

    assumption: str
    decision: Proved | Tested


Decision = Proved | Tested | Different | Undecided | Conditional
