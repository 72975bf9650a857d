"""Open connections kept for the next fetch to the same origin, so that a stream of deliveries pays TLS once.

A connection is kept for a while and lives for a while: names move, and a judged address should not outlive its DNS
record by much. No task of its own; what has expired goes whenever the pool is used.
"""

from typing import Final

import msgspec

from agentpost_server.core.networks import Address
from agentpost_server.web.fetch.stream import Stream
from agentpost_server.web.fetch.url import Url

Origin = tuple[bool, str, int]

_IDLE_SECONDS: Final = 20.0
_LIFE_SECONDS: Final = 120.0
_PER_ORIGIN: Final = 8
_TOTAL: Final = 256


class Connection(msgspec.Struct):
    """An open stream, where it leads, and when it was opened (loop time)."""

    stream: Stream
    address: Address
    opened_at: float
    idle_since: float = 0.0


class ConnectionPool:
    """Idle connections by origin, the one used last first."""

    def __init__(self) -> None:
        self._idle: dict[Origin, list[Connection]] = {}
        self._count = 0

    def take(self, url: Url, now: float) -> Connection | None:
        """An idle connection that still looks usable, or None."""
        waiting = self._idle.get(_origin(url), [])
        while waiting:
            connection = waiting.pop()
            self._count -= 1
            if _usable(connection, now):
                return connection
            connection.stream.abort()
        self._idle.pop(_origin(url), None)
        return None

    def give(self, url: Url, connection: Connection, now: float) -> None:
        """Keep a connection whose exchange is over, or close it when there is no room."""
        connection.idle_since = now
        if self._count >= _TOTAL:
            self.expire(now)
        waiting = self._idle.setdefault(_origin(url), [])
        if len(waiting) >= _PER_ORIGIN or self._count >= _TOTAL or not _usable(connection, now):
            connection.stream.abort()
            if not waiting:
                del self._idle[_origin(url)]
            return
        waiting.append(connection)
        self._count += 1

    def expire(self, now: float) -> None:
        """Close what has been idle or open for too long; `now` of infinity closes everything."""
        for origin, waiting in list(self._idle.items()):
            kept = [connection for connection in waiting if _usable(connection, now)]
            for connection in waiting:
                if connection not in kept:
                    connection.stream.abort()
            self._count -= len(waiting) - len(kept)
            if kept:
                self._idle[origin] = kept
            else:
                del self._idle[origin]


def _origin(url: Url) -> Origin:
    return url.tls, url.host, url.port


def _usable(connection: Connection, now: float) -> bool:
    return (
        now - connection.idle_since < _IDLE_SECONDS
        and now - connection.opened_at < _LIFE_SECONDS
        and connection.stream.is_quiet()
    )
