"""Models of the lectures by name, as losses with definitions: nothing in them is differentiated by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from deriv.codegen.sizes import Definition
from deriv.errors import UsageError
from deriv.expr.nodes import (
    HALF,
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Entry,
    Expr,
    Mul,
    Num,
    Pow,
    Sum,
    Sym,
    neg,
    reciprocal,
)

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "maxout", "softmax", "identity")
LOSSES = ("mse", "sse", "half-sse", "bce", "ce", "nll", "kl", "hinge", "perceptron")
_OF_MODEL = {"linear": "mse", "adaline": "half-sse", "perceptron": "perceptron", "logistic": "bce", "softmax": "ce"}


@dataclass(frozen=True, slots=True)
class Model:
    """A loss over samples with its parameters; `layers` are the sizes where the name gives them.

    `labels` says what targets are: "real", "binary" (0 and 1), "signs" (-1 and 1) or "classes" (one-hot rows Y).
    `onehot` lists the data families whose rows sum to one.
    """

    name: str
    loss: Expr
    definitions: tuple[Definition, ...]
    params: tuple[str, ...]
    labels: str
    output: str
    layers: tuple[int, ...] = ()
    activation: str = ""
    onehot: tuple[str, ...] = ()
    shapes: dict[str, tuple[str | int, ...]] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """The data array that holds the targets."""
        return "Y" if self.labels == "classes" or len(self.layers) > 1 else "y"


def entry(name: str, *indices: str) -> Entry:
    """name[i, j, …]."""
    return Entry(name, tuple(map(Sym, indices)))


def _over(index: str, size: str, body: Expr) -> Sum:
    return Sum(index, ONE, Sym(size), body)


def _mean(body: Expr) -> Expr:
    return Mul((reciprocal(Sym("n")), _over("i", "n", body)))


def _minus(a: Expr, b: Expr) -> Expr:
    return Add((a, neg(b)))


def activation(name: str, z: Expr) -> Expr:
    """An activation function of z."""
    match name:
        case "identity":
            return z
        case "leaky_relu":
            return Call("max", (z, Mul((Num(Fraction(1, 100)), z))))
        case "elu":
            below = Add((Call("exp", (Call("min", (z, ZERO)),)), MINUS_ONE))
            return Add((Call("relu", (z,)), below))
        case "sigmoid" | "tanh" | "relu" | "softplus":
            return Call(name, (z,))
    raise UsageError(f"unknown activation {name} (known: {', '.join(ACTIVATIONS)})")


def _binary_entropy(y: Expr, p: Expr) -> Expr:
    both = Add((Mul((y, Call("log", (p,)))), Mul((_minus(ONE, y), Call("log", (_minus(ONE, p),))))))
    return neg(both)


def sample_loss(name: str, y: Expr, yhat: Expr, z: Expr) -> Expr:
    """The loss of one output of one sample."""
    match name:
        case "mse" | "sse" | "half-sse":
            return Pow(_minus(yhat, y), Num(2))
        case "bce":
            return _binary_entropy(y, yhat)
        case "ce" | "nll":
            return neg(Mul((y, Call("log", (yhat,)))))
        case "kl":
            return Mul((y, _minus(Call("log", (y,)), Call("log", (yhat,)))))
        case "hinge":
            return Call("relu", (_minus(ONE, Mul((y, z))),))
        case "perceptron":
            # a sample on the line counts as wrong, or w = 0 would stay: the slope of max is that from the right
            return Call("max", (ZERO, neg(Mul((y, z)))))
    raise UsageError(f"unknown loss {name} (known: {', '.join(LOSSES)})")


def _total(name: str, body: Expr) -> Expr:
    if name == "sse":
        return _over("i", "n", body)
    if name == "half-sse":
        return Mul((HALF, _over("i", "n", body)))
    return _mean(body)


def _penalty(loss: Expr, weights: list[tuple[str, tuple[str, ...], tuple[str, ...]]], l1: float, l2: float) -> Expr:
    """Add l1 times the sum of |w| and l2/2 times the sum of squares of all weights (biases are left alone)."""
    terms = [loss]
    rules: list[tuple[float, Callable[[Expr], Expr]]] = [
        (l1, lambda w: Call("abs", (w,))),
        (l2, lambda w: Mul((HALF, Pow(w, Num(2))))),
    ]
    for strength, rule in rules:
        for name, indices, sizes in weights if strength else ():
            body = rule(entry(name, *indices))
            for index, size in zip(reversed(indices), reversed(sizes), strict=True):
                body = _over(index, size, body)
            terms.append(Mul((Num(Fraction(str(strength))), body)))
    return Add(tuple(terms)) if len(terms) > 1 else loss


def _labels(loss: str) -> str:
    if loss in ("hinge", "perceptron"):
        return "signs"
    return {"bce": "binary", "ce": "classes", "nll": "classes", "kl": "classes"}.get(loss, "real")


def model(spec: str, loss: str | None = None, *, l1: float = 0.0, l2: float = 0.0) -> Model:
    """A model by name: linear, adaline, perceptron, logistic, softmax, mlp:784-128-64-10:relu."""
    name, _, rest = spec.partition(":")
    if name == "mlp":
        return _network(spec, rest, loss, l1, l2)
    if name not in _OF_MODEL or rest:
        raise UsageError(f"unknown model {spec} (known: {', '.join(_OF_MODEL)}, mlp:SIZES:ACTIVATION)")
    chosen = loss or _OF_MODEL[name]
    if name == "softmax":
        return _softmax(spec, chosen, l1, l2)
    z = Add((_over("k", "d", Mul((entry("X", "i", "k"), entry("w", "k")))), Sym("b")))
    squash = "sigmoid" if name == "logistic" or chosen == "bce" else "identity"
    yhat = activation(squash, entry("z", "i"))
    definitions = (Definition("z", ("i",), z), Definition("yhat", ("i",), yhat))
    one = sample_loss(chosen, entry("y", "i"), entry("yhat", "i"), entry("z", "i"))
    if chosen in ("ce", "nll", "kl"):
        raise UsageError(f"the loss {chosen} needs one-hot classes: use the model softmax or mlp")
    total = _penalty(_total(chosen, one), [("w", ("k",), ("d",))], l1, l2)
    return Model(spec, total, definitions, ("w", "b"), _labels(chosen), "yhat")


def _softmax_of(z: Callable[[str], Expr], size: str) -> Expr:
    return Mul((Call("exp", (z("k"),)), reciprocal(_over("m", size, Call("exp", (z("m"),))))))


def _softmax(spec: str, chosen: str, l1: float, l2: float) -> Model:
    z = Add((_over("j", "d", Mul((entry("X", "i", "j"), entry("W", "j", "k")))), entry("b", "k")))
    p = _softmax_of(lambda index: entry("z", "i", index), "K")
    definitions = (Definition("z", ("i", "k"), z), Definition("yhat", ("i", "k"), p))
    one = sample_loss(chosen, entry("Y", "i", "k"), entry("yhat", "i", "k"), entry("z", "i", "k"))
    total = _penalty(_total(chosen, _over("k", "K", one)), [("W", ("j", "k"), ("d", "K"))], l1, l2)
    return Model(spec, total, definitions, ("W", "b"), "classes", "yhat", onehot=("Y",))


def _layers(spec: str, rest: str) -> tuple[tuple[int, ...], str]:
    sizes, _, function = rest.partition(":")
    try:
        layers = tuple(int(s) for s in sizes.split("-"))
    except ValueError:
        raise UsageError(f"the sizes of {spec} are not whole numbers joined by hyphens") from None
    if len(layers) < 2 or min(layers) < 1:
        raise UsageError(f"{spec} needs at least an input and an output size, all positive")
    function = function or "sigmoid"
    if function not in ACTIVATIONS:
        raise UsageError(f"unknown activation {function} (known: {', '.join(ACTIVATIONS)})")
    return layers, function


def _network(spec: str, rest: str, loss: str | None, l1: float, l2: float) -> Model:
    """Layers z = a W + b, a = activation(z); the last one fits the loss: softmax, sigmoid or nothing."""
    layers, function = _layers(spec, rest)
    depth = len(layers) - 1
    chosen = loss or ("ce" if layers[-1] > 1 else "bce")
    definitions: list[Definition] = []
    params: list[str] = []
    weights: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    shapes: dict[str, tuple[str | int, ...]] = {}
    sizes = ["d", *(f"h{k}" for k in range(1, depth)), "K"]
    below = "X"
    for k in range(1, depth + 1):
        # a maxout unit is the larger of two affine functions, the second with weights V and biases c
        pieces = [
            (f"z{k}", f"W{k}", f"b{k}"),
            *([(f"u{k}", f"V{k}", f"c{k}")] if function == "maxout" and k < depth else []),
        ]
        for z, W, b in pieces:
            product = Mul((entry(below, "i", f"p{k}"), entry(W, f"p{k}", "j")))
            body = Add((_over(f"p{k}", sizes[k - 1], product), entry(b, "j")))
            definitions.append(Definition(z, ("i", "j"), body))
            params += [W, b]
            weights.append((W, ("p", "q"), (sizes[k - 1], sizes[k])))
            shapes[W], shapes[b] = (sizes[k - 1], sizes[k]), (sizes[k],)
        if k < depth:
            definitions.append(Definition(f"a{k}", ("i", "j"), _hidden(function, k, sizes[k])))
        below = f"a{k}"
    last = f"z{depth}"
    definitions.append(Definition("yhat", ("i", "k"), _head(chosen, last)))
    one = sample_loss(chosen, entry("Y", "i", "k"), entry("yhat", "i", "k"), entry(last, "i", "k"))
    total = _penalty(_total(chosen, _over("k", "K", one)), weights, l1, l2)
    classes = chosen in ("ce", "nll", "kl")
    if classes and layers[-1] < 2:
        raise UsageError(f"the loss {chosen} needs at least two outputs")
    return Model(
        spec, total, tuple(definitions), tuple(params), _labels(chosen), "yhat", layers, function,
        onehot=("Y",) if classes else (), shapes=shapes,
    )  # fmt: skip


def _hidden(function: str, k: int, size: str) -> Expr:
    """The activation of a hidden layer."""
    z = entry(f"z{k}", "i", "j")
    if function == "maxout":
        return Call("max", (z, entry(f"u{k}", "i", "j")))
    if function == "softmax":
        return Mul((Call("exp", (z,)), reciprocal(_over("m", size, Call("exp", (entry(f"z{k}", "i", "m"),))))))
    return activation(function, z)


def _head(loss: str, z: str) -> Expr:
    if loss in ("ce", "nll", "kl"):
        return _softmax_of(lambda index: entry(z, "i", index), "K")
    return activation("sigmoid" if loss == "bce" else "identity", entry(z, "i", "k"))
