from __future__ import annotations

import pytest

from deriv.latex.lex import lex
from deriv.latex.parse import Row, parse_tokens
from deriv.source import Span
from tests.latex.sexp import sexp


def rows(text: str) -> tuple[Row, ...]:
    return parse_tokens(tuple(lex(text)), Span(0, len(text)))


def shown(text: str) -> list[str]:
    """Each row: its formulas with their separators, then its remarks in quotation marks."""
    out = []
    for row in rows(text):
        words = []
        for f in row.formulas:
            tree = sexp(f.node) if f.node is not None else "ERROR"
            words.append(f"{f.separator or ''}{'@' + str(f.column) if f.column else ''} {tree}".strip())
        out.append(" ## ".join([*words, *(f'"{c.text}"' for c in row.comments)]))
    return out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"a &= b \\ &= c", ["[a = b]", "[_ = c]"]),
        (r"a &= b + c \\ &\quad + d \\ &= e", ["[a = (+b +c +d)]", "[_ = e]"]),
        (r"a &= b - \\ & c", ["[a = (+b -c)]"]),
        (r"a = b \cdot \\ c", ["[a = (* b cdot c)]"]),
        (r"a = \\ b", ["[a = b]"]),
        (r"a =", ["[a = _]"]),
        (r"a &= (b \\ &+ c) \\ d &= e", ["[a = ((+b +c))]", "[d = e]"]),
        (r"a &= \left( b \right. \\ & \left. + c \right)", ["[a = ((+b +c))]"]),
        (r"x = 1 \\ -y = 2", ["[x = 1]", "[(-y) = 2]"]),
        (r"-y &= 2 \\ &= 3", ["[(-y) = 2]", "[_ = 3]"]),
        (r"x &= 1 & y &= 2 \\ & & &= 3", ["[x = 1] ## &@1 [y = 2]", "@1 [_ = 3]"]),
        (r"x &=& 1 \\ &=& 2", ["[x = 1]", "[_ = 2]"]),
        (r"x &= y &= z", ["[x = y = z]"]),
        (r"x &= y && \text{by the chain rule}", ['[x = y] ## "by the chain rule"']),
        (r"x = y \qquad (3.14)", ['[x = y] ## "3.14"']),
        (r"x = y \quad (\text{Note the square})", ['[x = y] ## "Note the square"']),
        (r"x = y \quad\text{(7)}", ['[x = y] ## "(7)"']),
        (r"(b) \nabla L = x", ['[(Nabla _ 1 L) = x] ## "(b)"']),
        (r"a = b, c = d", ["[a = b] ## , [c = d]"]),
        (r"a = b, \quad i = 1, \dots, n", ["[a = b] ## , [i = (list 1 , :dots , n)]"]),
        (r"x, y \in S", ["[(list x , y) in S]"]),
        (r"f(x) = x, \forall x", ["[(* f (x)) = x] ## , (* :forall x)"]),
        (r"a = b \Rightarrow c = d", ["[a = b] ## => [c = d]"]),
        (r"a = b \quad \rightarrow \quad c = d", ["[a = b] ## => [c = d]"]),
        (r"f: A \to B", ["[f : A to B]"]),
        (r"L = ce: \quad x = c", ["[L = (* c e)] ## : [x = c]"]),
        (r"y = 1 \text{ if } x > 0", ["[y = 1] ## if [x > 0]"]),
        (r"y = z \text{ where } z = wx", ["[y = z] ## where [z = (* w x)]"]),
        (r"y = 1 \quad if \quad x > 0", ["[y = 1] ## if [x > 0]"]),
        (r"\text{err} = y - t", ["[err.rm = (+y -t)]"]),
        (r"w = w + \text{err} \times x", ["[w = (+w +(* err.rm times x))]"]),
        (r"\boxed{a = b}", ["[a = b]"]),
        (r"a = b. \label{eq:1} \tag{2}", ["[a = b]"]),
        (r"\bullet a = b", ["[a = b]"]),
        (r"\begin{array}{rcl} a &=& b \\ &=& c \end{array}", ["[a = b]", "[_ = c]"]),
        (r"A = \begin{array}{cc} 1 & 2 \\ 3 & 4 \end{array}", ["[A = (array 1 2; 3 4)]"]),
        (r"\begin{split} a &= b \\ &= c \end{split}", ["[a = b]", "[_ = c]"]),
        (r"a = \foo{b} \\ c = d", ["ERROR", "[c = d]"]),
        (r"a = b), c = d", ["ERROR ## , [c = d]"]),
        (r"\min_w \quad L(w)", ["(min_w (* L (w)))"]),
        (r"\Rightarrow", []),
        (r"^2", ['"^2"']),
    ],
)
def test_rows(text: str, expected: list[str]) -> None:
    assert shown(text) == expected


def test_an_error_names_its_place() -> None:
    text = r"a = b \\ c = \foo d \\ e = f"
    (error,) = [f.error for row in rows(text) for f in row.formulas if f.error is not None]
    assert text[error.start : error.end] == r"\foo"


def test_rows_know_their_place() -> None:
    text = r"a = b \\ c = d, e = f"
    found = [text[f.span.start : f.span.end] for row in rows(text) for f in row.formulas]
    assert found == ["a = b", "c = d", "e = f"]
