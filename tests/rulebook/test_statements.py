"""The LaTeX statement of every rule is read by our own reader and held, where it can be judged, by our own checker."""

from __future__ import annotations

import pytest

from deriv.checking.document import check_text
from deriv.latex.parse import parse_formula
from deriv.rulebook.book import default_book
from deriv.rulebook.model import MatrixLaw, Rule

RULES = {rule.id: rule for rule in default_book()}
# what a statement leaves open: quantities without a definition, free differentials, names that reading does not know
OPEN = frozenset(
    """
    constant fundamental-theorem implicit inverse-function multivariable-chain other-variable product-over-index
    sum-over-index under-integral acosh acot asinh atan2 atanh ceiling csch floor gamma loggamma sech elu log-softmax
    selu hadamard-vector elementwise-matrix hadamard inverse kronecker-product matrix-product-both matrix-product-right
    matrix-product matrix-square outer-product transpose bce-logistic-regression huber attention-score attention-value
    attention batch-affine-bias batch-affine-input batch-affine-weights dense-relu dense-sigmoid normalisation
    softmax-regression two-layer-network
    """.split()
)


@pytest.mark.parametrize("name", RULES)
def test_statement_is_read(name: str) -> None:
    parse_formula(RULES[name].statement)


def verdicts_of(rule: Rule, statement: str) -> list[str]:
    """The verdicts, the shapes of a rule about matrices being declared before it."""
    spaces = {}
    if isinstance(rule.law, MatrixLaw):
        spaces = {name: r" \times ".join(sizes) for name, sizes in rule.law.shapes.items() if sizes}
    declared = "\n".join(rf"${name} \in \mathbb{{R}}^{{{sizes}}}$" for name, sizes in spaces.items())
    steps = check_text(f"{declared}\n\n$${statement}$$", path="rule.md", kind="markdown").steps
    return [step.verdict.value for step in steps][len(spaces) :]


@pytest.mark.parametrize("name", RULES)
def test_statement_is_never_refuted_and_proved_where_it_says_enough(name: str) -> None:
    verdicts = verdicts_of(RULES[name], RULES[name].statement)
    assert verdicts
    assert "refuted" not in verdicts
    if name not in OPEN:
        assert "unchecked" not in verdicts
        assert {"proved", "tested"} & set(verdicts) or set(verdicts) == {"given"}


def test_what_is_left_open_is_a_rule() -> None:
    assert set(RULES) >= OPEN
    assert len(OPEN) < len(RULES) / 4


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("trace-linear", r"A^\top", r"2 A^\top"),
        ("sigmoid", "1 -", "1 +"),
        ("squared-norm", "2 x", "x"),
        ("tanh", r"\tanh^2", r"\tanh"),
    ],
)
def test_a_wrong_statement_is_not_held(name: str, right: str, wrong: str) -> None:
    statement = RULES[name].statement
    assert right in statement
    assert not {"proved", "tested"} & set(verdicts_of(RULES[name], statement.replace(right, wrong)))
