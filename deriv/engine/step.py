"""A derivation as a value: steps, each with the rule that made it, and the lines to show at each level of detail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from deriv.expr.nodes import Derivative, Expr, walk

Detail = Literal["brief", "normal", "full"]

# Bookkeeping that a reader does alone; at detail `normal` it is shown together with the step before it.
MINOR = frozenset(
    {
        *("constant", "other-variable", "variable", "zero-product", "zero-term", "unit-factor", "arithmetic"),
        *("sum", "difference", "negation", "constant-multiple", "constant-divisor", "sum-over-index"),
        *("minus-bracket", "sum-factor", "sum-constant-factor", "sum-of-constant", "same-base", "like-terms"),
        *("kronecker-delta", "distribute", "sum-linearity", "cancel", "definition", "reordering"),
    }
)
_MUCH_ALGEBRA = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One application of one rule: the whole line before and after, and where they differ.

    Steps of one `wave` were open side by side, so that a reader takes them in at a glance.
    """

    rule: str
    before: Expr
    after: Expr
    path: tuple[int, ...]
    explanation: str
    wave: int = 0
    also: tuple[str, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        """The rule that made the step, and those that were applied along with it."""
        return (self.rule, *self.also)


@dataclass(frozen=True, slots=True)
class Line:
    """A line to show: an expression and the rules that led to it from the line above."""

    expr: Expr
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Derivation:
    """The derivative of `expr` by `variable`, with every step; `definitions` are the names that were used.

    `shapes` gives the shapes of the arrays in a derivation over whole arrays; it is empty otherwise.
    """

    expr: Expr
    variable: Expr
    order: int
    start: Expr
    steps: tuple[Step, ...]
    result: Expr
    definitions: Mapping[Expr, Expr] = field(default_factory=dict)
    shapes: Mapping[str, tuple[Expr | None, Expr | None]] = field(default_factory=dict)

    def lines(self, detail: Detail = "normal") -> tuple[Line, ...]:
        """What to print below the starting line."""
        if detail == "full":
            return tuple(Line(step.after, step.rules) for step in self.steps)
        if detail == "brief":
            rules = tuple(dict.fromkeys(rule for step in self.steps for rule in step.rules))
            return (Line(self.result, rules),) if self.steps else ()
        return tuple(self._normal())

    def _normal(self) -> Iterator[Line]:
        """One line per wave that holds a step of substance; what is minor goes with it."""
        rules: list[str] = []
        for k, step in enumerate(self.steps):
            rules += step.rules
            if k + 1 == len(self.steps) or (self._new_line(k) and not MINOR.issuperset(rules)):
                yield Line(step.after, tuple(dict.fromkeys(rules)))
                rules = []

    def _new_line(self, k: int) -> bool:
        """Whether the wave after step k does something that deserves a line."""
        following = self.steps[k + 1]
        if self._settled(k):
            return True
        if following.wave == self.steps[k].wave:
            return False
        rest = self.steps[k + 1 :]
        if following.rule == "definition":  # a name is shown once before it is expanded
            return any(not MINOR.issuperset(step.rules) for step in rest)
        return any(not MINOR.issuperset(step.rules) for step in rest if step.wave == following.wave)

    def _settled(self, k: int) -> bool:
        """Whether step k has carried out the last derivative, and enough algebra follows to be worth a line."""
        step, rest = self.steps[k], len(self.steps) - k - 1
        return rest >= _MUCH_ALGEBRA and _open(step.before) and not _open(step.after)


def _open(expr: Expr) -> bool:
    return any(isinstance(node, Derivative) for node in walk(expr))


def changed_path(before: Expr, after: Expr) -> tuple[int, ...]:
    """The way down to the smallest part in which two lines differ."""
    path: list[int] = []
    while type(before) is type(after) and before.data == after.data and len(before.children) == len(after.children):
        different = [k for k, (a, b) in enumerate(zip(before.children, after.children, strict=True)) if a != b]
        if len(different) != 1:
            break
        path.append(different[0])
        before, after = before.children[different[0]], after.children[different[0]]
    return tuple(path)
