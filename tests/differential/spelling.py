r"""Random formulas in the many ways people spell them, each with the SymPy expression that it must be read as.

SymPy's printer has one way for each node; here every node chooses its brackets, products, fractions and functions anew.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import sympy
from sympy import Expr, Integer, Rational, Symbol

ATOM, TIGHT, PRODUCT, SUM = range(4)
"""How tightly a spelled formula holds together: one sign or bracket, a power, a product, a sum."""
Spelled = tuple[str, Expr, int]

NAMES = {
    "x": "x", "y": "y", "a": "a", "b": "b", "w": "w", "z": "z", "c": "c", r"\alpha": "alpha", r"\theta": "theta",
    r"\hat{y}": "yhat", r"\hat y": "yhat", r"\bar{x}": "xbar", r"\tilde z": "ztilde", r"\mathrm{net}": "net",
    "x_1": "x_1", "x_{2}": "x_2", "w_{0}": "w_0", r"\theta_1": "theta_1", r"\theta_{12}": "theta_12",
    r"\lambda": "lambda", "p": "p", "q": "q", r"\mathcal{L}": "calL", r"\text{out}": "out", "θ": "theta",
}  # fmt: skip
BRACKETS = (
    ("(", ")"), ("(", ")"), (r"\left(", r"\right)"), (r"\left( ", r" \right)"), (r"\left[", r"\right]"), ("[", "]"),
    (r"\big(", r"\big)"), (r"\bigl(", r"\bigr)"), (r"\Big[", r"\Big]"), (r"\biggl[", r"\biggr]"), (r"\{", r"\}"),
    (r"\left\{", r"\right\}"), (r"{\left(", r"\right)}"), ("{(", ")}"), (r"\lparen ", r"\rparen "),
)  # fmt: skip
DOTS = (r" \cdot ", r"\cdot ", r" \times ", "*", r"\cdot{}", "·", "×", r" \, \cdot \, ")
SIDE_BY_SIDE = (" ", " ", r" \, ", r"\,", r"\;", "{}", r"\!", r"\: ")
FUNCTIONS: dict[str, tuple[Callable[..., Expr], tuple[str, ...]]] = {
    "sin": (sympy.sin, (r"\sin", r"\sin", r"\operatorname{sin}", r"\mathrm{sin}")),
    "cos": (sympy.cos, (r"\cos", r"\cos", r"\operatorname{cos}")),
    "tan": (sympy.tan, (r"\tan", r"\operatorname{tan}", r"\tg")),
    "tanh": (sympy.tanh, (r"\tanh", r"\tanh", r"\operatorname{tanh}", r"\mathrm{tanh}", r"\text{tanh}")),
    "sinh": (sympy.sinh, (r"\sinh", r"\operatorname{sinh}")),
    "cosh": (sympy.cosh, (r"\cosh", r"\operatorname{cosh}")),
    "coth": (sympy.coth, (r"\coth", r"\operatorname{coth}")),
    "sech": (sympy.sech, (r"\operatorname{sech}", r"\mathrm{sech}")),
    "csch": (sympy.csch, (r"\operatorname{csch}", r"\mathrm{csch}")),
    "cot": (sympy.cot, (r"\cot", r"\operatorname{cot}", r"\ctg")),
    "sec": (sympy.sec, (r"\sec", r"\operatorname{sec}")),
    "csc": (sympy.csc, (r"\csc", r"\operatorname{csc}")),
    "asin": (sympy.asin, (r"\arcsin", r"\operatorname{arcsin}", r"\sin^{-1}")),
    "acos": (sympy.acos, (r"\arccos", r"\operatorname{acos}", r"\cos^{-1}")),
    "atan": (sympy.atan, (r"\arctan", r"\operatorname{arctan}", r"\tan^{-1}", r"\operatorname{atan}")),
    "asinh": (sympy.asinh, (r"\operatorname{arsinh}", r"\operatorname{asinh}", r"\sinh^{-1}", r"\mathrm{arcsinh}")),
    "acosh": (sympy.acosh, (r"\operatorname{arcosh}", r"\operatorname{acosh}", r"\cosh^{-1}")),
    "atanh": (sympy.atanh, (r"\operatorname{artanh}", r"\operatorname{atanh}", r"\tanh^{-1}", r"\mathrm{artanh}")),
    "log": (sympy.log, (r"\ln", r"\log", r"\ln", r"\operatorname{ln}", r"\mathrm{ln}", r"\log_e")),
    "exp": (sympy.exp, (r"\exp", r"\exp", r"\operatorname{exp}", r"\mathrm{exp}")),
    "log2": (lambda x: sympy.log(x) / sympy.log(2), (r"\log_2", r"\log_{2}")),
    "log10": (lambda x: sympy.log(x) / sympy.log(10), (r"\log_{10}", r"\lg")),
    "erf": (sympy.erf, (r"\operatorname{erf}", r"\mathrm{erf}", r"\text{erf}")),
    "sign": (sympy.sign, (r"\operatorname{sgn}", r"\operatorname{sign}", r"\mathrm{sgn}", r"\text{sign}")),
}  # fmt: skip
POWERED = ("sin", "cos", "tan", "tanh", "sinh", "cosh", "log", "cot", "sec")


class Speller:
    """A seeded source of formulas."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.names = self.dice.sample(sorted(NAMES), 3)
        self.bound = 0

    def formula(self) -> tuple[str, Expr]:
        """LaTeX and what it means."""
        while True:
            self.bound = 0
            try:
                text, value, _ = self.any(3)
            except ValueError:  # SymPy has no maximum of numbers that are not real
                continue
            if value.free_symbols and not value.has(sympy.zoo, sympy.nan, sympy.I, sympy.oo) and len(text) < 300:
                return text, value

    def any(self, depth: int) -> Spelled:
        """A formula of at most that depth."""
        if depth == 0 or self.dice.random() < 0.08:
            return self.leaf()
        kinds = (
            *(self.sum, self.sum, self.product, self.product, self.product, self.quotient, self.quotient),
            *(self.power, self.power, self.function, self.function, self.function, self.root, self.bars),
            *(self.extremum, self.rounded, self.counted, self.quantified, self.cases, self.derivative),
        )
        return self.dice.choice(kinds)(depth - 1)

    def leaf(self) -> Spelled:
        """A name or a number."""
        if self.dice.random() < 0.7:
            written = self.dice.choice(self.names)
            return written, Symbol(NAMES[written]), ATOM
        return self.number()

    def number(self) -> Spelled:
        """A numeral, in one of its forms."""
        n, d = self.dice.choice((1, 2, 3, 5, 7, 10, 12)), self.dice.choice((2, 3, 4, 5))
        found: tuple[Spelled, ...] = (
            (str(n), Integer(n), ATOM),
            (str(n), Integer(n), ATOM),
            (rf"\frac{{{n}}}{{{d}}}", Rational(n, d), ATOM),
            (rf"\tfrac{{{n}}}{{{d}}}", Rational(n, d), ATOM),
            (rf"\frac{n % 10}{d}", Rational(n % 10, d), ATOM),
            (rf"\frac {n % 10} {d}", Rational(n % 10, d), ATOM),
            (f"{n}.{d}", Rational(f"{n}.{d}"), ATOM),
            (f"{n}{{,}}000", Integer(1000 * n), ATOM),
            (r"\pi", sympy.pi, ATOM),
            (r"\frac{\pi}{2}", sympy.pi / 2, ATOM),
            ("½", Rational(1, 2), ATOM),
        )
        return self.dice.choice(found)

    def bracket(self, text: str) -> str:
        """The text in some brackets."""
        left, right = self.dice.choice(BRACKETS)
        return f"{left}{text}{right}"

    def tight(self, spelled: Spelled, level: int) -> str:
        """The text, in brackets where it holds together less tightly than is needed (and sometimes for no reason)."""
        text, _, own = spelled
        return self.bracket(text) if own > level or self.dice.random() < 0.08 else text

    # -- the kinds of nodes -----------------------------------------------------------------------------------------

    def sum(self, depth: int) -> Spelled:
        """Terms with signs."""
        first = self.any(depth)
        minus = self.dice.random() < 0.15
        text, value = self.tight(first, PRODUCT), first[1]
        if minus:
            text, value = f"-{text}", -value
        for _ in range(self.dice.choice((1, 1, 2))):
            term = self.any(depth)
            sign = self.dice.choice((" + ", "+", " - ", "-", "{}-{}", " & - "[:0] + " − "))
            text += sign + self.tight(term, PRODUCT)
            value = value + term[1] if "+" in sign else value - term[1]
        return text, value, SUM

    def product(self, depth: int) -> Spelled:
        """Factors side by side or with signs between them."""
        parts = [self.any(depth) for _ in range(self.dice.choice((2, 2, 3)))]
        text, value = "", Integer(1)
        for k, part in enumerate(parts):
            shown = self.tight(part, PRODUCT if k == len(parts) - 1 and self.dice.random() < 0.3 else TIGHT)
            value *= part[1]
            text = text + self._between(text, shown) + shown if text else shown
        return text, value, PRODUCT

    def _between(self, before: str, after: str) -> str:
        """A sign where two factors side by side would be one numeral, a mixed number, a call or a longer command."""
        glue = self.dice.choice(SIDE_BY_SIDE)
        number = after[0].isdigit() or after.startswith((r"\frac", r"\tfrac", r"\dfrac", "½"))
        opens = any(after.startswith(left.strip("{")) for left, _ in BRACKETS) or after[0] == "{"
        slanted = "/" in before or "!" in before
        ends_open = before[-1] not in ")}]" and not before[-1].isalnum()
        if number or opens or slanted or ends_open or self.open_tail or self.dice.random() < 0.3:
            sign = self.dice.choice(DOTS)
            shape = before[-1].isdigit() and after[0].isdigit()  # (28 × 28)
            return r" \cdot " if shape else sign
        return glue

    open_tail = False

    def quotient(self, depth: int) -> Spelled:
        """Fractions of all kinds."""
        num, den = self.any(depth), self.any(depth)
        if den[1].is_zero:
            den = self.leaf()
        value = num[1] / den[1]
        form = self.dice.randrange(8)
        if form < 4:
            command = self.dice.choice((r"\frac", r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"))
            return f"{command}{{{num[0]}}}{{{den[0]}}}", value, ATOM
        if form == 4:
            return f"{{{num[0]} \\over {den[0]}}}", value, ATOM
        if form == 5 and len(num[0]) == len(den[0]) == 1:
            return rf"\frac {num[0]} {den[0]}", value, ATOM
        slash = self.dice.choice(("/", " / ", r" \div ", r"\left/"[:0] + " / "))
        return f"{self.tight(num, TIGHT)}{slash}{self.tight(den, ATOM)}", value, PRODUCT

    def power(self, depth: int) -> Spelled:
        """A base with an exponent."""
        base, n = self.any(depth), self.dice.choice((2, 2, 3, -1, -2, 10))
        if base[1].is_zero:
            base = self.leaf()
        plain = base[2] == ATOM and base[0] in NAMES and "_" not in base[0]
        shown = base[0] if plain else self.bracket(base[0])
        if self.dice.random() < 0.15 and depth:
            exponent = self.leaf()
            if "r" in exponent[0] or "text" in exponent[0]:  # \mathrm{new} above a name is a label
                exponent = self.number()
            return f"{shown}^{{{exponent[0]}}}", base[1] ** exponent[1], TIGHT
        written = str(n) if 0 < n < 10 and self.dice.random() < 0.6 else f"{{{n}}}"
        written = (
            self.dice.choice((written, {2: "²", 3: "³"}[n])) if n in (2, 3) and written[0] != "{" else "^" + written
        )
        if not written.startswith(("^", "²", "³")):
            written = "^" + written
        return f"{shown}{written}", base[1] ** n, TIGHT

    def function(self, depth: int) -> Spelled:
        """A named function, with brackets or without."""
        name = self.dice.choice(sorted(FUNCTIONS))
        make, spellings = FUNCTIONS[name]
        argument = self.any(depth)
        value = make(argument[1])
        head = self.dice.choice(spellings)
        if name == "exp" and self.dice.random() < 0.6:
            e = self.dice.choice(("e", "e", r"\mathrm{e}", r"{\rm e}"))
            return f"{e}^{{{argument[0]}}}", value, TIGHT
        if name in POWERED and "^" not in head and "_" not in head and self.dice.random() < 0.3:
            n = self.dice.choice((2, 3))
            head, value = head + self.dice.choice((f"^{n}", f"^{{{n}}}", f"^{n} ")), value**n
        form = self.dice.randrange(6)
        if form == 0 and argument[2] == ATOM and argument[0] in NAMES:
            return f"{head} {argument[0]}", value, PRODUCT
        if form == 1 and argument[2] == ATOM:
            return f"{head}{{{argument[0]}}}", value, PRODUCT
        left, right = self.dice.choice(BRACKETS[:9])
        return f"{head}{left}{argument[0]}{right}", value, ATOM

    def root(self, depth: int) -> Spelled:
        """Square roots and others."""
        body = self.any(depth)
        if self.dice.random() < 0.3:
            return rf"\sqrt[3]{{{body[0]}}}", sympy.Pow(body[1], Rational(1, 3)), ATOM
        text = self.dice.choice((rf"\sqrt{{{body[0]}}}", rf"\sqrt {{{body[0]}}}", f"{self.bracket(body[0])}^{{1/2}}"))
        return text, sympy.sqrt(body[1]), ATOM if text.startswith(r"\sqrt") else TIGHT

    def bars(self, depth: int) -> Spelled:
        """Absolute values."""
        body = self.any(depth)
        pairs = (
            ("|", "|"),
            (r"\left|", r"\right|"),
            (r"\lvert ", r"\rvert "),
            (r"\abs{", "}"),
            (r"\left\vert ", r"\right\vert "),
        )
        left, right = self.dice.choice(pairs if "|" not in body[0] and "vert" not in body[0] else pairs[1:2])
        return f"{left}{body[0]}{right}", sympy.Abs(body[1]), ATOM

    def extremum(self, depth: int) -> Spelled:
        """max and min of two."""
        a, b = self.any(depth), self.any(0)
        make, name = self.dice.choice(((sympy.Max, r"\max"), (sympy.Min, r"\min"), (sympy.Max, r"\operatorname{max}")))
        left, right = self.dice.choice((("(", ")"), (r"\{", r"\}"), (r"\left(", r"\right)"), (r"\left\{", r"\right\}")))
        return f"{name}{left}{a[0]}, {b[0]}{right}", make(a[1], b[1]), ATOM

    def rounded(self, depth: int) -> Spelled:
        """floor and ceiling."""
        body = self.any(depth)
        forms = (
            (r"\lfloor ", r" \rfloor", sympy.floor), (r"\left\lfloor ", r" \right\rfloor", sympy.floor),
            (r"\lceil ", r" \rceil", sympy.ceiling), (r"\left\lceil{", r"}\right\rceil", sympy.ceiling),
        )  # fmt: skip
        left, right, make = self.dice.choice(forms)
        return f"{left}{body[0]}{right}", make(body[1]), ATOM

    def counted(self, depth: int) -> Spelled:
        """Factorials and binomials of small numbers."""
        n = self.dice.randrange(2, 6)
        k = self.dice.randrange(1, n)
        forms = (
            (f"{n}!", sympy.factorial(n), TIGHT), (rf"\binom{{{n}}}{{{k}}}", sympy.binomial(n, k), ATOM),
            (rf"{{{n} \choose {k}}}", sympy.binomial(n, k), ATOM), (rf"\dbinom {n} {k}", sympy.binomial(n, k), ATOM),
        )  # fmt: skip
        return self.dice.choice(forms)

    def quantified(self, depth: int) -> Spelled:
        """A sum or product over a few numbers."""
        if self.bound:
            return self.leaf()
        self.bound += 1
        letter = self.dice.choice(("i", "k", "j", "n"))
        index = Symbol(letter)
        body = self.any(depth)
        self.bound -= 1
        hi = self.dice.choice((2, 3))
        sign, make = self.dice.choice(((r"\sum", sympy.Add), (r"\sum", sympy.Add), (r"\prod", sympy.Mul)))
        limits = self.dice.choice((
            f"_{{{letter}=1}}^{{{hi}}}", f"_{{{letter} = 1}}^{hi}", f"^{hi}_{{{letter}=1}}",
            rf"\limits_{{{letter}=1}}^{{{hi}}}",
        ))  # fmt: skip
        with_index = body[1] * index
        value = make(*(with_index.subs(index, k) for k in range(1, hi + 1)))
        return f"{self.bracket(f'{sign}{limits} {letter} {self.bracket(body[0])}')}", value, ATOM

    def cases(self, depth: int) -> Spelled:
        """A function of two pieces."""
        a, b, x = self.any(depth), self.any(0), self.any(0)
        otherwise = self.dice.choice(
            (
                r"\text{otherwise}",
                r"\text{else}",
                r"\mathrm{otherwise}",
                rf"{x[0]} \le 0",
                rf"\text{{if }} {x[0]} \leq 0",
            )
        )
        lead = self.dice.choice(("", r"\text{if } ", r"\text{for }", r"\mbox{if } "))
        end = self.dice.choice((r" \\ ", r", \\ ", "\\\\[2pt]\n"))
        text = rf"\begin{{cases}} {a[0]} & {lead}{x[0]} > 0{end}{b[0]} & {otherwise} \end{{cases}}"
        return text, sympy.Piecewise((a[1], x[1] > 0), (b[1], True)), SUM

    def derivative(self, depth: int) -> Spelled:
        """A derivative as an operator before brackets."""
        written = self.dice.choice(self.names)
        variable = Symbol(NAMES[written])
        body = self.any(0) if depth == 0 else self.any(depth - 1)
        if body[1].has(sympy.floor, sympy.ceiling, sympy.sign, sympy.Abs, sympy.Max, sympy.Min, sympy.Piecewise):
            return body
        n = self.dice.choice((1, 1, 2))
        d = self.dice.choice(("d", r"\partial ", r"\mathrm{d}", r"\mathrm d "))
        up = f"^{n}" if n > 1 else ""
        operators = [
            f"\\frac{{{d}{up}}}{{{d}{self.bracket(written) if up and not written.isalnum() else written}{up}}}"
        ]
        if n == 1:
            operators += [rf"\dv{{{written}}}", rf"\pdv{{{written}}}"]
        left, right = self.dice.choice(BRACKETS[:8])
        return f"{self.dice.choice(operators)}{left}{body[0]}{right}", sympy.diff(body[1], variable, n), PRODUCT
