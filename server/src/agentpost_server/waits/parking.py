"""Requests that wait: one bell each, rung when their wait ends, in whichever process that happened.

What ends in this process rings its own bells; what ends elsewhere is told by the bus, without saying which, and one
query asks for all that are parked here. A lost ring costs a poll.
"""

import asyncio
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import structlog

from agentpost_server.core.errors import Unavailable
from agentpost_server.db import Database
from agentpost_server.ports.bus import Bus
from agentpost_server.waits import metrics, store

ENDED: Final = "waits-ended"
_POLL_SECONDS: Final = 1.0
log = structlog.get_logger("waits")


class Parking:
    """A service of every process that serves the API."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._parked: dict[UUID, tuple[UUID, set[asyncio.Event]]] = {}
        self._heard = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._stop: Callable[[], None] | None = None

    async def start(self) -> None:
        self._stop = self._bus.subscribe(ENDED, lambda _: self._heard.set())
        self._loop = asyncio.create_task(self._run(), name="waits parking")

    async def close(self, grace_seconds: float = 5) -> None:
        if self._stop is not None:
            self._stop()
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)

    def __len__(self) -> int:
        """Requests that are parked here."""
        return sum(len(bells) for _, bells in self._parked.values())

    @contextmanager
    def park(self, organization_id: UUID, wait_id: UUID) -> Generator[asyncio.Event]:
        """A bell that rings when the wait ends. Read the wait once behind this line: it may have ended before."""
        bell = asyncio.Event()
        _, bells = self._parked.setdefault(wait_id, (organization_id, set()))
        bells.add(bell)
        metrics.PARKED.inc()
        try:
            yield bell
        finally:
            metrics.PARKED.dec()
            bells.discard(bell)
            if not bells:
                self._parked.pop(wait_id, None)

    def ring(self, wait_ids: Iterable[UUID]) -> None:
        """These have ended, and that is committed."""
        for wait_id in wait_ids:
            _, bells = self._parked.get(wait_id, (None, ()))
            for bell in bells:
                bell.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._wait()
                if self._parked:
                    parked = [(owner, wait_id) for wait_id, (owner, _) in self._parked.items()]
                    self.ring(await store.ended(self._database, parked))
            except Unavailable:
                await asyncio.sleep(0.5)
            except Exception:
                log.exception("looking after parked requests failed")
                await asyncio.sleep(1)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                await self._heard.wait()
        except TimeoutError:
            return
        finally:
            self._heard.clear()
