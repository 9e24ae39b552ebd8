"""The Markdown cells of a notebook, each a text of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from deriv.errors import UsageError
from deriv.source import SourceFile


def read_cells(text: str, path: str) -> tuple[SourceFile, ...]:
    """The Markdown cells in order, under their numbers (from 0) among all cells; UsageError when it is no notebook."""
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}: not a notebook: {error.msg} on line {error.lineno}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: not a notebook: nested too deeply") from error
    cells = _cells(notebook)
    if cells is None:
        raise UsageError(f"{path}: not a notebook: it has no list of cells")
    return tuple(SourceFile(path, source, cell=number) for number, source in _markdown(cells))


def _cells(notebook: object) -> list[object] | None:
    """The cells of format 4, or those of the worksheets of format 3."""
    if not isinstance(notebook, Mapping):
        return None
    cells = notebook.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = notebook.get("worksheets")
    if not isinstance(sheets, list):
        return None
    lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, Mapping)]
    return [cell for cells in lists if isinstance(cells, list) for cell in cells]


def _markdown(cells: list[object]) -> Iterator[tuple[int, str]]:
    for number, cell in enumerate(cells):
        if isinstance(cell, Mapping) and cell.get("cell_type") == "markdown":
            source = cell.get("source", "")
            lines = source if isinstance(source, list) else [source]
            # a damaged cell is left out; it cannot hold anything to judge
            if all(isinstance(line, str) for line in lines):
                yield number, "".join(lines)
