"""Is the written right side what a known mistake makes of the derivative on the left?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deriv.checking.diagnosis.problem import Problem, close
from deriv.checking.diagnosis.wrong import Slip, slips
from deriv.engine.forward import derive
from deriv.errors import DerivError
from deriv.expr import nodes as n
from deriv.expr.calculus import differentiate, evaluate_derivatives
from deriv.expr.nodes import Expr
from deriv.expr.printing import to_latex
from deriv.expr.substitute import rebuild, same_or, substitute
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Function, Name
from deriv.rulebook.book import default_book

_SLOT = n.Sym("_t")
_WRITTEN_OUT = ("sigmoid-", "tanh-", "softplus-")
_WRITTEN_NAMES = frozenset({"sigma", "tanh", "softplus", "phi", "g", "p", "y", "a", "h", "s"})
_MOST_SITES = 4
_ORDER = (
    *("quotient-rule", "product-rule", "chain-rule", "function-rule", "exponent-sign", "power-rule"),
    *("missing-term", "sign", "constant-factor", "extra-term", "sum", "index", "wrong-variable"),
)
_MANY = 6
_NOT_FACTORS = frozenset({"wrong-variable", "extra-term", "missing-term", "index"})
_LATE = frozenset({"constant-factor-differentiated", "other-variable-differentiated"})
"""Slips that are seldom made: anything else that explains the line comes first."""


@dataclass(frozen=True, slots=True)
class Site:
    """A derivative on the left: what is differentiated (definitions put in) by what, and what it stands for."""

    node: Expr
    body: Expr
    variable: n.Sym | n.Entry
    at: Expr | None = None
    """The argument of f′(…), put in for the variable afterwards."""

    def settled(self, value: Expr) -> Expr:
        """A derivative by the variable, at the argument."""
        return value if self.at is None or self.at == self.variable else substitute(value, {self.variable: self.at})


def sites(problem: Problem) -> Iterator[Site]:
    """The derivatives on the left side, outermost first."""
    left = problem.meant.lhs
    if not isinstance(left, Tensor):
        return
    canonical = problem.meant.elaborator.ranges.canonical
    inside: set[Expr] = set()
    for node in n.walk(canonical(left.body)):
        if node in inside:
            continue
        site = _site(problem, node)
        if site is not None:
            inside |= set(n.walk(node))
            yield site


def _site(problem: Problem, node: Expr) -> Site | None:
    try:
        if isinstance(node, n.Derivative) and isinstance(node.variable, n.Sym | n.Entry):
            body = _held(problem, node.body, node.variable.name)
            return Site(node, body, node.variable)
        if isinstance(node, n.Apply) and sum(node.orders) == 1 and len(node.children) == 1:
            argument = node.children[0]
            variable = argument if isinstance(argument, n.Sym) else _SLOT
            body = _held(problem, n.Apply(node.function, (variable,)), variable.name)
            return Site(node, body, variable, problem.resolve(argument))
    except DerivError:
        return None
    return None


def _held(problem: Problem, body: Expr, name: str) -> Expr:
    """The body with definitions put in, except that of the variable itself."""
    definitions = {key: value for key, value in problem.interpretation.definitions.items() if value.name != name}
    return problem.resolve(body, replace(problem.interpretation, definitions=definitions))


# --- matching -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Match:
    """A slip whose result is what is written."""

    slip: Slip
    site: Site


def known_mistakes(problem: Problem) -> list[Match]:
    """Slips that lead to the written right side, the most specific first."""
    if not problem.is_sampled or len(problem.outcome.pairs) != 1:
        return []
    matches: list[Match] = []
    for count, site in enumerate(sites(problem)):
        if count < _MOST_SITES and _is_right(problem, site, differentiate(site.body, site.variable)):
            matches += [Match(slip, site) for slip in _matching(problem, site)]
    values = [(a, b) for a, b in zip(problem.left, problem.right, strict=True) if a and b]
    negative = all(close(a, -b) for a, b in values)
    multiple = bool(values) and all(close(a * values[0][1], b * values[0][0]) for a, b in values)
    if multiple:  # a plain number too many or too few is not a term or a variable
        matches = [match for match in matches if match.slip.code not in _NOT_FACTORS]
    named = names_written(problem)
    return sorted(matches, key=lambda match: _rank(match.slip, negative=negative, named=named))


def _is_right(problem: Problem, site: Site, slope: Expr) -> bool:
    whole = _whole(problem, site, slope)
    return whole is not None and problem.agrees([whole], problem.left)


def _matching(problem: Problem, site: Site) -> Iterator[Slip]:
    found = 0
    agrees: dict[Expr, bool] = {}  # many slips come to the same
    for slip in _candidates(site):
        if slip.value not in agrees:
            whole = _whole(problem, site, slip.value)
            agrees[slip.value] = whole is not None and problem.agrees([whole], problem.right)
        if not agrees[slip.value]:
            continue
        yield slip
        found += 1
        if found >= _MANY:
            return


def _candidates(site: Site) -> Iterator[Slip]:
    body = _with_names(site.body)
    if body != site.body:
        yield from slips(body, site.variable)
    yield from slips(site.body, site.variable)
    yield from _by_delta(site)
    yield from _by_other_variable(site)


def _whole(problem: Problem, site: Site, value: Expr) -> Expr | None:
    """The left side with another value in the place of the derivative."""
    left = problem.meant.lhs
    assert isinstance(left, Tensor)
    canonical = problem.meant.elaborator.ranges.canonical
    body = canonical(left.body)
    try:
        value = site.settled(evaluate_derivatives(value))
        return problem.resolve(value if body == site.node else substitute(body, {site.node: value}))
    except (DerivError, RecursionError):
        return None


def names_written(problem: Problem) -> frozenset[str]:
    """Names of symbols and functions on the right side."""
    nodes = [part.node for part in problem.parts]
    return frozenset(node.text for node in nodes if isinstance(node, Name)) | frozenset(
        node.name for node in nodes if isinstance(node, Function)
    )


def _rank(slip: Slip, *, negative: bool, named: frozenset[str]) -> tuple[int, int]:
    """Where the whole has the wrong sign and nothing else, that is what to say, except for a reversed quotient."""
    code = code_of(slip)
    if negative and code == "sign":
        return -1, slip.depth
    if negative and code == "quotient-rule":
        return -2, slip.depth
    if slip.id in _LATE:
        return len(_ORDER) + 1, slip.depth
    if slip.id.startswith(_WRITTEN_OUT) and named & _WRITTEN_NAMES and slip.depth == 0 and code == "function-rule":
        return -1, slip.depth
    return (_ORDER.index(code) if code in _ORDER else len(_ORDER)), slip.depth


def is_weak(slip: Slip) -> bool:
    """Whether a slip explains a line less well than a small edit of it would."""
    return slip.id in _LATE or slip.id == "other-variable"


def code_of(slip: Slip) -> str:
    """A lost 2 of a squared residual is a constant factor; of x² it is the power rule."""
    if slip.id in ("power-factor-lost", "root-half-lost") and not slip.is_plain:
        return "constant-factor"
    return slip.code


def _with_names(body: Expr) -> Expr:
    """1/(1+e^-u) as σ(u): the slips of a function are made with its rule, however it is written out."""

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        match node:
            case (
                n.Pow(children=(n.Add(children=(n.Num() as one, power)), exponent))
                | n.Pow(children=(n.Add(children=(power, n.Num() as one)), exponent))
            ):
                inner = _exponent(power)
                if one == n.ONE and exponent == n.MINUS_ONE and inner is not None:
                    return n.Call("sigmoid", (_negative(inner),))
        return node

    return rebuild(body, visit)


def _exponent(node: Expr) -> Expr | None:
    if isinstance(node, n.Call) and node.function == "exp":
        return node.children[0]
    return node.exponent if isinstance(node, n.Pow) and node.base == n.Const("e") else None


def _negative(node: Expr) -> Expr:
    if isinstance(node, n.Mul) and node.children[0] == n.MINUS_ONE:
        rest = node.children[1:]
        return rest[0] if len(rest) == 1 else n.Mul(rest)
    return n.neg(node)


def _by_delta(site: Site) -> Iterator[Slip]:
    """Indices taken as equal, or never equal: the Jacobian of a softmax as a diagonal."""
    slope = differentiate(site.body, site.variable)
    deltas = list(dict.fromkeys(node for node in n.walk(slope) if isinstance(node, n.Delta)))
    if not deltas:
        return
    softmax = any(isinstance(node, n.Sum) for node in n.walk(site.body)) and any(
        _exponent(node) is not None for node in n.walk(site.body)
    )
    code = "function-rule" if softmax else "index"
    says = default_book().mistake("softmax-diagonal").says if softmax else "the two indices need not be the same"
    ones: dict[Expr, Expr] = dict.fromkeys(deltas, n.ONE)
    free = [node for node in deltas if isinstance(node.children[0], n.Sym) and "." not in node.children[0].name]
    for delta in free:
        left, right = delta.children
        yield Slip("delta-diagonal", code, says, substitute(slope, {right: left}))
        yield Slip("delta-diagonal", code, says, n.Mul((delta, substitute(slope, {right: left}))))
        never = "where the two indices are the same there is one more term"
        yield Slip("delta-never", "missing-term", never, substitute(slope, {delta: n.ZERO}))
    yield Slip("delta-lost", "index", "the Kronecker delta is missing", substitute(slope, ones))


def _by_other_variable(site: Site) -> Iterator[Slip]:
    """The derivative by another symbol of the body."""
    others = sorted({node.name for node in n.walk(site.body) if isinstance(node, n.Sym) and "." not in node.name})
    for name in others:
        if n.Sym(name) != site.variable:
            says = f"this is the derivative by {name}, not by {_shown(site.variable)}"
            try:
                yield Slip("other-variable", "wrong-variable", says, differentiate(site.body, n.Sym(name)))
            except DerivError:
                continue


def _shown(variable: Expr) -> str:
    return str(variable.data[0]).replace("_t", "its argument")


# --- the right line ---------------------------------------------------------------------------------------------------


def right_lines(problem: Problem, site: Site) -> Iterator[str]:
    """LaTeX of the left side with the derivative carried out, in the names of the document and without them."""
    left = problem.meant.lhs
    assert isinstance(left, Tensor)
    if not left.is_scalar:
        return
    canonical = problem.meant.elaborator.ranges.canonical
    body = canonical(left.body)
    named: dict[Expr, Expr] = {}
    for definition in problem.interpretation.definitions.values():
        if definition.form == "scalar" and isinstance(definition.body, Tensor) and definition.body.is_scalar:
            named[n.Sym(definition.name)] = canonical(definition.body.body)
    named.pop(site.variable, None)
    raw = site.node.children[0] if isinstance(site.node, n.Derivative) else site.body
    for expr, given in ((raw, named), (site.body, {})):
        try:
            result = site.settled(derive(expr, site.variable, default_book(), definitions=given).result)
            yield to_latex(substitute(body, {site.node: result}))
        except (DerivError, RecursionError, KeyError, TypeError):
            continue
