"""Signs in a claim itself that it is not read as its author meant it: letters with two shapes, sums of two lengths."""

from __future__ import annotations

from deriv.checking.equations import parts_of
from deriv.checking.judge import Outcome
from deriv.checking.mentions import labels, names_in_definitions, names_of, variables_of
from deriv.equal.decide import decide
from deriv.equal.decision import Different
from deriv.expr.domain import SIZE
from deriv.expr.functions import add, over
from deriv.expr.nodes import ZERO, Apply, Delta, Entry, Expr, Num, Sum, Sym, walk
from deriv.expr.substitute import rebuild, same_or
from deriv.latex.nodes import Differential, Node
from deriv.meaning.applications import STAR
from deriv.meaning.names import all_names, base_name
from deriv.meaning.recurrence import is_axis, shift
from deriv.meaning.scope import Scope

_TABLE = 2  # indices
Pairs = tuple[tuple[Expr, Expr], ...]


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


def about_entries(scope: Scope, outcome: Outcome) -> str | None:
    """What the entries in a claim leave open: which matrix they are of, its size, where indices begin."""
    return (
        single_members(scope, outcome)
        or numbered_entries(outcome)
        or written_for_one_size(outcome)
        or counted_from_zero(outcome)
        or vector_of_entries(scope, outcome)
        or sizes_in_two_ways(scope, outcome)
    )


def single_members(scope: Scope, outcome: Outcome) -> str | None:
    """`C_{11} = a_{22}` says more of C_{11} than what is said of all C_{ij}."""
    entries = _written_entries(outcome)
    names = {e.name for e in entries if any(isinstance(part, Num) for part in e.indices)} & scope.partial
    return f"{min(names)} is also given for single indices" if names else None


def numbered_entries(outcome: Outcome) -> str | None:
    """`a_{12}` beside a matrix A may be its entry."""
    pairs = outcome.meant.aligned.pairs if outcome.meant is not None else ()
    symbols = {node.name for pair in pairs for side in pair for node in walk(side) if isinstance(node, Sym)}
    matrices = {entry.name for entry in _written_entries(outcome) if len(entry.indices) - entry.sups == _TABLE}
    for name in sorted(symbols):
        stem, _, marks = name.partition("_")
        if (len(marks) == _TABLE or marks.count("_") == 1) and stem[:1].upper() + stem[1:] in matrices:
            return f"{name} may be an entry of a matrix, which is not stated"
    return None


def written_for_one_size(outcome: Outcome) -> str | None:
    """`\\det T = t_{11} t_{22} - t_{12} t_{21}` is about a matrix of a size that words may state."""
    entries = [entry for entry in _written_entries(outcome) if len(entry.indices) - entry.sups == _TABLE]
    names = {entry.name for entry in entries if all(isinstance(part, Num) for part in entry.indices)}
    symbols = {n.name for pair in outcome.pairs for side in pair for n in walk(side) if isinstance(n, Sym)}
    is_open = any(name == "N" or name.startswith("N_") or outcome.domain.facts.get(name) == SIZE for name in symbols)
    return f"the size of {min(names)} may be the one that is written out" if names and is_open else None


def counted_from_zero(outcome: Outcome) -> str | None:
    """`w^T x = Σ_{i=0}^d w_i x_i`: whether indices begin at 0, with an `x_0 = 1`, is often said in words."""
    ends = [{node.lo for pair in outcome.pairs for node in walk(pair[k]) if isinstance(node, Sum)} for k in (0, 1)]
    zero = [ZERO in side for side in ends]
    if any(zero) and any(ZERO in entry.indices for entry in _written_entries(outcome)):
        return "a sum from 0 stands beside a member with the number 0"
    return "whether indices begin at 0 is not stated" if zero[0] != zero[1] and all(ends) else None


def vector_of_entries(scope: Scope, outcome: Outcome) -> str | None:
    """`x_j` beside `X = (x_{ij})` may be a row or a column."""
    pairs = outcome.meant.aligned.pairs if outcome.meant is not None else ()
    nodes = [node for pair in pairs for side in pair for node in walk(side) if isinstance(node, Entry)]
    pairs_of = [node for node in nodes if scope.entries.get(node.name) and len(node.indices) - node.sups == _TABLE]
    names = {n.name for n in pairs_of if is_axis(shift(n.indices[-1])) != is_axis(shift(n.indices[-2]))}
    return f"whether {min(names)}_j is a row or a column is not stated" if names else None


def sizes_in_two_ways(scope: Scope, outcome: Outcome) -> str | None:
    """`X = (x_{ij})` that is n by d in one section and d by n in another."""
    names = _matrices(scope, outcome) & scope.resized & set(scope.entries.values())
    return f"the sizes of {min(names)} are stated in two ways" if names else None


def _matrices(scope: Scope, outcome: Outcome) -> frozenset[str]:
    """The names in a claim and in its definitions, those of matrices for those of their entries too."""
    names = names_of(outcome.meant.aligned.pairs) if outcome.meant is not None else frozenset()
    names |= names_in_definitions(scope, names)
    return names | {scope.entries[name] for name in names & scope.entries.keys()}


def _written_entries(outcome: Outcome) -> list[Entry]:
    pairs = outcome.meant.aligned.pairs if outcome.meant is not None else ()
    both = (*pairs, *outcome.pairs)
    return [node for pair in both for side in pair for node in walk(side) if isinstance(node, Entry)]


def turned_members(pairs: Pairs) -> frozenset[str]:
    """Names of vectors of a family (`x_j`) that also stand with two indices written out (`x_{ij}`)."""
    nodes = [n for pair in pairs for side in pair for n in walk(side) if isinstance(n, Entry)]
    tables = [node for node in nodes if len(node.indices) - node.sups == _TABLE]
    members = {
        node.name for node in tables if is_axis(shift(node.indices[-1])) and not is_axis(shift(node.indices[-2]))
    }
    return frozenset(node.name for node in tables if node.name in members and _is_written(node))


def with_turned(pairs: Pairs, names: frozenset[str]) -> Pairs:
    """A claim with the entries that are written out as entry i of vector j."""

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        if isinstance(node, Entry) and node.name in names and _is_written(node):
            return Entry(node.name, (*node.indices[:-2], *node.indices[:-3:-1]), node.sups)
        return node

    return tuple((rebuild(a, visit), rebuild(b, visit)) for a, b in pairs)


def _is_written(node: Entry) -> bool:
    return len(node.indices) - node.sups == _TABLE and not any(is_axis(shift(index)) for index in node.indices)


def symmetric_functions(outcome: Outcome) -> str | None:
    """`k(x_i, x_j)` of a kernel: the claim may hold because k(x, y) is k(y, x)."""

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        if not isinstance(node, Apply) or len(node.children) != _TABLE or any(node.orders):
            return node
        return over(add(node, node.with_children(node.children[::-1])), Num(2))

    names = {n.function for pair in outcome.pairs for side in pair for n in walk(side) if isinstance(n, Apply)}
    turned = [(rebuild(a, visit), rebuild(b, visit)) for a, b in outcome.pairs]
    if not names or turned == list(outcome.pairs):
        return None
    holds = all(not isinstance(decide(a, b, outcome.domain, conditions=False), Different) for a, b in turned)
    return f"{min(names)} may be symmetric in its arguments" if holds else None


def of_told_matrices(scope: Scope, outcome: Outcome) -> str | None:
    """What words say of a matrix (orthogonal, diagonal) may make a claim hold, unless it is what varies."""
    if outcome.meant is None:
        return None
    told = _matrices(scope, outcome) & scope.special.keys() - variables_of(outcome.meant.aligned.pairs)
    return f"{min(told)} is {scope.special[min(told)]}, which may make it hold" if told else None
