"""The computation graphs of the lectures: forward values and gradients."""

from __future__ import annotations

import math

import pytest

from deriv.cli.main import run
from deriv.training.formula import read_loss
from deriv.training.picture import as_dot, as_mermaid, as_text, draw, picture

NEURON = r"\frac{1}{1+e^{-(w_0x_0+w_1x_1+w_2)}}"


def drawn(latex, **values):
    read = read_loss(latex)
    return picture(read.loss, read.definitions, values or None)


def test_sum_times_z():
    shown = drawn("(x+y)z ", x=-2, y=5, z=-4)
    assert {b.label: (b.value, b.gradient) for b in shown.boxes} == {
        "x": ("-2", "-4"),
        "y": ("5", "-4"),
        "z": ("-4", "3"),
        "+": ("3", "-4"),
        "*": ("-12", "1"),
    }


AT = {"w_0": 2, "w_1": -3, "w_2": -3, "x_0": -1, "x_1": -2}


def test_sigmoid_neuron():
    shown = drawn(NEURON, **AT)
    values = {
        b.label: (round(float(b.value), 2), round(float(b.gradient), 2)) for b in shown.boxes if b.label[0] in "1e+*"
    }
    assert values["1/x"] == (0.73, 1.0)
    assert values["+1"] == (1.37, -0.53)
    assert values["exp"] == (0.37, -0.53)
    assert values["*-1"] == (-1.0, -0.2)
    weights = {b.label: round(float(b.gradient), 4) for b in shown.boxes if b.label.startswith("w_")}
    assert weights == {"w_0": -0.1966, "w_1": -0.3932, "w_2": 0.1966}


def test_upstream_times_local():
    lines = as_text(drawn("(x+y)z ", x=-2, y=5, z=-4), chain=True)
    assert any(line.strip() == "to z: [1] x [3] = 3" for line in lines)


@pytest.mark.parametrize("write", [as_dot, as_mermaid])
def test_other_formats(write):
    text = "\n".join(write(drawn("(x+y)z ", x=-2, y=5, z=-4)))
    assert "-12" in text or "-->" in text
    assert "3" in text


def test_drawing(tmp_path):
    pytest.importorskip("matplotlib")
    draw(drawn(NEURON, **AT), str(tmp_path / "g.svg"))
    assert "<svg" in (tmp_path / "g.svg").read_text()


def test_shapes_of_layers(capsys):
    assert run(["graph", "mlp:3-4-2:relu"]) == 0
    assert "(n, h1)" in capsys.readouterr().out


@pytest.mark.parametrize("values", ["x=1", "x=1,y=2,z=3,q=4", "x=one,y=1,z=1", "nonsense"])
def test_bad_values(values, capsys):
    assert run(["graph", "(x+y)z", "--at", values]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def gradients(shown):
    return {b.name or b.label: (b.value, b.gradient) for b in shown.boxes}


def test_a_product_with_a_number_is_a_step_of_its_own():
    """L = c (a + 2b) in the steps d = 2b, e = a + d, L = c e."""
    shown = drawn("c (a + 2b)", a=3, b=1, c=-2)
    assert gradients(shown) == {
        "a": ("3", "-2"),
        "b": ("1", "-4"),
        "c": ("-2", "5"),
        "*2": ("2", "-2"),
        "+": ("5", "-2"),
        "*": ("-10", "1"),
    }


def test_named_steps(tmp_path, capsys):
    (tmp_path / "steps.md").write_text("$$d = 2 b$$\n$$e = a + d$$\n$$L = c e$$\n")
    assert run(["graph", str(tmp_path / "steps.md"), "--at", "a=3,b=1,c=-2"]) == 0
    said = capsys.readouterr().out
    for line in ("d = *2(b) = 2   gradient -2", "e = +(a, d) = 5   gradient -2", "b = 1   gradient -4"):
        assert line in said


HIDDEN = r"""
$$u = \frac{1}{1 + e^{-(w_{1} x_1 + w_2 x_2 + w_3 x_3 + b)}}$$
$$v = \frac{1}{1 + e^{-(a_1 x_1 + a_2 x_2 + a_3 x_3 + c)}}$$
$$L = \frac{1}{1 + e^{-(p u + q v + r)}}$$
"""


def test_a_hidden_layer_of_two_units(tmp_path, capsys):
    """Inputs 0.4, 0.2, 0.2: the units see 0.78 and 0.66, the output 0.3 u + 0.9 v + 0.3."""
    (tmp_path / "net.md").write_text(HIDDEN)
    values = "x_1=0.4,x_2=0.2,x_3=0.2,w_1=1.0,w_2=0.2,w_3=1.2,b=0.1,a_1=0.5,a_2=1.2,a_3=0.1,c=0.2,p=0.3,q=0.9,r=0.3"
    assert run(["graph", str(tmp_path / "net.md"), "--at", values]) == 0
    said = capsys.readouterr().out
    u, v = 1 / (1 + math.exp(-0.78)), 1 / (1 + math.exp(-0.66))
    out = 1 / (1 + math.exp(-(0.3 * u + 0.9 * v + 0.3)))
    slope = out * (1 - out)
    for name, value, gradient in (("u", u, 0.3 * slope), ("v", v, 0.9 * slope), ("p", 0.3, u * slope)):
        (line,) = [line for line in said.splitlines() if line.startswith(f"{name} = ")]
        assert f"= {value:.4g}   gradient {gradient:.4g}" in line
    (line,) = [line for line in said.splitlines() if line.startswith("w_1 = ")]
    assert f"gradient {0.3 * slope * u * (1 - u) * 0.4:.4g}" in line
    assert f"= {out:.4g}   gradient 1" in said


def test_upstream_and_local_of_layers_are_written_in_symbols(capsys):
    assert run(["graph", "logistic", "--chain"]) == 0
    said = capsys.readouterr().out
    for words in ("to z: [dyhat] x [sigmoid'(z)]", "to yhat: [dn17] x [-1]", "n17 = 1-(yhat)", "1/n"):
        assert words in said


def test_a_value_used_twice_has_one_edge():
    shown = drawn("x^2 + x", x=3)
    assert [(e.local, e.gradient) for e in shown.edges] == [("6", "6"), ("1", "1"), ("1", "1")]


def test_a_length_may_be_given_with_the_values(capsys):
    formula = r"\frac1n\sum_{i=1}^n (y_i - w x_i)^2"
    assert run(["graph", formula, "--at", "y=[1,2],x=[3,4],w=1,n=2"]) == 0
    assert "w = 1   gradient 14" in capsys.readouterr().out


@pytest.mark.parametrize("file", ["g.svg", "g.png", "g.dot", "g.mmd", "g.txt"])
def test_files(tmp_path, monkeypatch, file):
    if file.endswith(("svg", "png")):
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    assert run(["graph", "(x+y)z", "--at", "x=-2,y=5,z=-4", "-o", file]) == 0
    first = (tmp_path / file).read_bytes()
    assert run(["graph", "(x+y)z", "--at", "x=-2,y=5,z=-4", "--chain", "-o", file]) == 0
    assert (tmp_path / file).read_bytes() != first


def test_a_file_of_another_kind_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["graph", "(x+y)z", "-o", "g.jpg"]) == 2
    assert "a graph ends in .svg" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
