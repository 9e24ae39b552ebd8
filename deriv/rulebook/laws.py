"""From the `[law]` table of a rule file to a law, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from deriv.errors import UsageError
from deriv.expr import nodes as n
from deriv.expr.nodes import Expr
from deriv.rulebook.arrays import ArrayFormula, parse_array_formula
from deriv.rulebook.formula import parse_formula
from deriv.rulebook.model import AlgebraLaw, FunctionLaw, GradientLaw, Law, MatrixLaw, StructureLaw

_COMMON: Final = frozenset(("statement", "domain"))
WRONG_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "function": ("partials",),
    "structure": ("result",),
    "algebra": ("after",),
    "gradient": ("derivative",),
    "matrix": ("gradient", "differential"),
}


class Table:
    """A TOML table that knows the name of its file, so that every complaint says where it is."""

    def __init__(self, data: Mapping[str, Any], label: str) -> None:
        self.data, self.label = data, label

    def only(self, keys: set[str] | frozenset[str]) -> None:
        """Refuse keys that are not in the list."""
        for key in self.data:
            if key not in keys:
                raise UsageError(f"{self.label}: {key}: unknown key (known: {', '.join(sorted(keys))})")

    def text(self, key: str, default: str | None = None) -> str:
        """A non-empty text."""
        value = self.data.get(key, default)
        if value is None:
            raise UsageError(f"{self.label}: {key}: missing")
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f"{self.label}: {key}: a text is expected")
        return value.strip()

    def texts(self, key: str, default: Sequence[str] | None = None) -> Sequence[str]:
        """A list of texts."""
        value = self.data.get(key, default)
        if value is None:
            raise UsageError(f"{self.label}: {key}: missing")
        if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
            raise UsageError(f"{self.label}: {key}: a list of texts is expected")
        return value

    def table(self, key: str) -> Table:
        """A table inside this one."""
        value = self.data.get(key)
        if not isinstance(value, Mapping):
            raise UsageError(f"{self.label}: {key}: a table is expected")
        return Table(value, f"{self.label}: {key}")

    def tables(self, key: str) -> list[Table]:
        """A list of tables; none at all is an empty list."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, Mapping) for part in value):
            raise UsageError(f"{self.label}: {key}: a list of tables is expected")
        return [Table(part, f"{self.label}: {key} {k + 1}") for k, part in enumerate(value)]

    def without(self, key: str) -> Table:
        """The same table without one key."""
        return Table({name: value for name, value in self.data.items() if name != key}, self.label)

    def formula(self, key: str) -> Expr:
        """An expression in the formula language."""
        with self.located(key):
            return parse_formula(self.text(key))

    def formulas(self, key: str, default: Sequence[str] | None = None) -> tuple[Expr, ...]:
        """A list of expressions in the formula language."""
        with self.located(key):
            return tuple(map(parse_formula, self.texts(key, default)))

    def array(self, key: str) -> ArrayFormula:
        """A formula over arrays."""
        with self.located(key):
            return parse_array_formula(self.text(key))

    @contextmanager
    def located(self, key: str) -> Iterator[None]:
        """Errors from inside name this file and key."""
        try:
            yield
        except UsageError as error:
            if str(error).startswith(self.label):
                raise
            raise UsageError(f"{self.label}: {key}: {error}") from error


def read_law(kind: str, table: Table) -> Law:
    """The law of a rule of the given kind."""
    return _READERS[kind](table)


def read_wrong(kind: str, table: Table) -> tuple[Expr, ...] | ArrayFormula:
    """What a mistake puts in the place of the result."""
    if kind == "function":
        return table.formulas("partials")
    if kind == "matrix":
        return table.array("gradient" if "gradient" in table.data else "differential")
    return (table.formula(WRONG_KEYS[kind][0]),)


def _function(table: Table) -> FunctionLaw:
    table.only({*_COMMON, "call", "partials", "meaning", "breaks", "aliases"})
    call = table.formula("call")
    if not isinstance(call, n.Call):
        raise UsageError(f"{table.label}: call: a call of a function is expected")
    name, args = call.function, tuple(arg.name for arg in call.children if isinstance(arg, n.Sym))
    partials = table.formulas("partials")
    if len(partials) != len(args):
        raise UsageError(f"{table.label}: partials: one for each of the {len(args)} inputs is expected")
    meaning = table.formula("meaning") if "meaning" in table.data else None
    return FunctionLaw(
        name, args, partials, meaning, table.formulas("breaks", default=()), tuple(table.texts("aliases", default=()))
    )


def _structure(table: Table) -> StructureLaw:
    table.only({*_COMMON, "pattern", "result", "constants", "tactic"})
    constants = tuple(table.texts("constants", default=()))
    return StructureLaw(table.formula("pattern"), table.formula("result"), constants, table.text("tactic"))


def _algebra(table: Table) -> AlgebraLaw:
    table.only({*_COMMON, "before", "after", "tactic"})
    tactic = table.text("tactic") if "tactic" in table.data else ""
    return AlgebraLaw(table.formula("before"), table.formula("after"), tactic)


def _gradient(table: Table) -> GradientLaw:
    table.only({*_COMMON, "value", "wrt", "derivative"})
    variable = table.formula("wrt")
    if not isinstance(variable, n.Sym | n.Entry):
        raise UsageError(f"{table.label}: wrt: a name or an entry is expected")
    return GradientLaw(table.formula("value"), variable, table.formula("derivative"))


def _matrix(table: Table) -> MatrixLaw:
    table.only({*_COMMON, "shapes", "value", "wrt", "gradient", "differential", "properties"})
    if ("gradient" in table.data) == ("differential" in table.data):
        raise UsageError(f"{table.label}: gradient: exactly one of gradient and differential is expected")
    written = table.table("shapes")
    shapes = {name: tuple(str(written.data[name]).split()) for name in written.data}
    law = MatrixLaw(
        shapes=shapes, value=table.array("value"), variable=table.text("wrt"),
        gradient=table.array("gradient") if "gradient" in table.data else None,
        differential=table.array("differential") if "differential" in table.data else None,
        properties=tuple(table.texts("properties", default=())),
    )  # fmt: skip
    _check_names(law, table.label)
    return law


def _check_names(law: MatrixLaw, label: str) -> None:
    known = {*law.shapes, f"d{law.variable}"}
    for formula in (law.value, law.gradient, law.differential):
        for name in sorted(formula.names if formula else ()):
            if name not in known:
                raise UsageError(f"{label}: {name}: the shape is not given")


_READERS: Final[Mapping[str, Callable[[Table], Law]]] = {
    "function": _function, "structure": _structure, "algebra": _algebra, "gradient": _gradient, "matrix": _matrix,
}  # fmt: skip
