"""Factors that were lost or invented, found from the ratio of the two sides."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from deriv.checking.diagnosis.edit import Edit, Part, factors_of, grouped, has_deriv, terms_of
from deriv.checking.diagnosis.problem import Problem, Values, close
from deriv.checking.results import Code
from deriv.expr.nodes import Add, Call, Derivative, Entry, Expr, Pow, Sym, walk
from deriv.expr.printing import to_latex
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Additive, BigOp, Frac, Function, Group, Name, Node, Number, Product, Root, Script
from deriv.source import Span

_CONSTANTS = tuple(
    sorted(
        {Fraction(a * s, b) for a in range(1, 13) for b in range(1, 13) for s in (1, -1)} - {Fraction(1)},
        key=lambda q: (abs(q.numerator) + q.denominator, q < 0),
    )
)
_MOST_FACTORS = 24


def ratio(problem: Problem) -> Values | None:
    """Left over right at every point; None when a right side is 0 or a point says nothing."""
    if not problem.is_sampled:
        return None
    found: list[float | None] = []
    for left, right in zip(problem.left, problem.right, strict=True):
        if left is None or right is None or (right == 0 and left != 0):
            return None
        found.append(None if right == 0 else left / right)
    return tuple(found) if any(value is not None for value in found) else None


def as_constant(values: Values, *, units: bool = False) -> Fraction | None:
    """The small rational number that all values are, if they are one."""
    known = [value for value in values if value is not None]
    if not known or not all(close(value, known[0]) for value in known):
        return None
    if units and close(known[0], 1.0):
        return Fraction(1)
    for number in _CONSTANTS:
        if close(known[0], float(number)):
            return number
    return None


# --- constant factors -------------------------------------------------------------------------------------------------


def constant_factors(problem: Problem) -> Iterator[Edit]:
    """2, 1/2, 1/n, n and numbers found as the exact ratio of both sides."""
    values = ratio(problem)
    if values is None:
        return
    number = as_constant(values)
    if number is not None and number != -1:
        yield from _scaled(problem, number)
        return
    for text, own in _sizes(problem):
        for power, shown in ((1, text), (-1, f"1/{text}")):
            rest = as_constant(_divided(values, own, power), units=True)
            if rest is not None and abs(rest.numerator) <= 4 and rest.denominator <= 4:
                yield from _sized(problem, text, power, shown, rest)


def _divided(values: Values, own: Values, power: int) -> Values:
    return tuple(
        None if a is None or b is None or b == 0 else (a / b if power == 1 else a * b)
        for a, b in zip(values, own, strict=True)
    )


def _sizes(problem: Problem) -> Iterator[tuple[str, Values]]:
    """Numbers of data points and the like, as they are written."""
    sizes = problem.judge.scope.survey.sizes
    for name in sorted(sizes):
        tex = name if len(name) == 1 else f"\\{name}"
        values = problem.values([problem.resolve(Sym(name))])
        if any(value not in (None, 1.0) for value in values):
            yield tex, values


def _scaled(problem: Problem, number: Fraction) -> Iterator[Edit]:
    """The line times a number: an existing coefficient changed, else a new one in front."""
    code, message = Code.CONSTANT_FACTOR, _factor_words(number, differentiates=problem.differentiates)
    yield from _changed_coefficients(problem, number, message)
    text = grouped(problem.text, problem.rhs)
    sign, size = "-" if number < 0 else "", abs(number)
    if isinstance(problem.rhs, Additive) and problem.rhs.signs == ("-",):
        text, sign = problem.slice(problem.rhs.terms[0]), "" if sign else "-"
    dot = " \\cdot " if text[:1].isdigit() and size.denominator == 1 else " "
    front = str(size) if size.denominator == 1 else f"\\frac{{{size.numerator}}}{{{size.denominator}}}"
    yield Edit(((problem.rhs.span, f"{sign}{front}{dot}{text}" if size != 1 else sign + text),), code, message,
               problem.rhs.span)  # fmt: skip


def scaled_term(problem: Problem, term: Node, number: Fraction) -> Iterator[str]:
    """A term times a number, its own coefficient changed where it has one."""
    text = problem.slice(term)
    start = term.span.start
    for place, node in _coefficients(term):
        value = _fraction_of(node)
        if value is None or number <= 0:
            continue
        new = value * number
        tex = str(new.numerator) if new.denominator == 1 else f"\\frac{{{new.numerator}}}{{{new.denominator}}}"
        tex = "" if new == 1 and place == "factor" else tex
        yield text[: node.span.start - start] + tex + text[node.span.end - start :]
    size, sign = abs(number), "-" if number < 0 else ""
    front = str(size) if size.denominator == 1 else f"\\frac{{{size.numerator}}}{{{size.denominator}}}"
    dot = " \\cdot " if text[:1].isdigit() and size.denominator == 1 else " "
    yield f"({sign}{front}{dot}{text})" if sign else f"{front}{dot}{text}"


def _factor_words(number: Fraction, *, differentiates: bool) -> str:
    size = abs(number)
    if differentiates and number == Fraction(1, 2):
        return "this is 2 times the derivative of what is given: was a factor 1/2 intended there?"
    if differentiates and number == 2:
        return "this is half the derivative of what is given: a factor 2 is lost"
    if number == 2:
        return "a factor 2 is lost"
    if number == Fraction(1, 2):
        return "twice the right result: a factor 2 too many, or a factor 1/2 lost"
    if size == 1:
        return "the sign is the wrong way round"
    also = ", and the sign is the wrong way round" if number < 0 else ""
    words = f"a factor {size} is lost" if size > 1 else f"a factor {1 / size} too many"
    return words + also


def _changed_coefficients(problem: Problem, number: Fraction, message: str) -> Iterator[Edit]:
    terms = list(terms_of(problem.rhs))
    if len(terms) != 1:
        return
    span, code = problem.rhs.span, Code.CONSTANT_FACTOR
    for place, node in _coefficients(terms[0][1]):
        value = _fraction_of(node)
        if value is None or number < 0:
            continue
        new = value * number
        tex = str(new.numerator) if new.denominator == 1 else f"\\frac{{{new.numerator}}}{{{new.denominator}}}"
        if new == 1 and place == "factor":
            tex = ""
        yield Edit(((node.span, tex),), code, message, node.span)
    head = terms[0][1]
    first = head.factors[0] if isinstance(head, Product) else head
    if isinstance(first, Frac) and number > 0:
        num, den = _fraction_of(first.num), _fraction_of(first.den)
        if num is not None and (num * number).denominator == 1:
            yield Edit(((first.num.span, str(num * number)),), code, message, first.span)
        elif den is not None and (den / number).denominator == 1:
            yield Edit(((first.den.span, str(den / number)),), code, message, first.span)
        elif number.numerator == 1 and isinstance(first.den, Name | Script):
            tex = f"{number.denominator}{problem.slice(first.den)}"
            yield Edit(((first.den.span, tex),), code, message, first.span)
    assert span is not None


def _coefficients(node: Node) -> Iterator[tuple[str, Node]]:
    for factor in factors_of(node):
        if isinstance(factor, Number) or (isinstance(factor, Frac) and _fraction_of(factor) is not None):
            yield ("factor" if isinstance(node, Product) else "whole"), factor
        if isinstance(factor, Frac) and isinstance(factor.num, Product | Number):
            for inner in factors_of(factor.num):
                if isinstance(inner, Number):
                    yield ("factor" if isinstance(factor.num, Product) else "whole"), inner


def _fraction_of(node: Node) -> Fraction | None:
    if isinstance(node, Number) and node.text.isdigit():
        return Fraction(int(node.text))
    if isinstance(node, Frac):
        num, den = _fraction_of(node.num), _fraction_of(node.den)
        return num / den if num is not None and den else None
    return None


def _sized(problem: Problem, text: str, power: int, shown: str, rest: Fraction) -> Iterator[Edit]:
    """A lost or invented factor n or 1/n, perhaps with a number."""
    body, span = grouped(problem.text, problem.rhs), problem.rhs.span
    lost = power == -1
    message = f"the factor 1/{text} is lost" if lost else f"a factor 1/{text} too many"
    if problem.differentiates and rest == 1:
        also = f": this is {text} times the derivative of what is given" if lost else ": is a mean intended, not a sum?"
        message += also
    if rest != 1:
        message += f", and a factor {rest}" if rest > 0 else ", and the sign"
    in_front = next((node for sign, term in terms_of(problem.rhs) for node in factors_of(term)), problem.rhs)
    if not lost and isinstance(in_front, Frac):
        den = problem.slice(in_front.den).strip()
        num = problem.slice(in_front.num)
        rest_text = (
            str(rest.numerator) if rest.denominator == 1 else f"\\frac{{{rest.numerator}}}{{{rest.denominator}}}"
        )
        if den == text:
            plain = "" if num.strip() == "1" and isinstance(problem.rhs, Product) else num
            plain = f"{rest_text} {plain}" if rest != 1 else plain
            yield Edit(((in_front.span, plain),), Code.CONSTANT_FACTOR, message, in_front.span)
        elif text in den:
            new = den.replace(text, "", 1).strip() or "1"
            tex = f"\\frac{{{num}}}{{{new}}}"
            yield Edit(((in_front.span, tex),), Code.CONSTANT_FACTOR, message, in_front.span)
    sign = "-" if rest < 0 else ""
    size = abs(rest)
    if lost:
        num, den = str(size.numerator), text if size.denominator == 1 else f"{size.denominator} {text}"
        if isinstance(in_front, Number) and rest == 1 and problem.rhs is not in_front:
            tex = f"\\frac{{{in_front.text}}}{{{text}}}"
            yield Edit(((in_front.span, tex),), Code.CONSTANT_FACTOR, message, in_front.span)
        yield Edit(((span, f"{sign}\\frac{{{num}}}{{{den}}} {body}"),), Code.CONSTANT_FACTOR, message, span)
    else:
        front = text if size == 1 else f"{size} {text}"
        yield Edit(((span, f"{sign}{front} {body}"),), Code.CONSTANT_FACTOR, message, span)


# --- factors with a name ----------------------------------------------------------------------------------------------


def lost_factors(problem: Problem) -> Iterator[Edit]:
    """A factor of the line before, or the slope of an inner function, that was lost (or stands twice), with a sign."""
    values = ratio(problem)
    if values is None:
        return
    chain = has_deriv(problem.lhs)
    code = Code.CHAIN_RULE if chain else Code.ALGEBRA
    for text, own in _known_factors(problem):
        if as_constant(own, units=True) is not None:
            continue
        for power in (1, -1, 2, -2):
            scaled = _divided(values, tuple(v and (v if abs(power) == 1 else v * v) for v in own), power // abs(power))
            rest = as_constant(scaled, units=True)
            if rest is None or abs(rest.numerator) * rest.denominator > 4:
                continue
            yield from _with_factor(problem, text, power, rest, code, chain=chain)


def _with_factor(problem: Problem, text: str, power: int, rest: Fraction, code: Code, *, chain: bool) -> Iterator[Edit]:
    factor = text if abs(power) == 1 else f"{text}^2"
    words = f"the factor {factor} is lost"
    if chain and power > 0:
        words = f"the derivative of the inner function is missing: the factor {factor}"
    if power < 0:
        words, code = f"a factor {factor} too many", Code.ALGEBRA if not chain else Code.CHAIN_RULE
    if rest != 1:
        words += ", and the sign is the wrong way round" if rest == -1 else f", and a factor {rest}"
    size, sign = abs(rest), "-" if rest < 0 else ""
    number = (
        "" if size == 1 else str(size) if size.denominator == 1 else f"\\frac{{{size.numerator}}}{{{size.denominator}}}"
    )
    if power < 0:
        yield from _without(problem, text, words, code, rest)
    rhs = problem.rhs
    body = grouped(problem.text, rhs)
    if isinstance(rhs, Additive) and len(rhs.terms) == 1 and rhs.signs == ("-",):
        body, sign = problem.slice(rhs.terms[0]), "" if sign else "-"
    if power > 0:
        tex = f"{sign}{number} {body} \\cdot {factor}" if not _is_short(factor) else f"{sign}{number} {body} {factor}"
    else:
        tex = f"{sign}{number} \\frac{{{problem.text}}}{{{factor}}}"
    yield Edit(((rhs.span, tex.strip()),), code, words, rhs.span)


def inside_factors(problem: Problem) -> Iterator[Edit]:
    """A factor lost in one term of a sum, or under a sum sign."""
    chain = has_deriv(problem.lhs)
    code = Code.CHAIN_RULE if chain else Code.ALGEBRA
    texts = list(dict.fromkeys([text for _, text in _written(problem)] + [text for text, _ in _slopes(problem)]))[:10]
    for part in problem.parts:
        node = part.node
        spots: list[Node] = []
        if isinstance(node, BigOp) and node.body is not None:
            spots = [node.body]
        elif isinstance(node, Additive) and len(node.terms) > 1 and not part.in_script:
            spots = list(node.terms)
        for spot in spots:
            for text in texts:
                words = f"the factor {text} is lost"
                words = f"the derivative of the inner function is missing: the factor {text}" if chain else words
                yield Edit(((spot.span, f"{grouped(problem.slice(spot), spot)} {text}"),), code, words, spot.span)


def _is_short(text: str) -> bool:
    return not any(mark in text for mark in ("+", "-", "\\frac")) or text.startswith("(")


def _without(problem: Problem, text: str, words: str, code: Code, rest: Fraction) -> Iterator[Edit]:
    """The same line with one occurrence of a factor left out."""
    if rest != 1:
        return
    for part in problem.parts:
        if isinstance(part.node, Product) and not part.in_script:
            for k, factor in enumerate(part.node.factors):
                if problem.slice(factor).strip() == text and len(part.node.factors) > 1:
                    start = part.node.factors[k - 1].span.end if k else factor.span.start
                    end = factor.span.end if k else part.node.factors[1].span.start
                    yield Edit(((Span(start, end), " "),), code, words, factor.span)


def _known_factors(problem: Problem) -> Iterator[tuple[str, Values]]:
    """Factors that stand in the claim or its definitions, as text with their values."""
    seen: set[str] = set()
    for node, text in _written(problem):
        if text not in seen and "&" not in text and len(seen) < _MOST_FACTORS:
            seen.add(text)
            values = problem.number(node)
            if values is not None and not all(value is None for value in values):
                yield text, values
    for text, expr in _slopes(problem):
        if text not in seen and len(seen) < 2 * _MOST_FACTORS:
            seen.add(text)
            yield text, problem.values([expr])


def _written(problem: Problem) -> Iterator[tuple[Node, str]]:
    for part in (*problem.left_parts, *problem.parts):
        node = part.node
        if part.in_script or part.in_bounds:
            continue
        if isinstance(node, Name | Script | Function | Root):
            yield node, problem.slice(node).strip()
        if isinstance(node, Group) and not _is_argument(part):
            yield node, problem.slice(node).strip()
        if isinstance(node, Product):
            for k, (name, group) in enumerate(zip(node.factors, node.factors[1:], strict=False)):
                if isinstance(name, Name) and isinstance(group, Group) and node.ops[k] == "":
                    span = Span(name.span.start, group.span.end)
                    call = Product(span, (name, group), ("",))
                    yield call, problem.source.slice(span).strip()


def _as_factor(expr: Expr) -> str:
    """An expression as text that can stand beside others in a product."""
    text = to_latex(expr)
    return f"({text})" if isinstance(expr, Add) or text.startswith("-") or text[:1].isdigit() else text


def _outer_slopes(problem: Problem, body: Expr) -> Iterator[tuple[str, Expr]]:
    """σ(u)(1 - σ(u)) for every σ(u) in what is differentiated."""
    from deriv.errors import DerivError
    from deriv.expr.calculus import differentiate
    from deriv.expr.substitute import substitute

    slot = Sym("_slot")
    for node in list(walk(body))[:60]:
        if isinstance(node, Call) and len(node.children) == 1 and node.function not in ("exp", "log"):
            try:
                slope = differentiate(Call(node.function, (slot,)), slot)
                expr = substitute(slope, {slot: node.children[0]})
                yield _as_factor(expr), problem.resolve(expr)
            except (DerivError, KeyError, TypeError):
                continue


def _is_argument(part: Part) -> bool:
    """Whether a bracket is the argument of a function."""
    return bool(part.above) and isinstance(part.above[-1], Function)


def _slopes(problem: Problem) -> Iterator[tuple[str, Expr]]:
    """Variables and inner derivatives of what is differentiated on the left, printed."""
    from deriv.checking.diagnosis.derivatives import sites
    from deriv.errors import DerivError
    from deriv.expr.calculus import differentiate

    if not isinstance(problem.meant.lhs, Tensor):
        return
    for site in sites(problem):
        inner = [node.children[0] for node in walk(site.body) if isinstance(node, Call | Pow)]
        yield from _outer_slopes(problem, site.body)
        named = [node for node in walk(site.body) if isinstance(node, Sym | Entry) and "." not in str(node.data[0])]
        for expr in (*inner[:8], *named[:8]):
            try:
                for value in (differentiate(expr, site.variable), expr):
                    if isinstance(value, Derivative):
                        continue
                    yield _as_factor(value), problem.resolve(site.settled(value))
            except (DerivError, KeyError, TypeError, RecursionError):
                continue
