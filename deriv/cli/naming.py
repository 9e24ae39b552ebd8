"""Names for the outputs of layers in a formula: a_i for σ(Σ_j w_j x_ij + b), so that a result can be read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deriv.cli.deriving import Question
    from deriv.expr.nodes import Expr

_LETTERS = "aphuvqg"


def with_named_layers(question: Question) -> Question:
    """The question with activations of more than a name as definitions; one over whole arrays stays as it is."""
    from deriv.engine.arrays.units import is_layer
    from deriv.engine.monomial import Canon
    from deriv.expr import nodes as n
    from deriv.expr.substitute import post_order, same_or

    if question.shapes:
        return question
    everything = [question.expr, *question.definitions, *question.definitions.values()]
    taken = {str(node.data[0]).split(".")[0] for expr in everything for node in n.walk(expr) if node.data}
    letters = (letter for letter in _LETTERS if letter not in taken)
    canon = Canon()
    known: dict[int, Expr] = {}
    found: dict[Expr, Expr] = {}
    done: dict[int, Expr] = {}
    for node in post_order(question.expr):
        new = same_or(node, tuple(done[id(child)] for child in node.children))
        done[id(node)] = new
        if not is_layer(new) or isinstance(new.children[0], n.Sym | n.Entry):
            continue
        bound, value = _with_plain_indices(new)
        name = known.get(canon.key(value))
        if name is None:
            letter = next(letters, None)
            if letter is None:
                continue
            name = n.Entry(letter, tuple(bound)) if bound else n.Sym(letter)
            known[canon.key(value)] = name
            found[name] = value
        done[id(node)] = n.Entry(str(name.data[0]), tuple(bound.values())) if bound else name
    if not found:
        return question
    return replace(question, expr=done[id(question.expr)], definitions={**question.definitions, **found})


def _with_plain_indices(node: Expr) -> tuple[dict[Expr, Expr], Expr]:
    """The bound indices of a sum around, by the letter that they have in a definition, and the value over those."""
    from deriv.expr import nodes as n
    from deriv.expr.display import letter
    from deriv.expr.substitute import free_symbols, substitute

    bound: dict[Expr, Expr] = {n.Sym(letter(name)): n.Sym(name) for name in sorted(free_symbols(node)) if "." in name}
    mapping: dict[Expr, Expr] = {inner: plain for plain, inner in bound.items()}
    return bound, substitute(node, mapping)
