"""The rule book as a whole: loading, completeness of the texts, lookups, and complaints that name file and key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from deriv.errors import UsageError
from deriv.expr import nodes as n
from deriv.expr.functions import FUNCTIONS
from deriv.rulebook.arrays import parse_array_formula
from deriv.rulebook.book import default_book
from deriv.rulebook.formula import FormulaError, parse_formula
from deriv.rulebook.loader import FOLDERS, load, read_rule
from deriv.rulebook.model import CODES, KINDS, Rule, StructureLaw
from deriv.rulebook.new import skeleton

BOOK = default_book()
RULES = pytest.mark.parametrize("rule", BOOK.rules, ids=[rule.id for rule in BOOK.rules])
ADVICE = ("avoid", "prefer", "use", "do-not", "dont", "never", "always", "remember", "check")
SMALLEST = {"rules": 90, "mistakes": 60}


def test_size_of_the_book() -> None:
    assert len(BOOK) >= SMALLEST["rules"]
    assert len(BOOK.mistakes) >= SMALLEST["mistakes"]
    assert {rule.kind for rule in BOOK} == set(KINDS)
    assert {rule.folder for rule in BOOK} == set(FOLDERS)


@RULES
def test_texts_are_complete(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert rule.short.endswith(".")
    assert rule.why.endswith(".")
    assert rule.statement.count("{") == rule.statement.count("}")
    assert rule.examples
    assert rule.sources
    assert rule.mistakes or rule.id == "definition"


@RULES
def test_names_describe_and_do_not_advise(rule: Rule) -> None:
    assert not rule.id.startswith(ADVICE)
    assert not any(mistake.id.startswith(ADVICE) for mistake in rule.mistakes)


@RULES
def test_mistakes_speak(rule: Rule) -> None:
    for mistake in rule.mistakes:
        assert mistake.code in CODES
        assert mistake.rule == rule.id
        assert mistake.says.endswith(".")
        assert not re.search(r"\byou\b", mistake.says, re.IGNORECASE), "about the line, never about the person"


def test_every_diagnosis_code_has_a_mistake() -> None:
    assert {mistake.code for mistake in BOOK.mistakes} >= CODES - {"unknown"}


def test_every_differentiable_function_has_a_rule() -> None:
    without = {"sqrt", "logbase", "factorial", "binomial", "digamma"}  # written as powers and quotients, or discrete
    missing = {name for name in FUNCTIONS if BOOK.function(name) is None} - without
    assert missing == set()


def test_lookups() -> None:
    assert BOOK["tanh"].title == "Hyperbolic tangent"
    assert BOOK.function("arcsin") is BOOK["asin"]
    assert BOOK.mistake("tanh-square-missing").code == "function-rule"
    assert BOOK.mistakes_by_code("descent")
    assert "product" in BOOK
    with pytest.raises(UsageError, match="no rule 'produkt'"):
        BOOK["produkt"]


def test_formula_reads_like_the_nodes() -> None:
    x = n.Sym("x")
    assert parse_formula("-x**2 + 1/2") == n.Add((n.neg(n.Pow(x, n.Num(2))), n.HALF))
    assert parse_formula("sum(i, n, a[i])") == n.Sum("i.1", n.ONE, n.Sym("n"), n.Entry("a", (n.Sym("i.1"),)))
    assert parse_formula("d(f*g)") == n.Derivative(n.Mul((n.Sym("f"), n.Sym("g"))), x)
    assert parse_formula("f.dd(u)") == n.Apply("f", (n.Sym("u"),), (2,))


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "x.y", "[1, 2]", "lambda: 0", "x if y else z", "unknown(x)", "x @ y", "1 +", "'a'", "x := 2"],
)
def test_formula_refuses_the_rest_of_python(text: str) -> None:
    with pytest.raises(FormulaError):
        parse_formula(text)


@pytest.mark.parametrize("text", ["eval('1')", "X.tobytes", "X[0]", "inv(X, key=1)", "X.T.dtype"])
def test_array_formula_refuses_the_rest_of_python(text: str) -> None:
    with pytest.raises(UsageError):
        parse_array_formula(text)


GOOD = {
    "id": "cube", "title": "Cube", "kind": "function",
    "law": {"call": "exp(x)", "partials": ["y"], "statement": "s"},
    "explanation": {"short": "S.", "why": "W."},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"id": "other"}, "functions/cube.toml: id: 'other' is not the name of the file"),
        ({"kind": "kind"}, "functions/cube.toml: kind: 'kind' is none of"),
        ({"colour": "red"}, "functions/cube.toml: colour: unknown key"),
        ({"law": {**GOOD["law"], "partials": []}}, "functions/cube.toml: law: partials: one for each of the 1 inputs"),
        ({"law": {**GOOD["law"], "partials": ["y y"]}}, "functions/cube.toml: law: partials: not a formula"),
        ({"law": {**GOOD["law"], "slope": "y"}}, "functions/cube.toml: law: slope: unknown key"),
        ({"explanation": {"short": "S."}}, "functions/cube.toml: explanation: why: missing"),
        ({"mistake": [{"id": "m", "code": "oops", "says": "S.", "partials": ["1"]}]}, "mistake 1: code: 'oops'"),
    ],
)  # fmt: skip
def test_complaints_name_file_and_key(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(complaint)):
        read_rule({**GOOD, **change}, "functions/cube.toml")


def test_a_directory_without_rules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no rulebook\.toml"):
        load(tmp_path)


def test_a_shared_mistake_needs_its_rule(tmp_path: Path) -> None:
    (tmp_path / "mistakes").mkdir()
    (tmp_path / "rulebook.toml").write_text('version = "1"\n')
    (tmp_path / "mistakes" / "m.toml").write_text('[[mistake]]\nrule = "nothing"\n')
    with pytest.raises(UsageError, match="there is no rule 'nothing'"):
        load(tmp_path)


def test_every_tactic_exists() -> None:
    from deriv.engine.tactics import TACTICS

    named = {rule.law.tactic for rule in BOOK.kind("structure") if isinstance(rule.law, StructureLaw)}
    assert named <= set(TACTICS) | DERIVED


# Rules that follow from others or hold for a formula of the document: explained and diagnosed, not applied as a step.
DERIVED = {"inverse-function", "implicit", "logarithmic", "second-derivative-of-composition", "fundamental-theorem"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_new_rule_starts_with_all_its_keys(folder: str) -> None:
    text = skeleton(f"{folder}/name")
    assert set(tomllib.loads(text)) == {"id", "title", "kind", "law", "explanation", "mistake", "example", "source"}


def test_a_new_rule_needs_a_folder() -> None:
    with pytest.raises(UsageError, match="folder/name is expected"):
        skeleton("sinc")
