"""Drafts by the API: made, found, changed, deleted; every change a revision; and who may do what."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drafts.drafting import ANN, change, draft, revisions, send_draft, told
from harness import Tenant, client
from outbound.sending import inbox, send, settled, until


async def test_a_draft_is_all_that_was_written(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await draft(
        tenant.http,
        agent["id"],
        to=["Ann <ann@b.example>", {"email": "bob@b.example"}],
        cc=["c@b.example"],
        bcc=["d@b.example"],
        reply_to=["r@b.example"],
        subject="Hello",
        text_body="Hi.",
        html_body="<p>Hi.</p>",
        headers={"X-Ticket": "7"},
        labels=["billing"],
        unattended=True,
        client_id="first",
    )
    assert made["to_addresses"] == [{"email": "ann@b.example", "name": "Ann"}, {"email": "bob@b.example", "name": None}]
    assert [one["email"] for one in made["bcc_addresses"]] == ["d@b.example"]
    assert (made["status"], made["revision"], made["send_at"], made["failure"]) == ("open", 1, None, None)
    assert (made["labels"], made["headers"], made["unattended"]) == (["billing"], {"X-Ticket": "7"}, True)
    assert made["created_by"]["type"] == "key"
    assert (await tenant.http.get(f"/drafts/{made['id']}")).json() == made
    assert (await tenant.http.get(f"/inboxes/{agent['id']}/drafts")).json()["data"] == [made]
    assert [kind for kind, _ in await told(tenant)] == ["draft.created"]


async def test_an_empty_draft_is_a_draft_and_cannot_be_sent(tenant: Tenant) -> None:
    made = await draft(tenant.http, (await inbox(tenant.http))["id"])
    refused = await send_draft(tenant.http, made, 422)
    assert refused["errors"][0]["field"] == "to"
    assert (await tenant.http.get(f"/drafts/{made['id']}")).json() == made


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("to", ["nobody"]),
        ("headers", {"Bcc": "x@y.example"}),
        ("labels", ["sent"]),
        ("send_at", "2020-01-01T00:00:00Z"),
        ("send_at", "9999-01-01T00:00:00Z"),
        ("subject", "a\nb"),
        ("in_reply_to", "nonsense"),
        ("in_reply_to", "msg_00000000000000000000000000"),
        ("based_on", ["msg_00000000000000000000000000"]),
        ("attachments", [{"content": "!", "filename": "a"}]),
        ("attachments", [{"key": "att_00000000000000000000000000"}]),
        ("revision", 0),
    ],
)
async def test_what_a_send_would_refuse_for_its_form_no_draft_takes(tenant: Tenant, field: str, value: Any) -> None:
    agent = await inbox(tenant.http)
    kept = await draft(tenant.http, agent["id"], **ANN)
    answers = [await change(tenant.http, kept, 422, **{field: value})]
    if field != "revision":
        answers.append(await draft(tenant.http, agent["id"], 422, **{field: value}))
    for answer in answers:
        assert answer["errors"][0]["field"].startswith(field), answer
    assert (await tenant.http.get(f"/inboxes/{agent['id']}/drafts")).json()["data"] == [kept]


async def test_a_client_id_names_one_draft_until_it_is_gone(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    both = await asyncio.gather(
        *(tenant.http.post(f"/inboxes/{agent['id']}/drafts", json={**ANN, "client_id": "x"}) for _ in range(8))
    )
    assert sorted(one.status_code for one in both) == [200] * 7 + [201]
    assert len({one.json()["id"] for one in both}) == 1
    first = both[0].json()
    assert (await draft(tenant.http, agent["id"], 200, client_id="x", subject="other"))["subject"] == "Your order"
    await tenant.http.delete(f"/drafts/{first['id']}")
    assert (await draft(tenant.http, agent["id"], client_id="x"))["id"] != first["id"]


async def test_absent_stays_and_null_clears(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await draft(
        tenant.http, agent["id"], **ANN, cc=["c@b.example"], html_body="<p>x</p>", headers={"X-A": "1"}, labels=["a"]
    )
    same = await change(tenant.http, made)
    assert same == made
    after = await change(tenant.http, made, subject="New")
    assert {**after, "subject": "", "updated_at": "", "revision": 0} == {
        **made, "subject": "", "updated_at": "", "revision": 0,
    }  # fmt: skip
    cleared = await change(
        tenant.http, made, to=None, cc=None, subject=None, text_body=None, html_body=None, headers=None, labels=None
    )
    blank = await draft(tenant.http, agent["id"])
    names = ("to_addresses", "cc_addresses", "subject", "text_body", "html_body", "headers", "labels")
    assert [cleared[one] for one in names] == [blank[one] for one in names] == [[], [], "", None, None, {}, []]
    assert cleared["revision"] == 3


async def test_every_revision_is_kept_with_its_author_and_what_changed(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await draft(tenant.http, agent["id"], **ANN)
    given = await tenant.http.post("/api-keys", json={"name": "editor", "scopes": ["drafts:read", "drafts:write"]})
    async with client(tenant.server, given.json()["key"]) as editor:
        await change(editor, made, subject="Second", to=["bob@b.example"])
        await change(editor, made, subject="Second")  # nothing differs: no revision
    last = await change(tenant.http, made, attachments=[{"content": "aGVsbG8=", "filename": "a.txt"}])
    kept = await revisions(tenant.http, made)
    assert [(one["revision"], one["changed"], one["author"]["name"]) for one in kept] == [
        (1, [], made["created_by"]["name"]),
        (2, ["to_addresses", "subject"], "editor"),
        (3, ["attachments_meta"], made["created_by"]["name"]),
    ]
    assert [one["subject"] for one in kept] == ["Your order", "Second", "Second"]
    assert [len(one["attachments_meta"]) for one in kept] == [0, 0, 1]
    # Comparable: what is not named as changed is the same.
    fields = [one for one in kept[0] if one not in ("revision", "changed", "author", "created_at")]
    for before, after in itertools.pairwise(kept):
        assert [one for one in fields if before[one] != after[one]] == [
            one for one in fields if one in after["changed"]
        ]
    assert last["revision"] == 3
    assert [data["revision"] for kind, data in await told(tenant) if kind == "draft.updated"] == [2, 3]


async def test_another_revision_is_a_conflict_and_changes_nothing(tenant: Tenant) -> None:
    made = await draft(tenant.http, (await inbox(tenant.http))["id"], **ANN)
    await change(tenant.http, made, revision=1, subject="Two")
    refused = await change(tenant.http, made, 409, revision=1, subject="Three")
    assert refused["code"] == "revision_conflict"
    assert (await send_draft(tenant.http, made, 409, revision=1))["code"] == "revision_conflict"
    assert (await tenant.http.get(f"/drafts/{made['id']}")).json()["subject"] == "Two"
    assert (await send_draft(tenant.http, made, revision=2))["subject"] == "Two"


async def test_of_many_who_read_one_revision_one_may_change_it(tenant: Tenant) -> None:
    made = await draft(tenant.http, (await inbox(tenant.http))["id"], **ANN)
    path = f"/drafts/{made['id']}"
    raced = await asyncio.gather(
        *(tenant.http.patch(path, json={"revision": 1, "subject": f"by {n}"}) for n in range(10))
    )
    assert sorted(one.status_code for one in raced) == [200] + [409] * 9
    merged = await asyncio.gather(
        *(tenant.http.patch(path, json={"headers": None, "text_body": f"by {n}"}) for n in range(10))
    )
    assert {one.status_code for one in merged} == {200}
    assert [one["revision"] for one in await revisions(tenant.http, made)] == list(range(1, 13))


async def test_lists_have_pages_and_cut_them_before_they_are_too_heavy(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = [(await draft(tenant.http, agent["id"], subject=str(n)))["id"] for n in range(5)]
    heavy = [(await draft(tenant.http, agent["id"], text_body="x" * 4_000_000))["id"] for _ in range(3)]
    seen: list[str] = []
    sizes: list[int] = []
    query = "limit=4"
    while True:
        page = (await tenant.http.get(f"/inboxes/{agent['id']}/drafts?{query}")).json()
        seen += [one["id"] for one in page["data"]]
        sizes.append(len(page["data"]))
        if page["next_page_token"] is None:
            break
        query = f"limit=4&page_token={page['next_page_token']}"
    assert seen == [*reversed(heavy), *reversed(made)]
    assert sizes == [2, 4, 2]
    one = (await tenant.http.get(f"/drafts/{heavy[0]}")).json()
    for n in range(3):
        await change(tenant.http, one, subject=str(n))
    page = (await tenant.http.get(f"/drafts/{heavy[0]}/revisions?ascending=true")).json()
    assert [each["revision"] for each in page["data"]] == [1, 2]
    rest = await tenant.http.get(f"/drafts/{heavy[0]}/revisions?ascending=true&page_token={page['next_page_token']}")
    assert [each["revision"] for each in rest.json()["data"]] == [3, 4]


async def test_a_draft_that_could_never_be_sent_for_its_size_is_not_kept(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    assert (await draft(tenant.http, agent["id"], 413, text_body="x" * 11_000_000))["code"] == "message_too_large"
    made = await draft(tenant.http, agent["id"], text_body="x" * 6_000_000)
    assert (await change(tenant.http, made, 413, html_body="x" * 6_000_000))["code"] == "message_too_large"


async def test_an_answer_takes_over_whom_and_what_it_answers(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    sent = await send(tenant.http, agent["id"], to=["support@sandbox.test"], subject="Parcel")
    arrived = await until(
        tenant.http, f"/inboxes/{agent['id']}/messages?direction=inbound", lambda page: len(page["data"]) == 1
    )
    original = arrived["data"][0]
    made = await draft(tenant.http, agent["id"], in_reply_to=original["id"], text_body="SO-1042")
    assert (made["thread_id"], made["in_reply_to"]) == (sent["thread_id"], original["message_id_header"])
    assert [one["email"] for one in made["to_addresses"]] == ["support@sandbox.test"]
    assert made["subject"] == "Re: Parcel"
    by_header = await draft(
        tenant.http, agent["id"], in_reply_to=original["message_id_header"], to=["x@sandbox.test"], subject="Else"
    )
    assert (by_header["thread_id"], by_header["subject"]) == (sent["thread_id"], "Else")
    assert [one["email"] for one in by_header["to_addresses"]] == ["x@sandbox.test"]
    answer = await send_draft(tenant.http, made)
    assert (answer["thread_id"], answer["in_reply_to"]) == (sent["thread_id"], original["message_id_header"])
    assert original["message_id_header"] in answer["references"]
    loose = await change(tenant.http, by_header, in_reply_to=None)
    assert (loose["thread_id"], loose["in_reply_to"]) == (None, None)
    unknown = await change(tenant.http, by_header, in_reply_to="<elsewhere@b.example>")
    assert (unknown["thread_id"], unknown["in_reply_to"]) == (None, "<elsewhere@b.example>")


async def test_a_message_of_another_inbox_is_not_answered_from_here(tenant: Tenant) -> None:
    agent, other = await inbox(tenant.http), await inbox(tenant.http, "other")
    elsewhere = await send(tenant.http, other["id"], to=["delivered@sandbox.test"])
    refused = await draft(tenant.http, agent["id"], 422, in_reply_to=elsewhere["id"])
    assert refused["errors"][0] == {
        "field": "in_reply_to",
        "message": "names no message of this inbox",
        "code": "not_found",
    }


async def test_deleted_it_is_gone_for_everybody(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await draft(tenant.http, agent["id"], **ANN)
    assert (await tenant.http.delete(f"/drafts/{made['id']}")).status_code == 204
    for answer in (
        await tenant.http.get(f"/drafts/{made['id']}"),
        await tenant.http.get(f"/drafts/{made['id']}/revisions"),
        await tenant.http.patch(f"/drafts/{made['id']}", json={"subject": "x"}),
        await tenant.http.post(f"/drafts/{made['id']}/send", json={}),
        await tenant.http.delete(f"/drafts/{made['id']}"),
    ):
        assert answer.status_code == 404, answer.text
    assert [kind for kind, _ in await told(tenant)] == ["draft.created", "draft.deleted"]


async def test_with_its_inbox_a_draft_is_gone_too(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await draft(tenant.http, agent["id"], **ANN)
    assert (await tenant.http.delete(f"/inboxes/{agent['id']}")).status_code == 204
    for path in (f"/drafts/{made['id']}", f"/drafts/{made['id']}/revisions", f"/inboxes/{agent['id']}/drafts"):
        assert (await tenant.http.get(path)).status_code == 404, path


async def test_a_key_of_one_inbox_sees_that_ones_drafts_only(tenant: Tenant) -> None:
    """H-08."""
    mine, other = await inbox(tenant.http), await inbox(tenant.http, "other")
    theirs = await draft(tenant.http, other["id"], **ANN, client_id="taken")
    key = await tenant.http.post("/api-keys", json={"name": "one", "scopes": ["*"], "inbox_ids": [mine["id"]]})
    async with client(tenant.server, key.json()["key"]) as http:
        for method, path, body in (
            ("GET", f"/drafts/{theirs['id']}", None),
            ("GET", f"/drafts/{theirs['id']}/revisions", None),
            ("PATCH", f"/drafts/{theirs['id']}", {}),
            ("DELETE", f"/drafts/{theirs['id']}", None),
            ("POST", f"/drafts/{theirs['id']}/send", {}),
            ("GET", f"/inboxes/{other['id']}/drafts", None),
            ("POST", f"/inboxes/{other['id']}/drafts", {}),
        ):
            assert (await http.request(method, path, json=body)).status_code == 404, path
        made = await draft(http, mine["id"], **ANN)
        assert (await draft(http, mine["id"], 409, client_id="taken"))["code"] == "conflict"
        assert (await send_draft(http, made))["inbox_id"] == mine["id"]


async def test_writing_drafts_is_not_sending(tenant: Tenant) -> None:
    """`send_at` sends without anybody asking again: who may only write drafts may neither set it nor change what will
    be sent."""
    agent = await inbox(tenant.http)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    scheduled = await draft(tenant.http, agent["id"], **ANN, send_at=tomorrow)
    key = await tenant.http.post("/api-keys", json={"name": "w", "scopes": ["drafts:read", "drafts:write"]})
    async with client(tenant.server, key.json()["key"]) as writer:
        made = await draft(writer, agent["id"], **ANN)
        for refused in (
            await send_draft(writer, made, 403),
            await draft(writer, agent["id"], 403, **ANN, send_at=tomorrow),
            await change(writer, made, 403, send_at=tomorrow),
            await change(writer, scheduled, 403, to=["collector@b.example"]),
        ):
            assert (refused["code"], "messages:send" in refused["detail"]) == ("missing_scope", True)
        assert (await change(writer, scheduled, send_at=None))["status"] == "open"


async def test_a_post_is_repeated_safely(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    key = {"Idempotency-Key": "once"}
    path = f"/inboxes/{agent['id']}/drafts"
    body = {**ANN, "attachments": [{"content": "aGVsbG8=", "filename": "a.txt"}]}
    answers = [await tenant.http.post(path, json=body, headers=key) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    made = answers[0].json()
    sent = [
        await tenant.http.post(f"/drafts/{made['id']}/send", json={}, headers={"Idempotency-Key": "s"}) for _ in "ab"
    ]
    assert (sent[0].status_code, sent[0].content) == (201, sent[1].content)
    assert (await settled(tenant.http, sent[0].json()["id"], "delivered", "captured", "sent", "bounced"))["id"]
