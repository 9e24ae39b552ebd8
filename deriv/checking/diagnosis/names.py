"""One symbol, index or variable of differentiation in the place of another."""

from __future__ import annotations

from collections.abc import Iterator

from deriv.checking.diagnosis.edit import Edit, Part
from deriv.checking.diagnosis.problem import Problem
from deriv.checking.results import Code
from deriv.expr.nodes import Entry, Sym, walk
from deriv.expr.printing import name_latex
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import BigOp, Deriv, Name, Node, Script
from deriv.meaning.names import canonical
from deriv.source import Span

_MOST = 60


def derivative_variables(problem: Problem) -> Iterator[Edit]:
    """∂/∂x where the line before has ∂/∂w: all at once, then one by one."""
    wanted = [
        problem.slice(by) for part in problem.left_parts if isinstance(part.node, Deriv) for by, _ in part.node.by
    ]
    spots = [by for part in problem.parts if isinstance(part.node, Deriv) for by, _ in part.node.by]
    message = "the derivative is by the wrong variable"
    for text in dict.fromkeys(wanted):
        wrong = [by.span for by in spots if problem.slice(by) != text]
        if wrong:
            yield Edit(tuple((span, text) for span in wrong), Code.WRONG_VARIABLE, message, wrong[0])
        if len(wrong) > 1:
            for span in wrong:
                yield Edit(((span, text),), Code.WRONG_VARIABLE, message, span)


def symbols(problem: Problem) -> Iterator[Edit]:
    """One symbol in the place of another, once or everywhere; an index in the place of another."""
    if problem.outcome.slope_by is not None:
        return  # a constant of integration is no other symbol in disguise
    known = _symbols_of(problem)
    letters = {
        canonical(p.node): problem.slice(p.node).strip()
        for p in (*problem.left_parts, *problem.parts)
        if isinstance(p.node, Name) and p.in_script
    }
    count = 0
    for part in problem.parts:
        node = part.node
        if isinstance(node, Name) and part.in_script and not part.in_bounds:
            for name, text in letters.items():
                if name != canonical(node) and text:
                    said = f"the index is {name}, not {canonical(node)}"
                    yield Edit(((node.span, text),), Code.INDEX, said, node.span)
        elif _is_symbol(part):
            if isinstance(node, Script) and isinstance(node.base, Name):
                yield from _other_family(problem, node.base)
            for text in known:
                if text != problem.slice(node).strip() and count < _MOST:
                    count += 1
                    said = f"the symbol is {_plain(text)}, not {_plain(problem.slice(node).strip())}"
                    yield Edit(((node.span, text),), Code.WRONG_VARIABLE, said, node.span)
    yield from _index_pairs(problem, letters)
    yield from _swapped(problem)


def _other_family(problem: Problem, base: Name) -> Iterator[Edit]:
    """y_i in the place of x_i, where y_i occurs only in the definitions."""
    families = {n.name for pair in problem.outcome.pairs for side in pair for n in walk(side) if isinstance(n, Entry)}
    for name in sorted(families):
        if name != canonical(base) and "∂" not in name:
            said = f"the symbol is {name}, not {canonical(base)}"
            yield Edit(((base.span, name_latex(name)),), Code.WRONG_VARIABLE, said, base.span)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _is_symbol(part: Part) -> bool:
    """A name or a name with an index that stands for a quantity."""
    node = part.node
    if part.in_script or part.in_bounds or any(isinstance(up, Deriv) and up.ratio for up in part.above):
        return False
    if isinstance(node, Name):
        return not (part.above and isinstance(part.above[-1], Script) and part.above[-1].base is node) or True
    return isinstance(node, Script) and isinstance(node.base, Name) and node.sub is not None and node.sup is None


def _symbols_of(problem: Problem) -> list[str]:
    """Symbols of the claim and of the definitions that it uses, as text."""
    found: dict[str, None] = {}
    for part in (*problem.left_parts, *problem.parts):
        if _is_symbol(part):
            found.setdefault(problem.slice(part.node).strip())
    left = problem.meant.lhs
    names: set[str] = set()
    for pair in problem.outcome.pairs:
        for side in pair:
            names |= {n.name for n in walk(side) if isinstance(n, Sym) and "." not in n.name and "#" not in n.name}
            names |= {n.name for n in walk(side) if isinstance(n, Entry) and "∂" not in n.name and not n.indices}
    if isinstance(left, Tensor):
        names |= {d.name for d in problem.judge.scope.history if d.form == "scalar"}
    for name in sorted(names):
        if "∂" not in name:
            found.setdefault(name_latex(name))
    return [text for text in found if text and "&" not in text][:10]


def _index_pairs(problem: Problem, letters: dict[str, str]) -> Iterator[Edit]:
    """One index replaced wherever it stands; two indices of one symbol exchanged."""
    spots: dict[str, list[Name]] = {}
    for part in problem.parts:
        if isinstance(part.node, Name) and part.in_script and not part.in_bounds:
            spots.setdefault(canonical(part.node), []).append(part.node)
    for name, nodes in spots.items():
        for other, text in letters.items():
            if other != name and len(nodes) > 1:
                said = f"the index is {other}, not {name}"
                yield Edit(tuple((node.span, text) for node in nodes), Code.INDEX, said, nodes[0].span)
    for part in problem.parts:
        node = part.node
        if isinstance(node, Script) and node.sub is not None:
            text = problem.slice(node.sub).strip("{} ")
            names = [c for c in text if c.isalpha()]
            if len(text.replace(",", "").replace(" ", "")) == 2 and len(names) == 2 and names[0] != names[1]:
                swapped = f"{{{names[1]}{names[0]}}}"
                span = _braced(problem, node.sub.span)
                yield Edit(((span, swapped),), Code.INDEX, "the indices are the wrong way round", node.sub.span)
    for part in problem.parts:
        if isinstance(part.node, BigOp) and part.node.sub is not None:
            for name, text in letters.items():
                for inner in _names(part.node.sub):
                    if canonical(inner) != name:
                        said = f"the sum is over {name}"
                        yield Edit(((inner.span, text),), Code.INDEX, said, part.node.sub.span)


def _braced(problem: Problem, span: Span) -> Span:
    text = problem.source.text
    if text[span.start : span.start + 1] == "{" or text[span.start - 1 : span.start] != "{":
        return span
    return Span(span.start - 1, span.end + 1) if text[span.end : span.end + 1] == "}" else span


def _names(node: Node) -> Iterator[Name]:
    from deriv.checking.diagnosis.edit import parts_below

    for part in parts_below(node):
        if isinstance(part.node, Name):
            yield part.node


def _swapped(problem: Problem) -> Iterator[Edit]:
    """Two symbols exchanged throughout."""
    spots: dict[str, list[Node]] = {}
    for part in problem.parts:
        if isinstance(part.node, Name) and _is_symbol(part):
            spots.setdefault(problem.slice(part.node).strip(), []).append(part.node)
    texts = list(spots)[:4]
    for k, one in enumerate(texts):
        for two in texts[k + 1 :]:
            changes = tuple((node.span, two) for node in spots[one]) + tuple((node.span, one) for node in spots[two])
            said = f"{_plain(one)} and {_plain(two)} are exchanged"
            yield Edit(changes, Code.WRONG_VARIABLE, said, spots[one][0].span)


def shifted_indices(problem: Problem) -> Iterator[Edit]:
    """b_{i+1} where b_i is meant, and the other way round."""
    from deriv.latex.nodes import Additive, Number

    for part in problem.parts:
        node = part.node
        if not isinstance(node, Script):
            continue
        for script in (node.sub, node.sup):
            if isinstance(script, Additive) and len(script.terms) == 2:
                letter, shift = script.terms
                if isinstance(letter, Name) and isinstance(shift, Number):
                    text = problem.slice(letter)
                    yield Edit(((script.span, text),), Code.INDEX, "the index is off by one", script.span)
