"""Derivations over whole arrays: a gradient of a scalar is carried out rule by rule, from the variable outwards.

A pending gradient is always that of a scalar by a name, ∂s/∂z, so that every line can be read (and checked) by itself.
Where the variable enters through a part that no law covers, that part gets a name and the chain rule goes one step on:
∂s/∂w = X^T ∂s/∂z with z = X w.  Names of the document are used; names made up here disappear again where the result is
short without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from deriv.engine import tactics
from deriv.engine.arrays.jacobian import jacobian
from deriv.engine.arrays.laws import array_laws
from deriv.engine.arrays.match import MARK, first_law, replace
from deriv.engine.arrays.nodes import SCALAR, Shape, Shapes, is_scalar, shape_of
from deriv.engine.arrays.pull import Puller
from deriv.engine.arrays.tidy import Tidy
from deriv.engine.arrays.units import Units, is_layer
from deriv.engine.definitions import Definitions
from deriv.engine.forward import functions
from deriv.engine.step import Derivation, Step, changed_path
from deriv.engine.tactics import Matcher
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Expr
from deriv.rulebook.book import Rulebook

MAX_STEPS: Final = 500
# one law for the whole: losses and layers are derived, not looked up
_FOLDERS: Final = ("vectors", "matrices", "activations")
_EXPANDED: Final = 24  # a result without made-up names may cost this much to read
_LETTERS: Final[Mapping[str, tuple[str, str]]] = {
    "affine": ("zuvstrq", "ZUVSTRQ"),
    "layer": ("aphgqc", "HAPGQC"),
    "other": ("vuqtcg", "VUQTCG"),
}


def derive_arrays(
    expr: Expr,
    variable: n.Sym,
    book: Rulebook,
    shapes: Shapes,
    *,
    definitions: Mapping[Expr, Expr] | None = None,
    order: int = 1,
) -> Derivation:
    """The gradient of a scalar over whole arrays (`raising` makes them) by one of them, or its Hessian.

    The gradient is shaped like the variable; the Hessian needs a vector.  Raises MeaningError where no rule applies.
    """
    if shape_of(expr, shapes) != SCALAR:
        raise MeaningError("a gradient is taken of a scalar")
    if order == 2 and shape_of(variable, shapes)[1] is not None:
        raise MeaningError("the Hessian by a matrix has four indices: there is no matrix notation for it")
    engine = ArrayEngine(book, variable, dict(shapes), dict(definitions or {}), outer=order == 2)
    start: Expr = n.Derivative(expr, variable)
    line = engine.finish(engine.differentiate(start))
    if order == 2:
        start, engine.outer = n.Derivative(start, variable), False
        line = engine.finish(engine.differentiate(n.Derivative(line, variable)))
    used = {name: value for name, value in engine.named.items() if name in engine.made or name in (definitions or {})}
    steps = tuple(engine.steps)
    return Derivation(expr, variable, order, start, steps, line, used, dict(engine.shapes))


@dataclass(slots=True)
class ArrayEngine:
    """One derivation in the making; `named` are the values with a name, `made` those of them that were made up.

    While the first of two derivatives is taken, `outer` says that each line stands under the second one.
    """

    book: Rulebook
    variable: n.Sym
    shapes: dict[str, Shape]
    named: dict[Expr, Expr]
    made: list[Expr] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    outer: bool = False

    def matcher(self, variable: Expr) -> Matcher:
        """Structural rules for derivatives by one name."""
        return Matcher(self.book, variable, Definitions(self.named))

    def record(self, rules: list[str], before: Expr, after: Expr) -> Expr:
        """Note a step made by one or more rules."""
        if after != before:
            if len(self.steps) >= MAX_STEPS:
                raise MeaningError("the derivation has too many steps")
            first, *more = rules
            short = self.book[first].short if first in self.book else ""
            shown = (n.Derivative(before, self.variable), n.Derivative(after, self.variable))
            old, new = shown if self.outer else (before, after)
            self.steps.append(Step(first, old, new, changed_path(old, new), short, len(self.steps), tuple(more)))
        return after

    def differentiate(self, line: Expr) -> Expr:
        """Carry out one pending derivative after the other, the first one first."""
        while (target := self._pending(line)) is not None:
            rules, value = self.apply(target)
            if rules[0] == "definition":  # a name is put in everywhere
                line = self.record(rules, line, replace(line, {target: value}))
                continue
            line = self.record(rules, line, Tidy(self.shapes).light(replace(line, {target: value})))
        return line

    def _pending(self, line: Expr) -> n.Derivative | None:
        """The leftmost derivative whose body holds no other."""
        if isinstance(line, n.Derivative):
            return self._pending(line.body) or line
        for child in line.children:
            found = self._pending(child)
            if found is not None:
                return found
        return None

    def apply(self, derivative: n.Derivative) -> tuple[list[str], Expr]:
        """The rules for one derivative, and what it becomes."""
        body, variable = derivative.children
        matcher = self.matcher(variable)
        if not matcher.depends(body):
            return [tactics.constants(body, matcher)[0]], n.ZERO
        if not is_scalar(body, self.shapes):
            return jacobian(body, variable, matcher, self.shapes)
        if body == variable:
            return ["variable"], n.ONE
        if isinstance(body, n.Sym):
            return ["definition"], n.Derivative(self.named[body], variable)
        return self._scalar(body, variable, matcher)

    def _scalar(self, body: Expr, variable: Expr, matcher: Matcher) -> tuple[list[str], Expr]:
        direct = self._direct(body, variable, matcher)
        if direct is not None:
            return direct
        if isinstance(body, n.Mul) and any(not matcher.depends(part) for part in body.children):
            rule, value = tactics.products(body, matcher)
            return [rule], value
        through = self._through_names(body, variable)
        if through is not None:
            return through
        expanded = self._mixed(body, matcher)
        if expanded is not None:
            return expanded
        units = Units(variable, self.shapes, matcher.depends).of(body)
        if len(units) == 1:
            found = self._wider(body, units[0], variable, matcher)
            if found is not None:
                return found
            if units[0] != variable:
                name = self._name(units[0], variable)
                return ["definition"], n.Derivative(replace(body, {units[0]: name}), variable)
        return self._head(body, variable, matcher, units)

    def _direct(self, body: Expr, part: Expr, matcher: Matcher) -> tuple[list[str], Expr] | None:
        """A law for the whole scalar, as a function of one part (all that varies being in that part)."""
        rest = replace(body, {part: MARK})
        if matcher.depends(rest):
            return None
        laws = array_laws(self.book)
        own = [law for law in laws if law.kind == "gradient" and self.book[law.rule].folder in _FOLDERS]
        found = first_law(own, body, part, self.shapes)
        return None if found is None else ([found[0].rule], found[1])

    def _through_names(self, body: Expr, variable: Expr) -> tuple[list[str], Expr] | None:
        """The chain rule through values with a name, when the variable enters through them only."""
        if any(node == variable for node in n.walk(body)):
            return None
        definitions = Definitions(self.named)
        names = [
            name
            for name, value in self.named.items()
            if any(node == variable for node in n.walk(value)) and definitions.depends(body, name)
        ]
        parts: list[Expr] = []
        rules: list[str] = ["chain"]
        for name in names:
            puller = self._puller(variable)
            outer = n.Derivative(body, name)
            parts.append(puller.pull(self.named[name], variable, outer, name))
            rules += [rule for rule in puller.rules if rule not in rules]
        return (rules, Tidy(self.shapes).sum_of(parts)) if parts else None

    def _mixed(self, body: Expr, matcher: Matcher) -> tuple[list[str], Expr] | None:
        """The variable enters by itself and through names: term by term, or with the names put in."""
        names = [name for name in self.named if name != matcher.variable and matcher.depends(name)]
        inside = [name for name in names if any(node == name for node in n.walk(body))]
        if not inside:
            return None
        if isinstance(body, n.Add):
            return self._sum(body, matcher)
        return ["definition"], matcher.d(replace(body, {name: self.named[name] for name in inside}))

    def _sum(self, body: n.Add, matcher: Matcher) -> tuple[list[str], Expr]:
        """Term by term, what is constant left out."""
        moving = [term for term in body.children if matcher.depends(term)]
        rule = "difference" if any(map(tactics.is_negation, moving[1:])) else "sum"
        rules = [rule] if len(moving) > 1 else []
        if len(moving) < len(body.children):
            rules.append("other-variable" if len(moving) > 1 else "constant")
        terms = []
        for term in moving:
            if tactics.is_negation(term):
                terms.append(mul(n.MINUS_ONE, matcher.d(mul(*term.children[1:]))))
            else:
                terms.append(matcher.d(term))
        return rules, add(*terms)

    def _puller(self, variable: Expr) -> Puller:
        return Puller(self.book, self.shapes, self.matcher(variable).depends)

    def _wider(self, body: Expr, unit: Expr, variable: Expr, matcher: Matcher) -> tuple[list[str], Expr] | None:
        """A law for the head as a function of a unit, or of what is one simple step wider, and the way back from it."""
        units = Units(variable, self.shapes, matcher.depends)
        for part in [unit] if is_layer(unit) else n.walk(body):
            around = part == unit or any(node == unit for node in n.walk(part))
            if part == variable or not around or is_scalar(part, self.shapes) or not units.simple(part):
                continue
            direct = self._direct(body, part, matcher)
            if direct is not None:
                puller = self._puller(variable)
                value = puller.pull(part, variable, direct[1])
                return [*direct[0], *(rule for rule in puller.rules if rule not in direct[0])], value
        return None

    def _head(self, body: Expr, variable: Expr, matcher: Matcher, units: tuple[Expr, ...]) -> tuple[list[str], Expr]:
        """The rule of the outermost operation of a scalar."""
        match body:
            case n.Add():
                return self._sum(body, matcher)
            case n.Mul():
                rule, value = tactics.products(body, matcher)
                return [rule], value
            case n.Pow():
                rule, value = tactics.powers(body, matcher)
                return [rule], value
            case n.Call():
                rule, value = functions(body, matcher)
                return [rule], value
        whole = [unit for unit in units if unit != variable]
        if whole and not all(Units(variable, self.shapes, matcher.depends).affine(unit) for unit in whole):
            names = {unit: self._name(unit, variable) for unit in whole}
            if variable not in units:
                return ["definition"], n.Derivative(replace(body, dict(names)), variable)
        puller = self._puller(variable)
        return self._ruled(puller, puller.pull(body, variable, n.ONE))

    def _ruled(self, puller: Puller, value: Expr) -> tuple[list[str], Expr]:
        return puller.rules or ["chain"], value

    def _name(self, unit: Expr, variable: Expr) -> Expr:
        """The name of a value: the document's own, or a letter that nothing uses."""
        for name, value in self.named.items():
            if value == unit:
                return name
        affine = Units(variable, self.shapes, self.matcher(variable).depends).affine(unit)
        shape = shape_of(unit, self.shapes)
        column = _LETTERS["affine" if affine else "layer" if is_layer(unit) else "other"][None not in shape]
        taken = {str(node.data[0]) for expr in [*self.named, *self.named.values()] for node in _names(expr)}
        taken |= {self.variable.name, *self.shapes, *(size for pair in self.shapes.values() for size in _sizes(pair))}
        letter = next((one for one in column if one not in taken), f"v{len(self.made)}")
        name = n.Sym(letter)
        self.shapes[letter] = shape
        self.named[name] = unit
        self.made.append(name)
        return name

    def finish(self, line: Expr) -> Expr:
        """The form that an author would write."""
        tidy = Tidy(self.shapes)
        given = {name: value for name, value in self.named.items() if name not in self.made}
        for rule, new in tidy.passes(line, given):
            line = self.record([rule], line, new)
        expanded = line
        for name in reversed(self.made):
            expanded = replace(expanded, {name: self.named[name]})
        if expanded != line and tidy.cost(expanded) <= _EXPANDED:
            line = self.record(["definition"], line, expanded)
        return line


def _names(expr: Expr) -> Iterator[Expr]:
    return (node for node in n.walk(expr) if isinstance(node, n.Sym))


def _sizes(shape: Shape) -> Iterator[str]:
    for size in shape:
        if isinstance(size, n.Sym):
            yield size.name
