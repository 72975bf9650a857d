"""Lists of messages: order, pages, filters, shapes, and whose they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

from agentpost_server.core import ids
from agentpost_server.core.ids import encode
from agentpost_server.mail.model import Address
from agentpost_server.messages.new import NewAttachment
from harness import Tenant, client
from messages.added import message, new_inbox, stored
from messages.reading import listed, msg, outsiders, store_mail


def _file(**fields: Any) -> NewAttachment:
    return NewAttachment(
        **{
            "id": ids.new_id(),
            "filename": "a.png",
            "mime_type": "image/png",
            "declared_mime_type": None,
            "size": 3,
            "sha256": "00" * 32,
            "disposition": "attachment",
            "content": b"pdf",
            **fields,
        }
    )


async def test_a_message_has_exactly_the_shape_of_the_specification(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    one = await store_mail(
        tenant,
        inbox,
        header="<1@x>",
        references=("<0@x>",),
        in_reply_to=("<0@x>",),
        headers=(("X-A", "1"), ("X-A", "2")),
        extracted_text="Words",
        envelope={
            "mail_from": "a@b",
            "rcpt_to": ["c@d"],
            "source": "smtp",
            "tls": True,
            "_trace": {"protocol": "ESMTPS"},
        },
        authentication={"spf": "pass", "dkim": "none", "dmarc": "none", "arc": "none", "aligned_domain": None},
        attachments=(_file(content_id="x@y"),),
        received_at=datetime(2026, 1, 2, 3, 4, 5, 678900, UTC),
    )
    whole = (await tenant.http.get(f"/messages/{msg(one)}")).json()
    attachment = whole["attachments"][0]
    assert attachment == {
        "id": encode("att", one.attachments[0].id),
        "message_id": msg(one),
        "filename": "a.png",
        "mime_type": "image/png",
        "declared_mime_type": None,
        "size": 3,
        "sha256": "00" * 32,
        "disposition": "attachment",
        "content_id": "x@y",
        "flags": [],
        "text_status": "none",
    }
    expected = {
        "id": msg(one),
        "environment_id": encode("env", tenant.organization.live_environment_id),
        "inbox_id": encode("inb", inbox),
        "thread_id": whole["thread_id"],
        "direction": "inbound",
        "status": "received",
        "message_id_header": "<1@x>",
        "wire_message_ids": [],
        "in_reply_to": "<0@x>",
        "references": ["<0@x>"],
        "subject": "Hello",
        "from_address": {"email": "ann@example.com", "name": "Ann"},
        "to_addresses": [{"email": "us@agentpost.test", "name": None}],
        "cc_addresses": [],
        "bcc_addresses": [],
        "reply_to_addresses": [],
        "preview": "",
        "labels": ["received", "unread"],
        "has_attachments": True,
        "attachments": [attachment],
        "size": 100,
        "envelope": {
            "mail_from": "a@b",
            "rcpt_to": ["c@d"],
            "source": "smtp",
            "client_ip": None,
            "helo": None,
            "tls": True,
        },
        "recipients": [],
        "authentication": {
            "spf": "pass",
            "dkim": "none",
            "dmarc": "none",
            "arc": "none",
            "aligned_domain": None,
            "author_domain": None,
            "dkim_domain": None,
            "policy": None,
            "arc_sealer": None,
            "checked_by": None,
        },
        "trust": "unverified",
        "flags": [],
        "parse_status": "ok",
        "loop_class": "none",
        "spam_score": None,
        "screening": None,
        "hold": None,
        "based_on": [],
        "send_at": None,
        "created_at": whole["created_at"],
        "sent_at": None,
        "received_at": "2026-01-02T03:04:05.678Z",
    }
    texts = {
        "text_body": "Words",
        "html_body": None,
        "markdown_body": "Words",
        "extracted_text": "Words",
        "extracted_html": None,
        "headers": [{"name": "X-A", "value": "1"}, {"name": "X-A", "value": "2"}],
    }
    assert whole == {**expected, **texts}
    [row] = (await tenant.http.get(f"/inboxes/{encode('inb', inbox)}/messages")).json()["data"]
    assert row == expected


async def test_pages_hold_every_message_once_in_both_directions(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    made = [msg(await store_mail(tenant, inbox)) for _ in range(5)]
    for path in ("/messages", f"/inboxes/{encode('inb', inbox)}/messages"):
        assert await listed(tenant.http, path) == made[::-1]
        assert await listed(tenant.http, path, ascending="true") == made


async def test_every_filter_keeps_what_it_says_and_filters_are_joined_by_and(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    old = await store_mail(
        tenant, inbox, id=ids.id_at(1_700_000_000_000), subject="Invoice number one", labels=("received", "billing")
    )
    new = await store_mail(
        tenant,
        inbox,
        subject="Reminder",
        from_address=Address("Bob@Example.com"),
        to_addresses=(Address("us@agentpost.test"), Address("eve@x.org")),
        attachments=(_file(),),
    )
    sent = await store_mail(
        tenant, inbox, direction="outbound", status="queued", labels=("sent",), trust="internal",
        bcc_addresses=(Address("secret@x.org"),),
    )  # fmt: skip
    moment = datetime.fromtimestamp(1_700_000_000, UTC)
    cases: list[tuple[dict[str, Any], list[Any]]] = [
        ({"labels": "received"}, [new, old]),
        ({"labels": "received,billing"}, [old]),
        ({"labels": ["billing", "received"]}, [old]),
        ({"labels": "nobody-has-it"}, []),
        ({"from_": "bob@EXAMPLE.com"}, [new]),
        ({"from_": "ann@example.com"}, [sent, old]),
        ({"to": "eve@x.org"}, [new]),
        ({"to": "secret@x.org"}, [sent]),
        ({"to": "us@agentpost.test", "from_": "bob@example.com"}, [new]),
        ({"subject": "invo"}, [old]),
        ({"subject": "number invoice"}, [old]),
        ({"subject": '"invoice number"', "labels": "billing", "direction": "inbound"}, [old]),
        ({"subject": "invoice", "labels": "unread"}, []),
        ({"subject": "words"}, []),
        ({"direction": "inbound"}, [new, old]),
        ({"direction": "outbound"}, [sent]),
        ({"status": "queued"}, [sent]),
        ({"status": "received"}, [new, old]),
        ({"status": "failed"}, []),
        ({"has_attachments": "true"}, [new]),
        ({"has_attachments": "false"}, [sent, old]),
        ({"has_attachments": "false", "labels": "received"}, [old]),
        ({"before": moment.isoformat()}, []),
        ({"before": (moment + timedelta(milliseconds=1)).isoformat()}, [old]),
        ({"after": moment.isoformat()}, [sent, new, old]),
        ({"after": (moment + timedelta(milliseconds=1)).isoformat()}, [sent, new]),
        ({"after": "2023-01-01T00:00:00Z", "before": "2024-01-01T00:00:00Z", "from_": "ann@example.com"}, [old]),
    ]
    for path in ("/messages", f"/inboxes/{encode('inb', inbox)}/messages"):
        for params, expected in cases:
            assert await listed(tenant.http, path, **params) == [msg(one) for one in expected], params
            backwards = await listed(tenant.http, path, ascending="true", **params)
            assert backwards == [msg(one) for one in reversed(expected)], params


async def test_the_thread_filter_keeps_one_thread(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    first = message(tenant, inbox, "<t1@x>", id=ids.id_at(1_700_000_000_000))
    second = message(tenant, inbox, "<t2@x>", in_reply_to=("<t1@x>",), labels=("received",))
    alone = message(tenant, inbox, "<t3@x>")
    added = await stored(tenant, first, second, alone)
    assert added[0] is not None
    thread = encode("thr", added[0].thread_id)
    assert await listed(tenant.http, "/messages", thread=thread) == [msg(second), msg(first)]
    assert await listed(tenant.http, "/messages", thread=thread, labels="unread") == [msg(first)]
    assert await listed(tenant.http, "/messages", thread=thread, subject="hello") == [msg(second), msg(first)]
    assert await listed(tenant.http, "/messages", thread=encode("thr", ids.new_id())) == []


async def test_what_no_filter_can_mean_is_refused(tenant: Tenant) -> None:
    for params in (
        {"labels": "No"},
        {"status": "gone"},
        {"direction": "up"},
        {"before": "yesterday"},
        {"before": "2026-01-01T00:00:00"},
        {"has_attachments": "maybe"},
        {"limit": "101"},
        {"subject": " ".join("w" * 33)},
    ):
        answer = await tenant.http.get("/messages", params=params)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), params
    for params in (
        {"from": "%00"},
        {"from": "no address"},
        {"after": "9999-12-31T23:59:59Z"},
        {"subject": "''\\:*&|!()<->"},
    ):
        answer = await tenant.http.get("/messages", params=params)
        assert (answer.status_code, answer.json()["data"]) == (200, []), params


async def test_a_token_of_other_filters_is_refused(tenant: Tenant, stranger: Tenant) -> None:
    inbox = await new_inbox(tenant)
    for _ in range(3):
        await store_mail(tenant, inbox)
    token = (await tenant.http.get("/messages", params={"limit": 1})).json()["next_page_token"]
    for http, path, params in (
        (tenant.http, "/messages", {"labels": "unread"}),
        (tenant.http, f"/inboxes/{encode('inb', inbox)}/messages", {}),
        (tenant.http, "/threads", {}),
        (tenant.sandbox, "/messages", {}),
        (stranger.http, "/messages", {}),
    ):
        answer = await http.get(path, params={**params, "page_token": token})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_page_token")


async def test_batch_get_answers_what_is_there_in_the_order_asked(tenant: Tenant, stranger: Tenant) -> None:
    inbox = await new_inbox(tenant)
    one, two = await store_mail(tenant, inbox), await store_mail(tenant, inbox)
    theirs = await store_mail(stranger, await new_inbox(stranger))
    asked = [msg(two), "msg_nonsense", msg(theirs), msg(one), msg(two).lower()]
    answer = (await tenant.http.post("/messages/batch-get", json={"ids": asked})).json()
    assert [row["id"] for row in answer["data"]] == [msg(two), msg(one)]
    assert answer["next_page_token"] is None
    assert "text_body" not in answer["data"][0]
    for bad in ({"ids": []}, {"ids": ["msg_x"] * 101}, {}, {"ids": [1]}, {"ids": [], "x": 1}):
        assert (await tenant.http.post("/messages/batch-get", json=bad)).status_code == 422


async def test_h07_h08_nobody_else_sees_a_message(tenant: Tenant, stranger: Tenant) -> None:
    inbox = await new_inbox(tenant)
    one = await store_mail(tenant, inbox, subject="secret")
    path = f"/messages/{msg(one)}"
    async with outsiders(tenant, stranger) as others:
        for http in others:
            foreign = (await http.get(path)).json()
            unknown = (await http.get(f"/messages/{encode('msg', ids.new_id())}")).json()
            assert foreign.pop("request_id") != unknown.pop("request_id")
            assert foreign == unknown
            assert foreign["status"] == 404
            for method, tail in (("DELETE", ""), ("GET", "/raw"), ("POST", "/labels"), ("DELETE", "/labels")):
                answer = await http.request(method, path + tail, json={"labels": ["x"]} if "labels" in tail else None)
                assert answer.status_code == 404, (method, tail)
            assert (await http.get(f"/inboxes/{encode('inb', inbox)}/messages")).status_code == 404
            body = {"ids": [msg(one)], "add": ["x"]}
            assert (await http.post("/messages/batch-labels", json=body)).status_code == 404
            assert (await http.post("/messages/batch-get", json={"ids": [msg(one)]})).json()["data"] == []
            for query in ({}, {"labels": "unread"}, {"subject": "secret"}, {"thread": await _thread(tenant, path)}):
                assert await listed(http, "/messages", **query) == []
    assert (await tenant.http.get(path)).json()["labels"] == ["received", "unread"]


async def _thread(tenant: Tenant, path: str) -> str:
    return (await tenant.http.get(path)).json()["thread_id"]


async def test_h08_a_key_of_two_inboxes_lists_both_in_one_order(tenant: Tenant) -> None:
    inboxes = [await new_inbox(tenant) for _ in range(3)]
    made = [await store_mail(tenant, inboxes[n % 3], subject="several words") for n in range(9)]
    wanted = [msg(one) for one in reversed(made) if one.inbox_id != inboxes[2]]
    body = {"name": "two", "scopes": ["*"], "inbox_ids": [encode("inb", one) for one in inboxes[:2]]}
    key = (await tenant.http.post("/api-keys", json=body)).json()["key"]
    async with client(tenant.server, key) as http:
        for params in ({}, {"labels": "unread"}, {"subject": "several"}, {"labels": "unread,received"}):
            assert await listed(http, "/messages", **params) == wanted
        assert (await http.get(f"/inboxes/{encode('inb', inboxes[2])}/messages")).status_code == 404


async def test_a_deleted_inbox_takes_its_mail_out_of_every_list_at_once(tenant: Tenant) -> None:
    gone, kept = await new_inbox(tenant), await new_inbox(tenant)
    lost = await store_mail(tenant, gone, subject="parting words", labels=("received", "unread", "farewell"))
    here = await store_mail(tenant, kept, subject="parting words")
    thread = await _thread(tenant, f"/messages/{msg(lost)}")
    assert (await tenant.http.delete(f"/inboxes/{encode('inb', gone)}")).status_code == 204
    for params in ({}, {"labels": "unread"}, {"subject": "parting"}, {"has_attachments": "false"}):
        assert await listed(tenant.http, "/messages", **params) == [msg(here)]
    assert (await tenant.http.get(f"/messages/{msg(lost)}")).status_code == 404
    assert (await tenant.http.get(f"/messages/{msg(lost)}/raw")).status_code == 404
    assert (await tenant.http.get(f"/threads/{thread}")).status_code == 404
    assert thread not in await listed(tenant.http, "/threads")
    assert thread not in await listed(tenant.http, "/threads", labels="unread")
    assert len((await tenant.http.get("/search", params={"q": "parting"})).json()["data"]) == 1
    labels = (await tenant.http.get("/labels", params={"ascending": "true"})).json()["data"]
    assert [one["name"] for one in labels] == ["received", "unread"]
    assert (await tenant.http.get(f"/inboxes/{encode('inb', gone)}/messages")).status_code == 404


async def test_an_empty_inbox_is_an_empty_list_and_an_unknown_one_is_not_found(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    for noun in ("messages", "threads"):
        assert await listed(tenant.http, f"/inboxes/{encode('inb', inbox)}/{noun}") == []
        for unknown in (encode("inb", ids.new_id()), "inb_x", "msg_01JQ8XK3B2M4N6P8R0S2T4V6W8", "..%2f"):
            assert (await tenant.http.get(f"/inboxes/{unknown}/{noun}")).status_code in (400, 404)
