r"""Displays to rows and rows to formulas, on pieces: what `\\`, `&`, commas, arrows and words between formulas mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from deriv.latex import symbols as sy
from deriv.latex.cursor import Levels
from deriv.latex.parse_atoms import is_connector
from deriv.latex.prepare import Piece

_SKIPPED = frozenset(["quad", "amp"])
_TO = frozenset(["to", "->"])
_JOINING = frozenset(["sign", "op"])
_TRAILING = frozenset(["sep", "dot", "quad", "colon"])
_BEFORE_OPENING = frozenset("rel op sign sep open left lb amp nl begin arrow".split())
_STOPS_ANGLE = frozenset("rel nl amp begin end arrow eof".split())
_DEFINED_ENDS = frozenset([*sy.DISPLAY_ENVS, "document"])


@dataclass(slots=True)
class Draft:
    """The pieces of one formula, what separated it from the one before, and the column it stands in."""

    pieces: list[Piece]
    separator: str = ""
    column: int = 0


@dataclass(slots=True)
class RowDraft:
    """One row before its formulas are parsed."""

    drafts: list[Draft] = field(default_factory=list)
    comments: list[Piece] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)


def split_rows(pieces: Sequence[Piece]) -> list[RowDraft]:
    """The rows of a display with their formulas."""
    lines = _continue(_lines(_flatten(_trim(_angles(list(pieces))))))
    rows = [_split(line) for line in lines]
    return [row for row in rows if row.drafts or row.comments]


# -- rows -----------------------------------------------------------------------------------------------------------


def _trim(pieces: list[Piece]) -> list[Piece]:
    """Drop bullets, empty braces at the start, and braces or a box around everything."""
    while pieces and (pieces[0].text in ("bullet", "diamond") or pieces[0].kind == "quad"):
        pieces = pieces[1:]
    for _ in range(5):
        if not pieces or pieces[0].kind != "lb" or pieces[-1].kind != "rb":
            break
        if Levels(pieces).match.get(0) != len(pieces) - 1:
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
        if piece.kind == "begin" and (piece.text in sy.DISPLAY_ENVS or piece.text in sy.ROW_ENVS or _is_layout(pieces, k, end)):
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
    relation = _top_relation(line)
    if relation is None or any(piece.kind == "quad" for piece in line[:first]):
        return True
    if first == 0 or any(piece.kind == "amp" for piece in line[first:relation]):
        return False
    return True


def _top_relation(line: Sequence[Piece]) -> int | None:
    levels = Levels(line)
    k = 0
    while k < len(line):
        if line[k].kind == "rel":
            return k
        k = levels.match.get(k, k) + 1
    return None


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
    """Append a continuation; `\\right. … \\left.` at the break is dissolved, remarks of the first row move to the end."""
    while line and line[0].kind in _SKIPPED:
        line = line[1:]
    while before and before[-1].kind in _SKIPPED:
        before.pop()
    remarks: list[Piece] = []
    while before and before[-1].kind == "text" and line[0].kind != "rel":
        remarks.insert(0, before.pop())
        while before and before[-1].kind in _SKIPPED:
            before.pop()
    if before and before[-1].kind == "right" and before[-1].text == "." and line[0].kind == "left" and line[0].text == ".":
        before.pop()
        line = line[1:]
    before.extend(line)
    if remarks:
        before.append(Piece("quad", "", remarks[0].span))
        before.extend(remarks)


# -- formulas of a row ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Segment:
    """Pieces between two candidates for a separation, and the candidates before them."""

    before: list[Piece]
    pieces: list[Piece]
    relation: bool = False

    def has(self, kind: str) -> bool:
        return any(piece.kind == kind for piece in self.before)


def _split(line: list[Piece]) -> RowDraft:
    row = RowDraft(pieces=line)
    segments = _segments(line)
    column, amps = 0, 0
    current: Draft | None = None
    relation = False
    for k, segment in enumerate(segments):
        amps_here = sum(piece.kind == "amp" for piece in segment.before)
        amps += amps_here
        row.comments.extend(p for p in segment.before if p.kind == "text" and not _is_word(p))
        new_column = amps_here > 0 and (amps % 2 == 0 or amps_here > 1)
        following = segments[k + 1] if k + 1 < len(segments) else None
        if not segment.pieces and not (new_column and following is not None):
            continue
        if _is_remark(segment) and current is not None:
            row.comments.extend(_remark(segment.pieces))
            continue
        separator = None if current is None else _cut(current.pieces, relation, segment, new_column=new_column)
        if current is not None and separator is None:
            current.pieces.extend(_kept(segment.before, segment.pieces))
            current.pieces.extend(segment.pieces)
            relation = relation or segment.relation
            continue
        column += new_column
        current = Draft(list(segment.pieces), separator or _first_word(segment), column)
        relation = segment.relation
        row.drafts.append(current)
    row.drafts = [draft for draft in row.drafts if _strip(draft)]
    return row


def _segments(line: list[Piece]) -> list[_Segment]:
    levels = Levels(line)
    _implications(line, levels)
    segments = [_Segment([], [])]
    k = 0
    while k < len(line):
        piece = line[k]
        end = levels.match.get(k, k)
        if _separates(line, k):
            if segments[-1].pieces:
                segments.append(_Segment([], []))
            elif piece.kind == "amp" and segments[-1].has("amp"):
                segments.append(_Segment([], []))
            segments[-1].before.append(piece)
        else:
            segments[-1].pieces.extend(line[k : end + 1])
            segments[-1].relation = segments[-1].relation or piece.kind == "rel"
        k = end + 1
    return segments


def _separates(line: list[Piece], k: int) -> bool:
    piece = line[k]
    if piece.kind == "text":
        return not names_quantity(line, k)
    return piece.kind in ("sep", "quad", "colon", "arrow", "amp")


def _implications(line: list[Piece], levels: Levels) -> None:
    r"""`a = b \rightarrow c = d`: an arrow between formulas is an implication, between values a limit or a map."""
    tops: list[int] = []
    k = 0
    while k < len(line):
        if line[k].kind in ("rel", "arrow", "text", "sep", "quad"):
            tops.append(k)
        k = levels.match.get(k, k) + 1
    seen = False
    for rank, k in enumerate(tops):
        piece = line[k]
        if piece.kind == "rel" and piece.text in _TO:
            rest = [line[j] for j in tops[rank + 1 :]]
            later = any(p.kind == "rel" and p.text not in _TO and p.text != "in" for p in rest)
            if seen and (later or all(p.kind in ("quad", "sep", "amp", "dot") for p in line[k + 1 :])):
                piece.kind, piece.text, seen = "arrow", "=>", False
        elif piece.kind == "rel":
            seen = piece.text != "in" or seen
        elif piece.kind in ("arrow", "text"):
            seen = False


def names_quantity(line: Sequence[Piece], k: int) -> bool:
    r"""Whether a text at the top of a row is a name (`\text{err} = …`) and not prose."""
    piece = line[k]
    if is_connector(piece):
        return False
    before = _neighbour(line, k, -1)
    after = _neighbour(line, k, 1)
    single = " " not in piece.text
    if before in ("sub", "sup") or (single and after in ("sub", "sup", "prime")):
        return True
    leads = before in ("rel", "op", "sign") or k == 0 or line[k - 1].kind == "amp"
    ends = after in ("", "rel", "op", "sign", "sep", "amp", "text", "arrow", "dot")
    if single and after in ("open", "left") and (not line[k + 1].spaced or len(line[k + 1 :]) < 4):
        return piece.text.replace("-", "").replace("_", "").isalnum()
    if before in ("rel", "op", "sign"):
        return ends or single
    if leads and after in ("rel", "op"):
        return True
    tight = k + 1 < len(line) and not line[k + 1].spaced
    return single and leads and after not in ("", "text", "amp") and tight


def _neighbour(line: Sequence[Piece], k: int, step: int) -> str:
    k += step
    while 0 <= k < len(line):
        if line[k].kind == "quad":
            return "quad"
        if line[k].kind != "amp":
            return line[k].kind
        k += step
    return ""


def _cut(left: list[Piece], left_relation: bool, segment: _Segment, *, new_column: bool) -> str | None:
    """The separator, if a new formula begins with this segment; None when the segment goes on with the formula."""
    head = segment.pieces[0] if segment.pieces else None
    for piece in segment.before:
        if piece.kind == "arrow":
            return piece.text
    words = [piece.text.strip(" ,.;:()") for piece in segment.before if piece.kind == "text"]
    if words:
        return " ".join(words)
    both = left_relation and segment.relation
    starts = head is not None and head.kind in ("rel", "sign", "op")
    ends = not left or left[-1].kind in ("rel", "sign", "op")
    if segment.has("colon"):
        return None if _maps(left_relation, segment) or ends else ":"
    if segment.has("sep"):
        return _cut_at_comma(left, segment, both=both, starts=starts)
    if new_column and head is None:
        return "&"
    if ends or starts or head is None:
        return None
    if new_column:
        return "&"
    if segment.has("quad"):
        return None if _awaits(left) else " "
    return None


def _cut_at_comma(left: list[Piece], segment: _Segment, *, both: bool, starts: bool) -> str | None:
    comma = next(piece.text for piece in segment.before if piece.kind == "sep")
    quantifier = segment.pieces and segment.pieces[0].kind == "sym" and segment.pieces[0].text in ("forall", "exists")
    if both or quantifier or (left and left[0].text == "forall" and segment.relation):
        return comma
    if segment.has("quad") and segment.relation and not starts:
        return comma
    if not segment.pieces or (segment.has("amp") and not starts):
        return comma
    return None


def _maps(left_relation: bool, segment: _Segment) -> bool:
    return not left_relation and any(p.kind == "rel" and p.text in ("to", "->", "mapsto") for p in segment.pieces)


def _awaits(left: list[Piece]) -> bool:
    r"""`\min_w \quad …`: an operator that still lacks its argument."""
    if not left or left[0].kind not in ("fn", "big", "cmd"):
        return False
    k = 1 + (len(left) > 1 and left[0].text == "arg" and left[1].kind == "fn")
    levels = Levels(left)
    if left[0].kind == "cmd":
        if left[0].text != r"\underset":
            return False
        k = levels.match.get(k, k) + 1
        k = levels.match.get(k, k) + 1
    while k < len(left) and left[k].kind in ("sub", "sup"):
        k = levels.match.get(k + 1, k + 1) + 1
    return k >= len(left)


def _kept(before: list[Piece], pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in before if piece.kind in ("sep", "colon")] if pieces else []


def _is_word(piece: Piece) -> bool:
    """Words that only join formulas are no remark."""
    return len(piece.text.split()) <= 2 and is_connector(piece) and piece.extra != "foreign"


def _first_word(segment: _Segment) -> str:
    words = [piece.text.strip(" ,.;:") for piece in segment.before if piece.kind == "text"]
    if words:
        return " ".join(words)
    return next((piece.text for piece in segment.before if piece.kind == "arrow"), "")


def _is_remark(segment: _Segment) -> bool:
    r"""`\quad (\text{by the chain rule})`, `\qquad (3.14)`."""
    pieces = segment.pieces
    if len(pieces) < 3 or pieces[0].kind not in ("open", "left") or pieces[-1].kind not in ("close", "right"):
        return False
    if Levels(pieces).match.get(0) != len(pieces) - 1:
        return False
    if pieces[1].kind == "text" and (len(pieces) == 3 or is_connector(pieces[1]) or " " in pieces[1].text):
        return True
    spaced = segment.has("quad") or segment.has("amp")
    return spaced and not segment.has("sep") and len(pieces) <= 5 and all(p.kind in ("num", "dot", "sign", "sym") for p in pieces[1:-1])


def _remark(pieces: list[Piece]) -> list[Piece]:
    text = " ".join(piece.text for piece in pieces[1:-1])
    return [Piece("text", text, pieces[0].span.to(pieces[-1].span))]


def _strip(draft: Draft) -> bool:
    """Drop punctuation around a formula; whether anything is left."""
    pieces = draft.pieces
    while pieces and (pieces[-1].kind in _TRAILING or (pieces[-1].kind == "op" and pieces[-1].text == "bullet")):
        pieces.pop()
    while pieces and (pieces[0].kind in ("quad", "sep", "colon", "dot") or pieces[0].text == "bullet"):
        pieces.pop(0)
    return bool(pieces)
