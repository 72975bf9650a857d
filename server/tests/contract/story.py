"""A tenant to whom everything has happened that can happen, and what it was told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx2 as httpx

from contract.shapes import check
from harness import Server, Tenant, new_tenant

_PERSONAS = ("echo", "bounce", "softbounce", "complaint", "timeout", "deferred", "suppressed")
TOLD = {
    "inbox.created", "inbox.deleted", "inbox.paused", "inbox.resumed", "thread.created", "message.received",
    "message.queued", "message.scheduled", "message.sent", "message.delivered", "message.deferred", "message.unknown",
    "message.bounced", "message.complained", "message.rejected", "message.cancelled", "message.labels_changed",
    "message.deleted", "draft.created", "draft.updated", "draft.deleted", "draft.sent",
}  # fmt: skip


class Story(NamedTuple):
    """A tenant to whom everything has happened that can happen."""

    tenant: Tenant
    inbox_id: str
    sent: dict[str, str]

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.tenant.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def rows(self, path: str, name: str, **query: Any) -> list[Any]:
        """The rows of a list that is not empty, each of which was held against its shape."""
        page = await self.get(path, **query)
        assert sorted(page) == ["data", "next_page_token"]
        assert page["data"], path
        for row in page["data"]:
            check(name, row)
        return page["data"]


async def post(http: httpx.AsyncClient, path: str, body: Any, status: int = 201) -> Any:
    answer = await http.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


@asynccontextmanager
async def told_story(server: Server) -> AsyncGenerator[Story]:
    async with new_tenant(server) as tenant:
        http = tenant.http
        inbox = await post(http, "/inboxes", {"username": "shapes", "display_name": "Shapes", "metadata": {"n": 1}})
        path = f"/inboxes/{inbox['id']}/messages"
        content = {"subject": "Shapes", "text_body": "Hello.", "headers": {"X-Ticket": "7"}}
        file = {"content": "aGVsbG8=", "filename": "a.txt"}
        sent = {
            persona: (await post(http, path, {"to": [f"{persona}@sandbox.test"], "attachments": [file], **content}))
            for persona in _PERSONAS
        }
        later = {"to": ["delivered@sandbox.test"], "send_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
        late = await post(http, path, {**later, **content})
        await post(http, f"/messages/{late['id']}/cancel", {}, 200)
        await post(http, f"/messages/{late['id']}/labels", {"labels": ["done"]}, 200)
        assert (await http.delete(f"/messages/{late['id']}")).status_code == 204
        drafts = f"/inboxes/{inbox['id']}/drafts"
        written = await post(http, drafts, {"to": ["delivered@sandbox.test"], **content, "attachments": [file]})
        assert (await http.patch(f"/drafts/{written['id']}", json={"subject": "Drafts"})).status_code == 200
        await post(http, f"/drafts/{written['id']}/send", {"revision": 2})
        written = await post(http, drafts, {})
        assert (await http.delete(f"/drafts/{written['id']}")).status_code == 204
        spare = await post(http, "/inboxes", {})
        await post(http, f"/inboxes/{spare['id']}/pause", None, 200)
        await post(http, f"/inboxes/{spare['id']}/resume", None, 200)
        assert (await http.delete(f"/inboxes/{spare['id']}")).status_code == 204
        yield Story(tenant, inbox["id"], {persona: one["id"] for persona, one in sent.items()})


async def told(story: Story) -> list[dict[str, Any]]:
    """Every event, once all that must be told was told."""
    missing = set(TOLD)
    for _ in range(200):
        page = await story.get("/events", limit=100)
        missing = TOLD - {one["type"] for one in page["data"]}
        if not missing:
            return page["data"]
        await asyncio.sleep(0.1)
    raise AssertionError(sorted(missing))
