"""Matrices, `cases` and the lines of a broken expression."""

from __future__ import annotations

from dataclasses import replace

from deriv.latex import symbols as sy
from deriv.latex.nodes import CasesOf, Chain, Group, Items, Matrix, Node, Symbol, Text
from deriv.latex.parse_atoms import Atoms, is_connector
from deriv.latex.pieces import Piece

_END_OF_CELL = frozenset(["amp", "nl", "end", "eof"])


class Environments(Atoms):
    """Everything between `\\begin` and `\\end` inside a formula."""

    def environment(self) -> Node:
        """A matrix, `cases`, or lines of one long expression."""
        opening = self.i
        begin = self.advance()
        self.deeper()
        if begin.text in sy.CASES_ENVS:
            node = self._cases(begin)
        elif begin.text in sy.MATRIX_ENVS:
            node = self._matrix(begin)
        elif begin.text in sy.ROW_ENVS and opening in self.levels.match:
            node = self._lines(opening)
        else:
            raise self.error(begin, f"cannot read the environment {begin.text}")
        self.depth -= 1
        return node

    def _end(self, begin: Piece) -> None:
        if self.peek.kind != "end" or self.peek.text != begin.text:
            where = begin if self.peek.kind == "eof" else self.peek
            raise self.error(where, f"\\begin{{{begin.text}}} without \\end" if where is begin else "")
        self.advance()

    def _matrix(self, begin: Piece) -> Node:
        rows: list[tuple[Node, ...]] = []
        bars, self.bars = self.bars, []
        while self.peek.kind != "end":
            row: list[Node] = []
            while True:
                row.append(self._cell())
                if self.peek.kind != "amp":
                    break
                self.advance()
            if len(row) > 1 or not (isinstance(row[0], Symbol) and row[0].text == "blank"):
                rows.append(tuple(Symbol(c.span, "placeholder") if _blank(c) else c for c in row))
            if self.peek.kind != "nl":
                break
            self.advance()
        self.bars = bars
        self._end(begin)
        return Matrix(begin.span.to(self.last_span), begin.text, tuple(rows))

    def _cell(self) -> Node:
        self.skip_quads()
        if self.peek.kind in _END_OF_CELL:
            return Symbol(self.peek.span, "blank")
        if self.peek.kind in ("bar", "dot", "op") and self.after().kind in _END_OF_CELL:  # a picture of columns
            piece = self.advance()
            return Symbol(piece.span, "dots" if piece.kind == "dot" else piece.text)
        if self.peek.kind == "sep" and self.after().kind in _END_OF_CELL:
            self.advance()
            return Symbol(self.last_span, "blank")
        return self.items()

    def _lines(self, opening: int) -> Node:
        r"""`\left( \begin{aligned} a \\ + b \end{aligned} \right)`: the lines are one expression."""
        end = self.levels.match[opening]
        k = opening + 1
        while k < end:
            if self.pieces[k].kind in ("nl", "amp"):
                self.pieces[k].kind = "nil"
            k = self.levels.match.get(k, k) + 1
        self.pieces[end].kind = "nil"
        self.skip_nil()
        return self.items()

    def brace_environment(self, opening: int, start: Piece) -> Node | None:
        if start.text != "{" or not self._is_brace_environment(opening):
            return None
        node = self._cases(self.advance())
        self.expect("right")
        span = start.span.to(self.last_span)
        if isinstance(node, CasesOf):
            return replace(node, span=span)
        return Group(span, "{", "", node)

    def _is_brace_environment(self, opening: int) -> bool:
        end = self.levels.match.get(opening)
        if end is None or self.pieces[end].kind != "right" or self.pieces[end].text != ".":
            return False
        return self.peek.kind == "begin" and self.peek.text in sy.ROW_ENVS | {"array", "matrix", "darray"}

    def _cases(self, begin: Piece) -> Node:
        rows: list[tuple[Node, Node | None]] = []
        system = 0
        bars, self.bars = self.bars, []
        while self.peek.kind not in ("end", "eof"):
            if self.peek.kind == "nl":
                self.advance()
                continue
            row = self._case()
            system += isinstance(row[1], Chain) and row[1].parts[0] is None
            rows.append(row)
            if self.peek.kind not in ("nl", "end"):
                raise self.error(self.peek)
        self.bars = bars
        self._end(begin)
        span = begin.span.to(self.last_span)
        if system or (rows and all(isinstance(value, Chain) for value, _ in rows)):
            return Matrix(span, "system", tuple((_equation(*row),) for row in rows))
        return CasesOf(span, tuple(rows))

    def _case(self) -> tuple[Node, Node | None]:
        value = self.chain()
        while self.peek.kind in ("sep", "quad", "amp", "colon"):
            self.advance()
        return value, self._condition()

    def _condition(self) -> Node | None:
        words: list[Piece] = []
        while self.peek.kind in ("text", "quad", "amp", "sep", "dot", "colon") and not self._named_side():
            piece = self.advance()
            if piece.kind == "text":
                words.append(piece)
        if self.peek.kind in _END_OF_CELL:
            if not words:
                return None
            return Text(words[0].span.to(words[-1].span), " ".join(w.text for w in words))
        condition = self.items()
        while self.peek.kind in ("quad", "dot", "amp", "sep", "text"):
            self.advance()
        return condition

    def _named_side(self) -> bool:
        r"""`\text{out} > 0`: words that are the left side of the condition."""
        return self.peek.kind == "text" and self.after().kind == "rel" and not is_connector(self.peek)


def _blank(node: Node) -> bool:
    return isinstance(node, Symbol) and node.text == "blank"


def _equation(left: Node, right: Node | None) -> Node:
    if isinstance(right, Chain) and right.parts[0] is None:
        return Chain(left.span.to(right.span), (left, *right.parts[1:]), right.relations)
    if right is None:
        return left
    return Items(left.span.to(right.span), (left, right), (",",))
