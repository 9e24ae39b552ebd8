"""The loss as NumPy text, run on numbers of another kind: complex ones, or those of a library that records a tape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from deriv.codegen.generate import run_source
from deriv.errors import UsageError

if TYPE_CHECKING:
    from deriv.training.api import Task

Arrays = dict[str, Any]


def bare_loss(what: Task, data: Mapping[str, Any], library: str = "numpy") -> Callable[[Arrays], Any]:
    """The loss as written, without stable forms and without checks of dtypes, on arrays of a library like NumPy."""
    plain = what.generate(fast=False, stable=False)
    text = plain.source[: plain.source.index("\ndef loss_and_grad(")]
    text = text.replace("import numpy as np", f"import numpy\nimport {library} as np")
    text = text.replace("np.dtype(", "numpy.dtype(").replace("return float(", "return (")
    # autograd has no derivative of vdot
    text = text.replace("np.vdot(", "_vdot(") + "\ndef _vdot(a, b):\n    return np.sum(a * b)\n"
    order = [*plain.program.params, *plain.program.data]
    text += (
        f"\ndef _arrays(params, data):\n    every = {{**params, **data}}\n    return [every[k] for k in {order!r}]\n"
    )
    loss: Callable[[Arrays, Mapping[str, Any]], Any] = run_source(text)["loss"]
    return lambda params: loss(params, data)


def tape_gradient(library: str, what: Task, params: Arrays, data: Arrays) -> Arrays:
    """The gradient by each parameter from the tape of JAX or of autograd."""
    try:
        module = import_module(library)
    except ImportError:
        raise UsageError(f"the tape of {library} needs the library {library}") from None
    with _wide(module), np.errstate(all="ignore"):
        numbers = import_module(f"{library}.numpy")
        given = {k: numbers.asarray(v) if library == "jax" else v for k, v in data.items()}
        loss = bare_loss(what, given, f"{library}.numpy")
        try:
            grads = module.grad(loss)({k: np.asarray(v, float) for k, v in params.items()})
        except (NotImplementedError, TypeError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise UsageError(f"{library} cannot differentiate this loss: {reason}") from None
        return {k: np.asarray(v, float) for k, v in grads.items()}


def _wide(module: Any) -> AbstractContextManager[Any]:
    """JAX rounds everything to 32 bits unless it is told not to."""
    if module.__name__ != "jax":
        return nullcontext()
    if hasattr(module, "enable_x64"):
        return module.enable_x64(True)  # type: ignore[no-any-return]  # noqa: FBT003  (its argument has no public name)
    return import_module("jax.experimental").enable_x64()  # type: ignore[no-any-return]
