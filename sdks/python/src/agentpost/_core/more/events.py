"""The log of events, live: a stream that takes itself up again after a break, without a gap and without repeats."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING

from agentpost._core.errors import ConnectionFailed
from agentpost._core.sse import Cursor, Frames
from agentpost._generated.async_calls.events import AsyncEvents as _AsyncEvents
from agentpost._generated.calls.events import Events as _Events

if TYPE_CHECKING:
    from agentpost.types import Event


class Events(_Events):
    def stream(
        self,
        *,
        types: Sequence[str] | None = None,
        inbox_id: str | None = None,
        environment: str | None = None,
        after: str | None = None,
    ) -> Iterator[Event]:
        """Events as they happen, for ever. `after`: first, from the log, what came since that event.

        A broken line or a restarting server is taken up again where it broke: nothing is lost, nothing comes twice.
        Raises APIError when the server refuses: `errors.Gone` for an `after` that the log no longer holds.
        """
        settings = self._client.settings
        cursor = Cursor(_words(types), inbox_id, environment or settings.environment, after)
        while True:
            yield from self._client.run(cursor.before(timeout=settings.timeout, retries=settings.retries))
            frames, pause = Frames(), 0.0
            try:
                with self._client.transport.open(cursor.request()) as (refusal, lines):
                    if refusal is not None:
                        pause = cursor.refused(refusal)
                    for line in lines:
                        if (data := frames.feed(line)) is not None:
                            yield cursor.take(data)
            except ConnectionFailed:
                pause = cursor.broke()
            time.sleep(pause or cursor.broke())


class AsyncEvents(_AsyncEvents):
    async def stream(
        self,
        *,
        types: Sequence[str] | None = None,
        inbox_id: str | None = None,
        environment: str | None = None,
        after: str | None = None,
    ) -> AsyncIterator[Event]:
        """Events as they happen, for ever; see `Events.stream`."""
        settings = self._client.settings
        cursor = Cursor(_words(types), inbox_id, environment or settings.environment, after)
        while True:
            for event in await self._client.run(cursor.before(timeout=settings.timeout, retries=settings.retries)):
                yield event
            frames, pause = Frames(), 0.0
            try:
                async with self._client.transport.open(cursor.request()) as (refusal, lines):
                    if refusal is not None:
                        pause = cursor.refused(refusal)
                    async for line in lines:
                        if (data := frames.feed(line)) is not None:
                            yield cursor.take(data)
            except ConnectionFailed:
                pause = cursor.broke()
            await asyncio.sleep(pause or cursor.broke())


def _words(types: Sequence[str] | None) -> list[str] | None:
    return [types] if isinstance(types, str) else None if types is None else list(types)
