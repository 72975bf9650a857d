"""Resident memory of a whole server in one process: idle, and while 100 uploads of 10 MB run at once."""

import asyncio
import time
from urllib.parse import urlsplit

import msgspec

from bench.http import Connection
from bench.server import Server, Tenant, installation
from bench.table import Row, bounded

_UPLOADS = 100
_OCTETS = 10_000_000
_IDLE_MIB, _LOADED_MIB = 150, 600
_PIECE = bytes(65536)


async def measure() -> list[Row]:
    async with installation() as here, here.server() as server:
        await asyncio.sleep(3)
        idle = server.resident_octets()
        watching = asyncio.create_task(_highest(server))
        began = time.monotonic()
        await _upload(server, here.tenants[0])
        seconds = time.monotonic() - began
        watching.cancel()
        highest = await watching
    return [
        bounded("memory, idle", idle / 2**20, unit="MiB", most=_IDLE_MIB),
        bounded(
            f"memory, {_UPLOADS} uploads of 10 MB at once",
            highest / 2**20,
            unit="MiB",
            most=_LOADED_MIB,
            note=f" ({_UPLOADS * _OCTETS / seconds / 1e6:,.0f} MB/s)",
        ),
    ]


async def _highest(server: Server) -> int:
    highest = 0
    try:
        while True:
            highest = max(highest, server.resident_octets())
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return highest


async def _upload(server: Server, tenant: Tenant) -> None:
    connection = await Connection.open(server.http_port, tenant.key)
    wanted = msgspec.json.encode({"filename": "a.bin", "mime_type": "application/octet-stream", "size": _OCTETS})
    paths: list[str] = []
    for _ in range(_UPLOADS):
        answer = await connection.ask("POST", "/api/v1/attachments/upload-url", wanted)
        if answer.status != 201:
            raise RuntimeError(f"no upload URL: {answer.status} {answer.body[:300]!r}")
        url = urlsplit(str(answer.json()["upload_url"]))
        paths.append(f"{url.path}?{url.query}" if url.query else url.path)
    connection.close()
    await asyncio.gather(*(_put(server.http_port, path) for path in paths))


async def _put(port: int, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\n"
        f"Content-Length: {_OCTETS}\r\nConnection: close\r\n\r\n".encode()
    )
    left = _OCTETS
    while left:
        piece = _PIECE[: min(left, len(_PIECE))]
        writer.write(piece)
        await writer.drain()
        left -= len(piece)
    async with asyncio.timeout(120):
        answer = await reader.read()
    writer.close()
    if not answer.startswith(b"HTTP/1.1 20"):
        raise RuntimeError(f"upload: {answer[:300]!r}")
