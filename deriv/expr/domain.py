"""What is known about names: signs, intervals, label sets, sizes.  Sampling and proofs both read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from deriv.expr.nodes import Expr

if TYPE_CHECKING:
    from deriv.equal.memory import Memory


@dataclass(frozen=True, slots=True)
class Fact:
    """What a scalar, or every entry of a family, is known to be; the default is any real number.

    `lower` and `upper` bound it (strictly where `open_lower`, `open_upper`), `values` lists the only values it takes,
    `integer` makes it a whole number.
    """

    lower: Fraction | None = None
    upper: Fraction | None = None
    open_lower: bool = True
    open_upper: bool = True
    integer: bool = False
    values: tuple[Fraction, ...] = ()

    @property
    def positive(self) -> bool:
        """Whether it is certainly greater than 0."""
        if self.values:
            return min(self.values) > 0
        return self.lower is not None and (self.lower > 0 or (self.lower == 0 and self.open_lower))


REAL = Fact()
POSITIVE = Fact(lower=Fraction(0))
NONNEGATIVE = Fact(lower=Fraction(0), open_lower=False)
UNIT_INTERVAL = Fact(lower=Fraction(0), upper=Fraction(1))
SIZE = Fact(lower=Fraction(1), open_lower=False, integer=True)
BINARY = Fact(values=(Fraction(0), Fraction(1)))


@dataclass(frozen=True, slots=True)
class Domain:
    """Facts by name of symbol or family; `equations` are known identities `lhs = rhs` (such as Σ_k y_k = 1).

    `excluded` are expressions known to be different from zero (x ≠ 0, or i ≠ j as `Add((i, neg(j)))`).
    `symmetric` pairs families with swapped indices that are the same: `A_{ij} = A_{ji}`; those in
    `positive_definite` are symmetric too, and x'Ax > 0 for every x that is not 0.  Claims about one document share
    a `memory` of what has been decided.
    """

    facts: Mapping[str, Fact] = field(default_factory=dict)
    equations: tuple[tuple[Expr, Expr], ...] = ()
    excluded: tuple[Expr, ...] = ()
    symmetric: frozenset[str] = frozenset()
    positive_definite: frozenset[str] = frozenset()
    memory: Memory | None = field(default=None, compare=False, repr=False)

    def fact(self, name: str) -> Fact:
        """What is known about a name."""
        return self.facts.get(name, REAL)

    def is_symmetric(self, name: str) -> bool:
        """Whether the last two indices of a family may be swapped."""
        return name in self.symmetric or name in self.positive_definite
