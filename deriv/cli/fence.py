"""What to do when the program itself fails: name it, go on with the rest, and never call it a verdict."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from deriv.errors import DerivError


@dataclass(frozen=True, slots=True)
class Failure:
    """Something without a result: what to tell the user, and the traceback when it is our fault."""

    message: str
    details: str = ""


class Fence:
    """Keeps what goes wrong in one document or formula from stopping the others.

    A crash must not end the program by itself: Python would answer with exit code 1, which means a wrong step.
    """

    def __init__(self) -> None:
        self.failure: Failure | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.failure = failure_of(error)
        return True


def failure_of(error: BaseException) -> Failure:
    """What to say about an error: its own words when it was raised on purpose."""
    if isinstance(error, DerivError):
        return Failure(str(error))
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Failure(f"internal error, please report it ({what})", "".join(traceback.format_exception(error)))
