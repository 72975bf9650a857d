"""Where mail for a domain goes: RFC 5321 5.1 and RFC 7505, row by row, and never to where it must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.core.networks import is_permitted, parse_networks
from agentpost_server.providers.direct.hosts import find_hosts
from agentpost_server.providers.direct.model import DirectSettings, LeadsHereError, UndeliverableError
from agentpost_server.providers.dns import DnsResolver
from dns_server import SERVFAIL, name_server
from providers.direct.network import Network, StubResolver

US = DirectSettings(hostname="mail.us.test")


async def names(net: Network, domain: str = "them.test") -> list[str]:
    return [host.name for host in await find_hosts(StubResolver(net), domain, US)]


async def refused(net: Network, domain: str = "them.test") -> tuple[str, int | None, str | None]:
    with pytest.raises(UndeliverableError) as raised:
        await find_hosts(StubResolver(net), domain, US)
    outcome = raised.value.outcome
    assert outcome.detail
    return outcome.status, outcome.smtp_code, outcome.enhanced_code


async def test_the_lower_preference_comes_first_and_equals_take_turns(net: Network) -> None:
    net.mx["them.test"] = [(20, "c.test"), (10, "a.test"), (10, "b.test")]
    net.a |= {"a.test": ["8.8.8.1"], "b.test": ["8.8.8.2"], "c.test": ["8.8.8.3"]}
    seen = {tuple(await names(net)) for _ in range(60)}
    assert seen == {("a.test", "b.test", "c.test"), ("b.test", "a.test", "c.test")}


async def test_without_mx_the_domain_is_its_own_host(net: Network) -> None:
    net.a["them.test"] = ["8.8.8.1"]
    assert await names(net) == ["them.test"]


async def test_with_mx_the_domains_own_address_is_not_used(net: Network) -> None:
    net.mx["them.test"] = [(10, "gone.test")]
    net.a["them.test"] = ["8.8.8.1"]
    assert await refused(net) == ("refused", 550, "5.4.4")


async def test_a_null_mx_refuses_for_good(net: Network) -> None:
    net.mx["them.test"] = [(0, "")]
    net.a["them.test"] = ["8.8.8.1"]
    assert await refused(net) == ("refused", 556, "5.1.10")


async def test_a_domain_that_is_not_there_refuses_for_good(net: Network) -> None:
    assert await refused(net) == ("refused", 550, "5.1.2")


@pytest.mark.parametrize("lost", ["mx", "a", "aaaa"])
async def test_what_could_not_be_learnt_is_deferred(net: Network, lost: str) -> None:
    if lost != "mx":
        net.mx["them.test"] = [(10, "mx.test")]
    getattr(net, lost)["them.test" if lost == "mx" else "mx.test"] = None
    assert await refused(net) == ("deferred", None, "4.4.3")


async def test_one_host_that_cannot_be_looked_up_leaves_the_others(net: Network) -> None:
    net.mx["them.test"] = [(10, "a.test"), (20, "b.test")]
    net.a |= {"a.test": None, "b.test": ["8.8.8.2"]}
    assert await names(net) == ["b.test"]


async def test_five_hosts_and_two_addresses_each_at_most_ipv6_first(net: Network) -> None:
    net.mx["them.test"] = [(n, f"mx{n}.test") for n in range(9)]
    for n in range(9):
        net.a[f"mx{n}.test"] = [f"8.8.{n}.{m}" for m in range(4)]
        net.aaaa[f"mx{n}.test"] = [f"2606:4700::{n}:{m}" for m in range(4)]
    hosts = await find_hosts(StubResolver(net), "them.test", US)
    assert [host.name for host in hosts] == [f"mx{n}.test" for n in range(5)]
    assert [str(one) for one in hosts[1].addresses] == ["2606:4700::1:0", "8.8.1.0"]


async def test_two_addresses_of_one_family_where_there_is_only_one(net: Network) -> None:
    net.a["them.test"] = ["8.8.8.1", "8.8.8.2", "8.8.8.3"]
    (host,) = await find_hosts(StubResolver(net), "them.test", US)
    assert [str(one) for one in host.addresses] == ["8.8.8.1", "8.8.8.2"]


NOT_PUBLIC = "127.0.0.1 10.0.0.1 192.168.1.1 169.254.169.254 100.64.0.1 168.63.129.16 0.0.0.0 224.0.0.1 ::1 fe80::1"
NOT_PUBLIC += " fd00::1 ::ffff:127.0.0.1 2002:7f00:1:: 64:ff9b::a9fe:a9fe ff02::1"


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
async def test_addresses_that_are_not_public_are_left_out(net: Network, address: str) -> None:
    kind = net.aaaa if ":" in address else net.a
    net.mx["them.test"] = [(10, "inside.test"), (20, "outside.test")]
    kind["inside.test"] = [address]
    net.a["outside.test"] = ["8.8.8.1"]
    assert await names(net) == ["outside.test"]
    net.mx["them.test"] = [(10, "inside.test")]
    assert await refused(net) == ("refused", None, "5.4.4")


async def test_what_the_operator_allows_is_let_in(net: Network) -> None:
    net.a["them.test"] = ["10.0.0.1", "192.168.0.1"]
    allowed = DirectSettings(hostname="mail.us.test", allow=parse_networks("10.0.0.0/8"))
    (host,) = await find_hosts(StubResolver(net), "them.test", allowed)
    assert [str(one) for one in host.addresses] == ["10.0.0.1"]


@given(st.lists(st.ip_addresses(), max_size=6), st.lists(st.ip_addresses(), max_size=6))
async def test_only_judged_addresses_come_out(first, second) -> None:
    net = Network(mx={"them.test": [(1, "a.test"), (2, "b.test")]})
    for name, addresses in (("a.test", first), ("b.test", second)):
        net.a[name] = [str(one) for one in addresses if one.version == 4]
        net.aaaa[name] = [str(one) for one in addresses if one.version == 6]
    if any(is_permitted(one) for one in (*first, *second)):
        hosts = await find_hosts(StubResolver(net), "them.test", US)
        assert all(is_permitted(one) for host in hosts for one in host.addresses)
    else:
        assert (await refused(net))[0] == "refused"


class TestOurselves:
    """Mail is not sent to this server, nor past it to hosts that come after it (RFC 5321 5.1)."""

    @pytest.mark.parametrize("name", ["mail.us.test", "alias.us.test"])
    async def test_by_name_and_by_address(self, net: Network, name: str) -> None:
        net.mx["them.test"] = [(10, name), (20, "later.test")]
        net.a |= {"mail.us.test": ["8.8.8.8"], "alias.us.test": ["8.8.8.8"], "later.test": ["8.8.8.9"]}
        with pytest.raises(LeadsHereError) as raised:
            await find_hosts(StubResolver(net), "them.test", US)
        assert (raised.value.outcome.status, raised.value.outcome.enhanced_code) == ("refused", "5.4.6")

    async def test_better_hosts_than_ourselves_are_used(self, net: Network) -> None:
        net.mx["them.test"] = [(10, "better.test"), (20, "mail.us.test"), (20, "equal.test"), (30, "later.test")]
        net.a |= {name: [f"8.8.8.{n}"] for n, name in enumerate(["better.test", "equal.test", "later.test"])}
        assert await names(net) == ["better.test"]

    async def test_an_own_address_that_is_written_as_a_name(self, net: Network) -> None:
        net.a["them.test"] = ["8.8.4.4"]
        with pytest.raises(LeadsHereError):
            await find_hosts(StubResolver(net), "them.test", DirectSettings(hostname="8.8.4.4"))

    async def test_our_own_name_without_records_stops_nothing(self, net: Network) -> None:
        net.a |= {"mail.us.test": None, "them.test": ["8.8.8.1"]}
        assert await names(net) == ["them.test"]


async def test_over_a_real_name_server_aliases_are_followed() -> None:
    zone = {
        ("alias.test", "CNAME"): ["them.test."],
        ("them.test", "MX"): ["10 mxalias.test."],
        ("mxalias.test", "CNAME"): ["mx.test."],
        ("mx.test", "A"): ["8.8.8.1"],
        ("null.test", "MX"): ["0 ."],
        ("broken.test", "MX"): SERVFAIL,
    }
    async with name_server(zone) as dns:
        resolver = DnsResolver(dns.address)
        for domain in ("alias.test", "them.test"):
            (host,) = await find_hosts(resolver, domain, US)
            assert (host.name, str(host.addresses[0])) == ("mxalias.test", "8.8.8.1")
        codes: dict[str, str | None] = {}
        for domain in ("null.test", "broken.test", "nowhere.example"):
            with pytest.raises(UndeliverableError) as raised:
                await find_hosts(resolver, domain, US)
            codes[domain] = raised.value.outcome.enhanced_code
        assert codes == {"null.test": "5.1.10", "broken.test": "4.4.3", "nowhere.example": "5.1.2"}
