"""POST /sandbox/deliver: a mail from outside, without an outside."""

import base64
from typing import Any

import pytest

from harness import Tenant
from outbound.sending import inbox, send, until
from sandbox.simulated import DAY, advance


async def _delivered(tenant: Tenant, **body: Any) -> Any:
    answer = await tenant.sandbox.post("/sandbox/deliver", json=body)
    assert answer.status_code == 201, answer.text
    return await until(
        tenant.sandbox, f"/messages/{answer.json()['message_id']}", lambda one: one.get("direction") == "inbound"
    )


async def test_from_fields_as_if_it_had_been_sent(tenant: Tenant) -> None:
    agent = await inbox(tenant.sandbox)
    clock = await advance(tenant.sandbox, 5 * DAY)
    got = await _delivered(
        tenant,
        inbox_id=agent["id"],
        from_address="Ann <ann@customer.example>",
        cc=["bob@customer.example"],
        subject="Where is my parcel?",
        text_body="It should have come.",
        headers={"X-Ticket": "7"},
        attachments=[{"content": "aGVsbG8=", "filename": "a.txt"}],
    )
    assert got["from_address"] == {"email": "ann@customer.example", "name": "Ann"}
    assert [one["email"] for one in got["to_addresses"]] == [agent["email"]]
    assert (got["envelope"]["mail_from"], got["envelope"]["source"]) == ("ann@customer.example", "smtp")
    assert (got["trust"], got["authentication"]["checked_by"], got["labels"]) == (
        "unverified",
        None,
        ["received", "unread"],
    )
    assert got["received_at"][:10] == clock["now"][:10]
    assert got["attachments"][0]["filename"] == "a.txt"
    assert {"name": "X-Ticket", "value": "7"} in got["headers"]


@pytest.mark.parametrize(
    ("chosen", "trust", "labels"),
    [
        ({"spf": "pass", "dkim": "pass", "dmarc": "pass"}, "verified", []),
        ({"spf": "fail", "dkim": "none", "dmarc": "fail"}, "failed", ["unauthenticated"]),
        ({"spf": "temperror", "dkim": "temperror", "dmarc": "temperror"}, "unverified", []),
    ],
)
async def test_with_the_results_that_the_test_wants(tenant: Tenant, chosen: Any, trust: str, labels: list[str]) -> None:
    agent = await inbox(tenant.sandbox)
    got = await _delivered(
        tenant, inbox_id=agent["id"], from_address="ceo@bank.example", subject="Urgent", authentication=chosen
    )
    assert (got["trust"], {name: got["authentication"][name] for name in chosen}) == (trust, chosen)
    assert [one for one in got["labels"] if one == "unauthenticated"] == labels


async def test_an_answer_to_what_we_sent_joins_its_thread(tenant: Tenant) -> None:
    agent = await inbox(tenant.sandbox)
    made = await send(tenant.sandbox, agent["id"], to=["ann@customer.example"])
    for reference in (made["id"], made["message_id_header"]):
        got = await _delivered(
            tenant, inbox_id=agent["id"], from_address="ann@customer.example", in_reply_to=reference, text_body="Yes."
        )
        assert (got["thread_id"], got["in_reply_to"]) == (made["thread_id"], made["message_id_header"])
    away = await _delivered(
        tenant, inbox_id=agent["id"], from_address="ann@customer.example", automatic=True, mail_from=""
    )
    assert (away["loop_class"], away["envelope"]["mail_from"]) == ("auto_replied", "")


async def test_raw_as_text_and_byte_for_byte(tenant: Tenant) -> None:
    agent = await inbox(tenant.sandbox)
    text = "From: a@b.example\nSubject: raw\n\nline one\nline two\n"
    got = await _delivered(tenant, inbox_id=agent["id"], raw=text)
    assert (got["subject"], got["text_body"]) == ("raw", "line one\nline two\n")
    octets = b"From: a@b.example\r\nSubject: latin\r\nContent-Type: text/plain; charset=latin-1\r\n\r\ncaf\xe9\r\n"
    got = await _delivered(tenant, inbox_id=agent["id"], raw_base64=base64.b64encode(octets).decode())
    assert got["text_body"].strip() == "café"
    raw = await tenant.sandbox.get(f"/messages/{got['id']}/raw?original=true")
    assert raw.content == octets


async def test_once_by_an_idempotency_key(tenant: Tenant) -> None:
    agent = await inbox(tenant.sandbox)
    body = {"inbox_id": agent["id"], "from_address": "a@b.example", "subject": "once"}
    answers = [
        await tenant.sandbox.post("/sandbox/deliver", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    both = [await tenant.sandbox.post("/sandbox/deliver", json=body) for _ in range(2)]
    assert len({one.json()["message_id"] for one in (*answers, *both)}) == 3


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("from_address", {}),
        ("from_address", {"from_address": "nobody"}),
        ("from_address", {"from_address": "a@b.example", "raw": "x"}),
        ("raw_base64", {"raw_base64": "!"}),
        ("in_reply_to", {"from_address": "a@b.example", "in_reply_to": "nonsense"}),
        ("inbox_id", {"from_address": "a@b.example", "inbox_id": "inb_00000000000000000000000000"}),
        ("cc[0]", {"from_address": "a@b.example", "cc": ["x"]}),
    ],
)
async def test_what_is_no_mail(tenant: Tenant, field: str, body: Any) -> None:
    agent = await inbox(tenant.sandbox)
    answer = await tenant.sandbox.post("/sandbox/deliver", json={"inbox_id": agent["id"], **body})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text


async def test_only_into_inboxes_of_ones_own(tenant: Tenant, stranger: Tenant) -> None:
    theirs, live = await inbox(stranger.sandbox), await inbox(tenant.http)
    for one in (theirs, live):
        body = {"inbox_id": one["id"], "from_address": "a@b.example"}
        assert (await tenant.sandbox.post("/sandbox/deliver", json=body)).status_code == 422
