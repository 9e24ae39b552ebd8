"""The command as a program: start-up, pipes, several processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib.util import find_spec

import click
import pytest

from deriv import __version__
from deriv.cli import main

HEAVY = ("sympy", "numpy", "flint", "mpmath", "rich", "jsonschema")


def program(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deriv", *arguments], capture_output=True, text=True, check=False, timeout=120, **options
    )


def loaded(*arguments: str) -> set[str]:
    """The heavy modules that a command line imports."""
    script = (
        "import sys\nfrom deriv.cli.main import run\n"
        f"run({list(arguments)!r})\n"
        f"print('loaded', *[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stderr.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["explain", "sign"], ["check", "--help"]])
def test_what_needs_no_mathematics_loads_none(arguments):
    assert loaded(*arguments) == set()


def test_the_test_above_can_fail():
    script = "import sys, json, numpy\nprint('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "True\n"


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_answers_at_once(option):
    def seconds() -> float:
        began = time.perf_counter()
        assert program(option).returncode == 0
        return time.perf_counter() - began

    # the best of several: the promise is about this program, not about a busy machine
    assert min(seconds() for _ in range(5)) < 0.2


def test_version():
    assert program("--version").stdout == f"deriv {__version__}\n"


def test_help_lists_what_exists_and_nothing_else():
    group = main.cli
    listed = group.list_commands(click.Context(group))
    assert {"check", "parse", "explain"} <= set(listed)
    for name in listed:
        assert isinstance(group.get_command(click.Context(group), name), click.Command)
    missing = [name for name in main._COMMANDS if find_spec(f"deriv.cli.{name}") is None]
    assert not set(missing) & set(listed)


def test_exit_code_of_the_program():
    assert program("check", "nowhere.tex").returncode == 2
    assert program("chekc").returncode == 2
    assert "No such file" in program("check", "nowhere.tex").stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a Unix shell")
def test_a_reader_that_has_seen_enough():
    command = f"{sys.executable} -m deriv explain; echo code $? >&2"
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(["bash", "-c", command], stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)
    assert done.stderr == "code 0\n"


def test_a_crash_is_no_verdict(monkeypatch, capsys):
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr(main.cli, "main", crash)
    assert main.run(["check", "x"]) == 2
    assert capsys.readouterr().err == "error: internal error, please report it (ZeroDivisionError: inside)\n"
    monkeypatch.setenv("DERIV_TRACEBACK", "1")
    main.run(["check", "x"])
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_no_verdict(monkeypatch):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main.cli, "main", interrupt)
    assert main.run([]) == 130
