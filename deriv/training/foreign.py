"""Functions of the user's: loading them from a file, calling them, and reading what they return."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deriv.errors import UsageError

Arrays = dict[str, Any]
Function = Callable[..., object]
FOREIGN = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, NotImplementedError, OSError,
    RuntimeError, SyntaxError, TypeError, ValueError,
)  # fmt: skip
"""What a user's own code may raise."""


def names_function(text: object) -> bool:
    """Whether a text is a place such as `file.py:function`."""
    return isinstance(text, str) and text.rpartition(":")[0].endswith(".py") and text.rpartition(":")[2].isidentifier()


def load(place: str) -> Function:
    """The function of `file.py:name`."""
    file, _, name = place.rpartition(":")
    if not Path(file).is_file():
        raise UsageError(f"{file}: no such file")
    spec = importlib.util.spec_from_file_location("user_gradient", file)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(found)
    except FOREIGN as error:
        raise UsageError(f"{file}: {type(error).__name__}: {_line(error)}") from None
    function = getattr(found, name, None)
    if not callable(function):
        raise UsageError(f"{file}: no function {name}")
    return function  # type: ignore[no-any-return]


def call(function: Function, params: Arrays, data: Arrays, more: Mapping[str, Any] | None = None) -> object:
    """Call a user's function with (params, data), or with arrays by the names of its arguments.

    `more` are values that an argument may ask for beside them, such as the number of samples.
    """
    known = {**(more or {}), **params, **data}
    names = arguments(function)
    by_name = {name: key for name in names if (key := _key(name, known)) is not None}
    if len(by_name) != len(names) and len(names) != 2:
        raise UsageError(f"the function must take (params, data), or arguments among {', '.join(known)}")
    if len(by_name) == len(names) and data and not set(by_name.values()) & set(data):
        raise UsageError(f"the function takes none of the data ({', '.join(data)}), so nothing can be compared")
    copies = {k: np.array(v) for k, v in params.items()}  # a function may write into what it is given
    try:
        if len(by_name) == len(names):
            values = {**known, **copies}
            return function(**{name: values[key] for name, key in by_name.items()})
        return function(copies, dict(data))
    except FOREIGN as error:
        raise UsageError(f"the function failed with {type(error).__name__}: {_line(error)}") from None


def _line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def arguments(function: Function) -> list[str]:
    """The names of the arguments that must be given."""
    try:
        arguments = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ["params", "data"]
    return [a.name for a in arguments if a.default is a.empty and a.kind not in (a.VAR_KEYWORD, a.VAR_POSITIONAL)]


def _key(name: str, known: Mapping[str, Any]) -> str | None:
    """The array that an argument asks for: X may be called x."""
    if name in known:
        return name
    return name.swapcase() if len(name) == 1 and name.swapcase() in known else None


def number(value: object) -> float | None:
    """The one number that a loss returns, else None."""
    try:
        array = plain(value)
    except UsageError:
        return None
    return float(array) if array.ndim == 0 else None


def plain(value: object) -> Any:
    """An array of floats from NumPy, PyTorch, JAX or lists."""
    if value is None:
        raise UsageError("the function returned nothing")
    detach = getattr(value, "detach", None)
    if callable(detach):
        value = detach().cpu().numpy()
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            array = array.astype(float)
    except (TypeError, ValueError):
        raise UsageError(f"the function must return numbers, and it returned {type(value).__name__}") from None
    return array if array.dtype.kind == "f" else array.astype(float)


def gradients_of(result: object, params: Mapping[str, Any]) -> Arrays:
    """The gradients a function returned: by name, in order, as one array, or after the loss in a pair.

    One axis of length 1 more or less is no mistake; every other shape is kept, for the report to judge.
    """
    names = list(params)
    if isinstance(result, (tuple, list)) and len(result) == 2 and isinstance(result[1], Mapping):
        result = result[1]
    if isinstance(result, (tuple, list)) and len(result) == 2 and len(names) != 2 and number(result[0]) is not None:
        result = result[1]
    if isinstance(result, Mapping):
        unknown = [str(name) for name in result if name not in params]
        if unknown:
            raise UsageError(f"the function gave a gradient for {unknown[0]} (the parameters are {', '.join(names)})")
        missing = [name for name in names if name not in result]
        if missing:
            raise UsageError(f"the function gave no gradient for {', '.join(missing)}")
        found = {name: plain(result[name]) for name in names}
    elif isinstance(result, (tuple, list)) and len(result) == len(names) and len(names) > 1:
        found = {name: plain(value) for name, value in zip(names, result, strict=True)}
    elif len(names) == 1:
        found = {names[0]: plain(result)}
    else:
        found = _flat(result, params)
    return {name: _fitted(value, np.shape(params[name])) for name, value in found.items()}


def _flat(result: object, params: Mapping[str, Any]) -> Arrays:
    """One vector with the gradients of all parameters one after the other."""
    values = plain(result)
    sizes = [int(np.size(v)) for v in params.values()]
    if values.ndim != 1 or values.size != sum(sizes):
        raise UsageError(f"the function must return the gradients by {', '.join(params)}: a dictionary or a tuple")
    parts = np.split(values, np.cumsum(sizes)[:-1])
    return {name: part.reshape(np.shape(params[name])) for name, part in zip(params, parts, strict=True)}


def _fitted(value: Any, shape: Sequence[int]) -> Any:
    slim = tuple(n for n in value.shape if n != 1)
    return value.reshape(shape) if slim == tuple(n for n in shape if n != 1) and len(shape) < 2 else value
