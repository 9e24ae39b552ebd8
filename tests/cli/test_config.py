from __future__ import annotations

from pathlib import Path

import pytest

from deriv.checking.results import Code
from deriv.config import ALL_CODES, Config, find_config, parse_codes, parse_config
from deriv.errors import UsageError


def test_the_nearest_folder_counts(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "deriv.toml").write_text("log = 2")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert find_config(inner).log == "2"
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.deriv]\nlog = 10\n")
    assert find_config(inner).log == "10"
    assert find_config(inner).root == tmp_path / "a"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"selekt": []}, "unknown key `selekt`; did you mean `select`?"),
        ({"select": "sign"}, "`select` must be a list of texts"),
        ({"select": ["sing"]}, "unknown code `sing`; did you mean `sign`?"),
        ({"per-file-ignores": ["sign"]}, "`per-file-ignores` must be a table"),
        ({"log": 3}, "`log` must be one of natural, 10, 2, not 3"),
        ({"log": True}, "`log` must be one of"),
        ({"layout": "sideways"}, "`layout` must be one of"),
        ({"timeout": 0}, "`timeout` must be a positive number"),
        ({"timeout": "fast"}, "`timeout` must be a positive number"),
        ({"macros": {"R": 1}}, "`macros` must give a text"),
        ({"assume": [1]}, "`assume` must be a list of texts"),
    ],
)
def test_errors_name_the_file_and_the_key(table, message):
    with pytest.raises(UsageError) as caught:
        parse_config(table, Path("/p/deriv.toml"))
    assert str(caught.value).startswith("/p/deriv.toml: ")
    assert message in str(caught.value)


def test_broken_toml_is_named(tmp_path):
    (tmp_path / "deriv.toml").write_text("log = ")
    with pytest.raises(UsageError, match=r"deriv\.toml"):
        find_config(tmp_path)


def test_codes_that_are_silent():
    config = Config(root=Path("/p"), select=frozenset({Code.SIGN, Code.SUM}), ignore=frozenset({Code.SUM}))
    assert config.silent_codes(Path("/p/a.md")) == ALL_CODES - {Code.SIGN}
    assert parse_codes(["all"], "--select") == ALL_CODES
