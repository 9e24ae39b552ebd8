r"""Tokens to pieces: what the grammar sees.

Spacing, sizes and labels go, `\text{…}` becomes one piece, names get a kind.

Kinds: num name word fn big nabla partial dee text open close bar mid left right sign op rel arrow sep colon quad nl
amp sup sub prime lb rb begin end sym cmd infix bang dot unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deriv.latex import symbols as sy
from deriv.latex.lex import Token
from deriv.source import Span


@dataclass(slots=True)
class Piece:
    r"""One symbol for the grammar; `extra` is a font, `spaced` says that a space stood before, `gap` that the
    space was written as one (`\ `, `~`), `thin` that it was set for the eye (`\,`), `glued` that the piece continues
    a run of letters.
    """

    kind: str
    text: str
    span: Span
    extra: str = ""
    spaced: bool = False
    glued: bool = False
    gap: bool = False
    thin: bool = False


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


SIMPLE = _simple_table()


class Emitter:
    """One pass over the tokens of a block"""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.i = 0
        self.out: list[Piece] = []
        self.spaced = False
        self.gap = self.thin = False
        self.modes = [""]
        self.dropped: set[int] = set()
        self.brackets: dict[int, str] = {}
        self.boxes = 0
        self.closing = _match_braces(tokens)

    def emit(self, kind: str, text: str, span: Span, extra: str = "", *, glued: bool = False) -> None:
        """Append a piece."""
        self.out.append(Piece(kind, text, span, extra, self.spaced, glued, self.gap, self.thin))
        self.spaced = self.gap = self.thin = False

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
        self.i = min(end + 1, count)
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
