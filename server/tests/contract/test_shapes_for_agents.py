"""The shapes of SPEC 22 of what agents work by, and of what holds them: drafts, waits, leases, rules, approval."""

import asyncio
from typing import Any

from contract.shapes import EVENT_DATA, check, check_words
from contract.story import Story, post, told


async def test_drafts_and_their_revisions(story: Story) -> None:
    http, path = story.tenant.http, f"/inboxes/{story.inbox_id}/drafts"
    body = {
        "to": ["Ann <a@b.example>"], "cc": [], "bcc": [], "reply_to": ["r@b.example"], "subject": "…",
        "text_body": "…", "html_body": None, "attachments": [{"content": "aGVsbG8=", "filename": "a.txt"}],
        "headers": {"X-Ticket": "7"}, "labels": ["billing"], "send_at": "2027-01-01T00:00:00Z",
        "in_reply_to": story.sent["echo"], "based_on": [], "client_id": "shapes", "unattended": False,
        "list_unsubscribe": False, "track_opens": False,
    }  # fmt: skip
    made = await post(http, path, body)
    check("Draft", made)
    check("Draft", await post(http, path, body, 200))
    for one in await story.rows(path, "Draft"):
        check("Draft", await story.get(f"/drafts/{one['id']}"))
    answer = await http.patch(f"/drafts/{made['id']}", json={"subject": "Two", "revision": 1})
    check("Draft", answer.json())
    await story.rows(f"/drafts/{made['id']}/revisions", "Revision")
    check("Message", await post(http, f"/drafts/{made['id']}/send", {"revision": 2}), whole=True)


async def test_the_simulator(story: Story) -> None:
    http = story.tenant.sandbox
    agent = await post(http, "/inboxes", {})
    check("Clock", (await http.get("/sandbox/clock")).json())
    check("Clock", await post(http, "/sandbox/clock", {"advance_seconds": 1}, 200))
    body = {"email": "ann@customer.example", "name": "Ann", "script": [{"do": "silence"}]}
    check("Persona", await post(http, "/sandbox/personas", body))
    check("Persona", await post(http, "/sandbox/personas", body, 200))
    for one in (await http.get("/sandbox/personas")).json()["data"]:
        check("Persona", one)
    check("Delivered", await post(http, "/sandbox/deliver", {"inbox_id": agent["id"], "raw": "From: a@b.example\n\nx"}))


async def test_what_waits_for_a_person(story: Story) -> None:
    http = story.tenant.http
    inbox = await post(http, "/inboxes", {"username": "waits"})
    rules = {"when": ["always"], "author_may_approve": True}
    policy = {"name": "w", "kind": "approval", "scope": "inbox", "inbox_id": inbox["id"], "rules": rules}
    await post(http, "/policies", policy)
    body = {"to": ["delivered@sandbox.test"], "subject": "Waits", "text_body": "t", "headers": {"X-Ticket": "7"}}
    file = {"content": "aGVsbG8=", "filename": "a.txt"}
    path = f"/inboxes/{inbox['id']}/messages"
    for verb, given in (("approve", {"revision": 1, "changes": {"subject": "Went"}}), ("reject", {"note": "No."})):
        held = await post(http, path, {**body, "attachments": [file]})
        check("Message", held, whole=True)
        assert held["status"] == "pending_approval"
        check("Message", await post(http, f"/messages/{held['id']}/{verb}", given, 200), whole=True)
        for one in await story.rows(f"/messages/{held['id']}/revisions", "MessageRevision"):
            assert one["headers"] == {"X-Ticket": "7"}
    told = {one["type"]: one["data"] for one in (await _events(story))}
    for kind in ("message.held", "message.approved", "message.rejected"):
        check_words(kind, EVENT_DATA[kind].split(), told[kind])


async def _events(story: Story) -> list[Any]:
    """Once the last of them was published."""
    for _ in range(200):
        found = await story.get("/events", limit=100)
        if {"message.held", "message.approved"} <= {one["type"] for one in found["data"]}:
            return found["data"]
        await asyncio.sleep(0.05)
    raise AssertionError("never told")


async def test_policies(story: Story) -> None:
    for kind, rules in (("approval", {"when": ["loop"]}), ("flow", {}), ("caps", {}), ("screening", {}), ("loop", {})):
        body = {"name": "p", "kind": kind, "scope": "inbox", "inbox_id": story.inbox_id, "rules": rules}
        check("Policy", await post(story.tenant.http, "/policies", body))
    for one in await story.rows("/policies", "Policy"):
        check("Policy", await story.get(f"/policies/{one['id']}"))


async def test_filter_rules(story: Story) -> None:
    http = story.tenant.http
    made = {"direction": "send", "match_type": "domain", "scope": "inbox", "inbox_id": story.inbox_id}
    blocking = {**made, "action": "block", "value": "blocked.example"}
    check("FilterRule", await post(http, "/filter-rules", blocking))
    check("FilterRule", await post(http, "/filter-rules", blocking, 200))
    for one in await story.rows("/filter-rules", "FilterRule"):
        check("FilterRule", await story.get(f"/filter-rules/{one['id']}"))
    receiving = {**made, "direction": "receive", "action": "allow", "value": "friend.example"}
    shutting = await post(http, "/filter-rules", receiving)
    check("FilterRule", shutting, warning="")
    assert (await http.delete(f"/filter-rules/{shutting['id']}")).status_code == 204
    asked = {"direction": "send", "email": "a@blocked.example", "inbox_id": story.inbox_id}
    check_words("FilterAnswer", ["allowed", "rule?", "reason"], await post(http, "/filter-rules/test", asked, 200))


async def test_preflight(story: Story) -> None:
    body = {"to": ["a@b.example"], "subject": "s", "text_body": "t"}
    told = await post(story.tenant.http, f"/inboxes/{story.inbox_id}/messages/preflight", body, 200)
    assert sorted(told) == ["checks", "outcome", "recipients"]
    for one in told["checks"]:
        check_words("Check", ["name", "passed", "policy_id?", "rule_id?", "message", "fix"], one)
    for one in told["recipients"]:
        assert sorted(one) == ["email", "outcome"]


async def test_waits(story: Story) -> None:
    made = await post(story.tenant.http, f"/inboxes/{story.inbox_id}/waits", {"from": "echo", "deadline": None})
    check("Wait", made)
    check("Wait", await story.get(f"/waits/{made['id']}"))
    body = {"to": ["echo@sandbox.test"], "subject": "Wait", "text_body": "Hello."}
    await post(story.tenant.http, f"/inboxes/{story.inbox_id}/messages", body)
    matched = await story.get(f"/waits/{made['id']}", timeout=20)
    assert matched["status"] == "matched"
    check("Wait", matched)


async def test_leases(story: Story) -> None:
    path = f"/inboxes/{story.inbox_id}/messages/claim"
    await told(story)
    claimed = await post(story.tenant.http, path, {"limit": 3}, 200)
    assert list(claimed) == ["data"]
    for lease in claimed["data"]:
        check("Lease", lease)
    lease_id = claimed["data"][0]["lease_id"]
    for verb, body in (("extend", {"lease_seconds": 60}), ("ack", {})):
        check("Lease", await post(story.tenant.http, f"/leases/{lease_id}/{verb}", body, 200))
