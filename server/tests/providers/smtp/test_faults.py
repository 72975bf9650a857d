"""Whose fault it is that a mail was not accepted: the relay's (another transport may take it), or its receiver's."""

import socket

import pytest

RAW = b"Subject: x\r\n\r\nhello\r\n"
RELAYS = [
    {"connect": ["DROP"]},
    {"connect": ["554 5.7.1 go away"]},
    {"EHLO": ["421 4.3.2 closing"]},
    {"MAIL": ["451 4.3.0 later"]},
    {"MAIL": ["530 5.7.0 log in first"]},
    {"RCPT": ["421 4.3.2 closing"]},
    {"RCPT": ["DROP"]},
    {"DATA": ["DROP"]},
    {"DATA": ["421 4.3.2 closing"]},
    {"dot": ["421 4.3.2 closing"]},
]
RECEIVERS = [
    {"MAIL": ["550 5.7.1 not you"]},
    {"RCPT": ["450 4.2.1 later"]},
    {"RCPT": ["550 5.1.1 nobody"]},
    {"DATA": ["451 4.3.0 later"]},
    {"dot": ["451 4.3.0 later"]},
    {"dot": ["DROP"]},
    {"dot": ["554 5.7.1 spam"]},
]


@pytest.mark.parametrize("script", RELAYS + RECEIVERS, ids=str)
async def test_whose_fault(start_peer, transport_to, envelope_to, script) -> None:
    peer = await start_peer(**{k: list(v) for k, v in script.items()})
    (outcome,) = (await transport_to(peer.port).send(envelope_to(), RAW)).outcomes.values()
    assert outcome.transport_fault == (script in RELAYS)
    assert not outcome.transport_fault or outcome.status == "deferred"


async def test_a_relay_that_is_not_there_is_at_fault(transport_to, envelope_to) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        (outcome,) = (await transport_to(unused.getsockname()[1]).send(envelope_to(), RAW)).outcomes.values()
    assert outcome.transport_fault


async def test_smtputf8_is_hoped_for_until_the_relay_was_asked(start_peer, transport_to, envelope_to) -> None:
    transport = transport_to((await start_peer(extensions=["8BITMIME"])).port)
    assert transport.limits.smtputf8
    await transport.send(envelope_to(), RAW)
    assert not transport.limits.smtputf8
