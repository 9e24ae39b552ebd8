"""Names of several letters that are typed without a command: `LL(\\mu, \\sigma) = …`, `MSE = …`.

TeX sets them as products, and so they are parsed.  Where such a run of capitals stands at the head of an equation,
with an argument list or alone, it is a name, there and in the rest of the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from deriv.latex.nodes import Chain, Group, Name, Node, Product
from deriv.meaning.names import children, rewritten
from deriv.meaning.survey import plain_arguments

_DEFINES = frozenset(("=", ":=", "def"))
_PAIR = 2
_ALONE = 3  # a product of two matrices at the head of an equation is common, one of three is not


def word_names(nodes: Iterable[Node]) -> frozenset[str]:
    """All runs of capitals that the document introduces as names."""
    found: set[str] = set()
    pairs: set[str] = set()
    formulas = list(nodes)
    for node in formulas:
        if (
            isinstance(node, Chain)
            and isinstance(node.parts[0], Product)
            and node.relations[0].text in ("=", ":=", "def")
        ):
            word = _head_word(node.parts[0])
            if word:
                found.add(word)
            elif _is_pair(node.parts[0]):
                pairs.add(_text(node.parts[0], 0, _PAIR))
    return frozenset(found | {pair for pair in pairs if _has_own_letter(pair, formulas)})


def _is_pair(head: Product) -> bool:
    return len(head.factors) == _PAIR == _run(head, 0)


def _has_own_letter(pair: str, formulas: list[Node]) -> bool:
    """Whether a letter of `MC` stands nowhere but in `MC`: then it is no product."""
    alone: Counter[str] = Counter()
    stack = list(formulas)
    while stack:
        node = stack.pop()
        stack.extend(children(node))
        if isinstance(node, Name):
            alone[node.text] += 1
        elif isinstance(node, Product):
            for k in range(len(node.factors) - 1):
                if _run(node, k) >= _PAIR and _text(node, k, _PAIR) == pair:
                    alone.subtract(pair)
    return any(not alone[letter] for letter in pair)


def _head_word(head: Product) -> str:
    count = _run(head, 0)
    rest = head.factors[count:]
    if count >= _ALONE and not rest:
        return _text(head, 0, count)
    called = len(rest) == 1 and isinstance(rest[0], Group) and rest[0].open == "(" and plain_arguments(rest[0].body)
    return _text(head, 0, count) if count >= 2 and called else ""


def _run(node: Product, start: int) -> int:
    """How many capitals stand without a gap from a factor on."""
    end = start
    while end < len(node.factors) and _is_capital(node.factors[end]):
        if end > start and (node.ops[end - 1] or node.factors[end - 1].span.end != node.factors[end].span.start):
            break
        end += 1
    return end - start


def _is_capital(node: Node) -> bool:
    return isinstance(node, Name) and len(node.text) == 1 and node.text.isupper() and not (node.accents or node.font)


def _text(node: Product, start: int, count: int) -> str:
    return "".join(factor.text for factor in node.factors[start : start + count] if isinstance(factor, Name))


def with_words(node: Node, words: frozenset[str]) -> Node:
    """The formula with every such run as one name."""
    if not words:
        return node
    return rewritten(node, lambda part: _joined(part, words) if isinstance(part, Product) else part)


def _joined(node: Product, words: frozenset[str]) -> Node:
    factors: list[Node] = []
    ops: list[str] = []
    k = 0
    while k < len(node.factors):
        if k:
            ops.append(node.ops[k - 1])
        count = _run(node, k)
        if count > 1 and _text(node, k, count) in words:
            first, last = node.factors[k], node.factors[k + count - 1]
            factors.append(Name(first.span.to(last.span), _text(node, k, count), font="rm"))
            k += count
        else:
            factors.append(node.factors[k])
            k += 1
    if len(factors) == len(node.factors):
        return node
    return factors[0] if len(factors) == 1 else replace(node, factors=tuple(factors), ops=tuple(ops))
