"""Losses over symbolically many examples: right gradients and wrong ones, in changing letters and indices."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.differential.claims import Claim


@dataclass(frozen=True, slots=True)
class Family:
    """Definitions, and claims about them: the letters' roles stand behind an `@`."""

    given: str
    right: tuple[str, ...]
    wrong: tuple[tuple[str, str], ...]


MSE = Family(
    r"$$@J = \frac{1}{@n} \sum_{@i=1}^{@n} (@y_@i - @w @x_@i - @b)^2$$",
    (
        r"\frac{\partial @J}{\partial @w} = -\frac{2}{@n} \sum_{@i=1}^{@n} (@y_@i - @w @x_@i - @b) @x_@i",
        r"\frac{\partial @J}{\partial @w} = \frac{2}{@n} \sum_{@k=1}^{@n} @x_@k (@w @x_@k + @b - @y_@k)",
        r"\frac{\partial @J}{\partial @b} = -\frac{2}{@n} \sum_{@k} (@y_@k - @w @x_@k - @b)",
        r"\frac{\partial^2 @J}{\partial @w^2} = \frac{2}{@n} \sum_{@i=1}^{@n} @x_@i^2",
        r"\frac{\partial^2 @J}{\partial @w \partial @b} = \frac{2}{@n} \sum_{@i=1}^{@n} @x_@i",
        r"\frac{\partial^2 @J}{\partial @b^2} = 2",
    ),
    (
        (r"\frac{\partial @J}{\partial @w} = -2 \sum_{@i=1}^{@n} (@y_@i - @w @x_@i - @b) @x_@i", "constant-factor"),
        (
            r"\frac{\partial @J}{\partial @w} = -\frac{1}{@n} \sum_{@k=1}^{@n} (@y_@k - @w @x_@k - @b) @x_@k",
            "constant-factor",
        ),
        (r"\frac{\partial @J}{\partial @w} = \frac{2}{@n} \sum_{@k=1}^{@n} (@y_@k - @w @x_@k - @b) @x_@k", "sign"),
        (
            r"\frac{\partial @J}{\partial @b} = -\frac{2}{@n} \sum_{@i=1}^{@n} (@y_@i - @w @x_@i - @b) @x_@i",
            "wrong-variable",
        ),
        (
            r"\frac{\partial @J}{\partial @w} = -\frac{2}{@n} \sum_{@i=1}^{@n} (@y_@i - @w @x_@i - @b)^2 @x_@i",
            "power-rule",
        ),
        (r"\frac{\partial @J}{\partial @w} = -\frac{2}{@n} \sum_{@i=1}^{@n} (@y_@i - @w @x_@i + @b) @x_@i", "sign"),
        (r"\frac{\partial^2 @J}{\partial @b^2} = 2 @n", "constant-factor"),
    ),
)
LOGISTIC = Family(
    r"With $@p_@i = \sigma(@z_@i)$ and $@z_@i = @w @x_@i + @b$, where $\sigma$ is the sigmoid, let"
    r" $$@J = -\sum_{@i=1}^{@n} \left[ @y_@i \log @p_@i + (1 - @y_@i) \log(1 - @p_@i) \right]$$",
    (
        r"\frac{\partial @J}{\partial @w} = \sum_{@i=1}^{@n} (@p_@i - @y_@i) @x_@i",
        r"\frac{\partial @J}{\partial @w} = -\sum_{@k=1}^{@n} (@y_@k - @p_@k) @x_@k",
        r"\frac{\partial @J}{\partial @b} = \sum_{@i=1}^{@n} (@p_@i - @y_@i)",
        r"\frac{\partial @J}{\partial @z_@k} = @p_@k - @y_@k",
        r"\frac{\partial^2 @J}{\partial @w^2} = \sum_{@i=1}^{@n} @p_@i (1 - @p_@i) @x_@i^2",
    ),
    (
        (r"\frac{\partial @J}{\partial @w} = \sum_{@i=1}^{@n} (@y_@i - @p_@i) @x_@i", "sign"),
        (r"\frac{\partial @J}{\partial @w} = \frac{1}{@n} \sum_{@i=1}^{@n} (@p_@i - @y_@i) @x_@i", "constant-factor"),
        (r"\frac{\partial @J}{\partial @b} = \sum_{@i=1}^{@n} (@p_@i - @y_@i) @x_@i", "wrong-variable"),
        (r"\frac{\partial @J}{\partial @w} = \sum_{@i=1}^{@n} (@p_@i - @y_@i)", "chain-rule"),
        (r"\frac{\partial @J}{\partial @w} = \sum_{@i=1}^{@n} (@p_@i - @y_@i) @p_@i (1 - @p_@i) @x_@i", "extra-term"),
        (r"\frac{\partial^2 @J}{\partial @w^2} = \sum_{@i=1}^{@n} @p_@i (1 - @p_@i) @x_@i", "power-rule"),
    ),
)
SOFTMAX = Family(
    r"Let $@p_@i = \frac{e^{@z_@i}}{\sum_{@k=1}^{@n} e^{@z_@k}}$ and $@J = -\sum_{@i=1}^{@n} @y_@i \log @p_@i$,"
    r" where $\sum_{@i=1}^{@n} @y_@i = 1$.",
    (
        r"\frac{\partial @J}{\partial @z_@k} = @p_@k - @y_@k",
        r"\frac{\partial @J}{\partial @z_@i} = @p_@i \sum_{@k=1}^{@n} @y_@k - @y_@i",
        r"\frac{\partial @p_@i}{\partial @z_@k} = @p_@i (\delta_{@i@k} - @p_@k)",
        r"\frac{\partial @p_@i}{\partial @z_@k} = @p_@k (\delta_{@i@k} - @p_@i)",
        r"\frac{\partial \log @p_@i}{\partial @z_@k} = \delta_{@i@k} - @p_@k",
        r"\sum_{@i=1}^{@n} @p_@i = 1",
    ),
    (
        (r"\frac{\partial @J}{\partial @z_@k} = @y_@k - @p_@k", "sign"),
        (r"\frac{\partial @J}{\partial @z_@k} = @p_@k", "missing-term"),
        (r"\frac{\partial @p_@i}{\partial @z_@k} = @p_@i (\delta_{@i@k} + @p_@k)", "sign"),
        (r"\frac{\partial @p_@i}{\partial @z_@k} = @p_@i (\delta_{@i@k} - @p_@i)", "index"),
        (r"\frac{\partial @p_@i}{\partial @z_@k} = \delta_{@i@k} - @p_@k", "chain-rule"),
        (r"\frac{\partial @p_@i}{\partial @z_@k} = @p_@i (1 - @p_@k)", "index"),
        (r"\frac{\partial \log @p_@i}{\partial @z_@k} = \delta_{@i@k} - @p_@i", "index"),
    ),
)
FAMILIES = {"mse": MSE, "logistic": LOGISTIC, "softmax": SOFTMAX}
LETTERS = {
    "J": ("J", "L", "E", r"\mathcal{L}"),
    "n": ("n", "m", "N", "K"),
    "i": ("i", "n", "s"),
    "k": ("k", "j", "l"),
    "w": ("w", "a", r"\theta", r"\beta"),
    "b": ("b", "c", r"\gamma"),
    "x": ("x", "u"),
    "y": ("y", "t"),
    "p": ("p", r"\hat y", r"\pi", "q"),
    "z": ("z", "o", "v"),
}


def letters(dice: random.Random) -> dict[str, str]:
    """A letter for each role, none twice."""
    while True:
        chosen = {role: dice.choice(options) for role, options in LETTERS.items()}
        if len(set(chosen.values())) == len(chosen) and not (chosen["p"] == r"\hat y" and chosen["y"] == "y"):
            return chosen


def write(family: Family, claim: str, names: dict[str, str]) -> str:
    """The document of one claim."""
    return re.sub("@([A-Za-z])", lambda role: names[role[1]] + " ", f"{family.given}\n\n$${claim}$$\n")


def right_sums(rounds: int, seed: int = 0) -> Iterator[Claim]:
    """Every right claim of every family, `rounds` times in other letters."""
    for turn in range(rounds):
        for name, family in FAMILIES.items():
            dice = random.Random(f"{seed}/{turn}/{name}")
            for claim in family.right:
                yield Claim(write(family, claim, letters(dice)), None)


def wrong_sums(rounds: int, seed: int = 0) -> Iterator[Claim]:
    """Every wrong claim of every family."""
    for turn in range(rounds):
        for name, family in FAMILIES.items():
            dice = random.Random(f"{seed}/{turn}/{name}")
            for claim, code in family.wrong:
                yield Claim(write(family, claim, letters(dice)), code)
