"""A hostile server on loopback: it says what a test tells it to, and notes what it heard."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_network

import pytest

from agentpost_server.web.fetch import Egress, EgressPolicy

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]


class Hostile:
    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.connections = 0
        self.port = 0
        self.sent = 0
        self.behave: Behaviour = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
                self.heard.append(head + body)
                await self.behave(reader, writer, head + body)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def endless(self, start: bytes, piece: bytes, *, pause: float = 0.0, most: int = 64_000_000) -> None:
        """Say `start`, then `piece` again and again; the amount is bounded in case nobody hangs up."""

        async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
            writer.write(start)
            while self.sent < most:
                writer.write(piece)
                self.sent += len(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            raise ConnectionResetError

        self.behave = behave


def answer(octets: bytes, *, close: bool = False) -> Behaviour:
    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        writer.write(octets)
        await writer.drain()
        if close:
            raise ConnectionResetError

    return behave


@pytest.fixture
def answering() -> Callable[..., Behaviour]:
    return answer


@pytest.fixture
async def hostile() -> AsyncIterator[Hostile]:
    server = Hostile()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    yield server
    listener.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(listener.wait_closed(), 5)


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    """May reach loopback, and nothing else that is not public."""
    one = Egress(policy=EgressPolicy(allow=(ip_network("127.0.0.0/8"),)))
    yield one
    one.close()
