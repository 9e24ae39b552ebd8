"""Substitution avoids capture; names and depth are read without recursion."""

from __future__ import annotations

from deriv.expr.nodes import ONE, Call, Derivative, Entry, Expr, Mul, Num, Pow, Sum, Sym
from deriv.expr.substitute import depth, families, free_symbols, fresh_name, rename_bound, substitute

X, Y, N = Sym("x"), Sym("y"), Sym("n")


def _sum(index: str, body: Expr) -> Sum:
    return Sum(index, ONE, N, body)


def test_whole_subexpressions_are_replaced() -> None:
    node = Mul((Call("exp", (X,)), X))
    assert substitute(node, {Call("exp", (X,)): Y}) == Mul((Y, X))
    assert substitute(node, {X: X}) is node


def test_replacement_is_simultaneous() -> None:
    assert substitute(Mul((X, Y)), {X: Y, Y: X}) == Mul((Y, X))


def test_a_bound_index_is_not_replaced() -> None:
    node = _sum("i.1", Entry("w", (Sym("i.1"),)))
    assert substitute(node, {Sym("i.1"): Num(2)}) is node


def test_capture_is_avoided() -> None:
    node = _sum("i.1", Mul((X, Entry("w", (Sym("i.1"),)))))
    result = substitute(node, {X: Entry("v", (Sym("i.1"),))})
    assert isinstance(result, Sum)
    assert result.index != "i.1"
    assert result.body == Mul((Entry("v", (Sym("i.1"),)), Entry("w", (Sym(result.index),))))
    assert free_symbols(result) == {"n", "i.1"}


def test_the_same_input_gives_the_same_fresh_name() -> None:
    assert fresh_name("i.3", {"i.3", "j.7"}) == fresh_name("i.3", {"j.7", "i.3"}) == "i.8"


def test_a_derivative_is_taken_before_its_variable_is_replaced() -> None:
    node = Derivative(Pow(X, Num(2)), X)
    result = substitute(node, {X: Num(3)})
    assert not free_symbols(result)
    assert substitute(Derivative(Mul((X, Y)), X), {Y: X}) != Derivative(Mul((X, X)), X)


def test_names() -> None:
    node = _sum("i.1", Mul((Entry("w", (Sym("i.1"), Sym("k"))), X)))
    assert free_symbols(node) == {"n", "k", "x"}
    assert families(node) == {"w"}
    assert rename_bound(node, "j.9") == Sum("j.9", ONE, N, Mul((Entry("w", (Sym("j.9"), Sym("k"))), X)))


def test_depth_of_a_deep_tree() -> None:
    node: Expr = X
    for _ in range(5000):
        node = Call("sin", (node,))
    assert depth(node) == 5001
    assert free_symbols(substitute(node, {X: Y})) == {"y"}
