"""Replay of a proof by another path: no normal form, only certified values at fresh points of the domain.

By the lemma of Schwartz and Zippel a rational function that is not zero vanishes at few points; here the points are
new (another seed than the one that decided), the precision is higher and sizes and index patterns vary.  Where the
proof holds under a condition, only points at which the sides agree count, and enough of them must.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flint

from deriv.equal.ball import Evaluator
from deriv.equal.budget import DEFAULT, TooLarge, Undefined, Unsupported
from deriv.equal.decimals import decide_decimals
from deriv.equal.decision import Proved, Undecided
from deriv.equal.prepare import Claim, prepare
from deriv.equal.refute import suspects
from deriv.equal.sample import Point, points
from deriv.expr.domain import Domain
from deriv.expr.nodes import Expr

_PRECISION = 600
_TRIES = 48
_WANTED = 16
_ENOUGH = 3


def recheck(lhs: Expr, rhs: Expr, domain: Domain, certificate: Mapping[str, Any]) -> bool:
    """Whether the certificate of a `Proved` can be replayed."""
    claim = prepare(lhs, rhs, domain, DEFAULT)
    if isinstance(claim, Undecided) or certificate.get("numerator", "0") != "0":
        return False
    if certificate.get("reading") == "rounded":
        return isinstance(decide_decimals(claim, DEFAULT), Proved)
    conditions = certificate.get("conditions", ())
    for suspect in suspects(claim) if conditions else ():
        if set(suspect.condition.split(", ")) <= set(conditions):
            claim = suspect.claim
            break
    agreed, differed = _count(claim)
    return agreed >= _ENOUGH and (not differed or bool(conditions))


def _count(claim: Claim) -> tuple[int, int]:
    """At how many fresh points the sides agree to 100 digits, and at how many they certainly differ."""
    sides = Evaluator(claim.lhs, DEFAULT), Evaluator(claim.rhs, DEFAULT)
    agreed = differed = 0
    for point in points(claim.seed + "/again", claim.names, claim.domain, _TRIES):
        verdict = _agree(sides, point)
        agreed += verdict is True
        differed += verdict is False
        if agreed + differed >= _WANTED:
            break
    return agreed, differed


def _agree(sides: tuple[Evaluator, Evaluator], point: Point) -> bool | None:
    try:
        with flint.ctx.workprec(_PRECISION):
            left, right = sides[0].value(point), sides[1].value(point)
            if not left.overlaps(right):
                return False
            return True if abs(left - right) < (1 + abs(left)) * flint.arb("1e-100") else None
    except (Undefined, Unsupported, TooLarge):
        return None
