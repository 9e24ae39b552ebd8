"""Backpropagation through layers: what holds in every depth, and what must not be taken for granted."""

from __future__ import annotations

import pytest

from deriv.checking.document import check_text
from deriv.checking.results import Step, Verdict

HOLDS = (Verdict.PROVED, Verdict.TESTED)


def last(text: str) -> Step:
    return check_text(text, path="notes.md", kind="markdown").steps[-1]


def network(depth: int) -> str:
    """The forward pass of a network with tanh in every layer, for an unknown loss."""
    layers = [f"$$z_{k} = W_{k} a_{k - 1} + b_{k}, \\quad a_{k} = \\tanh(z_{k})$$" for k in range(1, depth + 1)]
    return "\n\n".join(
        [*layers, "$$\\frac{\\partial L}{\\partial W_1} = \\frac{\\partial L}{\\partial z_1} a_0^\\top$$"]
    )


def backwards(k: int, layer: int, factor: str) -> str:
    """∂L/∂z_k from ∂L/∂z_{k+1}, with the weights of some layer and a factor for the activation."""
    right = f"\\left(W_{layer}^\\top \\frac{{\\partial L}}{{\\partial z_{k + 1}}}\\right) \\odot {factor}"
    return f"\n\n$$\\frac{{\\partial L}}{{\\partial z_{k}}} = {right}$$"


@pytest.mark.parametrize(("depth", "k"), [(2, 1), (3, 1), (3, 2), (4, 3)])
def test_one_layer_back_holds_in_every_depth(depth: int, k: int) -> None:
    step = last(network(depth) + backwards(k, k + 1, f"(1 - a_{k} \\odot a_{k})"))
    assert step.verdict in HOLDS
    assert any(f"only through z_{k + 1}" in said for said in step.assumes)


@pytest.mark.parametrize("depth", [2, 3])
def test_another_layers_weights_and_a_lost_square_never_hold(depth: int) -> None:
    for wrong in (backwards(1, 1, "(1 - a_1 \\odot a_1)"), backwards(1, 2, "(1 - a_1)")):
        assert last(network(depth) + wrong).verdict not in HOLDS


NETWORK = (
    "$z_1 = W_1 x$, $a_1 = \\phi(z_1)$, $z_2 = W_2 a_1$, $\\hat y = \\text{softmax}(z_2)$, $y$ is one-hot and "
    "$L = -\\sum_{k=1}^K y_k \\log \\hat y_k"
)
CLAIM = "\n\n$$\\frac{\\partial L}{\\partial W_1} = \\frac{\\partial L}{\\partial z_1} x^\\top$$"


def test_a_loss_that_the_weights_enter_by_one_way_only() -> None:
    assert last(NETWORK + "$." + CLAIM).verdict in HOLDS


def test_a_penalty_on_the_weights_is_not_overlooked() -> None:
    assert last(NETWORK + " + \\lambda \\|W_1\\|_F^2$." + CLAIM).verdict not in HOLDS


RECURRENT = "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n\n$$\\frac{\\partial h_t}{\\partial h_{t-1}} = "


def test_a_step_of_a_recurrent_network_in_both_layouts() -> None:
    assert last(RECURRENT + "\\text{diag}(1 - h_t^2)\\, W$$").verdict in HOLDS
    assert last(RECURRENT + "W^T \\text{diag}(1 - h_t^2)$$").verdict in HOLDS


def test_two_steps_are_not_one() -> None:
    two = RECURRENT.replace("\\partial h_{t-1}", "\\partial h_{t-2}")
    assert last(two + "\\text{diag}(1 - h_t^2)\\, W$$").verdict not in HOLDS


def test_what_comes_later_has_no_influence() -> None:
    text = RECURRENT.partition("$$\\frac")[0]
    assert last(text + "$$\\frac{\\partial h_{t-1}}{\\partial h_t} = W$$").verdict not in HOLDS


def test_a_wrong_line_does_not_choose_the_shape_of_a_bold_letter() -> None:
    text = (
        "$$\\mathbf{y} = \\boldsymbol\\gamma \\odot \\mathbf{h}, \\quad L = \\frac12\\|\\mathbf{y} - \\mathbf{t}\\|^2$$"
    )
    wrong = "\n\n$$\\nabla_{\\boldsymbol\\gamma} L = (\\mathbf{y} - \\mathbf{t})^\\top \\mathbf{h}$$"
    assert last(text + wrong).verdict not in HOLDS


RECURRENT_LOSS = (
    "$h_t = \\tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h)$, $\\hat y_t = W_{hy} h_t + b_y$ and "
    "$L = \\frac12 \\sum_t \\|\\hat y_t - y_t\\|^2$. Let $\\delta_t = \\hat y_t - y_t$.\n\n"
)
BACK = "\\left( \\frac{\\partial L}{\\partial h_{t+1}} \\odot (1 - h_{t+1}^2) \\right)"


def test_the_gradient_through_the_next_step_is_not_called_wrong() -> None:
    claim = f"$$\\frac{{\\partial L}}{{\\partial h_t}} = W_{{hy}}^\\top \\delta_t + W_{{hh}}^\\top {BACK}$$"
    assert last(RECURRENT_LOSS + claim).verdict is not Verdict.REFUTED


def test_several_ways_through_steps_are_no_internal_problem() -> None:
    text = "Let $a_t = W h_{t-1} + b$ and $h_t = \\tanh(a_t)$ with $h_t \\in \\mathbb{R}^m$, and $y_t = V h_t$.\n\n"
    claim = (
        f"$$\\frac{{\\partial L}}{{\\partial h_t}} = V^\\top \\frac{{\\partial L}}{{\\partial y_t}} + W^\\top {BACK}$$"
    )
    step = last(text + claim)
    assert step.verdict is not Verdict.REFUTED
    assert "internal" not in (step.reason or "")


def test_an_activation_that_only_the_words_name_leaves_a_step_open() -> None:
    text = (
        "$z = W a + b$, $\\hat y = g(z)$ with the sigmoid $g$ and "
        "$J = -y^T \\log \\hat y - (1 - y)^T \\log(1 - \\hat y)$.\n\n"
    )
    assert last(text + "$$\\frac{\\partial J}{\\partial z} = \\hat y - y$$").verdict is not Verdict.REFUTED
