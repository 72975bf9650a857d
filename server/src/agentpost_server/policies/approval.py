"""Approval: which sends wait for a person, by whom they are written to and what they take along. Pure."""

from collections.abc import Collection, Iterator

import msgspec

from agentpost_server.policies.facts import Check, Hold, SendFacts, failed, strictest
from agentpost_server.policies.governing import FoundPolicy, hold_of
from agentpost_server.policies.model import ApprovalRules

_FIX = "A person decides: POST /messages/{id}/approve or /reject, by a key with drafts:approve."


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the inbox's mail says about a send. `strangers`: recipients it never had to do with; `suspects`: messages
    that the send is about and that screening found suspicious."""

    strangers: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()


def weigh(
    found: list[tuple[FoundPolicy, ApprovalRules]], facts: SendFacts, seen: Seen
) -> tuple[list[Check], list[Hold]]:
    """A check for each policy, and a hold for each that wants one."""
    checks: list[Check] = []
    holds: list[Hold] = []
    for policy, rules in found:
        reasons = dict(_reasons(rules, facts, seen))
        if not reasons:
            checks.append(_passed(policy))
            continue
        told = "; ".join(reasons.values())
        checks.append(
            failed("approval", f'The policy "{policy.name}" wants a person to look: {told}.', _FIX, policy_id=policy.id)
        )
        only_suspects = reasons.keys() == {"screening"}
        holds.append(hold_of(policy, rules, "screening" if only_suspects else "approval"))
    return checks, holds


def loop_hold(found: list[tuple[FoundPolicy, ApprovalRules]]) -> Hold:
    """Who looks at a conversation that goes back and forth by itself: whom the policies that name it ask, else
    whoever may approve."""
    named = tuple(hold_of(policy, rules, "loop") for policy, rules in found if "loop" in rules.when)
    return strictest(named) or Hold(reason="loop")


def asks_for(found: Collection[tuple[FoundPolicy, ApprovalRules]], reason: str) -> bool:
    return any(reason in rules.when for _, rules in found)


def _reasons(rules: ApprovalRules, facts: SendFacts, seen: Seen) -> Iterator[tuple[str, str]]:
    if "always" in rules.when:
        yield "always", "every send"
    if "first_contact" in rules.when and seen.strangers:
        yield "first_contact", f"{_some(seen.strangers)} was never in touch with this inbox"
    if "external_domain" in rules.when and (outside := _outside(rules, facts)):
        yield "external_domain", f"{_some(outside)} is outside of the internal domains"
    if "attachment" in rules.when and facts.attachment_count:
        yield "attachment", "it has an attachment"
    if rules.recipients_over is not None and len(facts.people) > rules.recipients_over:
        yield "recipients_over", f"it has {len(facts.people)} recipients, more than {rules.recipients_over}"
    if "screening" in rules.when and seen.suspects:
        yield "screening", f"screening found {seen.suspects[0]} suspicious"


def _outside(rules: ApprovalRules, facts: SendFacts) -> list[str]:
    inside = {*rules.internal_domains, facts.own_domain}
    return [one.email for one in facts.people if one.email.rpartition("@")[2] not in inside]


def _some(emails: Collection[str]) -> str:
    first = next(iter(emails))
    return first if len(emails) == 1 else f"{first} with {len(emails) - 1} more"


def _passed(policy: FoundPolicy) -> Check:
    return msgspec.structs.replace(
        failed("approval", f'The policy "{policy.name}" lets it go.', "", policy_id=policy.id), passed=True
    )
