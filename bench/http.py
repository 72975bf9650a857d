"""A small HTTP/1.1 client over kept-alive connections: bounded, without a library whose cost would be measured."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import msgspec


class Answer(NamedTuple):
    status: int
    body: bytes

    def json(self) -> dict[str, object]:
        return msgspec.json.decode(self.body)


class Connection:
    """One connection to a loopback port. Answers must carry Content-Length, as ours do."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> None:
        self._reader = reader
        self._writer = writer
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"

    @classmethod
    async def open(cls, port: int, key: str) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port), key)

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        head = f"{method} {path} HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        async with asyncio.timeout(60):
            lines = (await self._reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
            length = next(int(line[15:]) for line in lines if line.lower().startswith(b"content-length:"))
            return Answer(int(lines[0].split()[1]), await self._reader.readexactly(length))

    def close(self) -> None:
        self._writer.close()


async def ask_many(
    port: int, key: str, method: str, path: str, body: Callable[[], bytes], *, count: int, connections: int = 8
) -> None:
    """`count` equal requests over a few connections. Raises when one is not answered with success."""
    left = iter(range(count))

    async def one() -> None:
        connection = await Connection.open(port, key)
        for _ in left:
            answer = await connection.ask(method, path, body())
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        connection.close()

    await asyncio.gather(*(one() for _ in range(connections)))
