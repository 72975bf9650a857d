"""W-01 to W-38: what a URL may be when it is registered. No look-up is made here, and nothing is repaired."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.core.errors import Invalid
from agentpost_server.web.fetch import EgressPolicy, check_url
from agentpost_server.web.fetch.url import read_url

PUBLIC = EgressPolicy(own_hosts=frozenset({"mail.example.com"}), own_addresses=frozenset({ip_address("8.8.4.4")}))
LOOPBACK = EgressPolicy(allow=(ip_network("127.0.0.0/8"), ip_network("::1/128")))

REFUSED = {
    "W-01..06": [
        "http://127.0.0.1",
        "http://127.1",
        "http://0x7f.1",
        "http://0177.0.0.1",
        "http://2130706433",
        "http://0",
        "http://0.0.0.0",
        "http://0x7f000001",
        "http://127.0.0.1.",
        "http://127.0.1",
        "http://017700000001",
        "http://127.0.0.01",
        "http://1.2.3.4.5",
        "http://256.1.1.1",
        "http://1.1.1.0x1",
    ],
    "W-07..09": [
        "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
        "http://127\u30020\u30020\u30021",
        "http://127.0.0.1\xad",
        "http://\uff11\uff12\uff17.0.0.1",
        "http://\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54",
        "http://loc\xadalhost",
    ],
    "W-10..16": [
        "http://10.0.0.1",
        "http://172.16.0.1",
        "http://172.31.255.255",
        "http://192.168.1.1",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1",
        "http://100.100.100.200",
        "http://168.63.129.16",
    ],
    "W-17..21": [
        "http://192.0.0.1",
        "http://192.0.2.1",
        "http://198.51.100.1",
        "http://203.0.113.1",
        "http://192.88.99.1",
        "http://198.18.0.1",
        "http://224.0.0.1",
        "http://240.0.0.1",
        "http://255.255.255.255",
    ],
    "W-23..31": [
        "http://[::1]",
        "http://[::]",
        "http://[::ffff:7f00:1]",
        "http://[::ffff:127.0.0.1]",
        "http://[::127.0.0.1]",
        "http://[::ffff:0:7f00:1]",
        "http://[64:ff9b::a9fe:a9fe]",
        "http://[64:ff9b:1::7f00:1]",
        "http://[2002:7f00:1::]",
        "http://[2001:0:7f00:1::]",
        "http://[fe80::1]",
        "http://[fe80::1%25eth0]",
        "http://[fc00::1]",
        "http://[fd00:ec2::254]",
        "http://[ff02::1]",
        "http://[2001:db8::1]",
        "http://[100::1]",
        "http://[3fff::1]",
        "http://[5f00::1]",
        "http://[fec0::1]",
    ],
    "W-36": [
        "http://localhost",
        "http://LOCALHOST.",
        "http://x.localhost",
        "http://metadata.google.internal",
        "http://a.internal",
        "http://a.local",
        "http://printer",
        "http://mail.example.com",
        "http://MAIL.example.com.",
        "http://8.8.4.4",
        "http://[::ffff:8.8.4.4]",
        "http://metadata",
        "http://kubernetes.default.svc",
    ],
    "W-37": [
        "http://good@127.0.0.1",
        "http://good@example.com",
        "http://good\\@127.0.0.1",
        "http://127.0.0.1#@good.com",
        "http://example.com/\t",
        "http://exa\nmple.com",
        "http://example.com/\r\nX: y",
        "http://example.com/%00",
        "//example.com",
        "http:example.com",
        "http:/example.com",
        "http:///example.com",
        "example.com",
        "",
        " http://example.com",
        "http://",
        "http://example.com/%0d%0aHost:x",
        "http://example.com/%zz",
        "http://example.com#f",
        "http://exa%6dple.com",
        "http://example.com:0",
        "http://example.com:65536",
        "http://example.com:",
        "http://example.com:8x",
        "http://a:1:2",
        "http://example..com",
        "http://.example.com",
        "http://-a.com",
        "http://[::1",
        "http://::1",
        "http://[1.2.3.4]",
        "http://[]",
        "http://exa mple.com",
        "http://example.com/\ud800",
        "http://" + "a" * 64 + ".com",
        "http://" + "a." * 130 + "com",
        "http://example.com/" + "a" * 2048,
        "http://xn--.com/\x00",
        "http://ex\u0430mple\u2044.com",
        "http://a\u2028.com",
    ],
    "W-38": [
        "ftp://example.com",
        "file:///etc/passwd",
        "gopher://example.com",
        "javascript:alert(1)",
        "unix:/run/x",
        "data:text/plain,x",
        "ws://example.com",
        "HTTPS+unix://x",
    ],
}


@pytest.mark.parametrize(("row", "url"), [(row, url) for row, urls in REFUSED.items() for url in urls])
def test_refused(row: str, url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_url(url, PUBLIC)
    assert refusal.value.code == "unsafe_url", row
    assert refusal.value.status == 422
    assert refusal.value.errors[0].field == "url"


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "authority"),
    [
        ("https://example.com", "example.com", 443, "/", "example.com"),
        ("HTTP://Example.COM:80/a", "example.com", 80, "/a", "example.com"),
        ("https://example.com.:8443/a?b=c", "example.com", 8443, "/a?b=c", "example.com:8443"),
        ("http://example.com?q=/x", "example.com", 80, "/?q=/x", "example.com"),
        (
            "https://bücher.example/grüße?x=a b".replace(" ", "+"),
            "xn--bcher-kva.example",
            443,
            "/gr%C3%BC%C3%9Fe?x=a+b",
            None,
        ),
        ("https://example.com/%41%2F?a=%20", "example.com", 443, "/%41%2F?a=%20", "example.com"),
        ("https://hooks_1.example.com/", "hooks_1.example.com", 443, "/", "hooks_1.example.com"),
        ("http://8.8.8.8:8080/", "8.8.8.8", 8080, "/", "8.8.8.8:8080"),
        ("http://[2606:4700::1111]/", "2606:4700::1111", 80, "/", "[2606:4700::1111]"),
        ("http://[::ffff:8.8.8.8]/", "8.8.8.8", 80, "/", "8.8.8.8"),
        ("http://[64:ff9b::808:808]/", "64:ff9b::808:808", 80, "/", None),
    ],
)
def test_accepted_with_one_reading(url: str, host: str, port: int, target: str, authority: str | None) -> None:
    parsed = read_url(url, PUBLIC)
    assert (parsed.host, parsed.port, parsed.target) == (host, port, target)
    assert authority is None or parsed.authority == authority


@pytest.mark.parametrize(
    "url", ["http://localhost:9000/h", "http://127.0.0.1:9000", "http://[::1]:9000", "http://a.localhost"]
)
def test_the_allow_list_lets_loopback_through(url: str) -> None:
    check_url(url, LOOPBACK)


@pytest.mark.parametrize("url", ["http://10.0.0.1", "http://a.internal", "http://receiver", "http://169.254.169.254"])
def test_the_allow_list_lets_nothing_else_through(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url, LOOPBACK)


def test_a_private_network_on_the_allow_list_makes_private_names_a_matter_of_their_addresses() -> None:
    policy = EgressPolicy(allow=(ip_network("172.16.0.0/12"),))
    check_url("http://receiver:8080/hook", policy)
    check_url("http://172.17.0.2/hook", policy)
    for url in ("http://localhost", "http://metadata.google.internal", "http://10.0.0.1"):
        with pytest.raises(Invalid):
            check_url(url, policy)


def test_http_can_be_switched_off() -> None:
    policy = EgressPolicy(allow_http=False)
    check_url("https://example.com", policy)
    with pytest.raises(Invalid, match="https"):
        check_url("http://example.com", policy)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "http://127.", "http://[", "http://x@"]))
def test_any_text_is_read_or_refused_and_what_is_read_stays_inside_its_line(rest: str, start: str) -> None:
    try:
        parsed = read_url(start + rest, PUBLIC)
    except Invalid:
        return
    for part in (parsed.host, parsed.target, parsed.authority):
        assert part.isascii()
        assert part.isprintable()
        assert " " not in part


@settings(max_examples=200, deadline=None)
@given(
    st.ip_addresses(network="127.0.0.0/8") | st.ip_addresses(network="10.0.0.0/8"), st.sampled_from([".", "。", "．"])
)
def test_no_writing_of_a_private_address_passes(address, dot: str) -> None:
    number = int(address)
    for text in (
        str(address).replace(".", dot),
        str(number),
        hex(number),
        f"[::ffff:{address}]",
        f"[64:ff9b::{number:x}]"[:40],
    ):
        with pytest.raises(Invalid):
            check_url(f"http://{text}/", PUBLIC)
