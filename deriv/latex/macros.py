r"""User macros: reading `\newcommand` and its kin, and expanding calls, with bounds on everything.

Tokens of a macro's body take the place of the call; tokens of its arguments keep their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from deriv.errors import ReadingError
from deriv.latex.lex import Token, lex
from deriv.source import Span

MAX_CALLS = 5_000
MAX_TOKENS = 200_000
MAX_BODY = 20_000

DEFINERS = frozenset(
    r"\newcommand \renewcommand \providecommand \def \gdef \edef \xdef \let \DeclareMathOperator \NewDocumentCommand "
    r"\RenewDocumentCommand \DeclareDocumentCommand \DeclareRobustCommand \DeclarePairedDelimiter".split()
)
_NEW = frozenset(r"\newcommand \renewcommand \providecommand \DeclareRobustCommand".split())
_DOCUMENT = frozenset(r"\NewDocumentCommand \RenewDocumentCommand \DeclareDocumentCommand".split())
_OPENS = re.compile(r"\\begin|\\end|\\\[|\\\(|\$|\\ensuremath")


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro: how many arguments, the default of an optional first one, the body."""

    name: str
    arity: int
    default: tuple[Token, ...] | None
    body: tuple[Token, ...]
    starred: bool = False

    def opens_math(self) -> bool:
        r"""Whether the body itself opens or closes math (`\begin{align}`, `$`), so that a call in prose matters."""
        return _OPENS.search("".join(t.text for t in self.body)) is not None


@dataclass
class MacroTable:
    """The macros in force at one place of a document."""

    macros: dict[str, Macro] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> MacroTable:
        r"""Macros from a configuration: `{"R": "\\mathbb{R}", "pd": ["\\frac{\\partial #1}{\\partial #2}", 2]}`."""
        table = cls()
        for name, value in mapping.items():
            body = value[0] if isinstance(value, list | tuple) else value
            tokens = tuple(t.at(Span(0, 0)) for t in lex(str(body)))
            arity = max((int(t.text[1]) for t in tokens if t.kind == "param"), default=0)
            table.define(Macro("\\" + name.lstrip("\\"), arity, None, tokens))
        return table

    def copy(self) -> MacroTable:
        """A table that may grow on its own."""
        return MacroTable(dict(self.macros))

    def define(self, macro: Macro) -> None:
        """Add or replace a macro."""
        self.macros[macro.name] = macro

    def get(self, name: str) -> Macro | None:
        """The macro of that name (with backslash), if there is one."""
        return self.macros.get(name)

    def expand(self, tokens: Iterable[Token]) -> tuple[Token, ...]:
        """All tokens with the macros replaced; definitions among them take effect and vanish."""
        stream = Stream(tokens)
        out: list[Token] = []
        calls = 0
        for token in stream:
            if token.kind != "cs":
                out.append(Token("cs", token.text, token.span) if token.kind == "prim" else token)
            elif token.text in DEFINERS:
                self.read_definition(token, stream)
            elif (macro := self.macros.get(token.text)) is not None:
                calls += 1
                if calls > MAX_CALLS or stream.pushed > MAX_TOKENS:
                    raise ReadingError(f"macro {token.text} expands without end", token.span.start, token.span.end)
                stream.push(call(macro, token, stream))
            else:
                out.append(token)
        return tuple(out)

    def read_definition(self, head: Token, stream: Stream) -> bool:
        """Take a definition from the stream, after its first token; whether its form was understood."""
        macro = _READERS[head.text](head.text, stream, self)
        if macro is None:
            return False
        if head.text != r"\providecommand" or macro.name not in self.macros:
            self.define(macro)
        return True


class Stream:
    """Tokens with push-back."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._source = iter(tokens)
        self._stack: list[Token] = []
        self.pushed = 0
        self.end = 0

    def __iter__(self) -> Iterator[Token]:
        while (token := self.next()) is not None:
            yield token

    def next(self) -> Token | None:
        """The next token, or None at the end."""
        if self._stack:
            return self._stack.pop()
        token = next(self._source, None)
        if token is not None:
            self.end = token.span.end
        return token

    def waiting(self) -> int | None:
        """The offset of the first token that was put back, if there is one."""
        return self._stack[-1].span.start if self._stack else None

    def push(self, tokens: Iterable[Token]) -> None:
        """Put tokens back, to be read next."""
        items = list(tokens)
        self.pushed += len(items)
        self._stack.extend(reversed(items))

    def skip_space(self) -> Token | None:
        """The next token that is neither space nor comment; it stays in the stream."""
        while (token := self.next()) is not None:
            if token.kind not in ("space", "comment"):
                self._stack.append(token)
                return token
        return None

    def group(self, closing: str = "}") -> tuple[list[Token], int] | None:
        """Tokens up to the closing brace (the opening one is read) and the offset after it; None if it never comes."""
        depth, found = 0, list[Token]()
        while (token := self.next()) is not None:
            if token.text == closing and depth == 0:
                return found, token.span.end
            depth += (token.text == "{") - (token.text == "}")
            found.append(token)
            if len(found) > MAX_BODY:
                break
        self.push(found)
        return None

    def argument(self) -> tuple[list[Token], int] | None:
        """A macro argument: a group without its braces, or one token."""
        first = self.skip_space()
        if first is None or first.text == "}":
            return None
        self.next()
        return self.group() if first.text == "{" else ([first], first.span.end)

    def optional(self) -> tuple[list[Token], int] | None:
        """An argument in square brackets, if one stands here."""
        first = self.skip_space()
        if first is None or first.text != "[":
            return None
        self.next()
        return self.group("]")

    def star(self) -> bool:
        """Skip a star; whether there was one."""
        token = self.skip_space()
        if token is not None and token.text == "*":
            self.next()
            return True
        return False


def call(macro: Macro, head: Token, stream: Stream) -> list[Token]:
    """The tokens that a call stands for; its arguments are taken from the stream."""
    end = head.span.end
    if macro.starred:
        stream.star()
    args: list[list[Token]] = []
    for k in range(macro.arity):
        if k == 0 and macro.default is not None:
            given = stream.optional()
            args.append(list(macro.default) if given is None else given[0])
            end = end if given is None else given[1]
            continue
        found = stream.argument()
        if found is None:
            raise ReadingError(f"macro {macro.name} lacks an argument", head.span.start, head.span.end)
        args.append(found[0])
        end = max(end, found[1])
    place = Span(head.span.start, end)
    out: list[Token] = []
    for token in macro.body:
        if token.kind != "param":
            out.append(token.at(place))
        elif int(token.text[1]) <= len(args):
            out.extend(args[int(token.text[1]) - 1])
    return out


def _name(stream: Stream) -> str | None:
    found = stream.argument()
    if found is None:
        return None
    tokens = [t for t in found[0] if t.kind not in ("space", "comment")]
    return tokens[0].text if len(tokens) == 1 and tokens[0].kind == "cs" else None


def _body(stream: Stream) -> tuple[Token, ...] | None:
    found = stream.argument()
    return None if found is None else tuple(t for t in found[0] if t.kind != "comment")


def _read_new(head: str, stream: Stream, table: MacroTable) -> Macro | None:
    stream.star()
    name = _name(stream)
    count, default = stream.optional(), None
    if count is not None:
        given = stream.optional()
        default = None if given is None else tuple(given[0])
    body = _body(stream)
    digits = "".join(t.text for t in count[0]).strip() if count is not None else "0"
    if name is None or body is None or not digits.isdigit():
        return None
    return Macro(name, min(int(digits), 9), default, body)


def _read_document(head: str, stream: Stream, table: MacroTable) -> Macro | None:
    name, spec, body = _name(stream), stream.argument(), _body(stream)
    letters = "".join(t.text for t in spec[0]).replace(" ", "") if spec is not None else "?"
    if name is None or body is None or letters.strip("m"):
        return None
    return Macro(name, len(letters), None, body)


def _read_def(head: str, stream: Stream, table: MacroTable) -> Macro | None:
    name = stream.skip_space()
    if name is None or name.kind != "cs":
        return None
    stream.next()
    arity, plain = 0, True
    while (token := stream.next()) is not None and token.text != "{":
        arity += token.kind == "param"
        plain = plain and token.kind in ("param", "space")
        if arity > 9 or (token.kind == "space" and "\n\n" in token.text):
            return None
    found = stream.group() if token is not None else None
    if found is None or not plain:
        return None
    return Macro(name.text, arity, None, tuple(t for t in found[0] if t.kind != "comment"))


def _read_let(head: str, stream: Stream, table: MacroTable) -> Macro | None:
    name = _name(stream)
    sign = stream.skip_space()
    if sign is not None and sign.text == "=":
        stream.next()
    stream.skip_space()
    value = stream.next()
    if name is None or value is None:
        return None
    known = table.get(value.text)
    if known is not None:
        return Macro(name, known.arity, known.default, known.body, known.starred)
    return Macro(name, 0, None, (Token("prim" if value.kind == "cs" else value.kind, value.text, value.span),))


def _read_operator(head: str, stream: Stream, table: MacroTable) -> Macro | None:
    stream.star()
    name, body = _name(stream), _body(stream)
    if name is None or body is None:
        return None
    here = body[0].span if body else Span(0, 0)
    brace = (Token("char", "{", here), Token("char", "}", here))
    return Macro(name, 0, None, (Token("prim", r"\operatorname", here), brace[0], *body, brace[1]))


def _read_paired(head: str, stream: Stream, table: MacroTable) -> Macro | None:
    name, left, right = _name(stream), _body(stream), _body(stream)
    if name is None or not left or not right:
        return None
    here = left[0].span
    body = (
        Token("prim", r"\left", here), *left, Token("param", "#1", here), Token("prim", r"\right", here), *right,
    )  # fmt: skip
    return Macro(name, 1, None, body, starred=True)


_READERS = {
    **dict.fromkeys(_NEW, _read_new),
    **dict.fromkeys(_DOCUMENT, _read_document),
    **dict.fromkeys((r"\def", r"\gdef", r"\edef", r"\xdef"), _read_def),
    r"\let": _read_let,
    r"\DeclareMathOperator": _read_operator,
    r"\DeclarePairedDelimiter": _read_paired,
}
