"""Equalities that say what something is or are to be solved, and are no claims: `4πr = 2000/r^2`, `f'h = -fh'`."""

from __future__ import annotations

from itertools import pairwise

from deriv.checking.judge import Outcome
from deriv.checking.mentions import labels, variables_of
from deriv.expr.functions import sub
from deriv.expr.integrals import polynomial
from deriv.expr.nodes import ZERO, Apply, Entry, Expr, Sum, Sym, walk
from deriv.expr.substitute import free_symbols
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import BigOp, Deriv, Differential, Function, Group, Nabla, Name, Node, Number, Product, Script
from deriv.meaning.arithmetic import CROSSWISE, DIVIDED
from deriv.meaning.differentials import is_composite
from deriv.meaning.names import base_name, canonical, children, standing_names
from deriv.meaning.scope import Scope

UNSOLVED = "an equation between two expressions, not known to be an identity"
_GIVEN = "_given"
_MATRIX = 2


def has_operator(node: Node) -> bool:
    """Whether a formula asks for something: a derivative, a gradient, an integral without bounds."""
    return any(map(_asks, parts_of(node)))


def has_derivative(node: Node) -> bool:
    """Whether a derivative is written anywhere in a formula."""
    return any(isinstance(part, Deriv | Nabla | Differential) for part in parts_of(node))


def _asks(part: Node) -> bool:
    if isinstance(part, Script):
        return part.primes > 0 and isinstance(part.base, Group)  # (fg)'
    return (
        isinstance(part, Deriv | Nabla | Differential)
        or is_composite(part)
        or (isinstance(part, BigOp) and part.kind == "int" and part.sub is None)
    )


def parts_of(node: Node) -> list[Node]:
    """A formula and everything in it."""
    found = [node]
    for part in found:
        found.extend(children(part))
    return found


def is_plain(outcome: Outcome, lhs: Node, rhs: Node, declared: frozenset[str] = frozenset()) -> bool:
    """Whether a single equality of expressions holds quantities on both sides, and no operator.

    What a text says of every x of a set (`declared`) is an identity.
    """
    if not holds_symbols(outcome, lhs, rhs):
        return False
    if any(isinstance(node, Sum | Entry) for pair in outcome.pairs for side in pair for node in walk(side)):
        return False  # nobody solves for a family
    return not all(labels(side) <= declared for pair in outcome.pairs for side in pair)


def holds_symbols(outcome: Outcome, lhs: Node, rhs: Node) -> bool:
    """Whether both sides hold quantities, and no operator."""
    if has_operator(lhs) or has_operator(rhs) or not outcome.pairs:
        return False
    return all(any(labels(pair[side]) for pair in outcome.pairs) for side in (0, 1))


def may_be_solved(outcome: Outcome, lhs: Node, rhs: Node) -> bool:
    """Whether a plain equality is rather an equation to solve: polynomials in one symbol that agree somewhere.

    `(x - 1)^2 = x^2 + 2x + 1` wants to be an identity, `2(x + 1) = x + 2` and `x^2 = 2x` to be solved.
    """
    names = {name for pair in outcome.pairs for side in pair for name in free_symbols(side)}
    if len(names) != 1 or not is_plain(outcome, lhs, rhs):
        return False
    gaps = [polynomial(sub(left, right), Sym(*names)) for left, right in outcome.pairs]
    if any(gap is None or all(power == ZERO for power in gap[1:]) for gap in gaps):
        return False
    degrees = [len(polynomial(side, Sym(*names)) or ()) - 1 for pair in outcome.pairs for side in pair]
    return max(degrees) <= 1 or not any(isinstance(part, Group) for part in parts_of(lhs))


def with_units(scope: Scope, lhs: Node, rhs: Node) -> str | None:
    """`2\\,\\mathrm{m} + 300\\,\\mathrm{cm}`: upright letters behind numbers that the document does not define."""
    for part in (*parts_of(lhs), *parts_of(rhs)):
        for number, name in pairwise(part.factors) if isinstance(part, Product) else ():
            if isinstance(number, Number) and isinstance(name, Name) and _may_be_unit(scope, name):
                return f"{name.text} may be a unit"
    return None


def _may_be_unit(scope: Scope, name: Name) -> bool:
    """An upright letter of which nothing is known: `2\\mathrm{A}` of a matrix that is declared is no unit."""
    key = canonical(name)
    known = scope.lookup(key) is not None or scope.survey.denominators[key] or scope.survey.transposed[key]
    return name.font == "rm" and not known and (key, False) not in scope.survey.declared_rank


def of_numbers(lhs: Node, rhs: Node) -> bool:
    """Whether no letter stands on either side."""
    return not any(isinstance(part, Name) for side in (lhs, rhs) for part in parts_of(side))


def of_a_function(outcome: Outcome) -> str | None:
    """`g'(x) = g(x)(1 - g(x))` of a function that is not known says which function it is."""
    sides = [pair[0] for pair in outcome.pairs]
    if sides and all(isinstance(side, Apply) and not isinstance(side.children[0], Apply) for side in sides):
        names = sorted({side.function for side in sides if isinstance(side, Apply)})
        return f"{', '.join(names)} is not defined here: this may say which function it is"
    return None


def same_functions(lhs: Node, rhs: Node) -> str | None:
    """`g' = σ'` says that two functions are the same."""
    primed = [isinstance(node, Script) and bool(node.primes) and node.sub is None for node in (lhs, rhs)]
    return "this says which function is meant" if all(primed) else None


def strained(outcome: Outcome) -> str | None:
    """Matrices that are divided by one another, or added crosswise, are hardly read as their author meant them."""
    left = outcome.meant.lhs if outcome.meant is not None else None
    is_matrix = isinstance(left, Tensor) and left.rows is not None and left.cols is not None
    strained = ({DIVIDED, CROSSWISE} if is_matrix else {CROSSWISE}) & set(outcome.notes)
    return f"{min(strained)}, and that may not be meant" if strained else None


def for_functions(outcome: Outcome, *, first: bool, lhs: Node, rhs: Node) -> str | None:
    """`f'(x) h(x) = -f(x) h'(x)` of functions that are not known is an equation which they fulfil."""
    if not first or has_operator(lhs) or has_operator(rhs):
        return None
    written = outcome.meant.aligned.pairs if outcome.meant is not None else ()
    sides = [{n.function for pair in written for n in walk(pair[k]) if isinstance(n, Apply)} for k in (0, 1)]
    unknown = {n.function for pair in outcome.pairs for side in pair for n in walk(side) if isinstance(n, Apply)}
    if not sides[0] & unknown or not sides[1] & unknown:
        return None
    return f"{', '.join(sorted(sides[0] | sides[1]))} may be what fulfils this equation"


def with_glued_numbers(lhs: Node, rhs: Node) -> str | None:
    """`a1 = a2`: a number behind a letter is rather its label than a factor."""
    for part in (*parts_of(lhs), *parts_of(rhs)):
        pairs = zip(part.factors, part.factors[1:], part.ops, strict=False) if isinstance(part, Product) else ()
        for left, right, op in pairs:
            if op == "" and isinstance(left, Number) and set(left.text) == {"0"}:
                return "a 0 stands before other factors: a row may not have ended where it should"
            if op == "" and isinstance(left, Name) and isinstance(right, Number):
                return f"whether {right.text} is a factor or belongs to {left.text} is not clear"
    return None


def of_marked_matrices(lhs: Node, rhs: Node) -> str | None:
    """`tr(N H_k P_{k|k-1})`: a marked letter in a trace is hardly the number that it is read as elsewhere."""
    for trace in (*parts_of(lhs), *parts_of(rhs)):
        if not isinstance(trace, Function) or trace.name not in ("tr", "Tr", "trace") or trace.arg is None:
            continue
        for part in parts_of(trace.arg):
            if isinstance(part, Script) and part.sub is not None and (base_name(part) or "")[:1].isupper():
                return "which letters in the trace are matrices is not stated"
    return None


def may_be_another_curve(scope: Scope, outcome: Outcome, lhs: Node, rhs: Node) -> bool:
    """Whether `dy/dx = …` may be an equation for another y: a derivative by y itself, or of a curve stated above."""
    if has_known_rates(outcome):
        return True
    name = base_name(lhs.body) if isinstance(lhs, Deriv) and lhs.kind == "d" and lhs.ratio and lhs.body else None
    return name is not None and scope.lookup(name, "scalar") is not None and name in standing_names(rhs)


def to_integrate(scope: Scope, *, first: bool, lhs: Node, rhs: Node) -> str | None:
    """`dy/dx = x/y` after a y has been found: the next equation to solve, for another y."""
    if not (first and isinstance(lhs, Deriv) and lhs.kind == "d" and lhs.ratio and lhs.body and len(lhs.by) == 1):
        return None
    name, by = base_name(lhs.body), base_name(lhs.by[0][0])
    if name is None or scope.lookup(name, "scalar") is None or has_derivative(rhs):
        return None
    if not {name, by} <= standing_names(rhs):
        return None
    return f"a differential equation for {name}, which may be another {name} than above"


def may_apply(scope: Scope, node: Node) -> bool:
    """Whether `M(q)` stands in a formula, which is read as a product: M may be a function of q."""
    for part in parts_of(node):
        pairs = zip(part.factors, part.factors[1:], part.ops, strict=False) if isinstance(part, Product) else ()
        for left, right, op in pairs:
            alone = isinstance(right, Group) and right.open == "(" and isinstance(right.body, Name)
            letter = isinstance(left, Name) and len(left.text) == 1 and left.text.isalpha() and left.text.isupper()
            if op == "" and alone and letter and not scope.is_function(base_name(left) or ""):
                return True
    return False


def of_one_matrix(scope: Scope, outcome: Outcome, lhs: Node, rhs: Node) -> bool:
    """`P^2 = P`, `J^T = -J` of a matrix that is not defined: which matrices are meant, not what holds of all."""
    if has_operator(lhs) or has_operator(rhs) or outcome.meant is None:
        return False
    entries = {node for pair in outcome.pairs for side in pair for node in walk(side) if isinstance(node, Entry)}
    names = {entry.name for entry in entries}
    symbols = {name for pair in outcome.pairs for side in pair for name in labels(side)} - names
    if len(names) != 1 or symbols or any(len(entry.indices) - entry.sups != _MATRIX for entry in entries):
        return False
    both = [value for value in (outcome.meant.lhs, outcome.meant.rhs) if isinstance(value, Tensor)]
    return any(value.rows and value.cols for value in both) and scope.lookup(min(names)) is None


def after_a_condition(scope: Scope, outcome: Outcome, lhs: Node, rhs: Node) -> str | None:
    """`x^T Q^T Q x = x^T x` where `Q^T Q = I` is stated: what holds of such matrices holds of no others.

    A derivative may use what is stated of what it holds fixed: `y^2 = 1` of the labels.
    """
    varies = variables_of(outcome.meant.aligned.pairs) if outcome.meant is not None else frozenset[str]()
    asks = has_operator(lhs) or has_operator(rhs) or bool(varies)
    names = {name for pair in outcome.pairs for side in pair for name in labels(side)}
    held = names - varies
    for left, right, words, line in scope.stated:
        both = labels(left) | labels(right)
        own = both & {node.name for side in (left, right) for node in walk(side) if isinstance(node, Entry)}
        still = both <= held and not any(name.startswith("∂") or scope.depends(name) for name in both)
        told = still if asks else own and (own <= names or (own & names and line >= scope.section))
        if both and told:
            return f"it may follow from “{words}”, which is stated above"
    return None


def of_densities(outcome: Outcome) -> str | None:
    """`p(z|x) p(x) = p(x|z) p(z)`: densities that share a letter are different functions for different arguments."""
    terms = [{n for pair in outcome.pairs for n in walk(pair[k]) if isinstance(n, Apply | Entry | Sym)} for k in (0, 1)]
    conditional = {_head(n) for side in terms for n in side if _head(n).endswith(_GIVEN)}
    if not conditional:
        return None
    stems = conditional | {name.removesuffix(_GIVEN) for name in conditional}
    left, right = ({n for n in side if _head(n) in stems} for side in terms)
    if left == right:
        return None
    return f"which densities {', '.join(sorted(name.removesuffix(_GIVEN) for name in conditional))} stands for differs"


def _head(node: Expr) -> str:
    return node.function if isinstance(node, Apply) else node.name if isinstance(node, Entry | Sym) else ""


def _is_rate(side: Expr) -> bool:
    return isinstance(side, Sym) and side.name.startswith("∂")


def has_known_rates(outcome: Outcome) -> bool:
    """Whether a claim was judged with equations that say what its rates are."""
    names = {name for pair in outcome.pairs for side in pair for name in free_symbols(side)}
    return bool(outcome.domain.equations) and any(name.startswith("∂") for name in names)


def is_condition(outcome: Outcome, lhs: Node, rhs: Node, *, first: bool) -> bool:
    """`∂L/∂w = 0` where a minimum is sought, `x^2 + y^2 = 25`: what is not known to be a number is set to one."""
    if first and len(outcome.pairs) == 1 and _is_rate(outcome.pairs[0][0]) and not labels(outcome.pairs[0][1]):
        return True  # dr/dt = 2
    if has_known_rates(outcome):
        return False
    if not outcome.pairs or outcome.slope_by is not None or any(labels(right) for _, right in outcome.pairs):
        return False
    if not all(labels(left) for left, _ in outcome.pairs):
        return False
    computes = has_operator(lhs) or any(
        isinstance(part, BigOp) and part.kind in ("int", "lim") for part in parts_of(lhs)
    )
    return all(right == ZERO for _, right in outcome.pairs) or (first and not computes)
