"""Exact derivatives of the meaning language; limits and integrals are in `expr.limits` and `expr.integrals`.

The form is closed under differentiation (S. Laue, M. Mitterreiter, J. Giesen, "A Simple and Efficient Tensor
Calculus", AAAI 2020): a derivative by an entry turns that entry into Kronecker deltas of the indices.  Shared nodes
are differentiated once, and the result shares them again.
"""

from __future__ import annotations

from deriv.errors import MeaningError
from deriv.expr.functions import FUNCTIONS, add, call, mul, power
from deriv.expr.integrals import integral
from deriv.expr.limits import limit
from deriv.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Antiderivative,
    Apply,
    Call,
    Cases,
    Const,
    Delta,
    Derivative,
    Det,
    Entry,
    Expr,
    Integral,
    Inverse,
    Limit,
    Mul,
    Num,
    Pow,
    Product,
    Sum,
    Sym,
)
from deriv.expr.substitute import (
    bound_below,
    bound_names,
    free_symbols,
    fresh_names,
    has_derivative,
    post_order,
    rebuild,
    rename_bound,
    same_or,
    substitute,
)

__all__ = ["NotDifferentiable", "differentiate", "evaluate_derivatives", "integral", "limit"]


class NotDifferentiable(MeaningError):
    """No rule gives the derivative asked for (such as of `binomial`, or by the bound of a sum)."""


def differentiate(body: Expr, variable: Sym | Entry) -> Expr:
    """The derivative of `body` by a symbol or by one entry of a family."""
    taken = free_symbols(variable)
    slopes: dict[int, Expr] = {}
    root = _apart(evaluate_derivatives(body), taken)
    for node in post_order(root):
        slopes[id(node)] = _slope(node, variable, [slopes[id(child)] for child in node.children])
    return slopes[id(root)]


def evaluate_derivatives(expr: Expr) -> Expr:
    """Carry out every `Derivative`, innermost first."""

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        if isinstance(node, Derivative):
            body, variable = children
            if not isinstance(variable, (Sym, Entry)):
                raise NotDifferentiable("a derivative is by a symbol or an entry")
            return differentiate(body, variable)
        return same_or(node, children)

    if not has_derivative(expr):
        return expr
    return rebuild(expr, visit)


def _apart(root: Expr, taken: frozenset[str]) -> Expr:
    """`root` with its bound names renamed where they meet the indices of the variable."""
    if not taken:
        return root
    bound = bound_below(root)
    if not bound & taken:
        return root
    names = set(bound | taken | free_symbols(root))

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        old = bound_names(node)
        if taken.isdisjoint(old):
            return node
        fresh = fresh_names(old, taken, names)
        names.update(fresh)
        return rename_bound(node, *fresh)

    return rebuild(root, visit)


def _slope(node: Expr, variable: Sym | Entry, slopes: list[Expr]) -> Expr:
    """The derivative of one node, given those of its children."""
    match node:
        case Sym():
            return ONE if node == variable else ZERO
        case Entry():
            return _entry_slope(node, variable, slopes)
        case Add():
            return add(*slopes)
        case Mul():
            return _mul_slope(node, slopes)
        case Pow():
            return _pow_slope(node, slopes)
        case Call():
            return _call_slope(node, slopes)
        case Apply():
            return _apply_slope(node, slopes)
        case _:
            return _binder_slope(node, variable, slopes)


def _binder_slope(node: Expr, variable: Sym | Entry, slopes: list[Expr]) -> Expr:
    match node:
        case Sum():
            _fixed(slopes[:2])
            return ZERO if slopes[2] == ZERO else Sum(node.index, node.lo, node.hi, slopes[2])
        case Product():
            return _product_slope(node, slopes)
        case Inverse() | Det():
            return _matrix_slope(node, slopes)
        case Cases():
            return _cases_slope(node, slopes)
        case Limit():
            _fixed(slopes[1:])
            return ZERO if slopes[0] == ZERO else same_or(node, (slopes[0], node.children[1]))
        case Integral():
            return _integral_slope(node, slopes)
        case Antiderivative():
            return _antiderivative_slope(node, variable, slopes)
        case _:
            return ZERO


def _fixed(slopes: list[Expr]) -> None:
    if any(slope != ZERO for slope in slopes):
        raise NotDifferentiable("the bounds depend on the variable")


def _entry_slope(node: Entry, variable: Sym | Entry, slopes: list[Expr]) -> Expr:
    """dx_i/dx_j = δ_ij, one delta for each index."""
    _fixed(slopes)
    same = isinstance(variable, Entry) and node.name == variable.name and node.sups == variable.sups
    if not same or len(node.indices) != len(variable.children):
        return ZERO
    pairs = zip(node.indices, variable.children, strict=True)
    return mul(*(_delta(left, right) for left, right in pairs))


def _delta(left: Expr, right: Expr) -> Expr:
    if left == right:
        return ONE
    if isinstance(left, Num) and isinstance(right, Num):
        return ZERO
    return Delta(left, right)


def _mul_slope(node: Mul, slopes: list[Expr]) -> Expr:
    """The product rule, one term for each factor that varies."""
    factors = node.children
    terms = [mul(*factors[:k], slope, *factors[k + 1 :]) for k, slope in enumerate(slopes) if slope != ZERO]
    return add(*terms)


def _pow_slope(node: Pow, slopes: list[Expr]) -> Expr:
    """d(u^v) = v u^(v-1) du + u^v log(u) dv."""
    base, exponent = node.base, node.exponent
    down, up = slopes
    terms = []
    if down != ZERO:
        terms.append(mul(exponent, power(base, add(exponent, MINUS_ONE)), down))
    if up != ZERO:
        growth = ONE if base == Const("e") else call("log", base)
        terms.append(mul(node, growth, up))
    return add(*terms)


def _call_slope(node: Call, slopes: list[Expr]) -> Expr:
    """The chain rule over the table of functions."""
    if all(slope == ZERO for slope in slopes):
        return ZERO
    rule = FUNCTIONS.get(node.function)
    if rule is None or rule.partial is None:
        raise NotDifferentiable(f"no derivative of {node.function} is known")
    args = node.children
    return add(*(mul(rule.partial(args, k), slope) for k, slope in enumerate(slopes) if slope != ZERO))


def _apply_slope(node: Apply, slopes: list[Expr]) -> Expr:
    """The chain rule for an unknown function: raise the order in the argument that varies."""
    terms = []
    for k, slope in enumerate(slopes):
        if slope != ZERO:
            orders = tuple(order + (j == k) for j, order in enumerate(node.orders))
            terms.append(mul(Apply(node.function, node.children, orders), slope))
    return add(*terms)


def _product_slope(node: Product, slopes: list[Expr]) -> Expr:
    """The logarithmic form P·Σ f'_k / f_k, equal to the product rule wherever no factor is 0."""
    _fixed(slopes[:2])
    if slopes[2] == ZERO:
        return ZERO
    return mul(node, Sum(node.index, node.lo, node.hi, mul(slopes[2], power(node.body, MINUS_ONE))))


def _matrix_slope(node: Inverse | Det, slopes: list[Expr]) -> Expr:
    """d(A^-1)_ij = -Σ_kl A^-1_ik dA_kl A^-1_lj and d det A = det A Σ_kl A^-1_lk dA_kl (Jacobi).

    K. B. Petersen, M. S. Pedersen, *The Matrix Cookbook*, 2012, eqs. 40 and 42.
    """
    _fixed([*slopes[:2], *slopes[3:]])
    if slopes[2] == ZERO:
        return ZERO
    row, col, lo, hi, body = node.row, node.col, node.lo, node.hi, node.body
    taken = bound_below(node)
    taken |= free_symbols(node) | free_symbols(slopes[2])  # the slope holds the indices of the variable
    k, l = fresh_names((row, col), (row, col), taken)
    inside = substitute(slopes[2], {Sym(row): Sym(k), Sym(col): Sym(l)})
    if isinstance(node, Det):
        term = mul(node, Inverse(row, col, lo, hi, body, Sym(l), Sym(k)), inside)
    else:
        left, right = (Inverse(row, col, lo, hi, body, *at) for at in ((node.i, Sym(k)), (Sym(l), node.j)))
        term = mul(MINUS_ONE, left, inside, right)
    return Sum(k, lo, hi, Sum(l, lo, hi, term))


def _cases_slope(node: Cases, slopes: list[Expr]) -> Expr:
    """Row by row, under the same conditions."""
    if all(slope == ZERO for slope in slopes[2::3]):
        return ZERO
    rows = [(comparison, lhs, rhs, slopes[3 * k + 2]) for k, (comparison, lhs, rhs, _) in enumerate(node.rows)]
    return Cases(tuple(rows))


def _antiderivative_slope(node: Antiderivative, variable: Sym | Entry, slopes: list[Expr]) -> Expr:
    """The integrand times the slope of what it is integrated over; nothing is differentiated under the sign."""
    if slopes[1] == ZERO and slopes[0] != ZERO:
        raise NotDifferentiable(f"an integral without bounds is differentiated by {variable.name}")
    return mul(node.body, slopes[1])


def _integral_slope(node: Integral, slopes: list[Expr]) -> Expr:
    """Leibniz's rule: ∫ df + f(hi) dhi - f(lo) dlo."""
    body, lo, hi = node.children
    name = str(node.data[0])
    inside = ZERO if slopes[0] == ZERO else Integral(slopes[0], name, lo, hi)
    upper = ZERO if slopes[2] == ZERO else mul(substitute(body, {Sym(name): hi}), slopes[2])
    lower = ZERO if slopes[1] == ZERO else mul(MINUS_ONE, substitute(body, {Sym(name): lo}), slopes[1])
    return add(inside, upper, lower)
