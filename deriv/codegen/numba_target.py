"""The target numba: loops over scalars, compiled at the first call."""

from __future__ import annotations

from collections.abc import Sequence

from deriv.codegen import emit
from deriv.codegen.arrays import Op
from deriv.codegen.looptext import LoopWriter, results
from deriv.codegen.program import Program, size_sources
from deriv.codegen.scalars import Scalar
from deriv.codegen.text import NUMPY_NAMES

_JIT = '@numba.njit(error_model="numpy", fastmath={"reassoc", "contract"})'
_XLOGX = f'''
{_JIT}
def xlogx(x):
    """x log x, which is 0 at 0."""
    return x * np.log(x) if x > 0 else 0.0 * x
'''
_SHELL = '''
def loss(params, data):
    """The loss."""
    return float(_loss(*_plain(_arrays(params, data))))


def loss_and_grad(params, data):
    """The loss and its gradient by parameter name."""
    value, grads = _loss_and_grad(*_plain(_arrays(params, data)))
    return float(value), {name: np.asarray(grad, DTYPE)[()] for name, grad in zip(PARAMS, grads)}


def _plain(arrays):
    """Arrays without axes as numbers."""
    return [array if array.ndim else array[()] for array in arrays]
'''


class NumbaWriter(LoopWriter):
    """Python that numba compiles."""

    __slots__ = ()

    def loop(self, var: str, length: str) -> str:
        return f"for {var} in range({length}):"

    def constant(self, name: str) -> str:
        return f"np.{name}"

    def lowest(self) -> str:
        return "-np.inf"

    def choice(self, mask: str, yes: str, no: str) -> str:
        return f"{yes} if {mask} else {no}"

    def power(self, base: Scalar, exponent: Scalar) -> str:
        return f"({self._inside(base, 6)} ** {self._inside(exponent, 6)})"

    def function(self, name: str) -> str:
        LoopWriter.function(self, name)
        return self.helper(name) if name == "xlogx" else f"np.{NUMPY_NAMES[name]}"

    def helper(self, name: str) -> str:
        return f"np.{name}" if name == "maximum" else LoopWriter.helper(self, name)


def _function(program: Program, name: str, outputs: dict[str, Op], dtype: str) -> tuple[str, set[str]]:
    writer = NumbaWriter(program)
    taken = emit.variables(program)
    wanted = {program.loss: "value", **{op: f"grad_{taken[n]}" for n, op in outputs.items()}}
    writer.taken |= {"numba", *wanted.values()}
    writer.run([program.loss, *outputs.values()], wanted)
    value = writer.expression(program.loss)
    grads = [wanted[op] if op.shape else writer.expression(op) for op in outputs.values()]
    body = [
        *_buffers(writer, dtype),
        *writer.lines,
        f"return {value}, ({', '.join(grads)}{',' if len(grads) == 1 else ''})" if outputs else f"return {value}",
    ]
    about = "The loss and its gradients in the order of PARAMS." if outputs else "The loss."
    head = f"{name}({', '.join(taken.values())})"
    return f"\n{_JIT}" + emit.function(head, about, [*_sizes(program, writer), *body]), writer.helpers


def _buffers(writer: LoopWriter, dtype: str) -> list[str]:
    lines = []
    for op in writer.buffers():
        lengths = writer.length(op)
        shape = lengths[0] if len(lengths) == 1 else f"({', '.join(lengths)})"
        lines.append(f"{writer.names[op]} = np.empty({shape}, np.{dtype})")
    return lines


def _sizes(program: Program, writer: LoopWriter) -> list[str]:
    names = emit.variables(program)
    lines = []
    for symbol, (name, axis, offset) in size_sources({**program.params, **program.data}).items():
        if symbol in writer.used:
            back = f" {'-' if offset > 0 else '+'} {abs(offset)}" if offset else ""
            lines.append(f"{writer.sizes[symbol]} = {names[name]}.shape[{axis}]{back}")
    return lines


def numba_module(program: Program, formula: str, dtype: str) -> str:
    """The program as compiled loops, and the usual doors; `_loss_and_grad` may be called from loops of one's own."""
    one, first = _function(program, "_loss", {}, dtype)
    both, second = _function(program, "_loss_and_grad", results(program), dtype)
    parts: Sequence[str] = [
        emit.docstring(program, formula),
        "\nimport numba\nimport numpy as np\n",
        *emit.constants(program, f'np.dtype("{dtype}")'),
        *([_XLOGX] if "xlogx" in first | second else []),
        one,
        both,
        _SHELL,
        emit.quick_check(program),
        emit.CHECK,
        emit.self_test_text(program, dtype),
    ]
    return "\n".join(parts)
