"""What the server really answers has the shapes of SPEC 22: the same keys, null only where it may be, in list rows and
when read; and so have the events that it publishes."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx2 as httpx
import pytest_asyncio

from agentpost_server.webhooks.examples import example_data
from contract.shapes import EVENT_DATA, check, check_words
from harness import Server, Tenant, new_tenant

_PERSONAS = ("echo", "bounce", "softbounce", "complaint", "timeout", "deferred", "suppressed")
_TOLD = {
    "inbox.created", "inbox.deleted", "inbox.paused", "inbox.resumed", "thread.created", "message.received",
    "message.queued", "message.scheduled", "message.sent", "message.delivered", "message.deferred", "message.unknown",
    "message.bounced", "message.complained", "message.rejected", "message.cancelled", "message.labels_changed",
    "message.deleted", "draft.created", "draft.updated", "draft.deleted", "draft.sent",
}  # fmt: skip
_BY_SENDING = {"message.blocked", "message.held", "message.approved", "message.opened", "message.failed"}


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


async def _post(http: httpx.AsyncClient, path: str, body: Any, status: int = 201) -> Any:
    answer = await http.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest_asyncio.fixture(scope="module")
async def story(server: Server) -> AsyncGenerator[Story]:
    async with new_tenant(server) as tenant:
        http = tenant.http
        inbox = await _post(http, "/inboxes", {"username": "shapes", "display_name": "Shapes", "metadata": {"n": 1}})
        path = f"/inboxes/{inbox['id']}/messages"
        content = {"subject": "Shapes", "text_body": "Hello.", "headers": {"X-Ticket": "7"}}
        file = {"content": "aGVsbG8=", "filename": "a.txt"}
        sent = {
            persona: (await _post(http, path, {"to": [f"{persona}@sandbox.test"], "attachments": [file], **content}))
            for persona in _PERSONAS
        }
        later = {"to": ["delivered@sandbox.test"], "send_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
        late = await _post(http, path, {**later, **content})
        await _post(http, f"/messages/{late['id']}/cancel", {}, 200)
        await _post(http, f"/messages/{late['id']}/labels", {"labels": ["done"]}, 200)
        assert (await http.delete(f"/messages/{late['id']}")).status_code == 204
        drafts = f"/inboxes/{inbox['id']}/drafts"
        written = await _post(http, drafts, {"to": ["delivered@sandbox.test"], **content, "attachments": [file]})
        assert (await http.patch(f"/drafts/{written['id']}", json={"subject": "Drafts"})).status_code == 200
        await _post(http, f"/drafts/{written['id']}/send", {"revision": 2})
        written = await _post(http, drafts, {})
        assert (await http.delete(f"/drafts/{written['id']}")).status_code == 204
        spare = await _post(http, "/inboxes", {})
        await _post(http, f"/inboxes/{spare['id']}/pause", None, 200)
        await _post(http, f"/inboxes/{spare['id']}/resume", None, 200)
        assert (await http.delete(f"/inboxes/{spare['id']}")).status_code == 204
        yield Story(tenant, inbox["id"], {persona: one["id"] for persona, one in sent.items()})


async def _told(story: Story) -> list[dict[str, Any]]:
    """Every event, once all that must be told was told."""
    missing = set(_TOLD)
    for _ in range(200):
        page = await story.get("/events", limit=100)
        missing = _TOLD - {one["type"] for one in page["data"]}
        if not missing:
            return page["data"]
        await asyncio.sleep(0.1)
    raise AssertionError(sorted(missing))


async def test_events_carry_the_data_of_their_type(story: Story) -> None:
    events = await _told(story)
    for event in events:
        check("Event", event)
        kind, data = event["type"], event["data"]
        check_words(kind, EVENT_DATA[kind].split(), data)
        for field in ("from_address", "to_addresses", "cc_addresses", "recipients"):
            found = data.get(field, [])
            assert all(isinstance(one, str) and "@" in one for one in ([found] if isinstance(found, str) else found))
        for one in data.get("bounced_recipients", []):
            check_words("bounced", ["email_address", "code?", "detail?"], one)
    check("Event", await story.get(f"/events/{events[-1]['id']}"))


def test_documented_and_test_events_carry_them_too() -> None:
    """Those that only later work can raise included: their names are the contract already."""
    for kind, words in EVENT_DATA.items():
        data = example_data(kind)
        assert data.pop("test") is True
        check_words(kind, words.split(), data)
    assert EVENT_DATA.keys() >= _TOLD | _BY_SENDING


async def test_inboxes(story: Story) -> None:
    await story.rows("/inboxes", "Inbox")
    await story.rows("/inboxes", "Inbox", q="shapes")
    check("Inbox", await story.get(f"/inboxes/{story.inbox_id}"))


async def test_messages_in_lists_and_alone(story: Story) -> None:
    await _told(story)
    listed = await story.rows("/messages", "Message")
    await story.rows(f"/inboxes/{story.inbox_id}/messages", "Message", direction="inbound")
    inbound = [one for one in listed if one["direction"] == "inbound"]
    outbound = [one for one in listed if one["direction"] == "outbound"]
    assert inbound
    assert outbound
    for one in listed:
        whole = await story.get(f"/messages/{one['id']}")
        check("Message", whole, whole=True)
        assert {key: whole[key] for key in ("id", "subject", "size")} == {
            key: one[key] for key in ("id", "subject", "size")
        }
        # Their texts may be read between the two answers.
        assert [{**file, "text_status": ""} for file in whole["attachments"]] == [
            {**file, "text_status": ""} for file in one["attachments"]
        ]
    for one in inbound:
        assert one["envelope"] is not None
        assert one["received_at"] is not None
        assert (one["recipients"], one["sent_at"], one["send_at"]) == ([], None, None)
    for one in outbound:
        assert (one["envelope"], one["authentication"], one["received_at"]) == (None, None, None)
        assert one["recipients"]
        assert one["trust"] == "internal"
    got = await _post(story.tenant.http, "/messages/batch-get", {"ids": [listed[0]["id"]]}, 200)
    assert sorted(got) == ["data", "next_page_token"]
    check("Message", got["data"][0])


async def test_what_send_answers_is_the_message_as_read(story: Story) -> None:
    body = {
        "to": ["a@b.example", "Name <c@d.example>", {"email": "e@f.example", "name": "N"}], "cc": [], "bcc": [],
        "reply_to": ["r@b.example"], "subject": "…", "text_body": "…", "html_body": None, "attachments": [],
        "headers": {"X-Ticket": "7"}, "labels": [], "send_at": None, "in_reply_to": None, "based_on": [],
        "unattended": False, "list_unsubscribe": False, "track_opens": False,
    }  # fmt: skip
    made = await _post(story.tenant.http, f"/inboxes/{story.inbox_id}/messages", body)
    check("Message", made, whole=True)
    for verb, less in (("reply", {}), ("reply-all", {}), ("forward", {"to": ["a@b.example"]})):
        body = {key: value for key, value in body.items() if key not in ("in_reply_to", "to")} | less
        made = await _post(story.tenant.http, f"/messages/{story.sent['echo']}/{verb}", body)
        check("Message", made, whole=True)
    asked = {"to": ["a@b.example"], "html_body": "<p>x</p>", "list_unsubscribe": True, "track_opens": True}
    check("Message", await _post(story.tenant.http, f"/inboxes/{story.inbox_id}/messages", asked), whole=True)


async def test_drafts_and_their_revisions(story: Story) -> None:
    http, path = story.tenant.http, f"/inboxes/{story.inbox_id}/drafts"
    body = {
        "to": ["Ann <a@b.example>"], "cc": [], "bcc": [], "reply_to": ["r@b.example"], "subject": "…",
        "text_body": "…", "html_body": None, "attachments": [{"content": "aGVsbG8=", "filename": "a.txt"}],
        "headers": {"X-Ticket": "7"}, "labels": ["billing"], "send_at": "2027-01-01T00:00:00Z",
        "in_reply_to": story.sent["echo"], "based_on": [], "client_id": "shapes", "unattended": False,
        "list_unsubscribe": False, "track_opens": False,
    }  # fmt: skip
    made = await _post(http, path, body)
    check("Draft", made)
    check("Draft", await _post(http, path, body, 200))
    for one in await story.rows(path, "Draft"):
        check("Draft", await story.get(f"/drafts/{one['id']}"))
    answer = await http.patch(f"/drafts/{made['id']}", json={"subject": "Two", "revision": 1})
    check("Draft", answer.json())
    await story.rows(f"/drafts/{made['id']}/revisions", "Revision")
    check("Message", await _post(http, f"/drafts/{made['id']}/send", {"revision": 2}), whole=True)


async def test_the_simulator(story: Story) -> None:
    http = story.tenant.sandbox
    agent = await _post(http, "/inboxes", {})
    check("Clock", (await http.get("/sandbox/clock")).json())
    check("Clock", await _post(http, "/sandbox/clock", {"advance_seconds": 1}, 200))
    body = {"email": "ann@customer.example", "name": "Ann", "script": [{"do": "silence"}]}
    check("Persona", await _post(http, "/sandbox/personas", body))
    check("Persona", await _post(http, "/sandbox/personas", body, 200))
    for one in (await http.get("/sandbox/personas")).json()["data"]:
        check("Persona", one)
    check(
        "Delivered", await _post(http, "/sandbox/deliver", {"inbox_id": agent["id"], "raw": "From: a@b.example\n\nx"})
    )


async def test_threads(story: Story) -> None:
    for path in ("/threads", f"/inboxes/{story.inbox_id}/threads"):
        rows = await story.rows(path, "Thread")
    check("Thread", await story.get(f"/threads/{rows[0]['id']}"), whole=True)
    await story.rows(f"/threads/{rows[0]['id']}/messages", "Message")
    context = await story.get(f"/threads/{rows[0]['id']}/context")
    check("Context", context)
    assert context["spans"]


async def test_attachments_and_uploads(story: Story) -> None:
    message = await story.get(f"/messages/{story.sent['echo']}")
    check("Attachment", await story.get(f"/attachments/{message['attachments'][0]['id']}"), whole=True)
    check("AttachmentText", await story.get(f"/attachments/{message['attachments'][0]['id']}/text"))
    body = {"filename": "a.pdf", "mime_type": "application/pdf", "size": 1}
    check("UploadUrl", await _post(story.tenant.http, "/attachments/upload-url", body))


async def test_a_messages_history(story: Story) -> None:
    await _told(story)
    for message_id in story.sent.values():
        await story.rows(f"/messages/{message_id}/events", "MessageEvent")


async def test_what_waits_for_a_person(story: Story) -> None:
    http = story.tenant.http
    inbox = await _post(http, "/inboxes", {"username": "waits"})
    rules = {"when": ["always"], "author_may_approve": True}
    policy = {"name": "w", "kind": "approval", "scope": "inbox", "inbox_id": inbox["id"], "rules": rules}
    await _post(http, "/policies", policy)
    body = {"to": ["delivered@sandbox.test"], "subject": "Waits", "text_body": "t", "headers": {"X-Ticket": "7"}}
    file = {"content": "aGVsbG8=", "filename": "a.txt"}
    path = f"/inboxes/{inbox['id']}/messages"
    for verb, given in (("approve", {"revision": 1, "changes": {"subject": "Went"}}), ("reject", {"note": "No."})):
        held = await _post(http, path, {**body, "attachments": [file]})
        check("Message", held, whole=True)
        assert held["status"] == "pending_approval"
        check("Message", await _post(http, f"/messages/{held['id']}/{verb}", given, 200), whole=True)
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


async def test_domains(story: Story) -> None:
    name = f"{story.inbox_id[4:].lower()}.example"
    made = await _post(story.tenant.http, "/domains", {"domain": name})
    check("Domain", made)
    for one in await story.rows("/domains", "Domain"):
        check("Domain", await story.get(f"/domains/{one['id']}"))
    await _post(story.tenant.http, f"/domains/{made['id']}/verify", None, 200)


async def test_suppressions(story: Story) -> None:
    check("Suppression", await _post(story.tenant.http, "/suppressions", {"email": "s@b.example"}))
    for one in await story.rows("/suppressions", "Suppression"):
        check("Suppression", await story.get(f"/suppressions/{one['id']}"))


async def test_policies(story: Story) -> None:
    for kind, rules in (("approval", {"when": ["loop"]}), ("flow", {}), ("caps", {}), ("screening", {}), ("loop", {})):
        body = {"name": "p", "kind": kind, "scope": "inbox", "inbox_id": story.inbox_id, "rules": rules}
        check("Policy", await _post(story.tenant.http, "/policies", body))
    for one in await story.rows("/policies", "Policy"):
        check("Policy", await story.get(f"/policies/{one['id']}"))


async def test_filter_rules(story: Story) -> None:
    http = story.tenant.http
    made = {"direction": "send", "match_type": "domain", "scope": "inbox", "inbox_id": story.inbox_id}
    blocking = {**made, "action": "block", "value": "blocked.example"}
    check("FilterRule", await _post(http, "/filter-rules", blocking))
    check("FilterRule", await _post(http, "/filter-rules", blocking, 200))
    for one in await story.rows("/filter-rules", "FilterRule"):
        check("FilterRule", await story.get(f"/filter-rules/{one['id']}"))
    receiving = {**made, "direction": "receive", "action": "allow", "value": "friend.example"}
    shutting = await _post(http, "/filter-rules", receiving)
    check("FilterRule", shutting, warning="")
    assert (await http.delete(f"/filter-rules/{shutting['id']}")).status_code == 204
    asked = {"direction": "send", "email": "a@blocked.example", "inbox_id": story.inbox_id}
    check_words("FilterAnswer", ["allowed", "rule?", "reason"], await _post(http, "/filter-rules/test", asked, 200))


async def test_preflight(story: Story) -> None:
    body = {"to": ["a@b.example"], "subject": "s", "text_body": "t"}
    told = await _post(story.tenant.http, f"/inboxes/{story.inbox_id}/messages/preflight", body, 200)
    assert sorted(told) == ["checks", "outcome", "recipients"]
    for one in told["checks"]:
        check_words("Check", ["name", "passed", "policy_id?", "rule_id?", "message", "fix"], one)
    for one in told["recipients"]:
        assert sorted(one) == ["email", "outcome"]


async def test_search(story: Story) -> None:
    found = (await story.get("/search", q="Shapes"))["data"][0]
    check_words("SearchResult", ["message", "highlights"], found)
    check("Message", found["message"])
    assert sorted(found["highlights"]) == ["subject", "text"]


async def test_keys_show_their_secret_in_the_answer_that_made_it_only(story: Story) -> None:
    http = story.tenant.http
    made = await _post(http, "/api-keys", {"name": "shapes", "scopes": ["inboxes:read"]})
    check("ApiKey", made, key="")
    check("ApiKey", await _post(http, f"/api-keys/{made['id']}/rotate", {"overlap_seconds": 1}), key="")
    await story.rows("/api-keys", "ApiKey")
    check("ApiKey", await story.get(f"/api-keys/{made['id']}"))
    me = await story.get("/auth/me")
    check("Me", me)
    check("ApiKey", me["key"])


async def test_environments(story: Story) -> None:
    check("Environment", await _post(story.tenant.http, "/environments", {"name": "Shapes", "slug": "shapes"}))
    for one in await story.rows("/environments", "Environment"):
        check("Environment", await story.get(f"/environments/{one['id']}"))


async def test_webhooks_and_deliveries(story: Story) -> None:
    http = story.tenant.http
    hook = await _post(http, "/webhooks", {"url": "https://example.com/hook"})
    check("WebhookEndpoint", hook, secret="")
    await story.rows("/webhooks", "WebhookEndpoint")
    check("WebhookEndpoint", await story.get(f"/webhooks/{hook['id']}"))
    tested = await http.post(f"/webhooks/{hook['id']}/test", json={"event_type": "message.received"})
    assert tested.is_success
    rows = await story.rows(f"/webhooks/{hook['id']}/deliveries", "Delivery")
    whole = await story.get(f"/deliveries/{rows[0]['id']}")
    check("Delivery", whole, whole=True)


async def test_records(story: Story) -> None:
    await story.rows("/org/audit-log", "AuditEntry")
    usage = await story.get("/usage")
    counters = "messages_sent messages_received storage_bytes api_calls webhook_deliveries".split()
    assert sorted(usage) == sorted([*counters, "period_start", "period_end"])
    for one in counters:
        check("Counter", usage[one])
    assert sorted(await story.get("/inboxes")) == ["data", "next_page_token"]


async def test_every_error_has_one_shape(story: Story) -> None:
    http, server = story.tenant.http, story.tenant.server
    send = f"/inboxes/{story.inbox_id}/messages"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    asked: list[tuple[int, str, str, str, dict[str, Any]]] = [
        (400, "invalid_json", "POST", "/inboxes", {"content": b"{"}),
        (400, "invalid_page_token", "GET", "/inboxes?page_token=x", {}),
        (401, "invalid_key", "GET", "/inboxes", {"headers": {"Authorization": "Bearer x"}}),
        (404, "not_found", "GET", "/inboxes/inb_00000000000000000000000000", {}),
        (404, "route_not_found", "GET", "/nowhere", {}),
        (404, "route_not_found", "GET", f"{server.url}/nowhere", {}),
        (405, "method_not_allowed", "PUT", "/inboxes", {}),
        (409, "conflict", "DELETE", f"/environments/{(await story.get('/auth/me'))['environment_id']}", {}),
        (410, "event_expired", "GET", "/events?after=evt_00000000000000000000000000", {}),
        (413, "body_too_large", "POST", "/inboxes", {"content": b" " * 40_000_000}),
        (415, "unsupported_media_type", "POST", "/inboxes", {"content": b"a=1", "headers": form}),
        (422, "validation_failed", "POST", send, {"json": {"to": ["nobody"], "unknown": 1}}),
        (422, "validation_failed", "GET", "/inboxes?limit=101", {}),
    ]
    json = {"Content-Type": "application/json"}
    for status, code, method, path, given in asked:
        headers = {**json, **given.pop("headers", {})} if "content" in given else given.pop("headers", {})
        answer = await http.request(method, path, headers=headers, **given)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.headers["Content-Type"] == "application/problem+json", path
        problem = answer.json()
        check("Problem", problem)
        assert problem["status"] == status
        assert problem["type"].endswith(f"/docs/errors#{code}")
        assert problem["request_id"] == answer.headers["X-Request-Id"]
        assert problem["fix"]
        assert problem["title"]
        assert problem["detail"]
        assert answer.headers["Cache-Control"] == "no-store"


async def test_waits(story: Story) -> None:
    made = await _post(story.tenant.http, f"/inboxes/{story.inbox_id}/waits", {"from": "echo", "deadline": None})
    check("Wait", made)
    check("Wait", await story.get(f"/waits/{made['id']}"))
    body = {"to": ["echo@sandbox.test"], "subject": "Wait", "text_body": "Hello."}
    await _post(story.tenant.http, f"/inboxes/{story.inbox_id}/messages", body)
    matched = await story.get(f"/waits/{made['id']}", timeout=20)
    assert matched["status"] == "matched"
    check("Wait", matched)


async def test_leases(story: Story) -> None:
    path = f"/inboxes/{story.inbox_id}/messages/claim"
    await _told(story)
    claimed = await _post(story.tenant.http, path, {"limit": 3}, 200)
    assert list(claimed) == ["data"]
    for lease in claimed["data"]:
        check("Lease", lease)
    lease_id = claimed["data"][0]["lease_id"]
    for verb, body in (("extend", {"lease_seconds": 60}), ("ack", {})):
        check("Lease", await _post(story.tenant.http, f"/leases/{lease_id}/{verb}", body, 200))
