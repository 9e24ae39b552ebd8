"""Losses and penalties as plain SymPy trees, over symbols named as everywhere in deriv (`yhat_i`, `y_i`, `w_j`).

A prediction may be any SymPy expression of the sample index `i` (see `deriv.expr.networks`); left out, it is the
symbol `yhat_i`, `p_i` or `z_i`.  Sums are left unevaluated, with symbolic sizes.
"""

from __future__ import annotations

from typing import Any

import sympy

from deriv.expr.networks import I, K, entry, sigmoid

N, CLASSES, FEATURES = sympy.symbols("n K d")
J = sympy.Symbol("j")


def _samples(term: Any) -> Any:
    return sympy.Sum(term, (I, 1, N))


def _pair(prediction: Any | None, name: str) -> tuple[Any, Any]:
    return (entry(name, I) if prediction is None else prediction), entry("y", I)


def sse(prediction: Any | None = None) -> Any:
    """Sum of squared errors."""
    yhat, y = _pair(prediction, "yhat")
    return _samples((yhat - y) ** 2)


def mse(prediction: Any | None = None) -> Any:
    """Mean squared error."""
    return sse(prediction) / N


def mae(prediction: Any | None = None) -> Any:
    """Mean absolute error."""
    yhat, y = _pair(prediction, "yhat")
    return _samples(sympy.Abs(yhat - y)) / N


def huber(prediction: Any | None = None, delta: Any = 1) -> Any:
    """Huber's loss (Annals of Mathematical Statistics 35, 1964): quadratic within delta, linear outside."""
    yhat, y = _pair(prediction, "yhat")
    residual = yhat - y
    linear = delta * (sympy.Abs(residual) - sympy.Rational(1, 2) * delta)
    return _samples(sympy.Piecewise((residual**2 / 2, sympy.Abs(residual) < delta), (linear, True))) / N


def hinge(score: Any | None = None) -> Any:
    """Hinge loss of a score, for labels -1 and 1."""
    z, y = _pair(score, "z")
    return _samples(sympy.Max(0, 1 - y * z)) / N


def bce(probability: Any | None = None) -> Any:
    """Binary cross entropy of probabilities, for labels 0 and 1."""
    p, y = _pair(probability, "p")
    return -_samples(y * sympy.log(p) + (1 - y) * sympy.log(1 - p)) / N


def bce_with_logits(logit: Any | None = None) -> Any:
    """Binary cross entropy of logits, for labels 0 and 1."""
    z, _ = _pair(logit, "z")
    return bce(sigmoid(z))


def categorical_cross_entropy(probability: Any | None = None) -> Any:
    """Cross entropy of class probabilities `p_ik`, for one-hot labels `y_ik`."""
    p = entry("p", I, K) if probability is None else probability
    return -_samples(sympy.Sum(entry("y", I, K) * sympy.log(p), (K, 1, CLASSES))) / N


def nll(probability: Any | None = None) -> Any:
    """Negative log likelihood of the probabilities of what was observed."""
    return -_samples(sympy.log(entry("p", I) if probability is None else probability)) / N


def kl(model: Any | None = None) -> Any:
    """Kullback-Leibler divergence of `q_k` from the model `p_k`."""
    p, q = (entry("p", K) if model is None else model), entry("q", K)
    return sympy.Sum(q * sympy.log(q / p), (K, 1, CLASSES))


def l1(strength: Any | None = None, weight: str = "w") -> Any:
    """Absolute values of the weights, times the strength (`lambda`)."""
    scale = sympy.Symbol("lambda") if strength is None else strength
    return scale * sympy.Sum(sympy.Abs(entry(weight, J)), (J, 1, FEATURES))


def l2(strength: Any | None = None, weight: str = "w") -> Any:
    """Squares of the weights, times the strength (`lambda`)."""
    scale = sympy.Symbol("lambda") if strength is None else strength
    return scale * sympy.Sum(entry(weight, J) ** 2, (J, 1, FEATURES))


def elastic_net(first: Any | None = None, second: Any | None = None, weight: str = "w") -> Any:
    """Both penalties (Zou and Hastie, Journal of the Royal Statistical Society B 67, 2005)."""
    a = sympy.Symbol("alpha") if first is None else first
    b = sympy.Symbol("beta") if second is None else second
    return l1(a, weight) + l2(b, weight)
