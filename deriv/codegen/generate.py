"""The door of code generation: `generate(loss, wrt)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deriv.codegen import emit
from deriv.codegen.c_target import c_file
from deriv.codegen.numba_target import numba_module
from deriv.codegen.others import jax_module, torch_module
from deriv.codegen.program import Program, build
from deriv.codegen.sizes import Definition
from deriv.errors import UsageError
from deriv.expr.nodes import Expr

DTYPES = ("float32", "float64")


def run_source(source: str) -> dict[str, Any]:
    """The names that a generated module defines."""
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, "<generated>", "exec"), namespace)  # noqa: S102  (text of our own making)
    return namespace


@dataclass(frozen=True, slots=True)
class Generated:
    """A module as text, with its program; `compile` runs the text."""

    source: str
    program: Program
    target: str
    dtype: str

    def compile(self) -> dict[str, Any]:
        """The names that the module defines."""
        return run_source(self.source)

    def functions(self) -> tuple[Callable[..., float], Callable[..., tuple[float, dict[str, Any]]]]:
        """`loss` and `loss_and_grad`."""
        names = self.compile()
        return names["loss"], names["loss_and_grad"]


def generate(
    loss: Expr,
    wrt: Sequence[str],
    *,
    definitions: Sequence[Definition] = (),
    target: str = "numpy",
    fast: bool = False,
    shapes: Mapping[str, Sequence[str | int]] | None = None,
    dtype: str = "float64",
    formula: str = "",
    stable: bool = True,
    onehot: Sequence[str] = (),
    sizes: Mapping[str, int] | None = None,
) -> Generated:
    """A module with `loss` and `loss_and_grad` for a scalar loss and the families named in `wrt`.

    `onehot` names data whose last axis sums to one; `sizes` are typical sizes, which decide the order of products.
    """
    if dtype not in DTYPES:
        raise UsageError(f"unknown dtype {dtype} (known: {', '.join(DTYPES)})")
    if target not in KNOWN_TARGETS:
        raise UsageError(f"unknown target {target} (known: {', '.join(KNOWN_TARGETS)})")
    if fast and target != "numpy":
        raise UsageError("--fast goes with the target numpy")

    def program_of(*, hoist: bool) -> Program:
        return build(
            loss, list(wrt), definitions, shapes=shapes, stable=stable, onehot=onehot, sizes=sizes, hoist=hoist
        )

    program = program_of(hoist=False)
    if target == "latex":
        from deriv.codegen.latex_target import latex_document

        return Generated(latex_document(program, loss, definitions), program, target, dtype)
    source = TARGETS[target](program, formula, dtype)
    if fast:
        from deriv.codegen.fast import make_text

        source = emit.module(program, formula=formula, dtype=dtype, extra=make_text(program_of(hoist=True)))
    return Generated(source, program, target, dtype)


def _numpy(program: Program, formula: str, dtype: str) -> str:
    return emit.module(program, formula=formula, dtype=dtype)


TARGETS: dict[str, Callable[[Program, str, str], str]] = {
    "numpy": _numpy,
    "numba": numba_module,
    "torch": torch_module,
    "jax": jax_module,
    "c": c_file,
}
KNOWN_TARGETS = (*TARGETS, "latex")
