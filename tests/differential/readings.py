"""Expression to LaTeX to our reader and back: the same expression?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from deriv.equal.decide import decide
from deriv.equal.decision import Different
from deriv.errors import MeaningError, ReadingError
from deriv.expr.display import fold
from deriv.expr.domain import Domain
from deriv.expr.nodes import Decimal, Expr, Num
from deriv.expr.printing import to_latex
from deriv.expr.sympy_bridge import to_sympy
from deriv.meaning.reading import read_formula
from tests.differential.expressions import Maker, differ, from_text
from tests.differential.spelling import Speller
from tests.equal import strategies


def sympy_round_trip(seed: int) -> str:
    """`same`, `no point`, or what is wrong with SymPy's LaTeX of a random expression as we read it."""
    maker = Maker(seed)
    expr = maker.expr()
    latex = maker.latex(expr)
    try:
        read = from_text(read_formula(latex).sympy)
    except (ReadingError, MeaningError) as error:
        return f"not read: {latex}: {error}"
    if read == expr:
        return "same"
    return {None: "no point", False: "same value", True: f"misread: {latex}: {read}"}[differ(expr, read)]


def spelled_round_trip(seed: int) -> str:
    """The same for one of the many spellings; a reading that was named as one of two is no silent misreading."""
    latex, expr = Speller(seed).formula()
    try:
        reading = read_formula(latex)
        read = to_sympy(fold(reading.expr, _exactly)).doit()
    except (ReadingError, MeaningError) as error:
        return f"not read: {latex}: {error}"
    if read == expr:
        return "same"
    try:
        apart = differ(expr, read)
    except ValueError:  # SymPy has no maximum of numbers that are not real
        apart = None
    if apart and reading.notes:
        return f"named: {latex}: {read}: {reading.notes}"
    return {None: "no point", False: "same value", True: f"misread: {latex}: {read}"}[apart]


def _exactly(node: Expr, parts: tuple[Expr, ...]) -> Expr:
    """Decimals as the numbers that they are written as."""
    if isinstance(node, Decimal):
        return Num(node.value)
    return node if parts == node.children else node.with_children(parts)


def own_round_trip(seed: int) -> str:
    """The same for our own printing, with sums, entries and cases; printing again must give the same text."""
    expr = strategies.Maker(seed).expr(3)
    latex = to_latex(expr).replace(r"\sigma", r"\operatorname{sigmoid}")
    try:
        read = read_formula(latex).expr
    except (ReadingError, MeaningError) as error:
        return f"not read: {latex}: {error}"
    if isinstance(decide(expr, read, Domain()), Different):
        return f"misread: {latex}: {to_latex(read)}"
    return "same" if to_latex(read).replace(r"\sigma", r"\operatorname{sigmoid}") == latex else "same value"


def tally(trip: Callable[[int], str], seeds: Iterable[int]) -> tuple[Counter[str], list[str]]:
    """Counts by outcome, and the outcomes that never may be."""
    counts: Counter[str] = Counter()
    offences = []
    for seed in seeds:
        found = trip(seed)
        word = found.partition(":")[0]
        counts[word] += 1
        if word in ("misread", "not read"):
            offences.append(f"{seed}: {found}")
    return counts, offences
