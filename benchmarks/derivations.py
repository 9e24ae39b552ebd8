"""All gradients of a deep chain of neurons, by our table and by `sympy.diff`: `python -m benchmarks.derivations`.

The chain is σ(w_k σ(w_{k-1} … + b_{k-1}) + b_k), its gradients those by all 2k weights and biases.  Times mean little
between machines; the ratio and the sizes (nodes of the answer, each shared node once) say more.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import sympy

from deriv.engine.arrays.tape import reverse_tape
from deriv.expr import nodes as n
from deriv.expr.nodes import Expr
from deriv.rulebook.book import default_book

DEPTHS = (2, 4, 8, 16, 32, 64, 128)
SYMPY_UP_TO = 32  # beyond, sympy.diff runs into the interpreter's recursion limit


def ours(depth: int) -> tuple[Expr, list[Expr]]:
    """The chain in our own expressions, and its variables."""
    expr: Expr = n.Sym("x")
    variables: list[Expr] = []
    for k in range(1, depth + 1):
        weight, bias = (n.Entry(name, (n.Num(k),)) for name in "wb")
        variables += [weight, bias]
        expr = n.Call("sigmoid", (n.Add((n.Mul((weight, expr)), bias)),))
    return expr, variables


def theirs(depth: int) -> tuple[Any, list[Any]]:
    """The chain in SymPy."""
    expr, variables = sympy.Symbol("x"), []
    for k in range(1, depth + 1):
        weight, bias = sympy.symbols(f"w_{k} b_{k}")
        variables += [weight, bias]
        expr = 1 / (1 + sympy.exp(-(weight * expr + bias)))
    return expr, variables


def seconds(work: Any, rounds: int = 3) -> tuple[float, Any]:
    """The quickest of some rounds, and the last result."""
    best, result = float("inf"), None
    for _ in range(rounds):
        began = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - began)
        if best > 2:
            break
    return best, result


def measure(depth: int, *, against: bool) -> dict[str, Any]:
    """One row of the table."""
    expr, variables = ours(depth)
    own, tape = seconds(lambda: reverse_tape(expr, variables, default_book()))
    row = {
        "depth": depth,
        "gradients": len(variables),
        "milliseconds": round(1000 * own, 1),
        "size": sum(1 for one in (*tape.forward, *tape.backward) for _ in n.walk(one.value)),
    }
    if against:
        chain, symbols = theirs(depth)
        other, slopes = seconds(lambda: [sympy.diff(chain, symbol) for symbol in symbols], rounds=1)
        sizes = sum(sum(1 for _ in sympy.preorder_traversal(slope)) for slope in slopes) if depth <= 16 else None
        row |= {"sympy milliseconds": round(1000 * other, 1), "ratio": round(other / own, 1), "sympy size": sizes}
    return row


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true", help="print JSON")
    options.add_argument("--depths", type=int, nargs="*", default=DEPTHS)
    asked = options.parse_args()
    reverse_tape(*ours(2), default_book())  # the rule book is read once
    rows = [measure(depth, against=depth <= SYMPY_UP_TO) for depth in asked.depths]
    if asked.json:
        print(json.dumps(rows, indent=2))
        return
    print("| depth | gradients | deriv, ms | size | sympy.diff, ms | ratio | size |\n|---|---|---|---|---|---|---|")
    for row in rows:
        more = [str(row.get(key) or "") for key in ("sympy milliseconds", "ratio", "sympy size")]
        print("|", " | ".join([*(str(v) for v in list(row.values())[:4]), *more]), "|")


if __name__ == "__main__":
    main()
