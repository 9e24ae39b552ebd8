from __future__ import annotations

import json

import pytest

from deriv.checking.notebook import read_cells
from deriv.errors import UsageError


def markdown(source: object) -> dict[str, object]:
    return {"cell_type": "markdown", "source": source}


def test_markdown_cells_under_their_numbers():
    cells = [markdown("a\nb"), {"cell_type": "code", "source": "x = 1"}, markdown(["$x", "\n", "= y$"]), markdown(3)]
    found = read_cells(json.dumps({"nbformat": 4, "cells": cells}), "n.ipynb")
    assert [(source.path, source.cell, source.text) for source in found] == [
        ("n.ipynb", 0, "a\nb"),
        ("n.ipynb", 2, "$x\n= y$"),
    ]


def test_old_format():
    text = json.dumps({"nbformat": 3, "worksheets": [{"cells": [markdown(["a"])]}, {"cells": [markdown("b")]}]})
    assert [source.text for source in read_cells(text, "n.ipynb")] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"cells": [', "n.ipynb: not a notebook: Expecting value on line 1"),
        ("", "n.ipynb: not a notebook: Expecting value on line 1"),
        ("[1]", "n.ipynb: not a notebook: it has no list of cells"),
        ('{"cells": 3}', "n.ipynb: not a notebook: it has no list of cells"),
        ("[" * 100_000, "n.ipynb: not a notebook: nested too deeply"),
    ],
)
def test_what_is_no_notebook(text, message):
    with pytest.raises(UsageError) as caught:
        read_cells(text, "n.ipynb")
    assert str(caught.value) == message
