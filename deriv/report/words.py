"""What the reports say about a step: lower case, about the line, one thought each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deriv.checking.results import Code, Counterexample, FileResult, Kind, Step, Summary, Verdict

_TITLES = {
    Code.DESCENT: "this update walks uphill",
    Code.SHAPE: "the shapes do not fit",
    Code.NUMERIC: "this number does not come out",
}


def title(file: FileResult, step: Step) -> str:
    """The first line of a refutation."""
    if step.code in _TITLES:
        return _TITLES[step.code]
    if step.kind is Kind.DEFINITION:
        return "this value does not solve the equation before it"
    if step.kind is Kind.INEQUALITY:
        return "this inequality does not hold"
    if follows_line(file, step):
        return "this line does not follow from the one before"
    if step.kind is Kind.DERIVATIVE:
        return "this derivative is not right"
    return "the two sides are not equal"


def explanation(step: Step) -> str:
    """What is wrong with a refuted step, in a few words."""
    return step.diagnosis.message if step.diagnosis else "no known mistake explains the difference"


def follows_line(file: FileResult, step: Step) -> bool:
    """Does the left-hand side of a step end on an earlier line than the right-hand side begins?"""
    if step.previous is None:
        return False
    source = file.source_of(step)
    left = source.position(max(step.previous.start, step.previous.end - 1))[0]
    return left < source.position(step.span.start)[0]


_UPPER = re.compile(r"__([\d,]+)(?=_|$)")
"""The superscripts of an entry, as the judge calls them: the 2 of `W__2_11`."""
_BALL = re.compile(r"^\[(-?\d+\.\d+)(?:e([+-]?\d+))? \+/- \d")


def shown(value: str, other: str) -> str:
    """An enclosed value as a reader wants it: five digits, more when the other value needs them to look different."""
    found, against = _number(value), _number(other)
    if found is None:
        return value
    for digits in range(5, 12):
        text = f"{found:.{digits}g}"
        if against is None or text != f"{against:.{digits}g}":
            return text if float(text) == found else f"{text}…"
    return value


def _number(value: str) -> float | None:
    ball = _BALL.match(value)
    text = f"{ball[1]}e{ball[2] or 0}" if ball else value
    try:
        return float(text)
    except ValueError:
        return None


def evidence(file: FileResult, step: Step, counterexample: Counterexample) -> str:
    """`at x = 1 the line before is 1.0806…, this line 0.5403…`."""
    left, right = ("the line before", "this line") if follows_line(file, step) else ("the left side", "the right side")
    values = f"{left} is {shown(counterexample.lhs, counterexample.rhs)}, "
    values += f"{right} {shown(counterexample.rhs, counterexample.lhs)}"
    where = point(counterexample)
    return f"at {where} {values}" if where else values


def point(counterexample: Counterexample) -> str:
    """`n = 2, x = 1/2, W^(2)_11 = 3`, sizes first."""
    pairs = [*counterexample.sizes.items(), *counterexample.at.items()]
    return ", ".join(f"{_layered(name)} = {value}" for name, value in pairs)


def _layered(name: str) -> str:
    return _UPPER.sub(r"^(\1)", name)


def help_for(step: Step) -> str | None:
    """The repair, when there is one; it is always proved or tested."""
    if step.diagnosis is None or step.diagnosis.repair is None:
        return None
    how = "is proved" if step.diagnosis.repair_verdict is Verdict.PROVED else "passes every test"
    return f"written like this the step {how}: {step.diagnosis.repair}"


def method(step: Step) -> str:
    """How a step was proved or tested, or why it was not judged."""
    if step.reason:
        return step.reason
    name = str((step.certificate or {}).get("method", "")).replace("-", " ")
    extra = [f"by {name}"] if name else []
    extra += [f"if {fact}" for fact in step.assumes]
    extra += ["an error carried forward"] if step.carried else []
    extra += ["right again"] if step.recovers else []
    return ", ".join(extra)


def one_line(step: Step) -> str:
    """Everything an annotation has room for."""
    if step.verdict is not Verdict.REFUTED:
        return f"not checked: {step.reason}"
    parts = [explanation(step)]
    if step.counterexample is not None:
        where = point(step.counterexample)
        one, two = step.counterexample.lhs, step.counterexample.rhs
        values = f"{shown(one, two)} against {shown(two, one)}"
        parts.append(f"at {where} the sides are {values}" if where else f"the sides are {values}")
    return "; ".join(filter(None, [*parts, help_for(step)]))


def counts(summary: Summary) -> Iterator[tuple[str, int]]:
    """The verdicts that occur, `proved` and `refuted` always."""
    for verdict in Verdict:
        count = getattr(summary, verdict.value)
        if count or verdict in (Verdict.PROVED, Verdict.REFUTED):
            yield verdict.value, count
