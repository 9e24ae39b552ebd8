"""How a step was read, as SymPy text: costly to print, so made only when a report asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deriv.checking.judge import Outcome
from deriv.checking.results import Step
from deriv.expr.tensor import Tensor, Value


def with_readings(step: Step, outcome: Outcome) -> Step:
    """The step with how both sides were read, as SymPy text made when it is asked for."""
    meant = outcome.meant
    if meant is None:
        return step
    return replace(step, reading_lhs=_lazy(meant.lhs, outcome), reading_rhs=_lazy(meant.rhs, outcome))


def _lazy(value: Value, outcome: Outcome) -> Callable[[], str]:
    def text() -> str:
        from deriv.expr.sympy_bridge import to_text

        canonical = outcome.meant.elaborator.ranges.canonical if outcome.meant else lambda x: x
        if isinstance(value, Tensor):
            return to_text(canonical(value.body))
        rows = (", ".join(to_text(canonical(e)) for e in row) for row in value.entries)
        return f"Matrix([{', '.join(f'[{row}]' for row in rows)}])"

    return text
