"""A derivation as text, LaTeX, Markdown, JSON or HTML."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from deriv.engine.step import Derivation, Detail, Line
from deriv.expr import nodes as n
from deriv.expr.nodes import Expr
from deriv.expr.printing import to_latex
from deriv.rulebook.book import Rulebook

Format = Literal["text", "latex", "markdown", "json", "html"]
FORMATS: Final[tuple[Format, ...]] = ("text", "latex", "markdown", "json", "html")
_NAMES: Final = ("Kronecker", "Hadamard", "Huber", "Poisson", "Rayleigh", "Frobenius", "Euclidean", "Gaussian")
_SIGMOID: Final = r"\sigma(u) &= \frac{1}{1 + e^{-u}}"


@dataclass(frozen=True, slots=True)
class View:
    """What to show: the derivation, the level of detail, and the name of the expression if it has one."""

    derivation: Derivation
    book: Rulebook
    detail: Detail = "normal"
    name: str = ""

    @property
    def left(self) -> str:
        """The left side of the first line, in LaTeX."""
        if not self.name:
            return to_latex(self.derivation.start)
        variable, order = to_latex(self.derivation.variable), self.derivation.order
        if order == 1:
            return rf"\frac{{\partial {self.name}}}{{\partial {variable}}}"
        return rf"\frac{{\partial^{{{order}}} {self.name}}}{{\partial {_base(variable)}^{{{order}}}}}"

    def lines(self) -> tuple[Line, ...]:
        """The lines below the starting one; a derivation without steps still has its result."""
        shown: list[tuple[str, Line]] = []
        for line in self.derivation.lines(self.detail) or (Line(self.derivation.result, ()),):
            text = to_latex(line.expr)
            if shown and shown[-1][0] == text:  # 1·x and x are printed alike
                text, before = shown.pop()
                line = Line(line.expr, (*before.rules, *line.rules))
            shown.append((text, line))
        return tuple(line for _, line in shown)

    def titles(self, line: Line) -> list[str]:
        """The rules of a line in words, the bookkeeping left out where something else was done."""
        from deriv.engine.step import MINOR

        shown = [rule for rule in line.rules if rule not in MINOR] or list(line.rules)
        return [self._title(rule) for rule in shown]

    def _title(self, rule: str) -> str:
        if rule not in self.book:
            return rule
        title = self.book[rule].title
        return title if title.startswith(_NAMES) else title[0].lower() + title[1:]


def present(view: View, form: Format) -> str:
    """The whole derivation in one of the formats."""
    return _WRITERS[form](view)


def _base(latex: str) -> str:
    return f"({latex})" if "_" in latex or "^" in latex else latex


def _text(view: View) -> str:
    from deriv.expr.sympy_bridge import to_text

    rows = [(f"{name} = {value}", "definition") for name, value in _definitions(view, to_text)]
    rows.append((to_text(view.derivation.start), ""))
    rows += [(f"  = {to_text(line.expr)}", ", ".join(view.titles(line))) for line in view.lines()]
    width = min(72, max(len(left) for left, _ in rows))
    return "\n".join(f"{left.ljust(width)}   {right}".rstrip() for left, right in rows) + "\n"


def _definitions(view: View, show: Callable[[Expr], str]) -> Iterator[tuple[str, str]]:
    for name, value in view.derivation.definitions.items():
        yield show(name), show(value)


def _rows(view: View, *, tags: bool) -> list[str]:
    """The rows of an `align`: definitions first, then the chain."""
    used = [view.derivation.expr, *view.derivation.definitions.values(), view.derivation.result]
    sigmoid = any(isinstance(node, n.Call) and node.function == "sigmoid" for expr in used for node in n.walk(expr))
    rows = [_SIGMOID] if sigmoid else []
    rows += [f"{name} &= {value}" for name, value in _definitions(view, to_latex)]
    if view.name:
        rows.append(f"{view.name} &= {to_latex(view.derivation.expr)}")
    for k, line in enumerate(view.lines()):
        tag = rf" \tag{{{', '.join(view.titles(line))}}}" if tags and line.rules else ""
        rows.append(f"{view.left if k == 0 else ''} &= {to_latex(line.expr)}{tag}".lstrip())
    return rows


def _align(view: View, environment: str, *, tags: bool) -> str:
    body = " \\\\\n".join(f"  {row}" for row in _rows(view, tags=tags))
    return f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"


def _latex(view: View) -> str:
    return _align(view, "align*", tags=True) + "\n"


def _markdown(view: View) -> str:
    notes = [f"{k}. {', '.join(view.titles(line))}" for k, line in enumerate(view.lines(), start=1) if line.rules]
    rules = "\n".join(notes)
    return f"$$\n{_align(view, 'aligned', tags=False)}\n$$\n" + (
        f"\nRules, line by line:\n\n{rules}\n" if rules else ""
    )


def _json(view: View) -> str:
    return json.dumps(as_data(view), ensure_ascii=False, indent=2) + "\n"


def as_data(view: View) -> Mapping[str, object]:
    """The derivation as plain data, the shape of `--format json`."""
    from deriv.expr.sympy_bridge import to_text

    def both(expr: Expr) -> dict[str, str]:
        return {"latex": to_latex(expr), "sympy": to_text(expr)}

    derivation = view.derivation
    return {
        "schema": 1,
        "expr": both(derivation.expr),
        "variable": both(derivation.variable),
        "order": derivation.order,
        "definitions": [{"name": both(name), "value": both(value)} for name, value in derivation.definitions.items()],
        "start": {"latex": view.left, "sympy": to_text(derivation.start)},
        "steps": [
            {**both(line.expr), "rules": list(line.rules), "explanation": " ".join(_explanations(view, line))}
            for line in view.lines()
        ],
        "result": both(derivation.result),
    }


def _explanations(view: View, line: Line) -> Iterator[str]:
    for rule in line.rules:
        if rule in view.book:
            yield view.book[rule].short


def _html(view: View) -> str:
    head = [f"<p>\\({html.escape(row.replace('&=', '='))}\\)</p>" for row in _rows(view, tags=False)]
    shown = head[: len(head) - len(view.lines())]
    items = []
    for k, line in enumerate(view.lines()):
        left = f"{view.left} " if k == 0 else ""
        math = html.escape(f"{left}= {to_latex(line.expr)}")
        note = html.escape(", ".join(view.titles(line)))
        items.append(f'  <li>\\({math}\\) <span class="rule">{note}</span></li>')
    body = "\n".join([*shown, '<ol class="steps">', *items, "</ol>"])
    return f'<div class="deriv">\n{body}\n</div>\n'


_WRITERS: Final[Mapping[str, Callable[[View], str]]] = {
    "text": _text, "latex": _latex, "markdown": _markdown, "json": _json, "html": _html,
}  # fmt: skip
