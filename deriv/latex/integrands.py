r"""Integrals whose differential stands inside the integrand: `\int \frac{dx}{x}`, `\int \frac{x\,dx}{1+x^2}`."""

from __future__ import annotations

from dataclasses import replace

from deriv.latex.nodes import Differential, Frac, Node, Number, Product


def without_differential(body: Node) -> tuple[Node, Node] | None:
    """The integrand and the variable, when the one differential of an integrand is in a numerator or a factor."""
    if isinstance(body, Differential):
        return (Number(body.span, "1"), body.body) if body.kind == "d" else None
    if isinstance(body, Frac):
        found = without_differential(body.num)
        return (replace(body, num=found[0]), found[1]) if found is not None else None
    if not isinstance(body, Product):
        return None
    inside = [(k, found) for k, part in enumerate(body.factors) if (found := without_differential(part)) is not None]
    if len(inside) != 1:
        return None
    place, (factor, variable) = inside[0]
    if isinstance(body.factors[place], Differential) and len(body.factors) == 2:
        return body.factors[1 - place], variable  # x dx
    return replace(body, factors=(*body.factors[:place], factor, *body.factors[place + 1 :])), variable
