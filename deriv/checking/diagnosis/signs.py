"""Edits of signs and of numbers: the whole, one term, an exponent, a value that does not come out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from deriv.checking.diagnosis.edit import Edit, Part, negated
from deriv.checking.diagnosis.problem import Problem, close
from deriv.checking.numbers import decimal_value
from deriv.checking.results import Code
from deriv.latex.nodes import Additive, Frac, Function, Group, Name, Node, Number, Product, Script
from deriv.source import Span


def numbers(problem: Problem) -> Iterator[Edit]:
    """A value that does not come out: the right one to the same number of places."""
    rhs, sign = problem.rhs, ""
    if isinstance(rhs, Additive) and len(rhs.terms) == 1:
        sign, rhs = rhs.signs[0].replace("+", ""), rhs.terms[0]
    if isinstance(rhs, Frac) and problem.outcome.pairs and len(problem.outcome.pairs) == 1:
        yield from _fraction(problem)
    if not isinstance(rhs, Number) or len(problem.outcome.pairs) != 1:
        return
    places = len(rhs.text.rstrip(".").partition(".")[2])
    value = decimal_value(problem.outcome.pairs[0][0], places=places)
    if value is not None:
        same = sign and value.startswith("-") is False and _equal(value, rhs.text)
        code = Code.SIGN if same or _equal(value, f"-{sign}{rhs.text}".replace("--", "")) else Code.NUMERIC
        yield Edit(((problem.rhs.span, value),), code, f"the value is {value}", problem.rhs.span)


def _equal(one: str, two: str) -> bool:
    try:
        return float(one) == float(two)
    except ValueError:
        return False


def _fraction(problem: Problem) -> Iterator[Edit]:
    from deriv.expr.nodes import Entry, Sym, walk

    left, right = problem.outcome.pairs[0]
    if any(isinstance(node, Sym | Entry) for side in (left, right) for node in walk(side)) or not problem.left:
        return
    from fractions import Fraction

    value = problem.left[0]
    if value is None:
        return
    near = Fraction(value).limit_denominator(1000)
    if close(float(near), value):
        whole = near.denominator == 1
        text = str(near) if whole else f"\\frac{{{abs(near.numerator)}}}{{{near.denominator}}}"
        text = f"-{text}" if near < 0 and not whole else text
        yield Edit(((problem.rhs.span, text),), Code.NUMERIC, f"the value is {near}", problem.rhs.span)


def digits(problem: Problem) -> Iterator[Edit]:
    """One number of the line changed to what makes the line right, found by its two neighbours in value."""
    for part in problem.parts:
        node = part.node
        if isinstance(node, Number) and node.text.isdigit() and not part.in_script and len(node.text) < 4:
            value = int(node.text)
            inside = any(isinstance(up, Additive) for up in part.above)
            for new in _near(value):
                message = f"the number is {new}, not {value}"
                code = Code.NUMERIC if inside else Code.CONSTANT_FACTOR
                yield Edit(((node.span, str(new)),), code, message, node.span)


def _near(value: int) -> list[int]:
    found = [value + 1, value - 1, 2 * value, value + 2, value - 2, value + 3, value - 3, 3 * value, 4 * value]
    found += [value // k for k in (2, 3) if value % k == 0]
    return [new for new in dict.fromkeys(found) if new > 0 and new != value]


def exponent_signs(problem: Problem) -> Iterator[Edit]:
    """e^z where e^-z is meant."""
    message = "the exponent has the wrong sign"
    for part in problem.parts:
        exponent = _exponent(part)
        if exponent is not None:
            text = negated(problem.source, exponent)
            yield Edit(((exponent.span, text),), Code.EXPONENT_SIGN, message, exponent.span)
    for part in problem.parts:  # σ(-z) for σ(z)
        node = part.node
        if isinstance(node, Product) and len(node.factors) == 2 and isinstance(node.factors[0], Name):
            group = node.factors[1]
            if node.factors[0].text == "sigma" and isinstance(group, Group):
                text = negated(problem.source, group.body)
                said = "the argument has the wrong sign"
                yield Edit(((group.body.span, text),), Code.EXPONENT_SIGN, said, group.body.span)


def _exponent(part: Part) -> Node | None:
    node = part.node
    if isinstance(node, Script) and isinstance(node.base, Name) and node.base.text == "e":
        return node.sup
    if isinstance(node, Function) and node.name == "exp":
        return node.arg.body if isinstance(node.arg, Group) else node.arg
    return None


def whole_sign(problem: Problem) -> Iterator[Edit]:
    """The negative of what is written."""
    rhs = problem.rhs
    inner = _inner_difference(rhs)
    message = "the sign is the wrong way round"
    if inner is not None and not isinstance(rhs, Additive):
        text = negated(problem.source, inner)
        yield Edit(((inner.span, text),), Code.SIGN, message, inner.span)
    yield Edit(((rhs.span, negated(problem.source, rhs)),), Code.SIGN, message, rhs.span)


def _inner_difference(node: Node) -> Node | None:
    """The bracket `(a - b)` of a product whose sign can be turned by exchanging a and b."""
    factors: tuple[Node, ...] = node.factors if isinstance(node, Product) else ()
    for factor in factors:
        body = factor.body if isinstance(factor, Group) else None
        if isinstance(body, Additive) and body.signs in (("+", "-"), ("-", "+")):
            return body
    return None


def term_signs(problem: Problem) -> Iterator[Edit]:
    """One sign of a sum or difference."""
    for part in problem.parts:
        node = part.node
        if not isinstance(node, Additive) or part.in_bounds or (len(node.terms) < 2 and not part.above):
            continue
        for k, (sign, term) in enumerate(zip(node.signs, node.terms, strict=True)):
            if sign in "+-":
                change = _flip(problem, node, k, sign, term)
                if change is not None:
                    message = "the sign of this term is the wrong way round"
                    code = Code.EXPONENT_SIGN if _in_exponent(part) else Code.SIGN
                    yield Edit((change,), code, message, term.span)
    yield from _all_after_first(problem)


def _in_exponent(part: Part) -> bool:
    chain = (*part.above, part.node)
    for up, down in pairwise(chain):
        if isinstance(up, Script) and isinstance(up.base, Name) and up.base.text == "e" and down is up.sup:
            return True
        if isinstance(up, Function) and up.name == "exp":
            return True
    return False


def _flip(problem: Problem, node: Additive, k: int, sign: str, term: Node) -> tuple[Span, str] | None:
    before = node.terms[k - 1].span.end if k else node.span.start
    between = problem.source.text[before : term.span.start]
    place = between.rfind(sign)
    if place < 0:
        return (Span(term.span.start, term.span.start), "-") if k == 0 and sign == "+" else None
    at = before + place
    return Span(at, at + 1), ("-" if sign == "+" else "+" if k else "")


def _all_after_first(problem: Problem) -> Iterator[Edit]:
    """-(a - b) written as -a - b, or with more terms: all signs after the first."""
    for part in problem.parts:
        node = part.node
        if not isinstance(node, Additive) or len(node.terms) < 3:
            continue
        flips = [_flip(problem, node, k, node.signs[k], node.terms[k]) for k in range(1, len(node.terms))]
        changes = tuple(change for change in flips if change is not None)
        message = "the minus sign before the bracket belongs to every term"
        yield Edit(changes, Code.SIGN, message, Span(node.terms[1].span.start, node.terms[-1].span.end))
