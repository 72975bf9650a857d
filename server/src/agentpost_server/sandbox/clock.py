"""The clock of a test environment: the wall's and what it was advanced by, forward only.

Advancing it moves what the environment has waiting: each due time comes that much nearer on the wall's clock, by which
all work is done. Nothing else moves: no other environment, no key, no limit, no keeping time.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from agentpost_server import audit
from agentpost_server.core import ids
from agentpost_server.core.errors import Forbidden, invalid_field
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.sandbox import store_clock
from agentpost_server.sandbox.model import AdvanceClock, Clock

MOST_AHEAD: Final = timedelta(days=3660)


async def read(tx: Tx, tenant: Scope, wall: datetime) -> Clock:
    row = await store_clock.find(tx, tenant)
    return await _shown(tx, tenant, row, wall)


async def advance(tx: Tx, tenant: Scope, actor: Actor, wanted: AdvanceClock, wall: datetime) -> Clock:
    """Raises Forbidden in an environment that is not for tests, Invalid for a time that lies behind."""
    row = await store_clock.find(tx, tenant, lock=True)
    refuse_unless_test(row)
    seconds = _seconds(row, wanted, wall)
    if seconds:
        await store_clock.advance(tx, tenant, seconds)
        await store_clock.bring_nearer(tx, tenant, seconds)
    after = await store_clock.find(tx, tenant)
    target = ids.encode("env", tenant.environment_id)
    await audit.record(
        tx,
        tenant.organization_id,
        actor,
        "environment.clock_advanced",
        target,
        before={"clock_offset_seconds": row["clock_offset_seconds"]},
        after={"clock_offset_seconds": after["clock_offset_seconds"]},
    )
    return await _shown(tx, tenant, after, wall)


def refuse_unless_test(row: Any) -> None:
    if row["kind"] != "test":
        raise Forbidden(
            f"This environment is {row['kind']}: only one of kind test is simulated.",
            fix="Use a key of a test environment (ap_sk_test_…).",
        )


def now_in(row: Any, wall: datetime) -> datetime:
    """The time in an environment, by its row."""
    return wall + timedelta(seconds=row["clock_offset_seconds"])


def _seconds(row: Any, wanted: AdvanceClock, wall: datetime) -> int:
    now = now_in(row, wall)
    if (wanted.advance_seconds is None) == (wanted.to is None):
        raise invalid_field("advance_seconds", "or to is needed, and not both")
    seconds = wanted.advance_seconds
    if wanted.to is not None:
        # Up to a whole second later: never short of what was asked for.
        seconds = -int((now - wanted.to) // timedelta(seconds=1))
        if wanted.to < now:
            raise invalid_field("to", f"lies behind: it is {rfc3339(now)} there", fix="The clock goes forward only.")
    if timedelta(seconds=row["clock_offset_seconds"] + (seconds or 0)) > MOST_AHEAD:
        field = "to" if wanted.to is not None else "advance_seconds"
        raise invalid_field(field, "leads more than ten years ahead", fix="Make a new environment, whose clock is new.")
    return seconds or 0


async def _shown(tx: Tx, tenant: Scope, row: Any, wall: datetime) -> Clock:
    return Clock(
        environment_id=ids.encode("env", tenant.environment_id),
        now=rfc3339(now_in(row, wall)),
        offset_seconds=row["clock_offset_seconds"],
        under_way=await store_clock.count_under_way(tx, tenant),
    )
