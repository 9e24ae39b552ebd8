"""Functions, big operators, gradients."""

from __future__ import annotations

from deriv.latex import symbols as sy
from deriv.latex.integrands import without_differential
from deriv.latex.nodes import (
    Additive,
    BigOp,
    Function,
    Group,
    Items,
    Nabla,
    Name,
    Node,
    Number,
    Product,
    Root,
    Script,
    Symbol,
)
from deriv.latex.parse_derivatives import Derivatives
from deriv.latex.pieces import Piece

# With a subscript these bind what follows to the end of the term, like a sum.
_BINDING = frozenset("max min sup inf argmax argmin limsup liminf".split())
# Names that may stand without an argument: `x - \min`.
_NOUNS = frozenset("max min arg deg dim det Pr vec sign sgn diag tr Tr trace rank softmax relu ReLU sigmoid".split())
# In a script these are labels, even when something follows: `x_{\mathrm{max} j}`.
_LABELS = frozenset("max min arg deg dim vec rank var Var cov Cov inf sup".split())
_RATES = frozenset([r"\dot", r"\ddot"])
_STOPS_RUN = frozenset(["fn", "big", "nabla", "partial", "dee", "text", "begin"])


class Operators(Derivatives):
    """Everything that takes what follows it as its body."""

    def word(self) -> Node:
        """A name of several letters; before a bracket, the name of a function."""
        piece = self.advance()
        name = piece.text.strip()
        plain = name.replace(" ", "").replace("-", "")
        label = self.scripts and (plain not in sy.FUNCTIONS or plain in _LABELS)
        if label or not plain.isalnum() or (len(plain) < 2 and name not in sy.FUNCTIONS):
            return self.simple(piece)
        after = self._after_scripts()
        known = plain in sy.FUNCTIONS and self.starts_factor(after)
        bracket = after.kind in ("open", "left") and " " not in name and after.text in ("(", "[", "{")
        if not known and not bracket:
            return self.simple(piece)
        return self._applied(piece, plain if known else name)

    def _after_scripts(self) -> Piece:
        """The piece after the scripts and primes that stand here."""
        k = self.i
        while self.pieces[k].kind in ("sub", "sup", "prime", "nil"):
            k += 1
            if self.pieces[k - 1].kind in ("sub", "sup"):
                k = self.levels.match.get(k, k) + 1
            if k >= len(self.pieces):
                return self.pieces[-1]
        return self.pieces[k]

    def function(self) -> Node:
        r"""`\log`, `\sin^2`, `\operatorname{tr}` … with its argument."""
        piece = self.advance()
        if piece.text == "arg" and self.peek.kind == "fn" and self.peek.text in ("max", "min"):
            second = self.advance()
            piece = Piece("fn", "arg" + second.text, piece.span.to(second.span))
        if piece.extra == "rm" or piece.text in _NOUNS:
            after = self._after_scripts()
            if not self.starts_factor(after) and after.kind != "bar":
                return self.simple(piece)
        return self._applied(piece, piece.text)

    def limited(self, under: Node | None) -> Node:
        if self.peek.kind == "lb":
            self.advance()
            piece = self.advance()
            if piece.text == "arg" and self.peek.kind == "fn":
                second = self.advance()
                piece = Piece("fn", "arg" + second.text, piece.span.to(second.span))
            self.expect("rb")
        else:
            piece = self.advance()
        if piece.kind == "big":
            return self._big(piece, under)
        return self._applied(piece, piece.text, under)

    def _applied(self, piece: Piece, name: str, under: Node | None = None) -> Node:
        self.deeper()
        place = Symbol(piece.span, "placeholder")
        scripted = self.scripted(place)
        sub, sup, primes = under, None, 0
        scripts = isinstance(scripted, Script) or under is not None
        if isinstance(scripted, Script):
            if scripted.base is not place:
                raise self.error(piece, "two superscripts on a function")
            sub, sup, primes = scripted.sub or under, scripted.sup, scripted.primes
        self._skip_quads_before_argument()
        arg = self._function_argument(name, binding=sub is not None and name in _BINDING)
        self.depth -= 1
        span = piece.span.to(self.last_span)
        if name == "sqrt" and isinstance(arg, Group) and not scripts:
            return Root(span, arg.body)
        return Function(span, name, arg, sub, sup, primes)

    def _skip_quads_before_argument(self) -> None:
        if self.peek.kind == "quad" and self.starts_factor(self.after()):
            self.skip_quads()

    def _function_argument(self, name: str, *, binding: bool) -> Node | None:
        piece = self.peek
        if piece.kind == "lb" and self.levels.kinds[self.i] & {"sign", "op"}:
            return self.braced()
        if binding and (self.starts_factor(piece) or piece.kind == "bar"):
            return self.term(inner=True)
        if piece.kind in ("open", "left"):
            return self.group()
        if piece.kind in ("fn", "big"):
            return self.function() if piece.kind == "fn" else self.big()
        if piece.kind == "bar" and not self.closing_bar(piece) and not self.evaluation_bar(piece):
            return self.run()
        if piece.kind == "sign" and name not in _NOUNS:
            raise self.error(piece, f"the argument of {name} needs brackets")
        if self.starts_factor(piece) and not (self.integrals and self.at_differential()):
            return self.run()
        return None

    def run(self, head: Node | None = None) -> Node:
        r"""The juxtaposed factors that follow: `2x` in `\sin 2x`; `head` is the first if it is read already.

        They end where the author set a space (`\sin\theta \, r`) or turns to a rate (`\sin\theta \dot\theta`).
        """
        self.deeper()
        factors = [self.factor() if head is None else head]
        while True:
            self.skip_empty_braces()
            piece = self.peek
            if piece.kind == "bar":
                if not self.opening_bar(piece):
                    break
            elif (
                not self.starts_factor(piece)
                or self._set_apart(piece, factors[-1])
                or piece.kind in _STOPS_RUN
                or self.at_differential()
                or (piece.gap and self.gap_lists)
                or (piece.kind == "cmd" and self.derivative_ahead())
            ):
                break
            factors.append(self.factor())
        self.depth -= 1
        if len(factors) == 1:
            return factors[0]
        return Product(factors[0].span.to(factors[-1].span), tuple(factors), ("",) * (len(factors) - 1))

    @staticmethod
    def _set_apart(piece: Piece, before: Node) -> bool:
        """Whether a factor stands apart from the argument that a function without brackets has had so far."""
        apart = piece.thin or piece.gap or piece.text in _RATES
        return apart and piece.kind not in ("open", "left") and not isinstance(before, Number)

    # -- big operators ----------------------------------------------------------------------------------------------

    def big(self) -> Node:
        r"""`\sum`, `\prod`, `\int`, `\lim` with limits and body."""
        return self._big(self.advance(), None)

    def _big(self, piece: Piece, under: Node | None) -> Node:
        self.deeper()
        sub, sup = under, None
        while self.peek.kind in ("sub", "sup"):
            if self.advance().kind == "sub":
                sub = self.script_argument()
            else:
                sup = self.script_argument()
        differential: Node | None = None
        if piece.text == "int":
            body, differential = self._integral(int(piece.extra or 1))
        else:
            body = self.operator_body()
        self.depth -= 1
        span = piece.span.to(self.last_span)
        return BigOp(span, piece.text, sub, sup, body, differential)  # type: ignore[arg-type]

    def operator_body(self) -> Node | None:
        """What an operator applies to: to the end of the term; a sign right after the operator belongs to it."""
        self._skip_quads_before_argument()
        piece = self.peek
        if piece.kind == "lb" and self.levels.kinds[self.i] & {"sign"}:
            closing = self.levels.match.get(self.i)
            if closing is not None and self.pieces[closing + 1].kind not in ("sub", "sup", "prime"):
                return self._braced_body()
        if piece.kind == "sign" and piece.text == "-":
            self.advance()
            body = self.term(inner=True)
            return Additive(piece.span.to(body.span), ("-",), (body,))
        if piece.kind == "bar":
            return self.term(inner=True) if self.opening_bar(piece) else None
        if self.starts_factor(piece) and not (self.integrals and self.at_differential()):
            return self.term(inner=True)
        return None

    def _braced_body(self) -> Node:
        r"""`\sum_i {a_i + b_i} c_i`: the braces hold the body's first factor together."""
        body = self.braced()
        if not self.starts_factor(self.peek) and self.peek.kind != "op":
            return body
        raise self.error(self.peek, "braces around a sum are invisible: write brackets")

    def _integral(self, count: int) -> tuple[Node | None, Node | None]:
        self.integrals += 1
        body: Node | None = None
        if not self.at_differential():
            if self._differential_follows():
                body = self.additive()
            else:
                self.integrals -= 1
                body = self.operator_body()
                return (body and without_differential(body)) or (body, None)
        differential: Node | None = None
        variables: list[Node] = []
        while self.at_differential() and len(variables) < count:
            self.advance()
            variables.append(self.factor())
        if len(variables) > 1:
            span = variables[0].span.to(variables[-1].span)
            differential = Items(span, tuple(variables), (",",) * (len(variables) - 1))
        elif variables:
            differential = variables[0]
        self.integrals -= 1
        return body, differential

    def _differential_follows(self) -> bool:
        """Whether a differential comes before the end of this level and before a relation sign."""
        saved = self.i
        found = False
        while self.peek.kind not in ("eof", "rb", "close", "right", "rel", "amp", "nl", "end", "sep", "arrow"):
            if self.at_differential():
                found = True
                break
            self.jump(self.levels.match.get(self.i, self.i) + 1)
        self.jump(saved)
        return found

    # -- gradients --------------------------------------------------------------------------------------------------

    def nabla(self) -> Node:
        r"""`\nabla_w L`, `\nabla^2 f(x)`."""
        piece = self.advance()
        self.deeper()
        place = Symbol(piece.span, "nabla")
        scripted = self.scripted(place)
        by, order = None, 2 if piece.text == "laplacian" else 1
        if isinstance(scripted, Script):
            by = scripted.sub
            if isinstance(scripted.sup, Number) and scripted.sup.text == "2":
                order = 2
            elif scripted.sup is not None or scripted.primes:
                self.depth -= 1
                return scripted
        self._skip_quads_before_argument()
        body = self._gradient_body()
        self.depth -= 1
        return Nabla(piece.span.to(self.last_span), by, order, body)

    def _gradient_body(self) -> Node | None:
        piece = self.peek
        if piece.kind == "lb" and self.levels.kinds[self.i] & {"sign"}:
            return self.operator_body()
        if not self.starts_factor(piece) and not (piece.kind == "bar" and self.opening_bar(piece)):
            return None
        if piece.kind in ("open", "left"):
            return self.group()
        if piece.kind in ("nabla", "big"):
            return self.factor()
        derivative = piece.kind == "cmd" and self.derivative_ahead()
        head = self.factor()
        if isinstance(head, Name | Script) and self.peek.kind in ("open", "left"):
            # `f(x)`: scripts after the bracket belong to the gradient
            group = self.group()
            return Product(head.span.to(group.span), (head, group), ("",))
        return head if derivative else self.run(head)
