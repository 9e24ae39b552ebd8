"""The door to a single formula: how it is read, as an expression, as SymPy text, as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from deriv.errors import MeaningError
from deriv.expr.nodes import Expr, Sym
from deriv.expr.tensor import Tensor, Value
from deriv.latex.nodes import Chain, Node
from deriv.latex.parse import parse_with_remarks
from deriv.meaning.applications import nodes_of
from deriv.meaning.elaborate import Elaborator, Reading
from deriv.meaning.names import children
from deriv.meaning.scope import Scope
from deriv.meaning.scoping import settled, widened
from deriv.meaning.survey import Survey

_EQUALITIES = {"=": "Eq", "!=": "Ne", "<": "Lt", "<=": "Le", ">": "Gt", ">=": "Ge"}
_EQUALITIES |= dict.fromkeys(("approx", "equiv", ":=", "def", "<-"), "Eq")


@dataclass(frozen=True)
class FormulaReading:
    """What a formula is taken to say.  `values` are the parts of a chain of relations, or the only part."""

    latex: str
    node: Node
    values: tuple[Value, ...]
    relations: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def expr(self) -> Expr:
        """The expression, for a formula without relations that is a scalar."""
        only = self.values[0]
        if len(self.values) != 1 or not isinstance(only, Tensor) or not only.is_scalar:
            raise MeaningError("a scalar expression was expected")
        return only.body

    @cached_property
    def sympy(self) -> str:
        """`str` of the SymPy expression."""
        texts = [_text(value) for value in self.values]
        if not self.relations:
            return texts[0]
        parts = [
            f"{_EQUALITIES[relation]}({a}, {b})"
            for relation, a, b in zip(self.relations, texts, texts[1:], strict=False)
        ]
        return parts[0] if len(parts) == 1 else f"And({', '.join(parts)})"

    @property
    def tree(self) -> str:
        """The surface tree, one node a line."""
        return "\n".join(_tree(self.node, 0))


def read_formula(latex: str, scope: Scope | None = None) -> FormulaReading:
    """Read one formula.

    Raises ReadingError (with offsets) when it cannot be read, MeaningError when it has no definite meaning.
    """
    written, remarks = parse_with_remarks(latex)
    node = settled(written)
    if scope is None:
        survey = Survey()
        survey.add(node)
        scope = Scope(survey)
    reading = Reading()
    elaborator = Elaborator(scope, reading, scope.ranges)
    parts = node.parts if isinstance(node, Chain) else (node,)
    if any(part is None for part in parts):
        raise MeaningError("one side of the relation is missing")
    values = tuple(elaborator.value(part).map(scope.ranges.canonical) for part in parts if part is not None)
    relations = tuple(relation.text for relation in node.relations) if isinstance(node, Chain) else ()
    for relation in node.relations if isinstance(node, Chain) else ():
        if relation.text not in _EQUALITIES:
            error = MeaningError(f"{latex[relation.span.start : relation.span.end]} is no equation or inequality")
            error.place = (relation.span.start, relation.span.end)
            raise error
    notes = [*elaborator.notes, *_ambiguities(node, reading)]
    notes += [f"the words “{words}” are taken for a remark" for words in dict.fromkeys(remarks)]
    if any(Sym("_argument") in nodes_of(value) for value in values):
        notes.append("a function stands without its argument")
    return FormulaReading(latex, node, values, relations, tuple(notes))


def _ambiguities(node: Node, reading: Reading) -> list[str]:
    notes = []
    if widened(node) is not None:
        notes.append("the operator without brackets ends at the next + or -; it may also run to the end")
    for key in reading.met:
        if isinstance(key, tuple) and key[0] == "order":
            notes.append(f"the number in brackets above {key[1]} may be the order of a derivative or an index")
        if key == "arccot":
            notes.append("arccot x is read as arctan(1/x); some take it for π/2 - arctan x, which differs for x < 0")
        if isinstance(key, tuple) and key[0] == "apply":
            notes.append(f"{key[1]}(…) may be read as an application or as a product")
        if isinstance(key, tuple) and key[0] in ("superscript", "numeral"):
            notes.append(f"the superscript of {key[1]} may be a power or an index")
    return list(dict.fromkeys(notes))


def _text(value: Value) -> str:
    from deriv.expr.sympy_bridge import to_text

    if isinstance(value, Tensor):
        return to_text(value.body)
    rows = (", ".join(to_text(e) for e in row) for row in value.entries)
    return f"Matrix([{', '.join(f'[{row}]' for row in rows)}])"


def _tree(node: Node, depth: int) -> list[str]:
    data = [
        f"{name}={getattr(node, name)!r}"
        for name in node.__slots__
        if isinstance(getattr(node, name), str | int) and getattr(node, name) not in ("", 0)
    ]
    lines = ["  " * depth + type(node).__name__ + (f" {' '.join(data)}" if data else "")]
    for child in children(node):
        lines.extend(_tree(child, depth + 1))
    return lines
