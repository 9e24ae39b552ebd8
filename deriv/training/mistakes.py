"""The gradients that known mistakes give, for comparison with a wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deriv.codegen.emit import module
from deriv.codegen.generate import generate, run_source
from deriv.codegen.lift import lift
from deriv.codegen.program import lowered
from deriv.engine.graph import function_of, reachable
from deriv.engine.graph_lift import MASKS
from deriv.engine.reverse import gradients
from deriv.errors import DerivError
from deriv.expr.nodes import Add

if TYPE_CHECKING:
    from deriv.training.api import Task

Arrays = dict[str, Any]


def mistakes(what: Task, params: Arrays, data: Arrays) -> dict[str, Arrays]:
    """Gradients that known mistakes give: a forgotten slope of an activation, a forgotten term."""
    lifted = lift(what.loss, what.definitions, shapes=what.shapes)
    graph, wanted = lifted.graph, [lifted.inputs[n] for n in what.params]
    slopes = [
        node
        for node in reachable([lifted.loss])
        if node.op in ("map", "softmax") and len(node.args) == 1 and node.args[0].shape == node.shape
        if node.op == "softmax" or function_of(node) not in MASKS | {"log", "sqrt"}
    ]
    found: dict[str, Arrays] = {}
    every = frozenset(slopes)
    choices = [*(frozenset([n]) for n in slopes), *([every] if len(slopes) > 1 else [])]
    for flat in choices:
        names = sorted({function_of(n) if n.op == "map" else n.op for n in flat})
        grads = gradients(graph, lifted.loss, wanted, flat)
        nodes = {"": lifted.loss, **dict(zip(what.params, grads, strict=True))}
        program = lowered(lifted, nodes, what.params, stable=True, hoist=False, sizes={})
        text = f"chain-rule: the derivative of {' and '.join(names)} is missing"
        found.setdefault(text, _evaluate(module(program), params, data))
    return found


def _evaluate(source: str, params: Arrays, data: Arrays) -> Arrays:
    result: Arrays = run_source(source)["loss_and_grad"](params, data)[1]
    return result


def lost_terms(what: Task, params: Arrays, data: Arrays) -> dict[str, Arrays]:
    """Gradients of the loss without one of its terms: a forgotten penalty, say."""
    if not isinstance(what.loss, Add):
        return {}
    found: dict[str, Arrays] = {}
    for k, term in enumerate(what.loss.children):
        names = [name for name, value in _of(what, term, params, data).items() if np.any(value)]
        rest = [t for j, t in enumerate(what.loss.children) if j != k]
        grads = _of(what, Add(tuple(rest)) if len(rest) > 1 else rest[0], params, data)
        if names:
            found[f"missing-term: term {k + 1} of the loss is lost"] = grads
    return found


def _of(what: Task, loss: Any, params: Arrays, data: Arrays) -> Arrays:
    """The gradient of another loss by those parameters that it has; zero by the others."""
    zero = {name: np.zeros_like(value) for name, value in params.items()}
    names = list(params)
    while names:
        try:
            code = generate(loss, names, definitions=what.definitions, shapes=what.shapes)
        except DerivError as error:
            # a term need not have every parameter
            absent = [name for name in names if str(error).startswith(f"{name} does not occur")]
            if not absent:
                return zero
            names.remove(absent[0])
            continue
        values = {**params, **data}
        inputs = {name: values[name] for name in code.program.data}
        given = {name: params[name] for name in names}
        return {**zero, **code.functions()[1](given, inputs)[1]}
    return zero
