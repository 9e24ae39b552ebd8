"""The examples of every rule: read by our own front end, derived by the engine, equal to the answer in the file."""

from __future__ import annotations

import random

import mpmath
import pytest

from deriv.cli.deriving import with_sigmoid
from deriv.engine.forward import derive
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.meaning.reading import read_formula
from deriv.rulebook.book import default_book
from deriv.rulebook.model import Example, Rule
from tests.rulebook.numeric import Point, close, value

BOOK = default_book()
EXAMPLES = [(rule, example) for rule in BOOK if rule.kind != "matrix" for example in rule.examples]


def read(latex: str) -> n.Expr:
    return with_sigmoid(read_formula(latex).expr)


def point(rule: Rule, *exprs: n.Expr) -> Point:
    rng = random.Random(rule.id)
    nodes = list(n.walk(n.Add(tuple(exprs))))
    names = {node.name for node in nodes if isinstance(node, n.Sym) and "." not in node.name}
    families = {node.name for node in nodes if isinstance(node, n.Entry)}
    index = {
        c.name for node in nodes if isinstance(node, n.Entry | n.Delta) for c in node.children if isinstance(c, n.Sym)
    }
    low, high = (1.1, 1.9) if rule.id == "acosh" else (0.2, 0.9)
    values = {name: mpmath.mpf(rng.uniform(low, high)) for name in sorted(names)}
    values |= {name: mpmath.mpf(2) for name in names & (index | {"n", "m"})}
    values |= {name: mpmath.mpf(2) for name in names if name.startswith("N_")}
    return Point(values, {name: lambda at, name=name: mpmath.mpf(len(name) + sum(at)) / 7 for name in families})


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=[f"{rule.id}-{e.given}" for rule, e in EXAMPLES])
def test_example_holds(rule: Rule, example: Example) -> None:
    try:
        given, answer = read(example.given), read(example.answer)
    except MeaningError as error:
        pytest.skip(f"not read: {error}")
    unknown = {node.function for expr in (given, answer) for node in n.walk(expr) if isinstance(node, n.Apply)}
    if unknown:
        pytest.skip(f"not known by name: {', '.join(sorted(unknown))}")
    if rule.kind == "algebra":
        at = point(rule, given, answer)
        assert close(value(given, at), value(answer, at))
        return
    found = derive(given, n.Sym(example.wrt), BOOK).result
    at = point(rule, found, answer)
    assert close(value(found, at), value(answer, at))
