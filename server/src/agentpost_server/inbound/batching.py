"""Company without waiting for it: what is asked while an answer is under way is asked together next time.

An idle batcher starts at once, so that a lone caller loses nothing; under load callers share round trips and commits.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")


class Batcher(Generic[ItemT, AnswerT]):
    """`answer` takes a batch and gives an answer, or an exception to raise, for each item in order.

    A batch closes at `most` items or at `max_weight` (one item alone may weigh more); `at_once` may be under way.
    """

    def __init__(
        self,
        answer: Callable[[list[ItemT]], Awaitable[Sequence[AnswerT | BaseException]]],
        *,
        most: int,
        at_once: int = 1,
        weigh: Callable[[ItemT], int] = lambda _: 0,
        max_weight: int = 0,
    ) -> None:
        self._answer = answer
        self._most = most
        self._at_once = at_once
        self._weigh = weigh
        self._max_weight = max_weight
        self._waiting: deque[tuple[ItemT, asyncio.Future[AnswerT]]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._woken = False

    async def put(self, item: ItemT) -> AnswerT:
        return await self.put_soon(item)

    def put_soon(self, item: ItemT) -> "asyncio.Future[AnswerT]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[AnswerT] = loop.create_future()
        self._waiting.append((item, future))
        if not self._woken:
            # Behind all that this turn of the loop has to say, so that one read of many sockets makes one batch.
            self._woken = True
            loop.call_soon(self._start)
        return future

    def _start(self) -> None:
        self._woken = False
        while self._waiting and len(self._running) < self._at_once:
            task = asyncio.create_task(self._run(self._take()))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start()

    def _take(self) -> list[tuple[ItemT, asyncio.Future[AnswerT]]]:
        batch: list[tuple[ItemT, asyncio.Future[AnswerT]]] = []
        weight = 0
        while self._waiting and len(batch) < self._most:
            weight += self._weigh(self._waiting[0][0])
            if batch and weight > self._max_weight:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _run(self, batch: list[tuple[ItemT, asyncio.Future[AnswerT]]]) -> None:
        answers: Sequence[AnswerT | BaseException]
        try:
            answers = await self._answer([item for item, _ in batch])
        except BaseException as error:  # noqa: BLE001 - whatever it was, every caller must hear of it
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
