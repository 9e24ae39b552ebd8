"""What has been decided in one document: slides repeat their formulas, and readings of a step meet in one claim."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deriv.equal.budget import Budget
    from deriv.equal.decision import Decision
    from deriv.expr.domain import Domain
    from deriv.expr.nodes import Expr

_MOST = 1024

Key = tuple[object, ...]


class Memory:
    """Decisions by claim and by everything else that they depend on; the oldest are forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[Key, Decision] = OrderedDict()

    def get(self, key: Key) -> Decision | None:
        """A decision made before."""
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
        return known

    def put(self, key: Key, decision: Decision) -> Decision:
        """Remember a decision and give it back."""
        self._known[key] = decision
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return decision


def remembered(
    way: str, lhs: Expr, rhs: Expr, domain: Domain, budget: Budget, decide: Callable[[], Decision]
) -> Decision:
    """The decision about a claim, made once per document; `way` is the question that is asked."""
    if domain.memory is None:
        return decide()
    facts = frozenset(domain.facts.items())
    key = (way, lhs, rhs, facts, domain.equations, domain.excluded, domain.symmetric, domain.positive_definite, budget)
    return domain.memory.get(key) or domain.memory.put(key, decide())
