from __future__ import annotations

import pytest

from deriv.checking.results import Code


@pytest.mark.parametrize("code", list(Code))
def test_every_code_is_explained(run, code):
    result = run("explain", code)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"# {code}\n")


def test_the_list_of_codes(run):
    lines = run("explain").stdout.splitlines()
    assert len(lines) == len(Code)
    assert all(line.endswith(".") for line in lines)


def test_unknown_name(run):
    result = run("explain", "wrong-variabel")
    assert result.exit_code == 2
    assert "did you mean `wrong-variable`?" in result.stderr
