"""What a rule is: a law, its statement and explanation, and the mistakes people make with it.

A law comes in five kinds, each with its own fields (see `rules/README.md`, the manual):

    function   y = call(x1, x2, …) and one partial derivative per input
    structure  a pattern with `d(…)` in it and what it becomes
    algebra    two expressions that are equal on the domain
    gradient   a scalar formula over index families, the variable, and the derivative
    matrix     a formula over whole matrices, with its gradient or its differential

A `Mistake` has the shape of the law it breaks: the same fields hold the wrong result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from deriv.expr.nodes import Comparison, Expr
from deriv.rulebook.arrays import ArrayFormula

Kind = Literal["function", "structure", "algebra", "gradient", "matrix"]
KINDS: tuple[Kind, ...] = ("function", "structure", "algebra", "gradient", "matrix")

CODES = frozenset(
    {
        *("sign", "constant-factor", "chain-rule", "product-rule", "quotient-rule", "power-rule", "function-rule"),
        *("exponent-sign", "transpose", "shape", "index", "sum", "missing-term", "extra-term", "wrong-variable"),
        *("algebra", "numeric", "descent", "unknown"),
    }
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One requirement on the inputs: a comparison, or (comparison `int`) that `lhs` is a whole number."""

    lhs: Expr
    comparison: Comparison | Literal["int"]
    rhs: Expr


@dataclass(frozen=True, slots=True)
class Requirements:
    """Where a law holds: `text` as written in the file, `conditions` as values."""

    text: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionLaw:
    """`partials[k]` is the derivative by input k; inputs are `x` or `x1`, `x2`, …, the value is `y`.

    `meaning` spells the function out where SymPy and `expr.nodes` know it by name only; `breaks` are the inputs
    (of a one-input function) at which it has no derivative, `aliases` other names of the same function.
    """

    function: str
    inputs: tuple[str, ...]
    partials: tuple[Expr, ...]
    meaning: Expr | None = None
    breaks: tuple[Expr, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StructureLaw:
    """`pattern` holds `Derivative` by `x` of metavariables; `result` is what it becomes.

    `constants` are the metavariables that do not depend on `x`; `tactic` names the matcher in `engine.tactics`.
    """

    pattern: Expr
    result: Expr
    constants: tuple[str, ...]
    tactic: str


@dataclass(frozen=True, slots=True)
class AlgebraLaw:
    """`before` and `after` are equal wherever the requirements hold; `tactic` names the rewriter, if one applies it."""

    before: Expr
    after: Expr
    tactic: str = ""


@dataclass(frozen=True, slots=True)
class GradientLaw:
    """`derivative` is the derivative of `value` by `variable`, for every size of the families."""

    value: Expr
    variable: Expr
    derivative: Expr


@dataclass(frozen=True, slots=True)
class MatrixLaw:
    """A formula over arrays of the given shapes, differentiated by `variable`.

    Exactly one of `gradient` (same shape as the variable) and `differential` (linear in `d` + variable) is given.
    """

    shapes: Mapping[str, tuple[str, ...]]
    value: ArrayFormula
    variable: str
    gradient: ArrayFormula | None = None
    differential: ArrayFormula | None = None
    properties: tuple[str, ...] = ()


Law: TypeAlias = FunctionLaw | StructureLaw | AlgebraLaw | GradientLaw | MatrixLaw


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong version of a law that people write, with its diagnosis code and the sentence to say.

    `wrong` is what stands in the place of the result: one expression per partial for a function, else one.
    """

    id: str
    rule: str
    code: str
    says: str
    wrong: tuple[Expr, ...] | ArrayFormula


@dataclass(frozen=True, slots=True)
class Example:
    """A formula and its derivative (or its rewritten form), both in LaTeX, by the variable `wrt`."""

    given: str
    answer: str
    wrt: str = "x"


@dataclass(frozen=True, slots=True)
class Rule:
    """One file of the rule book."""

    id: str
    title: str
    kind: Kind
    folder: str
    law: Law
    statement: str
    requires: Requirements
    short: str
    why: str
    mistakes: tuple[Mistake, ...]
    examples: tuple[Example, ...]
    sources: tuple[str, ...]
    tags: tuple[str, ...] = field(default=())
