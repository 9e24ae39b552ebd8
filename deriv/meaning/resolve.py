"""What an expression says once the document's definitions are put in and its derivatives are carried out.

`∂L/∂ŷ` means: expand L until ŷ appears and hold ŷ free; `dL/dw` expands all the way.  What a quantity depends on is
never guessed: the derivative of a quantity without a definition is a quantity of its own (`∂L/∂w`), not 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from deriv.errors import MeaningError
from deriv.expr.calculus import differentiate, integral, limit
from deriv.expr.functions import mul, over, power
from deriv.expr.nodes import (
    ZERO,
    Add,
    Antiderivative,
    Apply,
    Derivative,
    Entry,
    Expr,
    Integral,
    Limit,
    Num,
    Pow,
    Sym,
    walk,
)
from deriv.expr.substitute import bound_names, free_symbols, rebuild, same_or, substitute
from deriv.expr.tensor import Tensor, Value
from deriv.meaning.applications import STAR
from deriv.meaning.entries import Entries, as_entries
from deriv.meaning.quantities import is_other_reading, label, occurs, quantities, same_family, sups
from deriv.meaning.rates import TIME, rate_of
from deriv.meaning.recurrence import Family, are_members, family_of, is_axis, recurrent, shift
from deriv.meaning.scope import Definition

_EPSILON = Sym("_epsilon")
_MAX_NODES = 4000


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an expression was resolved to, or why it could not be, and what came up on the way."""

    value: Expr | MeaningError
    links: Mapping[str, tuple[Expr, Expr]]
    used: frozenset[int]
    changes_variable: bool
    sloped: bool
    held_steps: frozenset[str] = frozenset()


@dataclass
class Resolver:
    """Puts definitions in.  `depends` tells which undefined names vary with others; `constants` overrules it."""

    definitions: Mapping[tuple[str, str, int, int], Definition]
    depends: Callable[[str], bool]
    independent: Callable[[str, str], bool]
    hold_others: bool = False
    bodies: Mapping[str, Callable[[Expr], Expr]] = field(default_factory=dict)
    exact: Mapping[Expr, Expr] = field(default_factory=dict)
    links: dict[str, tuple[Expr, Expr]] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    is_written: Callable[[str], bool] = lambda _: False
    """Whether a name stands anywhere in the document."""
    changes_variable: bool = False
    """Whether an integral was taken over a quantity with a definition."""
    still: frozenset[str] = frozenset()
    """Families whose members do not vary with anything just now: a sum over all of them is taken."""
    sloped: bool = False
    """Whether anything was differentiated by a variable: only then it matters what is held fixed."""
    opening: bool = False
    """Whether recurrent families are put in too, each once: what is differentiated may reach the variable so."""

    held_steps: set[str] = field(default_factory=set)
    """Recurrent families of which members were held fixed that are not known to be independent of the variable."""
    memory: dict[Expr, Resolution] = field(default_factory=dict)
    """What was resolved before, in the same way."""
    entries: Entries = field(default_factory=dict)
    """Small letters that are read as the entries of matrices."""

    def __post_init__(self) -> None:
        self.recurrent = recurrent(self.definitions)

    def resolve(self, expr: Expr) -> Expr:
        """The expression without defined names and derivatives; members of recurrent families stay."""
        known = self.memory.get(expr)
        if known is None:
            known = self.memory[expr] = self._resolution(as_entries(expr, self.entries))
        self.links.update(known.links)
        self.used |= known.used
        self.changes_variable = self.changes_variable or known.changes_variable
        self.sloped = self.sloped or known.sloped
        self.held_steps |= known.held_steps
        if isinstance(known.value, MeaningError):
            raise MeaningError(str(known.value))
        return known.value

    def _resolution(self, expr: Expr) -> Resolution:
        fresh = replace(self, links={}, used=set(), changes_variable=False, sloped=False, held_steps=set())
        value: Expr | MeaningError
        try:
            value = fresh.expanded(expr, frozenset())
        except MeaningError as problem:
            value = problem
        held = frozenset(fresh.held_steps)
        return Resolution(value, fresh.links, frozenset(fresh.used), fresh.changes_variable, fresh.sloped, held)

    def expanded(self, expr: Expr, hold: frozenset[str]) -> Expr:
        """The expression with all definitions put in but those of some names."""
        return self._expand(expr, hold, frozenset())

    def put_in(self, member: Entry) -> Expr:
        """What a member of a recurrent family is by its definition, from the members before it."""
        return self._expand(self._by_definition(member), frozenset(), frozenset([member.name]))

    def _by_definition(self, member: Entry) -> Expr:
        definition = self._definition(member)
        if definition is None:
            return member
        self.used.add(definition.line)
        mapping: dict[Expr, Expr] = {Sym(p): i for p, i in zip(definition.params, member.indices, strict=True)}
        return substitute(scalar_body(definition.body), mapping)

    def _expand(self, expr: Expr, hold: frozenset[str], active: frozenset[str]) -> Expr:
        memo: dict[Expr, Expr] = {}

        def run(node: Expr) -> Expr:
            if node not in memo:
                memo[node] = self._step(node, hold, active, run)
            return memo[node]

        result = run(expr)
        if result is not expr and sum(1 for _ in walk(result)) > _MAX_NODES:
            raise MeaningError("the expression grows too large when the definitions are put in")
        return result

    def _step(self, node: Expr, hold: frozenset[str], active: frozenset[str], run: Callable[[Expr], Expr]) -> Expr:
        if isinstance(node, Derivative):
            return self._derivative(node, hold, active)
        if isinstance(node, Antiderivative):
            return self._antiderivative(node, hold, active)
        if isinstance(node, Sym | Entry | Apply):
            return self._name(node, hold, active, run)
        own = frozenset(bound_names(node))
        if own and not own <= hold:  # x in `∫ x dx` is not the x that has a value elsewhere
            children = tuple(self._expand(child, hold | own, active) for child in node.children)
        else:
            children = tuple(run(child) for child in node.children)
        if any(new is not old for new, old in zip(children, node.children, strict=True)):
            node = node.with_children(children)
        if isinstance(node, Limit):
            return _known(limit(node), "the limit could not be evaluated")
        if isinstance(node, Integral):
            return integral(node) or node
        return node

    def _name(
        self, node: Sym | Entry | Apply, hold: frozenset[str], active: frozenset[str], run: Callable[[Expr], Expr]
    ) -> Expr:
        if node in self.exact and label(node) not in hold:
            return self.exact[node]
        name = node.function if isinstance(node, Apply) else node.name
        if name in hold or name in active or (not self.opening and self._is_recurrent(node)):
            return self._args(node, run)
        definition = self._definition(node)
        if definition is None:
            return self._undefined(node, run)
        self.used.add(definition.line)
        body = scalar_body(definition.body)
        inside = active | {name}
        if isinstance(node, Apply):
            return self._call(node, definition, body, hold, inside, run)
        if isinstance(node, Entry):
            mapping: dict[Expr, Expr] = {Sym(p): run(i) for p, i in zip(definition.params, node.indices, strict=True)}
            body = substitute(body, mapping)
        return self._expand(body, hold, inside)

    def _args(self, node: Expr, run: Callable[[Expr], Expr]) -> Expr:
        children = tuple(run(child) if child != STAR else child for child in node.children)
        return node if children == node.children else node.with_children(children)

    def _definition(self, node: Sym | Entry | Apply) -> Definition | None:
        if isinstance(node, Sym):
            return self.definitions.get((node.name, "scalar", 0, 0))
        if isinstance(node, Entry):
            return self.definitions.get((node.name, "family", len(node.indices), node.sups))
        found = self.definitions.get((node.function, "function", 0, 0))
        if found is None or len(found.params) == len(node.children):
            return found
        # f(x) for f(x, w, b): the other arguments go without saying; so does h(x) in f(g(x)) for f(g, h)
        named = all(isinstance(arg, Sym | Apply) and label(arg) in found.params for arg in node.children)
        return found if named and not any(node.orders) else None

    def _undefined(self, node: Sym | Entry | Apply, run: Callable[[Expr], Expr]) -> Expr:
        if not isinstance(node, Apply):
            return self._args(node, run)
        if any(part == STAR for arg in node.children for part in walk(arg)):
            if any(node.orders):
                raise MeaningError(f"{node.function} is not defined")
            return Sym(f"{node.function}")
        new = self._args(node, run)
        body = self.bodies.get(node.function)
        if body is None or len(node.children) != 1:
            return new
        slot = Sym("_t")
        value = body(slot)
        for _ in range(node.orders[0]):
            value = differentiate(value, slot)
        return substitute(value, {slot: new.children[0]})

    def _call(
        self,
        node: Apply,
        definition: Definition,
        body: Expr,
        hold: frozenset[str],
        active: frozenset[str],
        run: Callable[[Expr], Expr],
    ) -> Expr:
        params = frozenset(definition.params)
        if any(node.orders):
            body = self._expand(body, hold | params, active)
            for param, order in zip(definition.params, node.orders, strict=True):
                if order and param not in free_symbols(body):
                    raise MeaningError(f"how {node.function} depends on {param} is not stated")
                for _ in range(order):
                    body = differentiate(body, Sym(param))
        if len(node.children) != len(definition.params):
            return self._expand(substitute(body, self._functions_of_one(definition.params)), hold, active)
        result = self._substituted(body, definition, node.children)
        return self._expand(result, hold, active)

    def _functions_of_one(self, params: tuple[str, ...]) -> dict[Expr, Expr]:
        """Parameters that are functions of one variable elsewhere: g in `f(g, h)` is `g(x)`."""
        found = {name: self.definitions.get((name, "function", 0, 0)) for name in params}
        return {
            Sym(name): Apply(name, (Sym(definition.params[0]),))
            for name, definition in found.items()
            if definition is not None and len(definition.params) == 1
        }

    def _substituted(self, body: Expr, definition: Definition, args: tuple[Expr, ...]) -> Expr:
        mapping: dict[Expr, Expr] = {}
        families: dict[str, Entry] = {}
        for param, arg in zip(definition.params, args, strict=True):
            if isinstance(arg, Entry) and STAR in arg.indices:
                families[param] = arg
            elif arg != Sym(param):
                mapping[Sym(param)] = arg
        body = _renamed(body, families) if families else body
        return substitute(body, mapping) if mapping else body

    def slope_of(self, quantity: Expr, variable: Expr, hold: frozenset[str]) -> Expr:
        """The derivative of a quantity by another, with some names and the other members of its family held fixed."""
        kept, self.still = self.still, self.still | {label(quantity)}
        try:
            return self._derivative(Derivative(quantity, variable), hold, frozenset())
        finally:
            self.still = kept

    # --- derivatives ---------------------------------------------------------------------------------------------

    def _derivative(self, node: Derivative, hold: frozenset[str], active: frozenset[str]) -> Expr:
        exact, self.exact = self.exact, {}  # a number put in before differentiating would be a constant
        try:
            slope = self._slope_of(node, hold, active)
        finally:
            self.exact = exact
        return self._expand(slope, hold, active)

    def _slope_of(self, node: Derivative, hold: frozenset[str], active: frozenset[str]) -> Expr:
        variable = node.variable
        self.sloped = True
        if isinstance(variable, Sym | Entry):
            if self._is_before(node.body, variable) and are_members(node.body, variable):
                return ZERO
            body = self._opened(node.body, variable, hold, active)
            if body is None:
                return self._link(node.body, variable)
            self._must_be_one_step(body, variable)
            slope = self._slope(body, variable)
            if slope == ZERO and are_members(node.body, variable):
                return self._link(node.body, variable)
            named = isinstance(node.body, Sym | Apply | Entry) and node.body != body
            if slope == ZERO and (named or not quantities(body)) and not occurs(body, variable):
                raise MeaningError(f"how {label(node.body) or 'this'} depends on {variable.name} is not stated")
        elif isinstance(variable, Apply):
            body = self._expand(node.body, hold | {variable.function}, active)
            slope = self._by_expression(body, variable)
        elif isinstance(variable, Pow) and isinstance(variable.children[0], Sym):
            slope = self._by_power(node.body, variable, hold, active)
        else:
            slope = self._by_expression(node.body, variable)
        return slope

    def _antiderivative(self, node: Antiderivative, hold: frozenset[str], active: frozenset[str]) -> Expr:
        """Over x itself, or over a defined u(x): then ∫ g du is ∫ g u' dx."""
        variable = node.variable
        body, over = self._expand(node.body, hold, active), self._expand(variable, hold, active)
        if over == variable or isinstance(over, Apply):
            return Antiderivative(body, over)
        self.changes_variable = True
        names = free_symbols(over)
        if len(names) != 1:
            raise MeaningError("the variable of the integral is defined by several quantities")
        inner = Sym(*names)
        return Antiderivative(mul(body, differentiate(over, inner)), inner)

    def _opened(self, body: Expr, variable: Sym | Entry, hold: frozenset[str], active: frozenset[str]) -> Expr | None:
        """What is differentiated, with definitions put in as far as the variable; None where none connects the two."""
        kept, self.opening = self.opening, True
        try:
            if not isinstance(body, Entry) or not are_members(body, variable):
                return self._expand(body, hold | {variable.name}, active)
            if self._definition(body) is None or body.name in hold | active:
                return None
            return self._expand(self._by_definition(body), hold | {variable.name}, active | {body.name})
        finally:
            self.opening = kept

    def _by_power(self, body: Expr, variable: Pow, hold: frozenset[str], active: frozenset[str]) -> Expr:
        """∂L/∂σ² is the slope by σ over 2σ."""
        base, exponent = variable.children
        if not isinstance(base, Sym) or not isinstance(exponent, Num):
            return self._by_expression(body, variable)
        body = self._expand(body, hold | {base.name}, active)
        if not occurs(body, base):
            raise MeaningError(f"how {label(body) or 'this'} depends on {base.name} is not stated")
        return over(self._slope(body, base), mul(exponent, power(base, Num(exponent.value - 1))))

    def _by_expression(self, body: Expr, variable: Expr) -> Expr:
        slot = Sym("_by")
        replaced = substitute(body, {variable: slot})
        if replaced == body:
            raise MeaningError("the derivative is by an expression that does not appear in what is differentiated")
        return substitute(differentiate(replaced, slot), {slot: variable})

    def _slope(self, body: Expr, variable: Sym | Entry) -> Expr:
        """The derivative of an expanded body, with a link for each quantity that may depend on the variable."""
        explicit = occurs(body, variable)
        if any(is_other_reading(leaf, variable) for leaf in quantities(body)):
            raise MeaningError(f"{variable.name} is read with different numbers of indices")
        if self.hold_others and explicit:
            others = (leaf for leaf in quantities(body) if leaf != variable and self._is_recurrent(leaf))
            self.held_steps |= {label(leaf) for leaf in others if not self._is_before(leaf, variable)}
            return differentiate(body, variable)
        leaves = {
            leaf
            for leaf in quantities(body)
            if not (same_family(leaf, variable) or label(leaf) in self.still or self._is_before(leaf, variable))
        }
        rates = {
            leaf: rate for leaf in leaves if variable == TIME and (rate := rate_of(leaf, self.is_written)) is not None
        }
        relatives = {leaf for leaf in leaves if label(leaf) == label(variable) and sups(leaf) > sups(variable)}
        dependent = {leaf for leaf in leaves if self.depends(label(leaf))} | relatives
        dependent |= rates.keys()
        if not explicit and not dependent:
            dependent = {leaf for leaf in leaves if not self.independent(label(leaf), variable.name)}
        slope = differentiate(body, variable) if explicit else ZERO
        if not dependent:
            return slope
        slopes = {leaf: rates[leaf] if leaf in rates else self._link(leaf, variable) for leaf in dependent}
        mapping: dict[Expr, Expr] = {leaf: Add((leaf, mul(_EPSILON, slopes[leaf]))) for leaf in dependent}
        varied = substitute(differentiate(substitute(body, mapping), _EPSILON), {_EPSILON: ZERO})
        return Add((slope, varied)) if explicit else varied

    def put_in_any(self, node: Entry) -> Expr:
        """A member of a recursion by its definition, or its derivative by what the earlier members give."""
        if node.name not in self.links:
            return self.put_in(node)
        leaf, variable = self.links[node.name]
        assert isinstance(leaf, Entry)
        return self.resolve(Derivative(Entry(leaf.name, node.indices[: len(leaf.indices)], leaf.sups), variable))

    @property
    def recurrent_slopes(self) -> frozenset[Family]:
        """The derivatives that were left open of members of a recursion."""
        return frozenset(
            (name, len(leaf.indices) + len(variable.children), 0)
            for name, (leaf, variable) in self.links.items()
            if isinstance(leaf, Entry) and self._is_recurrent(leaf)
        )

    def _must_be_one_step(self, body: Expr, variable: Sym | Entry) -> None:
        """∂L/∂h_t of a loss over all steps: whether the later h are held fixed or follow from h_t is not written."""
        if self.hold_others or self.still or not self._is_recurrent(variable):
            return
        assert isinstance(variable, Entry)
        steps = [position for position, index in enumerate(variable.indices) if shift(index) is not None]
        members = (n for n in walk(body) if isinstance(n, Entry) and family_of(n) == family_of(variable))
        for member in members:
            pairs = ((shift(member.indices[k]), shift(variable.indices[k])) for k in steps)
            if any(a != b and not (is_axis(a) and is_axis(b)) for a, b in pairs):
                raise MeaningError(f"whether {variable.name} of other steps is held fixed is not stated")

    def _is_recurrent(self, node: Expr) -> bool:
        return isinstance(node, Entry) and family_of(node) in self.recurrent

    def _is_before(self, leaf: Expr, variable: Sym | Entry) -> bool:
        """Whether a quantity belongs to an earlier step or layer than the variable: it cannot depend on it."""
        if not (isinstance(leaf, Entry) and isinstance(variable, Entry) and self._is_recurrent(leaf)):
            return False
        ends = [[step for index in one.indices if (step := shift(index)) is not None] for one in (leaf, variable)]
        return any(a == b and m < n for a, m in ends[0] for b, n in ends[1])

    def _link(self, leaf: Expr, variable: Sym | Entry) -> Expr:
        name = f"∂{_spelling(leaf)}/∂{_spelling(variable)}"
        indices = (*(leaf.children if isinstance(leaf, Entry) else ()), *variable.children)
        self.links[name] = (leaf, variable)
        return Entry(name, indices) if indices else Sym(name)


def _spelling(node: Expr) -> str:
    """A name with its number of indices, so that E and E_t are told apart."""
    return label(node) + "'" * len(node.children if isinstance(node, Entry) else ())


def _known(value: Expr | None, message: str) -> Expr:
    if value is None:
        raise MeaningError(message)
    return value


def _renamed(body: Expr, families: Mapping[str, Entry]) -> Expr:
    """x ↦ x^{(i)}, x ↦ x^*: every entry of a parameter becomes an entry of the argument."""

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        arg = families.get(node.name) if isinstance(node, Entry) else None
        if arg is None:
            return node
        inner = iter(node.children)
        return Entry(arg.name, tuple(next(inner, STAR) if part == STAR else part for part in arg.indices), arg.sups)

    return rebuild(body, visit)


def scalar_body(value: Value) -> Expr:
    """The body of a definition; definitions of vectors are kept entry by entry, so that it is a scalar."""
    if isinstance(value, Tensor):
        return value.body
    if value.shape == (1, 1):
        return value.entries[0][0]
    raise MeaningError("a matrix that is written out stands where a scalar was expected")
