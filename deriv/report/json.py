"""The report programs read; `schema.json` beside this file describes it, and `"schema": 1` is a promise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TypeAlias

from deriv import __version__
from deriv.checking.results import Counterexample, Diagnosis, FileResult, Problem, Report, Step, text_of
from deriv.report.places import range_of, step_range

SCHEMA = 1

Object: TypeAlias = dict[str, object]


def render_json(report: Report) -> str:
    """The whole report as one JSON text."""
    return json.dumps(report_object(report), ensure_ascii=False, indent=2, default=_plain)


def report_object(report: Report) -> Object:
    """The report as plain dictionaries and lists."""
    files = [_file(file) for file in report.files]
    return {"schema": SCHEMA, "deriv": __version__, "files": files, "summary": asdict(report.summary)}


def _file(file: FileResult) -> Object:
    result: Object = {"path": file.path, "steps": [_step(file, step) for step in file.steps]}
    if file.problems:
        result["problems"] = [_problem(file, problem) for problem in file.problems]
    return result


def _problem(file: FileResult, problem: Problem) -> Object:
    where = asdict(range_of(file.source_of(problem), problem.span)) if problem.span else {}
    return _present({"message": problem.message, "cell": problem.cell, **where})


def _step(file: FileResult, step: Step) -> Object:
    return {
        "index": step.index,
        "chain": step.chain,
        **_present({"cell": step.cell}),
        **asdict(step_range(file, step)),
        "kind": step.kind.value,
        **_present({"relation": step.relation, "lhs": step.lhs, "rhs": step.rhs, "reading": _reading(step)}),
        "verdict": step.verdict.value,
        "carried": step.carried,
        "recovers": step.recovers,
        "assumes": list(step.assumes),
        **_present(
            {
                "certificate": dict(step.certificate or {}),
                "counterexample": _counterexample(step.counterexample),
                "diagnosis": _diagnosis(step.diagnosis),
                "reason": step.reason,
                "duplicate_of": step.duplicate_of,
                "ignored": step.ignored or None,
            }
        ),
        "notes": list(step.notes),
    }


def _present(fields: Mapping[str, object]) -> Object:
    """Only the fields that apply."""
    return {name: value for name, value in fields.items() if value not in (None, "", {})}


def _reading(step: Step) -> Object:
    return _present({"lhs": text_of(step.reading_lhs), "rhs": text_of(step.reading_rhs)})


def _counterexample(found: Counterexample | None) -> Object | None:
    if found is None:
        return None
    return {"at": dict(found.at), "sizes": dict(found.sizes), "lhs": found.lhs, "rhs": found.rhs}


def _diagnosis(diagnosis: Diagnosis | None) -> Object | None:
    if diagnosis is None:
        return None
    verdict = diagnosis.repair_verdict
    return _present(
        {
            "code": diagnosis.code.value,
            "message": diagnosis.message,
            "repair": diagnosis.repair,
            "repair_verdict": verdict.value if verdict else None,
        }
    )


def _plain(value: object) -> object:
    """Certificates hold whatever their method needs; mappings, sequences and exact numbers become JSON here."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)
