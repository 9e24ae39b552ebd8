"""Running the checker over documents, in this process or in several."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from deriv.check.results import CheckOptions, DocumentKind, FileResult
from deriv.errors import DerivError


@dataclass(frozen=True, slots=True)
class Job:
    """One document and how to check it."""

    name: str
    text: str
    kind: DocumentKind
    given: tuple[tuple[str, str], ...]
    options: CheckOptions

    def run(self) -> FileResult:
        """Judge the document."""
        from deriv.check.document import check_text  # SymPy comes with it: only when there is something to judge

        return check_text(self.text, path=self.name, kind=self.kind, given=self.given, options=self.options)


@dataclass(frozen=True, slots=True)
class Failure:
    """A document without a result: what to tell the user, and the traceback when it is our fault."""

    message: str
    details: str = ""


class _Fence:
    """Keeps what goes wrong in one document from stopping the others.

    A crash must not end the program by itself: Python would answer with exit code 1, which means a wrong step.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.failure: Failure | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.failure = failure_of(self.name, error)
        return True


def failure_of(name: str, error: BaseException) -> Failure:
    """What to say about an error: its own words when it was raised on purpose."""
    if isinstance(error, DerivError):
        text = str(error)
        return Failure(text if text.startswith(name) else f"{name}: {text}")
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    details = "".join(traceback.format_exception(error))
    return Failure(f"{name}: internal error, please report it ({what})", details)


def judge_here(jobs: Sequence[Job]) -> Iterator[FileResult | Failure]:
    """Judge documents one after the other."""
    for job in jobs:
        with _Fence(job.name) as fence:
            result = job.run()
        yield fence.failure or result


def judge_apart(jobs: Sequence[Job], workers: int, *, readings: bool) -> Iterator[FileResult | Failure]:
    """Judge documents in several processes; results come in the order of the documents."""
    # spawn, not fork: the same on every system, and no half-initialised libraries in the children
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        futures = [pool.submit(_run_detached, job, readings=readings) for job in jobs]
        for job, future in zip(jobs, futures, strict=True):
            error = future.exception()
            yield failure_of(job.name, error) if error is not None else future.result()


def _run_detached(job: Job, *, readings: bool) -> FileResult:
    return job.run().detached(readings=readings)
