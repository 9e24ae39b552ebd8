"""What a trained model says about new samples, for pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from deriv.codegen.emit import module
from deriv.codegen.generate import run_source
from deriv.codegen.lift import lift
from deriv.codegen.program import lowered

if TYPE_CHECKING:
    from deriv.training.api import Task

Arrays = dict[str, Any]


def predictor(what: Task) -> Callable[[Arrays, Any], Any] | None:
    """A function of parameters and X with the model's output for each row: (n,) or (n, K); None for a formula.

    The code is generated when the function is first called.
    """
    chosen = what.model
    if chosen is None:
        return None
    made: list[tuple[Callable[..., Any], int]] = []

    def predict(params: Arrays, X: Any) -> Any:
        if not made:
            made.append(_outputs(what))
        function, axes = made[0]
        width = chosen.layers[-1] if chosen.layers else next(iter(params.values())).shape[-1]
        targets = np.zeros((len(X), width)[:axes])
        with np.errstate(all="ignore"):
            double = {name: np.asarray(value, float) for name, value in params.items()}
            return function(double, {"X": np.asarray(X, float), chosen.target: targets})[1]["output"]

    return predict


def _outputs(what: Task) -> tuple[Callable[..., Any], int]:
    """A function whose second value has the output, and the number of axes of the targets."""
    assert what.model is not None
    lifted = lift(what.loss, what.definitions, shapes=what.shapes, onehot=what.model.onehot)
    names = {name: node for node, name in lifted.graph.names.items()}
    # a loss of z alone (hinge, perceptron) has no yhat
    last = next(name for name in ("yhat", "z", f"z{len(what.model.layers) - 1}") if name in names)
    nodes = {"": lifted.loss, "output": names[last]}
    program = lowered(lifted, nodes, what.params, stable=False, hoist=False, sizes={})
    function = run_source(module(program))["loss_and_grad"]
    return function, len(lifted.inputs[what.model.target].shape)
