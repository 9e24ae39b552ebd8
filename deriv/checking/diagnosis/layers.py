"""Mistakes in backpropagation: the derivative of an activation lost or not taken, another layer's quantity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deriv.checking.diagnosis.edit import Edit, Part, parts_below
from deriv.checking.diagnosis.problem import Problem
from deriv.checking.results import Code
from deriv.errors import MeaningError
from deriv.expr.nodes import Apply, Call, Derivative, Entry, Expr, Sym, walk
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Additive, Deriv, Function, Group, Name, Node, Product, Script
from deriv.meaning.elaborate import Elaborator, Reading
from deriv.meaning.marks import Marks, marks_of
from deriv.meaning.names import canonical
from deriv.meaning.recurrence import shift
from deriv.meaning.scope import Definition, Scope
from deriv.meaning.survey import is_transpose
from deriv.source import SourceFile, Span

_MOST_SYMBOLS = 14
_FORGOTTEN = "the derivative of the activation is missing"
_NOT_TAKEN = "the activation itself stands where its derivative belongs"


def is_about_vectors(problem: Problem) -> bool:
    """Whether the step is between vectors or matrices."""
    left = problem.meant.lhs
    return isinstance(left, Tensor) and not left.is_scalar


def primes_lost(problem: Problem) -> Iterator[Edit]:
    """`σ(z)` for `σ'(z)`, or the layer's output for it."""
    for part in problem.parts:
        node = part.node
        if isinstance(node, Function) and not node.primes and node.sup is None and node.arg is not None:
            end = problem.source.text.find(node.name, node.span.start) + len(node.name)
            if problem.source.text[end : end + 1] == "}":
                end += 1
            yield _inserted(end, "'", Code.FUNCTION_RULE, _NOT_TAKEN)
        if isinstance(node, Product):
            for factor, after in zip(node.factors, node.factors[1:], strict=False):
                if isinstance(factor, Name) and isinstance(after, Group) and after.open == "(":
                    yield _inserted(factor.span.end, "'", Code.FUNCTION_RULE, _NOT_TAKEN)
    for output, slope in _slopes(problem):
        for part in problem.parts:
            if _is_whole(part) and problem.slice(part.node).strip() == output:
                yield Edit(((part.node.span, slope),), Code.FUNCTION_RULE, _NOT_TAKEN, part.node.span)


def squares_lost(problem: Problem) -> Iterator[Edit]:
    """`1 - h` for `1 - h ⊙ h`, the derivative of tanh."""
    for part in problem.parts if is_about_vectors(problem) else ():
        node = part.node
        if isinstance(node, Additive) and node.signs == ("+", "-") and problem.slice(node.terms[0]).strip() == "1":
            text = problem.slice(node.terms[1]).strip()
            said = "the square is lost in the derivative of tanh"
            yield Edit(((node.terms[1].span, f"{text} \\odot {text}"),), Code.FUNCTION_RULE, said, node.span)


def _inserted(at: int, text: str, code: Code, message: str) -> Edit:
    return Edit(((Span(at, at), text),), code, message)


def slopes_lost(problem: Problem) -> Iterator[Edit]:
    """The elementwise factor `σ'(z)`, put after the whole or after one factor."""
    if not is_about_vectors(problem):
        return
    for _, slope in _slopes(problem):
        whole = f"\\left({problem.text}\\right) \\odot {slope}"
        yield Edit(((problem.rhs.span, whole),), Code.CHAIN_RULE, _FORGOTTEN, problem.rhs.span)
        if isinstance(problem.rhs, Product):
            for factor in problem.rhs.factors[:4]:
                text = f"\\left({problem.slice(factor)} \\odot {slope}\\right)"
                yield Edit(((factor.span, text),), Code.CHAIN_RULE, _FORGOTTEN, factor.span)


def _slopes(problem: Problem) -> Iterator[tuple[str, str]]:
    """(the output of a layer, the derivative of its activation), as the document spells them."""
    spelled = problem.spellings
    for definition in problem.interpretation.definitions.values():
        found = _activation(definition)
        if found is None or definition.name not in spelled or found[1] not in spelled:
            continue
        name = spelled.get(found[0]) or f"\\{found[0]}"
        if found[0] == "relu":
            name = "\\operatorname{ReLU}"
        yield spelled[definition.name], f"{name}'({spelled[found[1]]})"


def _activation(definition: Definition) -> tuple[str, str] | None:
    """(function, argument) of a quantity that is a function of another, entry by entry."""
    if not isinstance(definition.body, Tensor):
        return None
    body: Expr = definition.body.body
    if isinstance(body, Call | Apply) and len(body.children) == 1:
        inside = body.children[0]
        if isinstance(inside, Sym | Entry):
            return body.function, inside.name
    return None


def _is_whole(part: Part) -> bool:
    """A symbol with its marks, that is no part of another and stands in no derivative."""
    if not isinstance(part.node, Name | Script) or part.in_script or part.in_bounds:
        return False
    return not any(isinstance(up, Script | Deriv) for up in part.above)


def other_layers(problem: Problem) -> Iterator[Edit]:
    """Another quantity of the document in the place of the one that is meant, or of what is differentiated by."""
    known = list(dict.fromkeys(problem.spellings.values()))[:_MOST_SYMBOLS]
    left = {
        problem.slice(by).strip()
        for part in problem.left_parts
        if isinstance(part.node, Deriv)
        for by, _ in part.node.by
    }
    for part in problem.parts:
        if isinstance(part.node, Deriv):
            for by, _ in part.node.by:
                others = [text for text in (*problem.variables, *known) if text not in left]
                yield from _swapped(problem, by, others, composes=True)
    if not is_about_vectors(problem):
        return
    for part in problem.parts:
        if _is_whole(part):
            node = part.node
            if isinstance(node, Script) and node.sup is not None and is_transpose(node.sup):
                node = node.base if node.sub is None else node
                if node is part.node:
                    continue
            yield from _swapped(problem, node, known)


def _swapped(problem: Problem, node: Node, known: list[str], *, composes: bool = False) -> Iterator[Edit]:
    own = problem.slice(node).strip()
    for text in known:
        if text != own:
            said = "the derivative is by the wrong quantity" if composes else f"the symbol is {text}, not {own}"
            named = composes or _names_derivative(problem, text)
            yield Edit(((node.span, text),), Code.WRONG_VARIABLE, said, node.span, composes=named)


def _names_derivative(problem: Problem, text: str) -> bool:
    """Whether a symbol is a name for a derivative: `δ_1 = ∂L/∂z_1`."""
    names = {name for name, spelled in problem.spellings.items() if spelled == text}
    bodies = (d.body for d in problem.interpretation.definitions.values() if d.name in names)
    return any(isinstance(body, Tensor) and isinstance(body.body, Derivative) for body in bodies)


def spellings(source: SourceFile, scope: Scope, formulas: Iterable[Node]) -> dict[str, str]:
    """How the document writes each quantity: `z_1`, `\\mathbf{W}^{[2]}`, `h_t`."""
    found: dict[str, str] = {}
    elaborator = Elaborator(scope, Reading(), scope.ranges.copy())
    for formula in formulas:
        for part in parts_below(formula):
            if not _is_whole(part):
                continue
            node = part.node
            base = node.base if isinstance(node, Script) else node
            if not isinstance(base, Name):
                continue
            try:
                marks = marks_of(elaborator, base, node) if isinstance(node, Script) else Marks(canonical(base))
            except MeaningError:
                continue
            text = source.slice(node.span).strip()
            if marks.transposed and isinstance(node, Script) and node.sup is not None and is_transpose(node.sup):
                text = text[: text.rfind("^")].strip()
            elif marks.transposed:
                continue
            plain = all(isinstance(index, Sym) for index in (*marks.subs, *marks.sups))
            if plain and not (marks.primes or marks.inverse or marks.power):
                found.setdefault(marks.name, text)
    return found


def variables(source: SourceFile, formulas: Iterable[Node]) -> tuple[str, ...]:
    """What the document differentiates by, as it writes it."""
    nodes = [part.node for formula in formulas for part in parts_below(formula)]
    texts = (source.slice(by.span).strip() for node in nodes if isinstance(node, Deriv) for by, _ in node.by)
    return tuple(dict.fromkeys(texts))[:_MOST_SYMBOLS]


def other_steps(problem: Problem) -> Iterator[Edit]:
    """`h_t` for `h_{t-1}`, `W^{(l)}` for `W^{(l+1)}`: the step or layer before or after."""
    bodies = [d.body.body for d in problem.interpretation.definitions.values() if isinstance(d.body, Tensor)]
    entries = [n for body in bodies for n in walk(body) if isinstance(n, Entry)]
    steps = [step for entry in entries for index in entry.indices if (step := shift(index)) is not None]
    moved = {letter for letter, by in steps if by}
    for part in problem.parts:
        node = part.node
        if not (isinstance(node, Name) and node.text in moved and part.in_script and not part.in_bounds):
            continue
        if isinstance(part.above[-1], Additive):
            continue
        for text in (f"{node.text}-1", f"{node.text}+1"):
            bare = problem.source.text[node.span.start - 1] in "_^"
            whole = f"{{{text}}}" if bare else text
            yield Edit(((node.span, whole),), Code.INDEX, "the index is off by one", node.span)
