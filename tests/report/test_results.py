from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from deriv.checking.results import CheckOptions, Code, Diagnosis, Problem, Verdict
from deriv.source import Span
from tests.report.samples import good_steps, notes, report, wrong_step


def test_samples_are_well_formed():
    report().validate()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"counterexample": None}, "needs a counterexample"),
        ({"verdict": Verdict.PROVED}, "only refuted"),
        ({"verdict": Verdict.PROVED, "counterexample": None, "diagnosis": None}, "needs a certificate"),
        ({"verdict": Verdict.TESTED, "counterexample": None, "diagnosis": None}, "needs a certificate"),
        ({"verdict": Verdict.UNCHECKED, "counterexample": None, "diagnosis": None}, "needs a reason"),
        ({"reason": "too hard"}, "only unchecked"),
        ({"certificate": {"method": "rules"}}, "only proved and tested"),
        ({"carried": True}, "carried"),
        ({"recovers": True}, "recovers"),
        ({"diagnosis": Diagnosis(Code.SIGN, "m", "x", None)}, "come together"),
        ({"diagnosis": Diagnosis(Code.SIGN, "m", "x", Verdict.UNCHECKED)}, "must itself be proved"),
    ],
)
def test_a_verdict_without_its_evidence_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        wrong_step(**changes).validate()


def test_a_certificate_names_its_method():
    with pytest.raises(ValueError, match="names its method"):
        replace(good_steps()[1], certificate={"points": 3}).validate()


def test_spans_lie_inside_the_text():
    with pytest.raises(ValueError, match="outside the text"):
        notes(steps=(wrong_step(focus=Span(0, 10_000)),)).validate()


def test_indices_are_unique_and_repeats_exist():
    with pytest.raises(ValueError, match="same index"):
        notes(steps=(wrong_step(), wrong_step())).validate()
    with pytest.raises(ValueError, match="repeats a step"):
        notes(steps=(wrong_step(duplicate_of=77),)).validate()


def test_a_cell_without_a_source_is_an_error():
    with pytest.raises(ValueError, match="no source"):
        notes().source_of(Problem("x", cell=4))


def test_summary_counts_every_step():
    summary = report().summary
    assert (summary.steps, summary.given, summary.proved, summary.refuted, summary.unchecked) == (4, 1, 1, 1, 1)


def test_silenced_step_is_open_and_says_why():
    step = wrong_step().silenced()
    step.validate()
    assert (step.verdict, step.reason, step.ignored) == (Verdict.UNCHECKED, "ignored: chain-rule", True)


def test_code_of_a_refutation_without_diagnosis_is_unknown():
    assert wrong_step(diagnosis=None).code is Code.UNKNOWN
    assert good_steps()[0].code is None


def test_detached_results_can_be_sent_to_another_process():
    with_readings = notes().detached(readings=True)
    assert pickle.loads(pickle.dumps(with_readings)).steps[2].reading_lhs == "2*x*cos(x**2)"  # noqa: S301  # our own
    assert notes().detached(readings=False).steps[2].reading_lhs is None
    assert pickle.loads(pickle.dumps(CheckOptions())) == CheckOptions()  # noqa: S301  # our own
