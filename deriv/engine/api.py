"""`deriv.derive` for users of SymPy: plain expressions in, a derivation with plain SymPy results out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deriv.engine.forward import derive as derive_expr
from deriv.engine.present import View, present
from deriv.engine.step import Derivation, Detail, Step
from deriv.expr.sympy_bridge import from_sympy, to_sympy
from deriv.rulebook.book import Rulebook, default_book


@dataclass(frozen=True, slots=True)
class Derived:
    """A derivative with its derivation; shows itself in notebooks."""

    derivation: Derivation
    book: Rulebook

    @property
    def result(self) -> Any:
        """The derivative, a SymPy expression."""
        return to_sympy(self.derivation.result)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every application of a rule."""
        return self.derivation.steps

    def lines(self, detail: Detail = "normal") -> list[Any]:
        """The lines of the derivation as SymPy expressions."""
        return [to_sympy(line.expr) for line in self.derivation.lines(detail)]

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
    """The derivative of a SymPy expression by a symbol, step by step; `given` maps named values to their meaning."""
    rules = book or default_book()
    definitions = {from_sympy(name): from_sympy(value) for name, value in (given or {}).items()}
    return Derived(derive_expr(from_sympy(expr), from_sympy(wrt), rules, definitions=definitions, order=order), rules)
