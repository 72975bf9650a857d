"""Deleting messages and threads: rows, bytes, index entries and the thread's sums go in one transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.events.append import NewEvent, append_all
from agentpost_server.messages import store_delete


async def delete_message(tx: Tx, tenant: Scope, message_id: UUID) -> None:
    """NotFound, or Conflict while it is on its way out: no mail is sent that is no longer here."""
    if not await store_delete.is_visible(tx, tenant, message_id):
        raise NotFound
    await _delete(tx, tenant.organization_id, [message_id])


async def delete_thread(tx: Tx, tenant: Scope, thread_id: UUID) -> None:
    """The thread and all its messages; Conflict while one of them is on its way out."""
    message_ids = await store_delete.of_thread(tx, tenant, thread_id)
    if not message_ids:
        raise NotFound
    await _delete(tx, tenant.organization_id, message_ids)


async def delete_expired(tx: Tx, organization_id: UUID, message_ids: Sequence[UUID]) -> int:
    """For retention: what is on its way out stays until the next time."""
    await store_delete.lock_threads(tx, organization_id, message_ids)
    rows = await store_delete.lock_messages(tx, organization_id, message_ids)
    return await _delete_rows(tx, organization_id, [row for row in rows if not row["in_flight"]])


async def _delete(tx: Tx, organization_id: UUID, message_ids: Sequence[UUID]) -> None:
    await store_delete.lock_threads(tx, organization_id, message_ids)
    rows = await store_delete.lock_messages(tx, organization_id, message_ids)
    if not rows:
        raise NotFound
    if any(row["in_flight"] for row in rows):
        raise Conflict("This mail is on its way out.", fix="Wait until it is sent, or cancel it; then delete again.")
    await _delete_rows(tx, organization_id, rows)


async def _delete_rows(tx: Tx, organization_id: UUID, rows: Sequence[Any]) -> int:
    if not rows:
        return 0
    await store_delete.delete(tx, organization_id, [row["id"] for row in rows])
    await store_delete.refresh_threads(tx, organization_id, list({row["thread_id"] for row in rows}))
    await append_all(tx, [(Scope(organization_id, row["environment_id"]), _deleted(row)) for row in rows])
    return len(rows)


def _deleted(row: Any) -> NewEvent:
    return NewEvent(
        type="message.deleted",
        inbox_id=row["inbox_id"],
        data={
            "message_id": ids.encode("msg", row["id"]),
            "thread_id": ids.encode("thr", row["thread_id"]),
            "inbox_id": ids.encode("inb", row["inbox_id"]),
        },
    )
