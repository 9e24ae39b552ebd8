"""Work is bounded in steps, never in seconds: the same claim costs the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass


class TooLarge(Exception):
    """The claim needs more than the budget allows; the text says what was too large."""


class Undefined(Exception):
    """The expression has no value: a division by zero, the logarithm of 0 …"""


class Unsupported(Exception):
    """A form that the exact methods do not cover."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one decision."""

    depth: int = 120  # nodes on a path: our walks over kernels recurse
    nodes: int = 6000  # distinct nodes of both sides
    terms: int = 4000  # monomials of one polynomial
    degree: int = 600  # exponent of one kernel
    bits: int = 12000  # size of one rational number; its decimal digits must stay printable
    kernels: int = 96  # algebraically independent kernels
    steps: int = 6000  # arithmetic operations on polynomials
    evaluations: int = 60000  # ball operations at one point
    expand: int = 24  # terms of a sum over a concrete range that is written out
    points: int = 12  # points at which both sides are compared


DEFAULT = Budget()
