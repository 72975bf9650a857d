"""What became of calls: those that end together are stored together, and their places are free only then.

A transaction takes what came while the one before ran, and within ten milliseconds: a busy process writes a few large
ones.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog

from agentpost_server.core.errors import Unavailable
from agentpost_server.messages.threading import fingerprint
from agentpost_server.outbound import outcomes, states
from agentpost_server.outbound.call import Ended
from agentpost_server.outbound.record import TOPIC
from agentpost_server.outbound.sorting import message_of
from agentpost_server.outbound.store import transmissions as store
from agentpost_server.runtime import Runtime
from agentpost_server.work import next_wait

log = structlog.get_logger("mail-out")
_AGAIN_SECONDS: Final = (0.1, 0.5, 2.0, 5.0)
_MOST_FAULTS: Final = 5
_MOST: Final = 100
_GATHER_SECONDS: Final = 0.01


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long a call may take, how long it stays ours (longer: its end must be stored too), when to try again."""

    call_seconds: float = 320
    lease_seconds: float = 380
    retry_seconds: tuple[float, ...] = (30, 120, 600, 3600, 7200, 14400, 28800, 32400)


class Settling:
    """Takes ended calls and stores them, together where they end together."""

    def __init__(self, runtime: Runtime, timing: Timing) -> None:
        self._runtime = runtime
        self._timing = timing
        self._waiting: list[tuple[Ended, float, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, ended: Ended, end: float) -> None:
        """Returns when it is stored, or when the call is ours no more: `end`, by the clock of the loop."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((ended, end, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="settle mail-out")
        await done

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHER_SECONDS)
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            try:
                await self._store([one for one, _, _ in batch], max(end for _, end, _ in batch))
            finally:
                for _, _, done in batch:
                    if not done.done():
                        done.set_result(None)

    async def _store(self, ended: Sequence[Ended], end: float) -> None:
        if not await patiently(lambda: settle(self._runtime, ended, self._timing), end, most_faults=1):
            # Whichever of them cannot be stored must not take the others with it.
            alone = [patiently(lambda one=one: settle(self._runtime, [one], self._timing), end) for one in ended]
            await asyncio.gather(*alone)


async def patiently(act: Callable[[], Awaitable[None]], end: float, *, most_faults: int = _MOST_FAULTS) -> bool:
    """Again and again while the database is away, for as long as the calls are ours. False: it was not done, and the
    next claim finds begun attempts without an end."""
    waits, faults = iter(_AGAIN_SECONDS), 0
    while asyncio.get_running_loop().time() < end:
        try:
            await act()
            return True
        except Unavailable:
            log.warning("what became of sent mail waits for the database")
        except Exception:
            faults += 1
            log.exception("what became of sent mail could not be stored")
            if faults == most_faults:
                break
        await asyncio.sleep(next(waits, _AGAIN_SECONDS[-1]))
    return False


async def settle(runtime: Runtime, ended: Sequence[Ended], timing: Timing) -> None:
    async with runtime.database.work({one.call.claimed.organization_id for one in ended}) as tx:
        held = await states.hold(tx, [message_of(one.call.row) for one in ended])
        onward = [outcomes.next_transport(one) for one in ended]
        waits = [
            next_wait(timing.retry_seconds, one.call.row["rounds"] + 1) if turn is None else 0.0
            for one, turn in zip(ended, onward, strict=True)
        ]
        changes = [
            change
            for one, wait in zip(ended, waits, strict=True)
            for change in outcomes.changes(one, last=wait is None)
        ]
        await states.apply(tx, held, changes)
        await store.end_attempts(tx, [outcomes.attempt_row(one) for one in ended])
        rows = [
            _settled(one, turn, wait, held.get(message_of(one.call.row)))
            for one, turn, wait in zip(ended, onward, waits, strict=True)
        ]
        await store.settle(tx, rows)
        if wire := [
            (*message_of(one.call.row), one.receipt.wire_message_id, fingerprint(one.receipt.wire_message_id))
            for one in ended
            if one.receipt.wire_message_id is not None
        ]:
            await store.add_wire_ids(tx, wire)
        if any(one.seconds == 0 for one in rows):
            tx.after_commit(lambda: runtime.bus.publish(TOPIC))


def _settled(ended: Ended, onward: str | None, wait: float | None, held: states.Held | None) -> store.Settled:
    """The next transport at once, or the same one by the schedule; behind the last that failed, the first."""
    row = ended.call.row
    statuses = held.statuses if held is not None else {}
    left = [email for email in ended.call.recipients if statuses.get(email) == "deferred"]
    again = row["transports"][0] if outcomes.is_fault(ended) else row["transport"]
    return store.Settled(
        claimed=ended.call.claimed,
        seconds=wait if left else None,
        left=left,
        transport=(onward or again) if left else row["transport"],
        rounds=row["rounds"] + (0 if onward else 1),
    )
