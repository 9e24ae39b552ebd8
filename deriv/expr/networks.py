"""Models as plain SymPy trees: the prediction for sample `i`, over symbols named as everywhere in deriv."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import sympy

I, K = sympy.symbols("i k")
_FEATURE, _CLASS = sympy.symbols("j c")
_SIZE, _CLASSES = sympy.symbols("d K")
_HIDDEN: Final = "hlmpqrstuv"


def entry(name: str, *indices: Any) -> Any:
    """The symbol for an entry of a family: `entry("x", i, j)` is `x_ij`."""
    return sympy.Symbol(f"{name}_{''.join(map(str, indices))}")


def sigmoid(x: Any) -> Any:
    """The sigmoid, as an unevaluated function."""
    return sympy.Function("sigmoid")(x)


_ACTIVATIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "sigmoid": sigmoid,
    "tanh": sympy.tanh,
    "relu": sympy.Function("relu"),
    "softplus": sympy.Function("softplus"),
    "identity": lambda x: x,
}


def linear() -> Any:
    """Linear regression: Σ_j w_j x_ij + b."""
    return sympy.Sum(entry("w", _FEATURE) * entry("x", I, _FEATURE), (_FEATURE, 1, _SIZE)) + sympy.Symbol("b")


def adaline() -> Any:
    """The adaptive linear neuron: its output for training is the linear one."""
    return linear()


def logistic() -> Any:
    """Logistic regression: the sigmoid of the linear output."""
    return sigmoid(linear())


def perceptron() -> Any:
    """The perceptron: a hard step of the linear output, whose derivative is 0 wherever it exists."""
    return sympy.Function("step")(linear())


def softmax() -> Any:
    """Softmax regression: the probability of class `k`."""

    def score(c: Any) -> Any:
        products = entry("w", c, _FEATURE) * entry("x", I, _FEATURE)
        return sympy.Sum(products, (_FEATURE, 1, _SIZE)) + entry("b", c)

    return sympy.exp(score(K)) / sympy.Sum(sympy.exp(score(_CLASS)), (_CLASS, 1, _CLASSES))


def mlp(layers: int = 2, activation: str = "tanh") -> Any:
    """A network of `layers` affine layers with one output: hidden activations as named, the last layer linear.

    Layer 1 has the weights `W1_hj` and biases `b1_h`, and so on; the last has `v_h` and `b`.
    """
    if not 2 <= layers <= len(_HIDDEN):
        raise ValueError(f"between 2 and {len(_HIDDEN)} layers are expected, not {layers}")
    act = _ACTIVATIONS[activation]
    below, value, size = _FEATURE, entry("x", I, _FEATURE), _SIZE
    for layer in range(1, layers):
        unit = sympy.Symbol(_HIDDEN[layer - 1])
        total = sympy.Sum(entry(f"W{layer}", unit, below) * value, (below, 1, size)) + entry(f"b{layer}", unit)
        below, value, size = unit, act(total), sympy.Symbol(f"d{layer}")
    return sympy.Sum(entry("v", below) * value, (below, 1, size)) + sympy.Symbol("b")
