"""Several processes: the children are real, so the checker they import is the real one."""

from __future__ import annotations

import json

from deriv.checking.results import CheckOptions
from deriv.cli.fence import Failure
from deriv.cli.judging import Job, judge_apart, judge_here


def jobs(*texts: str) -> list[Job]:
    return [Job(f"{k}.md", text, "markdown", (), CheckOptions()) for k, text in enumerate(texts)]


def test_results_come_in_the_order_of_the_documents():
    work = jobs("$1 + 1 = 2$", "", "$x + x = 2x$", "$x = 1")
    apart = list(judge_apart(work, 2, readings=True))
    here = list(judge_here(work))
    assert [getattr(result, "path", None) for result in apart] == ["0.md", "1.md", "2.md", "3.md"]
    for one, other in zip(apart, here, strict=True):
        assert not isinstance(other, Failure)
        assert one == other.detached(readings=True)


def test_json_is_the_same_with_one_process_and_with_two(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        (tmp_path / f"{name}.md").write_text("$x + x = 2x$")
    one, two = (run("check", ".", "--format", "json", "--jobs", n) for n in "12")
    assert one.exit_code == two.exit_code
    assert json.loads(one.stdout) == json.loads(two.stdout)
