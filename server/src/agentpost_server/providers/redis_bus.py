"""The Bus on Redis pub/sub. In the ringing process a ring does not go through Redis, so that one instance alone is as
quick without it; rings to the others that come within five milliseconds go in one call, one a topic.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import structlog

from agentpost_server.ports.bus import Listener
from agentpost_server.providers.listeners import Listeners
from agentpost_server.providers.redis_client import AWAY, open_redis

_GATHER_SECONDS: Final = 0.005
_CALL_SECONDS: Final = 2.0
_QUIET_SECONDS: Final = 5.0
_AGAIN_SECONDS: Final = 0.5
log = structlog.get_logger("bus")


class RedisBus:
    """While Redis is away rings to others are dropped: whoever misses one polls, and when it is back everyone looks."""

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url, seconds=_CALL_SECONDS)
        # Channels are not kept apart by database number, keys are.
        self._channel = f"agentpost:{self._redis.connection_pool.connection_kwargs.get('db', 0)}"
        self._own = secrets.token_hex(8)
        self._listeners = Listeners()
        self._here: dict[str, str] = {}
        self._waiting: dict[str, str] = {}
        self._bell = asyncio.Event()
        self._subscribed = asyncio.Event()
        self._away = "not connected yet"
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Also without Redis: a doorbell is no reason to serve nobody."""
        self._tasks = [asyncio.create_task(self._keep_listening()), asyncio.create_task(self._ring())]
        with suppress(TimeoutError):
            async with asyncio.timeout(_CALL_SECONDS):
                await self._subscribed.wait()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()

    def publish(self, topic: str, text: str = "") -> None:
        if not self._here:
            asyncio.get_running_loop().call_soon(self._ring_here)
        self._here[topic] = self._waiting[topic] = text
        self._bell.set()

    def subscribe(self, topic: str, listener: Listener) -> Callable[[], None]:
        return self._listeners.add(topic, listener)

    async def check(self) -> None:
        if not self._subscribed.is_set():
            raise ConnectionError(f"Redis cannot be listened to: {self._away}.")

    def _ring_here(self) -> None:
        here, self._here = self._here, {}
        for topic, text in here.items():
            self._listeners.ring(topic, text)

    async def _ring(self) -> None:
        while True:
            await self._bell.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._bell.clear()
            waiting, self._waiting = self._waiting, {}
            if not self._subscribed.is_set():
                continue
            try:
                async with asyncio.timeout(_CALL_SECONDS), self._redis.pipeline(transaction=False) as pipe:
                    for topic, text in waiting.items():
                        pipe.publish(self._channel, f"{self._own} {topic} {text}")
                    await pipe.execute()
            except AWAY as error:
                log.debug("a ring was lost", error=type(error).__name__)

    async def _keep_listening(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    await self._listen(pubsub)
            except AWAY as error:
                self._lost(error)
            except Exception as error:  # whatever it is, the next try begins anew
                log.exception("listening to Redis failed")
                self._lost(error)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _listen(self, pubsub: Any) -> None:
        """Until the connection fails; one that says nothing is asked, and left when it does not answer."""
        asked = False
        while True:
            message = await pubsub.get_message(timeout=_QUIET_SECONDS)
            if message is None:
                if asked:
                    raise TimeoutError("no answer")
                await pubsub.ping()
                asked = True
                continue
            asked = False
            if message["type"] == "subscribe":
                self._found()
            elif message["type"] == "message":
                self._heard(message["data"])

    def _heard(self, payload: str) -> None:
        sender, _, ring = payload.partition(" ")
        if sender != self._own:
            topic, _, text = ring.partition(" ")
            self._listeners.ring(topic, text)

    def _found(self) -> None:
        self._subscribed.set()
        log.info("listening to Redis")
        self._listeners.ring_all()

    def _lost(self, error: Exception) -> None:
        word = type(error).__name__
        if self._subscribed.is_set() or word != self._away:
            log.warning("Redis is away: other instances look by themselves, a second later", error=word)
        self._away = word
        self._subscribed.clear()
