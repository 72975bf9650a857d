"""Counting without a hot row: each process adds up and flushes. A crash loses at most a second of counts, never
mail."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from agentpost_server.db import Database
from agentpost_server.usage import store

COUNTERS: Final = ("messages_sent", "messages_received", "storage_bytes", "api_calls", "webhook_deliveries")


class Usage:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: Counter[tuple[UUID, date, str]] = Counter()

    def count(self, organization_id: UUID, counter: str, amount: int = 1) -> None:
        self._waiting[organization_id, datetime.now(UTC).date(), counter] += amount

    async def flush(self) -> None:
        waiting, self._waiting = self._waiting, Counter()
        if not waiting:
            return
        keys = sorted(waiting)  # one order for every process: no deadlock between two flushes
        try:
            async with self._database.work({organization_id for organization_id, _, _ in keys}) as tx:
                await store.add(tx, [(*key, waiting[key]) for key in keys])
        except BaseException:
            self._waiting.update(waiting)
            raise
