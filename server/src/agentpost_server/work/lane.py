"""A lane: one kind of work, claimed in batches and run beside the others, so that a burst in one starves no other.

The doorbell only shortens the wait: a lane that hears nothing looks every `poll_seconds`. A handler that raises loses
nothing: its rows come back when the lease ends.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
import structlog

from agentpost_server.core.errors import Unavailable
from agentpost_server.db import Database

log = structlog.get_logger("work")
_LOWEST = UUID(int=0)
_HIGHEST = (1 << 128) - 1


class Claimed(msgspec.Struct, frozen=True):
    """A row that is ours until its lease ends. `attempts` is the fencing token that settling must show."""

    organization_id: UUID
    id: UUID
    attempts: int


Handler = Callable[[list[Claimed]], Awaitable[None]]


class Lane:
    """Claims due rows of one work table and hands them to `handle`, up to `concurrency` batches at once."""

    def __init__(
        self,
        name: str,
        table: str,
        handle: Handler,
        *,
        database: Database,
        batch: int = 50,
        per_organization: int = 10,
        concurrency: int = 1,
        lease_seconds: int = 60,
        poll_seconds: float = 1.0,
    ) -> None:
        self.name = name
        self._claim = f"SELECT * FROM router.claim_{table}($1, $2, $3, $4)"
        self._handle = handle
        self._database = database
        self._batch = batch
        self._per_organization = per_organization
        self._lease = lease_seconds
        self._poll = poll_seconds
        self._next = _LOWEST
        self._bell = asyncio.Event()
        self._slots = asyncio.Semaphore(concurrency)
        self._running: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None

    def ring(self, _text: str = "") -> None:
        """There may be work. Cheap, idempotent, callable from anywhere on the loop."""
        self._bell.set()

    async def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name=f"lane {self.name}")

    async def close(self, grace_seconds: float = 10) -> None:
        """Claim no more; let what runs end within the grace. What does not comes back by its lease."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._bell.clear()
            try:
                while await self._take():
                    pass
            except Unavailable:
                await asyncio.sleep(0.5)
                continue
            except Exception:
                log.exception("claiming failed", lane=self.name)
                await asyncio.sleep(1)
            await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._poll * random.uniform(0.8, 1.2)):  # noqa: S311 not a secret
                await self._bell.wait()
        except TimeoutError:
            return

    async def _take(self) -> bool:
        """Claim one batch and start it. True when there may be more."""
        await self._slots.acquire()
        claimed: list[Claimed] = []
        try:
            claimed = await self.claim()
        finally:
            if not claimed:
                self._slots.release()
        if not claimed:
            return False
        task = asyncio.create_task(self._finish(claimed))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return True

    def room(self) -> int:
        """How many rows may be claimed now; a lane whose handler leaves work running overrides it, and rings later."""
        return self._batch

    async def claim(self) -> list[Claimed]:
        """From behind the organization that was served last, then from the first: nobody is always first."""
        if (room := self.room()) <= 0:
            return []
        for start in (self._next, _LOWEST):
            rows = await self.due(start, room)
            if rows:
                last: UUID = max(row["organization_id"] for row in rows)
                self._next = UUID(int=min(last.int + 1, _HIGHEST))
                return [Claimed(row["organization_id"], row["id"], row["attempts"]) for row in rows]
        return []

    async def due(self, start: UUID, room: int) -> list[Any]:
        """Claim so many due rows, a few of each organization from `start` on; a lane that knows whose turn it is not
        overrides it."""
        return await self._database.route(self._claim, start, room, self._per_organization, self._lease)

    async def _finish(self, claimed: list[Claimed]) -> None:
        try:
            await self._handle(claimed)
        except Unavailable:
            log.warning("work waits for the database", lane=self.name, rows=len(claimed))
        except Exception:
            log.exception("work failed", lane=self.name, rows=len(claimed))
        finally:
            self._slots.release()
