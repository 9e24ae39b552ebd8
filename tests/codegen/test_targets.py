"""The same program in PyTorch and JAX, where they are installed."""

from __future__ import annotations

import numpy as np
import pytest

from deriv.codegen import generate
from tests.codegen.cases import CASES
from tests.codegen.test_generate import arrays

SOME_FOR_JAX = (  # each compiles for a while
    *("bce", "hinge", "labels", "kl", "product", "differences", "lasso"),
    "binary entropy of a softmax",
)


def compare(name, target):
    loss, wrt = CASES[name]
    plain = generate(loss, wrt).compile()
    other = generate(loss, wrt, target=target).compile()
    params, data = arrays(plain)
    value, grads = plain["loss_and_grad"](params, data)
    found, theirs = other["loss_and_grad"](params, data)
    assert found == pytest.approx(value, rel=1e-12)
    assert other["loss"](params, data) == pytest.approx(value, rel=1e-12)
    for key in grads:
        np.testing.assert_allclose(np.asarray(theirs[key]), grads[key], rtol=1e-11, atol=1e-14)
    with pytest.raises(ValueError, match="expected"):
        other["loss"]({}, data)


@pytest.mark.parametrize("name", CASES)
def test_pytorch(name):
    pytest.importorskip("torch")
    compare(name, "torch")


@pytest.mark.parametrize("name", SOME_FOR_JAX)
def test_jax(name):
    pytest.importorskip("jax")
    compare(name, "jax")


def test_self_tests_of_the_other_targets():
    for target in ("torch", "jax"):
        pytest.importorskip(target)
        assert generate(*CASES["mse"], target=target).compile()["self_test"]() < 1e-7
