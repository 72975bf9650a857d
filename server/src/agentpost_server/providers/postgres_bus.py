"""The Bus on PostgreSQL NOTIFY: rung after commit on a connection of its own, never inside a transaction (that would
serialise commits). Rings of a topic within five milliseconds become one.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog

from agentpost_server.ports.bus import Listener
from agentpost_server.providers.listeners import Listeners

_CHANNEL = "agentpost"
_GATHER_SECONDS = 0.005
_ABSENT = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
log = structlog.get_logger("bus")


class PostgresBus:
    """One connection both listens and rings. While it is away rings are dropped: whoever misses one polls."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._listeners = Listeners()
        self._waiting: dict[str, str] = {}
        self._bell = asyncio.Event()
        self._connection: Any = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self._connect()
        self._tasks = [asyncio.create_task(self._keep_connected()), asyncio.create_task(self._ring())]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._connection is not None:
            self._connection.terminate()

    def publish(self, topic: str, text: str = "") -> None:
        self._waiting[topic] = text
        self._bell.set()

    def subscribe(self, topic: str, listener: Listener) -> Callable[[], None]:
        return self._listeners.add(topic, listener)

    async def check(self) -> None:
        if self._connection is None or self._connection.is_closed():
            raise ConnectionError("PostgreSQL cannot be listened to.")

    async def _connect(self) -> None:
        self._connection = await asyncpg.connect(
            self._dsn, timeout=5, server_settings={"application_name": "agentpost bus"}
        )
        await self._connection.add_listener(_CHANNEL, self._heard)

    async def _keep_connected(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            if self._connection is None or self._connection.is_closed():
                try:
                    await self._connect()
                    self._listeners.ring_all()
                except _ABSENT as error:
                    log.debug("the doorbell is away", error=type(error).__name__)

    async def _ring(self) -> None:
        while True:
            await self._bell.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._bell.clear()
            waiting, self._waiting = self._waiting, {}
            payloads = [f"{topic} {text}" for topic, text in waiting.items()]
            try:
                await self._connection.execute(
                    "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload", _CHANNEL, payloads, timeout=2
                )
            except _ABSENT as error:
                log.debug("a ring was lost", error=type(error).__name__)

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        topic, _, text = str(payload).partition(" ")
        self._listeners.ring(topic, text)
