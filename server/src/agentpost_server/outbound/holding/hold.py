"""Putting a send on hold: the message is stored with its files and is not composed. Nothing is counted, and no call is
planned: all that may have changed is asked when somebody lets it go."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from agentpost_server import notices
from agentpost_server.core import ids
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.events import append
from agentpost_server.events.append import NewEvent
from agentpost_server.mail.model import Address
from agentpost_server.messages.add import add
from agentpost_server.messages.model import Hold as ShownHold
from agentpost_server.messages.model import Message
from agentpost_server.messages.new import Added
from agentpost_server.messages.read import get
from agentpost_server.outbound.announce import origin
from agentpost_server.outbound.compose import Composed, Names
from agentpost_server.outbound.files import File
from agentpost_server.outbound.holding.content import content_of, meta_of, rest_of
from agentpost_server.outbound.letter import Letter, Original, Way
from agentpost_server.outbound.record import Outgoing, new_message_of, recipient_rows, thread_events
from agentpost_server.outbound.store import holds as store
from agentpost_server.outbound.store import states
from agentpost_server.outbound.store import submit as submit_store
from agentpost_server.policies import Hold
from agentpost_server.policies.facts import strictest

NOTICE = "approval"


class CoWritten(msgspec.Struct, frozen=True, kw_only=True):
    """Of what was written over some time: who else wrote some of it, and when that began."""

    others: tuple[Actor, ...]
    begun_at: datetime


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A send that must wait. `outgoing` is not composed; `loop_lines` are the conversation's that its fuse stopped."""

    outgoing: Outgoing
    way: Way
    original: Original | None
    written: CoWritten | None
    holds: tuple[Hold, ...]
    loop_lines: tuple[bytes, ...] = ()


def uncomposed(sender: Any, names: Names, headers: Sequence[tuple[str, str]]) -> Composed:
    """What stands for the bytes that a held mail does not have."""
    return Composed(
        message_id=names.message_id,
        message_id_header=names.message_id_header,
        from_address=Address(email=sender["email"], name=sender["display_name"] or None),
        raw=b"",
        sha256=b"",
        headers=tuple(headers),
    )


async def hold(tx: Tx, tenant: Scope, waiting: Waiting) -> Message:
    """Write everything and answer the message as the API shows it."""
    scope = Scope(tenant.organization_id, tenant.environment_id)
    outgoing = waiting.outgoing
    new = msgspec.structs.replace(
        new_message_of(scope, outgoing),
        status="pending_approval",
        size=weight(outgoing.letter, outgoing.files),
    )
    added = (await add(tx, [new]))[0]
    if added is None:
        raise RuntimeError("a new message's id stood already")
    terms = strictest(waiting.holds)
    assert terms is not None
    expires_at = outgoing.wall + timedelta(seconds=terms.expires_seconds)
    await _insert(tx, scope, waiting, terms, expires_at)
    await submit_store.insert_recipients(tx, scope, new.id, recipient_rows(outgoing, []))
    await states.insert_message_events(tx, _history(scope, waiting))
    await append(tx, scope, *thread_events(outgoing, added), _told(outgoing, added, terms, expires_at))
    if terms.approvers:
        await notices.add(tx, scope, NOTICE, new.id, terms.approvers)
    return await get(tx, tenant, new.id)


def weight(letter: Letter, files: Sequence[File]) -> int:
    """Octets of what it consists of: its size, until it is composed."""
    texts = (one.encode() for one in (letter.text_body, letter.html_body) if one)
    return sum(len(one) for one in texts) + sum(len(one.content) for one in files)


async def _insert(tx: Tx, scope: Scope, waiting: Waiting, terms: Hold, expires_at: datetime) -> None:
    outgoing, original = waiting.outgoing, waiting.original
    shown = ShownHold(
        reason=terms.reason,
        policy_id=ids.encode_or_none("pol", terms.policy_id),
        expires_at=rfc3339(expires_at),
        on_expiry=terms.on_expiry,
        note=next((one.why for one in waiting.holds if one.why), None),
    )
    rest = rest_of(
        waiting.way,
        outgoing.letter,
        is_answer=original is not None and waiting.way != "forward",
        forwarded=original.id if original is not None and waiting.way == "forward" else None,
    )
    content = content_of(outgoing.checked, outgoing.letter, [meta_of(one) for one in outgoing.files])
    await store.insert(
        tx,
        scope,
        outgoing.composed.message_id,
        outgoing.sender["id"],
        shown=_json(shown),
        reasons=_json([{"reason": one.reason, "policy_id": one.policy_id, "why": one.why} for one in waiting.holds]),
        approvers=terms.approvers,
        author=_json(outgoing.author),
        other_authors=_json(waiting.written.others if waiting.written is not None else ()),
        begun_at=waiting.written.begun_at if waiting.written is not None else None,
        author_may_approve=terms.author_may_approve,
        on_expiry=terms.on_expiry,
        expires_at=expires_at,
        rest=_json(rest),
        loop_lines=waiting.loop_lines,
        content=_json(content),
        created_at=outgoing.created_at,
    )


def _history(scope: Scope, waiting: Waiting) -> list[tuple[object, ...]]:
    """A step for each reason."""
    outgoing = waiting.outgoing
    moment = int(outgoing.created_at.timestamp() * 1000)
    return [
        (scope.organization_id, ids.id_at(moment + n), outgoing.composed.message_id, "held", *(None,) * 6, _why(one))
        for n, one in enumerate(waiting.holds)
    ]


def _why(one: Hold) -> str:
    if one.why is not None:
        return one.why
    by = f", by {ids.encode('pol', one.policy_id)}" if one.policy_id is not None else ""
    return f"A person must look at it first: {one.reason}{by}."


def _told(outgoing: Outgoing, added: Added, terms: Hold, expires_at: datetime) -> NewEvent:
    inbox_id: UUID = outgoing.sender["id"]
    data: dict[str, object] = {
        "message_id": ids.encode("msg", added.message_id),
        "thread_id": ids.encode("thr", added.thread_id),
        "inbox_id": ids.encode("inb", inbox_id),
        **origin(added.flags),
        "status": "pending_approval",
        "reason": terms.reason,
        "policy_id": ids.encode_or_none("pol", terms.policy_id),
        "approve_by": rfc3339(expires_at),
    }
    return NewEvent(type="message.held", inbox_id=inbox_id, data=data)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
