"""The computation graphs of the lectures: forward values and gradients."""

from __future__ import annotations

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
