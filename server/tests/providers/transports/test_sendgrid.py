"""SendGrid beyond the contract: the shape of a request, what cannot be carried, and what its answers mean."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from agentpost_server.mail.compose import OutgoingAttachment
from agentpost_server.mail.model import Address
from agentpost_server.providers.sendgrid import SendGridTransport
from providers.transports import peers
from providers.transports.http_stand_in import Reply
from providers.transports.letters import OWN_ID, TAG, envelope, everybody, faults, letter, people, statuses
from providers.transports.peers import HttpPeer


@pytest_asyncio.fixture
async def sendgrid() -> AsyncIterator[HttpPeer]:
    peer = await peers.sendgrid()
    yield peer
    await peer.transport.close()
    await peer.stand_in.stop()


async def request_of(sendgrid: HttpPeer, raw: bytes, *recipients: str) -> dict[str, Any]:
    receipt = await sendgrid.transport.send(envelope(*recipients), raw)
    assert statuses(receipt) == {"accepted"}, receipt
    return msgspec.json.decode(sendgrid.stand_in.requests[-1].body)


async def test_the_whole_shape(sendgrid: HttpPeer) -> None:
    raw = letter(
        to=(Address("bob@one.example", 'Doe; "Bob", B'),),
        cc=people("cy@one.example"),
        reply_to=people("desk@example.com"),
        html_body='<img src="cid:logo">',
        in_reply_to="<1@x.example>",
        references=("<0@x.example>", "<1@x.example>"),
        headers=(("X-Own", "Grüße"),),
        auto_submitted="auto-generated",
        attachments=(
            OutgoingAttachment(
                filename="l.png", mime_type="image/png", content=b"\x89PNG", inline=True, content_id="logo"
            ),
            OutgoingAttachment(filename="ü.pdf", mime_type="application/pdf", content=b"%PDF-1.4 \0"),
        ),
    )
    said = await request_of(sendgrid, raw, "bob@one.example", "cy@one.example", "blind@one.example")
    assert said["personalizations"] == [
        {
            "to": [{"email": "bob@one.example", "name": '"Doe; \\"Bob\\", B"'}],
            "cc": [{"email": "cy@one.example"}],
            "bcc": [{"email": "blind@one.example"}],
        }
    ]
    assert said["headers"] == {
        "Message-ID": OWN_ID,
        "In-Reply-To": "<1@x.example>",
        "References": "<0@x.example> <1@x.example>",
        "X-Own": "=?utf-8?b?R3LDvMOfZQ==?=",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    assert said["custom_args"] == {"agentpost_attempt": TAG}
    assert said["reply_to_list"] == [{"email": "desk@example.com"}]
    assert [(one["disposition"], one.get("content_id"), one["filename"]) for one in said["attachments"]] == [
        ("inline", "logo", "l.png"),
        ("attachment", None, "ü.pdf"),
    ]
    (handed,) = sendgrid.stand_in.handed
    assert handed.mail["To"] == '"Doe; \\"Bob\\", B" <bob@one.example>'
    assert [part.get_content() for part in handed.mail.iter_attachments()] == [b"\x89PNG", b"%PDF-1.4 \0"]


async def test_blind_recipients_alone_get_a_mail_each_in_one_request(sendgrid: HttpPeer) -> None:
    said = await request_of(sendgrid, letter(to=()), "x@one.example", "y@one.example")
    assert [one["to"] for one in said["personalizations"]] == [
        [{"email": "x@one.example"}],
        [{"email": "y@one.example"}],
    ]
    assert [one.recipients for one in sendgrid.stand_in.handed] == [["x@one.example"], ["y@one.example"]]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (letter(subject=""), "without a subject"),
        (letter(headers=(("X-Twice", "1"), ("x-twice", "2"))), "x-twice twice"),
        (letter(headers=(("X-SG-EID", "1"),)), "X-SG-EID"),
        (b"DKIM-Signature: v=1\r\n" + letter(), "DKIM-Signature"),
        (letter(text_body="x" * 1_100_000), "without loss"),
    ],
    ids=["subject", "repeat", "reserved", "signed", "long"],
)
async def test_what_its_api_cannot_carry_is_refused_with_the_reason(
    sendgrid: HttpPeer, raw: bytes, sentence: str
) -> None:
    receipt = await sendgrid.transport.send(envelope(), raw)
    assert (statuses(receipt), faults(receipt)) == ({"refused"}, {False})
    assert sentence in (receipt.outcomes["bob@one.example"].detail or "")
    assert sendgrid.stand_in.requests == []


async def test_a_mail_without_text_is_carried(sendgrid: HttpPeer) -> None:
    said = await request_of(sendgrid, letter(text_body=""))
    assert [one["type"] for one in said["content"]] == ["text/plain"]


async def test_its_id_is_the_one_its_events_begin_with(sendgrid: HttpPeer) -> None:
    receipt = await sendgrid.transport.send(envelope(), letter())
    assert (receipt.provider_id, receipt.wire_message_id) == ("sg1abc", None)


async def test_a_thousand_and_one_are_too_many(sendgrid: HttpPeer) -> None:
    many = [f"r{n}@one.example" for n in range(1001)]
    assert statuses(await sendgrid.transport.send(envelope(*many), letter(to=people(*many[:900])))) == {"refused"}
    assert statuses(await sendgrid.transport.send(envelope(*many[:1000]), letter(to=()))) == {"accepted"}
    assert len(everybody(sendgrid.stand_in.handed)) == 1000


@pytest.mark.parametrize(
    ("status", "expected", "fault"),
    [
        (400, "refused", False),
        (401, "deferred", True),
        (403, "deferred", True),
        (413, "refused", False),
        (429, "deferred", True),
        (500, "unknown", False),
        (502, "unknown", False),
        (503, "deferred", True),
    ],
)
async def test_what_its_errors_mean(sendgrid: HttpPeer, status: int, expected: str, fault: bool) -> None:
    errors = {"errors": [{"field": "from.email", "message": "Does not match", "help": None}, {"message": "Second"}]}
    sendgrid.stand_in.faults = [Reply.json(status, errors)]
    receipt = await sendgrid.transport.send(envelope(), letter())
    said = receipt.outcomes["bob@one.example"]
    assert (said.status, said.transport_fault) == (expected, fault)
    assert said.detail == f"HTTP {status}: from.email: Does not match Second"
    assert said.smtp_code is None


async def test_a_wrong_key_and_a_sender_that_is_not_verified_are_for_another_transport(sendgrid: HttpPeer) -> None:
    stranger = await sendgrid.transport.send(envelope(), letter(from_address=Address("ann@stranger.example")))
    assert (statuses(stranger), faults(stranger)) == ({"deferred"}, {True})
    locked_out = SendGridTransport(sendgrid.stand_in.url, "SG.wrong", timing=peers.SHORT)
    receipt = await locked_out.send(envelope(), letter())
    await locked_out.close()
    assert (statuses(receipt), faults(receipt)) == ({"deferred"}, {True})
    assert "authorization grant is invalid" in (receipt.outcomes["bob@one.example"].detail or "")
