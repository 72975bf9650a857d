"""The lane `mail-out`: an attempt is stored as started, then the call is made, then its end is stored.

Never knowingly twice: a row whose attempt was begun and never ended is not called again; its recipients are
`unknown`. Only what was surely not accepted is tried again, by a schedule.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from agentpost_server.core import ids
from agentpost_server.core.errors import Unavailable
from agentpost_server.messages.threading import fingerprint
from agentpost_server.outbound import outcomes, states
from agentpost_server.outbound.call import Call, Ended, make_call
from agentpost_server.outbound.change import Change
from agentpost_server.outbound.store import transmissions as store
from agentpost_server.runtime import Runtime
from agentpost_server.work import Claimed, next_wait
from agentpost_server.work.lane import Handler

log = structlog.get_logger("mail-out")
_PAUSED_SECONDS: Final = 60
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
        rows = await store.load(tx, claimed)
        lost = [row for row in rows if row["begun"]]
        dropped = [row for row in rows if row["orphan"] and not row["begun"]]
        paused = [row for row in rows if row["paused"] and not row["begun"] and not row["orphan"]]
        ready = [row for row in rows if not (row["begun"] or row["orphan"] or row["paused"])]
        held = await states.hold(tx, [(row["organization_id"], row["message_id"]) for row in [*lost, *dropped, *ready]])
        if lost or dropped:
            await store.give_up(tx, [_claim(row) for row in [*lost, *dropped]])
            gone = "The worker ended during the call; nobody knows whether the mail was accepted."
            changes = [one for row in lost for one in _changes(row, "unknown", gone)]
            changes += [one for row in dropped for one in _changes(row, "cancelled", "The inbox was deleted.")]
            await states.apply(tx, held, changes)
        if paused:
            await store.postpone(tx, [_claim(row) for row in paused], _PAUSED_SECONDS)
        calls = [
            Call(claimed=_claim(row), attempt_id=attempt_of[row["id"]], row=row, tries=row["tries"] + 1)
            for row in ready
        ]
        if not calls:
            return []
        claims = [one.claimed for one in calls]
        ours = await store.begin(tx, claims, [one.attempt_id for one in calls], timing.lease_seconds)
        calls = [one for one in calls if one.claimed.id in ours]
        await states.apply(tx, held, [change for one in calls for change in _changes(one.row, "sending", None)])
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
        held = await states.hold(tx, [_message(one.call.row) for one in ended])
        waits = {one.call.claimed.id: next_wait(timing.retry_seconds, one.call.tries) for one in ended}
        changes = [change for one in ended for change in outcomes.changes(one, last=waits[one.call.claimed.id] is None)]
        await states.apply(tx, held, changes)
        await store.end_attempts(tx, [outcomes.attempt_row(one) for one in ended])
        rows: list[tuple[Claimed, float | None, list[str]]] = []
        for one in ended:
            message = held.get(_message(one.call.row))
            statuses = message.statuses if message is not None else {}
            left = [email for email in one.call.row["recipients"] if statuses.get(email) == "deferred"]
            rows.append((one.call.claimed, waits[one.call.claimed.id] if left else None, left))
        await store.settle(tx, rows)
        if wire := [
            (*_message(one.call.row), one.receipt.wire_message_id, fingerprint(one.receipt.wire_message_id))
            for one in ended
            if one.receipt.wire_message_id is not None
        ]:
            await store.add_wire_ids(tx, wire)


def _claim(row: Any) -> Claimed:
    return Claimed(row["organization_id"], row["id"], row["attempts"])


def _message(row: Any) -> tuple[Any, Any]:
    return row["organization_id"], row["message_id"]


def _changes(row: Any, status: str, detail: str | None) -> list[Change]:
    return [
        Change(
            organization_id=row["organization_id"],
            message_id=row["message_id"],
            email=email,
            status=status,
            transport=row["transport"],
            attempt=row["tries"] + 1 if status == "sending" else None,
            detail=detail,
        )
        for email in row["recipients"]
    ]
