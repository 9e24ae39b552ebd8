"""Data files: what is read from them, and one clear line for what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from deriv.cli.main import run
from deriv.errors import UsageError
from deriv.training import train
from deriv.training.data import read_arrays


@pytest.mark.parametrize("text", ["a,b,y\n1,2,0\n3,4,1\n", "a;b;y\n1;2;0\n3;4;1\n", "a\tb\ty\n1\t2\t0\n3\t4\t1\n"])
def test_separators(tmp_path, text):
    file = tmp_path / "d.csv"
    file.write_text(text)
    found = read_arrays(file)
    np.testing.assert_array_equal(found["X"], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(found["y"], [0, 1])


def test_columns_go_by_the_names_of_a_formula(tmp_path):
    file = tmp_path / "d.csv"
    file.write_text("note,t,a,b\nx,1,2,3\ny,4,5,6\n")
    found = read_arrays(file, wanted={"t": 1, "a": 1})
    assert set(found) == {"t", "a"}
    np.testing.assert_array_equal(found["t"], [1, 4])


def test_the_other_columns_are_the_features(tmp_path):
    file = tmp_path / "d.csv"
    file.write_text("t,a,b\n1,2,3\n4,5,6\n")
    found = read_arrays(file, wanted={"X": 2, "t": 1})
    np.testing.assert_array_equal(found["X"], [[2, 3], [5, 6]])


@pytest.fixture
def parquet(tmp_path):
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")

    def write(**columns):
        writer.write_table(arrow.table(columns), tmp_path / "d.parquet")
        return tmp_path / "d.parquet"

    return write


def test_parquet_is_read_like_csv(parquet):
    found = read_arrays(parquet(a=[1.0, 2.0], y=[0, 1], b=[3, 4]), "y")
    np.testing.assert_array_equal(found["X"], [[1, 3], [2, 4]])
    np.testing.assert_array_equal(found["y"], [0, 1])


def test_class_names_of_parquet(parquet):
    found = read_arrays(parquet(a=[1.0, 2.0, 3.0], kind=["owl", "cat", "owl"]), text_labels=True)
    assert list(found["classes"]) == ["cat", "owl"]
    np.testing.assert_array_equal(found["y"], [1, 0, 1])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1.0, None], "y": [0, 1]}, "data row 2: nan is not a finite number"),
        ({"a": ["one", "two"], "y": [0, 1]}, "'one' is not a number"),
        ({"a": [], "y": []}, "no row of data"),
    ],
)
def test_bad_parquet(parquet, columns, message):
    with pytest.raises(UsageError, match=message):
        read_arrays(parquet(**columns))


def test_what_is_no_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "d.parquet").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="not a Parquet file"):
        read_arrays(tmp_path / "d.parquet")


def test_without_the_library_parquet_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "d.parquet").write_text("x")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError, match="pip install pyarrow"):
        read_arrays(tmp_path / "d.parquet")


GOOD = "a,b,y\n1,2,0\n2,1,1\n0,1,0\n"


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (["logistic"], "", "the file is empty"),
        (["logistic"], "a,b,y\n1,2,0\n2,two,1\n", "'two' is not a number"),
        (["logistic"], "a,b,y\n1,2,0\n2,nan,1\n", "nan is not a finite number"),
        (["logistic"], "a,b,y\n1,2,0\n2,,1\n", "the cell is empty"),
        (["logistic"], "a,b,y\n1,2,0\n2,1\n", "row 3 has 2 cells"),
        (["logistic"], "a,b,y\n1,2,3\n", "must be 0 and 1, found 3"),
        (["softmax"], "a,b,y\n1,2,0.5\n", "whole numbers from 0 on, found 0.5"),
        (["softmax"], "a,b,y\n1,2,cat\n1,2,\n", "has an empty cell"),
        (["mlp:5-2-1"], GOOD, "expects 5 features"),
        (["logistic", "--wrt", "q"], GOOD, "unknown parameter q"),
        (["logistic", "--wrt", "w"], GOOD, "takes all its parameters"),
        (["logistic", "--target", "q"], GOOD, "no column q"),
        (["logistic", "--patience", "-1"], GOOD, "patience must not be negative"),
        (["logistic", "--seed", "-1"], GOOD, "seed must not be negative"),
        (["logistic", "--epochs", "-1"], GOOD, "epochs must not be negative"),
        (["logistic", "--batch-size", "0"], GOOD, "batch size must be 1 or more"),
        (["logistic", "--l1", "-1"], GOOD, "l1 must be a number from 0 on"),
        (["logistic", "--l2", "nan"], GOOD, "l2 must be a number from 0 on"),
        (["logistic", "--learning-rate", "inf"], GOOD, "must be a positive number"),
        (["logistic", "--schedule", "step:1:-1"], GOOD, "must be positive"),
        (["logistic", "--plot", "p.jpg"], GOOD, "a picture ends in"),
        (["logistic", "--compare", "online"], GOOD, "say where with --plot"),
        ([r"\sum_i (y_i - w x_i)^2", "--wrt", "q"], GOOD, "q does not occur in the loss"),
        ([r"\sum_i (y_i - w u_i)^2", "--wrt", "w"], GOOD, "the data has no array u"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(tmp_path, monkeypatch, capsys, arguments, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text(text)
    assert run(["train", *arguments, "--data", "d.csv", "-o", "p.npz", "--emit", "loop.py"]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert not said.out
    assert [p.name for p in tmp_path.iterdir()] == ["d.csv"]


def test_a_folder_is_no_data(tmp_path, capsys):
    assert run(["train", "linear", "--data", str(tmp_path)]) == 2
    assert "this is a folder" in capsys.readouterr().err


def test_a_divisor_of_an_open_sum_counts_its_terms():
    x = np.linspace(-1, 1, 9)
    open_sum = train(r"\frac{1}{2n}\sum_i (y_i - w x_i)^2", {"x": x, "y": 3 * x}, wrt=["w"], epochs=5)
    closed = train(r"\frac{1}{2n}\sum_{i=1}^n (y_i - w x_i)^2", {"x": x, "y": 3 * x}, wrt=["w"], epochs=5)
    assert open_sum.loss == closed.loss


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{1}{2 s^2}\sum_i (y_i - w x_i)^2",
        r"\frac{1}{s}\sum_i (y_i - w x_i)^2 + s w^2",
        r"\frac1s \sum_i (y_i - w x_i)^2 + \frac1s \sum_k w u_k",
    ],
)
def test_other_divisors_are_values_of_the_data(formula):
    with pytest.raises(UsageError, match="the data has no array s"):
        train(formula, {"x": [1.0], "y": [1.0], "u": [1.0, 2.0]}, wrt=["w"])
