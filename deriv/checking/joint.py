"""The shapes of all letters of a document together: those under which most of its formulas fit.

`L = \\frac12 (\\hat y - y)^2` alone leaves open what ŷ is; with `∂L/∂W = (\\hat y - y) h^T` beside it, it is a number.
What a letter is that is defined follows from its definition; the others are varied, one or two at a time
and as single formulas want it, until nothing gets better.  Work is bounded by a number of trials.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from deriv.checking.compare import align
from deriv.checking.define import head_of
from deriv.checking.shapes import KINDS, Attempt, Kinds, attempt, equations, fitting, is_open, orientations
from deriv.expr.nodes import Num
from deriv.expr.tensor import Tensor, Value
from deriv.latex.nodes import Group, Name, Node, Number, Script
from deriv.meaning.arithmetic import STRETCHED
from deriv.meaning.elaborate import Elaborator, Reading
from deriv.meaning.names import canonical, children
from deriv.meaning.ranges import Ranges
from deriv.meaning.scope import Scope
from deriv.meaning.survey import Kind, KindKey, Survey, is_bold

_MAX_EQUATIONS = 60
_MAX_TRIALS = 400
_CONFLICT, _UNREADABLE, _UNEASE = 3.0, 2.0, 0.5
_MATRIX = 2
_ROW, _SMALL_MATRIX, _AGAINST_USE, _NO_NUMBER, _BOLD_NUMBER = 0.4, 2.0, 3.5, 4.0, 4.0
_ENOUGH = 1e-6
_GOOD, _WORTH_IT = 0.3, 1.0


@dataclass(frozen=True, slots=True)
class _Equation:
    """Two sides that should fit together; `head` is the letter that this formula defines, where it does."""

    left: Node
    right: Node | None
    head: KindKey | None
    defines: bool = False
    """Whether the left side is introduced here: a letter, or a function of letters."""


@dataclass
class _Search:
    """The state of the search: equations, and how often a formula was read."""

    scope: Scope
    equations: list[_Equation]
    readable: list[bool] = field(default_factory=list)
    met: list[set[KindKey]] = field(default_factory=list)
    trials: int = 0
    usual: dict[KindKey, Kind] = field(default_factory=dict)
    """The shapes that the use of the letters suggests."""
    costs: dict[tuple[int, frozenset[tuple[KindKey, Kind]]], tuple[float, Kind | None]] = field(default_factory=dict)
    stretched: set[str] = field(default_factory=set)
    """Vectors that are added to matrices: to the rows or to the columns."""
    wary: bool = False
    """Whether a vector added to a matrix counts as unease."""

    @cached_property
    def heads(self) -> set[KindKey]:
        """The letters whose shapes follow from formulas."""
        return {equation.head for equation in self.equations if equation.head is not None}

    def score(self, kinds: Kinds) -> tuple[float, list[float]]:
        """How badly the formulas fit under these shapes of the undefined letters; also formula by formula."""
        known, costs = self.known(kinds)
        letters = {key for met in self.met for key in met} | kinds.keys()
        prior = sum(self.unusual(key, known.get(key)) for key in letters - self.heads)
        return sum(costs) + prior, costs

    def known(self, kinds: Kinds) -> tuple[Kinds, list[float]]:
        """The shapes with those that follow for defined letters, and the cost of each formula."""
        known = dict(kinds)
        costs: list[float] = []
        for k, equation in enumerate(self.equations):
            cost, kind = self.cost(k, equation, known)
            if equation.head is not None and kind is not None:
                known[equation.head] = kind
                cost += _NO_NUMBER * kind.rank * self.is_loss(equation.head)
            costs.append(cost)
        return known, costs

    def is_borne_out(self, key: KindKey, costs: list[float]) -> bool:
        """Whether most of the formulas that hold a letter fit together in the end."""
        own = [cost for cost, met in zip(costs, self.met, strict=True) if key in met]
        return key not in self.heads and 2 * sum(cost >= _UNREADABLE for cost in own) < len(own)

    def is_loss(self, key: KindKey) -> bool:
        """Whether a letter is differentiated and nothing is differentiated by it: a loss is a number."""
        name, survey = key[0].split("_")[0], self.scope.survey
        return key[2] == 0 and bool(survey.numerators[name]) and not survey.denominators[name]

    def unusual(self, key: KindKey, kind: Kind | None) -> float:
        """How unlikely a shape is for a letter, by how it is set and by its use."""
        usual = self.usual.get(key, Kind(0))
        if kind is None:
            kind = usual
        if self.is_loss(key):
            return _NO_NUMBER * kind.rank
        return _unusual(self.scope, key, kind) + (_AGAINST_USE if usual.rank and kind.rank != usual.rank else 0.0)

    def cost(self, k: int, equation: _Equation, kinds: Kinds) -> tuple[float, Kind | None]:
        """How badly one formula fits under these shapes, and the shape of its right side."""
        if len(self.met) > k and (known := self.costs.get((k, self._shapes(k, kinds)))) is not None:
            return known
        cost = self._new_cost(k, equation, kinds)
        self.costs[k, self._shapes(k, kinds)] = cost
        return cost

    def _shapes(self, k: int, kinds: Kinds) -> frozenset[tuple[KindKey, Kind]]:
        """The shapes of the letters of one formula."""
        return frozenset((key, kinds[key]) for key in self.met[k] if key in kinds)

    def _new_cost(self, k: int, equation: _Equation, kinds: Kinds) -> tuple[float, Kind | None]:
        found: list[Value] = []
        turned: list[bool] = []

        def read(elaborator: Elaborator) -> None:
            value = elaborator.value(equation.left) if equation.head is None else None
            other = elaborator.value(equation.right) if equation.right is not None else None
            if other is not None:
                found.append(other)
            self.stretched |= elaborator.stretched
            if self.wary and elaborator.stretched:
                elaborator.strain(STRETCHED)
            if value is not None and other is not None and align(value, other, elaborator.same).transposed:
                turned.append(True)

        result = self.attempt(read, kinds)
        if result.conflict and (other := self.attempt(read, kinds, {"layout": 2})).fits:
            result = replace(other, unease=other.unease + 1)
        if len(self.met) <= k:
            self.met.append(set())
            self.readable.append(result.fits or result.conflict)
        self.met[k] |= result.met.keys()
        if not kinds:
            self.usual.update({key: kind for key, kind in result.met.items() if key not in self.usual})
        if result.conflict:
            return _CONFLICT, None
        if not result.fits:
            return (_UNREADABLE if self.readable[k] else 0.0), None
        crosswise = bool(turned) and any(name in self.stretched for name, _, _ in result.met)
        return _UNEASE * (min(result.unease, 3) + crosswise), _kind(found[0]) if found else None

    def alone(self, k: int, now: Kinds) -> Callable[[Kinds], Attempt]:
        """How one formula fits when some shapes are changed."""
        equation = self.equations[k]

        def read(elaborator: Elaborator) -> None:
            value = elaborator.value(equation.left)
            if equation.right is not None:
                align(value, elaborator.value(equation.right), elaborator.same)

        return lambda changes: self.attempt(read, {**now, **changes})

    def attempt(
        self, read: Callable[[Elaborator], None], kinds: Kinds, answers: dict[Hashable, int] | None = None
    ) -> Attempt:
        """Read something under these shapes."""
        self.trials += 1
        elaborator = Elaborator(self.scope, Reading(answers or {}, kinds=kinds), Ranges())
        return attempt(elaborator, lambda: read(elaborator))


def learn_shapes(scope: Scope, nodes: Iterable[Node]) -> None:
    """Remember in the scope how vectors stand, and which shapes letters must have for the document to fit together."""
    formulas = list(nodes)
    scope.rows = orientations(scope, formulas)
    found = _best(scope, formulas, scope.rows)
    if found is None:
        return
    score, learned = found
    if scope.rows:  # votes that were taken before the shapes were known may be wrong
        other = _best(scope, formulas, {})
        if other is not None and other[0] < score - _ENOUGH:
            scope.learned.update(other[1])
            scope.rows = orientations(scope, formulas)
            return
    scope.learned.update(learned)


class Evidence:
    """What the definitions of a document say about the shapes of its letters."""

    def __init__(self, scope: Scope, nodes: Iterable[Node]) -> None:
        self._scope = Scope(replace_ranks(scope), log=scope.log, layout=scope.layout, learned=dict(scope.learned))
        self._scope.settled |= scope.settled
        self._scope.rows = dict(scope.rows)
        self._nodes = list(nodes)

    @cached_property
    def _search(self) -> _Search:
        found = [equation for equation in _equations(self._scope, self._nodes) if equation.defines]
        return _Search(self._scope, found[:_MAX_EQUATIONS], wary=True)

    @cached_property
    def _plain(self) -> tuple[Kinds, list[float]]:
        return self._search.known({})

    @cached_property
    def _both_ways(self) -> tuple[Kinds, Kinds]:
        """The shapes of all letters as they are read, and with every vector turned."""
        known = {key: self._search.usual.get(key, Kind(0)) for key in self.letters} | self._plain[0]
        return known, known | {key: Kind(1, row=not kind.row) for key, kind in known.items() if kind.rank == 1}

    def may_turn(self, names: set[str]) -> bool:
        """Whether the definitions with these letters say the same with every vector turned: `x x^T` does not."""
        search, (known, turned) = self._search, self._both_ways
        for k, equation in enumerate(search.equations):
            if names.isdisjoint(key[0] for key in search.met[k]):
                continue
            (old, was), (new, now) = search.cost(k, equation, known), search.cost(k, equation, turned)
            if old < _CONFLICT <= new or (was is not None and now is not None and was.rank != now.rank):
                return False
        return True

    @cached_property
    def _stands_one_way(self) -> bool:
        """Whether the definitions do not allow that every vector is turned."""
        return not self.may_turn({key[0] for met in self._search.met for key in met})

    @property
    def letters(self) -> set[KindKey]:
        """The letters of the definitions that have none of their own."""
        assert self._plain  # reading the definitions tells what they hold
        return {key for met in self._search.met for key in met} - self._search.heads

    def suits(self, kinds: Kinds) -> bool:
        """Whether letters are read with as many axes as the whole document has them."""
        return all(self._rank(key) in (None, kind.rank) for key, kind in kinds.items() if not key[2])

    def _rank(self, key: KindKey) -> int | None:
        """The number of axes of a letter, by what the text declares or by the definitions."""
        name, bold, _ = key
        declared = self._scope.survey.declared_rank.get((name, bold))
        if declared is not None:
            return declared
        known = self._plain[0].get(key)
        return known.rank if known is not None else self.only_rank(key)

    def only_rank(self, key: KindKey) -> int | None:
        """The number of axes with which a letter fits best into the definitions; None where there are several."""
        costs = {kind: sum(self._search.known({key: kind})[1]) for kind in KINDS}
        ranks = {kind.rank for kind, cost in costs.items() if cost == min(costs.values())}
        return ranks.pop() if len(ranks) == 1 else None

    def rules_out(self, kinds: Kinds) -> bool:
        """Whether a definition makes no sense with these shapes although it does as the document is read."""
        known, costs = self._search.known(kinds)
        heads = {key: (known[key], kind) for key, kind in kinds.items() if key in self._search.heads}
        if any(one.rank != other.rank for one, other in heads.values()):
            return True
        if any(one.row != other.row for one, other in heads.values()) and self._stands_one_way:
            return True
        if any(self._search.is_loss(head) and known[head].rank for head in self._search.heads & known.keys()):
            return True
        return any(new >= _CONFLICT and not old for new, old in zip(costs, self._plain[1], strict=True))


def _best(scope: Scope, formulas: list[Node], rows: dict[str, bool]) -> tuple[float, Kinds] | None:
    """The shapes under which the formulas fit best, and how badly they still fit; None where nothing is to be done."""
    trial = Scope(replace_ranks(scope), log=scope.log, layout=scope.layout, rows=rows, learned=dict(scope.learned))
    trial.settled |= scope.settled
    search = _Search(trial, list(_equations(trial, formulas)))
    if len(search.equations) > _MAX_EQUATIONS:
        return None
    start, costs = search.score({})
    began = sum(costs)
    if began == 0 or start < _WORTH_IT:
        return None
    score: float = start
    best: Kinds = {}
    for kinds in sorted(({}, *_usual_starts(search)), key=lambda kinds: search.score(kinds)[0]):
        if sum(costs) > 0 or score > _GOOD:
            score, costs, best = min((score, costs, best), _descended(search, kinds), key=lambda one: one[0])
    kept = best if sum(costs) < began and score < start else {}
    return score, {key: kind for key, kind in kept.items() if search.is_borne_out(key, costs)}


def _descended(search: _Search, best: Kinds) -> tuple[float, list[float], Kinds]:
    """The nearest shapes that no change of one or two letters makes better."""
    search.trials = 0
    score, costs = search.score(best)
    while True:
        for moves in (_single_moves, _double_moves, _wanted_moves):
            tried = [(*search.score(wanted), wanted) for wanted in moves(search, best, costs)]
            better = min(tried, key=lambda one: one[0], default=None)
            if better is not None and better[0] < score - _ENOUGH:
                score, costs, best = better
                break
        else:
            return score, costs, best


def _usual_starts(search: _Search) -> Iterator[Kinds]:
    """Capitals as matrices, the other letters as they are or as vectors."""
    keys = [key for met in search.met for key in met if key not in search.heads and is_open(search.scope, key)]
    keys = [key for key in dict.fromkeys(sorted(keys)) if not search.is_loss(key)]
    matrices = {key: Kind(2) for key in keys if key[0][:1].isupper()}
    if matrices:
        yield matrices
    yield {key: matrices.get(key, Kind(1, row=search.scope.rows.get(key[0], False))) for key in keys}


def replace_ranks(scope: Scope) -> Survey:
    """The survey with its own table of declared ranks."""
    return replace(scope.survey, declared_rank=dict(scope.survey.declared_rank))


def _single_moves(search: _Search, now: Kinds, costs: list[float]) -> Iterator[Kinds]:
    """Changes of one letter."""
    for key in sorted({key for met in search.met for key in met}):
        for kind in _kinds_of(search, key, now):
            if search.trials >= _MAX_TRIALS:
                return
            yield {**now, key: kind}


def _wanted_moves(search: _Search, now: Kinds, costs: list[float]) -> Iterator[Kinds]:
    """Changes that a formula wants that does not fit."""
    for k, cost in enumerate(costs):
        if cost >= _UNREADABLE and search.trials < _MAX_TRIALS:
            yield from ({**now, **changes} for changes in fitting(search.scope, search.alone(k, now)) if changes)


def _double_moves(search: _Search, now: Kinds, costs: list[float]) -> Iterator[Kinds]:
    """Changes of two letters at once, one of them in a formula that does not fit."""
    wrong = {key for k, cost in enumerate(costs) if cost > 0 for key in search.met[k]}
    wrong = wrong or {key for met in search.met for key in met if search.unusual(key, now.get(key))}
    for one in sorted(wrong):
        beside = {key for met in search.met if one in met for key in met}
        for other in sorted(beside):
            if one == other or (other in wrong and other < one):
                continue
            for first in _kinds_of(search, one, now):
                for second in _kinds_of(search, other, now):
                    if search.trials >= _MAX_TRIALS:
                        return
                    yield {**now, one: first, other: second}


def _kinds_of(search: _Search, key: KindKey, now: Kinds) -> list[Kind]:
    """Other shapes that a letter may have."""
    if key in search.heads or not is_open(search.scope, key):
        return []
    return [kind for kind in KINDS if kind != now.get(key) and not _is_turned(search.scope, key, kind)]


def _is_turned(scope: Scope, key: KindKey, kind: Kind) -> bool:
    """Whether a vector would stand the other way than the document has it."""
    return kind.rank == 1 and kind.row != scope.rows.get(key[0].split("^")[0], kind.row)


def _unusual(scope: Scope, key: KindKey, kind: Kind) -> float:
    """How unlikely a shape is for a letter by how it is set."""
    name, bold, _ = key
    if not is_open(scope, key):
        return 0.0
    if bold and kind.rank == 0:
        return _BOLD_NUMBER
    row = _ROW if kind.row and name.split("^")[0] not in scope.rows else 0.0
    if name[:1].isupper():
        return (0.35, 0.3, 0.0)[kind.rank] + row / 4
    return (0.2 * abs(kind.rank - int(bold)) if kind.rank < _MATRIX else _SMALL_MATRIX) + row


def _kind(value: Value) -> Kind | None:
    if not isinstance(value, Tensor):
        return None
    return Kind(2) if value.rows and value.cols else Kind(int(not value.is_scalar), value.cols is not None)


def _equations(scope: Scope, nodes: Iterable[Node]) -> Iterator[_Equation]:
    """The formulas of a document; one that has a new letter alone on its left defines it."""
    seen: set[str] = set()
    for left, right in equations(nodes):
        head, defines = None, False
        if right is not None:
            spelled = _spelled(left)
            new = not _introduced(scope, left) & seen
            seen |= _spellings(right)
            head = _key(scope, left) if spelled and spelled not in seen else None
            defines = head is not None or new
        seen |= _spellings(left)
        yield _Equation(left, right, head, defines)


def _introduced(scope: Scope, left: Node) -> set[str]:
    """The letter that a definition introduces; of any other left side all letters."""
    head = head_of(scope, left)
    return {head.marks.name} if head is not None and head.params is not None else _spellings(left) | {""}


def _key(scope: Scope, left: Node) -> KindKey | None:
    """The letter that a formula defines, if it is one whose shape is open."""
    head = head_of(scope, left)
    if head is None or head.params is not None:
        return None
    base = head.node.base if isinstance(head.node, Script) else head.node
    numbered = "".join(f"^{part.value}" for part in head.marks.sups if isinstance(part, Num))
    key = head.marks.name + numbered, is_bold(base), len(head.marks.subs)
    return key if is_open(scope, key) else None


def _spelled(node: Node) -> str | None:
    """A letter with its numbers, which tell quantities apart; indices count and are left out."""
    if isinstance(node, Name):
        return canonical(node)
    if not isinstance(node, Script) or not isinstance(node.base, Name):
        return None
    marks = [part.body if isinstance(part, Group) else part for part in (node.sub, node.sup)]
    return "_".join([canonical(node.base), *(part.text for part in marks if isinstance(part, Number))])


def _spellings(node: Node) -> set[str]:
    """All letters of a formula."""
    found: set[str] = set()
    stack = [node]
    while stack:
        part = stack.pop()
        name = _spelled(part)
        if name is not None:
            found.add(name)
        else:
            stack.extend(children(part))
    return found
