"""`GET /events/stream`: the same as server-sent events (HTML standard, 9.2), for clients that speak only HTTP."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from agentpost_server.accounts import Caller
from agentpost_server.events.read import position_of
from agentpost_server.runtime import Runtime
from agentpost_server.streams import metrics
from agentpost_server.streams.entry import Entry
from agentpost_server.streams.hub import Hub
from agentpost_server.streams.model import Filter
from agentpost_server.streams.replay import catch_up
from agentpost_server.streams.subscription import Subscription, select

_UNREAD_BYTES: Final = 1024 * 1024
_HEARTBEAT_SECONDS: Final = 15.0


class Feed:
    """One open stream, as the hub sees it: shared octets that wait for the reader."""

    def __init__(self, caller: Caller, subscription: Subscription) -> None:
        self.caller = caller
        self.subscription = subscription
        self.over = False
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._bell = asyncio.Event()

    def offer(self, entry: Entry) -> None:
        if self.over or not self.subscription.takes(entry):
            return
        self._waiting.append(entry.server_sent)
        self._size += len(entry.server_sent)
        self._bell.set()
        if self._size > _UNREAD_BYTES:
            metrics.SLOW.labels("sse").inc()
            self.end()

    def end(self) -> None:
        """No more after this. The client comes again with Last-Event-ID and misses nothing."""
        self.over = True
        self._waiting.clear()
        self._bell.set()

    revoke = end

    async def next(self) -> bytes:
        """What waits, or a comment when nothing came for a while; empty when the stream is over."""
        if not self._waiting and not self.over:
            self._bell.clear()
            try:
                await asyncio.wait_for(self._bell.wait(), _HEARTBEAT_SECONDS)
            except TimeoutError:
                return b": still here\n\n"
        together = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        return together


async def open_feed(
    runtime: Runtime, hub: Hub, caller: Caller, given: Filter, *, after: str | None, environment: str | None
) -> Feed:
    """Raises the Problem of a filter or an `after` that this key cannot have, while the answer is not begun."""
    async with runtime.database.transaction(caller.organization_id) as tx:
        selection = await select(tx, caller, given, environment)
        position = None
        if after is not None:
            whole = await select(tx, caller, Filter(environment_ids=given.environment_ids), environment)
            position = await position_of(tx, whole, after, keep_days=runtime.settings.event_days)
    return Feed(caller, Subscription(given, selection, hub.position if position is None else position))


async def serve(runtime: Runtime, hub: Hub, feed: Feed) -> AsyncGenerator[bytes]:
    """The octets of the stream, until its reader, its key or the server ends it."""
    hub.join(feed)
    metrics.OPEN.labels("sse").inc()
    try:
        yield b"retry: 2000\n\n"
        async with aclosing(catch_up(runtime.database, hub, feed.subscription)) as entries:
            async for entry in entries:
                if feed.over:
                    return
                yield entry.server_sent
        while octets := await feed.next():
            yield octets
    finally:
        metrics.OPEN.labels("sse").dec()
        hub.leave(feed)
