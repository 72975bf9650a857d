"""Moving recipients: the one place where a status changes after submit, with everything that a change entails.

Messages are locked, changes applied by the table in the order given, and what moved is written: recipients, message
status, message events, suppressions, and events for those who listen.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.db import Tx
from agentpost_server.events.append import append_all
from agentpost_server.mail.address import canonical
from agentpost_server.outbound.announce import announcements
from agentpost_server.outbound.change import Change, Key
from agentpost_server.outbound.deliverability.marks import marks
from agentpost_server.outbound.status import may_become, message_status
from agentpost_server.outbound.store import feedback, states, suppressions

_WENT_OUT: Final = frozenset(("sent", "delivered", "captured"))
_DOUBTFUL_BOUNCES: Final = 3
_DOUBTFUL_DAYS: Final = 7


class Held(msgspec.Struct):
    """A locked message: its row, its recipients' statuses in their order, and the transmission that each went by."""

    row: Any
    statuses: dict[str, str]
    calls: dict[str, UUID | None]

    def status(self) -> str:
        before = self.row["status"]
        return message_status(self.statuses.values(), before=before if before == "scheduled" else "queued")


async def hold(tx: Tx, keys: Sequence[Key]) -> dict[Key, Held]:
    """Lock the messages (each asked once) and read their recipients. What is gone is left out."""
    wanted = sorted(set(keys))
    held = {(row["organization_id"], row["id"]): Held(row, {}, {}) for row in await states.lock_messages(tx, wanted)}
    for row in await states.recipients_of(tx, wanted):
        if (one := held.get((row["organization_id"], row["message_id"]))) is not None:
            one.statuses[row["email"]] = row["status"]
            one.calls[row["email"]] = row["transmission_id"]
    return held


async def change(tx: Tx, changes: Sequence[Change]) -> list[Change]:
    """Apply what the table allows, in order; answers what moved. Idempotent: told again, nothing moves."""
    return await apply(tx, await hold(tx, [one.key for one in changes]), changes)


async def apply(tx: Tx, held: dict[Key, Held], changes: Sequence[Change]) -> list[Change]:
    """The same for messages that this transaction holds already."""
    steps: list[tuple[str, Change]] = []
    for one in changes:
        message = held.get(one.key)
        if message is not None and may_become(before := message.statuses.get(one.email, "cancelled"), one.status):
            message.statuses[one.email] = one.status
            steps.append((before, one))
    if steps:
        await _write(tx, held, steps)
    return [one for _, one in steps]


async def _write(tx: Tx, held: dict[Key, Held], steps: list[tuple[str, Change]]) -> None:
    moved = [one for _, one in steps]
    last = {(*one.key, one.email): one for one in moved}
    await states.write_recipients(
        tx, [(*key, one.status, one.detail, one.listed or one.suppresses) for key, one in last.items()]
    )
    by_message: defaultdict[Key, list[Change]] = defaultdict(list)
    for one in moved:
        by_message[one.key].append(one)
    await states.write_messages(
        tx,
        [
            (*key, held[key].row["status"], held[key].status(), any(one.status in _WENT_OUT for one in told))
            for key, told in by_message.items()
        ],
    )
    await states.insert_message_events(tx, _message_events(moved), marks(held, steps))
    await _suppress(tx, held, moved)
    news = [news for key, told in by_message.items() for news in announcements(held[key].row, held[key].status(), told)]
    if news:
        await append_all(tx, news)


def _message_events(moved: list[Change]) -> list[tuple[object, ...]]:
    """A history is listed by id: steps of one recipient within this millisecond get one later for each."""
    moment = time.time_ns() // 1_000_000
    steps: Counter[tuple[object, ...]] = Counter()
    rows: list[tuple[object, ...]] = []
    for one in moved:
        event_id = ids.id_at(moment + steps[one.key, one.email])
        steps[one.key, one.email] += 1
        # Suppressed by a provider's list: the word for that in a message's history is `rejected`.
        kind = "rejected" if one.status == "suppressed" else one.status
        how = (one.transport, one.attempt, one.bounce_type, one.smtp_code, one.enhanced_code, one.detail)
        rows.append((one.organization_id, event_id, one.message_id, kind, one.email, *how))
    return rows


async def _suppress(tx: Tx, held: dict[Key, Held], moved: list[Change]) -> None:
    """Whoever is surely dead, complained or is listed already; and whoever bounced without a clear reason too often."""
    listed = [_suppression(held[one.key], one, one.suppresses, one.detail) for one in moved if one.suppresses]
    doubtful = {
        (one.organization_id, held[one.key].row["environment_id"], canonical(one.email)): one
        for one in moved
        if one.status == "bounced" and one.bounce_type == "undetermined"
    }
    if doubtful:
        reached = await feedback.count_undetermined(tx, doubtful.keys(), _DOUBTFUL_DAYS, _DOUBTFUL_BOUNCES)
        detail = f"{_DOUBTFUL_BOUNCES} bounces without a clear reason within {_DOUBTFUL_DAYS} days."
        listed += [_suppression(held[doubtful[key].key], doubtful[key], "bounce", detail) for key in reached]
    if listed:
        await suppressions.suppress(tx, listed)


def _suppression(message: Held, one: Change, reason: str | None, detail: str | None) -> tuple[object, ...]:
    return (
        one.organization_id,
        message.row["environment_id"],
        canonical(one.email),
        ids.new_id(),
        reason,
        one.message_id,
        detail,
    )
