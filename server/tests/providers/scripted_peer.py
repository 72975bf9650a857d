"""An SMTP server that misbehaves as told, at the moment told. Loopback only; every wait of it ends with the test."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from agentpost_server.ports.transport import OutgoingEnvelope

DROP = "DROP"  # cut the line
STALL = "STALL"  # say nothing until the test is over


@dataclass
class ScriptedPeer:
    """`script[stage]` is a list of answers used up in order; without one the peer answers as a good relay does.

    Stages: connect, EHLO, STARTTLS (where `starttls` is set), MAIL, RCPT, DATA, content (in the midst of it; all
    answers of this one), dot, RSET, QUIT.
    """

    script: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
    port: int = 0
    connections: int = 0
    commands: list[str] = field(default_factory=list[str])
    mails: list[bytes] = field(default_factory=list[bytes])
    starttls: ssl.SSLContext | None = None
    secured: int = 0
    on_dot: Callable[[], None] = lambda: None
    last: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def count(self, verb: str) -> int:
        return sum(c.upper().startswith(verb) for c in self.commands)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            if await self._answer("connect", "220 peer ready", writer):
                while line := await reader.readline():
                    if not await self._command(line.decode().rstrip("\r\n"), reader, writer):
                        break
        writer.transport.abort()

    async def _command(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.commands.append(line)
        verb = line.partition(" ")[0].upper()
        if verb == "EHLO":
            offered = self.starttls is not None and writer.get_extra_info("ssl_object") is None
            lines = ["peer", *self.extensions, *(["STARTTLS"] if offered else [])]
            text = "\r\n".join(f"250{'-' if i + 1 < len(lines) else ' '}{e}" for i, e in enumerate(lines))
            return await self._answer("EHLO", text, writer)
        if verb == "DATA":
            return await self._answer("DATA", "354 go on", writer) and await self._content(reader, writer)
        if verb == "STARTTLS" and self.starttls is not None:
            return await self._answer("STARTTLS", "220 go on", writer) and await self._secure(writer)
        defaults = {"QUIT": "221 2.0.0 bye"}
        return await self._answer(verb, defaults.get(verb, "250 2.0.0 fine"), writer) and verb != "QUIT"

    async def _secure(self, writer: asyncio.StreamWriter) -> bool:
        if not self.last.startswith("220") or self.starttls is None:
            return True
        try:
            await writer.start_tls(self.starttls)
        except OSError:
            return False
        self.secured += 1
        return True

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self.last != "354 go on":
            return True
        if self.script.get("content"):
            await reader.readexactly(32_768)  # the client must be well into the content
            while self.script["content"]:
                if not await self._answer("content", "", writer):
                    return False
        lines: list[bytes] = []
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line)
        self.mails.append(b"".join(lines))
        self.on_dot()
        return await self._answer("dot", "250 2.0.0 Ok: queued as ABC123", writer)

    async def _answer(self, stage: str, default: str, writer: asyncio.StreamWriter) -> bool:
        answers = self.script.get(stage)
        answer = answers.pop(0) if answers else default
        self.last = answer
        if answer == STALL:
            await self.over.wait()
            return False
        if answer == DROP:
            return False
        if answer.startswith("LATE "):
            _, seconds, answer = answer.split(" ", 2)
            await asyncio.sleep(float(seconds))
        if answer:
            writer.write(answer.encode("utf-8", "surrogateescape") + b"\r\n")
            await writer.drain()
        return True


@pytest_asyncio.fixture
async def start_peer() -> AsyncIterator[Callable[..., Awaitable[ScriptedPeer]]]:
    """Start a peer on a loopback port of its own, with a small receive buffer so that a stalled reader is felt soon."""
    running: list[tuple[ScriptedPeer, asyncio.Server]] = []

    async def start(
        tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, **script: list[str]
    ) -> ScriptedPeer:
        extensions = script.pop("extensions", None)
        peer = ScriptedPeer(script=script, starttls=starttls)
        if extensions is not None:
            peer.extensions = tuple(extensions)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        listener.bind(("127.0.0.1", 0))
        server = await asyncio.start_server(peer.serve, sock=listener, ssl=tls, limit=2**20)
        peer.port = listener.getsockname()[1]
        running.append((peer, server))
        return peer

    yield start
    for peer, server in running:
        peer.over.set()
        server.close()


@pytest.fixture
def envelope_to() -> Callable[..., OutgoingEnvelope]:
    def make(*recipients: str, mail_from: str = "ann@example.com", smtputf8: bool = False) -> OutgoingEnvelope:
        return OutgoingEnvelope(
            mail_from=mail_from,
            recipients=recipients or ("bob@example.com",),
            attempt_id="att",
            organization_id="org",
            environment_id="env",
            smtputf8=smtputf8,
        )

    return make
