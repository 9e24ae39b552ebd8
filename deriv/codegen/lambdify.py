"""The program as a function through `sympy.lambdify`, with a NumPy printer of ours.

SymPy's own printer would lose shapes and write contractions as sums; here every statement is one opaque symbol that
our printer spells out, and the statements are handed to `lambdify` as its common subexpressions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
from sympy.printing.numpy import NumPyPrinter

from deriv.codegen import emit
from deriv.codegen.program import Program
from deriv.errors import MeaningError


class Snippet(sympy.Symbol):  # type: ignore[misc]  # SymPy is not typed
    """Program text in the role of an expression."""


class ProgramPrinter(NumPyPrinter):  # type: ignore[misc]  # SymPy is not typed
    """Prints snippets as they are."""

    def _print_Snippet(self, expr: Snippet) -> str:
        return str(expr.name)


def lambdified(program: Program) -> Callable[..., list[Any]]:
    """A function of the arrays, in the order of params and data: the loss, then the gradient by each parameter."""
    writer = emit.start(program, "numpy")
    writer.run(program.outputs)
    if writer.helpers:
        raise MeaningError(f"lambdify has no {', '.join(sorted(writer.helpers))}: use the generated module")
    results = [Snippet(writer.expression(op)) for op in program.outputs]  # long ones define parts of theirs
    lines = [*emit.size_lines(program, writer, program.outputs), *writer.lines]
    statements = [line.split(" = ", 1) for line in lines]
    replacements = [(sympy.Symbol(name), Snippet(text)) for name, text in statements]
    arguments = [sympy.Symbol(name) for name in emit.variables(program).values()]
    # the printed text says numpy.exp, so the namespace needs the module itself under that name
    import numpy as np

    spaces = [{"numpy": np, "DTYPE": np.dtype("float64")}, "numpy"]
    function: Callable[..., list[Any]] = sympy.lambdify(
        arguments, results, modules=spaces, printer=ProgramPrinter, cse=lambda exprs: (replacements, list(exprs))
    )
    return function
