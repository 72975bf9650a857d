"""Open connections of one relay, kept for reuse: at most so many, each for so long idle and for so many mails."""

import asyncio
import ssl

from agentpost_server.providers.smtp.connection import LINE_ERRORS, Connection, open_connection
from agentpost_server.providers.smtp.relay import SmtpRelay
from agentpost_server.providers.smtp.replies import is_positive


class ConnectionPool:
    """Borrow with `acquire`, give back with `release` or `discard`, exactly once."""

    def __init__(self, relay: SmtpRelay, tls_context: ssl.SSLContext | None) -> None:
        self._relay = relay
        self._tls_context = tls_context
        self._free = asyncio.Semaphore(relay.max_connections)
        self._idle: list[Connection] = []
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def acquire(self, *, fresh: bool = False) -> Connection:
        """An open line, reused unless `fresh`; waits while all are busy. Raises LINE_ERRORS."""
        await self._free.acquire()
        try:
            if self._closed:
                raise ConnectionError("The transport is closed")
            while self._idle:
                connection = self._idle.pop()
                # Where one line went stale the others most likely did too.
                if not fresh and await self._is_usable(connection):
                    return connection
                connection.abort()
            return await open_connection(self._relay, await self._context())
        except BaseException:
            self._free.release()
            raise

    def release(self, connection: Connection) -> None:
        """Back for the next mail, unless it is worn or broken."""
        if self._closed or not connection.is_open or connection.mails >= self._relay.max_mails_per_connection:
            self.discard(connection)
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._timer is None:
            self._timer = loop.call_later(self._relay.idle_seconds, self._expire)
        self._free.release()

    def discard(self, connection: Connection) -> None:
        connection.abort()
        self._free.release()

    async def close(self) -> None:
        """Part from every idle connection; borrowed ones end when they come back."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        idle, self._idle = self._idle, []
        await asyncio.gather(*(connection.quit(2) for connection in idle))

    async def _context(self) -> ssl.SSLContext | None:
        if self._tls_context is None and self._relay.tls != "none":
            self._tls_context = await asyncio.to_thread(ssl.create_default_context)
        return self._tls_context

    async def _is_usable(self, connection: Connection) -> bool:
        """Open, within its idle time, and, where it has waited or holds an old envelope, answering RSET."""
        if not connection.is_open:
            return False
        idle = asyncio.get_running_loop().time() - connection.idle_since
        if idle >= self._relay.idle_seconds:
            return False
        if not connection.needs_reset and idle < self._relay.probe_after_seconds:
            return True
        try:
            reply = await connection.command(b"RSET", seconds=min(5, self._relay.command_seconds))
        except LINE_ERRORS:
            return False
        except BaseException:
            connection.abort()
            raise
        connection.needs_reset = False
        return is_positive(reply.code)

    def _expire(self) -> None:
        """Drop what has been idle too long; come back while anything is left."""
        self._timer = None
        loop = asyncio.get_running_loop()
        oldest = loop.time() - self._relay.idle_seconds
        kept: list[Connection] = []
        for connection in self._idle:
            if connection.is_open and connection.idle_since > oldest:
                kept.append(connection)
            else:
                connection.abort()
        self._idle = kept
        if kept:
            wait = min(c.idle_since for c in kept) - oldest
            self._timer = loop.call_later(max(wait, 0.01), self._expire)
