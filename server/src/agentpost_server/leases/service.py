"""Verbs on leases: claim, ack, extend, release. A lease that ran out, was released or was followed by another is lost:
whoever comes with it changes nothing (409 `lease_lost`).
"""

from typing import Any, Final
from uuid import UUID

from agentpost_server import inboxes, messages
from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, NotFound, invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.leases import store
from agentpost_server.leases.model import MOST_ATTEMPTS, Claim, ClaimMessages, Filters, Lease, lease_of
from agentpost_server.messages.labels import change_one, mark

# How often a claim looks again when others were faster with what it had seen.
_TRIES: Final = 10
DEAD: Final = "dead-letter"


async def claim(tx: Tx, scope: Scope, inbox_id: UUID, wanted: ClaimMessages) -> Claim:
    """The oldest messages that nobody has and nobody has handled. NotFound for an inbox that is not there."""
    await inboxes.find(tx, scope, inbox_id)
    filters = _filters(wanted.filters)
    got: list[Any] = []
    for _ in range(_TRIES):
        new_ids = [ids.new_id() for _ in range(wanted.limit - len(got))]
        rows = await store.claim(tx, scope, inbox_id, new_ids, wanted.lease_seconds, **filters)
        got += [row for row in rows if row["id"] is not None]
        if len(got) == wanted.limit or all(row["id"] is not None for row in rows):
            break
    return Claim(data=await _leases(tx, scope, sorted(got, key=lambda row: row["message_id"])))


async def ack(tx: Tx, scope: Scope, lease_id: UUID, labels: list[str]) -> Lease:
    """Handled, for good. The same again answers the same."""
    row = await _find(tx, scope, lease_id)
    if row["status"] == "acked":
        return await _lease(tx, scope, row)
    if labels:
        await change_one(tx, scope, row["message_id"], add=labels)
    await store.handled(tx, scope.organization_id, [row["message_id"]])
    return await _ended(tx, scope, lease_id, await store.ack(tx, scope, lease_id), "acked")


async def extend(tx: Tx, scope: Scope, lease_id: UUID, seconds: int) -> Lease:
    await _find(tx, scope, lease_id)
    return await _ended(tx, scope, lease_id, await store.extend(tx, scope, lease_id, seconds), None)


async def release(tx: Tx, scope: Scope, lease_id: UUID, delay_seconds: int) -> Lease:
    """Given back. After the last attempt the message is a dead letter. The same again answers the same."""
    row = await _find(tx, scope, lease_id)
    if row["status"] == "released":
        return await _lease(tx, scope, row)
    if row["attempt"] >= MOST_ATTEMPTS:
        await mark(tx, scope, [row["message_id"]], DEAD)
        await store.handled(tx, scope.organization_id, [row["message_id"]])
    return await _ended(tx, scope, lease_id, await store.release(tx, scope, lease_id, delay_seconds), "released")


async def _ended(tx: Tx, scope: Scope, lease_id: UUID, row: Any, wanted: str | None) -> Lease:
    """What the change made; without one, the lease is lost, unless the same request was faster. What was done for it
    before goes with the transaction."""
    if row is None:
        row = await _find(tx, scope, lease_id)
        if row["status"] != wanted:
            raise Conflict(
                "This lease has ended: it ran out, was given back, or its message was handled.",
                code="lease_lost",
                fix="Drop what you did for it and claim again; extend a lease before it runs out.",
            )
    return await _lease(tx, scope, row)


async def _find(tx: Tx, scope: Scope, lease_id: UUID) -> Any:
    row = await store.find(tx, scope, lease_id)
    if row is None:
        raise NotFound
    return row


async def _lease(tx: Tx, scope: Scope, row: Any) -> Lease:
    found = await _leases(tx, scope, [row])
    if not found:
        raise NotFound
    return found[0]


async def _leases(tx: Tx, scope: Scope, rows: list[Any]) -> list[Lease]:
    found = await messages.get_many(tx, scope, [row["message_id"] for row in rows])
    by_id = {one.id: one for one in found}
    encoded = [(row, ids.encode("msg", row["message_id"])) for row in rows]
    return [lease_of(row, by_id[message_id]) for row, message_id in encoded if message_id in by_id]


def _filters(wanted: Filters) -> dict[str, object]:
    thread_id = None
    if wanted.thread_id is not None:
        thread_id = ids.decode_or_none("thr", wanted.thread_id)
        if thread_id is None:
            raise invalid_field("filters.thread_id", "is not the id of a thread")
    return {
        "label": wanted.label,
        "sender": wanted.sender,
        "subject": wanted.subject,
        "thread_id": thread_id,
        "unread": wanted.unread,
    }
