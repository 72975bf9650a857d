"""What screening for instructions says of a mail: a score, what it was reached by, and who judged."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

Where = Literal[
    "subject", "sender", "header", "text_body", "html_body", "hidden", "comment", "attribute", "filename", "attachment",
    "quoted", "mail",
]  # fmt: skip
RULES_DETECTOR: Final = "rules@1"


class Factor(msgspec.Struct, frozen=True):
    """One reason, by a name that `weights.WEIGHTS` explains, and where it was met first."""

    name: str
    weight: float
    where: Where


class Judgement(msgspec.Struct, frozen=True):
    """`score`: 0 to 1. `detector` says who judged, and what went wrong with a helper."""

    score: float
    detector: str
    factors: tuple[Factor, ...]


def judgement_of(factors: list[Factor]) -> Judgement:
    """Each weight takes its share of what is left to 1, so that many small reasons never say more than one great one
    plus them, and none can lower the score."""
    return raised(Judgement(0.0, RULES_DETECTOR, ()), factors)


def raised(judgement: Judgement, factors: Sequence[Factor]) -> Judgement:
    """With the factors that it did not have; the same judgement when there is none."""
    known = {one.name for one in judgement.factors}
    new = [one for one in factors if one.name not in known]
    if not new:
        return judgement
    left = 1 - judgement.score
    for one in new:
        left *= 1 - one.weight
    return Judgement(round(1 - left, 2), judgement.detector, (*judgement.factors, *new))
