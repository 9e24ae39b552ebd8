"""What a document has said so far: definitions, numbers put in, facts, kinds of symbols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from deriv.equal.memory import Memory
from deriv.expr.domain import SIZE, Domain, Fact
from deriv.expr.nodes import Apply, Entry, Expr, Sym, walk
from deriv.expr.tensor import Grid, Tensor, Value
from deriv.meaning.ranges import Ranges
from deriv.meaning.survey import Kind, KindKey, Survey

HESSIAN, LAPLACIAN = "Hessian", "Laplacian"
ROWS, COLUMNS = "rows", "columns"


@dataclass(frozen=True, slots=True)
class Definition:
    """`head = body`: `params` are the argument names of a function, or the index names of a family.

    One that is `named` got its name at the end of an equation: `f(g(x)) = z`.
    One `put_in` was read from a step in which something else stands for the name.
    One `aside` is only kept as what the name may mean (`w = (X^T X)^{-1} X^T y` of a variable w).
    A scalar definition has no parameters.  `sups` counts the superscript indices among the parameters of a family.
    """

    name: str
    form: str  # "scalar", "family" or "function"
    params: tuple[str, ...]
    body: Value
    line: int
    sups: int = 0
    aside: bool = False
    put_in: bool = False
    named: bool = False

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Definitions with the same key replace one another."""
        return self.name, self.form, len(self.params) if self.form == "family" else 0, self.sups


@dataclass
class Scope:
    """The state of knowledge at a point of the document; `survey` is about the whole of it."""

    survey: Survey
    ranges: Ranges = field(default_factory=Ranges)
    history: list[Definition] = field(default_factory=list)
    later: list[Definition] = field(default_factory=list)
    forms: list[tuple[Definition, Definition]] = field(default_factory=list)
    """Definitions in force, each with another that was shown to be equal: `h = σ(z)` beside `h = σ(W x + b)`."""
    instances: dict[Expr, tuple[Expr, int]] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    equations: list[tuple[Expr, Expr]] = field(default_factory=list)
    excluded: list[Expr] = field(default_factory=list)
    not_symmetric: set[str] = field(default_factory=set)
    speaks_of_symmetry: bool = False
    one_hot: set[str] = field(default_factory=set)
    """Names that the text calls one-hot."""
    symmetric: set[str] = field(default_factory=set)
    symmetric_from: dict[str, int] = field(default_factory=dict)
    """The line of the words that call a matrix symmetric: they do not reach back over a heading."""
    entries: dict[str, str] = field(default_factory=dict)
    """Matrices by the names that the text gives to their entries: A by a in `A = (a_{ij})`; "" where two are meant."""
    placed: set[str] = field(default_factory=set)
    """Those of them of which a formula shows where they stand."""
    special: dict[str, str] = field(default_factory=dict)
    """Matrices of which the text says that they are orthogonal, diagonal or the like, with its word."""
    partial: set[str] = field(default_factory=set)
    """Families of which single members are given: `C_{11} = a_{22}`."""
    log: str = "natural"
    layout: str = "auto"
    identity_activation: bool = False
    declared: set[tuple[str, bool]] = field(default_factory=set)
    """Names, bold or not, whose space the text states: `x \\in \\mathbb{R}^n`."""
    vector_functions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Parameters of functions with vector values, which are kept as the vectors themselves."""
    resized: set[str] = field(default_factory=set)
    """Names whose sizes the text states in two ways."""
    rows: dict[str, bool] = field(default_factory=dict)
    """Which vectors stand as rows, which as columns, as far as the formulas fit together one way only."""
    stretched: set[str] = field(default_factory=set)
    """Vectors added to matrices, of which nothing says whether they are added to the rows or to the columns."""
    two_ways: bool = False
    """Whether the value read last has a slash that can be taken in two ways (`a/bc`)."""
    doubtful: set[str] = field(default_factory=set)
    """Names whose definition has such a slash."""
    given: list[Definition] = field(default_factory=list)
    """What was given beside the document."""
    arrays: Mapping[tuple[str, bool, bool], int] = field(default_factory=dict)
    """Letters that cannot be numbers by what is done with them in the chain that is judged: their least rank."""
    here: tuple[int, str | None] = (0, None)
    """The line of the chain that is judged, and the name at its head: it is not its own definition."""
    section: int = 0
    """The line of the last heading."""
    section_end: int = 0
    """The line of the next heading; 0 where there is none."""
    exercise: int = 0
    """The line of the last heading of an exercise."""
    grids: dict[str, Grid] = field(default_factory=dict)
    """Vectors and matrices that the text writes out entry by entry."""
    learned: dict[KindKey, Kind] = field(default_factory=dict)
    """Shapes under which earlier formulas fitted together that did not fit at first."""
    settled: set[KindKey] = field(default_factory=set)
    """Those of them that the text declares: `h_t \\in \\mathbb{R}^m`."""
    wrong_gradients: dict[tuple[Expr, str], tuple[Expr, Tensor]] = field(default_factory=dict)
    """What was written, wrongly, for the derivative of a quantity by a variable: (variable, value)."""
    stated: list[tuple[Expr, Expr, str, int]] = field(default_factory=list)
    """Equations that are no identities (`Σ α_i y_i = 0` at an optimum): both sides, as written, and the line."""
    nabla_squared: tuple[str, ...] = (HESSIAN, LAPLACIAN)
    """What ∇² may mean by the words of the text, likeliest first."""
    softmax_by: str | None = None
    """Whether the text says that softmax is taken of each row or of each column of a matrix."""
    slopes_by_subscript: set[str] = field(default_factory=set)
    """Functions of which a subscript has been seen to mean a derivative: `f_x` of f(x, y)."""
    labels_in_words: bool = False
    """Whether the text names label values without the letter that takes them."""
    loss: str | None = None
    supposed: dict[str, tuple[int, str, Fact | None]] = field(default_factory=dict)
    """Names whose bounds a sentence supposes: the place where it does, its words, and what is known without it."""
    regions: list[frozenset[str]] = field(default_factory=list)
    coincidences: set[frozenset[str]] = field(default_factory=set)
    memory: Memory = field(default_factory=Memory)

    def define(self, definition: Definition) -> None:
        """Take in a definition; it holds from here on."""
        self.history.append(definition)

    def begin_section(self, line: int, end: int) -> None:
        """A heading: what was only put in for a name in a step above holds no longer."""
        self.section, self.section_end = line, end
        self.history = [replace(d, aside=True) if d.put_in else d for d in self.history]

    def defined_below(self, name: str) -> bool:
        """Whether the rest of this section defines a name."""
        within = [d for d in self.later if d.line >= self.section and not 0 < self.section_end <= d.line]
        return any(definition.name == name for definition in within)

    def current(self) -> dict[tuple[str, str, int, int], Definition]:
        """The definition in force for each head."""
        return {definition.key: definition for definition in self.history if not definition.aside}

    def leaves_behind(self, name: str) -> bool:
        """Whether a name was defined under an earlier heading only: what is said of it now is of another one."""
        own = [definition for definition in self.history if definition.name == name]
        if any(definition.line >= self.section or definition in self.given for definition in own):
            return False
        self.history = [replace(d, aside=True) if d in own else d for d in self.history]
        return bool(own)

    def with_forms(self, variables: Iterable[str]) -> dict[tuple[str, str, int, int], Definition]:
        """The definitions in force, each in the form that holds the variables of differentiation, if one does."""
        chosen = self.current()
        for old, other in self.forms:
            if chosen.get(old.key) != old:
                continue
            reached = self._reached(names_in(other.body)) - self._reached(names_in(old.body))
            if any(name in reached for name in variables):
                chosen[old.key] = other
        return chosen

    def lookup(self, name: str, form: str | None = None) -> Definition | None:
        """The latest definition of a name."""
        for definition in reversed(self.history):
            if definition.name == name and not definition.aside and (form is None or definition.form == form):
                return definition
        return None

    def is_free_variable(self, name: str, value: Expr) -> bool:
        """Whether a value of nothing but data is given to a name that definitions above use as a variable.

        The document differentiates by the name and never differentiates it: `w = (X^T X)^{-1} X^T y`.
        """
        survey = self.survey
        parts = {node.name for node in walk(value) if isinstance(node, Sym | Entry) and "." not in node.name}
        if any(survey.denominators[part] for part in self._reached(parts)):
            return False
        if not survey.denominators[name] or survey.numerators[name] or name.endswith("hat"):
            return False
        return any(name in names_in(definition.body) for definition in self.history if definition.name != name)

    def rests_on(self, name: str, other: str) -> bool:
        """Whether the definition of a name holds another, perhaps through others."""
        return name != other and other in self._reached([name])

    def _reached(self, names: Iterable[str]) -> frozenset[str]:
        """Names, their stems, and all that their definitions hold."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found |= {name}
            waiting.append(name.split("_")[0])
            waiting.extend(part for d in self.history if d.name == name for part in names_in(d.body) if "." not in part)
        return frozenset(found)

    def is_function(self, name: str) -> bool:
        """Whether the document uses the name as a function."""
        return self.lookup(name, "function") is not None or self.survey.heads[name] > 0 or self.survey.primed[name] > 0

    def depends(self, name: str) -> bool:
        """Whether the name stands for something that varies with others (so its derivative is never just 0)."""
        survey = self.survey
        return bool(
            survey.numerators[name] or survey.heads[name] or name.endswith("hat") or self.lookup(name) is not None
        )

    def independent(self, name: str, variable: str) -> bool:
        """Whether two names are variables of their own: arguments of one function, or both differentiated by."""
        together = any(d.form == "function" and name in d.params and variable in d.params for d in self.history)
        leaves = not self.depends(name) and not self.depends(variable)
        return together or (leaves and self.survey.denominators[name] > 0)

    def domain(self, *sides: Expr, ranges: Ranges | None = None) -> Domain:
        """What is known about the symbols of a claim; `ranges` are those that its letters have in the claim."""
        canonical = (ranges or self.ranges).canonical
        facts = dict(self.facts)
        for side in sides:
            for node in walk(side):
                if isinstance(node, Sym | Entry) and node.name not in facts and node.name in self.survey.sizes:
                    facts[node.name] = SIZE
        end = self.section_end
        symmetric = {name for name in self.symmetric if not end or self.symmetric_from.get(name, 0) < end}
        symmetric |= {self.entries[name] for name in symmetric if self.entries.get(name)}
        return Domain(
            facts,
            tuple((canonical(a), canonical(b)) for a, b in self.equations),
            tuple(self.excluded),
            frozenset(symmetric | {f"d {name}" for name in symmetric}),
            memory=self.memory,
        )


def names_in(value: Value) -> frozenset[str]:
    """Names of symbols and families in a value."""
    bodies = [value.body] if isinstance(value, Tensor) else [e for row in value.entries for e in row]
    return frozenset(node.name for body in bodies for node in walk(body) if isinstance(node, Sym | Entry))


def is_number(value: Value) -> bool:
    """Whether a value is written with numbers only."""
    bodies = [value.body] if isinstance(value, Tensor) else [e for row in value.entries for e in row]
    return not any(isinstance(node, Sym | Entry | Apply) for body in bodies for node in walk(body))
