"""What is known of a mail besides its text, and what the judgement of it says."""

from collections.abc import Mapping
from datetime import datetime

import msgspec


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the receiving side knows. `recipients` are the envelope's; `authentication` has SPEC 22's keys."""

    received_at: datetime
    recipients: tuple[str, ...] = ()
    helo: str | None = None
    authentication: Mapping[str, object] = {}


class Factor(msgspec.Struct, frozen=True):
    """One reason, by the name that `rules.RULES` explains; `detail` is what a helper added."""

    name: str
    weight: float
    detail: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """The sum and what it is made of; mail at or above the operator's threshold is spam."""

    score: float
    factors: tuple[Factor, ...]


def verdict_of(factors: tuple[Factor, ...]) -> Verdict:
    return Verdict(round(sum(one.weight for one in factors), 2), factors)
