"""GET /messages/{id}/raw: our lines, then the bytes as they came; with `original` those alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agentpost_server.core import ids
from agentpost_server.core.ids import encode
from agentpost_server.ports.blobs import blob_key
from harness import Tenant
from messages.added import message, new_inbox, stored
from messages.reading import msg, store_mail

_ENVELOPE = {
    "mail_from": "ann@x.org",
    "rcpt_to": ["us@agentpost.test"],
    "source": "smtp",
    "client_ip": "192.0.2.1",
    "helo": "mx.x.org",
    "tls": True,
    "_trace": {"protocol": "ESMTPS"},
}
_AUTHENTICATION = {"spf": "pass", "dkim": "none", "dmarc": "none", "arc": "none", "aligned_domain": None}


async def _inbound(tenant: Tenant, raw: bytes, **fields: Any) -> str:
    one = await store_mail(
        tenant,
        await new_inbox(tenant),
        **{
            "raw": raw,
            "envelope": _ENVELOPE,
            "authentication": _AUTHENTICATION,
            "received_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            **fields,
        },
    )
    return f"/messages/{msg(one)}/raw"


async def test_the_trace_stands_above_the_bytes_as_received(tenant: Tenant) -> None:
    raw = b"Subject: hi\r\n\r\nbody \xff\x00 not utf-8\r\n"
    path = await _inbound(tenant, raw)
    answer = await tenant.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"].endswith('.eml"')
    assert answer.content.endswith(raw)
    trace = answer.content.removesuffix(raw).decode()
    assert trace.startswith("Return-Path: <ann@x.org>\r\nReceived: from mx.x.org ([192.0.2.1])\r\n")
    assert "with ESMTPS id msg_" in trace
    assert "for <us@agentpost.test>" in trace
    assert "Authentication-Results: " in trace
    assert "spf=pass" in trace
    assert (await tenant.http.get(path, params={"original": "true"})).content == raw


async def test_s49_forged_results_of_our_name_are_left_out_but_the_original_keeps_them(tenant: Tenant) -> None:
    ours = tenant.server.runtime.smtp_hostname
    forged = f"Authentication-Results: {ours}; dkim=pass\r\nSubject: hi\r\n\r\nbody\r\n".encode()
    path = await _inbound(tenant, forged)
    shown = (await tenant.http.get(path)).content
    assert b"dkim=pass" not in shown
    assert (await tenant.http.get(path, params={"original": "true"})).content == forged


async def test_other_recipients_are_nobodys_business(tenant: Tenant) -> None:
    path = await _inbound(tenant, b"\r\n", envelope={**_ENVELOPE, "rcpt_to": ["a@b", "secret@c"]})
    assert b"secret@c" not in (await tenant.http.get(path)).content


async def test_h68_head_has_no_body(tenant: Tenant) -> None:
    answer = await tenant.http.head(await _inbound(tenant, b"Subject: hi\r\n\r\nbody\r\n"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "message/rfc822"
    assert (await tenant.http.head(f"/messages/{encode('msg', ids.new_id())}/raw")).status_code == 404


@pytest.mark.parametrize(
    "header", [b"Subject: hi\r\n", b"X-Long: " + b"x" * 1_500_000 + b"\r\n"], ids=["short", "long"]
)
async def test_large_mail_comes_from_the_blob_store(tenant: Tenant, header: bytes) -> None:
    ours = tenant.server.runtime.smtp_hostname.encode()
    forged = b"Authentication-Results: " + ours + b"; dkim=pass\r\n"
    raw = header + forged + b"\r\n" + b"0123456789abcde\n" * 65_536
    one = message(tenant, await new_inbox(tenant), "<large@x>", envelope=_ENVELOPE, authentication=_AUTHENTICATION)
    await stored(tenant, one)
    organization_id = one.scope.organization_id
    await tenant.server.runtime.blobs.put(blob_key(organization_id, one.id, one.created_at), raw)
    async with tenant.server.database.transaction(organization_id) as tx:
        await tx.run(
            "INSERT INTO blobs (organization_id, id, size, created_at) VALUES ($1, $2, $3, $4)",
            organization_id,
            one.id,
            len(raw),
            one.created_at,
        )
    path = f"/messages/{msg(one)}/raw"
    assert (await tenant.http.get(path, params={"original": "true"})).content == raw
    shown = (await tenant.http.get(path)).content
    assert shown.endswith(header + b"\r\n" + raw.partition(b"\r\n\r\n")[2])
    assert shown.startswith(b"Return-Path: ")
    assert forged not in shown


async def test_sent_mail_is_shown_as_it_was_sent(tenant: Tenant) -> None:
    raw = b"Return-Path: <kept@x>\r\nSubject: ours\r\n\r\nbody\r\n"
    path = await _inbound(tenant, raw, direction="outbound", status="sent", envelope=None, authentication=None)
    assert (await tenant.http.get(path)).content == raw


async def test_bytes_that_are_gone_are_not_found(tenant: Tenant) -> None:
    one = message(tenant, await new_inbox(tenant), "<gone@x>")
    await stored(tenant, one)
    assert (await tenant.http.get(f"/messages/{msg(one)}/raw")).status_code == 404
