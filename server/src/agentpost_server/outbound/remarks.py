"""What feedback tells beside an end: that a mail is late, was opened, or is not wanted any more.

A delay is told once for each recipient, an open once for each message: providers tell both as often as they notice.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.events.append import NewEvent, append_all
from agentpost_server.mail.address import canonical
from agentpost_server.outbound.announce import names, progress
from agentpost_server.outbound.change import Key
from agentpost_server.outbound.states import Held
from agentpost_server.outbound.store import feedback as store
from agentpost_server.outbound.store import states, suppressions
from agentpost_server.outbound.told import Feedback


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. `email` is the recipient's as stored; None where nobody knows which of several."""

    key: Key
    kind: Literal["delayed", "opened", "unsubscribed"]
    email: str | None
    transport: str | None
    said: Feedback


async def write(tx: Tx, held: dict[Key, Held], remarks: Sequence[Remark]) -> None:
    """For messages that this transaction holds, after their recipients were moved."""
    if listed := [_suppression(held[one.key], one) for one in remarks if one.kind == "unsubscribed" and one.email]:
        await suppressions.suppress(tx, listed)
    steps = [one for one in remarks if _is_step(held[one.key], one)]
    if not steps:
        return
    told = await store.steps_told(tx, [one.key for one in steps])
    opened = {message_id for message_id, kind, _ in told if kind == "opened"}
    rows: list[tuple[object, ...]] = []
    news: list[tuple[Scope, NewEvent]] = []
    for one in steps:
        step = (one.key[1], "opened" if one.kind == "opened" else "deferred", one.email)
        if step in told:
            continue
        told.add(step)
        rows.append(_row(one, step[1]))
        if one.kind == "delayed" or one.key[1] not in opened:
            news.append(_news(held[one.key], one))
        if one.kind == "opened":
            opened.add(one.key[1])
    if rows:
        await states.insert_message_events(tx, rows)
    if news:
        await append_all(tx, news)


def _is_step(message: Held, one: Remark) -> bool:
    """A delay of what has ended already was overtaken by the end."""
    if one.kind == "delayed":
        return one.email is not None and message.statuses.get(one.email) == "sent"
    return one.kind == "opened"


def _row(one: Remark, kind: str) -> tuple[object, ...]:
    said = one.said
    how = (one.transport, None, None, said.smtp_code, said.enhanced_code, said.detail)
    return (one.key[0], ids.new_id(), one.key[1], kind, one.email, *how)


def _news(message: Held, one: Remark) -> tuple[Scope, NewEvent]:
    row: Any = message.row
    if one.kind == "opened":
        now = datetime.now(UTC)
        data = {**names(row), "first_at": rfc3339(min(one.said.at or now, now))}
        kind = "message.opened"
    else:
        whom = [one.email] if one.email else []
        data = progress(row, message.status(), whom, transport=one.transport, detail=one.said.detail)
        kind = "message.deferred"
    return Scope(row["organization_id"], row["environment_id"]), NewEvent(
        type=kind, inbox_id=row["inbox_id"], data=data
    )


def _suppression(message: Held, one: Remark) -> tuple[object, ...]:
    return (
        one.key[0],
        message.row["environment_id"],
        canonical(one.email or ""),
        ids.new_id(),
        "unsubscribe",
        one.key[1],
        one.said.detail,
    )
