"""Whether a send may leave, must wait for a person, or is refused. Reads only: who asks decides what to write.

One statement finds what governs the inbox; a second is asked only for what a policy wants to know of its mail.
"""

from collections.abc import Sequence

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.policies import approval, recipients, store, store_contacts
from agentpost_server.policies.approval import Seen
from agentpost_server.policies.facts import UNGOVERNED, Check, Decision, Refusal, SendFacts
from agentpost_server.policies.filtering import candidates
from agentpost_server.policies.governing import Governing, loop_limits, read_governing
from agentpost_server.policies.model import ApprovalRules, LoopRules


async def decide(tx: Tx, tenant: Scope, facts: SendFacts) -> Decision:
    """Rules first, then what refuses, then what holds: what is refused by one is never held by another."""
    governing = await _governing(tx, tenant, facts)
    if not governing.policies and not any(one.has_rules for one in governing.lists.values()):
        return UNGOVERNED
    checks, blocked = recipients.weigh(governing, facts)
    approvals = governing.of(ApprovalRules)
    approved, holds = approval.weigh(approvals, facts, await _seen(tx, tenant, facts, governing))
    checks.extend(approved)
    refusal = _blocked(checks) if blocked else None
    return Decision(
        outcome="reject" if refusal else "hold" if holds else "send",
        checks=tuple(checks),
        holds=tuple(holds),
        refusal=refusal,
        loop_hold=approval.loop_hold(approvals),
        loop_limits=loop_limits(governing.of(LoopRules)),
    )


async def _governing(tx: Tx, tenant: Scope, facts: SendFacts) -> Governing:
    directions = ["send", "reply"] if facts.way == "reply" else ["send"]
    thread_id = facts.thread_id if facts.way == "reply" else None
    values = candidates(one.email for one in facts.people)
    return read_governing(await store.governing(tx, tenant, facts.inbox_id, thread_id, directions, values))


async def _seen(tx: Tx, tenant: Scope, facts: SendFacts, governing: Governing) -> Seen:
    """What the policies want to know of the inbox's mail, and no more."""
    approvals = governing.of(ApprovalRules)
    strangers: Sequence[str] = ()
    suspects: Sequence[str] = ()
    if approval.asks_for(approvals, "first_contact"):
        emails = [one.email for one in facts.people]
        strangers = await store_contacts.strangers(tx, tenant, facts.inbox_id, emails)
    if approval.asks_for(approvals, "screening"):
        about = [*facts.based_on, *([facts.original_id] if facts.original_id else [])]
        found = await store_contacts.suspects(tx, tenant, facts.thread_id, about)
        suspects = [ids.encode("msg", one) for one in found]
    return Seen(strangers=tuple(strangers), suspects=tuple(suspects))


def _blocked(checks: Sequence[Check]) -> Refusal:
    first = next(one for one in checks if not one.passed and one.name == "filter_rules")
    return Refusal(code="recipient_blocked", detail=first.message, fix=first.fix)
