"""Powers, fractions, arguments and matrices written the wrong way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from deriv.checking.diagnosis.edit import Edit, Part
from deriv.checking.diagnosis.problem import Problem
from deriv.checking.results import Code
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Additive, Frac, Function, Group, Name, Node, Number, Product, Root, Script, Symbol
from deriv.meaning.marks import is_inverse_transpose
from deriv.source import Span


def exponents(problem: Problem) -> Iterator[Edit]:
    """An exponent off by one, a square lost or added, a root lost."""
    code = Code.POWER_RULE if problem.differentiates else Code.ALGEBRA
    for part in problem.parts:
        node = part.node
        if isinstance(node, Script | Function) and isinstance(node.sup, Number) and node.sup.text.isdigit():
            for new in (int(node.sup.text) - 1, int(node.sup.text) + 1):
                message = f"the exponent is {new}, not {node.sup.text}"
                change = node.sup.span, str(new) if new < 10 else f"{{{new}}}"
                if new == 1 and isinstance(node, Script) and node.sub is None:
                    change = Span(node.base.span.end, node.span.end), ""
                yield Edit((change,), code, message, node.sup.span)
    for part in problem.parts:
        node = part.node
        bare = isinstance(node, Name | Group | Function) and (not part.above or not isinstance(part.above[-1], Script))
        if bare and not part.in_script and not (isinstance(node, Function) and node.arg is None):
            yield _squared(problem, node, code)
        if isinstance(node, Root):
            text = problem.slice(node.body)
            yield Edit(((node.span, f"({text})"),), code, "the root should not be there", node.span)


def _squared(problem: Problem, node: Node, code: Code) -> Edit:
    end = Span(node.span.end, node.span.end)
    change = (node.span, f"({problem.slice(node)})^2") if isinstance(node, Function) else (end, "^2")
    if isinstance(node, Function) and isinstance(node.arg, Group) and node.sup is None:
        head = problem.source.text[node.span.start : node.arg.span.start]
        change = Span(node.span.start, node.arg.span.start), f"{head.rstrip()}^2"
    return Edit((change,), code, "a square is lost", node.span)


def pulled_out(problem: Problem) -> Iterator[Edit]:
    """f(1 - u) where 1 - f(u) is meant, and the other way round."""
    for part in problem.parts:
        node = part.node
        if isinstance(node, Product):
            for name, group in itertools.pairwise(node.factors):
                if isinstance(name, Name) and isinstance(group, Group):
                    yield from _pull(problem, problem.slice(name), group, Span(name.span.start, group.span.end))
        elif isinstance(node, Function) and isinstance(node.arg, Group):
            head = problem.source.text[node.span.start : node.arg.span.start]
            yield from _pull(problem, head, node.arg, node.span)
        elif isinstance(node, Additive) and len(node.terms) == 2 and isinstance(node.terms[0], Number):
            yield from _push(problem, node)


def _pull(problem: Problem, head: str, group: Group, span: Span) -> Iterator[Edit]:
    body = group.body
    if not isinstance(body, Additive) or not isinstance(body.terms[0], Number) or len(body.terms) < 2:
        return
    first, sign = problem.slice(body.terms[0]), body.signs[1]
    rest = problem.source.text[body.terms[1].span.start : body.span.end]
    message = f"the {first} belongs outside of the function"
    outside = f"{first} {sign} {head}({rest})"
    if span == problem.rhs.span:
        yield Edit(((span, outside),), Code.ALGEBRA, message, span)
    else:
        yield Edit(((span, f"({outside})"),), Code.ALGEBRA, message, span)
    yield Edit(((body.span, f"-({rest})" if "+" in rest or "-" in rest else f"-{rest}"),), Code.ALGEBRA,
               f"the argument is minus {rest}: the {first} does not belong there", body.span)  # fmt: skip


def _push(problem: Problem, node: Additive) -> Iterator[Edit]:
    """1 - f(u) for f(1 - u)."""
    term = node.terms[1]
    if isinstance(term, Function) and isinstance(term.arg, Group):
        head = problem.source.text[term.span.start : term.arg.span.start]
        text = f"{head}({problem.slice(node.terms[0])} {node.signs[1]} {problem.slice(term.arg.body)})"
        message = f"the {problem.slice(node.terms[0])} belongs inside of the function"
        yield Edit(((node.span, text),), Code.ALGEBRA, message, node.span)


def fractions(problem: Problem) -> Iterator[Edit]:
    """A fraction upside down."""
    for part in problem.parts:
        node = part.node
        if isinstance(node, Frac):
            num, den = problem.slice(node.num), problem.slice(node.den)
            swapped = f"\\frac{{{den}}}{{{num}}}"
            yield Edit(((node.span, swapped),), Code.ALGEBRA, "the fraction is upside down", node.span)


# --- matrices ---------------------------------------------------------------------------------------------------------


def transposes(problem: Problem) -> Iterator[Edit]:
    """A transpose lost or added, factors in the wrong order, a matrix that is taken for symmetric."""
    if not _has_matrices(problem):
        return
    for part in problem.parts:
        yield from _transposed(problem, part)
        node = part.node
        if isinstance(node, Product):
            for k, (one, two) in enumerate(itertools.pairwise(node.factors)):
                swap = ((one.span, problem.slice(two)), (two.span, problem.slice(one)))
                span = Span(one.span.start, two.span.end)
                if k < len(node.factors) - 1:
                    yield Edit(swap, Code.TRANSPOSE, "the factors stand in the wrong order", span)
    yield from _twice(problem)
    matrices = [part for part in problem.parts if isinstance(part.node, Name) and part.node.text.isupper()]
    if len(matrices) == 2:
        one, two = (part.node for part in matrices)
        swap = ((one.span, problem.slice(two)), (two.span, problem.slice(one)))
        message = "the factors stand in the wrong order"
        yield Edit(swap, Code.TRANSPOSE, message, Span(one.span.start, two.span.end))


def _transposed(problem: Problem, part: Part) -> Iterator[Edit]:
    node = part.node
    if part.in_script or part.in_bounds:
        return
    if isinstance(node, Script) and _is_transpose(node.sup):
        bare = problem.slice(node.base) + (f"_{{{problem.slice(node.sub).strip('{}')}}}" if node.sub else "")
        yield Edit(((node.span, bare),), Code.TRANSPOSE, "a transpose too many", node.span)
        return
    if isinstance(node, Script) and node.sub is None and node.sup is not None and is_inverse_transpose(node.sup):
        yield Edit(((_above(node), "^{-1}"),), Code.TRANSPOSE, "a transpose too many", node.span)
        return
    if isinstance(node, Script) and node.sub is None and node.sup is not None and _is_minus_one(node.sup):
        yield Edit(((_above(node), "^{-\\top}"),), Code.TRANSPOSE, "a transpose is missing", node.span)
        return
    above = part.above[-1] if part.above else None
    if (isinstance(node, Name | Group) and not isinstance(above, Script)) or (
        isinstance(node, Script) and node.sup is None and isinstance(node.base, Name)
    ):
        end = Span(node.span.end, node.span.end)
        yield Edit(((end, "^\\top"),), Code.TRANSPOSE, "a transpose is missing", node.span)
    elif isinstance(node, Script) and isinstance(node.sup, Group) and isinstance(node.base, Name):
        text = f"{{{problem.slice(node)}}}^\\top"  # W^{(l)}: a second superscript needs braces
        yield Edit(((node.span, text),), Code.TRANSPOSE, "a transpose is missing", node.span)


def _above(node: Script) -> Span:
    """Where the exponent stands, with its sign ^ and brackets."""
    return Span(node.base.span.end, node.span.end)


def _is_minus_one(node: Node) -> bool:
    return isinstance(node, Additive) and node.signs == ("-",) and getattr(node.terms[0], "text", "") == "1"


def _twice(problem: Problem) -> Iterator[Edit]:
    """2 A x where A is not symmetric: (A + A^T) x."""
    for part in problem.parts:
        node = part.node
        if isinstance(node, Product) and isinstance(node.factors[0], Number) and node.factors[0].text == "2":
            matrix = node.factors[1]
            name = matrix.base if isinstance(matrix, Script) else matrix
            if isinstance(name, Name) and name.text.isupper():
                text = problem.slice(name)
                span = Span(node.span.start, matrix.span.end)
                said = f"{text} is not known to be symmetric: its transpose is the other half"
                yield Edit(((span, f"({text} + {text}^\\top)"),), Code.TRANSPOSE, said, span)


def _is_transpose(node: Node | None) -> bool:
    if isinstance(node, Symbol):
        return node.text == "top"
    return isinstance(node, Name) and node.text == "T"


def _has_matrices(problem: Problem) -> bool:
    left = problem.meant.lhs
    if not isinstance(left, Tensor) or not left.is_scalar:
        return True
    sups = [part.node.sup for part in problem.parts if isinstance(part.node, Script)]
    return any(_is_transpose(sup) or (sup is not None and is_inverse_transpose(sup)) for sup in sups)
