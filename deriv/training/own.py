"""A gradient against a loss that is a function of the user's own: nothing is known of it but its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deriv.errors import UsageError
from deriv.training.data import finite
from deriv.training.directions import check_directions
from deriv.training.foreign import Function, arguments, call, gradients_of, load, names_function, number, plain
from deriv.training.gradcheck import Arrays, Report, compare
from deriv.training.numeric import complex_step, numeric_gradient

NUMERIC = ("forward", "central", "richardson", "complex")
_MOST_ENTRIES = 400


def check_own(
    loss: Function,
    candidate: str | Function,
    params: Mapping[str, Any],
    data: Mapping[str, Any],
    against: str,
    seed: int,
) -> Report:
    """Slopes along random directions first; where they disagree, entries and the reason."""
    if not params:
        raise UsageError("give the parameters of the loss: nothing else tells their shapes")
    p = {name: finite(name, value) for name, value in params.items()}
    x = {name: np.asarray(value) for name, value in data.items()}

    def value(at: Arrays) -> float:
        found = number(call(loss, at, x))
        if found is None:
            raise UsageError("the loss must return one number")
        return found

    start = plain(call(loss, p, x))
    if start.ndim or not np.isfinite(start):
        raise UsageError("the loss must return one finite number")
    if start.dtype == np.float32:
        raise UsageError("the loss computes in 32 bits, too few for differences: compute in 64 bits")
    given = _gradient(loss, candidate, p, x)
    counts = {f"the rows of {name}": len(v) for name, v in x.items() if v.ndim}
    if against != "complex":
        report = check_directions(value, lambda _: given, p, seed, 3, counts)
        if report.ok or report.findings == () or sum(v.size for v in p.values()) > _MOST_ENTRIES:
            return report
    true, errors, _ = _numeric(loss, "richardson" if against == "central" else against, p, x)
    return compare(given, true, counts, dict, 1e-6, errors)


def _gradient(loss: Function, candidate: str | Function, params: Arrays, data: Arrays) -> Arrays:
    if isinstance(candidate, str) and candidate in NUMERIC:
        return _numeric(loss, candidate, params, data)[0]
    if isinstance(candidate, str) and not names_function(candidate):
        raise UsageError(
            f"unknown gradient {candidate} of a function (known: {', '.join(NUMERIC)}, or FILE.py:FUNCTION)"
        )
    function = load(candidate) if isinstance(candidate, str) else candidate
    return gradients_of(call(function, params, data), params)


def _numeric(loss: Function, method: str, params: Arrays, data: Arrays) -> tuple[Arrays, Arrays, int]:
    if method == "complex":
        return complex_step(lambda p: complex(np.asarray(call(loss, p, data))[()]), params), {}, 0
    if method not in NUMERIC:
        raise UsageError(f"unknown gradient {method} of a function (known: {', '.join(NUMERIC)})")
    return numeric_gradient(lambda p: float(number(call(loss, p, data)) or 0.0), params, method)


def own_arrays(
    loss: Function,
    shapes: Mapping[str, tuple[str | int, ...]],
    sizes: Mapping[str, int],
    wrt: tuple[str, ...],
    data: Mapping[str, Any],
    seed: int,
) -> tuple[Arrays, Arrays]:
    """Parameters and data for a loss of one's own: drawn at random in the declared shapes where they are not given."""
    rng = np.random.default_rng([seed, 6])
    drawn: Arrays = {}
    for name, shape in shapes.items():
        unknown = [s for s in shape if isinstance(s, str) and s not in sizes]
        if unknown:
            raise UsageError(f"how large is {unknown[0]} in the shape of {name}? (--size {unknown[0]}=4)")
        drawn[name] = rng.uniform(0.1, 0.9, tuple(s if isinstance(s, int) else sizes[s] for s in shape))
    missing = [name for name in wrt if name not in drawn]
    missing += [n for n in arguments(loss) if n not in {*drawn, *data, *missing} and n not in ("params", "data")]
    if missing:
        raise UsageError(f"what is {missing[0]}? Give its shape, as in --shape '{missing[0]} (3)', or data (--data)")
    names = wrt or tuple(name for name in drawn if name not in data) if data else wrt
    if not names:
        raise UsageError("name the parameters of the loss (--wrt)")
    return {n: drawn[n] for n in names}, {**{n: v for n, v in drawn.items() if n not in names}, **data}
