"""How often the first code is right, for mistakes that are made by the rule book and by edits run backwards."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from deriv.checking.mutate import Variant, candidates, judged
from tests.diagnosis.right import RIGHT


@dataclass
class Score:
    """Counts by label: refuted, unchecked and so on; right code first; what was said instead."""

    verdicts: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    refuted: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    strict: Counter[str] = field(default_factory=Counter)
    unchecked: list[Variant] = field(default_factory=list)
    wrong: list[Variant] = field(default_factory=list)
    held: list[Variant] = field(default_factory=list)

    def add(self, variant: Variant) -> None:
        step = variant.step
        assert step is not None
        label = variant.code.value
        self.made[label] += 1
        self.verdicts[step.verdict.value] += 1
        if step.verdict == "refuted":
            self.refuted[label] += 1
            self.strict[label] += step.code == variant.code
            right = step.code == variant.code or step.code in variant.also
            self.hits[label] += right
            if not right:
                self.wrong.append(variant)
        elif step.verdict == "unchecked":
            self.unchecked.append(variant)
        else:
            self.held.append(variant)

    @property
    def accuracy(self) -> float:
        return self.hits.total() / max(self.refuted.total(), 1)

    def table(self) -> str:
        rows = [f"{'code':<16} made refuted right exactly"]
        rows += [
            f"{label:<16} {self.made[label]:4} {self.refuted[label]:7} {self.hits[label]:5} {self.strict[label]:7}"
            for label in sorted(self.made)
        ]
        total = self.refuted.total()
        rows.append(f"{'all':<16} {self.made.total():4} {total:7} {self.hits.total():5} {self.strict.total():7}")
        rows.append(f"accuracy {self.accuracy:.1%}; verdicts {dict(self.verdicts)}")
        return "\n".join(rows)


def document(case: tuple[str, str]) -> str:
    given, chain = case
    return f"{given}\n\n$$ {chain} $$\n"


def measure(count: int, seed: int, cases: Sequence[tuple[str, str]] = RIGHT) -> Score:
    """`count` mistakes, spread over the documents and over the codes."""
    pools: dict[str, list[tuple[str, object, object]]] = {}
    for case in cases:
        text = document(case)
        for span, mutation in candidates(text, "right.md", "markdown"):
            pools.setdefault(mutation.code.value, []).append((text, span, mutation))
    dice = random.Random(seed)
    for pool in pools.values():
        dice.shuffle(pool)
    score = Score()
    while pools and score.made.total() < count:
        for label in sorted(pools):
            if not pools[label]:
                del pools[label]
                continue
            text, span, mutation = pools[label].pop()
            variant = judged(text, "right.md", "markdown", span, mutation)  # type: ignore[arg-type]
            if variant is not None and variant.step is not None and score.made.total() < count:
                score.add(variant)
    return score
