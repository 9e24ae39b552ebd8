"""Data for training: CSV, NPZ or Parquet files to arrays, with one clear line for whatever does not fit."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Container, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from deriv.codegen.program import Program
from deriv.errors import UsageError
from deriv.training.models import Model

Arrays = dict[str, Any]
PARQUET = (".parquet", ".pq")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a file by name; `separator` and `header` say how a CSV file is written."""

    path: str
    names: tuple[str, ...]
    columns: Mapping[str, Any]
    separator: str = ","
    header: bool = True


def read_arrays(
    path: str | Path, target: str | None = None, *, text_labels: bool = False, wanted: Mapping[str, int] | None = None
) -> Arrays:
    """The arrays of a file: those of an NPZ by name; of a table X (features) and y (the target column).

    `wanted` are the arrays of a formula with their numbers of axes: a column of such a name is that array.
    """
    file = existing(path)
    if file.suffix == ".npz":
        return _read_npz(file, target)
    table = read_table(file)
    arrays: Arrays = {}
    for name, columns in assigned(table, target, wanted or {}).items():
        if isinstance(columns, str):
            arrays[name] = _labels(table, columns, arrays) if text_labels else _column(table, columns)
        else:
            arrays[name] = np.column_stack([_column(table, c) for c in columns])
    return arrays


def existing(path: str | Path) -> Path:
    """A file that is there and not empty."""
    file = Path(path)
    if not file.is_file():
        raise UsageError(f"{file}: {'this is a folder' if file.is_dir() else 'no such file'}")
    if file.stat().st_size == 0:
        raise UsageError(f"{file}: the file is empty")
    if file.suffix == ".npy":
        raise UsageError(f"{file}: one array without a name; save X and y together with numpy.savez (NPZ)")
    return file


def assigned(table: Table, target: str | None, wanted: Mapping[str, int]) -> dict[str, str | tuple[str, ...]]:
    """Which columns make which array: X are the features and y is the target, or columns go by a formula's names."""
    if target is not None and target not in table.names:
        raise UsageError(f"{table.path}: no column {target} (there are {', '.join(table.names)})")
    named = {name: name for name, axes in wanted.items() if axes == 1 and name in table.names and name != target}
    if wanted and set(named) == set(wanted):
        return dict(named)
    chosen = target if target is not None else None if named else table.names[-1]
    features = tuple(name for name in table.names if name != chosen and name not in named)
    if not features and not named:
        raise UsageError(f"{table.path}: there is no column beside the target {chosen}")
    found: dict[str, str | tuple[str, ...]] = {"X": features} if features else {}
    return {**found, **named, **({"y": chosen} if chosen is not None else {})}


def _read_npz(file: Path, target: str | None) -> Arrays:
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UsageError(f"{file}: not an NPZ file of plain arrays ({error})") from None
    if target is not None:
        if target not in arrays:
            raise UsageError(f"{file}: no array {target} (there are {', '.join(arrays) or 'none'})")
        arrays["y"] = arrays.pop(target)
    return arrays


def read_table(file: Path) -> Table:
    """A CSV or Parquet file as columns of cells."""
    return _read_parquet(file) if file.suffix in PARQUET else _read_csv(file)


def _read_parquet(file: Path) -> Table:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise UsageError(f"{file}: reading Parquet needs the library pyarrow (pip install pyarrow)") from None
    try:
        table = parquet.read_table(file)
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: not a Parquet file ({error})") from None
    if not table.num_rows:
        raise UsageError(f"{file}: there is no row of data")
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    return Table(str(file), tuple(columns), columns)


def _read_csv(file: Path) -> Table:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            first = stream.readline()
            separator = next((s for s in ",;\t" if s in first), ",")
            stream.seek(0)
            rows = [row for row in csv.reader(stream, delimiter=separator) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file}: not a CSV file in UTF-8 ({error})") from None
    if not rows:
        raise UsageError(f"{file}: the file has no rows")
    header = not any(_number(cell) is not None for cell in rows[0])
    names = [cell.strip() for cell in rows[0]] if header else [f"x{k + 1}" for k in range(len(rows[0]))]
    if len(set(names)) != len(names):
        raise UsageError(f"{file}: two columns have one name")
    body = rows[1:] if header else rows
    if not body:
        raise UsageError(f"{file}: there is a header and no row of data")
    for line, row in enumerate(body, 2 if header else 1):
        if len(row) != len(names):
            raise UsageError(f"{file}: row {line} has {len(row)} cells where {len(names)} are expected")
    columns = {name: [row[k].strip() for row in body] for k, name in enumerate(names)}
    return Table(str(file), tuple(names), columns, separator, header)


def _number(cell: object) -> float | None:
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _labels(table: Table, name: str, arrays: Arrays) -> Any:
    """Class labels: numbers as they are, words by their place in the alphabet (listed under `classes`)."""
    names = class_names(table, name)
    if not names:
        return _column(table, name)
    arrays["classes"] = np.asarray(names)
    return np.asarray([names.index(str(cell)) for cell in table.columns[name]], float)


def class_names(table: Table, name: str) -> list[str]:
    """The classes of a column of words; none when it holds numbers."""
    labels = table.columns[name]
    if all(_number(cell) is not None for cell in labels):
        return []
    if any(not str(cell) for cell in labels):
        raise UsageError(f"{table.path}: column {name} has an empty cell")
    return sorted({str(cell) for cell in labels})


def _column(table: Table, name: str) -> Any:
    values = [_number(cell) for cell in table.columns[name]]
    for row, value in enumerate(values, 1):
        cell = table.columns[name][row - 1]
        if value is None:
            what = f"{str(cell)!r} is not a number" if str(cell) else "the cell is empty"
            raise UsageError(f"{table.path}: column {name}, data row {row}: {what}")
        if not np.isfinite(value):
            raise UsageError(f"{table.path}: column {name}, data row {row}: {cell} is not a finite number")
    return np.asarray(values, float)


def finite(name: str, array: object, dtype: str = "float64") -> Any:
    """An array of finite floats."""
    try:
        if np.asarray(array).dtype.kind == "c":
            raise UsageError(f"{name} holds complex numbers, and real ones are expected")
        values = np.asarray(array, dtype)
    except (TypeError, ValueError):
        raise UsageError(f"{name} is not an array of numbers") from None
    if values.size == 0:
        raise UsageError(f"{name} is empty")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise UsageError(f"{name} has {values[tuple(bad[0])]} at {tuple(int(i) for i in bad[0])}")
    return values


def for_model(model: Model, arrays: Mapping[str, Any]) -> Arrays:
    """X and the targets as the model's loss wants them."""
    for name in ("X", "y" if "y" in arrays or "Y" not in arrays else "Y"):
        if name not in arrays:
            raise UsageError(f"the data has no array {name} (there are {', '.join(arrays) or 'none'})")
    X = finite("X", arrays["X"])
    X = X[:, None] if X.ndim == 1 else X
    if X.ndim != 2:
        raise UsageError(f"X has {X.ndim} axes where rows and columns are expected")
    y = finite("the target", arrays["y"] if "y" in arrays else arrays["Y"])
    if len(y) != len(X):
        raise UsageError(f"X has {len(X)} rows and the target {len(y)}")
    if model.layers and X.shape[1] != model.layers[0]:
        raise UsageError(f"{model.name} expects {model.layers[0]} features, and the data has {X.shape[1]}")
    return {"X": X, model.target: _targets(model, y)}


def _targets(model: Model, y: Any) -> Any:
    if model.labels == "classes":
        return _one_hot(model, y)
    allowed = {"binary": (0, 1), "signs": (-1, 1)}.get(model.labels)
    if allowed is not None:
        wrong = y[~np.isin(y, allowed)]
        if wrong.size:
            raise UsageError(f"the labels for {model.name} must be {allowed[0]} and {allowed[1]}, found {wrong[0]:g}")
    if not model.layers:
        if y.ndim != 1:
            raise UsageError(f"{model.name} expects one target per row, got an array of shape {y.shape}")
        return y
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim != 2 or y.shape[1] != model.layers[-1]:
        raise UsageError(f"{model.name} expects {model.layers[-1]} targets per row, got shape {y.shape}")
    return y


def _one_hot(model: Model, y: Any) -> Any:
    if y.ndim == 2:
        if np.any(y < 0) or not np.allclose(y.sum(axis=1), 1):
            raise UsageError("rows of one-hot targets must be nonnegative and sum to 1")
        classes = y.shape[1]
    else:
        if np.any(y != np.floor(y)) or np.any(y < 0):
            wrong = y[(y != np.floor(y)) | (y < 0)][0]
            raise UsageError(f"class labels must be whole numbers from 0 on, found {wrong:g}")
        classes = model.layers[-1] if model.layers else int(y.max()) + 1
        if y.max() >= classes:
            raise UsageError(f"class label {int(y.max())} does not fit {classes} classes (labels count from 0)")
        y = np.eye(classes)[y.astype(int)]
    if model.layers and classes != model.layers[-1]:
        raise UsageError(f"{model.name} has {model.layers[-1]} outputs, and the targets {classes} classes")
    return y


def for_formula(program: Program, arrays: Mapping[str, Any]) -> Arrays:
    """Data by the names of a formula; X of a table may be called x there, and one column may stand for a vector."""
    found: Arrays = {}
    for name, shape in program.data.items():
        key = source_of(name, arrays)
        values = finite(name, arrays[key])
        if is_column(values, len(shape)):
            values = values[:, 0]
        if values.ndim != len(shape):
            expected = ", ".join(map(str, shape))
            raise UsageError(f"{name}: expected an array ({expected}), got one of shape {values.shape}")
        if name in program.labels and np.any(values != np.floor(values)):
            raise UsageError(f"{name}: class labels must be whole numbers")
        found[name] = values.astype(int) if name in program.labels else values
    return found


def source_of(name: str, arrays: Container[str]) -> str:
    """The array that stands for a name of the formula."""
    key = name.swapcase() if len(name) == 1 and name not in arrays else name
    if key not in arrays:
        known = ", ".join(arrays) if isinstance(arrays, Mapping) else ""
        raise UsageError(f"the data has no array {name} (there are {known or 'none'})")
    return key


def is_column(values: Any, axes: int) -> bool:
    """Whether an array of one column stands for a vector."""
    return bool(values.ndim == 2 and axes == 1 and values.shape[1] == 1)
