"""Whether a send may leave, must wait for a person, or is refused. Reads only: who asks decides what to write.

One statement finds what governs the inbox; others are asked only for what a policy wants to know of its mail. What is
made of that is pure, and may be done when the transaction is over.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.loops import Limits
from agentpost_server.mail.address import canonical
from agentpost_server.mail.model import Address
from agentpost_server.policies import (
    approval,
    canaries,
    capped,
    caps,
    fetching,
    flow,
    governance,
    recipients,
    store,
    store_contacts,
)
from agentpost_server.policies.approval import Seen
from agentpost_server.policies.facts import UNGOVERNED, Check, Decision, Later, Refusal, SendFacts
from agentpost_server.policies.filtering import candidates
from agentpost_server.policies.flow import Outside, Strict
from agentpost_server.policies.governing import FoundRule, Governing, loop_limits, read_governing
from agentpost_server.policies.model import ApprovalRules, CapsRules, FlowRules, GovernanceRules, LoopRules

_LONG: Final = 65_536
_addresses = msgspec.json.Decoder(tuple[Address, ...])


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a decision rests on."""

    governing: Governing
    seen: Seen = Seen()
    participants: frozenset[str] = frozenset()
    outside: Outside = Outside()
    link_rules: tuple[FoundRule, ...] = ()
    """Of hosts that the send leads to, where it is based on mail from outside."""
    over: caps.Over | None = None

    @property
    def weight(self) -> int:
        """How many characters there are to look through."""
        return sum(len(one) for one in self.outside.texts)

    @property
    def loop_limits(self) -> Limits:
        """What the fuse of its conversation goes by."""
        return loop_limits(self.governing.of(LoopRules))


async def decide(tx: Tx, tenant: Scope, facts: SendFacts) -> Decision:
    return weigh(facts, await find(tx, tenant, facts))


async def find(tx: Tx, tenant: Scope, facts: SendFacts) -> Found:
    """All reading that `weigh` needs."""
    governing = await _governing(tx, tenant, facts)
    approvals, rules = governing.of(ApprovalRules), flow.strict(governing.of(FlowRules))
    strangers: Sequence[str] = ()
    if approval.asks_for(approvals, "first_contact") or rules.first_contact[0] != "allow" or rules.taint[0] != "off":
        strangers = await store_contacts.strangers(tx, tenant, facts.inbox_id, facts.reached)
    suspects: Sequence[UUID] = ()
    if approval.asks_for(approvals, "screening"):
        suspects = await store_contacts.suspects(tx, tenant, facts.thread_id, _about(facts))
    outside = await _outside(tx, tenant, facts) if rules.taint[0] != "off" else Outside()
    return Found(
        governing=governing,
        seen=Seen(strangers=tuple(strangers), suspects=tuple(ids.encode("msg", one) for one in suspects)),
        participants=await _participants(tx, tenant, facts) if rules.replies_only is not None else frozenset(),
        outside=outside,
        link_rules=await _link_rules(tx, tenant, facts) if outside.message_ids else (),
        over=await _over(tx, tenant, facts) if governing.of(CapsRules) and not facts.leaves_later else None,
    )


def weigh(facts: SendFacts, found: Found) -> Decision:
    """Every check is made and told; what is refused by one is not held by another. Not for the event loop where the
    texts are long."""
    governing = found.governing
    if not governing.policies and not any(one.has_rules for one in governing.lists.values()):
        return UNGOVERNED
    rules = flow.strict(governing.of(FlowRules))
    checks, blocked = recipients.weigh(governing, facts)
    flowing = flow.weigh(
        rules,
        facts,
        is_answer=governing.is_answer,
        participants=found.participants,
        strangers=found.seen.strangers,
        outside=found.outside,
        allowed=lambda email: recipients.allowed_by_rule(governing, email, found.link_rules),
    )
    asked, unasked = fetching.weigh(governing, rules, facts.url_hosts)
    governed, elsewhere = governance.weigh(governing.of(GovernanceRules), facts)
    planted = canaries.look_through(rules.canaries, facts.texts)
    approvals = governing.of(ApprovalRules)
    approved, waits = approval.weigh(approvals, facts, found.seen)
    capping, held, over = capped.weigh(governing.of(CapsRules), found.over)
    checks += [
        *asked,
        *governed,
        *flowing.checks,
        *([planted] if planted else canaries.passed(rules.canaries)),
        *approved,
        *capping,
    ]
    holds = (*waits, *flowing.holds, *held)
    refusal = _first(
        elsewhere,
        _blocked(checks) if blocked else None,
        flowing.refusal,
        unasked,
        canaries.refusal(planted) if planted else None,
        over,
    )
    return Decision(
        outcome="reject" if refusal else "hold" if holds else "send",
        checks=tuple(checks),
        holds=holds,
        refusal=refusal,
        loop_hold=approval.loop_hold(approvals),
        loop_limits=found.loop_limits,
        blocked=tuple(one.email for one in blocked),
        later=_later(rules, found),
        is_capped=bool(governing.of(CapsRules)),
    )


def _later(rules: Strict, found: Found) -> Later:
    return Later(
        canaries=rules.canaries,
        digests=found.outside.digests,
        taint=rules.taint,
        octets=tuple(
            (policy.id, one.attachment_bytes, one.over)
            for policy, one in found.governing.of(CapsRules)
            if one.attachment_bytes is not None
        ),
    )


async def _governing(tx: Tx, tenant: Scope, facts: SendFacts) -> Governing:
    directions = ["send", "reply"] if facts.way == "reply" else ["send"]
    thread_id = facts.thread_id if facts.way == "reply" else None
    values = candidates((*facts.reached, *(f"anybody@{host}" for host in facts.url_hosts)))
    return read_governing(await store.governing(tx, tenant, facts.inbox_id, thread_id, directions, values))


async def _participants(tx: Tx, tenant: Scope, facts: SendFacts) -> frozenset[str]:
    if facts.thread_id is None:
        return frozenset()
    rows = await store_contacts.participants(tx, tenant, facts.thread_id)
    return frozenset(email for row in rows for email in _emails_of(row))


def _emails_of(row: Any) -> Iterable[str]:
    yield canonical(msgspec.json.decode(row["from_address"], type=Address).email)
    for field in ("reply_to_addresses", "to_addresses", "cc_addresses"):
        yield from (canonical(one.email) for one in _addresses.decode(row[field]))


async def _outside(tx: Tx, tenant: Scope, facts: SendFacts) -> Outside:
    rows = await store_contacts.outside(tx, tenant, facts.thread_id, _about(facts), facts.file_ids)
    authors = [canonical(msgspec.json.decode(row["from_address"], type=Address).email) for row in rows]
    return Outside(
        message_ids=tuple(ids.encode("msg", row["id"]) for row in rows),
        authors=frozenset(authors),
        texts=tuple(
            text
            for row in rows
            for text in (
                row["subject"],
                row["text_body"],
                row["html_body"],
                *_emails_of(row),
                *row["names"],
                *row["file_texts"],
            )
            if text
        ),
        is_cut=any(row["is_cut"] for row in rows),
        file_ids=frozenset(one for row in rows for one in row["file_ids"]),
        digests=frozenset(one for row in rows for one in row["digests"]),
    )


async def _link_rules(tx: Tx, tenant: Scope, facts: SendFacts) -> tuple[FoundRule, ...]:
    long = sum(len(one.content) for one in facts.texts) > _LONG
    hosts = await asyncio.to_thread(flow.linked, facts) if long else flow.linked(facts)
    values = candidates(f"anybody@{host}" for host in hosts)
    row = await store.governing(tx, tenant, facts.inbox_id, None, ["send", "reply"], values)
    return read_governing(row).rules


async def _over(tx: Tx, tenant: Scope, facts: SendFacts) -> caps.Over | None:
    scope = Scope(tenant.organization_id, tenant.environment_id)
    emails = tuple(one.email for one in facts.people)
    octets = facts.attachment_octets or 0
    release = caps.Release(
        scope=scope, inbox_id=facts.inbox_id, emails=emails, attachment_octets=octets, moment=facts.moment
    )
    return await caps.look(tx, release)


def _about(facts: SendFacts) -> list[UUID]:
    return [*facts.based_on, *([facts.original_id] if facts.original_id else [])]


def _blocked(checks: Sequence[Check]) -> Refusal:
    first = next(one for one in checks if not one.passed and one.name == "filter_rules")
    return Refusal(code="recipient_blocked", detail=first.message, fix=first.fix)


def _first(*refusals: Refusal | None) -> Refusal | None:
    return next((one for one in refusals if one is not None), None)
