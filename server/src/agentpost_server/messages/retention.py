"""Chores of keeping times: mail of deleted inboxes, mail past its environment's retention, unused uploads, and the
objects in the blob store that all of these (and deletions by hand) leave behind. Each call does a bounded amount."""

from collections import defaultdict
from uuid import UUID

import structlog

from agentpost_server.core.errors import Unavailable
from agentpost_server.messages import store_delete
from agentpost_server.messages.delete import delete_expired
from agentpost_server.ports.blobs import blob_key
from agentpost_server.runtime import Runtime

_BATCH = 200
_ROUNDS = 20
log = structlog.get_logger("messages")


async def purge_deleted_inboxes(runtime: Runtime, settled_seconds: int = 60) -> int:
    """Take the mail of inboxes that were deleted at least so long ago, then their rows. Answers the messages gone.

    No event for each message: `inbox.deleted` told of all of them.
    """
    gone = 0
    for row in await store_delete.deleted_inboxes(runtime.database, _BATCH, settled_seconds):
        try:
            gone += await _purge(runtime, row["organization_id"], row["id"], _BATCH * _ROUNDS - gone)
        except Unavailable:
            raise
        except Exception:
            # One tenant's inbox that cannot go must not keep everybody's.
            log.exception("a deleted inbox could not be purged", inbox=str(row["id"]))
    return gone


async def _purge(runtime: Runtime, organization_id: UUID, inbox_id: UUID, most: int) -> int:
    gone = 0
    while gone < most:
        async with runtime.database.work([organization_id]) as tx:
            message_ids = await store_delete.of_inbox(tx, organization_id, inbox_id, _BATCH)
            if not message_ids:
                await store_delete.delete_rest_of_inbox(tx, organization_id, inbox_id)
                break
            await store_delete.delete(tx, organization_id, message_ids)
            gone += len(message_ids)
    return gone


async def expire_messages(runtime: Runtime) -> int:
    """Delete what is older than its environment keeps mail. Answers how many went."""
    gone = 0
    for _ in range(_ROUNDS):
        by_organization: dict[UUID, list[UUID]] = defaultdict(list)
        for row in await store_delete.expired_messages(runtime.database, _BATCH, _BATCH // 4):
            by_organization[row["organization_id"]].append(row["id"])
        if not by_organization:
            break
        for organization_id, message_ids in by_organization.items():
            async with runtime.database.work([organization_id]) as tx:
                gone += await delete_expired(tx, organization_id, message_ids)
    return gone


async def prune_uploads(runtime: Runtime) -> int:
    """Delete uploads that no send took in time."""
    return await store_delete.prune_uploads(runtime.database, _BATCH * _ROUNDS)


async def sweep_blobs(runtime: Runtime) -> int:
    """Delete from the blob store what no row names any more. What fails is tried again the next time."""
    doomed = await store_delete.doomed_blobs(runtime.database, _BATCH)
    deleted: list[tuple[UUID, UUID]] = []
    for row in doomed:
        try:
            await runtime.blobs.delete(blob_key(row["organization_id"], row["id"], row["stored_at"]))
        except OSError as error:
            log.warning("a blob could not be deleted", error=repr(error))
            break
        deleted.append((row["organization_id"], row["id"]))
    if deleted:
        async with runtime.database.work([one for one, _ in deleted]) as tx:
            await store_delete.forget_doomed(tx, [one for one, _ in deleted], [one for _, one in deleted])
    return len(deleted)


async def keep_times(runtime: Runtime) -> None:
    """All of them, in the order in which one makes work for the next."""
    await purge_deleted_inboxes(runtime)
    await expire_messages(runtime)
    await prune_uploads(runtime)
    while await sweep_blobs(runtime) == _BATCH:
        pass
