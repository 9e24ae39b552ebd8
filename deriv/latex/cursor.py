"""Where the parser stands: pieces, matching brackets, open bars, depth.  No grammar here."""

from __future__ import annotations

from collections.abc import Sequence

from deriv.errors import ReadingError
from deriv.latex.nodes import Node
from deriv.latex.pieces import Piece
from deriv.source import Span

MAX_DEPTH = 120
MAX_PIECES = 10_000

OPENERS = frozenset(["open", "left", "lb", "begin"])
CLOSERS = {"close": "open", "right": "left", "rb": "lb", "end": "begin"}
STARTS = frozenset("num name word fn big nabla partial dee text open left lb begin sym cmd".split())
ENDS = frozenset("eof rb close right sep mid colon nl amp end infix".split())
FRACTIONS = frozenset(r"\frac \dfrac \tfrac \cfrac \nicefrac \sfrac".split())
SIGN_NAMES = {"+": "plus", "-": "minus", "±": "pm", "∓": "mp"}


class Levels:
    """Matching brackets of a piece list, and what stands directly inside each pair (-1 is the outermost level)."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.match: dict[int, int] = {}
        self.opening: dict[int, int] = {}
        self.kinds: dict[int, set[str]] = {-1: set()}
        self.infix: dict[int, int] = {}
        self.bars_left: dict[int, int] = {}
        self._bars: dict[tuple[int, str], list[int]] = {}
        stack: list[int] = []
        level = -1
        for k, piece in enumerate(pieces):
            kind = piece.kind
            if kind in OPENERS:
                stack.append(k)
                level = k
                self.kinds[k] = set()
                continue
            if kind in CLOSERS:
                self._close(pieces, stack, k, CLOSERS[kind])
                level = stack[-1] if stack else -1
                continue
            self.kinds[level].add(kind)
            if piece.gap:
                self.kinds[level].add("gap")
            if kind == "infix":
                self.infix[level] = k
            elif kind == "bar":
                self._bars.setdefault((level, piece.text), []).append(k)
        for found in self._bars.values():
            for rank, k in enumerate(found):
                self.bars_left[k] = len(found) - rank

    def _close(self, pieces: Sequence[Piece], stack: list[int], k: int, opener: str) -> None:
        if opener == "open":
            if stack and pieces[stack[-1]].kind == "open":
                self.match[stack.pop()] = k
            return
        for depth in range(len(stack) - 1, -1, -1):
            kind = pieces[stack[depth]].kind
            if kind == opener:
                self.match[stack[depth]] = k
                self.opening[k] = stack[depth]
                del stack[depth:]
                return
            if kind == "lb" or (kind == "begin" and opener != "lb"):
                return


class Cursor:
    """A place in a list of pieces, and the ways to move it."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        if len(pieces) > MAX_PIECES:
            raise ReadingError("this formula is too long", pieces[0].span.start, pieces[-1].span.end)
        end = pieces[-1].span.end if pieces else 0
        self.pieces = [*pieces, Piece("eof", "end of the formula", Span(end, end))]
        self.levels = Levels(pieces)
        self.i = 0
        self.depth = 0
        self.font = ""
        self.bars: list[str] = []
        self.scripts = 0
        self.integrals = 0
        self.gap_lists = 0
        self._unwrap_operators()

    def _unwrap_operators(self) -> None:
        r"""`{\rm d}x` is `\mathrm{d}x`, `\mathop{\arg\max}_x` is `\arg\max_x`, `{\frac{d}{dx}} f` loses its braces."""
        pieces, match = self.pieces, self.levels.match
        for k in range(len(pieces) - 2):
            if pieces[k].kind != "lb" or pieces[k + 1].kind not in ("dee", "fn", "big", "word", "cmd"):
                continue
            end = k + 2 + (pieces[k + 1].text == "arg" and pieces[k + 2].kind == "fn")
            if pieces[k + 1].kind == "cmd":
                end = match.get(k + 2, -2) + 1
                if pieces[k + 1].text not in FRACTIONS or match.get(end, -2) + 1 != match.get(k):
                    continue
                end = match[k]
            if pieces[end].kind == "rb" and not self._is_argument(k):
                pieces[k].kind = pieces[end].kind = "nil"
        self.skip_nil()

    def _is_argument(self, k: int) -> bool:
        """Whether the braces at piece k hold the argument of a command or a script."""
        if k and self.pieces[k - 1].kind == "rb":
            k = self.levels.opening.get(k - 1, 0)
            return k > 0 and self.pieces[k - 1].kind == "cmd"
        return k > 0 and self.pieces[k - 1].kind in ("sub", "sup", "cmd")

    @property
    def peek(self) -> Piece:
        """The piece to be read next."""
        return self.pieces[self.i]

    @property
    def last_span(self) -> Span:
        """The place of the piece read last."""
        return self.pieces[self.i - 1].span if self.i else self.pieces[0].span

    def skip_nil(self) -> None:
        """Pass over braces that were dissolved."""
        while self.pieces[self.i].kind == "nil":
            self.i += 1

    def advance(self) -> Piece:
        """Take the next piece."""
        piece = self.pieces[self.i]
        if piece.kind != "eof":
            self.i += 1
            self.skip_nil()
        return piece

    def jump(self, index: int) -> None:
        """Go on at that piece."""
        self.i = index
        self.skip_nil()

    def after(self, k: int = 1) -> Piece:
        """The k-th piece after the next one."""
        return self.pieces[min(self.i + k, len(self.pieces) - 1)]

    def skip_quads(self) -> None:
        r"""Pass over `\quad`."""
        while self.peek.kind == "quad":
            self.advance()

    def skip_empty_braces(self) -> None:
        """Pass over `{}` that carries nothing: authors put it there for the spacing."""
        while (
            self.peek.kind == "lb" and self.after().kind == "rb" and self.after(2).kind not in ("sub", "sup", "prime")
        ):
            self.advance()
            self.advance()

    def expect(self, kind: str) -> Piece:
        """Take a piece of that kind or fail."""
        if self.peek.kind != kind:
            raise self.error(self.peek)
        return self.advance()

    def error(self, piece: Piece, message: str = "") -> ReadingError:
        """The error that this piece cannot be read here."""
        if not message:
            message = {
                "eof": "the formula ends too early",
                "unknown": f"unknown command {piece.text}"
                if piece.text.startswith("\\")
                else f"unexpected {piece.text!r}",
                "unit": f"numbers with units ({piece.text}) are not read",
                "rb": "unexpected end of a group",
                "close": f"unexpected closing {piece.text}",
                "right": "unexpected \\right",
                "sup": "nothing carries this superscript",
                "sub": "nothing carries this subscript",
            }.get(piece.kind, f"cannot read {piece.text!r} here")
        return ReadingError(message, piece.span.start, piece.span.end)

    def deeper(self) -> None:
        """Count a level of nesting, so that hostile input ends in an ordinary error."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(self.peek, "nested too deeply")

    # -- bars, which look the same on both sides ------------------------------------------------------------------

    def closing_bar(self, piece: Piece) -> bool:
        """Whether a bar after an operand closes one that is open."""
        return bool(self.bars) and self.bars[-1] == piece.text

    def opening_bar(self, piece: Piece) -> bool:
        """Whether a bar after an operand opens a new pair: then as many remain as are needed to close it."""
        if self.closing_bar(piece) or self.peek is not piece or (piece.gap and self.after().gap):
            return False
        return self.levels.bars_left.get(self.i, 0) % 2 == 0 and not self._double_relation(piece)

    def _double_relation(self, piece: Piece) -> bool:
        following = self.after()
        glued = following.kind == "bar" and following.text == piece.text == "|" and not following.spaced
        return glued and self.levels.bars_left.get(self.i, 0) == 2

    def evaluation_bar(self, piece: Piece) -> bool:
        """Whether this is the bar of `f'(x)|_{x=0}`."""
        if piece.kind not in ("bar", "close") or piece.text != "|" or self.closing_bar(piece):
            return False
        return self.after().kind in ("sub", "sup")

    # -- the grammar, given by the classes below this one.

    def items(self, *, top: bool = False) -> Node:
        """A list of chains."""
        raise NotImplementedError

    def chain(self) -> Node:
        """Expressions joined by relation signs."""
        raise NotImplementedError

    def additive(self) -> Node:
        """Terms with signs."""
        raise NotImplementedError

    def term(self, *, inner: bool = False) -> Node:
        """Factors in a row."""
        raise NotImplementedError

    def run(self, head: Node | None = None) -> Node:
        """Juxtaposed factors: the argument of a function without brackets."""
        raise NotImplementedError

    def factor(self) -> Node:
        """An atom with its scripts."""
        raise NotImplementedError

    def scripted(self, base: Node) -> Node:
        """The scripts and primes that follow a base."""
        raise NotImplementedError

    def script_argument(self) -> Node | None:
        """What stands after `^` or `_`."""
        raise NotImplementedError

    def fraction_or_command(self) -> Node:
        """A command with its arguments."""
        raise NotImplementedError

    def argument(self) -> Node:
        """One TeX argument."""
        raise NotImplementedError

    def group(self) -> Node:
        """Something in brackets."""
        raise NotImplementedError
