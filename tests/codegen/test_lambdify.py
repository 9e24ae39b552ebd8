"""The program through SymPy's lambdify gives what the generated module gives."""

from __future__ import annotations

import numpy as np
import pytest

from deriv.codegen import generate
from deriv.codegen.lambdify import lambdified
from tests.codegen.cases import CASES
from tests.codegen.test_generate import arrays

WITH_HELPERS = ("kl", "product", "differences")


@pytest.mark.parametrize("name", [n for n in CASES if n not in WITH_HELPERS])
def test_same_numbers(name):
    generated = generate(*CASES[name])
    module = generated.compile()
    params, data = arrays(module)
    value, grads = module["loss_and_grad"](params, data)
    found = lambdified(generated.program)(*params.values(), *data.values())
    assert found[0] == pytest.approx(value, rel=1e-14)
    for result, right in zip(found[1:], grads.values(), strict=True):
        np.testing.assert_allclose(np.broadcast_to(result, right.shape), right, rtol=1e-14)


def test_sums_stay_contractions_and_subexpressions_shared():
    text = lambdified(generate(*CASES["bce"]).program).__doc__
    assert text.count("X @ w") == 1
    assert "X.T @" in text
