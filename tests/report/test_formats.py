from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest

from deriv import __version__
from deriv.checking.results import Code, Kind, Verdict
from deriv.report.github import render_github
from deriv.report.json import render_json
from deriv.report.sarif import render_sarif
from tests.report.samples import notebook, notes, one_line_file, report, wrong_step


@pytest.fixture(scope="module")
def schema():
    loaded = json.loads((files("deriv.report") / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


@pytest.mark.parametrize("made", [report(), report(notebook()), report(notes(steps=())), report(notes(), notebook())])
def test_json_follows_the_shipped_schema(schema, made):
    schema.validate(json.loads(render_json(made)))


def test_the_schema_refuses_a_verdict_without_evidence(schema):
    data = json.loads(render_json(report()))
    del data["files"][0]["steps"][2]["counterexample"]
    assert not schema.is_valid(data)


def test_the_schema_knows_all_words(schema):
    step = schema.schema["$defs"]["step"]["properties"]
    assert schema.schema["$defs"]["code"]["enum"] == [code.value for code in Code]
    assert schema.schema["$defs"]["verdict"]["enum"] == [verdict.value for verdict in Verdict]
    assert step["kind"]["enum"] == [kind.value for kind in Kind]


def test_json_step_as_promised():
    data = json.loads(render_json(report()))
    assert (data["schema"], data["deriv"]) == (1, __version__)
    assert data["files"][0]["steps"][2] == {
        "index": 2,
        "chain": 1,
        "line": 8,
        "column": 6,
        "end_line": 8,
        "end_column": 15,
        "kind": "derivative",
        "relation": "=",
        "lhs": r"\frac{d}{dx}\sin(x^2)",
        "rhs": r"\cos(x^2)",
        "reading": {"lhs": "2*x*cos(x**2)", "rhs": "cos(x**2)"},
        "verdict": "refuted",
        "carried": False,
        "recovers": False,
        "assumes": [],
        "counterexample": {"at": {"x": "1"}, "sizes": {}, "lhs": "1.0806…", "rhs": "0.5403…"},
        "diagnosis": {
            "code": "chain-rule",
            "message": "the derivative of the inner function is missing",
            "repair": r"2x\cos(x^2)",
            "repair_verdict": "proved",
        },
        "notes": [],
    }
    assert data["summary"] == {"steps": 4, "given": 1, "proved": 1, "tested": 0, "refuted": 1, "unchecked": 1}


def test_json_of_a_notebook_counts_within_the_cell():
    step = json.loads(render_json(report(notebook())))["files"][0]["steps"][0]
    assert (step["cell"], step["line"]) == (3, 8)


def test_columns_count_characters():
    step = json.loads(render_json(report(one_line_file("😀 $u = v$", "u", "v"))))["files"][0]["steps"][0]
    assert (step["column"], step["end_column"]) == (8, 9)


def test_readings_are_made_only_for_json():
    def refuse() -> str:
        raise AssertionError("asked for a reading")

    made = report(notes(steps=(wrong_step(reading_lhs=refuse),)))
    render_sarif(made)
    list(render_github(made))
    with pytest.raises(AssertionError):
        render_json(made)


def test_sarif():
    log = json.loads(render_sarif(report()))
    (run,) = log["runs"]
    (result,) = run["results"]
    assert log["version"] == "2.1.0"
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {*Code, "unchecked"}
    assert (result["ruleId"], result["level"]) == ("chain-rule", "error")
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "notes.tex"},
        "region": {"startLine": 8, "startColumn": 6, "endLine": 8, "endColumn": 15},
    }


def test_sarif_strict_adds_open_steps():
    results = json.loads(render_sarif(report(), strict=True))["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["chain-rule", "unchecked"]


def test_sarif_of_a_notebook_has_a_logical_place():
    result = json.loads(render_sarif(report(notebook())))["runs"][0]["results"][0]
    assert "region" not in result["locations"][0]["physicalLocation"]
    assert result["locations"][0]["logicalLocations"][0]["name"] == "cell 3, line 8"


def test_github_annotations_are_escaped():
    (line,) = render_github(report(notes(path="a,b:c.tex", steps=(wrong_step(),))))
    head, _, message = line.removeprefix("::").partition("::")
    assert head == "error title=deriv (chain-rule),file=a%2Cb%3Ac.tex,line=8,endLine=8,col=6,endColumn=14"
    assert message.startswith("the derivative of the inner function is missing; at x = 1 the sides are")
    assert len(list(render_github(report(), strict=True))) == 2


def test_github_notebook_lines_are_in_the_message():
    (line,) = render_github(report(notebook()))
    assert "line=1::cell 3, line 8: " in line
