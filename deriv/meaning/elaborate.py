"""From the surface tree to values: products and applications, sums, matrices, brackets.

Where a formula can be read in two ways the elaborator asks its `Reading`, which answers with the likelier one first
and remembers that there was a choice; the checker tries the others before it calls a step wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from deriv.errors import MeaningError, ShapeError
from deriv.expr.nodes import Call, Const, Expr, Mul, Num, Pow, reciprocal
from deriv.expr.tensor import Axis, Grid, Tensor, Value, determinant, elementwise, inner, matmul, scalar
from deriv.latex import symbols as sy
from deriv.latex.nodes import (
    Additive,
    BigOp,
    Binomial,
    CasesOf,
    Chain,
    Decorated,
    Deriv,
    Differential,
    Frac,
    Function,
    Group,
    Items,
    Matrix,
    Nabla,
    Name,
    Node,
    Number,
    Postfix,
    Product,
    Root,
    Script,
    Symbol,
    Text,
)
from deriv.meaning import applications, atoms, derivatives, differentials, functions, operators, slopes
from deriv.meaning.arithmetic import add_values, divide, minus, number
from deriv.meaning.names import base_name
from deriv.meaning.ranges import Ranges
from deriv.meaning.scope import Scope
from deriv.meaning.survey import Kind, KindKey


@dataclass
class Reading:
    """Answers to the ambiguities of a formula; `met` lists the choices that came up, with their number of options."""

    answers: dict[Hashable, int] = field(default_factory=dict)
    met: dict[Hashable, int] = field(default_factory=dict)
    kinds: Mapping[KindKey, Kind] = field(default_factory=dict)
    """Shapes of letters that are read otherwise than their use suggests, so that the claim fits together."""

    def choose(self, key: Hashable, options: int = 2) -> int:
        """Which option to take; 0 is the likelier one."""
        self.met[key] = options
        return self.answers.get(key, 0)


def _are_alike(a: Value, b: Value) -> bool:
    """Whether both are columns, or both rows."""
    if isinstance(a, Grid) or isinstance(b, Grid) or not (a.is_vector and b.is_vector):
        return False
    return (a.rows is None) == (b.rows is None)


ENTRYWISE = "entrywise"
"""The choice of how two columns side by side are multiplied."""


@dataclass
class Elaborator:
    """Gives values to surface nodes in a scope.  One instance serves both sides of a claim."""

    scope: Scope
    reading: Reading = field(default_factory=Reading)
    ranges: Ranges = field(default_factory=Ranges)
    env: dict[str, Expr] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    composed: dict[str, list[tuple[Expr, ...]]] = field(default_factory=dict)
    """What functions have been applied to so far, where it was other functions: `f(g(x))`."""
    mentioned: dict[str, str] = field(default_factory=dict)
    """The arguments that indexed functions have been read without: `L_i(\\theta)` is L_i."""
    inner_names: set[str] = field(default_factory=set)
    strains: int = 0
    doubts: int = 0
    stretched: set[str] = field(default_factory=set)
    """Vectors added to a matrix, of which nothing says whether they are added to its rows or to its columns."""
    kinds_met: dict[KindKey, Kind] = field(default_factory=dict)
    varying: Mapping[str, Node] = field(default_factory=dict)
    """The quantities with a free differential in the claim, by name."""
    held: set[str] = field(default_factory=set)
    """Quantities that were taken not to vary in a free differential."""
    outcomes: set[Expr] = field(default_factory=set)
    """Indices that run over the outcomes of chance."""
    fixed: set[str] = field(default_factory=set)
    """Quantities that were taken not to be random in an expectation."""
    general: set[str] = field(default_factory=set)
    """Arguments that a partial derivative holds fixed, whatever the text says they are."""
    written_ranges: dict[str, tuple[Expr, Expr]] = field(default_factory=dict)
    """Bounds of the sums around, by bound index."""
    distributions: set[frozenset[str]] = field(default_factory=set)
    """What is random in the expectations of the claim."""
    _fresh: int = 0

    def fresh(self, letter: str) -> str:
        """A bound index name that occurs nowhere else."""
        self._fresh += 1
        return f"{letter.split('.', maxsplit=1)[0]}.{self._fresh}"

    def note(self, text: str) -> None:
        """Tell the reader of the report how something was understood."""
        if text not in self.notes:
            self.notes.append(text)

    def strain(self, text: str) -> None:
        """A note about a reading that needs some charity; another reading without it is preferred."""
        self.strains += 1
        self.note(text)

    def doubt(self) -> None:
        """Something is written that makes little sense for the shapes as they are read (the norm of a scalar)."""
        self.doubts += 1

    def value(self, node: Node) -> Value:
        """The value of a formula."""
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise MeaningError(f"{type(node).__name__.lower()} is not understood here")
        try:
            return handler(self, node)
        except MeaningError as error:
            error.place = error.place or (node.span.start, node.span.end)  # the innermost part is to blame
            raise

    def as_vector(self, node: Node) -> Value:
        """The value of a name that stands in an inner product, unless it is a scalar for certain."""
        name = base_name(node)
        if name is None or self.reading.choose("inner-products") == 1:
            return self.value(node)
        self.inner_names.add(name)
        try:
            return self.value(node)
        finally:
            self.inner_names.discard(name)

    def scalar(self, node: Node) -> Expr:
        """The value of a formula that must be a scalar."""
        value = self.value(node)
        if isinstance(value, Tensor) and value.is_scalar:
            return value.body
        if isinstance(value, Grid) and value.shape == (1, 1):
            return value.entries[0][0]
        raise ShapeError("a scalar was expected, a vector or matrix found")

    def same(self, a: Axis, b: Axis) -> bool:
        """Whether two axes have one range, learning sizes.

        Written sizes that differ make a step wrong; what it would say if they did not shows how (see `judge`).
        """
        return self.ranges.same(a, b) or self.reading.choose("sizes") == 1

    def elementwise(self, a: Value, b: Value, combine: Callable[[Expr, Expr], Expr]) -> Value:
        """Entry by entry, learning sizes."""
        return elementwise(a, b, combine, self.same)

    def matmul(self, a: Value, b: Value) -> Value:
        """Matrix product, learning sizes.

        `W^T δ σ'(z)` is one entry by entry where the document has no other sign for that.
        """
        if _are_alike(a, b) and not self.scope.survey.marks_entrywise and self.reading.choose(ENTRYWISE) == 1:
            self.note("vectors side by side are multiplied entry by entry")
            return self.elementwise(a, b, lambda x, y: Mul((x, y)))
        return matmul(a, b, self.same)

    def inner(self, a: Value, b: Value) -> Tensor:
        """Inner product, learning sizes."""
        return inner(a, b, self.same)


def _script(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Script)
    return operators.at_point(el, node) or atoms.script_value(el, node)


def _number(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Number)
    return scalar(number(node.text))


def _additive(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Additive)
    total: Value | None = None
    for sign, term in zip(node.signs, node.terms, strict=True):
        if sign not in "+-":
            raise MeaningError(f"the sign {sign} has two values")
        value = el.value(term)
        if sign == "-":
            value = value.map(minus)
        total = value if total is None else add_values(el, total, value)
    assert total is not None
    return total


def _product(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Product)
    if _is_mixed_number(node):
        raise MeaningError("a whole number beside a fraction of numbers may be a mixed number or a product")
    return slopes.product(el, applications.applied(el, node.factors, node.ops))


def _is_mixed_number(node: Product) -> bool:
    """`3 \\frac{1}{2}`."""
    first, second = node.factors[:2]
    if node.ops[0] != "" or not isinstance(first, Number) or not isinstance(second, Frac):
        return False
    return first.text.isdigit() and isinstance(second.num, Number) and isinstance(second.den, Number)


def _frac(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Frac)
    return divide(el, el.value(node.num), el.value(node.den))


def _root(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Root)
    degree = Num(2) if node.degree is None else el.scalar(node.degree)
    exponent = Num(1 / degree.value) if isinstance(degree, Num) and degree.value else reciprocal(degree)
    return el.value(node.body).map(lambda x: Pow(x, exponent))


def _group(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Group)
    if node.open == "|":
        return functions.bars(el, node)
    if node.open == "‖":
        return functions.norm(el, node)
    if node.open == "<":
        return functions.angle(el, node)
    if isinstance(node.body, Items):
        return row_of(el, node)
    if isinstance(node.body, Chain):
        return functions.indicator(el, node.body)
    if _is_shape(node):
        raise MeaningError("numbers with × in brackets are read as a shape, not as a product")
    if node.open in ("(", "[", "{"):
        return el.value(node.body)
    if node.open in ("floor", "ceil"):
        return el.value(node.body).map(lambda x: Call(node.open, (x,)))
    raise MeaningError(f"the brackets {node.open} {node.close} are not understood here")


def _is_shape(node: Group) -> bool:
    """`(28 × 28)`."""
    body = node.body
    if node.open != "(" or not isinstance(body, Product) or set(body.ops) != {"times"}:
        return False
    return all(isinstance(factor, Number) and factor.text.isdigit() for factor in body.factors)


def row_of(el: Elaborator, node: Group) -> Value:
    """A list in brackets as a column of numbers or entries."""
    assert isinstance(node.body, Items)
    if any(separator != "," for separator in node.body.separators):
        raise MeaningError("a list with bars or semicolons is not a value")
    if _is_grouped_number(node.body):
        raise MeaningError("one number with thousands set off, or a list?  1{,}000 is the number, 1, 000 the list")
    return Grid(tuple((el.scalar(item),) for item in node.body.items))


def _is_grouped_number(body: Items) -> bool:
    """`1,000`: digits in groups of three, with no space after the comma."""
    first, *rest = body.items
    if not isinstance(first, Number) or not first.text.isdigit() or len(first.text) > 3:
        return False
    glued = all(b.span.start == a.span.end + 1 for a, b in zip(body.items, rest, strict=False))
    return glued and all(isinstance(item, Number) and len(item.text.partition(".")[0]) == 3 for item in rest)


def _matrix(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Matrix)
    if len({len(row) for row in node.rows}) != 1:
        raise MeaningError("the rows of the matrix differ in length")
    grid = Grid(tuple(tuple(el.scalar(cell) for cell in row) for row in node.rows))
    if node.env == "Vmatrix":
        raise MeaningError("the norm of a matrix that is written out")
    return determinant(grid, el.ranges.same) if node.env == "vmatrix" else grid


def _postfix(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Postfix)
    if node.operator == "%":
        return divide(el, el.value(node.base), scalar(Num(100)))
    return scalar(Call("factorial", (el.scalar(node.base),)))


def _binomial(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Binomial)
    return scalar(Call("binomial", (el.scalar(node.top), el.scalar(node.bottom))))


def _decorated(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Decorated)
    if node.mark in _MARKS_OF_NAMES:
        raise MeaningError(f"{node.mark} over more than a name")
    return el.value(node.body)


def _text(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Text)
    raise MeaningError(f"the words “{node.text.strip()[:40]}” stand inside the formula")


def _symbol(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Symbol)
    if node.text == "oo":
        return scalar(Const("oo"))
    if node.text == "dots":
        raise MeaningError("dots stand for something that is not written")
    raise MeaningError(f"the symbol {node.text} is not understood here")


def _differential(el: Elaborator, node: Node) -> Value:
    assert isinstance(node, Differential)
    return differentials.differential_value(el, node.body)


def _chain(el: Elaborator, node: Node) -> Value:
    raise MeaningError("a relation stands where a value was expected")


_MARKS_OF_NAMES = {*sy.ACCENTS.values()} - {"underline"}  # underlining may be mere emphasis

_HANDLERS: dict[type[Node], Callable[[Elaborator, Node], Value]] = {
    Number: _number,
    Additive: _additive,
    Product: _product,
    Frac: _frac,
    Root: _root,
    Group: _group,
    Matrix: _matrix,
    Postfix: _postfix,
    Binomial: _binomial,
    Decorated: _decorated,
    Text: _text,
    Symbol: _symbol,
    Differential: _differential,
    Chain: _chain,
    Name: atoms.name_value,
    Script: _script,
    Function: functions.function_value,
    CasesOf: functions.cases_value,
    BigOp: operators.big_value,
    Deriv: derivatives.derivative_value,
    Nabla: derivatives.nabla_value,
    Items: lambda el, node: row_of(el, Group(node.span, "(", ")", node)),
}
