"""Array operations to program text: names, precedence, and the spelling of each call."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from deriv.codegen.arrays import UNIT, VIEWS, Op, constant, needed
from deriv.engine.graph import Dim, Shape
from deriv.errors import MeaningError

_INLINE = VIEWS | {"input", "number", "constant", "size"}
_ATOM, _POWER, _SIGN, _TIMES, _PLUS, COMPARE = 6, 5, 4, 3, 2, 1
OPERATORS = {
    "add": ("+", _PLUS),
    "sub": ("-", _PLUS),
    "mul": ("*", _TIMES),
    "div": ("/", _TIMES),
    "matmul": ("@", _TIMES),
    "pow": ("**", _POWER),
    "gt": (">", COMPARE),
    "ge": (">=", COMPARE),
    "lt": ("<", COMPARE),
    "le": ("<=", COMPARE),
    "eq": ("==", COMPARE),
    "ne": ("!=", COMPARE),
}
NUMPY_NAMES = {
    **{name: name for name in "exp log log1p sin cos tan sinh cosh tanh sqrt abs sign floor where vdot".split()},
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "max": "maximum",
    "min": "minimum",
}
HELPERS = {
    "xlogx": '''
def xlogx(x):
    """x log x, which is 0 at 0."""
    return x * np.log(np.where(x > 0, x, 1))
''',
    "place": '''
def place(x, axis, position, length):
    """x at one position of a new axis, zeros elsewhere."""
    out = np.zeros((*x.shape[:axis], length, *x.shape[axis:]), DTYPE)
    out[(slice(None),) * axis + (position,)] = x
    return out
''',
    "pad": '''
def pad(x, axis, start, length):
    """x from a position on, zeros elsewhere."""
    out = np.zeros((*x.shape[:axis], length, *x.shape[axis + 1 :]), DTYPE)
    out[(slice(None),) * axis + (slice(start, start + x.shape[axis]),)] = x
    return out
''',
    "prod_others": '''
def prod_others(x, axis):
    """For each entry the product of all the others along an axis (without dividing: entries may be 0)."""
    x = np.moveaxis(x, axis, -1)
    ones = np.ones((*x.shape[:-1], 1), x.dtype)
    before = np.cumprod(np.concatenate((ones, x[..., :-1]), -1), -1)
    after = np.cumprod(np.concatenate((ones, x[..., :0:-1]), -1), -1)[..., ::-1]
    return np.moveaxis(before * after, -1, axis)
''',
}


def safe_name(name: str, taken: Iterable[str] = ()) -> str:
    """A Python identifier for a symbol that clashes with nothing."""
    text = "".join(c if c.isalnum() or c == "_" else "_" for c in name) or "v"
    if text[0].isdigit():
        text = f"v{text}"
    held = set(taken)
    while keyword.iskeyword(text) or text in held:
        text += "_"
    return text


def number_text(value: Fraction) -> str:
    """A rational number in program text (exact wherever a float can be)."""
    if value.denominator == 1:
        return str(value.numerator)
    if float(value).as_integer_ratio() == (value.numerator, value.denominator) or value.denominator <= 10**4:
        decimal = repr(float(value))
        if Fraction(decimal) == value:
            return decimal
    return f"({value.numerator} / {value.denominator})"


@dataclass(slots=True)
class Writer:
    """Writes statements for the operations in order; what is used once and has no name stands inside its user."""

    module: str = "np"
    variables: dict[Op, str] = field(default_factory=dict)
    sizes: dict[str, str] = field(default_factory=dict)
    labels: Mapping[Op, str] = field(default_factory=dict)
    roles: Mapping[Op, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=lambda: {"np", "params", "data", "DTYPE", *HELPERS})
    helpers: set[str] = field(default_factory=set)
    width: int = 88
    quick: bool = False  # methods of arrays where they are quicker than operators; tapes know operators only

    def run(self, outputs: Sequence[Op]) -> None:
        """Write all statements that the outputs need."""
        order = needed(outputs)
        uses = Counter(a for op in order for a in op.args)
        uses.update(outputs)
        for op in order:
            if op.name in _INLINE or op in self.variables:
                continue
            if uses[op] > 1 or op in self.labels:
                self.assign(op)

    def assign(self, op: Op) -> str:
        """Give an operation a variable."""
        if op not in self.variables:
            text = self.text(op)[0]
            name = self.fresh(self.labels.get(op) or self.role(op))
            self.lines.append(f"{name} = {text}")
            self.variables[op] = name
        return self.variables[op]

    def role(self, op: Op) -> str | None:
        """A name after the part that a value plays, if it is free."""
        name = self.roles.get(op)
        return name if name not in self.taken else None

    def fresh(self, wanted: str | None) -> str:
        """A new variable name."""
        if wanted is None:
            k = 1
            while f"t{k}" in self.taken:
                k += 1
            wanted = f"t{k}"
        name = safe_name(wanted, self.taken)
        self.taken.add(name)
        return name

    def expression(self, op: Op) -> str:
        """The text of an operation."""
        return self.text(op)[0]

    def text(self, op: Op) -> tuple[str, int]:
        """The text of an operation and how tightly it binds."""
        if op in self.variables:
            return self.variables[op], _ATOM
        written = self._write(op)
        if len(written[0]) > self.width:
            inner = [a for a in op.args if a not in self.variables and a.name not in _INLINE]
            if inner:
                self.assign(max(inner, key=lambda a: len(self.text(a)[0])))
                return self.text(op)
        return written

    def _write(self, op: Op) -> tuple[str, int]:
        if op.name in OPERATORS:
            return self._operator(op)
        if op.name == "neg":
            return f"-{self.inside(op.args[0], _SIGN)}", _SIGN
        if op.name == "number":
            value = constant(op) or Fraction(0)
            return number_text(value), _SIGN if value < 0 else _ATOM
        if op.name in HELPERS:
            return self._helper(op), _ATOM
        special = getattr(self, f"_write_{op.name}", None)
        if special is not None:
            return special(op), _ATOM
        return f"{self.module}.{self.call_name(op.name)}({self._args(op)})", _ATOM

    def call_name(self, name: str) -> str:
        """The library's name of a function."""
        if name not in NUMPY_NAMES:
            raise MeaningError(f"NumPy has no function {name}: code cannot be generated for it")
        return NUMPY_NAMES[name]

    def _args(self, op: Op) -> str:
        return ", ".join(self.expression(a) for a in op.args)

    def inside(self, op: Op, binding: int) -> str:
        """Text to stand where at least this binding is needed."""
        text, own = self.text(op)
        return text if own >= binding else f"({text})"

    def _operator(self, op: Op) -> tuple[str, int]:
        sign, level = OPERATORS[op.name]
        left, right = op.args
        if op.name == "matmul" and self.quick and not op.shape:
            return f"{self.inside(left, _ATOM)}.dot({self.expression(right)})", _ATOM  # a third of the time of @
        if op.name in ("matmul", "pow"):
            return f"{self.inside(left, _ATOM)} {sign} {self.inside(right, _ATOM)}", _TIMES if sign == "@" else level
        tight = level + 1 if op.name in ("sub", "div") or level == COMPARE else level
        left_text, right_text = self.inside(left, level), self.inside(right, tight)
        if level == _TIMES and left.name == "matmul" and left not in self.variables and self.text(left)[1] < _ATOM:
            left_text = f"({left_text})"
        if level == _TIMES and right.name in ("matmul", "div") and right not in self.variables:
            right_text = f"({self.expression(right)})"
        return f"{left_text} {sign} {right_text}", level

    def _helper(self, op: Op) -> str:
        self.helpers.add(op.name)
        extra = [str(x) for x in op.data]
        if op.name in ("place", "pad"):
            extra.append(self.dim(op.shape[int(str(op.data[0]))]))
        return f"{op.name}({', '.join([self._args(op), *extra])})"

    # shapes

    def dim(self, dim: Dim) -> str:
        """A length in program text."""
        if not dim.symbol:
            return str(dim.offset)
        name = self.sizes.get(dim.symbol, dim.symbol)
        return name if not dim.offset else f"{name} {'+' if dim.offset > 0 else '-'} {abs(dim.offset)}"

    def shape(self, shape: Shape) -> str:
        """A shape as a tuple."""
        inner = ", ".join(map(self.dim, shape))
        return f"({inner},)" if len(shape) == 1 else f"({inner})"

    # the calls with a spelling of their own

    def _write_input(self, op: Op) -> str:
        return safe_name(str(op.data[0]))

    def _write_constant(self, op: Op) -> str:
        return f"{self.module}.{op.data[0]}"

    def _write_size(self, op: Op) -> str:
        dim = op.data[0]
        assert isinstance(dim, Dim)
        return self.dim(dim) if not dim.offset else f"({self.dim(dim)})"

    def _write_sum(self, op: Op) -> str:
        return self._reduction(op, "sum")

    def _write_prod(self, op: Op) -> str:
        return self._reduction(op, "prod")

    def _write_amax(self, op: Op) -> str:
        return self._reduction(op, "max")

    def _reduction(self, op: Op, method: str) -> str:
        axes, keep = op.data
        assert isinstance(axes, tuple)
        arguments = []
        if len(axes) < len(op.args[0].shape) or keep:
            arguments.append(f"axis={axes[0] if len(axes) == 1 else axes}")
        if keep:
            arguments.append("keepdims=True")
        return f"{self.inside(op.args[0], _ATOM)}.{method}({', '.join(arguments)})"

    def _write_vdot(self, op: Op) -> str:
        return f"{self.module}.vdot({self._args(op)})"

    def _write_einsum(self, op: Op) -> str:
        return f'{self.module}.einsum("{op.data[0]}", {self._args(op)})'

    def _write_tensordot(self, op: Op) -> str:
        return f"{self.module}.tensordot({self._args(op)}, axes={op.data[0]})"

    def _write_transpose(self, op: Op) -> str:
        inner = self.inside(op.args[0], _ATOM)
        order = op.data[0]
        assert isinstance(order, tuple)
        return f"{inner}.T" if order == tuple(reversed(range(len(order)))) else f"{inner}.transpose{order}"

    def _write_expand(self, op: Op) -> str:
        pattern = op.data[0]
        assert isinstance(pattern, tuple)
        return f"{self.inside(op.args[0], _ATOM)}[{', '.join(':' if held else 'None' for held in pattern)}]"

    def _write_squeeze(self, op: Op) -> str:
        return self._index(op, "0")

    def _write_take(self, op: Op) -> str:
        return self._index(op, str(op.data[1]))

    def _index(self, op: Op, position: str) -> str:
        axis = int(str(op.data[0]))
        picks = [position if k == axis else ":" for k in range(len(op.args[0].shape))]
        while picks[-1] == ":":
            picks.pop()
        return f"{self.inside(op.args[0], _ATOM)}[{', '.join(picks)}]"

    def _write_slice(self, op: Op) -> str:
        axis, start = int(str(op.data[0])), int(str(op.data[1]))
        length = op.shape[axis]
        stop = self.dim(Dim(length.symbol, length.offset + start))
        return self._index(op, f"{start or ''}:{stop}")

    def _write_stretch(self, op: Op) -> str:
        return f"{self.module}.broadcast_to({self.expression(op.args[0])}, {self.shape(op.shape)})"

    def _write_onehot(self, op: Op) -> str:
        labels = self.inside(op.args[0], _ATOM)
        origin = int(str(op.data[0]))
        stop = self.dim(Dim(op.shape[-1].symbol, op.shape[-1].offset + origin))
        return f"({labels}[..., None] == {self.module}.arange({origin}, {stop}))"

    def _write_iota(self, op: Op) -> str:
        start = op.data[0]
        assert isinstance(start, Dim)
        stop = Dim(op.shape[0].symbol, op.shape[0].offset + start.offset)
        return f"{self.module}.arange({self.dim(start)}, {self.dim(stop)}, dtype=DTYPE)"

    def _write_ones(self, op: Op) -> str:
        return f"{self.module}.ones({self.shape(op.shape)}, DTYPE)"

    def _write_eye(self, op: Op) -> str:
        return f"{self.module}.eye({self.dim(op.shape[0])}, dtype=DTYPE)"


def used_sizes(ops: Iterable[Op]) -> list[str]:
    """The size symbols whose values a program needs at run time."""
    found: dict[str, None] = {}
    for op in ops:
        dims: list[Dim] = []
        if op.name == "size" and isinstance(op.data[0], Dim):
            dims.append(op.data[0])
        if op.name in ("stretch", "ones", "eye", "iota", "onehot", "place", "pad", "slice"):
            dims += op.shape
        for dim in dims:
            if dim.symbol and dim != UNIT:
                found.setdefault(dim.symbol)
    return list(found)
