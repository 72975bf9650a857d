"""An HTTP server of one API on loopback that answers as its subclass says, or misbehaves as told.

It stands in for a provider in tests; nothing in it has ever met the provider.
"""

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from providers.transports.letters import Handed

DROP: Final = "DROP"  # read the request, end the line without a word
RESET: Final = "RESET"  # read the request, break the line
STALL: Final = "STALL"  # read the request, say nothing until the test is over
GARBAGE: Final = "GARBAGE"  # answer in no protocol
EARLY: Final = "EARLY"  # end the line before the request is read


class Request(msgspec.Struct, frozen=True):
    """`headers` by lower-case name."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Reply(msgspec.Struct, frozen=True):
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}

    @staticmethod
    def json(status: int, value: Any, **headers: str) -> "Reply":
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return Reply(status, msgspec.json.encode(value), {"Content-Type": "application/json", **named})


class HttpStandIn:
    """`faults` are used up one a request, before `answer` is asked again. `handed` is what was taken for delivery."""

    def __init__(self) -> None:
        self.faults: list[str | Reply] = []
        self.requests: list[Request] = []
        self.handed: list[Handed] = []
        self.connections = 0
        self.at_once = 0
        self.most_at_once = 0
        self.pause_seconds = 0.0
        self.url = ""
        self._over = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**17)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._over.set()
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.faults[:1] == [EARLY]:
                self.faults.pop(0)
                return False
            if headers.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request = Request(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
            self.requests.append(request)
            await asyncio.sleep(self.pause_seconds)
            reply = self.faults.pop(0) if self.faults else await self.answer(request)
        finally:
            self.at_once -= 1
        return await self._write(reply, writer)

    async def _write(self, reply: str | Reply, writer: asyncio.StreamWriter) -> bool:
        if isinstance(reply, Reply):
            named = {"Content-Length": str(len(reply.body)), **reply.headers}
            lines = [f"HTTP/1.1 {reply.status} Said", *(f"{name}: {value}" for name, value in named.items())]
            writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + reply.body)
            await writer.drain()
            return True
        if reply == STALL:
            await self._over.wait()
        if reply == GARBAGE:
            writer.write(b"\x00\x01 not HTTP at all\r\n\r\n")
            await writer.drain()
        if reply == RESET:
            line = writer.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
