"""TeX text to tokens that know their place.

The lexer drops nothing: joined, the texts of the tokens are the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from deriv.source import Span

Kind = Literal["cs", "prim", "newline", "letter", "number", "dots", "char", "space", "comment", "param"]


@dataclass(frozen=True, slots=True)
class Token:
    r"""One token; `text` is as written (`\frac`, `x`, `0.62..`, `{`).

    `cs` is a control sequence, `prim` one that must not be expanded (a `\let` copy of a builtin), `newline` is `\\`
    with its optional length, `param` a `#1` in the body of a macro, `char` everything else that is one character.
    """

    kind: Kind
    text: str
    span: Span

    def at(self, span: Span) -> Token:
        """The same token at another place (a macro's body takes the place of the call)."""
        return Token(self.kind, self.text, span)


_LENGTH = r"\[\s*-?[\d.]*\s*(?:ex|em|pt|mm|cm|in|px|mu|ht|sp|bp|pc|\\[a-zA-Z]+)[^\]\n]{0,20}\]"
_PATTERN = rf"""
  (?P<newline>\\\\(?:\*(?=\s*[\[\n&]))?(?:[ \t]*{_LENGTH})?)
 |(?P<cs>\\(?:[A-Za-z]+|[^A-Za-z]|$))
 |(?P<letter>[^\W\d_][\u0300-\u036f]*)
 |(?P<number>(?:\d+\.\d+|(?<![\d.])\.\d+)(?:\.\.\.?(?!\.))?|\d+)
 |(?P<space>\s+)
 |(?P<dots>\.\.\.+|…)
 |(?P<comment>%[^\n]*(?:\n[ \t]*)?)
 |(?P<param>\#[1-9])
 |(?P<char>.)
"""
_TOKEN = re.compile(_PATTERN, re.VERBOSE | re.DOTALL)

# Markdown processors eat one backslash, so authors write it twice.
_DOUBLED = re.compile(
    r"[,;!](?!\])|(?:frac|dfrac|partial|begin|end|left|right|sum|prod|int|nabla|hat|bar|mathbf|mathrm|mathbb|mathcal|"
    r"boldsymbol|text|cdot|times|sigma|theta|alpha|beta|gamma|delta|lambda|log|exp|sqrt|quad|qquad|cdots|ldots|dots|"
    r"operatorname|top)(?![A-Za-z])"
)
_ENTITY = re.compile(r"&(amp|lt|gt);")
_ENTITY_TEXT = {"amp": "&", "lt": "<", "gt": ">"}
_QUOTE = re.compile(r"[ \t]*>[ \t]?")


def lex(text: str, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """The tokens of `text[start:end]` with offsets into `text`."""
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        yield Token(match.lastgroup, match.group(), Span(match.start(), match.end()))  # type: ignore[arg-type]


def lex_markdown(text: str, start: int, end: int, *, quoted: bool = False) -> Iterator[Token]:
    r"""Tokens of math inside Markdown, where `\_` means `_`, `\\{` means `\{` and `\\frac` means `\frac`.

    In a block quotation (`quoted`) a `>` at the start of a line is no relation sign.
    """
    at = start
    while at < end:
        for token in lex(text, at, end):
            resume = _markdown(text, token, end, quoted=quoted)
            if resume is None:
                yield token
                continue
            special, at = resume
            yield special
            break
        else:
            return


def _markdown(text: str, token: Token, end: int, *, quoted: bool) -> tuple[Token, int] | None:
    """What a token stands for in Markdown and where to read on, if that is not the token itself."""
    start, at = token.span.start, token.span.end
    if token.text == "\\\\" and (_DOUBLED.match(text, at, end) or _escaped_brace(text, at, end)):
        second = next(lex(text, start + 1, end))
        return second.at(Span(start, second.span.end)), second.span.end
    if token.text in ("\\_", "\\*"):
        return Token("char", token.text[1], token.span), at
    if token.text == "&" and (entity := _ENTITY.match(text, start, end)):
        return Token("char", _ENTITY_TEXT[entity[1]], Span(*entity.span())), entity.end()
    if quoted and token.kind == "space" and "\n" in token.text and (quote := _QUOTE.match(text, at, end)):
        return Token("space", text[start : quote.end()], Span(start, quote.end())), quote.end()
    return None


def _escaped_brace(text: str, at: int, end: int) -> bool:
    r"""`\\{ … \\}` on one line is a pair of written braces; a lone `\\{` is a row break before a group."""
    if text[at : at + 1] == "{":
        line_end = text.find("\n", at, end)
        return text.find("\\\\}", at, end if line_end < 0 else line_end) >= 0
    if text[at : at + 1] == "}":
        line_start = text.rfind("\n", 0, at) + 1
        return text.find("\\\\{", line_start, at) >= 0
    return False
