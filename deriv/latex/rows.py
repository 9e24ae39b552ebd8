r"""Displays to rows, on pieces: what `\\` and the environments around mean, which rows go on with the one before."""

from __future__ import annotations

from collections.abc import Sequence

from deriv.latex import symbols as sy
from deriv.latex.cursor import Levels
from deriv.latex.formulas import RowDraft, split_row, top_relation
from deriv.latex.pieces import Piece

_SKIPPED = frozenset(["quad", "amp"])
_JOINING = frozenset(["sign", "op"])
_BEFORE_OPENING = frozenset("rel op sign sep open left lb amp nl begin arrow".split())
_STOPS_ANGLE = frozenset("rel nl amp begin end arrow eof".split())
_DEFINED_ENDS = frozenset([*sy.DISPLAY_ENVS, "document"])


def split_rows(pieces: Sequence[Piece]) -> list[RowDraft]:
    """The rows of a display with their formulas."""
    lines = _continue(_lines(_flatten(_trim(_angles(list(pieces))))))
    rows = [split_row(line) for line in lines]
    return [row for row in rows if row.drafts or row.comments]


def _trim(pieces: list[Piece]) -> list[Piece]:
    """Drop bullets, empty braces at the start, and braces or a box around everything."""
    while pieces and (pieces[0].text in ("bullet", "diamond") or pieces[0].kind == "quad"):
        pieces = pieces[1:]
    for _ in range(5):
        if not pieces or pieces[0].kind != "lb" or pieces[-1].kind != "rb":
            break
        levels = Levels(pieces)
        if levels.match.get(0) != len(pieces) - 1 or 0 in levels.infix:
            break
        pieces = pieces[1:-1]
    return pieces


def _angles(pieces: list[Piece]) -> list[Piece]:
    """`<x, y>` typed with relation signs is a list in angle brackets."""
    for k, piece in enumerate(pieces):
        if piece.text != "<" or piece.kind != "rel" or (k and pieces[k - 1].kind not in _BEFORE_OPENING):
            continue
        inside = next((j for j in range(k + 1, min(k + 60, len(pieces))) if pieces[j].kind in _STOPS_ANGLE), None)
        if inside is not None and pieces[inside].text == ">" and any(p.kind == "sep" for p in pieces[k:inside]):
            piece.kind, pieces[inside].kind = "open", "close"
    return pieces


def _flatten(pieces: list[Piece]) -> list[Piece]:
    """Dissolve the environments that only lay out rows, where they are not inside brackets."""
    levels = Levels(pieces)
    dropped: set[int] = set()
    k = 0
    while k < len(pieces):
        piece = pieces[k]
        end = levels.match.get(k)
        if piece.kind == "begin" and (
            piece.text in sy.DISPLAY_ENVS or piece.text in sy.ROW_ENVS or _is_layout(pieces, k, end)
        ):
            dropped.add(k)
            if end is not None:
                dropped.add(end)
        elif end is not None:
            k = end
        elif piece.kind == "end" and piece.text in _DEFINED_ENDS:
            dropped.add(k)
        k += 1
    return [piece for k, piece in enumerate(pieces) if k not in dropped] if dropped else pieces


def _is_layout(pieces: list[Piece], start: int, end: int | None) -> bool:
    r"""`\begin{array}{rcl} a &=& b \\ …`: an array that stands alone and has cells with nothing but a relation sign."""
    if end is None or pieces[start].text != "array":
        return False
    if any(p.kind not in ("begin", "end", "sep", "dot", "quad") for p in (*pieces[:start], *pieces[end + 1 :])):
        return False
    return any(
        pieces[k].kind == "rel" and (pieces[k - 1].kind in ("amp", "nl") or pieces[k + 1].kind == "amp")
        for k in range(start + 1, end)
    )


def _lines(pieces: list[Piece]) -> list[list[Piece]]:
    levels = Levels(pieces)
    lines: list[list[Piece]] = [[]]
    k = 0
    while k < len(pieces):
        end = levels.match.get(k) if pieces[k].kind != "open" else None
        if end is not None:
            lines[-1].extend(pieces[k : end + 1])
            k = end
        elif pieces[k].kind == "nl":
            lines.append([])
        else:
            lines[-1].append(pieces[k])
        k += 1
    return lines


def _continue(lines: list[list[Piece]]) -> list[list[Piece]]:
    """Join the rows over which one long formula is broken."""
    out: list[list[Piece]] = []
    for line in lines:
        if all(piece.kind in _SKIPPED for piece in line):
            continue
        if out and _continues(out[-1], line):
            _join(out[-1], line)
        else:
            out.append(line)
    return out


def _continues(before: list[Piece], line: list[Piece]) -> bool:
    first = next(k for k, piece in enumerate(line) if piece.kind not in _SKIPPED)
    head = line[first]
    last = next((piece for piece in reversed(before) if piece.kind not in _SKIPPED), None)
    if last is None or last.kind == "text":
        last = None
    if head.kind == "op" and head.text not in ("bullet", "diamond"):
        return True
    if last is not None and last.kind in _JOINING:
        return not (last.kind == "sign" and last is before[0])
    if last is not None and last.kind == "rel" and head.kind not in ("rel", "arrow", "text"):
        return True
    if _open_brackets(before) > 0 and _closes_more(line):
        return True
    if last is not None and last.kind == "right" and last.text == "." and head.kind == "left" and head.text == ".":
        return True
    if head.kind != "sign":
        return False
    return _sign_continues(line, first)


def _sign_continues(line: list[Piece], first: int) -> bool:
    """A row that begins with a sign goes on with the one before, unless it is an equation of its own."""
    relation = top_relation(line)
    if relation is None or any(piece.kind == "quad" for piece in line[:first]):
        return True
    return first > 0 and not any(piece.kind == "amp" for piece in line[first:relation])


def _open_brackets(line: Sequence[Piece]) -> int:
    depth = 0
    for piece in line:
        if piece.kind == "open":
            depth += 1
        elif piece.kind == "close":
            depth = max(0, depth - 1)
    return depth


def _closes_more(line: Sequence[Piece]) -> bool:
    depth = 0
    for piece in line:
        depth += (piece.kind == "open") - (piece.kind == "close")
        if depth < 0:
            return True
    return False


def _join(before: list[Piece], line: list[Piece]) -> None:
    """Append a continuation; `\\right. … \\left.` at the break is dissolved, remarks before it move to the end."""
    while line and line[0].kind in _SKIPPED:
        line = line[1:]
    while before and before[-1].kind in _SKIPPED:
        before.pop()
    remarks: list[Piece] = []
    while before and before[-1].kind == "text" and line[0].kind != "rel":
        remarks.insert(0, before.pop())
        while before and before[-1].kind in _SKIPPED:
            before.pop()
    if (
        before
        and before[-1].kind == "right"
        and before[-1].text == "."
        and line[0].kind == "left"
        and line[0].text == "."
    ):
        before.pop()
        line = line[1:]
    before.extend(line)
    if remarks:
        before.append(Piece("quad", "", remarks[0].span))
        before.extend(remarks)
