"""Golden documents: a comment holds the verdict of the steps on its line; silence means nothing is wrong.

`holds` stands for proved or tested, `unproved` (of a wrong step) for neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deriv.checking.document import check_text
from deriv.checking.results import Step, Verdict

HERE = Path(__file__).parent
VERDICT = r"(?P<verdict>given|holds|proved|tested|refuted|unchecked|unproved)(?:\s*\[(?P<code>[a-z-]+)\])?"
EXPECTED = re.compile(r"(?:%~|<!--~)\s*" + VERDICT)
DOCUMENTS = sorted(path for path in HERE.rglob("*") if path.suffix in (".tex", ".md"))
GAPS = HERE / "known_gaps.txt"


def named(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


def known_gaps() -> dict[str, str]:
    """Documents that are judged otherwise than they should be: name and what is the matter."""
    lines = GAPS.read_text(encoding="utf-8").splitlines() if GAPS.exists() else []
    entries = (line.partition("  # ") for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): reason.strip() for name, _, reason in entries}


def cases() -> Iterator[object]:
    """Each document; those with a known gap must fail, so that a gap that closes is noticed."""
    gaps = known_gaps()
    for path in DOCUMENTS:
        marks = [pytest.mark.xfail(strict=True, reason=gaps[named(path)])] if named(path) in gaps else []
        yield pytest.param(path, marks=marks, id=named(path))


def expectations(text: str) -> Iterator[tuple[int, str, str | None]]:
    """(line, verdict, code) of each comment."""
    for number, line in enumerate(text.splitlines(), 1):
        found = EXPECTED.search(line)
        if found:
            yield number, found["verdict"], found["code"]


def steps_by_line(path: Path) -> dict[int, list[Step]]:
    text = path.read_text(encoding="utf-8")
    result = check_text(text, path=path.name, kind="tex" if path.suffix == ".tex" else "markdown")
    result.validate()
    found: dict[int, list[Step]] = {}
    for step in result.steps:
        found.setdefault(result.sources[0].position(step.span.start)[0], []).append(step)
    return found


def test_known_gaps_are_documents() -> None:
    assert set(known_gaps()) <= {named(path) for path in DOCUMENTS}


@pytest.mark.parametrize("path", cases())
def test_golden_document(path: Path) -> None:
    problems = problems_of(path)
    assert not problems, "\n".join(problems)


def problems_of(path: Path) -> list[str]:
    """What is not as the comments of a document say."""
    found = steps_by_line(path)
    expected = {line: (verdict, code) for line, verdict, code in expectations(path.read_text(encoding="utf-8"))}
    problems = []
    for line, (verdict, code) in expected.items():
        problems += mismatch(line, verdict, code, found.get(line, []))
    for line, steps in found.items():
        if line not in expected and any(step.verdict is Verdict.REFUTED for step in steps):
            problems.append(f"line {line}: refuted, but nothing is expected there")
    return problems


def mismatch(line: int, verdict: str, code: str | None, steps: list[Step]) -> list[str]:
    """What is not as the comment on a line says."""
    seen = [step.verdict.value for step in steps]
    claims = [one for one in seen if one != "given"]
    if verdict == "given":
        right = bool(seen) and not claims
    elif verdict == "refuted":
        right = "refuted" in seen
    elif verdict == "holds":
        right = bool(claims) and set(claims) <= {"proved", "tested"}
    elif verdict == "unproved":
        right = bool(claims) and not set(claims) & {"proved", "tested"}
    else:
        right = bool(claims) and set(claims) == {verdict}
    why = [f"{step.reason or step.counterexample or ''}" for step in steps]
    if not right:
        return [f"line {line}: expected {verdict}, found {seen} {why}"]
    codes = [step.code.value for step in steps if step.code is not None]
    if code is not None and code not in codes:
        return [f"line {line}: expected the code {code}, found {codes}"]
    return []
