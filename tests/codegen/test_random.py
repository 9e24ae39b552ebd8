"""Random expressions: generated gradients against central differences, and PyTorch where installed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deriv.codegen import generate
from deriv.engine.graph_check import validate
from deriv.expr.nodes import HALF, Add, Call, Mul, Num, Pow, Sym, neg
from deriv.training import gradcheck
from deriv.training.api import task
from tests.codegen.cases import CASES, e, over
from tests.codegen.test_generate import arrays

LEAVES = st.sampled_from([e("X", "i", "k"), e("w", "k"), e("v", "i"), Sym("b"), Num(2), HALF])


def _unary(x):
    return st.sampled_from(
        [
            Call("tanh", (x,)),
            Call("sigmoid", (x,)),
            Call("softplus", (x,)),
            Call("sin", (x,)),
            neg(x),
            Pow(x, Num(2)),
            Pow(Add((Pow(x, Num(2)), Num(1))), Num(-1)),
            over("l", "m", Mul((e("u", "l"), x))),
        ]
    )


def _binary(pair):
    return st.sampled_from([Add(pair), Mul(pair)])


BODIES = st.recursive(
    LEAVES, lambda inner: st.one_of(inner.flatmap(_unary), st.tuples(inner, inner).flatmap(_binary)), max_leaves=6
)


@given(BODIES)
@settings(max_examples=60, deadline=None)
def test_random_bodies(body):
    anchor = Mul((e("X", "i", "k"), e("w", "k"), e("v", "i"), Sym("b")))
    loss = over("i", "n", over("k", "d", Add((body, anchor))))
    generated = generate(loss, ["w", "b", "v"], fast=True)
    validate(generated.program.nodes.values())
    module = generated.compile()
    assert module["self_test"](step=1e-5) < 1e-4
    params, data = arrays(module)
    value, grads = module["loss_and_grad"](params, data)
    quick, theirs = module["make"](params, data)(params)
    assert quick == pytest.approx(value, rel=1e-9, abs=1e-9)
    for name, right in grads.items():
        np.testing.assert_allclose(theirs[name], right, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", [n for n in CASES if n not in ("labels",)])
def test_pytorch_agrees(name):
    pytest.importorskip("torch")
    loss, wrt = CASES[name]
    report = gradcheck(task(loss, wrt=wrt), "torch", params=_positive(loss, wrt))
    assert report.relative < 1e-12


def _positive(loss, wrt):
    """Parameters above zero, for the losses with logarithms and powers of them."""
    from deriv.training.check import draw

    what = task(loss, wrt=wrt)
    params, _, _ = draw(what, what.generate(fast=False), {}, 0)
    return {k: np.abs(v) + 0.1 for k, v in params.items()}
