"""Forward derivation: a derivative is carried out rule by rule until none is left, then the result is tidied.

Every step is made by the rule that it names.  What is already tidy, or free of derivatives, is remembered by node, so
that the work grows with the expression graph and not with the tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deriv.engine import indices, tactics
from deriv.engine.algebra import Algebra, minus_bracket
from deriv.engine.definitions import Definitions, Leaf
from deriv.engine.monomial import Canon
from deriv.engine.names import Naming
from deriv.engine.rewrite import Pass, flatten, light_passes
from deriv.engine.step import Derivation, Step, changed_path
from deriv.engine.tactics import Applied, Matcher, open_cases
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.nodes import Expr
from deriv.expr.substitute import post_order, rebuild, same_or, substitute
from deriv.rulebook.book import Rulebook
from deriv.rulebook.model import FunctionLaw

MAX_STEPS = 20_000
MAX_ROUNDS = 12


def derive(
    expr: Expr,
    variable: Expr,
    book: Rulebook,
    *,
    definitions: Mapping[Expr, Expr] | None = None,
    equations: Mapping[Expr, Expr] | None = None,
    order: int = 1,
) -> Derivation:
    """The derivative of `expr` by `variable` with every step.

    `definitions` are values with a name (ŷ, z); they are expanded only where the variable is inside, and used again
    in the result.  `equations` are known values of whole expressions, such as Σ_k y_k = 1.
    """
    if not isinstance(variable, n.Sym | n.Entry):
        raise MeaningError("a derivative is taken by a name or an entry")
    given = {name: normal(value) for name, value in (definitions or {}).items()}
    engine = _Engine(Matcher(book, variable, Definitions(given)), dict(equations or {}))
    start = n.Derivative(normal(expr), variable)
    line: Expr = start
    for k in range(order):
        engine.outer = order - 1 - k
        line = engine.finish(engine.differentiate(line if line is start else n.Derivative(line, variable)))
    shown = engine.under(start, order - 1)
    return Derivation(normal(expr), variable, order, shown, tuple(engine.steps), line, given)


def normal(expr: Expr) -> Expr:
    """One way to write each operation: roots as powers, binary maxima, no product inside a product."""

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = flatten(same_or(node, children))
        if not isinstance(node, n.Call):
            return node
        if node.function == "sqrt":
            return n.Pow(node.children[0], n.HALF)
        if node.function == "logbase" or (node.function == "log" and len(node.children) == 2):
            value, base = node.children if node.function == "log" else node.children[::-1]
            return n.Mul((n.Call("log", (value,)), n.reciprocal(n.Call("log", (base,)))))
        if node.function in ("max", "min") and len(node.children) > 2:
            first, *rest = node.children
            return n.Call(node.function, (first, visit(n.Call(node.function, tuple(rest)), tuple(rest))))
        return node

    return rebuild(expr, visit)


@dataclass(slots=True)
class _Engine:
    """One derivation in the making."""

    matcher: Matcher
    equations: dict[Expr, Expr]
    steps: list[Step] = field(default_factory=list)
    canon: Canon = field(default_factory=Canon)
    pool: dict[Expr, Expr] = field(default_factory=dict)
    light: tuple[Pass, ...] = ()
    flat: Pass = field(default_factory=lambda: Pass("", flatten))
    pending: dict[Expr, bool] = field(default_factory=dict)
    wave: int = 0
    outer: int = 0
    """How many further derivatives stand around the lines that are being written."""

    def __post_init__(self) -> None:
        self.light, self.flat = light_passes(self.pool), Pass("", flatten, self.pool)

    def record(self, rule: str, before: Expr, after: Expr) -> Expr:
        """Note a step, unless nothing changed; the new line is flat."""
        after = self.flat(after)
        if after != before:
            if len(self.steps) >= MAX_STEPS:
                raise MeaningError("the derivation has too many steps")
            short = self.matcher.book[rule].short if rule in self.matcher.book else ""
            old, new = self.under(before, self.outer), self.under(after, self.outer)
            self.steps.append(Step(rule, old, new, changed_path(old, new), short, self.wave))
        return after

    def under(self, line: Expr, count: int) -> Expr:
        """The line under that many further derivatives."""
        for _ in range(count):
            line = n.Derivative(line, self.matcher.variable)
        return line

    def differentiate(self, line: Expr) -> Expr:
        """Apply rules to the derivatives of the line, wave by wave, until none is left."""
        line = self.tidy(self.flat(line))
        while targets := self._ready(line):
            self.wave += 1
            for target in targets:
                rule, value = apply_rule(target, self.matcher)
                line = self.record(rule, line, self._replace(line, target, value))
                line = self.tidy(line)
        return line

    def tidy(self, line: Expr) -> Expr:
        """Zeros, ones and numbers, until nothing changes."""
        while True:
            before = line
            for light in self.light:
                line = self.record(light.rule, line, light(line))
            if line == before:
                return line

    def _open(self, node: Expr) -> bool:
        """Whether a derivative is somewhere below (or is) the node."""
        if node not in self.pending:
            for part in post_order(node):
                if part not in self.pending:
                    below = any(self.pending[child] for child in part.children)
                    self.pending[part] = below or isinstance(part, n.Derivative)
        return self.pending[node]

    def _ready(self, line: Expr) -> list[Expr]:
        """The derivatives to carry out now, from left to right: their bodies hold none.

        Named values wait until nothing else is left, so that each is expanded once for all its places.
        """
        found: dict[Expr, None] = {}
        seen: set[Expr] = set()
        stack = [line]
        while stack:
            node = stack.pop()
            if node in seen or not self._open(node):
                continue
            seen.add(node)
            if isinstance(node, n.Derivative) and not self._open(node.body):
                found[node] = None
            stack.extend(reversed(node.children))
        first = [node for node in found if not self._waits(node)]
        return first or list(found)

    def _waits(self, derivative: Expr) -> bool:
        body, variable = derivative.children
        return isinstance(body, n.Sym | n.Entry) and body.data != variable.data and self.matcher.depends(body)

    def _replace(self, root: Expr, old: Expr, new: Expr) -> Expr:
        """Every occurrence of a derivative, looking only where derivatives are."""
        done: dict[Expr, Expr] = {old: new}
        stack = [root]
        while stack:
            node = stack[-1]
            if node in done or not self._open(node):
                done.setdefault(node, node)
                stack.pop()
                continue
            todo = [child for child in node.children if child not in done]
            if todo:
                stack.extend(todo)
                continue
            done[node] = same_or(node, tuple(done[child] for child in node.children))
            stack.pop()
        return done[root]

    def finish(self, line: Expr) -> Expr:
        """Algebra of the result, rule by rule, until nothing changes."""
        algebra, naming = Algebra(self.canon), Naming(self.matcher.definitions.given, self.equations, self.canon)
        visits = (
            ("delta-contraction", indices.contract),
            ("cancel", algebra.powers),
            ("definition", naming.fold),
            ("labels-sum-to-one", naming.known),
            ("sum-constant-factor", indices.take_out),
            ("sum-of-constant", indices.sum_constant),
            ("like-terms", algebra.like_terms),
            ("common-denominator", algebra.common_denominator),
            ("distribute", algebra.distribute),
            ("collect", algebra.collect),
            ("minus-bracket", minus_bracket),
        )
        passes = [Pass(rule, visit, self.pool) for rule, visit in visits]
        for _ in range(MAX_ROUNDS):
            before = line
            for rewriting in passes:
                self.wave += 1
                line = self.tidy(self.record(rewriting.rule, line, rewriting(line)))
            if line == before:
                break
        return self.record("reordering", line, Pass("reordering", algebra.ordered, self.pool)(line))


def apply_rule(derivative: Expr, matcher: Matcher) -> Applied:
    """The rule for a derivative whose body holds no other, and what it becomes."""
    assert isinstance(derivative, n.Derivative)
    body, m = derivative.body, matcher
    if derivative.variable != m.variable:
        m = Matcher(matcher.book, derivative.variable, matcher.definitions)
    if not m.depends(body):
        return tactics.constants(body, m)
    match body:
        case n.Sym() | n.Entry():
            return _leaf(body, m)
        case n.Add():
            return tactics.sums(body, m)
        case n.Mul():
            return tactics.products(body, m)
        case n.Pow():
            return tactics.powers(body, m)
        case n.Call():
            return functions(body, m)
        case n.Apply():
            return tactics.unknown_functions(body, m)
        case n.Sum():
            return tactics.index_sums(body, m)
        case n.Product():
            return tactics.index_products(body, m)
        case n.Cases():
            return tactics.cases(body, m)
        case n.Integral():
            return tactics.integrals(body, m)
        case n.Delta():
            return "constant", n.ZERO
    raise MeaningError(f"no rule differentiates a {type(body).__name__}")


def _leaf(body: Leaf, m: Matcher) -> Applied:
    if (
        body.data == m.variable.data
        and type(body) is type(m.variable)
        and len(body.children) == len(m.variable.children)
    ):
        return tactics.variables(body, m)
    return tactics.named_values(body, m)


def functions(body: n.Call, m: Matcher) -> Applied:
    """The rule of a named function, with the inner derivative of every argument that varies."""
    rule = m.book.function(body.function)
    if rule is None or not isinstance(rule.law, FunctionLaw):
        raise MeaningError(f"the rule book has no derivative of {body.function}")
    binding: dict[Expr, Expr] = dict(zip(map(n.Sym, rule.law.inputs), body.children, strict=True))
    binding[n.Sym("y")] = body
    terms = []
    for partial, arg in zip(rule.law.partials, body.children, strict=True):
        if m.depends(arg):
            outer = substitute(partial, binding)
            outer = open_cases(outer) if isinstance(outer, n.Cases) else outer
            terms.append(outer if arg == m.variable else n.Mul((outer, m.d(arg))))
    return rule.id, terms[0] if len(terms) == 1 else n.Add(tuple(terms))
