"""Running the checker over documents, in this process or in several."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from deriv.checking.results import CheckOptions, DocumentKind, FileResult
from deriv.cli.fence import Failure, Fence, failure_of


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
        from deriv.checking.document import check_text  # SymPy comes with it: only when there is something to judge

        return check_text(self.text, path=self.name, kind=self.kind, given=self.given, options=self.options)


def judge_here(jobs: Sequence[Job]) -> Iterator[FileResult | Failure]:
    """Judge documents one after the other."""
    for job in jobs:
        with Fence() as fence:
            result = job.run()
        yield fence.failure or result


def judge_apart(jobs: Sequence[Job], workers: int, *, readings: bool) -> Iterator[FileResult | Failure]:
    """Judge documents in several processes; results come in the order of the documents."""
    # spawn, not fork: the same on every system, and no half-initialised libraries in the children
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        futures = [pool.submit(_run_detached, job, readings=readings) for job in jobs]
        for future in futures:
            error = future.exception()
            yield failure_of(error) if error is not None else future.result()


def _run_detached(job: Job, *, readings: bool) -> FileResult:
    return job.run().detached(readings=readings)
