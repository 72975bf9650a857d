"""Flow: to whom an inbox may write at all, and what mail from outside may add to what it writes. Pure.

What an agent has read may have told it what to do. So a send that is based on mail from outside brings nobody and
nothing along that is not known otherwise: whoever is not known counts as added by that mail, for an address can be
spelt so that no search finds it in there; links and files count when they stand in it.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.policies.facts import Check, Hold, Refusal, SendFacts, failed
from agentpost_server.policies.governing import FoundPolicy
from agentpost_server.policies.links import hosts, registrable
from agentpost_server.policies.model import FlowRules
from agentpost_server.policies.plain import letters

_ORDER: Final = {"allow": 0, "off": 0, "hold": 1, "reject": 2}
_HOLD_FIX: Final = "A person decides: POST /messages/{id}/approve or /reject, by a key with drafts:approve."
Found = list[tuple[FoundPolicy, FlowRules]]


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """Mail from outside that a send is based on. `authors` wrote it; `files` are its attachments (id, SHA-256).
    `is_cut`: `texts` are not all that it says, so any link may be its own."""

    message_ids: tuple[str, ...] = ()
    authors: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()
    file_ids: frozenset[UUID] = frozenset()
    digests: frozenset[str] = frozenset()
    is_cut: bool = False


class Strict(msgspec.Struct, frozen=True, kw_only=True):
    """The strictest of all flow policies, and which one says so."""

    replies_only: UUID | None = None
    first_contact: tuple[str, UUID | None] = ("allow", None)
    taint: tuple[str, UUID | None] = ("off", None)
    canaries: tuple[tuple[UUID, str], ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    checks: list[Check]
    holds: list[Hold]
    refusal: Refusal | None


def strict(found: Found) -> Strict:
    contact: tuple[str, UUID | None] = ("allow", None)
    taint: tuple[str, UUID | None] = ("off", None)
    for policy, rules in found:
        if _ORDER[rules.first_contact] > _ORDER[contact[0]]:
            contact = (rules.first_contact, policy.id)
        if _ORDER[rules.taint] > _ORDER[taint[0]]:
            taint = (rules.taint, policy.id)
    return Strict(
        replies_only=next((policy.id for policy, rules in found if rules.replies_only), None),
        first_contact=contact,
        taint=taint,
        canaries=tuple((policy.id, canary) for policy, rules in found for canary in rules.canaries),
    )


def weigh(
    rules: Strict,
    facts: SendFacts,
    *,
    is_answer: bool,
    participants: Collection[str],
    strangers: Sequence[str],
    outside: Outside,
    allowed: Callable[[str], bool],
) -> Verdict:
    """`allowed`: whether a filter rule says by name that an address may be written to. It makes nobody a stranger."""
    verdict = Verdict(checks=[], holds=[], refusal=None)
    if rules.replies_only is not None:
        verdict = _reject(verdict, _replies_only(rules.replies_only, facts, is_answer, participants))
    if rules.first_contact[0] != "allow":
        unknown = [email for email in strangers if not allowed(email)]
        verdict = _apply(verdict, *rules.first_contact, _first_contact(rules.first_contact[1], unknown))
    if rules.taint[0] != "off":
        added = list(_added(facts, outside, [email for email in strangers if not allowed(email)], allowed))
        verdict = _apply(verdict, *rules.taint, _taint(rules.taint[1], added, outside))
    return verdict


def linked(facts: SendFacts) -> list[str]:
    """Every host that the send leads to."""
    return list(dict.fromkeys(host for text in facts.texts for host in hosts(text.content)))


def _replies_only(policy_id: UUID, facts: SendFacts, is_answer: bool, participants: Collection[str]) -> Check:
    name, fix = "replies_only", "Answer a message that came: POST /messages/{id}/reply."
    if not is_answer:
        return failed(name, "This inbox only answers, and this answers no mail that came.", fix, policy_id=policy_id)
    others = [email for email in facts.reached if email not in participants]
    if others:
        message = f"This inbox only answers, and {others[0]} has no part in the conversation."
        return failed(name, message, "Write only to those whom its mail came from or names.", policy_id=policy_id)
    return _passed(name, "It answers those who take part in the conversation.", policy_id)


def _first_contact(policy_id: UUID | None, strangers: Sequence[str]) -> Check:
    name = "first_contact"
    if not strangers:
        return _passed(name, "Every recipient is known to this inbox.", policy_id)
    message = f"{strangers[0]} was never in touch with this inbox."
    fix = f"Have a person look at it, or allow {strangers[0]} by a filter rule: POST /filter-rules."
    return failed(name, message, fix, policy_id=policy_id)


def _taint(policy_id: UUID | None, added: Sequence[str], outside: Outside) -> Check:
    if not added:
        return _passed("taint", "Mail from outside adds nothing to it.", policy_id)
    message = f"It is based on mail from outside ({outside.message_ids[0]}), which may not add {added[0]}."
    return failed("taint", message, "Leave that out, or have a person look at it.", policy_id=policy_id)


def _added(
    facts: SendFacts, outside: Outside, strangers: Sequence[str], allowed: Callable[[str], bool]
) -> Iterator[str]:
    """What mail from outside has brought into the send."""
    if not outside.message_ids:
        return
    for email in strangers:
        if email not in outside.authors:
            yield f"the {'address for answers' if email in facts.answers_to else 'recipient'} {email}"
    if facts.original_id is not None and facts.attachment_count:
        yield "its attachments"
    elif outside.file_ids.intersection(facts.file_ids):
        yield "its attachment"
    known = {facts.own_domain} if facts.own_domain else set[str]()
    theirs = "".join(letters(text) for text in outside.texts)
    for text in facts.texts:
        if text.where.endswith(".url"):
            continue  # asked for its bytes before anybody looks: `fetching`
        for host in hosts(text.content):
            domain = registrable(host)
            is_theirs = outside.is_cut or letters(domain) in theirs
            if domain not in known and is_theirs and not allowed(f"anybody@{host}"):
                yield f"the link to {host}"


def _apply(verdict: Verdict, way: str, policy_id: UUID | None, check: Check) -> Verdict:
    if check.passed or way == "reject":
        return _reject(verdict, check)
    held = msgspec.structs.replace(check, fix=_HOLD_FIX)
    return Verdict(
        checks=[*verdict.checks, held],
        holds=[*verdict.holds, Hold(reason="flow", policy_id=policy_id)],
        refusal=verdict.refusal,
    )


def _reject(verdict: Verdict, check: Check) -> Verdict:
    refused = verdict.refusal
    if not check.passed and refused is None:
        refused = Refusal(code="policy_rejected", detail=check.message, fix=check.fix)
    return Verdict(checks=[*verdict.checks, check], holds=verdict.holds, refusal=refused)


def _passed(name: str, message: str, policy_id: UUID | None) -> Check:
    return msgspec.structs.replace(failed(name, message, "", policy_id=policy_id), passed=True)
