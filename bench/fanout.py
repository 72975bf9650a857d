"""One event to 1,000 WebSockets of one process: how long until the last has it, and frames a second in a burst."""

import asyncio
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import cast

import msgspec
import uvloop

from bench.http import Connection
from bench.server import Server, Tenant, installation
from bench.table import ROUNDS, Row, bounded, median

_SOCKETS = 1000
_BURST = 20
_MARK = b'"inbox.created"'


async def measure() -> list[Row]:
    async with installation() as here, here.server() as server:
        tenant = here.tenants[0]
        before = server.resident_octets()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        listeners = context.Process(target=_listen, args=(theirs, server.http_port, tenant.key), daemon=True)
        listeners.start()
        try:
            connected = await _word(ours)
            grown = (server.resident_octets() - before) / connected / 1024
            last = [await _tell(server, tenant, ours, 1) for _ in range(ROUNDS)]
            bursts = [await _tell(server, tenant, ours, _BURST) for _ in range(ROUNDS)]
        finally:
            listeners.kill()
            listeners.join()
    rate = _BURST * _SOCKETS / median(bursts)
    return [
        bounded(f"one event to {connected:,.0f} sockets, last one", median(last) * 1000, unit="ms", most=None),
        Row(question=f"frames/s to them, {_BURST} events at once", ours=f"{rate:,.0f}"),
        bounded("memory of a socket", grown, unit="KiB", most=None),
    ]


async def _tell(server: Server, tenant: Tenant, pipe: Pipe, events: int) -> float:
    """Seconds from the (last) request that makes an event until its last frame came."""
    connections = [await Connection.open(server.http_port, tenant.key) for _ in range(events)]
    pipe.send(events)
    began = time.monotonic()
    bodies = [msgspec.json.encode({"username": f"told{os.urandom(4).hex()}"}) for _ in connections]
    await asyncio.gather(
        *(one.ask("POST", "/api/v1/inboxes", body) for one, body in zip(connections, bodies, strict=True))
    )
    came = await _word(pipe)
    for one in connections:
        one.close()
    return came - began


async def _word(pipe: Pipe) -> float:
    answer = await asyncio.to_thread(lambda: pipe.recv() if pipe.poll(60) else None)
    if not isinstance(answer, float):
        raise RuntimeError(f"the listening process said {answer!r}")
    return answer


class _Socket(asyncio.Protocol):
    """The least of a WebSocket client: subscribes, and counts the frames that have the mark."""

    seen = 0
    subscribed = 0

    def __init__(self, key: str) -> None:
        self._key = key
        self._upgraded = False
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(
            b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Authorization: Bearer " + self._key.encode() + b"\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        if not self._upgraded:
            if not data.startswith(b"HTTP/1.1 101"):
                self._transport.abort()
                return
            self._upgraded = True
            wanted = b'{"type":"subscribe","event_types":["inbox.created"]}'
            # Masked with zeros: allowed, and free.
            self._transport.write(b"\x81" + bytes([0x80 | len(wanted)]) + b"\0\0\0\0" + wanted)
            return
        text = self._tail + data
        _Socket.subscribed += text.count(b'"subscribed"')
        _Socket.seen += text.count(_MARK)
        # A mark may be cut in two by the network.
        end = max(text.rfind(_MARK) + len(_MARK), text.rfind(b'"subscribed"') + 12, len(text) - len(_MARK) + 1)
        self._tail = text[end:]


def _listen(pipe: Pipe, port: int, key: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, _SOCKETS + 200)), hard))
    uvloop.run(_listening(pipe, port, key))


async def _listening(pipe: Pipe, port: int, key: str) -> None:
    loop = asyncio.get_running_loop()
    for first in range(0, _SOCKETS, 50):
        await asyncio.gather(
            *(loop.create_connection(lambda: _Socket(key), "127.0.0.1", port) for _ in range(first, first + 50))
        )
        await _until(lambda first=first: _Socket.subscribed >= first + 50, 20)
    pipe.send(float(_Socket.subscribed))
    while True:
        events = await asyncio.to_thread(pipe.recv)
        wanted = _Socket.seen + events * _SOCKETS
        await _until(lambda wanted=wanted: _Socket.seen >= wanted, 30)
        pipe.send(time.monotonic() if _Socket.seen >= wanted else f"only {_Socket.seen} of {wanted} frames came")


async def _until(reached: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not reached() and time.monotonic() < end:  # noqa: ASYNC110 counted in protocols, a thousand of them
        await asyncio.sleep(0.0005)
