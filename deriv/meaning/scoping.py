"""Operators without brackets: does `Σ a - b` end at the minus sign, does `d/dx x² + x`?

The parser ends an operator's body with the term.  Here the other reading is made: the body runs on to the end of the
sum.  Both are tried, since authors write both.
"""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

from deriv.latex.nodes import (
    Additive,
    BigOp,
    Decorated,
    Deriv,
    Function,
    Group,
    Items,
    Nabla,
    Name,
    Node,
    Number,
    Product,
    Script,
)
from deriv.meaning.names import children, rewritten
from deriv.source import Span


def widened(node: Node) -> Node | None:
    """The formula with every open operator running to the end of its sum; None when there is none."""
    result = _widen(node)
    return None if result is node else result


def _widen(node: Node) -> Node:
    if isinstance(node, Additive):
        return _widen_sum(node)
    if isinstance(node, Product):
        node = _widen_product(node)
    changes: dict[str, object] = {}
    for field in fields(node):
        if field.name == "span":
            continue
        old = getattr(node, field.name)
        new = _widen_field(old)
        if new is not old:
            changes[field.name] = new
    return replace(node, **changes) if changes else node  # type: ignore[arg-type]


def over_brackets(node: Node) -> Node | None:
    """The formula with every `∂/∂x (f) g` applying to the product, each to its own term; None when there is none."""
    result = rewritten(node, lambda part: _widen_product(part) if isinstance(part, Product) else part)
    return None if result is node else result


def narrowed(node: Node) -> Node | None:
    """The formula with every `∂/∂x f (g)` ending before the brackets; None when there is none."""
    result = rewritten(node, lambda part: _before_brackets(part) if isinstance(part, Deriv) else part)
    return None if result is node else result


def over_products(node: Node) -> Node | None:
    """The formula with `log a exp(b)` as the logarithm of the product; None when there is nothing of the kind."""
    result = rewritten(node, _over)
    return None if result is node else result


def _over(node: Node) -> Node:
    if isinstance(node, Product):
        return _over_product(node)
    call = node.base if isinstance(node, Script) and node.sub is None and not node.primes else None
    if isinstance(call, Function) and isinstance(call.arg, Group) and call.sup is None:
        assert isinstance(node, Script)
        if isinstance(node.sup, Number):
            return node  # log(x)^3 is a power of the logarithm
        power = replace(node, base=call.arg, span=call.arg.span.to(node.span))
        return replace(call, arg=power, span=node.span)  # log (1-p)^n
    return node


def _over_product(node: Product) -> Node:
    for k, factor in enumerate(node.factors[:-1]):
        bare = isinstance(factor, Function) and factor.arg is not None and not isinstance(factor.arg, Group)
        if not bare or any(node.ops[k:]):
            continue
        assert isinstance(factor, Function)
        assert factor.arg is not None
        rest = node.factors[k + 1 :]
        inside = Product(factor.arg.span.to(rest[-1].span), (factor.arg, *rest), node.ops[k:])
        whole = replace(factor, arg=inside, span=factor.span.to(rest[-1].span))
        return whole if k == 0 else replace(node, factors=(*node.factors[:k], whole), ops=node.ops[:k])
    return node


def _before_brackets(node: Deriv) -> Node:
    """`∂/∂x f (g)` as (∂f/∂x)·g."""
    body = node.body
    if node.ratio or not isinstance(body, Product):
        return node
    for k in range(1, len(body.factors)):
        before, group = body.factors[k - 1 : k + 1]
        applied = isinstance(before, Name) or not isinstance(group, Group) or isinstance(group.body, Name | Items)
        if body.ops[k - 1] == "" and not applied:
            inner = body.factors[0] if k == 1 else replace(body, factors=body.factors[:k], ops=body.ops[: k - 1])
            short = replace(node, body=inner, span=Span(node.span.start, inner.span.end))
            return Product(node.span, (short, *body.factors[k:]), ("", *body.ops[k:]))
    return node


def _widen_product(node: Product) -> Node:
    """`d/dx (x+1)(x-1)`: the operator may apply to the whole product."""
    for k, factor in enumerate(node.factors[:-1]):
        operator = isinstance(factor, Deriv) and not factor.ratio and isinstance(factor.body, Group)
        if not operator or node.ops[k] != "":
            continue
        assert isinstance(factor, Deriv)
        assert factor.body is not None
        span = factor.body.span.to(node.factors[-1].span)
        body = Product(span, (factor.body, *node.factors[k + 1 :]), node.ops[k:])
        wide = replace(factor, body=body, span=factor.span.to(span))
        if k == 0:
            return wide
        return replace(node, factors=(*node.factors[:k], wide), ops=node.ops[:k])
    return node


def _widen_field(value: object) -> object:
    if isinstance(value, Node):
        return _widen(value)
    if isinstance(value, tuple):
        parts = tuple(map(_widen_field, value))
        return parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    return value


def _widen_sum(node: Additive) -> Node:
    for k, term in enumerate(node.terms[:-1]):
        if not is_open(term):
            continue
        rest = Additive(
            Span(node.terms[k + 1].span.start, node.terms[-1].span.end), node.signs[k + 1 :], node.terms[k + 1 :]
        )
        wide = _widen(_absorb(term, rest))
        if k == 0 and node.signs[0] == "+":
            return wide
        return Additive(node.span, node.signs[: k + 1], (*map(_widen, node.terms[:k]), wide))
    terms = tuple(map(_widen, node.terms))
    return node if all(a is b for a, b in zip(terms, node.terms, strict=True)) else replace(node, terms=terms)


def is_open(term: Node) -> bool:
    """Whether a term ends in an operator whose body has no brackets."""
    if isinstance(term, Product):
        return is_open(term.factors[-1])
    if isinstance(term, BigOp | Nabla) or (isinstance(term, Deriv) and not term.ratio):
        body = term.body
        if isinstance(term, BigOp) and term.kind == "int":
            return False
        while isinstance(body, Decorated):
            body = body.body
        return body is not None and not isinstance(body, Group) and not _closed_product(body)
    return False


def _closed_product(body: Node) -> bool:
    """`Σ [a][b]`, `Σ (a - b) x`: brackets inside show that the author closes what belongs together."""
    if isinstance(body, Function):
        return False
    return isinstance(body, Product) and isinstance(body.factors[0], Group) and not is_open(body)


def _absorb(term: Node, rest: Additive) -> Node:
    if isinstance(term, Product):
        return replace(term, factors=(*term.factors[:-1], _absorb(term.factors[-1], rest)))
    assert isinstance(term, BigOp | Nabla | Deriv)
    assert term.body is not None
    body = term.body
    if (isinstance(body, Product) and is_open(body)) or (isinstance(body, BigOp | Deriv | Nabla) and is_open(body)):
        return replace(term, body=_absorb(body, rest))
    first_signs: tuple[str, ...] = ("+",)
    first: tuple[Node, ...] = (body,)
    if isinstance(body, Additive):
        first_signs, first = body.signs, body.terms
    whole = Additive(body.span.to(rest.span), (*first_signs, *rest.signs), (*first, *rest.terms))
    return replace(term, body=whole)


def settled(node: Node) -> Node:
    """The formula with what needs no context settled.

    Sums whose index goes on after the next sign run on: `Σ_i a_i - b_i` is Σ_i (a_i - b_i).  `Δx` is one symbol.
    """
    if isinstance(node, Name):
        return node
    if isinstance(node, Function):
        node = _with_short_argument(_without_braces(node))
    if isinstance(node, Product):
        node = _with_increments(_with_components(node))
    if isinstance(node, Additive):
        for k, term in enumerate(node.terms[:-1]):
            letters = _open_letters(term)
            if letters and is_open(term) and any(letters & _letters(rest) for rest in node.terms[k + 1 :]):
                return _widen_sum(node)
    changes: dict[str, object] = {}
    for field in fields(node):
        if field.name != "span":
            old = getattr(node, field.name)
            new = _settle_field(old)
            if new is not old:
                changes[field.name] = new
    return replace(node, **changes) if changes else node  # type: ignore[arg-type]


def _with_components(node: Product) -> Product:
    """`s(x)_i` is the i-th component of s at x, as `s_i(x)` is."""
    factors = list(node.factors)
    for k, (name, call) in enumerate(pairwise(node.factors)):
        if node.ops[k] != "" or not isinstance(name, Name) or not isinstance(call, Script) or call.sub is None:
            continue
        brackets = call.base if isinstance(call.base, Group) and call.base.open == "(" else None
        if brackets is not None and isinstance(brackets.body, Name) and not call.primes:
            factors[k : k + 2] = Script(name.span.to(call.span), name, call.sub, call.sup, 0), brackets
    return replace(node, factors=tuple(factors)) if factors != list(node.factors) else node


def _without_braces(node: Function) -> Node:
    """`\\log{(x)}^2` is (log x)², `\\sin{(z)} y` is sin(z)·y: brackets in braces are the whole argument."""
    arg = node.arg
    if isinstance(arg, Script) and isinstance(arg.base, Group) and arg.sub is None and not arg.primes:
        if arg.base.open not in "([":
            return node
        return Script(node.span, replace(node, arg=arg.base), None, arg.sup)
    if isinstance(arg, Product) and arg.ops[0] == "":
        first = arg.factors[0]
        group = first.base if isinstance(first, Script) else first
        if isinstance(group, Group) and group.open in "([":
            call = _without_braces(replace(node, arg=first))
            return Product(node.span, (call, *arg.factors[1:]), arg.ops)
    return node


_APPLIED_LETTERS = frozenset("f g h F G H p P q sigma phi varphi psi rho pi".split())


def _with_short_argument(node: Node) -> Node:
    """`\\cos x (2 + x)` is cos(x)·(2 + x), although `\\log \\sigma(z)` is log(σ(z))."""
    if not isinstance(node, Function) or not isinstance(node.arg, Product) or node.arg.ops[0] != "":
        return node
    factors, ops = node.arg.factors, node.arg.ops
    for k in range(1, len(factors)):
        group = factors[k].base if isinstance(factors[k], Script) else factors[k]  # type: ignore[attr-defined]
        if not (isinstance(group, Group) and group.open in "([" and isinstance(group.body, Additive)):
            continue
        before = factors[k - 1]
        while isinstance(before, Script):
            before = before.base
        if ops[k - 1] == "" and isinstance(before, Name) and before.text not in _APPLIED_LETTERS:
            first = factors[0] if k == 1 else replace(node.arg, factors=factors[:k], ops=ops[: k - 1])
            short = replace(node, arg=first, span=Span(node.span.start, factors[k - 1].span.end))
            return Product(node.span, (short, *factors[k:]), ("", *ops[k:]))
    return node


def _with_increments(node: Product) -> Node:
    """Put Δ and the symbol after it together."""
    factors: list[Node] = []
    ops: list[str] = []
    k = 0
    while k < len(node.factors):
        factor = node.factors[k]
        if k:
            ops.append(node.ops[k - 1])
        beside = k + 1 < len(node.factors) and node.ops[k] == ""
        joined = _increment(factor, node.factors[k + 1]) if beside else None
        factors.append(joined or factor)
        k += 2 if joined is not None else 1
    if len(factors) == 1:
        return factors[0]
    return node if len(factors) == len(node.factors) else replace(node, factors=tuple(factors), ops=tuple(ops))


def _increment(delta: Node, symbol: Node) -> Node | None:
    if not (isinstance(delta, Name) and delta.text == "Delta" and not delta.accents):
        return None
    span = delta.span.to(symbol.span)
    if isinstance(symbol, Name):
        return replace(symbol, span=span, text="Delta" + symbol.text)
    if isinstance(symbol, Script) and isinstance(symbol.base, Name):
        return replace(symbol, span=span, base=replace(symbol.base, text="Delta" + symbol.base.text))
    return None


def _settle_field(value: object) -> object:
    if isinstance(value, Node):
        return settled(value)
    if isinstance(value, tuple):
        parts = tuple(map(_settle_field, value))
        return parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    return value


def _open_letters(term: Node) -> set[str]:
    """Index letters of the sum that a term ends in."""
    if isinstance(term, Product):
        return _open_letters(term.factors[-1])
    if isinstance(term, BigOp) and term.kind in ("sum", "prod") and term.sub is not None:
        inner = _open_letters(term.body) if term.body is not None else set()
        return inner | _letters(term.sub)
    return set()


def _letters(node: Node) -> set[str]:
    """Single letters in a sub- or superscript (or the node itself) that no sum inside the node binds."""
    found: set[str] = set()
    stack: list[tuple[Node, bool, frozenset[str]]] = [(node, _is_bare(node), frozenset())]
    while stack:
        part, script, bound = stack.pop()
        if isinstance(part, Name) and script and len(part.text) == 1 and part.text not in bound:
            found.add(part.text)
        if isinstance(part, BigOp) and part.sub is not None:
            bound |= _letters(part.sub)
        if isinstance(part, Script):
            stack.append((part.base, False, bound))
            stack.extend((child, True, bound) for child in (part.sub, part.sup) if child is not None)
        else:
            stack.extend((child, script and not isinstance(part, BigOp), bound) for child in children(part))
    return found


def _is_bare(node: Node) -> bool:
    return not isinstance(node, Additive | Product | Function | BigOp | Deriv)
