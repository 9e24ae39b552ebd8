r"""The other side of `crosscheck.second`: a script for the interpreter that has latex2sympy2, and nothing of deriv.

One JSON object a line in (`latex`, `points`: names to fractions as text, `seconds`), one a line out (`text`, `values`
as pairs of real and imaginary part, or `error`).  Every formula is read by a fork of its own: latex2sympy2 keeps state
in its module, and one second derivative spoils all that come after.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
from types import TracebackType
from typing import Any

MEMORY = 2**31


def main() -> None:
    """Answer until the input ends."""
    import latex2sympy2  # type: ignore[import-not-found,unused-ignore]
    from antlr4 import Token  # type: ignore[import-not-found,import-untyped,unused-ignore]

    read_math = latex2sympy2.PSParser.math

    def all_of_it(parser: Any) -> Any:
        """It stops without a word at the first token that does not fit."""
        found = read_math(parser)
        if parser.getTokenStream().LA(1) != Token.EOF:
            raise ValueError("it leaves a part unread")
        return found

    latex2sympy2.PSParser.math = all_of_it
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        fork = os.fork()
        if not fork:
            answer(asked, latex2sympy2)
        _, status = os.waitpid(fork, 0)
        if status:
            tell({"error": "it did not come to an end"})


def answer(asked: dict[str, Any], reader: Any) -> None:
    """Read one formula within its limits and end this process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.alarm(asked["seconds"])  # ends the process
    sys.excepthook = fail
    reader.set_variances({})
    expr = reader.latex2sympy(asked["latex"])
    tell({"text": str(expr), "values": [value(expr, point) for point in asked["points"]]})
    os._exit(0)


def fail(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Whatever the other program raises is its answer."""
    tell({"error": (str(error).splitlines() or [kind.__name__])[0][:200]})
    sys.stdout.flush()
    os._exit(0)


def value(expr: Any, point: dict[str, str]) -> tuple[float, float] | None:
    """The value at a point; None where there is none.  An unknown name is an error."""
    import sympy

    places = {}
    for symbol in expr.free_symbols:
        name = re.sub(r"[\\{}_ ]", "", str(symbol))
        if name not in point:
            raise ValueError(f"it finds a symbol {name}")
        places[symbol] = sympy.Rational(point[name])
    found = expr.doit().subs(places).evalf(20)
    if not found.is_number or found.has(sympy.zoo, sympy.nan, sympy.oo):
        return None
    number = complex(found)
    return number.real, number.imag


def tell(found: dict[str, Any]) -> None:
    """One line out."""
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
