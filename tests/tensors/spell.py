"""One expression as index form, as LaTeX in matrix and in index notation, and as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import numpy as np

from deriv.expr import nodes as n
from tests.equal import matrix_build as build
from tests.equal.matrix_build import T
from tests.tensors.maker import LEAVES, Node

FUNCTION_NAMES = {"tanh": r"\tanh", "exp": r"\exp", "sin": r"\sin", "cos": r"\cos"}
INDICES = "ijklpqrstabcefgh"


# -------------------------------------------------------------------- index form


def index_form(node: Node) -> T:
    """The expression as a function of its open indices."""
    parts = [index_form(part) for part in node.parts]
    match node.op:
        case "leaf":
            rows, cols = node.shape
            assert rows is not None
            return build.vec(str(node.what), rows) if cols is None else build.mat(str(node.what), rows, cols)
        case "number":
            return build.num(int(node.what))
        case "eye":
            return build.eye(str(node.shape[0]))
        case "turned":
            return parts[0].T
        case "product":
            return parts[0] @ parts[1]
        case "plus":
            return parts[0] + parts[1]
        case "minus":
            return parts[0] - parts[1]
        case "entries" | "scaled":
            return parts[0] * parts[1]
        case "each":
            return _each(str(node.what), parts[0])
        case "det":
            return parts[0].det
        case "trace":
            return build.tr(parts[0])
        case "squares":
            return build.norm2(parts[0])
        case "inverse":
            return parts[0].inv
    assert node.op == "logdet"
    return parts[0].det.call("log")


def _each(function: str, a: T) -> T:
    if function == "reciprocal":
        return 1 / a
    if function == "sqrt":
        return T(a.rows, a.cols, lambda i, j: n.Pow(a.at(i, j), n.HALF))
    return a.call(function)


# -------------------------------------------------------------------- arrays


def value(node: Node, at: Mapping[str, Any], lib: Any = np) -> Any:
    """The value with arrays of rows and columns; `lib` is NumPy or torch."""
    parts = [value(part, at, lib) for part in node.parts]
    match node.op:
        case "leaf":
            return at[str(node.what)]
        case "number":
            return float(node.what)
        case "eye":
            return at["I" + str(node.shape[0])]
        case "turned":
            return parts[0].T
        case "product":
            return parts[0] @ parts[1]
        case "plus":
            return parts[0] + parts[1]
        case "minus":
            return parts[0] - parts[1]
        case "entries" | "scaled":
            return parts[0] * parts[1]
        case "each":
            return getattr(lib, str(node.what))(parts[0])
        case "trace":
            return lib.trace(parts[0]).reshape(1, 1)
        case "squares":
            return (parts[0] * parts[0]).sum().reshape(1, 1)
        case "inverse":
            return lib.linalg.inv(parts[0])
        case "det":
            return lib.linalg.det(parts[0]).reshape(1, 1)
    assert node.op == "logdet"
    return lib.linalg.slogdet(parts[0])[1].reshape(1, 1)


def arrays(sizes: Mapping[str, int], seed: int) -> dict[str, np.ndarray]:
    """Values of all leaves and of the identity matrices."""
    dice = np.random.default_rng(seed)
    length = {None: 1, **sizes}
    found = {name: dice.uniform(-1, 1, (length[rows], length[cols])) for name, (rows, cols) in LEAVES.items()}
    return found | {"I" + size: np.eye(long) for size, long in sizes.items()}


# -------------------------------------------------------------------- LaTeX in matrix notation


def latex(node: Node, *, bold: bool = False) -> str:
    """The expression in matrix notation."""
    parts = [latex(part, bold=bold) for part in node.parts]
    match node.op:
        case "leaf":
            return rf"\mathbf{{{node.what}}}" if bold else str(node.what)
        case "number":
            return str(node.what)
        case "eye":
            return "I"
        case "turned":
            return _grouped(node.parts[0], parts[0], "leaf") + r"^\top"
        case "product":
            return " ".join(
                _grouped(a, t, "leaf", "turned", "inverse", "product") for a, t in zip(node.parts, parts, strict=True)
            )
        case "plus" | "minus":
            right = parts[1] if node.op == "plus" and not parts[1].startswith("-") else f"({parts[1]})"
            return f"{parts[0]} {'+' if node.op == 'plus' else '-'} {right}"
        case "entries":
            return r" \odot ".join(
                _grouped(a, t, "leaf", "turned", "inverse", "each") for a, t in zip(node.parts, parts, strict=True)
            )
        case "scaled":
            factor = parts[0] if node.parts[0].op == "number" else f"({parts[0]})"
            return rf"{factor} \, {_grouped(node.parts[1], parts[1], 'leaf', 'turned', 'inverse')}"
        case "each":
            return rf"{FUNCTION_NAMES[str(node.what)]}({parts[0]})"
        case "trace":
            return rf"\operatorname{{tr}}({parts[0]})"
        case "squares":
            return rf"\| {parts[0]} \|_F^2" if None not in node.parts[0].shape else rf"\| {parts[0]} \|^2"
        case "inverse":
            return f"({parts[0]})^{{-1}}"
    assert node.op == "logdet"
    return rf"\log\det({parts[0]})"


def _grouped(node: Node, text: str, *plain: str) -> str:
    return text if node.op in plain else f"({text})"


# -------------------------------------------------------------------- LaTeX in index notation


def with_indices(node: Node, row: str = "", col: str = "", fresh: Iterator[str] | None = None) -> str:
    """The entry (row, col) with sums written out; inverses and determinants have no such form (ValueError)."""
    names = fresh or _names(row, col)
    again = lambda part, i, j: with_indices(part, i, j, names)  # noqa: E731
    parts = node.parts
    match node.op:
        case "leaf":
            return f"{node.what}_{{{row}{col}}}"
        case "number":
            return str(node.what)
        case "eye":
            return rf"\delta_{{{row}{col}}}"
        case "turned":
            return again(parts[0], col, row)
        case "product":
            if parts[0].shape[1] is None:
                return f"({again(parts[0], row, '')}) ({again(parts[1], '', col)})"
            k = next(names)
            left, right = again(parts[0], row, k), again(parts[1], k, col)
            return rf"\sum_{{{k}=1}}^{{{parts[0].shape[1]}}} ({left}) ({right})"
        case "plus" | "minus":
            sign = "+" if node.op == "plus" else "-"
            return f"({again(parts[0], row, col)}) {sign} ({again(parts[1], row, col)})"
        case "entries":
            return f"({again(parts[0], row, col)}) ({again(parts[1], row, col)})"
        case "scaled":
            return f"({again(parts[0], '', '')}) ({again(parts[1], row, col)})"
        case "each":
            return rf"{FUNCTION_NAMES[str(node.what)]}\left( {again(parts[0], row, col)} \right)"
        case "trace":
            k = next(names)
            return rf"\sum_{{{k}=1}}^{{{parts[0].shape[0]}}} ({again(parts[0], k, k)})"
        case "squares":
            return _sum_of_squares(parts[0], names)
    raise ValueError(node.op)


def _sum_of_squares(node: Node, names: Iterator[str]) -> str:
    sums, places = "", []
    for size in node.shape:
        places.append("" if size is None else next(names))
        sums += "" if size is None else rf"\sum_{{{places[-1]}=1}}^{{{size}}} "
    return rf"{sums}({with_indices(node, places[0], places[1], names)})^2"


def _names(*taken: str) -> Iterator[str]:
    yield from (name for name in INDICES if name not in taken)
    yield from (rf"k_{{{number}}}" for number in count(1))


# -------------------------------------------------------------------- whole documents


def declarations(*nodes: Node, bold: bool = False) -> str:
    """What a document says about the shapes of its letters."""
    said = []
    for name in sorted({name for node in nodes for name in node.names()}):
        rows, cols = LEAVES[name]
        space = rows if cols is None else rf"{rows} \times {cols}"
        letter = rf"\mathbf{{{name}}}" if bold else name
        said.append(rf"${letter} \in \mathbb{{R}}^{{{space}}}$")
    return "Let " + ", ".join(said) + ". Functions of matrices act elementwise."


def place(expr: n.Expr, sizes: Mapping[str, int], at: Mapping[str, np.ndarray], **env: int) -> float:
    """The value of an index form where its letters are those arrays."""
    values = build.Values(dict(sizes), 0, frozenset(), frozenset())
    for name, (_, cols) in LEAVES.items():
        for (i, j), entry in np.ndenumerate(at[name]):
            values.entries[(name, i + 1) if cols is None else (name, i + 1, j + 1)] = float(entry)
    return values.value(expr, env)
