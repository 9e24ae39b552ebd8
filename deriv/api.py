"""The Python door: check a text or a file, read a formula."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deriv.checking.document import check_text
from deriv.checking.results import CheckOptions, DocumentKind, FileResult
from deriv.errors import UsageError
from deriv.meaning.reading import FormulaReading, read_formula

_KINDS: dict[str, DocumentKind] = {".tex": "tex", ".md": "markdown", ".txt": "markdown", ".ipynb": "notebook"}


def check(
    source: str | Path,
    *,
    given: Sequence[str] = (),
    kind: DocumentKind = "markdown",
    options: CheckOptions | None = None,
) -> FileResult:
    """Judge every step of a document.

    `source` is a text, or the path of a `.tex`, `.md`, `.txt` or `.ipynb` file (a `Path`, or a string without line
    breaks that names an existing file); `given` are texts whose definitions are assumed first; `kind` tells how a
    text is to be read.  Raises UsageError when a file cannot be read or a notebook is damaged.
    """
    texts = [("given", text) for text in given]
    path = _existing(source)
    if path is None:
        return check_text(str(source), path="<text>", kind=kind, given=texts, options=options)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    kind = _KINDS.get(path.suffix.lower(), "markdown")
    return check_text(text, path=str(path), kind=kind, given=texts, options=options)


def parse(latex: str) -> FormulaReading:
    """Read one formula: `.sympy` is the text of a plain SymPy expression, `.notes` name what is ambiguous.

    Raises ReadingError (with offsets) when it cannot be read and MeaningError when it has no definite meaning.
    """
    return read_formula(latex)


def _existing(source: str | Path) -> Path | None:
    if isinstance(source, Path):
        return source
    if "\n" in source or len(source) > 400 or "$" in source or "\\" in source:
        return None
    path = Path(source)
    return path if path.suffix.lower() in _KINDS and path.is_file() else None
