"""Questions in matrix notation: which names are vectors and matrices, and the formula over whole arrays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING

from deriv.errors import DerivError

if TYPE_CHECKING:
    from deriv.cli.deriving import Question
    from deriv.engine.arrays.nodes import Shape
    from deriv.expr.nodes import Expr
    from deriv.meaning.scope import Scope

_WHOLE = re.compile(
    r"\\[lr]?Vert|\\\||\\det|\\odot|\\operatorname\{(?:tr|det|softmax)\}|\\tr\b|\\in\s*\\mathbb\{?R\}?\s*\^"
)
_TURNED = re.compile(r"\^\s*\{?\s*-?\s*(?:\\top|\\mathsf|\\intercal|T\b)")
_NAMES = re.compile(r"(\\(?:hat|bar|tilde)\{[A-Za-z]\}|[A-Za-z])(\s*_\s*\{?\w+\}?)?(\s*\^\s*\{?\s*-?\s*(?:\\top|T\b))?")
_COUNTS = frozenset("abcdeijklmnpqstNTKM")
_COMMAND = re.compile(
    r"\\(?!hat|bar|tilde|top)(?:operatorname|mathrm|text|mathbf|mathbb)\{[a-zA-Z0-9]+\}|\\(?!hat|bar|tilde|top)[A-Za-z]+"
)
_MOST_GUESSES = 256


@dataclass(frozen=True, slots=True)
class ArrayQuestion:
    """A scalar over whole arrays, the named values that it may use, and the shapes of all names."""

    expr: Expr
    definitions: Mapping[Expr, Expr]
    shapes: Mapping[str, Shape]


def is_whole(texts: Sequence[str]) -> bool:
    """Whether a formula speaks of whole vectors or matrices; a sum of w^T x_i speaks of one example at a time."""
    if any(_WHOLE.search(text) for text in texts):
        return True
    return any(map(_TURNED.search, texts)) and not any(r"\sum" in text for text in texts)


def read_whole(texts: Sequence[str], shapes: Mapping[str, Sequence[str | int]]) -> ArrayQuestion | None:
    """The last formula over whole arrays, the others being definitions and declarations.

    Names without a declared shape are tried as vectors, matrices or scalars until the formula is a single number;
    None where no choice makes it one, or where it has no matrix notation.
    """
    declared = [_declaration(name, shape) for name, shape in shapes.items()]
    for ranks in guesses(texts, shapes):
        try:
            return _read([*declared, *texts], ranks)
        except DerivError:
            continue
    return None


def guesses(texts: Sequence[str], shapes: Mapping[str, Sequence[str | int]]) -> Iterator[dict[str, int]]:
    """Numbers of axes for the names that nothing declares, the likeliest choice first."""
    options = _undeclared(texts, shapes)
    for guess in islice(product(*options.values()), _MOST_GUESSES):
        yield {name: rank for name, rank in zip(options, guess, strict=True) if rank >= 0}


def _declaration(name: str, shape: Sequence[str | int]) -> str:
    from deriv.expr.printing import name_latex

    sizes = r" \times ".join(map(str, shape))
    return rf"{name_latex(name)} \in \mathbb{{R}}" + (f"^{{{sizes}}}" if sizes else "")


def _undeclared(texts: Sequence[str], shapes: Mapping[str, Sequence[str | int]]) -> dict[str, tuple[int, ...]]:
    """The possible numbers of axes of each name that nothing declares or defines."""
    heads = {text.partition("=")[0].strip() for text in texts[:-1]}
    said = {match for text in texts for match in re.findall(r"(\S+)\s*\\in\s*\\mathbb", text)}
    options: dict[str, tuple[int, ...]] = {}
    for text in texts:
        if r"\in" in text:
            continue
        for name, index, turned in _NAMES.findall(_COMMAND.sub(" ", text)):
            plain = re.sub(r"\\(\w+)\{(\w)\}", r"\2\1", name)
            if plain in shapes or name in said or name in heads or plain in options:
                continue
            if index:  # an entry, or one example of a matrix of data
                options[plain] = (-1, 2)
                continue
            small = (1,) if turned else (0, 1) if plain in _COUNTS else (1, 0)
            options[plain] = (2,) if plain.isupper() and plain not in _COUNTS else small
    return options


def _read(texts: Sequence[str], ranks: Mapping[str, int]) -> ArrayQuestion:
    from deriv.checking.passes import declare_all, prepare, survey, walk_through
    from deriv.checking.walk import Walk
    from deriv.cli.deriving import assume_sigmoid
    from deriv.engine.arrays.raising import NotMatrix, Raiser
    from deriv.expr import nodes as n
    from deriv.expr.tensor import Tensor
    from deriv.latex.macros import MacroTable
    from deriv.meaning.reading import read_formula
    from deriv.meaning.scope import Scope
    from deriv.source import SourceFile

    macros = MacroTable.from_mapping({})
    parts = [prepare(SourceFile("question", f"$${text}$$"), "markdown", macros) for text in texts]
    scope = Scope(survey(parts))
    assume_sigmoid(scope.survey, texts)
    for name, rank in ranks.items():
        scope.survey.declared_rank[name, False] = rank
    declare_all(scope, parts)
    for part in parts[:-1]:
        walk_through(Walk(part.source, scope, 5.0, silent=True), part, None)
    value = read_formula(texts[-1], scope).values[-1]
    if not isinstance(value, Tensor) or not value.is_scalar:
        raise NotMatrix("the formula is no single number")
    raiser = Raiser()
    expr = raiser.scalar(_plain(value.body, scope))
    definitions = dict(_definitions(scope, raiser))
    if not raiser.shapes:
        raise NotMatrix("there is no array here")
    return _with_readable_sizes(ArrayQuestion(expr, definitions, {**raiser.shapes}), {n.Sym("N")})


def _definitions(scope: Scope, raiser: object) -> Iterator[tuple[Expr, Expr]]:
    from deriv.engine.arrays.nodes import shape_of
    from deriv.engine.arrays.raising import Raiser
    from deriv.expr import nodes as n
    from deriv.expr.tensor import Axis, Tensor

    assert isinstance(raiser, Raiser)
    canonical = scope.ranges.canonical
    for definition in scope.current().values():
        body = definition.body
        if definition.form == "function" or not isinstance(body, Tensor) or definition.sups:
            continue
        slots = [scope.ranges.of_slot((definition.name, 0, k)) for k in range(len(definition.params))]
        axes = [Axis(index, *map(canonical, slot)) for index, slot in zip(definition.params, slots, strict=True)]
        axes += [Axis(a.index, canonical(a.lo), canonical(a.hi)) for a in (body.rows, body.cols) if a is not None]
        rows, cols = [*axes, None, None][:2]
        value = raiser.tensor(Tensor(rows, cols, _plain(canonical(body.body), scope)))
        raiser.shapes.setdefault(definition.name, shape_of(value, raiser.shapes))
        yield n.Sym(definition.name), value


def _plain(expr: Expr, scope: Scope) -> Expr:
    r"""Functions of the document put in where they are applied; `\sigma(…)` is the sigmoid where nothing is said."""
    from deriv.cli.deriving import with_sigmoid
    from deriv.expr import nodes as n
    from deriv.expr.substitute import rebuild, same_or, substitute
    from deriv.expr.tensor import Tensor

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        if not isinstance(node, n.Apply) or any(node.orders) or node.function == "sigma":
            return node
        stated = scope.lookup(node.function, "function")
        if stated is None or not isinstance(stated.body, Tensor) or not stated.body.is_scalar:
            return node
        return substitute(stated.body.body, {n.Sym(p): a for p, a in zip(stated.params, node.children, strict=False)})

    return with_sigmoid(rebuild(expr, visit))


def _with_readable_sizes(question: ArrayQuestion, avoid: set[Expr]) -> ArrayQuestion:
    """Lengths that nothing names (N_w1) get letters."""
    from deriv.engine.arrays.match import replace
    from deriv.engine.arrays.nodes import SCALAR
    from deriv.expr import nodes as n

    names = {
        node.name
        for expr in (question.expr, *question.definitions.values())
        for node in n.walk(expr)
        if isinstance(node, n.Sym)
    }
    sizes = {size.name: size for shape in question.shapes.values() for size in shape if isinstance(size, n.Sym)}
    taken = names | set(question.shapes) | {name for name in sizes if "_" not in name and name != "N"}
    letters = (letter for letter in "ndkmpqrstuv" if letter not in taken)
    mapping: dict[Expr, Expr] = {
        size: n.Sym(next(letters)) for name, size in sizes.items() if "_" in name or size in avoid
    }

    def put(expr: Expr) -> Expr:
        return replace(expr, mapping)

    shapes: dict[str, Shape] = {
        name: (rows if rows is None else put(rows), cols if cols is None else put(cols))
        for name, (rows, cols) in question.shapes.items()
    }
    lengths = set(sizes) | {size.name for size in mapping.values() if isinstance(size, n.Sym)}
    shapes |= dict.fromkeys(sorted(names - lengths - set(shapes)), SCALAR)
    return ArrayQuestion(put(question.expr), {name: put(value) for name, value in question.definitions.items()}, shapes)


def as_whole(question: Question) -> Question:
    """A question in index form with its families as whole arrays; one about single numbers stays as it is."""
    from deriv.cli.deriving import Question
    from deriv.engine.arrays.raising import NotMatrix, Raiser
    from deriv.errors import UsageError
    from deriv.expr import nodes as n

    sums = any(isinstance(node, n.Sum | n.Product) for node in n.walk(question.expr))
    if question.shapes or not sums:
        return question
    raiser = Raiser()
    try:
        expr = raiser.scalar(question.expr)
        names: dict[Expr, Expr] = {name: raiser.scalar(value) for name, value in question.definitions.items()}
    except NotMatrix as error:
        raise UsageError(f"--mode reverse needs single numbers or whole arrays: {error}") from None
    whole = ArrayQuestion(expr, names, raiser.shapes)
    whole = _with_readable_sizes(whole, set())
    return Question(whole.expr, question.name, whole.definitions, whole.shapes)
