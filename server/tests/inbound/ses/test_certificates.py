"""N-04: the file behind a certificate's URL, and what is believed of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from agentpost_server.core.errors import Forbidden, Unavailable
from agentpost_server.inbound.ses import certificates
from agentpost_server.inbound.ses.certificates import CertificateFetch, Certificates, read_certificate
from agentpost_server.web.fetch import Egress, EgressPolicy
from agentpost_server.web.fetch.stream import connect
from inbound.ses.conftest import Door
from inbound.ses.signing import AUTHORITY, CERTIFICATE_URL, SNS, Issued, issue, notification

HOST = "sns.eu-west-1.amazonaws.com"
Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


def _read(pem: bytes) -> None:
    read_certificate(pem, HOST, datetime.now(UTC))


def test_a_certificate_of_sns_is_believed_with_and_without_its_issuers() -> None:
    _read(SNS.pem)
    _read(SNS.pem + AUTHORITY.pem)
    _read(issue(HOST, issuer=AUTHORITY).pem)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda: issue(issuer=AUTHORITY, days=(-30, -1)), "not valid now"),
        (lambda: issue(issuer=AUTHORITY, days=(1, 30)), "not valid now"),
        (lambda: issue("sns.evil.example", issuer=AUTHORITY), "not SNS's"),
        (issue, "its own issuer"),
        (lambda: issue(issuer=AUTHORITY, authority=True), "its own issuer"),
        (lambda: issue(issuer=AUTHORITY, private_key=ec.generate_private_key(ec.SECP256R1())), "not RSA"),
        (lambda: issue(issuer=AUTHORITY, private_key=rsa.generate_private_key(65537, 1024)), "not RSA"),
    ],
    ids=["expired", "not yet", "other name", "self-signed", "an authority", "elliptic", "small"],
)
def test_n_04_certificates_that_are_not_believed(made: Callable[[], Issued], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        _read(made().pem)


def test_n_04_a_chain_that_does_not_hold() -> None:
    stranger = issue("The tests' authority", authority=True)
    mere = issue("The tests' authority")
    with pytest.raises(ValueError, match="did not sign"):
        _read(SNS.pem + stranger.pem)
    with pytest.raises(ValueError, match="may not issue"):
        _read(issue(issuer=mere).pem + mere.pem)
    for garbage in (b"", b"x" * 60_000, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(ValueError):
            _read(garbage)


async def test_n_04_a_certificate_that_is_not_believed_is_403(door: Door) -> None:
    door.sns.files[CERTIFICATE_URL] = issue().pem
    assert [(await door.post(notification("hello"))).status_code for _ in range(3)] == [403, 403, 403]
    assert len(door.sns.fetched) == 1


async def test_certificates_are_kept_for_a_day_and_no_more_than_32(door: Door) -> None:
    fetched: list[str] = []

    async def fetch(url: str) -> bytes:
        fetched.append(url)
        return SNS.pem

    moment = datetime.now(UTC)
    known = Certificates(door.server.runtime, fetch)
    setattr(known, "_now", lambda: moment)  # noqa: B010
    urls = [CERTIFICATE_URL.replace("0123456789abcdef0123456789abcdef", f"{n:032x}") for n in range(33)]
    for url in urls:
        await known.key(url)
    assert fetched == urls
    await known.key(urls[-1])
    await known.key(urls[1])
    assert len(fetched) == 33
    await known.key(urls[0])
    assert len(fetched) == 34
    moment += timedelta(hours=23)
    await known.key(urls[0])
    assert len(fetched) == 34
    moment += timedelta(hours=2)
    await known.key(urls[0])
    assert len(fetched) == 35


@asynccontextmanager
async def _serving(behave: Behaviour) -> AsyncGenerator[Egress]:
    """The guarded client, led to a server on loopback in place of SNS: the name resolves there, TLS is left out."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await behave(writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async def connector(address, _port, _tls, host):
        return await connect(address, port, None, host)

    egress = Egress(policy=EgressPolicy(allow=(ip_network("127.0.0.0/8"),)), resolver=resolve, connector=connector)
    yield egress
    egress.close()
    listener.close()


def _answer(head: str, body: bytes = b"") -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    return behave


async def test_the_file_is_fetched_whole() -> None:
    async with _serving(_answer("200 OK", SNS.pem)) as egress:
        assert await CertificateFetch(egress)(CERTIFICATE_URL) == SNS.pem


@pytest.mark.parametrize(
    "behave",
    [
        _answer("302 Found\r\nLocation: http://169.254.169.254/"),
        _answer("301 Moved\r\nLocation: " + CERTIFICATE_URL),
        _answer("404 Not Found"),
        _answer("500 Oops"),
        _answer("200 OK", b"x" * 10_000_000),
    ],
    ids=["redirect", "redirect to itself", "404", "500", "10 MB"],
)
async def test_n_04_answers_that_are_no_certificate(behave: Behaviour) -> None:
    async with _serving(behave) as egress:
        with pytest.raises(Forbidden):
            await CertificateFetch(egress)(CERTIFICATE_URL)


async def test_n_04_a_slow_answer_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.1)

    limits = getattr(certificates, "_LIMITS")  # noqa: B009
    assert (limits.total_seconds, limits.answer_bytes) == (5.0, 65536)
    monkeypatch.setattr(certificates, "_LIMITS", msgspec.structs.replace(limits, total_seconds=0.5))
    async with _serving(behave) as egress:
        with pytest.raises(Forbidden):
            await CertificateFetch(egress)(CERTIFICATE_URL)


async def test_a_network_that_is_away_is_tried_again() -> None:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with _serving(behave) as egress:
        with pytest.raises(Unavailable):
            await CertificateFetch(egress)(CERTIFICATE_URL)


async def test_private_addresses_behind_the_name_are_not_reached() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["169.254.169.254", "127.0.0.1", "10.0.0.1"]

    with pytest.raises(Forbidden):
        await CertificateFetch(Egress(resolver=resolve))(CERTIFICATE_URL)
