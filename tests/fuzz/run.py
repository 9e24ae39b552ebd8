"""Damaged formulas through the reader and, some of them, through the judge: what must never happen."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from deriv.checking.document import check_text
from deriv.errors import MeaningError, ReadingError
from deriv.latex.parse import parse_formula
from deriv.meaning.reading import read_formula
from tests.fuzz.corpus import DOCUMENTS
from tests.fuzz.mutate import mutated

LONGEST = 10.0
"""Seconds that no single input may take, even on a busy machine."""
DOCUMENT_EVERY = 25


@dataclass
class Outcome:
    """What a run has seen."""

    counts: Counter[str] = field(default_factory=Counter)
    found: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Kind and place of each offence: how often, and the shortest input that shows it."""
    slowest: tuple[float, str] = (0.0, "")

    def timed(self, stage: str, text: str, action: Callable[[str], str]) -> None:
        """Run one input through one stage; anything it raises is an offence."""
        began = time.perf_counter()
        try:
            self.counts[f"{stage} {action(text)}"] += 1
        except Exception as error:  # noqa: BLE001 - finding every kind of exception is what this is for
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.note(f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno} {where.name}", text)
        took = time.perf_counter() - began
        self.slowest = max(self.slowest, (took, f"{stage}: {text!r}"))
        if took > LONGEST:
            self.note(f"more than {LONGEST:.0f} s in {stage}", text)

    def note(self, kind: str, text: str) -> None:
        """Remember an offence."""
        count, shortest = self.found.get(kind, (0, text))
        self.found[kind] = (count + 1, min(shortest, text, key=len))

    @property
    def offences(self) -> list[str]:
        """One line for each kind."""
        return [f"{kind}: {count} times, as in {text!r}" for kind, (count, text) in self.found.items()]


def parsed(text: str) -> str:
    try:
        parse_formula(text)
    except ReadingError:
        return "unreadable"
    return "read"


def understood(text: str) -> str:
    try:
        read_formula(text)
    except (ReadingError, MeaningError):
        return "unreadable"
    return "read"


def checked(text: str) -> str:
    result = check_text(text, path="fuzz.md", kind="markdown")
    result.validate()
    return "done"


def document(seed: int) -> str:
    """A small document around a damaged formula."""
    return DOCUMENTS[seed // DOCUMENT_EVERY % len(DOCUMENTS)].format(mutated(seed))


def run(seeds: Iterable[int], *, every: int = DOCUMENT_EVERY, progress: Callable[[int], None] | None = None) -> Outcome:
    """All seeds through the reader, one in `every` through the judge."""
    outcome = Outcome()
    for number, seed in enumerate(seeds):
        formula = mutated(seed)
        outcome.timed("parse", formula, parsed)
        if number % 5 == 0:
            outcome.timed("meaning", formula, understood)
        if number % every == 0:
            outcome.timed("check", document(seed), checked)
        if progress is not None:
            progress(number + 1)
    return outcome
