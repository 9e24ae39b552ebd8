r"""Differentials and Leibniz derivatives: `\frac{\partial L}{\partial w}`, `dy/dx`, `\frac{d}{dx} f`, `\pdv{f}{x}`."""

from __future__ import annotations

from typing import Literal

from deriv.latex import symbols as sy
from deriv.latex.cursor import FRACTIONS
from deriv.latex.nodes import Deriv, Differential, Frac, Group, Items, Name, Node, Number, Product, Script, Symbol
from deriv.latex.parse_environments import Environments
from deriv.latex.pieces import Piece
from deriv.source import Span

# In `dn` and `dk` the d is a size, not a differential.
_COUNTS = frozenset("nmkijNMKD")
Marker = Literal["d", "partial"]
_PHYSICS = {r"\dv": "d", r"\odv": "d", r"\derivative": "d", r"\pdv": "partial", r"\pderiv": "partial", r"\fdv": "d"}


class Derivatives(Environments):
    """Reads a d as a differential only where the notation says so."""

    # -- markers ----------------------------------------------------------------------------------------------------

    def marker(self, k: int) -> Marker | None:
        """The kind of d at piece k, if it can be one: roman d, ∂, or the letter d."""
        piece = self.pieces[k]
        if piece.kind == "partial":
            return "partial"
        if piece.kind == "dee" or (piece.kind == "name" and piece.text == "d" and not piece.extra and not self.font):
            return "d"
        return None

    def at_differential(self) -> bool:
        """Whether a differential stands here outside of a fraction."""
        piece = self.peek
        if piece.kind == "partial":
            return True
        kind = self.marker(self.i)
        following = self.after()
        if kind is None or self.scripts:
            return False
        if self._slash() is not None:
            return True
        if piece.kind == "dee" or self.integrals:
            return following.kind in ("name", "word", "cmd", "lb", "open", "left", "text")
        letter = following.kind == "name" and (
            (following.glued and following.text not in _COUNTS) or len(following.text) > 1
        )
        command = following.kind == "cmd" and (following.text in sy.FONTS or following.text in sy.ACCENTS)
        if piece.glued:  # `y dx` written as one run
            return following.glued and following.text in "xyztuv" and not self.after(2).glued
        return not following.spaced and (letter or command)

    def _slash(self) -> int | None:
        """The index of the slash of `dy/dx` that begins here."""
        k, steps = self.i + 1, 0
        while steps < 30:
            piece = self.pieces[k]
            if piece.kind == "op" and piece.text == "/":
                pair = self.marker(k + 1) is not None and self.starts_factor(
                    self.pieces[min(k + 2, len(self.pieces) - 1)]
                )
                tight = (pair and not self.pieces[k + 2].spaced) or (pair and self.pieces[k + 1].kind != "name")
                return k if tight else None
            if piece.kind not in (
                "name",
                "num",
                "word",
                "text",
                "cmd",
                "lb",
                "open",
                "left",
                "sub",
                "sup",
                "prime",
                "fn",
            ):
                return None
            k = self.levels.match.get(k, k) + 1
            steps += 1
        return None

    # -- free differentials and slashes -----------------------------------------------------------------------------

    def differential(self) -> Node:
        r"""`dx`, `\partial f`, `dy/dx`, `\partial_x f`."""
        kind = self.marker(self.i)
        assert kind is not None
        if self.scripts == 0 and (slash := self._slash()) is not None:
            return self._slashed(kind, slash)
        piece = self.advance()
        self.deeper()
        node = self._free(kind, piece)
        self.depth -= 1
        return node

    def _free(self, kind: Marker, piece: Piece) -> Node:
        if kind == "partial" and self.peek.kind == "sub":
            self.advance()
            by = self.script_argument()
            if by is not None:
                variables = by.items if isinstance(by, Items) else _letters(by)
                body = self.operator_body()
                return Deriv(piece.span.to(self.last_span), kind, tuple((v, 1) for v in variables), body, ratio=False)
        if piece.kind == "dee" and self.peek.kind == "sub" and not self.scripts:  # the differential at a point
            self.advance()
            at = self.script_argument()
            body = self.factor()
            return Script(piece.span.to(body.span), Differential(piece.span.to(body.span), kind, body), at)
        if not self.starts_factor(self.peek) or (kind == "d" and self.scripts):
            if piece.kind == "dee" and self.peek.kind == "sup" and not self.scripts:
                raise self.error(piece, "a differential with a superscript")
            return self.simple(piece)
        body = self.factor()
        if kind == "partial" and self.peek.kind in ("open", "left"):
            group = self.group()
            body = Product(body.span.to(group.span), (body, group), ("",))
        return Differential(piece.span.to(body.span), kind, body)

    def operator_body(self) -> Node | None:
        """What an operator applies to."""
        raise NotImplementedError

    def _slashed(self, kind: Marker, slash: int) -> Node:
        start = self.advance()
        self.deeper()
        order = self.order()
        body: Node | None = None
        if self.i < slash:
            factors = [self.factor()]
            while self.i < slash:
                factors.append(self.factor())
            span = factors[0].span.to(factors[-1].span)
            body = factors[0] if len(factors) == 1 else Product(span, tuple(factors), ("",) * (len(factors) - 1))
        if self.i != slash:
            raise self.error(self.peek)
        self.advance()
        below = self.marker(self.i) or kind
        variables: list[Node] = []
        while self.marker(self.i) is not None and len(variables) < order and self.starts_factor(self.after()):
            self.advance()
            variables.append(self.factor())
            if isinstance(variables[-1], Script) and isinstance(variables[-1].sup, Number):
                break
        by = self.orders(variables, order, start)
        self.depth -= 1
        return self.derivative(start, below, by, body)

    def derivative(self, start: Piece, kind: Marker, by: tuple[tuple[Node, int], ...], body: Node | None) -> Node:
        """A ratio when there is a body already; else an operator and what follows it."""
        span = start.span.to(self.last_span)
        if body is not None:
            return Deriv(span, kind, by, body, ratio=True)
        found = self._operand()
        return Deriv(start.span.to(self.last_span), kind, by, found, ratio=False)

    def _operand(self) -> Node | None:
        """A bracket right after the operator is all of its operand."""
        self.skip_quads()
        if self.peek.kind in ("open", "left"):
            return self.scripted(self.group())
        self.deeper()
        body = self.operator_body()
        self.depth -= 1
        return body

    # -- fractions --------------------------------------------------------------------------------------------------

    def fraction_or_command(self) -> Node:
        """A command; a fraction may be a derivative."""
        if self.peek.text in _PHYSICS:
            return self._physics(self.advance())
        if self.peek.text not in FRACTIONS:
            return self.command(self.advance())
        derivative = self.derivative_ahead()
        piece = self.advance()
        if self.peek.kind == "open":  # \cfrac[l]{…}{…}
            self.optional()
        self.deeper()
        node = self._leibniz(piece) if derivative else self._fraction(piece)
        self.depth -= 1
        if isinstance(node, Deriv) and node.body is None:
            return self.derivative(piece, node.kind, node.by, None)  # type: ignore[arg-type]
        return node

    def _fraction(self, piece: Piece) -> Node:
        num = self.argument()
        den = self.argument()
        return Frac(piece.span.to(self.last_span), num, den)

    def _extent(self, k: int) -> tuple[int, int, int]:
        """Start and end of the argument at piece k, and where the next one begins."""
        if self.pieces[k].kind == "lb" and k in self.levels.match:
            return k + 1, self.levels.match[k], self.levels.match[k] + 1
        return k, k + 1, k + 1

    def derivative_ahead(self) -> bool:
        """Whether the fraction here is d over d."""
        if self.peek.text not in FRACTIONS:
            return self.peek.text in _PHYSICS
        start, end, following = self._extent(self.i + 1)
        if following >= len(self.pieces):
            return False
        low, high, _ = self._extent(following)
        start, low = self._skip(start, end), self._skip(low, high)
        if start >= end or low + 1 >= high or not self._over_each_other(start, low):
            return False
        if not self.starts_factor(self.pieces[self._skip(low + 1, high)]):
            return False
        first, start = start, self._skip(start + 1, end) - 1
        above = self.pieces[start + 1]
        if start + 1 < end and (above.kind in ("op", "sub") or (above.kind == "sign" and above.text != "-")):
            return False
        if self._several(start, end) or self._quotient(start, end) or self._quotient(low, high):
            return False
        for k in (first, *range(low, high)):
            if self._delta(k):
                self.pieces[k].kind = "partial"
        return True

    def _skip(self, k: int, end: int) -> int:
        while k < end and self.pieces[k].kind in ("quad", "nil"):
            k += 1
        return k

    def _over_each_other(self, above: int, below: int) -> bool:
        """Two d's, or two δ's: as a factor δ would cancel, so that it is a sign for a derivative."""
        if self._delta(above) and self._delta(below):
            return self.pieces[below + 1].kind not in ("sub", "sup", "rb")
        return self.marker(above) is not None and self.marker(below) is not None

    def _delta(self, k: int) -> bool:
        piece = self.pieces[k]
        return piece.kind == "name" and piece.text == "delta" and not piece.extra

    def _quotient(self, start: int, end: int) -> bool:
        """`dy/dt` above or below the line: a fraction of derivatives."""
        k = start
        while k < end:
            if self.pieces[k].kind == "op" and self.pieces[k].text in ("/", "div"):
                return True
            k = self.levels.match.get(k, k) + 1
        return False

    def _several(self, start: int, end: int) -> bool:
        r"""`\partial f + \partial g` above the line is no single derivative."""
        k = start + 1
        while k < end:
            if self.pieces[k].kind in ("partial", "dee"):
                return True
            k = self.levels.match.get(k, k) + 1
        return False

    def _leibniz(self, piece: Piece) -> Node:
        braced = self.peek.kind == "lb"
        if braced:
            self.advance()
        self.skip_quads()
        self.advance()
        order = self.order() if braced else 1
        body = self.items() if braced and self.peek.kind != "rb" else None
        if braced:
            self.expect("rb")
        start = self.peek
        self.expect("lb")
        self.skip_quads()
        kind = self.marker(self.i) or "d"
        variables = self._variables(order)
        self.expect("rb")
        by = self.orders(variables, order, start)
        return Deriv(piece.span.to(self.last_span), kind, by, body, ratio=body is not None)

    def order(self) -> int:
        """The order written on the d: `d^2`."""
        if self.peek.kind != "sup":
            return 1
        piece = self.advance()
        value = self.script_argument()
        if not isinstance(value, Number) or not value.text.isdigit() or not 0 < int(value.text) < 100:
            raise self.error(piece, "a derivative of an order that is no number")
        return int(value.text)

    def _variables(self, order: int) -> list[Node]:
        """`x`, `y` in `\\partial x \\partial y`."""
        found: list[Node] = []
        while self.peek.kind != "rb":
            if self.marker(self.i) is None:
                raise self.error(self.peek)
            self.advance()
            factors = [self.factor()]
            while self.peek.kind != "rb" and not self._next_variable(order):
                if not self.starts_factor(self.peek):
                    raise self.error(self.peek)
                factors.append(self.factor())
            span = Span(factors[0].span.start, factors[-1].span.end)
            found.append(factors[0] if len(factors) == 1 else Product(span, tuple(factors), ("",) * (len(factors) - 1)))
            self.skip_quads()
        return found

    def _next_variable(self, order: int) -> bool:
        self.skip_quads()
        kind = self.peek.kind
        if kind in ("partial", "dee"):
            return True
        return order > 1 and self.marker(self.i) is not None and self.starts_factor(self.after())

    def orders(self, variables: list[Node], order: int, place: Piece) -> tuple[tuple[Node, int], ...]:
        """Who is differentiated how often; the orders must add up to the one written above."""
        if order == 1 and len(variables) == 1:
            return ((variables[0], 1),)
        powers = [_power(v) for v in variables]
        if sum(n for _, n in powers) == order:
            return tuple(powers)
        if len(variables) == order:
            return tuple((v, 1) for v in variables)
        raise self.error(place, "the orders of this derivative do not add up")

    def _physics(self, piece: Piece) -> Node:
        r"""`\dv{f}{x}`, `\pdv[2]{f}{x}`, `\dv{x}`."""
        order = 1
        degree = self.optional()
        if degree is not None:
            if not isinstance(degree, Number) or not degree.text.isdigit():
                raise self.error(piece, "a derivative of an order that is no number")
            order = int(degree.text)
        kind: Marker = "d" if _PHYSICS[piece.text] == "d" else "partial"
        parts = [self.argument()]
        while self.peek.kind == "lb" and len(parts) < 3:
            parts.append(self.argument())
        if len(parts) == 1:
            return self.derivative(piece, kind, ((parts[0], order),), None)
        body = parts[0]
        by = tuple((v, order if len(parts) == 2 else 1) for v in parts[1:])
        if isinstance(body, Symbol) and body.text == "placeholder":
            return self.derivative(piece, kind, by, None)
        return Deriv(piece.span.to(self.last_span), kind, by, body, ratio=True)


def _letters(node: Node) -> tuple[Node, ...]:
    """`x`, `y` in `\\partial_{xy}`."""
    if isinstance(node, Product) and not any(node.ops) and all(isinstance(f, Name | Script) for f in node.factors):
        return node.factors
    return (node,)


def _power(node: Node) -> tuple[Node, int]:
    """`x^2` below the line is x, twice."""
    if isinstance(node, Script) and isinstance(node.sup, Number) and node.sup.text.isdigit():
        bare = (
            node.base
            if node.sub is None and not node.primes
            else Script(node.span, node.base, node.sub, None, node.primes)
        )
        inner = bare.body if isinstance(bare, Group) and bare.open == "(" and not isinstance(bare.body, Items) else bare
        return inner, int(node.sup.text)
    return node, 1
