"""Open lines kept for the next mail: each for so long idle and for so many mails."""

import asyncio

from agentpost_server.providers.smtp.connection import LINE_ERRORS, Connection
from agentpost_server.providers.smtp.relay import SmtpRelay
from agentpost_server.providers.smtp.replies import is_positive


class IdleLines:
    """Nobody's lines at the moment, the one used last on top; `relay` says how long they are kept."""

    def __init__(self, relay: SmtpRelay) -> None:
        self._relay = relay
        self._lines: list[Connection] = []
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._lines)

    async def take(self) -> Connection | None:
        """A line that still works, or None."""
        while self._lines:
            connection = self._lines.pop()
            if await self._is_usable(connection):
                return connection
            connection.abort()
        return None

    def keep(self, connection: Connection) -> None:
        """For the next mail, unless it is worn or broken."""
        if self._closed or not connection.is_open or connection.mails >= self._relay.max_mails_per_connection:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._lines.append(connection)
        if self._timer is None:
            self._timer = loop.call_later(self._relay.idle_seconds, self._expire)

    def drop(self) -> None:
        """Where one line went stale the others most likely did too."""
        lines, self._lines = self._lines, []
        for connection in lines:
            connection.abort()

    async def close(self) -> None:
        """Part from every line; what is given back later ends too."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        await asyncio.gather(*(connection.quit(2) for connection in lines))

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
        for connection in self._lines:
            if connection.is_open and connection.idle_since > oldest:
                kept.append(connection)
            else:
                connection.abort()
        self._lines = kept
        if kept:
            wait = min(c.idle_since for c in kept) - oldest
            self._timer = loop.call_later(max(wait, 0.01), self._expire)
