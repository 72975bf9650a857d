"""How direct behaves towards a host: TLS where it can be had, extensions honoured, few lines, short reuse."""

import asyncio
import ssl

import pytest
import trustme

from providers.direct.network import SILENT

RAW = b"Subject: x\r\n\r\nhello\r\n"
TO = "bob@them.test"


@pytest.fixture(scope="module")
def certificate() -> ssl.SSLContext:
    """For a name that nobody asked for, by an authority that nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("other.example").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def unusable() -> ssl.SSLContext:
    """Without a certificate no handshake succeeds."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class TestTls:
    @pytest.mark.parametrize("policy", ["opportunistic", "required"])
    async def test_starttls_is_used_and_any_certificate_taken(
        self, net, start_peer, envelope_to, certificate, policy
    ) -> None:
        peer = await start_peer(starttls=certificate)
        net.domain("them.test", peer)
        receipt = await net.transport(tls=policy).send(envelope_to(TO), RAW)
        assert receipt.outcomes[TO].status == "accepted"
        assert (peer.secured, peer.count("EHLO"), peer.mails) == (1, 2, [RAW])

    async def test_a_failed_handshake_costs_one_more_try_in_clear(self, net, start_peer, envelope_to, unusable) -> None:
        peer = await start_peer(starttls=unusable)
        net.domain("them.test", peer)
        assert (await net.transport().send(envelope_to(TO), RAW)).outcomes[TO].status == "accepted"
        assert (peer.connections, peer.count("STARTTLS"), peer.secured) == (2, 1, 0)

    @pytest.mark.parametrize("answer", ["454 4.7.0 not now", "DROP", "garbage"])
    async def test_so_does_a_refused_starttls(self, net, start_peer, envelope_to, certificate, answer) -> None:
        peer = await start_peer(starttls=certificate, STARTTLS=[answer])
        net.domain("them.test", peer)
        assert (await net.transport().send(envelope_to(TO), RAW)).outcomes[TO].status == "accepted"
        assert (peer.connections, peer.secured) == (2, 0)

    @pytest.mark.parametrize("offer", ["none", "broken"])
    async def test_where_tls_is_required_nothing_goes_in_clear(
        self, net, start_peer, envelope_to, unusable, offer
    ) -> None:
        peer = await start_peer(starttls=unusable if offer == "broken" else None)
        net.domain("them.test", peer)
        receipt = await net.transport(tls="required").send(envelope_to(TO), RAW)
        assert receipt.outcomes[TO].status == "deferred"
        assert peer.count("MAIL") == 0

    async def test_replies_injected_before_the_handshake_are_forgotten(
        self, net, start_peer, envelope_to, certificate
    ) -> None:
        """Who sits between may add replies behind the 220; none may be read as the server's under TLS (RFC 3207 6)."""
        injected = "220 go on\r\n250-forged\r\n250 SIZE 1\r\n250 forged\r\n250 forged"
        peer = await start_peer(starttls=certificate, STARTTLS=[injected], MAIL=["550 5.7.1 the server's own word"])
        net.domain("them.test", peer)
        (outcome,) = (await net.transport().send(envelope_to(TO), RAW)).outcomes.values()
        assert (outcome.status, outcome.enhanced_code) == ("refused", "5.7.1")
        assert peer.secured == 1

    async def test_what_was_offered_before_the_handshake_does_not_count(
        self, net, start_peer, envelope_to, certificate
    ) -> None:
        peer = await start_peer(starttls=certificate, EHLO=["250-peer\r\n250-SIZE 1\r\n250 STARTTLS"])
        net.domain("them.test", peer)
        assert (await net.transport().send(envelope_to(TO), RAW)).outcomes[TO].status == "accepted"


class TestExtensions:
    async def test_a_host_without_smtputf8_refuses_only_whom_it_cannot_reach(
        self, net, start_peer, envelope_to
    ) -> None:
        peer = await start_peer(extensions=["8BITMIME"])
        net.domain("them.test", peer)
        receipt = await net.transport().send(envelope_to("jörg@them.test", TO), RAW)
        told = {email: (one.status, one.enhanced_code) for email, one in receipt.outcomes.items()}
        assert told == {"jörg@them.test": ("refused", "5.6.7"), TO: ("accepted", "2.0.0")}

    async def test_a_host_with_smtputf8_is_asked_for_it(self, net, start_peer, envelope_to) -> None:
        peer = await start_peer()
        net.domain("them.test", peer)
        transport = net.transport()
        assert transport.limits.smtputf8
        receipt = await transport.send(envelope_to("jörg@them.test", smtputf8=True), "Subject: é\r\n\r\n".encode())
        assert receipt.outcomes["jörg@them.test"].status == "accepted"
        assert "MAIL FROM:<ann@example.com> BODY=8BITMIME SMTPUTF8" in peer.commands

    async def test_the_size_that_a_host_takes_is_believed(self, net, start_peer, envelope_to) -> None:
        peer = await start_peer(extensions=["SIZE 1000"])
        net.domain("them.test", peer)
        (outcome,) = (await net.transport().send(envelope_to(TO), RAW + b"x" * 1000)).outcomes.values()
        assert (outcome.status, outcome.enhanced_code, peer.count("MAIL")) == ("refused", "5.3.4", 0)

    @pytest.mark.parametrize("raw", [b"a\nb\r\n", b"a\r\n.\nMAIL FROM:<x>\r\n", b"a\0b\r\n"])
    async def test_nothing_that_could_smuggle_leaves(self, net, start_peer, envelope_to, raw: bytes) -> None:
        net.domain("them.test", await start_peer())
        assert (await net.transport().send(envelope_to(TO), raw)).outcomes[TO].enhanced_code == "5.6.0"
        assert net.connected == []


class TestLines:
    async def test_two_at_once_to_a_domain(self, net, start_peer, envelope_to) -> None:
        peer = await start_peer(dot=["LATE 0.05 250 ok"] * 8)
        net.domain("them.test", peer)
        transport = net.transport()
        receipts = await asyncio.gather(*(transport.send(envelope_to(f"x{n}@them.test"), RAW) for n in range(8)))
        assert {one.status for receipt in receipts for one in receipt.outcomes.values()} == {"accepted"}
        assert (peer.connections, len(peer.mails)) == (2, 8)

    async def test_so_many_in_all(self, net, start_peer, envelope_to) -> None:
        peer = await start_peer(connect=["STALL"] * 6)
        for n in range(6):
            net.domain(f"d{n}.test", peer)
        transport = net.transport(lines=3, greeting_seconds=0.3)
        sending = [asyncio.create_task(transport.send(envelope_to(f"x@d{n}.test"), RAW)) for n in range(6)]
        await asyncio.sleep(0.15)
        assert peer.connections == 3
        await asyncio.gather(*sending)
        assert peer.connections == 6

    async def test_a_slow_domain_holds_no_other_up(self, net, start_peer, envelope_to) -> None:
        slow, quick = await start_peer(connect=["STALL"] * 10), await start_peer()
        net.domain("slow.test", slow)
        net.domain("them.test", quick)
        transport = net.transport(lines=4)
        waiting = [asyncio.create_task(transport.send(envelope_to(f"x{n}@slow.test"), RAW)) for n in range(10)]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(2):
            assert (await transport.send(envelope_to(TO), RAW)).outcomes[TO].status == "accepted"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def test_a_line_is_used_again_for_a_short_time(self, net, start_peer, envelope_to) -> None:
        peer = await start_peer()
        net.domain("them.test", peer)
        transport = net.transport(idle_seconds=0.2)
        for _ in range(3):
            await transport.send(envelope_to(TO), RAW)
        assert (peer.connections, len(peer.mails)) == (1, 3)
        await asyncio.sleep(0.5)
        await transport.send(envelope_to(TO), RAW)
        assert (peer.connections, len(peer.mails)) == (2, 4)

    async def test_a_kept_line_that_went_stale_is_replaced(self, net, start_peer, envelope_to) -> None:
        peer = await start_peer(MAIL=["250 ok", "DROP"])
        net.domain("them.test", peer)
        transport = net.transport()
        for _ in range(2):
            assert (await transport.send(envelope_to(TO), RAW)).outcomes[TO].status == "accepted"
        assert (peer.connections, len(peer.mails)) == (2, 2)

    async def test_the_total_deadline_holds(self, net, start_peer, envelope_to) -> None:
        net.domain("them.test", SILENT, SILENT, SILENT, SILENT)
        transport = net.transport(tcp_seconds=5, total_seconds=0.3)
        async with asyncio.timeout(2):
            assert (await transport.send(envelope_to(TO), RAW)).outcomes[TO].status == "deferred"

    async def test_a_closed_transport_says_quit_and_sends_no_more(self, net, start_peer, envelope_to) -> None:
        peer = await start_peer()
        net.domain("them.test", peer)
        transport = net.transport()
        await transport.send(envelope_to(TO), RAW)
        await transport.close()
        await transport.close()
        assert peer.commands[-1] == "QUIT"
        assert (await transport.send(envelope_to(TO), RAW)).outcomes[TO].status == "deferred"

    async def test_many_domains_leave_nothing_behind(self, net, start_peer, envelope_to) -> None:
        transport = net.transport()
        for n in range(400):
            await transport.send(envelope_to(f"x@gone{n}.test"), RAW)
        assert len(transport._domains._domains) <= 257
