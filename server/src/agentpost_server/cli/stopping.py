"""Signals as two moments: the first asks to stop, the second to hurry."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any


class Stop:
    """Take the signals from now on. `asked` is set by the first of them, `hurried` by the second."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._loop.add_signal_handler(number, self.ask)

    def ask(self) -> None:
        (self.hurried if self.asked.is_set() else self.asked).set()

    def with_parent(self, descriptor: int) -> None:
        """Stop also when the other end of this pipe is gone: a worker must not outlive its supervisor."""

        def readable() -> None:
            if not os.read(descriptor, 4096):
                self._loop.remove_reader(descriptor)
                self.asked.set()

        self._loop.add_reader(descriptor, readable)

    async def unless_asked(self, work: Coroutine[Any, Any, Any]) -> bool:
        """Run the work. False when a stop came first: the work was cancelled and has cleaned up."""
        return await _first_to_end(work, self.asked)

    async def unless_hurried(self, work: Coroutine[Any, Any, Any]) -> bool:
        return await _first_to_end(work, self.hurried)


async def _first_to_end(work: Coroutine[Any, Any, Any], event: asyncio.Event) -> bool:
    task, waiting = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    ended = task.done()
    task.cancel()
    await asyncio.gather(task, waiting, return_exceptions=True)
    if ended:
        task.result()
    return ended
