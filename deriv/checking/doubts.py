"""Signs in a claim itself that it is not read as its author meant it: letters with two shapes, sums of two lengths."""

from __future__ import annotations

from deriv.checking.equations import parts_of
from deriv.checking.judge import Outcome
from deriv.checking.mentions import labels
from deriv.expr.nodes import Apply, Delta, Entry, Expr, Num, Sum, Sym, walk
from deriv.latex.nodes import Differential, Node
from deriv.meaning.applications import STAR
from deriv.meaning.names import all_names, base_name
from deriv.meaning.scope import Scope

_TABLE = 2  # indices


def written_out(scope: Scope, outcome: Outcome) -> str | None:
    """`Σ_i x_i` where `x = (1, 2, 3)^T` is written out above: the numbers are not put in."""
    entries = {node for pair in outcome.pairs for side in pair for node in walk(side) if isinstance(node, Entry)}
    names = sorted(node.name for node in entries if node.name in scope.grids)
    return f"{names[0]} is written out above, and its entries are not put in here" if names else None


def held_fixed(outcome: Outcome, lhs: Node, rhs: Node) -> str | None:
    """`df = tr(G^T dW)` of an f that holds an X too, of which there is a dX elsewhere: it may not vary here."""
    if outcome.meant is None or not outcome.meant.elaborator.varying:
        return None
    parts = [*parts_of(lhs), *parts_of(rhs)]
    moving = {base_name(part.body) for part in parts if isinstance(part, Differential)}
    names = {name for pair in outcome.pairs for side in pair for name in labels(side)}
    still = sorted(name for name in outcome.meant.elaborator.varying if name in names and name not in moving)
    return f"whether {still[0]} varies here is not stated" if still else None


def one_of_a_family(outcome: Outcome) -> str | None:
    """`u_o` beside `Σ_w u_w`: a letter that is read as a label may be one of the values of the index."""
    written = outcome.meant.aligned.pairs if outcome.meant is not None else ()
    nodes = [node for pair in (*outcome.pairs, *written) for side in pair for node in walk(side)]
    families = {node.name for node in nodes if isinstance(node, Entry) and any(map(_is_bound_letter, node.indices))}
    for name in sorted({node.name for node in nodes if isinstance(node, Entry | Sym)}):
        stem, _, label = name.rpartition("_")
        if stem in families and len(label) == 1 and label.isalpha():
            return f"{name} may be one of the {stem} with an index"
    return None


def _is_bound_letter(index: Expr) -> bool:
    """Whether a sum over a written letter runs over an index; the axes of vectors have letters of their own."""
    return isinstance(index, Sym) and "." in index.name and index.name.partition(".")[0] not in ("a", "b", "c")


def two_counts(outcome: Outcome) -> str | None:
    """A sum over the three data of an example on one side, over n of them on the other: n is 3 there."""
    ends = [
        {node.hi for left, right in outcome.pairs for node in walk((left, right)[side]) if isinstance(node, Sum)}
        for side in (0, 1)
    ]
    for one, other in (ends, ends[::-1]):
        counted = [end for end in one - other if isinstance(end, Num)]
        if counted and any(isinstance(end, Sym) for end in other - one):
            return f"a sum has {counted[0].value} terms on one side, and a number that is not stated on the other"
    return None


def rows_of_a_matrix(scope: Scope, outcome: Outcome) -> str | None:
    """`X` beside the `x_i`: the examples may be its rows or columns, which is said in words or not at all."""
    nodes = (node for pair in outcome.pairs for side in pair for node in walk(side) if isinstance(node, Entry))
    tables = {node.name for node in nodes if len(node.indices) == _TABLE and scope.lookup(node.name) is None}
    for name in sorted(tables):
        if name != name.lower() and name.lower() in tables:
            return f"how {name} and {name.lower()} belong together is not stated"
    return None


def argument_as_index(scope: Scope, outcome: Outcome) -> str | None:
    """`p_k` where the document also writes `p(k)`, and says what it is by `\\log p(k) = …`."""
    nodes = (node for pair in outcome.pairs for side in pair for node in walk(side) if isinstance(node, Entry))
    for name in sorted({node.name for node in nodes if len(node.indices) == 1}):
        if scope.survey.group_args.get(name, set()) & set(scope.survey.index_letters) and scope.lookup(name) is None:
            return f"{name} is written as a function elsewhere"
    return None


def repeated_index(outcome: Outcome, by_head: Outcome) -> str | None:
    """`ε_{kk}` for a trace, where no sum runs over k and the head of the chain does not hold it."""
    written = set() if by_head.meant is None else all_names(by_head.meant.lhs_node)
    for node in (part for pair in outcome.pairs for side in pair for part in walk(side)):
        for letter in node.indices if isinstance(node, Entry) else ():
            twice = isinstance(letter, Sym) and node.children.count(letter) > 1
            if isinstance(letter, Sym) and twice and "." not in letter.name and letter.name not in written:
                return f"whether a sum over {letter.name} is left out is not stated"
    return None


def several_shapes(outcome: Outcome) -> str | None:
    """A letter that is read with one index here and with two there is not read as its author meant it."""
    written = outcome.meant.aligned.pairs if outcome.meant is not None else ()
    for pairs in (outcome.pairs, written):
        counts: dict[tuple[str, int], set[int]] = {}
        for node in (part for pair in pairs for side in pair for part in _outside_calls(side)):
            if isinstance(node, Entry | Sym):
                sups = node.sups if isinstance(node, Entry) else 0
                counts.setdefault((node.name, sups), set()).add(len(node.children))
        names = sorted(name for (name, _), found in counts.items() if len(found) > 1 and not name.startswith("∂"))
        if names:
            return f"{names[0]} is read with different numbers of indices"
        both = _applied(pairs) & {name for name, _ in counts}
        if both:
            return f"{min(both)} is read as a function here and as a quantity there"
    return None


def _applied(pairs: tuple[tuple[Expr, Expr], ...]) -> set[str]:
    """Names of the functions in a claim."""
    return {node.function for pair in pairs for side in pair for node in walk(side) if isinstance(node, Apply)}


def new_index(outcome: Outcome, by_head: Outcome, lhs: Node) -> str | None:
    """An index letter on the right of which the left side knows nothing is said in words, or never."""
    if outcome.meant is None or by_head.meant is None:
        return None
    letters = all_names(lhs) | all_names(by_head.meant.lhs_node)
    letters |= {
        part.name.partition(".")[0] for pair in outcome.pairs for part in walk(pair[0]) if isinstance(part, Sym)
    }
    for _, right in outcome.meant.aligned.pairs:
        for node in walk(right):
            indices = node.indices if isinstance(node, Entry) else node.children if isinstance(node, Delta) else ()
            for part in indices:
                if isinstance(part, Sym) and part != STAR and "." not in part.name and part.name not in letters:
                    return f"the index {part.name} is not introduced on the left"
    return None


def _outside_calls(root: Expr) -> list[Expr]:
    """The nodes of an expression, without the arguments of functions that are not known."""
    found: list[Expr] = []
    stack = [root]
    while stack:
        node = stack.pop()
        found.append(node)
        stack.extend(() if isinstance(node, Apply) else node.children)
    return found


def labelled_and_not(outcome: Outcome) -> bool:
    """Whether `x_i^k` is an entry in one place and a power in another."""
    nodes = (node for pair in outcome.pairs for side in pair for node in walk(side))
    kinds = {(node.name, node.sups) for node in nodes if isinstance(node, Entry) and not node.name.startswith("∂")}
    return len({name for name, _ in kinds}) < len(kinds)
