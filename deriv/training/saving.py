"""Saved runs: parameters under their names, and what a resumption needs under names with a leading underscore."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deriv.errors import UsageError
from deriv.training.loop import Arrays, History, Plan
from deriv.training.optimizers import OPTIMIZERS


def save(history: History, plan: Plan, spec: str, file: str | Path) -> None:
    """Write a run to a file, whole or not at all."""
    arrays: Arrays = dict(history.params)
    for kind, kept in history.memory.items():
        for name, value in kept.items():
            arrays[f"_{kind}_{name}"] = value
    for name, value in history.best_params.items():
        arrays[f"_best_{name}"] = value
    state = {
        "spec": spec,
        "optimizer": plan.optimizer,
        "seed": plan.seed,
        "dtype": plan.dtype,
        "backend": history.backend,
        "updates": history.updates,
        "loss": history.loss,
        "validation": history.validation,
        "stopped": history.stopped,
        "best": history.best,
        "waited": history.waited,
    }
    arrays["_state"] = np.asarray(json.dumps(state))
    path = Path(file)
    # written beside and then moved: a file is there whole or not at all
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent or ".", suffix=".npz")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    os.close(handle)
    try:
        np.savez(temporary, **arrays)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved run as it lies in its file."""

    file: str
    arrays: Arrays
    state: dict[str, Any]


def read_saved(file: str | Path) -> Saved:
    """A saved run, or a `UsageError` that says what the file is not."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise UsageError(f"{file}: no such file") from None
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile):
        raise UsageError(f"{file}: not a saved run") from None
    if "_state" not in arrays:
        raise UsageError(f"{file}: not a saved run (it lacks the state of the loop)")
    return Saved(str(file), arrays, json.loads(str(arrays["_state"])))


def resume(saved: Saved, plan: Plan, spec: str, params: Arrays) -> History:
    """The history of a saved run, ready to go on."""
    file, arrays, state = saved.file, saved.arrays, saved.state
    now = {"spec": spec, "optimizer": plan.optimizer, "seed": plan.seed, "dtype": plan.dtype}
    for key, value in now.items():
        if state.get(key, value) != value:
            raise UsageError(f"{file}: saved with {key} {state[key]}, and now it is {value}")
    for name, value in params.items():
        if name not in arrays or arrays[name].shape != value.shape:
            raise UsageError(f"{file}: the parameter {name} is missing or has another shape")
    memory = {kind: {name: arrays[f"_{kind}_{name}"].copy() for name in params} for kind in OPTIMIZERS[plan.optimizer]}
    restored = {name: np.array(arrays[name], dtype=value.dtype) for name, value in params.items()}
    history = History(restored, list(state["loss"]), list(state["validation"]), memory=memory, updates=state["updates"])
    history.stopped, history.resumed = state["stopped"], history.epochs
    history.best, history.waited = state["best"], state["waited"]
    history.best_params = {name: arrays[f"_best_{name}"].copy() for name in params if f"_best_{name}" in arrays}
    return history
