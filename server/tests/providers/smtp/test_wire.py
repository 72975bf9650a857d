"""What goes over the wire: extensions honoured, dots stuffed, and nothing sent that could pose as commands."""

import hashlib

import pytest

from agentpost_server.providers.smtp.dialogue import dot_stuffed
from agentpost_server.providers.smtp.replies import enhanced_code, ids_of, one_line

RAW = b"Subject: x\r\n\r\nhello\r\n"


async def test_dots_are_stuffed_and_the_rest_is_unchanged(start_peer, transport_to, envelope_to) -> None:
    body = b".\r\n..\r\n.x\r\n" + hashlib.sha256(b"x").hexdigest().encode() + b"\r\n.\r\nafter\r\n."
    peer = await start_peer()
    await transport_to(peer.port).send(envelope_to(), body)
    unstuffed = b"".join(
        line[1:] if line.startswith(b".") else line for line in peer.mails[0].splitlines(keepends=True)
    )
    assert unstuffed == body + b"\r\n"
    assert dot_stuffed(b"a\r\n") == b"a\r\n"


async def test_ten_megabytes_arrive_whole(start_peer, transport_to, envelope_to) -> None:
    raw = (b"z" * 76 + b"\r\n") * 130_000
    peer = await start_peer()
    receipt = await transport_to(peer.port).send(envelope_to(), raw)
    assert receipt.outcomes["bob@example.com"].status == "accepted"
    assert peer.mails == [raw]


@pytest.mark.parametrize("raw", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\nMAIL FROM:<x>\r\n", b"a\0b\r\n", b"a\r\n\r"])
async def test_nothing_that_could_smuggle_leaves(start_peer, transport_to, envelope_to, raw: bytes) -> None:
    peer = await start_peer()
    receipt = await transport_to(peer.port).send(envelope_to(), raw)
    assert [o.status for o in receipt.outcomes.values()] == ["refused"]
    assert peer.connections == 0


@pytest.mark.parametrize("path", ["a@b>\r\nDATA", "a b@c", "<a@b", "a@b\0", "a\x7f@b", "a\ud800@b"])
async def test_s30_paths_that_end_early_are_refused(start_peer, transport_to, envelope_to, path: str) -> None:
    peer = await start_peer()
    for envelope in (envelope_to(path), envelope_to(mail_from=path)):
        receipt = await transport_to(peer.port).send(envelope, RAW)
        assert [o.enhanced_code for o in receipt.outcomes.values()] == ["5.1.3"]
    assert peer.connections == 0


async def test_the_null_sender_and_size_are_declared(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer(extensions=["SIZE 1000", "8BITMIME"])
    await transport_to(peer.port).send(envelope_to(mail_from=""), RAW)
    assert f"MAIL FROM:<> SIZE={len(RAW)}" in peer.commands
    receipt = await transport_to(peer.port).send(envelope_to(), RAW + b"x" * 1000)
    (outcome,) = receipt.outcomes.values()
    assert (outcome.status, outcome.enhanced_code) == ("refused", "5.3.4")
    assert len(peer.mails) == 1


async def test_own_size_limit(transport_to, envelope_to) -> None:
    receipt = await transport_to(1, max_octets=10).send(envelope_to(), RAW)
    assert receipt.outcomes["bob@example.com"].enhanced_code == "5.3.4"


async def test_smtputf8_is_asked_for_or_the_mail_refused(start_peer, transport_to, envelope_to) -> None:
    able = await start_peer()
    await transport_to(able.port).send(envelope_to("jörg@x", smtputf8=True), "Subject: é\r\n\r\n".encode())
    assert "MAIL FROM:<ann@example.com> BODY=8BITMIME SMTPUTF8" in able.commands
    assert "RCPT TO:<jörg@x>" in able.commands
    unable = await start_peer(extensions=["8BITMIME"])
    receipt = await transport_to(unable.port).send(envelope_to("jörg@x", "bob@x"), RAW)
    assert [(o.status, o.enhanced_code) for o in receipt.outcomes.values()] == [
        ("refused", "5.6.7"),
        ("accepted", "2.0.0"),
    ]
    receipt = await transport_to(unable.port).send(envelope_to("bob@x", smtputf8=True), RAW)
    assert "SMTPUTF8" in (receipt.outcomes["bob@x"].detail or "")
    assert len(unable.mails) == 1


async def test_eight_bit_octets_need_8bitmime(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer(extensions=[])
    receipt = await transport_to(peer.port).send(envelope_to(), b"\xff\r\n")
    assert receipt.outcomes["bob@example.com"].enhanced_code == "5.6.3"
    assert peer.mails == []


async def test_a_peer_of_old_is_greeted_with_helo(start_peer, transport_to, envelope_to) -> None:
    peer = await start_peer(EHLO=["502 5.5.1 what?"])
    receipt = await transport_to(peer.port).send(envelope_to(), RAW)
    assert receipt.outcomes["bob@example.com"].status == "accepted"
    assert peer.count("HELO") == 1


async def test_starttls_that_is_not_offered_is_deferred_and_nothing_is_said(
    start_peer, transport_to, envelope_to
) -> None:
    peer = await start_peer()
    receipt = await transport_to(peer.port, tls="starttls", username="u", password="p").send(envelope_to(), RAW)
    (outcome,) = receipt.outcomes.values()
    assert outcome.status == "deferred"
    assert "STARTTLS" in (outcome.detail or "")
    assert (peer.count("AUTH"), peer.count("MAIL")) == (0, 0)


def test_replies_are_read_carefully() -> None:
    assert enhanced_code(550, "5.1.1 nobody") == "5.1.1"
    assert enhanced_code(550, "4.1.1 nobody") is None
    assert enhanced_code(250, "2.0.0") == "2.0.0"
    assert enhanced_code(550, "5.1.1000 x") is None
    assert one_line("a\nb\x1b[31m" + "x" * 9999) == ("a b?[31m" + "x" * 9999)[:500]
    assert ids_of("relay.example", "2.0.0 Ok: queued as 4F1A") == ("4F1A", None)
    ses = "0102017f0c5e6a3d-5b0e5a7c-1111-2222-3333-444455556666-000000"
    assert ids_of("email-smtp.eu-west-1.amazonaws.com", f"Ok {ses}") == (ses, f"<{ses}@eu-west-1.amazonses.com>")
    assert ids_of("email-smtp.us-east-1.amazonaws.com", f"Ok {ses}") == (ses, f"<{ses}@email.amazonses.com>")
