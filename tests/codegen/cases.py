"""Losses for the tests of code generation: name, expression, parameters."""

from __future__ import annotations

from deriv.expr.nodes import (
    HALF,
    ONE,
    ZERO,
    Add,
    Call,
    Delta,
    Entry,
    Expr,
    Mul,
    Num,
    Pow,
    Product,
    Sum,
    Sym,
    neg,
    reciprocal,
)


def e(name: str, *indices: str) -> Entry:
    return Entry(name, tuple(map(Sym, indices)))


def over(index: str, size: str, body: Expr) -> Sum:
    return Sum(index, ONE, Sym(size), body)


def mean(body: Expr) -> Expr:
    return Mul((reciprocal(Sym("n")), over("i", "n", body)))


def minus(a: Expr, b: Expr) -> Expr:
    return Add((a, neg(b)))


def square(x: Expr) -> Expr:
    return Pow(x, Num(2))


def log(x: Expr) -> Expr:
    return Call("log", (x,))


def exp(x: Expr) -> Expr:
    return Call("exp", (x,))


def sigmoid(x: Expr) -> Expr:
    return Call("sigmoid", (x,))


X, Y, W = e("X", "i", "k"), e("y", "i"), e("w", "k")
Z = Add((over("k", "d", Mul((X, W))), Sym("b")))
LOGISTIC = reciprocal(Add((ONE, exp(neg(Z)))))


def entropy(p: Expr) -> Expr:
    return neg(mean(Add((Mul((Y, log(p))), Mul((minus(ONE, Y), log(minus(ONE, p))))))))


def softmax(name: str, *row: str) -> Expr:
    return Mul((exp(e(name, *row, "k")), reciprocal(over("m", "K", exp(e(name, *row, "m"))))))


T1 = Add((Sym("t"), ONE))
NORM_W, NORM_V = Pow(over("k", "d", square(W)), HALF), Pow(over("k", "d", square(e("v", "k"))), HALF)
KL = Mul((e("Y", "i", "k"), log(Mul((e("Y", "i", "k"), reciprocal(softmax("Z", "i")))))))
CHOSEN = Mul((exp(Entry("Z", (Sym("i"), e("c", "i")))), reciprocal(over("k", "K", exp(e("Z", "i", "k"))))))
BINARY = Add(
    (
        Mul((e("Y", "i", "k"), log(softmax("Z", "i")))),
        Mul((minus(ONE, e("Y", "i", "k")), log(minus(ONE, softmax("Z", "i"))))),
    )
)
NOT_CHOSEN = log(minus(ONE, CHOSEN))

BU = over("l", "m", Mul((e("B", "k", "l"), e("u", "l"))))

CASES: dict[str, tuple[Expr, tuple[str, ...]]] = {
    "mse": (mean(square(minus(Z, Y))), ("w", "b")),
    "sse": (Mul((HALF, over("i", "n", square(minus(Y, Z))))), ("w", "b")),
    "bce": (entropy(sigmoid(Z)), ("w", "b")),
    "bce spelled out": (entropy(LOGISTIC), ("w", "b")),
    "hinge": (mean(Call("max", (ZERO, minus(ONE, Mul((Y, Z)))))), ("w", "b")),
    "sigmoid and mse": (mean(square(minus(sigmoid(Z), Y))), ("w", "b")),
    "tanh": (mean(Call("tanh", (Z,))), ("w", "b")),
    "ridge": (Add((mean(square(minus(Z, Y))), Mul((Sym("lam"), over("j", "d", square(e("w", "j"))))))), ("w", "b")),
    "lasso": (Add((mean(square(minus(Z, Y))), Mul((Sym("lam"), over("j", "d", Call("abs", (e("w", "j"),))))))), ("w",)),
    "quadratic": (over("i", "d", over("j", "d", Mul((e("w", "i"), e("A", "i", "j"), e("w", "j"))))), ("w", "A")),
    "trace": (over("i", "d", e("A", "i", "i")), ("A",)),
    "diagonal": (over("i", "d", Mul((e("A", "i", "i"), e("w", "i")))), ("A", "w")),
    "delta": (over("i", "d", over("j", "d", Mul((Delta(Sym("i"), Sym("j")), e("w", "i"), e("w", "j"))))), ("w",)),
    "product": (Product("i", ONE, Sym("d"), e("w", "i")), ("w",)),
    "differences": (
        Sum("t", ONE, Add((Sym("d"), Num(-1))), square(minus(Entry("w", (T1,)), e("w", "t")))),
        ("w",),
    ),
    "polynomial": (mean(square(minus(Y, Sum("k", ZERO, Sym("d"), Mul((W, Pow(e("x", "i"), Sym("k")))))))), ("w",)),
    "log-sum-exp": (log(over("k", "d", exp(W))), ("w",)),
    "labels": (neg(mean(log(CHOSEN))), ("Z",)),
    "kl": (mean(over("k", "K", KL)), ("Z",)),
    "binary entropy of a softmax": (neg(mean(over("k", "K", BINARY))), ("Z",)),
    "what is not chosen": (neg(mean(NOT_CHOSEN)), ("Z",)),
    "rational": (mean(Mul((Z, reciprocal(Add((ONE, square(Z))))))), ("w", "b")),
    "powers": (over("k", "d", Pow(W, Sym("a"))), ("w", "a")),
    "norm": (NORM_W, ("w",)),
    "cosine": (Mul((over("k", "d", Mul((W, e("v", "k")))), reciprocal(Mul((NORM_W, NORM_V))))), ("w", "v")),
    "chain of matrices": (
        over("i", "n", square(over("k", "d", Mul((e("A", "i", "k"), BU))))),
        ("A", "B", "u"),
    ),
    "bilinear": (
        over("i", "n", over("k", "d", over("l", "m", Mul((X, e("W", "k", "l"), e("Z", "i", "l")))))),
        ("W", "X"),
    ),
    "silu": (mean(Call("silu", (Z,))), ("w", "b")),
    "linear": (over("k", "d", Mul((e("c", "k"), W))), ("w",)),
    "constant slope": (over("k", "d", W), ("w",)),
}  # fmt: skip
