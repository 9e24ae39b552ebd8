"""A document from text to judged steps: read it once for evidence, then walk through it in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deriv.checking.annotations import Annotations
from deriv.checking.diagnosis.search import Diagnostician
from deriv.checking.notebook import read_cells
from deriv.checking.passes import formulas_of, named_by_words, prepare, read_first, walk_through
from deriv.checking.results import CheckOptions, DocumentKind, FileResult, Problem, Step
from deriv.checking.walk import Walk
from deriv.latex.macros import MacroTable
from deriv.source import SourceFile


def check_text(
    text: str,
    *,
    path: str,
    kind: DocumentKind,
    given: Sequence[tuple[str, str]] = (),
    options: CheckOptions | None = None,
) -> FileResult:
    """Judge every step of a document; `given` are (path, text) of definitions to assume first.

    Raises UsageError when a notebook is damaged; nothing else about the text is an error.
    """
    options = options or CheckOptions()
    macros = MacroTable.from_mapping(options.macros)
    sources = read_cells(text, path) if kind == "notebook" else (SourceFile(path, text),)
    before = [prepare(SourceFile(name, body), kind_of(name), macros) for name, body in given]
    parts = [prepare(source, kind, macros) for source in sources]
    before, parts = named_by_words(before, parts)
    annotations = [Annotations.of(part.source, kind) for part in parts]
    scope, evidence = read_first(before, parts, annotations, options)
    steps: list[Step] = []
    chains = 0
    for part, notes in zip(parts, annotations, strict=True):
        walk = Walk(part.source, scope, options.timeout, steps=steps, chains=chains)
        finder = Diagnostician(part.source, walk.judge, macros, tuple(formulas_of([part])))
        walk.diagnose = finder.explain
        walk.judge.evidence = evidence
        walk_through(walk, part, notes, options)
        chains = walk.chains
        steps[:] = [notes.applied(step) for step in steps]
    problems: tuple[Problem, ...] = tuple(problem for notes in annotations for problem in notes.problems())
    return FileResult(path, sources, tuple(with_duplicates(steps)), problems)


def kind_of(name: str) -> DocumentKind:
    """The kind of a file of definitions by its name."""
    return "tex" if name.endswith(".tex") else "markdown"


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
