"""The same text has the same verdicts: again, in another process, among other lines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from deriv.checking.document import check_text

NOTES = Path(__file__).parents[1] / "golden" / "notes"
NAMES = ("mse-lost-mean.md", "softmax-delta.md", "two-layer-indices.md", "numbers-forward.md")
PROGRAM = """
import sys
from pathlib import Path
from deriv.checking.document import check_text
for name in sys.argv[1:]:
    for step in check_text(Path(name).read_text(), path=name, kind="markdown").steps:
        print(step.index, step.verdict.value, step.code, step.assumes, step.reason, step.counterexample)
"""


def output(seed: str) -> str:
    paths = [str(NOTES / name) for name in NAMES]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *paths],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": seed},
    )
    return done.stdout


def verdicts(text: str) -> list[str]:
    return [step.verdict.value for step in check_text(text, path="a.md", kind="markdown").steps]


def test_verdicts_and_evidence_do_not_depend_on_the_hash_seed():
    assert output("1") == output("2")


def test_verdicts_do_not_depend_on_earlier_documents():
    texts = [(NOTES / name).read_text(encoding="utf-8") for name in NAMES]
    forwards = [verdicts(text) for text in texts]
    assert [verdicts(text) for text in reversed(texts)] == forwards[::-1]


def test_prose_around_a_document_changes_nothing():
    text = (NOTES / "mse-lost-mean.md").read_text(encoding="utf-8")
    assert verdicts("# A title\n\nSome words.\n\n" + text + "\nThe end.\n") == verdicts(text)
