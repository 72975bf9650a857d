"""One of everything that a path can name, made by a tenant through the API's own doors."""

import asyncio
from typing import Any

from harness import Tenant

Ids = dict[str, str]


async def make_world(tenant: Tenant) -> Ids:
    """Path parameter -> id. A route with a parameter that is not here fails the walk: add its maker."""
    http = tenant.http
    inbox = (await http.post("/inboxes", json={"username": "walk"})).json()
    hook = (await http.post("/webhooks", json={"url": "https://example.com/hook"})).json()
    sent = await http.post(
        f"/inboxes/{inbox['id']}/messages",
        json={
            "to": ["delivered@sandbox.test"],
            "subject": "walk",
            "text_body": "walk",
            "attachments": [{"content": "aGVsbG8=", "filename": "a.txt"}],
        },
    )
    assert sent.status_code == 201, sent.text
    message = sent.json()
    suppression = (await http.post("/suppressions", json={"email": "gone@example.com"})).json()
    delivery = (await http.post(f"/webhooks/{hook['id']}/test", json={"event_type": "message.received"})).json()
    key = (await http.post("/api-keys", json={"name": "walk", "scopes": ["inboxes:read"]})).json()
    domain = (await http.post("/domains", json={"domain": f"{inbox['id'][4:].lower()}.example"})).json()
    environment = (await http.post("/environments", json={"name": "Walk", "slug": "walk"})).json()
    policy = (await http.post("/policies", json={"name": "walk", "kind": "loop"})).json()
    blocked = {"direction": "send", "action": "block", "match_type": "domain", "value": "blocked.example"}
    rule = (await http.post("/filter-rules", json=blocked)).json()
    draft = (await http.post(f"/inboxes/{inbox['id']}/drafts", json={"subject": "walk"})).json()
    return {
        "draft_id": draft["id"],
        "rule_id": rule["id"],
        "policy_id": policy["id"],
        "inbox_id": inbox["id"],
        "webhook_id": hook["id"],
        "message_id": message["id"],
        "thread_id": message["thread_id"],
        "attachment_id": message["attachments"][0]["id"],
        "suppression_id": suppression["id"],
        "delivery_id": delivery["id"],
        "key_id": key["id"],
        "environment_id": environment["id"],
        "domain_id": domain["id"],
        "wait_id": (await http.post(f"/inboxes/{inbox['id']}/waits", json={})).json()["id"],
        "lease_id": await _a_lease(tenant, inbox),
        "event_id": await _an_event(tenant),
    }


async def _a_lease(tenant: Tenant, inbox: dict[str, Any]) -> str:
    """On a mail that the inbox wrote to itself."""
    body = {"to": [inbox["email"]], "subject": "to claim", "text_body": "walk"}
    await tenant.http.post(f"/inboxes/{inbox['id']}/messages", json=body)
    for _ in range(200):
        answer = await tenant.http.post(f"/inboxes/{inbox['id']}/messages/claim", json={"lease_seconds": 3600})
        if claimed := answer.json()["data"]:
            return claimed[0]["lease_id"]
        await asyncio.sleep(0.05)
    raise AssertionError("no mail came")


async def _an_event(tenant: Tenant) -> str:
    for _ in range(100):
        page: dict[str, Any] = (await tenant.http.get("/events")).json()
        if page["data"]:
            return page["data"][0]["id"]
        await asyncio.sleep(0.05)
    raise AssertionError("no event was published")
