"""From host to host: what sends the mail on to the next, what stands, and what they mean together."""

import asyncio
import errno

import pytest

from agentpost_server.ports.transport import Outcome, all_recipients
from providers.direct.network import SILENT
from providers.smtp.test_ambiguity import AFTER_THE_DOT, BEFORE_THE_DOT, BIG

RAW = b"Subject: x\r\n\r\nhello\r\n"
TO = "bob@them.test"


def told(receipt) -> dict[str, tuple[str, str | None]]:
    return {email: (o.status, o.enhanced_code) for email, o in receipt.outcomes.items()}


async def test_the_mail_arrives_unchanged(net, start_peer, envelope_to) -> None:
    peer = await start_peer()
    net.domain("them.test", peer)
    receipt = await net.transport().send(envelope_to(TO), RAW)
    assert receipt.outcomes[TO].status == "accepted"
    assert receipt.provider_id == "ABC123"
    assert peer.mails == [RAW]
    assert peer.commands[:3] == ["EHLO mail.us.test", "MAIL FROM:<ann@example.com>", f"RCPT TO:<{TO}>"]


NEXT_HOST = [
    {"connect": ["DROP"]},
    {"connect": ["421 4.3.2 closing"]},
    {"connect": ["554 5.7.1 go away"]},
    {"connect": ["garbage"]},
    {"connect": ["STALL"]},
    {"EHLO": ["DROP"]},
    {"EHLO": ["550 5.7.1 no", "DROP"], "HELO": ["550 5.7.1 no"]},
    {"MAIL": ["DROP"]},
    {"MAIL": ["451 4.7.1 later"]},
    {"MAIL": ["421 4.7.0 too many"]},
    {"MAIL": ["STALL"]},
    {"RCPT": ["DROP"]},
    {"DATA": ["DROP"]},
]


@pytest.mark.parametrize("script", NEXT_HOST, ids=str)
async def test_a_host_that_is_no_use_now_sends_the_mail_to_the_next(net, start_peer, envelope_to, script) -> None:
    first = await start_peer(**{k: list(v) for k, v in script.items()})
    second = await start_peer()
    net.domain("them.test", first, second)
    patience = 0.3 if ["STALL"] in script.values() else 5
    transport = net.transport(greeting_seconds=patience, command_seconds=patience)
    assert told(await transport.send(envelope_to(TO), RAW)) == {TO: ("accepted", "2.0.0")}
    assert (len(first.mails), len(second.mails)) == (0, 1)
    assert first.connections == 1


@pytest.mark.parametrize("away", [SILENT, errno.ECONNREFUSED, errno.ENETUNREACH])
async def test_a_host_that_cannot_be_reached_is_left_quickly(net, start_peer, envelope_to, away) -> None:
    peer = await start_peer()
    net.domain("them.test", away, away, peer)
    async with asyncio.timeout(3):
        assert told(await net.transport().send(envelope_to(TO), RAW)) == {TO: ("accepted", "2.0.0")}


async def test_ipv4_is_tried_where_ipv6_leads_nowhere(net, start_peer, envelope_to) -> None:
    net.host("them.test", "2606:4700::1", errno.ENETUNREACH)
    net.host("them.test", "8.8.8.8", await start_peer())
    assert told(await net.transport().send(envelope_to(TO), RAW))[TO][0] == "accepted"
    assert net.connected == ["2606:4700::1", "8.8.8.8"]


STANDS = [
    ({"MAIL": ["550 5.7.1 not you"]}, ("refused", "5.7.1")),
    ({"RCPT": ["450 4.2.0 greylisted"]}, ("deferred", "4.2.0")),
    ({"RCPT": ["550 5.1.1 nobody"]}, ("refused", "5.1.1")),
    ({"DATA": ["451 4.3.0 later"]}, ("deferred", "4.3.0")),
    ({"dot": ["451 4.3.0 later"]}, ("deferred", "4.3.0")),
    ({"dot": ["554 5.7.1 spam"]}, ("refused", "5.7.1")),
    ({"dot": ["DROP"]}, ("unknown", None)),
    ({"dot": ["garbage"]}, ("unknown", None)),
]


@pytest.mark.parametrize(("script", "outcome"), STANDS, ids=str)
async def test_what_a_host_says_of_the_mail_stands(net, start_peer, envelope_to, script, outcome) -> None:
    first, second = await start_peer(**{k: list(v) for k, v in script.items()}), await start_peer()
    net.domain("them.test", first, second)
    receipt = await net.transport().send(envelope_to(TO), RAW)
    assert told(receipt) == {TO: outcome}
    assert not receipt.outcomes[TO].transport_fault
    assert second.connections == 0


@pytest.mark.parametrize("row", BEFORE_THE_DOT + AFTER_THE_DOT, ids=str)
async def test_the_ambiguity_table_with_one_host(net, start_peer, envelope_to, row) -> None:
    script, status, _ = row
    if script.get("connect") == ["554 5.7.1 go away"] or "HELO" in script:
        status = "refused"  # a relay's hiccup is here the word of the only host that there is
    peer = await start_peer(**{k: list(v) for k, v in script.items()})
    net.domain("them.test", peer)
    patience = 0.3 if any(a == "STALL" or a.startswith("LATE 1.5") for v in script.values() for a in v) else 5
    transport = net.transport(greeting_seconds=patience, command_seconds=patience, reply_seconds=patience)
    (outcome,) = (await transport.send(envelope_to(TO), RAW)).outcomes.values()
    assert outcome.status == status
    assert outcome.detail
    assert outcome.detail.isprintable()
    assert not outcome.transport_fault
    assert len(peer.mails) == ("dot" in script)


async def test_a_line_lost_within_the_content_goes_to_the_next_host(net, start_peer, envelope_to) -> None:
    first, second = await start_peer(content=["DROP"]), await start_peer()
    net.domain("them.test", first, second)
    assert told(await net.transport().send(envelope_to(TO), BIG))[TO][0] == "accepted"
    assert (first.mails, second.mails) == ([], [BIG])


async def test_one_bad_recipient_of_three_is_not_asked_about_again(net, start_peer, envelope_to) -> None:
    first = await start_peer(RCPT=["250 ok", "550 5.1.1 nobody", "250 ok"], DATA=["DROP"])
    second = await start_peer()
    net.domain("them.test", first, second)
    receipt = await net.transport().send(envelope_to("a@them.test", "b@them.test", "c@them.test"), RAW)
    assert [outcome.status for outcome in receipt.outcomes.values()].count("accepted") == 2
    assert receipt.outcomes["b@them.test"].smtp_code == 550
    assert second.count("RCPT") == 2
    assert len(second.mails) == 1


class TestTogether:
    """What it means when no host took the mail."""

    async def test_refused_only_when_every_host_refuses(self, net, start_peer, envelope_to) -> None:
        never = {"connect": ["554 5.7.1 listed", "554 5.7.1 listed"]}
        net.domain("them.test", await start_peer(**never), await start_peer(connect=["550 5.7.1 no"]))
        (outcome,) = (await net.transport().send(envelope_to(TO), RAW)).outcomes.values()
        assert (outcome.status, outcome.smtp_code) == ("refused", 550)
        net.domain("b.test", await start_peer(**never), await start_peer(connect=["421 4.3.2 busy"]))
        (outcome,) = (await net.transport().send(envelope_to("x@b.test"), RAW)).outcomes.values()
        assert (outcome.status, outcome.smtp_code) == ("deferred", 421)
        net.domain("c.test", errno.ECONNREFUSED, await start_peer(connect=["554 5.7.1 no"]))
        (outcome,) = (await net.transport().send(envelope_to("x@c.test"), RAW)).outcomes.values()
        assert outcome.status == "deferred"

    async def test_the_detail_names_the_host(self, net, start_peer, envelope_to) -> None:
        net.domain("them.test", await start_peer(MAIL=["451 4.3.0 later"]))
        (outcome,) = (await net.transport().send(envelope_to(TO), RAW)).outcomes.values()
        assert (outcome.detail or "").startswith("mx0.them.test: ")

    async def test_whose_fault_a_silent_network_is(self, net, start_peer, envelope_to) -> None:
        """Until anybody was reached, it is as likely ours: port 25 is closed in most clouds."""
        net.domain("gone.test", SILENT)
        net.domain("them.test", await start_peer())
        net.domain("off.test", errno.ENETUNREACH)
        transport = net.transport(tcp_seconds=0.05)

        async def fault(email: str) -> bool:
            return (await transport.send(envelope_to(email), RAW)).outcomes[email].transport_fault

        assert await fault("x@gone.test")
        assert not await fault(TO)
        assert not await fault("x@gone.test")
        assert await fault("x@off.test")


async def test_five_hosts_at_two_addresses_are_the_most_that_is_tried(net, envelope_to) -> None:
    net.mx["them.test"] = [(n, f"mx{n}.test") for n in range(8)]
    net.a |= {f"mx{n}.test": [f"8.8.{n}.{m}" for m in range(5)] for n in range(8)}
    assert told(await net.transport().send(envelope_to(TO), RAW))[TO] == ("deferred", "4.4.1")
    assert len(net.connected) == 10


async def test_no_connection_is_made_to_where_mail_must_not_go(net, envelope_to) -> None:
    inside = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.0.1", "fd00::1", "::1", "fe80::1"]
    for n, address in enumerate(inside):
        net.host(f"d{n}.test", address, SILENT)
        receipt = await net.transport().send(envelope_to(f"x@d{n}.test"), RAW)
        assert told(receipt) == {f"x@d{n}.test": ("refused", "5.4.4")}
    assert net.connected == []


async def test_what_leads_here_is_refused_or_goes_home(net, envelope_to) -> None:
    net.mx["ours.test"] = [(0, "mail.us.test")]
    envelope = envelope_to("x@ours.test")
    assert told(await net.transport().send(envelope, RAW)) == {"x@ours.test": ("refused", "5.4.6")}
    taken: list[bytes] = []

    async def home(to, raw: bytes):
        taken.append(raw)
        return all_recipients(to, Outcome(status="delivered"))

    assert told(await net.transport(home=home).send(envelope, RAW)) == {"x@ours.test": ("delivered", None)}
    assert taken == [RAW]
    assert net.connected == []


async def test_an_envelope_of_several_domains_is_several_calls(net, start_peer, envelope_to) -> None:
    one, other = await start_peer(), await start_peer(RCPT=["550 5.1.1 nobody"])
    net.domain("them.test", one)
    net.domain("b.test", other)
    receipt = await net.transport().send(envelope_to(TO, "x@b.test", "y@nowhere.test"), RAW)
    assert told(receipt) == {
        TO: ("accepted", "2.0.0"),
        "x@b.test": ("refused", "5.1.1"),
        "y@nowhere.test": ("refused", "5.1.2"),
    }
    assert len(one.mails) == 1
