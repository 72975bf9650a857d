"""What the tests of reading share: a mailbox with mail in it, and who must never see it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx2 as httpx
import msgspec

from agentpost_server.core import ids
from agentpost_server.core.ids import encode
from agentpost_server.messages.new import NewMessage
from harness import Tenant, client
from messages.added import message, new_inbox, stored


def msg(value: UUID | NewMessage) -> str:
    return encode("msg", value if isinstance(value, UUID) else value.id)


async def store_mail(tenant: Tenant, inbox_id: UUID, **fields: Any) -> NewMessage:
    """One message of its own thread, with its raw bytes, unless `fields` say otherwise."""
    raw = fields.pop("raw", b"Subject: raw\r\n\r\nbody\r\n")
    one = message(tenant, inbox_id, fields.pop("header", f"<{ids.new_id()}@x>"), **fields)
    await stored(tenant, one)
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run(
            "INSERT INTO blobs (organization_id, id, size, content) VALUES ($1, $2, $3, $4)",
            one.scope.organization_id,
            one.id,
            len(raw),
            raw,
        )
    return one


async def fetch(tenant: Tenant, sql: str, *arguments: object) -> list[Any]:
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        return await tx.rows(sql, *arguments)


async def events_of(tenant: Tenant, event_type: str) -> list[dict[str, Any]]:
    """The data of the tenant's events of a type, in order, whether or not they were published yet."""
    rows = await fetch(
        tenant,
        """SELECT data::text, id FROM event_outbox WHERE organization_id = $1 AND type = $2
           UNION ALL SELECT data::text, id FROM events WHERE organization_id = $1 AND type = $2 ORDER BY id""",
        tenant.organization.organization_id,
        event_type,
    )
    return [msgspec.json.decode(row["data"]) for row in rows]


async def listed(http: httpx.AsyncClient, path: str, **params: Any) -> list[str]:
    """The ids of a list, page by page: what is asserted holds over pages."""
    seen: list[str] = []
    query = {name.rstrip("_"): value for name, value in params.items()}
    while True:
        answer = await http.get(path, params={"limit": 2, **query})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        seen += [one["id"] for one in body["data"]]
        if body["next_page_token"] is None:
            return seen
        assert len(body["data"]) == 2
        query["page_token"] = body["next_page_token"]


@asynccontextmanager
async def outsiders(tenant: Tenant, stranger: Tenant) -> AsyncGenerator[list[httpx.AsyncClient]]:
    """Another organization, another environment, and a key for another inbox of the same tenant."""
    other = await new_inbox(tenant)
    made = await tenant.http.post(
        "/api-keys", json={"name": "narrow", "scopes": ["*"], "inbox_ids": [encode("inb", other)]}
    )
    async with client(tenant.server, made.json()["key"]) as narrow:
        yield [stranger.http, tenant.sandbox, narrow]
