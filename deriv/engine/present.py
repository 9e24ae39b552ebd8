"""A derivation as text, LaTeX, Markdown, JSON or HTML."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from deriv.engine.arrays.latex import array_latex, declaration
from deriv.engine.arrays.nodes import Shapes
from deriv.engine.arrays.text import array_text
from deriv.engine.step import Derivation, Detail, Line
from deriv.expr import nodes as n
from deriv.expr.nodes import Expr
from deriv.expr.printing import to_latex
from deriv.rulebook.book import Rulebook

Format = Literal["text", "latex", "markdown", "json", "html"]
FORMATS: Final[tuple[Format, ...]] = ("text", "latex", "markdown", "json", "html")
_NAMES: Final = ("Kronecker", "Hadamard", "Huber", "Poisson", "Rayleigh", "Frobenius", "Euclidean", "Gaussian")
SIGMOID: Final = r"\sigma(u) &= \frac{1}{1 + e^{-u}}"


@dataclass(frozen=True, slots=True)
class View:
    """What to show: the derivation, the level of detail, and the name of the expression if it has one."""

    derivation: Derivation
    book: Rulebook
    detail: Detail = "normal"
    name: str = ""

    def latex(self, expr: Expr) -> str:
        """An expression of this derivation in LaTeX."""
        shapes = self.derivation.shapes
        return array_latex(expr, shapes) if shapes else to_latex(expr)

    def text(self, expr: Expr) -> str:
        """An expression of this derivation as text: SymPy's, or with `@` and `.T` for whole arrays."""
        from deriv.expr.sympy_bridge import to_text

        shapes = self.derivation.shapes
        return array_text(expr, shapes) if shapes else to_text(expr)

    @property
    def left(self) -> str:
        """The left side of the first line, in LaTeX."""
        if not self.name:
            return self.latex(self.derivation.start)
        variable, order = self.latex(self.derivation.variable), self.derivation.order
        if order == 2 and self.derivation.shapes:
            return rf"\frac{{\partial^2 {self.name}}}{{\partial {variable} \partial {variable}^\top}}"
        if order == 1:
            return rf"\frac{{\partial {self.name}}}{{\partial {variable}}}"
        return rf"\frac{{\partial^{{{order}}} {self.name}}}{{\partial {_base(variable)}^{{{order}}}}}"

    def lines(self) -> tuple[Line, ...]:
        """The lines below the starting one; a derivation without steps still has its result."""
        shown: list[tuple[str, Line]] = []
        for line in self.derivation.lines(self.detail) or (Line(self.derivation.result, ()),):
            text = self.latex(line.expr)
            if shown and shown[-1][0] == text:  # 1·x and x are printed alike
                text, before = shown.pop()
                line = Line(line.expr, (*before.rules, *line.rules))
            shown.append((text, line))
        return tuple(line for _, line in shown)

    def titles(self, line: Line) -> list[str]:
        """The rules of a line in words, the bookkeeping left out where something else was done."""
        from deriv.engine.step import MINOR

        shown = [rule for rule in line.rules if rule not in MINOR] or list(line.rules)
        return [title(rule, self.book) for rule in shown]


def title(rule: str, book: Rulebook) -> str:
    """The title of a rule as it stands within a line."""
    if rule not in book:
        return rule
    words = book[rule].title
    return words if words.startswith(_NAMES) else words[0].lower() + words[1:]


def present(view: View, form: Format) -> str:
    """The whole derivation in one of the formats."""
    return _WRITERS[form](view)


def _base(latex: str) -> str:
    return f"({latex})" if "_" in latex or "^" in latex else latex


def _text(view: View) -> str:
    rows = [(f"{name} = {value}", "definition") for name, value in _definitions(view, view.text)]
    rows.append((view.text(view.derivation.start), ""))
    rows += [(f"  = {view.text(line.expr)}", ", ".join(view.titles(line))) for line in view.lines()]
    width = min(72, max(len(left) for left, _ in rows))
    return "\n".join(f"{left.ljust(width)}   {right}".rstrip() for left, right in rows) + "\n"


def _definitions(view: View, show: Callable[[Expr], str]) -> Iterator[tuple[str, str]]:
    for name, value in view.derivation.definitions.items():
        yield show(name), show(value)


def _declared(derivation: Derivation) -> Shapes:
    """The shapes of the names that no definition gives."""
    return {name: shape for name, shape in derivation.shapes.items() if n.Sym(name) not in derivation.definitions}


def _rows(view: View, *, tags: bool) -> list[str]:
    """The rows of an `align`: definitions first, then the chain."""
    used = [view.derivation.expr, *view.derivation.definitions.values(), view.derivation.result]
    sigmoid = any(isinstance(node, n.Call) and node.function == "sigmoid" for expr in used for node in n.walk(expr))
    rows = [f"& {spaces}"] if (spaces := declaration(_declared(view.derivation))) else []
    rows += [SIGMOID] if sigmoid else []
    rows += [f"{name} &= {value}" for name, value in _definitions(view, view.latex)]
    if view.name:
        rows.append(f"{view.name} &= {view.latex(view.derivation.expr)}")
    for k, line in enumerate(view.lines()):
        tag = rf" \tag{{{', '.join(view.titles(line))}}}" if tags and line.rules else ""
        rows.append(f"{view.left if k == 0 else ''} &= {view.latex(line.expr)}{tag}".lstrip())
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

    def both(expr: Expr) -> dict[str, str]:
        return {"latex": view.latex(expr), "text" if view.derivation.shapes else "sympy": view.text(expr)}

    derivation = view.derivation
    return {
        "schema": 1,
        "expr": both(derivation.expr),
        "variable": both(derivation.variable),
        "order": derivation.order,
        "definitions": [{"name": both(name), "value": both(value)} for name, value in derivation.definitions.items()],
        "start": {**both(derivation.start), "latex": view.left},
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
        math = html.escape(f"{left}= {view.latex(line.expr)}")
        note = html.escape(", ".join(view.titles(line)))
        items.append(f'  <li>\\({math}\\) <span class="rule">{note}</span></li>')
    body = "\n".join([*shown, '<ol class="steps">', *items, "</ol>"])
    return f'<div class="deriv">\n{body}\n</div>\n'


_WRITERS: Final[Mapping[str, Callable[[View], str]]] = {
    "text": _text, "latex": _latex, "markdown": _markdown, "json": _json, "html": _html,
}  # fmt: skip
