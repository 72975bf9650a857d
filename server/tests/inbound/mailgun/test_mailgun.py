"""Mailgun's routes and webhooks on one path. Its signature covers a token and not the body."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from agentpost_server.core.errors import Unavailable
from agentpost_server.inbound import intake
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
from outbound import provider_events

PATH = "/mailgun/the-token-mime"
KEY = "key-of-the-webhooks"


@pytest_asyncio.fixture(scope="module")
async def its_server(postgres: str) -> AsyncGenerator[Server]:
    keys = {"mailgun_inbound_token": "the-token-mime", "mailgun_signing_key": KEY}
    async with serving(await new_database(postgres, "mailgun"), **keys) as one:
        yield one


@pytest_asyncio.fixture
async def door(its_server: Server) -> AsyncGenerator[Opened]:
    async with knocking(its_server) as one:
        yield one


def _signature(*, key: str = KEY, age: float = 0, token: str | None = None) -> dict[str, str]:
    timestamp, token = str(int(time.time() - age)), secrets.token_hex(25) if token is None else token
    signature = hmac.new(key.encode(), (timestamp + token).encode(), hashlib.sha256).hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": signature}


def _form(recipient: str, **fields: Any) -> dict[str, Any]:
    told = {"recipient": recipient, "sender": "ann@example.com", "from": "x@y", "body-mime": mail().decode()}
    return {**told, **_signature(), **fields}


def _bounce(signature: dict[str, str], *, tag: str | None = "a" * 52) -> dict[str, Any]:
    said = {"severity": "permanent", "delivery-status": {"code": 550, "message": "550 5.1.1 no such user"}}
    return provider_events.mailgun("failed", tag, GONE, **said) | {"signature": signature}


@pytest.mark.parametrize("multipart", [False, True])
async def test_the_mail_goes_to_its_recipient(door: Opened, multipart: bool) -> None:
    files = {"ignored": (None, b"")} if multipart else None
    answer = await door.http.post(PATH, data=_form(door.inbox.email), files=files)
    assert answer.status_code == 200
    [row] = await door.inbox.messages()
    [blob] = await door.inbox.blobs(row["id"])
    assert blob["content"] == mail()
    assert '"mail_from": "ann@example.com"' in row["envelope"]
    # Made again with a new signature, it is the same mail.
    assert (await door.http.post(PATH, data=_form(door.inbox.email))).status_code == 200
    assert len(await door.inbox.messages()) == 1


async def test_a_parsed_mail_is_put_together_again(door: Opened) -> None:
    form = _form(door.inbox.email)
    del form["body-mime"]
    headers = json.dumps([["From", "Ann <ann@example.com>"], ["Subject", "Apart\r\nBcc: x"], ["Message-Id", "<p@x>"]])
    form |= {"message-headers": headers, "body-plain": "Words ü", "body-html": ""}
    answer = await door.http.post(PATH, data=form, files={"attachment-1": ("a.txt", b"hello", "text/plain")})
    assert answer.status_code == 200
    [row] = await door.inbox.messages()
    assert (row["subject"], row["text_body"].strip(), row["has_attachments"]) == ("Apart Bcc: x", "Words ü", True)
    assert "rebuilt" in row["flags"]


async def test_a_wrong_signature_is_403(door: Opened) -> None:
    good = _signature()
    for wrong in (
        _signature(key="another"),
        {**good, "signature": ""},
        {**good, "signature": good["signature"].upper() + "ü"},
        {**good, "token": good["token"] + "0"},
        {
            "timestamp": good["timestamp"] + good["token"][:1],
            "token": good["token"][1:],
            "signature": good["signature"],
        },
        _signature(age=25 * 3600),
        _signature(age=-3600),
        _signature(token="short"),
        {},
    ):
        form = {**_form(door.inbox.email), "timestamp": "", "token": "", "signature": "", **wrong}
        assert (await door.http.post(PATH, data=form)).status_code == 403, wrong
    await nothing_came(door.inbox)
    assert (await door.http.post("/mailgun/wrong", data=_form(door.inbox.email))).status_code == 401


async def test_p_02_a_token_is_good_once_whatever_the_body(door: Opened) -> None:
    form = _form(door.inbox.email)
    assert (await door.http.post(PATH, data=form)).status_code == 200
    assert (await door.http.post(PATH, data=form)).status_code == 403
    swapped = {**form, "body-mime": mail("<other@x>").decode()}
    assert (await door.http.post(PATH, data=swapped)).status_code == 403
    assert (await door.http.post(PATH, json=_bounce({name: form[name] for name in _signature()}))).status_code == 403
    assert len(await door.inbox.messages()) == 1


async def test_p_02_p_05_what_an_event_says_is_a_hint_and_moves_only_what_is_ours(door: Opened) -> None:
    message, tag = await handed_over(door.inbox, GONE)
    for wrong in (None, "a" * 52, forged(tag)):
        assert (await door.http.post(PATH, json=_bounce(_signature(), tag=wrong))).status_code == 200
    assert await what_became(door.inbox, message) == ({GONE: "unknown"}, [])
    assert (await door.http.post(PATH, json=_bounce(_signature(), tag=tag))).status_code == 200
    assert await what_became(door.inbox, message) == ({GONE: "bounced"}, [GONE])


async def test_p_02_a_retry_of_what_we_could_not_finish_may_come_with_its_token_and_its_body(
    door: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("away", fix="wait")

    monkeypatch.setattr(intake, "accept", away)
    form = _form(door.inbox.email)
    assert (await door.http.post(PATH, data=form)).status_code == 503
    monkeypatch.undo()
    swapped = {**form, "body-mime": mail("<other@x>").decode()}
    assert (await door.http.post(PATH, data=swapped)).status_code == 403
    assert (await door.http.post(PATH, data=form)).status_code == 200
    [row] = await door.inbox.messages()
    [blob] = await door.inbox.blobs(row["id"])
    assert blob["content"] == mail()


@pytest.mark.parametrize("secret", ["mailgun_inbound_token", "mailgun_signing_key"])
async def test_p_04_without_both_secrets_there_is_no_route(own_database: str, secret: str) -> None:
    async with opened(own_database, **{secret: "the-token-mime"}) as half:
        answer = await half.http.post(PATH, data=_form(half.inbox.email))
        assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")
        await nothing_came(half.inbox)


async def test_broken_bodies_are_refused(door: Opened) -> None:
    for body in ([], {}, {"signature": []}, {"signature": {}}, {"signature": {"timestamp": 1}}, "x", 7):
        assert (await door.http.post(PATH, json=body)).status_code == 400, body
    assert (await door.http.post(PATH, json={"signature": _signature()})).status_code == 400
    assert (await door.http.post(PATH, data={**_form("x"), "recipient": " , "})).status_code == 400
    form = _form(door.inbox.email)
    del form["body-mime"]
    assert (await door.http.post(PATH, data={**form, "message-headers": "[" * 50_000})).status_code == 400
    huge = _form(door.inbox.email, **{"body-mime": "x" * 110_000})
    assert (await door.http.post(PATH, data=huge)).status_code == 413
