"""Threads: their two orders, one with its messages, and deletion of messages and threads."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from agentpost_server.core import ids
from agentpost_server.core.ids import encode
from agentpost_server.mail.model import Address
from agentpost_server.messages.new import NewMessage
from harness import Tenant
from messages.added import message, new_inbox, stored
from messages.reading import events_of, fetch, listed, msg, outsiders, store_mail

_START = 1_700_000_000_000


async def _conversation(
    tenant: Tenant, inbox: UUID, name: str, moments: Sequence[int], labels: Sequence[tuple[str, ...]] | None = None
) -> tuple[str, list[NewMessage]]:
    """A thread whose messages came at the given seconds."""
    made = [
        message(
            tenant,
            inbox,
            f"<{name}-{n}@x>",
            id=ids.id_at(_START + moment * 1000),
            created_at=datetime.fromtimestamp(_START / 1000 + moment, UTC),
            in_reply_to=(f"<{name}-{n - 1}@x>",) if n else (),
            subject=name if n == 0 else f"Re: {name}",
            preview=f"{name} {n}",
            from_address=Address(f"{name}@x.org"),
            cc_addresses=(Address(f"{name}{n}@x.org"),),
            labels=labels[n] if labels else ("received",),
        )
        for n, moment in enumerate(moments)
    ]
    added = await stored(tenant, *made)
    assert added[0] is not None
    return encode("thr", added[0].thread_id), made


async def test_a_thread_has_the_shape_of_the_specification_and_its_messages_oldest_first(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    thread, made = await _conversation(tenant, inbox, "order", [0, 60])
    found = (await tenant.http.get(f"/threads/{thread}")).json()
    messages = found.pop("messages")
    assert [one["id"] for one in messages] == [msg(one) for one in made]
    assert found.pop("messages_next_page_token") is None
    assert found == {
        "id": thread,
        "environment_id": encode("env", tenant.organization.live_environment_id),
        "inbox_id": encode("inb", inbox),
        "subject": "order",
        "participants": [
            {"email": "order@x.org", "name": None},
            {"email": "us@agentpost.test", "name": None},
            {"email": "order0@x.org", "name": None},
            {"email": "order1@x.org", "name": None},
        ],
        "message_count": 2,
        "last_message_id": msg(made[1]),
        "last_message_at": "2023-11-14T22:14:20.000Z",
        "labels": ["received"],
        "preview": "order 1",
        "direction": "inbound",
        "trust": "unverified",
        "authentication": None,
        "flags": [],
        "has_attachments": False,
        "created_at": found["created_at"],
    }
    assert (await tenant.http.get("/threads")).json()["data"] == [found]


async def test_threads_stand_by_last_activity_not_by_birth(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    old, _ = await _conversation(tenant, inbox, "old", [0, 900])
    middle, _ = await _conversation(tenant, inbox, "middle", [100])
    young, _ = await _conversation(tenant, inbox, "young", [200, 300])
    same = [(await _conversation(tenant, inbox, f"same{n}", [500]))[0] for n in range(3)]
    expected = [old, *sorted(same, reverse=True), young, middle]
    for path in ("/threads", f"/inboxes/{encode('inb', inbox)}/threads"):
        assert await listed(tenant.http, path) == expected
        assert await listed(tenant.http, path, ascending="true") == expected[::-1]


async def test_a_labelled_list_stands_by_the_newest_message_that_has_the_label(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    todo, plain = ("received", "todo"), ("received",)
    first, _ = await _conversation(tenant, inbox, "first", [0, 10, 900], [todo, todo, plain])
    second, _ = await _conversation(tenant, inbox, "second", [5, 300], [plain, todo])
    third, _ = await _conversation(tenant, inbox, "third", [20, 30, 40], [todo, todo, todo])
    await _conversation(tenant, inbox, "without", [950])
    both, _ = await _conversation(tenant, inbox, "both", [400, 500], [("received", "todo", "vip"), plain])
    expected = [both, second, third, first]
    for path in ("/threads", f"/inboxes/{encode('inb', inbox)}/threads"):
        assert await listed(tenant.http, path, labels="todo") == expected
        assert await listed(tenant.http, path, labels="todo", ascending="true") == expected[::-1]
        assert await listed(tenant.http, path, labels="todo,vip") == [both]
        assert await listed(tenant.http, path, labels="received,todo") == expected
        assert await listed(tenant.http, path, labels="nobody") == []


async def test_the_messages_of_a_long_thread_go_on_behind_the_first_fifty(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    thread, made = await _conversation(tenant, inbox, "long", range(53))
    found = (await tenant.http.get(f"/threads/{thread}")).json()
    assert [one["id"] for one in found["messages"]] == [msg(one) for one in made[:50]]
    rest = await tenant.http.get(
        f"/threads/{thread}/messages", params={"ascending": "true", "page_token": found["messages_next_page_token"]}
    )
    assert [one["id"] for one in rest.json()["data"]] == [msg(one) for one in made[50:]]
    assert await listed(tenant.http, f"/threads/{thread}/messages") == [msg(one) for one in made[::-1]]


async def test_deleting_a_message_tells_the_thread_again(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    labels = [("received", "a"), ("received", "b"), ("received", "unread")]
    thread, made = await _conversation(tenant, inbox, "short", [0, 60, 120], labels)
    assert (await tenant.http.delete(f"/messages/{msg(made[2])}")).status_code == 204
    found = (await tenant.http.get(f"/threads/{thread}")).json()
    assert (found["message_count"], found["last_message_id"], found["preview"]) == (2, msg(made[1]), "short 1")
    assert found["last_message_at"] == "2023-11-14T22:14:20.000Z"
    assert found["labels"] == ["a", "b", "received"]
    people = ["short@x.org", "us@agentpost.test", "short0@x.org", "short1@x.org"]
    assert [one["email"] for one in found["participants"]] == people
    assert (await tenant.http.get(f"/messages/{msg(made[2])}")).status_code == 404
    assert (await tenant.http.delete(f"/messages/{msg(made[2])}")).status_code == 404
    assert (await events_of(tenant, "message.deleted")) == [
        {"message_id": msg(made[2]), "thread_id": thread, "inbox_id": encode("inb", inbox)}
    ]
    # A late answer to what was deleted still finds its conversation.
    late = message(tenant, inbox, "<late@x>", in_reply_to=("<short-2@x>",))
    [added] = await stored(tenant, late)
    assert added is not None
    assert encode("thr", added.thread_id) == thread


async def test_a_thread_without_messages_goes_and_nothing_is_left(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    one = await store_mail(tenant, inbox)
    [row] = await fetch(tenant, "SELECT thread_id FROM messages WHERE id = $1", one.id)
    assert (await tenant.http.delete(f"/messages/{msg(one)}")).status_code == 204
    assert (await tenant.http.get(f"/threads/{encode('thr', row['thread_id'])}")).status_code == 404
    for table in ("messages", "message_contents", "message_facets", "threads", "thread_references", "blobs"):
        assert await fetch(tenant, f"SELECT FROM {table}") == [], table


async def test_deleting_a_thread_takes_all_its_messages_and_tells_of_each(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    thread, made = await _conversation(tenant, inbox, "whole", [0, 1, 2])
    kept, _ = await _conversation(tenant, inbox, "kept", [3])
    assert (await tenant.http.delete(f"/threads/{thread}")).status_code == 204
    assert (await tenant.http.delete(f"/threads/{thread}")).status_code == 404
    assert await listed(tenant.http, "/threads") == [kept]
    told = {event["message_id"] for event in await events_of(tenant, "message.deleted")}
    assert told == {msg(one) for one in made}


async def test_h70_mail_on_its_way_out_is_not_deleted(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    for status in ("scheduled", "pending_approval", "queued", "sending"):
        one = await store_mail(tenant, inbox, direction="outbound", status=status, labels=("sent",), trust="internal")
        answer = await tenant.http.delete(f"/messages/{msg(one)}")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        thread = (await tenant.http.get(f"/messages/{msg(one)}")).json()["thread_id"]
        assert (await tenant.http.delete(f"/threads/{thread}")).status_code == 409
    retried = await store_mail(tenant, inbox, direction="outbound", status="sent", labels=("sent",), trust="internal")
    organization_id = retried.scope.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        await tx.run(
            """INSERT INTO transmissions (organization_id, id, environment_id, inbox_id, message_id, transport, domain,
                 mail_from, recipients, due_at) VALUES ($1, $2, $3, $4, $5, 'none', 'x.org', 'a@b', '{c@d}', $6)""",
            organization_id,
            ids.new_id(),
            retried.scope.environment_id,
            inbox,
            retried.id,
            datetime.now(UTC) + timedelta(days=1),
        )
    assert (await tenant.http.delete(f"/messages/{msg(retried)}")).status_code == 409
    async with tenant.server.database.transaction(organization_id) as tx:
        await tx.run("UPDATE transmissions SET due_at = NULL WHERE message_id = $1", retried.id)
    assert (await tenant.http.delete(f"/messages/{msg(retried)}")).status_code == 204


async def test_mail_that_joins_while_its_thread_is_deleted_is_not_lost(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    for n in range(8):
        thread, _ = await _conversation(tenant, inbox, f"race{n}", [n])
        late = message(tenant, inbox, f"<race-late{n}@x>", in_reply_to=(f"<race{n}-0@x>",))
        deleted, added = await asyncio.gather(tenant.http.delete(f"/threads/{thread}"), stored(tenant, late))
        assert deleted.status_code in (204, 404)
        assert added[0] is not None
        answer = await tenant.http.get(f"/messages/{msg(late)}")
        if answer.status_code == 200:
            assert (await tenant.http.get(f"/threads/{answer.json()['thread_id']}")).json()["message_count"] == 1
        else:
            assert msg(late) in {event["message_id"] for event in await events_of(tenant, "message.deleted")}


async def test_h07_h08_nobody_else_sees_a_thread(tenant: Tenant, stranger: Tenant) -> None:
    inbox = await new_inbox(tenant)
    thread, _ = await _conversation(tenant, inbox, "mine", [0])
    async with outsiders(tenant, stranger) as others:
        for http in others:
            foreign = (await http.get(f"/threads/{thread}")).json()
            unknown = (await http.get(f"/threads/{encode('thr', ids.new_id())}")).json()
            assert foreign.pop("request_id") != unknown.pop("request_id")
            assert foreign == unknown
            for method, tail in (("GET", "/messages"), ("DELETE", ""), ("POST", "/labels"), ("DELETE", "/labels")):
                body = {"labels": ["x"]} if tail == "/labels" else None
                assert (await http.request(method, f"/threads/{thread}{tail}", json=body)).status_code == 404
            assert (await http.get(f"/inboxes/{encode('inb', inbox)}/threads")).status_code == 404
            assert await listed(http, "/threads") == []
            assert await listed(http, "/threads", labels="received") == []
    assert await listed(tenant.http, "/threads") == [thread]
