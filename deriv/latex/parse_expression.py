"""The top of the grammar: lists, relation signs, the whole formula."""

from __future__ import annotations

from deriv.latex.nodes import Chain, Items, Node, Relation, Symbol
from deriv.latex.parse_atoms import is_connector
from deriv.latex.parse_factors import Factors
from deriv.latex.pieces import Piece


class Expression(Factors):
    """The whole grammar of one formula."""

    def formula(self) -> Node:
        """Everything, to the last piece."""
        self.skip_quads()
        node = self.items(top=True)
        if self.peek.kind != "eof":
            raise self.error(self.peek)
        return node

    def fresh(self, pieces: list[Piece]) -> Node:
        inner = Expression(pieces)
        inner.depth = self.depth + 5
        return inner.formula()

    # -- lists and relations ----------------------------------------------------------------------------------------

    def items(self, *, top: bool = False) -> Node:
        """Chains separated by commas, semicolons, bars, colons or words."""
        elements, separators = [self.chain(top=top)], list[str]()
        while (separator := self._separator(top=top)) is not None:
            while self.peek.kind in ("sep", "quad") and separator == " ":
                separator = self.advance().text
            self.skip_quads()
            if self.peek.kind in ("eof", "rb", "close", "right", "amp", "nl", "end"):
                break
            separators.append(separator)
            elements.append(self.chain(top=top))
        return fold(elements, separators, top=top or self.scripts > 0)

    def _separator(self, *, top: bool) -> str | None:
        piece = self.peek
        if piece.kind in ("sep", "mid", "colon"):
            self.advance()
            return piece.text
        if piece.kind == "bar" and piece.text == "|" and not self.closing_bar(piece):
            self.advance()
            return "|"
        if piece.kind == "text" and is_connector(piece):
            self.advance()
            return piece.text
        if piece.kind == "quad":
            self.advance()
            return " "
        return " " if piece.gap and self.gap_lists and self.starts_factor(piece) else None

    def chain(self, *, top: bool = False) -> Node:
        """Expressions joined by relation signs; a side may be empty."""
        self.skip_quads()
        start = self.peek
        parts: list[Node | None] = []
        relations: list[Relation] = []
        while True:
            parts.append(None if self._empty_side() else self.additive())
            relation = self._relation()
            if relation is None and top and self.peek.kind == "colon" and not relations:
                relation = ":"
            if relation is None:
                break
            self._take_relation(relation, relations, parts)
        if not relations:
            if parts[0] is None:
                raise self.error(self.peek)
            return parts[0]
        if all(part is None for part in parts):
            return self._lone_relation(relations, start)
        if any(part is None for part in parts[1:-1]):
            raise self.error(start, "nothing stands between two relation signs")
        return Chain(start.span.to(self.last_span), tuple(parts), tuple(relations))

    def _lone_relation(self, relations: list[Relation], start: Piece) -> Node:
        if self.scripts or self.depth:
            return Symbol(relations[0].span, relations[0].text)
        raise self.error(start, "a relation sign without sides")

    def _empty_side(self) -> bool:
        self.dissolve()
        piece = self.peek
        return self.at_end() or piece.kind in ("rel", "arrow")

    def _relation(self) -> str | None:
        """The relation sign that comes next."""
        piece = self.peek
        k = 0
        while piece.kind == "quad":
            k += 1
            piece = self.after(k)
        if piece.kind in ("rel", "arrow"):
            return piece.text
        if piece.kind == "bar" and not self.closing_bar(piece) and self._double_bar(piece, k):
            return "||"
        return None

    def _double_bar(self, piece: Piece, k: int) -> bool:
        if piece.text == "‖":
            return True
        following = self.after(k + 1)
        return following.kind == "bar" and following.text == "|" and not following.spaced

    def _take_relation(self, text: str, relations: list[Relation], parts: list[Node | None]) -> None:
        self.skip_quads()
        piece = self.advance()
        span = piece.span
        if text == "||" and piece.text == "|":
            span = span.to(self.advance().span)
        self.skip_quads()
        while self.peek.kind == "rel" and self.peek.text == text == "=":
            span = span.to(self.advance().span)
        relations.append(Relation(span, text))


def fold(elements: list[Node], separators: list[str], *, top: bool) -> Node:
    r"""One node for a list: `i = 1, \dots, n` and `x, y \in R` are one chain with a list on a side."""
    if not separators:
        return elements[0]
    elements, separators = _fold_dots(elements, separators, always=top)
    if top and len(elements) > 1 and all(s in (",", "|") for s in separators):
        *heads, last = elements
        if isinstance(last, Chain) and last.parts[0] is not None and not any(isinstance(h, Chain) for h in heads):
            first = _items([*heads, last.parts[0]], separators)
            return Chain(heads[0].span.to(last.span), (first, *last.parts[1:]), last.relations)
    return elements[0] if not separators else _items(elements, separators)


def _fold_dots(elements: list[Node], separators: list[str], *, always: bool) -> tuple[list[Node], list[str]]:
    """Draw what follows a chain after commas into its last part, when dots (or the place) say that it is a list."""
    out, kept = [elements[0]], list[str]()
    k = 1
    while k < len(elements):
        head = out[-1]
        tail = k
        while (
            isinstance(head, Chain)
            and tail < len(elements)
            and separators[tail - 1] == ","
            and not isinstance(elements[tail], Chain)
        ):
            tail += 1
        run = elements[k:tail]
        dotted = any(isinstance(e, Symbol) and e.text == "dots" for e in run)
        if run and isinstance(head, Chain) and head.parts[-1] is not None and (dotted or always):
            last = _items([head.parts[-1], *run], separators[k - 1 : tail - 1])
            out[-1] = Chain(head.span.to(run[-1].span), (*head.parts[:-1], last), head.relations)
            k = tail
            continue
        kept.append(separators[k - 1])
        out.append(elements[k])
        k += 1
    return out, kept


def _items(elements: list[Node], separators: list[str]) -> Items:
    return Items(elements[0].span.to(elements[-1].span), tuple(elements), tuple(separators))
