"""Postmark beyond the contract: the shape of a batch, inactive addresses, and what its error codes mean."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.mail.compose import OutgoingAttachment
from agentpost_server.mail.model import Address
from agentpost_server.providers.composed import Shown
from agentpost_server.providers.http_api import Answer
from agentpost_server.providers.postmark.answers import Said, outcomes_of, read
from providers.transports import peers
from providers.transports.http_stand_in import Reply
from providers.transports.letters import OWN_ID, TAG, envelope, everybody, letter, people, statuses
from providers.transports.peers import HttpPeer
from providers.transports.postmark_stand_in import PostmarkStandIn


@pytest_asyncio.fixture
async def postmark() -> AsyncIterator[HttpPeer]:
    peer = await peers.postmark()
    yield peer
    await peer.transport.close()
    await peer.stand_in.stop()


def inactive(postmark: HttpPeer, *emails: str) -> None:
    assert isinstance(postmark.stand_in, PostmarkStandIn)
    postmark.stand_in.inactive |= set(emails)


async def test_the_whole_shape(postmark: HttpPeer) -> None:
    raw = letter(
        to=(Address("bob@one.example", 'Doe; "Bob" \\ B'),),
        cc=(Address("cy@one.example", "Zoë"),),
        reply_to=people("desk@example.com", "other@example.com"),
        html_body='<img src="cid:logo">',
        headers=(("X-Twice", "1"), ("X-Twice", "2")),
        attachments=(
            OutgoingAttachment(
                filename="l.png", mime_type="image/png", content=b"\x89PNG", inline=True, content_id="logo"
            ),
            OutgoingAttachment(filename="ü.pdf", mime_type="application/pdf", content=b"%PDF-1.4 \0"),
        ),
    )
    receipt = await postmark.transport.send(envelope("bob@one.example", "cy@one.example", "blind@one.example"), raw)
    assert (statuses(receipt), receipt.provider_id, receipt.wire_message_id) == ({"accepted"}, "pm-1", None)
    said: list[dict[str, Any]] = msgspec.json.decode(postmark.stand_in.requests[0].body)
    assert [(one["To"], one["Cc"], one["Bcc"]) for one in said] == [
        ('"Doe; \\"Bob\\" \\\\ B" <bob@one.example>', '"Zoë" <cy@one.example>', "blind@one.example")
    ]
    assert said[0]["Headers"] == [
        {"Name": "Message-ID", "Value": OWN_ID},
        {"Name": "X-Twice", "Value": "1"},
        {"Name": "X-Twice", "Value": "2"},
        {"Name": "X-PM-KeepID", "Value": "true"},
    ]
    assert (said[0]["Metadata"], said[0]["MessageStream"]) == ({"agentpost_attempt": TAG}, "outbound")
    assert (said[0]["TrackOpens"], said[0]["TrackLinks"]) == (False, "None")
    (handed,) = postmark.stand_in.handed
    assert handed.mail["To"].addresses[0].display_name == 'Doe; "Bob" \\ B'
    assert handed.mail["Reply-To"] == "desk@example.com, other@example.com"
    assert [part.get_content() for part in handed.mail.iter_attachments()] == [b"\x89PNG", b"%PDF-1.4 \0"]


async def test_blind_recipients_alone_get_a_message_each_and_each_its_outcome(postmark: HttpPeer) -> None:
    inactive(postmark, "y@one.example")
    receipt = await postmark.transport.send(envelope("x@one.example", "y@one.example", "z@one.example"), letter(to=()))
    assert [one.status for one in receipt.outcomes.values()] == ["accepted", "suppressed", "accepted"]
    assert len(postmark.stand_in.requests) == 1
    assert [one.recipients for one in postmark.stand_in.handed] == [["x@one.example"], ["z@one.example"]]


async def test_an_inactive_address_is_suppressed_and_the_others_are_not(postmark: HttpPeer) -> None:
    inactive(postmark, "bob@one.example", "dee@one.example")
    to = ("Bob@one.example", "cy@one.example", "dee@one.example")
    receipt = await postmark.transport.send(envelope(*to), letter(to=people(*to[:2]), cc=people(to[2])))
    assert {email: one.status for email, one in receipt.outcomes.items()} == {
        "Bob@one.example": "suppressed",
        "cy@one.example": "accepted",
        "dee@one.example": "suppressed",
    }
    assert everybody(postmark.stand_in.handed) == ["cy@one.example"]


async def test_nobody_active_is_suppressed_for_all(postmark: HttpPeer) -> None:
    inactive(postmark, "bob@one.example")
    receipt = await postmark.transport.send(envelope(), letter())
    assert statuses(receipt) == {"suppressed"}
    assert receipt.provider_id is None


async def test_an_unverified_sender_a_wrong_stream_and_a_forbidden_file(postmark: HttpPeer) -> None:
    stranger = await postmark.transport.send(envelope(), letter(from_address=Address("ann@stranger.example")))
    said = stranger.outcomes["bob@one.example"]
    assert (said.status, said.transport_fault) == ("deferred", True)
    program = OutgoingAttachment(filename="a.exe", mime_type="application/octet-stream", content=b"MZ")
    refused = await postmark.transport.send(envelope(), letter(attachments=(program,)))
    assert statuses(refused) == {"refused"}
    assert "411" in (refused.outcomes["bob@one.example"].detail or "")


@pytest.mark.parametrize("name", ["X-PM-Tag", "Sender", "Return-Path"])
async def test_what_its_api_cannot_carry_is_refused_with_the_reason(postmark: HttpPeer, name: str) -> None:
    receipt = await postmark.transport.send(envelope(), letter(headers=((name, "a@example.com"),)))
    assert statuses(receipt) == {"refused"}
    assert name in (receipt.outcomes["bob@one.example"].detail or "")
    assert postmark.stand_in.requests == []


async def test_a_large_file_for_many_blind_recipients_is_refused_before_it_is_sent(postmark: HttpPeer) -> None:
    large = OutgoingAttachment(filename="a.bin", mime_type="application/octet-stream", content=b"x" * 1_500_000)
    many = [f"r{n}@one.example" for n in range(30)]
    receipt = await postmark.transport.send(envelope(*many), letter(to=(), attachments=(large,)))
    assert statuses(receipt) == {"refused"}
    assert postmark.stand_in.requests == []


@pytest.mark.parametrize(
    ("reply", "expected", "fault"),
    [
        (Reply.json(401, {"ErrorCode": 10, "Message": "token"}), "deferred", True),
        (Reply(403, b"<html>403 Forbidden</html>"), "deferred", True),
        (Reply(413, b""), "refused", False),
        (Reply.json(422, {"ErrorCode": 402, "Message": "json"}), "refused", False),
        (Reply.json(422, {"ErrorCode": 405, "Message": "credits"}), "deferred", True),
        (Reply.json(429, {"ErrorCode": 429, "Message": "rate"}), "deferred", True),
        (Reply.json(500, {"ErrorCode": 0, "Message": "ours"}), "unknown", False),
        (Reply(503, b""), "deferred", True),
        (Reply(200, b"not json"), "unknown", False),
        (Reply.json(200, []), "unknown", False),
        (Reply.json(200, [{"ErrorCode": 0, "Message": "OK"}] * 2), "unknown", False),
        (Reply.json(200, [{"Message": "Message accepted, but delivery may be delayed."}]), "accepted", False),
        *((Reply.json(200, [{"ErrorCode": code, "Message": "no"}]), "refused", False) for code in (300, 403, 411, 999)),
        *((Reply.json(200, [{"ErrorCode": code}]), "deferred", True) for code in (100, 400, 401, 412, 413, 429, 1235)),
    ],
    ids=lambda value: f"{value.status} {value.body[:60]!r}" if isinstance(value, Reply) else None,
)
async def test_what_its_answers_mean(postmark: HttpPeer, reply: Reply, expected: str, fault: bool) -> None:
    postmark.stand_in.faults = [reply]
    receipt = await postmark.transport.send(envelope(), letter())
    said = receipt.outcomes["bob@one.example"]
    assert (said.status, said.transport_fault) == (expected, fault)


def test_406_says_nothing_of_whom_it_does_not_name() -> None:
    shown = Shown(people("a@x.example", "b@x.example"))
    said = Said(error_code=406, message="You tried… Found inactive addresses: a@x.example.\nInactive recipients are")
    assert {email: one.status for email, one in outcomes_of(shown, said).items()} == {
        "a@x.example": "suppressed",
        "b@x.example": "unknown",
    }


@given(
    body=st.binary(max_size=80) | st.text('[]{}":,ErorCd0', max_size=40).map(str.encode), status=st.integers(100, 599)
)
def test_no_answer_can_break_the_reading(body: bytes, status: int) -> None:
    answer = read(Answer(status=status, headers={}, body=body, text=""), 1)
    if isinstance(answer, list):
        outcomes_of(Shown(people("a@x.example")), answer[0])
    else:
        assert answer.status != "accepted"


@given(st.text(max_size=300))
def test_no_sentence_suppresses_whom_it_does_not_name(sentence: str) -> None:
    outcomes = outcomes_of(Shown(people("a@x.example")), Said(message=f"{sentence} inactive addresses: z@x.example."))
    assert outcomes["a@x.example"].status == "accepted"


@given(st.lists(st.sampled_from(["a@x.example", "b@x.example", "c@x.example"]), min_size=1, unique=True))
def test_every_named_address_is_suppressed(named: list[str]) -> None:
    message = f"Message OK, but will not deliver to these inactive addresses: {', '.join(named)}. Inactive recipients"
    outcomes = outcomes_of(Shown(people("A@x.example", "b@x.example", "c@x.example")), Said(message=message))
    assert sorted(email.lower() for email, one in outcomes.items() if one.status == "suppressed") == sorted(named)
