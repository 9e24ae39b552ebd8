"""Seeded damage to formulas."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from tests.fuzz.corpus import FORMULAS, WORDS

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|[A-Za-z]|\d+|.", re.DOTALL)
Tokens = list[str]


def deleted(tokens: Tokens, dice: random.Random) -> Tokens:
    start = dice.randrange(len(tokens))
    return tokens[:start] + tokens[start + dice.randint(1, 3) :]


def doubled(tokens: Tokens, dice: random.Random) -> Tokens:
    start = dice.randrange(len(tokens))
    part = tokens[start : start + dice.randint(1, 6)]
    return tokens[:start] + part * dice.choice((2, 2, 3, 20)) + tokens[start:]


def swapped(tokens: Tokens, dice: random.Random) -> Tokens:
    one, two = dice.randrange(len(tokens)), dice.randrange(len(tokens))
    tokens = list(tokens)
    tokens[one], tokens[two] = tokens[two], tokens[one]
    return tokens


def inserted(tokens: Tokens, dice: random.Random) -> Tokens:
    place = dice.randint(0, len(tokens))
    return [*tokens[:place], dice.choice(WORDS), *tokens[place:]]


def unbalanced(tokens: Tokens, dice: random.Random) -> Tokens:
    braces = [k for k, token in enumerate(tokens) if token in set("{}[]()")]
    if not braces:
        return inserted(tokens, dice)
    place = dice.choice(braces)
    return [*tokens[:place], *dice.choice(([], ["{"], ["}"], [")"], ["{", "{"])), *tokens[place + 1 :]]


def nested(tokens: Tokens, dice: random.Random) -> Tokens:
    opening, closing = dice.choice((("(", ")"), ("{", "}"), (r"\left(", r"\right)"), (r"\frac{", "}{2}"), ("x^{", "}")))
    depth = dice.choice((2, 5, 30, 200))
    return [opening] * depth + tokens + [closing] * dice.choice((depth, depth - 1, depth + 1))


def crossed(tokens: Tokens, dice: random.Random) -> Tokens:
    other = TOKEN.findall(dice.choice(FORMULAS))
    return tokens[: dice.randint(0, len(tokens))] + other[dice.randrange(len(other)) :]


def shuffled(tokens: Tokens, dice: random.Random) -> Tokens:
    start = dice.randrange(len(tokens))
    part = tokens[start : start + 8]
    dice.shuffle(part)
    return tokens[:start] + part + tokens[start + 8 :]


KINDS: tuple[Callable[[Tokens, random.Random], Tokens], ...] = (
    deleted, doubled, swapped, inserted, inserted, unbalanced, nested, crossed, shuffled,
)  # fmt: skip


def mutated(seed: int) -> str:
    """A damaged formula."""
    dice = random.Random(seed)
    tokens = TOKEN.findall(dice.choice(FORMULAS))
    for _ in range(dice.choice((1, 1, 2, 3, 5))):
        if tokens:
            tokens = dice.choice(KINDS)(tokens, dice)[:3000]
    return "".join(tokens)
