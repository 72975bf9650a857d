"""A mailroom that remembers, a receiver per test, and a client that speaks raw octets."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from agentpost_server.inbound.smtp import Accepted, Delivery, Refusal, Route, SessionInfo, SmtpLimits, SmtpServer


class MemoryMailroom:
    """Knows everybody at us.test but `refusals`; keeps deliveries, their content and the order of everything."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.contents: list[bytes] = []
        self.paths: list[Path | None] = []
        self.asked: list[str] = []
        self.sessions: list[SessionInfo] = []
        self.read: list[str] = []
        self.refusals: dict[str, Refusal | BaseException] = {}
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.entered = asyncio.Event()

    async def route(self, address: str, *, session: SessionInfo) -> Route | Refusal:
        self.asked.append(address)
        self.sessions.append(session)
        known = self.refusals.get(address)
        if isinstance(known, BaseException):
            raise known
        if known is not None:
            return known
        if address.rpartition("@")[2].lower() != "us.test":
            return Refusal(code="550 5.7.1", text="We do not relay")
        name = uuid.uuid5(uuid.NAMESPACE_DNS, address)
        return Route(organization_id=name, environment_id=name, inbox_id=name, address=address)

    async def accept(self, delivery: Delivery) -> Accepted:
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        content = delivery.content
        self.paths.append(content if isinstance(content, Path) else None)
        self.contents.append(content if isinstance(content, bytes) else await asyncio.to_thread(content.read_bytes))
        self.deliveries.append(delivery)
        return Accepted(reference=f"m{len(self.deliveries)}")

    def reply_was_read(self, accepted: Accepted) -> None:
        self.read.append(accepted.reference)


class Wire:
    """One client connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def reply(self) -> str:
        """One reply, its lines joined by LF; "" when the connection is closed."""
        lines: list[str] = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 20)).decode()
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def say(self, line: bytes) -> str:
        await self.send(line + b"\r\n")
        return await self.reply()

    async def ready(self, recipient: bytes = b"b@us.test") -> None:
        """Greet and come as far as the 354."""
        assert (await self.reply()).startswith("220 ")
        assert (await self.say(b"EHLO client.test")).startswith("250")
        assert (await self.say(b"MAIL FROM:<a@client.test>")) == "250 2.1.0 Sender ok"
        assert (await self.say(b"RCPT TO:<" + recipient + b">")) == "250 2.1.5 Recipient ok"
        assert (await self.say(b"DATA")).startswith("354 ")

    async def rest(self) -> bytes:
        """All that comes until the connection ends, however it ends."""
        received = b""
        with contextlib.suppress(ConnectionError):
            while chunk := await asyncio.wait_for(self.reader.read(65536), 20):
                received += chunk
        return received

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(Exception):
            await self.writer.wait_closed()


class House:
    """A running receiver and its clients. `limits` are SmtpLimits by name."""

    def __init__(self, mailroom: MemoryMailroom, server: SmtpServer) -> None:
        self.mailroom, self.server = mailroom, server
        self.wires: list[Wire] = []

    async def dial(self, local: str = "127.0.0.1") -> Wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, local_addr=(local, 0))
        self.wires.append(Wire(reader, writer))
        return self.wires[-1]

    async def tell(self, octets: bytes) -> list[str]:
        """Send everything at once, end our side, and give all lines of the answer."""
        wire = await self.dial()
        await wire.send(octets)
        wire.writer.write_eof()
        return (await wire.rest()).decode().splitlines()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for a state, at most 20 s."""
        async with asyncio.timeout(20):
            while not holds():  # noqa: ASYNC110 - what is awaited is state of the receiver, which sets no event
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running_house(*, tls: Any = None, spool_folder: Path | None = None, **limits: Any) -> AsyncIterator[House]:
    mailroom = MemoryMailroom()
    server = await SmtpServer.start(
        "127.0.0.1",
        0,
        mailroom=mailroom,
        limits=SmtpLimits(**{"linger_seconds": 0.5, **limits}),
        hostname="mx.us.test",
        tls=tls,
        spool_folder=spool_folder,
    )
    house = House(mailroom, server)
    try:
        yield house
    finally:
        for wire in house.wires:
            await wire.close()
        await server.close(1)


OpenHouse = Callable[..., Awaitable[House]]


@pytest.fixture
async def open_house() -> AsyncIterator[OpenHouse]:
    async with contextlib.AsyncExitStack() as stack:

        async def open_(**settings: Any) -> House:
            return await stack.enter_async_context(running_house(**settings))

        yield open_


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    return await open_house()


@pytest.fixture
def house_context() -> Callable[..., contextlib.AbstractAsyncContextManager[House]]:
    """For tests that bring an event loop of their own."""
    return running_house


def run_on_asyncio(scenario: Coroutine[Any, Any, None]) -> None:
    """On the standard loop, whatever policy the test run has."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(scenario)


@pytest.fixture(params=[run_on_asyncio, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Runs a scenario on either event loop: they differ in how they close, pause and upgrade."""
    return request.param
