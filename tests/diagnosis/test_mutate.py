from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from deriv.checking.document import check_text
from deriv.checking.mutate import labelled, variants
from deriv.checking.results import Code, Verdict
from deriv.cli.check import command as check
from deriv.cli.mutate import command as mutate

TEXT = "Let $f(x) = x^2 e^{3x}$.\n\n$$ f'(x) = 2x e^{3x} + 3x^2 e^{3x} $$\n"


def test_every_variant_has_one_refuted_step_and_its_label() -> None:
    found = variants(TEXT, path="f.md", count=6, seed=1)
    assert len(found) == 6
    assert len({variant.code for variant in found}) >= 5
    for variant in found:
        steps = check_text(labelled(variant, "markdown"), path="f.md", kind="markdown").steps
        assert [step.verdict for step in steps] == [Verdict.GIVEN, Verdict.REFUTED]
        assert f"line {variant.line + 1}: {variant.code}" in labelled(variant, "markdown").splitlines()[0]


def test_the_same_seed_gives_the_same_variants() -> None:
    one, two = (variants(TEXT, path="f.md", count=3, seed=5) for _ in range(2))
    assert [v.text for v in one] == [v.text for v in two]
    assert [v.text for v in variants(TEXT, path="f.md", count=3, seed=6)] != [v.text for v in one]


def test_only_the_wanted_kind() -> None:
    found = variants(TEXT, path="f.md", count=3, codes=[Code.PRODUCT_RULE])
    assert {variant.code for variant in found} == {Code.PRODUCT_RULE}


def test_the_command_writes_files(tmp_path: Path) -> None:
    source = tmp_path / "f.md"
    source.write_text(TEXT, encoding="utf-8")
    result = CliRunner().invoke(mutate, [str(source), "-n", "3", "-o", str(tmp_path / "wrong")])
    assert result.exit_code == 0, result.output
    files = sorted((tmp_path / "wrong").iterdir())
    assert len(files) == 3
    assert all(file.read_text(encoding="utf-8").startswith("<!-- mistake: line 4: ") for file in files)


@pytest.mark.parametrize(
    ("hint", "shown", "hidden"),
    [
        ("1", ["refuted:", "2x e^{3x}"], ["product-rule", "help"]),
        ("2", ["refuted[product-rule]"], ["help"]),
        ("3", ["refuted[product-rule]", "help"], []),
    ],
)
def test_hints_give_away_step_by_step(tmp_path: Path, hint: str, shown: list[str], hidden: list[str]) -> None:
    source = tmp_path / "f.md"
    source.write_text("$$ \\frac{d}{dx} x^2 e^{3x} = 2x e^{3x} $$\n", encoding="utf-8")
    output = CliRunner().invoke(check, [str(source), "--hint", hint]).output
    assert all(text in output for text in shown), output
    assert not any(text in output for text in hidden), output
