"""From accepted to stored: each mail exactly once, whatever breaks on the way, and whatever its bytes are."""

import asyncio
from typing import Any

import pytest

from agentpost_server.core import ids
from agentpost_server.core.errors import Unavailable
from agentpost_server.inbound import Route, accept, ingest, mail_of_bytes, reading
from agentpost_server.inbound.ingest import Ingest
from agentpost_server.mail.jail import JailFailure
from agentpost_server.outbound import verp
from agentpost_server.work import Claimed
from harness import KEYRING, Tenant
from inbound.mailing import Inbox, mail, new_inbox, send

_LATER = 2100


async def _accepted(inbox: Inbox, *raws: bytes, **envelope: Any) -> list[Claimed]:
    """Mails that no lane takes, as if this test had claimed them once."""
    runtime, organization = inbox.tenant.server.runtime, inbox.tenant.organization
    route = Route(
        organization_id=organization.organization_id,
        environment_id=organization.live_environment_id,
        inbox_id=inbox.id,
        address=inbox.email,
    )
    fields = {"mail_from": "ann@example.com", "source": "smtp", "received_at": runtime.now(), **envelope}
    due_at = runtime.now().replace(year=_LATER)
    claims: list[Claimed] = []
    for raw in raws:
        kept = await accept(runtime, mail_of_bytes(raw, routes=(route,), due_at=due_at, **fields))
        claims.append(Claimed(organization.organization_id, kept.inbound_ids[0], 0))
    return claims


@pytest.fixture
async def lane(tenant: Tenant) -> Any:
    service = Ingest(tenant.server.runtime)
    yield service
    await service.close(1)


async def _set_attempts(inbox: Inbox, claims: list[Claimed], attempts: int) -> list[Claimed]:
    await inbox.rows("UPDATE inbound_mails SET attempts = $2 WHERE inbox_id = $1", attempts)
    return [Claimed(one.organization_id, one.id, attempts) for one in claims]


async def test_a_batch_is_stored_in_one_transaction_and_threads_within_itself(tenant: Tenant, lane: Ingest) -> None:
    inbox = await new_inbox(tenant)
    claims = await _accepted(
        inbox,
        mail("<2@x>", "References: <1@x>"),
        mail("<1@x>"),
        mail("<3@x>", "In-Reply-To: <2@x>"),
        mail("<other@x>"),
    )
    await lane.handle(claims)
    rows = await inbox.messages(4)
    assert len({row["thread_id"] for row in rows}) == 2
    assert {row["id"] for row in rows} == {one.id for one in claims}
    events = await inbox.events()
    assert sum(one["type"] == "message.received" for one in events) == 4
    assert sum(one["type"] == "thread.created" for one in events) == 2


async def test_a_claim_that_was_lost_writes_nothing(tenant: Tenant, lane: Ingest) -> None:
    inbox = await new_inbox(tenant)
    [stale] = await _accepted(inbox, mail())
    [mine] = await _set_attempts(inbox, [stale], 1)
    await lane.handle([stale])
    assert await inbox.rows("SELECT id FROM messages WHERE inbox_id = $1") == []
    await asyncio.gather(*(lane.handle([mine]) for _ in range(4)))
    assert len(await inbox.messages()) == 1
    assert sum(one["type"] == "message.received" for one in await inbox.events()) == 1


async def test_a_crash_before_the_commit_repeats_the_whole(
    tenant: Tenant, lane: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = await new_inbox(tenant)
    large = b"Content-Type: application/zip\r\nMessage-ID: <2@x>\r\n\r\n" + b"q" * 300_000 + b"\r\n"
    claims = await _accepted(inbox, mail(), large)
    real = ingest.append_all

    async def died(*_: object) -> Any:
        raise Unavailable("the connection went in the middle", fix="")

    monkeypatch.setattr(ingest, "append_all", died)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lane.handle(claims), 0.3)
    assert await inbox.rows("SELECT id FROM messages WHERE inbox_id = $1") == []
    assert len(await inbox.rows("SELECT id FROM inbound_mails WHERE inbox_id = $1")) == 2
    monkeypatch.setattr(ingest, "append_all", real)
    await lane.handle(claims)
    assert len(await inbox.messages(2)) == 2
    [file] = await inbox.rows("SELECT id, size FROM attachments WHERE inbox_id = $1")
    [blob] = await inbox.blobs(file["id"])
    assert blob["content"] is None
    key = f"{tenant.organization.organization_id}/{blob['created_at']:%Y%m}/{file['id']}"
    assert await tenant.server.runtime.blobs.size(key) == file["size"] == 300_002


async def test_only_the_bad_mail_of_a_batch_waits(
    tenant: Tenant, lane: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = await new_inbox(tenant)
    claims = await _accepted(inbox, mail("<1@x>"), mail("<bad@x>"), mail("<3@x>"))
    real = ingest.add

    async def picky(tx: Any, messages: Any) -> Any:
        if any(one.message_id_header == "<bad@x>" for one in messages):
            raise ValueError("cannot be stored")
        return await real(tx, messages)

    monkeypatch.setattr(ingest, "add", picky)
    await lane.handle(claims)
    assert len(await inbox.rows("SELECT id FROM messages WHERE inbox_id = $1")) == 2
    [waiting] = await inbox.rows("SELECT * FROM inbound_mails WHERE inbox_id = $1")
    assert (waiting["id"], waiting["last_error"]) == (claims[1].id, "ValueError: cannot be stored")
    assert waiting["due_at"].year < _LATER


@pytest.mark.parametrize(("attempts", "stage"), [(3, "reading fails"), (7, "the process died each time")])
async def test_z04_a_mail_that_cannot_be_read_is_stored_unread_and_told(
    tenant: Tenant, lane: Ingest, monkeypatch: pytest.MonkeyPatch, attempts: int, stage: str
) -> None:
    inbox = await new_inbox(tenant)
    claims = await _set_attempts(inbox, await _accepted(inbox, mail()), attempts)

    async def fails(*_: object, **__: object) -> Any:
        raise RecursionError("a fault of ours")

    if attempts == 3:
        monkeypatch.setattr(ingest, "read_mail", fails)
    await lane.handle(claims)
    [row] = await inbox.messages()
    assert (row["subject"], row["parse_status"]) == ("(unreadable message)", "failed"), stage
    [blob] = await inbox.blobs(row["id"])
    assert blob["content"] == mail()
    assert "message.received" in {one["type"] for one in await inbox.events()}


async def test_a_mail_whose_reading_was_cut_short_keeps_its_header(
    tenant: Tenant, lane: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = await new_inbox(tenant)

    async def struck(*_: object) -> JailFailure:
        return JailFailure("cpu")

    monkeypatch.setattr(lane._jail, "parse", struck)
    monkeypatch.setattr(reading, "needs_jail", lambda _: True)
    await lane.handle(await _accepted(inbox, mail()))
    [row] = await inbox.messages()
    assert (row["subject"], row["parse_status"], row["text_body"]) == ("Greetings", "failed", None)


async def test_h70_mail_for_an_inbox_that_was_deleted_after_the_250_goes_quietly(tenant: Tenant, lane: Ingest) -> None:
    inbox = await new_inbox(tenant)
    claims = await _accepted(inbox, mail(), mail("<big@x>", body="x" * 300_000))
    await tenant.http.delete(f"/inboxes/{ids.encode('inb', inbox.id)}")
    await lane.handle(claims)
    assert await inbox.rows("SELECT id FROM inbound_mails WHERE inbox_id = $1") == []
    assert await inbox.rows("SELECT id FROM messages WHERE inbox_id = $1") == []
    assert [await inbox.blobs(one.id) for one in claims] == [[], []]


async def test_mail_of_the_local_network_is_internal_and_its_envelope_is_kept(tenant: Tenant, lane: Ingest) -> None:
    inbox = await new_inbox(tenant)
    await lane.handle(await _accepted(inbox, mail(None), source="local", mail_from="", protocol="ESMTPS", tls=True))
    [row] = await inbox.messages()
    assert (row["trust"], '"mail_from": ""' in row["envelope"], '"tls": true' in row["envelope"]) == (
        "internal",
        True,
        True,
    )
    assert '"_trace": {"protocol": "ESMTPS"}' in row["envelope"]
    assert row["authentication"] is not None
    assert row["message_id_header"].startswith("<msg_")


_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_MALFORMED: dict[str, bytes] = {
    "m01 nesting": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000)
    ),
    "m02 mails in mails": b"Content-Type: message/rfc822\r\n\r\n" * 2000,
    "m04 no boundary": b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nhi\r\n",
    "m05 content type": b"Content-Type: " + b'";(' * 30_000 + b"\r\n\r\nhi\r\n",
    "m06 continuations": b"Content-Disposition: attachment"
    + b"".join(b";\r\n filename*%d*=x" % n for n in range(3000))
    + b"\r\n\r\nhi\r\n",
    "m09 filename": b'Content-Disposition: attachment; filename="a\r\n Set-Cookie: x"\r\n\r\nhi\r\n',
    "m10 twice": b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n<b>hi</b>\r\n",
    "m11 encoding": b"Content-Transfer-Encoding: x-uuencode\r\n\r\nhi\r\n",
    "m12 base64": b"Content-Transfer-Encoding: base64\r\n\r\n!!!a===GVsbG8=\r\n",
    "m13 quoted printable": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=0=\r=ZZ=\r\n",
    "m15 encodings": b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xff\xfe\xed\xa0\x80 \xef\xbb\xbf\r\n",
    "m16 nul": b"Subject: a\x00b\r\n\r\nc\x00d\r\n",
    "m19 addresses": b"To: " + b", ".join(b"a%d@x.org" % n for n in range(5000)) + b"\r\n\r\nhi\r\n",
    "m20 message id": b"Message-ID: <>\r\n\r\nhi\r\n",
    "m21 references": b"References: " + b" ".join(b"<%d@x>" % n for n in range(3000)) + b"\r\n\r\nhi\r\n",
    "m22 date": b"Date: Thu, 99 Foo 99999 99:99:99 +9999\r\n\r\nhi\r\n",
    "m23 header names": b"__proto__: x\r\n: y\r\n a b: z\r\n\xff\xfe: w\r\n\r\nhi\r\n",
    "m24 no header": b"just some words\r\n",
    "m24 only line ends": b"\r\n\r\n",
    "m24 nothing": b"",
    "m25 received": b"X: y\r\n" * 60_000 + b"\r\nhi\r\n",
    "m26 bare cr": b"Subject: a\rb\r\r\nhi\r\n",
    "m37 hollow report": b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    b"--b\r\n\r\nx\r\n--b--\r\n",
    "m39 eight bit": "Subject: Grüße\r\n\r\nÄÖ\r\n".encode("latin-1"),
    "m40 polyglot": b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + _PNG.encode()
    + b"\r\n",
    "surrogates": b"Subject: =?utf-16-le?B?ANgA2A==?=\r\n\r\nx\r\n",
}


async def test_every_malformed_mail_is_stored_and_told(tenant: Tenant) -> None:
    """The M rows through the real door: none crashes, none is lost, and the bytes stay as they came."""
    inbox = await new_inbox(tenant)
    answers = [
        await send(tenant.server, raw, inbox.email, sender=f"m{n}@example.com")
        for n, raw in enumerate(_MALFORMED.values())
    ]
    assert [answer for answer in answers if not answer.startswith("250")] == []
    rows = await inbox.messages(len(_MALFORMED))
    assert len(rows) == len(_MALFORMED)
    assert {row["parse_status"] for row in rows} <= {"ok", "defective", "limited"}
    assert sum(one["type"] == "message.received" for one in await inbox.events()) == len(_MALFORMED)
    stored = {row["size"] for row in rows}
    assert stored >= {len(raw) for name, raw in _MALFORMED.items() if name in ("m01 nesting", "m25 received")}


_REPORT = (
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\nMessage-ID: <dsn@x>\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nfailed\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    b"Reporting-MTA: dns; x.org\r\n\r\n"
    b"Final-Recipient: rfc822; a@x.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
)


async def test_s01_bare_line_ends_are_made_whole_and_flagged(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    await send(tenant.server, b"Subject: x\nMessage-ID: <1@x>\r\n\r\na\x00b\rc\r\n", inbox.email)
    [row] = await inbox.messages()
    assert row["flags"] == ["bare_newlines", "nul_removed"]
    [blob] = await inbox.blobs(row["id"])
    assert blob["content"] == b"Subject: x\r\nMessage-ID: <1@x>\r\n\r\nab\r\nc\r\n"


async def test_m37_a_report_without_our_bounce_address_is_ordinary_mail(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    await send(tenant.server, _REPORT, inbox.email, sender="")
    [row] = await inbox.messages()
    assert row["loop_class"] == "bounce"


async def test_a_report_to_our_bounce_address_is_feedback_and_no_message(
    tenant: Tenant, lane: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = await new_inbox(tenant)
    transmission = ids.new_id()
    told: list[Any] = []

    async def noted(_tx: object, organization_id: object, transmission_id: object, report: Any) -> object:
        told.append((organization_id, transmission_id, report.recipients[0].status))
        return ids.new_id()

    monkeypatch.setattr(ingest.feedback, "apply_report", noted)
    bounce = Inbox(tenant, inbox.id, verp.write(KEYRING, transmission, "agentpost.test"))
    nested = b"Content-Type: message/rfc822\r\nMessage-ID: <forwarded@x>\r\n\r\n" + _REPORT
    claims = await _accepted(bounce, _REPORT, nested, mail_from="")
    await lane.handle(claims)
    assert told == [(tenant.organization.organization_id, transmission, "5.1.1")]
    # A report inside a forward is no report.
    assert [row["id"] for row in await inbox.messages()] == [claims[1].id]
    assert await inbox.blobs(claims[0].id) == []


async def test_s52_mail_of_doubtful_authors_is_stored_and_not_believed(tenant: Tenant, lane: Ingest) -> None:
    inbox = await new_inbox(tenant)
    headers = (
        b"From: ann@example.com\r\nFrom: bob@example.com\r\n",
        b"From:\r\n",
        b"From: undisclosed: ann@example.com;\r\n",
        b"From: ann@example.com, bob@example.com\r\n",
    )
    await lane.handle(await _accepted(inbox, *(one + b"Subject: x\r\n\r\nhi\r\n" for one in headers)))
    rows = await inbox.messages(len(headers))
    assert len(rows) == len(headers)
    assert {row["trust"] for row in rows} == {"unverified"}
    assert ["double_from" in row["flags"] for row in rows].count(True) >= 2
