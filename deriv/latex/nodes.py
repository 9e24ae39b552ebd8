"""The surface tree: what the author wrote, with the place of every part.

No node knows what a symbol means: `x(x-1)` and `f(x)` are both a `Product` of a `Name` and a `Group`, written side
by side.  Deciding between product and application, index and power, transpose and exponent is the work of the
elaborator, which has the document's context.  This module and its parser import neither SymPy nor NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deriv.source import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Base of the surface tree; `span` is the node's place in the source text."""

    span: Span


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A numeral as written: `2`, `0.70`, `.833`, `0.62..`; the dots of a truncated decimal stay in `text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    r"""A letter, a Greek letter or a multi-letter name (`\mathrm{net}`, `\text{out}`, `MSE` in `\operatorname`).

    `text` is the bare name by contract (`x`, `theta`, `net`, `partial` never); `accents` from the inside out
    (`hat bar tilde dot ddot vec check breve underline overline`); `font` is `bf`, `bb`, `cal`, `frak`, `rm`, `sf`,
    `scr`, `it`, `tt` or "" (`\boldsymbol`, `\bm`, `\mathbf` are `bf`; `\text`, `\mathrm`, `\operatorname` are `rm`).
    """

    text: str
    accents: tuple[str, ...] = ()
    font: str = ""


@dataclass(frozen=True, slots=True)
class Symbol(Node):
    r"""A symbol that is no name: `\infty` (`oo`), `\ldots \cdots \vdots \ddots` (`dots`), `\top` (`top`),
    `\intercal` (`top`), `*` as a superscript (`star`), `\dagger` (`dagger`), `\emptyset`, `\prime`, `\partial`,
    `\nabla`, `\forall`, `placeholder` for an empty box or `?`.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Text(Node):
    r"""Prose inside math: `\text{if } x > 0` (the words as written; math inside it is dropped into `text`)."""

    text: str


@dataclass(frozen=True, slots=True)
class Script(Node):
    r"""A base with sub- and superscript and primes: `x_j`, `W^{[l]}_{ij}`, `f''`, `{a^{[2]}}^T` (a Script in a Script).

    A bracketed superscript keeps its brackets: `y^{(i)}` has the superscript `Group("(", ")", …)`.
    A prime directly after the base or in the superscript counts in `primes`.
    """

    base: Node
    sub: Node | None = None
    sup: Node | None = None
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Group(Node):
    r"""Something in brackets: `()`, `[]`, `{}` (written `\{ \}`), `||` (absolute value, determinant), `‖‖` (norm),
    `<>` (`\langle \rangle`), `floor`, `ceil`; TeX's own invisible braces leave no Group but protect a Product.
    `[n > 0]` may hold a `Chain`; `(x, y)` holds a `Items`; `p(y|x)` an `Items` with separator "|".
    """

    open: str
    close: str
    body: Node


@dataclass(frozen=True, slots=True)
class Items(Node):
    """A list with commas, semicolons or a bar: `x, y; \\theta`; `separators` has one fewer entry than `items`."""

    items: tuple[Node, ...]
    separators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frac(Node):
    r"""`\frac`, `\dfrac`, `\tfrac`, `\cfrac`, `{a \over b}`, not a derivative (see `Deriv`)."""

    num: Node
    den: Node


@dataclass(frozen=True, slots=True)
class Binomial(Node):
    r"""`\binom{n}{k}`, `{n \choose k}`."""

    top: Node
    bottom: Node


@dataclass(frozen=True, slots=True)
class Root(Node):
    r"""`\sqrt{x}`, `\sqrt[3]{x}`."""

    body: Node
    degree: Node | None = None


@dataclass(frozen=True, slots=True)
class Postfix(Node):
    r"""A factorial `n!`, a percentage `50\%`."""

    base: Node
    operator: str


@dataclass(frozen=True, slots=True)
class Product(Node):
    r"""Factors in a row, flat; `ops[k]` stands between factors k and k+1: "" (side by side), `cdot`, `times`, `*`, `/`,
    `div`, `odot`, `circ`, `otimes`, `oplus`, `wedge`, `mod`.  Always at least two factors.
    """

    factors: tuple[Node, ...]
    ops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Additive(Node):
    r"""Signed terms: `signs[k]` is "+", "-", "±" or "∓" before term k; the first is "+" when none is written.
    At least two terms, or one with a sign.
    """

    signs: tuple[str, ...]
    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Function(Node):
    r"""A named function applied: `\sin^2 2x`, `\log(1-p)`, `\operatorname{tr} AB`, `\exp\{z\}`, `\max(0, x)`.

    `name` without backslash; `sub`, `sup`, `primes` as on the name (`\log_2`, `\sin^{-1}`, `\max_j`); `arg` is a
    Group when it was bracketed, else the run of factors that follows, or None when nothing follows.
    """

    name: str
    arg: Node | None
    sub: Node | None = None
    sup: Node | None = None
    primes: int = 0


@dataclass(frozen=True, slots=True)
class BigOp(Node):
    r"""`\sum`, `\prod`, `\int` (also `\iint`, `\oint`), `\lim` … with `sub`, `sup` and the body that follows.

    `kind`: `sum prod int lim`.  `body` runs to the end of the term (before the next `+`, `-` or relation);
    an integral's body ends before its `differential`, which is the node after the d.
    """

    kind: Literal["sum", "prod", "int", "lim"]
    sub: Node | None
    sup: Node | None
    body: Node | None
    differential: Node | None = None


@dataclass(frozen=True, slots=True)
class Deriv(Node):
    r"""A Leibniz derivative: `\frac{dy}{dx}`, `\frac{\partial^2 L}{\partial x \partial y}`, `\frac{d}{dx} f`,
    `\partial L / \partial w`, `dy/dx`.

    `kind` is "d", "partial", or "D" (δ, Δ and other letters are plain fractions); `by` lists (variable, order).
    A ratio has `ratio=True` and `body` is its numerator without the d's (`\frac{d(wx+b)}{dw}`, `\frac{d\sigma}{dz}`);
    an operator has `ratio=False` and `body` is what follows to the end of the term, or None when nothing does.
    A number or sign that follows an operator directly belongs to the body: `\frac{\partial}{\partial w} - [x]`.
    """

    kind: Literal["d", "partial", "D"]
    by: tuple[tuple[Node, int], ...]
    body: Node | None
    ratio: bool


@dataclass(frozen=True, slots=True)
class Nabla(Node):
    r"""`\nabla_w L`, `\nabla^2 f`, `\nabla f`: `by` is the subscript, `order` 1 or 2, `body` the run that follows."""

    by: Node | None
    order: int
    body: Node | None


@dataclass(frozen=True, slots=True)
class Differential(Node):
    r"""A free differential: `dx`, `\partial x`, `d\mathbf{X}` outside of a Leibniz fraction or an integral."""

    kind: Literal["d", "partial"]
    body: Node


@dataclass(frozen=True, slots=True)
class Matrix(Node):
    """`bmatrix`, `pmatrix`, `vmatrix`, `array` …, rows of cells; `env` is the environment's name."""

    env: str
    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class CasesOf(Node):
    r"""`cases`: (value, condition) per row; the condition is a Chain, a Text or None."""

    rows: tuple[tuple[Node, Node | None], ...]


@dataclass(frozen=True, slots=True)
class Decorated(Node):
    r"""Something under a mark that does not change its value: `\underbrace{…}_{…}`, `\overbrace`, `\boxed`, `\cancel`,
    `\color{red}{…}`.  `mark` is the macro's name, `label` what stands at the brace.  (`\phantom` leaves nothing.)
    """

    mark: str
    body: Node
    label: Node | None = None


@dataclass(frozen=True, slots=True)
class Relation(Node):
    r"""A relation sign; `text` is one of `= != < <= > >= approx equiv := =: <- -> => <=> propto in sim subset to mapsto
    |-> || perp def` (`\triangleq`, `\stackrel{def}{=}`, `\doteq` are `def`; `\longleftarrow`, `\gets` are `<-`).
    """

    text: str


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """`A = B = C`: one more part than relations.  A part is None where nothing stands (a row that begins with `=`)."""

    parts: tuple[Node | None, ...]
    relations: tuple[Relation, ...]
