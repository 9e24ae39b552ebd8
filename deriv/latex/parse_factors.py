"""Sums, products, factors and scripts: the grammar below relation signs."""

from __future__ import annotations

from dataclasses import replace

from deriv.latex.cursor import ENDS, Cursor
from deriv.latex.nodes import Additive, Node, Number, Postfix, Product, Script, Symbol
from deriv.latex.parse_atoms import is_application, is_connector
from deriv.latex.parse_operators import Operators
from deriv.latex.pieces import Piece


class Factors(Operators):
    """From sums down to atoms."""

    def at_end(self) -> bool:
        """Whether an expression cannot go on here."""
        piece = self.peek
        return (
            piece.kind in ENDS
            or (piece.kind == "bar" and self.closing_bar(piece))
            or (piece.kind == "text" and is_connector(piece))
        )

    # -- sums and products ------------------------------------------------------------------------------------------

    def additive(self) -> Node:
        """Terms with signs."""
        self.dissolve()
        start = self.peek
        signs: list[str] = []
        terms: list[Node] = []
        if self.peek.kind != "sign":
            signs.append("+")
            terms.append(self.term())
            written = False
        else:
            written = True
        while True:
            self._skip_quads_before("sign")
            if self.peek.kind != "sign" or self._differential_ahead():
                break
            sign = self.advance()
            self.skip_quads()
            if not terms and self.at_end():
                return self.lone(sign)
            signs.append(sign.text)
            terms.append(self.term())
        if len(terms) == 1 and not written:
            return terms[0]
        return Additive(start.span.to(self.last_span), tuple(signs), tuple(terms))

    def _skip_quads_before(self, kind: str) -> None:
        k = 0
        while self.after(k).kind == "quad":
            k += 1
        if k and self.after(k).kind == kind:
            self.skip_quads()

    def _differential_ahead(self) -> bool:
        return False

    def term(self, *, inner: bool = False) -> Node:
        """Factors in a row; `inner` leaves an evaluation bar to the term around it."""
        self.deeper()
        factors = [self.signed_factor()]
        ops: list[str] = []
        while True:
            self._skip_quads_before("op")
            if self.peek.kind == "lb":
                self.dissolve()
            piece = self.peek
            if piece.kind == "op":
                self.advance()
                self.skip_quads()
                ops.append(piece.text)
                factors.append(self.signed_factor())
            elif self.evaluation_bar(piece):
                if inner:
                    break
                self._evaluate(factors, ops)
            elif self._juxtaposed(piece):
                ops.append("")
                factors.append(self.factor())
            else:
                break
        self.depth -= 1
        return product(factors, ops)

    def signed_factor(self) -> Node:
        r"""A factor that may carry a sign of its own: `\cdot -x`."""
        self.dissolve()
        piece = self.peek
        if piece.kind == "op" and self._alone():
            return self.lone(self.advance())
        if piece.kind != "sign":
            return self.factor()
        self.advance()
        self.deeper()
        body = self.signed_factor()
        self.depth -= 1
        return Additive(piece.span.to(self.last_span), (piece.text,), (body,))

    def _alone(self) -> bool:
        """Whether the operator is all there is, as in `f(\\cdot)` or `x^*`."""
        following = self.after()
        return (
            following.kind in ENDS | {"bar"}
            and following.kind not in ("nl", "amp")
            and bool(self.depth > 1 or self.scripts)
        )

    def _juxtaposed(self, piece: Piece) -> bool:
        if piece.kind == "bar":
            return self.opening_bar(piece)
        if piece.gap and self.gap_lists:
            return False
        return self.starts_factor(piece) and not (self.integrals and self.at_differential())

    def _evaluate(self, factors: list[Node], ops: list[str]) -> None:
        """Put the factors since the last written operator at a point."""
        bar = self.advance()
        first = len(factors) - 1
        while first and not ops[first - 1]:
            first -= 1
        body = product(factors[first:], ops[first:])
        factors[first:] = [self.evaluated(body, bar)]
        ops[first:] = []

    # -- factors and scripts ----------------------------------------------------------------------------------------

    def factor(self) -> Node:
        """An atom with everything attached to it."""
        self.skip_quads()
        first = self.peek
        node = self.scripted(self.atom())
        return replace(node, span=first.span.to(self.last_span)) if first.kind == "lb" else node

    def atom(self) -> Node:
        """An atom: name, number, bracket, command, operator with its body."""
        piece = self.peek
        match piece.kind:
            case "name":
                return self.differential() if self.at_differential() else self.name()
            case "num":
                return self.simple(self.advance())
            case "sym":
                return self.simple(self.advance())
            case "word" | "text":
                return self.word()
            case "fn":
                return self.function()
            case "big":
                return self.big()
            case "nabla":
                return self.nabla()
            case "partial" | "dee":
                return self.differential()
            case "open" | "left":
                return self.group()
            case "bar":
                return self.bar_group()
            case "lb":
                return self._braces()
            case "begin":
                return self.environment()
            case "cmd":
                return self.fraction_or_command()
            case _:
                raise self.error(piece)

    def dissolve(self) -> None:
        """Dissolve braces that hold a sum or a relation (or nothing), since the reader does not see them."""
        self.skip_quads()
        while self.peek.kind == "lb":
            closing = self.levels.match.get(self.i)
            if closing is None:
                raise self.error(self.peek, "unclosed brace")
            kinds = self.levels.kinds[self.i]
            if self.i in self.levels.infix or not (closing == self.i + 1 or kinds & {"sign", "rel", "sep", "arrow"}):
                return
            if self.pieces[closing + 1].kind in ("sub", "sup", "prime"):
                raise self.error(
                    self.peek, "a script on braces around a sum is ambiguous" if kinds else "a script on nothing"
                )
            self.peek.kind = self.pieces[closing].kind = "nil"
            self.skip_nil()
            self.skip_quads()

    def _braces(self) -> Node:
        """Invisible braces around one factor or a product."""
        closing = self.levels.match.get(self.i)
        if closing is None:
            raise self.error(self.peek, "unclosed brace")
        scripted = self.pieces[closing + 1].kind in ("sub", "sup", "prime")
        piece = self.peek
        node = self.braced()
        if scripted and not is_application(node):
            raise self.error(piece, "a script on braces around a product is ambiguous")
        return node

    def scripted(self, base: Node) -> Node:
        """Sub- and superscripts, primes and factorials."""
        sub: Node | None = None
        sup: Node | None = None
        primes = 0
        while True:
            piece = self.peek
            if piece.kind == "sup":
                if sup is not None:
                    base, sub, sup, primes = _script(base, sub, sup, primes, self), None, None, 0
                self.advance()
                primes += self._primes_in_script()
                sup = self.script_argument() if self.peek.kind != "nothing" else None
            elif piece.kind == "sub":
                if sub is not None:
                    base, sub, sup, primes = _script(base, sub, sup, primes, self), None, None, 0
                self.advance()
                sub = self.script_argument()
            elif piece.kind == "prime":
                self.advance()
                primes += 1
            elif piece.kind == "bang":
                base, sub, sup, primes = _script(base, sub, sup, primes, self), None, None, 0
                self.advance()
                base = Postfix(base.span.to(self.last_span), base, "!")
            elif piece.kind == "sym" and piece.text == "percent" and isinstance(base, Number):
                self.advance()
                base = Postfix(base.span.to(self.last_span), base, "%")
            elif piece.kind == "lb" and self.after().kind == "rb" and self.after(2).kind in ("sub", "sup", "prime"):
                self.advance()
                self.advance()
            else:
                return _script(base, sub, sup, primes, self)

    def _primes_in_script(self) -> int:
        r"""`x^{\prime}`, `x^{\prime T}`, `x^\prime`: the primes are counted and dissolved."""
        k = self.i + (self.peek.kind == "lb")
        count = 0
        while self.pieces[k].kind == "prime" or (self.pieces[k].kind == "sym" and self.pieces[k].text == "prime"):
            self.pieces[k].kind = "nil"
            count += 1
            k += 1
            if self.peek.kind != "lb":
                break
        if count and self.peek.kind == "nil":
            self.pieces[k - 1].kind = "nothing"
            self.jump(k - 1)
        return count

    def script_argument(self) -> Node | None:
        """What stands after `^` or `_`."""
        if self.peek.kind == "nothing":
            self.advance()
            return None
        self.scripts += 1
        integrals, self.integrals = self.integrals, 0
        gaps, self.gap_lists = self.gap_lists, 0
        bars, self.bars = self.bars, []
        node = self._script_content()
        self.scripts -= 1
        self.integrals, self.gap_lists, self.bars = integrals, gaps, bars
        return node

    def _script_content(self) -> Node | None:
        piece = self.peek
        if piece.kind == "lb":
            self.deeper()
            self.advance()
            self.skip_quads()
            node = None if self.peek.kind == "rb" else self.items()
            while self.peek.kind in ("dot", "quad"):
                node = self._dotted(node)
            self.expect("rb")
            self.depth -= 1
            return node
        if piece.kind == "sign":
            self.advance()
            if self.peek.kind in ("num", "name") and not self.peek.spaced:
                body = self.simple(self.advance())
                return Additive(piece.span.to(body.span), (piece.text,), (body,))
            return self.lone(piece)
        if piece.kind == "op":
            return self.lone(self.advance())
        if piece.kind == "num" and len(piece.text) > 1 and piece.text.isdigit():
            raise self.error(piece, "put braces around a script of several digits")
        if piece.kind == "prime":
            raise self.error(piece)
        return self.argument()

    def _dotted(self, node: Node | None) -> Node | None:
        """`w_{1.}`: a dot for an index that runs."""
        dot = self.advance()
        if dot.kind == "quad" or node is None:
            return node
        place = Symbol(dot.span, "placeholder")
        return Product(node.span.to(dot.span), (node, place), ("",))


def _script(base: Node, sub: Node | None, sup: Node | None, primes: int, cursor: Cursor) -> Node:
    if sub is None and sup is None and not primes:
        return base
    return Script(base.span.to(cursor.last_span), base, sub, sup, primes)


def product(factors: list[Node], ops: list[str]) -> Node:
    """A flat product, or its only factor."""
    if len(factors) == 1:
        return factors[0]
    return Product(factors[0].span.to(factors[-1].span), tuple(factors), tuple(ops))
