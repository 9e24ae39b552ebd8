r"""Letters that cannot be numbers by what is done with them: `X^T`, `\operatorname{tr}(AXB)`, `\log|W|`, `x^T A x`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from deriv.latex.nodes import Additive, Function, Group, Name, Node, Number, Product, Script
from deriv.meaning.names import base_name, children
from deriv.meaning.survey import is_bold, is_transpose, is_transposed, superscript_parts

_OF_MATRICES = frozenset(("tr", "Tr", "trace", "det"))
_LOGARITHMS = frozenset(("log", "ln"))


def arrays_of(root: Node) -> dict[str, int]:
    """The capital and bold letters of a formula that stand for vectors or matrices, with the least number of axes."""
    found: dict[str, int] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        for least, parts in ((2, _matrices(node)), (1, _arrays(node))):
            for name in filter(None, map(_array_name, parts)):
                found[name] = max(found.get(name, 0), least if name[:1].isupper() else 1)
        waiting.extend(children(node))
    return found


def _matrices(node: Node) -> Iterator[Node]:
    """What this node alone shows to be a matrix: in a trace, a determinant, a Frobenius norm."""
    match node:
        case Function(name=name, arg=arg) if name in _OF_MATRICES and arg is not None:
            yield from _factors(arg)
        case Function(name=name, arg=Group(open="|", body=Name() as inside)) if name in _LOGARITHMS:
            yield inside
        case Script(base=Group(open="‖", body=body), sub=Name(text="F")):
            yield from _factors(body)
        case _:
            pass


def _arrays(node: Node) -> Iterator[Node]:
    """What this node alone shows to be no number."""
    match node:
        case Script() if any(map(is_transpose, superscript_parts(node.sup))):
            yield from _terms(node.base)
        case Product(factors=factors):
            for left, right in pairwise(factors):
                if is_transposed(left):
                    yield right
        case _:
            pass


def _terms(node: Node) -> Iterator[Node]:
    """A letter, the letters of a sum, the letter of an inverse."""
    if isinstance(node, Group):
        yield from _terms(node.body)
    elif isinstance(node, Additive):
        yield from node.terms
    else:
        yield node


def _factors(node: Node) -> Iterator[Node]:
    """The letters of a trace: those of its terms and their factors."""
    for term in _terms(node):
        if isinstance(term, Product):
            yield from (factor for factor, op in zip(term.factors, ("", *term.ops), strict=True) if op == "")
        else:
            yield term


def _array_name(node: Node) -> str | None:
    """The name of a capital or bold letter; a bold one with indices, such as μ_0, ends in an underscore."""
    subscripted = isinstance(node, Script) and node.sub is not None
    name = base_name(node)
    if name is None or isinstance(node, Number) or (subscripted and not is_bold(node)):
        return None
    letter = node
    while isinstance(letter, Script):
        letter = letter.base
    capital = isinstance(letter, Name) and letter.text[:1].isupper()
    if not (capital or is_bold(node)):
        return None
    return f"{name}_" if subscripted else name
