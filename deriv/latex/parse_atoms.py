"""Atoms: names, numbers, fonts, accents, fractions, roots, brackets, matrices."""

from __future__ import annotations

from dataclasses import replace

from deriv.latex import symbols as sy
from deriv.latex.cursor import SIGN_NAMES, STARTS, Cursor
from deriv.latex.nodes import (
    Binomial,
    CasesOf,
    Chain,
    Decorated,
    Frac,
    Group,
    Items,
    Matrix,
    Name,
    Node,
    Number,
    Product,
    Root,
    Script,
    Symbol,
    Text,
)
from deriv.latex.prepare import Piece

_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">", "floor": "floor", "ceil": "ceil", "|": "|", "‖": "‖"}
_END_OF_CELL = frozenset(["amp", "nl", "end", "eof"])
_DECORATIONS = frozenset(
    r"\boxed \cancel \bcancel \xcancel \sout \underbrace \overbrace \underbracket \overbracket \enclose".split()
)
INDEX_LETTERS = frozenset("hijklmnpqrstuvwxyzcdbfg")


class Atoms(Cursor):
    """The smallest parts of a formula."""

    def simple(self, piece: Piece) -> Node:
        """The node of a piece that stands for itself."""
        match piece.kind:
            case "num":
                if self.font in ("bf", "bb") and piece.text in ("0", "1"):
                    return Name(piece.span, piece.text, (), self.font)
                return Number(piece.span, piece.text)
            case "name":
                return Name(piece.span, piece.text, (), piece.extra or self.font)
            case "word" | "text":
                return Name(piece.span, piece.text, (), self.font or piece.extra.replace("foreign", "") or "rm")
            case "sym":
                return Symbol(piece.span, piece.text)
            case "partial" | "nabla":
                return Symbol(piece.span, piece.kind)
            case "fn":
                return Name(piece.span, piece.text, (), "rm")
            case "dee":
                return Name(piece.span, "d", (), "rm")
            case _:
                self.fail(piece)

    def name(self) -> Node:
        """A letter; in a script three or more glued letters may be one label."""
        piece = self.advance()
        if self.scripts and not piece.extra and self.peek.glued:
            saved, run = self.i, [piece]
            while self.peek.kind == "name" and self.peek.glued:
                run.append(self.advance())
            word = "".join(p.text for p in run)
            if word in sy.WORDS or (len(word) > 2 and not set(word) <= INDEX_LETTERS):
                return Name(piece.span.to(run[-1].span), word, (), self.font or "rm")
            self.jump(saved)
        return self.simple(piece)

    # -- TeX arguments ----------------------------------------------------------------------------------------------

    def argument(self) -> Node:
        """One TeX argument: the contents of braces, or a single piece."""
        piece = self.peek
        if piece.kind == "lb":
            return self.braced()
        if piece.kind == "cmd":
            return self.command(self.advance())
        if piece.kind == "num" and len(piece.text) > 1 and piece.text.isdigit():
            head = Piece("num", piece.text[0], replace(piece.span, end=piece.span.start + 1))
            rest = replace(piece.span, start=piece.span.start + 1)
            self.pieces[self.i] = Piece("num", piece.text[1:], rest)
            return self.simple(head)
        if piece.kind in ("left", "open"):
            return self.group()
        return self.simple(self.advance())

    def braced(self) -> Node:
        """The contents of `{…}`; an empty one is a placeholder."""
        opening = self.i
        start = self.expect("lb")
        self.deeper()
        bars, self.bars = self.bars, []
        if self.peek.kind == "rb":
            node: Node = Symbol(start.span.to(self.peek.span), "placeholder")
        elif opening in self.levels.infix:
            node = self._infix()
        else:
            node = self.items()
        self.expect("rb")
        self.bars = bars
        self.depth -= 1
        return node

    def _infix(self) -> Node:
        r"""`{a \over b}`, `{n \choose k}`."""
        first = self.items()
        operator = self.expect("infix")
        second = self.items()
        span = first.span.to(second.span)
        return Frac(span, first, second) if operator.text == "over" else Binomial(span, first, second)

    def optional(self) -> Node | None:
        """An argument in square brackets."""
        if self.peek.kind != "open" or self.peek.text != "[":
            return None
        self.advance()
        node = self.items()
        self.expect("close")
        return node

    # -- commands ---------------------------------------------------------------------------------------------------

    def command(self, piece: Piece) -> Node:
        """A command with arguments; its own piece is read."""
        text = piece.text
        self.deeper()
        try:
            if text in sy.FONTS:
                return self._font(piece)
            if text in sy.ACCENTS:
                return self._accent(piece)
            if text == r"\sqrt":
                degree = self.optional()
                body = self.argument()
                return Root(piece.span.to(self.last_span), body, degree)
            if text in (r"\binom", r"\dbinom", r"\tbinom"):
                top, bottom = self.argument(), self.argument()
                return Binomial(piece.span.to(self.last_span), top, bottom)
            if text in _DECORATIONS:
                return self._decorated(piece)
            return self._rare_command(piece)
        finally:
            self.depth -= 1

    def _rare_command(self, piece: Piece) -> Node:
        text = piece.text
        if text in (r"\underset", r"\overset", r"\stackrel"):
            return self._stacked(piece)
        if text == r"\cancelto":
            label = self.argument()
            body = self.argument()
            return Decorated(piece.span.to(self.last_span), "cancelto", body, label)
        if text == r"\substack":
            return self._substack(piece)
        if text in (r"\norm", r"\Norm", r"\abs", r"\set"):
            body = self.argument()
            bracket = {"abs": ("|", "|"), "set": ("{", "}")}.get(text[1:], ("‖", "‖"))
            return Group(piece.span.to(self.last_span), *bracket, body)
        if text in (r"\inner", r"\ip", r"\innerproduct"):
            first, second = self.argument(), self.argument()
            span = piece.span.to(self.last_span)
            return Group(span, "<", ">", Items(first.span.to(second.span), (first, second), (",",)))
        if text == r"\flatfrac":
            num, den = self.argument(), self.argument()
            return Frac(piece.span.to(self.last_span), num, den)
        self.fail(piece, f"cannot read {text}")

    def _font(self, piece: Piece) -> Node:
        font, self.font = self.font, sy.FONTS[piece.text] or self.font
        node = self.argument()
        self.font = font
        return replace(node, span=piece.span.to(self.last_span))

    def _accent(self, piece: Piece) -> Node:
        accent = sy.ACCENTS[piece.text]
        body = self.argument()
        span = piece.span.to(self.last_span)
        if isinstance(body, Name):
            return replace(body, accents=(*body.accents, accent), span=span)
        if isinstance(body, Script) and isinstance(body.base, Name):
            base = replace(body.base, accents=(*body.base.accents, accent))
            return replace(body, base=base, span=span)
        return Decorated(span, accent, body)

    def _decorated(self, piece: Piece) -> Node:
        body = self.argument()
        label = None
        brace = "brace" in piece.text or "bracket" in piece.text
        if brace and self.peek.kind in ("sub", "sup"):
            self.advance()
            label = self.label()
        return Decorated(piece.span.to(self.last_span), piece.text[1:], body, label)

    def label(self) -> Node | None:
        """What stands at a brace: anything, and unreadable things too, since it changes no value."""
        start = self.i
        end = self.levels.match.get(start)
        if self.peek.kind != "lb" or end is None:
            return self.script_argument()
        inside = self.pieces[start + 1 : end]
        self.jump(end + 1)
        if not inside:
            return None
        words = " ".join(p.text for p in inside)
        return Text(inside[0].span.to(inside[-1].span), words)

    def _stacked(self, piece: Piece) -> Node:
        r"""`\underset{w}{\min}` is `\min_w`; any other mark above or below is a label."""
        at = self.i
        mark = self.label()
        function = self.after(1) if self.peek.kind == "lb" else self.peek
        if piece.text == r"\underset" and function.kind in ("fn", "big"):
            after = self.i
            self.jump(at)
            under = self.script_argument()
            self.jump(after)
            return self.limited(under)
        body = self.argument()
        return Decorated(piece.span.to(self.last_span), piece.text[1:], body, mark)

    def limited(self, under: Node | None) -> Node:
        r"""An operator that got its subscript from `\underset`."""
        raise NotImplementedError

    def _substack(self, piece: Piece) -> Node:
        self.expect("lb")
        rows = [self.items()]
        while self.peek.kind == "nl":
            self.advance()
            if self.peek.kind != "rb":
                rows.append(self.items())
        self.expect("rb")
        span = piece.span.to(self.last_span)
        return rows[0] if len(rows) == 1 else Items(span, tuple(rows), (",",) * (len(rows) - 1))

    # -- brackets ---------------------------------------------------------------------------------------------------

    def group(self) -> Node:
        """Something in brackets, from the opening one on."""
        opening = self.i
        start = self.advance()
        self.deeper()
        bars, self.bars = self.bars, []
        integrals, self.integrals = self.integrals, 0
        if start.text == "{" and self._left_brace_environment(opening):
            node = self._brace_environment(start)
        else:
            node = self._bracketed(opening, start)
        self.bars, self.integrals = bars, integrals
        self.depth -= 1
        return node

    def _bracketed(self, opening: int, start: Piece) -> Node:
        closer = "right" if start.kind == "left" else "close"
        row = start.text == "[" and "gap" in self.levels.kinds[opening] and not (
            self.levels.kinds[opening] & {"sign", "rel", "sep", "op", "mid", "bar"})
        self.gap_lists += row
        if self.peek.kind == closer:
            body: Node = Symbol(start.span.to(self.peek.span), "placeholder")
        else:
            body = self.items()
        self.gap_lists -= row
        end = self.peek
        if end.kind != closer or not self._closes(start, end, body):
            self.fail(end if end.kind != "eof" else start, "" if end.kind != "eof" else f"unclosed {start.text}")
        self.advance()
        if start.text == "." and end.text == "|" and self.peek.kind in ("sub", "sup"):
            return self.evaluated(body, start)
        return Group(start.span.to(end.span), start.text, end.text, body)

    def _closes(self, start: Piece, end: Piece, body: Node) -> bool:
        if _CLOSING.get(start.text) == end.text:
            return True
        if start.kind == "left" and (start.text, end.text) in ((".", "|"), ("|", "."), ("<", "|"), ("|", ">")):
            return True
        pair = isinstance(body, Items) and len(body.items) == 2
        return pair and start.text in "([" and end.text in ")]"

    def evaluated(self, body: Node, start: Piece) -> Node:
        """`body` at a point: the bar is read, its scripts follow."""
        bar = Group(start.span.to(self.last_span).to(body.span), "|at", "", body)
        return self.scripted(bar)

    def bar_group(self) -> Node:
        """`|x|` or `‖x‖` written with the same sign on both sides."""
        start = self.advance()
        double = start.text == "|" and self.peek.kind == "bar" and self.peek.text == "|" and not self.peek.spaced
        if double:
            self.advance()
        self.deeper()
        self.bars.append(start.text)
        body = self.items()
        self.bars.pop()
        self.depth -= 1
        for _ in range(2 if double else 1):
            end = self.peek
            if end.kind not in ("bar", "close") or end.text != start.text:
                self.fail(end, f"unclosed {start.text}" if end.kind == "eof" else "")
            self.advance()
        sign = "‖" if double else start.text
        return Group(start.span.to(self.last_span), sign, sign, body)

    # -- environments -----------------------------------------------------------------------------------------------

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
            self.fail(begin, f"cannot read the environment {begin.text}")
        self.depth -= 1
        return node

    def _end(self, begin: Piece) -> None:
        if self.peek.kind != "end" or self.peek.text != begin.text:
            where = begin if self.peek.kind == "eof" else self.peek
            self.fail(where, f"\\begin{{{begin.text}}} without \\end" if where is begin else "")
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
                rows.append(tuple(replace(c, text="placeholder") if _blank(c) else c for c in row))
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

    def _left_brace_environment(self, opening: int) -> bool:
        end = self.levels.match.get(opening)
        if end is None or self.pieces[end].kind != "right" or self.pieces[end].text != ".":
            return False
        return self.peek.kind == "begin" and self.peek.text in sy.ROW_ENVS | {"array", "matrix", "darray"}

    def _brace_environment(self, start: Piece) -> Node:
        node = self._cases(self.advance())
        self.expect("right")
        span = start.span.to(self.last_span)
        if isinstance(node, CasesOf):
            return replace(node, span=span)
        return Group(span, "{", "", node)

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
                self.fail(self.peek)
        self.bars = bars
        self._end(begin)
        span = begin.span.to(self.last_span)
        if system or (rows and all(isinstance(value, Chain) for value, _ in rows)):
            return Matrix(span, "system", tuple((_equation(*row),) for row in rows))
        return CasesOf(span, tuple(rows))

    def _case(self) -> tuple[Node, Node | None]:
        value = self.chain()
        while self.peek.kind in ("sep", "quad", "amp"):
            self.advance()
        return value, self._condition()

    def _condition(self) -> Node | None:
        words: list[Piece] = []
        while self.peek.kind in ("text", "quad", "amp", "sep", "dot"):
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

    # -- helpers ----------------------------------------------------------------------------------------------------

    def starts_factor(self, piece: Piece) -> bool:
        """Whether a factor can begin with that piece."""
        return piece.kind in STARTS and not (piece.kind == "text" and is_connector(piece))

    def lone(self, piece: Piece) -> Symbol:
        """A sign or operator that stands alone, as in `x^+`, `f(\\cdot)`."""
        if piece.kind == "sign":
            return Symbol(piece.span, SIGN_NAMES[piece.text])
        return Symbol(piece.span, {"*": "star", "cdot": "placeholder"}.get(piece.text, piece.text))


def _blank(node: Node) -> bool:
    return isinstance(node, Symbol) and node.text == "blank"


def _equation(left: Node, right: Node | None) -> Node:
    if isinstance(right, Chain) and right.parts[0] is None:
        return Chain(left.span.to(right.span), (left, *right.parts[1:]), right.relations)
    if right is None:
        return left
    return Items(left.span.to(right.span), (left, right), (",",))


def is_connector(piece: Piece) -> bool:
    """Whether a text is prose between formulas (`if`, `and`, `such that`) and not a name."""
    words = piece.text.split()
    return piece.extra == "foreign" or not words or (words[0].strip(".,;:()") in sy.CONNECTORS) or len(words) > 4


def is_application(node: Node) -> bool:
    """`f(x)`: a name and bracket groups, which braces hold together as the eye does."""
    if not isinstance(node, Product):
        return True
    head, *rest = node.factors
    return isinstance(head, Name | Script) and all(isinstance(f, Group) for f in rest) and not any(node.ops)
