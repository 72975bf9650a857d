"""Letting a held mail go: everything that may have changed since it was written is asked again, then it is composed,
then one transaction decides and plans its calls.

No transaction is open while bytes are read or MIME is composed; what was judged before is decided under the message's
lock. Only one may put the bytes of a large mail away at a time: two would write over each other's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server import audit
from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, Invalid, NotFound
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.db import Tx
from agentpost_server.events import append
from agentpost_server.events.append import NewEvent
from agentpost_server.loops import Sending, ask, trip
from agentpost_server.mail.address import canonical
from agentpost_server.messages.model import Message
from agentpost_server.messages.read import get
from agentpost_server.messages.rewrite import rewrite, take_thread
from agentpost_server.outbound import states
from agentpost_server.outbound.allowed import (
    refuse_all_suppressed,
    refuse_paused,
    refuse_unverified,
    transports_for,
)
from agentpost_server.outbound.announce import names
from agentpost_server.outbound.carriers import most_octets
from agentpost_server.outbound.check import Checked
from agentpost_server.outbound.compose import Names, compose_mail
from agentpost_server.outbound.facts import examined, facts_of
from agentpost_server.outbound.files import File
from agentpost_server.outbound.gather import gather
from agentpost_server.outbound.holding import deciding
from agentpost_server.outbound.holding.content import Rest, content_of, differences, meta_of, read_again
from agentpost_server.outbound.holding.deciding import Decider
from agentpost_server.outbound.holding.model import Changes, Content
from agentpost_server.outbound.letter import Letter
from agentpost_server.outbound.model import AttachmentIn, Send
from agentpost_server.outbound.record import (
    Outgoing,
    charge_for,
    committed,
    history_of,
    insert_calls,
    leaving_event,
    new_message_of,
    sending_of,
)
from agentpost_server.outbound.store import holds as store
from agentpost_server.outbound.store import states as states_store
from agentpost_server.outbound.store import submit as submit_store
from agentpost_server.outbound.store import suppressions
from agentpost_server.policies import UNGOVERNED, Decision, decide, needs_examining, refuse
from agentpost_server.ports.blobs import blob_key
from agentpost_server.runtime import Runtime

_PUTTING_SECONDS: Final = 120.0
# A history is listed by id: what follows within the same moment gets a later one.
_NEXT: Final = timedelta(milliseconds=1)
Act = Callable[[Tx], Awaitable[Message]]
Commit = Callable[[Act], Awaitable[Any]]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A decision to let it go. `by_itself`: its time is over and its policy says so, nobody has looked at it."""

    revision: int
    decider: Decider
    changes: Changes | None = None
    by_itself: bool = False


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What the database said, and the mail as it is to go. `there`: the time in its environment."""

    row: Any
    there: datetime
    content: Content
    rest: Rest
    sender: Any
    checked: Checked
    letter: Letter
    suppressed: dict[str, str]
    decision: Decision


async def release(runtime: Runtime, tenant: Scope, message_id: UUID, wanted: Wanted, commit: Commit) -> Any:
    """What `commit` answers of the message, queued or scheduled. Raises the Problem that keeps it where it is."""
    moment = runtime.now()
    async with runtime.database.transaction(tenant.organization_id) as tx:
        ready = await _ask_again(tx, tenant, message_id, wanted, moment)
    files = await _files(runtime, tenant, ready, wanted.changes)
    if needs_examining(ready.decision):
        refuse(await asyncio.to_thread(examined, ready.decision, ready.letter, files))
    outgoing = await _compose(runtime, ready, files, moment)
    at = outgoing.created_at
    new_files = wanted.changes is not None and not isinstance(wanted.changes.attachments, msgspec.UnsetType)

    async def act(tx: Tx) -> Message:
        return await _record(runtime, tx, tenant, ready, outgoing, wanted, new_files=new_files)

    large = _large(outgoing, new_files=new_files)
    if not large:
        return await commit(act)
    return await _with_bytes(runtime, tenant, message_id, wanted.revision, large, at, lambda: commit(act))


async def _ask_again(tx: Tx, tenant: Scope, message_id: UUID, wanted: Wanted, moment: datetime) -> Ready:
    row = await deciding.find(tx, tenant, message_id)
    _refuse(row, wanted, moment)
    content = msgspec.json.decode(row["content"], type=Content)
    rest = msgspec.json.decode(row["rest"], type=Rest)
    sender = await submit_store.find_sender(tx, tenant, row["inbox_id"])
    if sender is None:
        raise NotFound
    there = moment + timedelta(seconds=sender["clock_offset_seconds"])
    checked, letter = read_again(content, rest, wanted.changes, row["thread_id"], there)
    checked = msgspec.structs.replace(checked, based_on=tuple(row["based_on"]))
    refuse_paused(sender)
    refuse_unverified(sender)
    emails = [canonical(one.email) for one in checked.recipients]
    suppressed = await suppressions.reasons(tx, tenant, emails)
    refuse_all_suppressed(emails, suppressed)
    decision = UNGOVERNED
    if sender["is_governed"]:
        decision = await decide(tx, tenant, _facts(row, rest, content, checked, letter, sender, wanted, moment))
        refuse(decision)
    return Ready(
        row=row,
        there=there,
        content=content,
        rest=rest,
        sender=sender,
        checked=checked,
        letter=letter,
        suppressed=suppressed,
        decision=decision,
    )


def _refuse(row: Any, wanted: Wanted, moment: datetime) -> None:
    deciding.refuse_decided(row)
    if not wanted.by_itself:
        deciding.refuse_late(row, moment)
        deciding.refuse_author(row, wanted.decider)
    deciding.refuse_revision(row, wanted.revision)


def _facts(
    row: Any, rest: Rest, content: Content, checked: Checked, letter: Letter, sender: Any, wanted: Wanted, moment: Any
) -> Any:
    """As policies saw it when it was written, with what an approver has changed."""
    changed = wanted.changes.attachments if wanted.changes is not None else msgspec.UNSET
    kept = [AttachmentIn(attachment_id=one.key) for one in content.attachments_meta]
    files = kept if isinstance(changed, msgspec.UnsetType) else changed
    said = Send(subject=letter.subject, text_body=letter.text_body, html_body=letter.html_body)
    facts = facts_of(rest.way, said, checked, sender, None, files, wanted.decider.actor, moment)
    return msgspec.structs.replace(
        facts,
        way="reply" if rest.is_answer else "send",
        thread_id=row["thread_id"] if rest.is_answer else None,
        original_id=rest.forwarded,
        file_ids=() if isinstance(changed, msgspec.UnsetType) else facts.file_ids,
    )


async def _files(runtime: Runtime, tenant: Scope, ready: Ready, changes: Changes | None) -> list[File]:
    """With their bytes. Those that it had keep their ids."""
    if changes is not None and not isinstance(changes.attachments, msgspec.UnsetType):
        return await gather(runtime, tenant, ready.row["inbox_id"], changes.attachments)
    keys = [one.key for one in ready.content.attachments_meta]
    try:
        found = await gather(runtime, tenant, ready.row["inbox_id"], [AttachmentIn(attachment_id=key) for key in keys])
    except Invalid as gone:
        raise Conflict(
            "The bytes of one of its files are not here any more.",
            fix="Reject it, or approve it with changes.attachments that leave the file out.",
        ) from gone
    return [msgspec.structs.replace(one, id=ids.decode("att", key)) for one, key in zip(found, keys, strict=True)]


async def _compose(runtime: Runtime, ready: Ready, files: Sequence[File], moment: datetime) -> Outgoing:
    transports = transports_for(runtime, ready.sender, ready.checked)
    most = most_octets(transports, runtime.transports, runtime.settings.max_send_octets)
    called = Names(message_id=ready.row["id"], message_id_header=ready.row["message_id_header"])
    composed = await compose_mail(runtime, ready.sender, ready.checked, ready.letter, files, ready.there, most, called)
    return Outgoing(
        sender=ready.sender,
        author=msgspec.json.decode(ready.row["author"], type=Actor),
        checked=ready.checked,
        suppressed=ready.suppressed,
        transports=transports,
        letter=ready.letter,
        files=tuple(files),
        composed=composed,
        created_at=ready.there,
        wall=moment,
        decision=ready.decision,
    )


async def _with_bytes(
    runtime: Runtime,
    tenant: Scope,
    message_id: UUID,
    revision: int,
    large: Sequence[tuple[UUID, bytes, str]],
    moment: datetime,
    act: Callable[[], Awaitable[Any]],
) -> Any:
    """Bytes first, so that a row never names what is not there; and by one at a time."""
    token = ids.new_id()
    async with runtime.database.transaction(tenant.organization_id) as tx:
        if not await store.take(tx, tenant, message_id, revision, token, _PUTTING_SECONDS):
            raise Conflict(
                "Somebody is deciding about it at this moment.",
                fix="Read the message again in a minute.",
                retry_after=5,
            )
    keys = [(blob_key(tenant.organization_id, one, moment), content, kind) for one, content, kind in large]
    for key, content, kind in keys:
        await runtime.blobs.put(key, content, media_type=kind)
    try:
        return await act()
    except BaseException:
        async with runtime.database.transaction(tenant.organization_id) as tx:
            ours = await store.give_back(tx, tenant, message_id, token)
        if ours:
            for key, _, _ in keys:
                await runtime.blobs.delete(key)
        raise


def _large(outgoing: Outgoing, *, new_files: bool) -> list[tuple[UUID, bytes, str]]:
    composed = outgoing.composed
    files = [(one.id, one.content, one.mime_type) for one in outgoing.files if one.is_large] if new_files else []
    return [*files, (composed.message_id, composed.raw, "message/rfc822")] if composed.is_large else files


async def _record(
    runtime: Runtime, tx: Tx, tenant: Scope, ready: Ready, outgoing: Outgoing, wanted: Wanted, *, new_files: bool
) -> Message:
    scope = Scope(tenant.organization_id, tenant.environment_id)
    message_id: UUID = ready.row["id"]
    key = (scope.organization_id, message_id)
    await take_thread(tx, tenant, message_id)
    if key not in await states.hold(tx, [key]):
        raise NotFound
    # A statement later than the lock: what it reads is what nobody changes any more.
    row = await deciding.find(tx, tenant, message_id)
    _refuse(row, wanted, outgoing.wall)
    if wanted.by_itself:
        await _ask_fuse(tx, scope, sending_of(outgoing, row["thread_id"], opens=False), ready.decision)
    changed = await _revise(tx, scope, ready, outgoing, wanted)
    await store.clear_recipients(tx, scope, message_id)
    await _rewrite(tx, scope, row, outgoing, new_files=new_files, changed=changed)
    await insert_calls(runtime, tx, scope, outgoing)
    said = deciding.decided(wanted.decider.actor, outgoing.wall)
    await store.decide(tx, scope, message_id, msgspec.json.encode(said).decode())
    await states_store.write_messages(tx, [(*key, deciding.WAITS, outgoing.status, False)])
    await states_store.insert_message_events(tx, _history(scope, outgoing, wanted))
    revision = wanted.revision + changed
    data = {**names(row), "direction": "outbound", "decided_by": said.decided_by, "revision": revision}
    approved = NewEvent(type="message.approved", inbox_id=row["inbox_id"], data=data)
    await append(tx, scope, approved, leaving_event(outgoing, row["thread_id"]))
    message = await get(tx, tenant, message_id)
    await audit.record(
        tx, scope.organization_id, said.decided_by, "message.approved", message.id, after={"hold": message.hold}
    )
    await charge_for(tx, scope, outgoing)
    tx.after_commit(lambda: committed(runtime, scope.organization_id))
    return message


async def _ask_fuse(tx: Tx, scope: Scope, sending: Sending, decision: Decision) -> None:
    """No person has looked at it: so two machines would go on through their policies."""
    if (tripped := await ask(tx, scope, sending, decision.loop_limits)) is not None:
        await trip(tx, scope, sending, tripped, decision.loop_limits)


async def _revise(tx: Tx, scope: Scope, ready: Ready, outgoing: Outgoing, wanted: Wanted) -> bool:
    """A revision of its own for what the approver changed. A time that has passed is no change."""
    if wanted.changes is None:
        return False
    files = [meta_of(one) for one in outgoing.files]
    after = content_of(outgoing.checked, outgoing.letter, files)
    if isinstance(wanted.changes.send_at, msgspec.UnsetType):
        after = msgspec.structs.replace(after, send_at=ready.content.send_at)
    different = differences(ready.content, after)
    if not different:
        return False
    await store.add_revision(
        tx,
        scope,
        ready.row["id"],
        wanted.revision + 1,
        changed=different,
        author=msgspec.json.encode(wanted.decider.actor).decode(),
        content=msgspec.json.encode(after).decode(),
        at=outgoing.created_at,
    )
    return True


async def _rewrite(tx: Tx, scope: Scope, row: Any, outgoing: Outgoing, *, new_files: bool, changed: bool) -> None:
    new = new_message_of(scope, outgoing)
    found = [one for one in row["flags"] if one != "mixed_script"]
    new = msgspec.structs.replace(new, thread_id=row["thread_id"], flags=(*outgoing.checked.flags, *found))
    await rewrite(tx, new, new_files=new_files, changed=changed, at=outgoing.created_at)


def _history(scope: Scope, outgoing: Outgoing, wanted: Wanted) -> list[tuple[object, ...]]:
    moment = int(outgoing.created_at.timestamp() * 1000)
    by = "Its time was over, and its policy lets it go then." if wanted.by_itself else None
    by = by or f"By {wanted.decider.actor.name or wanted.decider.actor.id}."
    step = (scope.organization_id, ids.id_at(moment), outgoing.composed.message_id, "approved", *(None,) * 6, by)
    later = msgspec.structs.replace(outgoing, created_at=outgoing.created_at + _NEXT)
    return [step, *history_of(scope.organization_id, later)]
