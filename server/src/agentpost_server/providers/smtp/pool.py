"""The lines to one relay: at most so many at once, and idle ones first."""

import asyncio
import ssl

from agentpost_server.providers.smtp.connection import Connection, open_connection
from agentpost_server.providers.smtp.idle import IdleLines
from agentpost_server.providers.smtp.relay import SmtpRelay


class ConnectionPool:
    """Borrow with `acquire`, give back with `release` or `discard`, exactly once."""

    def __init__(self, relay: SmtpRelay, tls_context: ssl.SSLContext | None) -> None:
        self._relay = relay
        self._tls_context = tls_context
        self._free = asyncio.Semaphore(relay.max_connections)
        self._idle = IdleLines(relay)
        self._closed = False

    async def acquire(self, *, fresh: bool = False) -> Connection:
        """An open line, reused unless `fresh`; waits while all are busy. Raises LINE_ERRORS."""
        await self._free.acquire()
        try:
            if self._closed:
                raise ConnectionError("The transport is closed")
            if fresh:
                self._idle.drop()
            if (connection := await self._idle.take()) is not None:
                return connection
            return await open_connection(self._relay, await self._context())
        except BaseException:
            self._free.release()
            raise

    def release(self, connection: Connection) -> None:
        self._idle.keep(connection)
        self._free.release()

    def discard(self, connection: Connection) -> None:
        connection.abort()
        self._free.release()

    async def close(self) -> None:
        """Part from every idle connection; borrowed ones end when they come back."""
        self._closed = True
        await self._idle.close()

    async def _context(self) -> ssl.SSLContext | None:
        if self._tls_context is None and self._relay.tls != "none":
            self._tls_context = await asyncio.to_thread(ssl.create_default_context)
        return self._tls_context
