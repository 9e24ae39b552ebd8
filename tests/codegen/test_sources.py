"""The same gradient whether a model is named, written in LaTeX, or built with SymPy."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Abs, IndexedBase, Max, Min, Sum, exp, log, symbols, tanh

import deriv
from deriv.training.models import model
from tests.codegen.test_models import close, problem

Z = r"\sum_{k=1}^{d} X_{ik} w_k + b"
P = rf"\sigma({Z})"
MEAN = r"\frac{1}{n} \sum_{i=1}^{n}"
SCORES = r"\sum_{j=1}^{d} X_{ij} W_{jk} + b_k"
OTHERS = r"\sum_{j=1}^{d} X_{ij} W_{jm} + b_m"
SOFTMAX = rf"\frac{{e^{{{SCORES}}}}}{{\sum_{{m=1}}^{{K}} e^{{{OTHERS}}}}}"
CLASSES = rf"{MEAN} \sum_{{k=1}}^{{K}}"

ENTROPY = rf"-{MEAN} [y_i \log {P} + (1 - y_i) \log(1 - {P})]"
LATEX = {
    ("linear", "mse"): rf"{MEAN} ({Z} - y_i)^2",
    ("linear", "sse"): rf"\sum_{{i=1}}^{{n}} ({Z} - y_i)^2",
    ("adaline", "half-sse"): rf"\frac12 \sum_{{i=1}}^{{n}} (y_i - ({Z}))^2",
    ("logistic", "bce"): ENTROPY,
    ("logistic", "mse"): rf"{MEAN} ({P} - y_i)^2",
    ("linear", "hinge"): rf"{MEAN} \max(0, 1 - y_i ({Z}))",
    ("perceptron", "perceptron"): rf"{MEAN} \max(0, -y_i ({Z}))",
    ("softmax", "ce"): rf"-{CLASSES} Y_{{ik}} \ln {SOFTMAX}",
    ("softmax", "nll"): rf"-{CLASSES} Y_{{ik}} [{SCORES} - \log \sum_{{m=1}}^{{K}} e^{{{OTHERS}}}]",
    ("softmax", "kl"): rf"{CLASSES} Y_{{ik}} \log \frac{{Y_{{ik}}}}{{{SOFTMAX}}}",
    ("softmax", "mse"): rf"{CLASSES} \left({SOFTMAX} - Y_{{ik}}\right)^2",
}
L1 = r" + \frac14 \sum_{k=1}^{d} |w_k|"
L2 = r" + \frac14 \sum_{k=1}^{d} w_k^2"


def same(generated, named, params, data):
    value, grads = generated.functions()[1](params, data)
    want, right = named.functions()[1](params, data)
    assert value == pytest.approx(want, rel=1e-12)
    close(grads, right)


@pytest.mark.parametrize(("spec", "loss"), LATEX)
def test_models_in_latex(spec, loss):
    named, params, data = problem(spec, loss)
    same(deriv.code(LATEX[spec, loss], list(params)), named, params, data)


@pytest.mark.parametrize(("l1", "l2"), [(0.25, 0.0), (0.0, 0.5), (0.25, 0.5)])
@pytest.mark.parametrize(("spec", "loss"), [k for k in LATEX if k[0] != "softmax"])
def test_penalties_in_latex(spec, loss, l1, l2):
    named, params, data = problem(spec, loss, l1=l1, l2=l2)
    text = LATEX[spec, loss] + L1 * bool(l1) + L2 * bool(l2)
    same(deriv.code(text, list(params)), named, params, data)


HIDDEN = {
    "sigmoid": r"\sigma({})",
    "tanh": r"\tanh({})",
    "relu": r"\max(0, {})",
    "leaky_relu": r"\max({0}, \frac{{1}}{{100}} ({0}))",
    "elu": r"\begin{{cases}} {0} & {0} > 0 \\ e^{{{0}}} - 1 & \text{{otherwise}} \end{{cases}}",
    "softplus": r"\log(1 + e^{{{}}})",
    "identity": "({})",
    "maxout": r"\max({}, \sum_{{p=1}}^{{d}} X_{{ip}} V_{{pj}} + r_j)",
}


@pytest.mark.parametrize("activation", HIDDEN)
def test_networks_in_latex(activation):
    named, params, data = problem(f"mlp:4-3-2:{activation}", "mse")
    inner = r"\sum_{p=1}^{d} X_{ip} A_{pj} + s_j"
    hidden = HIDDEN[activation].format(inner)
    text = rf"{CLASSES} \left( \sum_{{j=1}}^{{h}} {hidden} B_{{jk}} + t_k - Y_{{ik}} \right)^2"
    called = {"W1": "A", "b1": "s", "W2": "B", "b2": "t", "V1": "V", "c1": "r"}
    written = deriv.code(text, [called[name] for name in params])
    value, grads = written.functions()[1]({called[k]: v for k, v in params.items()}, data)
    want, right = named.functions()[1](params, data)
    assert value == pytest.approx(want, rel=1e-12)
    close(grads, {called[k]: v for k, v in right.items()})


i, j, k, m, n, d, K = symbols("i j k m n d K", integer=True)
b = symbols("b")
X, w, y, W, Y, bias = map(IndexedBase, ("X", "w", "y", "W", "Y", "b"))
linear = Sum(X[i, k] * w[k], (k, 1, d)) + b
logit = 1 / (1 + exp(-linear))


def scores(c):
    return Sum(X[i, j] * W[j, c], (j, 1, d)) + bias[c]


def averaged(body):
    return Sum(body, (i, 1, n)) / n


shares = exp(scores(k)) / Sum(exp(scores(m)), (m, 1, K))
SYMPY = {
    ("linear", "mse"): averaged((linear - y[i]) ** 2),
    ("adaline", "half-sse"): Sum((linear - y[i]) ** 2, (i, 1, n)) / 2,
    ("logistic", "bce"): -averaged(y[i] * log(logit) + (1 - y[i]) * log(1 - logit)),
    ("linear", "hinge"): averaged(Max(0, 1 - y[i] * linear)),
    ("perceptron", "perceptron"): averaged(Max(0, -y[i] * linear)),
    ("softmax", "ce"): -averaged(Sum(Y[i, k] * log(shares), (k, 1, K))),
    ("softmax", "kl"): averaged(Sum(Y[i, k] * log(Y[i, k] / shares), (k, 1, K))),
}


@pytest.mark.parametrize(("spec", "loss"), SYMPY)
def test_models_in_sympy(spec, loss):
    named, params, data = problem(spec, loss)
    same(deriv.code(SYMPY[spec, loss], list(params)), named, params, data)


def test_penalties_in_sympy():
    named, params, data = problem("linear", "mse", l1=0.25, l2=0.5)
    loss = SYMPY["linear", "mse"] + Sum(Abs(w[k]), (k, 1, d)) / 4 + Sum(w[k] ** 2, (k, 1, d)) / 4
    same(deriv.code(loss, list(params)), named, params, data)


@pytest.mark.parametrize(
    ("activation", "function"),
    {
        "tanh": tanh,
        "sigmoid": lambda z: 1 / (1 + exp(-z)),
        "relu": lambda z: Max(0, z),
        "leaky_relu": lambda z: Max(z, z / 100),
        # not as Piecewise: SymPy folds it out of the sum over j and leaves a condition with a free j
        "elu": lambda z: Max(0, z) + exp(Min(z, 0)) - 1,
        "softplus": lambda z: log(1 + exp(z)),
    }.items(),
)
def test_activations_in_sympy(activation, function):
    A, B, s, t = map(IndexedBase, "ABst")
    h = symbols("h", integer=True)
    hidden = function(Sum(X[i, m] * A[m, j], (m, 1, d)) + s[j])
    out = Sum(hidden * B[j, k], (j, 1, h)) + t[k]
    named, params, data = problem(f"mlp:4-3-2:{activation}", "mse")
    called = {"W1": "A", "b1": "s", "W2": "B", "b2": "t"}
    written = deriv.code(averaged(Sum((out - Y[i, k]) ** 2, (k, 1, K))), list(called.values()))
    value, grads = written.functions()[1]({called[k]: v for k, v in params.items()}, data)
    want, right = named.functions()[1](params, data)
    assert value == pytest.approx(want, rel=1e-12)
    close(grads, {called[k]: v for k, v in right.items()})


def test_a_model_by_name_has_its_own_parameters():
    named = deriv.code("mlp:4-3-2:tanh")
    assert list(named.program.params) == list(model("mlp:4-3-2:tanh").params)
    assert list(deriv.code("logistic", ["b"], loss="mse").program.params) == ["b"]


@pytest.mark.parametrize("target", ["numpy", "numba", "c", "torch", "jax", "latex"])
def test_code_is_as_long_for_any_sizes(target):
    def length(spec):
        return deriv.code(spec, target=target).source.replace(spec, "").count("")

    assert length("mlp:784-128-64-10:relu") == length("mlp:3-2-2-2:relu")


def test_text_is_never_evaluated_by_sympy():
    with pytest.raises(deriv.errors.DerivError):
        deriv.code("__import__('os')", ["w"])


def test_numbers_of_sympy_are_exact():
    v = IndexedBase("v")
    loss = Sum(sympy.Rational(1, 3) * v[i] ** 2, (i, 1, n))
    gradient = deriv.code(loss, ["v"]).functions()[1]({"v": np.array([3.0])}, {})[1]["v"]
    assert gradient == pytest.approx([2.0], rel=1e-15)
