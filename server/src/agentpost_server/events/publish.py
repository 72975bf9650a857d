"""The publisher: moves events from the outbox into the log, in one order, and tells whoever listens.

Any worker may be publisher, several at once: the row lock on the log's head is the fence, and a transaction that ends
half-way leaves everything in the outbox. Between rings it looks at most a quarter of a second later.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import structlog

from agentpost_server.core.errors import Unavailable
from agentpost_server.db import Database, Tx
from agentpost_server.events import metrics, store
from agentpost_server.events.append import listen
from agentpost_server.ports.bus import Bus

BATCH = 2000
Consumer = Callable[[Tx, int, int], Awaitable[object]]
"""`consume(tx, after, until)`: what must stand in the publication's own transaction, such as webhook deliveries."""
log = structlog.get_logger("events")


class Publisher:
    """A service of every worker. `heard(head)` is called in this process after each publication that moved
    something."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        consumers: Sequence[Consumer] = (),
        heard: Sequence[Callable[[int], None]] = (),
        look_seconds: float = 0.25,
    ) -> None:
        self._database = database
        self._bus = bus
        self._consumers = consumers
        self._heard = heard
        self._look = look_seconds
        self._bell = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._stop: list[Callable[[], None]] = []

    async def start(self) -> None:
        self._stop = [listen(self._bell.set), self._bus.subscribe("outbox", lambda _: self._bell.set())]
        self._bell.set()
        self._loop = asyncio.create_task(self._run(), name="publisher")

    async def close(self, grace_seconds: float = 5) -> None:
        for stop in self._stop:
            stop()
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)

    async def publish(self) -> int:
        """Move one batch. Answers how many moved; 0 when nothing waited or another publisher was first."""
        async with self._database.routing() as tx:
            await store.lock_log(tx)
            moved, head = await store.move_outbox(tx, BATCH)
            if moved:
                for consume in self._consumers:
                    await consume(tx, head - moved, head)
        metrics.HEAD.set(head)
        if moved:
            metrics.PUBLISHED.inc(moved)
            self._bus.publish("events", str(head))
            for tell in self._heard:
                tell(head)
        return moved

    async def _run(self) -> None:
        rung = True
        while True:
            self._bell.clear()
            try:
                if rung or await self._something_waits():
                    while await self.publish() == BATCH:
                        pass
                rung = await self._wait()
            except Unavailable:
                await asyncio.sleep(0.5)
            except Exception:
                log.exception("publishing failed")
                await asyncio.sleep(1)

    async def _something_waits(self) -> bool:
        """The look between rings takes no lock: an idle worker writes nothing."""
        lag = await store.outbox_lag(self._database)
        metrics.OUTBOX_LAG.set(lag or 0)
        return lag is not None

    async def _wait(self) -> bool:
        """True when rung, False when it is only time to look again."""
        try:
            async with asyncio.timeout(self._look * random.uniform(0.8, 1)):  # noqa: S311 not a secret
                await self._bell.wait()
        except TimeoutError:
            return False
        return True


class OutboxBell:
    """In place of a publisher where a process has no worker role: after each commit it rings those that have."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._stop: Callable[[], None] | None = None

    async def start(self) -> None:
        self._stop = listen(lambda: self._bus.publish("outbox"))

    async def close(self, grace_seconds: float = 5) -> None:
        if self._stop is not None:
            self._stop()
