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
from agentpost_server.core.errors import NotFound, invalid_field
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.db import Tx
from agentpost_server.loops import Asked, LoopStopped, check_automatic, lines_of, note_refusal
from agentpost_server.mail.address import canonical
from agentpost_server.messages.model import Message
from agentpost_server.messages.read import get
from agentpost_server.messages.threading import fingerprint
from agentpost_server.outbound.allowed import (
    refuse_all_suppressed,
    refuse_paused,
    refuse_unverified,
    transports_for,
)
from agentpost_server.outbound.carriers import most_octets
from agentpost_server.outbound.check import Checked, check, check_recipients, cited, timed
from agentpost_server.outbound.compose import Composed, Names, compose_mail, new_names, plain_octets
from agentpost_server.outbound.drafted import NOT_DRAFTED, Drafted, Given, Inside
from agentpost_server.outbound.facts import examined, facts_of
from agentpost_server.outbound.files import File
from agentpost_server.outbound.gather import gather
from agentpost_server.outbound.holding.hold import CoWritten, Waiting, hold, uncomposed
from agentpost_server.outbound.lateness import also_held
from agentpost_server.outbound.letter import (
    Letter,
    Original,
    Way,
    addressed,
    is_response,
    original_of,
    write_letter,
)
from agentpost_server.outbound.model import AttachmentIn, Forward, Reply, Send
from agentpost_server.outbound.record import Outgoing, keep_large, record, remove_large
from agentpost_server.outbound.store import holds, suppressions
from agentpost_server.outbound.store import submit as store
from agentpost_server.policies import UNGOVERNED, CapReached, Decision, find, needs_examining, refuse, weigh
from agentpost_server.runtime import Runtime
from agentpost_server.web.idempotency import Effect

_LARGE: Final = 65_536
"""What else happens in the transaction of a send, ahead of it, told the id of the message to be. It may refuse."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knew before anything was written. `suppressed`: reasons by canonical address. `moment`: the
    time in the environment, `wall` everywhere else."""

    sender: Any
    original: Original | None
    cited_id: str | None
    checked: Checked
    suppressed: dict[str, str]
    transports: tuple[str, ...]
    files: list[AttachmentIn]
    decision: Decision
    moment: datetime
    wall: datetime


async def send(
    runtime: Runtime,
    tenant: Scope,
    author: Actor,
    effect: Effect,
    inbox_id: UUID,
    wanted: Send,
    drafted: Drafted = NOT_DRAFTED,
) -> Response[Message] | Response[Any]:
    """201 with the message: queued, scheduled, or waiting for a person."""
    return await _submit(runtime, tenant, author, effect, "send", wanted, inbox_id=inbox_id, drafted=drafted)


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
    drafted: Drafted = NOT_DRAFTED,
) -> Response[Message] | Response[Any]:
    """Once more when a cap that holds was filled since it was looked at: now that is known before."""

    async def once() -> Response[Message] | Response[Any]:
        return await _once(runtime, tenant, author, effect, way, wanted, inbox_id, original_id, drafted)

    try:
        return await once()
    except CapReached as reached:
        if reached.over.over != "hold":
            raise
        return await once()


async def _once(
    runtime: Runtime,
    tenant: Scope,
    author: Actor,
    effect: Effect,
    way: Way,
    wanted: Send | Reply | Forward,
    inbox_id: UUID | None,
    original_id: UUID | None,
    drafted: Drafted,
) -> Response[Message] | Response[Any]:
    given, inside = drafted.given, drafted.inside
    if (first := await effect.replay()) is not None:
        return first
    moment = runtime.now()
    checked = check(wanted, moment)
    prepared = await _prepare(runtime, tenant, author, way, wanted, checked, moment, inbox_id, original_id, given)
    files = [*(one.file for one in given), *await gather(runtime, tenant, prepared.sender["id"], prepared.files)]
    moment, checked = prepared.moment, prepared.checked
    letter = await off_loop(
        weight_of(wanted, prepared.original), write_letter, way, wanted, prepared.original, prepared.cited_id
    )
    decision = prepared.decision
    if needs_examining(decision):
        weight = _LARGE if files else weight_of(wanted, prepared.original)
        decision = await off_loop(weight + 1, examined, decision, letter, files)
        refuse(decision)
    decision = also_held(decision, drafted.late)
    if decision.outcome == "hold":
        plain_octets(letter, files, runtime.settings.max_send_octets)
        waiting = _waiting(prepared, decision, way, author, drafted.written, letter, files, moment)
        return await _keep(runtime, tenant, effect, waiting, inside)
    most = most_octets(prepared.transports, runtime.transports, runtime.settings.max_send_octets)
    composed = await compose_mail(runtime, prepared.sender, checked, letter, files, moment, most)
    outgoing = _outgoing(prepared, decision, author, letter, files, composed, moment)
    try:
        return await _commit(
            runtime, tenant, effect, outgoing, inside, lambda tx: record(runtime, tx, tenant, outgoing)
        )
    except LoopStopped as stopped:
        waiting = _stopped(prepared, way, drafted.written, outgoing, stopped)
        return await _keep_looping(runtime, tenant, effect, stopped, waiting, inside)


def _outgoing(
    prepared: Prepared,
    decision: Decision,
    author: Actor,
    letter: Letter,
    files: Sequence[File],
    composed: Composed,
    moment: datetime,
) -> Outgoing:
    return Outgoing(
        author=author,
        sender=prepared.sender,
        checked=prepared.checked,
        suppressed=prepared.suppressed,
        transports=prepared.transports,
        letter=letter,
        files=tuple(files),
        composed=composed,
        created_at=moment,
        wall=prepared.wall,
        decision=decision,
    )


def _waiting(
    prepared: Prepared,
    decision: Decision,
    way: Way,
    author: Actor,
    written: CoWritten | None,
    letter: Letter,
    files: list[File],
    moment: datetime,
) -> Waiting:
    """A send that a policy holds: it is not composed before a person lets it go."""
    composed = uncomposed(prepared.sender, new_names(prepared.sender, moment), prepared.checked.headers)
    return Waiting(
        outgoing=_outgoing(prepared, decision, author, letter, files, composed, moment),
        way=way,
        original=prepared.original,
        written=written,
        holds=decision.holds,
    )


def _stopped(
    prepared: Prepared, way: Way, written: CoWritten | None, outgoing: Outgoing, stopped: LoopStopped
) -> Waiting:
    """The same of one that the fuse of its conversation stopped. What was composed is forgotten."""
    composed = outgoing.composed
    names = Names(message_id=composed.message_id, message_id_header=composed.message_id_header)
    bare = uncomposed(prepared.sender, names, prepared.checked.headers)
    return Waiting(
        outgoing=msgspec.structs.replace(outgoing, composed=bare),
        way=way,
        original=prepared.original,
        written=written,
        holds=(outgoing.decision.loop_hold,),
        loop_lines=tuple(lines_of(stopped.sending)),
    )


async def _keep(
    runtime: Runtime, tenant: Scope, effect: Effect, waiting: Waiting, inside: Inside | None
) -> Response[Message] | Response[Any]:
    return await _commit(runtime, tenant, effect, waiting.outgoing, inside, lambda tx: hold(tx, tenant, waiting))


async def _keep_looping(
    runtime: Runtime, tenant: Scope, effect: Effect, stopped: LoopStopped, waiting: Waiting, inside: Inside | None
) -> Response[Message] | Response[Any]:
    """One message of the conversation waits for a person; what comes behind it is refused."""

    async def act(tx: Tx) -> Message:
        await hold(tx, tenant, waiting)
        if await holds.is_looping(tx, tenant, waiting.outgoing.sender["id"], waiting.loop_lines, but=message_id):
            raise stopped
        await note_refusal(tx, tenant, stopped)
        return await get(tx, tenant, message_id)

    message_id = waiting.outgoing.composed.message_id
    try:
        return await _commit(runtime, tenant, effect, waiting.outgoing, inside, act)
    except LoopStopped:
        async with runtime.database.transaction(tenant.organization_id) as tx:
            await note_refusal(tx, tenant, stopped)
        raise


async def _commit(
    runtime: Runtime,
    tenant: Scope,
    effect: Effect,
    outgoing: Outgoing,
    inside: Inside | None,
    write: Callable[[Tx], Awaitable[Message]],
) -> Response[Message] | Response[Any]:
    stored = False

    async def act(tx: Tx) -> Message:
        nonlocal stored
        if inside is not None:
            await inside(tx, outgoing.composed.message_id)
        message = await write(tx)
        stored = True
        return message

    await keep_large(runtime, tenant, outgoing)
    try:
        return await effect(act, status=201)
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
        refuse_paused(sender)
        refuse_unverified(sender)
        checked, there = timed(checked, wanted.send_at, moment, sender)
        checked = addressed(way, checked, original, sender["email"], unattended=wanted.unattended)
        check_recipients(checked)
        if wanted.unattended and original is not None and is_response(way, checked, original):
            await check_automatic(tx, tenant, asked_of(original))
        emails = [canonical(one.email) for one in checked.recipients]
        suppressed = await suppressions.reasons(tx, tenant, emails)
        refuse_all_suppressed(emails, suppressed)
        await refuse_unknown_basis(tx, tenant, checked)
        carried = await store.attachment_ids_of(tx, tenant, original.id) if way == "forward" and original else []
        files = [*(AttachmentIn(attachment_id=ids.encode("att", one)) for one in carried), *wanted.attachments]
        facts = found = None
        if sender["is_governed"]:
            all_files = [*(one.described for one in given), *files]
            facts = facts_of(way, wanted, checked, sender, original, all_files, author, moment)
            found = await find(tx, tenant, facts)
    decision = UNGOVERNED
    if facts is not None and found is not None:
        decision = await off_loop(weight_of(wanted, None) + found.weight, weigh, facts, found)
    refuse(decision)
    return Prepared(
        sender=sender,
        original=original,
        cited_id=reference if isinstance(reference, str) and original is None else None,
        checked=checked,
        suppressed=suppressed,
        transports=transports_for(runtime, sender, checked),
        files=files,
        decision=decision,
        moment=there,
        wall=moment,
    )


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


def asked_of(original: Original) -> Asked:
    return Asked(
        thread_id=original.thread_id,
        loop_class=original.loop_class,
        trust=original.trust,
        was_checked=original.was_checked,
        flags=original.flags,
    )


def weight_of(wanted: Send | Reply | Forward, original: Original | None) -> int:
    texts = [wanted.text_body, wanted.html_body]
    if original is not None:
        texts += [original.mail.text_body, original.mail.html_body]
    return sum(len(text) for text in texts if text)


async def off_loop(weight: int, act: Any, *arguments: Any) -> Any:
    """In a thread when it may take long; a thread for every small mail would cost more than it saves."""
    return await asyncio.to_thread(act, *arguments) if weight > _LARGE else act(*arguments)
