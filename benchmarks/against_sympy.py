"""The same questions, asked of our judge and of `sympy.simplify(a - b) == 0`."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import sympy

from benchmarks.steps import Pair, milliseconds
from deriv.equal.decide import decide
from deriv.equal.decision import Different, Proved
from deriv.expr.nodes import Derivative, Expr, Integral, Limit, walk
from deriv.expr.sympy_bridge import to_sympy

LIMIT = 2.0
MOST_PAIRS = 120
SYMPY_FAILS = (StopIteration, TypeError, ValueError, AttributeError, NotImplementedError, RecursionError)


class LateError(Exception):
    """SymPy took longer than the limit."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """An alarm: fit for a script, not for a library."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise LateError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def plain(expr: Expr) -> bool:
    """Whether SymPy can be asked fairly."""
    return not any(isinstance(node, Derivative | Integral | Limit) for node in walk(expr))


def chosen(pairs: list[Pair]) -> list[Pair]:
    """A spread of different questions without operators; trivial ones are left out."""
    different = {(str(pair[0]), str(pair[1])): pair for pair in pairs if pair[0] != pair[1]}
    fair = [pair for pair in different.values() if plain(pair[0]) and plain(pair[1])]
    return fair[:: max(1, len(fair) // MOST_PAIRS)]


def ratio(pairs: list[Pair]) -> dict[str, Any]:
    """Milliseconds of both, the ratio of the totals, and how often SymPy was late or said something else."""
    ours, theirs = list[float](), list[float]()
    late = misjudged = 0
    asked = chosen(pairs)
    for lhs, rhs, domain, *_ in asked:
        began = time.perf_counter()
        decision = decide(lhs, rhs, domain)
        ours.append(time.perf_counter() - began)
        seconds, equal = simplified(lhs, rhs)
        theirs.append(seconds)
        late += equal is None
        if equal is not None and isinstance(decision, Proved | Different):
            misjudged += equal != isinstance(decision, Proved)
    times = {"deriv": milliseconds(ours), "sympy": milliseconds(theirs)}
    share = round(sum(theirs) / sum(ours), 1)
    return {"pairs": len(asked), **times, "ratio": share, "late": late, "misjudged": misjudged}


def simplified(lhs: Expr, rhs: Expr) -> tuple[float, bool | None]:
    """Seconds, and whether SymPy finds the difference to be 0; None when it is late or fails."""
    difference = to_sympy(lhs) - to_sympy(rhs)
    began = time.perf_counter()
    try:
        with limited(LIMIT):
            equal: bool | None = sympy.simplify(difference) == 0
    except (LateError, *SYMPY_FAILS):
        equal = None
    return time.perf_counter() - began, equal
