"""Pictures of a training run: loss, decision boundary, and the path over the surface of two parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from deriv.errors import UsageError

if TYPE_CHECKING:
    from deriv.training.loop import History

FORMATS = (".png", ".svg", ".pdf")


def _figure(file: str, columns: int = 1) -> tuple[Any, Any]:
    if not file.endswith(FORMATS):
        raise UsageError(f"{file}: a picture ends in {', '.join(FORMATS)}")
    try:
        figures = import_module("matplotlib.figure")
    except ImportError:
        raise UsageError("pictures need the library matplotlib (pip install matplotlib)") from None
    figure = figures.Figure(figsize=(6 * columns, 4), layout="constrained")
    return figure, figure.subplots(1, columns, squeeze=False)[0]


def _save(figure: Any, file: str) -> None:
    try:
        figure.savefig(file)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None


def plot_loss(history: History, file: str) -> None:
    """The loss by epoch, and that of the validation samples."""
    figure, (axes,) = _figure(file)
    _draw_loss(axes, history)
    _save(figure, file)


def _draw_loss(axes: Any, history: History) -> None:
    axes.plot(range(1, len(history.loss) + 1), history.loss, label="training")
    if history.validation:
        axes.plot(range(1, len(history.validation) + 1), history.validation, label="validation")
        axes.legend()
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")


def plot_boundary(history: History, X: Any, y: Any, file: str) -> None:
    """Loss, and the line w·x + b = 0 between the samples of two features."""
    figure, (left, right) = _figure(file, 2)
    _draw_loss(left, history)
    w, b = history.params["w"], float(history.params["b"])
    right.scatter(X[:, 0], X[:, 1], c=y, cmap="coolwarm", edgecolors="k")
    low, high = X.min(axis=0) - 0.5, X.max(axis=0) + 0.5
    grid = np.stack(np.meshgrid(np.linspace(low[0], high[0], 100), np.linspace(low[1], high[1], 100)), -1)
    right.contour(grid[..., 0], grid[..., 1], grid @ w + b, levels=[0.0], colors="k")
    right.set_title("decision boundary")
    _save(figure, file)


def plot_surface(history: History, loss: Callable[[Mapping[str, Any]], float], file: str) -> None:
    """Contours of the loss over two parameters, with the path of descent."""
    figure, (axes,) = _figure(file)
    path = np.array([np.concatenate([np.ravel(v) for v in p.values()]) for p in history.path if p])
    if path.ndim != 2 or path.shape[1] != 2:
        raise UsageError("a loss surface needs exactly two parameters")
    low, high = path.min(axis=0), path.max(axis=0)
    margin = 0.5 * np.maximum(high - low, 1e-3) + 0.1
    xs, ys = (np.linspace(low[k] - margin[k], high[k] + margin[k], 60) for k in range(2))
    shapes = {k: v.shape for k, v in history.params.items()}
    values = [[loss(_unravel(np.array([x, y]), shapes)) for x in xs] for y in ys]
    axes.contour(xs, ys, values, levels=25)
    axes.plot(path[:, 0], path[:, 1], "o-", markersize=2, color="crimson")
    _save(figure, file)


def _unravel(flat: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    found, start = {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        found[name] = flat[start : start + size].reshape(shape)
        start += size
    return found
