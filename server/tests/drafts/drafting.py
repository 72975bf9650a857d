"""What the tests of drafts share."""

from typing import Any

import httpx2 as httpx

from harness import Tenant
from outbound.sending import Json, events

ANN = {"to": ["ann@b.example"], "subject": "Your order", "text_body": "It is on its way."}


async def draft(http: httpx.AsyncClient, inbox_id: str, status: int = 201, **fields: Any) -> Json:
    answer = await http.post(f"/inboxes/{inbox_id}/drafts", json=fields)
    assert answer.status_code == status, answer.text
    return answer.json()


async def change(http: httpx.AsyncClient, one: Json, status: int = 200, **fields: Any) -> Json:
    answer = await http.patch(f"/drafts/{one['id']}", json=fields)
    assert answer.status_code == status, answer.text
    return answer.json()


async def send_draft(http: httpx.AsyncClient, one: Json, status: int = 201, **fields: Any) -> Json:
    answer = await http.post(f"/drafts/{one['id']}/send", json=fields)
    assert answer.status_code == status, answer.text
    return answer.json()


async def revisions(http: httpx.AsyncClient, one: Json) -> list[Json]:
    """Oldest first."""
    answer = await http.get(f"/drafts/{one['id']}/revisions?ascending=true")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def told(tenant: Tenant) -> list[tuple[str, Json]]:
    return [(kind, data) for kind, data in await events(tenant) if kind.startswith("draft.")]
