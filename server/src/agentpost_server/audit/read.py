"""The audit log as the API shows it."""

from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.audit import store
from agentpost_server.core import ids
from agentpost_server.core.scope import Actor
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Row, Tx


class AuditEntry(msgspec.Struct, kw_only=True):
    """Who did what to what; `before` and `after` as the API showed the target."""

    id: str
    at: str
    actor: Actor
    ip: str | None
    action: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str | None = None
    """Null: the log is not sealed into a chain."""
    previous_hash: str | None = None


async def list_entries(tx: Tx, organization_id: UUID, after: UUID | None, ascending: bool, limit: int) -> list[Row]:
    return await store.list_entries(tx, organization_id, after, ascending, limit)


def entry_of(row: Row) -> AuditEntry:
    return AuditEntry(
        id=ids.encode("aud", row["id"]),
        at=rfc3339(row["at"]),
        actor=msgspec.json.decode(row["actor"], type=Actor),
        ip=row["ip"],
        action=row["action"],
        target=row["target"],
        before=msgspec.json.decode(row["before"]) if row["before"] else None,
        after=msgspec.json.decode(row["after"]) if row["after"] else None,
    )
