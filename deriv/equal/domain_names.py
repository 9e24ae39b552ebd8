"""Small readings of domain facts."""

from __future__ import annotations

from deriv.expr.domain import Domain


def is_size(domain: Domain, name: str) -> bool:
    """Whether a name is declared a positive whole number."""
    fact = domain.facts.get(name)
    return fact is not None and fact.integer and fact.positive


def is_discrete(domain: Domain, name: str) -> bool:
    """Whether a name takes only separate values."""
    fact = domain.facts.get(name)
    return fact is not None and (fact.integer or bool(fact.values))
