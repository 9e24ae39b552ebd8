"""The long run: `python -m tests.fuzz [--count 100000] [--seed 0]`."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.run import run


def main() -> int:
    """Print counts and offences; 1 when there are any."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    outcome = run(range(asked.seed, asked.seed + asked.count), progress=shown)
    for kind, count in sorted(outcome.counts.items()):
        print(f"{kind:20} {count}")
    print(f"slowest: {outcome.slowest[0]:.2f} s, {outcome.slowest[1][:300]}")
    print(f"offences: {len(outcome.offences)}")
    for offence in outcome.offences[:40]:
        print("   ", offence[:600])
    return int(bool(outcome.offences))


def shown(done: int) -> None:
    """Progress on a terminal."""
    if sys.stderr.isatty() and done % 1000 == 0:
        print(f"\r{done}", end="", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
