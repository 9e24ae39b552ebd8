"""Names of symbols as users meet them: `\\hat{y}` is `yhat`, `x_{\\text{new}}` is `x_new`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from deriv.latex.nodes import (
    Additive,
    BigOp,
    Decorated,
    Deriv,
    Frac,
    Function,
    Group,
    Items,
    Name,
    Node,
    Number,
    Product,
    Root,
    Script,
    Symbol,
    Text,
)

_DISTINCT_FONTS = {"cal": "cal", "bb": "bb", "frak": "frak", "scr": "cal"}

VALUE_MARKS = frozenset(
    ("star", "ast", "plus", "minus", "dagger", "ddagger", "circ", "sharp", "flat", "natural", "bullet")
)
"""Signs on a letter that name one value of it: `x^*`, `x^+`."""


def canonical(name: Name) -> str:
    """The name with its accents; bold, roman and plain letters of one name are the same symbol."""
    return _DISTINCT_FONTS.get(name.font, "") + name.text + "".join(name.accents)


def is_letter(node: Node | None) -> bool:
    """A plain single Latin letter without accents."""
    return isinstance(node, Name) and len(node.text) == 1 and not node.accents and node.text.isascii()


def is_index_letter(node: Node | None) -> bool:
    """A single lower-case letter that notes use as an index."""
    return is_letter(node) and isinstance(node, Name) and node.text in "ijklmnpqrst" and node.font in ("", "it", "rm")


def is_label(node: Node) -> bool:
    r"""`\mathrm{new}` above a name."""
    return isinstance(node, Name) and node.font == "rm" and len(node.text) > 1


def counts_nothing(node: Node) -> bool:
    """What no index can be: nobody numbers by a fraction, a root or a sum (`ij` are two indices)."""
    if isinstance(node, Product):
        return any(node.ops)
    return isinstance(node, BigOp | Deriv | Frac | Function | Root)


_SIGNS = {"+": "plus", "-": "minus", "pm": "pm", "mp": "mp"}


def label_text(node: Node) -> str:
    """A plain-text spelling of a subscript that is a label, not an index."""
    match node:
        case Name():
            return canonical(node)
        case Number(text=text) | Text(text=text) | Symbol(text=text):
            return "".join(c for c in text if c.isalnum()) or "".join(f"u{ord(c):x}" for c in text)
        case Product(factors=parts) | Items(items=parts):
            return "".join(map(label_text, parts))
        case Additive(signs=signs, terms=terms):  # the layers L + 1 and L - 1 are two
            spelled = zip((_SIGNS.get(sign, sign) for sign in signs), map(label_text, terms), strict=True)
            return "".join(sign + text for sign, text in spelled).removeprefix("plus")
        case Group(body=body) | Decorated(body=body):
            return label_text(body)
        case Script(base=base, sub=sub):
            return label_text(base) + (label_text(sub) if sub else "")
        case Function(name=name, arg=arg):
            return name + (label_text(arg) if arg is not None else "")
        case _:
            return type(node).__name__.lower()


def base_name(node: Node | None) -> str | None:
    """The canonical name at the bottom of a Name, Script or Decorated; None for anything else."""
    while isinstance(node, Script | Decorated):
        node = node.base if isinstance(node, Script) else node.body
    return canonical(node) if isinstance(node, Name) else None


def all_names(node: Node) -> set[str]:
    """The canonical names of everything in a formula."""
    return _names(node, heads=True)


def standing_names(node: Node) -> set[str]:
    """The names in a formula, those left out that only stand before brackets: σ in `w \\sigma(x) + b`."""
    return _names(node, heads=False)


def _names(node: Node, *, heads: bool) -> set[str]:
    found: set[str] = set()
    stack = [node]
    while stack:
        part = stack.pop()
        name = base_name(part)
        if name:
            found.add(name)
        inside = children(part)
        if isinstance(part, Product) and not heads:
            after = [*part.factors[1:], None]
            inside = [f for f, g in zip(part.factors, after, strict=True) if not (isinstance(f, Name) and _opens(g))]
        stack.extend(inside)
    return found


def _opens(node: Node | None) -> bool:
    if isinstance(node, Script) and node.sub is None and not node.primes:
        node = node.base
    return isinstance(node, Group) and node.open == "("


def children(node: Node) -> list[Node]:
    """The direct parts of a surface node, in order of its fields."""
    found: list[Node] = []
    for field_name in node.__slots__:
        collect(getattr(node, field_name), found)
    return found


def rewritten(node: Node, visit: Callable[[Node], Node]) -> Node:
    """Bottom up: `visit` is applied to every node over its rewritten parts; unchanged parts stay shared."""
    changes: dict[str, object] = {}
    for field_name in node.__slots__:
        old = getattr(node, field_name)
        new = _rewritten_part(old, visit)
        if new is not old:
            changes[field_name] = new
    return visit(replace(node, **changes) if changes else node)  # type: ignore[arg-type]


def _rewritten_part(value: object, visit: Callable[[Node], Node]) -> object:
    if isinstance(value, Node):
        return rewritten(value, visit)
    if isinstance(value, tuple):
        parts = tuple(_rewritten_part(part, visit) for part in value)
        return parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    return value


def collect(value: object, found: list[Node]) -> None:
    """Append the nodes inside a field's value (nested tuples included)."""
    if isinstance(value, Node):
        found.append(value)
    elif isinstance(value, tuple):
        for part in value:
            collect(part, found)


def spelling(node: Node) -> str:
    """What is written in a formula, wherever it stands in the text."""
    parts = [type(node).__name__]
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            parts.append(spelling(value))
        elif isinstance(value, tuple) and any(isinstance(part, Node) for part in value):
            parts.append(",".join(spelling(part) if isinstance(part, Node) else str(part) for part in value))
        elif field.name != "span":
            parts.append(str(value))
    return f"({' '.join(parts)})"
