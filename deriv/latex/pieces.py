r"""Tokens to pieces: what the grammar sees.

Spacing, sizes and labels go, `\text{…}` becomes one piece, names get a kind.

Kinds: num name word fn big nabla partial dee text open close bar mid left right sign op rel arrow sep colon quad nl
amp sup sub prime lb rb begin end sym cmd infix bang dot unknown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deriv.latex import symbols as sy
from deriv.latex.lex import Token
from deriv.source import Span


@dataclass(slots=True)
class Piece:
    r"""One symbol for the grammar; `extra` is a font, `spaced` says that a space stood before, `gap` that the
    space was written as one (`\ `, `~`), `glued` that the piece continues a run of letters.
    """

    kind: str
    text: str
    span: Span
    extra: str = ""
    spaced: bool = False
    glued: bool = False
    gap: bool = False


COMMANDS = frozenset(
    r"\frac \dfrac \tfrac \cfrac \nicefrac \sfrac \sqrt \binom \dbinom \tbinom \underbrace \overbrace \underset "
    r"\overset "
    r"\stackrel \boxed \cancel \bcancel \xcancel \sout \cancelto \substack \norm \abs \dv \pdv \odv \underbracket "
    r"\overbracket "
    r"\innerproduct \inner \flatfrac \genfrac \prescript \sideset \set \ip \mathstrike \Norm \derivative \pderiv \fdv "
    r"\enclose".split()
)
_INFIX = {r"\over": "over", r"\choose": "choose", r"\atop": "atop"}
_DEE = frozenset([r"\dd", r"\diff", r"\dif", r"\differential", r"\d", r"\ud", r"\dl"])
_HOUSE_BOLD = re.compile(r"\\(?:([vmb])([A-Za-z])|([A-Za-z])v)$")
_SUFFIX = re.compile(
    r"([A-Za-z]{0,2}?)(ln|log|exp|arcsin|arccos|arctan|sinh|cosh|tanh|sin|cos|tan|max|min)([A-Za-z]?)\Z"
)
# `Radio`, `sales`, `learningRate`: long runs with vowels are words, not products of letters.
_ENGLISH = re.compile(r"(?=(?:[^aeiou]*[aeiou]){2})[A-Za-z][a-zA-Z]{4,}\Z|(?=.+[aeiou])[A-Z][a-z]{3,}\Z")
_STARTS_ARGUMENT = re.compile(
    r"[\w(\[{|]|\\(?!cdot|times|right|le|ge|ne|in|to|,?\\|quad|qquad|end|Big|big|\)|\])[A-Za-z{|]"
)
_PLAIN_TEXT = frozenset(
    "and or if for where with when otherwise else then since because such that let hence thus so let as Let If For "
    "Where Then Hence Thus So And Since While while subject wrt".split()
)
_COMPOUND = (":=", "::=", "==", "<=>", "<=", ">=", "=>", "->", "|->", "<-", "!=", "=:")


def _simple_table() -> dict[str, tuple[str, str, str]]:
    table: dict[str, tuple[str, str, str]] = {}
    for kind, source in (
        ("name", sy.NAMES), ("sym", sy.SYMBOLS), ("rel", sy.RELATIONS), ("arrow", sy.ARROWS), ("op", sy.OPERATORS),
        ("sign", sy.SIGNS), ("fn", sy.BACKSLASH_FUNCTIONS), ("name", sy.BIG_OTHER), ("infix", _INFIX),
    ):  # fmt: skip
        table.update({key: (kind, text, "") for key, text in source.items()})
    table.update({key: ("name", text, font) for key, (text, font) in sy.HOUSE_NAMES.items()})
    table.update({key: ("big", kind, count) for key, (kind, count) in sy.BIG.items()})
    table.update({key: (kind, text, "") for key, (text, kind) in sy.DELIMITERS.items()})
    table.update({key: ("cmd", key, font) for key, font in sy.FONTS.items()})
    table.update({key: ("cmd", key, "") for key in (*sy.ACCENTS, *COMMANDS)})
    table.update(dict.fromkeys(_DEE, ("dee", "d", "")))
    table.update({key: ("quad", key, "") for key in sy.GAPS})
    table.update({
        "^": ("sup", "^", ""), "_": ("sub", "_", ""), "'": ("prime", "'", ""), "{": ("lb", "{", ""),
        "}": ("rb", "}", ""),
        "&": ("amp", "&", ""), ",": ("sep", ",", ""), ";": ("sep", ";", ""), ":": ("colon", ":", ""),
        "!": ("bang", "!", ""),
        "?": ("sym", "placeholder", ""), ".": ("dot", ".", ""), r"\colon": ("colon", ":", ""),
        r"\prime": ("sym", "prime", ""),
        r"\partial": ("partial", "partial", ""), r"\nabla": ("nabla", "nabla", ""), r"\grad": ("nabla", "nabla", ""),
        r"\given": ("mid", "|", ""), r"\suchthat": ("mid", "|", ""),
        r"\lq": ("prime", "'", ""), r"\&": ("op", "and", ""), r"\vert": ("bar", "|", ""), "•": ("op", "bullet", ""),
        r"\_": ("sub", "_", ""), r"\cr": ("nl", r"\\", ""), r"\laplacian": ("nabla", "laplacian", ""),
        r"\T": ("sym", "top", ""), r"\eps": ("name", "epsilon", ""), r"\bgroup": ("lb", "{", ""),
        r"\egroup": ("rb", "}", ""), r"\vcentcolon": ("colon", ":", ""), r"\ldotp": ("dot", ".", ""),
        "@": ("op", "@", ""),
        r"\xrightarrow": ("rel", "to", ""), r"\xleftarrow": ("rel", "<-", ""), r"\xlongequal": ("rel", "=", ""),
        r"\xRightarrow": ("arrow", "=>", ""), r"\xlongrightarrow": ("rel", "to", ""),
        r"\xmapsto": ("rel", "mapsto", ""),
    })  # fmt: skip
    return table


_SIMPLE = _simple_table()
_LABELLED_ARROWS = frozenset(key for key in _SIMPLE if key.startswith(r"\x") and _SIMPLE[key][0] in ("rel", "arrow"))


Handler = Callable[["Preparer", Token], None]


class Preparer:
    """One pass over the tokens of a block; `special` are the control words with ways of their own."""

    def __init__(self, tokens: Sequence[Token], special: Mapping[str, Handler]) -> None:
        self.special = special
        self.tokens = tokens
        self.i = 0
        self.out: list[Piece] = []
        self.spaced = False
        self.gap = False
        self.modes = [""]
        self.dropped: set[int] = set()
        self.boxes = 0
        self.closing = _match_braces(tokens)

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
                self._letters()
            elif kind == "number":
                self.i += 1
                self.emit("num", token.text, token.span)
            elif kind == "newline":
                self.i += 1
                self.emit("nl", token.text, token.span)
            elif kind == "dots":
                self.i += 1
                self.emit("sym", "dots", token.span)
            else:
                self._other(token)
        return self.out

    def emit(self, kind: str, text: str, span: Span, extra: str = "", *, glued: bool = False) -> None:
        """Append a piece."""
        self.out.append(Piece(kind, text, span, extra, self.spaced, glued, self.gap))
        self.spaced = self.gap = False

    def _other(self, token: Token) -> None:
        text = sy.UNICODE.get(token.text, token.text)
        if self.i in self.dropped:
            self.i += 1
            return
        special = self.special.get(text)
        if special is not None:
            self.i += 1
            special(self, token)
            return
        if text in ":=<>-!|" and self._compound(token):
            return
        simple = _SIMPLE.get(text)
        self.i += 1
        if simple is None:
            self._rare(token, text)
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

    def _rare(self, token: Token, text: str) -> None:
        span = token.span
        if text in sy.SUPERSCRIPTS or text in sy.SUBSCRIPTS:
            self._unicode_script(token)
        elif text in sy.VULGAR:
            top, bottom = sy.VULGAR[text]
            for kind, value in (("cmd", r"\frac"), ("lb", "{"), ("num", str(top)), ("rb", "}"), ("lb", "{"),
                                ("num", str(bottom)), ("rb", "}")):  # fmt: skip
                self.emit(kind, value, span)
        elif bold := _HOUSE_BOLD.match(text):
            self.emit("name", bold[2] or bold[3], span, "bf")
        elif text.isspace() or unicodedata.category(text[0]) in ("Cf", "Zs"):
            self.spaced = True
        else:
            self.emit("unknown", token.text, span)

    def _unicode_script(self, token: Token) -> None:
        table = sy.SUPERSCRIPTS if token.text in sy.SUPERSCRIPTS else sy.SUBSCRIPTS
        self.emit("sup" if table is sy.SUPERSCRIPTS else "sub", "^", token.span)
        self.emit("lb", "{", token.span)
        self.i -= self.tokens[self.i - 1] is token
        while self.i < len(self.tokens) and self.tokens[self.i].text in table:
            here = self.tokens[self.i]
            char = table[here.text]
            kind = {"+": "sign", "-": "sign", "(": "open", ")": "close"}.get(char, "num" if char.isdigit() else "name")
            self.emit(kind, char, here.span)
            self.i += 1
        self.emit("rb", "}", token.span)

    # -- letters ----------------------------------------------------------------------------------------------------

    def _letters(self) -> None:
        tokens, start = self.tokens, self.i
        end = start + 1
        while end < len(tokens) and tokens[end].kind == "letter" and _adjacent(tokens[end - 1], tokens[end]):
            end += 1
        self.i = end
        run = tokens[start:end]
        word = "".join(t.text for t in run)
        if len(run) > 2 and (joined := self._underscored(end)) > end:
            self.i = joined
            whole = "".join(t.text for t in tokens[start:joined]).replace("\\_", "_")
            self.emit("word", whole, run[0].span.to(tokens[joined - 1].span), "rm")
            return
        if self.modes[-1] and word.isascii():
            self._in_mode(word, run)
        elif len(run) > 1 and word.isascii():
            self._word(word, run)
        else:
            for k, token in enumerate(run):
                self._letter(token, glued=k > 0)

    def _underscored(self, end: int) -> int:
        r"""The end of a programmer's name (`learning\_rate`, `learning_rate`) whose first word ends here."""
        tokens = self.tokens
        if end + 3 >= len(tokens) or tokens[end].text not in ("\\_", "_"):
            return end
        after = end + 1
        while after < len(tokens) and tokens[after].kind == "letter" and _adjacent(tokens[after - 1], tokens[after]):
            after += 1
        return after if after - end > 3 else end

    def _in_mode(self, word: str, run: Sequence[Token]) -> None:
        font = self.modes[-1]
        if font not in sy.WORD_FONTS:
            for k, token in enumerate(run):
                self.emit("name", token.text, token.span, font, glued=k > 0)
        elif word == "d":
            self.emit("dee", "d", run[0].span)
        else:
            self.emit("word", word, run[0].span.to(run[-1].span), font)

    def _letter(self, token: Token, *, glued: bool) -> None:
        if token.text.isascii():
            self.emit("name", token.text, token.span, glued=glued)
        else:
            self._foreign(token, glued=glued)

    def _foreign(self, token: Token, *, glued: bool = False) -> None:
        """Greek letters, letters with accents, mathematical alphabets; other scripts are prose."""
        plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", token.text))
        base = sy.UNICODE_NAMES.get(token.text[0], plain[0])
        if token.text in sy.SUPERSCRIPTS or token.text in sy.SUBSCRIPTS or token.text in sy.VULGAR:
            self._rare(token, token.text)
        elif base and (plain[0] in sy.UNICODE_NAMES or base.isascii()):
            base = sy.UNICODE_NAMES.get(plain[0], base)
            for mark in reversed(plain[1:]):
                accent = sy.COMBINING.get(mark)
                self.emit("cmd" if accent else "unknown", f"\\{accent}" if accent else token.text, token.span)
            self.emit("name", base, token.span, glued=glued)
        elif self.out and self.out[-1].kind == "text" and self.out[-1].extra == "foreign" and not self.spaced:
            last = self.out[-1]
            last.text += token.text
            last.span = last.span.to(token.span)
        else:
            self.emit("text", token.text, token.span, "foreign")

    def _word(self, word: str, run: Sequence[Token]) -> None:
        span = run[0].span.to(run[-1].span)
        follow = self._follow()
        scripted = bool(self.out) and self.out[-1].kind in ("sub", "sup")
        if not scripted and self._is_prose(word):
            self.emit("text", word, span)
        elif scripted:
            self._split(run)
        elif (word in sy.PLAIN_FUNCTIONS and follow) or (word in sy.BRACKET_FUNCTIONS and follow == "("):
            self.emit("fn", word, span)
        elif word in sy.WORDS:
            self.emit("word", word, span, "rm")
        elif (found := _SUFFIX.match(word)) and (found[3] or follow):
            head, tail = len(found[1]), len(found[1]) + len(found[2])
            self._split(run[:head])
            self.emit("fn", found[2], run[head].span.to(run[tail - 1].span))
            self._split(run[tail:])
        elif _ENGLISH.match(word):
            self.emit("word", word, span, "rm")
        else:
            self._split(run)

    def _split(self, run: Sequence[Token]) -> None:
        for k, token in enumerate(run):
            self.emit("name", token.text, token.span, glued=k > 0)

    def _is_prose(self, word: str) -> bool:
        """`if`, `and`, `where` … typed as plain letters: they need a space on both sides."""
        if word not in _PLAIN_TEXT:
            return False
        before = self.spaced or not self.out or self.out[-1].kind in ("quad", "sep", "amp", "nl", "text", "begin")
        after = (
            self.i >= len(self.tokens)
            or self.tokens[self.i].kind in ("space", "newline")
            or (self.tokens[self.i].text in sy.SPACES | sy.GAPS | {"~", "\\ ", "&", ",", ":"})
        )
        return before and after

    def _follow(self) -> str:
        """What follows the word after its scripts: `(`, another start of an argument (`x`), or nothing."""
        k, depth, scripted = self.i, 0, False
        while k < len(self.tokens):
            text = self.tokens[k].text
            if self.tokens[k].kind == "space" or text in sy.SPACES or text in sy.SIZES or text == r"\left":
                pass
            elif depth or text in "{}":
                if not scripted:
                    break
                depth += (text == "{") - (text == "}")
                if depth <= 0:
                    depth, scripted = 0, False
            elif text in ("^", "_"):
                scripted = True
            elif text == "'":
                pass
            elif scripted:
                scripted = False
            else:
                return "(" if text in ("(", "[", r"\{") else "x" if _STARTS_ARGUMENT.match(text) else ""
            k += 1
            if k - self.i > 40:
                break
        return "x" if k < len(self.tokens) and self.tokens[k].text == "{" else ""

    # -- arguments --------------------------------------------------------------------------------------------------

    def argument(self) -> list[Token]:
        """Take the next argument: the tokens of a group without its braces, or one token."""
        tokens, count = self.tokens, len(self.tokens)
        while self.i < count and tokens[self.i].kind in ("space", "comment"):
            self.i += 1
        if self.i >= count:
            return []
        if tokens[self.i].text != "{":
            self.i += 1
            return [tokens[self.i - 1]]
        end = self.closing.get(self.i, count)
        found = list(tokens[self.i + 1 : end])
        self.i = end + 1
        return found

    def skip_optional(self, only: str = "") -> None:
        """Skip an argument in square brackets (one whose first token stands in `only`, if given)."""
        k = self.i
        while k < len(self.tokens) and self.tokens[k].kind == "space":
            k += 1
        if k + 1 >= len(self.tokens) or self.tokens[k].text != "[" or (only and self.tokens[k + 1].text not in only):
            return
        for end in range(k, min(k + 60, len(self.tokens))):
            if self.tokens[end].text == "]":
                self.i = end + 1
                return

    def skip_star(self) -> None:
        """Skip the star of a starred command."""
        if self.i < len(self.tokens) and self.tokens[self.i].text == "*":
            self.i += 1

    def peek_word(self) -> tuple[int, str] | None:
        """The text of the next argument, if it is short, and the index after it."""
        saved = self.i
        content = self.argument()
        after, self.i = self.i, saved
        return (after, "".join(t.text for t in content)) if 0 < len(content) <= 80 else None


def _match_braces(tokens: Sequence[Token]) -> dict[int, int]:
    """The index of the closing brace for each opening one that has one."""
    found: dict[int, int] = {}
    stack: list[int] = []
    for k, token in enumerate(tokens):
        if token.text == "{":
            stack.append(k)
        elif token.text == "}" and stack:
            found[stack.pop()] = k
    return found


def _adjacent(left: Token, right: Token) -> bool:
    if left.span.end == right.span.start:
        return len(left.text) == left.span.end - left.span.start
    return left.span == right.span
