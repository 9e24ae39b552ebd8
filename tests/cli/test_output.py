from __future__ import annotations

import io
import sys

import pytest

from deriv.cli import output


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("choice", "stream", "environment", "wanted"),
    [
        ("auto", Terminal(), {}, True),
        ("auto", Terminal(), {"NO_COLOR": ""}, True),
        ("auto", Terminal(), {"NO_COLOR": "1"}, False),
        ("auto", Terminal(), {"TERM": "dumb"}, False),
        ("auto", io.StringIO(), {}, False),
        ("always", io.StringIO(), {"NO_COLOR": "1"}, True),
        ("never", Terminal(), {}, False),
    ],
)
def test_colour(choice, stream, environment, wanted):
    assert output.use_colour(choice, stream, environment) is wanted


def test_width_is_fixed_without_a_terminal():
    assert output.screen_width(io.StringIO()) == 100


@pytest.mark.parametrize(("began", "shown", "seen"), [(-5.0, True, True), (0.0, True, False), (-5.0, False, False)])
def test_progress_only_on_a_terminal_and_on_long_work(monkeypatch, began, shown, seen):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    progress = output.Progress(2, shown=shown)
    progress.began += began
    progress.start("notes.tex")
    progress(3, 9)
    progress.finish()
    assert ("checking notes.tex (1 of 2): step 3 of 9" in stream.getvalue()) is seen
    assert stream.getvalue().endswith("\r\x1b[K") is seen
    if not seen:
        assert not stream.getvalue()


def test_half_a_surrogate_pair_can_be_written(tmp_path):
    output.write_lines(["a\ud800"], str(tmp_path / "out"))
    assert (tmp_path / "out").read_text(encoding="utf-8") == "a\\ud800\n"
