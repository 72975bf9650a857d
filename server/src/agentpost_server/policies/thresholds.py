"""The policy `screening`: from which score on mail that comes in is labelled or held, for whoever scores it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.policies import store
from agentpost_server.policies.model import ScreeningRules


async def screening_of(tx: Tx, asked: Sequence[tuple[Scope, UUID]]) -> list[ScreeningRules]:
    """For each (scope, inbox) the lowest of every threshold that a policy sets; None where none does."""
    found = [ScreeningRules()] * len(asked)
    for row in await store.of_kind(tx, "screening", asked):
        number: int = row["number"] - 1
        rules = msgspec.json.decode(row["rules"], type=ScreeningRules)
        found[number] = ScreeningRules(
            label_at=_lower(found[number].label_at, rules.label_at),
            hold_at=_lower(found[number].hold_at, rules.hold_at),
        )
    return found


def _lower(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else min(one, other)
