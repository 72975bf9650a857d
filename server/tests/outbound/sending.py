"""What the tests of mail out share: an inbox, a send, and waiting for what a worker does."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import msgspec

from harness import Tenant

Json = dict[str, Any]


async def inbox(http: httpx.AsyncClient, name: str = "agent", **fields: Any) -> Json:
    answer = await http.post("/inboxes", json={"username": name, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def send(http: httpx.AsyncClient, inbox_id: str, **fields: Any) -> Json:
    answer = await http.post(f"/inboxes/{inbox_id}/messages", json={"subject": "Hello", "text_body": "Hi.", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def until(http: httpx.AsyncClient, path: str, holds: Callable[[Json], bool], seconds: float = 15) -> Json:
    """Ask again until the answer is as wished."""
    deadline = time.monotonic() + seconds
    while True:
        answer = (await http.get(path)).json()
        if holds(answer):
            return answer
        assert time.monotonic() < deadline, answer
        await asyncio.sleep(0.05)


async def settled(http: httpx.AsyncClient, message_id: str, *statuses: str) -> Json:
    return await until(http, f"/messages/{message_id}", lambda m: m["status"] in statuses)


def recipients(message: Json) -> dict[str, str]:
    return {one["email"]: one["status"] for one in message["recipients"]}


async def history(http: httpx.AsyncClient, message_id: str) -> list[tuple[str, str | None]]:
    page = (await http.get(f"/messages/{message_id}/events?ascending=true")).json()
    return [(one["type"], one["recipient"]) for one in page["data"]]


async def events(tenant: Tenant) -> list[tuple[str, Json]]:
    """Of the tenant's organization, in the order they were written: published or not."""
    organization_id = tenant.organization.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        rows = await tx.rows(
            """SELECT type, data FROM (
                 SELECT type, data, 0 AS waiting, position AS place FROM events WHERE organization_id = $1
                 UNION ALL SELECT type, data, 1, ordinal FROM event_outbox WHERE organization_id = $1) AS e
               ORDER BY waiting, place""",
            organization_id,
        )
    return [(row["type"], msgspec.json.decode(row["data"])) for row in rows]
