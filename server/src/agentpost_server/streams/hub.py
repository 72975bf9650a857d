"""The hub: one in each process. When the log grows it loads what is new once, for the organizations that someone here
listens to, and hands it to them. It never waits for a listener.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol
from uuid import UUID

import structlog

from agentpost_server.accounts import Caller
from agentpost_server.core.errors import Unavailable
from agentpost_server.db import Database
from agentpost_server.events.read import log_position, published
from agentpost_server.ports.bus import Bus
from agentpost_server.streams.entry import Entry

_PAGE: Final = 200
_POLL_SECONDS: Final = 1.0
_BREATH: Final = 100
log = structlog.get_logger("streams")


class Listener(Protocol):
    """An open stream."""

    caller: Caller

    def offer(self, entry: Entry) -> None:
        """Take it, or not; never wait."""
        ...

    def revoke(self) -> None:
        """The key does no longer allow this stream."""
        ...


class Hub:
    """`position` is how far it has begun to hand over: who joins reads the log up to there, and is live after it."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._members: dict[UUID, set[Listener]] = {}
        self.position = 0
        self._delivered = 0
        self._head = 0
        self._bell = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._stop: Callable[[], None] | None = None

    async def start(self) -> None:
        self.position = self._delivered = self._head = await log_position(self._database)
        self._stop = self._bus.subscribe("events", self._heard)
        self._loop = asyncio.create_task(self._run(), name="stream hub")

    async def close(self, grace_seconds: float = 5) -> None:
        if self._stop is not None:
            self._stop()
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)

    def join(self, listener: Listener) -> None:
        self._members.setdefault(listener.caller.organization_id, set()).add(listener)

    def leave(self, listener: Listener) -> None:
        organization_id = listener.caller.organization_id
        members = self._members.get(organization_id, set())
        members.discard(listener)
        if not members:
            self._members.pop(organization_id, None)

    def listeners(self) -> list[Listener]:
        return [one for members in self._members.values() for one in members]

    def ring(self, head: int) -> None:
        """The log has grown to `head`, and that is committed."""
        if head > self._head:
            self._head = head
            self._bell.set()

    def _heard(self, text: str) -> None:
        if text.isdecimal():
            self.ring(int(text))

    async def _run(self) -> None:
        while True:
            try:
                await self._wait()
                await self._deliver()
            except Unavailable:
                await asyncio.sleep(0.5)
            except Exception:
                log.exception("handing over events failed")
                await asyncio.sleep(1)

    async def _wait(self) -> None:
        """For a ring; a lost one costs a poll."""
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                await self._bell.wait()
        except TimeoutError:
            self.ring(await log_position(self._database))
        self._bell.clear()

    async def _deliver(self) -> None:
        while self._delivered < self._head:
            # Before the query: whoever joins while it runs is not among those it asks for, and reads that far itself.
            until = self.position = self._head
            organizations = list(self._members)
            if not organizations:
                self._delivered = until
                return
            rows = await published(self._database, organizations, self._delivered, until, limit=_PAGE)
            await self._hand_over(rows)
            self._delivered = rows[-1]["position"] if len(rows) == _PAGE else until

    async def _hand_over(self, rows: list[Any]) -> None:
        handed = 0
        for entry in map(Entry, rows):
            members = tuple(self._members.get(entry.organization_id, ()))
            for listener in members:
                listener.offer(entry)
            handed += len(members)
            if handed > _BREATH:
                handed = 0
                await asyncio.sleep(0)
