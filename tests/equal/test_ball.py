"""Certified values: enclosures, undefined places, sizes and cases."""

from __future__ import annotations

from fractions import Fraction

import flint
import pytest

from deriv.equal.ball import Evaluator
from deriv.equal.budget import DEFAULT, TooLarge, Undefined, Unsupported
from deriv.equal.sample import Point
from deriv.expr.domain import Domain
from tests.equal.build import domain, expr


def value(text: str, facts: str = "", **symbols: int | str) -> flint.arb:
    known = {name: Fraction(number) for name, number in symbols.items()}
    point = Point("test", 0, domain(facts), known)
    with flint.ctx.workprec(128):
        return Evaluator(expr(text), DEFAULT).value(point)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/3+1/6", "0.5"),
        ("sum(i,1,n,i**2)", "14"),
        ("prod(i,1,n,i)", "6"),
        ("sum(i,1,n,delta(i,2)*i)", "2"),
        ("sum(i,1,n,sum(j,1,i,1))", "6"),
        ("cases(x>0,1,x<0,-1)", "1"),
        ("max(1,x,n)", "3"),
        ("(x-x)**2", "0"),
        ("x**0", "1"),
        ("0**0", "1"),
        ("binomial(n,2)", "3"),
        ("floor(5/2)", "2"),
    ],
)
def test_values(text: str, expected: str) -> None:
    assert value(text, n=3, x="1/2").contains(flint.arb(expected))


@pytest.mark.parametrize(
    "text",
    [
        "log(x-x)", "log(-x)", "1/(x-x)", "sqrt(-x)", "(-x)**(1/3)", "(-x)**x", "asin(2)", "tan(pi/2)", "sign(x-x)",
        "cases(x<0,1)", "abs(x)/(x-x)", "0*log(-1)", "cases(x>1/2,1,2)", "gamma(-1/2)", "sum(i,3,1,i)", "v[1/2]",
    ],
)  # fmt: skip
def test_undefined_is_never_a_value(text: str) -> None:
    with pytest.raises(Undefined):
        value(text, x="1/2")


@pytest.mark.parametrize("text", ["sum(i,1,oo,1/i**2)", "lim(x,0,x)", "nosuch(x)"])
def test_what_cannot_be_evaluated_is_said_so(text: str) -> None:
    with pytest.raises(Unsupported):
        value(text, x=1)


def test_too_many_terms() -> None:
    with pytest.raises(TooLarge):
        value("sum(i,1,10**9,i)")


def test_entries_of_symmetric_families_agree() -> None:
    point = Point("test", 0, Domain(symmetric=frozenset({"A"})), {})
    assert point.entry("A", 0, (1, 2)) == point.entry("A", 0, (2, 1))
    assert point.entry("B", 0, (1, 2)) != point.entry("B", 0, (2, 1))


def test_facts_are_honoured() -> None:
    facts = domain("p:unit;y:binary;n:size;t:signs;v:negative;c:positive")
    for number in range(12):
        point = Point("facts", number, facts, {})
        assert 0 < point.symbol("p") < 1
        assert point.entry("y", 0, (number,)) in (0, 1)
        assert point.symbol("n") >= 1
        assert point.symbol("n").denominator == 1
        assert point.symbol("t") in (-1, 1)
        assert point.symbol("v") < 0 < point.symbol("c")


def test_the_derivative_of_a_model_is_the_models_derivative() -> None:
    """An unknown function and its derivatives come from one polynomial."""
    step = value("(f(x+h)-f(x-h))/(2*h)", x="1/3", h=str(Fraction(1, 10**10)))
    assert abs(step - value("f1(x)", x="1/3")) < flint.arb("1e-15")
