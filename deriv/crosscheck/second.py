"""Asks the second reader about a formula and says where the two readings differ."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import selectors
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deriv.crosscheck.plain import why_not_plain
from deriv.errors import MeaningError, UsageError
from deriv.expr.tensor import Tensor, Value
from deriv.latex.nodes import Chain, Node
from deriv.meaning.reading import FormulaReading

INTERPRETER = "DERIV_CROSSCHECK_PYTHON"
"""The environment variable that names the interpreter with latex2sympy2, if it is not this one."""
SECONDS = 5
_START_SECONDS = 60
_POINTS = ((7, 3), (5, 11), (13, 9))
_TOLERANCE = 1e-9


class SecondReader:
    """latex2sympy2 in a process of its own; to be used as a context manager.

    Raises UsageError when there is no interpreter that has it.
    """

    def __init__(self, seconds: int = SECONDS) -> None:
        self.seconds = seconds
        self._process = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def _start(self) -> subprocess.Popen[str]:
        script = Path(__file__).with_name("child.py")
        command = [interpreter(), "-I", str(script)]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
        except OSError as error:
            raise UsageError(f"{command[0]}: {error.strerror}") from error
        self._process = process
        if self._line(_START_SECONDS) != "ready\n":
            process.kill()
            raise UsageError(f"{command[0]} cannot run latex2sympy2")
        return process

    def _line(self, seconds: float) -> str:
        """The next line of the other process; nothing when it takes too long or has ended."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            return self._process.stdout.readline() if waiting.select(seconds) else ""

    def ask(self, latex: str, points: list[dict[str, str]]) -> dict[str, Any]:
        """Its text and values for a formula, or `error`."""
        question = json.dumps({"latex": latex, "points": points, "seconds": self.seconds})
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
            line = self._line(self.seconds + 2)
        except BrokenPipeError:
            line = ""
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        self._process.kill()
        self._process.communicate()
        self._process = self._start()
        return {"error": "it did not come to an end"}

    def notes(self, reading: FormulaReading) -> list[str]:
        """What the second reader says about a formula: a note for each side that it reads differently or not at all.

        No note means that it was asked about every side and agrees at all points that were tried.
        """
        parts = reading.node.parts if isinstance(reading.node, Chain) else (reading.node,)
        sides = [part for part in parts if part is not None]
        return [
            note for side, ours in zip(sides, reading.values, strict=True) if (note := self._side(reading, side, ours))
        ]

    def _side(self, reading: FormulaReading, node: Node, ours: Value) -> str:
        why = why_not_plain(node)
        if why or not (isinstance(ours, Tensor) and ours.is_scalar):
            return f"the second reader was not asked: {why or 'not a scalar'}"
        text = reading.latex[node.span.start : node.span.end].replace(r"\log", r"\ln").replace("{,}", "")
        text = re.sub(r"\\[,;:! ]|~", " ", text)
        try:
            values, points = _values(ours)
        except MeaningError as error:
            return f"the second reader was not asked: {error}"
        theirs = self.ask(text, points)
        if "error" in theirs:
            return f"the second reader cannot read {text.strip()}: {theirs['error']}"
        pairs = [(a, complex(*b)) for a, b in zip(values, theirs["values"], strict=True) if a is not None and b]
        if not pairs:
            return "the second reader was not compared: no value at the points tried"
        if all(abs(a - b) <= _TOLERANCE * (1 + abs(a)) for a, b in pairs):
            return ""
        return f"the second reader reads {text.strip()} differently: {theirs['text']}"


def interpreter() -> str:
    """The interpreter that has latex2sympy2."""
    chosen = os.environ.get(INTERPRETER)
    if chosen:
        return chosen
    if os.name == "posix" and importlib.util.find_spec("latex2sympy2") is not None:
        return sys.executable
    raise UsageError(
        f"the second reader is missing: pip install 'deriv[crosscheck]', or name its Python in {INTERPRETER}"
    )


def _values(ours: Tensor) -> tuple[list[complex | None], list[dict[str, str]]]:
    """Our values at a few points, and the points by name without marks (`x_1` is `x1`)."""
    import sympy

    from deriv.expr.sympy_bridge import to_sympy

    expr = to_sympy(ours.body)
    if expr.has(sympy.Derivative):
        expr = expr.doit()
    symbols = sorted(expr.free_symbols, key=str)
    places = [{s: f"{top + 4 * k}/{bottom + k}" for k, s in enumerate(symbols)} for top, bottom in _POINTS]
    points = [{re.sub(r"[_{}]", "", str(s)): at for s, at in place.items()} for place in places]
    return [_value(expr, place) for place in places], points


def _value(expr: Any, place: Mapping[Any, str]) -> complex | None:
    import sympy

    found = expr.subs({symbol: sympy.Float(sympy.Rational(at), 20) for symbol, at in place.items()}).evalf(20)
    if not found.is_number or found.has(sympy.zoo, sympy.nan, sympy.oo):
        return None
    return complex(found)
