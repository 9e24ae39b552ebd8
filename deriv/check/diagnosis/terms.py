"""Terms that were lost or invented, found from the difference of the two sides; sums that were lost or added."""

from __future__ import annotations

from collections.abc import Iterator

from deriv.check.diagnosis.edit import Edit, grouped, terms_of
from deriv.check.diagnosis.factors import as_constant
from deriv.check.diagnosis.problem import Problem, Values, close
from deriv.check.results import Code
from deriv.latex.nodes import Additive, BigOp, Group, Name, Node, Number, Product, Script
from deriv.source import Span

_MOST = 24


def extra_terms(problem: Problem) -> Iterator[Edit]:
    """A term too many, or one that stands too often."""
    for part in problem.parts:
        node = part.node
        if not isinstance(node, Additive) or len(node.terms) < 2 or part.in_bounds or part.in_script:
            continue
        for k, term in enumerate(node.terms):
            start = node.terms[k - 1].span.end if k else node.span.start
            change = Span(start, term.span.end), ""
            if k == 0:
                second = node.terms[1].span.start if node.signs[1] == "+" else _sign_place(problem, node)
                change = Span(node.span.start, second), ""
            yield Edit((change,), Code.EXTRA_TERM, "a term too many", term.span)


def _sign_place(problem: Problem, node: Additive) -> int:
    between = problem.source.text[node.terms[0].span.end : node.terms[1].span.start]
    return node.terms[0].span.end + max(between.find("-"), 0)


def lost_terms(problem: Problem) -> Iterator[Edit]:
    """A term of the line before, or a term of the right derivative, that is missing."""
    if not problem.is_sampled or len(problem.outcome.pairs) != 1:
        return
    gap: Values = tuple(
        None if a is None or b is None else a - b for a, b in zip(problem.left, problem.right, strict=True)
    )
    for text, own in _candidates(problem):
        quotients: Values = tuple(
            None if a is None or b is None or b == 0 else a / b for a, b in zip(gap, own, strict=True)
        )
        number = as_constant(quotients, units=True)
        if number is None or abs(number.numerator) > 4 or number.denominator > 2:
            continue
        sign, size = "-" if number < 0 else "+", abs(number)
        if size.denominator == 1:
            tex = text if size == 1 else f"{size} {text}" if not text[:1].isdigit() else f"{size} \\cdot {text}"
        else:
            tex = f"\\frac{{{size.numerator}}}{{{size.denominator}}} {text}"
        end = Span(problem.rhs.span.end, problem.rhs.span.end)
        yield Edit(((end, f" {sign} {tex}"),), Code.MISSING_TERM, f"the term {sign} {tex} is missing", problem.rhs.span)
    constant = _constant(gap)
    if constant is not None:
        yield from _other_number(problem, constant)
        end = Span(problem.rhs.span.end, problem.rhs.span.end)
        tex = f"- {-constant}" if constant < 0 else f"+ {constant}"
        yield Edit(((end, f" {tex}"),), Code.MISSING_TERM, f"the term {tex} is missing", problem.rhs.span)


def _other_number(problem: Problem, gap: int) -> Iterator[Edit]:
    """A number of the sum that is off by the gap."""
    for sign, term in terms_of(problem.rhs):
        if isinstance(term, Number) and term.text.isdigit():
            new = int(term.text) + (gap if sign == "+" else -gap)
            if new > 0:
                yield Edit(((term.span, str(new)),), Code.NUMERIC, f"the number is {new}, not {term.text}", term.span)


def _constant(gap: Values) -> int | None:
    known = [value for value in gap if value is not None]
    whole = round(known[0]) if known and abs(known[0]) < 1e6 else 0
    return whole if whole and all(close(value, float(whole)) for value in known) else None


def _candidates(problem: Problem) -> Iterator[tuple[str, Values]]:
    seen: set[str] = set()
    for node, text in (*_terms_written(problem), *_products_written(problem)):
        if text in seen or len(seen) >= _MOST or "&" in text:
            continue
        seen.add(text)
        values = problem.number(node) if node is not None else None
        if values is not None:
            yield text, values
    yield from _slope_terms(problem, seen)


def _terms_written(problem: Problem) -> Iterator[tuple[Node, str]]:
    for part in problem.left_parts:
        node = part.node
        if isinstance(node, Additive) and not part.in_bounds:
            for _, term in terms_of(node):
                if not isinstance(term, Number):
                    yield term, problem.slice(term).strip()
        if isinstance(node, Name | Script) and not part.in_script and not part.in_bounds:
            yield node, problem.slice(node).strip()


def _products_written(problem: Problem) -> Iterator[tuple[Node, str]]:
    """Products of a term of one bracket with a term of another: what distributing makes."""
    names: dict[str, Node] = {}
    for part in problem.left_parts:
        node = part.node
        if isinstance(node, Name | Script) and not part.in_script and not part.in_bounds:
            names.setdefault(problem.slice(node).strip(), node)
    chosen = list(names.items())[:5]
    for k, (one, left) in enumerate(chosen):
        for two, right in chosen[k:]:
            product = Product(left.span, (left, right), ("",))
            yield product, f"{one} {two}" if one != two else f"{one}^2" if "^" not in one else f"({one})^2"


def _slope_terms(problem: Problem, seen: set[str]) -> Iterator[tuple[str, Values]]:
    """The derivative of each term of what is differentiated."""
    from deriv.check.diagnosis.derivatives import sites
    from deriv.errors import DerivError
    from deriv.expr import nodes as n
    from deriv.expr.calculus import differentiate
    from deriv.expr.printing import to_latex

    for site in sites(problem):
        for node in n.walk(site.body):
            if not isinstance(node, n.Add):
                continue
            for term in node.children:
                try:
                    slope = differentiate(term, site.variable)
                    text = to_latex(slope)
                    if slope != n.ZERO and text not in seen:
                        seen.add(text)
                        yield text, problem.values([problem.resolve(site.settled(slope))])
                except (DerivError, KeyError, TypeError, RecursionError):
                    continue


# --- sums and brackets ------------------------------------------------------------------------------------------------


def sums(problem: Problem) -> Iterator[Edit]:
    """A sum sign or a mean lost or added; a sum that ends too early or too late."""
    for part in problem.parts:
        node = part.node
        if isinstance(node, BigOp) and node.kind == "sum" and node.body is not None:
            body = problem.slice(node.body)
            yield Edit(((node.span, body),), Code.SUM, "a sum too many", node.span)
    heads: dict[str, Node] = {}
    for part in problem.left_parts:
        node = part.node
        if isinstance(node, BigOp) and node.kind == "sum" and node.body is not None:
            head = problem.source.text[node.span.start : node.body.span.start].rstrip()
            heads.setdefault(head, node)
    for definition in _summed(problem):
        heads.setdefault(definition, problem.lhs)
    has_sum = any(isinstance(part.node, BigOp) for part in problem.parts)
    message = "the sum is lost"
    for head in heads:
        if not has_sum:
            text = grouped(problem.text, problem.rhs)
            yield Edit(((problem.rhs.span, f"{head} {text}"),), Code.SUM, message, problem.rhs.span)
        for _, term in terms_of(problem.rhs):
            if not any(isinstance(part.node, BigOp) for part in problem.parts if part.node is term):
                text = grouped(problem.slice(term), term)
                yield Edit(((term.span, f"{head} {text}"),), Code.SUM, message, term.span)


def _summed(problem: Problem) -> Iterator[str]:
    """Sum signs as the document writes them."""
    import re

    for found in re.finditer(r"\\sum\s*_\s*(?:\{[^{}]*\}|\w)(?:\s*\^\s*(?:\{[^{}]*\}|\w))?", problem.source.text):
        yield found.group(0)


def brackets(problem: Problem) -> Iterator[Edit]:
    """Brackets that were left out: after an operator, after a factor, around a sum."""
    for part in problem.parts:
        node = part.node
        if not isinstance(node, Additive) or len(node.terms) < 2:
            continue
        message = "brackets are missing: what stands before belongs to the whole sum"
        for k, term in enumerate(node.terms[:-1]):
            target = _last(term)
            if target is None:
                continue
            start = target.span.start
            for end in range(k + 1, len(node.terms)):
                stop = node.terms[end].span.end
                inner = problem.source.text[start:stop]
                span = Span(start, stop)
                yield Edit(((span, f"({inner})"),), Code.ALGEBRA, message, span)
    yield from _dropped_brackets(problem)


def _last(term: Node) -> Node | None:
    if isinstance(term, Product) and not isinstance(term.factors[-1], Group):
        return term.factors[-1]
    if isinstance(term, BigOp):
        return term.body
    return None


def _dropped_brackets(problem: Problem) -> Iterator[Edit]:
    """A bracket that should not be there: 2(x + 3) for 2x + 3."""
    for part in problem.parts:
        node = part.node
        if isinstance(node, Group) and isinstance(node.body, Additive) and len(node.body.terms) >= 2:
            text = problem.slice(node.body)
            yield Edit(((node.span, text),), Code.ALGEBRA, "these brackets should not be there", node.span)
