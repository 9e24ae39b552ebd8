"""Targets beside NumPy: the same program in the words of JAX and of PyTorch, gradients included."""

from __future__ import annotations

from collections.abc import Sequence

from deriv.codegen import emit
from deriv.codegen.arrays import Op, constant, needed
from deriv.codegen.program import Program
from deriv.codegen.text import COMPARE, HELPERS, Writer

_JAX_HEAD = """
import jax
import jax.numpy as jnp
import numpy as np
"""
_JAX_HELPERS = {
    **{name: text.replace("np.", "jnp.") for name, text in HELPERS.items()},
    "place": '''
def place(x, axis, position, length):
    """x at one position of a new axis, zeros elsewhere."""
    out = jnp.zeros((*x.shape[:axis], length, *x.shape[axis:]), DTYPE)
    return out.at[(slice(None),) * axis + (position,)].set(x)
''',
    "pad": '''
def pad(x, axis, start, length):
    """x from a position on, zeros elsewhere."""
    out = jnp.zeros((*x.shape[:axis], length, *x.shape[axis + 1 :]), DTYPE)
    return out.at[(slice(None),) * axis + (slice(start, start + x.shape[axis]),)].set(x)
''',
}
_TORCH_HELPERS = {
    "xlogx": '''
def xlogx(x):
    """x log x, which is 0 at 0."""
    return torch.xlogy(x, x)
''',
    "place": HELPERS["place"].replace("np.zeros((", "torch.zeros((").replace(", DTYPE)", ", dtype=DTYPE)"),
    "pad": HELPERS["pad"].replace("np.zeros((", "torch.zeros((").replace(", DTYPE)", ", dtype=DTYPE)"),
    "prod_others": '''
def prod_others(x, axis):
    """For each entry the product of all the others along an axis (without dividing: entries may be 0)."""
    x = torch.movedim(x, axis, -1)
    ones = torch.ones((*x.shape[:-1], 1), dtype=x.dtype)
    before = torch.cumprod(torch.cat((ones, x[..., :-1]), -1), -1)
    after = torch.cumprod(torch.cat((ones, x[..., 1:].flip(-1)), -1), -1).flip(-1)
    return torch.movedim(before * after, -1, axis)
''',
}
_SHELL = '''
def loss(params, data):
    """The loss."""
    return float(_loss(*_arrays(params, data)))


def loss_and_grad(params, data):
    """The loss and its gradient by parameter name."""
    value, grads = _loss_and_grad(*_arrays(params, data))
    return float(value), dict(zip(PARAMS, grads))
'''


class TorchWriter(Writer):
    """The words of PyTorch where they differ from NumPy's."""

    __slots__ = ()

    def _write(self, op: Op) -> tuple[str, int]:
        if op.name in ("max", "min") and any(constant(a) is not None for a in op.args):
            number, array = op.args if constant(op.args[0]) is not None else op.args[::-1]
            side = "min" if op.name == "max" else "max"
            return f"torch.clamp({self.expression(array)}, {side}={self.expression(number)})", 6
        if op.name == "where":
            mask, yes, no = map(self.expression, op.args)
            return f"torch.where({mask} > 0, {yes}, {no})", 6
        written = super()._write(op)
        if op.name in ("gt", "ge", "lt", "le", "eq", "ne"):
            assert written[1] == COMPARE
            return f"({written[0]}).to(DTYPE)", 6
        if not op.shape and op.args and op.name not in ("add", "sub", "mul", "div", "neg", "pow") and _known(op):
            return written[0].replace("torch.", "math."), written[1]
        return written

    def _write_vdot(self, op: Op) -> str:
        left, right = (self.inside(a, 4) for a in op.args)
        return f"({left} * {right}).sum()"

    def _reduction(self, op: Op, method: str) -> str:
        text = super()._reduction(op, {"max": "amax"}.get(method, method))
        return text.replace("axis=", "dim=").replace("keepdims=", "keepdim=")

    def _write_tensordot(self, op: Op) -> str:
        return super()._write_tensordot(op).replace("axes=", "dims=")

    def _write_transpose(self, op: Op) -> str:
        return super()._write_transpose(op).replace(".transpose(", ".permute(")

    def _write_onehot(self, op: Op) -> str:
        return f"{super()._write_onehot(op)}.to(DTYPE)"

    def _write_ones(self, op: Op) -> str:
        return f"torch.ones({self.shape(op.shape)}, dtype=DTYPE)"

    def _write_constant(self, op: Op) -> str:
        return f"math.{op.data[0]}"


def _known(op: Op) -> bool:
    """Whether a scalar is made of sizes and numbers alone, so that it is no tensor."""
    return all(a.name != "input" for a in needed([op]))


def _function(program: Program, writer: Writer, name: str, outputs: Sequence[Op], wrap: str) -> tuple[str, set[str]]:
    """A function of the arrays in order that returns the outputs."""
    inputs = emit.variables(program).values()
    writer.run(outputs)
    texts = [writer.expression(op) for op in outputs]
    value, grads = texts[0], [wrap.format(text) for text in texts[1:]]
    answer = f"{value}, ({', '.join(grads)}{',' if len(grads) == 1 else ''})" if grads else value
    body = [*emit.size_lines(program, writer, outputs), *writer.lines, f"return {answer}"]
    about = "The loss and its gradients in order." if grads else "The loss."
    return emit.function(f"{name}({', '.join(inputs)})", about, body), writer.helpers


def jax_module(program: Program, formula: str, dtype: str) -> str:
    """The program for JAX: jitted functions of arrays, and the usual doors."""
    one, first = _function(program, emit.start(program, "jnp"), "_loss", [program.loss], "")
    wrap = "jnp.asarray({}, DTYPE)"
    both, second = _function(program, emit.start(program, "jnp"), "_loss_and_grad", program.outputs, wrap)
    jitted = "\n@jax.jit"
    return "\n".join(
        [
            emit.docstring(program, formula),
            _JAX_HEAD,
            f'jax.config.update("jax_enable_x64", {dtype == "float64"})',
            *emit.constants(program, f'np.dtype("{dtype}")'),
            *(_JAX_HELPERS[name] for name in HELPERS if name in first | second),
            f"{jitted}{one}",
            f"{jitted}{both}",
            _SHELL,
            emit.quick_check(program),
            emit.CHECK,
            emit.self_test_text(program, dtype),
        ]
    )


def torch_module(program: Program, formula: str, dtype: str) -> str:
    """The program for PyTorch: explicit gradients, no tape."""
    writers = [emit.start(program, "torch", TorchWriter) for _ in range(2)]
    one, first = _function(program, writers[0], "_loss", [program.loss], "")
    wrap = "torch.as_tensor({}, dtype=DTYPE)"
    both, second = _function(program, writers[1], "_loss_and_grad", program.outputs, wrap)
    check = (
        emit.CHECK.replace("np.asarray(value, DTYPE)", "torch.as_tensor(value, dtype=DTYPE)")
        .replace("np.asarray(value)", "torch.as_tensor(value)")
        .replace('array.dtype.kind not in "iu"', "array.dtype.is_floating_point")
        .replace("got {array.shape}", "got {tuple(array.shape)}")
    )
    arrays = '''
def _arrays(params, data):
    """The tensors in the order of PARAMS and DATA."""
    return _checked(params, data)
'''
    return "\n".join(
        [
            emit.docstring(program, formula),
            "\nimport math\n\nimport numpy as np\nimport torch\n",
            *emit.constants(program, f"torch.{dtype}"),
            *(_TORCH_HELPERS[name] for name in HELPERS if name in first | second),
            one,
            both,
            _SHELL,
            arrays,
            check,
            emit.self_test_text(program, dtype).replace("DTYPE", f'"{dtype}"'),
        ]
    )
