"""W-44, W-45, W-47, W-49, W-51 against real servers on loopback that misbehave; time is bounded by small limits."""

import asyncio
import gzip

import pytest

from agentpost_server.core.errors import Invalid
from agentpost_server.web.fetch import FetchFailure, FetchLimits, FetchRequest, FetchResponse, check_headers, fetch

QUICK = FetchLimits(connect_seconds=2, total_seconds=1.0)
ROOMY = FetchLimits(connect_seconds=5, total_seconds=20)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def post(url: str, **options) -> FetchRequest:
    return FetchRequest(**({"url": url, "method": "POST", "body": b'{"a":1}', "limits": ROOMY} | options))


async def test_a_plain_exchange(egress, hostile) -> None:
    headers = (("Content-Type", "application/json"), ("Authorization", "Bearer x"), ("User-Agent", "Mine/1"))
    outcome = await fetch(egress, post(hostile.url, headers=headers))
    assert isinstance(outcome, FetchResponse)
    assert (outcome.status, outcome.body, outcome.truncated, outcome.address) == (200, b"ok", False, "127.0.0.1")
    assert outcome.headers == (("content-length", "2"),)
    head, _, body = hostile.heard[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hook HTTP/1.1"
    assert sorted(lines[1:]) == sorted(
        [
            *(f"Host: 127.0.0.1:{hostile.port}", "Accept-Encoding: identity", "Accept: */*", "User-Agent: Mine/1"),
            *("Content-Type: application/json", "Authorization: Bearer x", "Content-Length: 7"),
        ]
    )
    assert body == b'{"a":1}'


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_w44_redirects_are_answers_and_never_followed(egress, hostile, answering, status: int) -> None:
    redirect = f"HTTP/1.1 {status} R\r\nLocation: {hostile.url}/next\r\nContent-Length: 0\r\n\r\n"
    hostile.behave = answering(redirect.encode())
    outcome = await fetch(egress, post(hostile.url))
    assert isinstance(outcome, FetchResponse)
    assert outcome.status == status
    refused = await fetch(egress, post(hostile.url, accept_redirect=False))
    assert isinstance(refused, FetchFailure)
    assert (refused.error, refused.status) == ("protocol", status)
    assert len(hostile.heard) == 2


async def test_w45_proxies_of_the_environment_are_ignored(egress, hostile, monkeypatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    assert isinstance(await fetch(egress, post(hostile.url)), FetchResponse)


async def test_w47_headers_that_ask_for_more_are_ignored(egress, hostile, answering) -> None:
    extra = (
        f'Alt-Svc: h3=":1"\r\nRefresh: 0;url={hostile.url}\r\nLink: <{hostile.url}>; rel=preload\r\nSet-Cookie: a=b\r\n'
    )
    hostile.behave = answering(b"HTTP/1.1 200 OK\r\n" + extra.encode() + b"Content-Length: 0\r\n\r\n")
    for _ in range(2):
        assert isinstance(await fetch(egress, post(hostile.url)), FetchResponse)
    assert len(hostile.heard) == 2
    assert b"cookie" not in hostile.heard[1].lower()


@pytest.mark.parametrize(
    "octets",
    [
        b"hello, this is HTTP/0.9\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"220 mail.example ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"\0" * 100,
    ],
)
async def test_w47_what_is_not_http_1_1_is_a_failure(egress, hostile, answering, octets: bytes) -> None:
    hostile.behave = answering(octets, close=True)
    outcome = await fetch(egress, post(hostile.url))
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == "protocol"


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2540be400\r\n",
    ],
)
async def test_w49_ten_gigabytes_are_cut_at_the_limit(egress, hostile, start: bytes) -> None:
    hostile.endless(start, b"x" * 65536)
    outcome = await fetch(egress, post(hostile.url))
    assert isinstance(outcome, FetchResponse)
    assert (outcome.status, len(outcome.body), outcome.truncated) == (200, 65536, True)
    refused = await fetch(egress, post(hostile.url, truncate=False))
    assert isinstance(refused, FetchFailure)
    assert (refused.error, refused.status) == ("too_large", 200)
    assert hostile.sent < 16_000_000


async def test_w49_an_answer_of_exactly_the_limit_is_whole(egress, hostile, answering) -> None:
    hostile.behave = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + b"x" * 65536)
    outcome = await fetch(egress, post(hostile.url, truncate=False))
    assert isinstance(outcome, FetchResponse)
    assert (len(outcome.body), outcome.truncated) == (65536, False)


@pytest.mark.parametrize(
    ("start", "status"),
    [(b"", None), (b"HTTP/1.1 200 OK\r\nX: ", None), (b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", 200)],
)
async def test_w49_octet_by_octet_runs_into_the_deadline(egress, hostile, start: bytes, status: int | None) -> None:
    hostile.endless(start, b"H" if not start else b"x", pause=0.4 if not start else 0.1)
    if not start:
        hostile.endless(b"", b"", pause=0.1)
    outcome = await asyncio.wait_for(fetch(egress, post(hostile.url, limits=QUICK)), 10)
    assert outcome == FetchFailure(error="timeout", detail="The answer took too long.", status=status)


async def test_w49_a_gzip_bomb_stays_packed(egress, hostile, answering) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    hostile.behave = answering(head + bomb)
    outcome = await fetch(egress, post(hostile.url))
    assert isinstance(outcome, FetchResponse)
    assert outcome.body == bomb[:65536]


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 10_000),
        (b"HTTP/1.1 200 ", b"y" * 10_000),
    ],
)
async def test_w49_endless_heads(egress, hostile, start: bytes, piece: bytes) -> None:
    hostile.endless(start, piece)
    outcome = await fetch(egress, post(hostile.url))
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == "protocol"
    assert hostile.sent < 16_000_000


@pytest.mark.parametrize(
    ("start", "piece"),
    [(b"", b"1\r\nx\r\n" * 1000), (b"1;", b"x" * 10_000), (b"0\r\n", b"x: y\r\n" * 1000), (b"0\r\nx: ", b"y" * 10_000)],
)
async def test_w49_endless_framing(egress, hostile, start: bytes, piece: bytes) -> None:
    hostile.endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + start, piece)
    outcome = await fetch(egress, post(hostile.url))
    assert isinstance(outcome, FetchResponse)
    assert outcome.truncated
    assert hostile.sent < 16_000_000


async def test_interim_answers_are_passed_over(egress, hostile, answering) -> None:
    hostile.behave = answering(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK)
    outcome = await fetch(egress, post(hostile.url))
    assert isinstance(outcome, FetchResponse)
    assert (outcome.status, outcome.headers) == (200, (("content-length", "2"),))


@pytest.mark.parametrize("octets", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"])
async def test_w51_a_connection_that_ends_early_is_a_reset(egress, hostile, answering, octets: bytes) -> None:
    hostile.behave = answering(octets, close=True)
    outcome = await fetch(egress, post(hostile.url))
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == "reset"
    assert len(hostile.heard) == 1


async def test_w51_a_hard_reset_after_the_request_is_a_reset(egress, hostile) -> None:
    async def reset(_reader, writer, _request) -> None:
        writer.transport.abort()
        raise ConnectionResetError

    hostile.behave = reset
    outcome = await fetch(egress, post(hostile.url))
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == "reset"
    assert len(hostile.heard) == 1


async def test_a_closed_port_is_a_reset(egress, unused_tcp_port_factory) -> None:
    outcome = await fetch(egress, post(f"http://127.0.0.1:{unused_tcp_port_factory()}/"))
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == "reset"


async def test_an_answer_before_the_body_was_taken_counts(egress, hostile) -> None:
    """A receiver may refuse by the headers alone; its answer is read although the request was not."""

    async def refuse(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = await fetch(egress, post(f"http://127.0.0.1:{port}/", body=b"x" * 5_000_000))
    server.close()
    assert isinstance(outcome, FetchResponse)
    assert outcome.status == 413


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nY: b"),
        ("X", "a\nb"),
        ("X", "a\0b"),
        ("X Y", "a"),
        ("", "a"),
        ("X:", "a"),
        ("Hôte", "a"),
        ("X", "日本"),
        ("Host", "a"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("X", "a" * 9000),
    ],
)
async def test_unsafe_headers_are_never_sent(egress, hostile, name: str, value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_headers(((name, value),))
    assert refusal.value.code == "unsafe_header"
    outcome = await fetch(egress, post(hostile.url, headers=((name, value),)))
    assert isinstance(outcome, FetchFailure)
    assert hostile.heard == []


def test_safe_headers_pass() -> None:
    check_headers((("Authorization", "Bearer x"), ("X-Tenant", "é\t1"), ("Content-Type", "application/json")))
