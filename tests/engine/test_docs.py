"""The console blocks of docs/derive.md are what the command prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from deriv.cli.derive import command

PAGE = (Path(__file__).parents[2] / "docs" / "derive.md").read_text("utf-8")
BLOCKS = re.findall(r"```console\n\$ deriv derive (.*?)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("arguments", "output"), BLOCKS)
def test_console_block(arguments: str, output: str) -> None:
    assert CliRunner().invoke(command, shlex.split(arguments)).output == output


def test_there_are_blocks() -> None:
    assert len(BLOCKS) == 2
