"""Every resolved address is judged and only a judged one is connected to. Proved with stubs: no packet leaves."""

import asyncio
import ssl
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.core.networks import parse_address
from agentpost_server.web.fetch import (
    Egress,
    EgressPolicy,
    FetchFailure,
    FetchLimits,
    FetchRequest,
    FetchResponse,
    fetch,
)
from agentpost_server.web.fetch.addresses import is_permitted


class ScriptedStream:
    """Answers 204 to everything."""

    def __init__(self) -> None:
        self.written = b""
        self.answers = [b"HTTP/1.1 204 No Content\r\n\r\n"]
        self.open = True

    async def read(self) -> bytes:
        return self.answers.pop() if self.answers else b""

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.open = False

    def is_quiet(self) -> bool:
        return self.open


class Wires:
    """A resolver and a connector that note what they are asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.looked_up: list[str] = []
        self.connected: list[tuple[str, int, bool, str]] = []
        self.fail: dict[str, BaseException] = {}
        self.streams: list[ScriptedStream] = []

    async def resolve(self, host: str, port: int, /) -> list[str]:
        self.looked_up.append(host)
        return self.answers.pop(0) if self.answers else []

    async def connect(self, address, port: int, tls: ssl.SSLContext | None, server_hostname: str, /) -> ScriptedStream:
        self.connected.append((str(address), port, tls is not None, server_hostname))
        if str(address) in self.fail:
            raise self.fail[str(address)]
        self.streams.append(ScriptedStream())
        return self.streams[-1]

    def egress(self, policy: EgressPolicy | None = None) -> Egress:
        return Egress(policy=policy or EgressPolicy(), resolver=self.resolve, connector=self.connect)


BLOCKED = [
    *["127.0.0.1", "0.0.0.0", "10.1.2.3", "172.20.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "192.0.0.8"],
    *[
        "192.0.2.1",
        "198.51.100.7",
        "203.0.113.9",
        "192.88.99.1",
        "198.19.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ],
    *["::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:7f00:1", "64:ff9b::a9fe:a9fe"],
    *[
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "2001:0:7f00:1::",
        "fe80::1",
        "fe80::1%eth0",
    ],
    *["fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "100::1", "2001:10::1", "2001:20::1", "168.63.129.16"],
]


@pytest.mark.parametrize("address", BLOCKED)
async def test_a_name_that_resolves_inside_is_never_connected_to(address: str) -> None:
    wires = Wires([address])
    outcome = await fetch(wires.egress(), FetchRequest(url="https://innocent.example/"))
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == "blocked_address"
    assert wires.connected == []


async def test_the_connection_goes_to_the_judged_address_with_the_name_of_the_url() -> None:
    wires = Wires(["127.0.0.1", "93.184.215.14"], ["127.0.0.1"])
    outcome = await fetch(wires.egress(), FetchRequest(url="https://innocent.example:8443/a?b"))
    assert isinstance(outcome, FetchResponse)
    assert outcome.address == "93.184.215.14"
    assert wires.looked_up == ["innocent.example"]
    assert wires.connected == [("93.184.215.14", 8443, True, "innocent.example")]
    assert wires.streams[0].written.startswith(b"GET /a?b HTTP/1.1\r\nHost: innocent.example:8443\r\n")


async def test_a_literal_address_is_not_looked_up() -> None:
    wires = Wires()
    await fetch(wires.egress(), FetchRequest(url="http://8.8.8.8/"))
    assert wires.looked_up == []
    assert wires.connected == [("8.8.8.8", 80, False, "8.8.8.8")]


async def test_mapped_addresses_are_connected_to_as_what_they_are() -> None:
    wires = Wires(["::ffff:8.8.8.8"])
    await fetch(wires.egress(), FetchRequest(url="http://a.example/"))
    assert wires.connected[0][0] == "8.8.8.8"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost/", "http://x@8.8.8.8/", "file:///etc/passwd", "http://0/"]
)
async def test_an_unsafe_url_is_refused_at_fetch_too(url: str) -> None:
    wires = Wires(["8.8.8.8"])
    outcome = await fetch(wires.egress(), FetchRequest(url=url))
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == "blocked_address"
    assert (wires.looked_up, wires.connected) == ([], [])


async def test_own_addresses_are_blocked_unless_allowed() -> None:
    own = frozenset({ip_address("8.8.4.4")})
    wires = Wires(["8.8.4.4"], ["8.8.4.4"])
    outcome = await fetch(wires.egress(EgressPolicy(own_addresses=own)), FetchRequest(url="http://a.example/"))
    assert isinstance(outcome, FetchFailure)
    allowed = EgressPolicy(own_addresses=own, allow=(ip_network("8.8.4.4/32"),))
    assert isinstance(await fetch(wires.egress(allowed), FetchRequest(url="http://a.example/")), FetchResponse)


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    wires = Wires(["8.8.8.8", "1.1.1.1", "9.9.9.9"])
    wires.fail = {"8.8.8.8": ConnectionRefusedError(), "1.1.1.1": TimeoutError()}
    outcome = await fetch(wires.egress(), FetchRequest(url="http://a.example/"))
    assert isinstance(outcome, FetchResponse)
    assert [address for address, *_ in wires.connected] == ["8.8.8.8", "1.1.1.1", "9.9.9.9"]


async def test_a_name_with_a_thousand_addresses_costs_four_attempts() -> None:
    wires = Wires([f"8.8.{number // 250}.{number % 250}" for number in range(1000)])
    wires.fail = {f"8.8.0.{number}": ConnectionRefusedError() for number in range(250)}
    outcome = await fetch(wires.egress(), FetchRequest(url="http://a.example/"))
    assert isinstance(outcome, FetchFailure)
    assert (outcome.error, len(wires.connected)) == ("reset", 4)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (ConnectionRefusedError(), "reset"),
        (OSError(), "reset"),
        (TimeoutError(), "timeout"),
        (ssl.SSLCertVerificationError("certificate verify failed"), "tls"),
        (ssl.SSLError("WRONG_VERSION_NUMBER"), "tls"),
    ],
)
async def test_connect_failures_have_names(failure: OSError, error: str) -> None:
    wires = Wires(["8.8.8.8"])
    wires.fail = {"8.8.8.8": failure}
    outcome = await fetch(wires.egress(), FetchRequest(url="https://a.example/"))
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == error


@pytest.mark.parametrize("failure", [OSError(), UnicodeError(), None])
async def test_a_name_without_address_is_dns(failure: Exception | None) -> None:
    async def resolver(_host: str, _port: int, /) -> list[str]:
        if failure is not None:
            raise failure
        return ["not an address"]

    outcome = await fetch(Egress(resolver=resolver), FetchRequest(url="https://a.example/"))
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == "dns"


@pytest.mark.parametrize("where", ["resolver", "connector"])
async def test_look_up_and_connect_have_their_own_deadline(where: str) -> None:
    wires = Wires(["8.8.8.8"])
    egress = wires.egress()

    async def never(*_arguments: object) -> list[str]:
        await asyncio.sleep(60)
        return []

    setattr(egress, where, never)
    limits = FetchLimits(connect_seconds=0.1, total_seconds=30)
    outcome = await asyncio.wait_for(fetch(egress, FetchRequest(url="http://a.example/", limits=limits)), 10)
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == "timeout"


@settings(max_examples=300, deadline=None)
@given(st.ip_addresses(v=4))
def test_ipv4_agrees_with_the_standard_library_where_it_says_private(address) -> None:
    if (
        address.is_private
        or address.is_multicast
        or address.is_reserved
        or address.is_loopback
        or address.is_link_local
    ):
        assert not is_permitted(address, EgressPolicy())
        assert not is_permitted(ip_address(f"::ffff:{address}"), EgressPolicy())
        assert not is_permitted(
            ip_address(f"64:ff9b::{int(address) >> 16:x}:{int(address) & 0xFFFF:x}"), EgressPolicy()
        )


@settings(max_examples=300, deadline=None)
@given(st.ip_addresses(v=6))
def test_ipv6_outside_global_unicast_is_closed(address) -> None:
    if address not in ip_network("2000::/3") and address not in ip_network("64:ff9b::/96") and not address.ipv4_mapped:
        assert not is_permitted(address, EgressPolicy())


def test_public_addresses_are_open() -> None:
    for text in (
        "8.8.8.8",
        "1.1.1.1",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "64:ff9b::808:808",
    ):
        address = parse_address(text)
        assert address is not None
        assert is_permitted(address, EgressPolicy())
