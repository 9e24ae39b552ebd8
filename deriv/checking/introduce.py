"""Steps that introduce a name but look like claims: `σ^2 = …`, `… = z`, `ŷ = a = g(z)`, `dL/dl = d(…)/dl`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.checking import define as definitions
from deriv.checking import equations
from deriv.checking.declare import label_sets
from deriv.checking.results import Kind, Step, Verdict
from deriv.checking.solution import solution
from deriv.checking.substitution import is_open, put_in
from deriv.checking.verdicts import unchecked
from deriv.equal.decision import Different, Undecided
from deriv.expr.domain import NONNEGATIVE
from deriv.expr.functions import sqrt
from deriv.expr.nodes import Apply, Derivative, Sym
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Deriv, Items, Name, Node, Script
from deriv.meaning import entries
from deriv.meaning.compositions import slope_by_subscript
from deriv.meaning.marks import Marks
from deriv.meaning.names import all_names, base_name, canonical
from deriv.meaning.rates import TIME
from deriv.meaning.scope import is_number

if TYPE_CHECKING:
    from deriv.checking.judge import Outcome
    from deriv.checking.walk import ChainState, Walk
    from deriv.expr.tensor import Value


_SUPPOSED = re.compile(r"(?:\b(?:if|when|unless|whenever)\b|如果|假如|若|当)[\s$\\(]*$", re.IGNORECASE)
_REACH = 160  # characters
_SENTENCE_END = re.compile(r"[.!?](?=[\s$])|\n\s*\n|。")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_ANNOUNCED = re.compile(
    r"\b(?:let|(?:re)?defin\w+|denot\w+|writ\w+|set|use[ds]?|call\w*|mean\w*|instead|now|other|another|variant|case|if|when"
    r"|supposing|suppose|assum\w+|consider\w*|approximat\w*|estimator|sei|definier\w+|wenn|falls|soit|si|cas|posons"
    r"|(?:for|with|in|without) an?\b(?! (?:hidden|inner|inter|general|given|earlier|previous|layer))\w*)\b"
    r"|令|设|若|定义|定義",
    re.IGNORECASE,
)
"""Words in front of a formula by which a name may get another meaning, or which speak of another case."""


def definition(walk: Walk, left: Node, right: Node, base: Step) -> Step | None:
    """The step as a definition, or None when it is a claim; what solves an equation is both."""
    solved = solution(walk, walk.before, left, right, base) if walk.before and not walk.collecting else None
    given = _definition(walk, left, right, base)
    return solved or given


def _definition(walk: Walk, left: Node, right: Node, base: Step) -> Step | None:
    if labels := list(label_sets(left, base.relation, right)):
        walk.scope.facts.update(labels)
        return replace(base, kind=Kind.DECLARATION)
    if entries.take_in(walk.scope, left, right):
        return replace(base, kind=Kind.DECLARATION, notes=("names the entries of a matrix",))
    if isinstance(left, Items) or definitions.is_range(left, right):
        return replace(base, kind=Kind.DECLARATION)
    if definitions.is_case(left, right):
        walk.scope.coincidences.add(frozenset(all_names(left) | all_names(right)))
        return replace(base, kind=Kind.DECLARATION)
    if (slope := slope_by_subscript(walk.scope, left)) is not None:
        return _subscript(walk, slope, left, right, base)
    head = definitions.head_of(walk.scope, left)
    if head is not None and (told := symmetric(walk, head, right, base)) is not None:
        return told
    if not walk.collecting and (claimed := rate(walk, left, right, base)) is not None:
        return claimed
    if definitions.names_component(left) and not walk.judge.judge(left, right).holds:
        return replace(base, kind=Kind.DEFINITION, notes=("kept for reading only",))
    if head is None or definitions.is_placeholder(right):
        return square(walk, left, right, base)
    line = walk.source.position(left.span.start)[0]
    value = walk.value(right)
    two_ways = walk.scope.two_ways or equations.may_apply(walk.scope, right)
    if isinstance(value, str):
        if definitions.known(walk.scope, head) and not walk.scope.leaves_behind(head.marks.name):
            return None
        return replace(base, kind=Kind.DEFINITION, notes=(f"kept for reading only: {value}",))
    if definitions.known(walk.scope, head) and not walk.collecting:
        outcome = walk.judge.judge(left, right)
        if outcome.holds:
            _other_letters(walk, head, value, line)
            equal_form(walk, head, value, line)
            return walk.held(base, outcome)
        if is_slip(walk, head, outcome, left, right):
            return None
        base = replace(base, notes=(f"{head.marks.name} is defined anew from here on",))
    walk.scope.doubtful.discard(head.marks.name)
    if two_ways:
        walk.scope.doubtful.add(head.marks.name)
    supposed = _SUPPOSED.search(walk.source.text[max(left.span.start - 30, 0) : left.span.start])
    aside = bool(supposed or walk.before)  # a solution is what a variable may be, not what it is
    note = definitions.define(walk.scope, head, value, line, aside=aside)
    return replace(base, kind=Kind.DEFINITION, notes=base.notes + ((note,) if note else ()))


def _subscript(walk: Walk, slope: Apply, left: Node, right: Node, base: Step) -> Step | None:
    """`f_x = …` of f(x, y) is a claim, unless it is wrong and the x may be a mere label: `F_x` of a force F(x, y)."""
    name, places = slope.function, sum(slope.orders)
    if walk.collecting or name in walk.scope.slopes_by_subscript or places > 1:
        return None
    outcome = walk.judge.judge(left, right)
    if outcome.holds:
        walk.scope.slopes_by_subscript.add(name)
        return None
    value, letter = walk.value(right), slope.children[slope.orders.index(1)]
    if isinstance(value, str) or not isinstance(letter, Sym):
        return None
    label = definitions.Head(Marks(f"{name}_{letter.name}"), None, left)
    definitions.define(walk.scope, label, value, walk.source.position(left.span.start)[0])
    return replace(base, kind=Kind.DEFINITION, notes=(f"{letter.name} is taken as a label of {name}",))


def _other_letters(walk: Walk, head: definitions.Head, value: Value, line: int) -> None:
    """`f(g, h) = g^2 h + h` after `f(x, y) = x^2 y + y`: from here on the places of f are called g and h."""
    known = walk.scope.lookup(head.marks.name, "function")
    if known is None or not head.params or len(head.params) != len(known.params):
        return
    if set(head.params) != set(known.params):
        definitions.define(walk.scope, head, value, line)


def square(walk: Walk, left: Node, right: Node, base: Step) -> Step | None:
    """`σ^2 = …` says what σ is, up to its sign."""
    head = definitions.squared_head(walk.scope, left)
    value = walk.value(right) if head is not None else ""
    if head is None or isinstance(value, str) or is_number(value) or head.marks.name in all_names(right):
        return None
    if not isinstance(value, Tensor) or not value.is_scalar or walk.judge.judge(left, right).holds:
        return None
    walk.scope.facts.setdefault(head.marks.name, NONNEGATIVE)
    definitions.define(walk.scope, head, value.map(sqrt), walk.source.position(left.span.start)[0])
    return replace(base, kind=Kind.DEFINITION)


def by_derivative(walk: Walk, left: Node, right: Node, base: Step) -> Step | None:
    """`dL/dl = d(y - l)^2/dl` says what L is, when L was not known as something that depends on l."""
    if not (isinstance(left, Deriv) and isinstance(right, Deriv) and right.body and left.body):
        return None
    if [walk.words(by) for by, _ in left.by] != [walk.words(by) for by, _ in right.by]:
        return None
    head, value = definitions.head_of(walk.scope, left.body), walk.value(right.body)
    if head is None or isinstance(value, str):
        return None
    outcome = walk.judge.judge(left, right)
    if outcome.holds or not (left.ratio or isinstance(outcome.decision, Undecided)):
        return None
    if definitions.head_of(walk.scope, right.body) is not None:
        return None
    definitions.define(walk.scope, head, value, walk.source.position(left.span.start)[0])
    said = f"read as the definition {walk.words(left.body)} = {walk.words(right.body)}"
    return replace(base, kind=Kind.DEFINITION, notes=(said,))


def rate(walk: Walk, left: Node, right: Node, base: Step) -> Step | None:
    """`\\dot x = l \\dot\\theta \\cos\\theta` after `x = l \\sin\\theta` is a claim; it also says what the rate is."""
    derivative = _rate_of(walk, left)
    if derivative is None:
        return None
    base = replace(base, kind=Kind.DERIVATIVE)
    outcome = walk.judge.judge(derivative, right)
    head, value = definitions.head_of(walk.scope, left), walk.value(right)
    if outcome.holds:
        if head is not None and not isinstance(value, str):
            definitions.define(walk.scope, head, value, walk.source.position(left.span.start)[0])
        return walk.held(base, outcome)
    objection = walk.guard.objection(outcome, outcome, first=True, lhs=derivative, rhs=right)
    if isinstance(outcome.decision, Different) and objection is None:
        step = walk.refuted(base, outcome, outcome, derivative, right)
        if step.diagnosis is not None:
            return step
    if isinstance(derivative.body, Name) and walk.scope.lookup(base_name(derivative.body) or "", "function"):
        return unchecked(base, outcome, objection or "it is not the rate of what is given above, as it is read here")
    return None  # it may be the equation of another motion


def _rate_of(walk: Walk, left: Node) -> Deriv | None:
    """dx/dt for a dotted x, where the document says what x or x(t) is."""
    if not isinstance(left, Name) or left.accents not in (("dot",), ("ddot",)):
        return None
    quantity = replace(left, accents=())
    definition = walk.scope.lookup(base_name(quantity) or "")
    if definition is None or definition.line < walk.scope.section:
        return None
    if definition.form == "family" or (definition.form == "function" and definition.params != (TIME.name,)):
        return None
    order = len(left.accents[0]) - 2
    return Deriv(left.span, "d", ((Name(left.span, TIME.name), order),), quantity, ratio=True)


def tells_what_it_is(walk: Walk, previous: Node, part: Node, base: Step) -> Step | None:
    """`\\hat y = a = g(z)` says what a is, of which nothing was said before."""
    head = definitions.head_of(walk.scope, previous)
    value = walk.value(part)
    if head is None or isinstance(value, str) or is_number(value) or definitions.known(walk.scope, head):
        return None
    if head.marks.name in all_names(part):
        return None
    definitions.define(walk.scope, head, value, walk.source.position(part.span.start)[0])
    return replace(base, kind=Kind.DEFINITION)


def symmetric(walk: Walk, head: definitions.Head, right: Node, base: Step) -> Step | None:
    """`P = P^T` and `a_{ij} = a_{ji}` say what kind of matrix it is."""
    marks = (
        definitions.marks_in(walk.scope, right) if isinstance(right, Script) and isinstance(right.base, Name) else None
    )
    if marks is None or marks.name != head.marks.name or marks.inverse or head.params:
        return None
    turned = len(marks.subs) == 2 and marks.subs[0] != marks.subs[1] and head.marks.subs == marks.subs[::-1]
    if marks.transposed == turned:
        return None
    walk.scope.symmetric.add(marks.name)
    return replace(base, kind=Kind.DECLARATION, notes=(f"{marks.name} is taken as symmetric from here on",))


def names_value(walk: Walk, outcome: Outcome, previous: Node, part: Node, base: Step) -> Step | None:
    """`f(g(x)) = z` with a new symbol at the end gives the value its name: one that derivatives are of, or by.

    A constraint (`A x = b`, `Q^T Q = I`) names nothing; `\\frac1n \\sum_i x_i = \\bar x` does.
    """
    head = definitions.head_of(walk.scope, part)
    if head is None or head.params is not None or definitions.known(walk.scope, head):
        return None
    name, value = head.marks.name, walk.value(previous)
    if isinstance(value, str) or walk.guard.grounded(name) or name in all_names(previous):
        return None
    varies = walk.scope.survey.numerators[name] or walk.scope.survey.denominators[name]
    if not (varies or _is_accented(part, previous)):
        if equations.has_operator(previous):
            return None
        state(walk, outcome, previous, part)
        return replace(base, kind=Kind.DECLARATION, notes=("a condition, which may be used from here on",))
    definitions.define(walk.scope, head, value, walk.source.position(part.span.start)[0])
    walk.scope.history[-1] = replace(walk.scope.history[-1], named=True)
    return replace(base, kind=Kind.DEFINITION, notes=(f"{name} is a name for the value on the left",))


def _is_accented(part: Node, previous: Node) -> bool:
    """Whether a name is a letter of the formula with an accent on it."""
    name = part.base if isinstance(part, Script) else part
    return isinstance(name, Name) and bool(name.accents) and canonical(replace(name, accents=())) in all_names(previous)


def equal_form(walk: Walk, head: definitions.Head, value: Value, line: int) -> None:
    """Keep another form of a definition, for derivatives by what only it holds."""
    history = walk.scope.history
    kept, old = len(history), walk.scope.lookup(head.marks.name)
    definitions.define(walk.scope, head, value, line)
    added = history[kept:]
    del history[kept:]
    walk.scope.forms.extend((old, new) for new in added if old is not None and old.key == new.key)


def other_form(walk: Walk, chain: ChainState, part: Node, *, equal: bool = False) -> None:
    """A later form of a definition (`L = A = B`): one that could not be compared may be the one that is used."""
    head, value = definitions.head_of(walk.scope, chain.parts[0]), walk.value(part)
    if head is None or isinstance(value, str) or is_number(value) or not definitions.known(walk.scope, head):
        return
    line = walk.source.position(part.span.start)[0]
    if equal:
        equal_form(walk, head, value, line)
        return
    kept = walk.scope.history[:]
    definitions.define(walk.scope, head, value, line)
    added = walk.scope.history[len(kept) :]
    walk.scope.history[:] = [*added, *kept]


def is_slip(walk: Walk, head: definitions.Head, outcome: Outcome, left: Node, right: Node) -> bool:
    """`δ = …` where δ is ∂L/∂z is no new definition when a known mistake explains it, or when it is a recursion."""
    old = walk.scope.lookup(head.marks.name)
    named = old is not None and isinstance(old.body, Tensor) and isinstance(old.body.body, Derivative)
    if old is None or not named or not isinstance(outcome.decision, Different) or walk.diagnose is None:
        return False
    if old.line < walk.scope.section or _is_announced(walk, left):
        return False
    if head.marks.name in all_names(right):
        return True
    if walk.guard.objection(outcome, outcome, first=True, lhs=left, rhs=right) is not None:
        return False
    return walk.diagnose(outcome, left, right, True) is not None  # noqa: FBT003


def _is_announced(walk: Walk, head: Node) -> bool:
    """Whether the sentence up to here says that a name gets another meaning, or speaks of another case."""
    said = walk.source.text[max(head.span.start - _REACH, 0) : head.span.start]
    return _ANNOUNCED.search(_COMMAND.sub(" ", _SENTENCE_END.split(said)[-1])) is not None


def substituted(walk: Walk, previous: Node, part: Node, base: Step) -> Step | None:
    """The step as putting something in for undefined symbols, if it holds that way."""
    found = put_in(walk.scope, previous, part)
    if found is None or any(symbol.span == previous.span and _is_known(walk, symbol) for symbol, _ in found):
        return None
    if is_open(found, part):
        names = ", ".join(walk.words(symbol) for symbol, _ in found)
        return replace(
            base,
            verdict=Verdict.UNCHECKED,
            reason=f"numbers stand in the place of {names}, which have no value here",
        )
    line = walk.source.position(part.span.start)[0]
    kept = len(walk.scope.history), dict(walk.scope.instances)
    for symbol, body in found:
        head, value = definitions.head_of(walk.scope, symbol), walk.value(body)
        if head is not None and not isinstance(value, str):
            definitions.define(walk.scope, head, value, line, put_in=True)
    outcome = walk.judge.judge(previous, part)
    if not outcome.holds:
        del walk.scope.history[kept[0] :]
        walk.scope.instances = kept[1]
        return None
    said = tuple(f"{walk.words(symbol)} = {walk.words(body)}" for symbol, body in found)
    step = walk.held(base, outcome)
    return replace(step, assumes=tuple(dict.fromkeys((*said, *step.assumes))))


def _is_known(walk: Walk, symbol: Node) -> bool:
    head = definitions.head_of(walk.scope, symbol)
    return head is not None and definitions.known(walk.scope, head)


def declares(walk: Walk, outcome: Outcome, previous: Node, part: Node, base: Step, *, first: bool) -> Step | None:
    """`A^T = A`, `Σ_k y_k = 1`, `f(g(x)) = z`: what looks like a claim and says what something is."""
    if name := walk.guard.is_symmetry(outcome):
        walk.scope.symmetric.add(name)
        return replace(base, kind=Kind.DECLARATION, notes=(f"{name} is taken as symmetric from here on",))
    if first and equations.of_one_matrix(walk.scope, outcome, previous, part):
        state(walk, outcome, previous, part)
        return replace(base, kind=Kind.DECLARATION, notes=("says what kind of matrix this is",))
    if first and walk.guard.is_constraint(outcome, lhs=previous):
        assert outcome.meant is not None
        walk.scope.ranges = outcome.meant.elaborator.ranges  # the sum may turn out as long as others below
        walk.scope.equations.append(outcome.meant.aligned.pairs[0])
        return replace(base, kind=Kind.DECLARATION, notes=("taken as a condition from here on",))
    return names_value(walk, outcome, previous, part, base)


def left_open(walk: Walk, chain: ChainState, outcome: Outcome, part: Node, base: Step, reason: str) -> Step:
    """A step that is not judged; what it says may be a condition or an equation to be used further below."""
    first, previous = len(chain.parts) == 1, chain.parts[-1]
    if equations.is_condition(outcome, previous, part, first=first):
        state(walk, outcome, previous, part)
        return replace(base, kind=Kind.DECLARATION, notes=("a condition, which may be used from here on",))
    if first and equations.is_plain(outcome, previous, part):
        state(walk, outcome, previous, part)
    return unchecked(base, outcome, reason)


def state(walk: Walk, outcome: Outcome, previous: Node, part: Node) -> None:
    """`Σ α_i y_i = 0`, and other equations that are no identities, may be used further below."""
    if len(outcome.pairs) == 1 and outcome.interpretation is not None and outcome.interpretation.is_plain:
        words = f"{walk.words(previous)} = {walk.words(part)}"
        walk.scope.stated.append((*outcome.pairs[0], words, walk.source.position(part.span.start)[0]))
