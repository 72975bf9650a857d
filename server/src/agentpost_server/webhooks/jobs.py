"""Load and render: from claimed deliveries to calls that are ready to be made. What cannot be called is put away."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.secrets import Keyring
from agentpost_server.runtime import Runtime
from agentpost_server.webhooks import sealed, store_work
from agentpost_server.webhooks.body import render
from agentpost_server.work import Claimed


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A call to make. `headers` are the owner's own; `retries` says how much of the schedule is used up."""

    claimed: Claimed
    environment_id: UUID
    webhook_id: UUID
    event_id: str
    url: str
    headers: dict[str, str]
    secrets: tuple[str, ...]
    body: bytes
    retries: int


async def load(runtime: Runtime, claimed: Sequence[Claimed]) -> list[Job]:
    """Deliveries of an endpoint that is gone are dropped; those of a disabled one, or of an event that is no longer
    kept, end as `cancelled` (a test goes to a disabled endpoint too: it is how one is tried before it is enabled)."""
    async with runtime.database.work({one.organization_id for one in claimed}) as tx:
        rows = await store_work.load(tx, claimed)
        gone = [row for row in rows if row["url"] is None]
        over = [row for row in rows if row["url"] is not None and not _is_wanted(row)]
        if gone:
            await store_work.drop(tx, gone)
        if over:
            await store_work.cancel(tx, over)
    now = runtime.now()
    return [_job(runtime.keyring, row, now) for row in rows if row["url"] is not None and _is_wanted(row)]


def _is_wanted(row: Any) -> bool:
    return row["body"] is not None or (row["enabled"] and row["data"] is not None)


def _job(keyring: Keyring, row: Any, now: datetime) -> Job:
    return Job(
        claimed=Claimed(row["organization_id"], row["id"], row["attempts"]),
        environment_id=row["environment_id"],
        webhook_id=row["webhook_id"],
        event_id=ids.encode("evt", row["event_id"]),
        url=row["url"],
        headers=sealed.open_headers(keyring, row["headers"]),
        secrets=tuple(one.secret for one in sealed.open_secrets(keyring, row["secrets"], now)),
        body=row["body"].encode() if row["body"] is not None else render(row),
        retries=row["retries"],
    )
