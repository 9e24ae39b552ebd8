"""The table of `make bench`: `python -m benchmarks [--json] [DECK...]`.

Times mean little between machines; look at the ratio to SymPy, and at the same table before and after a change.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.against_sympy import ratio
from benchmarks.steps import GOLDEN, check, documents, milliseconds, recorder, stopwatch, together


def command_times() -> dict[str, float]:
    """Seconds of the quickest of five runs of commands that must answer at once."""
    commands = {"--version": ["--version"], "--help": ["--help"], "check --help": ["check", "--help"]}
    return {name: round(min(run_once(words) for _ in range(5)), 3) for name, words in commands.items()}


def run_once(words: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "deriv", *words], capture_output=True, check=True)
    return time.perf_counter() - began


def golden_steps() -> tuple[dict[str, float], int, list[Any]]:
    """Milliseconds per step over the golden documents, after one round to warm up; and the judge's questions."""
    paths = documents()
    pairs: list[Any] = []
    with recorder(pairs):
        for path in paths:
            check(path)
    times: list[float] = []
    with stopwatch(times):
        for path in paths:
            check(path)
    return milliseconds(times), len(times), pairs


def lectures(folder: Path, extra: list[Path]) -> dict[str, dict[str, float]]:
    """Seconds per long document: the golden notes put together, and files named on the command line."""
    whole = folder / "all-notes.md"
    whole.write_text(together(documents(GOLDEN / "notes")), encoding="utf-8")
    found = [check(path) for path in [whole, *extra]]
    return {one.name: {"seconds": round(one.seconds, 2), "steps": one.steps} for one in found}


def measure(extra: list[Path], folder: Path) -> dict[str, Any]:
    """Everything."""
    per_step, count, pairs = golden_steps()
    return {
        "milliseconds per step": per_step,
        "steps": count,
        "documents": lectures(folder, extra),
        "seconds per command": command_times(),
        "judge against sympy.simplify": ratio(pairs),
    }


def show(result: dict[str, Any], say: Callable[[str], object] = print) -> None:
    """The table for people."""
    step, judge = result["milliseconds per step"], result["judge against sympy.simplify"]
    say(f"| per step, {result['steps']} steps in a warm process | median {step['median']} ms | p95 {step['p95']} ms |")
    say("|---|---|---|")
    for name, one in result["documents"].items():
        say(f"| {name} | {one['seconds']} s | {one['steps']} steps |")
    for name, seconds in result["seconds per command"].items():
        say(f"| deriv {name} | {1000 * seconds:.0f} ms | |")
    say(f"| judge, {judge['pairs']} pairs | median {judge['deriv']['median']} ms | p95 {judge['deriv']['p95']} ms |")
    say(f"| sympy.simplify, same pairs | median {judge['sympy']['median']} ms | p95 {judge['sympy']['p95']} ms |")
    say(
        f"| ratio of the totals | {judge['ratio']} | sympy: no answer {judge['late']}, misjudged {judge['misjudged']} |"
    )


def main() -> int:
    """Measure and print; then the generated code's own table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("decks", nargs="*", type=Path, help="more documents to time")
    options.add_argument("--json", action="store_true", help="print JSON and leave out the table of generated code")
    asked = options.parse_args()
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        result = measure(asked.decks, Path(folder))
    if asked.json:
        print(json.dumps(result, indent=2))
        return 0
    show(result)
    print("\nGenerated code against code by hand and other libraries (ratios, lower is better)", flush=True)
    # one thread for everybody: what is compared is the code, not the number of processors
    single = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")}
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.code.bench"]
    return subprocess.run(command, check=False, env=single).returncode


if __name__ == "__main__":
    sys.exit(main())
