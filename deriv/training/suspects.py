"""Why is a gradient wrong?  Known mistakes, each tried on the numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

Arrays = Mapping[str, Any]
Alternatives = Callable[[], Mapping[str, Arrays]]


@dataclass(frozen=True, slots=True)
class Reason:
    """A mistake that explains the numbers: a slug, the parameters concerned, and a sentence."""

    code: str
    parameters: tuple[str, ...]
    text: str

    def line(self) -> str:
        """What a person reads."""
        return f"{', '.join(self.parameters)}: {self.text} [{self.code}]"


def same(a: Any, b: Any, tolerance: float) -> bool:
    """Whether two arrays agree relative to the larger one."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or not np.all(np.isfinite(a)):
        return False
    scale = max(float(np.abs(a).max(initial=0)), float(np.abs(b).max(initial=0)))
    return float(np.abs(a - b).max(initial=0)) <= tolerance * scale


def ratio(given: Any, true: Any, tolerance: float) -> float | None:
    """c where given = c · true, else None."""
    given, true = np.asarray(given, float), np.asarray(true, float)
    norm = float(np.vdot(true, true))
    if given.shape != true.shape or norm == 0 or not np.all(np.isfinite(given)):
        return None
    factor = float(np.vdot(given, true)) / norm
    return factor if factor and same(given, factor * true, tolerance) else None


def explain(
    given: Arrays,
    true: Arrays,
    counts: Mapping[str, int],
    alternatives: Alternatives,
    tolerance: float = 1e-5,
) -> list[Reason]:
    """Reasons for the parameters that are wrong.

    `counts` are sizes; `alternatives` gives the gradients of known mistakes, and is asked only where a plain factor
    does not explain everything.
    """
    wrong = [k for k in true if not same(given[k], true[k], tolerance)]
    if not wrong:
        return []
    reasons = list(_shared(given, true, wrong, counts, tolerance))
    explained = {p for r in reasons for p in r.parameters}
    rest = [k for k in wrong if k not in explained]
    if rest:
        reasons += _mutants(given, rest, alternatives(), tolerance)
    explained = {p for r in reasons for p in r.parameters}
    for name in wrong:
        if name not in explained:
            reasons.append(_single(name, given[name], true[name], counts, tolerance))
    return reasons


def _shared(
    given: Arrays, true: Arrays, wrong: list[str], counts: Mapping[str, int], tolerance: float
) -> Iterator[Reason]:
    """One constant for several parameters."""
    found: dict[float, list[str]] = {}
    for name in wrong:
        factor = ratio(given[name], true[name], tolerance)
        # a single number is always a multiple of another: only a factor with a meaning counts
        if factor is None or (np.size(true[name]) == 1 and _meaning(factor, counts) is None):
            continue
        key = next((f for f in found if abs(f - factor) <= 1e-4 * abs(factor)), factor)
        found.setdefault(key, []).append(name)
    for factor, names in found.items():
        yield _constant(factor, tuple(names), counts)


def _meaning(factor: float, counts: Mapping[str, int]) -> str | None:
    if abs(factor + 1) < 1e-4:
        return "the sign is turned"
    for symbol, count in counts.items():
        # a factor of 2 is more often a lost derivative of a square than a mean over two
        if count > 2 and abs(abs(factor) - count) < 1e-4 * count:
            return f"a sum over {symbol} = {count} in place of the mean"
        if count > 2 and abs(abs(factor) - 1 / count) < 1e-4 / count:
            return f"a mean over {symbol} = {count} in place of the sum: a factor 1/{symbol} too many"
    for value, text in ((2.0, "a factor 2 too many"), (0.5, "a factor 2 lost")):
        if abs(abs(factor) - value) < 1e-4:
            return text
    return None


def _constant(factor: float, names: tuple[str, ...], counts: Mapping[str, int]) -> Reason:
    meaning = _meaning(factor, counts)
    if abs(factor + 1) < 1e-4:
        return Reason("sign", names, "the negative of the true gradient: the sign is turned")
    code = "constant-factor"
    if meaning and ("mean" in meaning):
        code = "sum"
    text = f"{factor:.6g} times the true gradient"
    inverse = 1 / factor
    if abs(inverse - round(inverse)) < 1e-4 and abs(inverse) > 1.5:
        text = f"1/{round(inverse)} of the true gradient"
    turned = ", with the sign turned" if factor < 0 else ""
    return Reason(code, names, text + turned + (f" ({meaning}?)" if meaning else ""))


def _mutants(given: Arrays, rest: list[str], alternatives: Mapping[str, Arrays], tolerance: float) -> Iterator[Reason]:
    left = list(rest)
    ranked = sorted(
        alternatives.items(),
        key=lambda item: -sum(same(given[n], item[1][n], tolerance) for n in left),
    )
    for text, wrong in ranked:
        names = tuple(n for n in left if same(given[n], wrong[n], tolerance))
        if names:
            yield Reason(text.partition(":")[0], names, text.partition(":")[2].strip())
            left = [n for n in left if n not in names]


def _single(name: str, given: Any, true: Any, counts: Mapping[str, int], tolerance: float) -> Reason:
    given, true = np.asarray(given, float), np.asarray(true, float)
    if given.shape != true.shape:
        if given.ndim == 2 and given.T.shape == true.shape and same(given.T, true, tolerance):
            return Reason("transpose", (name,), "the transpose of the true gradient")
        lost = _not_summed(given, true, tolerance)
        if lost is not None:
            return Reason("sum", (name,), lost)
        return Reason("shape", (name,), f"shape {given.shape} where the parameter has {true.shape}")
    if not np.all(np.isfinite(given)):
        return Reason("numeric", (name,), "not finite")
    if not np.any(given):
        return Reason("missing-term", (name,), "zero everywhere: the path to this parameter is lost")
    if given.ndim == 2 and given.shape[0] == given.shape[1] and same(given.T, true, tolerance):
        return Reason("transpose", (name,), "the transpose of the true gradient")
    moved = _permutation(given, true, tolerance)
    if moved is not None:
        return Reason("index", (name,), moved)
    if same(np.abs(given), np.abs(true), tolerance):
        return Reason("sign", (name,), "the sign is turned in some entries")
    part = _partial_ratio(given, true)
    if part is not None:
        return Reason("unknown", (name,), part)
    return Reason("unknown", (name,), "no known mistake explains the difference")


def _not_summed(given: Any, true: Any, tolerance: float) -> str | None:
    """One axis too many: the entries of every sample stand side by side."""
    for axis in range(given.ndim if given.ndim == true.ndim + 1 else 0):
        for word, reduced in (("sum", given.sum(axis=axis)), ("mean", given.mean(axis=axis))):
            if reduced.shape == true.shape and same(reduced, true, tolerance):
                return f"shape {given.shape}: the {word} over axis {axis} is missing"
    return None


def _permutation(given: Any, true: Any, tolerance: float) -> str | None:
    for axis in range(true.ndim):
        for shift in range(1, min(true.shape[axis], 64)):
            if same(np.roll(true, shift, axis), given, tolerance):
                where = f" along axis {axis}" if true.ndim > 1 else ""
                back = true.shape[axis] - shift
                moved = f"{shift} place{'s' if shift > 1 else ''} on" if shift <= back else f"{back} back"
                return f"the entries are shifted{where}, {moved}: a shifted index"
    if true.ndim == 2 and true.shape[0] <= 5:
        for order in permutations(range(true.shape[0])):
            if same(true[list(order)], given, tolerance):
                return "the rows are permuted"
    if true.size > 1 and same(np.sort(true, axis=None), np.sort(given, axis=None), tolerance):
        return "the entries are those of the true gradient in another order"
    return None


def _partial_ratio(given: Any, true: Any) -> str | None:
    good = np.isclose(given, true, rtol=1e-4, atol=1e-10)
    share = float(good.mean())
    if 0.5 <= share < 1:
        entry = tuple(int(i) for i in np.argwhere(~good)[0])
        return f"{int((~good).sum())} of {good.size} entries are wrong, first at {entry}"
    return None
