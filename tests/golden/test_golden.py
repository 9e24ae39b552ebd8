"""Golden documents: what stands in a comment is the verdict of the steps on that line; silence means nothing is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deriv.check.document import check_text
from deriv.check.results import Step, Verdict

HERE = Path(__file__).parent
EXPECTED = re.compile(r"(?:%~|<!--~)\s*(?P<verdict>given|proved|tested|refuted|unchecked)(?:\s*\[(?P<code>[a-z-]+)\])?")
DOCUMENTS = sorted(path for path in HERE.rglob("*") if path.suffix in (".tex", ".md"))


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


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(HERE).as_posix())
def test_golden_document(path: Path) -> None:
    found = steps_by_line(path)
    expected = {line: (verdict, code) for line, verdict, code in expectations(path.read_text(encoding="utf-8"))}
    problems = []
    for line, (verdict, code) in expected.items():
        problems += mismatch(line, verdict, code, found.get(line, []))
    for line, steps in found.items():
        if line not in expected and any(step.verdict is Verdict.REFUTED for step in steps):
            problems.append(f"line {line}: refuted, but nothing is expected there")
    assert not problems, "\n".join(problems)


def mismatch(line: int, verdict: str, code: str | None, steps: list[Step]) -> list[str]:
    """What is not as the comment on a line says."""
    seen = [step.verdict.value for step in steps]
    claims = [one for one in seen if one != "given"]
    if verdict == "given":
        right = bool(seen) and not claims
    elif verdict == "refuted":
        right = "refuted" in seen
    else:
        right = bool(claims) and set(claims) == {verdict}
    why = [f"{step.reason or step.counterexample or ''}" for step in steps]
    if not right:
        return [f"line {line}: expected {verdict}, found {seen} {why}"]
    codes = [step.code.value for step in steps if step.code is not None]
    if code is not None and code not in codes:
        return [f"line {line}: expected the code {code}, found {codes}"]
    return []
