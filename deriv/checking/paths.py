"""The chain rule between quantities that the document names but does not define.

`∂L/∂w = ∂L/∂ŷ · ∂ŷ/∂w` holds when L depends on w through ŷ alone.  With the quantities on the right as the only links,
the left side is the sum over all paths of the products of derivatives along them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deriv.equal.decision import Decision, Proved
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Expr, Sym, walk
from deriv.expr.substitute import substitute

Pair = tuple[Expr, Expr]
Links = Mapping[str, tuple[Expr, Expr]]


def follow_paths(
    pairs: tuple[Pair, ...], links: Links, decide: Callable[[Expr, Expr], Decision]
) -> tuple[Decision, tuple[str, ...]] | None:
    """Decide a single claim with the derivatives of one side composed from those of the other."""
    if len(pairs) != 1:
        return None
    lhs, rhs = pairs[0]
    for known, unknown in ((rhs, lhs), (lhs, rhs)):
        edges = _atoms(known, links)
        mapping: dict[Expr, Expr] = {}
        through: list[str] = []
        for name in sorted(_atoms(unknown, links) - edges):
            total = _paths(links, edges, *links[name])
            if total is not None:
                mapping[Sym(name)] = total
                through.append(_words(links, edges, name))
        if mapping:
            composed = substitute(unknown, mapping)
            decision = decide(composed, known)
            if isinstance(decision, Proved):
                return decision, tuple(through)
    return None


def _atoms(expr: Expr, links: Links) -> set[str]:
    return {node.name for node in walk(expr) if isinstance(node, Sym) and node.name in links}


def _paths(links: Links, edges: set[str], start: Expr, goal: Expr, depth: int = 12) -> Expr | None:
    """The sum over all paths from start to goal, or None when there is none."""
    if depth == 0:
        return None
    terms: list[Expr] = []
    for name in sorted(edges):
        source, target = links[name]
        if source != start:
            continue
        if target == goal:
            terms.append(Sym(name))
            continue
        rest = _paths(links, edges - {name}, target, goal, depth - 1)
        if rest is not None:
            terms.append(mul(Sym(name), rest))
    return add(*terms) if terms else None


def _words(links: Links, edges: set[str], name: str) -> str:
    source, target = links[name]
    middle = sorted({_plain(links[edge][1]) for edge in edges if links[edge][0] == source} - {_plain(target)})
    return f"{_plain(source)} depends on {_plain(target)} only through {', '.join(middle)}"


def _plain(expr: Expr) -> str:
    from deriv.expr.sympy_bridge import to_text

    return to_text(expr)
