from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from itertools import pairwise

import pytest

from deriv.checking.results import Code, Counterexample, Diagnosis, FileResult, Kind, Report, Step, Verdict
from deriv.report.paint import clip, visible, width
from deriv.report.terminal import TextStyle, render_text
from deriv.report.words import point
from deriv.source import SourceFile, Span
from tests.report.samples import NORMAL, TEXT, notebook, notes, one_line_file, report, span, wrong_step


def shown(*files: FileResult, **style: object) -> str:
    made = report(*files)
    made.validate()
    return "\n".join(render_text(made, TextStyle(**style)))


def underlined(text: str, mark: str = "^") -> list[str]:
    """What stands above the marks, on every pair of a numbered line and a line of marks."""
    lines, found = text.splitlines(), []
    for above, below in pairwise(lines):
        marks = re.match(rf"^ +\| ([ ^-]*?)({re.escape(mark)}+)", below)
        if marks and re.match(r"^ *\d+ \|", above):
            body, at = above.split("| ", 1)[1], len(marks.group(1))
            found.append(_columns(body, at, at + len(marks.group(2))))
    return found


def _columns(text: str, start: int, end: int) -> str:
    kept, column = "", 0
    for char in text:
        if start <= column < end:
            kept += char
        column += 2 if unicodedata.east_asian_width(char) in "WF" else 0 if unicodedata.combining(char) else 1
    return kept


def test_a_refutation_in_full():
    text = shown(notes(steps=(wrong_step(),), problems=()))
    assert text.startswith(
        r"""refuted[chain-rule]: this line does not follow from the one before
 --> notes.tex:8:6
  |
7 |   &= \frac{d}{dx}\sin(x^2) \\
  |      --------------------- the line before
8 |   &= \cos(x^2)
  |      ^^^^^^^^^ the derivative of the inner function is missing
  |
  = evidence: at x = 1 the line before is 1.0806…, this line 0.5403…
  = help: written like this the step is proved: 2x\cos(x^2)
  = more: deriv explain chain-rule
"""
    )


def test_summary_fits_and_names_the_first_wrong_step():
    tail = shown().splitlines()[-5:]
    assert tail == [
        r"not checked: cannot read `\foo` (line 5)",
        "holds only if: x > 0 (line 7)",
        "note: read as an application (line 7)",
        "first wrong step: notes.tex:8:6 (chain-rule)",
        "4 steps: 1 given, 1 proved, 1 refuted, 1 unchecked",
    ]


def test_problems_of_the_document_are_warnings_with_a_place():
    text = shown()
    assert "warning: unknown directive `assum`; did you mean `assume`?\n  --> notes.tex:12:1" in text


def test_quiet_is_one_line_and_verbose_lists_what_holds():
    assert shown(quiet=True) == "4 steps: 1 given, 1 proved, 1 refuted, 1 unchecked"
    assert "notes.tex:7:6: proved (by normal form, if x > 0): f'(x) = \\frac{d}{dx}\\sin(x^2)" in shown(verbose=True)


def test_both_sides_on_one_line():
    text = shown(one_line_file("$x = -x$", "x", "-x", "-"))
    assert "1 | $x = -x$\n  |  -   ^ the sign is wrong\n  |  |\n  |  the left side\n" in text
    assert "refuted[sign]: the two sides are not equal" in text
    assert "at x = 1 the left side is 1, the right side 2" in text


@pytest.mark.parametrize("lead", ["", "\t", "日本語 ", "e\u0301 ", "😀\t", "a" * 30])
def test_underlines_stand_below_what_they_mean(lead):
    text = shown(one_line_file(f"{lead}$u = vw$", "$u", "vw$"))
    assert underlined(text) == ["vw$"]
    assert underlined(text, "-") == ["$u"]


def test_a_long_line_is_windowed_around_the_focus():
    text = " + ".join(f"a_{{{k}}} x^{{{k}}}" for k in range(1, 80))
    line = f"$f = {text} = {text.replace('a_{40} ', '-a_{40} ')}$"
    assert len(line) > 1800
    out = shown(one_line_file(line, "f", text.replace("a_{40} ", "-a_{40} "), "-a_{40}"))
    assert underlined(out) == ["-a_{40}"]
    assert max(width(row) for row in out.splitlines() if "|" in row) <= 100 + len(" the sign is wrong")
    assert "…" in out


def test_a_focus_longer_than_the_screen_is_cut():
    line = "$f = " + "x + " * 300 + "1$"
    out = shown(one_line_file(line, "f", "x + " * 300 + "1"))
    assert max(width(row.removesuffix(" the sign is wrong")) for row in out.splitlines()) <= 101


def test_a_side_over_several_lines():
    body = "a\n  + b\n  + c"
    out = shown(one_line_file(f"$$\nf =\n{body}\n$$", "f", body))
    assert underlined(out) == ["a", "+ b", "+ c"]
    assert "+ c\n  |   ^^^ the sign is wrong" in out


def test_an_empty_focus_still_has_a_mark():
    file = one_line_file("$x = y$", "x", "y")
    step = file.steps[0]
    missing = replace(step, focus=Span(step.span.end, step.span.end))
    assert "^ the sign is wrong" in shown(replace(file, steps=(missing,)))


def test_repeated_slides_are_reported_once():
    text = TEXT + TEXT
    at = len(TEXT)
    again = wrong_step(index=5, span=span(text, r"\cos(x^2)", at), previous=None, duplicate_of=2)
    out = shown(notes(sources=(SourceFile("notes.tex", text),), steps=(wrong_step(), again), problems=()))
    assert out.count("refuted[") == 1
    assert "= also: the same at line 20" in out
    assert "2 steps: 0 proved, 2 refuted" in out


def test_carried_and_recovered_steps_are_named():
    carried = Step(index=0, chain=0, span=Span(0, 1), verdict=Verdict.PROVED, certificate=NORMAL, carried=True)
    right = Step(index=1, chain=0, span=Span(0, 1), verdict=Verdict.PROVED, certificate=NORMAL, recovers=True)
    out = shown(notes(steps=(carried, right), problems=()))
    assert "carried forward: follows from the wrong step before it (line 1)" in out
    assert "right again: holds in spite of the wrong step before it (line 1)" in out


def test_reasons_are_grouped_and_the_list_is_short():
    steps = tuple(
        Step(index=k, chain=0, span=Span(0, 1), verdict=Verdict.UNCHECKED, reason=f"reason {k // 2}") for k in range(40)
    )
    out = shown(notes(steps=steps, problems=()))
    assert "not checked: reason 0 (line 1)" in out
    assert "not checked: … and 12 more (shown with -v)" in out
    assert "reason 19" in shown(notes(steps=steps, problems=()), verbose=True)


def test_a_notebook_names_the_cell():
    assert " --> n.ipynb:cell 3:8:6" in shown(notebook())


def test_titles_say_what_kind_of_step_is_wrong():
    def head(code: Code, **changes: object) -> str:
        file = one_line_file("$x = y$", "x", "y", diagnosis=Diagnosis(code, "m"), **changes)
        return shown(file).splitlines()[0]

    assert head(Code.DESCENT).endswith(": this update walks uphill")
    assert head(Code.SHAPE).endswith(": the shapes do not fit")
    assert head(Code.NUMERIC).endswith(": this number does not come out")
    assert head(Code.SIGN, kind=Kind.INEQUALITY).endswith(": this inequality does not hold")
    assert head(Code.SIGN, kind=Kind.DERIVATIVE).endswith(": this derivative is not right")


def test_sizes_come_first_in_the_evidence():
    found = Counterexample({"x_1": "1/2"}, "1", "2", {"n": 3})
    assert "at n = 3, x_1 = 1/2 the left side" in shown(one_line_file("$x = y$", "x", "y", counterexample=found))


def test_layers_stand_above_in_the_evidence():
    found = Counterexample({"W__2_11": "9/4", "z__1,12": "1", "x_1": "2"}, "0", "1", {})
    assert point(found) == "W^(2)_11 = 9/4, z^(1,12) = 1, x_1 = 2"


def test_colour_only_when_asked():
    assert "\x1b[" not in shown()
    coloured = shown(colour=True)
    assert "\x1b[1;31mrefuted[chain-rule]\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == shown()


def test_a_document_cannot_write_on_the_terminal():
    out = shown(one_line_file("$x = \x1b[2Jy\x07$", "x", "y"))
    assert "\x1b" not in out
    assert "\x07" not in out
    assert visible("a\u202eb\x00") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"


def test_clip():
    assert clip("a  b\nc", 10) == "a b c"
    assert clip("日本語日本語", 7) == "日本語…"


def test_nothing_found():
    assert shown(notes(steps=(), problems=())) == "no steps found"
    assert list(render_text(Report(()), TextStyle())) == ["no steps found"]
