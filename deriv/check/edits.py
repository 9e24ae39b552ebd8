"""Edits of a written line, each the undoing of one known kind of mistake."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deriv.check.judge import Outcome
from deriv.check.numbers import decimal_value
from deriv.check.results import Code
from deriv.latex.nodes import (
    Additive,
    Deriv,
    Frac,
    Function,
    Group,
    Nabla,
    Name,
    Node,
    Number,
    Product,
    Script,
)
from deriv.meaning.names import canonical, children
from deriv.source import SourceFile, Span


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of each span; what mistake that undoes."""

    changes: tuple[tuple[Span, str], ...]
    code: Code
    message: str
    focus: Span | None = None

    def apply(self, text: str, start: int) -> str:
        """The edited text of a side that begins at offset `start` of its source."""
        for span, new in sorted(self.changes, key=lambda change: change[0].start, reverse=True):
            text = text[: span.start - start] + new + text[span.end - start :]
        return text


@dataclass(frozen=True, slots=True)
class Part:
    """A node of the right side with the nodes above it, outermost first."""

    node: Node
    above: tuple[Node, ...]


def edits_of(source: SourceFile, lhs: Node, rhs: Node, outcome: Outcome, sizes: Sequence[str]) -> Iterator[Edit]:
    """All edits of the right side, most specific first."""
    parts = [
        part for part in parts_below(rhs) if rhs.span.start <= part.node.span.start < part.node.span.end <= rhs.span.end
    ]
    yield from _numbers(source, rhs, outcome)
    yield from _exponent_signs(source, parts)
    yield from _whole_sign(source, rhs)
    yield from _derivative_variables(source, lhs, parts)
    yield from _term_signs(source, parts)
    yield from _constant_factors(source, rhs, sizes)
    yield from _names(source, lhs, rhs, parts)
    yield from _exponents(source, parts)
    yield from _pulled_out(source, parts)
    yield from _arguments(source, parts)
    yield from _missing_factors(source, lhs, rhs, parts, outcome)
    yield from _terms(source, parts)


def parts_below(root: Node) -> list[Part]:
    """All nodes of a formula in reading order."""
    found: list[Part] = []
    stack = [Part(root, ())]
    while stack:
        part = stack.pop()
        found.append(part)
        inner = [Part(child, (*part.above, part.node)) for child in children(part.node)]
        stack.extend(reversed(inner))
    return found


def _numbers(source: SourceFile, rhs: Node, outcome: Outcome) -> Iterator[Edit]:
    """A value that does not come out: the right one to the same number of places."""
    if isinstance(rhs, Number) and len(outcome.pairs) == 1:
        value = decimal_value(outcome.pairs[0][0], places=len(rhs.text.rstrip(".").partition(".")[2]))
        if value is not None:
            yield Edit(((rhs.span, value),), Code.NUMERIC, f"the value is {value}", rhs.span)
    if isinstance(rhs, Additive) and len(rhs.terms) == 1 and isinstance(rhs.terms[0], Number):
        yield from _numbers(source, rhs.terms[0], outcome)


def _exponent_signs(source: SourceFile, parts: list[Part]) -> Iterator[Edit]:
    message = "the exponent has the wrong sign"
    for part in parts:
        node = part.node
        exponent: Node | None = None
        if isinstance(node, Script) and isinstance(node.base, Name) and node.base.text == "e":
            exponent = node.sup
        elif isinstance(node, Function) and node.name == "exp":
            exponent = node.arg.body if isinstance(node.arg, Group) else node.arg
        if exponent is not None:
            yield Edit(((exponent.span, negated(source, exponent)),), Code.EXPONENT_SIGN, message, exponent.span)


def negated(source: SourceFile, node: Node) -> str:
    """The text of minus a node."""
    text = source.slice(node.span)
    if isinstance(node, Additive) and len(node.terms) == 1:
        return source.slice(node.terms[0].span) if node.signs == ("-",) else f"-{text}"
    return f"-({text})" if isinstance(node, Additive) else f"-{text}"


def _whole_sign(source: SourceFile, rhs: Node) -> Iterator[Edit]:
    yield Edit(((rhs.span, negated(source, rhs)),), Code.SIGN, "the sign is the wrong way round", rhs.span)


def _term_signs(source: SourceFile, parts: list[Part]) -> Iterator[Edit]:
    for part in parts:
        node = part.node
        if not isinstance(node, Additive) or len(node.terms) < 2:
            continue
        for k, (sign, term) in enumerate(zip(node.signs, node.terms, strict=True)):
            if sign not in "+-":
                continue
            change = _flip(source, node, k, sign, term)
            if change is not None:
                yield Edit((change,), Code.SIGN, "the sign of this term is the wrong way round", term.span)


def _flip(source: SourceFile, node: Additive, k: int, sign: str, term: Node) -> tuple[Span, str] | None:
    before = node.terms[k - 1].span.end if k else node.span.start
    between = source.text[before : term.span.start]
    place = between.rfind(sign)
    if place < 0:
        return (Span(term.span.start, term.span.start), "-") if k == 0 and sign == "+" else None
    at = before + place
    return Span(at, at + 1), ("-" if sign == "+" else "+" if k else "")


def _derivative_variables(source: SourceFile, lhs: Node, parts: list[Part]) -> Iterator[Edit]:
    """∂/∂x where the line before has ∂/∂w: all at once, then one by one."""
    wanted = [
        source.slice(by.span) for part in parts_below(lhs) if isinstance(part.node, Deriv) for by, _ in part.node.by
    ]
    spots = [by for part in parts if isinstance(part.node, Deriv) for by, _ in part.node.by]
    message = "the derivative is by the wrong variable"
    for text in dict.fromkeys(wanted):
        wrong = [by.span for by in spots if source.slice(by.span) != text]
        if wrong:
            yield Edit(tuple((span, text) for span in wrong), Code.WRONG_VARIABLE, message, wrong[0])
        if len(wrong) > 1:
            for span in wrong:
                yield Edit(((span, text),), Code.WRONG_VARIABLE, message, span)


def _constant_factors(source: SourceFile, rhs: Node, sizes: Sequence[str]) -> Iterator[Edit]:
    text = source.slice(rhs.span)
    body = f"({text})" if isinstance(rhs, Additive) else text
    for name in sizes:
        tex = name if len(name) == 1 else f"\\{name}"
        yield _factor(rhs, f"\\frac{{1}}{{{tex}}} {body}", f"the factor 1/{name} is lost")
        yield _factor(rhs, f"{tex} {body}", f"a factor 1/{name} too many")
    for factor, words in (("2", "2 is lost"), ("\\frac{1}{2}", "1/2 is lost"), ("3", "3 is lost"), ("4", "4 is lost")):
        yield _factor(rhs, f"{factor} \\cdot {body}" if factor.isdigit() else f"{factor} {body}", f"the factor {words}")
    for factor in ("\\frac{1}{3}", "\\frac{1}{4}", "-2", "-\\frac{1}{2}"):
        yield _factor(rhs, f"{factor} {body}", "the constant factor is wrong")


def _factor(rhs: Node, text: str, message: str) -> Edit:
    return Edit(((rhs.span, text),), Code.CONSTANT_FACTOR, message, rhs.span)


def _names(source: SourceFile, lhs: Node, rhs: Node, parts: list[Part]) -> Iterator[Edit]:
    """One symbol in the place of another of the same claim."""
    known: dict[str, str] = {}
    for part in (*parts_below(lhs), *parts):
        if isinstance(part.node, Name) and not _is_script_part(part) and not _is_differentiated(part):
            known.setdefault(canonical(part.node), source.slice(part.node.span))
    letters = {
        canonical(p.node): source.slice(p.node.span)
        for p in (*parts_below(lhs), *parts)
        if isinstance(p.node, Name) and _is_script_part(p)
    }
    for part in parts:
        if not isinstance(part.node, Name):
            continue
        script = _is_script_part(part)
        code = Code.INDEX if script else Code.WRONG_VARIABLE
        for name, text in (letters if script else known).items():
            if name != canonical(part.node) and text.strip():
                word = "index" if script else "symbol"
                message = f"the wrong {word}: {name} is meant, not {canonical(part.node)}"
                yield Edit(((part.node.span, text),), code, message, part.node.span)


def _is_differentiated(part: Part) -> bool:
    """Whether a name is what a ratio differentiates, such as the L of ∂L/∂w."""
    return any(isinstance(up, Deriv) and up.ratio for up in part.above)


def _is_script_part(part: Part) -> bool:
    """Whether a name stands in a sub- or superscript."""
    chain = (*part.above, part.node)
    return any(isinstance(up, Script) and down is not up.base for up, down in zip(chain, chain[1:], strict=False))


def _exponents(source: SourceFile, parts: list[Part]) -> Iterator[Edit]:
    for part in parts:
        node = part.node
        if isinstance(node, Script | Function) and isinstance(node.sup, Number) and node.sup.text.isdigit():
            for new in (int(node.sup.text) - 1, int(node.sup.text) + 1):
                yield Edit(((node.sup.span, f"{{{new}}}"),), Code.POWER_RULE, "the exponent is wrong", node.sup.span)
        bare = isinstance(node, Name | Group | Function) and (not part.above or not isinstance(part.above[-1], Script))
        if bare and not (isinstance(node, Function) and node.arg is None):
            end = Span(node.span.end, node.span.end)
            text = f"({source.slice(node.span)})^2" if isinstance(node, Function) else None
            change = (node.span, text) if text else (end, "^2")
            yield Edit((change,), Code.POWER_RULE, "a square is lost", node.span)


def _pulled_out(source: SourceFile, parts: list[Part]) -> Iterator[Edit]:
    """f(1 - u) where 1 - f(u) is meant."""
    for part in parts:
        node = part.node
        if isinstance(node, Product):
            for name, group in itertools.pairwise(node.factors):
                if isinstance(name, Name) and isinstance(group, Group):
                    yield from _pull(source, source.slice(name.span), group, Span(name.span.start, group.span.end))
        elif isinstance(node, Function) and isinstance(node.arg, Group):
            head = source.text[node.span.start : node.arg.span.start]
            yield from _pull(source, head, node.arg, node.span)


def _pull(source: SourceFile, head: str, group: Group, span: Span) -> Iterator[Edit]:
    body = group.body
    if not isinstance(body, Additive) or not isinstance(body.terms[0], Number) or len(body.terms) < 2:
        return
    first, sign = source.slice(body.terms[0].span), body.signs[1]
    rest = source.text[body.terms[1].span.start : body.span.end]
    message = f"the {first} belongs outside of the function"
    yield Edit(((span, f"({first} {sign} {head}({rest}))"),), Code.ALGEBRA, message, span)


def _arguments(source: SourceFile, parts: list[Part]) -> Iterator[Edit]:
    """A fraction upside down."""
    for part in parts:
        node = part.node
        if isinstance(node, Frac):
            num, den = source.slice(node.num.span), source.slice(node.den.span)
            swapped = f"\\frac{{{den}}}{{{num}}}"
            yield Edit(((node.span, swapped),), Code.ALGEBRA, "the fraction is upside down", node.span)


def _missing_factors(source: SourceFile, lhs: Node, rhs: Node, parts: list[Part], outcome: Outcome) -> Iterator[Edit]:
    """A factor that stands in the line before, or the slope of an inner function, lost in one term."""
    candidates = list(dict.fromkeys(_factor_texts(source, lhs) + _inner_slopes(outcome)))[:10]
    terms = [rhs]
    if isinstance(rhs, Additive):
        terms = [*rhs.terms, rhs]
    chain = has_deriv(lhs)
    for term in terms:
        text = source.slice(term.span)
        body = f"({text})" if isinstance(term, Additive) else text
        for factor in candidates:
            code = Code.CHAIN_RULE if chain else Code.ALGEBRA
            words = "the derivative of the inner function is missing" if chain else f"the factor {factor} is lost"
            yield Edit(((term.span, f"{body} \\cdot {factor}"),), code, words, term.span)
            yield Edit(
                ((term.span, f"\\frac{{{text}}}{{{factor}}}"),),
                code if not chain else Code.ALGEBRA,
                f"a factor {factor} too many",
                term.span,
            )


def _factor_texts(source: SourceFile, lhs: Node) -> list[str]:
    found: list[str] = []
    for part in parts_below(lhs):
        node = part.node
        if isinstance(node, Name | Script) and not _is_script_part(part):
            found.append(source.slice(node.span))
        if isinstance(node, Product):
            for a, b in zip(node.factors, node.factors[1:], strict=False):
                if isinstance(a, Name) and isinstance(b, Group):
                    found.append(source.slice(Span(a.span.start, b.span.end)))
        if isinstance(node, Group) and isinstance(node.body, Additive):
            found.append(source.slice(node.span))
    return [text for text in found if text and "&" not in text]


def _inner_slopes(outcome: Outcome) -> list[str]:
    """Slopes of the arguments of functions and powers, as text."""
    from deriv.check.slopes import inner_slopes

    return inner_slopes(outcome)


def has_deriv(node: Node) -> bool:
    """Whether a derivative is written in the formula."""
    return any(isinstance(part.node, Deriv | Nabla) for part in parts_below(node))


def _terms(source: SourceFile, parts: list[Part]) -> Iterator[Edit]:
    """A term too many."""
    for part in parts:
        node = part.node
        if not isinstance(node, Additive) or len(node.terms) < 2:
            continue
        for k, term in enumerate(node.terms):
            start = node.terms[k - 1].span.end if k else node.span.start
            yield Edit(((Span(start, term.span.end), "" if k else "0"),), Code.EXTRA_TERM, "a term too many", term.span)
