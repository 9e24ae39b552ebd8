"""The wheel holds what it should, and nothing else at its top."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from deriv.checking.results import Code

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    if find_spec("hatchling") is None:
        pytest.skip("the build backend is not installed")
    from hatchling.builders.wheel import WheelBuilder

    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_top_level(names):
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"deriv"}
    assert not any("__pycache__" in name for name in names)


def test_data_is_inside(names):
    assert {"deriv/py.typed", "deriv/report/schema.json"} <= set(names)
    assert {f"deriv/report/codes/{code}.md" for code in Code} <= set(names)


def test_rules_are_inside_and_not_a_module(names):
    if not (ROOT / "rules" / "rulebook.toml").exists():
        pytest.skip("no rule book yet")
    assert "deriv/_rules/rulebook.toml" in names
    here = {path.relative_to(ROOT / "rules").as_posix() for path in (ROOT / "rules").rglob("*.toml")}
    assert here == {name.removeprefix("deriv/_rules/") for name in names if name.endswith(".toml") and "_rules" in name}


def test_licence_is_inside(names):
    assert any(name.endswith("/licenses/LICENSE") for name in names)
