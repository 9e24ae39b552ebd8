"""Loops over scalars as text: what the targets with loops (numba, C) have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from deriv.codegen import emit
from deriv.codegen.arrays import Op
from deriv.codegen.loops import Loop, Nests, Put, Statement, nests
from deriv.codegen.program import Program
from deriv.codegen.scalars import At, Cell, Position, Scalar, Value, element
from deriv.codegen.text import NUMPY_NAMES, OPERATORS, number_text, safe_name
from deriv.engine.graph import Dim
from deriv.errors import MeaningError

_LETTERS = "ijklmpqrstuv"
_ATOM, _SIGN, _TIMES, _COMPARE = 6, 4, 3, 1
_OWN = frozenset({"number", "size", "constant", "lowest", "copy", "where", "neg", "pow"})


@dataclass(slots=True)
class LoopWriter:
    """Writes the nests of a program for some outputs; a dialect says how loops, entries and calls are spelled."""

    program: Program
    names: dict[Op, str] = field(default_factory=dict)
    sizes: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    made: Nests = field(default_factory=Nests)
    lines: list[str] = field(default_factory=list)
    variables: dict[int, str] = field(default_factory=dict)
    declared: set[Op] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)
    used: dict[str, None] = field(default_factory=dict)
    renamed: dict[Op, str] = field(default_factory=dict)

    def run(self, outputs: Sequence[Op], wanted: dict[Op, str]) -> None:
        """Write all statements; `wanted` are the names of results that leave the function."""
        start = emit.start(self.program)
        self.taken |= start.taken | set(start.sizes.values()) | {"value"}
        self.sizes = start.sizes
        self.names = {**start.variables, **self.renamed}
        labels = self.program.arrays.labels
        self.made = nests(outputs, set(labels))
        for op, name in wanted.items():
            self.names[op] = name
        for op in sorted(self.made.stored - set(wanted), key=lambda o: o.number):
            role = self.program.roles.get(op)
            self.names[op] = self._fresh(labels.get(op) or (role if role not in self.taken else None))
        self._write(self.made.body, 0)

    def _fresh(self, wanted: str | None) -> str:
        candidates = iter([wanted] if wanted else [])
        name = next(candidates, None) or next(f"t{k}" for k in range(1, 10**6) if f"t{k}" not in self.taken)
        name = safe_name(name, self.taken)
        self.taken.add(name)
        return name

    def buffers(self) -> list[Op]:
        """The stored results that need an array."""
        return [op for op in sorted(self.made.stored, key=lambda o: o.number) if self.made.axes(op)]

    def length(self, op: Op) -> list[str]:
        """The lengths of the axes that a stored result keeps."""
        return [self.dim(op.shape[k]) for k in self.made.axes(op)]

    # statements

    def _write(self, body: Sequence[Statement], depth: int) -> None:
        indent = "    " * depth
        for statement in body:
            if isinstance(statement, Loop):
                free = [x for x in _LETTERS if x not in self.taken and x not in self.variables.values()]
                self.variables[statement.var] = letter = free[0] if free else self._fresh("i")
                self.lines.append(indent + self.loop(letter, self.dim(statement.dim)))
                self._write(statement.body, depth + 1)
                self.lines += [indent + line for line in self.loop_end()]
                del self.variables[statement.var]
            else:
                self.lines.append(indent + self._put(statement))

    def _put(self, put: Put) -> str:
        target = self.cell(Cell(put.op, put.at))
        value, level = self.text(put.value)
        if isinstance(put.value, Value) and put.value.name == "number":
            value = repr(float(put.value.data))  # type: ignore[arg-type]
        match put.how:
            case "":
                first = not self.made.axes(put.op) and put.op not in self.declared
                self.declared.add(put.op)
                return self.assign(target, value, declare=first)
            case "max":
                self.helpers.add("maximum")
                return self.assign(target, f"{self.helper('maximum')}({target}, {value})", declare=False)
            case "prod":
                return self.update(target, "*", value if level >= _TIMES else f"({value})")
        return self.update(target, "+", value)

    # scalars

    def expression(self, op: Op) -> str:
        """A result without axes."""
        return self.text(element(op, (), self.made.stored))[0]

    def text(self, scalar: Scalar) -> tuple[str, int]:
        """A scalar as text, and how tightly it binds."""
        if isinstance(scalar, Cell):
            return self.cell(scalar), _ATOM
        if isinstance(scalar, Position):
            return self.position(scalar), _ATOM
        if scalar.name in OPERATORS and scalar.name != "pow":
            return self._operator(scalar)
        if scalar.name in _OWN:
            return self._own(scalar)
        return f"{self.function(scalar.name)}({', '.join(self.text(a)[0] for a in scalar.args)})", _ATOM

    def _own(self, scalar: Value) -> tuple[str, int]:
        match scalar.name:
            case "number":
                assert isinstance(scalar.data, (Fraction, int))
                return self.number(Fraction(scalar.data)), _SIGN if scalar.data < 0 else _ATOM
            case "size":
                assert isinstance(scalar.data, Dim)
                return self.size(scalar.data), _ATOM
            case "constant":
                return self.constant(str(scalar.data)), _ATOM
            case "copy":
                return self.text(scalar.args[0])
            case "neg":
                return f"-{self._inside(scalar.args[0], _SIGN)}", _SIGN
            case "where":
                return f"({self.choice(*(self.text(a)[0] for a in scalar.args))})", _ATOM
            case "pow":
                return self.power(*scalar.args), _ATOM
        return self.lowest(), _ATOM

    def _operator(self, scalar: Value) -> tuple[str, int]:
        sign, level = OPERATORS[scalar.name]
        left, right = scalar.args
        if level == _COMPARE and any(isinstance(a, Position) for a in scalar.args):
            return f"{self._whole(left)} {sign} {self._whole(right)}", level
        tight = level + 1 if scalar.name in ("sub", "div") or level == _COMPARE else level
        right_text, own = self.text(right)
        if own < tight or (scalar.name == "mul" and isinstance(right, Value) and right.name == "div"):
            right_text = f"({right_text})"
        return f"{self._inside(left, level + (level == _COMPARE))} {sign} {right_text}", level

    def _inside(self, scalar: Scalar, binding: int) -> str:
        text, own = self.text(scalar)
        return text if own >= binding else f"({text})"

    def _whole(self, scalar: Scalar) -> str:
        """A place or a whole number in a comparison of places."""
        if isinstance(scalar, Position):
            return self.index(scalar.at, scalar.start)
        if isinstance(scalar, Value) and scalar.name == "number":
            return str(scalar.data)
        if isinstance(scalar, Value) and scalar.name == "size" and isinstance(scalar.data, Dim):
            return self.dim(scalar.data)
        return self.text(scalar)[0]

    # lengths and places

    def dim(self, dim: Dim) -> str:
        """A length."""
        if not dim.symbol:
            return str(dim.offset)
        self.used.setdefault(dim.symbol)
        return _shifted(self.sizes.get(dim.symbol, dim.symbol), dim.offset)

    def index(self, at: At, start: Dim | None = None) -> str:
        """A place along an axis."""
        start = start or Dim()
        offset = at.offset + start.offset
        var = self.made.var(at.var)
        parts = [self.variables[var]] if var is not None else []
        if start.symbol:
            parts.append(self.dim(Dim(start.symbol)))
        return _shifted(" + ".join(parts), offset) if parts else str(offset)

    def places(self, cell: Cell) -> list[str]:
        """The places of an entry along the axes that its array keeps."""
        kept = self.made.axes(cell.op) if cell.op in self.made.stored else range(len(cell.at))
        return [self.index(cell.at[k]) for k in kept]

    # the dialect

    def loop(self, var: str, length: str) -> str:
        """The head of a loop."""
        raise NotImplementedError

    def loop_end(self) -> list[str]:
        """What closes a loop."""
        return []

    def assign(self, target: str, value: str, *, declare: bool) -> str:
        """Set a variable."""
        return f"{target} = {value}"

    def update(self, target: str, sign: str, value: str) -> str:
        """Add to a variable, or multiply it."""
        return f"{target} {sign}= {value}"

    def cell(self, cell: Cell) -> str:
        """One entry of an array."""
        places = self.places(cell)
        return f"{self.names[cell.op]}[{', '.join(places)}]" if places else self.names[cell.op]

    def position(self, scalar: Position) -> str:
        """A place in the role of a number."""
        return f"({self.index(scalar.at, scalar.start)})"

    def number(self, value: Fraction) -> str:
        """A rational number."""
        return number_text(value)

    def size(self, dim: Dim) -> str:
        """A length in the role of a number."""
        return self.dim(dim) if not dim.offset else f"({self.dim(dim)})"

    def constant(self, name: str) -> str:
        """pi or e."""
        raise NotImplementedError

    def lowest(self) -> str:
        """What every maximum starts from."""
        raise NotImplementedError

    def choice(self, mask: str, yes: str, no: str) -> str:
        """One of two values."""
        raise NotImplementedError

    def power(self, base: Scalar, exponent: Scalar) -> str:
        """A power."""
        raise NotImplementedError

    def function(self, name: str) -> str:
        """The name of a function."""
        if name not in NUMPY_NAMES and name != "xlogx":
            raise MeaningError(f"there is no function {name} in this target: code cannot be generated for it")
        return name

    def helper(self, name: str) -> str:
        """The name of a helper of the module."""
        self.helpers.add(name)
        return name


def _shifted(text: str, offset: int) -> str:
    return text if not offset else f"{text} {'+' if offset > 0 else '-'} {abs(offset)}"


def results(program: Program) -> dict[str, Op]:
    """A result of its own for each gradient, also where it is a view or equal to another."""
    found: dict[str, Op] = {}
    for name, op in program.grads.items():
        own = (op.shape and not op.args) or op in found.values() or op.name in _COPIED
        found[name] = program.arrays.make("copy", (op,), (name,), op.shape) if own else op
    return found


_COPIED = frozenset(
    {"input", "transpose", "expand", "squeeze", "take", "slice", "stretch", "ones", "eye", "iota", "onehot"}
)
