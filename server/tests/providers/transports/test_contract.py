"""What every transport keeps, whatever lies behind it: one suite, run on all of them."""

import asyncio
from typing import Any

import pytest

from agentpost_server.ports.transport import Receipt
from providers.transports.letters import SENDER, everybody, faults, letter, people, statuses
from providers.transports.peers import Peer

TAKEN = ({"accepted"}, {"delivered"}, {"captured"})
LOST = ("drop", "reset", "garbage", "stall")


def needs(peer: Peer, way: str) -> None:
    if way not in peer.ways:
        pytest.skip(f"this transport cannot be made to {way}")


def on_a_wire(peer: Peer) -> None:
    if peer.transport.name == "local":
        pytest.skip("nothing leaves the server here")


async def test_a_mail_is_taken_for_everybody_in_the_envelope(peer: Peer) -> None:
    to = ("bob@one.example", "cy@one.example", "dee@two.example")
    receipt = await peer.transport.send(peer.envelope(*to), letter(to=people(*to[:2]), cc=people(to[2])))
    assert statuses(receipt) in TAKEN
    assert list(receipt.outcomes) == list(to)
    assert everybody(await peer.handed()) == sorted(to)


async def test_only_the_envelope_says_who_gets_it(peer: Peer) -> None:
    raw = letter(to=people("bob@one.example", "away@two.example"), cc=people("cy@one.example", "off@two.example"))
    receipt = await peer.transport.send(peer.envelope("bob@one.example", "cy@one.example"), raw)
    assert statuses(receipt) in TAKEN
    assert everybody(await peer.handed()) == ["bob@one.example", "cy@one.example"]


@pytest.mark.parametrize("visible", [True, False])
async def test_a_blind_recipient_stands_in_no_header(peer: Peer, visible: bool) -> None:
    shown = ("bob@one.example",) if visible else ()
    to = (*shown, "blind@one.example", "hidden@one.example")
    receipt = await peer.transport.send(peer.envelope(*to), letter(to=people(*shown)))
    assert statuses(receipt) in TAKEN
    handed = await peer.handed()
    assert everybody(handed) == sorted(to)
    for one in handed:
        others = [email for email in ("blind@one.example", "hidden@one.example") if email != one.recipients[0]]
        assert not [email for email in others if email.encode() in one.wire]
        assert b"\nBcc:" not in one.wire


async def test_the_mail_arrives_as_it_was_composed(peer: Peer) -> None:
    on_a_wire(peer)
    raw = letter(
        subject="Zwölf Bücher", text_body="Grüße\n.\n..\nend\n", html_body="<p>Grüße</p>\n", references=("<a@b>",)
    )
    assert statuses(await peer.transport.send(peer.envelope(), raw)) in TAKEN
    (handed,) = await peer.handed()
    mail = handed.mail
    assert (mail["Subject"], mail["Message-ID"]) == ("Zwölf Bücher", "<0123456789abcdef0123456789abcdef@example.com>")
    assert (mail["From"], mail["References"]) == ("Ann Agent <ann@example.com>", "<a@b>")
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == "Grüße\n.\n..\nend\n"
    assert html.get_content().replace("\r\n", "\n") == "<p>Grüße</p>\n"


async def test_our_tag_goes_with_it(peer: Peer) -> None:
    if not peer.carries_tag:
        pytest.skip("this transport has no place for a tag: its return path names the call")
    sent = peer.envelope()
    await peer.transport.send(sent, letter())
    assert [one.tag for one in await peer.handed()] == [sent.tag]


async def test_a_refusal_is_for_good_and_for_everybody(peer: Peer) -> None:
    needs(peer, "refuse")
    peer.will("refuse")
    receipt = await peer.transport.send(peer.envelope("bob@one.example", "cy@one.example"), letter())
    assert (statuses(receipt), faults(receipt)) == ({"refused"}, {False})
    assert all(one.detail for one in receipt.outcomes.values())


async def test_a_throttle_is_for_later(peer: Peer) -> None:
    needs(peer, "throttle")
    peer.will("throttle")
    receipt = await peer.transport.send(peer.envelope(), letter())
    assert statuses(receipt) == {"deferred"}
    assert statuses(await peer.transport.send(peer.envelope(), letter())) in TAKEN


@pytest.mark.parametrize("way", LOST)
async def test_what_is_lost_behind_the_request_is_unknown_and_not_tried_again(peer: Peer, way: str) -> None:
    needs(peer, way)
    peer.will(way)
    receipt = await asyncio.wait_for(
        peer.transport.send(peer.envelope("bob@one.example", "cy@one.example"), letter()), 20
    )
    assert (statuses(receipt), faults(receipt)) == ({"unknown"}, {False})
    assert peer.calls() == 1


@pytest.mark.parametrize("kind", ["smtp", "direct", "ses", "sendgrid", "postmark", "mailgun"])
async def test_a_provider_that_is_not_there_surely_did_not_take_it(open_peer: Any, kind: str) -> None:
    peer = await open_peer(kind, away=True)
    receipt = await peer.transport.send(peer.envelope("bob@one.example", "cy@one.example"), letter())
    assert statuses(receipt) == {"deferred"}
    assert peer.calls() == 0
    if kind != "smtp":
        assert faults(receipt) == {True}


async def test_what_is_too_large_is_refused_here(peer: Peer) -> None:
    on_a_wire(peer)
    raw = letter() + b"x" * peer.transport.limits.max_octets
    receipt = await peer.transport.send(peer.envelope(), raw)
    assert (statuses(receipt), peer.calls()) == ({"refused"}, 0)
    assert all("octets" in (one.detail or "") for one in receipt.outcomes.values())


@pytest.mark.parametrize("evil", ["a@b\r\nRCPT TO:<x@y>", "a@b>\r\n", "a@b\nBcc: x@y", "a@b\0", "a\u2028@b"])
async def test_an_address_that_is_none_goes_on_no_wire(peer: Peer, evil: str) -> None:
    on_a_wire(peer)
    receipt = await peer.transport.send(peer.envelope("bob@one.example", evil), letter())
    assert set(receipt.outcomes) == {"bob@one.example", evil}
    assert statuses(receipt) == {"refused"}
    assert peer.calls() == 0


async def test_no_value_can_make_a_header(peer: Peer) -> None:
    name = 'Bob\r\nX-Evil: 1" <x@y>, "'
    raw = letter(
        subject="Hi\r\nX-Evil: 1\r\n\r\nbody",
        to=(SENDER.__class__(email="bob@one.example", name=name),),
        from_address=SENDER.__class__(email="ann@example.com", name="Ann\r\nX-Evil: 1"),
        headers=(("X-Good", "yes\r\nX-Evil: 1"),),
    )
    assert statuses(await peer.transport.send(peer.envelope(), raw)) in TAKEN
    (handed,) = await peer.handed()
    if handed.wire:
        assert handed.mail["X-Evil"] is None
        assert handed.mail["X-Good"] == "yes  X-Evil: 1"
        assert [one.addr_spec for one in handed.mail["To"].addresses] == ["bob@one.example"]


async def test_bytes_that_are_no_mail_lines_are_refused(peer: Peer) -> None:
    on_a_wire(peer)
    for raw in (b"Subject: x\n\nlone\n", b"Subject: x\r\n\r\na\rb\r\n", b"Subject: x\r\n\r\n\0\r\n"):
        assert statuses(await peer.transport.send(peer.envelope(), raw)) == {"refused"}
    assert peer.calls() == 0


async def test_an_address_outside_ascii_goes_only_where_it_is_carried(peer: Peer) -> None:
    receipt = await peer.transport.send(peer.envelope("bücher@one.example"), letter(to=people("bücher@one.example")))
    if peer.transport.name in ("local", "smtp", "direct"):
        return
    assert (statuses(receipt), peer.calls()) == ({"refused"}, 0)
    assert not peer.transport.limits.smtputf8


async def test_many_at_a_time_are_bounded_and_all_end(peer: Peer) -> None:
    receipts: list[Receipt] = await asyncio.gather(*(peer.transport.send(peer.envelope(), letter()) for _ in range(30)))
    assert [statuses(one) in TAKEN for one in receipts] == [True] * 30
    assert peer.seen_at_once() <= peer.most_at_once


async def test_closing_twice_is_closing_once_and_no_call_raises_after_it(peer: Peer) -> None:
    assert statuses(await peer.transport.send(peer.envelope(), letter())) in TAKEN
    await peer.transport.close()
    await peer.transport.close()
    receipt = await peer.transport.send(peer.envelope(), letter())
    assert len(receipt.outcomes) == 1
    if peer.transport.name != "local":
        assert statuses(receipt) == {"deferred"}


async def test_a_cancelled_send_frees_its_place(peer: Peer) -> None:
    needs(peer, "stall")
    peer.will("stall")
    sending = asyncio.create_task(peer.transport.send(peer.envelope(), letter()))
    async with asyncio.timeout(10):
        while not peer.calls():  # noqa: ASYNC110 the other side tells by a count alone
            await asyncio.sleep(0.01)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert statuses(await peer.transport.send(peer.envelope(), letter())) in TAKEN


@pytest.mark.parametrize("way", ["refuse", "throttle", *LOST])
async def test_no_answer_shows_a_credential(peer: Peer, way: str, caplog: pytest.LogCaptureFixture) -> None:
    needs(peer, way)
    peer.will(way)
    receipt = await peer.transport.send(peer.envelope(), letter())
    assert peer.secret not in repr(receipt) + caplog.text + repr(peer.transport)


@pytest.mark.parametrize(
    ("kind", "recipients", "octets", "signs", "own_path", "writes"),
    [
        ("local", 50, 41_943_040, False, True, False),
        ("smtp", 50, 41_943_040, False, True, False),
        ("direct", 50, 41_943_040, False, True, False),
        ("ses", 50, 30_000_000, True, False, False),
        ("sendgrid", 1000, 30_000_000, True, False, True),
        ("postmark", 50, 10_000_000, True, False, True),
        ("mailgun", 1000, 25_000_000, True, False, False),
    ],
)
async def test_its_limits_are_the_providers_own(
    open_peer: Any, kind: str, recipients: int, octets: int, signs: bool, own_path: bool, writes: bool
) -> None:
    limits = (await open_peer(kind)).transport.limits
    assert (limits.max_recipients, limits.max_octets) == (recipients, octets)
    assert (limits.signs_dkim, limits.own_return_path, limits.writes_recipients) == (signs, own_path, writes)
