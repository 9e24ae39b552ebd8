r"""Control words with their own ways (`\text`, `\left`, `\begin`, labels, fonts) and the door to the pieces."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from deriv.latex import symbols as sy
from deriv.latex.letters import Letters
from deriv.latex.lex import Token
from deriv.latex.pieces import SIMPLE, Piece

WORD = re.compile(r"\s*[A-Za-z0-9][A-Za-z0-9\-._ ]*\Z")


_COMPOUND = (":=", "::=", "==", "<=>", "<=", ">=", "=>", "->", "|->", "<-", "!=", "=:")
_LABELLED_ARROWS = frozenset(key for key in SIMPLE if key.startswith(r"\x") and SIMPLE[key][0] in ("rel", "arrow"))


class Preparer(Letters):
    """One pass over the tokens of a block."""

    def run(self) -> list[Piece]:
        """All pieces."""
        tokens, count = self.tokens, len(self.tokens)
        while self.i < count:
            token = tokens[self.i]
            kind = token.kind
            if kind in ("space", "comment"):
                self.spaced = True
                self.i += 1
            elif kind == "letter":
                self.letters()
            elif kind == "number":
                self.number(token)
            elif kind == "newline":
                self.i += 1
                self.emit("nl", token.text, token.span)
            elif kind == "dots":
                self.i += 1
                self.emit("sym", "dots", token.span)
            else:
                self._other(token)
        return self.out

    def _other(self, token: Token) -> None:
        text = sy.UNICODE.get(token.text, token.text)
        if self.i in self.dropped:
            self.i += 1
            return
        if self.i in self.brackets:
            kind = self.brackets[self.i]
            self.i += 1
            self.emit(kind, token.text, token.span)
            return
        special = _SPECIAL.get(text)
        if special is not None:
            self.i += 1
            special(self, token)
            return
        if text in ":=<>-!|" and self._compound(token):
            return
        if text == "*" and self.i + 1 < len(self.tokens) and self.tokens[self.i + 1].text == "*":
            self.power()
            return
        simple = SIMPLE.get(text)
        self.i += 1
        if simple is None:
            self.rare(token, text)
        elif text == r"\T" and (not self.out or self.out[-1].kind not in ("sup", "lb")):
            self.emit("unknown", text, token.span)
        else:
            self._mode(text)
            self.emit(simple[0], simple[1], token.span, simple[2])
            if text in _LABELLED_ARROWS:
                self.skip_optional()
                self.argument()

    def _mode(self, text: str) -> None:
        if text == "{":
            self.modes.append(self.modes[-1])
        elif text == "}" and len(self.modes) > 1:
            self.modes.pop()

    def _compound(self, token: Token) -> bool:
        """Relation signs typed with several characters."""
        joined = token.text
        for k in range(self.i + 1, min(self.i + 3, len(self.tokens))):
            if self.tokens[k].kind != "char" or len(self.tokens[k].text) != 1:
                break
            joined += self.tokens[k].text
        for sign in _COMPOUND:
            if joined.startswith(sign) and len(sign) > 1:
                after = self.tokens[self.i + len(sign)].text if self.i + len(sign) < len(self.tokens) else ""
                if sign == "<-" and (after[:1].isdigit() or not self.spaced):
                    continue
                if sign == "!=" and not self.spaced:
                    continue
                span = token.span.to(self.tokens[self.i + len(sign) - 1].span)
                self.i += len(sign)
                self.emit("rel", sy.RELATIONS[sign], span)
                return True
        return False


_UNIT = re.compile(r"(?=.*[A-Za-z])(?:[A-Za-z/(). ~]|\^(?:\d|\{-?\d+\})|\\[,;: ]|\\cdot|\\Omega|\\mu|\\circ)+")


def prepare(tokens: Sequence[Token]) -> list[Piece]:
    """The pieces of a block's tokens."""
    return Preparer(tokens).run()


def _nothing(p: Preparer, token: Token) -> None:
    p.spaced = True
    p.skip_star()


def _with_arguments(p: Preparer, token: Token) -> None:
    p.skip_star()
    if token.text in (r"\mkern", r"\kern", r"\hskip", r"\mskip", r"\raise", r"\lower"):
        while p.i < len(p.tokens) and (p.tokens[p.i].kind in ("number", "space") or p.tokens[p.i].text in "-."):
            p.i += 1
        p.i += 2
    p.skip_optional()
    for _ in range(sy.IGNORED_WITH_ARGUMENTS[token.text]):
        p.argument()
    p.spaced = True


def _text(p: Preparer, token: Token) -> None:
    start = token.span
    content = p.argument()
    words = "".join(t.text for t in content).replace("$", "").strip("~ \t\n")
    span = start.to(content[-1].span) if content else start
    if p.i <= len(p.tokens) and p.tokens[p.i - 1].text == "}":
        span = span.to(p.tokens[p.i - 1].span)
    if words == "d":
        p.emit("dee", "d", span)
    elif words:
        p.emit("text", words, span)
        if "intertext" in token.text:
            p.emit("nl", r"\\", span)
    else:
        p.spaced = True


def _word_font(p: Preparer, token: Token) -> None:
    found = p.peek_word()
    if found is None or not WORD.match(found[1]) or re.fullmatch(r"[\d. ]+", found[1]):
        _unit(p, token)
        return  # a whole formula in an upright font, or a number: the font says nothing
    content, font = found[1].strip(), sy.FONTS[token.text]
    p.i = found[0]
    span = token.span.to(p.tokens[p.i - 1].span)
    scripted = bool(p.out) and p.out[-1].kind in ("sub", "sup")
    if font == "rm" and content == "d":
        p.emit("dee", "d", span)
    elif font == "rm" and len(content) == 2 and content[0] == "d" and content[1].isalpha() and not scripted:
        p.emit("dee", "d", span)
        p.emit("name", content[1], span)
    else:
        p.emit("word", content, span, font)


def _unit(p: Preparer, token: Token) -> None:
    r"""`5\,\mathrm{km/h}`: letters in an upright font behind a number are units, whatever they stand for elsewhere."""
    start = p.i
    content = p.argument() if sy.FONTS[token.text] == "rm" and p.out and p.out[-1].kind == "num" else []
    text = "".join(one.text for one in content)
    if _UNIT.fullmatch(text):
        p.emit("unit", text, token.span.to(content[-1].span))
    else:
        p.i = start


def _operatorname(p: Preparer, token: Token) -> None:
    p.skip_star()
    content = p.argument()
    end = p.tokens[p.i - 1].span if p.i <= len(p.tokens) else token.span
    name = "".join(t.text for t in content if t.kind in ("letter", "number") or t.text in "-*")
    if name == "d":
        p.emit("dee", "d", token.span.to(end))
    else:
        p.emit("fn", name, token.span.to(end), "" if name in sy.FUNCTIONS else "rm")


def _delimiter(p: Preparer) -> tuple[Token, tuple[str, str] | None] | None:
    """The delimiter after `\\left` or `\\big`."""
    k = p.i
    while k < len(p.tokens) and p.tokens[k].kind == "space":
        k += 1
    if k >= len(p.tokens):
        return None
    token = p.tokens[k]
    text = sy.UNICODE.get(token.text, token.text)
    if text in (".", "/", "<", ">", r"\\"):
        found: tuple[str, str] | None = {
            ".": (".", "."),
            "/": ("/", "op"),
            "<": ("<", "open"),
            ">": (">", "close"),
        }.get(text)
    else:
        found = sy.DELIMITERS.get(text)
    if found is not None:
        p.i = k + 1
    return token, found


def _left_right(p: Preparer, token: Token) -> None:
    found = _delimiter(p)
    if found is None or found[1] is None:
        p.emit("unknown", token.text, token.span)
        return
    span = token.span.to(found[0].span)
    if token.text == r"\middle":
        p.emit("mid", found[1][0], span)
    else:
        p.emit(token.text[1:], found[1][0], span, found[1][1])


def _size(p: Preparer, token: Token) -> None:
    found = _delimiter(p)
    if found is None or found[1] is None:
        p.spaced = True
        return
    delimiter, kind = found[1]
    side = token.text[-1]
    if kind == "op":
        p.emit("op", "/", found[0].span)
        return
    if kind == ".":
        return
    if kind in ("bar", "mid"):
        kind = {"l": "open", "r": "close", "m": "mid"}.get(side, kind)
        following = p.tokens[p.i].text if p.i < len(p.tokens) else ""
        if kind == "close" and following == "_":
            kind = "bar"
    p.emit(kind, delimiter, token.span.to(found[0].span), "big")


def _environment(p: Preparer, token: Token) -> None:
    name = "".join(t.text for t in p.argument()).strip()
    plain = name.rstrip("*")
    end = p.tokens[min(p.i, len(p.tokens)) - 1].span
    if token.text == r"\begin":
        if plain in sy.ROW_ENVS or plain in sy.MATRIX_ENVS:
            p.skip_optional("tcb")
        if plain in ("array", "tabular", "subarray", "alignat", "alignedat", "xalignat", "IEEEeqnarray", "darray"):
            p.argument()
    p.emit(token.text[1:], plain, token.span.to(end))


def _not(p: Preparer, token: Token) -> None:
    while p.i < len(p.tokens) and p.tokens[p.i].kind == "space":
        p.i += 1
    if p.i < len(p.tokens):
        negated = sy.NEGATED.get(sy.RELATIONS.get(p.tokens[p.i].text, ""))
        if negated is not None:
            p.i += 1
            p.emit("rel", negated, token.span.to(p.tokens[p.i - 1].span))
            return
    p.emit("unknown", token.text, token.span)


def _stacked(p: Preparer, token: Token) -> None:
    """`\\stackrel{def}{=}` is a relation; over anything else the command stays."""
    saved = p.i
    label = "".join(t.text for t in p.argument())
    base = [t for t in p.argument() if t.kind not in ("space", "comment")]
    text = "".join(t.text for t in base)
    text = sy.UNICODE.get(text, text)
    if text in sy.RELATIONS and text not in ("~",):
        define = "def" in label or "Delta" in label or "triangle" in label
        sign = "def" if define and sy.RELATIONS[text] in ("=", "equiv") else sy.RELATIONS[text]
        p.emit("rel", sign, token.span.to(base[-1].span))
    elif text in sy.ARROWS:
        p.emit("arrow", sy.ARROWS[text], token.span.to(base[-1].span))
    else:
        p.i = saved
        p.emit("cmd", token.text, token.span)


def _boxed(p: Preparer, token: Token) -> None:
    """A box around a whole equation goes, so that its relation sign is seen; a box around an expression stays."""
    k = p.i
    while k < len(p.tokens) and p.tokens[k].kind == "space":
        k += 1
    p.boxes += 1
    if p.boxes < 40 and k in p.closing:
        end, depth = p.closing[k], 0
        for t in p.tokens[k:end]:
            depth += (t.text == "{") - (t.text == "}")
            if depth == 1 and (t.text in sy.RELATIONS or t.kind == "newline" or t.text in (r"\begin", r"\(", "$")):
                p.dropped |= {k, end}
                return
    p.emit("cmd", r"\boxed", token.span)


def _quantity(p: Preparer, token: Token) -> None:
    r"""`\qty(x)` sizes the brackets that follow; the braces of `\qty{x}` are written ones."""
    k = p.i
    while k < len(p.tokens) and p.tokens[k].kind == "space":
        k += 1
    if k in p.closing:
        p.brackets |= {k: "open", p.closing[k]: "close"}


def _switch(p: Preparer, token: Token) -> None:
    p.modes[-1] = sy.SWITCHES[token.text]


def _thin(p: Preparer, token: Token) -> None:
    p.spaced = p.thin = True


def _gap(p: Preparer, token: Token) -> None:
    p.spaced = p.gap = True


_SPECIAL: dict[str, Callable[[Preparer, Token], None]] = {
    **dict.fromkeys(sy.SPACES | sy.IGNORED, _nothing),
    **dict.fromkeys(sy.THIN_SPACES, _thin),
    **dict.fromkeys(sy.IGNORED_WITH_ARGUMENTS, _with_arguments),
    **dict.fromkeys(sy.TEXTS, _text),
    **{cs: _word_font for cs, font in sy.FONTS.items() if font in sy.WORD_FONTS},
    **dict.fromkeys((r"\operatorname", r"\operatornamewithlimits", r"\DeclareMathOperator"), _operatorname),
    **dict.fromkeys((r"\left", r"\right", r"\middle"), _left_right),
    **dict.fromkeys(sy.SIZES, _size),
    **dict.fromkeys((r"\begin", r"\end"), _environment),
    **dict.fromkeys((r"\stackrel", r"\overset", r"\underset"), _stacked),
    **dict.fromkeys(sy.SWITCHES, _switch),
    "~": _gap,
    r"\ ": _gap,
    r"\not": _not,
    r"\boxed": _boxed,
    **dict.fromkeys((r"\qty", r"\quantity"), _quantity),
    r"\fbox": _boxed,
    "\x00": lambda p, t: p.emit("unknown", t.text, t.span),
}
