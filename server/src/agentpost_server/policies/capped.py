"""Caps as part of a decision: what is over one now waits or is refused, by the policy's `over`. Pure."""

import msgspec

from agentpost_server.policies.caps import Over
from agentpost_server.policies.facts import Check, Hold, Refusal, failed
from agentpost_server.policies.governing import FoundPolicy
from agentpost_server.policies.model import CapsRules


def weigh(
    found: list[tuple[FoundPolicy, CapsRules]], over: Over | None
) -> tuple[list[Check], list[Hold], Refusal | None]:
    if not found:
        return [], [], None
    if over is None:
        passed = failed("caps", "No cap is reached.", "", policy_id=found[0][0].id)
        return [msgspec.structs.replace(passed, passed=True)], [], None
    refusal = over.refusal
    check = failed("caps", refusal.detail, refusal.fix, policy_id=over.policy_id)
    if over.over == "hold":
        return [check], [Hold(reason="flow", policy_id=over.policy_id)], None
    return [check], [], refusal
