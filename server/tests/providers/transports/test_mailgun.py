"""Mailgun beyond the contract: the form, whose domain, and what its answers mean."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from agentpost_server.mail.model import Address
from agentpost_server.providers.mailgun import MailgunTransport
from providers.transports import peers
from providers.transports.http_stand_in import Reply
from providers.transports.letters import OWN_ID, TAG, envelope, faults, letter, people, statuses
from providers.transports.mailgun_stand_in import KEY
from providers.transports.peers import SHORT, HttpPeer


@pytest_asyncio.fixture
async def mailgun() -> AsyncIterator[HttpPeer]:
    peer = await peers.mailgun()
    yield peer
    await peer.transport.close()
    await peer.stand_in.stop()


async def test_the_composed_octets_go_unchanged(mailgun: HttpPeer) -> None:
    raw = letter(
        text_body=".\n..\n=C3=BC\n", cc=people("away@two.example"), headers=(("X-Twice", "1"), ("X-Twice", "2"))
    )
    receipt = await mailgun.transport.send(envelope("bob@one.example", "blind@one.example"), raw)
    assert statuses(receipt) == {"accepted"}
    (handed,) = mailgun.stand_in.handed
    assert (handed.wire, handed.recipients, handed.tag) == (raw, ["bob@one.example", "blind@one.example"], TAG)
    form = mailgun.stand_in.requests[0].body
    for option in (b"o:tracking", b"o:tracking-clicks", b"o:tracking-opens"):
        assert b'name="' + option + b'"\r\n\r\nno\r\n' in form


async def test_it_keeps_our_message_id_or_tells_its_own(mailgun: HttpPeer) -> None:
    receipt = await mailgun.transport.send(envelope(), letter())
    assert (receipt.provider_id, receipt.wire_message_id) == (OWN_ID[1:-1], None)
    mailgun.stand_in.faults = [Reply.json(200, {"id": "<20260301.1@example.com>", "message": "Queued. Thank you."})]
    receipt = await mailgun.transport.send(envelope(), letter())
    assert receipt.provider_id == "20260301.1@example.com"
    assert receipt.wire_message_id == "<20260301.1@example.com>"


@pytest.mark.parametrize("body", [b"", b"OK", b"{}", b'{"id": 7}', b'{"id": "<a b>\\r\\nX: y"}'])
async def test_a_success_without_a_readable_id_is_one(mailgun: HttpPeer, body: bytes) -> None:
    mailgun.stand_in.faults = [Reply(200, body)]
    receipt = await mailgun.transport.send(envelope(), letter())
    assert (statuses(receipt), receipt.provider_id, receipt.wire_message_id) == ({"accepted"}, None, None)


async def test_the_domain_is_the_setting_or_the_authors(mailgun: HttpPeer) -> None:
    await mailgun.transport.send(envelope(), letter())
    fixed = MailgunTransport(mailgun.stand_in.url, KEY, domain="mg.example.com", timing=SHORT)
    assert statuses(await fixed.send(envelope(), letter())) == {"accepted"}
    await fixed.close()
    assert [one.path for one in mailgun.stand_in.requests] == [
        "/v3/example.com/messages.mime",
        "/v3/mg.example.com/messages.mime",
    ]


@pytest.mark.parametrize("author", ["ann@evil/../../v3/x", "ann", "ann@", "ann@a?b", "ann@a#b", "ann@a%2fb"])
async def test_no_author_can_lead_the_call_elsewhere(mailgun: HttpPeer, author: str) -> None:
    receipt = await mailgun.transport.send(envelope(), letter(from_address=Address(author)))
    assert statuses(receipt) == {"refused"}
    assert mailgun.stand_in.requests == []


async def test_a_domain_that_is_not_theirs_is_for_another_transport(mailgun: HttpPeer) -> None:
    receipt = await mailgun.transport.send(envelope(), letter(from_address=Address("ann@stranger.example")))
    assert (statuses(receipt), faults(receipt)) == ({"deferred"}, {True})
    assert receipt.outcomes["bob@one.example"].detail == "HTTP 404: Domain not found: stranger.example"


@pytest.mark.parametrize(
    ("status", "expected", "fault"),
    [
        (400, "refused", False),
        (401, "deferred", True),
        (402, "deferred", True),
        (404, "deferred", True),
        (413, "refused", False),
        (429, "deferred", True),
        (500, "unknown", False),
        (503, "unknown", False),
    ],
)
async def test_what_its_errors_mean(mailgun: HttpPeer, status: int, expected: str, fault: bool) -> None:
    mailgun.stand_in.faults = [Reply.json(status, {"message": "its words"})]
    said = (await mailgun.transport.send(envelope(), letter())).outcomes["bob@one.example"]
    assert (said.status, said.transport_fault, said.detail) == (expected, fault, f"HTTP {status}: its words")


async def test_the_basic_credentials_show_nowhere(mailgun: HttpPeer) -> None:
    sent = mailgun.stand_in
    await mailgun.transport.send(envelope(), letter())
    basic = sent.requests[0].headers["authorization"]
    sent.faults = [Reply.json(400, {"message": f"You sent {basic} and {KEY}"})]
    receipt = await mailgun.transport.send(envelope(), letter())
    assert basic.removeprefix("Basic ") not in repr(receipt)
    assert KEY not in repr(receipt)
