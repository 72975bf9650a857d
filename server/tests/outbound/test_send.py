"""Sending through the REST door: what is stored, what is refused, what happens once."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from harness import Tenant
from outbound.sending import events, history, inbox, recipients, send, settled


async def test_a_send_is_queued_then_sent_and_its_history_tells_every_step(tenant: Tenant) -> None:
    agent = await inbox(tenant.http, display_name="Agent Ä")
    made = await send(
        tenant.http,
        agent["id"],
        to=["Ann <ann@outside.example>"],
        bcc=[{"email": "secret@outside.example", "name": None}],
        labels=["invoice"],
        headers={"X-Ticket": "7"},
    )
    assert (made["status"], made["direction"], made["trust"]) == ("queued", "outbound", "internal")
    assert made["labels"] == ["sent", "invoice"]
    assert made["to_addresses"] == [{"email": "ann@outside.example", "name": "Ann"}]
    assert recipients(made) == {"ann@outside.example": "queued", "secret@outside.example": "queued"}
    done = await settled(tenant.http, made["id"], "delivered")
    assert set(recipients(done).values()) == {"captured"}
    assert done["sent_at"] is not None
    steps = await history(tenant.http, made["id"])
    assert steps[0] == ("queued", None)
    assert sorted(steps[1:3]) == [("sending", "ann@outside.example"), ("sending", "secret@outside.example")]
    assert sorted(steps[3:]) == [("captured", "ann@outside.example"), ("captured", "secret@outside.example")]
    raw = (await tenant.http.get(f"/messages/{made['id']}/raw")).content
    parsed = message_from_bytes(raw, policy=default)
    assert b"secret@" not in raw
    assert parsed["From"] == f"Agent Ä <{agent['email']}>"
    assert (parsed["Message-ID"], parsed["X-Ticket"]) == (made["message_id_header"], "7")
    told = [kind for kind, data in await events(tenant) if data.get("message_id") == made["id"]]
    assert told == ["message.queued", "message.sent", "message.delivered"]


async def test_html_alone_gets_a_text_part(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await send(tenant.http, agent["id"], to=["a@b.example"], text_body=None, html_body="<p>Hello <b>you</b></p>")
    assert made["text_body"] == "Hello you"
    parsed = message_from_bytes((await tenant.http.get(f"/messages/{made['id']}/raw")).content, policy=default)
    assert parsed.get_content_type() == "multipart/alternative"


async def test_100_parallel_identical_posts_make_one_message_and_one_transmission(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    body = {"to": ["a@b.example"], "subject": "Once", "text_body": "x"}
    answers = await asyncio.gather(
        *(
            tenant.http.post(f"/inboxes/{agent['id']}/messages", json=body, headers={"Idempotency-Key": "once"})
            for _ in range(100)
        )
    )
    assert {one.status_code for one in answers} <= {201, 409}
    assert len({one.json()["id"] for one in answers if one.status_code == 201}) == 1
    organization_id = tenant.organization.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        for table in ("messages", "transmissions", "recipients"):
            assert await tx.value(f"SELECT count(*) FROM {table} WHERE organization_id = $1", organization_id) == 1
    again = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json=body, headers={"Idempotency-Key": "once"})
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")


async def test_h32_the_same_key_with_another_body_is_refused(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    path, key = f"/inboxes/{agent['id']}/messages", {"Idempotency-Key": "k"}
    await tenant.http.post(path, json={"to": ["a@b.example"]}, headers=key)
    answer = await tenant.http.post(path, json={"to": ["c@d.example"]}, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def _refused(tenant: Tenant, body: dict[str, object]) -> tuple[int, str, list[str]]:
    agent = await inbox(tenant.http)
    answer = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json=body)
    problem = answer.json()
    return answer.status_code, problem["code"], [one["field"] for one in problem["errors"]]


@pytest.mark.parametrize(
    "address",
    [
        '"a@evil.com x"@ours.com',
        "a@b.com,c@d.com",
        "<a@b.com>c@d.com",
        "=?utf-8?q?a=40b?=@c",
        "a@[127.0.0.1]",
        "a@b.com\0",
        "a@b..com",
        "x" * 65 + "@b.com",
        "a@" + "b" * 255 + ".com",
    ],
)
async def test_h28_an_address_that_two_programs_read_differently_is_refused(tenant: Tenant, address: str) -> None:
    assert await _refused(tenant, {"to": ["ok@b.example", address]}) == (422, "validation_failed", ["to[1]"])


async def test_an_address_object_is_named_by_its_part(tenant: Tenant) -> None:
    assert await _refused(tenant, {"cc": [{"email": "nobody"}]}) == (422, "validation_failed", ["cc[0].email"])


async def test_h29_an_idn_homograph_goes_as_a_label_and_is_flagged(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await send(tenant.http, agent["id"], to=["a@pаypal.example"])  # the second letter is Cyrillic
    assert made["to_addresses"][0]["email"] == "a@xn--pypal-4ve.example"
    assert made["flags"] == ["mixed_script"]


@pytest.mark.parametrize(
    "name",
    [
        *("Bcc", "Received", "Return-Path", "DKIM-Signature", "Content-Type", "Sender", "X-SES-Tags", "ARC-Seal"),
        *("Authentication-Results", "X-AgentPost-Trace", "A b", "X-\r\nBcc"),
    ],
)
async def test_h27_a_header_that_the_server_writes_is_refused(tenant: Tenant, name: str) -> None:
    status, code, _ = await _refused(tenant, {"to": ["a@b.example"], "headers": {name: "x"}})
    assert (status, code) == (422, "unsafe_header")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"send_at": "9999-01-01T00:00:00Z"}, "send_at"),
        ({"send_at": "2020-01-01T00:00:00Z"}, "send_at"),
        ({"send_at": "2026-02-30T00:00:00Z"}, "send_at"),
        ({"send_at": "2026-02-03T00:00:00../etc"}, "send_at"),
        ({"send_at": "2026-02-03T00:00:00"}, "send_at"),
        ({"attachments": [{"content": "!!!", "filename": "a"}]}, "attachments[0].content"),
        ({"attachments": [{"content": "YQ=", "filename": "a"}]}, "attachments[0].content"),
        ({"attachments": [{"content": "YQ==", "filename": ""}]}, "attachments[0].filename"),
        ({"attachments": [{"content": "YQ==", "filename": "x" * 10_000}]}, "attachments[0].filename"),
        ({"attachments": [{"content": "YQ=="}]}, "attachments[0].filename"),
        ({"attachments": [{"content": "YQ==", "filename": "a"}] * 1001}, "attachments"),
        ({"attachments": [{}]}, "attachments[0]"),
        ({"attachments": [{"key": "att_0", "url": "https://x.example"}]}, "attachments[0]"),
        ({"attachments": [{"key": "att_00000000000000000000000000"}]}, "attachments[0].key"),
        ({"attachments": [{"attachment_id": "att_00000000000000000000000000"}]}, "attachments[0].attachment_id"),
        ({"subject": "a\r\nBcc: x@y.example"}, "subject"),
        ({"text_body": "a\0b"}, "text_body"),
        ({"in_reply_to": "nonsense"}, "in_reply_to"),
        ({"in_reply_to": "msg_00000000000000000000000000"}, "in_reply_to"),
        ({"based_on": ["msg_00000000000000000000000000"]}, "based_on"),
        ({"based_on": ["x"]}, "based_on[0]"),
        ({"labels": ["sent"]}, "labels"),
        ({"labels": ["No Capitals"]}, "labels"),
        ({"to": []}, "to"),
        ({"cc": [f"{n}@b.example" for n in range(50)]}, "to"),
    ],
)
async def test_h62_h64_a_wrong_field_is_422_and_named(tenant: Tenant, fields: dict[str, object], field: str) -> None:
    status, _, named = await _refused(tenant, {"to": ["a@b.example"], **fields})
    assert (status, named) == (422, [field])


async def test_a_time_that_has_just_passed_is_now(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await send(
        tenant.http,
        agent["id"],
        to=["a@b.example"],
        send_at=(datetime.now(UTC) - timedelta(seconds=30)).isoformat(),
    )
    assert (made["status"], made["send_at"]) == ("queued", None)


async def test_what_is_too_large_is_413_and_names_both_sizes(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    content = base64.b64encode(b"x" * 8_500_000).decode()
    answer = await tenant.http.post(
        f"/inboxes/{agent['id']}/messages",
        json={"to": ["a@b.example"], "attachments": [{"content": content, "filename": "a.bin"}]},
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (413, "message_too_large")
    assert "8500000 octets, encoded for mail 11" in problem["detail"]


async def test_paused_inboxes_and_environments_send_nothing(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    path = f"/inboxes/{agent['id']}"
    await tenant.http.post(f"{path}/pause")
    answer = await tenant.http.post(f"{path}/messages", json={"to": ["a@b.example"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "inbox_paused")
    await tenant.http.post(f"{path}/resume")
    await tenant.http.patch(f"/environments/{agent['environment_id']}", json={"send_paused": True})
    answer = await tenant.http.post(f"{path}/messages", json={"to": ["a@b.example"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "inbox_paused")


async def test_one_mailbox_named_twice_gets_one_mail(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    made = await send(tenant.http, agent["id"], to=["Ann@b.example"], cc=["ann@B.example"], bcc=["ann@b.example"])
    assert [(one["email"], one["kind"]) for one in made["recipients"]] == [("Ann@b.example", "to")]
