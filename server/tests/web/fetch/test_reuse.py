"""Connections are kept and used again, never past what they are good for; TLS is verified against the URL's name."""

import asyncio
import ssl
from ipaddress import ip_network

import pytest
import trustme

from agentpost_server.web.fetch import Egress, EgressPolicy, FetchFailure, FetchRequest, FetchResponse, fetch

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def post(url: str, body: bytes = b"{}") -> FetchRequest:
    return FetchRequest(url=url, method="POST", body=body)


async def test_one_connection_serves_many(egress, hostile) -> None:
    for number in range(20):
        assert isinstance(await fetch(egress, post(hostile.url, b"%d" % number)), FetchResponse)
    assert hostile.connections == 1
    assert [heard.rpartition(b"\r\n\r\n")[2] for heard in hostile.heard] == [b"%d" % number for number in range(20)]


async def test_parallel_fetches_take_a_connection_each(egress, hostile) -> None:
    outcomes = await asyncio.gather(*(fetch(egress, post(hostile.url)) for _ in range(20)))
    assert all(isinstance(outcome, FetchResponse) for outcome in outcomes)
    assert len(hostile.heard) == 20


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + OK,
        OK + b"rubbish",
    ],
)
async def test_a_connection_that_is_not_clean_is_not_kept(egress, hostile, answering, octets: bytes) -> None:
    hostile.behave = answering(octets)
    for _ in range(3):
        outcome = await fetch(egress, post(hostile.url))
        assert isinstance(outcome, FetchResponse)
        assert outcome.body == b"ok"
    assert hostile.connections == 3


async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced_once(egress, hostile) -> None:
    calls = 0

    async def close_on_second(_reader, writer, _request) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ConnectionResetError
        writer.write(OK)

    hostile.behave = close_on_second
    for _ in range(2):
        assert isinstance(await fetch(egress, post(hostile.url)), FetchResponse)
    assert (calls, hostile.connections) == (3, 2)


async def test_closing_closes_what_is_idle(hostile) -> None:
    egress = Egress(policy=EgressPolicy(allow=(ip_network("127.0.0.0/8"),)))
    for _ in range(2):
        assert isinstance(await fetch(egress, post(hostile.url)), FetchResponse)
        egress.close()
    assert hostile.connections == 2


@pytest.fixture
async def tls_server():
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("receiver.example").configure_cert(context)
    heard: list[bytes] = []

    async def serve(reader, writer) -> None:
        try:
            while True:
                heard.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(OK)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    yield server.sockets[0].getsockname()[1], trusted, heard
    server.close()


def reaching(tls: ssl.SSLContext) -> Egress:
    async def resolver(_host: str, _port: int, /) -> list[str]:
        return ["127.0.0.1"]

    return Egress(policy=EgressPolicy(allow=(ip_network("127.0.0.0/8"),)), tls=tls, resolver=resolver)


async def test_tls_is_verified_and_reused(tls_server) -> None:
    port, trusted, heard = tls_server
    egress = reaching(trusted)
    for _ in range(2):
        outcome = await fetch(egress, FetchRequest(url=f"https://receiver.example:{port}/"))
        assert isinstance(outcome, FetchResponse), outcome
    assert len(heard) == 2
    assert f"Host: receiver.example:{port}".encode() in heard[0]
    egress.close()


@pytest.mark.parametrize("case", ["other name", "unknown authority", "address"])
async def test_tls_that_does_not_verify_is_a_failure(tls_server, case: str) -> None:
    port, trusted, heard = tls_server
    host = {"other name": "other.example", "address": "127.0.0.1"}.get(case, "receiver.example")
    tls = ssl.create_default_context() if case == "unknown authority" else trusted
    outcome = await fetch(reaching(tls), FetchRequest(url=f"https://{host}:{port}/"))
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == "tls"
    assert heard == []


async def test_https_to_a_plain_server_is_a_tls_failure() -> None:
    async def greet(_reader, writer) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await asyncio.sleep(0.2)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = await fetch(reaching(ssl.create_default_context()), post(f"https://127.0.0.1:{port}/"))
    server.close()
    assert isinstance(outcome, FetchFailure)
    assert outcome.error == "tls"
