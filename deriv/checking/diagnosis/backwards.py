"""Mistakes to make in a right step: the rule book's, and the edits that repair lines, run backwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deriv.checking.diagnosis import forms, names, signs, terms
from deriv.checking.diagnosis.derivatives import code_of, sites
from deriv.checking.diagnosis.edit import Edit, factors_of, terms_of
from deriv.checking.diagnosis.problem import Problem, Values, close
from deriv.checking.diagnosis.rewriting import rewrites
from deriv.checking.diagnosis.search import sentence
from deriv.checking.diagnosis.wrong import Slip, slips
from deriv.checking.results import Code
from deriv.errors import DerivError
from deriv.expr.functions import mul
from deriv.expr.nodes import ONE, Expr
from deriv.expr.printing import to_latex
from deriv.expr.substitute import rebuild, same_or, substitute
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Frac, Number, Product
from deriv.latex.parse import parse_formula
from deriv.meaning.scoping import settled
from deriv.source import Span

_LONGEST = 240
_REVERSED = {Code.EXTRA_TERM: Code.MISSING_TERM, Code.MISSING_TERM: Code.EXTRA_TERM}
_SAID = {
    Code.MISSING_TERM: "a term is missing",
    Code.CONSTANT_FACTOR: "the constant factor is wrong",
    Code.SUM: "the sum is lost",
    Code.POWER_RULE: "the exponent is wrong",
    Code.ALGEBRA: "a slip of algebra",
    Code.WRONG_VARIABLE: "a wrong symbol",
    Code.INDEX: "a wrong index",
    Code.NUMERIC: "a number does not come out",
    Code.TRANSPOSE: "a transpose is missing, extra, or factors stand in the wrong order",
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """A wrong right-hand side with the mistake that made it; `also` are other mistakes with the same result."""

    code: Code
    says: str
    rhs: str
    also: frozenset[Code] = frozenset()


def mutations(problem: Problem) -> Iterator[Mutation]:
    """Wrong versions of a right step, those of the rule book first; each is different from it in value."""
    known = list(_slip_values(problem))
    for mutation in (*_by_rules(problem), *_by_algebra(problem), *_by_edits(problem)):
        values = _values(problem, mutation.rhs)
        if values is None or _same(values, problem.left):
            continue
        also = frozenset(Code(code) for code, own in known if _same(own, values)) - {mutation.code}
        yield Mutation(mutation.code, mutation.says, mutation.rhs, also | mutation.also)


def _values(problem: Problem, text: str) -> Values | None:
    try:
        sides = problem.sides(settled(parse_formula(text, problem.macros)))
    except DerivError:
        return None
    if sides is None:
        return None
    values = problem.values(sides)
    return None if all(value is None for value in values) else values


def _same(one: Values, two: Values) -> bool:
    known = [(a, b) for a, b in zip(one, two, strict=True) if a is not None and b is not None]
    return bool(known) and all(close(a, b) for a, b in known)


def _slipped(problem: Problem) -> Iterator[tuple[Slip, Expr]]:
    """Mistakes of the rules, with the left side as it becomes by them."""
    left = problem.meant.lhs
    if not isinstance(left, Tensor) or not left.is_scalar:
        return
    body = problem.meant.elaborator.ranges.canonical(left.body)
    for site in sites(problem):
        for slip in slips(site.body, site.variable):
            try:
                value = rebuild(site.settled(slip.value), _neat)
                yield slip, substitute(body, {site.node: value})
            except (DerivError, RecursionError):
                continue


def _neat(node: Expr, parts: tuple[Expr, ...]) -> Expr:
    from deriv.expr.nodes import Mul, Pow

    node = same_or(node, parts)
    if isinstance(node, Mul):
        return mul(*node.children)
    return node.base if isinstance(node, Pow) and node.exponent == ONE else node


def _slip_values(problem: Problem) -> Iterator[tuple[str, Values]]:
    for slip, value in _slipped(problem):
        try:
            yield code_of(slip), problem.values([problem.resolve(value)])
        except (DerivError, RecursionError):
            continue
    left = problem.meant.lhs
    if not problem.differentiates and isinstance(left, Tensor) and left.is_scalar:
        try:
            for rewrite in rewrites(problem.meant.elaborator.ranges.canonical(left.body)):
                yield rewrite.code, problem.values([problem.resolve(rewrite.wrong)])
        except (DerivError, RecursionError):
            return


def _by_rules(problem: Problem) -> Iterator[Mutation]:
    for slip, value in _slipped(problem):
        try:
            text = to_latex(value)
        except (DerivError, KeyError, TypeError):
            continue
        if len(text) <= _LONGEST:
            yield Mutation(Code(code_of(slip)), sentence(slip.says), text)


def _by_algebra(problem: Problem) -> Iterator[Mutation]:
    left = problem.meant.lhs
    if problem.differentiates or not isinstance(left, Tensor) or not left.is_scalar:
        return
    try:
        for rewrite in rewrites(problem.meant.elaborator.ranges.canonical(left.body)):
            text = to_latex(rewrite.wrong)
            if len(text) <= _LONGEST:
                yield Mutation(Code(rewrite.code), sentence(rewrite.says), text)
    except (DerivError, KeyError, TypeError):
        return


def _by_edits(problem: Problem) -> Iterator[Mutation]:
    sources = (
        signs.exponent_signs,
        signs.whole_sign,
        signs.term_signs,
        forms.transposes,
        forms.exponents,
        terms.extra_terms,
        terms.extra_sums,
        names.symbols,
        forms.fractions,
        forms.pulled_out,
        _wrong_coefficients,
        _lost_factors,
    )
    for source in sources:
        for edit in source(problem):
            if len(edit.changes) == 1 and not edit.changes[0][1] and len(problem.text) < 2:
                continue
            code = _REVERSED.get(edit.code, edit.code)
            text = edit.apply(problem.text, problem.rhs.span.start)
            if text.strip():
                yield Mutation(code, _SAID.get(code, edit.message), " ".join(text.split()))


def _wrong_coefficients(problem: Problem) -> Iterator[Edit]:
    """A number doubled, halved, lost, or wrong in a sum of numbers."""
    message = "the constant factor is wrong"
    for sign, term in terms_of(problem.rhs):
        for factor in factors_of(term):
            if (
                isinstance(factor, Number)
                and not (isinstance(term, Product) and "/" in term.ops)
                and isinstance(term, Product)
                and factor.text.isdigit()
            ):
                yield Edit(((factor.span, str(2 * int(factor.text))),), Code.CONSTANT_FACTOR, message, factor.span)
                yield Edit(((factor.span, ""),), Code.CONSTANT_FACTOR, message, factor.span)
            if isinstance(factor, Frac) and isinstance(factor.num, Number):
                yield Edit(((factor.span, factor.num.text),), Code.CONSTANT_FACTOR, message, factor.span)
        if isinstance(term, Number) and term.text.isdigit() and sign:
            wrong = str(int(term.text) + 1)
            yield Edit(((term.span, wrong),), Code.NUMERIC, "a number does not come out", term.span)
    text = problem.text
    if len(list(terms_of(problem.rhs))) == 1:
        doubled = f"2 \\cdot {text}" if text[:1].isdigit() else f"2 {text}"
        if not text.startswith("-"):
            yield Edit(((problem.rhs.span, doubled),), Code.CONSTANT_FACTOR, message, problem.rhs.span)


def _lost_factors(problem: Problem) -> Iterator[Edit]:
    """One factor of a product left out."""
    for _, term in terms_of(problem.rhs):
        if not isinstance(term, Product):
            continue
        for k, factor in enumerate(term.factors):
            if isinstance(factor, Number | Frac) or term.ops[k - 1 if k else 0] == "/":
                continue
            start = term.factors[k - 1].span.end if k else factor.span.start
            end = factor.span.end if k else term.factors[1].span.start
            code = Code.CHAIN_RULE if problem.differentiates else Code.ALGEBRA
            yield Edit(((Span(start, end), " "),), code, "a factor is lost", factor.span)
