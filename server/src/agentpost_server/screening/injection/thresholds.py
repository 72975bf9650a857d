"""From a score to what is done about it: by the policies that hold for the inbox, the strictest of each kind."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.policies.model import ScreeningRules
from agentpost_server.screening.injection.model import Judgement

Verdict = Literal["pass", "label", "hold"]


class _Policy(msgspec.Struct):
    id: UUID
    rules: ScreeningRules


class Thresholds(msgspec.Struct, frozen=True):
    """None: never. `policy_id` is the one that holds first."""

    label_at: float | None = None
    hold_at: float | None = None
    policy_id: str | None = None


OFF = Thresholds()
_policies = msgspec.json.Decoder(list[_Policy])


def thresholds_of(found: str | None) -> Thresholds:
    """`found`: the policies as JSON, of organization, environment and inbox. None: there are none."""
    policies = _policies.decode(found) if found else []
    holds = [(one.rules.hold_at, one.id) for one in policies if one.rules.hold_at is not None]
    hold_at, policy_id = min(holds) if holds else (None, None)
    return Thresholds(
        label_at=_least([one.rules.label_at for one in policies]),
        hold_at=hold_at,
        policy_id=ids.encode_or_none("pol", policy_id),
    )


def verdict_of(judgement: Judgement, thresholds: Thresholds) -> Verdict:
    if thresholds.hold_at is not None and judgement.score >= thresholds.hold_at:
        return "hold"
    return "label" if thresholds.label_at is not None and judgement.score >= thresholds.label_at else "pass"


def _least(found: Sequence[float | None]) -> float | None:
    return min((one for one in found if one is not None), default=None)
