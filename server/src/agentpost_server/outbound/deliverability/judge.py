"""The chore that adds marks up to hours, and judges the inboxes that they are about in the same transaction: what
is counted is judged, and an inbox that went too far is paused with its event."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import structlog

from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import SYSTEM, Scope
from agentpost_server.db import Tx
from agentpost_server.events.append import NewEvent, append_all
from agentpost_server.inboxes import Rates, pause
from agentpost_server.outbound.deliverability.score import Counts, Finding, findings, thresholds
from agentpost_server.outbound.store import deliverability as store
from agentpost_server.runtime import Runtime

log = structlog.get_logger("deliverability")
EVERY_SECONDS: Final = 2
WINDOW_DAYS: Final = 7
_QUIET_HOURS: Final = 24
_ORGANIZATIONS: Final = 50
_MARKS: Final = 20_000
_ROUNDS: Final = 20
_PRUNED: Final = 5000
_LOWEST: Final = UUID(int=0)


async def add_up(runtime: Runtime) -> None:
    """Of every organization what waits, a bounded part of it a transaction; what is left over waits for the next
    time."""
    after = _LOWEST
    while organization_ids := await store.marked_organizations(runtime.database, after, _ORGANIZATIONS):
        async with runtime.database.work(organization_ids) as tx:
            if not await store.may_add_up(tx):
                return
            moved = await store.add_up(tx, organization_ids, _MARKS)
            if moved:
                await _judge(tx, runtime, [(row["organization_id"], row["inbox_id"]) for row in moved])
        after = organization_ids[-1]


async def prune(runtime: Runtime) -> None:
    """Numbers and reports past their keeping time go."""
    for _ in range(_ROUNDS):
        if await store.prune(runtime.database, _PRUNED, runtime.settings.metrics_days) < _PRUNED:
            return


async def _judge(tx: Tx, runtime: Runtime, inboxes: Sequence[tuple[UUID, UUID]]) -> None:
    limits = thresholds(runtime.settings)
    warned: list[tuple[Any, Finding]] = []
    for row in await store.counts_to_judge(tx, inboxes, WINDOW_DAYS):
        counts = Counts(sent=row["sent"], bounced=row["hard_bounced"], complained=row["complained"])
        found = findings(counts, limits)
        worst = next((one for one in found if one.pauses), None)
        if worst is not None:
            await _pause(tx, row, worst, counts)
        else:
            warned.extend((row, one) for one in found)
    if warned:
        await _warn(tx, warned)


async def _pause(tx: Tx, row: Any, finding: Finding, counts: Counts) -> None:
    """Rare, and so by the same verb as everybody's pause."""
    scope = Scope(row["organization_id"], row["environment_id"])
    rates = Rates(counts.bounce_rate, counts.complaint_rate)
    try:
        await pause(tx, scope, SYSTEM, row["id"], finding.counter, rates)
    except NotFound:
        return  # deleted a moment ago
    log.warning("an inbox was paused", inbox=ids.encode("inb", row["id"]), reason=finding.counter, rate=finding.rate)


async def _warn(tx: Tx, found: Sequence[tuple[Any, Finding]]) -> None:
    wanted = [(row["organization_id"], row["id"], one.counter) for row, one in found]
    fresh = await store.note_warnings(tx, wanted, _QUIET_HOURS)
    news = [
        (Scope(row["organization_id"], row["environment_id"]), _warning(row, one))
        for row, one in found
        if (row["id"], one.counter) in fresh
    ]
    if news:
        await append_all(tx, news)


def _warning(row: Any, one: Finding) -> NewEvent:
    data = {
        "counter": one.counter,
        "current": one.rate,
        "limit": one.limit,
        "hard": False,
        "inbox_id": ids.encode("inb", row["id"]),
    }
    return NewEvent(type="limit.reached", inbox_id=row["id"], data=data)
