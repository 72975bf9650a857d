"""Usage of the calendar month (UTC), as the API shows it."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.usage import store


class Counted(msgspec.Struct, kw_only=True):
    """`limit` and `percentage` are null where nothing limits the counter."""

    current: int
    limit: int | None
    percentage: float | None


class UsageReport(msgspec.Struct, kw_only=True):
    period_start: str
    period_end: str
    messages_sent: Counted
    messages_received: Counted
    storage_bytes: Counted
    api_calls: Counted
    webhook_deliveries: Counted


async def report(tx: Tx, organization_id: UUID, today: date) -> UsageReport:
    """What was counted since the first of the month. Up to a second behind."""
    start = today.replace(day=1)
    end = (start + timedelta(days=32)).replace(day=1)
    counted = await store.totals(tx, organization_id, start)

    def of(counter: str) -> Counted:
        return Counted(current=counted.get(counter, 0), limit=None, percentage=None)

    return UsageReport(
        period_start=rfc3339(datetime(start.year, start.month, 1, tzinfo=UTC)),
        period_end=rfc3339(datetime(end.year, end.month, 1, tzinfo=UTC)),
        messages_sent=of("messages_sent"),
        messages_received=of("messages_received"),
        storage_bytes=of("storage_bytes"),
        api_calls=of("api_calls"),
        webhook_deliveries=of("webhook_deliveries"),
    )
