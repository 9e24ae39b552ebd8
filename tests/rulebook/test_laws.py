"""Every law against numbers, and every mistake against its law: each must really be wrong somewhere."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from deriv.expr import nodes as n
from deriv.expr.substitute import substitute
from deriv.expr.sympy_bridge import to_sympy
from deriv.rulebook.arrays import ArrayFormula
from deriv.rulebook.book import default_book
from deriv.rulebook.model import AlgebraLaw, FunctionLaw, GradientLaw, MatrixLaw, Rule, StructureLaw
from tests.rulebook.numeric import Point, close, slope, value
from tests.rulebook.points import points

BOOK = default_book()


def by_kind(kind: str) -> Any:
    rules = BOOK.kind(kind)
    return pytest.mark.parametrize("rule", rules, ids=[rule.id for rule in rules])


# ---------------------------------------------------------------- functions


def function_parts(rule: Rule) -> tuple[FunctionLaw, n.Expr, dict[n.Expr, n.Expr]]:
    law = rule.law
    assert isinstance(law, FunctionLaw)
    call = n.Call(law.function, tuple(map(n.Sym, law.inputs)))
    return law, call, {n.Sym("y"): call}


@by_kind("function")
def test_partials_agree_with_differences(rule: Rule) -> None:
    law, call, named = function_parts(rule)
    for at in points(rule, call):
        for name, partial in zip(law.inputs, law.partials, strict=True):
            assert close(slope(call, n.Sym(name), at), value(substitute(partial, named), at))


@by_kind("function")
def test_second_order_agrees_with_differences(rule: Rule) -> None:
    law, call, named = function_parts(rule)
    for at in points(rule, call, count=2):
        for name, partial in zip(law.inputs, law.partials, strict=True):
            variable, step = n.Sym(name), mpmath.mpf(10) ** -12
            ahead, here, behind = (value(call, at.moved(variable, by)) for by in (step, 0, -step))
            second = (ahead - 2 * here + behind) / step**2
            assert close(slope(substitute(partial, named), variable, at), second)


@by_kind("function")
def test_partials_agree_with_sympy(rule: Rule) -> None:
    law, call, named = function_parts(rule)
    if law.function in ("floor", "ceil"):
        pytest.skip("SymPy leaves the derivative of a function with jumps unevaluated")
    meaning = to_sympy(law.meaning if law.meaning is not None else call)
    for at in points(rule, call, count=2):
        point = {sympy.Symbol(name): sympy.Float(str(at.names[name]), 30) for name in law.inputs}
        for name, partial in zip(law.inputs, law.partials, strict=True):
            real = {sympy.Symbol(other): sympy.Symbol(other, real=True) for other in law.inputs}
            oracle = meaning.subs(real).diff(real[sympy.Symbol(name)]).subs({real[k]: v for k, v in point.items()})
            ours = value(substitute(partial, named), at)
            assert abs(complex(oracle.evalf(20)) - complex(ours)) < 1e-9 * (1 + abs(complex(ours)))


@by_kind("function")
def test_function_mistakes_are_wrong(rule: Rule) -> None:
    law, call, named = function_parts(rule)
    for mistake in rule.mistakes:
        assert isinstance(mistake.wrong, tuple)
        assert len(mistake.wrong) == len(law.partials)
        pairs = [(substitute(w, named), substitute(r, named)) for w, r in zip(mistake.wrong, law.partials, strict=True)]
        assert any(differs(w, r, at) for at in points(rule, call, n.Add(mistake.wrong), count=30) for w, r in pairs), (
            mistake.id
        )


def differs(left: n.Expr, right: n.Expr, at: Point) -> bool:
    try:
        return abs(value(left, at) - value(right, at)) > mpmath.mpf(10) ** -9
    except ZeroDivisionError:
        return True


# ---------------------------------------------------------------- structure


def with_functions(rule: Rule, at: Any) -> Point:
    """Concrete functions for the metavariables: f, g, u, v depend on x, the constants do not."""
    x = n.Sym("x")
    values: dict[str, Any] = {"x": at, "n": mpmath.mpf(3), "c": mpmath.mpf("0.3"), "a": mpmath.mpf("1.7")}
    values |= {"r": mpmath.mpf("2.5"), "b": mpmath.mpf("2.1")}
    shapes = {
        "f": n.Add((n.Num(2), n.Call("sin", (x,)))), "g": n.Call("exp", (n.Mul((n.HALF, x)),)),
        "u": n.Add((n.ONE, n.Pow(x, n.Num(2)))), "v": n.Call("cos", (x,)),
    }  # fmt: skip
    if rule.id == "inverse-function":
        shapes["u"] = n.Call("log", (x,))
    if rule.id == "implicit":
        shapes["u"] = n.Pow(n.Add((n.Num(9), n.neg(n.Pow(x, n.Num(2))))), n.HALF)
    values |= {name: (lambda point, shape=shape: value(shape, point)) for name, shape in shapes.items()}
    return Point(values, {}, {"f": sample_function(rule), "F": circle})


def sample_function(rule: Rule) -> Any:
    s, t = sympy.symbols("s t")
    if rule.id == "inverse-function":
        return symbolic((s,), sympy.exp(s))

    def one_or_two(orders: tuple[int, ...], *args: Any) -> Any:
        chosen = (
            symbolic((s,), sympy.sin(s) + s**2) if len(args) == 1 else symbolic((s, t), sympy.exp(s / 3) * (t**2 + 2))
        )
        return chosen(orders, *args)

    return one_or_two


def symbolic(slots: tuple[Any, ...], body: Any) -> Any:
    def evaluate(orders: tuple[int, ...], *args: Any) -> Any:
        expr = body
        for slot, order in zip(slots, orders, strict=True):
            expr = expr.diff(slot, order) if order else expr
        return sympy.lambdify(slots, expr, "mpmath")(*args)

    return evaluate


def circle(orders: tuple[int, ...], s: Any, t: Any) -> Any:
    x, y = sympy.symbols("x y")
    return symbolic((x, y), x**2 + y**2 - 9)(orders, s, t)


@by_kind("structure")
def test_structure_rule_holds(rule: Rule) -> None:
    law = rule.law
    assert isinstance(law, StructureLaw)
    for at in map(mpmath.mpf, ("0.2", "0.7", "1.1", "1.6")):
        point = with_functions(rule, at)
        assert close(value(law.pattern, point), value(law.result, point))


@by_kind("structure")
def test_structure_mistakes_are_wrong(rule: Rule) -> None:
    law = rule.law
    assert isinstance(law, StructureLaw)
    tried = [with_functions(rule, mpmath.mpf(at)) for at in ("0.2", "0.7", "1.6")]
    for mistake in rule.mistakes:
        assert any(differs(mistake.wrong[0], law.result, point) for point in tried), mistake.id


# ---------------------------------------------------------------- algebra and gradients


@by_kind("algebra")
def test_algebra_law_holds(rule: Rule) -> None:
    law = rule.law
    assert isinstance(law, AlgebraLaw)
    for at in points(rule, law.before, law.after, *(m.wrong[0] for m in rule.mistakes)):
        assert close(value(law.before, at), value(law.after, at))


@by_kind("algebra")
def test_algebra_mistakes_are_wrong(rule: Rule) -> None:
    law = rule.law
    assert isinstance(law, AlgebraLaw)
    for mistake in rule.mistakes:
        assert any(differs(mistake.wrong[0], law.after, at) for at in points(rule, law.before, mistake.wrong[0])), (
            mistake.id
        )


@by_kind("gradient")
def test_gradient_law_holds(rule: Rule) -> None:
    law = rule.law
    assert isinstance(law, GradientLaw)
    for at in points(rule, law.value, law.variable, law.derivative):
        assert close(slope(law.value, law.variable, at), value(law.derivative, at))


@by_kind("gradient")
def test_gradient_mistakes_are_wrong(rule: Rule) -> None:
    law = rule.law
    assert isinstance(law, GradientLaw)
    for mistake in rule.mistakes:
        near = points(rule, law.value, law.variable, law.derivative, mistake.wrong[0], count=12)
        assert any(differs(mistake.wrong[0], law.derivative, at) for at in near), mistake.id


# ---------------------------------------------------------------- matrices

DIMENSIONS = {"n": 3, "m": 2, "p": 2, "k": 2}


def arrays(law: MatrixLaw, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    made = {name: rng.normal(size=tuple(DIMENSIONS[d] for d in shape)) for name, shape in law.shapes.items()}
    if law.properties:
        made[law.variable] = made[law.variable] * 0.3 + 2 * np.eye(made[law.variable].shape[0])
    return made


def change(law: MatrixLaw, at: dict[str, Any], direction: Any) -> Any:
    """The derivative along a direction, by a central difference."""
    h = 1e-5
    ahead, behind = ({**at, law.variable: at[law.variable] + s * h * direction} for s in (1, -1))
    return (np.asarray(law.value.evaluate(ahead)) - np.asarray(law.value.evaluate(behind))) / (2 * h)


def predicted(law: MatrixLaw, formula: ArrayFormula, at: dict[str, Any], direction: Any, *, gradient: bool) -> Any:
    if not gradient:
        return formula.evaluate({**at, f"d{law.variable}": direction})
    found = np.asarray(formula.evaluate(at))
    return np.sum(found * direction) if found.shape == direction.shape else None


@by_kind("matrix")
def test_matrix_law_holds(rule: Rule) -> None:
    law = rule.law
    assert isinstance(law, MatrixLaw)
    formula = law.gradient or law.differential
    assert formula is not None
    for seed in range(4):
        at = arrays(law, seed)
        direction = np.random.default_rng(seed + 100).normal(size=at[law.variable].shape)
        guess = predicted(law, formula, at, direction, gradient=law.gradient is not None)
        assert guess is not None, "the gradient has another shape than the variable"
        np.testing.assert_allclose(guess, change(law, at, direction), rtol=1e-6, atol=1e-7)


@by_kind("matrix")
def test_matrix_mistakes_are_wrong(rule: Rule) -> None:
    law = rule.law
    assert isinstance(law, MatrixLaw)
    for mistake in rule.mistakes:
        assert isinstance(mistake.wrong, ArrayFormula)
        assert any(matrix_differs(law, mistake.wrong, seed) for seed in range(4)), mistake.id


def matrix_differs(law: MatrixLaw, wrong: ArrayFormula, seed: int) -> bool:
    at = arrays(law, seed)
    direction = np.random.default_rng(seed + 100).normal(size=at[law.variable].shape)
    try:
        guess = predicted(law, wrong, at, direction, gradient=law.gradient is not None)
    except ValueError:  # the shapes do not fit together, which is wrong enough
        return True
    truth = change(law, at, direction)
    return guess is None or np.shape(guess) != np.shape(truth) or not np.allclose(guess, truth, rtol=1e-4, atol=1e-5)
