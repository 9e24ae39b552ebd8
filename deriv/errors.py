"""Exceptions of deriv.

    DerivError
    ├── UsageError        the caller asked for something impossible (exit code 2)
    ├── ReadingError      a formula that cannot be read: message, place
    └── MeaningError      a formula that was read but has no single meaning here
        └── ShapeError    its vectors and matrices do not fit together as they are read

A verdict is never made from an exception: `ReadingError` and `MeaningError` become `unchecked` with their message.
"""

from __future__ import annotations


class DerivError(Exception):
    """Base of all errors that deriv raises on purpose."""


class UsageError(DerivError):
    """Bad input from the user: a missing file, an unknown key, a wrong option."""


class ReadingError(DerivError):
    """A formula that cannot be read; `start` and `end` are offsets in the source text."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message, self.start, self.end = message, start, end


class MeaningError(DerivError):
    """A formula without a definite meaning in its context; the text is the reason shown to the user.

    `place` is where the part without a meaning begins and ends in the source text, as far as that is known.
    """

    place: tuple[int, int] | None = None


class ShapeError(MeaningError):
    """Vectors and matrices that do not fit together in the shapes they are read with."""
