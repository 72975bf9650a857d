"""Name look-up and sockets, each behind a Protocol, so that the guard can be proved with stubs.

A resolver only names addresses. A connector only ever gets an address that was judged, and looks nothing up.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv6Address
from typing import Final, Protocol, cast

from agentpost_server.core.networks import Address

_HIGH_WATER: Final = 64 * 1024
# Its own threads: look-ups of somebody's dead name servers must not hold up other work of the process.
_LOOKUPS: Final = ThreadPoolExecutor(max_workers=16, thread_name_prefix="fetch-dns")


class Stream(Protocol):
    """An open connection. `write` does not wait; `read` gives b"" at the end and raises OSError when it broke."""

    async def read(self) -> bytes: ...
    def write(self, data: bytes) -> None: ...
    def abort(self) -> None: ...
    def is_quiet(self) -> bool:
        """Open, and nothing has arrived that was not read."""
        ...


class Resolver(Protocol):
    """All addresses of a host, in the order to try; raises OSError when there are none."""

    async def __call__(self, host: str, port: int, /) -> Sequence[str]: ...


class Connector(Protocol):
    """Connects to exactly this address. `server_hostname` is for SNI and the certificate, never for a look-up."""

    async def __call__(
        self, address: Address, port: int, tls: ssl.SSLContext | None, server_hostname: str, /
    ) -> Stream: ...


async def resolve(host: str, port: int, /) -> list[str]:
    """The system's resolver, so that /etc/hosts and container networks work."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_LOOKUPS, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return list(dict.fromkeys(str(info[4][0]) for info in found))


async def connect(address: Address, port: int, tls: ssl.SSLContext | None, server_hostname: str, /) -> Stream:
    """TCP to `address`, then TLS when there is a context."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(connection, (str(address), port))
        _, stream = await loop.create_connection(
            SocketStream, sock=connection, ssl=tls, server_hostname=server_hostname if tls else None
        )
    except BaseException:
        connection.close()
        raise
    return stream


class SocketStream(asyncio.Protocol):
    """A Stream over an asyncio transport; reading stops while 64 KiB wait to be read."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > _HIGH_WATER and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._transport = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def read(self) -> bytes:
        while not self._received and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if not self._received:
            if self._error is not None:
                raise ConnectionResetError from self._error
            return b""
        data = bytes(self._received)
        self._received.clear()
        if self._transport is not None:
            self._transport.resume_reading()
        return data

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def is_quiet(self) -> bool:
        return not self._received and not self._ended and self._transport is not None
