"""Wrong derivatives: what comes out when one rule of the rule book is applied as people misapply it.

The derivative is carried out by the rules of the engine.  At every place one of the rule's own mistakes may be made,
everything else is done right; so each result stands for one mistake, made once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from deriv.engine.definitions import Definitions
from deriv.engine.forward import apply_rule, normal
from deriv.engine.tactics import Matcher
from deriv.engine.template import fill
from deriv.errors import DerivError
from deriv.expr import nodes as n
from deriv.expr.calculus import differentiate, evaluate_derivatives
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Expr
from deriv.expr.substitute import free_symbols, rebuild, same_or, substitute
from deriv.rulebook.book import Rulebook, default_book
from deriv.rulebook.model import FunctionLaw, Mistake

_MOST = 260
_DEPTH = 7
_HOLE = n.Sym("_slip")
"""Stands for the derivative in which a mistake is made; what is around it is carried out once."""
_BY_HAND = frozenset({"sum-second-term-kept", "sum-second-term-lost", "difference-sign-lost", "difference-reversed"})


@dataclass(frozen=True, slots=True)
class Slip:
    """A derivative with one mistake in it; `depth` counts the rules between the mistake and the whole."""

    id: str
    code: str
    says: str
    value: Expr
    depth: int = 0
    is_plain: bool = True
    """Whether what is differentiated at the mistake is no square (or root) of something composite."""


class _Recorder(Matcher):
    """Remembers which structural rules were used, with what their names stood for."""

    __slots__ = ("seen",)

    def __init__(self, book: Rulebook, variable: Expr) -> None:
        super().__init__(book, variable, Definitions({}))
        object.__setattr__(self, "seen", [])

    def result(self, rule: str, binding: Mapping[str, Expr]) -> tuple[str, Expr]:
        self.seen.append((rule, dict(binding)))  # type: ignore[attr-defined]
        return Matcher.result(self, rule, binding)


def slips(body: Expr, variable: Expr) -> Iterator[Slip]:
    """Every derivative of `body` with one mistake, up to a limit; the same value may come twice."""
    if not isinstance(variable, n.Sym | n.Entry):
        return
    try:
        whole = normal(body)
        for count, slip in enumerate(_Slips(default_book(), variable).of(whole, 0)):
            if count >= _MOST:
                return
            yield slip
    except (DerivError, RecursionError):
        return


@dataclass
class _Slips:
    book: Rulebook
    variable: n.Sym | n.Entry

    def of(self, body: Expr, depth: int) -> Iterator[Slip]:
        """Mistakes at this node, then mistakes further inside."""
        recorder = _Recorder(self.book, self.variable)
        try:
            rule, result = apply_rule(n.Derivative(body, self.variable), recorder)
        except DerivError:
            return
        plain = _is_plain(body, self.variable)
        for slip in self._here(body, rule, recorder):
            yield replace(slip, depth=depth, is_plain=plain)
        if depth >= _DEPTH:
            return
        for inner in dict.fromkeys(node for node in n.walk(result) if isinstance(node, n.Derivative)):
            around = None if inner.body == body else self._carried_out(substitute(result, {inner: _HOLE}))
            if around is None or _HOLE.name not in free_symbols(around):
                continue
            for slip in self.of(inner.body, depth + 1):
                yield replace(_seen_from_outside(slip, body), value=substitute(around, {_HOLE: slip.value}))

    def _here(self, body: Expr, rule: str, recorder: _Recorder) -> Iterator[Slip]:
        yield from self._by_hand(body)
        if isinstance(body, n.Pow) and body.base == n.Const("e"):
            body = n.Call("exp", (body.exponent,))
        if isinstance(body, n.Call):
            yield from self._of_function(body)
        seen: list[tuple[str, dict[str, Expr]]] = recorder.seen  # type: ignore[attr-defined]
        if seen:
            yield from self._of_structure(*seen[0], body)
        elif not isinstance(body, n.Call) and rule in self.book and isinstance(body, n.Apply):
            yield from self._of_unknown(body)

    def _of_structure(self, rule: str, binding: dict[str, Expr], body: Expr) -> Iterator[Slip]:
        if not binding:
            binding = {"c": body}
        for mistake in self.book[rule].mistakes:
            if isinstance(mistake.wrong, tuple) and mistake.id not in _BY_HAND:
                value = self._carried_out(fill(mistake.wrong[0], binding, self.variable))
                if value is not None:
                    yield _named(_by_base(mistake, binding), value)

    def _of_function(self, call: n.Call) -> Iterator[Slip]:
        rule = self.book.function(call.function)
        if rule is None or not isinstance(rule.law, FunctionLaw):
            return
        law, args = rule.law, call.children
        if len(law.inputs) != len(args):
            return
        binding: dict[Expr, Expr] = dict(zip(map(n.Sym, law.inputs), args, strict=True))
        binding[n.Sym("y")] = call
        slopes = [differentiate(arg, self.variable) for arg in args]
        for mistake in rule.mistakes:
            if isinstance(mistake.wrong, tuple) and len(mistake.wrong) == len(args):
                yield _named(mistake, _total([substitute(wrong, binding) for wrong in mistake.wrong], slopes))
        if len(args) == 1:
            says = f"the function {call.function} itself is not its derivative"
            yield Slip("function-kept", "function-rule", says, mul(call, slopes[0]))
        if len(args) == 1 and args[0] != self.variable:
            yield from self._of_chain(law, args[0], slopes[0], call)

    def _of_chain(self, law: FunctionLaw, arg: Expr, slope: Expr, call: n.Call) -> Iterator[Slip]:
        """The mistakes of the chain rule, with a named function outside."""

        def outer(at: Expr) -> Expr:
            inside = n.Call(call.function, (at,))
            return substitute(law.partials[0], {n.Sym(law.inputs[0]): at, n.Sym("y"): inside})

        yield _lost_inner(self._mistake("chain-inner-lost", outer(arg)), slope)
        if arg != n.neg(self.variable):
            yield self._mistake("chain-inner-argument", mul(outer(self.variable), slope))
        yield self._mistake("chain-derivative-as-argument", outer(slope))
        yield self._mistake("chain-derivative-as-argument", n.Call(call.function, (slope,)))
        yield self._mistake("chain-sum", add(outer(arg), slope))

    def _of_unknown(self, body: n.Apply) -> Iterator[Slip]:
        if len(body.children) != 1 or body.children[0] == self.variable:
            return
        arg, order = body.children[0], body.orders[0] + 1
        slope = differentiate(arg, self.variable)
        yield self._mistake("chain-inner-lost", n.Apply(body.function, (arg,), (order,)))
        outside = n.Apply(body.function, (self.variable,), (order,))
        yield self._mistake("chain-inner-argument", mul(outside, slope))
        yield self._mistake("chain-derivative-as-argument", n.Apply(body.function, (slope,), (order,)))

    def _mistake(self, name: str, value: Expr) -> Slip:
        return _named(self.book.mistake(name), value)

    # --- what patterns of two metavariables do not say -------------------------------------------------------------

    def _by_hand(self, body: Expr) -> Iterator[Slip]:
        match body:
            case n.Add():
                yield from self._of_sum(body.children)
            case n.Mul():
                yield from self._of_product(body.children)
            case n.Sum():
                yield from self._of_index_sum(body)
            case n.Pow(children=(base, n.Num() as exponent)):
                yield from self._of_power(base, exponent)
            case _:
                return

    def _of_sum(self, terms: tuple[Expr, ...]) -> Iterator[Slip]:
        slopes = [differentiate(term, self.variable) for term in terms]
        for k, slope in enumerate(slopes):
            others = [other for j, other in enumerate(slopes) if j != k]
            if slope != n.ZERO:
                yield self._mistake("sum-second-term-lost", add(*others))
                yield Slip("term-sign", "sign", "one term has the wrong sign", add(*others, mul(n.MINUS_ONE, slope)))
                yield self._mistake("sum-second-term-kept", add(*others, terms[k]))
            else:
                yield self._mistake("constant-kept", add(*others, terms[k]))

    def _of_product(self, factors: tuple[Expr, ...]) -> Iterator[Slip]:
        slopes = [differentiate(factor, self.variable) for factor in factors]
        varying = [k for k, slope in enumerate(slopes) if slope != n.ZERO]
        fixed = [factor for k, factor in enumerate(factors) if k not in varying]
        if len(varying) < 2:
            return
        yield self._mistake("product-of-derivatives", mul(*fixed, *(slopes[k] for k in varying)))
        terms = [mul(slopes[k], *(f for j, f in enumerate(factors) if j != k)) for k in varying]
        for k, term in enumerate(terms):
            others = [t for j, t in enumerate(terms) if j != k]
            yield self._mistake("product-second-term-lost", add(*others))
            yield self._mistake("product-derivatives-added", add(*others, mul(*fixed, slopes[varying[k]])))
            if len(terms) > 2:
                yield self._mistake("product-second-term-lost", term)

    def _of_power(self, base: Expr, exponent: n.Num) -> Iterator[Slip]:
        slope = differentiate(base, self.variable)
        for wrong in (exponent.value + 1, exponent.value - 2):
            says = "the exponent is lowered by one"
            value = mul(exponent, n.Pow(base, n.Num(wrong)), slope)
            yield Slip("power-exponent-wrong", "power-rule", says, value)
        if slope == n.MINUS_ONE:
            kept = mul(exponent, n.Pow(base, n.Num(exponent.value - 1)))
            yield _lost_inner(self._mistake("power-inner-lost", kept), slope)

    def _of_index_sum(self, body: n.Sum) -> Iterator[Slip]:
        size = add(body.hi, mul(n.MINUS_ONE, body.lo), n.ONE)
        slope = differentiate(body, self.variable)
        yield self._mistake("sum-divided-by-size", mul(slope, n.reciprocal(size)))
        if isinstance(self.variable, n.Entry):
            inner = differentiate(body.body, self.variable)
            at_delta = rebuild(inner, _without_delta)
            if at_delta != inner:
                kept = n.Sum(body.index, body.lo, body.hi, at_delta)
                says = "the sum goes away: only one of its terms depends on the variable"
                yield Slip("sum-kept", "sum", says, kept)

    def _carried_out(self, value: Expr) -> Expr | None:
        try:
            return evaluate_derivatives(value)
        except DerivError:
            return None


def _without_delta(node: Expr, parts: tuple[Expr, ...]) -> Expr:
    return n.ONE if isinstance(node, n.Delta) else same_or(node, parts)


def _total(partials: list[Expr], slopes: list[Expr]) -> Expr:
    return add(*(mul(partial, slope) for partial, slope in zip(partials, slopes, strict=True)))


def _named(mistake: Mistake, value: Expr) -> Slip:
    return Slip(mistake.id, mistake.code, mistake.says, value)


def _lost_inner(slip: Slip, slope: Expr) -> Slip:
    """A lost inner derivative -1 is a lost sign."""
    if slope == n.MINUS_ONE:
        return replace(slip, id="inner-sign-lost", code="sign", says="the derivative of the inner function is -1")
    return slip


def _seen_from_outside(slip: Slip, outer: Expr) -> Slip:
    """A factor that is lost in the derivative of an inner function is a slip of the chain rule."""
    if slip.id == "symbol-factor-lost" and isinstance(outer, n.Pow | n.Call | n.Apply):
        says = "the derivative of the inner function is not complete: a factor is missing"
        return replace(slip, id="chain-factor-lost", code="chain-rule", says=says)
    return slip


def _by_base(mistake: Mistake, binding: Mapping[str, Expr]) -> Mistake:
    """A lost 1/ln 10 is the wrong base of a logarithm."""
    lost = mistake.id in ("constant-factor-lost", "constant-divisor-lost")
    if lost and any(isinstance(node, n.Call) and node.function == "log" for node in n.walk(binding["c"])):
        return default_book().mistake("base-lost")
    if mistake.id == "constant-factor-lost" and any(isinstance(node, n.Sym | n.Entry) for node in n.walk(binding["c"])):
        return replace(mistake, id="symbol-factor-lost")
    return mistake


def _is_plain(body: Expr, variable: Expr) -> bool:
    return not (isinstance(body, n.Pow) and body.base != variable and body.exponent in (n.Num(2), n.HALF))
