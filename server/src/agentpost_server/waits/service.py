"""Verbs on waits: arm, read, cancel."""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from agentpost_server import inboxes, messages
from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, NotFound, invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.waits import store
from agentpost_server.waits.model import ArmWait, Wait, wait_of

_FURTHEST: Final = timedelta(days=7)
# Every mail of an inbox is held against every wait that is armed there.
MOST_ARMED: Final = 5000


class Seen(NamedTuple):
    """A wait as it is now, and how many seconds it has left while it is armed."""

    wait: Wait
    remaining: float


async def arm(tx: Tx, scope: Scope, inbox_id: UUID, wanted: ArmWait, moment: datetime) -> Wait:
    """Everything that is published from now on may match it. NotFound for an inbox that is not there."""
    await inboxes.find(tx, scope, inbox_id)
    if await store.count_armed(tx, scope, inbox_id, MOST_ARMED) == MOST_ARMED:
        raise Conflict(f"This inbox has {MOST_ARMED:,} armed waits.", fix="Cancel those that nobody needs any more.")
    row = await store.insert(
        tx,
        scope,
        ids.new_id(),
        inbox_id,
        sender=wanted.sender,
        subject=wanted.subject,
        text=wanted.text,
        label=wanted.label,
        has_code=wanted.has_code is True,
        exclusive=wanted.exclusive,
        deadline=_deadline(wanted.deadline, moment),
    )
    return wait_of(row, None)


async def see(tx: Tx, scope: Scope, wait_id: UUID) -> Seen:
    """Raises NotFound. A wait that has come to its deadline ends here, whoever looks first."""
    row = await _row_of(tx, scope, wait_id)
    if row["status"] == "armed" and row["remaining"] <= 0:
        await store.expire(tx, scope, wait_id)
        row = await _row_of(tx, scope, wait_id)
    return Seen(wait_of(row, await _message(tx, scope, row["message_id"])), row["remaining"])


async def cancel(tx: Tx, scope: Scope, wait_id: UUID) -> None:
    """Raises NotFound. One that has ended stays as it ended."""
    await _row_of(tx, scope, wait_id)
    await store.cancel(tx, scope, wait_id)


async def _row_of(tx: Tx, scope: Scope, wait_id: UUID) -> Any:
    row = await store.find(tx, scope, wait_id)
    if row is None:
        raise NotFound
    return row


async def _message(tx: Tx, scope: Scope, message_id: UUID | None) -> messages.Message | None:
    if message_id is None:
        return None
    try:
        return await messages.get(tx, scope, message_id)
    except NotFound:
        return None


def _deadline(wanted: datetime | None, moment: datetime) -> datetime | None:
    if wanted is None:
        return None
    if wanted <= moment:
        raise invalid_field("deadline", "lies in the past")
    if wanted > moment + _FURTHEST:
        raise invalid_field("deadline", "lies more than 7 days ahead")
    return wanted
