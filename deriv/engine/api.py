"""`deriv.derive` for users of SymPy: plain expressions in, a derivation with plain SymPy results out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deriv.engine.arrays.derive import derive_arrays
from deriv.engine.arrays.nodes import Shape
from deriv.engine.arrays.sympy_arrays import from_matrices, given_matrices, has_arrays, to_matrices
from deriv.engine.forward import derive as derive_expr
from deriv.engine.present import View, present
from deriv.engine.step import Derivation, Detail, Step
from deriv.expr import nodes as n
from deriv.expr.sympy_bridge import from_sympy, to_sympy
from deriv.rulebook.book import Rulebook, default_book


@dataclass(frozen=True, slots=True)
class Derived:
    """A derivative with its derivation; shows itself in notebooks."""

    derivation: Derivation
    book: Rulebook

    @property
    def result(self) -> Any:
        """The derivative, a SymPy expression; by a `MatrixSymbol` it is one of the same shape."""
        return self._sympy(self.derivation.result)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every application of a rule."""
        return self.derivation.steps

    def lines(self, detail: Detail = "normal") -> list[Any]:
        """The lines of the derivation as SymPy expressions."""
        return [self._sympy(line.expr) for line in self.derivation.lines(detail)]

    def _sympy(self, expr: n.Expr) -> Any:
        shapes = self.derivation.shapes
        return to_matrices(expr, shapes) if shapes else to_sympy(expr)

    def show(self, form: str = "text", detail: Detail = "normal") -> str:
        """The derivation as text, latex, markdown, json or html."""
        return present(View(self.derivation, self.book, detail), form)  # type: ignore[arg-type]

    def __str__(self) -> str:
        return self.show()

    def _repr_latex_(self) -> str:
        return "$$" + self.show("latex").replace("align*", "aligned").replace(r"\tag", r"\quad\text") + "$$"

    def _repr_html_(self) -> str:
        return self.show("html")


def derive(
    expr: Any, wrt: Any, *, given: Mapping[Any, Any] | None = None, order: int = 1, book: Rulebook | None = None
) -> Derived:
    """The derivative of a SymPy expression by a symbol, step by step; `given` maps named values to their meaning.

    With `MatrixSymbol`s the expression is a scalar over whole matrices (a trace, a determinant, a 1 × 1 product such
    as `(r.T*r)[0, 0]`), the derivative shaped like `wrt`; for order 2 it is the Hessian by a column.
    Raises MeaningError where no rule applies or the shapes do not fit.
    """
    rules = book or default_book()
    if not has_arrays(expr, wrt):
        definitions = {from_sympy(name): from_sympy(value) for name, value in (given or {}).items()}
        derivation = derive_expr(from_sympy(expr), from_sympy(wrt), rules, definitions=definitions, order=order)
        return Derived(derivation, rules)
    shapes: dict[str, Shape] = {}
    names = given_matrices(given or {}, shapes)
    body = from_matrices(expr, shapes)
    variable = n.Sym(str(wrt))
    return Derived(derive_arrays(body, variable, rules, shapes, definitions=names, order=order), rules)
