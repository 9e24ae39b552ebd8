"""Values of expressions without symbols, as text to a number of places."""

from __future__ import annotations

from fractions import Fraction

from deriv.equal.ball import Evaluator
from deriv.equal.budget import DEFAULT, TooLarge, Undefined, Unsupported
from deriv.equal.sample import Point
from deriv.expr.domain import Domain
from deriv.expr.nodes import Expr


def decimal_value(expr: Expr, places: int) -> str | None:
    """The value rounded to so many decimal places, or None when it has none or is not certain."""
    import flint

    try:
        with flint.ctx.workprec(128):
            ball = Evaluator(expr, DEFAULT).value(Point("", 0, Domain(), {}))
            exact = ball.mid().fmpq()
            rounded = round(Fraction(int(exact.p), int(exact.q)), places)
    except (TooLarge, Undefined, Unsupported, ValueError, KeyError):
        return None
    return f"{float(rounded):.{places}f}"
