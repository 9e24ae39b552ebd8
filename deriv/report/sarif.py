"""SARIF 2.1.0, the format of code-scanning services."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import TypeAlias
from urllib.parse import quote

from deriv import __version__
from deriv.checking.results import Code, FileResult, Report, Step, Verdict
from deriv.report import words
from deriv.report.pages import one_sentence
from deriv.report.places import step_range

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_UNCHECKED = "unchecked"

Object: TypeAlias = Mapping[str, object]


def render_sarif(report: Report, *, strict: bool = False) -> str:
    """The refuted steps (with `strict` the unchecked ones too) as a SARIF log."""
    run = {
        "tool": {"driver": {"name": "deriv", "version": __version__, "rules": list(_rules())}},
        # the standard counts UTF-16 units unless told otherwise
        "columnKind": "unicodeCodePoints",
        "results": [_result(file, step) for file, step in findings(report, strict=strict)],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def findings(report: Report, *, strict: bool) -> Iterator[tuple[FileResult, Step]]:
    """What an annotation is made for: wrong steps, each once, and with `strict` those not judged."""
    for file in report.files:
        for step in file.steps:
            open_ = strict and step.verdict is Verdict.UNCHECKED and not step.ignored
            if (step.verdict is Verdict.REFUTED or open_) and step.duplicate_of is None:
                yield file, step


def _rules() -> Iterator[Object]:
    for code in Code:
        yield {"id": code.value, "shortDescription": {"text": one_sentence(code.value)}}
    yield {"id": _UNCHECKED, "shortDescription": {"text": "A step that was not judged."}}


def _result(file: FileResult, step: Step) -> Object:
    return {
        "ruleId": step.code.value if step.code else _UNCHECKED,
        "level": "error" if step.code else "warning",
        "message": {"text": words.one_line(step)},
        "locations": [_location(file, step)],
    }


def _location(file: FileResult, step: Step) -> Object:
    where = step_range(file, step)
    region = {
        "startLine": where.line,
        "startColumn": where.column,
        "endLine": where.end_line,
        "endColumn": where.end_column,
    }
    artifact = {"uri": quote(PurePath(file.path).as_posix())}
    if step.cell is None:
        return {"physicalLocation": {"artifactLocation": artifact, "region": region}}
    # lines count within a cell, which a physical region of the file cannot say
    cell = {"name": f"cell {step.cell}, line {where.line}", "kind": "element"}
    return {"physicalLocation": {"artifactLocation": artifact}, "logicalLocations": [cell]}
