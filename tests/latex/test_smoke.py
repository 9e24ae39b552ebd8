from deriv.latex.parse import parse_formula
from tests.latex.sexp import sexp


def test_reads() -> None:
    assert sexp(parse_formula("wx+b")) == "(+(* w x) +b)"
