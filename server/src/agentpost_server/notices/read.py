"""For whoever runs the server: the newest notices with their words, written anew. This is how one reads what the local
network kept; there is no other way to it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentpost_server.core.times import rfc3339
from agentpost_server.notices import store
from agentpost_server.notices.deliver import about
from agentpost_server.notices.model import Desk, Letter, Writer


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """`letter` is None when there is nothing to tell any more."""

    at: str
    kind: str
    email: str
    status: str
    detail: str | None
    letter: Letter | None


async def newest(desk: Desk, writers: Mapping[str, Writer], most: int) -> list[Notice]:
    """Newest first."""
    found: list[Notice] = []
    for organization_id, notice_id in await store.newest(desk.database, most):
        async with desk.database.transaction(organization_id) as tx:
            row = await store.find(tx, organization_id, notice_id)
        if row is not None:
            found.append(_notice(row, await writers[row["kind"]](desk, about(row))))
    return found


def _notice(row: Any, letter: Letter | None) -> Notice:
    return Notice(
        at=rfc3339(row["created_at"]),
        kind=row["kind"],
        email=row["email"],
        status=row["status"],
        detail=row["detail"],
        letter=letter,
    )
