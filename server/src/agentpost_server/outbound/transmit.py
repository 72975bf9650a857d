"""The lane `mail-out`: an attempt is stored as started, then the call is made, then its end is stored.

Never knowingly twice: a row whose attempt was begun and never ended is not called again; its recipients are
`unknown`. Only what was surely not accepted is tried again: at once by the next transport where only the transport was
at fault, else by a schedule.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import structlog

from agentpost_server.core import ids
from agentpost_server.core.errors import Unavailable
from agentpost_server.outbound import states
from agentpost_server.outbound.call import Call, make_call
from agentpost_server.outbound.deliverability import warmup
from agentpost_server.outbound.holding.late import hold_late
from agentpost_server.outbound.releasing import release
from agentpost_server.outbound.settle import Settling, Timing, patiently
from agentpost_server.outbound.signing import senders_of
from agentpost_server.outbound.sorting import change, claim_of, message_of, sort, undecided
from agentpost_server.outbound.store import transmissions as store
from agentpost_server.outbound.weights import WAIT_SECONDS, Weights
from agentpost_server.runtime import Runtime
from agentpost_server.work import Claimed, Lane

log = structlog.get_logger("mail-out")
_BATCH: Final = 50
_PLACES: Final = 100
_OF_ONE: Final = 10
# Nothing rings when a scheduled message is due: within a second it is to be handed over.
_POLL_SECONDS: Final = 0.4


class MailOut(Lane):
    """The lane. Each call holds a place of its own, so that a slow one holds up nobody else of its batch; what is
    claimed never exceeds the places that are free. Receivers that stall hold theirs for minutes: so the mail of one
    organization to one domain takes no more when it holds as many as are free, and an organization none when it holds
    three times as many. One alone leaves a quarter to the others, and many of them still leave some."""

    def __init__(self, runtime: Runtime, timing: Timing | None = None) -> None:
        super().__init__(
            "mail-out",
            "transmissions",
            self._start,
            database=runtime.database,
            batch=_BATCH,
            poll_seconds=_POLL_SECONDS,
        )
        self._runtime = runtime
        self._timing = timing or Timing()
        self._settling = Settling(runtime, self._timing)
        self._weights = Weights()
        self._calls: dict[asyncio.Task[None], tuple[UUID, str]] = {}
        self._full = False

    async def close(self, grace_seconds: float = 10) -> None:
        """Calls under way may end and be stored within the grace. What does not is `unknown` when its lease ends."""
        await super().close(grace_seconds)
        if self._calls:
            _, late = await asyncio.wait(self._calls, timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def room(self) -> int:
        room = min(_BATCH, _PLACES - len(self._calls))
        self._full = room <= 0
        return room

    async def due(self, start: UUID, room: int) -> list[Any]:
        free = _PLACES - len(self._calls)
        of_one, of_domain = Counter(one for one, _ in self._calls.values()), Counter(self._calls.values())
        busy = [one for one, held in of_one.items() if held >= 3 * free]
        domains = [one for one, held in of_domain.items() if held >= free]
        self._full = bool(busy or domains)
        most = min(_OF_ONE, (free + 1) // 2)
        return await store.claim(self._runtime.database, start, room, most, self._lease, busy, domains)

    async def _start(self, claimed: list[Claimed]) -> None:
        """Begin the batch and start its calls; the lane may claim the next one as soon as they run."""
        end = asyncio.get_running_loop().time() + self._timing.lease_seconds
        for one in await begin(self._runtime, claimed, self._timing, end, self._weights):
            task = asyncio.create_task(_carry(self._runtime, one, self._settling, self._timing, end), name="mail call")
            self._calls[task] = one.claimed.organization_id, one.row["domain"]
            task.add_done_callback(self._ended)
            task.add_done_callback(lambda _, one=one: self._weights.give_back(one.claimed.id))

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._calls[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a mail call failed by a bug", exc_info=error)
        if self._full:
            self.ring()


async def transmit(runtime: Runtime, claimed: Sequence[Claimed], timing: Timing) -> None:
    """One batch from its claim to its end."""
    end = asyncio.get_running_loop().time() + timing.lease_seconds
    settling = Settling(runtime, timing)
    calls = await begin(runtime, claimed, timing, end, Weights())
    await asyncio.gather(*(_carry(runtime, one, settling, timing, end) for one in calls))


async def _carry(runtime: Runtime, call: Call, settling: Settling, timing: Timing, end: float) -> None:
    await settling.add(await make_call(runtime, call, timing.call_seconds), end)


async def begin(
    runtime: Runtime, claimed: Sequence[Claimed], timing: Timing, end: float, weights: Weights
) -> list[Call]:
    """The calls that are to be made, each with its attempt stored."""
    attempt_ids = [ids.new_id() for _ in claimed]
    calls: list[Call] = []
    try:
        calls = await _begin(runtime, claimed, attempt_ids, timing, weights)
    except Unavailable:
        # Whether the attempts stand is unknown; that no call was made is sure.
        await patiently(lambda: _take_back(runtime, claimed, attempt_ids), end)
    finally:
        for transmission_id in {one.id for one in claimed} - {one.claimed.id for one in calls}:
            weights.give_back(transmission_id)
    return calls


async def _begin(
    runtime: Runtime, claimed: Sequence[Claimed], attempt_ids: Sequence[UUID], timing: Timing, weights: Weights
) -> list[Call]:
    """Sort the batch and record the attempts that will be made, in one transaction."""
    attempt_of = {one.id: attempt_id for one, attempt_id in zip(claimed, attempt_ids, strict=True)}
    async with runtime.database.work({one.organization_id for one in claimed}) as tx:
        found = sort(await store.load(tx, claimed))
        light, heavy = weights.take(found.ready)
        allowed, waiting = await warmup.ration(tx, runtime, light)
        held = await states.hold(
            tx, [*(one.key for one in found.changes), *(message_of(one.row) for one in found.ready)]
        )
        ready, over = undecided(allowed, held)
        ready, late = await hold_late(tx, ready, held, runtime.now(), runtime.settings.late_send_hours)
        released = await release(tx, ready, held, runtime.now())
        ready = released.ready
        if found.ended or over:
            await store.give_up(tx, [*found.ended, *over])
        if released.rejected:
            await store.withdraw(tx, released.rejected)
        heavier = [(claim_of(one.row), WAIT_SECONDS) for one in heavy]
        if later := [*found.later, *heavier, *(one.later for one in waiting), *released.later]:
            await store.postpone(tx, later)
        # Of one that waits now everything is asked again when it goes.
        if changes := [one for one in (*found.changes, *released.changes) if one.key not in late]:
            await states.apply(tx, held, changes)
        if waiting:
            await warmup.tell(tx, held, waiting)
        if not ready:
            return []
        senders = await senders_of(runtime, tx, [one.row for one in ready])
        calls = [
            Call(
                claimed=claim_of(one.row),
                attempt_id=attempt_of[one.row["id"]],
                row=one.row,
                recipients=one.recipients,
                tries=one.row["tries"] + 1,
                sender=senders[one.row["id"]],
            )
            for one in ready
        ]
        claims = [one.claimed for one in calls]
        ours = await store.begin(tx, claims, [one.attempt_id for one in calls], timing.lease_seconds)
        calls = [one for one in calls if one.claimed.id in ours]
        begun = [change(one.row, email, "sending", None) for one in calls for email in one.recipients]
        await states.apply(tx, held, begun)
        return calls


async def _take_back(runtime: Runtime, claimed: Sequence[Claimed], attempt_ids: Sequence[UUID]) -> None:
    async with runtime.database.work({one.organization_id for one in claimed}) as tx:
        await store.take_back(tx, claimed, attempt_ids)
