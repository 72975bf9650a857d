"""Connections are reused, bounded, and replaced when they died: a stale line never costs a mail or sends one twice."""

import asyncio

import pytest

from agentpost_server.providers.smtp import SmtpRelay

RAW = b"Subject: x\r\n\r\nhello\r\n"


def statuses(receipt) -> set[str]:
    return {o.status for o in receipt.outcomes.values()}


async def test_one_connection_carries_many_mails_without_probing(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer()
    transport = transport_to(peer.port, probe_after_seconds=60)
    for _ in range(10):
        assert statuses(await transport.send(envelope_to(), RAW)) == {"accepted"}
    assert (peer.connections, len(peer.mails), peer.count("RSET")) == (1, 10, 0)


async def test_a_line_that_has_waited_is_probed_first(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer(RSET=["250 ok", "DROP"])
    transport = transport_to(peer.port, probe_after_seconds=0)
    for _ in range(3):
        assert statuses(await transport.send(envelope_to(), RAW)) == {"accepted"}
    assert (peer.connections, peer.count("RSET")) == (2, 2)


@pytest.mark.parametrize("answer", ["DROP", "421 4.4.2 idle too long"])
async def test_a_stale_line_is_replaced_once(start_peer, transport_to, envelope_to, answer) -> None:
    peer = await start_peer(MAIL=["250 ok", answer])
    transport = transport_to(peer.port, probe_after_seconds=60)
    for _ in range(2):
        assert statuses(await transport.send(envelope_to(), RAW)) == {"accepted"}
    assert (peer.connections, len(peer.mails)) == (2, 2)


async def test_it_is_replaced_only_once(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer(MAIL=["250 ok", "DROP", "DROP", "250 never reached"])
    transport = transport_to(peer.port, probe_after_seconds=60)
    await transport.send(envelope_to(), RAW)
    assert statuses(await transport.send(envelope_to(), RAW)) == {"deferred"}
    assert (peer.connections, len(peer.mails)) == (2, 1)


@pytest.mark.parametrize("stage", ["RCPT", "DATA", "dot"])
async def test_a_reused_line_that_breaks_later_is_not_tried_again(start_peer, transport_to, envelope_to, stage) -> None:
    peer = await start_peer(**{stage: ["354 go on" if stage == "DATA" else "250 ok", "DROP"]})
    transport = transport_to(peer.port, probe_after_seconds=60)
    await transport.send(envelope_to(), RAW)
    assert statuses(await transport.send(envelope_to(), RAW)) == {"unknown" if stage == "dot" else "deferred"}
    assert peer.connections == 1


async def test_an_envelope_left_open_is_reset_before_reuse(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer(RCPT=["550 5.1.1 nobody"])
    transport = transport_to(peer.port, probe_after_seconds=60)
    assert statuses(await transport.send(envelope_to(), RAW)) == {"refused"}
    assert statuses(await transport.send(envelope_to(), RAW)) == {"accepted"}
    assert [c.partition(" ")[0] for c in peer.commands] == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"]


async def test_connections_are_bounded_and_waiting_is_fair_to_the_deadline(
    start_peer, transport_to, envelope_to
) -> None:
    peer = await start_peer()
    transport = transport_to(peer.port, max_connections=2)
    receipts = await asyncio.gather(*(transport.send(envelope_to(f"r{i}@x"), RAW) for i in range(20)))
    assert all(statuses(r) == {"accepted"} for r in receipts)
    assert peer.connections <= 2
    assert len(peer.mails) == 20
    stalled = await start_peer(MAIL=["STALL", "STALL"])
    narrow = transport_to(stalled.port, max_connections=1, total_seconds=0.3)
    both = await asyncio.gather(narrow.send(envelope_to(), RAW), narrow.send(envelope_to(), RAW))
    assert [statuses(r) for r in both] == [{"deferred"}, {"deferred"}]


async def test_idle_and_worn_connections_end(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer()
    worn = transport_to(peer.port, max_mails_per_connection=2)
    for _ in range(4):
        await worn.send(envelope_to(), RAW)
    assert peer.connections == 2
    idle = transport_to(peer.port, idle_seconds=0.05)
    await idle.send(envelope_to(), RAW)
    await asyncio.sleep(0.3)
    await idle.send(envelope_to(), RAW)
    assert peer.connections == 4


async def test_closing_says_quit_and_sends_no_more(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer()
    transport = transport_to(peer.port)
    await transport.send(envelope_to(), RAW)
    await transport.close()
    assert peer.commands[-1] == "QUIT"
    assert statuses(await transport.send(envelope_to(), RAW)) == {"deferred"}


def test_a_password_stays_secret() -> None:
    relay = SmtpRelay(host="relay.example", username="u", password="hunter2")
    assert "hunter2" not in repr(relay)
    with pytest.raises(ValueError, match="TLS"):
        SmtpRelay(host="relay.example", username="u", password="hunter2", tls="none")
