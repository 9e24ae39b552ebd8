"""`For x > 0 we have f(x) = x.  In general, f(x) = x.`: what a sentence supposes is listed by those after it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.checking.compare import decide_all
from deriv.checking.mentions import labels
from deriv.equal.decide import decide
from deriv.equal.decision import Proved, Tested
from deriv.expr.domain import Fact
from deriv.meaning.names import all_names

if TYPE_CHECKING:
    from deriv.checking.judge import Outcome
    from deriv.latex.nodes import Node
    from deriv.meaning.scope import Scope

_SUPPOSES = re.compile(
    r"(?:\b(?:for|if|when|where|whenever|unless|falls|wenn|für|si|pour|quand)\b|当|若|如果)[\s$\\(]*$", re.IGNORECASE
)
_SENTENCE = re.compile(r"[.!?;][\s$\\)\]]+(?=[A-Z\\$])|\n\s*\n|。")
_REACH = 30  # characters


def take_in(scope: Scope, text: str, left: Node, right: Node, before: dict[str, Fact]) -> None:
    """Remember that the bounds of some names were supposed and not declared; `before` are the facts without them."""
    if _SUPPOSES.search(text[max(left.span.start - _REACH, 0) : left.span.start]):
        words = " ".join(text[left.span.start : right.span.end].split())
        for name, fact in scope.facts.items():
            if before.get(name) != fact:
                scope.supposed[name] = (right.span.end, words, before.get(name))


def drop(scope: Scope, text: str, left: Node, right: Node) -> None:
    """Another supposition about the same name begins: `if x > 0 …; if x < 0 …`."""
    names = all_names(left) | all_names(right)
    for name in names & scope.supposed.keys():
        end, _, old = scope.supposed[name]
        apart = re.search(r"[A-Za-z\u4e00-\u9fff]", re.sub(r"\\[A-Za-z]+", "", text[end : left.span.start]))
        if end <= left.span.start and apart:
            del scope.supposed[name]
            scope.facts.pop(name, None)
            if old is not None:
                scope.facts[name] = old


def with_suppositions(scope: Scope, text: str, outcome: Outcome) -> Outcome:
    """A claim that holds with what earlier sentences supposed among its assumptions, where it needs that."""
    if outcome.meant is None or not isinstance(outcome.decision, Proved | Tested):
        return outcome
    names = {name for pair in outcome.pairs for side in pair for name in labels(side)}
    start = outcome.meant.lhs_node.span.start
    over = {
        name: told
        for name, told in scope.supposed.items()
        if name in names and told[0] < start and _SENTENCE.search(text[told[0] : start])
    }
    if not over:
        return outcome
    facts = {name: fact for name, fact in outcome.domain.facts.items() if name not in over}
    facts |= {name: old for name, (_, _, old) in over.items() if old is not None}
    without = replace(outcome.domain, facts=facts)
    decision = decide_all(outcome.pairs, lambda a, b: decide(a, b, without, conditions=False))
    if isinstance(decision, Proved | Tested):
        return outcome
    said = tuple(dict.fromkeys(words for _, words, _ in over.values()))
    return replace(outcome, assumes=(*outcome.assumes, *said))
