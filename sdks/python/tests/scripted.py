"""A server that answers as it is told, one step a request: for what a real one does only when it is ill."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Step:
    """One answer; with `drop` the line breaks instead, with `stall` nothing comes."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    drop: bool = False
    stall: bool = False


@dataclass
class Scripted:
    url: str = ""
    steps: list[Step] = field(default_factory=list[Step])
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list[tuple[str, dict[str, str], bytes]])
    """The first line, the headers (in lower case) and the body of each."""


@asynccontextmanager
async def scripted(*steps: Step) -> AsyncGenerator[Scripted]:
    script = Scripted(steps=list(steps))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                first, *rest = head.strip().split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                script.requests.append((first, headers, body))
                step = script.steps.pop(0)
                if step.stall:
                    await asyncio.sleep(60)
                if step.drop:
                    return
                writer.write(_answer(step))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    script.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield script
    finally:
        server.close()


def _answer(step: Step) -> bytes:
    content = step.body if isinstance(step.body, bytes) else json.dumps(step.body).encode()
    headers = {"content-length": str(len(content)), "x-request-id": "req_scripted", **step.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {step.status} Said\r\n{lines}\r\n".encode() + content
