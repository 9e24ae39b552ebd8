"""Generated mistakes get the right code first; right steps never get one."""

from __future__ import annotations

import random

import pytest

from deriv.checking.document import check_text
from deriv.checking.results import Verdict
from deriv.engine.forward import derive
from deriv.expr import nodes as n
from deriv.expr.printing import to_latex
from deriv.rulebook.book import default_book
from tests.diagnosis.accuracy import document, measure
from tests.diagnosis.right import FALSE, RIGHT


def test_generated_mistakes_get_the_right_code_first(pytestconfig: pytest.Config) -> None:
    score = measure(pytestconfig.getoption("--mistakes", default=120), seed=7)
    print(score.table())
    wrong = [f"{v.code} taken for {v.step and v.step.code}: {v.step and v.step.lhs} = {v.wrong}" for v in score.wrong]
    assert score.accuracy >= 0.9, "\n".join([score.table(), *wrong])
    assert score.refuted.total() >= 0.85 * score.made.total(), score.table()


def random_function(dice: random.Random, depth: int) -> n.Expr:
    x = n.Sym("x")
    if depth == 0:
        return dice.choice([x, n.Mul((n.Num(dice.randint(2, 5)), x)), n.Add((x, n.Num(dice.randint(1, 4))))])
    one, two = (random_function(dice, depth - 1) for _ in range(2))
    made = (
        lambda: n.Mul((one, two)),
        lambda: n.Add((one, two)),
        lambda: n.Mul((one, n.reciprocal(n.Add((n.ONE, n.Pow(two, n.Num(2))))))),
        lambda: n.Call(dice.choice(["sin", "cos", "exp", "tanh", "atan", "sigmoid"]), (one,)),
        lambda: n.Pow(one, n.Num(dice.randint(2, 4))),
    )
    return dice.choice(made)()


def test_right_derivatives_of_random_functions_are_not_accused() -> None:
    dice = random.Random(11)
    rows = []
    for _ in range(40):
        function = random_function(dice, dice.randint(1, 2))
        slope = derive(function, n.Sym("x"), default_book()).result
        rows.append(rf"$$ \frac{{d}}{{dx}} \left[{to_latex(function)}\right] = {to_latex(slope)} $$")
    steps = check_text("\n\n".join(rows), path="right.md", kind="markdown").steps
    assert len(steps) == len(rows)
    assert not [step.rhs for step in steps if step.verdict is Verdict.REFUTED]


@pytest.mark.parametrize("case", RIGHT, ids=[case[1][:60] for case in RIGHT])
def test_right_steps_get_no_diagnosis(case: tuple[str, str]) -> None:
    steps = check_text(document(case), path="right.md", kind="markdown").steps
    refuted = [step for step in steps if step.verdict is Verdict.REFUTED]
    if case[1] in FALSE:
        pytest.skip("known: " + FALSE[case[1]])
    assert not refuted
