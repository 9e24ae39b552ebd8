"""Which formulas the second reader is asked about: plain scalar ones, the part of its grammar that means what it says.

Outside of it, latex2sympy2 takes e, i and I for constants, `f(x)` and accents for products, superscripts in brackets
for powers, and tells nobody; a difference there would say nothing about our reading.
"""

from __future__ import annotations

from deriv.latex.nodes import Additive, Deriv, Frac, Function, Group, Name, Node, Number, Product, Root, Script
from deriv.latex.symbols import GREEK

_FUNCTIONS = frozenset("sin cos tan sinh cosh tanh arcsin arccos arctan ln log exp".split())
_GROWING = frozenset(["exp", "sinh", "cosh"])
_HEIGHT = 2
_DIGITS = 4
_CONSTANTS_THERE = frozenset("deijIESNOQCT")
_PLAIN_OPERATORS = frozenset(["", "cdot", "times", "*", "/"])


def why_not_plain(node: Node) -> str:
    """Why a formula is nothing for the second reader; "" when it can be asked."""
    stack = [(node, 0)]
    while stack:
        part, height = stack.pop()
        inside = _parts(part)
        if inside is None:
            return f"{type(part).__name__.lower()} of a kind that it does not read reliably"
        raised = isinstance(part, Script) or (isinstance(part, Function) and part.name in _GROWING)
        if height > _HEIGHT:
            return "a tower of powers"  # its value may be too large for any computer
        stack.extend((child, height + raised) for child in inside)
    return ""


def _parts(node: Node) -> list[Node] | None:
    """The parts of a node that must be plain for it to be so; None when it is not plain itself."""
    match node:
        case Number(text=text):
            return [] if text.replace(".", "", 1).isdigit() and len(text) <= _DIGITS else None
        case Name():
            return [] if _plain_name(node) else None
        case Script(primes=0):
            return _scripted(node)
        case Group(open="(", close=")", body=body):
            return [body]
        case Frac(num=num, den=den):
            return [num, den]
        case Root(body=body, degree=degree):
            return [body] if degree is None else [body, degree]
        case Additive(signs=signs, terms=terms):
            return list(terms) if set(signs) <= {"+", "-"} else None
        case Product(factors=factors, ops=ops):
            return list(factors) if set(ops) <= _PLAIN_OPERATORS and not _swallowed(node) else None
        case Function(name=name, arg=Node() as arg, sub=None, primes=0, sup=None):
            return [arg] if name in _FUNCTIONS and not isinstance(arg, Script) else None
        case Deriv(kind="d", ratio=False, body=Group() as body, by=((Name() as variable, 1),)):
            return [variable, body]
    return None


def _plain_name(name: Name) -> bool:
    if name.accents or name.font:
        return False
    letter = len(name.text) == 1 and name.text.isascii() and name.text not in _CONSTANTS_THERE
    return letter or name.text in GREEK


def _scripted(node: Script) -> list[Node] | None:
    if isinstance(node.base, Function):
        return None
    if node.sub is None and node.sup is not None:
        base = node.base
        return [node.sup] if isinstance(base, Name) and base.text == "e" and not base.accents else [base, node.sup]
    digits = isinstance(node.sub, Number) and node.sub.text.isdigit()
    return [node.base] if digits and node.sup is None and isinstance(node.base, Name) else None


def _swallowed(node: Product) -> bool:
    r"""`f(x)`, which it takes for a product or a call at will, and `\sin(x) \cdot y`, where the sine takes all."""
    pairs = zip(node.factors, node.factors[1:], node.ops, strict=False)
    calls = any(op == "" and isinstance(a, Name | Script) and isinstance(b, Group) for a, b, op in pairs)
    return calls or any(isinstance(factor, Function) for factor in node.factors[:-1])
