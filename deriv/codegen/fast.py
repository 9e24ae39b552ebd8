"""`make(params, data)`: work without the parameters done once, every result in a buffer of its own.

One call per operation and no new arrays: on small problems the number of calls decides, on large ones the memory
traffic.  A buffer whose last reader has run is used again, in place where shapes allow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from deriv.codegen import emit
from deriv.codegen.arrays import VIEWS, Op, needed
from deriv.codegen.program import Program, size_sources
from deriv.codegen.text import NUMPY_NAMES, Writer
from deriv.engine.graph import Dim

_UFUNCS = {
    **{name: NUMPY_NAMES[name] for name in NUMPY_NAMES if name not in ("where", "vdot")},
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "pow": "power",
    "neg": "negative",
    "gt": "greater",
    "ge": "greater_equal",
    "lt": "less",
    "le": "less_equal",
    "eq": "equal",
    "ne": "not_equal",
}
_NUMBER_NAMES = {"0": "zero", "1": "one", "2": "two", "-1": "minus_one", "0.5": "half"}
_MASKS = frozenset({"gt", "ge", "lt", "le", "eq", "ne"})
_ARITHMETIC = frozenset({"add", "sub", "mul", "div", "neg"})
_LEAVES = frozenset({"input", "number", "constant", "size"})


@dataclass(slots=True)
class _Maker:
    """Collects the lines before the loop (`setup`) and of one step (`step`)."""

    program: Program
    writer: Writer
    setup: list[str] = field(default_factory=list)
    step: list[str] = field(default_factory=list)
    pool: dict[tuple[object, ...], list[str]] = field(default_factory=dict)
    owner: dict[Op, tuple[tuple[object, ...], str]] = field(default_factory=dict)
    last: dict[Op, int] = field(default_factory=dict)
    kept: set[Op] = field(default_factory=set)
    gone: set[Op] = field(default_factory=set)
    uses: Counter[Op] = field(default_factory=Counter)

    @property
    def number(self) -> str:
        """What a scalar is kept as: a number of Python is the quickest, but it raises where NumPy gives inf or nan."""
        scalars = [op for op in needed(self.program.outputs) if not op.shape and op not in self.program.fixed]
        raises = any(
            op.name == "pow" or (op.name == "div" and op.args[1].name not in ("number", "size")) for op in scalars
        )
        return "DTYPE.type" if raises else "float"

    def run(self) -> None:
        """Write everything."""
        outputs = self.program.outputs
        order = [op for op in needed(outputs) if op.name not in _LEAVES]
        fixed = [op for op in order if op in self.program.fixed]
        moving = [op for op in order if op not in self.program.fixed]
        self._hoist(fixed, moving)
        moving = self._flattened(moving, outputs)
        self.kept = {self._base(op) for op in outputs}
        self.uses = Counter(arg for op in moving for arg in op.args)
        for position, op in enumerate(moving):
            for arg in self._reads(op):
                self.last[self._base(arg)] = position
        for position, op in enumerate(moving):
            self._statement(op, position)

    def _reads(self, op: Op) -> list[Op]:
        """What a statement reads: for a sum of a product left out, its factors."""
        found: list[Op] = []
        for arg in op.args:
            found += self._reads(arg) if arg in self.gone else [arg]
        return found

    def _base(self, op: Op) -> Op:
        while op.name in VIEWS and op not in self.program.fixed:
            op = op.args[0]
        return op

    def _hoist(self, fixed: Sequence[Op], moving: Sequence[Op]) -> None:
        """Statements for what a step reads and no parameter changes."""
        read = {a for op in moving for a in op.args} | set(self.program.outputs)
        wanted = [op for op in fixed if op in read]
        self.writer.run(wanted)
        for op in wanted:
            if op not in self.writer.variables:
                self.writer.assign(op)
        numbers = {f"{self.writer.variables[op]} = " for op in wanted if not op.shape}
        alone = {a for op in moving if not op.shape for a in op.args} | set(self.program.outputs)
        arrays = {f"{self.writer.variables[op]} = " for op in wanted if not op.shape and op not in alone}
        for line in self.writer.lines:
            head = line[: line.find(" = ") + 3]
            kind = "np.asarray({})" if head in arrays else f"{self.number}({{}})" if head in numbers else "{}"
            self.setup.append(head + kind.format(line[len(head) :]))
        self.writer.lines = []

    def _flattened(self, moving: Sequence[Op], outputs: Sequence[Op]) -> list[Op]:
        """Leave out products that only a full sum reads: the sum takes their factors to BLAS."""
        readers: dict[Op, list[Op]] = {}
        for op in moving:
            for arg in op.args:
                readers.setdefault(arg, []).append(op)
        gone = self.gone
        for op in reversed(moving):
            users = readers.get(op, [])
            into_sum = len(users) == 1 and op not in outputs and _total(users[0]) | (users[0] in gone)
            if into_sum and op.name in ("mul", "add", "sub") and all(a.shape == op.shape for a in op.args):
                if users[0].name == "mul":
                    continue
                gone.add(op)
        return [op for op in moving if op not in gone]

    # one statement

    def _statement(self, op: Op, position: int) -> None:
        if op.name in VIEWS:
            self._view(op)
        elif not op.shape:
            if op.name not in _ARITHMETIC or self.uses[op] > 1:  # other scalars stand inside the line that reads them
                self._scalar(op)
        elif op.name in _UFUNCS or op.name in ("matmul", "where", "sum", "amax", "prod", "einsum"):
            self._buffered(op, position)
        else:
            text = self._text(op)
            self.step.append(f"{self._name(op)} = {text}")
        self._release(op, position)

    def _text(self, op: Op) -> str:
        """The text of an operation, after the lines for the parts that were too long to stand in it."""
        text = self.writer.expression(op)
        self.step += self.writer.lines
        self.writer.lines = []
        return text

    def _name(self, op: Op) -> str:
        name = self.writer.fresh(self.writer.labels.get(op) or self.writer.role(op))
        self.writer.variables[op] = name
        return name

    def _view(self, op: Op) -> None:
        text = self.writer.expression(op)
        base = self._base(op)
        name = self._name(op)
        where = self.setup if base in self.owner and op.shape else self.step  # an entry is a copy, not a view
        where.append(f"{name} = {text}")

    def _scalar(self, op: Op) -> None:
        if _total(op):
            text = self._sum_text(op.args[0])
        elif op.name == "matmul":
            text = f"{self._arg(op.args[0])}.dot({self._arg(op.args[1])})"
        else:
            text = self._text(op)
        if op.name not in _ARITHMETIC:
            text = f"{self.number}({text})"
        self.step.append(f"{self._name(op)} = {text}")

    def _sum_text(self, op: Op) -> str:
        """The sum of all entries as few BLAS calls as possible."""
        if op in self.writer.variables or op.name not in ("add", "sub", "mul"):
            name = self._arg(op)
            if len(op.shape) == 1:
                return f"{name}.dot({self._ones(op.shape)})"
            if op not in self.owner:
                return f"np.add.reduce({name}, axis=None)"
            return f"{self._once(f'{name}.reshape(-1)', f'{name}_flat')}.dot({self._ones(op.shape)})"
        left, right = op.args
        if op.name == "mul":
            if len(op.shape) == 1:
                return f"{self._arg(left)}.dot({self._arg(right)})"
            return f"np.vdot({self._arg(left)}, {self._arg(right)})"
        sign = "+" if op.name == "add" else "-"
        second = self._sum_text(right)
        return f"{self._sum_text(left)} {sign} {f'({second})' if sign == '-' and ' ' in second else second}"

    def _ones(self, shape: Sequence[Dim]) -> str:
        """As many ones: a sum by BLAS costs a third of a reduction on small arrays."""
        lengths = [self.writer.dim(d) for d in shape]
        total = " * ".join(f"({x})" if " " in x and len(lengths) > 1 else x for x in lengths)
        return self._once(f"np.ones({total}, DTYPE)", "ones")

    def _once(self, text: str, wanted: str) -> str:
        """What is worked out before the first step, once."""
        for line in self.setup:
            if line.endswith(f" = {text}"):
                return line.split(" = ")[0]
        name = self.writer.fresh(wanted)
        self.setup.append(f"{name} = {text}")
        return name

    def _arg(self, op: Op) -> str:
        if op in self.writer.variables or op.name in _LEAVES or not op.shape:
            return self._text(op)
        raise AssertionError(op)

    def _buffered(self, op: Op, position: int) -> None:
        buffer = self._in_place(op, position) or self._buffer(op)
        args = [self._constant(a) if op.name in _UFUNCS else self._arg(a) for a in op.args]
        self.writer.variables[op] = buffer
        self.owner[op] = self._kind(op), buffer
        self.step.append(self._call(op, args, buffer))

    def _constant(self, op: Op) -> str:
        """An argument of a ufunc: a number that is known before is quickest as an array of rank 0."""
        if op.name not in ("number", "constant", "size"):
            return self._arg(op)
        text = self.writer.expression(op)
        return self._once(f"np.array({text}, DTYPE)", _NUMBER_NAMES.get(text, "c"))

    def _call(self, op: Op, args: list[str], out: str) -> str:
        if op.name == "matmul":
            return f"{args[0]}.dot({args[1]}, out={out})"
        if op.name == "einsum":
            return f'np.einsum("{op.data[0]}", {", ".join(args)}, out={out})'
        if op.name == "where":
            return f"{out}[...] = np.where({', '.join(args)})"
        if op.name in ("sum", "amax", "prod"):
            return self._reduction(op, args[0], out)
        if op.name == "mul" and op.args[0] is op.args[1]:
            return f"np.square({args[0]}, out={out})"
        return f"np.{_UFUNCS[op.name]}({', '.join(args)}, out={out})"

    def _reduction(self, op: Op, arg: str, out: str) -> str:
        axes, keep = op.data
        assert isinstance(axes, tuple)
        if op.name == "sum" and axes == (0,) and not keep and len(op.args[0].shape) == 2:
            return f"{self._ones(op.args[0].shape[:1])}.dot({arg}, out={out})"
        ufunc = {"sum": "add", "amax": "maximum", "prod": "multiply"}[op.name]
        axis = axes[0] if len(axes) == 1 else axes
        return f"np.{ufunc}.reduce({arg}, axis={axis}, out={out}{', keepdims=True' if keep else ''})"

    # buffers

    def _kind(self, op: Op) -> tuple[object, ...]:
        return (*op.shape, "bool" if op.name in _MASKS else "DTYPE")

    def _in_place(self, op: Op, position: int) -> str | None:
        """The buffer of an argument that nothing reads later, for a function entry by entry."""
        if op.name not in _UFUNCS or op in self.program.grads.values():
            return None
        for arg in op.args:
            owned = self.owner.get(arg)
            if owned is None or arg in self.kept or self.last.get(arg) != position or owned[0] != self._kind(op):
                continue
            if any(self._base(other) is arg and other is not arg for other in op.args):
                continue
            del self.owner[arg]
            return owned[1]
        return None

    def _buffer(self, op: Op) -> str:
        kind = self._kind(op)
        free = self.pool.get(kind, [])
        if free and op not in self.program.grads.values():
            return free.pop()
        label = self.writer.labels.get(op) or self.writer.role(op)
        wanted = next((f"grad_{n}" for n, g in self.program.grads.items() if g is op), label)
        name = self.writer.fresh(wanted)
        dtype = "bool" if op.name in _MASKS else "DTYPE"
        self.setup.append(f"{name} = np.empty({self.writer.shape(op.shape)}, {dtype})")
        return name

    def _release(self, op: Op, position: int) -> None:
        for arg in {self._base(a) for a in self._reads(op)}:
            if arg in self.owner and arg not in self.kept and self.last.get(arg) == position:
                kind, name = self.owner.pop(arg)
                self.pool.setdefault(kind, []).append(name)


def _total(op: Op) -> bool:
    return op.name == "sum" and not op.shape and len(op.args[0].shape) >= 1


def make_text(program: Program) -> str:
    """The function `make` of a module."""
    writer = emit.start(program)
    writer.quick = True
    writer.taken |= {"step", "loss_value", "gradients"}
    maker = _Maker(program, writer)
    sizes = [
        f"{writer.sizes[symbol]} = {emit.variables(program)[name]}.shape[{axis}]"
        + (f" - {offset}" if offset > 0 else f" + {-offset}" if offset else "")
        for symbol, (name, axis, offset) in size_sources({**program.params, **program.data}).items()
    ]
    maker.run()
    names, numbers = emit.variables(program), emit.meets_scalars(program)
    fetch = [
        f'{names[name]} = {maker.number}(params["{name}"])' if name in numbers else f'{names[name]} = params["{name}"]'
        for name in program.params
    ]
    value = writer.expression(program.loss)
    grads = ", ".join(f'"{name}": {_gradient(writer, op)}' for name, op in program.grads.items())
    body = [
        *emit.unpacking(program),
        *sizes,
        *maker.setup,
        "",
        "def step(params):",
        *(f"    {line}" for line in (*fetch, *maker.step, *writer.lines)),
        f"    return float({value}), {{{grads}}}",
        "",
        "return step",
    ]
    about = (
        "A function of the parameters alone: data and buffers are bound, what does not depend on the parameters is\n"
        "    worked out once, and the arrays it returns are overwritten by the next call."
    )
    return emit.function("make(params, data)", about, body).replace("    \n", "\n")


def _gradient(writer: Writer, op: Op) -> str:
    text = writer.expression(op)
    if op.name in VIEWS or op.name in ("input", "number", "constant", "size"):
        return f"np.array({text}, DTYPE)"
    return text if op.shape else f"DTYPE.type({text})"
