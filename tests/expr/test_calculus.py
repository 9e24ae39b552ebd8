"""Derivatives against central differences and SymPy; limits and integrals."""

from __future__ import annotations

from fractions import Fraction

import flint
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from deriv.equal import DEFAULT, Proved, decide
from deriv.equal.ball import Evaluator
from deriv.equal.budget import TooLarge, Undefined
from deriv.equal.sample import Point
from deriv.expr.calculus import NotDifferentiable, differentiate, evaluate_derivatives, integral, limit
from deriv.expr.domain import Domain
from deriv.expr.functions import FUNCTIONS
from deriv.expr.nodes import ZERO, Call, Entry, Expr, Integral, Limit, Num, Sum, Sym
from deriv.expr.sympy_bridge import to_sympy
from tests.equal.build import domain, expr
from tests.equal.strategies import Maker

X = Sym("x")
STEP = Fraction(1, 10**40)


def _central(node: Expr, point: Fraction, symbols: dict[str, Fraction]) -> flint.arb:
    places = (Point("d", 0, Domain(), {**symbols, "x": end}) for end in (point + STEP, point - STEP))
    ends = [Evaluator(node, DEFAULT).value(place) for place in places]
    return (ends[0] - ends[1]) / (2 * flint.arb(flint.fmpq(STEP.numerator, STEP.denominator)))


def _slope_agrees(node: Expr, point: Fraction) -> bool:
    symbols = {"y": Fraction(2, 7), "a": Fraction(-5, 4), "m": Fraction(3)}
    slope = differentiate(node, X)
    with flint.ctx.workprec(700):
        try:
            exact = Evaluator(slope, DEFAULT).value(Point("d", 0, Domain(), {**symbols, "x": point}))
            step = _central(node, point, symbols)
        except (Undefined, TooLarge):
            return True
        return bool(abs(exact - step) < (1 + abs(exact)) * flint.arb("1e-25"))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 10**9))
def test_derivatives_agree_with_central_differences(seed: int) -> None:
    assert _slope_agrees(Maker(seed).expr(), Fraction(3, 5))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10**9))
def test_derivatives_agree_with_sympy(seed: int) -> None:
    node = Maker(seed, sums=False, kinks=False).expr(2)
    theirs = to_sympy(node)
    variables = [symbol for symbol in theirs.free_symbols if symbol.name == "x"]
    slope = sympy.diff(theirs, variables[0]) if variables else sympy.Integer(0)
    gap = to_sympy(differentiate(node, X)) - slope
    values = {symbol: sympy.Rational(3, 5) + k for k, symbol in enumerate(sorted(gap.free_symbols, key=str))}
    value = sympy.N(gap.subs(values), 30)
    if value.is_number and value.is_finite:
        assert abs(complex(value)) < 1e-20


@pytest.mark.parametrize("name", sorted(name for name, rule in FUNCTIONS.items() if rule.arity == 1))
def test_every_function_agrees_with_its_slope(name: str) -> None:
    if FUNCTIONS[name].partial is None:
        return
    node = Call(name, (X,))
    assert _slope_agrees(node, Fraction(3, 5))
    assert _slope_agrees(node, Fraction(8, 5))


@pytest.mark.parametrize("name", sorted(name for name, rule in FUNCTIONS.items() if rule.reduce and rule.arity == 1))
def test_every_reduction_is_an_identity(name: str) -> None:
    rule = FUNCTIONS[name]
    assert rule.reduce is not None
    for value in (Fraction(3, 5), Fraction(8, 5)):
        point = Point("r", 0, Domain(), {"x": value})
        with flint.ctx.workprec(200):
            try:
                one = Evaluator(Call(name, (X,)), DEFAULT).value(point)
                two = Evaluator(rule.reduce((X,)), DEFAULT).value(point)
            except Undefined:
                continue
            assert one.overlaps(two)


@pytest.mark.parametrize(
    ("text", "variable", "expected"),
    [
        ("w[i]", "w[j]", "delta(i,j)"),
        ("W[i,j]", "W[k,l]", "delta(i,k)*delta(j,l)"),
        ("f(x,y)", "y", "f01(x,y)"),
        ("f(x,2*x)", "x", "f10(x,2*x)+2*f01(x,2*x)"),
        ("prod(i,1,n,x[i])", "x[k]", "prod(i,1,n,x[i])/x[k]"),
        ("cases(x>0,x**2,0)", "x", "cases(x>0,2*x,0)"),
        ("D(x**3,x)", "x", "6*x"),
        ("integral(t,0,x,t**2)", "x", "x**2"),
        ("c", "x", "0"),
    ],
)
def test_rules(text: str, variable: str, expected: str) -> None:
    by = expr(variable)
    assert isinstance(by, (Sym, Entry))
    decision = decide(differentiate(expr(text), by), expr(expected), domain())
    assert isinstance(decision, Proved), decision


def test_a_bound_index_is_renamed_apart_from_the_variable() -> None:
    body = Sum("i.1", Num(1), Sym("n"), Entry("w", (Sym("i.1"),)))
    slope = differentiate(body, Entry("w", (Sym("i.1"),)))
    assert isinstance(slope, Sum)
    assert slope.index != "i.1"


def test_what_has_no_rule_is_refused() -> None:
    with pytest.raises(NotDifferentiable):
        differentiate(expr("binomial(x,2)"), X)
    with pytest.raises(NotDifferentiable):
        differentiate(expr("sum(i,1,x,i)"), X)


def test_deep_and_shared_expressions() -> None:
    node: Expr = X
    for _ in range(5000):
        node = Call("sin", (node,))
    differentiate(node, X)
    node = X
    for _ in range(60):
        node = Call("sigmoid", (node,))
    assert evaluate_derivatives(node) is node


LIMITS = [
    ("lim(h,0,((x+h)**2-x**2)/h)", "2*x"),
    ("lim(h,0,(f(x+h)-f(x))/h)", "f1(x)"),
    ("lim(h,0,(f(x+h)-f(x-h))/(2*h))", "f1(x)"),
    ("lim(h,0,(f(x+h)-2*f(x)+f(x-h))/h**2)", "f2(x)"),
    ("lim(h,0,(f(x+h)*g(x+h)-f(x)*g(x))/h)", "f1(x)*g(x)+f(x)*g1(x)"),
    ("lim(h,0,(1/(x+h)-1/x)/h)", "-1/x**2"),
    ("lim(h,0,(sqrt(x+h)-sqrt(x))/h)", "1/(2*sqrt(x))"),
    ("lim(h,0,(log(x+h)-log(x))/h)", "1/x"),
    ("lim(h,0,(sigmoid(x+h)-sigmoid(x))/h)", "sigmoid(x)*(1-sigmoid(x))"),
    ("lim(h,0,(sin(x+h)-sin(x))/h)", "cos(x)"),
    ("lim(h,0,(sum(i,1,n,(x[i]+h)**2)-sum(i,1,n,x[i]**2))/h)", "2*sum(i,1,n,x[i])"),
    ("lim(x,0,(1-cos(x))/x**2)", "1/2"),
    ("lim(x,oo,(2*x**2+1)/(x**2-x))", "2"),
    ("lim(n,oo,(1+x/n)**n)", "exp(x)"),
    ("lim(x,oo,exp(-x))", "0"),
    ("lim(x,1,(x**2-1)/(x-1))", "2"),
    ("lim(x,2,x**2)", "4"),
]


@pytest.mark.parametrize(("text", "expected"), LIMITS)
def test_limits(text: str, expected: str) -> None:
    node = expr(text)
    assert isinstance(node, Limit)
    found = limit(node)
    assert found is not None
    assert isinstance(decide(found, expr(expected), domain()), Proved)


LIMITS_OPEN = [
    "lim(x,0,1/x)",
    "lim(h,0,abs(h)/h)",
    "lim(x,0,log(x))",
    "lim(x,0,floor(x))",
    "lim(x,oo,sin(x))",
]


@pytest.mark.parametrize("text", LIMITS_OPEN)
def test_limits_that_do_not_exist_or_are_not_known(text: str) -> None:
    node = expr(text)
    assert isinstance(node, Limit)
    assert limit(node) is None


INTEGRALS = [
    ("integral(x,0,1,x**2)", "1/3"),
    ("integral(t,0,x,exp(a*t))", "(exp(a*x)-1)/a"),
    ("integral(x,1,2,1/x)", "log(2)"),
    ("integral(x,0,pi,sin(x))", "2"),
    ("integral(x,0,1,x*(1-x))", "1/6"),
    ("integral(x,0,b,c*cos(2*x)+x)", "c*sin(2*b)/2+b**2/2"),
    ("integral(x,1,4,sqrt(x))", "14/3"),
    ("integral(x,1,2,1/x**2)", "1/2"),
]


@pytest.mark.parametrize(("text", "expected"), INTEGRALS)
def test_integrals(text: str, expected: str) -> None:
    node = expr(text)
    assert isinstance(node, Integral)
    found = integral(node)
    assert found is not None
    assert isinstance(decide(found, expr(expected), domain()), Proved)


INTEGRALS_OPEN = [
    "integral(x,-1,1,1/x)",
    "integral(x,-1,1,1/x**2)",
    "integral(x,0,1,exp(x**2))",
    "integral(x,0,oo,exp(-x))",
]


@pytest.mark.parametrize("text", INTEGRALS_OPEN)
def test_integrals_across_a_pole_or_beyond_the_rules(text: str) -> None:
    node = expr(text)
    assert isinstance(node, Integral)
    assert integral(node) is None


def test_constants_have_slope_zero() -> None:
    assert differentiate(expr("log(2)*pi"), X) == ZERO
