r"""One row to its formulas, on pieces: what `&`, commas, arrows and words between formulas mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from deriv.latex.cursor import Levels
from deriv.latex.parse_atoms import is_connector
from deriv.latex.pieces import Piece

_MARKS = frozenset("abcdefghABCDEFGH123456789")
_TO = frozenset(["to", "->"])
_TRAILING = frozenset(["sep", "dot", "quad", "colon"])


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


def top_relation(line: Sequence[Piece]) -> int | None:
    """The index of the first relation sign outside of brackets."""
    levels = Levels(line)
    k = 0
    while k < len(line):
        if line[k].kind == "rel":
            return k
        k = levels.match.get(k, k) + 1
    return None


@dataclass(slots=True)
class _Segment:
    """Pieces between two candidates for a separation, and the candidates before them."""

    before: list[Piece]
    pieces: list[Piece]
    relation: bool = False

    def has(self, kind: str) -> bool:
        return any(piece.kind == kind for piece in self.before)


def split_row(line: list[Piece]) -> RowDraft:
    """The formulas of a row and the remarks beside them."""
    row = RowDraft(pieces=line)
    segments = _segments(line)
    column, amps = 0, 0
    current: Draft | None = None
    relation = False
    for k, segment in enumerate(segments):
        amps_here = sum(piece.kind == "amp" for piece in segment.before)
        amps += amps_here
        row.comments.extend(p for p in segment.before if p.kind == "text" and _says_something(p))
        new_column = amps_here > 0 and (amps % 2 == 0 or amps_here > 1)
        following = segments[k + 1] if k + 1 < len(segments) else None
        if not segment.pieces and not (new_column and following is not None):
            continue
        if _is_remark(segment) and (current is not None or following is not None):
            row.comments.extend(_remark(segment.pieces))
            continue
        separator = None if current is None else _cut(current.pieces, segment, relation=relation, new_column=new_column)
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
    _unlabel(row)
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
            if segments[-1].pieces or (piece.kind == "amp" and segments[-1].has("amp")):
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
    if is_connector(piece) or piece.extra == "foreign":
        return False
    before = _neighbour(line, k, -1)
    after = _neighbour(line, k, 1)
    single = " " not in piece.text
    if single and len(line) == 1:
        return True
    if before in ("sub", "sup", "fn") or (single and after in ("sub", "sup", "prime")):
        return True
    leads = before in ("rel", "op", "sign", "bar") or k == 0 or line[k - 1].kind == "amp"
    ends = after in ("", "rel", "op", "sign", "sep", "amp", "text", "arrow", "dot", "bar")
    if single and after in ("open", "left") and (not line[k + 1].spaced or len(line[k + 1 :]) < 4):
        return piece.text.replace("-", "").replace("_", "").isalnum()
    if before in ("rel", "op", "sign"):
        return ends or single
    if leads and (after in ("rel", "op") or (single and after == "sign")):
        return True
    tight = k + 1 < len(line) and not line[k + 1].spaced
    return single and leads and after not in ("", "text", "amp") and tight


def _neighbour(line: Sequence[Piece], k: int, step: int) -> str:
    k += step
    while 0 <= k < len(line):
        if line[k].kind == "quad":
            return "quad"
        empty = 0 <= k + step < len(line) and {line[k].kind, line[k + step].kind} == {"lb", "rb"}
        if line[k].kind != "amp" and not empty:
            return line[k].kind
        k += 2 * step if empty else step
    return ""


def _cut(left: list[Piece], segment: _Segment, *, relation: bool, new_column: bool) -> str | None:
    """The separator, if a new formula begins with this segment; None when the segment goes on with the formula."""
    head = segment.pieces[0] if segment.pieces else None
    for piece in segment.before:
        if piece.kind == "arrow":
            return piece.text
    words = [piece.text.strip(" ,.;:()") for piece in segment.before if piece.kind == "text"]
    if words:
        return " ".join(words)
    both = relation and segment.relation
    starts = head is not None and head.kind in ("rel", "sign", "op")
    ends = not left or left[-1].kind in ("rel", "sign", "op")
    if segment.has("colon"):
        return None if (not relation and _maps(segment)) or ends else ":"
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


def _maps(segment: _Segment) -> bool:
    return any(p.kind == "rel" and p.text in ("to", "->", "mapsto") for p in segment.pieces)


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


def _says_something(piece: Piece) -> bool:
    """Words that only join formulas are no remark, nor is punctuation."""
    joins = len(piece.text.split()) <= 2 and is_connector(piece) and piece.extra != "foreign"
    return not joins and any(char.isalnum() for char in piece.text)


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
    return (
        spaced
        and not segment.has("sep")
        and len(pieces) <= 5
        and all(p.kind in ("num", "dot", "sign", "sym") for p in pieces[1:-1])
    )


def _remark(pieces: list[Piece]) -> list[Piece]:
    text = "".join(" " * p.spaced + p.text for p in pieces[1:-1]).strip()
    return [Piece("text", text, pieces[0].span.to(pieces[-1].span))]


def _unlabel(row: RowDraft) -> None:
    r"""Enumeration marks (`(b) \nabla L = …`, `C. x = …`), lone signs and footnote marks are remarks, not formulas."""
    if row.drafts:
        pieces = row.drafts[0].pieces
        length = _mark(pieces)
        if length:
            row.comments.append(_joined(pieces[:length]))
            del pieces[:length]
    for draft in list(row.drafts):
        lone = all(p.kind in ("rel", "arrow", "op", "sign") for p in draft.pieces)
        raised = draft.pieces[0].kind in ("sup", "sub") and top_relation(draft.pieces) is None
        if lone or raised:
            row.comments.append(_joined(draft.pieces))
            row.drafts.remove(draft)


def _mark(pieces: list[Piece]) -> int:
    """The number of pieces of an enumeration mark at the start of an equation."""
    if len(pieces) < 5 or top_relation(pieces) is None:
        return 0
    kinds = [piece.kind for piece in pieces[:5]]
    if kinds[0] in ("name", "num") and kinds[1] == "dot" and pieces[2].spaced and (pieces[0].text in _MARKS):
        return 2
    marked = kinds[1] == "word" or pieces[1].text in _MARKS
    if kinds[0] == "open" and kinds[1] in ("name", "word") and kinds[2] == "close" and pieces[3].spaced and marked:
        return 3 if kinds[3] in ("name", "cmd", "nabla", "fn", "big", "partial") else 0
    return 0


def _joined(pieces: Sequence[Piece]) -> Piece:
    text = "".join(" " * p.spaced + p.text for p in pieces).strip()
    return Piece("text", text, pieces[0].span.to(pieces[-1].span))


def _strip(draft: Draft) -> bool:
    """Drop punctuation around a formula; whether anything is left."""
    pieces = draft.pieces
    while pieces and (pieces[-1].kind in _TRAILING or (pieces[-1].kind == "op" and pieces[-1].text == "bullet")):
        pieces.pop()
    while pieces and (pieces[0].kind in ("quad", "sep", "colon", "dot") or pieces[0].text == "bullet"):
        pieces.pop(0)
    return bool(pieces)
