"""Time per step and per document, in one warm process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from deriv.checking import judge
from deriv.checking.document import check_text
from deriv.checking.walk import Walk
from deriv.equal.budget import Budget
from deriv.expr.domain import Domain
from deriv.expr.nodes import Expr

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden"
Pair = tuple[Expr, Expr, Domain, Budget]


@dataclass(frozen=True, slots=True)
class Document:
    """How long one document took."""

    name: str
    seconds: float
    steps: int


@contextmanager
def stopwatch(times: list[float]) -> Iterator[None]:
    """Each judged step adds its seconds, diagnosis included."""
    plain = Walk._step  # noqa: SLF001 - the one place where every step passes

    def timed(self: Walk, *args: object) -> object:
        began = time.perf_counter()
        step = plain(self, *args)
        times.append(time.perf_counter() - began)
        return step

    with patch.object(Walk, "_step", timed):
        yield


@contextmanager
def recorder(pairs: list[Pair]) -> Iterator[None]:
    """Each question put to the judge is remembered."""
    plain = judge.decide

    def remembered(lhs: Expr, rhs: Expr, domain: Domain, *rest: Budget, **options: bool) -> object:
        pairs.append((lhs, rhs, domain, *rest))
        return plain(lhs, rhs, domain, *rest, **options)

    with patch.object(judge, "decide", remembered):
        yield


def documents(folder: Path = GOLDEN) -> list[Path]:
    """The documents to check."""
    return sorted(path for path in folder.rglob("*") if path.suffix in (".tex", ".md", ".txt"))


def check(path: Path) -> Document:
    """Check one document."""
    text = path.read_text(encoding="utf-8")
    began = time.perf_counter()
    result = check_text(text, path=path.name, kind="tex" if path.suffix == ".tex" else "markdown")
    return Document(path.name, time.perf_counter() - began, len(result.steps))


def together(paths: list[Path]) -> str:
    """All documents as one of the size of a lecture."""
    return "\n\n".join(path.read_text(encoding="utf-8") for path in paths if path.suffix == ".md")


def percentile(times: list[float], share: float) -> float:
    """The value below which a share of the times lies."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and worst."""
    parts = {"median": statistics.median(times), "p95": percentile(times, 0.95), "worst": max(times)}
    return {name: round(1000 * value, 3) for name, value in parts.items()}
