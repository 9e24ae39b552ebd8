"""From scalar expressions to graph nodes: the part without families and sums.

Indices are whole numbers here, in order of nesting; a result has its axes in that order.  `codegen.lift` adds
families, sums and definitions; reverse accumulation uses this part to lift the derivatives of the function table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from deriv.engine.graph import Dim, Graph, Indices, Ref, number_of
from deriv.errors import MeaningError
from deriv.expr.functions import FUNCTIONS
from deriv.expr.nodes import Add, Call, Cases, Const, Decimal, Expr, Mul, Num, Pow, Sym

COMPARISONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
MASKS = frozenset(COMPARISONS.values())
ALIASES = {"swish": "silu", "heaviside": "step"}


@dataclass(slots=True)
class Lifter:
    """Builds nodes for expressions; `env` says what each symbol stands for, `dims` how long each index runs.

    `flatten` joins nested products, so that the cheapest order of factors can be found.
    """

    graph: Graph
    dims: dict[int, Dim] = field(default_factory=dict)
    env: dict[str, Ref] = field(default_factory=dict)
    memo: dict[Expr, Ref] = field(default_factory=dict)
    flatten: bool = True

    def lift(self, expr: Expr) -> Ref:
        """The node of an expression and the indices along its axes."""
        known = self.memo.get(expr)
        if known is None:
            known = self.memo[expr] = self.build(expr)
        return known

    def build(self, expr: Expr) -> Ref:
        """Lift one node after its children."""
        match expr:
            case Num() | Decimal():
                return Ref(self.graph.const(expr.value))
            case Const():
                return Ref(self.graph.const(expr.name))
            case Sym():
                return self.symbol(expr)
            case Add():
                return self.combine([(Fraction(1), self.lift(t)) for t in expr.children])
            case Mul():
                return self.product([self.lift(f) for f in (flat_factors(expr) if self.flatten else expr.children)])
            case Pow():
                return self.power(expr)
            case Call():
                return self.call(expr)
            case Cases():
                return self.cases(expr)
        return self.special(expr)

    def special(self, expr: Expr) -> Ref:
        """Families, sums and the like: not here."""
        raise MeaningError(f"code cannot be generated for {type(expr).__name__}")

    def symbol(self, expr: Sym) -> Ref:
        """What a symbol stands for."""
        if expr.name not in self.env:
            raise MeaningError(f"nothing is known about {expr.name}")
        return self.env[expr.name]

    # arithmetic of references

    def union(self, used: Iterable[Ref]) -> Indices:
        """All indices of some operands, in order of nesting."""
        return tuple(sorted({i for ref in used for i in ref.indices}))

    def product(self, factors: Sequence[Ref], without: Indices = ()) -> Ref:
        """A product, summed over the indices in `without`."""
        out = tuple(i for i in self.union(factors) if i not in without)
        missing = [i for i in without if not any(i in r.indices for r in factors)]
        ones = [Ref(self.graph.ones(self.dims[i]), (i,)) for i in missing]
        return Ref(self.graph.einsum([*factors, *ones], out), out)

    def combine(self, terms: Sequence[tuple[Fraction, Ref]]) -> Ref:
        """A linear combination."""
        out = self.union(ref for _, ref in terms)
        place = {index: k for k, index in enumerate(out)}
        local = [(c, Ref(r.node, tuple(place[i] for i in r.indices))) for c, r in terms]
        return Ref(self.graph.add(local, tuple(self.dims[i] for i in out)), out)

    def function(self, name: str, args: Sequence[Ref]) -> Ref:
        """An elementwise function."""
        out = self.union(args)
        place = {index: k for k, index in enumerate(out)}
        local = [Ref(r.node, tuple(place[i] for i in r.indices)) for r in args]
        return Ref(self.graph.map(name, local, tuple(self.dims[i] for i in out)), out)

    # functions

    def power(self, expr: Pow) -> Ref:
        """A power; a half is a square root, e to the x an exponential."""
        base, exponent = expr.base, expr.exponent
        if isinstance(base, Const) and base.name == "e":
            return self.function("exp", [self.lift(exponent)])
        below = self.lift(base)
        above = self.lift(exponent)
        value = number_of(above.node)
        if value == Fraction(1, 2):
            return self.function("sqrt", [below])
        if value == Fraction(-1, 2):
            return self.function("pow", [self.function("sqrt", [below]), Ref(self.graph.const(-1))])
        return self.function("pow", [below, above])

    def call(self, expr: Call) -> Ref:
        """A function of the table."""
        name, args = ALIASES.get(expr.function, expr.function), [self.lift(a) for a in expr.children]
        if name in ("max", "min"):
            result = args[0]
            for other in args[1:]:
                result = self.function(name, [result, other])
            return result
        if name == "silu":
            return self.product([args[0], self.function("sigmoid", args)])
        table = FUNCTIONS.get(name)
        if table is None:
            raise MeaningError(f"the function {name} is not known")
        if name in ("cot", "sec", "csc", "coth", "sech", "csch", "logbase", "acos") and table.reduce:
            return self.lift(table.reduce(expr.children))
        return self.function(name, args)

    def cases(self, expr: Cases) -> Ref:
        """Values by condition; where no row applies (a kink), zero."""
        result = Ref(self.graph.const(0))
        for comparison, lhs, rhs, value in reversed(list(expr.rows)):
            if comparison is True:
                result = self.lift(value)
                continue
            mask = self.function(COMPARISONS[comparison], [self.lift(lhs), self.lift(rhs)])
            result = self.choose(mask, self.lift(value), result)
        return result

    def choose(self, mask: Ref, yes: Ref, no: Ref) -> Ref:
        """Where the mask holds `yes`, elsewhere `no`; a choice between 1 and 0 is the mask itself."""
        if yes == no:
            return yes
        if number_of(yes.node) == 1 and number_of(no.node) == 0:
            return mask
        return self.function("where", [mask, yes, no])


def flat_factors(expr: Mul) -> list[Expr]:
    """The factors of nested products: in which order to multiply is decided later."""
    found: list[Expr] = []
    for factor in expr.children:
        found += flat_factors(factor) if isinstance(factor, Mul) else [factor]
    return found


def lift_local(graph: Graph, expr: Expr, env: Mapping[str, Ref], dims: Mapping[int, Dim]) -> Ref:
    """Lift an elementwise expression whose symbols are given arrays."""
    return Lifter(graph, dict(dims), dict(env)).lift(expr)
