"""The SMTP receiver: listens, watches deadlines with one timer for all connections, and drains.

RFC 5321 without relaying, BDAT or AUTH: mail comes in for addresses the mailroom knows, and goes nowhere from here.
"""

import asyncio
import socket
import ssl
from pathlib import Path

import structlog
from structlog.typing import FilteringBoundLogger

from agentpost_server.inbound.smtp.conversation import make_host
from agentpost_server.inbound.smtp.limits import SmtpLimits
from agentpost_server.inbound.smtp.mailroom import Mailroom
from agentpost_server.inbound.smtp.reception import Reception
from agentpost_server.inbound.smtp.session import Session
from agentpost_server.inbound.smtp.spool import remove_stale
from agentpost_server.inbound.smtp.stats import SmtpStats
from agentpost_server.inbound.smtp.tls import require_modern

log: FilteringBoundLogger = structlog.get_logger("smtp")

_BACKLOG = 1024


class SmtpServer:
    """A running receiver; made by `start`, ended by `close`. `port` is the one that was bound."""

    def __init__(self, reception: Reception, listener: asyncio.Server) -> None:
        self._reception = reception
        self._listener = listener
        self.port = int(listener.sockets[0].getsockname()[1])
        self._sweep_seconds = _sweep_seconds(reception.host.limits)
        self._timer = reception.loop.call_later(self._sweep_seconds, self._sweep)

    @classmethod
    async def start(
        cls,
        host: str | None,
        port: int,
        *,
        mailroom: Mailroom,
        limits: SmtpLimits | None = None,
        hostname: str,
        tls: ssl.SSLContext | None = None,
        reuse_port: bool = False,
        sock: socket.socket | None = None,
        spool_folder: Path | None = None,
    ) -> "SmtpServer":
        """Listen on host and port (0 = any free one), or on `sock` alone, which is then closed with the server.

        `spool_folder` holds content above `memory_octets`: put it on the blob store's file system, where a rename is
        free; None is the system's temporary folder. Raises OSError when the address is taken, ValueError for a TLS
        context below 1.2 or a hostname that is not printable ASCII.
        """
        if not hostname.isascii() or not hostname.isprintable() or not hostname or " " in hostname:
            raise ValueError("hostname must be the ASCII name that the receiver greets with.")
        if tls is not None:
            require_modern(tls)
        limits = limits or SmtpLimits()
        if spool_folder is not None:
            await asyncio.to_thread(remove_stale, spool_folder, older_than_seconds=2 * limits.session_seconds)
        shared = make_host(hostname, limits, tls_offered=tls is not None)
        reception = Reception(shared, mailroom, tls=tls, spool_folder=spool_folder)
        if sock is not None:
            listener = await reception.loop.create_server(lambda: Session(reception), sock=sock, backlog=_BACKLOG)
        else:
            listener = await reception.loop.create_server(
                lambda: Session(reception), host, port, backlog=_BACKLOG, reuse_port=reuse_port
            )
        return cls(reception, listener)

    @property
    def stats(self) -> SmtpStats:
        return self._reception.stats

    async def close(self, grace_seconds: float) -> None:
        """Stop accepting, end idle connections by 421 4.3.2, give running messages the grace, then cut. Idempotent."""
        reception = self._reception
        self._listener.close()
        reception.draining = True
        for session in list(reception.connections.sessions):
            session.drain()
        reception.note_progress()
        try:
            async with asyncio.timeout(grace_seconds):
                await reception.quiet.wait()
        except TimeoutError:
            await self._cut()
        self._timer.cancel()

    async def _cut(self) -> None:
        reception = self._reception
        tasks = list(reception.tasks)
        log.warning("smtp_grace_over", connections=len(reception.connections.sessions), tasks=len(tasks))
        for session in list(reception.connections.sessions):
            session.cut()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # The last answers leave the process before the connections do.
        await asyncio.sleep(0.05)
        for session in list(reception.connections.sessions):
            session.abort()

    def _sweep(self) -> None:
        now = self._reception.loop.time()
        for session in [s for s in self._reception.connections.sessions if s.deadline <= now]:
            session.expire(now)
        self._timer = self._reception.loop.call_later(self._sweep_seconds, self._sweep)


def _sweep_seconds(limits: SmtpLimits) -> float:
    """A quarter of the shortest limit, between 20 ms and 1 s: how late a deadline may be noticed."""
    shortest = min(
        limits.greeting_seconds,
        limits.command_seconds,
        limits.data_window_seconds,
        limits.data_seconds,
        limits.session_seconds,
        limits.linger_seconds,
        limits.mailroom_seconds,
    )
    return min(1.0, max(0.02, shortest / 4))
