"""Ways to take the definitions of a document, likeliest first.

Notes reuse letters, define a loss twice, speak of one example after the sum.  A step is wrong only when it is wrong
in every way that its author may have meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from deriv.expr.nodes import ONE, Call, Entry, Expr, Sum, Sym, walk
from deriv.expr.substitute import rebuild, same_or, substitute
from deriv.expr.tensor import Tensor
from deriv.meaning.entries import Entries, entries_in_words, likely_entries, of_matrix, told_entries
from deriv.meaning.names import VALUE_MARKS
from deriv.meaning.resolve import Resolution, Resolver
from deriv.meaning.scope import Definition, Scope

Key = tuple[str, str, int, int]
_MAX_ALTERNATIVES = 6


@dataclass(frozen=True, slots=True)
class Interpretation:
    """How names are filled in; `note` is for the report when it is not the plain way.

    Any way may show that a step holds; only the plain ones can leave it open.
    """

    definitions: Mapping[Key, Definition]
    note: str = ""
    assumes: tuple[str, ...] = ()
    hold_others: bool = False
    exact: Mapping[Expr, Expr] = field(default_factory=dict)
    bodies: Mapping[str, Callable[[Expr], Expr]] = field(default_factory=dict)
    optional: bool = False
    whole: Mapping[Key, Definition] = field(default_factory=dict)
    """All definitions, where that of a loss is left out: the chain rule may say all without it."""
    entries: Entries = field(default_factory=dict)
    """Small letters that are read as the entries of matrices."""
    resolved: dict[Expr, Resolution] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What was resolved in this way before; the readings of a step share most of their parts."""

    @property
    def is_plain(self) -> bool:
        """Whether this is how the document reads without any charity."""
        return not (self.note or self.optional)

    def without(self, names: frozenset[str]) -> Interpretation:
        """The same with names left general that have a definition."""
        if not any(key[0] in names and key[1] == "scalar" for key in self.definitions):
            return self
        kept = {k: one for k, one in self.definitions.items() if k[0] not in names or k[1] != "scalar"}
        return replace(self, definitions=kept)

    def with_entries(self, entries: Entries) -> Interpretation:
        """The same with small letters as the entries of matrices."""
        changed = {one.key: one for one in (of_matrix(each, entries) for each in self.definitions.values())}
        whole = {one.key: one for one in (of_matrix(each, entries) for each in self.whole.values())}
        return replace(self, definitions=changed, whole=whole, entries={**self.entries, **entries})

    def resolver(self, scope: Scope) -> Resolver:
        """A resolver that fills names in this way."""
        return Resolver(
            self.definitions,
            scope.depends,
            scope.independent,
            self.hold_others,
            self.bodies,
            self.exact,
            is_written=lambda name: scope.survey.seen[name] > 0,
            memory=self.resolved,
            entries=self.entries,
        )


def interpretations(
    scope: Scope,
    names: frozenset[str],
    variables: frozenset[str] = frozenset(),
    losses: frozenset[str] = frozenset(),
) -> Iterator[Interpretation]:
    """All ways to take the definitions that matter for the given names, each with and without other variables held."""
    told = told_entries(scope)
    for way in _with_names_as_told(scope, names, variables, losses):
        yield way.with_entries(told) if told else way
    likely = likely_entries(scope, names)
    if likely:
        plain = Interpretation(scope.with_forms(variables), bodies=activation_bodies(scope), optional=True)
        plain = replace(plain.with_entries({**told, **likely}), assumes=entries_in_words(likely))
        yield plain
        yield replace(plain, hold_others=True)


def _with_names_as_told(
    scope: Scope, names: frozenset[str], variables: frozenset[str], losses: frozenset[str]
) -> Iterator[Interpretation]:
    for way in _ways(scope, names, variables):
        yield way
        yield replace(way, hold_others=True)
    # the chain rule through a layer holds whatever the loss is
    known = scope.with_forms(variables)
    if any(key[0] in losses for key in known):
        unknown = {key: definition for key, definition in known.items() if key[0] not in losses}
        yield Interpretation(unknown, bodies=activation_bodies(scope), optional=True, whole=known)


def _ways(scope: Scope, names: frozenset[str], variables: frozenset[str]) -> Iterator[Interpretation]:
    current = scope.with_forms(variables)
    bodies = activation_bodies(scope)
    plain = Interpretation(current, bodies=bodies)
    yield plain
    if scope.identity_activation:
        identity = dict.fromkeys(bodies, _identity)
        yield replace(plain, bodies=identity, note="the activation is taken as the identity, as the text says")
    elif bodies:
        yield replace(plain, bodies={}, optional=True)
    # what a variable is at a solution is not what it is where a derivative is taken
    for key, definition in _alternatives(scope, current, names - variables):
        changed = {**current, key: definition}
        yield replace(plain, definitions=changed, note=f"{key[0]} is taken as on line {definition.line}")
    # what a variable is at the end (`r = 3` at the optimum) is not what it is before
    places = variables | {param for d in (*scope.history, *scope.later) if d.form == "function" for param in d.params}
    later_ones = (d for d in reversed(scope.later) if not d.aside and (d.line, d.name) != scope.here)
    below = [d for d in later_ones if d.name in names - places]
    later = {d.key: d for d in below if scope.lookup(d.name) is None}
    if later:
        said = ", ".join(sorted({d.name for d in later.values()}))
        yield replace(plain, definitions={**later, **current}, note=f"{said} as defined below")
    single = one_example(scope, current)
    if single is not None:
        yield replace(plain, definitions=single, note="read for one example, without the sum over the data")
    if scope.instances:
        # a number put in for the variable of a derivative would be put in too early
        exact = {key: value for key, (value, _) in scope.instances.items() if _label(key) not in variables}
        told = tuple(f"{_plain(key)} = {_plain(value)}" for key, value in exact.items() if _label(key) in names)
        yield replace(plain, exact=exact, note="with the numbers given above", assumes=told)


def _plain(expr: Expr) -> str:
    from deriv.expr.sympy_bridge import to_text

    return to_text(expr)


def _label(key: Expr) -> str:
    return key.name if isinstance(key, Sym | Entry) else ""


def _identity(x: Expr) -> Expr:
    return x


def activation_bodies(scope: Scope) -> dict[str, Callable[[Expr], Expr]]:
    """σ without a definition is the logistic function, as everywhere in the field."""
    if scope.lookup("sigma") is not None:
        return {}
    return {"sigma": lambda x: Call("sigmoid", (x,))}


def _alternatives(
    scope: Scope, current: Mapping[Key, Definition], names: frozenset[str]
) -> Iterator[tuple[Key, Definition]]:
    """Earlier definitions of a name, and those of its variants (`f_a` where f is written)."""
    found = 0
    for definition in reversed(scope.history):
        stem, _, mark = definition.name.partition("_")
        if mark in VALUE_MARKS or mark.startswith("_"):
            stem = definition.name  # x^* is one x only
        name = definition.name if definition.name in names else stem if stem in names else None
        if name is None:
            continue
        key = (name, *definition.key[1:])
        if current.get(key) == definition or found >= _MAX_ALTERNATIVES:
            continue
        found += 1
        yield key, replace(definition, name=name)


def one_example(scope: Scope, current: Mapping[Key, Definition]) -> dict[Key, Definition] | None:
    """The definitions without sums over data points, if there are such sums."""
    changed: dict[Key, Definition] = {}
    several = _one_per_class(scope, current)
    for key, definition in current.items():
        if not isinstance(definition.body, Tensor):
            continue
        body, sizes = _without_data_sums(definition.body.body, several)
        if sizes:
            body = substitute(body, dict.fromkeys(sizes, ONE))
            changed[key] = replace(definition, body=replace(definition.body, body=body))
    for key, definition in current.items():
        erased = _erased_family(key, definition)
        if erased is not None:
            changed.setdefault(erased.key, erased)
    return {**current, **changed} if changed else None


def _one_per_class(scope: Scope, current: Mapping[Key, Definition]) -> frozenset[str]:
    """Families with a parameter of its own for each member (`z_k = w_k x + b_k`): classes or units, not data."""
    found = {name for name, count in scope.survey.denominators.items() if count}
    families = [d for d in current.values() if d.form == "family" and isinstance(d.body, Tensor)]
    while True:
        more = {d.name for d in families if d.name not in found and _shares_index(d, found)}
        if not more:
            return frozenset(found)
        found |= more


def _shares_index(definition: Definition, names: set[str]) -> bool:
    assert isinstance(definition.body, Tensor)
    params = {Sym(param) for param in definition.params}
    return any(
        isinstance(node, Entry) and node.name in names and params & set(node.indices)
        for node in walk(definition.body.body)
    )


def _without_data_sums(body: Expr, several: frozenset[str]) -> tuple[Expr, set[Expr]]:
    sizes: set[Expr] = set()

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        if isinstance(node, Sum) and _counts_data(node, several):
            sizes.add(node.hi)
            return erase_index(node.body, node.index)
        return node

    return rebuild(body, visit), {size for size in sizes if isinstance(size, Sym)} or ({ONE} if sizes else set())


def _counts_data(node: Sum, several: frozenset[str]) -> bool:
    """Whether the index of a sum stands in superscripts or as the only subscript of several quantities."""
    index = Sym(node.index)
    if any(isinstance(n, Entry) and n.name in several and index in n.indices[n.sups :] for n in walk(node.body)):
        return False
    users = {n.name for n in walk(node.body) if isinstance(n, Entry) and index in n.indices}
    labels = any(isinstance(n, Entry) and index in n.indices[: n.sups] for n in walk(node.body))
    return labels or len(users) >= 2


def erase_index(body: Expr, index: str) -> Expr:
    """`y^{(i)}` becomes y: the quantity of one example."""
    bound = Sym(index)

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        if not isinstance(node, Entry) or bound not in node.indices:
            return node
        sups = node.sups - sum(1 for part in node.indices[: node.sups] if part == bound)
        rest = tuple(part for part in node.indices if part != bound)
        return Entry(node.name, rest, sups) if rest else Sym(node.name)

    return rebuild(body, visit)


def _erased_family(key: Key, definition: Definition) -> Definition | None:
    """`ŷ^{(i)} = σ(w x^{(i)})` also says ŷ = σ(w x) of one example."""
    if definition.form != "family" or len(definition.params) != 1 or not isinstance(definition.body, Tensor):
        return None
    body = erase_index(definition.body.body, definition.params[0])
    return replace(definition, form="scalar", params=(), sups=0, body=replace(definition.body, body=body))
