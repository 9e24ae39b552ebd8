"""A document from text to judged steps: read it once for evidence, then walk through it in order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from deriv.check.results import CheckOptions, DocumentKind, FileResult, Step
from deriv.check.walk import ChainState, Walk
from deriv.errors import ReadingError
from deriv.latex.macros import MacroTable
from deriv.latex.parse import Row, parse_block
from deriv.latex.scan import MathBlock, find_blocks
from deriv.meaning.scope import Scope
from deriv.meaning.survey import Survey
from deriv.source import SourceFile

_IDENTITY = re.compile(r"activation[^.\n]{0,80}identity|identity[^.\n]{0,40}activation", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text with its formulas parsed."""

    source: SourceFile
    blocks: tuple[tuple[MathBlock, tuple[Row, ...]], ...]


def prepare(text: str, path: str, kind: DocumentKind, macros: MacroTable) -> Prepared:
    """Find and parse all formulas of a text."""
    document = find_blocks(text, kind="tex" if kind == "tex" else "markdown", macros=macros)
    return Prepared(SourceFile(path, text), tuple((block, parse_block(block)) for block in document.blocks))


def check_text(
    text: str,
    *,
    path: str,
    kind: DocumentKind,
    given: Sequence[tuple[str, str]] = (),
    options: CheckOptions | None = None,
) -> FileResult:
    """Judge every step of a document; `given` are (path, text) of definitions to assume first."""
    options = options or CheckOptions()
    macros = MacroTable.from_mapping(options.macros)
    first = [prepare(body, name, "tex" if name.endswith(".tex") else "markdown", macros) for name, body in given]
    main = prepare(text, path, kind, macros)
    scope = Scope(survey([*first, main]), log=options.log, layout=options.layout)
    scope.identity_activation = any(_IDENTITY.search(part.source.text) for part in (*first, main))
    for part in first:
        walk_through(Walk(part.source, scope, options.timeout, silent=True), part)
    walk = Walk(main.source, scope, options.timeout)
    walk_through(walk, main)
    return FileResult(path, (main.source,), tuple(with_duplicates(walk.steps)))


def survey(parts: Sequence[Prepared]) -> Survey:
    """What all formulas together show about each name."""
    found = Survey()
    for part in parts:
        for _, rows in part.blocks:
            for row in rows:
                for formula in row.formulas:
                    if formula.node is not None:
                        found.add(formula.node)
    return found


def walk_through(walk: Walk, prepared: Prepared) -> None:
    """Feed every formula to the walk, keeping track of the chain that each row continues."""
    last: ChainState | None = None
    for block, rows in prepared.blocks:
        columns: dict[int, ChainState] = {}
        if block.display and last is not None:
            columns[0] = last
        for row in rows:
            last = _row(walk, row, columns, last if block.display else None) or last


def _row(walk: Walk, row: Row, columns: dict[int, ChainState], last: ChainState | None) -> ChainState | None:
    latest: ChainState | None = None
    for position, formula in enumerate(row.formulas):
        if formula.error is not None:
            walk.unreadable(formula.error)
            continue
        if formula.node is None:
            continue
        previous = columns.get(position) or last
        try:
            chain = walk.formula(formula.node, previous)
        except RecursionError:
            span = formula.node.span
            walk.unreadable(ReadingError("it is nested too deeply", span.start, span.end))
            continue
        if chain is not None:
            columns[position] = latest = chain
    return latest


def with_duplicates(steps: list[Step]) -> list[Step]:
    """Mark steps that repeat an earlier one word for word with the same verdict (a slide shown again)."""
    seen: dict[tuple[object, ...], int] = {}
    result: list[Step] = []
    for step in steps:
        key = (step.lhs, step.relation, step.rhs, step.verdict, step.code)
        if step.rhs and key in seen:
            step = replace(step, duplicate_of=seen[key])
        elif step.rhs:
            seen[key] = step.index
        result.append(step)
    return result
