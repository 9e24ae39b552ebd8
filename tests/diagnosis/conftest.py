from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mistakes", type=int, default=120, help="how many generated mistakes are diagnosed")
