"""A program as a module of its own: readable NumPy that needs nothing of deriv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deriv.codegen.arrays import VIEWS, Op, needed
from deriv.codegen.program import Program, size_sources
from deriv.codegen.text import HELPERS, Writer, safe_name, used_sizes
from deriv.engine.graph import Shape

CHECK = '''
def _checked(params, data):
    """The arrays in the order of PARAMS and DATA, or a ValueError that says what was expected."""
    sizes = {}
    arrays = []
    for group, given, expected in (("params", params, PARAMS), ("data", data, DATA)):
        if set(given) != set(expected):
            raise ValueError(f"{group}: expected {sorted(expected)}, got {sorted(given)}")
        for name, shape in expected.items():
            value = given[name]
            array = np.asarray(value, DTYPE) if isinstance(value, (int, float)) else np.asarray(value)
            if name not in LABELS and array.dtype != DTYPE or name in LABELS and array.dtype.kind not in "iu":
                raise ValueError(f"{name}: expected dtype {'int' if name in LABELS else DTYPE}, got {array.dtype}")
            if array.ndim != len(shape):
                raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
            for length, wanted in zip(array.shape, shape):
                symbol, _, offset = str(wanted).partition(" ")
                length -= int(offset.replace(" ", "") or 0)
                if sizes.setdefault(symbol, wanted if isinstance(wanted, int) else length) != length:
                    raise ValueError(f"{name}: expected shape {shape} with {sizes}, got {array.shape}")
            arrays.append(array)
    return arrays
'''

_SELF_TEST = '''
def self_test(seed=0, step={step}):
    """The largest difference between the gradient and central differences, relative to the largest entry."""
    rng = np.random.default_rng(seed)
    sizes = {sizes}
    shape_of = lambda shape: tuple(sizes.get(s, s) for s in shape)
    params = {{k: np.asarray(rng.uniform(0.1, 0.9, shape_of(s)), DTYPE) for k, s in PARAMS.items()}}
    data = {{k: np.asarray(rng.uniform(0.1, 0.9, shape_of(s)), DTYPE) for k, s in DATA.items()}}
    for name, high in LABELS.items():
        data[name] = rng.integers(high[0], high[0] + sizes.get(high[1], high[1]), shape_of(DATA[name]))
{unit}    _, grad = loss_and_grad(params, data)
    worst, scale = 0.0, max(1e-3, *(float(np.abs(np.asarray(g)).max()) for g in grad.values()))
    for name, value in params.items():
        for entry in np.ndindex(value.shape):
            ends = []
            for sign in (1, -1):
                moved = {{**params, name: value.copy()}}
                moved[name][entry] += sign * step
                ends.append(loss(moved, data))
            slope = (ends[0] - ends[1]) / (2 * step)
            worst = max(worst, abs(slope - float(grad[name][entry])) / scale)
    return worst


if __name__ == "__main__":
    difference = self_test()
    print(f"largest relative difference from central differences: {{difference:.1e}}")
    raise SystemExit(difference > {tolerance})
'''


def shape_text(shape: Shape) -> str:
    """A symbolic shape as in the contract: ("n", "d")."""
    parts = [f'"{d}"' if d.symbol else str(d.offset) for d in shape]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def shapes_text(shapes: Mapping[str, Shape]) -> str:
    """A dictionary of symbolic shapes."""
    return "{" + ", ".join(f'"{name}": {shape_text(s)}' for name, s in shapes.items()) + "}"


def variables(program: Program) -> dict[str, str]:
    """A Python name for each input."""
    names: dict[str, str] = {}
    for name in (*program.params, *program.data):
        names[name] = safe_name(name, {*names.values(), "np", "params", "data", "DTYPE", "loss"})
    return names


def start(program: Program, module: str = "np", kind: type[Writer] = Writer) -> Writer:
    """A writer that knows the inputs by their names."""
    names = variables(program)
    writer = kind(module=module, labels=program.arrays.labels, roles=program.roles)
    writer.taken |= {*names.values(), "value", "loss", "self_test", "make"}
    for op in program.arrays.ops:
        if op.name == "input":
            writer.variables[op] = names[str(op.data[0])]
    for symbol in size_sources({**program.params, **program.data}):
        writer.sizes[symbol] = safe_name(symbol, writer.taken)
        writer.taken.add(writer.sizes[symbol])
    return writer


def size_lines(program: Program, writer: Writer, outputs: Sequence[Op]) -> list[str]:
    """Statements that read the sizes a program needs off its inputs."""
    sources = size_sources({**program.params, **program.data})
    names = variables(program)
    lines = []
    for symbol in used_sizes(needed(outputs)):
        if symbol in sources:
            name, axis, offset = sources[symbol]
            back = f" {'-' if offset > 0 else '+'} {abs(offset)}" if offset else ""
            lines.append(f"{writer.sizes[symbol]} = {names[name]}.shape[{axis}]{back}")
    return lines


def gradient_text(writer: Writer, op: Op) -> str:
    """A gradient as a fresh array: never a view of the data, never a plain number."""
    text = writer.expression(op)
    if op.name in VIEWS or op.name in ("input", "number", "constant", "size"):
        return f"np.array({text}, DTYPE)"
    # what comes from an array is a NumPy scalar of its dtype already
    return text if any(o.name == "input" for o in needed([op])) else f"DTYPE.type({text})"


def bodies(program: Program) -> tuple[list[str], list[str], set[str]]:
    """Statements of `loss` and `loss_and_grad`, and the helpers they call."""
    alone = start(program)
    alone.run([program.loss])
    value = alone.expression(program.loss)
    first = [*size_lines(program, alone, [program.loss]), *alone.lines, f"return float({value})"]
    both = start(program)
    both.quick = True
    both.run(program.outputs)
    for name, op in program.grads.items():
        if len(both.expression(op)) > 40 and op not in both.variables:
            both.labels = {**both.labels, op: f"d{name}"}
            both.assign(op)
    value = both.expression(program.loss)
    grads = [f'"{name}": {gradient_text(both, op)}' for name, op in program.grads.items()]
    second = [*size_lines(program, both, program.outputs), *both.lines, f"value = {value}", *_returned(grads)]
    return first, second, alone.helpers | both.helpers


def _returned(grads: Sequence[str]) -> list[str]:
    flat = f"return float(value), {{{', '.join(grads)}}}"
    if len(flat) <= 100:
        return [flat]
    return ["return float(value), {", *(f"    {entry}," for entry in grads), "}"]


def unpacking(program: Program) -> list[str]:
    """The quick check: names, shapes and dtypes as expected, or the slow path that explains."""
    names = variables(program)
    groups = [("params", program.params), ("data", program.data)]
    fetch = [f'{group}["{name}"]' for group, shapes in groups for name in shapes]
    targets = ", ".join(names[name] for _, shapes in groups for name in shapes)
    lines = [f"{targets}{',' if len(fetch) == 1 else ''} = _arrays(params, data)"]
    return lines + [f"{names[name]} = {names[name]}[()]" for name in meets_scalars(program)]


def meets_scalars(program: Program) -> list[str]:
    """The inputs without axes that are combined with other scalars.

    An array of rank 0 is quicker than a number where it meets an array, and slower where it meets a number.
    """
    found = dict.fromkeys(str(op.data[0]) for op in program.outputs if op.name == "input" and not op.shape)
    for op in needed(program.outputs):
        if not op.shape:
            found |= dict.fromkeys(str(a.data[0]) for a in op.args if a.name == "input" and not a.shape)
    return [name for name in {**program.params, **program.data} if name in found]


def quick_check(program: Program) -> str:
    """`_arrays`: one comparison per input when all is well."""
    names = variables(program)
    inputs = {**program.params, **program.data}
    reads, known, read = _size_reads(program)
    tests = []
    for name, shape in inputs.items():
        if name not in read:
            dims = [str(d.offset) if not d.symbol else _offset(known[d.symbol], d.offset) for d in shape]
            tests.append(f"{names[name]}.shape == ({', '.join(dims)}{',' if len(dims) == 1 else ''})")
    tests += [f"{names[name]}.dtype.kind in 'iu'" for name in inputs if name in program.labels]
    # `is` is the quick answer; a dtype that is equal but another object takes the other way
    tests.append(" is ".join([*(f"{names[name]}.dtype" for name in inputs if name not in program.labels), "DTYPE"]))
    tests += [f"len(params) == {len(program.params)}", f"len(data) == {len(program.data)}"]
    every = ", ".join(names[name] for name in inputs)
    lines = ["", "def _arrays(params, data):", '    """The arrays in the order of PARAMS and DATA."""', "    try:"]
    for group, shapes in (("params", program.params), ("data", program.data)):
        lines += [f'        {names[name]} = {group}["{name}"]' for name in shapes]
    lines += [f"        {line}" for line in reads]
    lines.append("        if (")
    lines += [f"            {'and ' if k else ''}{test}" for k, test in enumerate(tests)]
    lines += ["        ):", f"            return {every}{',' if len(inputs) == 1 else ''}"]
    lines += [
        "    except (AttributeError, IndexError, KeyError, TypeError, ValueError):",
        "        pass",
        "    return _checked(params, data)",
        "",
    ]
    return "\n".join(lines)


def _size_reads(program: Program) -> tuple[list[str], dict[str, str], set[str]]:
    """Lines that read all sizes, the text of each, and the inputs whose whole shape was read."""
    names, sizes = variables(program), start(program).sizes
    inputs = {**program.params, **program.data}
    lines, known, read = [], dict[str, str](), set[str]()
    for name, shape in sorted(inputs.items(), key=lambda item: -len(item[1])):
        symbols = [d.symbol for d in shape]
        if (
            shape
            and all(d.symbol and not d.offset for d in shape)
            and len({*symbols, *known}) == len(symbols) + len(known)
        ):
            targets = ", ".join(sizes[s] for s in symbols)
            lines.append(f"{targets if len(symbols) > 1 else f'({targets},)'} = {names[name]}.shape")
            known.update({s: sizes[s] for s in symbols})
            read.add(name)
    for symbol, (name, axis, offset) in size_sources(inputs).items():
        if symbol not in known:
            known[symbol] = sizes[symbol]
            lines.append(f"{sizes[symbol]} = {_offset(f'{names[name]}.shape[{axis}]', -offset)}")
    return lines, known, read


def _offset(base: str, offset: int) -> str:
    return base if not offset else f"{base} {'+' if offset > 0 else '-'} {abs(offset)}"


def label_ranges(program: Program) -> str:
    """For each input of labels its smallest value and the number of classes."""
    found = {}
    for op in program.arrays.ops:
        if op.name == "onehot" and op.args[0].name == "input":
            dim = op.shape[-1]
            found[str(op.args[0].data[0])] = (op.data[0], str(dim) if dim.symbol else dim.offset)
    return repr(found)


def unit_rows(program: Program) -> list[str]:
    """Data whose rows sum to one, which the program relies on."""
    return [name for name in program.data if name in program.graph.unit_rows]


def docstring(program: Program, formula: str) -> str:
    """What the module computes, from what."""
    unit = unit_rows(program)

    def row(name: str, shape: Shape) -> str:
        return f"    {name}: ({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" + (
            ", each row sums to one" if name in unit else ""
        )

    rows = [row(name, shape) for name, shape in program.params.items()]
    data = [row(name, shape) for name, shape in program.data.items()]
    text = formula.replace('"""', "'''").strip()
    about = (
        ["A loss and its gradient.", "", *(f"    {line}" for line in text.splitlines())]
        if text
        else ["A loss and its gradient."]
    )
    lines = [*about, "", "Parameters:", *rows, "", "Data:", *(data or ["    none"]), ""]
    # formulas are full of backslashes
    return ('r"""' if "\\" in text else '"""') + "\n".join(lines) + '"""'


def function(head: str, about: str, body: Sequence[str]) -> str:
    """A function definition."""
    inner = "\n".join(f"    {line}" for line in body)
    return f'\ndef {head}:\n    """{about}"""\n{inner}\n'


def self_test_text(program: Program, dtype: str) -> str:
    """The self-test of a module."""
    symbols = list(dict.fromkeys(d.symbol for s in {**program.params, **program.data}.values() for d in s if d.symbol))
    small = (5, 3, 4, 2, 6, 7)
    sizes = {symbol: small[k % len(small)] for k, symbol in enumerate(symbols)}
    offsets = {str(d): d.value(sizes) for s in {**program.params, **program.data}.values() for d in s if d.symbol}
    single = dtype == "float32"
    rows = unit_rows(program)
    unit = "".join(f'    data["{name}"] /= data["{name}"].sum(-1, keepdims=True)\n' for name in rows)
    return _SELF_TEST.format(
        unit=unit,
        sizes=repr({**sizes, **offsets}),
        step="1e-2" if single else "1e-6",
        tolerance="2e-2" if single else "1e-6",
    )


def constants(program: Program, dtype: str) -> list[str]:
    """PARAMS, DATA, LABELS and DTYPE."""
    return [
        f"PARAMS = {shapes_text(program.params)}",
        f"DATA = {shapes_text(program.data)}",
        f"LABELS = {label_ranges(program)}  # class labels: smallest value and number of classes",
        f"DTYPE = {dtype}\n",
    ]


def module(program: Program, *, formula: str = "", dtype: str = "float64", extra: str = "") -> str:
    """The whole module as text."""
    first, second, helpers = bodies(program)
    parts = [
        docstring(program, formula),
        "\nimport numpy as np\n",
        *constants(program, f'np.dtype("{dtype}")'),
        *(HELPERS[name] for name in HELPERS if name in helpers),
        function("loss(params, data)", "The loss.", [*unpacking(program), *first]),
        function(
            "loss_and_grad(params, data)",
            "The loss and its gradient by parameter name.",
            [*unpacking(program), *second],
        ),
        *([extra] if extra else []),
        quick_check(program),
        CHECK,
        self_test_text(program, dtype),
    ]
    return "\n".join(parts)
