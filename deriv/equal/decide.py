"""Are two expressions the same?  First refute with certified enclosures, then prove by normal form."""

from __future__ import annotations

from deriv.equal.budget import DEFAULT, Budget
from deriv.equal.decision import Conditional, Decision, Different, Proved, Tested, Undecided
from deriv.equal.memory import remembered
from deriv.equal.prepare import Claim, make_claim, prepare
from deriv.equal.proof import LENIENT, STRICT, Proof, prove
from deriv.equal.refute import Agreement, agrees_somewhere, compare, suspects
from deriv.expr.domain import Domain
from deriv.expr.functions import power
from deriv.expr.nodes import Expr, Num, Pow
from deriv.expr.substitute import post_order
from deriv.expr.sympy_bridge import to_text

__all__ = ["Conditional", "Decision", "Different", "Proved", "Tested", "Undecided", "decide"]

_ENOUGH = 4
_GLANCE = 2


def decide(lhs: Expr, rhs: Expr, domain: Domain, budget: Budget = DEFAULT, *, conditions: bool = True) -> Decision:
    """Whether lhs = rhs wherever both are defined on the domain.

    With `conditions`, a difference that vanishes under a natural condition (i ≠ j, x > 0) is a `Conditional`.
    """
    way = "conditional" if conditions else "plain"
    return remembered(way, lhs, rhs, domain, budget, lambda: _decide(lhs, rhs, domain, budget, conditions=conditions))


def _decide(lhs: Expr, rhs: Expr, domain: Domain, budget: Budget, *, conditions: bool) -> Decision:
    claim = prepare(lhs, rhs, domain, budget)
    if isinstance(claim, Undecided):
        return claim
    if claim.has_decimals:
        from deriv.equal.decimals import decide_decimals

        return decide_decimals(claim, budget)
    return decide_exact(claim, budget, explain=conditions)


def decide_exact(claim: Claim, budget: Budget, *, explain: bool = True) -> Decision:
    """The decision with every number read as exact: a few points, a proof, then more points."""
    first = compare(claim, budget, _GLANCE)
    if isinstance(first, Different):
        return _explained(claim, first, budget) if explain else first
    if isinstance(first, Undecided):
        return _by_equations(claim, budget) or first
    if claim.lhs == claim.rhs:
        return Proved("identical", {"method": "identical", "numerator": "0", "points": first.agreed})
    found = prove(claim.lhs, claim.rhs, claim.domain, claim.names, budget, STRICT)
    if isinstance(found, Proof):
        return _conditional(found, first)
    result = compare(claim, budget)
    if isinstance(result, Different):
        return _explained(claim, result, budget) if explain else result
    return result if isinstance(result, Undecided) else _under_assumptions(claim, result, budget)


def follows(lhs: Expr, rhs: Expr, domain: Domain, budget: Budget = DEFAULT) -> Decision:
    """Whether the domain's equations prove lhs = rhs; nothing is refuted, and no points are looked for."""
    return remembered("follows", lhs, rhs, domain, budget, lambda: _follows(lhs, rhs, domain, budget))


def _follows(lhs: Expr, rhs: Expr, domain: Domain, budget: Budget) -> Decision:
    claim = prepare(lhs, rhs, domain, budget)
    if isinstance(claim, Undecided):
        return claim
    return _by_equations(claim, budget) or Undecided("no proof found")


def _by_equations(claim: Claim, budget: Budget) -> Proved | None:
    """A proof from stated equations of which no exact solution is at hand (`r^3 = 1000/π`)."""
    if not claim.domain.equations:
        return None
    found = prove(claim.lhs, claim.rhs, claim.domain, claim.names, budget, STRICT)
    if not isinstance(found, Proof) or found.conditions:
        return None
    return Proved(found.method, {"method": found.method, "numerator": "0", "digest": found.digest, "points": 0})


def _under_assumptions(claim: Claim, seen: Agreement, budget: Budget) -> Decision:
    """No difference and no plain proof: a proof with signs assumed, else how far it was tested."""
    found = prove(claim.lhs, claim.rhs, claim.domain, claim.names, budget, LENIENT)
    if isinstance(found, Proof):
        return _conditional(found, seen)
    if seen.agreed >= _ENOUGH:
        return Tested(seen.agreed, seen.sizes, seen.digits)
    return Undecided(f"{found.reason}, and only {seen.agreed} points could be compared")


def _conditional(proof: Proof, seen: Agreement) -> Decision:
    certificate: dict[str, object] = {
        "method": proof.method,
        "kernels": list(proof.kernels),
        "numerator": "0",
        "digest": proof.digest,
        "points": seen.agreed,
    }
    if not proof.conditions:
        return Proved(proof.method, certificate)
    certificate["conditions"] = list(proof.conditions)
    return Conditional(", ".join(proof.conditions), Proved(proof.method, certificate))


def _explained(claim: Claim, found: Different, budget: Budget) -> Decision:
    """A difference that vanishes under a natural condition is not a mistake but a condition left unsaid."""
    for suspect in suspects(claim):
        seen = compare(suspect.claim, budget)
        if not isinstance(seen, Agreement):
            continue
        decision = decide_exact(suspect.claim, budget, explain=False)
        condition = suspect.condition
        if isinstance(decision, Conditional):
            condition, decision = f"{condition}, {decision.assumption}", decision.decision
        if isinstance(decision, Proved):
            decision.certificate["conditions"] = condition.split(", ")
        if isinstance(decision, (Proved, Tested)):
            return Conditional(condition, decision)
    return _up_to_sign(claim, budget) or found


def _up_to_sign(claim: Claim, budget: Budget) -> Conditional | None:
    """√(1 - sin² t) = cos t holds where cos t is not negative: a root on one side, equal squares."""
    plain = [side for side in (claim.lhs, claim.rhs) if not _has_root(side)]
    if len(plain) != 1:
        return None
    squares = make_claim(power(claim.lhs, Num(2)), power(claim.rhs, Num(2)), claim.domain)
    found = prove(squares.lhs, squares.rhs, squares.domain, squares.names, budget, STRICT)
    if not isinstance(found, Proof) or found.conditions or not agrees_somewhere(claim, budget):
        return None
    condition = f"{to_text(plain[0])} >= 0"
    certificate: dict[str, object] = {"method": found.method, "numerator": "0", "digest": found.digest}
    return Conditional(condition, Proved(found.method, {**certificate, "conditions": [condition]}))


def _has_root(side: Expr) -> bool:
    halves = (n.exponent for n in post_order(side) if isinstance(n, Pow))
    return any(isinstance(exponent, Num) and exponent.value.denominator == 2 for exponent in halves)
