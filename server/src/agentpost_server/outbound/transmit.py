"""The lane `mail-out`: an attempt is stored as started, then the call is made, then its end is stored.

Never knowingly twice: a row whose attempt was begun and never ended is not called again; its recipients are
`unknown`. Only what was surely not accepted is tried again: at once by the next transport where only the transport was
at fault, else by a schedule.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID

import msgspec
import structlog

from agentpost_server.core import ids
from agentpost_server.core.errors import Unavailable
from agentpost_server.messages.threading import fingerprint
from agentpost_server.outbound import outcomes, states
from agentpost_server.outbound.call import Call, Ended, make_call
from agentpost_server.outbound.deliverability import warmup
from agentpost_server.outbound.record import TOPIC
from agentpost_server.outbound.signing import senders_of
from agentpost_server.outbound.sorting import change, claim_of, message_of, sort, undecided
from agentpost_server.outbound.store import transmissions as store
from agentpost_server.runtime import Runtime
from agentpost_server.work import Claimed, next_wait
from agentpost_server.work.lane import Handler

log = structlog.get_logger("mail-out")
_AGAIN_SECONDS: Final = (0.1, 0.5, 2.0, 5.0)
_MOST_FAULTS: Final = 5


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long a call may take, how long it stays ours (longer: its end must be stored too), when to try again."""

    call_seconds: float = 320
    lease_seconds: float = 380
    retry_seconds: tuple[float, ...] = (30, 120, 600, 3600, 14400, 43200, 86400)


def handler(runtime: Runtime, timing: Timing | None = None) -> Handler:
    """What the lane calls with a claimed batch."""
    kept = timing or Timing()

    async def handle(claimed: list[Claimed]) -> None:
        await transmit(runtime, claimed, kept)

    return handle


async def transmit(runtime: Runtime, claimed: Sequence[Claimed], timing: Timing) -> None:
    end = asyncio.get_running_loop().time() + timing.lease_seconds
    attempt_ids = [ids.new_id() for _ in claimed]
    try:
        calls = await _begin(runtime, claimed, attempt_ids, timing)
    except Unavailable:
        # Whether the attempts stand is unknown; that no call was made is sure.
        return await _patiently(lambda: _take_back(runtime, claimed, attempt_ids), end)
    pending = {asyncio.create_task(make_call(runtime, one, timing.call_seconds)) for one in calls}
    try:
        while pending:
            # Whatever ended while the last ones were being stored is stored together.
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            ended = [task.result() for task in done]
            await _patiently(lambda ended=ended: _settle(runtime, ended, timing), end)
    finally:
        for task in pending:
            task.cancel()


async def _begin(
    runtime: Runtime, claimed: Sequence[Claimed], attempt_ids: Sequence[UUID], timing: Timing
) -> list[Call]:
    """Sort the batch and record the attempts that will be made, in one transaction."""
    attempt_of = {one.id: attempt_id for one, attempt_id in zip(claimed, attempt_ids, strict=True)}
    async with runtime.database.work({one.organization_id for one in claimed}) as tx:
        found = sort(await store.load(tx, claimed))
        allowed, waiting = await warmup.ration(tx, runtime, found.ready)
        held = await states.hold(
            tx, [*(one.key for one in found.changes), *(message_of(one.row) for one in found.ready)]
        )
        ready, over = undecided(allowed, held)
        if found.ended or over:
            await store.give_up(tx, [*found.ended, *over])
        if later := [*found.later, *(one.later for one in waiting)]:
            await store.postpone(tx, later)
        if found.changes:
            await states.apply(tx, held, found.changes)
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


async def _patiently(act: Callable[[], Awaitable[None]], end: float) -> None:
    """Again and again while the database is away, for as long as the calls are ours. Then the next claim finds begun
    attempts without an end."""
    waits, faults = iter(_AGAIN_SECONDS), 0
    while asyncio.get_running_loop().time() < end and faults < _MOST_FAULTS:
        try:
            return await act()
        except Unavailable:
            log.warning("what became of sent mail waits for the database")
        except Exception:
            faults += 1
            log.exception("what became of sent mail could not be stored")
        await asyncio.sleep(next(waits, _AGAIN_SECONDS[-1]))
    return None


async def _take_back(runtime: Runtime, claimed: Sequence[Claimed], attempt_ids: Sequence[UUID]) -> None:
    async with runtime.database.work({one.organization_id for one in claimed}) as tx:
        await store.take_back(tx, claimed, attempt_ids)


async def _settle(runtime: Runtime, ended: Sequence[Ended], timing: Timing) -> None:
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
