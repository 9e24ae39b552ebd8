"""Printed derivations: LaTeX that our own reader reads back, tags with rule names, the formats, the command."""

from __future__ import annotations

import json

import pytest
import sympy
from click.testing import CliRunner

from deriv.cli.derive import command as derive_command
from deriv.cli.deriving import with_sigmoid
from deriv.cli.rules import command as rules_command
from deriv.engine.api import derive
from deriv.engine.present import View, present
from deriv.expr import losses, networks
from deriv.expr import nodes as n
from deriv.expr.printing import name_latex, to_latex
from deriv.expr.sympy_bridge import to_text
from deriv.meaning.reading import read_formula
from deriv.rulebook.book import default_book
from deriv.rulebook.formula import parse_formula as read
from tests.engine.test_forward import CASES, run


@pytest.mark.parametrize(
    ("name", "latex"),
    [("yhat", r"\hat{y}"), ("theta", r"\theta"), ("thetahat", r"\hat{\theta}"), ("net", r"\mathrm{net}"), ("x", "x"),
     ("x_max", r"x_{\mathrm{max}}"), ("lambda", r"\lambda"), ("xbar", r"\bar{x}"), ("calL", r"\mathcal{L}")],
)  # fmt: skip
def test_names(name: str, latex: str) -> None:
    assert name_latex(name) == latex


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("(yhat - y)*x[j]", r"(\hat{y} - y) x_{j}"),
        ("sigmoid(z)*(1 - sigmoid(z))", r"\sigma(z) (1 - \sigma(z))"),
        ("1/(2*n)", r"\frac{1}{2 n}"),
        ("-(x/2)", r"-\frac{x}{2}"),
        ("x**2 - (a + b)", r"x^{2} - (a + b)"),
        ("tanh(x)**2", r"\tanh^{2}(x)"),
        ("sqrt(1 + x)", r"\sqrt{1 + x}"),
        ("sum(i, n, x[i, j])/n", r"\frac{1}{n} \sum_{i=1}^{n} x_{ij}"),
        ("exp(-x**2)", "e^{-x^{2}}"),
        ("(-x)**2", "(-x)^{2}"),
        ("d(sin(x))", r"\frac{d}{dx} \sin(x)"),
        ("d(L, w[j])", r"\frac{\partial L}{\partial w_{j}}"),
        ("2**a*3**b", r"2^{a} \cdot 3^{b}"),
        ("f.d(x)", "f'(x)"),
        ("where(x > 0, x, 0)", r"\begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}"),
    ],
)
def test_latex(text: str, latex: str) -> None:
    assert to_latex(read(text)) == latex


@pytest.mark.parametrize(("text", "by"), [case for case in CASES if "swish" not in case[0]])
def test_every_printed_line_reads_back(text: str, by: str) -> None:
    derivation = run(text, by)
    for expr in [derivation.expr, derivation.start, *(step.after for step in derivation.steps)]:
        again = with_sigmoid(read_formula(to_latex(expr)).expr)
        difference = sympy.sympify(sympy.expand(_plain(expr) - _plain(again)))
        assert difference == 0, to_latex(expr)


def _plain(expr: n.Expr) -> sympy.Expr:
    from deriv.expr.sympy_bridge import to_sympy

    return to_sympy(expr)


def test_formats() -> None:
    view = View(run("x**2*sin(x)", "x"), default_book(), "full", "f")
    assert r"\tag{product}" in present(view, "latex")
    assert present(view, "latex").startswith("\\begin{align*}\n  f &=")
    assert "1. product" in present(view, "markdown")
    assert '<span class="rule">product</span>' in present(view, "html")
    data = json.loads(present(view, "json"))
    assert data["result"]["sympy"] == "x*(x*cos(x) + 2*sin(x))"
    assert data["steps"][0]["rules"] == ["product"]
    assert "product" in present(view, "text")


def test_command() -> None:
    result = CliRunner().invoke(derive_command, [r"\sin(x^2)", "--wrt", "x", "--detail", "brief"])
    assert result.exit_code == 0
    assert "2*x*cos(x**2)" in result.output


def test_command_reads_definitions_from_a_file(tmp_path: object) -> None:
    from pathlib import Path

    file = Path(str(tmp_path)) / "loss.tex"
    file.write_text("z &= \\sum_{m=1}^{d} w_m x_m + b \\\\\n\\hat y &= \\sigma(z)\nL = \\frac{1}{2}(\\hat y - y)^2\n")
    result = CliRunner().invoke(derive_command, [str(file), "--wrt", "w", "--format", "json"])
    assert result.exit_code == 0, result.output
    (answer,) = json.loads(result.output)
    assert answer["variable"]["sympy"] == "w_j"
    assert answer["result"]["sympy"] == "x_j*yhat*(1 - yhat)*(-y + yhat)"


def test_rules_command() -> None:
    result = CliRunner().invoke(rules_command, ["--kind", "structure"])
    assert "product" in result.output
    listed = json.loads(CliRunner().invoke(rules_command, ["--format", "json"]).output)
    assert len(listed) == len(default_book())


def test_python_api() -> None:
    x = sympy.Symbol("x")
    derived = derive(sympy.sin(x**2), x)
    assert derived.result == 2 * x * sympy.cos(x**2)
    assert derived.steps[0].rule == "sin"
    assert derived._repr_latex_().startswith("$$")
    assert "<ol" in derived._repr_html_()


MODELS = {"linear": networks.linear(), "logistic": networks.logistic(), "mlp": networks.mlp()}
LOSSES = {"mse": losses.mse, "sse": losses.sse, "mae": losses.mae, "huber": losses.huber, "hinge": losses.hinge}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("loss", [*LOSSES, "bce"])
def test_losses_of_models_are_derived(loss: str, model: str) -> None:
    function = {**LOSSES, "bce": losses.bce if model == "logistic" else losses.bce_with_logits}[loss]
    derived = derive(function(MODELS[model]), sympy.Symbol("b"))
    assert not any(isinstance(node, n.Derivative) for node in n.walk(derived.derivation.result))


def test_softmax_regression_is_derived() -> None:
    derived = derive(losses.categorical_cross_entropy(networks.softmax()), sympy.Symbol("w_ab"))
    assert not any(isinstance(node, n.Derivative) for node in n.walk(derived.derivation.result))
    assert "KroneckerDelta" not in to_text(derived.derivation.result)


def test_penalties() -> None:
    w = sympy.Symbol("w_k")
    assert derive(losses.l2(), w).result == 2 * sympy.Symbol("lambda") * w
    assert str(derive(losses.elastic_net(), w).result) in (
        "alpha*sign(w_k) + 2*beta*w_k",
        "2*beta*w_k + alpha*sign(w_k)",
    )
    for loss in (losses.nll, losses.kl, losses.bce_with_logits):
        assert loss().has(sympy.Sum)
