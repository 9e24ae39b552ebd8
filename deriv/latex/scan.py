"""Where the mathematics of a document is: blocks with expanded tokens, the prose between them, directives.

Two passes: first the regions that are not text at all (comments, code) and the pairs of `\\begin` and `\\end`, then the
blocks in order, with the macros that are in force at each place.  Everything is linear in the length of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from deriv.errors import ReadingError
from deriv.latex import symbols as sy
from deriv.latex.delimiters import ENVIRONMENTS, LOOKS_LIKE_MATH, MAX_DISPLAY, MAX_INLINE, Finder
from deriv.latex.lex import Token, lex, lex_markdown
from deriv.latex.macros import DEFINERS, MacroTable, Stream, call
from deriv.source import Span

DocumentKind = Literal["tex", "markdown"]
MAX_PREFIX = 1_000
MAX_BAD_DEFINITIONS = 10


@dataclass(frozen=True, slots=True)
class MathBlock:
    """One piece of mathematics: `span` with its delimiters, `inner` without, `tokens` with the macros expanded.

    `before` is the prose since the block before (its place is `prose_before`), `line_prefix` what stands before the
    block on its own line.  `error` says why a block cannot be read at all (an end that never comes, a macro loop).
    """

    span: Span
    inner: Span
    tokens: tuple[Token, ...]
    display: bool
    env: str
    before: str
    prose_before: Span
    line_prefix: str
    error: ReadingError | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What the scanner found: blocks and directives in source order, the prose after the last block, the macros."""

    text: str
    blocks: tuple[MathBlock, ...]
    directives: tuple[tuple[Span, str], ...]
    after: Span
    macros: MacroTable

    def prose_after(self, index: int) -> str:
        """The prose between a block and the next one."""
        if index + 1 < len(self.blocks):
            return self.blocks[index + 1].before
        return self.text[self.after.start : self.after.end]


def find_blocks(text: str, *, kind: DocumentKind, macros: MacroTable | None = None) -> Document:
    """All mathematics of a document.  Never raises."""
    return _Scanner(text, kind, macros).run()


_VERBATIM = r"verbatim|Verbatim|lstlisting|minted|comment|filecontents|alltt|tikzpicture|pgfpicture"
_DIRECTIVE = re.compile(r"[%\s~!]*deriv\s*:\s*(.*?)\s*\Z", re.IGNORECASE | re.DOTALL)
_HTML_DIRECTIVE = re.compile(r"<!--\s*(deriv\s*:.*?)-->", re.IGNORECASE | re.DOTALL)

# The look ahead tells most characters at once that nothing begins with them.
_TEX = re.compile(
    rf"""(?=[%\\$])(?:(?P<comment>%[^\n]*)
  |\\begin\s*\{{(?P<verbatim>(?:{_VERBATIM})\*?)\}}
  |(?P<verb>\\(?:verb\*?|lstinline)(?P<quote>[^A-Za-z\s\[{{*])[^\n]*?(?P=quote))
  |(?P<iffalse>\\iffalse\b)
  |(?P<over>\\end\s*\{{document\}})
  |\\begin\s*\{{(?P<env>(?:{ENVIRONMENTS})\*?)\}}
  |(?P<open>\\[\[(])
  |(?P<word>\\[A-Za-z]+)
  |(?P<escape>\\.)
  |(?P<dollar>\$\$?))""",
    re.VERBOSE | re.DOTALL,
)
_MARKDOWN = re.compile(
    rf"""(?=[`~<:.\\$\ \t>*+-])(?:(?P<fence>(?m:^)[ \t>]*(?:[-*+][ \t]+)?(?P<ticks>```+|~~~+)(?P<info>[^\n`]*)(?:\n|\Z))
  |(?P<comment><!--)
  |(?P<html><(?P<tag>pre|code|script|style)\b[^>]*>)
  |(?P<role>:math:`(?P<rolemath>[^`]+)`)
  |(?P<directive>(?m:^)(?P<indent>[ \t]*)\.\.[ ]math::[^\n]*\n)
  |(?P<code>`+)
  |\\begin\s*\{{(?P<env>(?:{ENVIRONMENTS})\*?)\}}
  |(?P<open>\\\\?[\[(])
  |(?P<word>\\[A-Za-z]+)
  |(?P<escape>\\.)
  |(?P<dollar>\$\$?))""",
    re.VERBOSE | re.DOTALL,
)


class _Scanner:
    def __init__(self, text: str, kind: DocumentKind, macros: MacroTable | None) -> None:
        self.text = text
        self.markdown = kind == "markdown"
        self.macros = macros.copy() if macros is not None else MacroTable()
        self.blocks: list[MathBlock] = []
        self.directives: list[tuple[Span, str]] = []
        self.prose = 0
        self.bad_definitions = 0
        self.missing: dict[str, int] = {}
        self.find = Finder(text, markdown=self.markdown)
        self.ends = self.find.environment_ends()

    def run(self) -> Document:
        at, pattern = 0, _MARKDOWN if self.markdown else _TEX
        while (match := pattern.search(self.text, at)) is not None:
            at = self._found(match)
            if at < 0:
                break
        after = Span(self.prose, len(self.text))
        return Document(self.text, tuple(self.blocks), tuple(self.directives), after, self.macros)

    # -- one finding ------------------------------------------------------------------------------------------------

    def _found(self, match: re.Match[str]) -> int:
        """Deal with a finding; where to go on (negative at the end of the document)."""
        groups = match.groupdict()
        if groups.get("dollar"):
            return self._dollar(match)
        if groups.get("env"):
            return self._environment(match)
        if groups.get("word"):
            return self._word(match)
        if groups.get("open"):
            return self._bracket(match)
        if groups.get("over"):
            return -1
        return self._other(match, groups)

    def _other(self, match: re.Match[str], groups: dict[str, str | None]) -> int:
        if groups.get("comment"):
            return self._comment(match)
        if groups.get("verbatim"):
            return self._until(f"\\end{{{match['verbatim']}}}", match.end())
        if groups.get("iffalse"):
            return self._until("\\fi", match.end())
        if groups.get("fence"):
            return self._fence(match)
        if groups.get("html"):
            return self._html(match)
        if groups.get("role"):
            self._add(match.span(), match.span("rolemath"), "$")
        elif groups.get("directive"):
            return self._rst(match)
        elif groups.get("code"):
            return self._code(match)
        return match.end()

    def _until(self, ending: str, start: int) -> int:
        """After the ending, or right here if it never comes."""
        if self.missing.get(ending, len(self.text) + 1) <= start:
            return start
        found = self.text.find(ending, start)
        if found < 0:
            self.missing[ending] = start
            return start
        return found + len(ending)

    def _comment(self, match: re.Match[str]) -> int:
        if not self.markdown:
            self._directive(match.group(), Span(*match.span()))
            return match.end()
        end = self._until("-->", match.end())
        whole = _HTML_DIRECTIVE.match(self.text, match.start(), end)
        if whole is not None:
            self._directive(whole[1], Span(match.start(), end))
        return end

    def _directive(self, comment: str, span: Span) -> None:
        found = _DIRECTIVE.match(comment)
        if found is not None:
            self.directives.append((span, found[1]))

    def _fence(self, match: re.Match[str]) -> int:
        ticks, info = match["ticks"], match["info"].strip()
        closing = re.compile(rf"^[ \t>]*{re.escape(ticks)}{ticks[0]}*[ \t]*$", re.MULTILINE)
        end = closing.search(self.text, match.end()) if not self._lacks("fence" + ticks, match.end()) else None
        if end is None:
            self.missing.setdefault("fence" + ticks, match.end())
            return match.end()
        if info in ("math", "latex math", "{math}"):
            self._add((match.start(), end.end()), (match.end(), end.start()), "$$")
        return end.end()

    def _lacks(self, key: str, start: int) -> bool:
        return self.missing.get(key, len(self.text) + 1) <= start

    def _html(self, match: re.Match[str]) -> int:
        tag = match["tag"].lower()
        end = self._until(f"</{tag}>", match.end())
        if tag == "script" and "math/tex" in match.group() and end > match.end():
            self._add(
                (match.start(), end), (match.end(), end - len("</script>")), "$$" if "display" in match.group() else "$"
            )
        return end

    def _rst(self, match: re.Match[str]) -> int:
        """A `.. math::` directive: the lines that are indented deeper."""
        at, indent = match.end(), len(match["indent"])
        while at < len(self.text):
            end = self.text.find("\n", at)
            end = len(self.text) if end < 0 else end + 1
            line = self.text[at:end]
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            at = end
        self._add((match.start(), at), (match.end(), at), "$$")
        return at

    def _code(self, match: re.Match[str]) -> int:
        """Inline code: up to as many backticks, within the paragraph.  GitLab's and GitHub's $`…`$ is mathematics."""
        ticks = match.group()
        limit = self.find.paragraph_end(match.end())
        at = self.text.find(ticks, match.end(), limit)
        while at >= 0 and self.text[at + len(ticks) : at + len(ticks) + 1] == "`":
            run = re.compile("`+").match(self.text, at)
            assert run is not None
            at = self.text.find(ticks, run.end(), limit)
        return match.end() if at < 0 else at + len(ticks)

    # -- mathematics ------------------------------------------------------------------------------------------------

    def _environment(self, match: re.Match[str]) -> int:
        name = match["env"]
        ends = self.ends.get(match.start())
        if ends is None:
            return self._unclosed(match, f"\\begin{{{name}}} without \\end")
        self._add((match.start(), ends[1]), (match.end(), ends[0]), name, whole=True)
        return ends[1]

    def _unclosed(self, match: re.Match[str], message: str) -> int:
        """An opening without end costs its paragraph."""
        blank = self.find.next("", match.end())
        end = blank if blank < match.end() + MAX_DISPLAY else min(len(self.text), match.end() + MAX_INLINE)
        end = min(end, self.find.next("$$", match.end()))
        error = ReadingError(message, match.start(), match.end())
        self._append((match.start(), end), (match.end(), end), (), match.group(), error)
        return max(end, match.end())

    def _bracket(self, match: re.Match[str]) -> int:
        opening = match.group()
        closing = opening.replace("[", "]").replace("(", ")")
        if not self.markdown and opening.startswith("\\\\"):
            return match.end()
        limit = match.end() + (MAX_DISPLAY if "[" in opening else MAX_INLINE)
        if "[" not in opening or not self.markdown:
            limit = min(limit, self.find.next("", match.end()))
        end = self.find.closing(closing, match.end(), limit)
        if end < 0:
            if self.markdown:
                return match.end()
            return self._unclosed(match, f"{opening} without {closing}")
        inner = self.text[match.end() : end]
        if self.markdown and not (LOOKS_LIKE_MATH.search(inner) or len(inner.strip()) < 12):
            return match.end()
        self._add((match.start(), end + len(closing)), (match.end(), end), "\\[" if "[" in opening else "\\(")
        return end + len(closing)

    def _dollar(self, match: re.Match[str]) -> int:
        double = match.group() == "$$"
        if not double and self.markdown and self.text.startswith("$`", match.start()):
            end = self.text.find("`$", match.end() + 1, match.end() + MAX_INLINE)
            if end >= 0:
                self._add((match.start(), end + 2), (match.end() + 1, end), "$")
                return end + 2
        found = self.find.double_dollar(match.end()) if double else self.find.single_dollar(match.end())
        if found is None:
            self.find.failures += 1
            if self.markdown and not double:
                return match.end()
            return self._unclosed(match, f"{match.group()} without a second {match.group()}")
        if self.markdown and not double and not self.find.is_formula(match.end(), found):
            return match.end()
        self._add((match.start(), found + len(match.group())), (match.end(), found), match.group())
        return found + len(match.group())

    # -- macros -----------------------------------------------------------------------------------------------------

    def _word(self, match: re.Match[str]) -> int:
        """A control word in prose: a definition, or a call of a macro that opens mathematics."""
        name = match.group()
        head = Token("cs", name, Span(*match.span()))
        if name in DEFINERS:
            if self.bad_definitions > MAX_BAD_DEFINITIONS:
                return match.end()
            stream = Stream(lex(self.text, match.end(), match.end() + MAX_DISPLAY))
            self.bad_definitions += not self.macros.read_definition(head, stream)
            return max(match.end(), self._after(stream))
        macro = self.macros.get(name)
        if macro is None or not macro.opens_math():
            return match.end()
        if self.bad_definitions > MAX_BAD_DEFINITIONS:
            return match.end()
        stream = Stream(lex(self.text, match.end(), match.end() + MAX_DISPLAY))
        try:
            tokens = call(macro, head, stream)
        except ReadingError:
            self.bad_definitions += 1
            return match.end()
        return self._called(match, tokens, stream)

    def _after(self, stream: Stream) -> int:
        """Where the stream stands in the text; what was only looked at is not passed."""
        waiting = stream.waiting()
        return stream.end if waiting is None else waiting

    def _called(self, match: re.Match[str], tokens: list[Token], stream: Stream) -> int:
        r"""A call such as `\be` or `\alns{…}`: what it opens ends in its own tokens or later in the text."""
        end = max(match.end(), self._after(stream))
        tokens, environment = self._opened(tokens)
        if environment is None:
            return max(end, match.end())
        body, closed = self._close(tokens, environment)
        if not closed:
            found = self._rest(environment, end)
            if found is None:
                self.bad_definitions += 1
                return self._unclosed(match, f"{match.group()} without its end")
            body, end = body + found[0], found[1]
        self._append((match.start(), end), (match.start(), end), self._expand_list(body, match), environment, None)
        return end

    def _opened(self, tokens: list[Token]) -> tuple[list[Token], str | None]:
        """The tokens after the opening of an environment or a dollar, and what closes it."""
        try:
            tokens = list(self.macros.copy().expand(tokens)) if len(tokens) < 5_000 else tokens
        except ReadingError:
            return tokens, None
        for k, token in enumerate(tokens):
            if token.text == r"\begin":
                name = "".join(t.text for t in tokens[k + 1 : k + 40]).partition("}")[0].lstrip(" {")
                if name.rstrip("*") in sy.DISPLAY_ENVS | sy.ROW_ENVS:
                    return tokens[k:], name
            elif token.text in ("$", r"\(", r"\["):
                double = token.text == "$" and tokens[k + 1 : k + 2] and tokens[k + 1].text == "$"
                return tokens[k + 1 + bool(double) :], "$$" if double else token.text
        return tokens, None

    def _close(self, tokens: list[Token], environment: str) -> tuple[list[Token], bool]:
        ending = {"$": "$", "$$": "$", r"\(": r"\)", r"\[": r"\]"}.get(environment)
        for k, token in enumerate(tokens):
            if ending is not None and token.text == ending:
                return tokens[:k], True
            if ending is None and token.text == r"\end" and _names(tokens, k, environment):
                return tokens[:k], True
        return tokens, False

    def _rest(self, environment: str, start: int) -> tuple[list[Token], int] | None:
        """The tokens up to the end of an environment that a macro opened, and the offset after it."""
        stop = min(start + MAX_INLINE * 4, self.find.next("", start))
        found: list[Token] = []
        stream = Stream(lex(self.text, start, stop))
        for token in stream:
            macro = self.macros.get(token.text) if token.kind == "cs" else None  # \ee
            if macro is not None and macro.opens_math() and not macro.arity:
                body = list(self.macros.copy().expand(call(macro, token, stream)))
                found.extend(body)
            else:
                found.append(token)
            if token.kind == "cs" or token.text in ("}", "$"):
                body, closed = self._close(found[-80:], environment)
                if closed:
                    return found[: len(found) - len(found[-80:])] + body, token.span.end
        return None

    # -- blocks -----------------------------------------------------------------------------------------------------

    def _add(self, span: tuple[int, int], inner: tuple[int, int], env: str, *, whole: bool = False) -> None:
        """Append a block; `whole` keeps the environment's own `\\begin` and `\\end` among its tokens."""
        start, end = span if whole else inner
        if not whole and not self.text[start:end].strip():
            return
        tokens = tuple(self._lex(start, end))
        kinds = {token.kind for token in tokens}
        if "comment" in kinds:
            for token in tokens:
                if token.kind == "comment":
                    self._directive(token.text, Span(token.span.start, token.span.start + len(token.text.rstrip())))
        if "cs" not in kinds:  # there is nothing to expand
            self._append(span, inner, tokens, env, None)
            return
        try:
            expanded = self.macros.expand(tokens)
        except ReadingError as error:
            self._append(span, inner, tokens, env, error)
            return
        self._append(span, inner, expanded, env, None)

    def _lex(self, start: int, end: int) -> Iterator[Token]:
        # A `>` at the start of a line in a quotation is no relation sign.
        if end == start + 1 and self.text[start].isascii() and self.text[start].isalpha():
            return iter([Token("letter", self.text[start], Span(start, end))])
        if not self.markdown:
            return lex(self.text, start, end)
        line = self.text.rfind("\n", max(0, start - MAX_PREFIX), start) + 1
        quoted = line > 0 and self.text[line : line + 12].lstrip().startswith(">")
        return lex_markdown(self.text, start, end, quoted=quoted)

    def _expand_list(self, tokens: list[Token], match: re.Match[str]) -> tuple[Token, ...]:
        try:
            return self.macros.expand(tokens)
        except ReadingError:
            return tuple(tokens)

    def _append(
        self,
        span: tuple[int, int],
        inner: tuple[int, int],
        tokens: tuple[Token, ...],
        env: str,
        error: ReadingError | None,
    ) -> None:
        start, end = span
        line = self.text.rfind("\n", max(0, start - MAX_PREFIX), start) + 1
        prefix = self.text[max(line, start - MAX_PREFIX) : start]
        display = env not in ("$", "\\(", "\\\\(")
        if env == "$$":
            display = not prefix.strip(" \t>*-+0123456789.•") and not self.text[end : end + 40].partition("\n")[
                0
            ].strip(" \t.,;")
        before = self.text[self.prose : start]
        block = MathBlock(
            Span(start, end), Span(*inner), tokens, display, env, before, Span(self.prose, start), prefix, error
        )
        self.blocks.append(block)
        self.prose = end


def _names(tokens: list[Token], k: int, environment: str) -> bool:
    return "".join(t.text for t in tokens[k + 1 : k + 40]).lstrip(" {").startswith(environment + "}")
