"""Gradients by reverse mode (PyTorch), or by central differences where it is not installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np

from tests.tensors.maker import Node
from tests.tensors.spell import value

HAS_TORCH = find_spec("torch") is not None
STEP = 1e-5


def reverse_mode(node: Node, at: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """The gradient of a scalar by one variable."""
    return _torch(node, at, name) if HAS_TORCH else _differences(node, at, name)


def _torch(node: Node, at: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    import torch

    tensors = {key: torch.tensor(array, dtype=torch.float64) for key, array in at.items()}
    tensors[name].requires_grad_()
    value(node, tensors, torch).sum().backward()
    slope = tensors[name].grad
    return np.zeros_like(at[name]) if slope is None else np.asarray(slope.numpy())


def _differences(node: Node, at: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    slope = np.zeros_like(at[name])
    for place in np.ndindex(*slope.shape):
        ends = []
        for step in (STEP, -STEP):
            moved = at[name].copy()
            moved[place] += step
            ends.append(value(node, {**at, name: moved}).item())
        slope[place] = (ends[0] - ends[1]) / (2 * STEP)
    return slope
