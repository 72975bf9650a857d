"""Submitting a message: everything that may refuse it, then its bytes, then one transaction for all that it is.

No transaction is open while files are fetched or MIME is composed. What is large goes to the blob store first, so that
a row never names bytes that are not there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response

from agentpost_server.core import ids
from agentpost_server.core.errors import Forbidden, Invalid, NotFound, invalid_field
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.db import Tx
from agentpost_server.loops import Asked, LoopStopped, check_automatic, note_refusal
from agentpost_server.mail.address import canonical
from agentpost_server.messages.model import Message
from agentpost_server.messages.threading import fingerprint
from agentpost_server.outbound.carriers import carriers, most_octets, of_wide_addresses
from agentpost_server.outbound.check import Checked, check, check_recipients, cited
from agentpost_server.outbound.compose import compose_mail
from agentpost_server.outbound.facts import facts_of
from agentpost_server.outbound.files import File
from agentpost_server.outbound.gather import gather
from agentpost_server.outbound.letter import Original, Way, addressed, is_response, original_of, write_letter
from agentpost_server.outbound.model import AttachmentIn, Forward, Reply, Send
from agentpost_server.outbound.plan import LOCAL, transports_of
from agentpost_server.outbound.record import Outgoing, keep_large, record, remove_large
from agentpost_server.outbound.store import submit as store
from agentpost_server.outbound.store import suppressions
from agentpost_server.policies import UNGOVERNED, Decision, decide, refuse
from agentpost_server.runtime import Runtime
from agentpost_server.web.idempotency import Effect

_LARGE: Final = 65_536
Inside = Callable[[Tx, UUID], Awaitable[None]]
"""What else happens in the transaction of a send, ahead of it, told the id of the message to be. It may refuse."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose bytes the caller has already, and how a request would have named it: policies ask about that."""

    file: File
    described: AttachmentIn


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knew before anything was written. `suppressed`: reasons by canonical address."""

    sender: Any
    original: Original | None
    cited_id: str | None
    checked: Checked
    suppressed: dict[str, str]
    transports: tuple[str, ...]
    files: list[AttachmentIn]
    decision: Decision


async def send(
    runtime: Runtime,
    tenant: Scope,
    author: Actor,
    effect: Effect,
    inbox_id: UUID,
    wanted: Send,
    *,
    given: Sequence[Given] = (),
    inside: Inside | None = None,
) -> Response[Message] | Response[Any]:
    """201 with the message, queued or scheduled. `given` files come ahead of those that `wanted` names; what `inside`
    does stands or falls with the message."""
    return await _submit(runtime, tenant, author, effect, "send", wanted, inbox_id=inbox_id, given=given, inside=inside)


async def answer(
    runtime: Runtime, tenant: Scope, author: Actor, effect: Effect, way: Way, message_id: UUID, wanted: Reply | Forward
) -> Response[Message] | Response[Any]:
    """Reply, reply to all or forward, from the inbox that the original lies in. 201 with the new message."""
    return await _submit(runtime, tenant, author, effect, way, wanted, original_id=message_id)


async def _submit(
    runtime: Runtime,
    tenant: Scope,
    author: Actor,
    effect: Effect,
    way: Way,
    wanted: Send | Reply | Forward,
    *,
    inbox_id: UUID | None = None,
    original_id: UUID | None = None,
    given: Sequence[Given] = (),
    inside: Inside | None = None,
) -> Response[Message] | Response[Any]:
    if (first := await effect.replay()) is not None:
        return first
    moment = runtime.now()
    checked = check(wanted, moment)
    prepared = await _prepare(runtime, tenant, author, way, wanted, checked, moment, inbox_id, original_id, given)
    files = [*(one.file for one in given), *await gather(runtime, tenant, prepared.sender["id"], prepared.files)]
    letter = await _off_loop(
        _weight(wanted, prepared.original), write_letter, way, wanted, prepared.original, prepared.cited_id
    )
    most = most_octets(prepared.transports, runtime.transports, runtime.settings.max_send_octets)
    composed = await compose_mail(runtime, prepared.sender, prepared.checked, letter, files, moment, most)
    outgoing = Outgoing(
        sender=prepared.sender,
        checked=prepared.checked,
        suppressed=prepared.suppressed,
        transports=prepared.transports,
        letter=letter,
        files=tuple(files),
        composed=composed,
        created_at=moment,
        decision=prepared.decision,
    )
    return await _commit(runtime, tenant, effect, outgoing, inside)


async def _commit(
    runtime: Runtime, tenant: Scope, effect: Effect, outgoing: Outgoing, inside: Inside | None
) -> Response[Message] | Response[Any]:
    stored = False

    async def act(tx: Tx) -> Message:
        nonlocal stored
        if inside is not None:
            await inside(tx, outgoing.composed.message_id)
        message = await record(runtime, tx, tenant, outgoing)
        stored = True
        return message

    await keep_large(runtime, tenant, outgoing)
    try:
        return await effect(act, status=201)
    except LoopStopped as stopped:
        async with runtime.database.transaction(tenant.organization_id) as tx:
            await note_refusal(tx, tenant, stopped)
        raise
    finally:
        # Only when it is sure that no row names them: a commit whose answer was lost may stand.
        if not stored:
            await remove_large(runtime, tenant, outgoing)


async def _prepare(
    runtime: Runtime,
    tenant: Scope,
    author: Actor,
    way: Way,
    wanted: Send | Reply | Forward,
    checked: Checked,
    moment: datetime,
    inbox_id: UUID | None,
    original_id: UUID | None,
    given: Sequence[Given],
) -> Prepared:
    reference = cited(wanted.in_reply_to) if isinstance(wanted, Send) else original_id
    async with runtime.database.transaction(tenant.organization_id) as tx:
        original = await find_original(tx, tenant, way, reference, inbox_id) if reference is not None else None
        sender_id = inbox_id or (original.inbox_id if original else None)
        sender = await store.find_sender(tx, tenant, sender_id) if sender_id else None
        if sender is None:
            raise NotFound
        _refuse_paused(sender)
        _refuse_unverified(sender)
        checked = addressed(way, checked, original, sender["email"], unattended=wanted.unattended)
        check_recipients(checked)
        if wanted.unattended and original is not None and is_response(way, checked, original):
            await check_automatic(tx, tenant, _asked(original))
        emails = [canonical(one.email) for one in checked.recipients]
        suppressed = await suppressions.reasons(tx, tenant, emails)
        _refuse_all_suppressed(emails, suppressed)
        await refuse_unknown_basis(tx, tenant, checked)
        carried = await store.attachment_ids_of(tx, tenant, original.id) if way == "forward" and original else []
        files = [*(AttachmentIn(attachment_id=ids.encode("att", one)) for one in carried), *wanted.attachments]
        decision = UNGOVERNED
        if sender["is_governed"]:
            all_files = [*(one.described for one in given), *files]
            facts = facts_of(way, wanted, checked, sender, original, all_files, author, moment)
            decision = await decide(tx, tenant, facts)
    _refuse_governed(decision)
    return Prepared(
        sender=sender,
        original=original,
        cited_id=reference if isinstance(reference, str) and original is None else None,
        checked=checked,
        suppressed=suppressed,
        transports=_transports(runtime, sender, checked),
        files=files,
        decision=decision,
    )


def _refuse_governed(decision: Decision) -> None:
    refuse(decision)
    if decision.hold is not None:
        waits = next(one for one in decision.checks if not one.passed)
        raise Forbidden(f"A person must approve this: {waits.message}", code="policy_rejected", fix=waits.fix)


async def refuse_unknown_basis(tx: Tx, tenant: Scope, checked: Checked) -> None:
    if checked.based_on and await store.count_messages(tx, tenant, checked.based_on) < len(set(checked.based_on)):
        raise invalid_field("based_on", "names a message that does not exist", code="not_found")


async def find_original(
    tx: Tx, tenant: Scope, way: Way, reference: UUID | str, inbox_id: UUID | None
) -> Original | None:
    """None for a Message-ID of mail that is not in the inbox: it is cited as it is."""
    if isinstance(reference, str):
        row = await store.find_cited(tx, tenant, inbox_id, fingerprint(reference)) if inbox_id else None
        return original_of(row) if row is not None else None
    row = await store.find_original(tx, tenant, reference)
    if way != "send":
        if row is None:
            raise NotFound
        return original_of(row)
    if row is None or row["inbox_id"] != inbox_id:
        raise invalid_field("in_reply_to", "names no message of this inbox", code="not_found")
    return original_of(row)


def _asked(original: Original) -> Asked:
    return Asked(
        thread_id=original.thread_id,
        loop_class=original.loop_class,
        trust=original.trust,
        was_checked=original.was_checked,
        flags=original.flags,
    )


def _refuse_paused(sender: Any) -> None:
    """Kill switches: inbox, environment, organization. They are asked again before each call."""
    for paused, what, fix in (
        (sender["organization_paused"], "The organization", "Resume sending for the organization."),
        (sender["environment_paused"], "The environment", "Set send_paused of the environment to false."),
        (sender["send_paused"], "The inbox", "Resume the inbox: POST /inboxes/{id}/resume."),
    ):
        if paused:
            raise Forbidden(f"{what} is paused: nothing is sent from it.", code="inbox_paused", fix=fix)


def _refuse_unverified(sender: Any) -> None:
    if not sender["can_send"]:
        raise Forbidden(
            f"The domain {sender['own_domain']} may not send yet: it is not verified for sending.",
            code="domain_not_verified",
            fix="Publish its records and verify it: POST /domains/{id}/verify. Or send from another inbox.",
        )


def _transports(runtime: Runtime, sender: Any, checked: Checked) -> tuple[str, ...]:
    """What may carry it, in turn. Mail that stays on this machine needs nothing of them."""
    names = carriers(sender["transport"], runtime.failover, runtime.transports)
    leaves = any(
        transports_of(one.email, kind=sender["kind"], transports=names, allowed=sender["allowed_recipients"])
        != (LOCAL,)
        for one in checked.recipients
    )
    lists = {"to": checked.to, "cc": checked.cc, "bcc": checked.bcc, "reply_to": checked.reply_to}
    return of_wide_addresses(names, runtime.transports, lists) if leaves else names


def _refuse_all_suppressed(emails: Sequence[str], suppressed: dict[str, str]) -> None:
    if all(email in suppressed for email in emails):
        named = ", ".join(f"{email} ({reason})" for email, reason in sorted(suppressed.items())[:5])
        raise Invalid(
            f"Every recipient is on the suppression list: {named}.",
            code="all_recipients_suppressed",
            fix="Write to another address, or remove these from the list: DELETE /suppressions/{id}.",
        )


def _weight(wanted: Send | Reply | Forward, original: Original | None) -> int:
    texts = [wanted.text_body, wanted.html_body]
    if original is not None:
        texts += [original.mail.text_body, original.mail.html_body]
    return sum(len(text) for text in texts if text)


async def _off_loop(weight: int, act: Any, *arguments: Any) -> Any:
    """In a thread when it may take long; a thread for every small mail would cost more than it saves."""
    return await asyncio.to_thread(act, *arguments) if weight > _LARGE else act(*arguments)
