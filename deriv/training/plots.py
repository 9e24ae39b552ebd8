"""Pictures of training runs: loss, decision boundary, and the path of descent over the surface of two parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from deriv.errors import UsageError

if TYPE_CHECKING:
    from deriv.training.loop import History

FORMATS = (".png", ".svg", ".pdf")
_POINTS = 60


def checked(file: str) -> None:
    """Refuse what could not be drawn in the end, before any work is done."""
    if not file.endswith(FORMATS):
        raise UsageError(f"{file}: a picture ends in {', '.join(FORMATS)}")
    _figures()


def _figures() -> Any:
    try:
        return import_module("matplotlib.figure")
    except ImportError:
        raise UsageError("pictures need the library matplotlib (pip install matplotlib)") from None


def plot(history: History, file: str) -> None:
    """The picture that fits a run: see `History.plot`."""
    checked(file)
    if _two_parameters(history):
        side_by_side({"": history}, file)
        return
    boundary = _two_features(history)
    figure = _figures().Figure(figsize=(12 if boundary else 6, 4), layout="constrained")
    panels = figure.subplots(1, 2 if boundary else 1, squeeze=False)[0]
    _draw_loss(panels[0], history)
    if boundary:
        _draw_boundary(panels[1], history)
    _save(figure, file)


def side_by_side(histories: Mapping[str, History], file: str) -> None:
    """Runs beside one another, each under its title: batch and stochastic descent, say.

    For two parameters each run has the surface of the loss above and contours with the path of descent below,
    all over the same region; otherwise the losses are drawn to the same scale.
    """
    checked(file)
    runs = list(histories.values())
    figure = _figures().Figure(figsize=(6 * len(runs), 8 if _two_parameters(runs[0]) else 4), layout="constrained")
    if all(_two_parameters(run) for run in runs):
        _draw_surfaces(figure, histories)
    else:
        panels = figure.subplots(1, len(runs), squeeze=False, sharey=True)[0]
        for axes, (title, run) in zip(panels, histories.items(), strict=True):
            _draw_loss(axes, run)
            axes.set_title(title)
    _save(figure, file)


def _save(figure: Any, file: str) -> None:
    try:
        figure.savefig(file)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None


def _two_parameters(history: History) -> bool:
    return history.problem is not None and len(history.path) > 1


def _two_features(history: History) -> bool:
    if history.problem is None or history.predict is None:
        return False
    return bool(history.problem.data["X"].shape[1] == 2)


def _draw_loss(axes: Any, history: History) -> None:
    axes.plot(range(1, len(history.loss) + 1), history.loss, label="training")
    if history.validation:
        axes.plot(range(1, len(history.validation) + 1), history.validation, label="validation")
        axes.legend()
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")


def _draw_boundary(axes: Any, history: History) -> None:
    """The samples, and where the model changes its mind: regions of classes, or the middle between two labels."""
    assert history.problem is not None
    assert history.predict is not None
    X = history.problem.data["X"]
    y = next(a for name, a in history.problem.data.items() if name != "X")
    low, high = X.min(axis=0) - 0.5, X.max(axis=0) + 0.5
    xs, ys = (np.linspace(low[k], high[k], 2 * _POINTS) for k in range(2))
    grid = np.stack(np.meshgrid(xs, ys), -1)
    said = np.asarray(history.predict(history.params, grid.reshape(-1, 2)))
    if said.ndim == 2 and said.shape[1] > 1:
        y, classes = np.argmax(y, axis=1), np.argmax(said, axis=1).reshape(grid.shape[:2])
        axes.contourf(xs, ys, classes, levels=np.arange(said.shape[1] + 1) - 0.5, cmap="coolwarm", alpha=0.3)
    else:
        y = np.ravel(y)
        axes.contour(xs, ys, said.reshape(grid.shape[:2]), levels=[(y.min() + y.max()) / 2], colors="k")
    axes.scatter(X[:, 0], X[:, 1], c=y, cmap="coolwarm", edgecolors="k")
    axes.set_title("decision boundary")


def _draw_surfaces(figure: Any, histories: Mapping[str, History]) -> None:
    import_module("mpl_toolkits.mplot3d")  # makes the projection "3d" known
    paths = [_path(run) for run in histories.values()]
    first = next(iter(histories.values()))
    xs, ys, values = _surface(first, paths)
    names = [f"{k}[{i}]" if v.size > 1 else k for k, v in first.params.items() for i in range(v.size)]
    # closer together near the minimum, where the path is
    levels = values.min() + (values.max() - values.min()) * np.linspace(0, 1, 25)[1:] ** 2
    for column, (title, path) in enumerate(zip(histories, paths, strict=True), 1):
        above = figure.add_subplot(2, len(paths), column, projection="3d")
        above.plot_surface(*np.meshgrid(xs, ys), values, cmap="viridis", alpha=0.8)
        above.set(xlabel=names[0], ylabel=names[1], zlabel="loss", title=title)
        below = figure.add_subplot(2, len(paths), len(paths) + column)
        below.contour(xs, ys, values, levels=levels)
        below.plot(path[:, 0], path[:, 1], "o-", markersize=2, linewidth=1, color="crimson")
        below.set(xlabel=names[0], ylabel=names[1])


def _path(history: History) -> Any:
    return np.array([np.concatenate([np.ravel(v) for v in place.values()]) for place in history.path], float)


def _surface(history: History, paths: Sequence[Any]) -> tuple[Any, Any, Any]:
    """The loss around all paths: two axes, and the values with a row for each value of the second parameter."""
    problem = history.problem
    assert problem is not None
    every = np.concatenate(paths)
    low, high = every.min(axis=0), every.max(axis=0)
    margin = 0.3 * np.maximum(high - low, 1e-3) + 0.1
    xs, ys = (np.linspace(low[k] - margin[k], high[k] + margin[k], _POINTS) for k in range(2))
    shapes = {k: v.shape for k, v in history.params.items()}
    values = [[problem.loss(_unravel(np.array([x, y]), shapes), problem.data) for x in xs] for y in ys]
    return xs, ys, np.array(values)


def _unravel(flat: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    found, start = {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        found[name] = flat[start : start + size].reshape(shape)
        start += size
    return found
