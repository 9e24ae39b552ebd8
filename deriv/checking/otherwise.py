"""Words of a document that leave open what is meant: differentials, expectations, special matrices, regions."""

from __future__ import annotations

import re

from deriv.checking.equations import has_operator, parts_of
from deriv.checking.judge import Outcome
from deriv.checking.mentions import labels
from deriv.checking.words import RELATED
from deriv.expr.nodes import Call, Cases, Entry, Expr, Num, Pow, Sym, walk
from deriv.latex.nodes import Node, Postfix
from deriv.meaning.scope import Scope

_CHANCE = re.compile(
    r"independen|uncorrelated|i\.i\.d|\biid\b|mean[ -]zero|zero[ -]mean|unbiased|cent(?:red|ered)|normal|gaussian"
    r"|bernoulli|binomial|poisson|uniform|exponential|martingale|markov|orthogonal|\\sim\b|\\perp|\\mathcal ?\{?N"
    r"|E\}?\s*(?:\\left)?[\[(][^\[\]()=]{1,12}(?:\\right)?[\])]\s*&?=\s*&?(?:\d|\\?[a-z]+(?:_\w)?\s*(?:[$,.&;]|\\[\\\]]|\n))"
    r"|独立|獨立|独立|독립|unabhängig|indépendan|independient|indipendent|независим",
    re.IGNORECASE,
)
"""What may be known of a distribution; also `E[X] = 0`."""

_REACH = 110  # characters
_ROUNDING = re.compile(
    r"\b(?:round\w*|about|approximat\w*|roughly|gerundet|rund|etwa|environ|arrondi\w*)\b|约", re.IGNORECASE
)
_COMMENT = re.compile(r"<!--.*?-->|(?<![\\\d])%[^\n]*", re.DOTALL)
_OPENING = re.compile(r"(?:\$+|\\\[|\\begin\{\w+\*?\}|[\s&])+$")
_ASKED = re.compile(
    r"\b(?:such that|so that|equation true|satisf\w+|solv(?:e|ing)|suppose|assum(?:e|ing)|requir(?:e|ing)"
    r"|must (?:have|hold|be)|we want|choose|pick|we need|constraint)\b",
    re.IGNORECASE,
)


_REGION = re.compile(
    r"\b(?:active|inactive|violat\w*|positive|negative|nonnegative|non-?zero|inside|outside|interior|regime|region"
    r"|branch|otherwise|saturat\w*|kink)\b",
    re.IGNORECASE,
)
"""Words for a part of the domain, in front of a formula."""
_HELD, _HELD_REGION = (
    600,
    re.compile(r"\b(?:(?:in)?active|violat\w*|regime|branch|saturat\w*|is (?:on|off))\b", re.IGNORECASE),
)
"""How far, in characters, such words hold that name a region over several formulas."""


_AFTERWARDS = re.compile(
    r"[\s$\\,.;)\]]*(?:\\q?quad)?[\s$]*(?:\\text\w*\{\s*)?"
    r"(?:(?:if|for|when|whenever|where|provided|as long as|unless|otherwise|falls|für|wenn|sonst|si|pour|当|若)\b|\()",
    re.IGNORECASE,
)
"""A condition behind a formula."""


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


def asked_for(text: str, lhs: Node) -> str | None:
    """`find c such that F'(x) = x^2`: the words before a formula may ask for it to hold."""
    words = " ".join(text[max(lhs.span.start - _REACH, 0) : lhs.span.start].split())
    asked = _ASKED.search(re.split(r"[.!?] (?=[A-Z])", words)[-1])
    if asked is None or (asked.group().lower().startswith("satisf") and "=" in asked.string[asked.end() :]):
        return None  # `y satisfies y' = y:` speaks of the equation that follows the word
    return f"the text asks for this to hold (“{asked.group().strip()}”)"


def rounded_percentage(text: str, lhs: Node, rhs: Node) -> str | None:
    """`\\frac18 = 13\\%` where the words beside it speak of rounding."""
    if not any(isinstance(part, Postfix) and part.operator == "%" for side in (lhs, rhs) for part in parts_of(side)):
        return None
    around = text[max(lhs.span.start - _REACH, 0) : rhs.span.end + _REACH]
    return "the text speaks of rounding here" if _ROUNDING.search(around) else None


def of_special_matrices(text: str, outcome: Outcome, lhs: Node, rhs: Node) -> str | None:
    """`‖Qx‖ = ‖x‖` holds of rotations: what words say of matrices may make an equation hold."""
    if has_operator(lhs) or has_operator(rhs) or not (told := RELATED.search(text)):
        return None
    return f"what the text says of its matrices (“{told.group()}”) may make it hold" if _has_arrays(outcome) else None


def _has_arrays(outcome: Outcome) -> bool:
    """Whether vectors or matrices stand in a claim, not only entries by letters that are written."""
    nodes = (node for pair in outcome.pairs for side in pair for node in walk(side) if isinstance(node, Entry))
    return any("." in part.name for node in nodes for part in node.indices if isinstance(part, Sym))


def particular_region(scope: Scope, text: str, outcome: Outcome) -> str | None:
    """The text speaks of a region (`if yz < 1`, “when active”) and the claim has kinks: it may be about that."""
    kinks = ("max", "min", "abs", "relu", "sign", "heaviside")
    sides = [side for pair in outcome.pairs for side in pair]
    kinked = any(
        isinstance(n, Cases) or (isinstance(n, Call) and n.function in kinks) or _is_root(n)
        for side in sides
        for n in walk(side)
    )
    names = {name for side in sides for name in labels(side)}
    if outcome.meant is None or any(
        isinstance(n, Cases) for _, right in outcome.meant.aligned.pairs for n in walk(right)
    ):
        return None  # the claim itself says where
    start = outcome.meant.lhs_node.span.start
    told = _REGION.search(_prose_before(text, start)) or _HELD_REGION.search(
        _COMMENT.sub("", text[max(start - _HELD, 0) : start])
    )
    told = told or _AFTERWARDS.match(text[outcome.meant.rhs_node.span.end :])
    if kinked and (told or any(names & region for region in scope.regions)):
        return "the text speaks of a region, and this may be meant there only"
    return None


def _is_root(node: Expr) -> bool:
    """`\\sqrt{x^2}`, which is x or -x."""
    if not (isinstance(node, Pow) and isinstance(node.base, Pow)):
        return False
    outer, inner = node.exponent, node.base.exponent
    if not (isinstance(outer, Num) and isinstance(inner, Num)):
        return False
    return outer.value.denominator % 2 == 0 and inner.value.numerator % 2 == 0


def _prose_before(text: str, start: int) -> str:
    """The words between the display before and the formula that begins here."""
    before = _OPENING.sub("", _COMMENT.sub("", text[max(start - _REACH, 0) : start]))
    return re.split(r"\$\$|\\\]|\\end\{\w+\*?\}", before)[-1]
