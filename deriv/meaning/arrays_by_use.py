r"""Letters that cannot be numbers by what is done with them: `X^T`, `\operatorname{tr}(AXB)`, `\log|W|`, `x^T A x`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from deriv.latex.nodes import Additive, Function, Group, Name, Node, Number, Product, Script
from deriv.meaning.names import base_name, children
from deriv.meaning.survey import is_bold, is_transpose, is_transposed, superscript_parts

_OF_MATRICES = frozenset(("tr", "Tr", "trace", "det"))
_LOGARITHMS = frozenset(("log", "ln"))


Key = tuple[str, bool, bool]
"""A name, whether it is set in bold, whether it has subscripts or a label."""


def arrays_of(roots: Iterable[Node]) -> dict[Key, int]:
    """The capital and bold letters of formulas that stand for vectors or matrices, with the least number of axes."""
    found: dict[Key, int] = {}
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        for least, parts in ((2, _matrices(node)), (1, _arrays(node))):
            for key in filter(None, map(_array_key, parts)):
                found[key] = max(found.get(key, 0), least if key[0][:1].isupper() else 1)
        waiting.extend(children(node))
    return found


def least_rank(arrays: Mapping[Key, int], name: str, *, bold: bool, subscripted: bool) -> int:
    """The least number of axes that a name has by what is done with it; 0 where nothing tells."""
    stem, labelled, _ = name.split("^", maxsplit=1)[0].partition("_")
    return arrays.get((stem, bold, subscripted or bool(labelled)), 0)


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


def _array_key(node: Node) -> Key | None:
    """A capital or bold letter; with indices only a bold one, such as μ_0."""
    subscripted, bold = isinstance(node, Script) and node.sub is not None, is_bold(node)
    name = base_name(node)
    if name is None or isinstance(node, Number) or (subscripted and not bold):
        return None
    letter = node
    while isinstance(letter, Script):
        letter = letter.base
    capital = isinstance(letter, Name) and letter.text[:1].isupper()
    return (name, bold, subscripted) if capital or bold else None
