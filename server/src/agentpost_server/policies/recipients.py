"""Filter rules held against whom a send reaches: its recipients, and those to whom it directs their answers. Pure."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.policies.facts import Check, SendFacts, failed
from agentpost_server.policies.filtering import Ruling, rule_on
from agentpost_server.policies.governing import FoundRule, Governing

_NAME = "filter_rules"


class Blocked(msgspec.Struct, frozen=True):
    email: str
    rule_id: UUID | None


def weigh(governing: Governing, facts: SendFacts) -> tuple[list[Check], list[Blocked]]:
    """One check for each address that a rule blocks; one that passed where rules were asked and block nobody."""
    direction = direction_of(governing)
    listed = governing.lists.get(direction)
    rules = [one for one in governing.rules if one.direction == direction]
    blocked: list[Blocked] = []
    checks: list[Check] = []
    for email in facts.reached:
        ruling = rule_on(email, rules, listed)
        if not ruling.allowed:
            blocked.append(Blocked(email, ruling.rule_id))
            checks.append(_failed(email, ruling))
    if not checks and listed is not None and listed.has_rules:
        checks.append(Check(name=_NAME, passed=True, message=f"No {direction} rule blocks a recipient."))
    return checks, blocked


def direction_of(governing: Governing) -> str:
    """`reply` for an answer where reply rules exist, else `send`."""
    replies = governing.lists.get("reply")
    return "reply" if governing.is_answer and replies is not None and replies.has_rules else "send"


def allowed_by_rule(governing: Governing, email: str, more: Sequence[FoundRule] = ()) -> bool:
    """Whether a rule says by name that the address may be written to; `more` are rules about other names."""
    direction = direction_of(governing)
    rules = [one for one in (*governing.rules, *more) if one.direction == direction]
    ruling = rule_on(email, rules, None)
    return ruling.allowed and ruling.rule_id is not None


def _failed(email: str, ruling: Ruling) -> Check:
    rule = ids.encode_or_none("rul", ruling.rule_id)
    if ruling.by_list:
        message = f"{email} is not on the list of the allowed, which the filter rule {rule} belongs to."
        fix = f"Write to somebody else, or allow {email}: POST /filter-rules."
    else:
        message = f"The filter rule {rule} blocks {email}."
        fix = f"Write to somebody else, or remove the rule: DELETE /filter-rules/{rule}."
    return failed(_NAME, message, fix, rule_id=ruling.rule_id)
