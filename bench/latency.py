"""How long after its 250 a mail is told of: to a WebSocket, and to a webhook, at a steady 50 mails a second."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator

import msgspec
import websockets

from bench.http import Connection
from bench.mails import subject_of
from bench.server import Server, Tenant, installation
from bench.table import Row, bounded, percentile

_A_SECOND = 50
_SECONDS = 10
_CONNECTIONS = 8
_PATIENCE_SECONDS = 10
_P50_MS, _P99_MS = 30, 100


async def measure() -> list[Row]:
    accepted: dict[str, float] = {}
    on_socket: dict[str, float] = {}
    on_webhook: dict[str, float] = {}
    async with installation() as here:
        tenant = here.tenants[0]
        async with here.server() as server, _receiver(on_webhook) as port, _socket(server, tenant, on_socket):
            await _subscribe_webhook(server, tenant, port)
            await _send(server, tenant, accepted)
            end = time.monotonic() + _PATIENCE_SECONDS
            while min(len(on_socket), len(on_webhook)) < len(accepted) and time.monotonic() < end:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    return [*_rows("WebSocket", accepted, on_socket), *_rows("webhook", accepted, on_webhook)]


def _rows(name: str, accepted: dict[str, float], told: dict[str, float]) -> list[Row]:
    times = [max(told[tag] - at, 0) * 1000 for tag, at in accepted.items() if tag in told]
    missing = len(accepted) - len(times)
    title = f"250 to {name}, {_A_SECOND} mails/s"
    if not times:
        return [Row(question=title, ours="**none came**", reached=False)]
    note = f" ({missing} of {len(accepted)} did not come)" if missing else ""
    return [
        bounded(f"{title}, p50", percentile(times, 0.5), unit="ms", most=_P50_MS, note=note),
        bounded(f"{title}, p99", percentile(times, 0.99), unit="ms", most=_P99_MS),
    ]


async def _send(server: Server, tenant: Tenant, accepted: dict[str, float]) -> None:
    """Each connection sends on its own beat, whatever the others wait for."""
    began = time.monotonic() + 0.2

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.smtp_port)
        await _answers(reader, 1)
        writer.write(b"EHLO client.test\r\n")
        await _answers(reader, 1)
        for n in range(number, _A_SECOND * _SECONDS, _CONNECTIONS):
            await asyncio.sleep(began + n / _A_SECOND - time.monotonic())
            tag = f"mail-{n}"
            to = tenant.emails[n % len(tenant.emails)]
            writer.write(f"MAIL FROM:<ann@client.test>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode())
            await _answers(reader, 3)
            writer.write(subject_of(tag))
            await _answers(reader, 1)
            accepted[tag] = time.monotonic()
        writer.close()

    await asyncio.gather(*(one(number) for number in range(_CONNECTIONS)))


async def _answers(reader: asyncio.StreamReader, count: int) -> None:
    while count:
        line = await reader.readline()
        if line[:1] not in b"23" or not line:
            raise RuntimeError(f"SMTP: {line!r}")
        count -= line[3:4] != b"-"


@contextlib.asynccontextmanager
async def _socket(server: Server, tenant: Tenant, told: dict[str, float]) -> AsyncGenerator[None]:
    headers = {"Authorization": f"Bearer {tenant.key}"}
    url = f"ws://127.0.0.1:{server.http_port}/ws"
    async with websockets.connect(url, additional_headers=headers, compression=None, proxy=None) as socket:
        await socket.send('{"type":"subscribe","event_types":["message.received"]}')
        async with asyncio.timeout(10):
            while msgspec.json.decode(await socket.recv())["type"] != "subscribed":
                pass

        async def read() -> None:
            async for frame in socket:
                now, message = time.monotonic(), msgspec.json.decode(frame)
                if message["type"] == "event":
                    told.setdefault(message["data"]["data"]["subject"], now)

        reading = asyncio.create_task(read())
        try:
            yield
        finally:
            reading.cancel()


@contextlib.asynccontextmanager
async def _receiver(told: dict[str, float]) -> AsyncGenerator[int]:
    """A webhook's other end: answers 204 to whatever is posted, and notes when it came."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(one[15:]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")
                )
                body = await reader.readexactly(length)
                told.setdefault(msgspec.json.decode(body)["data"]["subject"], time.monotonic())
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=256)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()


async def _subscribe_webhook(server: Server, tenant: Tenant, port: int) -> None:
    connection = await Connection.open(server.http_port, tenant.key)
    wanted = {"url": f"http://127.0.0.1:{port}/hook", "event_types": ["message.received"]}
    answer = await connection.ask("POST", "/api/v1/webhooks", msgspec.json.encode(wanted))
    connection.close()
    if answer.status != 201:
        raise RuntimeError(f"no webhook: {answer.status} {answer.body[:300]!r}")
