"""The long run: `python -m tests.differential [--count 10000] [--seed 0]`."""

from __future__ import annotations

import argparse
import sys

from tests.differential.claims import Tally, right_claim, tally_right, tally_wrong, wrong_claim
from tests.differential.readings import own_round_trip, spelled_round_trip, sympy_round_trip, tally
from tests.differential.sums import right_sums, wrong_sums


def show(title: str, counts: object, offences: list[str]) -> int:
    """Print a part's result; how many offences it has."""
    print(f"{title}: {counts}; never allowed: {len(offences)}")
    for offence in offences[:20]:
        print("   ", offence)
    return len(offences)


def shown_tally(title: str, found: Tally) -> int:
    return show(title, found.line(), found.offences)


def main() -> int:
    """All parts; 1 when something happened that never may."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    seeds = range(asked.seed, asked.seed + asked.count)
    claims = range(asked.seed, asked.seed + asked.count // 10)
    bad = show("SymPy's LaTeX read", *tally(sympy_round_trip, seeds))
    bad += show("many spellings read", *tally(spelled_round_trip, seeds))
    bad += show("our LaTeX read", *tally(own_round_trip, seeds))
    bad += shown_tally("right derivatives", tally_right(right_claim(seed) for seed in claims))
    wrong = (claim for claim in map(wrong_claim, claims) if claim)
    bad += shown_tally("wrong derivatives", tally_wrong(wrong))
    rounds = max(1, asked.count // 500)
    bad += shown_tally("right gradients of sums", tally_right(right_sums(rounds, asked.seed)))
    bad += shown_tally("wrong gradients of sums", tally_wrong(wrong_sums(rounds, asked.seed)))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
