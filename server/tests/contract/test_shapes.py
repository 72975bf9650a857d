"""What the server really answers has the shapes of SPEC 22: the same keys, null only where it may be, in list rows and
when read; and so have the events that it publishes."""

from typing import Any

from agentpost_server.webhooks.examples import example_data
from contract.shapes import EVENT_DATA, check, check_words
from contract.story import TOLD, Story, post, told

_BY_SENDING = {"message.blocked", "message.held", "message.approved", "message.opened", "message.failed"}


async def test_events_carry_the_data_of_their_type(story: Story) -> None:
    events = await told(story)
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
    assert EVENT_DATA.keys() >= TOLD | _BY_SENDING


async def test_inboxes(story: Story) -> None:
    await story.rows("/inboxes", "Inbox")
    await story.rows("/inboxes", "Inbox", q="shapes")
    check("Inbox", await story.get(f"/inboxes/{story.inbox_id}"))


async def test_messages_in_lists_and_alone(story: Story) -> None:
    await told(story)
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
    got = await post(story.tenant.http, "/messages/batch-get", {"ids": [listed[0]["id"]]}, 200)
    assert sorted(got) == ["data", "next_page_token"]
    check("Message", got["data"][0])


async def test_what_send_answers_is_the_message_as_read(story: Story) -> None:
    body = {
        "to": ["a@b.example", "Name <c@d.example>", {"email": "e@f.example", "name": "N"}], "cc": [], "bcc": [],
        "reply_to": ["r@b.example"], "subject": "…", "text_body": "…", "html_body": None, "attachments": [],
        "headers": {"X-Ticket": "7"}, "labels": [], "send_at": None, "in_reply_to": None, "based_on": [],
        "unattended": False, "list_unsubscribe": False, "track_opens": False,
    }  # fmt: skip
    made = await post(story.tenant.http, f"/inboxes/{story.inbox_id}/messages", body)
    check("Message", made, whole=True)
    for verb, less in (("reply", {}), ("reply-all", {}), ("forward", {"to": ["a@b.example"]})):
        body = {key: value for key, value in body.items() if key not in ("in_reply_to", "to")} | less
        made = await post(story.tenant.http, f"/messages/{story.sent['echo']}/{verb}", body)
        check("Message", made, whole=True)
    asked = {"to": ["a@b.example"], "html_body": "<p>x</p>", "list_unsubscribe": True, "track_opens": True}
    check("Message", await post(story.tenant.http, f"/inboxes/{story.inbox_id}/messages", asked), whole=True)


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
    check("UploadUrl", await post(story.tenant.http, "/attachments/upload-url", body))


async def test_a_messages_history(story: Story) -> None:
    await told(story)
    for message_id in story.sent.values():
        await story.rows(f"/messages/{message_id}/events", "MessageEvent")


async def test_domains(story: Story) -> None:
    name = f"{story.inbox_id[4:].lower()}.example"
    made = await post(story.tenant.http, "/domains", {"domain": name})
    check("Domain", made)
    for one in await story.rows("/domains", "Domain"):
        check("Domain", await story.get(f"/domains/{one['id']}"))
    await post(story.tenant.http, f"/domains/{made['id']}/verify", None, 200)


async def test_suppressions(story: Story) -> None:
    check("Suppression", await post(story.tenant.http, "/suppressions", {"email": "s@b.example"}))
    for one in await story.rows("/suppressions", "Suppression"):
        check("Suppression", await story.get(f"/suppressions/{one['id']}"))


async def test_search(story: Story) -> None:
    found = (await story.get("/search", q="Shapes"))["data"][0]
    check_words("SearchResult", ["message", "highlights"], found)
    check("Message", found["message"])
    assert sorted(found["highlights"]) == ["subject", "text"]


async def test_keys_show_their_secret_in_the_answer_that_made_it_only(story: Story) -> None:
    http = story.tenant.http
    made = await post(http, "/api-keys", {"name": "shapes", "scopes": ["inboxes:read"]})
    check("ApiKey", made, key="")
    check("ApiKey", await post(http, f"/api-keys/{made['id']}/rotate", {"overlap_seconds": 1}), key="")
    await story.rows("/api-keys", "ApiKey")
    check("ApiKey", await story.get(f"/api-keys/{made['id']}"))
    me = await story.get("/auth/me")
    check("Me", me)
    check("ApiKey", me["key"])


async def test_environments(story: Story) -> None:
    check("Environment", await post(story.tenant.http, "/environments", {"name": "Shapes", "slug": "shapes"}))
    for one in await story.rows("/environments", "Environment"):
        check("Environment", await story.get(f"/environments/{one['id']}"))


async def test_webhooks_and_deliveries(story: Story) -> None:
    http = story.tenant.http
    hook = await post(http, "/webhooks", {"url": "https://example.com/hook"})
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
