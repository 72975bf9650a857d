"""A send that waits: stored, told, not composed; approved as it is or with changes, rejected, called off; decided
once."""

import base64
import email
import email.policy
from datetime import UTC, datetime, timedelta

import pytest

from harness import Tenant, client
from holding.approving import approve, approver, held, policy, reject
from outbound.sending import events, history, inbox, recipients, send, settled, until
from stories.post import first_message

FILE = {"content": base64.b64encode(b"hello").decode(), "filename": "a.txt"}


async def test_a_held_send_is_stored_told_and_not_composed(tenant: Tenant) -> None:
    message = await held(tenant, to=["ann@example.com"], cc=["ben@example.com"], attachments=[FILE], labels=["vip"])
    hold = message["hold"]
    assert (hold["reason"], hold["revision"], hold["on_expiry"], hold["decided_by"]) == ("approval", 1, "reject", None)
    assert hold["policy_id"].startswith("pol_")
    assert hold["expires_at"] > message["created_at"]
    assert message["message_id_header"].startswith("<")
    assert (message["labels"], message["sent_at"]) == (["sent", "vip"], None)
    assert recipients(message) == {"ann@example.com": "queued", "ben@example.com": "queued"}
    assert [one["filename"] for one in message["attachments"]] == ["a.txt"]
    raw = await tenant.http.get(f"/messages/{message['id']}/raw")
    assert raw.status_code == 404
    listed = (await tenant.http.get("/messages?status=pending_approval")).json()["data"]
    assert [one["id"] for one in listed] == [message["id"]]
    assert await history(tenant.http, message["id"]) == [("held", None)]
    told = {kind: data for kind, data in await events(tenant) if kind.startswith("message.")}
    assert set(told) == {"message.held"}
    assert told["message.held"] == {
        "message_id": message["id"],
        "thread_id": message["thread_id"],
        "inbox_id": message["inbox_id"],
        "direction": "outbound",
        "trust": "internal",
        "authentication": None,
        "flags": [],
        "status": "pending_approval",
        "reason": "approval",
        "policy_id": hold["policy_id"],
        "approve_by": hold["expires_at"],
    }
    assert (await tenant.http.delete(f"/messages/{message['id']}")).status_code == 409


async def test_approved_it_goes_out_as_it_was_written(tenant: Tenant) -> None:
    message = await held(tenant, to=["delivered@sandbox.test"], attachments=[FILE], headers={"X-Ticket": "7"})
    async with approver(tenant) as boss:
        answer = await approve(boss, message)
        assert answer.status_code == 200, answer.text
        approved = answer.json()
    assert (approved["status"], approved["message_id_header"]) == ("queued", message["message_id_header"])
    assert approved["hold"]["decided_by"]["name"] == "approver"
    assert approved["hold"]["decided_at"]
    gone = await settled(tenant.http, message["id"], "delivered")
    raw = (await tenant.http.get(f"/messages/{message['id']}/raw")).content
    assert gone["size"] == len(raw)
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert (mail["Subject"], mail["X-Ticket"], mail["Message-ID"]) == ("Hello", "7", message["message_id_header"])
    assert [part.get_content() for part in mail.iter_attachments()] == [b"hello"]  # type: ignore[attr-defined]
    steps = [kind for kind, _ in await history(tenant.http, message["id"])]
    assert steps[:3] == ["held", "approved", "queued"]
    kinds = [kind for kind, _ in await events(tenant) if kind.startswith("message.")]
    assert kinds[:3] == ["message.held", "message.approved", "message.queued"]
    audited = (await tenant.http.get("/org/audit-log")).json()["data"]
    assert ("message.approved", message["id"]) in [(one["action"], one["target"]) for one in audited]


async def test_changed_by_the_approver_both_revisions_stay(tenant: Tenant) -> None:
    message = await held(tenant, to=["ann@example.com"], subject="Secret price", attachments=[FILE])
    async with approver(tenant) as boss:
        other = {"content": base64.b64encode(b"other").decode(), "filename": "b.txt"}
        changes = {
            "subject": "Price",
            "to": ["delivered@sandbox.test"],
            "text_body": "It is 5.",
            "attachments": [{"attachment_id": message["attachments"][0]["id"]}, other],
        }
        answer = await approve(boss, message, **changes)
        assert answer.status_code == 200, answer.text
        listed = (await boss.get(f"/messages/{message['id']}/revisions")).json()["data"]
    approved = answer.json()
    assert (approved["subject"], approved["text_body"], approved["hold"]["revision"]) == ("Price", "It is 5.", 2)
    assert (approved["preview"], recipients(approved)) == ("It is 5.", {"delivered@sandbox.test": "queued"})
    assert [one["filename"] for one in approved["attachments"]] == ["a.txt", "b.txt"]
    assert [one["revision"] for one in listed] == [2, 1]
    assert (listed[0]["subject"], listed[1]["subject"]) == ("Price", "Secret price")
    assert set(listed[0]["changed"]) == {"subject", "to_addresses", "text_body", "attachments_meta"}
    assert (listed[0]["author"]["name"], listed[1]["changed"]) == ("approver", [])
    await settled(tenant.http, message["id"], "delivered")
    raw = (await tenant.http.get(f"/messages/{message['id']}/raw")).content
    assert b"Secret" not in raw
    found = (await tenant.http.get("/messages?to=delivered@sandbox.test&direction=outbound")).json()["data"]
    assert [one["id"] for one in found] == [message["id"]]
    assert (await tenant.http.get("/messages?to=ann@example.com")).json()["data"] == []
    assert (await tenant.http.get("/search?q=Secret")).json()["data"] == []
    thread = (await tenant.http.get(f"/threads/{message['thread_id']}")).json()
    assert thread["preview"] == "It is 5."
    approved_event = next(data for kind, data in await events(tenant) if kind == "message.approved")
    assert approved_event["revision"] == 2


async def test_a_file_that_an_approver_adds_is_read_as_every_other(tenant: Tenant) -> None:
    message = await held(tenant, to=["delivered@sandbox.test"])
    async with approver(tenant) as boss:
        note = {"content": base64.b64encode(b"the note").decode(), "filename": "note.txt"}
        picture = {"content": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode(), "filename": "a.png"}
        approved = (await approve(boss, message, attachments=[note, picture])).json()
    told = {one["filename"]: one for one in approved["attachments"]}
    assert told["a.png"]["text_status"] == "none"
    assert told["note.txt"]["text_status"] in ("pending", "ready")
    path = f"/attachments/{told['note.txt']['id']}/text"
    read = await until(tenant.http, path, lambda found: found["text_status"] == "ready")
    assert read["pages"] == [{"page": 1, "text": "the note"}]


async def test_a_changed_text_never_leaves_the_old_words_in_the_html(tenant: Tenant) -> None:
    message = await held(tenant, text_body="the secret", html_body="<p>the secret</p>")
    async with approver(tenant) as boss:
        refused = await approve(boss, message, text_body="nothing")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "changes.html_body")
        answer = await approve(boss, message, html_body="<p>something</p>")
    assert (answer.json()["text_body"].strip(), answer.json()["html_body"]) == ("something", "<p>something</p>")


async def test_wrong_revision_and_second_decision_are_conflicts(tenant: Tenant) -> None:
    message = await held(tenant)
    async with approver(tenant) as boss:
        wrong = await approve(boss, message, revision=2)
        assert (wrong.status_code, wrong.json()["code"]) == (409, "revision_conflict")
        assert (await approve(boss, message)).status_code == 200
        for again in (
            await approve(boss, message),
            await approve(boss, message, revision=2),
            await reject(boss, message),
        ):
            assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    never = await tenant.http.post(f"/messages/{message['id']}/reject", json={})
    assert never.json()["code"] == "already_decided"


async def test_what_was_never_held_cannot_be_decided(tenant: Tenant) -> None:
    made = await inbox(tenant.http)
    message = await send(tenant.http, made["id"], to=["ann@example.com"])
    async with approver(tenant) as boss:
        for answer in (await approve(boss, message), await reject(boss, message)):
            assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert (await tenant.http.get(f"/messages/{message['id']}/revisions")).json()["data"] == []


async def test_rejected_it_never_leaves_and_says_why(tenant: Tenant) -> None:
    message = await held(tenant, to=["ann@example.com", "ben@example.com"])
    async with approver(tenant) as boss:
        answer = await reject(boss, message, note="Not in this tone.")
    rejected = answer.json()
    assert (answer.status_code, rejected["status"], rejected["hold"]["note"]) == (200, "rejected", "Not in this tone.")
    assert set(recipients(rejected).values()) == {"rejected"}
    told = next(data for kind, data in await events(tenant) if kind == "message.rejected")
    assert (told["reason"], told["detail"], told["decided_by"]["type"]) == (
        "approval_rejected",
        "Not in this tone.",
        "key",
    )
    assert [kind for kind, _ in await history(tenant.http, message["id"])] == ["held", "rejected"]
    assert (await tenant.http.delete(f"/messages/{message['id']}")).status_code == 204


async def test_its_sender_may_call_it_off(tenant: Tenant) -> None:
    message = await held(tenant)
    answer = await tenant.http.post(f"/messages/{message['id']}/cancel", json={})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert answer.json()["hold"]["decided_by"]["type"] == "key"
    async with approver(tenant) as boss:
        late = await approve(boss, message)
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")
    assert "cancelled" in late.json()["detail"]


async def test_who_wrote_it_cannot_approve_it_nor_by_a_key_of_its_own_making(tenant: Tenant) -> None:
    key = await tenant.http.post("/api-keys", json={"name": "agent", "scopes": ["*"]})
    made = await inbox(tenant.http)
    await policy(tenant.http, made["id"])
    async with client(tenant.server, key.json()["key"]) as agent:
        message = await send(agent, made["id"], to=["ann@example.com"])
        own = await approve(agent, message)
        tool = (await agent.post("/api-keys", json={"name": "tool", "scopes": ["drafts:approve"]})).json()["key"]
        turned = (await agent.post(f"/api-keys/{key.json()['id']}/rotate", json={"overlap_seconds": 60})).json()["key"]
    async with client(tenant.server, tool) as second, client(tenant.server, turned) as third:
        answers = [own, await approve(second, message), await approve(third, message)]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(403, "forbidden")] * 3
    assert (await approve(tenant.http, message)).status_code == 200


async def test_the_author_may_approve_where_every_policy_allows_it(tenant: Tenant) -> None:
    made = await inbox(tenant.http, "one")
    await policy(tenant.http, made["id"], author_may_approve=True)
    message = await send(tenant.http, made["id"], to=["ann@example.com"])
    assert (await approve(tenant.http, message)).status_code == 200
    made = await inbox(tenant.http, "two")
    await policy(tenant.http, made["id"], author_may_approve=True, expires_seconds=3600, on_expiry="send")
    await policy(tenant.http, made["id"], approvers=["other@example.com"], expires_seconds=7200)
    strict = await send(tenant.http, made["id"], to=["ann@example.com"])
    assert (await approve(tenant.http, strict)).status_code == 403
    assert strict["hold"]["on_expiry"] == "reject"
    left = datetime.fromisoformat(strict["hold"]["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=55) < left < timedelta(minutes=61)
    assert [kind for kind, _ in await history(tenant.http, strict["id"])] == ["held", "held"]


async def test_without_the_scope_nobody_decides(tenant: Tenant) -> None:
    message = await held(tenant)
    key = await tenant.http.post("/api-keys", json={"name": "agent", "scopes": ["messages:send", "drafts:write"]})
    async with client(tenant.server, key.json()["key"]) as agent:
        for answer in (await approve(agent, message), await reject(agent, message)):
            assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


@pytest.mark.parametrize("way", ["reply", "reply-all", "forward"])
async def test_answers_wait_too_and_go_into_their_thread(tenant: Tenant, way: str) -> None:
    made = await inbox(tenant.http)
    first = await send(tenant.http, made["id"], to=["echo@sandbox.test"], subject="Question", text_body="Who?")
    came = [await first_message(tenant, made["id"], direction="inbound")]
    await policy(tenant.http, made["id"])
    body = {"text_body": "Me.", **({"to": ["delivered@sandbox.test"]} if way == "forward" else {})}
    boss_first = await tenant.http.post("/api-keys", json={"name": "boss", "scopes": ["drafts:approve"]})
    answer = await tenant.http.post(f"/messages/{came[0]['id']}/{way}", json=body)
    message = answer.json()
    assert (answer.status_code, message["status"], message["thread_id"]) == (
        201,
        "pending_approval",
        first["thread_id"],
    )
    async with client(tenant.server, boss_first.json()["key"]) as boss:
        assert (await approve(boss, message)).status_code == 200
    gone = await settled(tenant.http, message["id"], "delivered", "sent")
    raw = (await tenant.http.get(f"/messages/{message['id']}/raw")).content
    assert came[0]["message_id_header"].encode() in raw
    assert "Who?" in gone["text_body"]
    assert gone["extracted_text"].strip() == "Me."


async def test_a_repeated_request_is_answered_as_the_first(tenant: Tenant) -> None:
    message = await held(tenant)
    async with approver(tenant) as boss:
        boss.headers["Idempotency-Key"] = "once"
        first, again = await approve(boss, message), await approve(boss, message)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
