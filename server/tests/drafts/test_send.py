"""Sending a draft: once, by the path of every send, with the draft gone in the same transaction or kept as it was."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

from drafts.drafting import ANN, change, draft, send_draft, told
from harness import Tenant, client
from outbound.sending import events, inbox, until


async def test_sent_it_is_a_message_and_no_draft(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await draft(tenant.http, agent["id"], **ANN, html_body="<p>On its way.</p>", headers={"X-Ticket": "7"})
    sent = await send_draft(tenant.http, made)
    assert (sent["direction"], sent["subject"], sent["html_body"]) == ("outbound", "Your order", "<p>On its way.</p>")
    assert {"name": "X-Ticket", "value": "7"} in sent["headers"]
    assert (await tenant.http.get(f"/drafts/{made['id']}")).status_code == 404
    assert (await tenant.http.get(f"/inboxes/{agent['id']}/drafts")).json()["data"] == []
    names = {"draft_id": made["id"], "inbox_id": agent["id"], "revision": 1}
    assert (await told(tenant))[1:] == [("draft.sent", {**names, "message_id": sent["id"]})]


async def test_of_a_hundred_at_once_one_sends_it(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await draft(tenant.http, agent["id"], **ANN)
    raced = await asyncio.gather(
        *(tenant.http.post(f"/drafts/{made['id']}/send", json={}, timeout=90) for _ in range(100))
    )
    assert Counter(one.status_code for one in raced) == {201: 1, 404: 99}, raced[0].text
    assert len((await tenant.http.get("/messages")).json()["data"]) == 1
    assert Counter(kind for kind, _ in await events(tenant) if kind in ("draft.sent", "message.queued")) == {
        "draft.sent": 1,
        "message.queued": 1,
    }


async def test_changes_and_sends_at_once_send_what_a_revision_says(tenant: Tenant) -> None:
    """Whoever sends, sends what they read: never half of a change, and not what was changed behind their back."""
    agent = await inbox(tenant.http)
    made = await draft(tenant.http, agent["id"], **ANN)
    path = f"/drafts/{made['id']}"
    changes = [tenant.http.patch(path, json={"subject": f"{n}", "text_body": f"{n}"}) for n in range(10)]
    sends = [tenant.http.post(f"{path}/send", json={}) for _ in range(10)]
    await asyncio.gather(*(one for pair in zip(changes, sends, strict=True) for one in pair))
    sent = (await tenant.http.get("/messages?direction=outbound")).json()["data"]
    if not sent:
        sent = [await send_draft(tenant.http, made)]
    assert len(sent) == 1
    whole = (await tenant.http.get(f"/messages/{sent[0]['id']}")).json()
    assert (whole["subject"], whole["text_body"]) == (whole["subject"], ANN["text_body"]) or (
        whole["subject"] == whole["text_body"]
    )


async def test_what_refuses_the_send_keeps_the_draft(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await draft(tenant.http, agent["id"], **ANN)
    await tenant.http.post("/suppressions", json={"email": "ann@b.example"})
    assert (await send_draft(tenant.http, made, 422))["code"] == "all_recipients_suppressed"
    await tenant.http.post(f"/inboxes/{agent['id']}/pause")
    assert (await send_draft(tenant.http, made, 403))["code"] == "inbox_paused"
    assert (await tenant.http.get(f"/drafts/{made['id']}")).json() == made
    assert (await tenant.http.get("/messages")).json()["data"] == []
    await tenant.http.post(f"/inboxes/{agent['id']}/resume")
    await change(tenant.http, made, to=["bob@b.example"])
    assert (await send_draft(tenant.http, made, revision=2))["status"] == "queued"


async def test_a_scheduled_draft_is_sent_now_when_somebody_says_so(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await draft(tenant.http, agent["id"], **ANN, send_at="2027-06-01T08:00:00Z")
    assert made["status"] == "scheduled"
    sent = await send_draft(tenant.http, made)
    assert (sent["status"], sent["send_at"]) == ("queued", None)


async def test_a_held_draft_is_a_message_that_its_writer_cannot_approve(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    policy = {"name": "all", "kind": "approval", "scope": "environment", "rules": {"when": ["always"]}}
    assert (await tenant.http.post("/policies", json=policy)).status_code == 201
    key = await tenant.http.post(
        "/api-keys", json={"name": "writer", "scopes": ["drafts:read", "drafts:write", "drafts:approve"]}
    )
    async with client(tenant.server, key.json()["key"]) as writer:
        made = await draft(writer, agent["id"], **ANN)
        held = await send_draft(tenant.http, made)
        assert held["status"] == "pending_approval"
        assert (await tenant.http.get(f"/drafts/{made['id']}")).status_code == 404
        path = f"/messages/{held['id']}/approve"
        assert (await writer.post(path, json={"revision": 1})).status_code == 403
        approved = await tenant.http.post(path, json={"revision": 1})
        assert (approved.status_code, approved.json()["status"]) == (200, "queued")


async def _key(tenant: Tenant, name: str, *more: str) -> str:
    scopes = ["drafts:read", "drafts:write", "drafts:approve", *more]
    answer = await tenant.http.post("/api-keys", json={"name": name, "scopes": scopes})
    return answer.json()["key"]


async def test_nobody_who_wrote_a_revision_of_a_draft_can_approve_it(tenant: Tenant) -> None:
    """What the second writer kept of the first one's words is the first one's still."""
    agent = await inbox(tenant.http)
    policy = {"name": "all", "kind": "approval", "scope": "environment", "rules": {"when": ["always"]}}
    assert (await tenant.http.post("/policies", json=policy)).status_code == 201
    keys = [await _key(tenant, "first", "api_keys:write"), *[await _key(tenant, name) for name in ("second", "boss")]]
    async with (
        client(tenant.server, keys[0]) as first,
        client(tenant.server, keys[1]) as second,
        client(tenant.server, keys[2]) as boss,
    ):
        made = await draft(first, agent["id"], **ANN)
        tool = await first.post("/api-keys", json={"name": "tool", "scopes": ["drafts:approve"]})
        await change(second, made, subject="Your order 7")
        held = await send_draft(tenant.http, made)
        path = f"/messages/{held['id']}/approve"
        async with client(tenant.server, tool.json()["key"]) as tools:
            for http in (first, second, tools):
                refused = await http.post(path, json={"revision": 1})
                assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert (await boss.post(path, json={"revision": 1})).status_code == 200


async def test_a_scheduled_draft_that_a_policy_holds_waits_as_a_message(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    policy = {"name": "all", "kind": "approval", "scope": "environment", "rules": {"when": ["always"]}}
    assert (await tenant.http.post("/policies", json=policy)).status_code == 201
    await draft(tenant.http, agent["id"], **ANN, send_at=(datetime.now(UTC) + timedelta(seconds=1)).isoformat())
    page = await until(tenant.http, f"/inboxes/{agent['id']}/messages", lambda page: len(page["data"]) == 1)
    assert page["data"][0]["status"] == "pending_approval"
    assert (await tenant.http.get(f"/inboxes/{agent['id']}/drafts")).json()["data"] == []
