"""Terms that were lost or invented, found from the difference of the two sides; sums that were lost or added."""

from __future__ import annotations

from collections.abc import Iterator

from deriv.checking.diagnosis.edit import Edit, grouped, parts_below, terms_of
from deriv.checking.diagnosis.factors import as_constant, scaled_term
from deriv.checking.diagnosis.problem import Problem, Values, close
from deriv.checking.results import Code
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Additive, BigOp, Frac, Group, Name, Node, Number, Product, Root, Script
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
    gap = _gap(problem)
    constant = _constant(gap)
    if constant is not None:
        yield from _other_number(problem, constant)
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
    if constant is not None:
        end = Span(problem.rhs.span.end, problem.rhs.span.end)
        tex = f"- {-constant}" if constant < 0 else f"+ {constant}"
        yield Edit(((end, f" {tex}"),), Code.MISSING_TERM, f"the term {tex} is missing", problem.rhs.span)


def _gap(problem: Problem) -> Values:
    """Left minus right at every point."""
    return tuple(None if a is None or b is None else a - b for a, b in zip(problem.left, problem.right, strict=True))


def term_factors(problem: Problem) -> Iterator[Edit]:
    """One term of the sum with a wrong coefficient: 8x^3 for 4x^3."""
    if not problem.is_sampled or not isinstance(problem.rhs, Additive) or len(problem.rhs.terms) < 2:
        return
    gap = _gap(problem)
    for sign, term in terms_of(problem.rhs):
        own = problem.term(term)
        if own is None or sign not in "+-":
            continue
        share = as_constant(
            tuple(
                None if a is None or not b else (a if sign == "+" else -a) / b for a, b in zip(gap, own, strict=True)
            ),
            units=True,
        )
        if share is None or share in (-1, -2) or isinstance(term, Number):
            continue
        for text in scaled_term(problem, term, 1 + share):
            message = "the coefficient of this term is wrong"
            yield Edit(((term.span, text),), Code.CONSTANT_FACTOR, message, term.span)


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
        values = problem.term(node)
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
    from deriv.checking.diagnosis.derivatives import sites
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


# --- terms lost in a bracket, a denominator, an argument ------------------------------------------------------------


def inner_terms(problem: Problem) -> Iterator[Edit]:
    """(3x) for (3x + 1): a bracket of the claim or its definitions that has lost a term."""
    wholes: dict[frozenset[str], str] = {}
    for text, terms in _wholes(problem):
        wholes.setdefault(frozenset(terms), text)
    for node in _places(problem):
        own = frozenset(_signed(problem, node))
        for whole, text in wholes.items():
            if own < whole:
                yield Edit(((node.span, text),), Code.MISSING_TERM, f"a term of {text} is missing", node.span)


def _places(problem: Problem) -> Iterator[Node]:
    """What stands in brackets, above and below fraction bars, under roots."""
    for part in problem.parts:
        node = part.node
        if isinstance(node, Group):
            yield node.body
        elif isinstance(node, Frac):
            yield from (inner.body if isinstance(inner, Group) else inner for inner in (node.num, node.den))
            yield from (
                n.base.body for n in (node.num, node.den) if isinstance(n, Script) and isinstance(n.base, Group)
            )
        elif isinstance(node, Root):
            yield node.body
        elif (
            isinstance(node, Script) and isinstance(node.base, Name) and node.base.text == "e" and node.sup is not None
        ):
            yield node.sup


def _signed(problem: Problem, node: Node) -> Iterator[str]:
    for sign, term in terms_of(node):
        yield sign + _bare(problem.slice(term))


def _bare(text: str) -> str:
    return "".join(c for c in text if c not in "{} ")


def _wholes(problem: Problem) -> Iterator[tuple[str, list[str]]]:
    """Sums of the claim and of what is differentiated, as text with their terms."""
    for part in (*problem.left_parts, *problem.parts):
        if isinstance(part.node, Additive) and 2 <= len(part.node.terms) <= 4 and not part.in_script:
            yield problem.slice(part.node).strip(), list(_signed(problem, part.node))
    from deriv.checking.diagnosis.derivatives import sites
    from deriv.expr import nodes as n
    from deriv.expr.printing import to_latex

    canonical = problem.meant.elaborator.ranges.canonical
    bodies = [d.body.body for d in problem.interpretation.definitions.values() if isinstance(d.body, Tensor)]
    for body in (*(site.body for site in sites(problem)), *map(canonical, bodies)):
        for node in list(n.walk(body))[:80]:
            if isinstance(node, n.Add) and len(node.children) <= 4:
                try:
                    texts = [to_latex(child) for child in node.children]
                except (KeyError, TypeError):
                    continue
                signed = [text if text.startswith("-") else f"+{text}" for text in texts]
                for terms in (signed, [("+" if t[0] == "-" else "-") + t[1:] for t in signed]):
                    yield _joined(terms), [t[0] + _bare(t[1:]) for t in terms]


def _joined(terms: list[str]) -> str:
    """Signed terms as a sum, one with a plus sign first."""
    first = next((term for term in terms if term[0] == "+"), terms[0])
    rest = [term for term in terms if term is not first]
    return " ".join([first.removeprefix("+"), *(f"{term[0]} {term[1:]}" for term in rest)])


def inner_numbers(problem: Problem) -> Iterator[Edit]:
    """(x) for (x - 1): a number lost in a bracket."""
    for count, node in enumerate(_places(problem)):
        if count >= 6:
            return
        text = problem.slice(node).strip()
        for number in (1, 2):
            message = f"a {number} is missing"
            front = f"{number} {text}" if text.startswith("-") else f"{number} + {text}"
            yield Edit(((node.span, front),), Code.MISSING_TERM, message, node.span)
            yield Edit(((node.span, f"{text} - {number}"),), Code.MISSING_TERM, message, node.span)


# --- sums and brackets ------------------------------------------------------------------------------------------------


def extra_sums(problem: Problem) -> Iterator[Edit]:
    """A sum sign too many."""
    for part in problem.parts:
        node = part.node
        if isinstance(node, BigOp) and node.kind == "sum" and node.body is not None:
            body = problem.slice(node.body)
            yield Edit(((node.span, body),), Code.SUM, "a sum too many", node.span)


def sums(problem: Problem) -> Iterator[Edit]:
    """A sum sign or a mean lost; a sum that ends too early or too late."""
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
            if not any(isinstance(part.node, BigOp) for part in parts_below(term)):
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
