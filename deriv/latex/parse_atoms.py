"""Atoms: names, numbers, fonts, accents, fractions, roots, brackets, matrices."""

from __future__ import annotations

from dataclasses import replace

from deriv.errors import ReadingError
from deriv.latex import symbols as sy
from deriv.latex.cursor import SIGN_NAMES, STARTS, Cursor
from deriv.latex.nodes import (
    Binomial,
    Decorated,
    Frac,
    Group,
    Items,
    Name,
    Node,
    Number,
    Product,
    Root,
    Script,
    Symbol,
    Text,
)
from deriv.latex.pieces import Piece

_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">", "floor": "floor", "ceil": "ceil", "|": "|", "‖": "‖"}
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
                raise self.error(piece)

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
            return self.fraction_or_command()
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
        raise self.error(piece, f"cannot read {text}")

    def _font(self, piece: Piece) -> Node:
        font, self.font = self.font, sy.FONTS[piece.text] or self.font
        node = self._bold_pair() or self.argument()
        self.font = font
        if isinstance(node, Product) and self.peek.kind in ("sub", "sup", "prime"):
            raise self.error(piece, "a script on several letters is ambiguous")
        return replace(node, span=piece.span.to(self.last_span))

    def _bold_pair(self) -> Node | None:
        r"""`\mathbf{dx}`: a name for a gradient, as programmers write it; there is no bold d to multiply with."""
        d, x = self.after(1), self.after(2)
        if self.font != "bf" or d.kind != "name" or d.text != "d" or x.kind != "name" or self.after(3).kind != "rb":
            return None
        self.jump(self.i + 4)
        return Name(d.span.to(x.span), "d" + x.text, (), "bf")

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
        inside = [replace(p) for p in self.pieces[start + 1 : end]]
        self.jump(end + 1)
        if not inside:
            return None
        words = Text(inside[0].span.to(inside[-1].span), "".join(" " * p.spaced + p.text for p in inside).strip())
        if any(p.kind == "text" for p in inside) or self.depth > 30:
            return words
        try:
            return self.fresh(inside)
        except ReadingError:
            return words

    def fresh(self, pieces: list[Piece]) -> Node:
        """A formula of its own, inside this one."""
        raise NotImplementedError

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
        node = self.brace_environment(opening, start) or self._bracketed(opening, start)
        self.bars, self.integrals = bars, integrals
        self.depth -= 1
        return node

    def _bracketed(self, opening: int, start: Piece) -> Node:
        closer = "right" if start.kind == "left" else "close"
        row = (
            start.text == "["
            and "gap" in self.levels.kinds[opening]
            and not (self.levels.kinds[opening] & {"sign", "rel", "sep", "op", "mid", "bar"})
        )
        self.gap_lists += row
        if self.peek.kind == closer:
            body: Node = Symbol(start.span.to(self.peek.span), "placeholder")
        else:
            body = self.items()
        self.gap_lists -= row
        end = self.peek
        if end.kind != closer or not self._closes(start, end, body):
            raise self.error(end if end.kind != "eof" else start, "" if end.kind != "eof" else f"unclosed {start.text}")
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
                raise self.error(end, f"unclosed {start.text}" if end.kind == "eof" else "")
            self.advance()
        sign = "‖" if double else start.text
        return Group(start.span.to(self.last_span), sign, sign, body)

    def environment(self) -> Node:
        """A matrix, `cases` and the like."""
        raise NotImplementedError

    def brace_environment(self, opening: int, start: Piece) -> Node | None:
        r"""`\left\{ \begin{array} … \right.`, if that is what begins here."""
        raise NotImplementedError

    # -- helpers ----------------------------------------------------------------------------------------------------

    def starts_factor(self, piece: Piece) -> bool:
        """Whether a factor can begin with that piece."""
        return piece.kind in STARTS and not (piece.kind == "text" and is_connector(piece))

    def lone(self, piece: Piece) -> Symbol:
        """A sign or operator that stands alone, as in `x^+`, `f(\\cdot)`."""
        if piece.kind == "sign":
            return Symbol(piece.span, SIGN_NAMES[piece.text])
        return Symbol(piece.span, {"*": "star", "cdot": "placeholder"}.get(piece.text, piece.text))


def is_connector(piece: Piece) -> bool:
    """Whether a text is prose between formulas (`if`, `and`, `such that`) and not a name."""
    words = piece.text.split()
    if piece.extra == "foreign":
        return len(piece.text) > 8
    return not words or (words[0].strip(".,;:()") in sy.CONNECTORS) or len(words) > 4


def is_application(node: Node) -> bool:
    """`f(x)`: a name and bracket groups, which braces hold together as the eye does."""
    if not isinstance(node, Product):
        return True
    head, *rest = node.factors
    return isinstance(head, Name | Script) and all(isinstance(f, Group) for f in rest) and not any(node.ops)
