"""The one transaction of a submit: message, bytes, recipients, calls to be made, history and event stand or fall
together."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.db import Tx
from agentpost_server.events import append
from agentpost_server.events.append import NewEvent
from agentpost_server.loops import Sending, ask, trip
from agentpost_server.mail.address import canonical
from agentpost_server.mail.preview import preview
from agentpost_server.messages.add import add
from agentpost_server.messages.model import Message
from agentpost_server.messages.new import Added, NewMessage
from agentpost_server.messages.read import get
from agentpost_server.outbound.announce import origin, progress
from agentpost_server.outbound.carriers import of_octets
from agentpost_server.outbound.check import Checked
from agentpost_server.outbound.compose import Composed
from agentpost_server.outbound.files import File
from agentpost_server.outbound.letter import Letter
from agentpost_server.outbound.plan import Transmission, plan, transports_of
from agentpost_server.outbound.store import states
from agentpost_server.outbound.store import submit as store
from agentpost_server.policies import CapReached, Decision, Release, charge
from agentpost_server.ports.blobs import blob_key
from agentpost_server.runtime import Runtime

TOPIC: Final = "mail-out"


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message that nothing refuses any more, with its bytes. `created_at` is the time in its environment, `wall` the
    one by which all work and every window goes."""

    sender: Any
    author: Actor
    checked: Checked
    suppressed: dict[str, str]
    transports: tuple[str, ...]
    letter: Letter
    files: tuple[File, ...]
    composed: Composed
    created_at: datetime
    wall: datetime
    decision: Decision

    @property
    def live(self) -> list[str]:
        """Those who are written to."""
        return [one.email for one in self.checked.recipients if canonical(one.email) not in self.suppressed]

    @property
    def status(self) -> str:
        return "scheduled" if self.checked.send_at else "queued"


async def keep_large(runtime: Runtime, tenant: Scope, outgoing: Outgoing) -> None:
    for blob_id, content, media_type in _large(outgoing):
        key = blob_key(tenant.organization_id, blob_id, outgoing.created_at)
        await runtime.blobs.put(key, content, media_type=media_type)


async def remove_large(runtime: Runtime, tenant: Scope, outgoing: Outgoing) -> None:
    for blob_id, _, _ in _large(outgoing):
        await runtime.blobs.delete(blob_key(tenant.organization_id, blob_id, outgoing.created_at))


async def record(runtime: Runtime, tx: Tx, tenant: Scope, outgoing: Outgoing) -> Message:
    """Write everything and answer the message as the API shows it. The lane is rung after the commit."""
    scope = Scope(tenant.organization_id, tenant.environment_id)
    new = new_message_of(scope, outgoing)
    added = (await add(tx, [new]))[0]
    if added is None:
        raise RuntimeError("a new message's id stood already")
    sending = sending_of(outgoing, added.thread_id, opens=added.thread_created)
    limits = outgoing.decision.loop_limits
    tripped = await ask(tx, scope, sending, limits) if sending.may_answer else None
    await insert_calls(runtime, tx, scope, outgoing)
    await states.insert_message_events(tx, history_of(tenant.organization_id, outgoing))
    await append(tx, scope, *thread_events(outgoing, added), leaving_event(outgoing, added.thread_id))
    if tripped is not None:
        await trip(tx, scope, sending, tripped, limits)
    await charge_for(tx, scope, outgoing)
    tx.after_commit(lambda: committed(runtime, tenant.organization_id))
    return await get(tx, tenant, new.id)


async def charge_for(tx: Tx, scope: Scope, outgoing: Outgoing) -> None:
    """Counts what leaves now against the caps: last of all, as the rows that it locks are others' too. Raises
    CapReached."""
    if not outgoing.decision.is_capped or outgoing.status != "queued":
        return
    release = Release(
        scope=scope,
        inbox_id=outgoing.sender["id"],
        emails=tuple(canonical(email) for email in outgoing.live),
        attachment_octets=sum(len(one.content) for one in outgoing.files),
        moment=outgoing.wall,
        message_id=outgoing.composed.message_id,
    )
    if (over := (await charge(tx, [release]))[0]) is not None:
        raise CapReached(over)


async def insert_calls(runtime: Runtime, tx: Tx, scope: Scope, outgoing: Outgoing) -> None:
    """The raw mail's row, everybody whom it goes to, and the calls that are to be made."""
    calls = calls_of(runtime, outgoing)
    composed, inbox_id = outgoing.composed, outgoing.sender["id"]
    content = None if composed.is_large else composed.raw
    message_id = composed.message_id
    await store.insert_raw(tx, scope, message_id, len(composed.raw), composed.sha256, content, outgoing.created_at)
    await store.insert_recipients(tx, scope, message_id, recipient_rows(outgoing, calls))
    ahead = timedelta(seconds=outgoing.sender["clock_offset_seconds"])
    due_at = outgoing.checked.send_at - ahead if outgoing.checked.send_at is not None else outgoing.wall
    rows = [(one.id, one.transports, one.domain, one.mail_from, one.recipients) for one in calls]
    kept = store.Kept(
        list_unsubscribe=outgoing.checked.list_unsubscribe,
        track_opens=outgoing.checked.track_opens,
        author=msgspec.json.encode(outgoing.author).decode() if outgoing.status == "scheduled" else None,
    )
    await store.insert_transmissions(tx, scope, inbox_id, message_id, due_at, rows, kept)


def sending_of(outgoing: Outgoing, thread_id: UUID, *, opens: bool) -> Sending:
    return Sending(
        inbox_id=outgoing.sender["id"],
        thread_id=thread_id,
        peer=outgoing.checked.recipients[0].email,
        subject=outgoing.letter.subject,
        at=outgoing.created_at,
        opens=opens,
    )


def _large(outgoing: Outgoing) -> list[tuple[UUID, bytes, str]]:
    """What does not go into a table: (blob, bytes, media type)."""
    composed = outgoing.composed
    found = [(one.id, one.content, one.mime_type) for one in outgoing.files if one.is_large]
    return [*found, (composed.message_id, composed.raw, "message/rfc822")] if composed.is_large else found


def committed(runtime: Runtime, organization_id: UUID) -> None:
    runtime.count(organization_id, "messages_sent", 1)
    runtime.bus.publish(TOPIC)


def new_message_of(scope: Scope, outgoing: Outgoing) -> NewMessage:
    checked, letter, composed = outgoing.checked, outgoing.letter, outgoing.composed
    return NewMessage(
        id=composed.message_id,
        scope=scope,
        inbox_id=outgoing.sender["id"],
        direction="outbound",
        status=outgoing.status,
        message_id_header=composed.message_id_header,
        in_reply_to=(letter.in_reply_to,) if letter.in_reply_to else (),
        references=letter.references,
        subject=letter.subject,
        from_address=composed.from_address,
        to_addresses=checked.to,
        cc_addresses=checked.cc,
        bcc_addresses=checked.bcc,
        reply_to_addresses=checked.reply_to,
        text_body=letter.text_body,
        html_body=letter.html_body,
        extracted_text=letter.own_text,
        extracted_html=letter.own_html,
        headers=composed.headers,
        preview=preview(letter.own_text or letter.text_body or ""),
        labels=tuple(dict.fromkeys(("sent", *checked.labels))),
        size=len(composed.raw),
        trust="internal",
        flags=checked.flags,
        loop_class={"auto-generated": "auto_generated", "auto-replied": "auto_replied"}.get(
            letter.auto_submitted or "", "none"
        ),
        based_on=checked.based_on,
        send_at=checked.send_at,
        created_at=outgoing.created_at,
        attachments=tuple(one.stored() for one in outgoing.files),
        thread_id=letter.thread_id,
    )


def calls_of(runtime: Runtime, outgoing: Outgoing) -> list[Transmission]:
    sender = outgoing.sender
    transports = of_octets(outgoing.transports, runtime.transports, len(outgoing.composed.raw))
    routes = [
        (email, transports_of(email, kind=sender["kind"], transports=transports, allowed=sender["allowed_recipients"]))
        for email in outgoing.live
    ]
    limits = {name: one.limits for name, one in runtime.transports.items()}
    # Reports come home to the sender's own domain only where its mail comes here; else to ours (SPF then speaks for us,
    # and the sender's alignment is by DKIM).
    shared = runtime.settings.shared_domain
    domain = sender["domain"] if sender["can_receive"] else shared
    return plan(runtime.keyring, domain, routes, limits, apart=outgoing.checked.list_unsubscribe)


def recipient_rows(outgoing: Outgoing, calls: list[Transmission]) -> list[tuple[object, ...]]:
    call_of = {email: call.id for call in calls for email in call.recipients}
    rows: list[tuple[object, ...]] = []
    for one in outgoing.checked.recipients:
        reason = outgoing.suppressed.get(canonical(one.email))
        status = "queued" if reason is None else "suppressed"
        rows.append((one.email, one.kind, status, reason, call_of.get(one.email)))
    return rows


def history_of(organization_id: UUID, outgoing: Outgoing) -> list[tuple[object, ...]]:
    """The first steps: how the message stands as a whole, and who will not get it."""
    message_id = outgoing.composed.message_id
    nothing = (None,) * 5
    moment = int(outgoing.created_at.timestamp() * 1000)
    rows: list[tuple[object, ...]] = [
        (organization_id, ids.id_at(moment), message_id, outgoing.status, None, *nothing, None)
    ]
    for one in outgoing.checked.recipients:
        if (reason := outgoing.suppressed.get(canonical(one.email))) is not None:
            detail = f"The address is on the suppression list: {reason}."
            rows.append((organization_id, ids.id_at(moment + 1), message_id, "rejected", one.email, *nothing, detail))
    return rows


def thread_events(outgoing: Outgoing, added: Added) -> list[NewEvent]:
    """`thread.created`, when it opened one."""
    if not added.thread_created:
        return []
    inbox_id = outgoing.sender["id"]
    begun = {
        "thread_id": ids.encode("thr", added.thread_id),
        "inbox_id": ids.encode("inb", inbox_id),
        "subject": outgoing.letter.subject,
        **origin(added.flags),
    }
    return [NewEvent(type="thread.created", inbox_id=inbox_id, data=begun)]


def leaving_event(outgoing: Outgoing, thread_id: UUID) -> NewEvent:
    """`message.queued` or `message.scheduled`."""
    inbox_id = outgoing.sender["id"]
    row = {
        "id": outgoing.composed.message_id,
        "thread_id": thread_id,
        "inbox_id": inbox_id,
        "from_address": msgspec.json.encode(outgoing.composed.from_address),
        "to_addresses": msgspec.json.encode(outgoing.checked.to),
        "subject": outgoing.letter.subject,
        "send_at": outgoing.checked.send_at,
    }
    data = progress(row, outgoing.status, outgoing.live)
    return NewEvent(type=f"message.{outgoing.status}", inbox_id=inbox_id, data=data)
