"""SendGrid's two webhooks on one path."""

import base64
import json
import time
from collections.abc import AsyncGenerator
from typing import Any

import httpx2 as httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

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
from outbound.provider_events import sendgrid as event

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
OTHER = ec.generate_private_key(ec.SECP256R1())
PATH = "/sendgrid/the-token"


@pytest_asyncio.fixture(scope="module")
async def its_server(postgres: str) -> AsyncGenerator[Server]:
    keys = {"sendgrid_inbound_token": "the-token", "sendgrid_webhook_key": f"AAAA, {PUBLIC}"}
    async with serving(await new_database(postgres, "sendgrid"), **keys) as one:
        yield one


@pytest_asyncio.fixture
async def door(its_server: Server) -> AsyncGenerator[Opened]:
    async with knocking(its_server) as one:
        yield one


def _signed(body: bytes, *, key: ec.EllipticCurvePrivateKey = KEY, age: float = 0) -> dict[str, str]:
    timestamp = str(int(time.time() - age))
    signature = key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }


def _form(*recipients: str, **fields: Any) -> dict[str, Any]:
    envelope = json.dumps({"to": list(recipients), "from": "ann@example.com"})
    return {"envelope": envelope, "to": "elsewhere@example.com", "SPF": "pass", **fields}


async def _post(door: Opened, form: dict[str, Any], **files: Any) -> httpx.Response:
    """As multipart, also where there is no file."""
    return await door.http.post(PATH, data=form, files=files or {"ignored": (None, b"")})


async def test_the_raw_mail_goes_to_the_envelope_recipients(door: Opened) -> None:
    answer = await _post(door, _form(door.inbox.email, email=mail("<1@x>", f"Cc: {door.inbox.email}").decode()))
    assert answer.status_code == 200
    [row] = await door.inbox.messages()
    [blob] = await door.inbox.blobs(row["id"])
    assert blob["content"] == mail("<1@x>", f"Cc: {door.inbox.email}")
    assert '"mail_from": "ann@example.com"' in row["envelope"]
    again = await _post(door, _form(door.inbox.email, email=mail("<1@x>", f"Cc: {door.inbox.email}").decode()))
    assert again.status_code == 200
    assert len(await door.inbox.messages()) == 1


async def test_octets_of_the_mail_are_kept_as_they_are(door: Opened) -> None:
    raw = mail().replace(b"Hello", b"Gr\xfc\xdfe \xff")
    answer = await _post(door, _form(door.inbox.email), email=(None, raw))
    assert answer.status_code == 200
    [row] = await door.inbox.messages()
    [blob] = await door.inbox.blobs(row["id"])
    assert blob["content"] == raw


async def test_a_parsed_mail_is_put_together_again(door: Opened) -> None:
    headers = "Received: from a\n by b\nFrom: Ann <ann@example.com>\nSubject: Apart\nMessage-ID: <p@x>\nBad name: x"
    form = _form(door.inbox.email, headers=headers, text="Words ü", html="<b>Words</b>", attachments="1")
    answer = await _post(door, form, attachment1=("ä\r\nb.pdf", b"%PDF-1.4 x", "application/pdf"))
    assert answer.status_code == 200
    [row] = await door.inbox.messages()
    assert (row["subject"], row["text_body"].strip(), row["has_attachments"]) == ("Apart", "Words ü", True)
    assert row["html_body"].strip() == "<b>Words</b>"
    assert "rebuilt" in row["flags"]


@pytest.mark.parametrize(
    ("charsets", "text", "html"),
    [
        ('{"text": "iso-8859-1", "html": "windows-1251"}', ("Grüße", "latin-1"), ("Привет", "cp1251")),
        ('{"text": "iso-2022-jp", "html": "UTF-8"}', ("日本語です", "iso-2022-jp"), ("Grüße", "utf-8")),
        ('{"text": "zip", "html": 7}', ("Hello", "ascii"), ("Grüße", "utf-8")),
        ("[" * 50_000, ("Grüße", "utf-8"), ("Hello", "ascii")),
    ],
    ids=["latin and cyrillic", "japanese", "no charsets", "no JSON"],
)
async def test_words_are_read_in_the_charset_that_they_came_in(
    door: Opened, charsets: str, text: tuple[str, str], html: tuple[str, str]
) -> None:
    named = _form(door.inbox.email, headers="From: Ann <ann@example.com>\nMessage-ID: <c@x>", charsets=charsets)
    bodies = {name: (None, word.encode(codec)) for name, (word, codec) in (("text", text), ("html", html))}
    assert (await _post(door, named, **bodies)).status_code == 200
    [row] = await door.inbox.messages()
    assert (row["text_body"].strip(), row["html_body"].strip()) == (text[0], html[0])


async def test_a_signature_of_mail_is_checked_where_there_is_one(door: Opened) -> None:
    request = httpx.Request("POST", "http://x", data=_form(door.inbox.email, email=mail().decode()), files={"a": b""})
    body = request.read()
    headers = {"Content-Type": request.headers["content-type"]}
    wrong = await door.http.post(PATH, content=body, headers={**headers, **_signed(body, key=OTHER)})
    assert wrong.status_code == 403
    await nothing_came(door.inbox)
    assert (await door.http.post(PATH, content=body, headers={**headers, **_signed(body)})).status_code == 200
    assert len(await door.inbox.messages()) == 1


async def test_a_result_in_a_form_is_not_believed_even_where_the_call_is_signed(door: Opened) -> None:
    """The boundary is always the same: a mail may hold it, and bring fields of its own."""
    forged = mail("<f@x>").decode() + '--xYzZY\r\nContent-Disposition: form-data; name="SPF"\r\n\r\npass'
    fields = {"email": forged, "envelope": _form(door.inbox.email)["envelope"]}
    parts = [f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}' for name in fields]
    body = "\r\n".join([*parts, "--xYzZY--", ""]).encode()
    headers = {"Content-Type": "multipart/form-data; boundary=xYzZY", **_signed(body)}
    assert (await door.http.post(PATH, content=body, headers=headers)).status_code == 200
    [row] = await door.inbox.messages()
    found = json.loads(row["authentication"])
    assert found["checked_by"] != "sendgrid"
    assert (found["spf"], found["aligned_domain"], row["trust"]) == ("none", None, "unverified")


async def test_events_need_the_signature(door: Opened) -> None:
    body = json.dumps(
        [{"event": "bounce", "email": "gone@example.com", "sg_message_id": "x", "type": "bounce"}]
    ).encode()
    headers = {"Content-Type": "application/json"}
    for wrong in (
        {},
        _signed(body, key=OTHER),
        _signed(body + b" "),
        _signed(body, age=48 * 3600),
        _signed(body, age=-7200),
        {**_signed(body), "X-Twilio-Email-Event-Webhook-Timestamp": "9" * 5000},
        {**_signed(body), "X-Twilio-Email-Event-Webhook-Signature": "!"},
    ):
        assert (await door.http.post(PATH, content=body, headers={**headers, **wrong})).status_code == 403, wrong
    assert (await door.http.post(PATH, content=body, headers={**headers, **_signed(body)})).status_code == 200


async def test_p_05_a_signed_bounce_of_what_we_never_sent_suppresses_nobody(door: Opened) -> None:
    body = json.dumps(
        [{"event": "bounce", "email": "gone@example.com", "sg_message_id": "14c5d75ce93.dfd.64b469", "status": "5.1.1"}]
    ).encode()
    answer = await door.http.post(PATH, content=body, headers={"Content-Type": "application/json", **_signed(body)})
    assert answer.status_code == 200
    assert (await door.inbox.tenant.http.get("/suppressions")).json()["data"] == []


async def _tell(door: Opened, *events: dict[str, Any]) -> None:
    body = json.dumps(events).encode()
    answer = await door.http.post(PATH, content=body, headers={"Content-Type": "application/json", **_signed(body)})
    assert answer.status_code == 200


async def test_p_05_a_signed_bounce_moves_what_bears_our_own_name_alone(door: Opened) -> None:
    message, tag = await handed_over(door.inbox, GONE)
    await _tell(door, event("bounce", forged(tag), GONE, type="bounce", status="5.1.1"))
    assert await what_became(door.inbox, message) == ({GONE: "unknown"}, [])
    await _tell(door, event("bounce", tag, GONE, type="bounce", status="5.1.1"))
    assert await what_became(door.inbox, message) == ({GONE: "bounced"}, [GONE])


async def test_p_04_without_a_secret_there_is_no_route(own_database: str) -> None:
    async with opened(own_database) as closed:
        assert (await closed.http.post(PATH, json=[])).status_code == 404
        assert (await closed.http.post(PATH, data={"envelope": "{}"})).status_code == 404
    async with opened(own_database, sendgrid_inbound_token="the-token") as half:
        assert (await half.http.post(PATH, json=[])).status_code == 404
        assert (await half.http.post("/sendgrid/wrong", data={"a": "b"})).status_code == 401


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nno end", 400),
        ("multipart/form-data", b"--x--", 400),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 400),
        ("application/x-www-form-urlencoded", b"a=b&" * 1001, 413),
        ("application/x-www-form-urlencoded", b"envelope={}", 400),
        ("application/x-www-form-urlencoded", b"envelope=" + b"[" * 100_000, 400),
        ("application/x-www-form-urlencoded", b'envelope={"to":["a@b"]}&email=' + b"x" * 150_000, 413),
        ("text/plain", b"x", 415),
        ("text/plain", b"x" * 2_000_000, 413),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"a: b\r\n" * 1000, 400),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 1100, 400),
    ],
)
async def test_broken_forms_are_refused(door: Opened, content_type: str, body: bytes, status: int) -> None:
    answer = await door.http.post(PATH, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status, answer.text


async def test_a_failure_of_ours_is_a_5xx_and_the_retry_brings_the_mail(
    door: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("away", fix="wait")

    monkeypatch.setattr(intake, "accept", away)
    form = _form(door.inbox.email, email=mail().decode())
    assert (await _post(door, form)).status_code == 503
    monkeypatch.undo()
    assert (await _post(door, form)).status_code == 200
    assert len(await door.inbox.messages()) == 1
