"""Words of a document that leave open what a notation means: differentials, expectations."""

from __future__ import annotations

import re

from deriv.checking.judge import Outcome
from deriv.meaning.scope import Scope

_CHANCE = re.compile(
    r"independen|uncorrelated|i\.i\.d|\biid\b|mean[ -]zero|zero[ -]mean|unbiased|cent(?:red|ered)|normal|gaussian"
    r"|bernoulli|binomial|poisson|uniform|exponential|martingale|markov|orthogonal|\\sim\b|\\perp|\\mathcal ?\{?N"
    r"|E\}?\s*(?:\\left)?[\[(][^\[\]()=]{1,12}(?:\\right)?[\])]\s*&?=\s*&?(?:\d|\\?[a-z]+(?:_\w)?\s*(?:[$,.&;]|\\[\\\]]|\n))"
    r"|独立|獨立|独立|독립|unabhängig|indépendan|independient|indipendent|независим",
    re.IGNORECASE,
)
"""What may be known of a distribution; also `E[X] = 0`."""


def meant_otherwise(scope: Scope, text: str, outcome: Outcome) -> str | None:
    """Why a claim with differentials or expectations may mean something else than it is read to; None where not."""
    if outcome.meant is None:
        return None
    elaborator = outcome.meant.elaborator
    if elaborator.varying and not scope.survey.changes and not re.search(r"differential", text, re.IGNORECASE):
        # in programs dW is a name for the gradient by W; differentials are taken of expressions too, or named
        return "whether a d before a letter is a differential or a name for a gradient is not stated"
    told = _CHANCE.search(text) if elaborator.distributions else None
    return f"what the text says of the distribution (“{told.group().strip()}”) may make it hold" if told else None
