"""The transports `smtp` and `direct` against a real Postfix: what they hand over is what lies in the maildir."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import trustme

from agentpost_server.core.networks import parse_networks
from agentpost_server.ports.transport import Outcome
from agentpost_server.providers.direct import DirectSettings, DirectTransport
from agentpost_server.providers.smtp import SmtpRelay, SmtpTransport
from providers.direct.network import Network, StubResolver
from providers.postfix.instance import DOMAIN, SIZE_LIMIT, Postfix, missing
from providers.scripted_peer import envelope_to

__all__ = ["envelope_to"]

pytestmark = [pytest.mark.system, pytest.mark.skipif(missing() is not None, reason=missing() or "")]
_HEADER = b"From: Ann <ann@us.test>\r\nTo: bob@post.test\r\nSubject: x\r\nMessage-ID: <1@us.test>\r\n"
_HEADER += b"Date: Tue, 5 Mar 2024 00:00:00 +0000\r\nMIME-Version: 1.0\r\n"
_TEXT = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
_TRACE = {b"Return-Path", b"X-Original-To", b"Delivered-To", b"Received"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def postfix(authority: trustme.CA) -> Iterator[Postfix]:
    certificate = authority.issue_cert("127.0.0.1", "mx.post.test")
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    with tempfile.TemporaryDirectory(prefix="postfix-for-tests-") as folder:
        made = Postfix(Path(folder))
        made.start(["bob", "cid", "later", "jörg", "bytes"], chain, certificate.private_key_pem.bytes())
        try:
            yield made
        finally:
            made.stop()


Make = Callable[..., Any]


@pytest_asyncio.fixture(params=["smtp", "direct"])
async def make(request: pytest.FixtureRequest, postfix: Postfix, authority: trustme.CA) -> AsyncIterator[Make]:
    opened: list[Any] = []

    def transport(*, bare: bool = False) -> Any:
        port = postfix.bare_port if bare else postfix.port
        if request.param == "smtp":
            context = ssl.create_default_context()
            authority.configure_trust(context)
            relay = SmtpRelay(
                host="127.0.0.1",
                port=port,
                tls="none" if bare else "starttls",
                local_hostname="mail.us.test",
                reply_seconds=10,
            )
            opened.append(SmtpTransport(relay, tls_context=context))
        else:
            net = Network(mx={DOMAIN: [(10, "mx.post.test")]}, a={"mx.post.test": ["127.0.0.1"]})
            settings = DirectSettings(
                hostname="mail.us.test", port=port, allow=parse_networks("127.0.0.0/8"), reply_seconds=10
            )
            opened.append(DirectTransport(StubResolver(net), settings))
        return opened[-1]

    yield transport
    for one in opened:
        await one.close()


async def delivered(postfix: Postfix, mailbox: str, raw: bytes, count: int = 1) -> bytes:
    """The trace headers of the newest of `count` mails that end in exactly these bytes."""
    text = raw.replace(b"\r\n", b"\n")
    async with asyncio.timeout(15):
        while len(found := [one for one in postfix.mails(mailbox) if one.endswith(text)]) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    trace = found[-1].removesuffix(text)
    names = {line.partition(b":")[0] for line in trace.splitlines() if not line.startswith((b" ", b"\t"))}
    assert names <= _TRACE
    return trace


BODIES = {
    "dots": b".\r\n..\r\n.x\r\n.\r\nafter\r\n.\r\n",
    "long lines": b"y" * 998 + b"\r\n" + b"z" * 20_000 + b"\r\n",
    "8-bit": "Grüße, 世界 ✓\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "empty lines": b"\r\n" * 500 + b"end\r\n",
    "no body": b"",
}


@pytest.mark.parametrize("name", BODIES)
async def test_what_was_handed_over_lies_in_the_maildir(postfix, make, envelope_to, name: str) -> None:
    raw = _HEADER + b"X-Case: " + name.encode() + b" " + str(id(make)).encode() + b"\r\n" + _TEXT + BODIES[name]
    receipt = await make().send(envelope_to("bytes@post.test", mail_from="bounces+x@us.test"), raw)
    assert receipt.outcomes["bytes@post.test"].status == "accepted"
    assert receipt.provider_id
    trace = await delivered(postfix, "bytes", raw)
    assert b"Return-Path: <bounces+x@us.test>" in trace
    assert b"from mail.us.test" in trace


@pytest.mark.parametrize("bare", [False, True])
async def test_tls_where_it_is_offered(postfix, make, envelope_to, bare: bool) -> None:
    raw = _HEADER + f"X-Case: tls {bare} {id(make)}\r\n".encode() + _TEXT
    assert (await make(bare=bare).send(envelope_to("bob@post.test"), raw)).outcomes[
        "bob@post.test"
    ].status == "accepted"
    trace = await delivered(postfix, "bob", raw)
    assert (b"using TLS" in trace) == (not bare)


async def test_each_recipient_has_an_outcome_of_its_own(postfix, make, envelope_to) -> None:
    raw = _HEADER + f"X-Case: three {id(make)}\r\n".encode() + _TEXT
    to = ("bob@post.test", "nobody@post.test", "later@post.test", "cid@post.test")
    outcomes: dict[str, Outcome] = (await make().send(envelope_to(*to), raw)).outcomes
    assert [outcomes[one].status for one in to] == ["accepted", "refused", "deferred", "accepted"]
    assert (outcomes[to[1]].smtp_code, outcomes[to[1]].enhanced_code) == (550, "5.1.1")
    assert (outcomes[to[2]].smtp_code, outcomes[to[2]].enhanced_code) == (450, "4.7.1")
    assert not outcomes[to[2]].transport_fault
    await delivered(postfix, "bob", raw)
    await delivered(postfix, "cid", raw)
    assert postfix.mails("later") == []


async def test_relaying_is_refused(make, postfix, envelope_to) -> None:
    transport = make()
    if transport.name == "direct":
        pytest.skip("direct asks no host about another's domain")
    (outcome,) = (await transport.send(envelope_to("x@elsewhere.test"), _HEADER + _TEXT)).outcomes.values()
    assert (outcome.status, outcome.smtp_code) == ("refused", 554)


@pytest.mark.parametrize("bare", [False, True], ids=["by SIZE", "by the reply"])
async def test_mail_that_is_too_large_is_refused(postfix, make, envelope_to, bare: bool) -> None:
    raw = _HEADER + _TEXT + (b"x" * 76 + b"\r\n") * (SIZE_LIMIT // 70)
    (outcome,) = (await make(bare=bare).send(envelope_to("bob@post.test"), raw)).outcomes.values()
    assert (outcome.status, outcome.enhanced_code) == ("refused", "5.3.4")
    assert (outcome.smtp_code is None) == (not bare)


async def test_a_local_part_outside_ascii(postfix, make, envelope_to) -> None:
    raw = "From: Änn <änn@us.test>\r\nTo: jörg@post.test\r\nSubject: Grüße\r\nMessage-ID: <2@us.test>\r\n".encode()
    raw += f"Date: Tue, 5 Mar 2024 00:00:00 +0000\r\nX-Case: {id(make)}\r\n".encode() + b"MIME-Version: 1.0\r\n" + _TEXT
    to = "jörg@post.test"
    receipt = await make().send(envelope_to(to, mail_from="änn@us.test", smtputf8=True), raw)
    assert receipt.outcomes[to].status == "accepted"
    trace = await delivered(postfix, "jörg", raw)
    assert b"UTF8SMTPS" in trace or b"UTF8SMTP" in trace


async def test_many_mails_over_few_lines(postfix, make, envelope_to) -> None:
    transport = make()
    raw = _HEADER + f"X-Case: many {id(make)}\r\n".encode() + _TEXT
    receipts = await asyncio.gather(*(transport.send(envelope_to("bob@post.test"), raw) for _ in range(20)))
    assert {one.status for receipt in receipts for one in receipt.outcomes.values()} == {"accepted"}
    await delivered(postfix, "bob", raw, count=20)
    assert len({receipt.provider_id for receipt in receipts}) == 20
