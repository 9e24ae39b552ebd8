"""Where a formula that opens at some place of a document ends.

All searches together are linear in the length of the document.
"""

from __future__ import annotations

import re

from deriv.latex import symbols as sy

MAX_INLINE = 4_000
MAX_DISPLAY = 400_000
MAX_FAILURES = 50
ENVIRONMENTS = "|".join(
    sorted(sy.DISPLAY_ENVS | sy.ROW_ENVS | sy.MATRIX_ENVS - {"tabular"} | sy.CASES_ENVS, key=len, reverse=True)
)

PARAGRAPH = re.compile(r"\n[ \t>]*\n")
_INSIDE = re.compile(
    r"(?P<text>\\(?:text|mbox|hbox|textrm|textbf|textit|texttt|textsf|intertext|fbox)\s*\{)|\\.|[{}]|(?P<dollar>\$\$?)"
    r"|(?P<comment>%[^\n]*)|(?P<blank>\n[ \t>]*\n)",
    re.DOTALL,
)
_PROSE = re.compile(r"(?:(?<![\\{])\b[A-Za-z]{2,}[ ,]+){4,}")
SENTENCE = re.compile(r"(?:(?<![\\{])\b[A-Za-z]{2,}[ ,]+){6,}")
_COMMAND = re.compile(r"\\[A-Za-z]|[_^]")
_SHORT = re.compile(r"\s*[A-Za-z(](?![a-z]{2})[\w,.'()+*/ -]{0,20}\s*\Z")
_ENGLISH = re.compile(r"\s(?:and|or|to|per|for|in|the|of|is|are|with|from|at|by|but|more|than|each)\s")
LOOKS_LIKE_MATH = re.compile(r"[\\_^=<>]")
_BEGIN_END = re.compile(rf"%[^\n]*|\\(begin|end)\s*\{{((?:{ENVIRONMENTS})\*?)\}}|\\.", re.DOTALL)
_BEGIN_END_MARKDOWN = re.compile(rf"\\(begin|end)\s*\{{((?:{ENVIRONMENTS})\*?)\}}|\\.", re.DOTALL)


class Finder:
    """Questions about one text, asked in the order of their places."""

    def __init__(self, text: str, *, markdown: bool) -> None:
        self.text = text
        self.markdown = markdown
        self.failures = 0
        self.next_found: dict[str, int] = {}

    def next(self, what: str, start: int) -> int:
        """Where a string (or "", a blank line) comes next; searched once, since questions come in order."""
        known = self.next_found.get(what, -1)
        if known < start:
            if what:
                known = self.text.find(what, start)
            else:
                blank = PARAGRAPH.search(self.text, start)
                known = -1 if blank is None else blank.start()
            self.next_found[what] = known = len(self.text) if known < 0 else known
        return known

    def paragraph_end(self, start: int) -> int:
        return min(len(self.text), start + MAX_INLINE, self.next("", start))

    def closing(self, closing: str, start: int, limit: int) -> int:
        r"""The closing delimiter, but not the `\\]` of a row break (`\\[2ex]` has no backslash before its end)."""
        if self.next(closing, start) >= limit:
            return -1
        at = self.text.find(closing, start, limit)
        while at > start and len(closing) == 2 and self.text[at - 1] == "\\" and self.text[at - 2] != "\\":
            at = self.text.find(closing, at + 1, limit)
        return at

    def single_dollar(self, start: int) -> int | None:
        """The dollar that closes an inline formula, in this paragraph and not inside `\\text{…}`."""
        limit = min(len(self.text), start + (MAX_INLINE if self.failures < 10 * MAX_FAILURES else 200))
        texts: list[bool] = []
        inside = 0
        for match in _INSIDE.finditer(self.text, start, limit):
            found = match.group()
            if match["text"] or found == "{":
                texts.append(match["text"] is not None)
                inside += texts[-1]
            elif found == "}":
                inside -= texts.pop() if texts else False
            elif match["blank"]:
                return None
            elif match["dollar"] and not inside:
                return match.start()
        return None

    def is_formula(self, start: int, end: int) -> bool:
        """Pandoc's rule for dollars in Markdown, relaxed for formulas with spaces that clearly are formulas."""
        inner = self.text[start:end]
        if not inner.strip():
            return False
        after = self.text[end + 1 : end + 2]
        tight = not inner[0].isspace() and not inner[-1].isspace()
        if tight and not after.isdigit():
            return LOOKS_LIKE_MATH.search(inner) is not None or _ENGLISH.search(inner) is None
        if "\n" in inner and not tight:
            return _COMMAND.search(inner) is not None and SENTENCE.search(inner) is None
        if LOOKS_LIKE_MATH.search(inner):
            return True
        even = inner[0].isspace() and inner[-1].isspace() and _SHORT.match(inner) is not None
        return even or (len(inner.strip()) <= 3 and not after.isdigit())

    def double_dollar(self, start: int) -> int | None:
        """The `$$` that closes a display; a blank line ends it unless what stands around it is mathematics."""
        at, inside, texts = start, 0, list[bool]()
        if self.next("$$", start) >= len(self.text):
            return None
        limit = min(len(self.text), start + (MAX_DISPLAY if self.failures < MAX_FAILURES else 200))
        for found in _INSIDE.finditer(self.text, start, limit):
            if found["text"] or found.group() == "{":
                texts.append(found["text"] is not None)
                inside += texts[-1]
            elif found.group() == "}":
                inside -= texts.pop() if texts else False
            elif found["dollar"] == "$" and not inside:
                return None
            elif found["dollar"] and not inside:
                return None if at != start and _PROSE.search(self.text, at, found.start()) else found.start()
            elif found["blank"]:
                if not self._goes_on(at, found):
                    return None
                at, inside, texts = found.end(), 0, []
        return None

    def _goes_on(self, at: int, blank: re.Match[str]) -> bool:
        """Whether a display with a blank line in it can still be one (authors do that); prose cannot."""
        paragraph = self.text[at : blank.start()]
        if self.markdown:
            return _PROSE.search(paragraph) is None and not re.search(r"(?m)^\s*#{1,6} ", paragraph)
        return not paragraph.strip()

    def environment_ends(self) -> dict[int, tuple[int, int]]:
        """Where the environment that begins at an offset ends: before and after its `\\end`."""
        stacks: dict[str, list[int]] = {}
        ends: dict[int, tuple[int, int]] = {}
        for match in (_BEGIN_END_MARKDOWN if self.markdown else _BEGIN_END).finditer(self.text):
            if match[1] == "begin":
                stacks.setdefault(match[2], []).append(match.start())
            elif match[1] == "end" and stacks.get(match[2]):
                ends[stacks[match[2]].pop()] = match.span()
        return ends
