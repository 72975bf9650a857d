"""Scheduled mail whose time has come is counted against the caps, in the transaction that begins its calls.

What is over a cap that holds waits for the next window; what is over one that rejects is never sent.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.mail.address import canonical
from agentpost_server.outbound.change import Change, Key
from agentpost_server.outbound.sorting import Ready, change, claim_of, message_of
from agentpost_server.outbound.states import Held
from agentpost_server.policies import Over, Release, charge
from agentpost_server.work import Claimed

_LOOK_AGAIN_SECONDS = 60


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """`ready` may go; `later` waits so many seconds; `rejected` never goes, which is what `changes` say."""

    ready: list[Ready]
    later: list[tuple[Claimed, float]]
    rejected: list[Key]
    changes: list[Change]


async def release(tx: Tx, ready: Sequence[Ready], held: Mapping[Key, Held], moment: datetime) -> Released:
    """Asked behind the messages' locks. Mail that was not scheduled was counted when it was submitted."""
    scheduled = {key: held[key] for one in ready if held[key := message_of(one.row)].row["status"] == "scheduled"}
    if not scheduled:
        return Released(ready=list(ready), later=[], rejected=[], changes=[])
    told = await charge(tx, [release_of(one, moment) for one in scheduled.values()])
    overs = {key: over for key, over in zip(scheduled, told, strict=True) if over is not None}
    found = Released(ready=[], later=[], rejected=[], changes=[])
    for one in ready:
        over = overs.get(message_of(one.row))
        if over is None:
            found.ready.append(one)
        elif over.over == "hold":
            found.later.append((claim_of(one.row), float(over.retry_after or _LOOK_AGAIN_SECONDS)))
    for key, over in overs.items():
        if over.over == "reject":
            found.rejected.append(key)
            rows = [one.row for one in ready if message_of(one.row) == key]
            found.changes.extend(_rejected(rows[0], held[key], over))
    return found


def release_of(held: Held, moment: datetime) -> Release:
    """A stored message that is about to leave. Its files were weighed when it was submitted."""
    row = held.row
    return Release(
        scope=Scope(row["organization_id"], row["environment_id"]),
        inbox_id=row["inbox_id"],
        emails=tuple(canonical(email) for email, status in held.statuses.items() if status == "queued"),
        attachment_octets=0,
        moment=moment,
        message_id=row["id"],
    )


def _rejected(row: object, held: Held, over: Over) -> list[Change]:
    detail = over.refusal.detail
    return [
        msgspec.structs.replace(change(row, email, "rejected", detail), by_policy=True)
        for email, status in held.statuses.items()
        if status == "queued"
    ]
