"""Printed names of bound indices: `i.3` is shown as `i`, or as another letter where `i` would capture a free name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from deriv.expr import nodes as n
from deriv.expr.nodes import Expr

T = TypeVar("T")
_LETTERS: Final = "ijklmnpqrstuvab"


def fold(root: Expr, build: Callable[[Expr, tuple[T, ...]], T]) -> T:
    """Bottom up with an explicit stack, each distinct node once: `build(node, what its children gave)`."""
    done: dict[Expr, T] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        todo = [child for child in node.children if child not in done]
        if todo:
            stack.extend(todo)
        else:
            stack.pop()
            if node not in done:
                done[node] = build(node, tuple(done[child] for child in node.children))
    return done[root]


def _binder(node: Expr) -> str | None:
    if isinstance(node, n.Sum | n.Product | n.Integral | n.Limit):
        return str(node.data[0])
    return None


def _bound_body(node: Expr) -> Expr:
    return node.children[0] if isinstance(node, n.Integral | n.Limit) else node.children[2]


def display_names(root: Expr) -> dict[str, str]:
    """A printed name for each bound index, such that no binder captures a name that is free in its body."""
    free: dict[Expr, frozenset[str]] = {}
    height: dict[Expr, int] = {}

    def build(node: Expr, parts: tuple[tuple[frozenset[str], int], ...]) -> tuple[frozenset[str], int]:
        names = frozenset().union(*(part[0] for part in parts))
        if isinstance(node, n.Sym):
            names |= {node.name}
        free[node], height[node] = names - {_binder(node) or ""}, 1 + max((part[1] for part in parts), default=0)
        return free[node], height[node]

    fold(root, build)
    binders = sorted((node for node in free if _binder(node)), key=lambda node: -height[node])
    forbidden: dict[str, frozenset[str]] = {}
    for node in binders:
        name = _binder(node) or ""
        forbidden[name] = forbidden.get(name, frozenset()) | (free[_bound_body(node)] - {name})
    display: dict[str, str] = {}
    for node in binders:
        name = _binder(node) or ""
        if name not in display:
            taken = {display.get(other, letter(other)) for other in forbidden[name]}
            display[name] = _free_letter(letter(name), taken)
    return display


def letter(name: str) -> str:
    """The letter a bound name was written with."""
    return name.split(".", maxsplit=1)[0]


def _free_letter(wanted: str, taken: set[str]) -> str:
    candidates: list[str] = [wanted, *_LETTERS, *(f"{wanted}{k}" for k in range(1, len(taken) + 2))]
    return next(name for name in candidates if name not in taken)
