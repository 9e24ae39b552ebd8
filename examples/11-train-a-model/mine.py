"""A gradient of logistic regression as it was handed in."""

import numpy as np


def grad(params, data):
    z = data["X"] @ params["w"] + params["b"]
    yhat = 1 / (1 + np.exp(-z))
    return {"w": data["X"].T @ (yhat - data["y"]), "b": (data["y"] - yhat).mean()}


def loss(w, b, X, y):
    """The loss whose gradient this should be, for `--loss mine.py:loss`."""
    z = X @ w + b
    return np.mean(np.logaddexp(0, z) - y * z)
