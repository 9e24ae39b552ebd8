"""Generated modules: right, stable, readable, strict about their inputs."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from deriv.codegen import Definition, generate
from deriv.errors import DerivError, MeaningError, UsageError
from deriv.expr.nodes import ONE, Add, Call, Mul, Num, Pow, Sum, Sym, neg, reciprocal
from deriv.training.models import model
from tests.codegen.cases import CASES, LOGISTIC, X, Y, Z, e, entropy, mean, minus, over, sigmoid, softmax, square


def arrays(module, seed=0):
    """Random parameters and data for a module."""
    rng = np.random.default_rng(seed)
    shapes = {**module["PARAMS"], **module["DATA"]}
    sizes = {s: 3 + k for k, s in enumerate(dict.fromkeys(d for s in shapes.values() for d in s if isinstance(d, str)))}
    for name in list(sizes):
        if " " in name:
            base, sign, offset = name.split()
            sizes[name] = sizes.setdefault(base, 3) + int(sign + offset)
    made = {k: np.asarray(rng.uniform(0.1, 0.9, [sizes.get(d, d) for d in s])) for k, s in shapes.items()}
    for name, (low, count) in module["LABELS"].items():
        made[name] = rng.integers(low, low + sizes.get(count, count), made[name].shape)
    return {k: made[k] for k in module["PARAMS"]}, {k: made[k] for k in module["DATA"]}


@pytest.mark.parametrize("name", CASES)
def test_gradients_agree_with_central_differences(name):
    loss, wrt = CASES[name]
    assert generate(loss, wrt).compile()["self_test"]() < 1e-7


@pytest.mark.parametrize("name", CASES)
def test_fast_code_gives_the_same_and_again(name):
    loss, wrt = CASES[name]
    module = generate(loss, wrt, fast=True).compile()
    params, data = arrays(module)
    step = module["make"](params, data)
    for seed in (1, 2, 1):
        params = arrays(module, seed)[0]
        value, grads = step(params)
        want, right = module["loss_and_grad"](params, data)
        assert value == pytest.approx(want, rel=1e-12)
        for key in right:
            np.testing.assert_allclose(grads[key], right[key], rtol=1e-11, atol=1e-13)


def test_scalars_of_fast_code_are_inf_where_numpy_says_so():
    loss = over("i", "n", Mul((e("x", "i"), reciprocal(Sym("b")), Pow(Sym("b"), Num(2)))))
    module = generate(Add((loss, reciprocal(Sym("b")))), ["b"], fast=True).compile()
    data = {"x": np.ones(3)}
    with np.errstate(all="ignore"):
        value, grads = module["make"]({"b": np.zeros(())}, data)({"b": np.zeros(())})
    assert not np.isfinite(value)
    assert not np.isfinite(grads["b"])


def test_parts_of_long_scalars_are_defined_in_fast_code():
    b = Sym("b")
    parts = [
        Call(f, (Call(g, (b,)),)) for f in ("tanh", "sigmoid", "softplus") for g in ("tanh", "softplus", "sigmoid")
    ]
    module = generate(over("i", "n", Mul((e("x", "i"), *parts, b))), ["b"], fast=True).compile()
    params, data = arrays(module)
    value, grads = module["make"](params, data)(params)
    want, right = module["loss_and_grad"](params, data)
    assert value == pytest.approx(want, rel=1e-12)
    assert grads["b"] == pytest.approx(right["b"], rel=1e-12)


@pytest.mark.parametrize("name", ["mse", "bce", "ridge", "kl", "labels", "norm"])
def test_single_precision(name):
    loss, wrt = CASES[name]
    module = generate(loss, wrt, dtype="float32").compile()
    assert module["self_test"]() < 2e-2
    params, data = arrays(module)
    params = {k: v.astype(np.float32) for k, v in params.items()}
    data = {k: (v if k in module["LABELS"] else v.astype(np.float32)) for k, v in data.items()}
    assert all(g.dtype == np.float32 for g in module["loss_and_grad"](params, data)[1].values())


def test_logistic_regression_reads_like_a_book():
    definitions = (Definition("z", ("i",), Z), Definition("yhat", ("i",), sigmoid(e("z", "i"))))
    source = generate(entropy(e("yhat", "i")), ["w", "b"], definitions=definitions).source
    for line in ("z = X @ w + b", "dz = (yhat - y) / n", '"w": X.T @ dz', '"b": dz.sum()'):
        assert line in source
    assert "for i in" not in source.partition("def loss(")[2].partition("def _arrays")[0]


def test_named_values_are_differentiated_by_when_asked():
    definitions = (Definition("yhat", ("i",), Z),)
    generated = generate(mean(square(minus(e("yhat", "i"), Y))), ["yhat"], definitions=definitions)
    assert list(generated.program.data) == ["y"]
    assert generated.compile()["self_test"]() < 1e-8


STABLE = {
    "bce": entropy(sigmoid(Z)),
    "bce spelled out": entropy(LOGISTIC),
    "softplus": mean(Call("log", (Add((ONE, Call("exp", (Z,)))),))),
    "sigmoid": mean(sigmoid(Z)),
    "tanh": mean(Call("tanh", (Z,))),
    "log-cosh": mean(Call("log", (Call("cosh", (minus(Z, Y),)),))),
}


@pytest.mark.parametrize("name", STABLE)
@pytest.mark.parametrize("size", [30.0, 1000.0, -1000.0])
@pytest.mark.parametrize("fast", [False, True])
def test_large_logits_neither_warn_nor_overflow(name, size, fast):
    module = generate(STABLE[name], ["w", "b"], fast=fast).compile()
    params = {"w": np.array([size]), "b": np.asarray(0.0)}
    data = {"X": np.array([[1.0], [-1.0], [0.0]])}
    if "y" in module["DATA"]:
        data["y"] = np.array([0.0, 1.0, 1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, grads = module["make"](params, data)(params) if fast else module["loss_and_grad"](params, data)
    assert np.isfinite(value)
    assert all(np.all(np.isfinite(g)) for g in grads.values())


def test_log_cosh_is_right_near_and_far():
    loss = over("i", "n", Call("log", (Call("cosh", (Mul((Sym("w"), e("x", "i"))),)),)))
    function = generate(loss, ["w"]).functions()[1]
    for x in (1e-3, 0.5, 3.0, 500.0):
        value, grads = function({"w": np.asarray(1.0)}, {"x": np.array([x])})
        assert value == pytest.approx(np.log(np.cosh(x)), rel=1e-9)
        assert grads["w"] == pytest.approx(x * np.tanh(x), rel=1e-14)


def test_values_without_a_name_are_called_by_their_part():
    source = generate(mean(square(minus(Y, Z))), ["w", "b"]).source
    assert "residual = y - (X @ w + b)" in source
    assert "z = X @ w + b" in generate(STABLE["softplus"], ["w", "b"]).source
    shadowed = Add((STABLE["softplus"], over("i", "n", e("z", "i"))))
    assert generate(shadowed, ["w", "b"]).compile()["self_test"]() < 1e-7


def test_bce_far_out_is_exact():
    module = generate(entropy(sigmoid(Z)), ["w", "b"]).compile()
    data = {"X": np.array([[1.0]]), "y": np.array([0.0])}
    value, grads = module["loss_and_grad"]({"w": np.array([1000.0]), "b": np.asarray(0.0)}, data)
    assert value == 1000.0
    assert grads["w"] == 1.0


def test_softmax_and_its_log_do_not_overflow():
    loss = neg(mean(over("k", "K", Call("log", (softmax("Z", "i"),)))))
    module = generate(loss, ["Z"]).compile()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, grads = module["loss_and_grad"]({"Z": np.array([[1000.0, -1000.0, 0.0]])}, {})
    assert value == pytest.approx(3000.0)
    np.testing.assert_allclose(grads["Z"], [[2.0, -1.0, -1.0]], atol=1e-12)


def test_kl_at_targets_of_zero():
    loss, wrt = CASES["kl"]
    module = generate(loss, wrt).compile()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, grads = module["loss_and_grad"]({"Z": np.zeros((1, 2))}, {"Y": np.array([[1.0, 0.0]])})
    assert value == pytest.approx(np.log(2))
    np.testing.assert_allclose(grads["Z"], [[-0.5, 0.5]])


def test_squared_loss_works_on_the_gram_matrix():
    loss, wrt = CASES["mse"]
    source = generate(loss, wrt, fast=True).source
    step = source.partition("def step(")[2].partition("return step")[0]
    assert "X.T @ X" in source.partition("def step(")[0]
    assert "X" not in step.replace("X.T", "X")


def test_code_does_not_grow_with_the_sizes():
    def lines(spec):
        m = model(spec)
        return generate(m.loss, m.params, definitions=m.definitions).source.count("\n")

    assert lines("mlp:784-128-64-10:relu") == lines("mlp:3-2-2-2:relu")


def test_cost_is_linear_in_the_depth():
    def statements(depth):
        x = e("x", "i")
        for k in range(depth):
            x = sigmoid(Add((Call("tanh", (x,)), Sym(f"b{k}"))))
        source = generate(over("i", "n", x), [f"b{k}" for k in range(depth)]).source
        return source.partition("def loss_and_grad")[2].partition("def _arrays")[0].count("=")

    assert statements(16) - statements(12) == statements(12) - statements(8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, _: p.pop("b"), "params: expected"),
        (lambda _, x: x.update(extra=np.zeros(1)), "data: expected"),
        (lambda p, _: p.update(w=np.zeros(7)), "w|X"),
        (lambda p, _: p.update(w=np.zeros((3, 1))), r"w: expected shape \('d',\)"),
        (lambda p, _: p.update(w=p["w"].astype(np.float32)), "w: expected dtype float64, got float32"),
        (lambda _, x: x.update(y=x["y"].astype(int)), "y: expected dtype float64"),
        (lambda _, x: x.update(y=x["y"][:-1]), "y: expected shape"),
    ],
)
def test_wrong_inputs_are_value_errors(change, message):
    module = generate(CASES["mse"][0], ["w", "b"]).compile()
    params, data = arrays(module)
    change(params, data)
    for function in ("loss", "loss_and_grad"):
        with pytest.raises(ValueError, match=message):
            module[function](params, data)


def test_sizes_that_depend_on_each_other_are_checked():
    loss = Add((CASES["differences"][0], over("t", "d", Mul((e("w", "t"), e("c", "t"))))))
    loss = Add((loss, Sum("k", ONE, Add((Sym("d"), Num(-1))), e("u", "k"))))
    module = generate(loss, ["w"]).compile()
    good = {"c": np.ones(4), "u": np.ones(3)}
    module["loss"]({"w": np.ones(4)}, good)
    with pytest.raises(ValueError, match="u: expected shape"):
        module["loss"]({"w": np.ones(4)}, {**good, "u": np.ones(4)})


def test_plain_numbers_serve_as_scalars():
    module = generate(CASES["mse"][0], ["w", "b"]).compile()
    params, data = arrays(module)
    params["b"] = 0.5
    assert module["loss_and_grad"](params, data)[1]["b"].shape == ()


@pytest.mark.parametrize(
    ("loss", "wrt", "error"),
    [
        (Y, ["y"], MeaningError),
        (CASES["mse"][0], ["nothing"], UsageError),
        (CASES["mse"][0], [], UsageError),
        (over("i", "n", over("k", "d", e("w", "k"))), ["w"], MeaningError),
        (Sum("i", Sym("m"), Sym("n"), Y), ["y"], MeaningError),
        (Add((over("i", "n", X), Pow(Sym("a"), Num(2)))), ["X"], MeaningError),
        (Call("gamma", (Sym("a"),)), ["a"], MeaningError),
    ],
)
def test_what_cannot_be_generated_is_refused(loss, wrt, error):
    with pytest.raises(error):
        generate(loss, wrt)


def test_bad_options_are_usage_errors():
    for options in ({"dtype": "float16"}, {"target": "fortran"}):
        with pytest.raises(DerivError):
            generate(CASES["mse"][0], ["w"], **options)


def test_the_module_is_readable_python_that_runs_alone(tmp_path):
    import subprocess
    import sys

    file = tmp_path / "grad.py"
    file.write_text(generate(*CASES["bce"], formula=r"-\frac1n \sum y \log\sigma(z)", fast=True).source)
    answer = subprocess.run([sys.executable, "-I", str(file)], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "central differences" in answer.stdout
    assert "deriv" not in file.read_text().replace("derivative", "")


def test_lengths_cancel_and_numbers_leave_reciprocals():
    residual = minus(Z, Y)
    loss = Mul((Pow(Mul((Num(2), Sym("n"))), Num(-1)), over("i", "n", square(residual))))
    source = generate(loss, ["w", "b"], fast=True).source
    assert "2 * n" not in source
    assert "n / n" not in source


def test_squares_of_matrices_are_multiplied_out_too():
    product = over("k", "d", Mul((e("X", "i", "k"), e("W", "k", "j"))))
    residual = minus(Add((product, e("b", "j"), e("c", "i"))), e("Y", "i", "j"))
    loss = mean(over("j", "K", square(residual)))
    module = generate(loss, ["W", "b", "c"], fast=True).compile()
    params, data = arrays(module)
    value, grads = module["make"](params, data)(params)
    want, right = module["loss_and_grad"](params, data)
    assert value == pytest.approx(want, rel=1e-12)
    for key, grad in right.items():
        np.testing.assert_allclose(grads[key], grad, rtol=1e-11, atol=1e-13)
