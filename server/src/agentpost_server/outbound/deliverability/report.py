"""Deliverability as the API shows it: the numbers of a window, by hour or day, with the score of their sum."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.outbound.deliverability.model import Deliverability, Moment
from agentpost_server.outbound.deliverability.score import Counts, Threshold, band, score
from agentpost_server.outbound.store import deliverability as store

Interval = Literal["hour", "day"]
_STEP: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose numbers, and of which window. `inbox_ids` None: of everything, deleted inboxes included."""

    organization_id: UUID
    environment_ids: tuple[UUID, ...]
    inbox_ids: tuple[UUID, ...] | None
    domain: str | None
    window_days: int
    interval: Interval


async def report(tx: Tx, asked: Asked, limits: tuple[Threshold, Threshold], now: datetime) -> Deliverability:
    since = _floor(now, "hour") - timedelta(days=asked.window_days)
    place = asked.organization_id, asked.environment_ids
    if asked.inbox_ids is None:
        rows = await store.domain_series(tx, *place, asked.domain, asked.interval, since)
    else:
        rows = await store.inbox_series(tx, *place, asked.inbox_ids, asked.domain, asked.interval, since)
    counts = Counts(
        sent=sum(row["sent"] for row in rows),
        bounced=sum(row["hard_bounced"] for row in rows),
        complained=sum(row["complained"] for row in rows),
    )
    return Deliverability(
        score=score(counts),
        band=band(counts, limits),
        sent=counts.sent,
        bounce_rate=counts.bounce_rate,
        complaint_rate=counts.complaint_rate,
        window_days=asked.window_days,
        series=_series(rows, asked.interval, since, now),
    )


def _series(rows: Sequence[Any], interval: Interval, since: datetime, now: datetime) -> list[Moment]:
    found = {row["at"]: row for row in rows}
    return [
        Moment(
            at=rfc3339(at),
            **{
                name: found[at][name] if at in found else 0
                for name in ("sent", "delivered", "bounced", "hard_bounced", "complained")
            },
        )
        for at in _moments(interval, since, now)
    ]


def _moments(interval: Interval, since: datetime, now: datetime) -> Iterator[datetime]:
    at = _floor(since, interval)
    while at <= now:
        yield at
        at += _STEP[interval]


def _floor(moment: datetime, interval: Interval) -> datetime:
    whole = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return whole.replace(hour=0) if interval == "day" else whole
