"""The Python door: check a text or a file, read a formula, generate gradient code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deriv.checking.document import check_text
from deriv.checking.results import CheckOptions, DocumentKind, FileResult
from deriv.errors import UsageError
from deriv.meaning.reading import FormulaReading, read_formula

if TYPE_CHECKING:
    from deriv.codegen import Definition, Generated

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


def code(
    source: Any,
    wrt: Sequence[str] = (),
    *,
    target: str = "numpy",
    fast: bool = False,
    shapes: Mapping[str, Sequence[str | int]] | None = None,
    given: Sequence[str] = (),
    definitions: Sequence[Definition] = (),
    dtype: str = "float64",
    loss: str | None = None,
) -> Generated:
    """Gradient code of a loss: `.source` is its text, `.functions()` gives `loss` and `loss_and_grad`.

    `source` is a loss in LaTeX, a file of definitions, a model by name (then `loss` may name its loss, and `wrt` may
    be left out), a SymPy expression, or an expression of deriv with its `definitions`; `wrt` names the parameters,
    `shapes` the axes of arrays (`{"X": ("n", "d")}`), `given` files of definitions to assume first.  Raises UsageError
    for what cannot be asked, ReadingError and MeaningError for formulas that cannot be read or mean nothing here.
    """
    from deriv.codegen.generate import generate
    from deriv.expr.nodes import Expr
    from deriv.training.api import is_model, task

    text = source if isinstance(source, str) else ""
    if not isinstance(source, str | Expr):
        from deriv.expr.sympy_bridge import from_sympy

        text, source = str(source), from_sympy(source)
    named = isinstance(source, str) and is_model(source)
    asked = () if named else wrt
    what = task(source, loss=loss, wrt=asked, given=given, definitions=definitions, shapes=shapes)
    return generate(
        what.loss,
        list(wrt) or what.params,
        definitions=what.definitions,
        target=target,
        fast=fast,
        shapes=what.shapes,
        dtype=dtype,
        formula=what.formula or text,
        onehot=what.model.onehot if what.model else (),
    )


def _existing(source: str | Path) -> Path | None:
    if isinstance(source, Path):
        return source
    if "\n" in source or len(source) > 400 or "$" in source or "\\" in source:
        return None
    path = Path(source)
    return path if path.suffix.lower() in _KINDS and path.is_file() else None
