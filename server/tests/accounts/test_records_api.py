"""What the server noted of itself: requests, usage, audit."""

import asyncio

from harness import Tenant, client


async def test_requests_are_logged_without_body_or_secret(tenant: Tenant, stranger: Tenant) -> None:
    await tenant.http.post("/inboxes", json={"display_name": "must not stand in the log"})
    await stranger.http.get("/inboxes")
    await asyncio.sleep(1.5)
    answer = await tenant.http.get("/requests", params={"ascending": "true"})
    first = answer.json()["data"][0]
    assert (first["method"], first["path"], first["status"]) == ("POST", "/api/v1/inboxes", 201)
    assert first["key_id"].startswith("key_")
    assert "must not stand" not in answer.text
    assert tenant.organization.live_key not in answer.text
    assert len(answer.json()["data"]) == 1
    assert (await tenant.http.get("/usage")).json()["api_calls"]["current"] >= 1


async def test_the_audit_log_tells_who_did_what(tenant: Tenant) -> None:
    made = (await tenant.http.post("/inboxes", json={})).json()
    entry = (await tenant.http.get("/org/audit-log")).json()["data"][0]
    assert (entry["action"], entry["target"], entry["actor"]["name"]) == ("inbox.created", made["id"], "first live key")
    assert entry["after"]["email"] == made["email"]


async def test_a_key_for_one_inbox_reads_no_records(tenant: Tenant) -> None:
    inbox = (await tenant.http.post("/inboxes", json={})).json()
    body = {"name": "one", "scopes": ["audit:read", "usage:read"], "inbox_ids": [inbox["id"]]}
    key = (await tenant.http.post("/api-keys", json=body)).json()["key"]
    async with client(tenant.server, key) as narrow:
        for path in ("/requests", "/org/audit-log", "/usage"):
            assert (await narrow.get(path)).status_code == 403
