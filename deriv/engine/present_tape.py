"""Reverse accumulation as text, LaTeX, Markdown, JSON or HTML: values going forward, cotangents coming back."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from deriv.engine.arrays.latex import array_latex, declaration
from deriv.engine.arrays.nodes import SCALAR
from deriv.engine.arrays.tape import Row, Tape
from deriv.engine.arrays.text import array_text
from deriv.engine.present import SIGMOID, Format, title
from deriv.expr import nodes as n
from deriv.expr.nodes import Expr
from deriv.rulebook.book import Rulebook


@dataclass(frozen=True, slots=True)
class TapeView:
    """A table to show, with the rule book that names its rules."""

    tape: Tape
    book: Rulebook

    def latex(self, expr: Expr) -> str:
        """An expression of the table in LaTeX."""
        return array_latex(expr, self.tape.shapes)

    def text(self, expr: Expr) -> str:
        """An expression of the table as text; a cotangent is written dL/dz."""
        return array_text(expr, self.tape.shapes)

    def titles(self, row: Row) -> str:
        """The rules of a row in words."""
        return ", ".join(title(rule, self.book) for rule in row.rules)

    def values(self, row: Row) -> tuple[Expr, ...]:
        """What a row is equal to: by the rule, and in closed form where that is short."""
        return (row.value,) if row.closed is None else (row.value, row.closed)


def present_tape(view: TapeView, form: Format) -> str:
    """The whole table in one of the formats."""
    return _WRITERS[form](view)


def _text(view: TapeView) -> str:
    tape = view.tape
    left = [f"{view.text(row.name)} = {view.text(row.value)}" for row in tape.forward]
    back = [" = ".join([view.text(row.name), *map(view.text, view.values(row))]) for row in tape.backward]
    width = min(72, max(map(len, [*left, *back])))
    lines = ["forward", *(f"  {text}" for text in left), "backward"]
    lines += [
        f"  {text.ljust(width)}   {view.titles(row)}".rstrip() for text, row in zip(back, tape.backward, strict=True)
    ]
    return "\n".join(lines) + "\n"


def _rows(view: TapeView, *, tags: bool) -> Iterator[str]:
    tape = view.tape
    defined = {row.name for row in tape.forward}
    used = {node.name for row in tape.forward for node in n.walk(row.value) if isinstance(node, n.Sym)}
    arrays = {
        name: shape
        for name, shape in tape.shapes.items()
        if n.Sym(name) not in defined and (shape != SCALAR or name in used)
    }
    if any(shape != SCALAR for shape in arrays.values()):
        yield f"& {declaration(arrays)}"
    calls = [node for row in tape.forward for node in n.walk(row.value) if isinstance(node, n.Call)]
    if any(node.function == "sigmoid" for node in calls):
        yield SIGMOID
    for row in tape.forward:
        yield f"{view.latex(row.name)} &= {view.latex(row.value)}"
    for row in tape.backward:
        tag = rf" \tag{{{view.titles(row)}}}" if tags else ""
        yield f"{view.latex(row.name)} &= {' = '.join(map(view.latex, view.values(row)))}{tag}"


def _align(view: TapeView, environment: str, *, tags: bool) -> str:
    body = " \\\\\n".join(f"  {row}" for row in _rows(view, tags=tags))
    return f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"


def _latex(view: TapeView) -> str:
    return _align(view, "align*", tags=True) + "\n"


def _markdown(view: TapeView) -> str:
    rules = "\n".join(f"{k}. {view.titles(row)}" for k, row in enumerate(view.tape.backward, start=1))
    return f"$$\n{_align(view, 'aligned', tags=False)}\n$$\n\nRules of the cotangents, line by line:\n\n{rules}\n"


def as_tape_data(view: TapeView) -> Mapping[str, object]:
    """The table as plain data, the shape of `--mode reverse --format json`."""

    def both(expr: Expr) -> dict[str, str]:
        return {"latex": view.latex(expr), "text": view.text(expr)}

    def data(row: Row) -> dict[str, object]:
        closed = {} if row.closed is None else {"closed": both(row.closed)}
        rules = {"rules": list(row.rules)} if row.rules else {}
        return {"name": both(row.name), "value": both(row.value), **closed, **rules}

    return {
        "schema": 1,
        "mode": "reverse",
        "loss": both(view.tape.loss),
        "variables": [both(variable) for variable in view.tape.variables],
        "forward": [data(row) for row in view.tape.forward],
        "backward": [data(row) for row in view.tape.backward],
    }


def _json(view: TapeView) -> str:
    return json.dumps(as_tape_data(view), ensure_ascii=False, indent=2) + "\n"


def _html(view: TapeView) -> str:
    def cells(row: Row) -> str:
        math = html.escape(" = ".join(map(view.latex, (row.name, *view.values(row)))))
        return f'  <tr><td>\\({math}\\)</td><td class="rule">{html.escape(view.titles(row))}</td></tr>'

    rows = "\n".join(map(cells, (*view.tape.forward, *view.tape.backward)))
    return f'<table class="deriv">\n{rows}\n</table>\n'


_WRITERS: Final[Mapping[str, Callable[[TapeView], str]]] = {
    "text": _text, "latex": _latex, "markdown": _markdown, "json": _json, "html": _html,
}  # fmt: skip
