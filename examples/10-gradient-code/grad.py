r"""A loss and its gradient.

    Logistic regression on $n$ samples with $d$ features:
    \begin{align}
      z_i       &= \sum_{k=1}^{d} x_{ik} w_k + b \\
      \hat{y}_i &= \sigma(z_i) \\
      L         &= -\frac{1}{n} \sum_{i=1}^{n} \left[ y_i \log \hat{y}_i + (1 - y_i) \log(1 - \hat{y}_i) \right]
    \end{align}

Parameters:
    w: (d,)
    b: ()

Data:
    x: (n, d)
    y: (n,)
"""

import numpy as np

PARAMS = {"w": ("d",), "b": ()}
DATA = {"x": ("n", "d"), "y": ("n",)}
LABELS = {}  # class labels: smallest value and number of classes
DTYPE = np.dtype("float64")


def loss(params, data):
    """The loss."""
    w, b, x, y = _arrays(params, data)
    n = x.shape[0]
    z = x @ w + b
    e_z = np.exp(-np.abs(z))
    return float((np.maximum(z, 0) + np.log1p(e_z) - y * z).sum() / n)


def loss_and_grad(params, data):
    """The loss and its gradient by parameter name."""
    w, b, x, y = _arrays(params, data)
    n = x.shape[0]
    z = x @ w + b
    e_z = np.exp(-np.abs(z))
    yhat = np.where(z >= 0, 1, e_z) / (1 + e_z)
    dz = (yhat - y) / n
    value = (np.maximum(z, 0) + np.log1p(e_z) - y * z).sum() / n
    return float(value), {"w": x.T @ dz, "b": dz.sum()}


def _arrays(params, data):
    """The arrays in the order of PARAMS and DATA."""
    try:
        w = params["w"]
        b = params["b"]
        x = data["x"]
        y = data["y"]
        n, d = x.shape
        if (
            w.shape == (d,)
            and b.shape == ()
            and y.shape == (n,)
            and w.dtype is b.dtype is x.dtype is y.dtype is DTYPE
            and len(params) == 2
            and len(data) == 2
        ):
            return w, b, x, y
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        pass
    return _checked(params, data)


def _checked(params, data):
    """The arrays in the order of PARAMS and DATA, or a ValueError that says what was expected."""
    sizes = {}
    arrays = []
    for group, given, expected in (("params", params, PARAMS), ("data", data, DATA)):
        if set(given) != set(expected):
            raise ValueError(f"{group}: expected {sorted(expected)}, got {sorted(given)}")
        for name, shape in expected.items():
            value = given[name]
            array = np.asarray(value, DTYPE) if isinstance(value, (int, float)) else np.asarray(value)
            if name not in LABELS and array.dtype != DTYPE or name in LABELS and array.dtype.kind not in "iu":
                raise ValueError(f"{name}: expected dtype {'int' if name in LABELS else DTYPE}, got {array.dtype}")
            if array.ndim != len(shape):
                raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
            for length, wanted in zip(array.shape, shape):
                symbol, _, offset = str(wanted).partition(" ")
                length -= int(offset.replace(" ", "") or 0)
                if sizes.setdefault(symbol, wanted if isinstance(wanted, int) else length) != length:
                    raise ValueError(f"{name}: expected shape {shape} with {sizes}, got {array.shape}")
            arrays.append(array)
    return arrays


def self_test(seed=0, step=1e-6):
    """The largest difference between the gradient and central differences, relative to the largest entry."""
    rng = np.random.default_rng(seed)
    sizes = {'d': 5, 'n': 3}
    shape_of = lambda shape: tuple(sizes.get(s, s) for s in shape)
    params = {k: np.asarray(rng.uniform(0.1, 0.9, shape_of(s)), DTYPE) for k, s in PARAMS.items()}
    data = {k: np.asarray(rng.uniform(0.1, 0.9, shape_of(s)), DTYPE) for k, s in DATA.items()}
    for name, high in LABELS.items():
        data[name] = rng.integers(high[0], high[0] + sizes.get(high[1], high[1]), shape_of(DATA[name]))
    _, grad = loss_and_grad(params, data)
    worst, scale = 0.0, max(1e-3, *(float(np.abs(np.asarray(g)).max()) for g in grad.values()))
    for name, value in params.items():
        for entry in np.ndindex(value.shape):
            ends = []
            for sign in (1, -1):
                moved = {**params, name: value.copy()}
                moved[name][entry] += sign * step
                ends.append(loss(moved, data))
            slope = (ends[0] - ends[1]) / (2 * step)
            worst = max(worst, abs(slope - float(grad[name][entry])) / scale)
    return worst


if __name__ == "__main__":
    difference = self_test()
    print(f"largest relative difference from central differences: {difference:.1e}")
    raise SystemExit(difference > 1e-6)
