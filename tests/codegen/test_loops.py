"""Targets made of loops: the same numbers as NumPy, as Python without a compiler, under numba, and as C."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings

from deriv.codegen import Definition, generate
from deriv.codegen.program import size_sources
from deriv.expr.nodes import Add, Mul, Sym
from deriv.training.models import model
from tests.codegen.cases import CASES, Z, e, entropy, over, sigmoid
from tests.codegen.test_generate import arrays
from tests.codegen.test_random import BODIES

UNCOMPILED = "class numba:\n    njit = staticmethod(lambda **options: lambda function: function)\n"
SOME = ("bce", "kl", "binary entropy of a softmax", "labels", "differences", "chain of matrices")
FLAGS = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Wdouble-promotion", "-pedantic", "-Werror", "-shared", "-fPIC")


def interpreted(generated):
    """A module for numba, run by Python itself."""
    names = {"__name__": "generated"}
    exec(compile(generated.source.replace("import numba\n", UNCOMPILED), "<loops>", "exec"), names)  # noqa: S102
    return names


def agree(found, right, tolerance=1e-12):
    assert found[0] == pytest.approx(right[0], rel=tolerance, abs=tolerance)
    for name, grad in right[1].items():
        assert np.shape(found[1][name]) == np.shape(grad)
        np.testing.assert_allclose(found[1][name], grad, rtol=10 * tolerance, atol=tolerance)


@pytest.mark.parametrize("name", CASES)
def test_loops_give_what_arrays_give(name):
    plain = generate(*CASES[name]).compile()
    loops = interpreted(generate(*CASES[name], target="numba"))
    params, data = arrays(plain)
    agree(loops["loss_and_grad"](params, data), plain["loss_and_grad"](params, data))
    assert loops["loss"](params, data) == pytest.approx(plain["loss"](params, data), rel=1e-12)
    with pytest.raises(ValueError, match="expected"):
        loops["loss"]({}, data)


@given(BODIES)
@settings(max_examples=60, deadline=None)
def test_random_loops(body):
    anchor = Mul((e("X", "i", "k"), e("w", "k"), e("v", "i"), Sym("b")))
    loss = over("i", "n", over("k", "d", Add((body, anchor))))
    plain = generate(loss, ["w", "b", "v"]).compile()
    params, data = arrays(plain)
    loops = interpreted(generate(loss, ["w", "b", "v"], target="numba"))
    agree(loops["loss_and_grad"](params, data), plain["loss_and_grad"](params, data), 1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SOME)
def test_numba(name, dtype):
    pytest.importorskip("numba")
    plain = generate(*CASES[name]).compile()
    compiled = generate(*CASES[name], target="numba", dtype=dtype).compile()
    params, data = arrays(plain)
    right = plain["loss_and_grad"](params, data)
    params, data = ({k: v.astype(dtype) if v.dtype.kind == "f" else v for k, v in g.items()} for g in (params, data))
    found = compiled["loss_and_grad"](params, data)
    assert all(np.asarray(grad).dtype == dtype for grad in found[1].values())
    agree(found, right, 1e-12 if dtype == "float64" else 1e-5)
    assert compiled["self_test"]() < (2e-2 if dtype == "float32" else 1e-6)


def test_the_kernel_serves_compiled_loops_of_ones_own():
    numba = pytest.importorskip("numba")
    names = generate(*CASES["mse"], target="numba").compile()
    kernel = names["_loss_and_grad"]
    assert (*names["PARAMS"], *names["DATA"]) == ("w", "b", "X", "y")

    @numba.njit
    def online(w, b, X, y, rate):
        for i in range(len(y)):
            _, (dw, db) = kernel(w, b, X[i : i + 1], y[i : i + 1])
            w = w - rate * dw
            b = b - rate * db
        return w, b

    params, data = arrays(names)
    w, b = online(params["w"], float(params["b"]), data["X"], data["y"], 0.1)
    step = generate(*CASES["mse"]).functions()[1]
    for i in range(len(data["y"])):
        grads = step(params, {"X": data["X"][i : i + 1], "y": data["y"][i : i + 1]})[1]
        params = {name: np.asarray(params[name] - 0.1 * grads[name]) for name in params}
    np.testing.assert_allclose(w, params["w"], rtol=1e-12)
    assert b == pytest.approx(float(params["b"]), rel=1e-12)


def call(library, program, params, data, dtype):
    """`loss_and_grad` of a compiled C file: sizes, parameters, data, then where the gradients go."""
    real = ctypes.c_double if dtype == "float64" else ctypes.c_float
    library.loss_and_grad.restype = real
    given, held, arguments = {**params, **data}, [], []
    for name, axis, offset in size_sources({**program.params, **program.data}).values():
        arguments.append(ctypes.c_long(given[name].shape[axis] - offset))
    for name, shape in {**program.params, **program.data}.items():
        held.append(np.array(given[name], np.int64 if name in program.labels else dtype, order="C"))
        arguments.append(held[-1].ctypes.data_as(ctypes.c_void_p) if shape else real(float(held[-1])))
    grads = {name: np.full(np.shape(params[name]), np.nan, dtype) for name in params}
    arguments += [grad.ctypes.data_as(ctypes.c_void_p) for grad in grads.values()]
    return library.loss_and_grad(*arguments), grads


def run_c(generated, folder, params, data, dtype):
    """What a C file gives once it is compiled."""
    if shutil.which("gcc") is None:
        pytest.skip("no gcc here")
    source, built = folder / "grad.c", folder / "grad.so"
    source.write_text(generated.source)
    answer = subprocess.run(
        ["gcc", *FLAGS, "-o", str(built), str(source), "-lm"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return call(ctypes.CDLL(str(built)), generated.program, params, data, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_c(name, dtype, tmp_path):
    plain = generate(*CASES[name]).compile()
    generated = generate(*CASES[name], target="c", dtype=dtype)
    params, data = arrays(plain)
    found = run_c(generated, tmp_path, params, data, dtype)
    agree(found, plain["loss_and_grad"](params, data), 1e-12 if dtype == "float64" else 1e-5)


def body_of(source, name="_loss_and_grad"):
    return source.partition(f"def {name}(")[2].partition("\ndef ")[0]


def test_logistic_regression_is_one_pass_without_arrays():
    definitions = (Definition("z", ("i",), Z), Definition("yhat", ("i",), sigmoid(e("z", "i"))))
    text = body_of(generate(entropy(e("yhat", "i")), ["w", "b"], definitions=definitions, target="numba").source)
    assert text.count("in range(n)") == 1
    assert re.findall(r"(\w+) = np.empty", text) == ["grad_w"]
    assert "z = " in text
    assert "yhat = " in text


def test_layers_keep_rows_only():
    m = model("mlp:4-3-2:tanh")
    text = body_of(generate(m.loss, m.params, definitions=m.definitions, onehot=m.onehot, target="numba").source)
    assert text.count("in range(n)") == 1
    assert "np.empty((n" not in text  # every array of a whole layer became that of one sample


@pytest.mark.parametrize("target", ["numba", "c"])
def test_names_of_the_language_are_no_variables(target):
    names = ("int", "j0", "for", "np", "work", "maximum")
    loss = over("i", "n", Mul((e("x", "i"), Add(tuple(map(Sym, names))))))
    generated = generate(loss, list(names), target=target)
    if target == "numba":
        assert interpreted(generated)["self_test"]() < 1e-6
    else:
        assert "double int_" in generated.source


def test_a_comment_does_not_end_early():
    assert "*/ int" not in generate(*CASES["mse"], target="c", formula="a */ int x; /* b").source
