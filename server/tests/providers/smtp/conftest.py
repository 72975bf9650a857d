"""A transport to a loopback port, and the peer that misbehaves as told."""

import ssl
from collections.abc import AsyncIterator, Callable

import pytest_asyncio

from agentpost_server.providers.smtp import SmtpRelay, SmtpTransport
from providers.scripted_peer import envelope_to, start_peer

__all__ = ["envelope_to", "start_peer", "transport_to"]


@pytest_asyncio.fixture
async def transport_to() -> AsyncIterator[Callable[..., SmtpTransport]]:
    """A transport to a loopback port with short waits; closed with the test."""
    opened: list[SmtpTransport] = []

    def make(port: int, *, tls_context: ssl.SSLContext | None = None, **settings: object) -> SmtpTransport:
        fields: dict[str, object] = {"host": "127.0.0.1", "tls": "none", "connect_seconds": 5, "command_seconds": 5}
        fields |= {"reply_seconds": 5, "total_seconds": 10} | settings
        relay = SmtpRelay(port=port, **fields)  # pyright: ignore[reportArgumentType]
        opened.append(SmtpTransport(relay, tls_context=tls_context))
        return opened[-1]

    yield make
    for transport in opened:
        await transport.close()
