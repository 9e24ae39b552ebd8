"""The target C: one self-contained C99 file, loops over scalars, no library but that of the language."""

from __future__ import annotations

from fractions import Fraction

from deriv.codegen import emit
from deriv.codegen.arrays import Op
from deriv.codegen.looptext import LoopWriter, results
from deriv.codegen.program import Program
from deriv.codegen.scalars import Cell, Position, Scalar
from deriv.codegen.text import safe_name
from deriv.engine.graph import Dim, Shape

_C_NAMES = {
    **{name: name for name in "exp log log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sqrt".split()},
    "floor": "floor",
    "abs": "fabs",
}
_HELPERS = {
    "xlogx": ("x", "x > 0 ? x * log(x) : 0 * x", "x log x, which is 0 at 0"),
    "sign": ("x", "(x > 0) - (x < 0)", "1, 0 or -1"),
    "maximum": ("a, b", "a > b || a != a ? a : b", "the larger one; not a number stays what it is"),
    "minimum": ("a, b", "a < b || a != a ? a : b", "the smaller one; not a number stays what it is"),
}
_CONSTANTS = {"pi": "3.14159265358979323846", "e": "2.71828182845904523536"}
_WORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while main "
    "y0 y1 yn j0 j1 jn gamma NAN INFINITY work value malloc free".split()
) | {*_C_NAMES.values(), *_HELPERS, "loss", "loss_and_grad", "pow"}


class CWriter(LoopWriter):
    """C99."""

    __slots__ = ("real",)
    real: str

    @property
    def suffix(self) -> str:
        """What marks a number or a function of single precision."""
        return "f" if self.real == "float" else ""

    def loop(self, var: str, length: str) -> str:
        return f"for (long {var} = 0; {var} < {length}; {var}++) {{"

    def loop_end(self) -> list[str]:
        return ["}"]

    def assign(self, target: str, value: str, *, declare: bool) -> str:
        return f"{f'{self.real} ' if declare else ''}{target} = {value};"

    def update(self, target: str, sign: str, value: str) -> str:
        return f"{target} {sign}= {value};"

    def cell(self, cell: Cell) -> str:
        places = self.places(cell)
        name = self.names[cell.op]
        if not places:
            return name
        kept = self.made.axes(cell.op) if cell.op in self.made.stored else range(len(cell.op.shape))
        lengths = [cell.op.shape[k] for k in kept]
        text = places[0]
        for place, dim in zip(places[1:], lengths[1:], strict=True):
            head = f"({text})" if " " in text else text
            length = self.dim(dim)
            factor = f"({length})" if " " in length else length
            text = factor_text(head, factor, place)
        return f"{name}[{text}]"

    def position(self, scalar: Position) -> str:
        return f"({self.real})({self.index(scalar.at, scalar.start)})"

    def number(self, value: Fraction) -> str:
        if value.denominator == 1 and abs(value) < 10**15:
            return f"{value.numerator}.0{self.suffix}"
        if Fraction(repr(float(value))) == value:
            return f"{float(value)!r}{self.suffix}"
        return f"({value.numerator}.0{self.suffix} / {value.denominator}.0{self.suffix})"

    def size(self, dim: Dim) -> str:
        text = self.dim(dim)
        return f"({self.real})({text})" if " " in text else f"({self.real}){text}"

    def constant(self, name: str) -> str:
        return "INFINITY" if name == "inf" else f"{_CONSTANTS[name]}{self.suffix}"

    def lowest(self) -> str:
        return "-INFINITY"

    def choice(self, mask: str, yes: str, no: str) -> str:
        return f"{mask} ? {yes} : {no}"

    def power(self, base: Scalar, exponent: Scalar) -> str:
        return f"pow{self.suffix}({self.text(base)[0]}, {self.text(exponent)[0]})"

    def function(self, name: str) -> str:
        name = {"max": "maximum", "min": "minimum"}.get(name, name)
        if name in _HELPERS:
            return self.helper(name)
        LoopWriter.function(self, name)
        return f"{_C_NAMES[name]}{self.suffix}"


def factor_text(head: str, factor: str, place: str) -> str:
    """A place in an array that lies row after row."""
    return place if head == "0" else f"{head} * {factor}" + ("" if place == "0" else f" + {place}")


def _arguments(program: Program, real: str, outputs: dict[str, Op]) -> tuple[dict[str, str], list[str]]:
    """The C name of each input, and the declarations of all arguments."""
    taken: set[str] = set(_WORDS)
    sizes = emit.start(program).sizes
    taken |= set(sizes.values())
    names: dict[str, str] = {}
    declarations = [f"long {name}" for name in sizes.values()]
    for name, shape in {**program.params, **program.data}.items():
        names[name] = safe_name(name, taken)
        taken.add(names[name])
        kind = "long" if name in program.labels else real
        declarations.append(f"const {kind} *{names[name]}" if shape else f"{kind} {names[name]}")
    declarations += [f"{real} *grad_{names[name]}" for name in outputs]
    return names, declarations


def _function(program: Program, name: str, outputs: dict[str, Op], real: str) -> tuple[list[str], set[str]]:
    writer = CWriter(program)
    writer.real = real
    names, arguments = _arguments(program, real, outputs)
    wanted = {program.loss: "value"}
    wanted |= {op: f"grad_{names[n]}" if op.shape else f"d{names[n]}" for n, op in outputs.items()}
    inputs = {op: names[str(op.data[0])] for op in program.arrays.ops if op.name == "input"}
    writer.taken |= {*_WORDS, *names.values(), *(f"grad_{names[n]}" for n in outputs), *wanted.values()}
    writer.renamed = inputs
    writer.run([program.loss, *outputs.values()], wanted)
    value = writer.expression(program.loss)
    last = [f"*grad_{names[n]} = {writer.expression(op)};" for n, op in outputs.items() if not op.shape]
    buffers = [op for op in writer.buffers() if op not in wanted]
    first, freed = _workspace(writer, buffers, real)
    body = [*first, *writer.lines, *last, *freed, f"return {value};"]
    head = wrapped(f"{real} {name}(", arguments)
    return [*head, "{", *(f"    {line}" for line in body), "}", ""], writer.helpers


def wrapped(head: str, arguments: list[str]) -> list[str]:
    """The head of a function, in lines of readable length."""
    flat = f"{head}{', '.join(arguments)})"
    if len(flat) <= 100:
        return [flat]
    lines = [head]
    for k, argument in enumerate(arguments):
        text = argument + (")" if k + 1 == len(arguments) else ",")
        if len(lines) > 1 and len(lines[-1]) + len(text) < 100:
            lines[-1] += f" {text}"
        else:
            lines.append(f"    {text}")
    return lines


def _workspace(writer: CWriter, buffers: list[Op], real: str) -> tuple[list[str], list[str]]:
    """One allocation for all results that need an array."""
    if not buffers:
        return [], []
    lengths = [" * ".join(f"({n})" if " " in n else n for n in writer.length(op)) for op in buffers]
    total = " + ".join(f"(size_t){text}" for text in lengths)
    lines = [f"{real} *work = malloc(sizeof({real}) * ({total}));", "if (!work) return NAN;"]
    before = "work"
    for op, length in zip(buffers, lengths, strict=True):
        lines.append(f"{real} *{writer.names[op]} = {before};")
        before = f"{writer.names[op]} + {length}"
    return lines, ["free(work);"]


def _helper(name: str, real: str) -> str:
    arguments, body, about = _HELPERS[name]
    if real == "float":
        body = body.replace("log(", "logf(")
    declared = ", ".join(f"{real} {a}" for a in arguments.split(", "))
    return f"/* {about} */\nstatic {real} {name}({declared}) {{ return {body}; }}\n"


def _shape(shape: Shape) -> str:
    return "".join(f"[{d}]" for d in shape) or "a number"


def _comment(program: Program, names: dict[str, str], formula: str) -> str:
    source = [f"     {line}" for line in formula.replace("*/", "* /").strip().splitlines()]
    rows = [f"     {names[name]}: {_shape(shape)}" for name, shape in program.params.items()]
    labels = emit.label_ranges(program)
    data = [f"     {names[name]}: {_shape(shape)}" for name, shape in program.data.items()]
    if labels != "{}":
        data.append(f"     class labels, smallest value and number of classes: {labels}")
    return "\n".join(
        [
            "/* A loss and its gradient.",
            "",
            *([*source, ""] if source else []),
            "   Parameters (arrays lie row after row; gradients have the shapes of the parameters):",
            *rows,
            "   Data:",
            *(data or ["     none"]),
            "",
            "   Compile with: cc -std=c99 -O3 -c FILE (and link with -lm).",
            "   The result is NAN if memory runs out. */",
        ]
    )


def c_file(program: Program, formula: str, dtype: str) -> str:
    """`loss` and `loss_and_grad` in C99: sizes first, then parameters, data, and where the gradients go."""
    real = "float" if dtype == "float32" else "double"
    names, _ = _arguments(program, real, {})
    one, first = _function(program, "loss", {}, real)
    both, second = _function(program, "loss_and_grad", results(program), real)
    used = [name for name in _HELPERS if name in first | second]
    parts = [_comment(program, names, formula), "#include <math.h>", "#include <stdlib.h>", ""]
    parts += [_helper(name, real) for name in used]
    return "\n".join([*parts, "/* The loss. */", *one, "/* The loss; its gradients go to grad_… */", *both])
