"""The request log as the API shows it."""

from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Row, Tx
from agentpost_server.requests import store


class LoggedRequest(msgspec.Struct, kw_only=True):
    """One API request: never its body, never a secret."""

    id: str
    at: str
    method: str
    path: str
    status: int
    duration_ms: int
    key_id: str | None
    environment_id: str | None
    ip: str | None
    user_agent: str | None


async def list_requests(tx: Tx, organization_id: UUID, after: UUID | None, ascending: bool, limit: int) -> list[Row]:
    return await store.list_requests(tx, organization_id, after, ascending, limit)


def request_of(row: Row) -> LoggedRequest:
    return LoggedRequest(
        id=ids.encode("req", row["id"]),
        at=rfc3339(row["at"]),
        method=row["method"],
        path=row["path"],
        status=row["status"],
        duration_ms=row["duration_ms"],
        key_id=ids.encode_or_none("key", row["key_id"]),
        environment_id=ids.encode_or_none("env", row["environment_id"]),
        ip=row["ip"],
        user_agent=row["user_agent"],
    )
