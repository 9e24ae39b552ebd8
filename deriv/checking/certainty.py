"""Whether the shapes of letters leave a way out for a step with vectors and matrices that differs as it is read.

Notes rarely say which letters are vectors.  A difference that no known mistake explains is a mistake only if it is
there for all shapes that the letters may have and under which the two sides fit together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

from deriv.checking.compare import decide_all
from deriv.checking.judge import Judge, Outcome
from deriv.checking.shapes import KINDS, Kinds, is_open
from deriv.checking.stated import has_stated_sizes
from deriv.equal.decide import decide
from deriv.equal.decision import Different
from deriv.expr.nodes import Entry, walk
from deriv.latex.nodes import Node, Product
from deriv.meaning.arithmetic import DIVIDED
from deriv.meaning.names import children
from deriv.meaning.survey import Kind, KindKey

_MOST_CHANGES = 2
_MOST_TRIALS = 150
_TWO_WAYS = frozenset(("cdot", "*", "times", "circ"))


def differs_in_every_shape(judge: Judge, outcome: Outcome) -> bool:
    """Whether the sides of a claim certainly differ however the open letters are shaped."""
    meant, interpretation = outcome.meant, outcome.interpretation
    if meant is None or interpretation is None or meant.elaborator.strains > (DIVIDED in meant.notes):
        return False
    if meant.elaborator.reading.answers.get("sizes") and not has_stated_sizes(
        judge.scope, judge.evidence, meant.elaborator.kinds_met
    ):
        return False
    if judge.evidence is not None and not judge.evidence.suits(meant.elaborator.kinds_met):
        return False
    if any(map(_has_loose_product, (meant.lhs_node, meant.rhs_node))):
        return False
    for number, kinds in enumerate(_shapes(judge, meant.elaborator.kinds_met)):
        if number >= _MOST_TRIALS:
            return False
        if judge.evidence is not None and judge.evidence.rules_out(kinds):
            continue
        other = judge.with_shapes(outcome, kinds)
        if other is not None and not isinstance(other.decision, Different):
            return False
    return not _holds_when_symmetric(judge, outcome)


def _holds_when_symmetric(judge: Judge, outcome: Outcome) -> bool:
    """Whether the sides agree if all matrices are symmetric that may be.

    A text that states the sizes of a matrix and never speaks of symmetry is about those that are not symmetric too.
    """
    scope = judge.scope
    entries = {n for pair in outcome.pairs for side in pair for n in walk(side) if isinstance(n, Entry)}
    names = {entry.name for entry in entries if len(entry.indices) - entry.sups == 2} - scope.not_symmetric
    if not scope.speaks_of_symmetry:
        names -= {name for name, _ in scope.declared}
    names = {name for name in names if name.removeprefix("d ") in names}  # a direction is as symmetric as what varies
    domain = replace(outcome.domain, symmetric=outcome.domain.symmetric | names)
    decision = decide_all(outcome.pairs, lambda a, b: decide(a, b, domain, conditions=False))
    return not isinstance(decision, Different)


def _shapes(judge: Judge, met: dict[KindKey, Kind]) -> Iterator[Kinds]:
    """Other shapes for one or two letters that the document leaves open."""
    letters = [key for key in met if is_open(judge.scope, key)]
    for count in range(1, _MOST_CHANGES + 1):
        for chosen in combinations(letters, count):
            for kinds in product(KINDS, repeat=count):
                if all(met[key] != kind for key, kind in zip(chosen, kinds, strict=True)):
                    yield dict(zip(chosen, kinds, strict=True))


def _has_loose_product(node: Node) -> bool:
    """Whether a product sign is written that some use for the entrywise product, others for another."""
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, Product) and not _TWO_WAYS.isdisjoint(part.ops):
            return True
        stack.extend(children(part))
    return False
