"""From LaTeX, a file of definitions or SymPy to a loss with its definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING

from deriv.codegen.sizes import Definition
from deriv.errors import DerivError, MeaningError, UsageError
from deriv.expr.functions import FUNCTIONS
from deriv.expr.nodes import Apply, Call, Entry, Expr, Sym, walk
from deriv.expr.substitute import rebuild, same_or, substitute
from deriv.expr.tensor import Tensor, Value

if TYPE_CHECKING:
    from deriv.meaning.scope import Definition as Stated
    from deriv.meaning.scope import Scope

_LOSS_NAMES = ("L", "J", "E", "C", "loss", "NLL", "BCE", "CE", "MSE", "Loss", "cost")


@dataclass(frozen=True, slots=True)
class LossFormula:
    """A scalar loss, the named values it is made of, and its source."""

    loss: Expr
    definitions: tuple[Definition, ...]
    formula: str
    name: str = ""
    shapes: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)


def read_loss(
    text: str, given: Sequence[str] = (), shapes: Mapping[str, Sequence[str | int]] | None = None
) -> LossFormula:
    """Read a formula, or the document of definitions that `text` names; `given` are files to assume first.

    Declared shapes are read like a sentence of the document: they make vectors and matrices of names.
    """
    before = [(path, _read(path)) for path in given]
    declared = [_declaration(name, shape) for name, shape in (shapes or {}).items() if shape]
    if declared:
        before.insert(0, ("shapes.md", "\n".join(declared)))
    if text.endswith((".tex", ".md", ".txt")):
        body = _read(text)
        return _from_document([*before, (text, body)], body)
    if before:
        return _from_document(before, text, formula=text)
    try:
        plain = _from_formula(text)
    except MeaningError:
        guessed = _with_guessed_shapes(text)
        if guessed is None:
            raise
        return guessed
    return (_with_guessed_shapes(text) or plain) if _VECTORS.search(text) else plain


_VECTORS = re.compile(r"\\[lr]?Vert|\\\||\^\s*\{?\s*(?:\\top|\\mathsf|\\intercal|T\b)")
_NAMES = re.compile(r"(\\?[A-Za-z]+)(\s*_\s*\{?[a-z]\}?(?![A-Za-z]))?")
_GREEK = frozenset("alpha beta gamma delta theta lambda mu phi eta omega".split())
_SCALARS = frozenset("abcdeijklmnpqstNTKM")
_MOST_GUESSES = 256
_SMALL: Sequence[tuple[str, ...]] = (("d",), ("n",), ())
_LARGE: Sequence[tuple[str, ...]] = (("n", "d"), ("d", "m"), ("n", "m"), ("m", "d"))


def _with_guessed_shapes(text: str) -> LossFormula | None:
    """Matrix notation without declarations: the first choice of vectors and matrices that gives a single number.

    Capitals are matrices, the first one of n rows and d columns; small letters and Greek ones vectors before scalars,
    except those that usually count something.
    """
    options: dict[str, Sequence[tuple[str, ...]]] = {}
    for name, index in _letters(text):
        if name.isupper() and name not in _SCALARS:
            options.setdefault(name, _LARGE if any(len(o[0]) == 2 for o in options.values()) else _LARGE[:1])
        elif index:
            options[name] = [("n", "d"), ()]
        elif name not in options:
            options[name] = [()] if name in _SCALARS else _SMALL
    for guess in islice(product(*options.values()), _MOST_GUESSES):
        shapes = dict(zip(options, guess, strict=True))
        if not any(shapes.values()):
            return None
        try:
            lines = [_declaration(name, shape) for name, shape in shapes.items() if shape]
            found = _from_document([("shapes.md", "\n".join(lines))], text, formula=text)
        except DerivError:
            continue
        # the sizes of the first array are called n and d, so that an n of the formula is its number of rows
        first = next(((name, shape) for name, shape in shapes.items() if len(shape) == 2), None)
        return replace(found, shapes=dict([first]) if first else {})
    return None


def _letters(text: str) -> list[tuple[str, str]]:
    """The names of a formula, each with its index letter if it has one."""
    found = []
    for word, index in _NAMES.findall(re.sub(r"\^\s*\{?\s*(T\b|\\top|\\mathsf)", " ", text)):
        if not word.startswith("\\"):
            found += [(letter, "") for letter in word[:-1]] + [(word[-1], index)]
        elif word[1:] in _GREEK:
            found.append((word[1:], index))
    return found


def _declaration(name: str, shape: Sequence[str | int]) -> str:
    sizes = r" \times ".join(map(str, shape))
    return rf"${latex_name(name)} \in \mathbb{{R}}^{{{sizes}}}$"


def latex_name(name: str) -> str:
    """A name of the program as LaTeX: yhat, W_1, lambda."""
    stem, _, rest = name.partition("_")
    if stem.endswith("hat") and len(stem) > 3:
        stem = rf"\hat{{{stem[:-3]}}}"
    elif stem in ("alpha", "beta", "gamma", "delta", "theta", "lambda", "mu", "sigma", "phi", "eta", "omega"):
        stem = "\\" + stem
    return f"{stem}_{{{rest}}}" if rest else stem


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a text in UTF-8") from None


def _from_formula(text: str) -> LossFormula:
    from deriv.meaning.reading import read_formula

    return LossFormula(_scalar(read_formula(text).values[-1], None), (), text)


def _scalar(value: Value, scope: Scope | None) -> Expr:
    if not isinstance(value, Tensor) or not value.is_scalar:
        raise MeaningError("the loss must be a single number: declare which names are vectors or matrices with --shape")
    return _known_functions(value.body, scope)


def _known_functions(expr: Expr, scope: Scope | None) -> Expr:
    """Applied names become functions: those the document defines, and sigma as the logistic function."""

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        if not isinstance(node, Apply) or any(node.orders):
            return node
        stated = scope.lookup(node.function, "function") if scope is not None else None
        if stated is not None and isinstance(stated.body, Tensor) and stated.body.is_scalar:
            mapping: dict[Expr, Expr] = {Sym(p): a for p, a in zip(stated.params, node.children, strict=False)}
            return _known_functions(substitute(stated.body.body, mapping), scope)
        name = {"sigma": "sigmoid"}.get(node.function, node.function)
        if name not in FUNCTIONS:
            raise MeaningError(f"nothing says what the function {node.function} is")
        return Call(name, node.children)

    return rebuild(expr, visit)


def _from_document(sources: Sequence[tuple[str, str]], shown: str, formula: str | None = None) -> LossFormula:
    from deriv.checking.document import kind_of
    from deriv.checking.passes import prepare, survey, walk_through
    from deriv.checking.walk import Walk
    from deriv.latex.macros import MacroTable
    from deriv.meaning.scope import Scope
    from deriv.source import SourceFile

    macros = MacroTable.from_mapping({})
    parts = [prepare(SourceFile(name, body), kind_of(name), macros) for name, body in sources]
    scope = Scope(survey(parts))
    for part in parts:
        walk_through(Walk(part.source, scope, 5.0, silent=True), part, None)
    stated = (_converted(d, scope) for d in scope.current().values())
    found = {d.name: d for d in stated if d is not None}
    if formula is not None:
        from deriv.meaning.reading import read_formula

        loss = _scalar(read_formula(formula, scope).values[-1], scope)
        return LossFormula(loss, tuple(found.values()), shown, "", _declared(sources, [loss], found))
    head = _loss_name(found, scope.loss)
    rest = tuple(d for d in found.values() if d.name != head)
    loss = found[head].body
    return LossFormula(loss, rest, _math_only(shown), head, _declared(sources, [loss], found))


def _converted(definition: Stated, scope: Scope) -> Definition | None:
    """A definition of the document as one of an array; functions are put in where they are applied."""
    body = definition.body
    if definition.form == "function" or not isinstance(body, Tensor):
        return None
    axes = tuple(axis.index for axis in (body.rows, body.cols) if axis is not None)
    return Definition(
        definition.name, (*definition.params, *axes), _known_functions(scope.ranges.canonical(body.body), scope)
    )


_SPACE = re.compile(r"(\\?[A-Za-z]+(?:\{[A-Za-z]\})?(?:_\{?\w+\}?)?)\s*\\in\s*\\mathbb\{R\}\s*\^\s*(\{[^{}]*\}|\w)")


def _declared(
    sources: Sequence[tuple[str, str]], losses: Sequence[Expr], found: Mapping[str, Definition]
) -> dict[str, tuple[str | int, ...]]:
    """The sizes that the text gives in words such as X in R^(n x d), for arrays that are used with as many indices."""
    ranks = {}
    for body in [*losses, *(d.body for d in found.values())]:
        ranks.update({n.name: len(n.indices) for n in walk(body) if isinstance(n, Entry)})
    shapes: dict[str, tuple[str | int, ...]] = {}
    for _, text in sources:
        for match in _SPACE.finditer(text):
            name = _plain_name(match.group(1))
            sizes = [s.strip() for s in match.group(2).strip("{}").replace(r"\times", "×").split("×")]
            if ranks.get(name) == len(sizes) and all(re.fullmatch(r"\w+", s) for s in sizes):
                shapes[name] = tuple(int(s) if s.isdigit() else s for s in sizes)
    return shapes


def _plain_name(latex: str) -> str:
    hat = re.fullmatch(r"\\hat\{(\w)\}(.*)", latex)
    text = f"{hat.group(1)}hat{hat.group(2)}" if hat else latex.lstrip("\\")
    return text.replace("{", "").replace("}", "")


def _loss_name(found: dict[str, Definition], declared: str | None) -> str:
    """The declared loss, a usual name for one, or the only scalar that nothing else uses."""
    if declared is not None and declared in found:
        return declared
    scalars = [d.name for d in found.values() if not d.indices]
    for name in reversed(scalars):
        if name in _LOSS_NAMES:
            return name
    used = {n.name for d in found.values() for n in walk(d.body) if isinstance(n, (Sym, Entry))}
    free = [name for name in scalars if name not in used]
    if len(free) != 1:
        raise UsageError("cannot tell which definition is the loss: name it L, or write `loss NAME` in a directive")
    return free[0]


def _math_only(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip())
