"""Wrong algebra: what comes out when a law of the rule book is misapplied at one place of the line before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from deriv.checking.diagnosis.problem import Problem
from deriv.engine.forward import normal
from deriv.engine.rewrite import flatten
from deriv.errors import DerivError
from deriv.expr import nodes as n
from deriv.expr.nodes import Expr
from deriv.expr.printing import to_latex
from deriv.expr.substitute import free_symbols, rebuild, same_or, substitute
from deriv.expr.tensor import Tensor
from deriv.rulebook.book import default_book
from deriv.rulebook.model import AlgebraLaw

Binding = dict[Expr, Expr]
_MOST = 220
_MOST_MATCHES = 12
_MOST_STEPS = 3000
_SKIP = frozenset(
    {
        *("arithmetic", "unit-factor", "zero-term", "zero-product", "descent-step", "interchange-of-sums"),
        *("labels-sum-to-one", "re-indexing", "reordering", "sum-linearity", "completing-the-square"),
        *("delta-contraction", "collect", "cancel"),
    }
)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A line with one law misapplied (`wrong`) and with the same law applied rightly."""

    code: str
    says: str
    wrong: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class _Pattern:
    before: Expr
    after: Expr
    mistakes: tuple[tuple[str, str, Expr], ...]


@cache
def _patterns() -> tuple[_Pattern, ...]:
    found = []
    for rule in default_book().kind("algebra"):
        law = rule.law
        if not isinstance(law, AlgebraLaw) or rule.id in _SKIP or not rule.mistakes:
            continue
        wrong = tuple((m.code, m.says, m.wrong[0]) for m in rule.mistakes if isinstance(m.wrong, tuple))
        found.append(_Pattern(normal(law.before), law.after, wrong))
    return (*found, *_EXTRA)


def _symbols(*names: str) -> tuple[n.Sym, ...]:
    return tuple(map(n.Sym, names))


_A, _B, _C = _symbols("a", "b", "c")
_TWO = n.Num(2)
_EXTRA = (
    _Pattern(
        n.Pow(n.Add((n.Pow(_A, _TWO), n.Pow(_B, _TWO))), n.HALF),
        n.Pow(n.Add((n.Pow(_A, _TWO), n.Pow(_B, _TWO))), n.HALF),
        (("algebra", "the root of a sum of squares is not the sum", n.Add((_A, _B))),),
    ),
    _Pattern(
        n.Pow(n.Add((_A, _B)), n.HALF),
        n.Pow(n.Add((_A, _B)), n.HALF),
        (("algebra", "the root of a sum is not the sum of the roots", n.Add((n.Pow(_A, n.HALF), n.Pow(_B, n.HALF)))),),
    ),
    _Pattern(
        n.Pow(n.Add((_A, _B)), n.MINUS_ONE),
        n.Pow(n.Add((_A, _B)), n.MINUS_ONE),
        (
            (
                "algebra",
                "the reciprocal of a sum is not the sum of the reciprocals",
                n.Add((n.reciprocal(_A), n.reciprocal(_B))),
            ),
        ),
    ),
    _Pattern(
        n.Pow(n.Add((_A, _B)), _C),
        n.Pow(n.Add((_A, _B)), _C),
        (("algebra", "a power of a sum is not the sum of the powers", n.Add((n.Pow(_A, _C), n.Pow(_B, _C)))),),
    ),
    _Pattern(
        n.Mul((n.Pow(_A, _C), _A)),
        n.Pow(_A, n.Add((_C, n.ONE))),
        (("algebra", "the exponents are added: one factor is lost", n.Pow(_A, _C)),),
    ),
)


def rewrites(body: Expr) -> Iterator[Rewrite]:
    """Every misapplication of an algebraic law at one node, up to a limit."""
    root = normal(body)
    count = 0
    for node in n.walk(root):
        if not node.children:
            continue
        for pattern in _patterns():
            for binding in _few(match(pattern.before, node)):
                right = _put(root, node, substitute(pattern.after, binding))
                for code, says, wrong in pattern.mistakes:
                    yield Rewrite(code, says, _put(root, node, substitute(wrong, binding)), right)
                    count += 1
                    if count >= _MOST:
                        return


def _few(bindings: Iterator[Binding]) -> Iterator[Binding]:
    for count, binding in enumerate(bindings):
        if count >= _MOST_MATCHES:
            return
        yield binding


def _put(root: Expr, old: Expr, new: Expr) -> Expr:
    return rebuild(root, lambda node, parts: new if node == old else flatten(same_or(node, parts)))


# --- matching ---------------------------------------------------------------------------------------------------------


def match(pattern: Expr, node: Expr) -> Iterator[Binding]:
    """Ways to fill the names of a pattern so that it is the node, as far as a bounded search finds them."""
    yield from _Matcher().match(pattern, node, {})


@dataclass
class _Matcher:
    """Sums and products match in any order: of many factors there are too many ways to try them all."""

    steps: int = _MOST_STEPS

    def match(self, pattern: Expr, node: Expr, known: Binding) -> Iterator[Binding]:
        self.steps -= 1
        if isinstance(pattern, n.Sym):
            if pattern not in known:
                yield {**known, pattern: node}
            elif known[pattern] == node:
                yield known
            return
        if isinstance(pattern, n.Num):
            if pattern == node:
                yield known
            return
        if _is_minus(pattern) and isinstance(node, n.Num) and node.value < 0:
            yield from self.match(pattern.children[1], n.Num(-node.value), known)
            return
        if type(pattern) is not type(node) or (pattern.data != node.data and not isinstance(node, n.Sum)):
            return
        if isinstance(pattern, n.Add | n.Mul):
            yield from self._parts(pattern.children, node.children, type(pattern), known)
        elif isinstance(node, n.Sum) and isinstance(pattern, n.Sum):
            if isinstance(pattern.body, n.Sym) and node.index not in free_symbols(node.body):
                yield {**known, pattern.hi: node.hi, pattern.body: node.body}
        elif len(pattern.children) == len(node.children) and not isinstance(pattern, n.Sum | n.Product):
            yield from self._all(pattern.children, node.children, known)

    def _all(self, patterns: tuple[Expr, ...], nodes: tuple[Expr, ...], known: Binding) -> Iterator[Binding]:
        if not patterns:
            yield known
            return
        for binding in self.match(patterns[0], nodes[0], known):
            yield from self._all(patterns[1:], nodes[1:], binding)

    def _parts(
        self, patterns: tuple[Expr, ...], nodes: tuple[Expr, ...], kind: type[n.Add | n.Mul], known: Binding
    ) -> Iterator[Binding]:
        """Each pattern takes some of the nodes; a plain name may take several, others exactly one."""
        if len(nodes) < len(patterns):
            return
        if len(patterns) == 1:
            only = nodes[0] if len(nodes) == 1 else kind(nodes)
            yield from self.match(patterns[0], only, known)
            return
        first, rest = patterns[0], patterns[1:]
        most = len(nodes) - len(rest) if isinstance(first, n.Sym) else 1
        for size in range(1, most + 1):
            for chosen in combinations(range(len(nodes)), size):
                if self.steps < 0:
                    return
                taken = tuple(nodes[k] for k in chosen)
                left = tuple(node for k, node in enumerate(nodes) if k not in chosen)
                for binding in self.match(first, taken[0] if size == 1 else kind(taken), known):
                    yield from self._parts(rest, left, kind, binding)


def _is_minus(pattern: Expr) -> bool:
    return isinstance(pattern, n.Mul) and len(pattern.children) == 2 and pattern.children[0] == n.MINUS_ONE


# --- against the written line --------------------------------------------------------------------------------


def known_rewrites(problem: Problem) -> Iterator[Rewrite]:
    """Misapplied laws whose result is the written right side."""
    left = problem.meant.lhs
    if not problem.is_sampled or not isinstance(left, Tensor) or len(problem.outcome.pairs) != 1:
        return
    canonical = problem.meant.elaborator.ranges.canonical
    tried: set[Expr] = set()
    try:
        for rewrite in rewrites(canonical(left.body)):
            if rewrite.wrong in tried:
                continue
            tried.add(rewrite.wrong)
            try:
                value = problem.resolve(rewrite.wrong)
            except DerivError:
                continue
            if problem.agrees([value], problem.right):
                yield rewrite
    except DerivError:
        return


def right_rewrites(problem: Problem, rewrite: Rewrite) -> Iterator[str]:
    """LaTeX of the line with the law applied rightly."""
    left = problem.meant.lhs
    if isinstance(left, Tensor) and left.is_scalar:
        try:
            yield to_latex(rewrite.right)
        except (DerivError, KeyError, TypeError):
            return
