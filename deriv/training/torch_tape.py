"""The loss run node by node in PyTorch, whose own tape then gives the gradient: an independent reverse mode."""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from deriv.codegen.lift import lift
from deriv.engine.graph import Dim, Node, axes_of, coefficients, einsum_out, function_of, reachable, refs
from deriv.errors import UsageError

if TYPE_CHECKING:
    from deriv.training.api import Task

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_COMPARE = {"gt": "gt", "ge": "ge", "lt": "lt", "le": "le", "eq": "eq", "ne": "ne"}


def _torch() -> Any:
    try:
        return import_module("torch")
    except ImportError:
        raise UsageError("the tape of PyTorch needs the library torch") from None


def torch_gradient(what: Task, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The gradient by each parameter from PyTorch's tape."""
    torch = _torch()
    lifted = lift(what.loss, what.definitions, shapes=what.shapes)
    tensors = {k: torch.tensor(np.asarray(v), dtype=torch.float64, requires_grad=True) for k, v in params.items()}
    inputs = {**{k: torch.tensor(np.asarray(v)) for k, v in data.items()}, **tensors}
    sizes: dict[str, int] = {}
    for name, node in lifted.inputs.items():
        for axis, dim in enumerate(node.shape):
            if dim.symbol:
                sizes[dim.symbol] = inputs[name].shape[axis] - dim.offset
    values: dict[Node, Any] = {}
    for node in reachable([lifted.loss]):
        values[node] = _value(torch, node, [values[a] for a in node.args], inputs, sizes)
    grads = torch.autograd.grad(values[lifted.loss], list(tensors.values()), allow_unused=True)
    return {k: np.zeros(np.shape(params[k])) if g is None else g.numpy() for k, g in zip(tensors, grads, strict=True)}


def _value(torch: Any, node: Node, args: list[Any], inputs: dict[str, Any], sizes: dict[str, int]) -> Any:
    real = torch.float64
    match node.op:
        case "input":
            return inputs[str(node.data[0])]
        case "const":
            value = node.data[0]
            number = float(value) if isinstance(value, Fraction) else {"pi": np.pi, "e": np.e}[str(value)]
            return torch.tensor(number, dtype=real)
        case "size":
            assert isinstance(node.data[0], Dim)
            return torch.tensor(float(node.data[0].value(sizes)), dtype=real)
        case "ones":
            return torch.ones(node.shape[0].value(sizes), dtype=real)
        case "eye":
            return torch.eye(node.shape[0].value(sizes), dtype=real)
        case "iota":
            assert isinstance(node.data[0], Dim)
            start = node.data[0].value(sizes)
            return torch.arange(start, start + node.shape[0].value(sizes), dtype=real)
        case "einsum":
            spec = ",".join("".join(_LETTERS[i] for i in r.indices) for r in refs(node))
            out = "".join(_LETTERS[i] for i in einsum_out(node))
            return torch.einsum(f"{spec}->{out}", *(a.to(real) for a in args))
        case "add":
            total = 0
            for c, ref, a in zip(coefficients(node), refs(node), args, strict=True):
                total = total + float(c) * _aligned(torch, a, ref.indices, node)
            return total
        case "map":
            aligned = [_aligned(torch, a, r.indices, node) for a, r in zip(args, refs(node), strict=True)]
            return _function(torch, function_of(node), aligned)
        case "prod":
            return torch.prod(args[0], dim=int(str(node.data[0])))
        case "onehot":
            count = node.shape[-1].value(sizes)
            return torch.nn.functional.one_hot(args[0].long() - int(str(node.data[0])), count).to(real)
        case "slice":
            axis, start = int(str(node.data[0])), int(str(node.data[1]))
            return args[0].narrow(axis, start, node.shape[axis].value(sizes))
        case "pick":
            return args[0].select(int(str(node.data[0])), int(str(node.data[1])))
    raise UsageError(f"the tape of PyTorch does not know {node.op}")


def _aligned(torch: Any, value: Any, indices: tuple[int, ...], node: Node) -> Any:
    """The axes in the order of the result, with new ones of length one."""
    distinct = tuple(dict.fromkeys(indices))
    if distinct != indices:
        spec = "".join(_LETTERS[i] for i in indices)
        value = torch.einsum(f"{spec}->{''.join(_LETTERS[i] for i in distinct)}", value)
    order = [i for i in axes_of(node.shape) if i in distinct]
    value = value.permute([distinct.index(i) for i in order]) if value.ndim > 1 else value
    return value[tuple(slice(None) if i in distinct else None for i in axes_of(node.shape))]


def _function(torch: Any, name: str, args: list[Any]) -> Any:
    if name in _COMPARE:
        return getattr(torch, name)(*args).to(torch.float64)
    match name:
        case "max":
            return torch.maximum(*args)
        case "min":
            return torch.minimum(*args)
        case "pow":
            return torch.pow(*args)
        case "softplus":
            return torch.nn.functional.softplus(args[0])
        case "where":
            return torch.where(args[0] > 0, *torch.broadcast_tensors(args[1], args[2]))
        case "step":
            return (args[0] > 0).to(torch.float64)
    return getattr(torch, name)(*args)
