"""The Tally in Redis: exact over all instances. Uses that come while a call is under way go together in the next, so
that a process needs one connection, and one round trip for however many requests.
"""

import asyncio
from typing import Final

import structlog

from agentpost_server.providers.process_tally import ProcessTally
from agentpost_server.providers.redis_client import AWAY, open_redis

_PATIENCE_SECONDS: Final = 0.04
_CALL_SECONDS: Final = 0.5
_AGAIN_SECONDS: Final = 1.0
_KEPT_SECONDS: Final = 180
log = structlog.get_logger("limits")
_Use = tuple[str, int]


class RedisTally:
    """Counts here as well: that is the answer while Redis is away, and never less than what happened here."""

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url, seconds=_CALL_SECONDS)
        self._own = ProcessTally()
        self._waiting: dict[_Use, list[asyncio.Future[int]]] = {}
        self._sending: asyncio.Task[None] | None = None
        self._away = False
        self._again_at = 0.0

    async def add(self, name: str, window: int) -> int:
        own = self._own.count(name, window)
        loop = asyncio.get_running_loop()
        if self._away and loop.time() < self._again_at:
            return own
        shared: asyncio.Future[int] = loop.create_future()
        self._waiting.setdefault((name, window), []).append(shared)
        if self._sending is None or self._sending.done():
            self._sending = loop.create_task(self._send(), name="tally")
        if self._away:
            return own  # whether Redis is back is not for a request to wait for
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return max(own, await shared)
        except TimeoutError:
            return own

    async def close(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        await self._redis.aclose()

    async def _send(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            try:
                totals = await self._count({use: len(answers) for use, answers in waiting.items()})
                self._note(None)
            except AWAY as error:
                self._note(error)
                # Who asked meanwhile is answered too, by what is known here.
                for use, answers in self._waiting.items():
                    waiting.setdefault(use, []).extend(answers)
                self._waiting = {}
                totals = dict.fromkeys(waiting, 0)
            for use, answers in waiting.items():
                before = totals[use] - len(answers)
                for place, answer in enumerate(answers, 1):
                    if not answer.done():
                        answer.set_result(before + place)

    async def _count(self, uses: dict[_Use, int]) -> dict[_Use, int]:
        async with asyncio.timeout(_CALL_SECONDS), self._redis.pipeline(transaction=True) as pipe:
            for (name, window), times in uses.items():
                key = f"agentpost:{name}:{window}"
                pipe.incrby(key, times)
                pipe.expire(key, _KEPT_SECONDS)
            answers = await pipe.execute()
        return dict(zip(uses, map(int, answers[::2]), strict=True))

    def _note(self, error: Exception | None) -> None:
        if error is not None:
            self._again_at = asyncio.get_running_loop().time() + _AGAIN_SECONDS
            if not self._away:
                log.warning("Redis is away: each instance counts by itself", error=type(error).__name__)
        elif self._away:
            log.info("Redis counts again")
        self._away = error is not None
