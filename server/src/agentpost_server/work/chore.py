"""A chore: something small that is done again and again. Harmless to run in several processes at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from agentpost_server.core.errors import Unavailable

log = structlog.get_logger("work")


class Chore:
    """Calls `act` about every `every_seconds`, and once more when closed if `last_time` says so (flushes)."""

    def __init__(
        self, name: str, every_seconds: float, act: Callable[[], Awaitable[object]], *, last_time: bool = False
    ) -> None:
        self.name = name
        self._every = every_seconds
        self._act = act
        self._last_time = last_time
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name=f"chore {self.name}")

    async def close(self, grace_seconds: float = 5) -> None:
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._last_time:
            await self._once(grace_seconds)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every * random.uniform(0.9, 1.1))  # noqa: S311 not a secret
            await self._once(300)

    async def _once(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._act()
        except (Unavailable, TimeoutError) as error:
            log.warning("a chore waits", chore=self.name, error=type(error).__name__)
        except Exception:
            log.exception("a chore failed", chore=self.name)
