"""SNS through SQS: the recommended way, without a public URL. A message is deleted only after our commit; one that
cannot be taken comes again until the queue's own redrive policy puts it aside.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import structlog

from agentpost_server.core.errors import Problem, Unavailable
from agentpost_server.inbound.intake import Intake
from agentpost_server.inbound.ses.notification import handle
from agentpost_server.ports.queue import MessageQueue, QueuedMessage

_AT_ONCE: Final = 10
_WORKING: Final = 4
_WAIT_SECONDS: Final = 20
_HIDDEN_SECONDS: Final = 60
_EXTEND_SECONDS: Final = 20
_REST_SECONDS: Final = 5.0
log = structlog.get_logger("intake")


class QueuePoll:
    """The service: receives, handles a few at a time, deletes what was done."""

    def __init__(self, intake: Intake, queue: MessageQueue) -> None:
        self._intake = intake
        self._queue = queue
        self._working = asyncio.Semaphore(_WORKING)
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name="queue poll")

    async def close(self, grace_seconds: float = 5) -> None:
        """What is under way is broken off: nothing of it was deleted, and done twice it is done once."""
        del grace_seconds
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        await self._queue.close()

    async def _run(self) -> None:
        while True:
            try:
                await self.once()
            except OSError as error:
                log.warning("queue_unavailable", error=str(error)[:300])
                await asyncio.sleep(_REST_SECONDS)
            except Exception:
                log.exception("queue_poll_failed")
                await asyncio.sleep(_REST_SECONDS)

    async def once(self) -> int:
        """One round. Answers how many messages were done."""
        received = await self._queue.receive(most=_AT_ONCE, wait_seconds=_WAIT_SECONDS, hidden_seconds=_HIDDEN_SECONDS)
        if not received:
            return 0
        open_receipts = {one.receipt for one in received}
        hiding = asyncio.create_task(self._keep_hidden(open_receipts))
        try:
            done = await asyncio.gather(*(self._handle(one, open_receipts) for one in received))
        finally:
            hiding.cancel()
            await asyncio.gather(hiding, return_exceptions=True)
        finished = [one.receipt for one, was_done in zip(received, done, strict=True) if was_done]
        await self._delete(finished)
        return len(finished)

    async def _delete(self, receipts: Sequence[str]) -> None:
        if receipts:
            await self._queue.delete(receipts)

    async def _keep_hidden(self, open_receipts: set[str]) -> None:
        while True:
            await asyncio.sleep(_EXTEND_SECONDS)
            with contextlib.suppress(OSError):
                await self._queue.hide(sorted(open_receipts), _HIDDEN_SECONDS)

    async def _handle(self, one: QueuedMessage, open_receipts: set[str]) -> bool:
        async with self._working:
            try:
                await handle(self._intake, one.body.encode("utf-8", "replace"), by_http=False)
            except (Unavailable, OSError) as error:
                log.warning("queued_message_waits", id=one.id, error=str(error)[:300])
            except Problem as problem:
                log.warning("queued_message_refused", id=one.id, error=problem.detail[:300])
            except Exception:
                log.exception("queued_message_failed", id=one.id)
            else:
                return True
        # Left alone it comes again when its hiding ends.
        open_receipts.discard(one.receipt)
        return False
