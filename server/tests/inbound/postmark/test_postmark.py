"""Postmark's webhooks on one path: a secret in it, and Basic."""

import base64
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from databases import new_database
from harness import Server
from inbound.mailing import mail
from inbound.provider_doors import (
    GONE,
    Opened,
    forged,
    handed_over,
    knocking,
    nothing_came,
    opened,
    serving,
    what_became,
)
from outbound.provider_events import postmark as event

PATH = "/postmark/the-token"
PASSWORD = ("hook", "pass:word")


@pytest_asyncio.fixture(scope="module")
async def its_server(postgres: str) -> AsyncGenerator[Server]:
    keys = {"postmark_inbound_token": "the-token", "postmark_webhook_password": ":".join(PASSWORD)}
    async with serving(await new_database(postgres, "postmark"), **keys) as one:
        yield one


@pytest_asyncio.fixture
async def door(its_server: Server) -> AsyncGenerator[Opened]:
    async with knocking(its_server) as one:
        yield one


def _inbound(recipient: str, **fields: Any) -> dict[str, Any]:
    return {
        "MessageID": "22c74902-a0c1-4511-804f2-341342852c90",
        "OriginalRecipient": recipient,
        "From": "Ann <ann@example.com>",
        "FromFull": {"Email": "ann@example.com", "Name": "Ann", "MailboxHash": ""},
        "To": "somebody@example.com",
        "Subject": "Apart",
        "Date": "Thu, 5 Apr 2012 16:59:01 +0200",
        "TextBody": "Words ü",
        "HtmlBody": "",
        "Headers": [{"Name": "Return-Path", "Value": "<bounce@example.com>"}, {"Name": "X-Spam-Status", "Value": "No"}],
        "Attachments": [],
        **fields,
    }


async def test_raw_mail_goes_to_the_original_recipient(door: Opened) -> None:
    payload = _inbound(door.inbox.email, RawEmail=mail().decode())
    for _ in range(2):
        assert (await door.http.post(PATH, json=payload, auth=PASSWORD)).status_code == 200
    [row] = await door.inbox.messages()
    [blob] = await door.inbox.blobs(row["id"])
    assert blob["content"] == mail()
    assert '"mail_from": "bounce@example.com"' in row["envelope"]


async def test_without_raw_content_the_mail_is_put_together_again(door: Opened) -> None:
    file = {
        "Name": "a.txt",
        "Content": base64.b64encode(b"hello").decode(),
        "ContentType": "text/plain; charset=utf-8",
        "ContentLength": 5,
        "ContentID": "",
    }
    answer = await door.http.post(PATH, json=_inbound(door.inbox.email, Attachments=[file]), auth=PASSWORD)
    assert answer.status_code == 200
    [row] = await door.inbox.messages()
    assert (row["subject"], row["text_body"].strip(), row["has_attachments"]) == ("Apart", "Words ü", True)
    assert '"ann@example.com"' in row["from_address"]
    assert "rebuilt" in row["flags"]


async def test_p_03_a_wrong_password_or_path_is_401(door: Opened) -> None:
    payload = _inbound(door.inbox.email, RawEmail=mail().decode())
    assert (await door.http.post("/postmark/wrong", json=payload, auth=PASSWORD)).status_code == 401
    coded = base64.b64encode(b"hook:pass:word").decode()
    for header in ("", "Basic", "Basic !!!", f"Bearer {coded}", f"Basic {coded}x", "Basic " + "A" * 9000, coded):
        answer = await door.http.post(PATH, json=payload, headers={"Authorization": header} if header else {})
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"].startswith("Basic")
    for password in (("hook", "wrong"), ("hook", ""), ("", "pass:word"), ("hook", "pass:wor")):
        assert (await door.http.post(PATH, json=payload, auth=password)).status_code == 401
    await nothing_came(door.inbox)


@pytest.mark.parametrize("secret", ["postmark_inbound_token", "postmark_webhook_password"])
async def test_p_04_without_both_secrets_there_is_no_route(own_database: str, secret: str) -> None:
    async with opened(own_database, **{secret: "the-token"}) as half:
        answer = await half.http.post(PATH, json={}, auth=("", ""))
        assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")


async def test_p_05_a_bounce_moves_what_bears_our_own_name_alone(door: Opened) -> None:
    message, tag = await handed_over(door.inbox, GONE)
    for wrong in (None, "a" * 52, forged(tag)):
        bounce = event("Bounce", wrong, GONE, Type="HardBounce")
        assert (await door.http.post(PATH, json=bounce, auth=PASSWORD)).status_code == 200
    assert await what_became(door.inbox, message) == ({GONE: "unknown"}, [])
    bounce = event("Bounce", tag, GONE, Type="HardBounce")
    assert (await door.http.post(PATH, json=bounce, auth=PASSWORD)).status_code == 200
    assert await what_became(door.inbox, message) == ({GONE: "bounced"}, [GONE])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 100_000, 400),
        (b'{"MessageID": 1, "OriginalRecipient": "x"}', 400),
        (b'{"MessageID": "x", "OriginalRecipient": "x@y.z", "Attachments": [{"Content": "A"}]}', 400),
        (b'{"RecordType": 7}', 400),
        (b'{"MessageID": "x", "OriginalRecipient": "x@y.z", "RawEmail": "' + b"x" * 110_000 + b'"}', 413),
        (b" " * 2_000_000, 413),
    ],
)
async def test_broken_bodies_are_refused(door: Opened, body: bytes, status: int) -> None:
    answer = await door.http.post(PATH, content=body, auth=PASSWORD, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
