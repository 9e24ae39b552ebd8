"""Conditions that authors leave unsaid: i ≠ j, x > 0, Σ y = 1, a sum of as many terms as are written, symmetry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.checking.compare import decide_all
from deriv.checking.mentions import names_in_definitions, names_of, variables_of
from deriv.equal.decide import decide, follows
from deriv.equal.decision import Conditional, Proved, Tested
from deriv.expr.domain import SIZE, Domain
from deriv.expr.nodes import Apply, Delta, Derivative, Entry, Expr, Num, Sum, Sym, walk
from deriv.expr.substitute import free_symbols, substitute
from deriv.expr.sympy_bridge import to_text
from deriv.expr.tensor import Tensor
from deriv.meaning.elaborate import Elaborator
from deriv.meaning.scope import Scope, names_in

if TYPE_CHECKING:
    from deriv.checking.judge import Meant, Outcome

_MAX_CONDITIONAL = 4
_MAX_PARTS = 10
_MAX_COUNTS = 12


def under_a_condition(scope: Scope, differences: list[Outcome]) -> Outcome | None:
    """A difference that vanishes under a natural condition (i ≠ j, x > 0, Σ_k y_k = 1) is no mistake.

    That two indices are the same is not natural: it counts only when the text speaks of that case.
    """
    for outcome in differences[:_MAX_CONDITIONAL]:
        domain = outcome.domain
        decision = decide_all(outcome.pairs, lambda a, b, domain=domain: decide(a, b, domain))  # type: ignore[misc]
        if not isinstance(decision, Conditional):
            decision = (
                at_some_size(outcome.pairs, domain)
                or if_counted(scope, outcome)
                or if_symmetric(scope, outcome)
                or if_substituted(scope, outcome)
                or as_stated(scope, outcome)
                or decision
            )
        if isinstance(decision, Conditional) and not _unsaid_coincidence(scope, outcome.pairs, decision.assumption):
            return replace(outcome, decision=decision)
    return None


def if_counted(scope: Scope, outcome: Outcome) -> Conditional | None:
    """Equal if a letter of which nothing is said is the number of terms of a sum without bounds: n in `Σ x_i / n`."""
    names = {node.name for pair in outcome.pairs for side in pair for node in walk(side) if isinstance(node, Sym)}
    counts = sorted(name for name in names if name == "N" or name.startswith("N_"))
    known = scope.facts.keys() | {definition.name for definition in scope.history}
    nodes = [node for pair in outcome.pairs for side in pair for node in walk(side) if isinstance(node, Entry)]
    indices = {part.name for node in nodes for part in node.indices if isinstance(part, Sym)}
    free = {name for name in names - known - indices if "." not in name and not name.startswith(("∂", "N_"))} - {"N"}
    variables = {name for name in free if scope.survey.denominators[name] or scope.survey.letter_subscripts[name]}
    tried = 0
    for count in counts:
        for other in (*sorted(free - variables), *(name for name in counts if name < count)):
            tried += 1
            if tried > _MAX_COUNTS:
                return None
            put: dict[Expr, Expr] = {Sym(count): Sym(other)}
            pairs = tuple((substitute(a, put), substitute(b, put)) for a, b in outcome.pairs)
            told = tuple((substitute(a, put), substitute(b, put)) for a, b in outcome.domain.equations)
            wider = replace(outcome.domain, facts={**outcome.domain.facts, other: SIZE}, equations=told)
            decision = decide_all(pairs, lambda a, b, domain=wider: decide(a, b, domain, conditions=False))  # type: ignore[misc]
            if isinstance(decision, Proved | Tested):
                said = (
                    "the sums have the same number of terms" if other in counts else f"{other} is the number of terms"
                )
                return Conditional(said, decision)
    return None


def if_symmetric(scope: Scope, outcome: Outcome) -> Conditional | None:
    """Equal if a matrix is symmetric of which the document says nothing: neither its sizes nor its transpose.

    A text that lets A be any n by n matrix speaks of those that are not symmetric too.
    """
    pairs, domain = outcome.pairs, outcome.domain
    names = {n.name for pair in pairs for side in pair for n in walk(side) if isinstance(n, Entry) and _is_matrix(n)}
    declared = {name for name, _ in scope.survey.declared_rank} - set(scope.entries.values())
    declared |= {name for name, _ in scope.declared}
    told = domain.symmetric | scope.grids.keys() | declared | scope.not_symmetric
    silent = [name for name in names - told if not scope.survey.transposed[name] and not name.startswith("d ")]
    for name in sorted(silent)[:_MAX_CONDITIONAL]:
        if outcome.meant is None or not _is_square(scope, name, outcome.meant):
            continue
        wider = replace(domain, symmetric=domain.symmetric | {name, f"d {name}"})
        decision = decide_all(pairs, lambda a, b, domain=wider: decide(a, b, domain, conditions=False))  # type: ignore[misc]
        if isinstance(decision, Proved | Tested):
            return Conditional(f"{name} is symmetric", decision)
    return None


def as_stated(scope: Scope, outcome: Outcome) -> Conditional | None:
    """Equal if an equation holds that the document states above: the condition of an optimum, a constraint.

    A derivative is no statement about the one point where its equation holds, unless that is about what is held fixed.
    """
    if outcome.meant is None:
        return None
    varies = variables_of(outcome.meant.aligned.pairs)
    told = scope.stated
    if differentiates(outcome.meant.aligned.pairs):
        told = [one for one in told if not varies & (names_of_sides(one[0]) | names_of_sides(one[1]))] if varies else []
    names = {name for pair in outcome.pairs for side in pair for name in names_of_sides(side)}
    near = [one for one in told if names & (names_of_sides(one[0]) | names_of_sides(one[1]))]
    itself = {one for pair in outcome.pairs for one in (pair, pair[::-1])}
    for lhs, rhs, words, _ in (one for one in near[-_MAX_CONDITIONAL:] if one[:2] not in itself):
        wider = replace(outcome.domain, equations=(*outcome.domain.equations, (lhs, rhs)))
        decision = decide_all(outcome.pairs, lambda a, b, domain=wider: follows(a, b, domain))  # type: ignore[misc]
        if isinstance(decision, Proved):
            return Conditional(words, decision)
    return None


def names_of_sides(side: Expr) -> set[str]:
    """The quantities in an expression."""
    return {n.name for n in walk(side) if isinstance(n, Sym | Entry) and "." not in n.name}


def differentiates(pairs: tuple[tuple[Expr, Expr], ...]) -> bool:
    """Whether a derivative stands in a claim, as an operator or as a prime."""
    parts = (node for pair in pairs for side in pair for node in walk(side))
    return any(isinstance(n, Derivative) or (isinstance(n, Apply) and any(n.orders)) for n in parts)


def if_substituted(scope: Scope, outcome: Outcome) -> Conditional | None:
    """Equal if a letter stands for a part of what is written: g in `d/dg log g · d/dx √x`.

    The claim must differentiate by the letter, which is nowhere defined, and the part must stand in the claim or in a
    definition that it uses.
    """
    if outcome.meant is None or len(outcome.pairs) != 1:
        return None
    written = outcome.meant.aligned.pairs
    variables = {n.variable for side in written[0] for n in walk(side) if isinstance(n, Derivative)}
    once = free_symbols(written[0][0]) ^ free_symbols(written[0][1])
    letters = [v for v in variables if isinstance(v, Sym) and v.name in once and _is_unknown(scope, v.name)]
    used = names_in_definitions(scope, names_of(written))
    bodies = [definition.body for definition in scope.history if definition.name in used]
    if len(letters) != 1 or any(letters[0].name in names_in(body) for body in bodies):
        return None
    letter, (left, right) = letters[0], outcome.pairs[0]
    for part in _parts(scope, written[0], letter):
        one, two = (substitute(side, {letter: part}) for side in (left, right))
        decision = decide(one, two, outcome.domain, conditions=False)
        if isinstance(decision, Proved):
            return Conditional(f"{letter.name} = {to_text(part)}", decision)
    return None


def _is_unknown(scope: Scope, name: str) -> bool:
    return scope.lookup(name) is None and not scope.defined_below(name)


def _parts(scope: Scope, pair: tuple[Expr, Expr], letter: Sym) -> list[Expr]:
    """Parts of a claim and of the definitions in it that a letter may stand for, the largest first."""
    names = {
        n.name if isinstance(n, Sym) else n.function for side in pair for n in walk(side) if isinstance(n, Sym | Apply)
    }
    bodies = [d.body.body for d in scope.current().values() if d.name in names and isinstance(d.body, Tensor)]
    found: dict[Expr, int] = {}
    for node in (part for body in (*bodies, *pair) for part in walk(body)):
        inside = list(walk(node))
        unfit = any(isinstance(n, Derivative | Sum) for n in inside) or letter in inside
        if node.children and not unfit and any(isinstance(n, Sym) for n in inside):
            found[node] = len(inside)
    return sorted(found, key=lambda node: -found[node])[:_MAX_PARTS]


def _is_square(scope: Scope, name: str, meant: Meant) -> bool:
    """Whether the two indices of a matrix run over one range, as the document and the left side have it."""
    elaborator = Elaborator(scope, meant.elaborator.reading, scope.ranges.copy(), varying=meant.elaborator.varying)
    elaborator.value(meant.lhs_node)
    for entry in [one for one, matrix in scope.entries.items() if matrix == name]:
        elaborator.ranges.merge_names(entry, name)
    return elaborator.ranges.joined((name, 0, 0), (name, 0, 1))


def _is_matrix(node: Entry) -> bool:
    return len(node.indices) - node.sups == 2


def _is_letter(text: str) -> bool:
    return len(text) == 1 and text.isalpha()


def at_some_size(pairs: tuple[tuple[Expr, Expr], ...], domain: Domain) -> Conditional | None:
    """A written-out example beside a general sum: equal when the sum has as many terms as the example."""
    if len(pairs) != 1:
        return None
    left, right = (_sizes(side) for side in pairs[0])
    if not any(_is_example(side) for side in pairs[0]):
        return None
    for size in sorted(left ^ right):
        for count in (2, 3, 4):
            one, two = (substitute(side, {Sym(size): Num(count)}) for side in pairs[0])
            decision = decide(one, two, domain, conditions=False)
            if isinstance(decision, Proved | Tested):
                return Conditional(f"{size} = {count}", decision)
    return None


def _is_example(side: Expr) -> bool:
    """Whether a side is written out with numbered entries and no sum: `θ_0 + θ_1 x_1 + θ_2 x_2`."""
    numbered = any(isinstance(n, Entry) and any(isinstance(i, Num) for i in n.indices) for n in walk(side))
    return numbered and not _sizes(side)


def _sizes(expr: Expr) -> set[str]:
    return {n.hi.name for n in walk(expr) if isinstance(n, Sum) and isinstance(n.hi, Sym)}


def _unsaid_coincidence(scope: Scope, pairs: tuple[tuple[Expr, Expr], ...], assumption: str) -> bool:
    """Whether a condition is that two indices are the same, and nothing says that this case is meant.

    The text must speak of it, the left side must hold both, and no Kronecker delta may tell the cases apart.
    """
    if "." in assumption:
        return True  # an index of a vector or matrix entry: the claim is about all entries
    for condition in assumption.split(", "):
        left, equals, right = condition.partition(" = ")
        if not (equals and _is_letter(left) and _is_letter(right)):
            continue
        both = {left, right}
        held = all(both <= free_symbols(one) for one, _ in pairs)
        told = any(isinstance(n, Delta) and both == free_symbols(n) for _, two in pairs for n in walk(two))
        if frozenset(both) not in scope.coincidences or not held or told:
            return True
    return False
