"""A checker that needs no mathematics: lines `wrong …`, `open …`, `proved …` are steps of that verdict."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from deriv.checking.results import CheckOptions, Code, Counterexample, Diagnosis, FileResult, Step, Verdict
from deriv.cli.main import cli
from deriv.errors import MeaningError, ReadingError
from deriv.source import SourceFile, Span


@dataclass
class Calls:
    """What the fake checker was asked."""

    options: list[CheckOptions] = field(default_factory=list)
    given: list[tuple[tuple[str, str], ...]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


def fake_steps(text: str) -> tuple[Step, ...]:
    steps = []
    at = 0
    for line in text.split("\n"):
        place = Span(at, at + len(line))
        at += len(line) + 1
        word, _, rest = line.partition(" ")
        number = len(steps)
        if word == "wrong":
            diagnosis = Diagnosis(Code(rest or "sign"), "the sign is wrong")
            shown = Counterexample({"x": "1"}, "1", "2")
            step = Step(
                index=number,
                chain=0,
                span=place,
                verdict=Verdict.REFUTED,
                counterexample=shown,
                diagnosis=diagnosis,
                relation="=",
                lhs="a",
                rhs="b",
            )
        elif word == "open":
            step = Step(index=number, chain=0, span=place, verdict=Verdict.UNCHECKED, reason="too hard")
        elif word == "proved":
            step = Step(index=number, chain=0, span=place, verdict=Verdict.PROVED, certificate={"method": "rules"})
        elif word == "crash":
            raise ZeroDivisionError("inside the checker")
        else:
            continue
        steps.append(step)
    return tuple(steps)


@pytest.fixture
def calls(monkeypatch) -> Calls:
    """Put the fake checker in the place of the real one."""
    made = Calls()

    def check_text(text, *, path, kind, given=(), options):
        made.options.append(options)
        made.given.append(given)
        made.kinds.append(kind)
        made.paths.append(path)
        if options.progress:
            options.progress(1, 2)
        return FileResult(path, (SourceFile(path, text),), fake_steps(text))

    module = ModuleType("deriv.checking.document")
    module.check_text = check_text
    monkeypatch.setitem(sys.modules, "deriv.checking.document", module)
    return made


@dataclass(frozen=True)
class Reading:
    sympy: str
    tree: str = "Name x"
    notes: tuple[str, ...] = ()


@pytest.fixture
def reader(monkeypatch) -> None:
    """Put a fake reader in the place of the real one."""

    def read_formula(latex):
        if "?" in latex:
            raise ReadingError("no operand", latex.index("?"), latex.index("?") + 1)
        if "!" in latex:
            raise MeaningError("two meanings")
        return Reading(latex.upper(), notes=("a note",) if "/" in latex else ())

    module = ModuleType("deriv.meaning.reading")
    module.read_formula = read_formula
    monkeypatch.setitem(sys.modules, "deriv.meaning.reading", module)


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run a command line in this process."""

    def invoke(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(cli, arguments, input=stdin)

    return invoke
