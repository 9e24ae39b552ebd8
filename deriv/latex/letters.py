r"""Runs of letters and digits: names, words, functions typed without a backslash, Unicode letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from deriv.latex import symbols as sy
from deriv.latex.lex import Token
from deriv.latex.pieces import Emitter

_ACCENTED = re.compile(r"([A-Za-z])(hat|bar|tilde)\Z")
_HOUSE_BOLD = re.compile(r"\\(?:([vmb])([A-Za-z])|([A-Za-z])v)$")
_SUFFIX = re.compile(
    r"([A-Za-z]{0,2}?)(ln|log|exp|arcsin|arccos|arctan|sinh|cosh|tanh|sin|cos|tan|max|min)([A-Za-z]?)\Z"
)
# `Radio`, `sales`, `learningRate`: long runs with vowels are words, not products of letters.
_ENGLISH = re.compile(r"(?=(?:[^aeiou]*[aeiou]){2})[A-Za-z][a-zA-Z]{4,}\Z|(?=.+[aeiou])[A-Z][a-z]{3,}\Z")
_STARTS_ARGUMENT = re.compile(
    r"[\w(\[{|]|\\(?!cdot|times|right|le|ge|ne|in|to|,?\\|quad|qquad|end|Big|big|\)|\])[A-Za-z{|]"
)
_TRACE = re.compile(r"[tT]r[A-Z]+$")
_RAISED_OR_LOWERED = sy.SUPERSCRIPTS.keys() | sy.SUBSCRIPTS.keys()
_PLAIN_TEXT = frozenset(
    "and or if for where with when otherwise else then since because such that let hence thus so let as Let If For "
    "Where Then Hence Thus So And Since While while subject wrt".split()
)


class Letters(Emitter):
    """Emits the pieces of letters, numerals and other single characters."""

    def rare(self, token: Token, text: str) -> None:
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
            if kind == "num" and self.out[-1].kind == "num":
                self.out[-1].text += char
                self.out[-1].span = self.out[-1].span.to(here.span)
            else:
                self.emit(kind, char, here.span)
            self.i += 1
        self.emit("rb", "}", token.span)

    def number(self, token: Token) -> None:
        """A numeral; `12{,}000` groups thousands, `0{,}25` has a decimal comma."""
        text, span = token.text, token.span
        groups = 0
        self.i += 1
        while [t.text for t in self.tokens[self.i : self.i + 3]] == ["{", ",", "}"]:
            following = self.tokens[self.i + 3 : self.i + 4]
            if not following or following[0].kind != "number":
                break
            groups += 1
            thousands = text != "0" and len(following[0].text.partition(".")[0]) == 3
            comma = "" if thousands or groups > 1 or "." in following[0].text else "."
            text, span = text + comma + following[0].text, span.to(following[0].span)
            self.i += 4
        self.emit("num", text, span)

    def power(self) -> None:
        """`x**2` as programmers write it."""
        self.emit("sup", "**", self.tokens[self.i].span.to(self.tokens[self.i + 1].span))
        self.i += 2
        if self.i < len(self.tokens) and self.tokens[self.i].kind == "number":
            here = self.tokens[self.i]
            self.emit("lb", "{", here.span)
            self.number(here)
            self.emit("rb", "}", here.span)

    # -- letters ----------------------------------------------------------------------------------------------------

    def letters(self) -> None:
        tokens, start = self.tokens, self.i
        end = start + 1
        while end < len(tokens) and tokens[end].kind == "letter" and _adjacent(tokens[end - 1], tokens[end]):
            if tokens[end].text in _RAISED_OR_LOWERED or tokens[start].text in _RAISED_OR_LOWERED:
                break
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
            self.rare(token, token.text)
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
        elif word in ("sum", "prod") and self.i < len(self.tokens) and self.tokens[self.i].text == "_":
            self.emit("big", word, span)
        elif word in sy.PLAIN_NAMES:
            self.emit("name", word, span)
        elif accented := _ACCENTED.match(word):
            self.emit("cmd", f"\\{accented[2]}", run[1].span.to(run[-1].span))
            self.emit("name", accented[1], run[0].span)
        elif (word in sy.PLAIN_FUNCTIONS and follow) or (word in sy.BRACKET_FUNCTIONS and follow == "("):
            self.emit("fn", word, span)
        elif word in sy.WORDS:
            self.emit("word", word, span, "rm")
        elif _TRACE.match(word):  # trAB
            self.emit("fn", "tr", run[0].span.to(run[1].span))
            self._split(run[2:])
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


def _adjacent(left: Token, right: Token) -> bool:
    if left.span.end == right.span.start:
        return len(left.text) == left.span.end - left.span.start
    return left.span == right.span
