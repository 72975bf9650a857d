"""The ambiguity table, row by row: what a send may claim to know after the peer did this at that moment."""

import asyncio
import socket

import pytest

RAW = b"Subject: x\r\n\r\nhello\r\n"
BIG = b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 120_000  # 8 MB: more than any socket holds

BEFORE_THE_DOT = [
    ({"connect": ["DROP"]}, "deferred", None),
    ({"connect": ["STALL"]}, "deferred", None),
    ({"connect": ["421 4.3.2 closing"]}, "deferred", None),
    ({"connect": ["554 5.7.1 go away"]}, "deferred", None),
    ({"connect": ["garbage"]}, "deferred", None),
    ({"EHLO": ["DROP"]}, "deferred", None),
    ({"EHLO": ["STALL"]}, "deferred", None),
    ({"EHLO": ["502 no", "DROP"], "HELO": ["502 no"]}, "deferred", None),
    ({"MAIL": ["DROP"]}, "deferred", None),
    ({"MAIL": ["STALL"]}, "deferred", None),
    ({"MAIL": ["451 4.3.0 later"]}, "deferred", "4.3.0"),
    ({"MAIL": ["421 4.3.2 closing"]}, "deferred", "4.3.2"),
    ({"MAIL": ["550 5.7.1 not you"]}, "refused", "5.7.1"),
    ({"MAIL": ["530 5.7.0 log in first"]}, "deferred", "5.7.0"),
    ({"MAIL": ["garbage"]}, "deferred", None),
    ({"MAIL": ["999 what"]}, "deferred", None),
    ({"MAIL": ["x" * 100_000]}, "deferred", None),
    ({"RCPT": ["DROP"]}, "deferred", None),
    ({"RCPT": ["STALL"]}, "deferred", None),
    ({"RCPT": ["450 4.2.1 later"]}, "deferred", "4.2.1"),
    ({"RCPT": ["550 5.1.1 nobody"]}, "refused", "5.1.1"),
    ({"RCPT": ["550 nobody"]}, "refused", None),
    ({"RCPT": ["550 4.1.1 a class that is not the reply's"]}, "refused", None),
    ({"DATA": ["DROP"]}, "deferred", None),
    ({"DATA": ["STALL"]}, "deferred", None),
    ({"DATA": ["451 4.3.0 later"]}, "deferred", "4.3.0"),
    ({"DATA": ["554 5.6.0 no"]}, "refused", "5.6.0"),
    ({"DATA": ["250 2.0.0 out of step"]}, "deferred", None),
]

IN_THE_CONTENT = [
    ({"content": ["DROP"]}, "deferred", None),
    ({"content": ["STALL"]}, "deferred", None),
    ({"content": ["552 5.3.4 too big", "STALL"]}, "refused", "5.3.4"),
    ({"content": ["452 4.3.1 full", "STALL"]}, "deferred", "4.3.1"),
    ({"content": ["250 2.0.0 already?", "STALL"]}, "deferred", None),
]

AFTER_THE_DOT = [
    ({"dot": ["DROP"]}, "unknown", None),
    ({"dot": ["STALL"]}, "unknown", None),
    ({"dot": ["garbage"]}, "unknown", None),
    ({"dot": ["354 again?"]}, "unknown", None),
    ({"dot": ["LATE 1.5 250 2.0.0 too late"]}, "unknown", None),
    ({"dot": ["LATE 0.1 250 2.0.0 late, but in time"]}, "accepted", "2.0.0"),
    ({"dot": ["250 2.0.0 fine"]}, "accepted", "2.0.0"),
    ({"dot": ["250-2.0.0 fine\r\n250 2.0.0 truly"]}, "accepted", "2.0.0"),
    ({"dot": ["451 4.3.0 later"]}, "deferred", "4.3.0"),
    ({"dot": ["421 4.3.2 closing"]}, "deferred", "4.3.2"),
    ({"dot": ["554 5.7.1 spam"]}, "refused", "5.7.1"),
]


@pytest.mark.parametrize("row", BEFORE_THE_DOT + AFTER_THE_DOT, ids=str)
async def test_one_mail(start_peer, transport_to, envelope_to, row) -> None:
    script, status, enhanced = row
    peer = await start_peer(**{k: list(v) for k, v in script.items()})
    patience = 0.5 if any(a == "STALL" or a.startswith("LATE 1.5") for v in script.values() for a in v) else 10
    transport = transport_to(
        peer.port, connect_seconds=patience, command_seconds=patience, reply_seconds=patience, total_seconds=30
    )
    receipt = await transport.send(envelope_to(), RAW)
    (outcome,) = receipt.outcomes.values()
    assert (outcome.status, outcome.enhanced_code) == (status, enhanced)
    assert outcome.detail
    assert outcome.detail.isprintable()
    assert len(outcome.detail) <= 500
    assert len(peer.mails) == ("dot" in script)


@pytest.mark.parametrize("row", IN_THE_CONTENT, ids=str)
async def test_while_the_content_is_written(start_peer, transport_to, envelope_to, row) -> None:
    script, status, enhanced = row
    peer = await start_peer(**{k: list(v) for k, v in script.items()})
    patience = 0.5 if script["content"] == ["STALL"] else 10
    receipt = await transport_to(peer.port, command_seconds=patience).send(envelope_to(), BIG)
    (outcome,) = receipt.outcomes.values()
    assert (outcome.status, outcome.enhanced_code) == (status, enhanced)
    assert peer.mails == []


async def test_each_recipient_has_its_own_outcome(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer(RCPT=["250 ok", "550 5.1.1 nobody", "251 forwarded", "452 4.5.3 too many"])
    receipt = await transport_to(peer.port).send(envelope_to("a@x", "b@x", "c@x", "d@x"), RAW)
    assert {a: o.status for a, o in receipt.outcomes.items()} == {
        "a@x": "accepted",
        "b@x": "refused",
        "c@x": "accepted",
        "d@x": "deferred",
    }
    assert receipt.outcomes["b@x"].smtp_code == 550
    assert receipt.provider_id == "ABC123"
    assert len(peer.mails) == 1


async def test_refusals_stand_when_the_line_breaks_later(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer(RCPT=["550 5.1.1 nobody", "250 ok"], dot=["DROP"])
    receipt = await transport_to(peer.port).send(envelope_to("a@x", "b@x"), RAW)
    assert [o.status for o in receipt.outcomes.values()] == ["refused", "unknown"]
    peer = await start_peer(RCPT=["250 ok", "421 4.3.2 closing"])
    receipt = await transport_to(peer.port).send(envelope_to("a@x", "b@x", "c@x"), RAW)
    assert {o.status for o in receipt.outcomes.values()} == {"deferred"}


async def test_nobody_listening_is_deferred(transport_to, envelope_to) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        receipt = await transport_to(unused.getsockname()[1]).send(envelope_to(), RAW)
    assert receipt.outcomes["bob@example.com"].status == "deferred"


@pytest.mark.parametrize(("stage", "status"), [("MAIL", "deferred"), ("dot", "unknown")])
async def test_total_deadline(start_peer, transport_to, envelope_to, stage, status) -> None:
    peer = await start_peer(**{stage: ["STALL"]})
    transport = transport_to(peer.port, total_seconds=1.5)
    receipt = await asyncio.wait_for(transport.send(envelope_to(), RAW), 20)
    assert receipt.outcomes["bob@example.com"].status == status


async def test_a_cancelled_send_drops_its_line_and_frees_its_place(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer(dot=["STALL"])
    transport = transport_to(peer.port, max_connections=1)
    dotted = asyncio.Event()
    peer.on_dot = dotted.set
    sending = asyncio.create_task(transport.send(envelope_to(), RAW))
    await asyncio.wait_for(dotted.wait(), 20)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    receipt = await transport.send(envelope_to(), RAW)
    assert receipt.outcomes["bob@example.com"].status == "accepted"
    assert peer.connections == 2
