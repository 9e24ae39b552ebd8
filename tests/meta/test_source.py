"""Habits of the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "deriv").rglob("*.py"))

MOST_LINES_OF_A_FILE = 450
MOST_LINES_OF_A_FUNCTION = 60
FORBIDDEN_CALLS = frozenset({"eval", "exec", "sympify", "parse_expr", "S"})

ALLOWED_CALLS = {
    # a generated module is run to be tested and trained with; its text is our own, checked by the printer
    "deriv/codegen/generate.py": {"exec"},
}


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def catches_everything(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or ast.unparse(kind).split(".")[-1] in ("Exception", "BaseException") for kind in caught)


def broad_handlers(tree: ast.AST) -> list[int]:
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and catches_everything(node)]


def forbidden_calls(tree: ast.AST) -> list[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    names = (call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls)
    return [name for name in names if name in FORBIDDEN_CALLS]


@pytest.mark.parametrize("file", FILES, ids=named)
def test_a_file_is_short(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_A_FILE


@pytest.mark.parametrize("file", FILES, ids=named)
def test_functions_are_short_and_errors_narrow_and_nothing_is_evaluated(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    long = [node.name for node in functions(tree) if (node.end_lineno or 0) - node.lineno >= MOST_LINES_OF_A_FUNCTION]
    assert not long
    assert not broad_handlers(tree)
    assert set(forbidden_calls(tree)) <= ALLOWED_CALLS.get(named(file), set())


@pytest.mark.parametrize(
    "text",
    ["try: f()\nexcept: g()", "try: f()\nexcept Exception: g()", "try: f()\nexcept (OSError, BaseException): g()"],
)
def test_the_test_above_finds_broad_handlers(text):
    assert broad_handlers(ast.parse(text)) == [2]


def test_the_test_above_finds_evaluation():
    assert forbidden_calls(ast.parse("sympy.sympify(x); eval(y); evaluate(z)")) == ["sympify", "eval"]
