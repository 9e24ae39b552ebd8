"""Short texts of field elements for conditions and certificates."""

from __future__ import annotations

from deriv.equal.field import Field, Kernel, Poly, Rat

_LONGEST = 200


def show(space: Field, rat: Rat) -> str:
    """The element as text."""
    text = _poly(space, rat.num)
    if rat.den != space.one:
        text = f"({text})/({_poly(space, rat.den)})"
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _poly(space: Field, poly: Poly) -> str:
    """Terms with a plus sign first, so that 1 - p does not read -p + 1."""
    if poly == space.zero:
        return "0"
    parts = [(str(c), "*".join(_power(space, k, int(e)) for k, e in enumerate(m) if e)) for m, c in poly.terms()]
    parts.sort(key=lambda part: part[0].startswith("-"))
    text = ""
    for coefficient, monomial in parts:
        minus = coefficient.startswith("-")
        size = coefficient.lstrip("-")
        body = monomial if size == "1" and monomial else f"{size}*{monomial}" if monomial else size
        text += (" - " if minus else " + ") + body
    return text[3:] if text.startswith(" + ") else "-" + text[3:]


def _power(space: Field, number: int, exponent: int) -> str:
    name = _kernel(space, space.kernels[number])
    root = space.radix.get(number, 1)
    if exponent % root == 0:
        exponent, root = exponent // root, 1
    if root > 1:
        return f"{name}^({exponent}/{root})"
    return name if exponent == 1 else f"{name}^{exponent}"


def _kernel(space: Field, kernel: Kernel) -> str:
    args = [show(space, arg) for arg in kernel.args]
    match kernel.kind:
        case "sym":
            name = str(kernel.data[0])
            return "i" if "." in name else name
        case "entry":
            plain = all(len(arg) == 1 for arg in args)
            return f"{kernel.data[0]}_" + ("".join(args) if plain else "{" + ",".join(args) + "}")
        case "apply":
            primes = "'" * sum(kernel.data[1])  # type: ignore[call-overload]
            return f"{kernel.data[0]}{primes}({', '.join(args)})"
        case "root":
            return f"({args[0]})^(1/{kernel.data[0]})"
        case "inverse":
            return f"inverse({args[2]})_{{{args[3]},{args[4]}}}"
        case "det":
            return f"det({args[2]})"
        case "sum" | "product" | "over":
            return f"{kernel.kind}({args[-1]})"
        case "call":
            return f"{kernel.data[0]}({', '.join(args)})"
    return f"{kernel.kind}({', '.join(args)})"
