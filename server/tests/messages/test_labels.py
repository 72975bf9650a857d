"""Labels: their grammar, the server's own, changes of one, many and whole threads, and what they tell."""

import asyncio

import pytest

from agentpost_server.core import ids
from agentpost_server.core.errors import Invalid
from agentpost_server.core.ids import encode
from agentpost_server.messages import check_labels
from agentpost_server.messages.labels import GUARDED
from harness import Tenant
from messages.added import message, new_inbox, stored
from messages.reading import events_of, fetch, listed, msg, outsiders, store_mail


@pytest.mark.parametrize(
    "good", ["a", "billing", "team:blue", "q3/2026", "x" * 64, "0", "a.b_c-d+e", "unread", "trash"]
)
def test_a_label_is_lower_case_and_short(good: str) -> None:
    assert check_labels([good, good]) == (good,)


@pytest.mark.parametrize("bad", ["", "A", "ä", "a b", "a,b", "-a", ":a", "x" * 65, "a\n", "a\x00", "<b>", "a;", "😀"])
def test_what_is_no_label_is_refused(bad: str) -> None:
    with pytest.raises(Invalid):
        check_labels([bad])


@pytest.mark.parametrize("label", sorted(GUARDED - {"unread"}))
async def test_the_servers_own_labels_are_not_set_or_removed_by_a_client(tenant: Tenant, label: str) -> None:
    one = await store_mail(tenant, await new_inbox(tenant), labels=tuple({"received", label}))
    for method in ("POST", "DELETE"):
        answer = await tenant.http.request(method, f"/messages/{msg(one)}/labels", json={"labels": ["ok", label]})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "guarded_label")
    assert (await tenant.http.get(f"/messages/{msg(one)}")).json()["labels"] == list(one.labels)


async def test_labels_come_and_go_by_body_or_query_and_are_told(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    one = await store_mail(tenant, inbox)
    path = f"/messages/{msg(one)}/labels"
    added = (await tenant.http.post(path, json={"labels": ["billing", "todo"]})).json()
    assert (added["id"], added["labels"]) == (msg(one), ["received", "unread", "billing", "todo"])
    again = (await tenant.http.post(path, params={"labels": "todo,urgent"})).json()
    assert again["labels"] == ["received", "unread", "billing", "todo", "urgent"]
    assert await listed(tenant.http, "/messages", labels="todo,urgent") == [msg(one)]
    gone = (await tenant.http.delete(path, params={"labels": "todo,unread"})).json()
    assert gone["labels"] == ["received", "billing", "urgent"]
    assert await listed(tenant.http, "/messages", labels="unread") == []
    both = (await tenant.http.request("DELETE", path, json={"labels": ["billing"]})).json()
    assert both["labels"] == ["received", "urgent"]
    back = (await tenant.http.post(path, json={"labels": ["unread"]})).json()
    assert back["labels"] == ["received", "urgent", "unread"]
    assert [(event["added"], event["removed"]) for event in await events_of(tenant, "message.labels_changed")] == [
        (["billing", "todo"], []),
        (["urgent"], []),
        ([], ["todo", "unread"]),
        ([], ["billing"]),
        (["unread"], []),
    ]
    assert (await events_of(tenant, "message.labels_changed"))[0] == {
        "message_id": msg(one),
        "thread_id": added["thread_id"],
        "inbox_id": encode("inb", inbox),
        "added": ["billing", "todo"],
        "removed": [],
    }


async def test_a_change_of_nothing_tells_nothing(tenant: Tenant) -> None:
    one = await store_mail(tenant, await new_inbox(tenant))
    for method, labels in (("POST", ["unread"]), ("DELETE", ["other"]), ("POST", []), ("DELETE", [])):
        answer = await tenant.http.request(method, f"/messages/{msg(one)}/labels", json={"labels": labels})
        assert answer.json()["labels"] == ["received", "unread"]
    assert await events_of(tenant, "message.labels_changed") == []


async def test_a_message_has_at_most_64_labels(tenant: Tenant) -> None:
    one = await store_mail(tenant, await new_inbox(tenant))
    path = f"/messages/{msg(one)}/labels"
    assert (await tenant.http.post(path, json={"labels": [f"l{n}" for n in range(62)]})).status_code == 200
    assert (await tenant.http.post(path, json={"labels": ["l62"]})).status_code == 422
    swap = {"ids": [msg(one)], "add": ["l62"], "remove": ["l0"]}
    assert (await tenant.http.post("/messages/batch-labels", json=swap)).status_code == 200
    assert (await tenant.http.post(path, json={"labels": [f"n{n}" for n in range(65)]})).status_code == 422


async def test_a_batch_is_all_or_nothing(tenant: Tenant, stranger: Tenant) -> None:
    inbox = await new_inbox(tenant)
    mine = [await store_mail(tenant, inbox) for _ in range(3)]
    theirs = await store_mail(stranger, await new_inbox(stranger))
    body = {"ids": [msg(one) for one in mine], "add": ["x"], "remove": ["unread"]}
    failed = await tenant.http.post("/messages/batch-labels", json={**body, "ids": [*body["ids"], msg(theirs)]})
    assert failed.status_code == 404
    assert await listed(tenant.http, "/messages", labels="x") == []
    done = (await tenant.http.post("/messages/batch-labels", json=body)).json()
    assert [(one["id"], one["labels"]) for one in done["data"]] == [(msg(one), ["received", "x"]) for one in mine]
    assert len(await events_of(tenant, "message.labels_changed")) == 3


async def test_an_idempotent_change_is_replayed(tenant: Tenant) -> None:
    one = await store_mail(tenant, await new_inbox(tenant))
    answers = [
        await tenant.http.post(
            f"/messages/{msg(one)}/labels", json={"labels": ["x"]}, headers={"Idempotency-Key": "once"}
        )
        for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["Idempotent-Replayed"] == "true"


async def test_parallel_changes_lose_nothing(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    first = message(tenant, inbox, "<p1@x>")
    second = message(tenant, inbox, "<p2@x>", in_reply_to=("<p1@x>",))
    added = await stored(tenant, first, second)
    assert added[0] is not None
    thread = encode("thr", added[0].thread_id)
    paths = [f"/messages/{msg(first)}/labels", f"/messages/{msg(second)}/labels", f"/threads/{thread}/labels"]
    answers = await asyncio.gather(*(tenant.http.post(paths[n % 3], json={"labels": [f"l{n:02}"]}) for n in range(18)))
    assert {one.status_code for one in answers} == {200}
    found = (await tenant.http.get(f"/threads/{thread}")).json()["labels"]
    assert found == sorted(["received", "unread", *(f"l{n:02}" for n in range(18))])


async def test_labels_on_a_thread_are_the_union_of_its_messages_labels(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    first = message(tenant, inbox, "<u1@x>", labels=("received", "unread"))
    second = message(tenant, inbox, "<u2@x>", in_reply_to=("<u1@x>",), labels=("received",))
    added = await stored(tenant, first, second)
    assert added[0] is not None
    path = f"/threads/{encode('thr', added[0].thread_id)}"
    assert (await tenant.http.post(f"{path}/labels", json={"labels": ["starred"]})).json()["labels"] == [
        "received",
        "starred",
        "unread",
    ]
    assert await listed(tenant.http, "/messages", labels="starred", ascending="true") == sorted(
        [msg(first), msg(second)]
    )
    await tenant.http.request("DELETE", f"/messages/{msg(first)}/labels", json={"labels": ["starred"]})
    assert "starred" in (await tenant.http.get(path)).json()["labels"]
    left = (await tenant.http.delete(f"{path}/labels", params={"labels": "starred,unread"})).json()
    assert left["labels"] == ["received"]
    assert "messages" not in left


async def test_the_list_of_labels_holds_each_in_use_once(tenant: Tenant) -> None:
    inbox, other = await new_inbox(tenant), await new_inbox(tenant)
    for _ in range(3):
        await store_mail(tenant, inbox, labels=("received", "unread", "zebra"))
    await store_mail(tenant, other, labels=("received", "aardvark"))

    async def names(**params: str) -> list[tuple[str, bool]]:
        found: list[tuple[str, bool]] = []
        query = {"limit": "2", **params}
        while True:
            page = (await tenant.http.get("/labels", params=query)).json()
            found += [(one["name"], one["guarded"]) for one in page["data"]]
            if page["next_page_token"] is None:
                return found
            query["page_token"] = page["next_page_token"]

    everything = [("aardvark", False), ("received", True), ("unread", True), ("zebra", False)]
    assert await names(ascending="true") == everything
    assert await names() == everything[::-1]
    assert await names(ascending="true", inbox_id=encode("inb", other)) == everything[:2]
    unknown = await tenant.http.get("/labels", params={"inbox_id": encode("inb", ids.new_id())})
    assert unknown.status_code == 404


async def test_h07_h08_nobody_else_sees_a_label(tenant: Tenant, stranger: Tenant) -> None:
    inbox = await new_inbox(tenant)
    await store_mail(tenant, inbox, labels=("received", "secret"))
    async with outsiders(tenant, stranger) as others:
        for http in others:
            assert (await http.get("/labels")).json()["data"] == []
            assert (await http.get("/labels", params={"inbox_id": encode("inb", inbox)})).status_code == 404


async def test_facets_and_label_lists_never_disagree(tenant: Tenant) -> None:
    one = await store_mail(tenant, await new_inbox(tenant))
    for add, remove in ((["a", "b"], []), (["c"], ["a"]), (["a"], ["a", "b"]), ([], ["unread", "c"])):
        body = {"ids": [msg(one)], "add": add, "remove": remove}
        labels = (await tenant.http.post("/messages/batch-labels", json=body)).json()["data"][0]["labels"]
        rows = await fetch(
            tenant, "SELECT facet FROM message_facets WHERE message_id = $1 AND facet LIKE 'label:%'", one.id
        )
        assert sorted(row["facet"] for row in rows) == sorted(f"label:{label}" for label in labels)
