"""Documents made of derivative claims, and how they are judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import sympy
from sympy import Expr, Symbol

from deriv.checking.document import check_text
from deriv.checking.results import Step
from tests.differential.expressions import Maker, differ
from tests.differential.mistakes import mistaken

FORMS = (sympy.expand, sympy.together, sympy.factor_terms, lambda expr: expr)


@dataclass(frozen=True, slots=True)
class Claim:
    """A one-display document; `code` is the diagnosis of the mistake in its last step, None when all is right."""

    text: str
    code: str | None


@dataclass
class Tally:
    """How many claims were judged how, and those judged as they never may be."""

    verdicts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    offences: list[str] = field(default_factory=list)

    def line(self) -> str:
        """All counts on a line."""
        return f"{dict(sorted(self.verdicts.items()))} codes {dict(sorted(self.codes.items()))}"


def right_claim(seed: int) -> Claim:
    """d/dx of something, differentiated by SymPy and written in one to three forms."""
    maker, source, x, slope = _slope(seed)
    forms = [slope] + [form(slope) for form in maker.dice.sample(FORMS, maker.dice.randint(0, 2))]
    return Claim(_display(maker, source, x, forms), None)


def wrong_claim(seed: int) -> Claim | None:
    """The same with one mistake."""
    maker, source, x, slope = _slope(seed)
    found = mistaken(slope, source, x, maker.dice)
    return Claim(_display(maker, source, x, [found.expr]), found.code) if found else None


def _slope(seed: int) -> tuple[Maker, Expr, Symbol, Expr]:
    maker = Maker(seed)
    while True:
        source = maker.expr(maker.dice.randint(1, 3))
        x = maker.dice.choice(sorted(source.free_symbols, key=str))
        slope = sympy.diff(source, x)
        if slope.free_symbols and slope.count_ops() < 60 and differ(slope, slope) is False:
            return maker, source, x, slope


def _display(maker: Maker, source: Expr, x: Symbol, forms: list[Expr]) -> str:
    d = "d" if len(source.free_symbols) == 1 else r"\partial"
    head = rf"\frac{{{d}}}{{{d} {sympy.latex(x)}}} \left({maker.latex(source)}\right)"
    return "$$" + " = ".join([head, *(maker.latex(form) for form in forms)]) + "$$"


def judged(claim: Claim) -> list[Step]:
    """The steps of a claim."""
    return list(check_text(claim.text, path="claim.md", kind="markdown").steps)


def tally_right(claims: Iterator[Claim]) -> Tally:
    """Right claims may be proved, tested or unchecked, never refuted."""
    tally = Tally()
    for claim in claims:
        for step in judged(claim):
            tally.verdicts[step.verdict.value] += 1
            if step.verdict.value == "refuted":
                tally.offences.append(f"{claim.text}\n    refuted: {step.rhs} {step.counterexample}")
    return tally


def tally_wrong(claims: Iterator[Claim]) -> Tally:
    """Wrong claims may be refuted or unchecked, never proved."""
    tally = Tally()
    for claim in claims:
        steps = judged(claim)
        last = steps[-1] if steps else None
        codes = {step.code.value for step in steps if step.code is not None}
        verdict = "refuted" if codes else last.verdict.value if last else "none"
        tally.verdicts[verdict] += 1
        if codes:
            tally.codes["right" if claim.code in codes else f"{claim.code} as {min(codes)}"] += 1
        if verdict == "proved":
            tally.offences.append(f"{claim.text}\n    [{claim.code}] proved, assumes {last.assumes if last else ()}")
    return tally
