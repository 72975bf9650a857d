"""STARTTLS on both event loops: what it keeps, what it forgets, and what ends it."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import trustme


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def contexts(authority: trustme.CA) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mx.us.test").configure_cert(server)
    server.minimum_version = ssl.TLSVersion.TLSv1_2
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


def test_starttls(run: Callable[..., Any], house_context: Any, authority: trustme.CA) -> None:
    server, client = contexts(authority)

    async def scenario() -> None:
        async with house_context(tls=server) as house:
            wire = await house.dial()
            await wire.reply()
            assert "250 STARTTLS" in (await wire.say(b"EHLO c")).splitlines()
            await wire.say(b"MAIL FROM:<a@c.test>")
            assert (await wire.say(b"STARTTLS")).startswith("220 ")
            await wire.writer.start_tls(client, server_hostname="mx.us.test")
            # What was said before is void.
            assert (await wire.say(b"RCPT TO:<b@us.test>")).startswith("503 ")
            assert "STARTTLS" not in await wire.say(b"EHLO c")
            assert (await wire.say(b"STARTTLS")).startswith("503 ")
            for line in (b"MAIL FROM:<a@c.test>", b"RCPT TO:<b@us.test>", b"DATA"):
                await wire.say(line)
            body = b"y" * 100_000
            assert (await wire.say(body + b"\r\n.")).startswith("250 ")
            assert (await wire.say(b"QUIT")).startswith("221 ")
            assert await wire.rest() == b""
            delivery = house.mailroom.deliveries[0]
            assert (delivery.tls, delivery.transmission_type, delivery.size) == (True, "ESMTPS", 100_002)
            await house.until(lambda: house.server.stats.open == 0)

    run(scenario())


def test_starttls_at_the_end_of_a_group(run: Callable[..., Any], house_context: Any, authority: trustme.CA) -> None:
    server, client = contexts(authority)

    async def scenario() -> None:
        async with house_context(tls=server) as house:
            wire = await house.dial()
            await wire.reply()
            await wire.send(b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<b@us.test>\r\nSTARTTLS\r\n")
            assert [(await wire.reply())[:3] for _ in range(4)] == ["250", "250", "250", "220"]
            await wire.writer.start_tls(client, server_hostname="mx.us.test")
            assert (await wire.say(b"EHLO c")).startswith("250")
            await wire.close()
            await house.until(lambda: house.server.stats.open == 0)
            async with asyncio.timeout(5):
                await house.server.close(60)

    run(scenario())


def test_octets_behind_starttls_end_the_connection(
    run: Callable[..., Any], house_context: Any, authority: trustme.CA
) -> None:
    server, _ = contexts(authority)

    async def scenario() -> None:
        async with house_context(tls=server) as house:
            answer = await house.tell(b"EHLO c\r\nSTARTTLS\r\nMAIL FROM:<evil@c.test>\r\n")
            assert answer[-1].startswith("421 4.7.0")
            assert not any(line.startswith("220 2.0.0") for line in answer)

    run(scenario())


def test_S_20_old_tls_and_a_handshake_that_never_comes(  # noqa: N802
    run: Callable[..., Any], house_context: Any, authority: trustme.CA
) -> None:
    server, client = contexts(authority)
    # Old versions need security level 0 to be offered at all.
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    client.minimum_version = ssl.TLSVersion.TLSv1
    client.maximum_version = ssl.TLSVersion.TLSv1_1

    async def scenario() -> None:
        async with house_context(tls=server, handshake_seconds=0.3) as house:
            for _ in range(2):
                wire = await house.dial()
                await wire.reply()
                await wire.say(b"EHLO c")
                await wire.say(b"STARTTLS")
                if _ == 0:
                    with pytest.raises((ssl.SSLError, ConnectionError)):
                        await wire.writer.start_tls(client, server_hostname="mx.us.test")
                else:
                    assert await wire.rest() == b""
                await house.until(lambda: house.server.stats.open == 0)

    run(scenario())


async def test_S_20_a_context_below_tls_1_2_is_refused_at_start(open_house: Any) -> None:  # noqa: N802
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.raises(ValueError, match="TLSv1_2"):
        await open_house(tls=context)
