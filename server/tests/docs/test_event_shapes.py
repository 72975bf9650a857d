"""The examples of docs/reference/events.md, which test deliveries carry too, have the fields of real events."""

import asyncio
from datetime import timedelta
from typing import Any

from agentpost_server.core.times import now, rfc3339
from agentpost_server.webhooks.examples import example_data
from docs.snippets import ROOT, blocks, environment, shell
from harness import Server, Tenant

QUICKSTART = ROOT / "docs" / "quickstart.md"
STORY = {
    "inbox.created",
    "thread.created",
    "message.received",
    "message.labels_changed",
    "message.queued",
    "message.sent",
    "message.delivered",
    "message.bounced",
    "message.complained",
    "message.unknown",
    "message.deferred",
    "message.rejected",
    "message.scheduled",
    "message.cancelled",
    "message.deleted",
    "inbox.paused",
    "inbox.resumed",
    "inbox.deleted",
}


async def test_events_have_the_documented_fields(server: Server, tenant: Tenant) -> None:
    await shell("\n".join(blocks(QUICKSTART, "sh")), environment(server, tenant))
    inbox = (await tenant.http.post("/inboxes", json={"username": "shapes"})).json()["id"]
    for persona in ("bounce", "complaint", "timeout", "deferred", "suppressed"):
        await send(tenant, inbox, persona)
    tomorrow = rfc3339(now() + timedelta(days=1))
    later = await send(tenant, inbox, "delivered", send_at=tomorrow)
    for path in (f"/messages/{later}/cancel", f"/inboxes/{inbox}/pause", f"/inboxes/{inbox}/resume"):
        assert (await tenant.http.post(path, json={})).status_code == 200, path
    spare = (await tenant.http.post("/inboxes", json={"username": "spare"})).json()["id"]
    for path in (f"/messages/{later}", f"/inboxes/{spare}"):
        assert (await tenant.http.delete(path)).status_code == 204, path
    told = await everything_told(tenant)
    documented = {kind: sorted(example_data(kind).keys() - {"test"}) for kind in told}
    assert {kind: sorted(data) for kind, data in told.items()} == documented


async def send(tenant: Tenant, inbox_id: str, persona: str, **more: str) -> str:
    body = {"to": [f"{persona}@sandbox.test"], "subject": "Shapes", "text_body": "Hello.", **more}
    answer = await tenant.http.post(f"/inboxes/{inbox_id}/messages", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def everything_told(tenant: Tenant) -> dict[str, dict[str, Any]]:
    """The data of the last event of each type, once every type of the story was told."""
    told: dict[str, dict[str, Any]] = {}
    for _ in range(150):
        answer = await tenant.http.get("/events", params={"limit": 100})
        told = {one["type"]: one["data"] for one in answer.json()["data"]}
        if told.keys() >= STORY:
            return told
        await asyncio.sleep(0.1)
    raise AssertionError(f"never told: {sorted(STORY - told.keys())}")
