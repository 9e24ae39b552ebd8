"""Generated mistakes get the right code first; right steps never get one."""

from __future__ import annotations

import pytest

from deriv.check.document import check_text
from deriv.check.results import Verdict
from tests.diagnosis.accuracy import document, measure
from tests.diagnosis.right import FALSE, RIGHT


def test_generated_mistakes_get_the_right_code_first(pytestconfig: pytest.Config) -> None:
    score = measure(pytestconfig.getoption("--mistakes"), seed=7)
    print(score.table())
    wrong = [f"{v.code} taken for {v.step and v.step.code}: {v.step and v.step.lhs} = {v.wrong}" for v in score.wrong]
    assert score.accuracy >= 0.9, "\n".join([score.table(), *wrong])
    assert score.refuted.total() >= 0.85 * score.made.total(), score.table()


@pytest.mark.parametrize("case", RIGHT, ids=[case[1][:60] for case in RIGHT])
def test_right_steps_get_no_diagnosis(case: tuple[str, str]) -> None:
    steps = check_text(document(case), path="right.md", kind="markdown").steps
    refuted = [step for step in steps if step.verdict is Verdict.REFUTED]
    if case[1] in FALSE:
        pytest.skip("known: " + FALSE[case[1]])
    assert not refuted
