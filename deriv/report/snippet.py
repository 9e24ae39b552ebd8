"""Source lines with underlines, in the manner of rustc."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deriv.report.paint import Painter, Style, visible, width
from deriv.source import SourceFile, Span

_MOST_LINES = 4
"""A label that covers more lines than this shows only the first and the last of them."""
_CONTEXT = 24
"""Columns of text kept before the underlined part of a line too long to show whole."""


@dataclass(frozen=True, slots=True)
class Label:
    """A span to underline and what to say about it; the primary one is what is wrong."""

    span: Span
    text: str
    primary: bool

    @property
    def mark(self) -> str:
        return "^" if self.primary else "-"

    @property
    def style(self) -> Style:
        return Style.ERROR if self.primary else Style.SECONDARY


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of a label on one line, in columns of characters from 0; only its last part carries the text."""

    start: int
    end: int
    label: Label
    last: bool


@dataclass(frozen=True, slots=True)
class _Window:
    """The part of a line that is shown."""

    start: int
    end: int
    before: str
    after: str


def snippet(source: SourceFile, labels: Sequence[Label], *, paint: Painter, limit: int = 100) -> Iterator[str]:
    """The lines that the labels touch, numbered and underlined; `limit` is the width of the screen."""
    rows = _rows(source, _apart(labels))
    gutter = len(str(max(rows)))
    bar = paint(Style.GUTTER, " " * gutter + " |")
    yield bar
    last = None
    for number in sorted(rows):
        if last is not None and number > last + 1:
            yield paint(Style.GUTTER, "..." if number > last + 2 or not source.line(last + 1).strip() else bar)
        last = number
        window = _window(source.line(number), rows[number], limit - gutter - 3)
        yield f"{paint(Style.GUTTER, f'{number:>{gutter}} |')} {_shown(source.line(number), window)}".rstrip()
        for line in _underline(source.line(number), rows[number], window, paint):
            yield f"{bar} {line}"
    yield bar


def _apart(labels: Sequence[Label]) -> list[Label]:
    """The labels without those secondary ones that would hide under the primary."""
    primary = [label for label in labels if label.primary]
    others = [label for label in labels if not label.primary]
    free = [a for a in others if all(a.span.end <= p.span.start or p.span.end <= a.span.start for p in primary)]
    return free + primary


def _rows(source: SourceFile, labels: Sequence[Label]) -> dict[int, list[_Piece]]:
    rows: dict[int, list[_Piece]] = {}
    for label in labels:
        pieces = list(_pieces(source, label))
        if len(pieces) > _MOST_LINES:
            pieces = [pieces[0], pieces[-1]]
        for number, piece in pieces:
            rows.setdefault(number, []).append(piece)
    return rows


def _pieces(source: SourceFile, label: Label) -> Iterator[tuple[int, _Piece]]:
    first, column = source.position(label.span.start)
    final, end = source.position(max(label.span.start, label.span.end - 1))
    for number in range(first, final + 1):
        text = source.line(number)
        start = column - 1 if number == first else len(text) - len(text.lstrip())
        stop = end if number == final else len(text.rstrip())
        # an empty span (a place where something is missing) still gets one mark
        stop = max(stop, start + 1) if number in (first, final) else stop
        if stop > start:
            yield number, _Piece(start, stop, label, last=number == final)


def _window(text: str, pieces: Sequence[_Piece], limit: int) -> _Window:
    """The whole line when it fits, else a window on the primary label (or the first)."""
    if width(visible(text)) <= limit:
        return _Window(0, len(text), "", "")
    centre = next((piece for piece in pieces if piece.label.primary), pieces[0])
    start = max(0, centre.start - _CONTEXT)
    while start < centre.start and width(visible(text[start : centre.end])) > limit - 2:
        start += 1
    end, room = start, limit - 2
    while end < len(text) and (room := room - width(visible(text[end]))) >= 0:
        end += 1
    return _Window(start, end, "…" if start else "", "…" if end < len(text) else "")


def _shown(text: str, window: _Window) -> str:
    return window.before + visible(text[window.start : window.end]) + window.after


def _column(text: str, window: _Window, place: int) -> int:
    """The terminal column of a character inside the window."""
    inside = max(window.start, min(place, window.end))
    extra = place - len(text) if place > len(text) and window.end == len(text) else 0
    return width(window.before) + width(visible(text[window.start : inside])) + extra


def _underline(text: str, pieces: Sequence[_Piece], window: _Window, paint: Painter) -> Iterator[str]:
    """One line of marks with the last label beside it, then the other labels hung below their marks."""
    inside = [piece for piece in pieces if piece.end > window.start and piece.start <= window.end]
    marks = []
    for piece in sorted(inside, key=lambda piece: (piece.start, piece.end)):
        start = _column(text, window, piece.start)
        marks.append((start, max(start + 1, _column(text, window, piece.end)), piece))
    if not marks:
        return
    line, at = "", 0
    for start, end, piece in marks:
        start = max(start, at)
        line += " " * (start - at) + paint(piece.label.style, piece.label.mark * max(0, end - start))
        at = max(at, end)
    spoken = [(start, piece.label) for start, _, piece in marks if piece.last and piece.label.text]
    if spoken and spoken[-1][1] is marks[-1][2].label:
        label = spoken.pop()[1]
        line += " " + paint(label.style, label.text)
    yield line.rstrip()
    yield from _hung(spoken, paint)


def _hung(spoken: list[tuple[int, Label]], paint: Painter) -> Iterator[str]:
    while spoken:
        yield "".join(_stem(start, previous, label, paint) for (start, label), previous in _with_previous(spoken))
        start, label = spoken.pop()
        stems = "".join(_stem(at, previous, other, paint) for (at, other), previous in _with_previous(spoken))
        gap = start - (spoken[-1][0] + 1 if spoken else 0)
        yield stems + " " * gap + paint(label.style, label.text)


def _stem(start: int, previous: int, label: Label, paint: Painter) -> str:
    return " " * (start - previous) + paint(label.style, "|")


def _with_previous(spoken: list[tuple[int, Label]]) -> Iterator[tuple[tuple[int, Label], int]]:
    """Each label with the column after the stem before it."""
    at = 0
    for start, label in spoken:
        yield (start, label), at
        at = start + 1
