"""The resolver against a real name server: absent is empty, unknown raises, and silence is waited for once."""

import time

import pytest

from agentpost_server.ports.resolver import MailExchanger, ResolverError
from agentpost_server.providers.dns import DnsResolver
from agentpost_server.settings import SettingsError
from dns_server import SERVFAIL, SILENCE, name_server
from pace import here


async def test_every_kind_of_record_is_read() -> None:
    async with name_server() as server:
        server.txt("example.com", "v=spf1 -all", "x" * 600)
        server.zone["example.com", "MX"] = ["20 b.example.com.", "10 A.Example.com."]
        server.zone["example.com", "A"] = ["192.0.2.1"]
        server.zone["example.com", "AAAA"] = ["2001:db8::1"]
        server.zone["alias.example.com", "CNAME"] = ["example.com."]
        server.zone["1.2.0.192.in-addr.arpa", "PTR"] = ["mx.example.com."]
        server.zone["null.example", "MX"] = ["0 ."]
        dns = DnsResolver(server.address)
        assert sorted(await dns.txt("example.com")) == [b"v=spf1 -all", b"x" * 600]
        assert await dns.mx("example.com.") == [MailExchanger(10, "a.example.com"), MailExchanger(20, "b.example.com")]
        assert (await dns.ipv4("alias.example.com"), await dns.ipv6("example.com")) == (["192.0.2.1"], ["2001:db8::1"])
        assert await dns.cname("alias.example.com") == ["example.com"]
        assert await dns.ptr("192.0.2.1") == ["mx.example.com"]
        assert await dns.mx("null.example") == [MailExchanger(0, "")]


async def test_what_is_not_there_is_empty_and_what_is_unknown_raises() -> None:
    async with name_server({("broken.example", "TXT"): SERVFAIL, ("example.com", "A"): ["192.0.2.1"]}) as server:
        dns = DnsResolver(server.address)
        assert await dns.txt("nowhere.example") == []
        assert await dns.txt("example.com") == []
        assert await dns.txt("a" * 64 + ".example") == []
        with pytest.raises(ResolverError):
            await dns.txt("broken.example")


async def test_answers_are_kept_and_fresh_asks_again() -> None:
    async with name_server() as server:
        server.txt("example.com", "one")
        dns = DnsResolver(server.address)
        assert await dns.txt("example.com") == await dns.txt("example.com") == [b"one"]
        server.txt("example.com", "two")
        assert await dns.txt("example.com") == [b"one"]
        assert await dns.txt("example.com", fresh=True) == [b"two"]
        assert len(server.asked) == 2
        assert await dns.txt("later.example") == []
        server.txt("later.example", "here")
        assert await dns.txt("later.example") == []
        assert await dns.txt("later.example", fresh=True) == [b"here"]


async def test_after_three_silences_nobody_waits_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentpost_server.providers.dns._LIFETIME_SECONDS", 0.1)
    now = 100.0
    monkeypatch.setattr("agentpost_server.providers.dns._PROBE_SECONDS", 0.1)
    async with name_server({("silent.example", "TXT"): SILENCE, (".", "NS"): SILENCE}) as server:
        dns = DnsResolver(server.address, clock=lambda: now)
        for _ in range(3):
            with pytest.raises(ResolverError):
                await dns.txt("silent.example")
        asked, begun = len(server.asked), time.monotonic()
        with pytest.raises(ResolverError):
            await dns.txt("silent.example")
        assert len(server.asked) == asked
        assert time.monotonic() - begun < here(0.05)
        now += 16
        server.txt("silent.example", "back")
        assert await dns.txt("silent.example") == [b"back"]


async def test_a_stranger_s_silent_name_servers_buy_nobody_else_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentpost_server.providers.dns._LIFETIME_SECONDS", 0.1)
    async with name_server({("silent.example", "TXT"): SILENCE}) as server:
        server.txt("example.com", "here")
        dns = DnsResolver(server.address)
        for _ in range(7):
            with pytest.raises(ResolverError):
                await dns.txt("silent.example")
        assert await dns.txt("example.com") == [b"here"]


def test_a_server_that_is_no_address_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="AGENTPOST_DNS_SERVERS"):
        DnsResolver("not an address:x")
