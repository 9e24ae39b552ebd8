"""Milliseconds per judged step of vectors and matrices: `python -m benchmarks.matrices [--json]`.

The documents are those of `tests/golden/matrices`, by topic; what is merely given is left out.  Processor time, so that
other programs count little.  A wrong step costs more, since its mistake is looked for: right and wrong are told apart.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from benchmarks.steps import GOLDEN, check, documents, milliseconds
from deriv.checking.results import Step, Verdict
from deriv.checking.walk import Walk

MATRICES = GOLDEN / "matrices"


@contextmanager
def judged(times: list[float]) -> Iterator[None]:
    """Each step that is not a definition adds its seconds, diagnosis included."""
    plain = Walk._step  # noqa: SLF001 - the one place where every step passes

    def timed(self: Walk, *args: object) -> object:
        began = time.process_time()
        step = plain(self, *args)  # type: ignore[arg-type]
        if isinstance(step, Step) and step.verdict is not Verdict.GIVEN:
            times.append(time.process_time() - began)
        return step

    with patch.object(Walk, "_step", timed):
        yield


def topic(path: Path) -> str:
    """The folder of a document, and whether its steps are right."""
    inside = path.relative_to(MATRICES)
    folder = inside.parts[0] if len(inside.parts) > 1 else "elementary"
    return f"{folder}, {'wrong' if path.stem.endswith('-wrong') else 'right'}"


def measure() -> dict[str, dict[str, float]]:
    """Median, 95th percentile, worst and number of steps: by topic, for right and wrong documents, and of all."""
    paths = documents(MATRICES)
    for path in paths:
        if topic(path).startswith("elementary"):  # enough to have everything imported
            check(path)
    times: dict[str, list[float]] = defaultdict(list)
    for path in paths:
        with judged(times[topic(path)]):
            check(path)
    rows = dict(sorted(times.items()))
    for kind in ("right", "wrong"):
        rows[f"all, {kind}"] = [one for name, own in times.items() if name.endswith(kind) for one in own]
    rows["all"] = [one for own in times.values() for one in own]
    return {name: {**milliseconds(own), "steps": len(own)} for name, own in rows.items()}


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true", help="print JSON")
    asked = options.parse_args()
    found = measure()
    if asked.json:
        print(json.dumps(found, indent=2))
        return 0
    print("| topic | steps | median ms | p95 ms | worst ms |\n|---|---|---|---|---|")
    for name, row in found.items():
        print(f"| {name} | {row['steps']} | {row['median']} | {row['p95']} | {row['worst']} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
