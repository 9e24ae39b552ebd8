"""What `deriv derive` is asked: the expression, the names that are defined, the variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deriv.errors import DerivError, UsageError

if TYPE_CHECKING:
    from deriv.engine.arrays.nodes import Shape
    from deriv.expr import nodes as n
    from deriv.expr.nodes import Expr
    from deriv.meaning.survey import Survey

_WRAPPING = re.compile(
    r"\\(begin|end)\{(align|equation|gather|aligned|split)\*?\}|\$\$?|\\\[|\\\]|&|\\\\\s*$|\\nonumber"
)
_INDEX_LETTERS = "jklmpqrst"


@dataclass(frozen=True, slots=True)
class Question:
    """An expression to differentiate, under the name that it was given (in LaTeX), and the definitions it may use.

    With `shapes` the expression is one over whole arrays (`engine.arrays`), otherwise it is in index form.
    """

    expr: Expr
    name: str
    definitions: Mapping[Expr, Expr]
    shapes: Mapping[str, Shape] = field(default_factory=dict)


def formulas(text: str) -> Iterator[str]:
    """The formulas of a file, one a line, without the marks around them; a line that begins with = goes on."""
    pending = ""
    for line in text.splitlines():
        bare = _WRAPPING.sub(" ", re.split(r"(?<!\\)%", line)[0]).strip().rstrip(".,;").strip()
        if not bare:
            continue
        if bare.startswith("="):
            continue  # a later line of a chain: the definition is its beginning
        if pending:
            yield pending
        pending = bare
    if pending:
        yield pending


def read_question(
    source: str, given: Iterable[str], shapes: Mapping[str, Sequence[str | int]] | None = None
) -> Question:
    """The question behind the argument (a formula, SymPy text or a file), the `--given` files and the `--shape`s."""
    from deriv.cli.deriving_arrays import is_whole, read_whole

    known = [formula for file in given for formula in formulas(_file(file))]
    own = list(formulas(_file(source))) if _is_file(source) else [source]
    if not own:
        raise UsageError(f"{source}: there is no formula here")
    if _is_plain(own[-1]):
        return Question(_plain(own[-1]), "", {})
    texts = [*known, *own]
    if shapes or is_whole(texts):
        whole = read_whole(texts, shapes or {})
        if whole is not None:
            return Question(whole.expr, _name(texts[-1]), whole.definitions, whole.shapes)
        if shapes:
            raise UsageError("with these shapes the formula is not a single number in matrix notation")
    return _read_entries(texts)


def _name(text: str) -> str:
    """The left side of an equation: the name of what stands on the right (`=` below a sum is none)."""
    depth = 0
    for place, char in enumerate(text):
        depth += (char in "{(") - (char in "})")
        if char == "=" and not depth:
            return text[:place].strip()
    return ""


def _is_file(source: str) -> bool:
    return "\\" not in source and "\n" not in source and len(source) < 1000 and Path(source).is_file()


def _file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error


def _is_plain(text: str) -> bool:
    """SymPy text: a star, and nothing that only LaTeX has."""
    return "*" in text and not any(mark in text for mark in "\\^{}=")


def _plain(text: str) -> Expr:
    from deriv.rulebook.formula import parse_formula

    return parse_formula(text)


def _read_entries(texts: list[str]) -> Question:
    """A question in index form; names are tried as vectors where the formula is no single number without."""
    from deriv.cli.deriving_arrays import guesses

    texts = [text for text in texts if r"\in" not in text]
    try:
        return _read(texts)
    except DerivError:
        for ranks in guesses(texts, {}):
            try:
                return _read(texts, ranks)
            except DerivError:
                continue
        raise


def _read(texts: list[str], ranks: Mapping[str, int] | None = None) -> Question:
    from deriv.expr import nodes as n
    from deriv.latex.parse import parse_formula
    from deriv.meaning.reading import read_formula
    from deriv.meaning.scope import Scope
    from deriv.meaning.scoping import settled
    from deriv.meaning.survey import Survey

    survey = Survey()
    for text in texts:
        survey.add(settled(parse_formula(text)))
    scope = Scope(survey)
    assume_sigmoid(survey, texts)
    survey.declared_rank |= {(name, False): rank for name, rank in (ranks or {}).items()}
    definitions: dict[Expr, Expr] = {}
    for text in texts[:-1]:
        reading = read_formula(text, scope)
        if len(reading.values) > 1:
            name = _scalar(reading.values[0])
            if isinstance(name, n.Sym | n.Entry):
                definitions[name] = _scalar(reading.values[1])
    last = read_formula(texts[-1], scope)
    return Question(_scalar(last.values[min(1, len(last.values) - 1)]), _name(texts[-1]), definitions)


def _scalar(value: object) -> Expr:
    from deriv.expr.tensor import Tensor

    if not isinstance(value, Tensor) or not value.is_scalar:
        raise UsageError("a scalar expression is expected: a loss, or one entry")
    return with_sigmoid(value.body)


def assume_sigmoid(survey: Survey, texts: Iterable[str]) -> None:
    r"""`\sigma(…)` is an application, never σ times a bracket, unless σ is a quantity that is raised to powers."""
    text = " ".join(texts)
    if re.search(r"\\sigma\s*(\\left)?\(", text) and not re.search(r"\\sigma\s*\^", text):
        survey.heads["sigma"] += 1


def with_sigmoid(expr: Expr) -> Expr:
    r"""`\sigma(…)` is the sigmoid where nothing else is said."""
    from deriv.expr import nodes as n
    from deriv.expr.substitute import rebuild, same_or

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        if isinstance(node, n.Apply) and node.function == "sigma" and node.orders == (0,):
            return n.Call("sigmoid", children)
        return same_or(node, children)

    return rebuild(expr, visit)


def read_variable(text: str, question: Question) -> Expr:
    """The variable of `--wrt`; a family without indices (`w`) is differentiated by one entry with fresh indices."""
    from deriv.expr import nodes as n
    from deriv.expr.sympy_bridge import symbol
    from deriv.meaning.reading import read_formula

    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)?", text)
    if question.shapes:
        name = n.Sym(text) if plain else _whole_variable(read_formula(text).values[0])
        if name.name not in question.shapes and not any(node == name for node in n.walk(question.expr)):
            raise UsageError(f"--wrt {text}: the expression does not contain it")
        return name
    variable = symbol(text) if plain else _scalar_variable(read_formula(text).values[0])
    everything = n.Add((question.expr, *question.definitions.values(), *question.definitions))
    nodes = list(n.walk(everything))
    if plain and n.Sym(text) in nodes:  # w_1 may be a name of its own
        return n.Sym(text)
    if isinstance(variable, n.Sym) and not any(node == variable for node in nodes):
        for node in nodes:
            if isinstance(node, n.Entry) and node.name == variable.name:
                return n.Entry(node.name, fresh_indices(nodes, len(node.children)), node.sups)
    if not any(isinstance(node, n.Sym | n.Entry) and node.data[0] == variable.data[0] for node in nodes):
        raise UsageError(f"--wrt {text}: the expression does not contain it")
    return variable


def _whole_variable(value: object) -> n.Sym:
    from deriv.expr import nodes
    from deriv.expr.tensor import Tensor

    if isinstance(value, Tensor) and isinstance(value.body, nodes.Sym | nodes.Entry):
        return nodes.Sym(value.body.name)
    raise UsageError("--wrt takes a name, such as w, W or \\theta")


def _scalar_variable(value: object) -> Expr:
    from deriv.expr import nodes as n
    from deriv.expr.tensor import Tensor

    if isinstance(value, Tensor) and isinstance(value.body, n.Entry) and not value.is_scalar:
        return n.Sym(value.body.name)
    found = _scalar(value)
    if not isinstance(found, n.Sym | n.Entry):
        raise UsageError("--wrt takes a name, such as w, w_j or \\theta")
    return found


def fresh_indices(nodes: Iterable[Expr], count: int) -> tuple[Expr, ...]:
    """Index letters that nothing uses yet."""
    from deriv.expr import nodes as n

    used = {node.name.split(".", maxsplit=1)[0] for node in nodes if isinstance(node, n.Sym | n.Entry)}
    used |= {str(node.data[0]).split(".", maxsplit=1)[0] for node in nodes if isinstance(node, n.Sum | n.Product)}
    free = [letter for letter in _INDEX_LETTERS if letter not in used]
    if len(free) < count:
        raise UsageError("there are no letters left for the indices of the variable; name them, as in --wrt w_{ab}")
    return tuple(n.Sym(letter) for letter in free[:count])
