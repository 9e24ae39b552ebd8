from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.usefixtures("calls")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("proved", [], 0),
        ("", [], 0),
        ("open", [], 0),
        ("open", ["--strict"], 1),
        ("wrong", [], 1),
        ("wrong", ["--exit-zero"], 0),
        ("open", ["--strict", "--exit-zero"], 0),
        ("wrong", ["--ignore", "sign"], 0),
        ("wrong", ["--ignore", "sign", "--strict"], 0),
        ("wrong", ["--ignore", "index,sum"], 1),
        ("wrong index", ["--select", "sign"], 0),
        ("wrong index", ["--select", "ALL", "--ignore", "sum"], 1),
        ("wrong", ["--format", "json"], 1),
        ("wrong", ["--format", "sarif"], 1),
        ("wrong", ["--format", "github"], 1),
    ],
)
def test_exit_codes(run, tmp_path, text, options, code):
    (tmp_path / "a.md").write_text(text)
    assert run("check", "a.md", *options).exit_code == code


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "a.md", "--format", "yaml"],
        ["check", "a.md", "--ignore", "sing"],
        ["check", "a.md", "--timeout", "0"],
        ["check", "a.md", "--jobs", "0"],
        ["check", "a.md", "--given", "nowhere.md"],
        ["check", "a.md", "-o", "nowhere/out.json"],
        ["chekc", "a.md"],
    ],
)
def test_bad_usage_is_2(run, tmp_path, arguments):
    (tmp_path / "a.md").write_text("proved")
    assert run(*arguments).exit_code == 2


def test_unknown_code_suggests_the_nearest(run):
    assert "unknown code `sing`; did you mean `sign`?" in run("check", ".", "--ignore", "sing").stderr


def test_one_bad_file_never_stops_the_others(run, tmp_path):
    (tmp_path / "latin.tex").write_bytes(b"proved\n\xe9t\xe9")
    (tmp_path / "wide.tex").write_bytes("proved".encode("utf-16"))
    (tmp_path / "b.tex").write_text("proved\nwrong")
    result = run("check", "latin.tex", "gone.tex", "wide.tex", "b.tex", "--format", "json")
    assert result.exit_code == 2
    assert [file["path"] for file in json.loads(result.stdout)["files"]] == ["b.tex"]
    assert result.stderr.splitlines() == [
        "error: latin.tex: not UTF-8 text (byte 0xe9 on line 2)",
        "error: gone.tex: No such file or directory",
        "error: wide.tex: UTF-16 text, UTF-8 is expected",
    ]


def test_a_crash_in_one_file_is_named_and_is_no_verdict(run, tmp_path):
    (tmp_path / "a.md").write_text("crash")
    (tmp_path / "b.md").write_text("proved")
    result = run("check", "a.md", "b.md")
    assert result.exit_code == 2
    assert "error: a.md: internal error, please report it (ZeroDivisionError: inside the checker)" in result.stderr
    assert "Traceback" not in result.stderr
    assert "1 step: 1 proved" in result.stdout
    assert "Traceback" in run("check", "a.md", "-v").stderr


def test_folders_are_searched_in_order_and_files_once(run, calls, tmp_path):
    for name in ("b.md", "a.tex", "c.txt", "d.ipynb", "e.py", ".hidden/x.md", "sub/z.md", "node_modules/y.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("proved")
    run("check", "c.txt", ".")
    assert calls.paths == ["c.txt", "a.tex", "b.md", "d.ipynb", "sub/z.md"]
    assert calls.kinds == ["markdown", "tex", "markdown", "notebook", "markdown"]


def test_an_empty_folder_is_a_warning(run):
    result = run("check", ".")
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: .: no .tex, .md, .ipynb, .txt files here")


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("proved", None, "markdown"),
        ("\\documentclass{article}\nproved", None, "tex"),
        ("proved", "notes.tex", "tex"),
        ("{}", "n.ipynb", "notebook"),
    ],
)
def test_standard_input(run, calls, text, name, kind):
    named = ["--stdin-filename", name] if name else []
    assert run("check", "-", *named, stdin=text).exit_code == 0
    assert (calls.kinds, calls.paths) == ([kind], [name or "-"])


def test_byte_order_mark_does_not_shift_columns(run, tmp_path):
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbfwrong")
    step = json.loads(run("check", "a.md", "--format", "json").stdout)["files"][0]["steps"][0]
    assert step["column"] == 1


def test_options_reach_the_checker(run, calls, tmp_path):
    (tmp_path / "a.md").write_text("proved")
    (tmp_path / "g.md").write_text("L = 1")
    run("check", "a.md", "--given", "g.md", "--timeout", "2.5", "--seed", "7", "--log", "10", "--layout", "numerator")
    (options,) = calls.options
    assert (options.timeout, options.seed, options.log, options.layout) == (2.5, 7, "10", "numerator")
    assert calls.given == [(("g.md", "L = 1"),)]


def test_configuration_reaches_the_checker_and_the_command_line_wins(run, calls, tmp_path):
    (tmp_path / "deriv.toml").write_text(
        'log = 10\nlayout = "numerator"\ntimeout = 3\nassume = ["n > 0"]\n'
        'ignore = ["sign"]\n[macros]\nR = "\\\\mathbb{R}"\n'
    )
    (tmp_path / "a.md").write_text("wrong")
    assert run("check", "a.md", "--layout", "denominator").exit_code == 0
    assert run("check", "a.md", "--ignore", "sum").exit_code == 1
    options = calls.options[0]
    assert (options.log, options.layout, options.timeout) == ("10", "denominator", 3.0)
    assert (options.assume, options.macros) == (("n > 0",), {"\\R": "\\mathbb{R}"})


def test_bad_configuration_is_2_and_named(run, tmp_path):
    (tmp_path / "deriv.toml").write_text("ignroe = []")
    (tmp_path / "a.md").write_text("proved")
    result = run("check", "a.md")
    assert result.exit_code == 2
    assert "deriv.toml: unknown key `ignroe`; did you mean `ignore`?" in result.stderr


def test_exclude_holds_for_folders_not_for_files_named(run, calls, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.deriv]\nexclude = ["drafts", "*.txt"]\n')
    (tmp_path / "drafts").mkdir()
    for name in ("a.md", "b.txt", "drafts/c.md"):
        (tmp_path / name).write_text("proved")
    run("check", ".", "drafts/c.md")
    assert calls.paths == ["a.md", "drafts/c.md"]


def test_per_file_ignores(run, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.deriv.per-file-ignores]\n"old/*" = ["sign"]\n')
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a.md").write_text("wrong")
    (tmp_path / "b.md").write_text("wrong")
    assert run("check", "old/a.md").exit_code == 0
    assert run("check", "b.md").exit_code == 1


def test_output_file(run, tmp_path):
    (tmp_path / "a.md").write_text("wrong")
    result = run("check", "a.md", "--format", "json", "-o", "out.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert json.loads((tmp_path / "out.json").read_text())["summary"]["refuted"] == 1


def test_colour(run, tmp_path, monkeypatch):
    (tmp_path / "a.md").write_text("wrong")
    assert "\x1b[" not in run("check", "a.md").stdout
    assert "\x1b[" in run("check", "a.md", "--color", "always").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" in run("check", "a.md", "--color", "always").stdout
