"""`2(x - 1) + y = 0 ⟹ x = 1 - y/2`: a value behind an arrow, or behind "setting this to zero gives", is put in.

It is called wrong only where it holds the very letters of the equation: with others, more was used than is written.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.checking import define as definitions
from deriv.checking.compare import decide_all
from deriv.checking.conditions import differentiates, if_counted
from deriv.checking.equations import has_derivative, parts_of
from deriv.checking.mentions import labels, names_in_definitions, names_of
from deriv.checking.results import Code, Counterexample, Diagnosis, Kind, Step, Verdict
from deriv.checking.verdicts import entries_by_place, from_outcome
from deriv.equal.decide import decide
from deriv.equal.decision import Different, Proved, Tested
from deriv.errors import MeaningError
from deriv.expr.domain import POSITIVE
from deriv.expr.functions import sqrt
from deriv.expr.nodes import Apply, Decimal, Expr, Sym
from deriv.expr.nodes import walk as nodes_in
from deriv.expr.substitute import substitute
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Name, Node, Number, Script
from deriv.meaning.names import VALUE_MARKS
from deriv.meaning.scope import Scope

if TYPE_CHECKING:
    from deriv.checking.judge import Meant, Outcome
    from deriv.checking.walk import ChainState, Walk

Equation = tuple[Node, Node]
ARROWS = frozenset(("=>", "<=>"))
_ENDINGS = (
    "hat",
    "tilde",
    *(f"_{mark}" for mark in sorted(VALUE_MARKS)),
    "_MLE",
    "_ML",
    "_MAP",
    "_opt",
    "_max",
    "_min",
)
"""What is added to a letter for its value at a solution."""
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_WORDS_BETWEEN = 80  # characters
_GIVES = re.compile(
    r"[\s,.;:]*(?:(?:and|so|thus|hence|therefore|which|this|that|it|then|we|solving|for|equation)\b[\s,:]*)*"
    r"(?:\$[^$]{1,12}\$[\s,]*)?"
    r"(?:(?:gives?|yields?|get|obtain|find|implies|leads? to|so|hence|thus|therefore|ergibt|liefert|donne)[\s,:]*)+"
    r"|\W*(?:可得|解得|得到|得|所以|因此)\W*",
    re.IGNORECASE,
)
"""All of the words between an equation and its solution."""
_SET_TO_ZERO = re.compile(
    r"\b(?:set|equat|put)t?\w*\b[^.]{0,40}\b(?:zero|0)\b[\s,$]*(?:and solving[^.]{0,20})?"
    r"(?:we )?(?:gives?|yields?|get|obtain|find|implies|leads to)[\s,:]*$",
    re.IGNORECASE,
)
_ROUGHLY = re.compile(
    r"[\s$]*(?:,\s*)?(?:to (?:first|second|leading|lowest)|after|approximately|as (?:a|the) first"
    r"|at (?:first|most|least)|in the first)",
    re.IGNORECASE,
)


# --- which equation is solved -------------------------------------------------------------------------------------


def to_be_solved(chain: ChainState | None) -> Equation | None:
    """The last equality of a chain that ends in 0, where the rest of the chain was judged."""
    if chain is None or any(chain.unsure[:-1]) or chain.relation != "=":
        return None
    left, right = chain.parts[-2:]
    is_zero = isinstance(right, Number) and right.text == "0"
    return (left, right) if is_zero and not isinstance(left, Name | Script) else None  # λ = 0 says what λ is


def solved_in_words(chain: ChainState | None, between: str, after: str) -> Equation | None:
    """The equation that `gives` or `setting this to zero gives` speaks of, right before a formula.

    Only what is the derivative of something is set to zero without a word about how it is to be solved.
    """
    words = " ".join(_COMMENT.sub("", between).split())
    if chain is None or len(words) > _WORDS_BETWEEN or not _is_slope(chain.parts[0]) or _ROUGHLY.match(after):
        return None
    if chain.relation == "=" and not any(chain.unsure) and _SET_TO_ZERO.search(words):
        last = chain.parts[-1]
        return last, Number(last.span, "0")
    return to_be_solved(chain) if _GIVES.fullmatch(words) else None


def _is_slope(node: Node) -> bool:
    """Whether a formula is a derivative: `dL/dw`, `L'(w)`."""
    return has_derivative(node) or any(isinstance(part, Script) and part.primes for part in parts_of(node))


# --- whether it is ------------------------------------------------------------------------------------------------


def solution(walk: Walk, equation: Equation, left: Node, right: Node, base: Step) -> Step | None:
    """The step `left = right` as a solution of the equation before it; None where it may be something else."""
    value = walk.value(right)
    outcome = walk.judge.plainly(*equation) if isinstance(value, Tensor) and value.is_scalar else None
    if outcome is None or len(outcome.pairs) != 1 or outcome.interpretation is None or outcome.meant is None:
        return None
    known = frozenset(name for side in outcome.pairs[0] for name in labels(side))
    unknown, squared = _unknown(walk, left, known)
    if unknown is None:
        return None
    try:
        written = _unmarked(_beside(outcome, outcome.meant, right), known)
        body = outcome.interpretation.resolver(walk.scope).resolve(written)
    except MeaningError:
        return None
    put: dict[Expr, Expr] = {unknown: sqrt(body) if squared else body}
    domain = (
        replace(outcome.domain, facts={**outcome.domain.facts, unknown.name: POSITIVE}) if squared else outcome.domain
    )
    canonical = outcome.meant.elaborator.ranges.canonical
    pairs = tuple((substitute(canonical(a), put), substitute(canonical(b), put)) for a, b in outcome.pairs)
    decision = decide_all(pairs, lambda a, b: decide(a, b, domain, conditions=False))
    base = replace(base, kind=Kind.EQUALITY)
    if isinstance(decision, Proved | Tested):
        said = (*outcome.notes, "put into the equation before it, this solves it")
        return replace(from_outcome(base, replace(outcome, decision=decision)), notes=said)
    counted = if_counted(walk.scope, replace(outcome, pairs=pairs, domain=domain))
    if counted is not None:
        return from_outcome(base, replace(outcome, decision=counted))
    if isinstance(decision, Different) and body == written and _is_about_the_same(walk.scope, outcome, unknown, body):
        return _refuted(walk, equation, decision, base)
    return None


def _beside(outcome: Outcome, meant: Meant, right: Node) -> Expr:
    """The value of a solution, with sums without bounds over the same data as those of its equation."""
    elaborator = meant.elaborator
    value = elaborator.value(right)
    if not isinstance(value, Tensor):
        raise MeaningError("a solution that is written out")
    elaborator.ranges.unify_letters(value.body, *(side for pair in outcome.pairs for side in pair))
    return elaborator.ranges.canonical(value.body)


def _unknown(walk: Walk, left: Node, known: frozenset[str]) -> tuple[Sym | None, bool]:
    """The letter of the equation that is solved for, and whether it stands squared."""
    square = definitions.squared_head(walk.scope, left)
    head = square or definitions.head_of(walk.scope, left)
    if head is None or head.params is not None or head.marks.subs or head.marks.sups:
        return None, False
    name = _stem(head.marks.name, known)
    return (Sym(name) if name in known else None), square is not None


def _stem(name: str, known: frozenset[str]) -> str:
    """`\\hat\\mu` and `x^*` solve equations for μ and x."""
    stems = (name.removesuffix(mark) for mark in _ENDINGS if name.endswith(mark) and name not in known)
    return next((stem for stem in stems if stem in known), name)


def _unmarked(body: Expr, known: frozenset[str]) -> Expr:
    """A solution with the letters of the equation for those that are marked in it."""
    marked = {node: _stem(node.name, known) for node in nodes_in(body) if isinstance(node, Sym)}
    return substitute(body, {node: Sym(stem) for node, stem in marked.items() if stem != node.name})


def _is_about_the_same(scope: Scope, outcome: Outcome, unknown: Sym, body: Expr) -> bool:
    """Whether a solution holds just the letters of its equation, and all definitions in it are of this section."""
    if any(isinstance(node, Decimal) for node in nodes_in(body)) or outcome.meant is None:
        return False  # rounded
    if any(isinstance(node, Apply) for part in (*outcome.pairs[0], body) for node in nodes_in(part)):
        return False  # F^{-1} of a function that is not known
    names = {name for side in outcome.pairs[0] for name in labels(side)} - {unknown.name}
    plain = outcome.interpretation is not None and outcome.interpretation.is_plain
    if not plain or labels(body) != names or any(name.startswith("∂") for name in names):
        return False
    written = outcome.meant.aligned.pairs
    if not differentiates(written):
        return written == outcome.pairs  # no definition was put in
    used = names_in_definitions(scope, names_of(written))
    return all(definition.line >= scope.section for definition in scope.history if definition.name in used)


def _refuted(walk: Walk, equation: Equation, decision: Different, base: Step) -> Step:
    written = f"{walk.words(equation[0])} = 0"
    counterexample = Counterexample(entries_by_place(decision.point), decision.lhs, decision.rhs, decision.sizes)
    diagnosis = Diagnosis(Code.ALGEBRA, f"put in, this does not solve {written}")
    notes = ("the two values are those of the equation's sides with this put in",)
    base = replace(base, kind=Kind.DEFINITION)  # it also says what the letter is
    wrong = replace(base, verdict=Verdict.REFUTED, counterexample=counterexample, diagnosis=diagnosis, notes=notes)
    return replace(wrong, focus=base.span)
