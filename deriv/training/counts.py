"""`\\frac1n \\sum_i` without a written range: n is how many terms the sum has."""

from __future__ import annotations

from collections.abc import Container, Iterator

from deriv.codegen.sizes import Definition, unnamed
from deriv.expr.nodes import MINUS_ONE, Expr, Mul, Num, Pow, Sum, Sym
from deriv.expr.substitute import substitute


def counted(
    loss: Expr, definitions: tuple[Definition, ...], keep: Container[str]
) -> tuple[Expr, tuple[Definition, ...]]:
    """The same loss with the made-up size of such a sum replaced by the name that divides it.

    A name counts terms when it stands nowhere but as a divisor of sums that run over one and the same unwritten
    range.  Names in `keep` (parameters, declared names) are left alone.
    """
    bodies = [loss, *(d.body for d in definitions)]
    pairs = [pair for body in bodies for pair in _divided(body)]
    used = [n.name for body in bodies for n in _occurrences(body) if isinstance(n, Sym)]
    mapping: dict[Expr, Expr] = {}
    for name in dict.fromkeys(name for name, _ in pairs):
        sizes = {size for other, size in pairs if other == name}
        alone = used.count(name) == sum(other == name for other, _ in pairs)
        if name not in keep and len(sizes) == 1 and alone:
            mapping.setdefault(Sym(sizes.pop()), Sym(name))
    if not mapping:
        return loss, definitions
    return substitute(loss, mapping), tuple(
        Definition(d.name, d.indices, substitute(d.body, mapping)) for d in definitions
    )


def _occurrences(expr: Expr) -> Iterator[Expr]:
    """Every node as often as it is written."""
    yield expr
    for child in expr.children:
        yield from _occurrences(child)


def _divided(expr: Expr) -> Iterator[tuple[str, str]]:
    """Each divisor of a sum over an unwritten range: its name and the made-up size."""
    factors = _factors(expr)
    sizes = [f.hi.name for f in factors if isinstance(f, Sum) and isinstance(f.hi, Sym) and unnamed(f.hi.name)]
    if len(sizes) == 1:
        yield from ((name, sizes[0]) for factor in factors for name in _divisor(factor))
    for part in factors if len(factors) > 1 else expr.children:
        yield from _divided(part)


def _divisor(factor: Expr) -> list[str]:
    """The one name in 1/n or 1/(2 n), in a list; else nothing."""
    if not isinstance(factor, Pow) or factor.children[1] != MINUS_ONE:
        return []
    parts = _factors(factor.children[0])
    names = [p.name for p in parts if isinstance(p, Sym)]
    return names if len(names) == 1 and all(isinstance(p, (Sym, Num)) for p in parts) else []


def _factors(expr: Expr) -> list[Expr]:
    if not isinstance(expr, Mul):
        return [expr]
    return [f for child in expr.children for f in _factors(child)]
